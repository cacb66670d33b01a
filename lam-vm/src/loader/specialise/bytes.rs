//! A byte read where a match starts, as one instruction, and loops that pass bytes by.
//!
//! `bs_start_match` and what reads a byte behind it (`bs_get_position`, `bs_get_integer_8`, a test that whole bytes remain) are emitted
//! as always, but the first gets another number: `bs_start_byte` does the work of all where it can. At a function's entry it is looked
//! where each of the 256 bytes leads by tests of the byte alone: those that lead to a tail call of the function itself, with the same
//! arguments, make up the set of `bs_skip_bytes`. Where some lead there with one argument that has a byte more at its end, known from
//! the byte read (`<< <<(lower(B))>> || <<B>> <= Bytes >>`), `bs_map_bytes` gets a table of what each byte does.

use crate::isa::bytes::{MAP_DROPS, MAP_PER_WORD, MAP_STOPS, MapForm};
use crate::isa::emit::x_slot;
use crate::isa::generic::op;
use crate::isa::specific::number;
use crate::loader::ir::{Arg, Function, Reg};

use super::{Transformer, bits};

/// Tests of a byte that are followed.
const STEPS_MAX: usize = 64;

/// How a `bs_start_match` is emitted: number, slot c, the words behind its fail word.
pub(super) type Start = (u16, u16, Vec<u64>);

/// What reads a byte behind a `bs_start_match`; all are X registers.
struct FirstByte {
    source: u16,
    context: u16,
    /// Where the position before the byte goes.
    position: Option<u16>,
    byte: u16,
    /// A test stands beside it that as many bits remain, or whole bytes.
    is_tested: bool,
    /// Op index of what comes behind; `None` where that is within a `bs_match`.
    next: Option<usize>,
}

/// What a register holds behind the byte, of what was there at the function's entry or came since.
#[derive(Clone, Copy, PartialEq)]
enum Held {
    Argument(u16),
    Context,
    /// The byte, or what was computed from it.
    Number(i64),
    /// An argument with a byte more at its end.
    Appended(u16, u8),
    Other,
}

/// How a byte leads back to the function's entry.
#[derive(Clone, Copy)]
enum Back {
    Unchanged,
    Appended(u16, u8),
}

impl Transformer<'_> {
    pub(super) fn start_of_match(&self, source: Arg, context: Arg) -> Start {
        let Some(first) = self.first_byte(source, context) else { return (number::BsStartMatch, 0, Vec::new()) };
        let (number, words) = match self.ways_back(&first) {
            Some(ways) => self.loop_over_bytes(&first, &ways),
            None => (None, Vec::new()),
        };
        let number = number.unwrap_or(match (first.is_tested, first.position.is_some()) {
            (false, false) => number::BsStartByte,
            (true, false) => number::BsStartByteTested,
            (false, true) => number::BsStartByteAt,
            (true, true) => number::BsStartByteTestedAt,
        });
        (number, x_slot(first.byte), words)
    }

    /// The instruction that takes bytes at the function's entry as these say, and its table or set.
    fn loop_over_bytes(&self, first: &FirstByte, ways: &[Option<Back>; 256]) -> (Option<u16>, Vec<u64>) {
        let appended = ways.iter().find_map(|way| match way {
            Some(Back::Appended(argument, _)) => Some(*argument),
            _ => None,
        });
        if let Some(appended) = appended {
            let mut words = vec![0; 1 + ways.len() / MAP_PER_WORD];
            let read = if first.is_tested { 3 } else { 1 };
            words[0] = MapForm { slot: x_slot(appended), read, gets_position: first.position.is_some() }.to_word();
            for (byte, way) in ways.iter().enumerate() {
                let does = match way {
                    Some(Back::Appended(argument, byte)) if *argument == appended => u16::from(*byte),
                    Some(Back::Unchanged) => MAP_DROPS,
                    _ => MAP_STOPS,
                };
                words[1 + byte / MAP_PER_WORD] |= u64::from(does) << (16 * (byte % MAP_PER_WORD));
            }
            return (Some(number::BsMapBytes), words);
        }
        let mut set = vec![0; 4];
        for (byte, way) in ways.iter().enumerate() {
            set[byte / 64] |= u64::from(matches!(way, Some(Back::Unchanged))) << (byte % 64);
        }
        if set.iter().all(|word| *word == 0) {
            return (None, Vec::new());
        }
        let number = match (first.is_tested, first.position.is_some()) {
            (false, false) => number::BsSkipBytes,
            (true, false) => number::BsSkipBytesTested,
            (false, true) => number::BsSkipBytesAt,
            (true, true) => number::BsSkipBytesTestedAt,
        };
        (Some(number), set)
    }

    /// Whether `start_of_match` gives more than a plain `bs_start_match`.
    pub(super) fn reads_byte(&self, source: Arg, context: Arg) -> bool {
        self.first_byte(source, context).is_some()
    }

    /// All is in X registers, everything is proved, and jumps are short: then the words that follow are as many as the machine assumes.
    fn first_byte(&self, source: Arg, context: Arg) -> Option<FirstByte> {
        let (Some(Reg::X(source)), Some(Reg::X(context))) = (source.reg(), context.reg()) else { return None };
        let code = &self.file.code;
        let op_at = |index: usize| {
            let op = code.ops.get(index).filter(|_| self.proofs.is_proved(index) && self.proofs.is_reached(index))?;
            Some((op.opcode, code.args(*op)))
        };
        op_at(self.index).filter(|_| !self.out.far)?;
        let is_context = |arg: Arg| arg.reg() == Some(Reg::X(context));
        let mut read = self.index + 1;
        let mut position = None;
        if let (op::BS_GET_POSITION, args) = op_at(read)?
            && let (true, Some(Reg::X(to))) = (is_context(args[0]), args[1].reg())
        {
            position = Some(to);
            read += 1;
        }
        let (opcode, args) = op_at(read)?;
        let (byte, is_tested, next) = match opcode {
            op::BS_GET_INTEGER2 if is_context(args[1]) => {
                let byte = bits::byte_field(args[3], args[4], bits::flags(args[5]).ok()?, args[6])?;
                let is_test = |(opcode, args): (u8, &[Arg])| {
                    opcode == op::BS_TEST_UNIT && is_context(args[1]) && bits::unsigned(args[2]).ok() == Some(8)
                };
                let is_tested = op_at(read + 1).is_some_and(is_test);
                (byte, is_tested, Some(read + 1 + usize::from(is_tested)))
            }
            op::BS_MATCH if is_context(args[1]) => {
                let [ensure, least, of_unit, integer, _, flags, size, unit, dst, rest @ ..] = code.list_of(args[2]) else {
                    return None;
                };
                let names = [*ensure, *integer].map(|name| self.atom_text(name));
                let ensured = [*least, *of_unit].map(|number| bits::unsigned(number).ok());
                if names != [Some("ensure_at_least"), Some("integer")] || !matches!(ensured, [Some(8), Some(1 | 8)]) {
                    return None;
                }
                let byte = bits::byte_field(*size, *unit, self.list_flags(*flags).ok()?, *dst)?;
                (byte, true, rest.is_empty().then_some(read + 1))
            }
            _ => return None,
        };
        let differ = byte != context && position != Some(context) && position != Some(byte);
        differ.then_some(FirstByte { source, context, position, byte, is_tested, next })
    }

    /// For each byte whether, and how, it leads back to the entry of the function that begins here.
    fn ways_back(&self, first: &FirstByte) -> Option<[Option<Back>; 256]> {
        let next = first.next?;
        let code = &self.file.code;
        let function = &code.functions[code.function_at(self.index as u32)?];
        let entry = self.out.code.labels[function.entry_label as usize];
        if entry != self.out.offset() || first.source >= u16::from(function.arity) {
            return None;
        }
        Some(core::array::from_fn(|byte| self.leads_back(function, first, next, byte as i64)))
    }

    /// Whether the ops at `at`, with this byte, lead by tests and arithmetic alone to the function's entry, its arguments as they were but
    /// for one that may have a byte more, the context in the place of its source. Whole bytes remain.
    fn leads_back(&self, function: &Function, first: &FirstByte, mut at: usize, byte: i64) -> Option<Back> {
        let code = &self.file.code;
        // What was written, the latest last.
        let mut written = vec![(first.context, Held::Context)];
        written.extend(first.position.map(|position| (position, Held::Other)));
        written.push((first.byte, Held::Number(byte)));
        for _ in 0..STEPS_MAX {
            let op = *code.ops.get(at)?;
            let args = code.args(op);
            let held = |x: u16| written.iter().rfind(|(to, _)| *to == x).map_or(Held::Argument(x), |(_, held)| *held);
            let held_by = |arg: Arg| match arg.reg() {
                Some(Reg::X(x)) => held(x),
                _ => Held::Other,
            };
            let value = |arg: Arg| match arg {
                Arg::Int(constant) => Some(constant),
                _ => match held_by(arg) {
                    Held::Number(number) => Some(number),
                    _ => None,
                },
            };
            let pair = || Some((value(args[1])?, value(args[2])?));
            let holds = match op.opcode {
                op::LABEL | op::LINE | op::EXECUTABLE_LINE | op::DEBUG_LINE => true,
                op::MOVE => {
                    let Some(Reg::X(to)) = args[1].reg() else { return None };
                    let moved = held_by(args[0]);
                    written.push((to, moved));
                    true
                }
                op::GC_BIF2 => {
                    let Some(Reg::X(to)) = args[5].reg() else { return None };
                    let number = self.folded(args[2], value(args[3])?, value(args[4])?)?;
                    written.push((to, Held::Number(number)));
                    true
                }
                op::BS_CREATE_BIN => {
                    let Some(Reg::X(to)) = args[4].reg() else { return None };
                    let (source, appended) = self.appended_byte(args[5], &value)?;
                    let Held::Argument(argument) = held_by(source) else { return None };
                    written.push((to, Held::Appended(argument, appended)));
                    true
                }
                op::BS_TEST_UNIT if held_by(args[1]) == Held::Context && bits::unsigned(args[2]).ok() == Some(8) => true,
                op::BS_MATCH if held_by(args[1]) == Held::Context && self.is_test_of_bytes(args[2]) => true,
                op::IS_INTEGER | op::IS_NUMBER => value(args[1]).map(|_| true)?,
                op::IS_LT => pair().map(|(a, b)| a < b)?,
                op::IS_GE => pair().map(|(a, b)| a >= b)?,
                op::IS_EQ | op::IS_EQ_EXACT => pair().map(|(a, b)| a == b)?,
                op::IS_NE | op::IS_NE_EXACT => pair().map(|(a, b)| a != b)?,
                op::CALL_ONLY => {
                    if args[1].label() != Some(function.entry_label) {
                        return None;
                    }
                    let mut back = Back::Unchanged;
                    for x in 0..u16::from(function.arity) {
                        match (held(x), back) {
                            (Held::Context, _) if x == first.source => {}
                            (Held::Argument(argument), _) if x == argument && x != first.source => {}
                            (Held::Appended(argument, byte), Back::Unchanged) if x == argument && x != first.source => {
                                back = Back::Appended(argument, byte);
                            }
                            _ => return None,
                        }
                    }
                    return Some(back);
                }
                op::JUMP => {
                    at = code.label_op(args[0].label()?)? as usize;
                    continue;
                }
                op::SELECT_VAL => {
                    let value = value(args[0])?;
                    let mut pairs = code.list_of(args[2]).chunks_exact(2);
                    let chosen = pairs.find(|pair| pair[0] == Arg::Int(value)).map_or(args[1], |pair| pair[1]);
                    at = code.label_op(chosen.label()?)? as usize;
                    continue;
                }
                _ => return None,
            };
            at = if holds { at + 1 } else { code.label_op(args[0].label()?)? as usize };
        }
        None
    }

    /// What arithmetic makes of two numbers, where that is a small integer.
    fn folded(&self, import: Arg, left: i64, right: i64) -> Option<i64> {
        let ("erlang", function, _, _) = self.import(import) else { return None };
        let number = match function {
            "+" => left.checked_add(right)?,
            "-" => left.checked_sub(right)?,
            "*" => left.checked_mul(right)?,
            "div" => left.checked_div(right)?,
            "rem" => left.checked_rem(right)?,
            "band" => left & right,
            "bor" => left | right,
            "bxor" => left ^ right,
            "bsl" if (0..32).contains(&right) => left.checked_mul(1 << right)?,
            "bsr" if (0..64).contains(&right) => left >> right,
            _ => return None,
        };
        (number.unsigned_abs() < 1 << 59).then_some(number)
    }

    /// The source of segments that append one byte to it, and that byte.
    fn appended_byte(&self, segments: Arg, value: &dyn Fn(Arg) -> Option<i64>) -> Option<(Arg, u8)> {
        let [append, _, append_unit, _, source, all, kind, _, unit, _, byte, size] = *self.file.code.list_of(segments) else {
            return None;
        };
        let is_append = matches!(self.atom_text(append), Some("append" | "private_append")) && self.atom_text(all) == Some("all");
        if !is_append || !matches!(bits::unsigned(append_unit), Ok(1 | 8)) {
            return None;
        }
        let byte = match self.atom_text(kind)? {
            "integer" if bits::unsigned(size).ok()?.checked_mul(bits::unsigned(unit).ok()?)? == 8 => value(byte)? as u8,
            "string" if bits::unsigned(size).ok()? == 1 => {
                *self.file.tables.strings.get(usize::try_from(bits::unsigned(byte).ok()?).ok()?)?
            }
            _ => return None,
        };
        Some((source, byte))
    }

    /// A `bs_match` that asks for whole bytes and no more.
    fn is_test_of_bytes(&self, commands: Arg) -> bool {
        let [name, least, unit] = self.file.code.list_of(commands) else { return false };
        let numbers = [*least, *unit].map(|number| bits::unsigned(number).ok());
        self.atom_text(*name) == Some("ensure_at_least") && numbers == [Some(0), Some(8)]
    }
}
