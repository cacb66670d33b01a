//! The `Code` chunk: bytes to instructions.
//!
//! Each operand must be of the kind that its row in `isa/generic.rs` names, each index must lie in its table, each label that is used must
//! be defined. What the operands mean together is the business of `check/`.

use crate::isa::generic::{self, GenericOp, Kind, op};
use crate::loader::beam_file::Tables;
use crate::loader::error::LoadError;
use crate::loader::ir::{Arg, Big, Code, Function, NO_LABEL, Op, Reg, Span};
use crate::loader::reader::{Compact, Reader, tag};
use crate::loader::tables::MAX_ARITY;

/// X, Y and float registers are numbered 0 to 1023.
pub const MAX_REGISTER: u64 = 1023;
/// The words one instruction may ask for: four times those of the largest tuple.
const MAX_HEAP_NEED: u64 = 1 << 26;
/// A float or a fun takes no more.
const MAX_WORDS_EACH: u64 = 4;
/// The instruction set this loader reads: the field OTP calls the format number.
const FORMAT: u32 = 0;
/// Labels beyond the bytes of code can only be holes; so many of them are borne.
const SPARE_LABELS: usize = 1 << 20;

/// The kinds of extended operands, after tag `Z`.
mod extended {
    pub const LIST: i64 = 1;
    pub const FLOAT_REGISTER: i64 = 2;
    pub const ALLOC: i64 = 3;
    pub const LITERAL: i64 = 4;
    pub const TYPED_REGISTER: i64 = 5;
}

pub fn decode(chunk: &[u8], tables: &Tables) -> Result<Code, LoadError> {
    let place = "the code";
    let mut header = Reader::new(chunk, place);
    let header_bytes = header.u32()? as usize;
    if header_bytes < 16 {
        return Err(header.corrupt("its header is too short"));
    }
    let (format, highest, label_count, function_count) =
        (header.u32()?, header.u32()?, header.u32()? as usize, header.u32()? as usize);
    if format != FORMAT {
        return Err(header.corrupt(format!("its instruction set has the number {format}, not {FORMAT}")));
    }
    if highest > u32::from(generic::MAX_OPCODE) {
        return Err(LoadError::TooNew { highest_opcode: highest });
    }
    header.take(header_bytes - 16)?;
    let start = header.offset();
    let bytes = header.take(header.remaining())?;
    if label_count > bytes.len() + SPARE_LABELS || function_count > bytes.len() {
        return Err(header.corrupt("it announces more labels or functions than it can hold"));
    }
    let mut decoder = Decoder {
        reader: Reader::new(bytes, place),
        tables,
        code: Code {
            ops: Vec::with_capacity(bytes.len() / 5),
            args: Vec::with_capacity(bytes.len() / 3),
            labels: vec![NO_LABEL; label_count.max(1)],
            functions: Vec::with_capacity(function_count),
            ..Code::default()
        },
        start,
    };
    decoder.ops()?;
    decoder.labels_are_defined()?;
    decoder.functions(function_count)?;
    Ok(decoder.code)
}

struct Decoder<'a> {
    reader: Reader<'a>,
    tables: &'a Tables,
    code: Code,
    /// Where the instructions begin in the chunk, for messages.
    start: usize,
}

impl Decoder<'_> {
    fn ops(&mut self) -> Result<(), LoadError> {
        loop {
            let offset = self.reader.offset() + self.start;
            if self.reader.is_empty() {
                // The compiler always writes `int_code_end`.
                return Err(LoadError::Truncated { place: "the code" });
            }
            let opcode = self.reader.u8()?;
            let row = generic::generic_op(opcode).ok_or(LoadError::UnknownOpcode { opcode, offset })?;
            if let Some(last) = row.removed_after {
                return Err(LoadError::RemovedOpcode { name: row.name, opcode, last });
            }
            let first_arg = self.code.args.len() as u32;
            for operand in row.operands {
                let arg = self.arg(true)?;
                self.check_kind(row, operand.name, operand.kind, arg)?;
                self.code.args.push(arg);
            }
            self.code.ops.push(Op { opcode, args: Span { start: first_arg, count: row.operands.len() as u32 } });
            match opcode {
                op::LABEL => self.define_label(row)?,
                op::INT_CODE_END => return Ok(()),
                _ => {}
            }
        }
    }

    fn define_label(&mut self, row: &GenericOp) -> Result<(), LoadError> {
        let op_index = self.code.ops.len() - 1;
        let number = self.code.args_at(op_index)[0].unsigned().unwrap_or(0) as usize;
        match self.code.labels.get_mut(number) {
            Some(label) if number != 0 && *label == NO_LABEL => {
                *label = op_index as u32;
                Ok(())
            }
            _ => Err(self.invalid(row, format!("label {number} is out of range or defined twice"))),
        }
    }

    fn invalid(&self, row: &GenericOp, what: impl Into<String>) -> LoadError {
        invalid(&self.code, self.tables, row.name, self.code.ops.len(), what.into())
    }

    fn arg(&mut self, lists_allowed: bool) -> Result<Arg, LoadError> {
        let (tag, number) = self.reader.compact()?;
        let number = match number {
            Compact::Small(number) => number,
            Compact::Big(bytes) if tag == tag::I => return Ok(self.big(bytes)),
            // A number of bits that no bitstring has; only `bs_test_tail2` and `bs_init*` take such.
            Compact::Big(bytes) if tag == tag::U && bytes[0] & 0x80 == 0 => return Ok(Arg::Unsigned(u64::MAX)),
            Compact::Big(_) => return Err(self.reader.corrupt("an operand that is too large")),
        };
        if tag == tag::I {
            return Ok(Arg::Int(number));
        }
        if tag == tag::Z {
            return self.extended(number, lists_allowed);
        }
        if number < 0 {
            return Err(self.reader.corrupt("an operand below 0"));
        }
        let number = number as u64;
        match tag {
            tag::U => Ok(Arg::Unsigned(number)),
            tag::A if number == 0 => Ok(Arg::Nil),
            tag::A if number <= self.tables.atoms.len() as u64 => Ok(Arg::Atom(number as u32 - 1)),
            tag::A => Err(self.reader.corrupt(format!("there is no atom {number}"))),
            tag::X => Ok(Arg::X(self.register(number)?)),
            tag::Y => Ok(Arg::Y(self.register(number)?)),
            tag::F if number < self.code.labels.len() as u64 => Ok(Arg::Label(number as u32)),
            tag::F => Err(self.reader.corrupt(format!("there is no label {number}"))),
            // A character: an integer by another tag, never emitted today.
            _ => Ok(Arg::Int(number as i64)),
        }
    }

    fn register(&self, number: u64) -> Result<u16, LoadError> {
        if number > MAX_REGISTER {
            return Err(self.reader.corrupt(format!("there is no register {number}")));
        }
        Ok(number as u16)
    }

    fn big(&mut self, bytes: &[u8]) -> Arg {
        let negative = bytes[0] & 0x80 != 0;
        let mut magnitude: Vec<u8> = bytes.iter().rev().copied().collect();
        if negative {
            let mut carry = true;
            for byte in &mut magnitude {
                (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
            }
            if carry {
                magnitude.push(1);
            }
        }
        while magnitude.last() == Some(&0) {
            magnitude.pop();
        }
        self.code.bigs.push(Big { negative, magnitude: magnitude.into() });
        Arg::Big(self.code.bigs.len() as u32 - 1)
    }

    fn extended(&mut self, kind: i64, lists_allowed: bool) -> Result<Arg, LoadError> {
        match kind {
            extended::LIST if lists_allowed => {
                let count = self.reader.compact_unsigned(tag::U)? as usize;
                self.reader.check_count(count, 1)?;
                let start = self.code.lists.len() as u32;
                for _ in 0..count {
                    let arg = self.arg(false)?;
                    self.code.lists.push(arg);
                }
                Ok(Arg::List(Span { start, count: count as u32 }))
            }
            extended::FLOAT_REGISTER => {
                let number = self.reader.compact_unsigned(tag::U)?;
                Ok(Arg::F(self.register(number)?))
            }
            extended::ALLOC => self.alloc(),
            extended::LITERAL => {
                let index = self.reader.compact_unsigned(tag::U)?;
                if index >= self.tables.literals.len() as u64 {
                    return Err(self.reader.corrupt(format!("there is no literal {index}")));
                }
                Ok(Arg::Literal(index as u32))
            }
            extended::TYPED_REGISTER => {
                let (tag, number) = self.reader.compact()?;
                let Compact::Small(number @ 0..) = number else {
                    return Err(self.reader.corrupt("a typed operand without register"));
                };
                let number = self.register(number as u64)?;
                let reg = match tag {
                    tag::X => Reg::X(number),
                    tag::Y => Reg::Y(number),
                    _ => return Err(self.reader.corrupt("a typed operand without register")),
                };
                let type_index = self.reader.compact_unsigned(tag::U)?;
                Ok(Arg::Typed { reg, type_index: u32::try_from(type_index).unwrap_or(u32::MAX) })
            }
            _ => Err(self.reader.corrupt(format!("an operand of the unknown kind {kind}"))),
        }
    }

    fn alloc(&mut self) -> Result<Arg, LoadError> {
        let (mut words, mut floats, mut funs) = (0u64, 0u64, 0u64);
        let count = self.reader.compact_unsigned(tag::U)?;
        self.reader.check_count(usize::try_from(count).unwrap_or(usize::MAX), 2)?;
        for _ in 0..count {
            let kind = self.reader.compact_unsigned(tag::U)?;
            let number = self.reader.compact_unsigned(tag::U)?;
            let slot = match kind {
                0 => &mut words,
                1 => &mut floats,
                2 => &mut funs,
                _ => return Err(self.reader.corrupt("an unknown kind of heap need")),
            };
            *slot = slot.saturating_add(number);
        }
        match (u32::try_from(words), u16::try_from(floats), u16::try_from(funs)) {
            (Ok(words), Ok(floats), Ok(funs)) => Ok(Arg::Alloc { words, floats, funs }),
            _ => Err(self.reader.corrupt("an impossible heap need")),
        }
    }

    fn check_kind(&self, row: &GenericOp, name: &str, kind: Kind, arg: Arg) -> Result<(), LoadError> {
        let fits = match kind {
            Kind::Source => {
                matches!(
                    arg,
                    Arg::X(_)
                        | Arg::Y(_)
                        | Arg::Int(_)
                        | Arg::Big(_)
                        | Arg::Atom(_)
                        | Arg::Nil
                        | Arg::Literal(_)
                        | Arg::Typed { .. }
                )
            }
            Kind::Register | Kind::Destination => arg.reg().is_some(),
            Kind::YRegister => matches!(arg.reg(), Some(Reg::Y(_))),
            Kind::FloatRegister => matches!(arg, Arg::F(_)),
            Kind::Atom => matches!(arg, Arg::Atom(_)),
            Kind::Label => arg.label().is_some(),
            Kind::LabelOrNone => matches!(arg, Arg::Label(_)),
            Kind::Number => matches!(arg, Arg::Unsigned(number) if number <= u64::from(u32::MAX)),
            Kind::HeapNeed => arg.heap_words(MAX_WORDS_EACH, MAX_WORDS_EACH).is_some_and(|words| words <= MAX_HEAP_NEED),
            Kind::List => matches!(arg, Arg::List(_)),
            Kind::Bif | Kind::Import => return self.check_import(row, kind, arg),
            Kind::Lambda => {
                matches!(arg, Arg::Unsigned(index) if index < self.tables.lambdas.len() as u64)
            }
            Kind::Any => true,
        };
        if fits { Ok(()) } else { Err(self.invalid(row, format!("operand `{name}` is {arg:?}"))) }
    }

    fn check_import(&self, row: &GenericOp, kind: Kind, arg: Arg) -> Result<(), LoadError> {
        let import = arg.unsigned().and_then(|index| self.tables.imports.get(usize::try_from(index).ok()?));
        let Some(import) = import else {
            return Err(self.invalid(row, "there is no such import"));
        };
        let arity = match (kind, row.opcode) {
            (Kind::Import, _) => {
                let first = self.code.args.last().copied();
                first.and_then(Arg::unsigned).unwrap_or(u64::from(MAX_ARITY) + 1)
            }
            (_, op::BIF0) => 0,
            (_, op::BIF1 | op::GC_BIF1) => 1,
            (_, op::BIF2 | op::GC_BIF2) => 2,
            _ => 3,
        };
        if arity != u64::from(import.arity) {
            return Err(self.invalid(row, format!("it passes {arity} arguments to a function of {}", import.arity)));
        }
        Ok(())
    }

    fn labels_are_defined(&self) -> Result<(), LoadError> {
        let defined = |arg: &Arg| match arg {
            Arg::Label(0) => true,
            Arg::Label(label) => self.code.labels[*label as usize] != NO_LABEL,
            _ => true,
        };
        if self.code.lists.iter().all(defined) && self.code.args.iter().all(defined) {
            return Ok(());
        }
        for (index, op) in self.code.ops.iter().enumerate() {
            for arg in self.code.args(*op) {
                if !defined(arg) || !self.code.list_of(*arg).iter().all(defined) {
                    return Err(invalid(
                        &self.code,
                        self.tables,
                        self.code.name(index),
                        index,
                        "it jumps to a label that is nowhere".into(),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Finds the functions: `label`, `line`s, `func_info`, `label`.
    fn functions(&mut self, announced: usize) -> Result<(), LoadError> {
        let code = &self.code;
        let mut functions: Vec<Function> = Vec::with_capacity(announced);
        for (index, op) in code.ops.iter().enumerate() {
            match op.opcode {
                op::FUNC_INFO => {}
                op::ON_LOAD | op::NIF_START => {
                    if let Some(function) = functions.last_mut() {
                        function.is_on_load |= op.opcode == op::ON_LOAD;
                        function.is_nif |= op.opcode == op::NIF_START;
                    }
                    continue;
                }
                _ => continue,
            }
            let error = |what: &str| invalid(code, self.tables, "func_info", index, what.into());
            let [_, Arg::Atom(name), Arg::Unsigned(arity)] = *code.args(*op) else {
                return Err(error("its operands"));
            };
            if arity > u64::from(MAX_ARITY) {
                return Err(error("its arity"));
            }
            let is_line = |op: &Op| matches!(op.opcode, op::LINE | op::EXECUTABLE_LINE | op::DEBUG_LINE);
            let first_op = code.ops[..index].iter().rposition(|op| !is_line(op));
            let first_op = first_op
                .filter(|first| code.ops[*first].opcode == op::LABEL)
                .ok_or_else(|| error("no label stands before it"))?;
            let entry_op = index + 1;
            if code.ops.get(entry_op).is_none_or(|op| op.opcode != op::LABEL) {
                return Err(error("no label stands after it"));
            }
            let entry_label = code.args_at(entry_op)[0].unsigned().unwrap_or(0) as u32;
            if let Some(previous) = functions.last_mut() {
                previous.end_op = first_op as u32;
            }
            functions.push(Function {
                name,
                arity: arity as u8,
                entry_label,
                entry_op: entry_op as u32,
                func_info_op: index as u32,
                first_op: first_op as u32,
                end_op: code.ops.len() as u32 - 1,
                is_on_load: false,
                is_nif: false,
            });
        }
        if functions.len() != announced {
            return Err(LoadError::corrupt(
                "the code",
                format!("it announces {announced} functions and holds {}", functions.len()),
            ));
        }
        let outside = functions.first().map_or(code.ops.len() - 1, |function| function.first_op as usize);
        if let Some(index) = code.ops[..outside].iter().position(|op| !matches!(op.opcode, op::LINE | op::LABEL)) {
            return Err(invalid(code, self.tables, code.name(index), index, "it stands outside of every function".into()));
        }
        self.code.functions = functions;
        Ok(())
    }
}

/// An error that names the function around an instruction, as far as it is known.
pub fn invalid(code: &Code, tables: &Tables, name: &'static str, op_index: usize, what: String) -> LoadError {
    let before = &code.ops[..op_index.min(code.ops.len())];
    let func_info = before.iter().rev().find(|op| op.opcode == op::FUNC_INFO).map(|op| code.args(*op));
    let function = match func_info {
        Some([_, Arg::Atom(function), Arg::Unsigned(arity)]) => {
            format!("{}:{}/{arity}", tables.atoms[0], tables.atoms[*function as usize])
        }
        _ => tables.atoms[0].to_string(),
    };
    LoadError::Instruction { function, name, op_index: op_index as u32, what }
}

/// Operands that stand outside of the `Code` chunk, without labels: the operands, and code that holds their lists and big integers.
pub fn decode_args(reader: &mut Reader, tables: &Tables, count: usize) -> Result<(Vec<Arg>, Code), LoadError> {
    let mut decoder = Decoder { reader: reader.clone(), tables, code: Code::default(), start: 0 };
    let args = (0..count).map(|_| decoder.arg(true)).collect::<Result<_, _>>()?;
    let taken = decoder.reader.offset() - reader.offset();
    reader.take(taken)?;
    Ok((args, decoder.code))
}
