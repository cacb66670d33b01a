//! Generic to specific: one function a group of instructions, driven by `for_each` op of a function.
//!
//! A constant operand of an instruction that takes registers is put into a scratch X register first; hot instructions have forms of
//! their own. What the flow analysis did not prove becomes the checked twin.

mod bits;
mod bytes;
mod calls;
mod data;
mod receive;
mod records;
mod select;
mod simple;

use simple::{arithmetic, type_test};

use crate::isa::emit::{Constant, Emitter, Fix, FunctionCode, ModuleCode, x_slot, y_slot};
use crate::isa::generic::{self, op};
use crate::isa::specific::number;
use crate::loader::ir::{Arg, Function, Op, Reg};
use crate::loader::{BeamFile, LoadError};
use crate::term::word;

/// What the transformer must know of the machine above it.
pub trait Natives {
    /// Number of the BIF of this name, if there is one.
    fn bif(&self, module: &str, function: &str, arity: usize) -> Option<u16>;
    /// Whether the function is native in OTP, whatever the machine has.
    fn is_native_of_otp(&self, _module: &str, _function: &str, _arity: usize) -> bool {
        false
    }
}

/// Whether a function's work is native code that the machine lacks: its own body only says so.
///
/// A body that calls `erlang:nif_error` and nothing else counts where OTP has a native of the name, or the module loads natives.
pub fn is_lacking_native(file: &BeamFile, natives: &dyn Natives, function_index: usize) -> bool {
    let function = &file.code.functions[function_index];
    let (module, name, arity) = (file.module(), file.atom(function.name), usize::from(function.arity));
    let imports = |wanted: (&str, &str), import: u32| {
        let import = file.import(import);
        (file.atom(import.module), file.atom(import.function)) == wanted
    };
    let mut has_stub = false;
    for index in function.ops() {
        match file.code.ops[index].opcode {
            op::CALL_EXT | op::CALL_EXT_ONLY | op::CALL_EXT_LAST => {
                let import = file.code.args_at(index)[1].unsigned().unwrap_or(u64::MAX) as u32;
                if !imports(("erlang", "nif_error"), import) {
                    return false;
                }
                has_stub = true;
            }
            op::LABEL
            | op::LINE
            | op::FUNC_INFO
            | op::MOVE
            | op::PUT_TUPLE2
            | op::PUT_LIST
            | op::TEST_HEAP
            | op::ALLOCATE
            | op::ALLOCATE_HEAP
            | op::DEALLOCATE
            | op::RETURN
            | op::INT_CODE_END
            | op::NIF_START
            | op::SWAP
            | op::TRIM => {}
            _ => return false,
        }
    }
    let loads_natives = || (0..file.tables.imports.len()).any(|import| imports(("erlang", "load_nif"), import as u32));
    has_stub && natives.bif(module, name, arity).is_none() && (natives.is_native_of_otp(module, name, arity) || loads_natives())
}

/// What was proved of each instruction.
pub trait Proofs {
    /// The instruction at this op index may run unchecked.
    fn is_proved(&self, op_index: usize) -> bool;
    /// Some way leads to it.
    fn is_reached(&self, _op_index: usize) -> bool {
        true
    }
}

impl Proofs for crate::loader::check::Facts {
    fn is_proved(&self, op_index: usize) -> bool {
        !self.is_checked(op_index)
    }
    fn is_reached(&self, op_index: usize) -> bool {
        crate::loader::check::Facts::is_reached(self, op_index)
    }
}

/// Nothing is proved: every twin is checked.
pub struct NothingProved;
impl Proofs for NothingProved {
    fn is_proved(&self, _: usize) -> bool {
        false
    }
}
/// Everything is taken as proved; for tests of the machine on trusted code.
pub struct AllProved;
impl Proofs for AllProved {
    fn is_proved(&self, _: usize) -> bool {
        true
    }
}

/// Words of a boxed float and of a fun without its environment.
pub const FLOAT_WORDS: u64 = 2;
pub const FUN_WORDS: u64 = 3;
/// Elements up to this one, counted from 0, are named by a byte offset of 16 bits.
const MAX_PLAIN_INDEX: u16 = 8000;

pub(crate) struct Transformer<'a> {
    pub file: &'a BeamFile,
    pub natives: &'a dyn Natives,
    pub proofs: &'a dyn Proofs,
    pub out: Emitter,
    /// The op under way.
    pub index: usize,
}

/// Specific code of the functions of a module whose index `keep` accepts.
pub fn transform(
    file: &BeamFile,
    natives: &dyn Natives,
    proofs: &dyn Proofs,
    keep: &dyn Fn(usize) -> bool,
) -> Result<ModuleCode, LoadError> {
    transform_partly(file, natives, proofs, keep, &|_| false)
}

/// As `transform`; of the kept functions that `is_left_out` names only the call is there, and raises.
pub fn transform_partly(
    file: &BeamFile,
    natives: &dyn Natives,
    proofs: &dyn Proofs,
    keep: &dyn Fn(usize) -> bool,
    is_left_out: &dyn Fn(usize) -> bool,
) -> Result<ModuleCode, LoadError> {
    let mut out = Emitter::default();
    out.code.labels = vec![u32::MAX; file.code.labels.len()];
    let mut transformer = Transformer { file, natives, proofs, out, index: 0 };
    for (index, function) in file.code.functions.iter().enumerate().filter(|(index, _)| keep(*index)) {
        // Where the program's own natives are missing its stub speaks for itself, as on the real machine.
        let name = file.atom(function.name);
        let is_native = natives.is_native_of_otp(file.module(), name, usize::from(function.arity));
        if is_left_out(index) || is_native && is_lacking_native(file, natives, index) {
            transformer.lacking_function(function)?;
            continue;
        }
        let mark = transformer.out.mark();
        transformer.out.far = false;
        transformer.function(function)?;
        if !transformer.out.end_function() {
            transformer.out.rewind(&mark);
            transformer.out.far = true;
            transformer.function(function)?;
            if !transformer.out.end_function() {
                return Err(LoadError::corrupt("the code", format!("a jump in `{name}` leads to no instruction")));
            }
        }
        let info = mark.words() as u32;
        let end = transformer.out.offset();
        transformer.out.code.functions.push(FunctionCode { name: function.name, arity: function.arity, info, end });
    }
    Ok(transformer.out.finish())
}

impl<'a> Transformer<'a> {
    fn function(&mut self, function: &Function) -> Result<(), LoadError> {
        let code = &self.file.code;
        let mut index = function.ops().start;
        let tables = &self.file.tables;
        let native = self.natives.bif(&tables.atoms[0], &tables.atoms[function.name as usize], usize::from(function.arity));
        if let Some(bif) = native {
            return self.native_function(function, bif);
        }
        let mut is_trapped = false;
        while index < function.ops().end {
            self.index = index;
            self.out.reset_scratch();
            let origin = (index as u32, self.out.offset());
            self.out.code.origins.push(origin);
            let op = code.ops[index];
            let is_mark = matches!(op.opcode, op::LABEL | op::LINE | op::FUNC_INFO | op::INT_CODE_END);
            if !is_mark && !self.proofs.is_reached(index) {
                // Nothing was checked of it, so it is not even looked at.
                if !is_trapped {
                    self.out.op(number::Unreached, [0; 3]);
                }
                is_trapped = true;
                index += 1;
                continue;
            }
            is_trapped = is_trapped && op.opcode == op::LINE;
            index += self.instruction(op, code.args(op), function)?;
            if self.out.is_too_long() {
                return Err(self.refuse("it has more operands than LAM's instructions hold"));
            }
        }
        Ok(())
    }

    /// What others know of a function whose own code is not used: its `func_info` and its labels.
    fn labels_alone(&mut self, function: &Function) -> Result<(), LoadError> {
        let code = &self.file.code;
        for index in function.ops() {
            let args = code.args_at(index);
            match code.ops[index].opcode {
                op::FUNC_INFO => {
                    self.instruction(code.ops[index], args, function)?;
                }
                op::LABEL => self.out.bind(label_number(args[0])),
                _ => {}
            }
        }
        Ok(())
    }

    /// A function whose work a BIF does, whatever its own code says (that is mostly `nif_error`).
    fn native_function(&mut self, function: &Function, bif: u16) -> Result<(), LoadError> {
        self.labels_alone(function)?;
        self.out.op(number::CallBifOnly, [u16::from(function.arity), bif, 0]);
        self.out.word(0);
        Ok(())
    }

    /// A function whose native the machine lacks: it raises, and its export entry counts as undefined.
    fn lacking_function(&mut self, function: &Function) -> Result<(), LoadError> {
        let info = self.out.offset();
        self.labels_alone(function)?;
        self.out.op(number::Lacking, [0; 3]);
        self.out.constant(Constant::Fix(Fix::Atom(0)));
        self.out.constant(Constant::Fix(Fix::Atom(function.name)));
        self.out.word(u64::from(function.arity));
        let end = self.out.offset();
        self.out.code.lacking.push(function.entry_label);
        self.out.code.functions.push(FunctionCode { name: function.name, arity: function.arity, info, end });
        Ok(())
    }

    /// Emits one instruction; returns how many generic ones it took.
    fn instruction(&mut self, op: Op, args: &'a [Arg], function: &Function) -> Result<usize, LoadError> {
        match op.opcode {
            op::LABEL => {
                self.out.bind(label_number(args[0]));
            }
            op::LINE => {
                let line = args[0].unsigned().unwrap_or(0) as u32;
                let at = self.out.offset();
                self.out.code.lines.push((at, line));
            }
            op::FUNC_INFO => {
                self.out.op(number::FuncInfo, [0; 3]);
                for arg in &args[..2] {
                    let constant = self.constant(*arg).expect("the decoder checked the operand kinds");
                    self.out.constant(constant);
                }
                self.out.word(u64::from(function.arity));
            }
            op::INT_CODE_END | op::ON_LOAD | op::NIF_START | op::EXECUTABLE_LINE | op::DEBUG_LINE => {}
            op::MOVE => self.move_(args[0], args[1]),
            op::SWAP => {
                let slots = [self.slot(args[0]), self.slot(args[1]), 0];
                self.out.op(number::Swap, slots);
            }
            op::JUMP => self.out.op_long(number::Jump, 0, label(args[0])),
            op::DEALLOCATE => {
                let next = self.file.code.ops.get(self.index + 1).map(|next| next.opcode);
                let bytes = frame_bytes(args[0]);
                if next == Some(op::RETURN) {
                    self.out.op(number::DeallocateReturn, [bytes, 0, 0]);
                    return Ok(2);
                }
                self.out.op(number::Deallocate, [bytes, 0, 0]);
            }
            op::TRIM => self.out.op(number::Deallocate, [frame_bytes(args[0]), 0, 0]),
            op::RETURN => self.out.op(number::Return, [0; 3]),
            op::ALLOCATE | op::ALLOCATE_ZERO => self.allocate(op.opcode == op::ALLOCATE_ZERO, args[0], 0, args[1]),
            op::ALLOCATE_HEAP | op::ALLOCATE_HEAP_ZERO => {
                self.allocate(op.opcode == op::ALLOCATE_HEAP_ZERO, args[0], heap_words(args[1]), args[2]);
            }
            op::TEST_HEAP => self.test_heap(heap_words(args[0]), args[1]),
            op::INIT | op::INIT_YREGS => {
                let list = [args[0]];
                let slots: Vec<u16> = match args[0] {
                    Arg::List(span) => self.file.code.list(span).iter().map(|arg| self.slot(*arg)).collect(),
                    _ => list.iter().map(|arg| self.slot(*arg)).collect(),
                };
                self.out.op(number::InitYregs, [slots.len() as u16, 0, 0]);
                self.out.packed_plain(&slots);
            }
            op::CALL | op::CALL_ONLY | op::CALL_LAST => {
                let (number, bytes) = match op.opcode {
                    op::CALL => (number::Call, 0),
                    op::CALL_ONLY => (number::CallOnly, 0),
                    _ => (number::CallLast, frame_bytes(args[2])),
                };
                self.out.op_call(number, bytes, label(args[1]));
            }
            op::CALL_EXT => self.call_ext(args[1], None),
            op::CALL_EXT_ONLY => self.call_ext(args[1], Some(0)),
            op::CALL_EXT_LAST => self.call_ext(args[1], Some(frame_bytes(args[2]))),
            op::CALL_FUN => {
                let arity = number_of(args[0]);
                return Ok(self.call_fun(arity, x_slot(arity)));
            }
            op::CALL_FUN2 => {
                let arity = number_of(args[1]);
                let fun = self.slot(args[2]);
                return Ok(self.call_fun(arity, fun));
            }
            op::APPLY => self.out.op(number::Apply, [number_of(args[0]), 0, 0]),
            op::APPLY_LAST => self.out.op(number::ApplyLast, [number_of(args[0]), frame_bytes(args[1]), 0]),
            op::MAKE_FUN2 => self.make_fun_old(args[0]),
            op::MAKE_FUN3 => self.make_fun(args),
            op::BIF0 => {
                let dst = self.slot(args[1]);
                self.bif0(args[0], dst);
            }
            op::BIF1 => self.guard_bif(label(args[0]), 0, args[1], &args[2..3], args[3])?,
            op::BIF2 => self.guard_bif(label(args[0]), 0, args[1], &args[2..4], args[4])?,
            op::BIF3 => self.guard_bif(label(args[0]), 0, args[1], &args[2..5], args[5])?,
            op::GC_BIF1 => self.guard_bif(label(args[0]), number_of(args[1]), args[2], &args[3..4], args[4])?,
            op::GC_BIF2 => self.guard_bif(label(args[0]), number_of(args[1]), args[2], &args[3..5], args[5])?,
            op::GC_BIF3 => self.guard_bif(label(args[0]), number_of(args[1]), args[2], &args[3..6], args[6])?,
            // A bad receiver shows `send/2`.
            op::SEND => self.native_call("erlang", "send", 2),
            _ => return self.instruction_2(op, args),
        }
        Ok(1)
    }

    fn instruction_2(&mut self, op: Op, args: &'a [Arg]) -> Result<usize, LoadError> {
        match op.opcode {
            op::GET_LIST => return Ok(self.get_list(args)),
            op::GET_HD => self.get_cell(number::GetHd, args),
            op::GET_TL => self.get_cell(number::GetTl, args),
            op::GET_TUPLE_ELEMENT => return Ok(self.get_tuple_element(args)),
            op::SET_TUPLE_ELEMENT => {
                let (value, tuple) = (self.source(args[0]), self.source(args[1]));
                let index = number_of(args[2]);
                match self.twin() || index > MAX_PLAIN_INDEX {
                    false => self.out.op(number::SetTupleElement, [value, tuple, 10 + 8 * index]),
                    true => self.out.op(number::SetTupleElementChecked, [value, tuple, index]),
                }
            }
            op::PUT_LIST => {
                let slots = [self.source(args[0]), self.source(args[1]), self.slot(args[2])];
                let op = match self.twin() {
                    true => number::PutListChecked,
                    false if all_x(&slots) => number::PutListXXX,
                    false => number::PutList,
                };
                self.out.op(op, slots);
            }
            op::PUT_TUPLE2 => {
                let elements = self.file.code.list_of(args[1]);
                let (slots, constants) = self.packed(elements);
                let dst = self.slot(args[0]);
                let op = if self.twin() { number::PutTupleChecked } else { number::PutTuple };
                self.out.op(op, [dst, elements.len() as u16, 0]);
                self.out.packed(&slots, &constants);
            }
            op::UPDATE_RECORD => self.update_record(args),
            op::SELECT_VAL => self.select(args, false),
            op::SELECT_TUPLE_ARITY => self.select(args, true),
            op::CATCH | op::TRY => {
                let y = self.slot(args[0]);
                self.out.op_long(number::Catch, y, label(args[1]));
            }
            op::TRY_END => self.one(number::TryEnd, args),
            op::TRY_CASE => {
                let number = if self.twin() { number::TryCaseChecked } else { number::TryCase };
                self.one(number, args);
            }
            op::CATCH_END => self.one(number::CatchEnd, args),
            op::BADMATCH => self.one(number::Badmatch, args),
            op::CASE_END => self.one(number::CaseEnd, args),
            op::TRY_CASE_END => self.one(number::TryCaseEnd, args),
            op::BADRECORD => self.one(number::BadRecord, args),
            op::IF_END => self.out.op(number::IfEnd, [0; 3]),
            op::RAISE => {
                let slots = [self.source(args[0]), self.source(args[1]), 0];
                self.out.op(number::Raise, slots);
            }
            op::RAW_RAISE => self.out.op(number::RawRaise, [0; 3]),
            op::BUILD_STACKTRACE => self.out.op(number::BuildStacktrace, [0; 3]),
            op::FMOVE | op::FCONV => self.float_move(op.opcode == op::FCONV, args),
            op::FADD => self.float_op(number::FloatAdd, args),
            op::FSUB => self.float_op(number::FloatSubtract, args),
            op::FMUL => self.float_op(number::FloatMultiply, args),
            op::FDIV => self.float_op(number::FloatDivide, args),
            op::FNEGATE => {
                let slots = [float_register(args[1]), float_register(args[2]), 0];
                self.out.op(number::FloatNegate, slots);
            }
            op::FCLEARERROR | op::FCHECKERROR => {}
            op::PUT_MAP_ASSOC | op::PUT_MAP_EXACT => {
                let number = if op.opcode == op::PUT_MAP_ASSOC { number::PutMapAssoc } else { number::PutMapExact };
                let src = self.source(args[1]);
                let dst = self.slot(args[2]);
                self.map_op(number, [src, dst, 0], label(args[0]), args[4]);
            }
            op::HAS_MAP_FIELDS => {
                let src = self.source(args[1]);
                self.map_op(number::HasMapFields, [src, 0, 0], label(args[0]), args[2]);
            }
            op::GET_MAP_ELEMENTS => {
                let src = self.source(args[1]);
                self.map_op(number::GetMapElements, [src, 0, 0], label(args[0]), args[2]);
            }
            op::IS_NATIVE_RECORD..=op::GET_RECORD_FIELD => records::emit(self, op.opcode, args),
            op::TEST_ARITY => {
                let src = self.source(args[1]);
                self.out.test(number::TestArity, src, number_of(args[2]), label(args[0]), &[]);
            }
            op::IS_TAGGED_TUPLE => {
                let src = self.source(args[1]);
                let tag = self.constant(args[3]).expect("the decoder checked the operand kinds");
                self.out.test(number::IsTaggedTuple, src, number_of(args[2]), label(args[0]), &[tag]);
            }
            op::IS_FUNCTION2 => {
                let (fun, arity) = (self.source(args[1]), self.source(args[2]));
                self.out.test(number::IsFunction2, fun, arity, label(args[0]), &[]);
            }
            op::IS_EQ_EXACT | op::IS_NE_EXACT => self.exact(op.opcode == op::IS_EQ_EXACT, args),
            op::IS_EQ => self.comparison(number::IsEq, args),
            op::IS_NE => self.comparison(number::IsNe, args),
            op::IS_LT => self.order(number::IsLt, number::IsLtConstant, number::IsGtConstant, args),
            op::IS_GE => self.order(number::IsGe, number::IsGeConstant, number::IsLeConstant, args),
            other => {
                if let Some(test) = type_test(other) {
                    let src = self.source(args[1]);
                    let test = if test == number::IsNonemptyList && src & 1 == 0 { number::IsNonemptyListX } else { test };
                    self.out.test(test, src, 0, label(args[0]), &[]);
                } else if !self.bit_syntax(op, args)? && !self.receive(op, args) {
                    self.out.code.unsupported.push(self.index as u32);
                    self.out.op(number::Unsupported, [0; 3]);
                    self.out.word(u64::from(other));
                }
            }
        }
        Ok(1)
    }

    /// An error about the instruction under way.
    pub fn refuse(&self, what: &str) -> LoadError {
        let tables = &self.file.tables;
        let opcode = self.file.code.ops[self.index].opcode;
        LoadError::Instruction {
            function: tables.atoms[0].to_string(),
            name: generic::name(opcode),
            op_index: self.index as u32,
            what: what.into(),
        }
    }

    // --- operands

    /// The slot of a register.
    pub fn slot(&self, arg: Arg) -> u16 {
        match arg.reg() {
            Some(Reg::X(x)) => x_slot(x),
            Some(Reg::Y(y)) => y_slot(y),
            None => unreachable!("the decoder checked the operand kinds"),
        }
    }
    /// The slot of a register, or of the scratch register that gets the constant.
    pub fn source(&mut self, arg: Arg) -> u16 {
        match self.constant(arg) {
            Some(constant) => self.out.scratch(constant),
            None => self.slot(arg),
        }
    }
    /// The constant that an operand is, if it is one.
    pub fn constant(&self, arg: Arg) -> Option<Constant> {
        Some(match arg {
            Arg::Nil => Constant::Word(word::NIL),
            Arg::Int(value) if word::fits_small(value) => Constant::Word(word::small(value)),
            // Beyond 61 bits, but within 64: a bignum made from the number itself when placed.
            Arg::Int(value) => Constant::Fix(Fix::Integer(value)),
            Arg::Unsigned(value) => Constant::Word(word::small(value as i64)),
            Arg::Big(index) => Constant::Fix(Fix::Big(index)),
            Arg::Atom(index) => Constant::Fix(Fix::Atom(index)),
            Arg::Literal(index) => Constant::Fix(Fix::Literal(index)),
            _ => return None,
        })
    }
    /// Packed slots and the constants that they name.
    pub fn packed(&self, args: &[Arg]) -> (Vec<u16>, Vec<Constant>) {
        let mut constants: Vec<Constant> = Vec::new();
        let slots = args
            .iter()
            .map(|arg| match self.constant(*arg) {
                Some(constant) => {
                    constants.push(constant);
                    2 | ((constants.len() - 1) << 3) as u16
                }
                None => self.slot(*arg),
            })
            .collect();
        (slots, constants)
    }
    /// Whether the instruction under way needs its checked twin; counts it.
    pub fn twin(&mut self) -> bool {
        let checked = !self.proofs.is_proved(self.index);
        self.out.code.checked_count += u32::from(checked);
        checked
    }
}

/// The number that a `label` instruction defines.
fn label_number(arg: Arg) -> u32 {
    arg.label().or(arg.unsigned().map(|number| number as u32)).unwrap_or(0)
}
pub(crate) fn label(arg: Arg) -> u32 {
    arg.label().unwrap_or(0)
}
/// A count, register number or arity, which the decoder bounded.
pub(crate) fn number_of(arg: Arg) -> u16 {
    match arg {
        Arg::Unsigned(value) => value as u16,
        Arg::Int(value) => value as u16,
        _ => unreachable!("the decoder checked the operand kinds"),
    }
}
fn heap_words(arg: Arg) -> u64 {
    arg.heap_words(FLOAT_WORDS, FUN_WORDS).expect("the decoder checked the operand kinds")
}
fn frame_bytes(arg: Arg) -> u16 {
    8 * number_of(arg)
}
fn float_register(arg: Arg) -> u16 {
    match arg {
        Arg::F(register) => register,
        _ => unreachable!("the decoder checked the operand kinds"),
    }
}
fn all_x(slots: &[u16]) -> bool {
    slots.iter().all(|slot| slot & 1 == 0)
}
