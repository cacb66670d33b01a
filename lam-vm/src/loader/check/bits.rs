//! Bit syntax: match contexts, and binaries under construction.

use crate::isa::generic::op;
use crate::loader::check::flow::Flow;
use crate::loader::check::state::State;
use crate::loader::check::transfer::{need_of, number};
use crate::loader::check::types::{Type, kinds};
use crate::loader::ir::Arg;

/// Integers of so many bits are small, whatever their sign.
const SMALL_BITS: u64 = 60;
/// Operands of one segment of `bs_create_bin`: type, number, unit, flags, value, size.
const SEGMENT_OPERANDS: usize = 6;

impl Flow<'_> {
    pub(super) fn bits(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> bool {
        match opcode {
            op::BS_START_MATCH3 => self.start_match(state, op_index, args[0], args[1], args[2], args[3]),
            op::BS_START_MATCH4 => self.start_match(state, op_index, args[0], args[2], args[1], args[3]),
            op::BS_GET_INTEGER2 | op::BS_GET_FLOAT2 | op::BS_GET_BINARY2 => {
                let ty = match opcode {
                    op::BS_GET_INTEGER2 => integer_of(args[3], args[4]),
                    op::BS_GET_FLOAT2 => Type::of(kinds::FLOAT),
                    _ => Type::of(kinds::BITSTRING),
                };
                self.get_bits(state, op_index, args[0], args[1], args[2], Some((args[6], ty)))
            }
            op::BS_GET_UTF8 | op::BS_GET_UTF16 | op::BS_GET_UTF32 => {
                self.get_bits(state, op_index, args[0], args[1], args[2], Some((args[4], Type::of(kinds::SMALL))))
            }
            op::BS_SKIP_UTF8 | op::BS_SKIP_UTF16 | op::BS_SKIP_UTF32 => {
                self.get_bits(state, op_index, args[0], args[1], args[2], None)
            }
            op::BS_SKIP_BITS2 | op::BS_TEST_TAIL2 | op::BS_TEST_UNIT | op::BS_MATCH_STRING => {
                if !self.context(state, op_index, args[1]) {
                    return false;
                }
                if opcode == op::BS_MATCH_STRING {
                    self.expect_string(op_index, number(args[3]), (number(args[2]) as u64).div_ceil(8));
                }
                self.expect_label(op_index, args[0]);
                self.branch_plain(state, args[0]);
                true
            }
            op::BS_GET_TAIL | op::BS_GET_POSITION => {
                if !self.context(state, op_index, args[0]) {
                    return false;
                }
                self.collect(state, op_index, number(args[2]));
                let ty = Type::of(if opcode == op::BS_GET_TAIL { kinds::BITSTRING } else { kinds::INTEGER });
                self.write_type(state, op_index, args[1], ty);
                true
            }
            op::BS_SET_POSITION => {
                // The position is always tested.
                self.raise(state);
                self.context(state, op_index, args[0])
            }
            op::BS_MATCH => self.bs_match(state, op_index, args),
            _ => self.construct(state, op_index, opcode, args),
        }
    }

    /// The operand must be a match context; the twin raises when it is none. False when it cannot be one.
    fn context(&mut self, state: &mut State, op_index: u32, ctx: Arg) -> bool {
        let ty = self.type_of(state, ctx);
        if ty.is_within(kinds::CONTEXT) {
            return true;
        }
        self.prove(op_index, false);
        self.raise(state);
        let value = self.value(state, op_index, ctx);
        self.learn(state, value, ty.restrict(kinds::CONTEXT))
    }

    fn start_match(&mut self, state: &mut State, op_index: u32, fail: Arg, source: Arg, live: Arg, dst: Arg) -> bool {
        let ty = self.type_of(state, source);
        let value = self.value(state, op_index, source);
        match fail {
            Arg::Label(_) => self.branch_if(state, fail, |flow, state| flow.learn(state, value, ty.without(kinds::BITS))),
            Arg::Atom(atom) if matches!(self.file.atom(atom), "no_fail" | "resume") => {
                let trusted = if self.file.atom(atom) == "resume" { kinds::CONTEXT } else { kinds::BITS };
                self.prove(op_index, ty.is_within(trusted));
                if !ty.is_within(trusted) {
                    self.raise(state);
                }
            }
            _ => self.fail(op_index, "its fail operand is neither a label, `no_fail` nor `resume`"),
        }
        self.collect(state, op_index, number(live));
        if !self.learn(state, value, ty.restrict(kinds::BITS)) {
            return false;
        }
        self.write_type(state, op_index, dst, Type::of(kinds::CONTEXT));
        true
    }

    fn get_bits(&mut self, state: &mut State, op_index: u32, fail: Arg, ctx: Arg, live: Arg, dst: Option<(Arg, Type)>) -> bool {
        if !self.context(state, op_index, ctx) {
            return false;
        }
        self.expect_label(op_index, fail);
        self.branch_plain(state, fail);
        self.collect(state, op_index, number(live));
        if let Some((dst, ty)) = dst {
            self.write_type(state, op_index, dst, ty);
        }
        true
    }

    /// Commands and their operands: `ensure_at_least` bits unit, `ensure_exactly` bits, `skip` bits, `=:=` live bits value,
    /// `integer` and `binary` live flags size unit dst, `get_tail` live unit dst.
    fn bs_match(&mut self, state: &mut State, op_index: u32, args: &[Arg]) -> bool {
        if !self.context(state, op_index, args[1]) {
            return false;
        }
        self.expect_label(op_index, args[0]);
        self.branch_plain(state, args[0]);
        let commands = self.file.code.list_of(args[2]);
        let mut at = 0;
        let mut ensured: u64 = 0;
        let mut has_written = false;
        while at < commands.len() {
            let Arg::Atom(name) = commands[at] else {
                self.fail(op_index, "a command without name");
                return false;
            };
            let operands = &commands[at + 1..];
            let name = self.file.atom(name);
            let bits_taken = match (name, operands) {
                ("skip", [bits, ..]) | ("=:=", [_, bits, ..]) => Some(unsigned(*bits)),
                ("integer" | "binary", [_, _, size, unit, ..]) => {
                    Some(unsigned(*size).zip(unsigned(*unit)).and_then(|(size, unit)| size.checked_mul(unit)))
                }
                _ => None,
            };
            let is_ensured = bits_taken.is_none_or(|bits| self.take_bits(op_index, &mut ensured, bits));
            // It jumps where those before it have written already.
            if has_written && (!is_ensured || matches!(name, "ensure_at_least" | "ensure_exactly" | "=:=")) {
                self.branch_plain(state, args[0]);
            }
            let count = match (name, operands) {
                ("ensure_at_least", [bits, unit, ..]) if unsigned(*unit).is_some_and(|unit| unit > 0) => {
                    ensured = unsigned(*bits).unwrap_or(0);
                    2
                }
                ("ensure_exactly", [bits, ..]) => {
                    ensured = unsigned(*bits).unwrap_or(0);
                    1
                }
                ("skip", [_, ..]) => 1,
                ("=:=", [_, bits, Arg::Int(_) | Arg::Unsigned(_) | Arg::Big(_), ..])
                    if unsigned(*bits).is_some_and(|bits| bits <= 64) =>
                {
                    3
                }
                (kind @ ("integer" | "binary"), [live, _, size, unit, dst, ..]) if dst.reg().is_some() => {
                    let bits = unsigned(*size).zip(unsigned(*unit)).and_then(|(size, unit)| size.checked_mul(unit));
                    self.collect(state, op_index, unsigned(*live).unwrap_or(u64::MAX).min(2000) as usize);
                    let ty = if kind == "integer" { integer_of_bits(bits) } else { Type::of(kinds::BITSTRING) };
                    self.write_type(state, op_index, *dst, ty);
                    has_written = true;
                    5
                }
                ("get_tail", [live, _, dst, ..]) if dst.reg().is_some() => {
                    self.collect(state, op_index, unsigned(*live).unwrap_or(u64::MAX).min(2000) as usize);
                    self.write_type(state, op_index, *dst, Type::of(kinds::BITSTRING));
                    has_written = true;
                    3
                }
                (name, _) => {
                    self.fail(op_index, format!("the command `{name}` is unknown or has other operands"));
                    return false;
                }
            };
            at += 1 + count;
        }
        true
    }

    /// Whether the bits were ensured before.
    fn take_bits(&mut self, op_index: u32, ensured: &mut u64, bits: Option<u64>) -> bool {
        let left = bits.and_then(|bits| ensured.checked_sub(bits));
        self.prove(op_index, left.is_some());
        *ensured = left.unwrap_or(0);
        left.is_some()
    }

    fn construct(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> bool {
        match opcode {
            op::BS_INIT2 | op::BS_INIT_BITS => {
                if unsigned(args[1]).is_none() && !is_source(args[1]) {
                    self.fail(op_index, "its size is neither a number nor a term");
                }
                self.branch_plain(state, args[0]);
                self.collect(state, op_index, number(args[3]));
                state.need = need_of(args[2]);
                self.write_type(state, op_index, args[5], Type::of(kinds::BITSTRING));
                state.is_building = true;
            }
            op::BS_APPEND => {
                self.branch_plain(state, args[0]);
                self.collect(state, op_index, number(args[3]));
                state.need = need_of(args[2]);
                self.write_type(state, op_index, args[7], Type::of(kinds::BITSTRING));
                state.is_building = true;
            }
            op::BS_PRIVATE_APPEND => {
                self.branch_plain(state, args[0]);
                self.safe_point(state);
                self.write_type(state, op_index, args[5], Type::of(kinds::BITSTRING));
                state.is_building = true;
            }
            op::BS_PUT_INTEGER | op::BS_PUT_BINARY | op::BS_PUT_FLOAT | op::BS_PUT_UTF8 | op::BS_PUT_UTF16 | op::BS_PUT_UTF32 => {
                self.prove(op_index, state.is_building);
                self.branch_plain(state, args[0]);
                self.clear_frame(state);
            }
            op::BS_PUT_STRING => {
                self.prove(op_index, state.is_building);
                self.raise(state);
                self.clear_frame(state);
                self.expect_string(op_index, number(args[1]), number(args[0]) as u64);
            }
            op::BS_ADD | op::BS_UTF8_SIZE | op::BS_UTF16_SIZE => {
                self.branch_plain(state, args[0]);
                self.clear_frame(state);
                let ty = Type::of(if opcode == op::BS_ADD { kinds::INTEGER } else { kinds::SMALL });
                self.write_type(state, op_index, args[args.len() - 1], ty);
            }
            op::BS_INIT_WRITABLE => {
                self.expect_live(op_index, state, 1);
                self.raise(state);
                self.safe_point(state);
                state.x.clear();
                self.write_type(state, op_index, Arg::X(0), Type::of(kinds::BITSTRING));
            }
            op::BS_CREATE_BIN => self.create_bin(state, op_index, args),
            _ => self.fail(op_index, "the loader knows no rule for it"),
        }
        true
    }

    fn create_bin(&mut self, state: &mut State, op_index: u32, args: &[Arg]) {
        for segment in self.file.code.list_of(args[5]).chunks(SEGMENT_OPERANDS) {
            let [Arg::Atom(kind), _, unit, flags, value, size] = *segment else {
                return self.fail(op_index, "a segment has not six operands");
            };
            if unsigned(unit).is_none() || !matches!(flags, Arg::Nil | Arg::Literal(_)) || !is_source(size) {
                return self.fail(op_index, "a segment's unit, flags or size is of the wrong kind");
            }
            match (self.file.atom(kind), value, size) {
                ("string", Arg::Unsigned(offset), Arg::Int(bytes @ 0..)) => {
                    self.expect_string(op_index, usize::try_from(offset).unwrap_or(usize::MAX), bytes as u64);
                }
                ("append" | "binary" | "float" | "integer" | "private_append" | "utf8" | "utf16" | "utf32", value, size)
                    if is_source(value) =>
                {
                    self.list_types(state, op_index, &[value, size]);
                }
                (kind, ..) => return self.fail(op_index, format!("a segment of the kind `{kind}` with other operands")),
            }
        }
        self.branch_plain(state, args[0]);
        self.collect(state, op_index, number(args[2]));
        state.need = need_of(args[1]);
        self.write_type(state, op_index, args[4], Type::of(kinds::BITSTRING));
    }

    /// The bytes must lie in the string table.
    fn expect_string(&mut self, op_index: u32, offset: usize, bytes: u64) {
        let end = (offset as u64).checked_add(bytes);
        if end.is_none_or(|end| end > self.file.tables.strings.len() as u64) {
            self.fail(op_index, "it points outside of the string table");
        }
    }
}

fn unsigned(arg: Arg) -> Option<u64> {
    match arg {
        Arg::Unsigned(number) => Some(number),
        Arg::Int(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

fn is_source(arg: Arg) -> bool {
    matches!(
        arg,
        Arg::X(_) | Arg::Y(_) | Arg::Int(_) | Arg::Big(_) | Arg::Atom(_) | Arg::Nil | Arg::Literal(_) | Arg::Typed { .. }
    )
}

fn integer_of(size: Arg, unit: Arg) -> Type {
    integer_of_bits(unsigned(size).zip(unsigned(unit)).and_then(|(size, unit)| size.checked_mul(unit)))
}

fn integer_of_bits(bits: Option<u64>) -> Type {
    Type::of(match bits {
        Some(0..=SMALL_BITS) => kinds::SMALL,
        _ => kinds::INTEGER,
    })
}
