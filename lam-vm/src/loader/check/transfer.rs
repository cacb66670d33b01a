//! What each instruction needs and what holds after it.
//!
//! `step` checks the structure (errors), asks for the proof of what the instruction trusts, sends the state along its branches, and leaves
//! the state that falls through. Instructions are grouped as in `isa/generic.rs`.

use crate::isa::generic::op;
use crate::loader::check::flow::Flow;
use crate::loader::check::state::{DEAD, Def, Frame, Need, State, UNINIT, Value, ValueId};
use crate::loader::check::types::{ANY_ARITY, Type, kinds};
use crate::loader::ir::{Arg, Reg};

/// Where the state goes on.
pub(super) type FallsThrough = bool;
pub(super) const STOPS: FallsThrough = false;
pub(super) const GOES_ON: FallsThrough = true;

/// What is learned of an element is told to so many tuples around it.
const MAX_LEARNED: usize = 8;

impl Flow<'_> {
    pub fn step(&mut self, state: &mut State, op_index: u32) -> FallsThrough {
        let code = &self.file.code;
        let op = code.ops[op_index as usize];
        let args = code.args(op);
        if self.facts.is_some() {
            self.record(state, op_index, args);
        }
        self.read_sources(state, op_index, op.opcode, args);
        match op.opcode {
            op::LABEL | op::LINE | op::ON_LOAD | op::NIF_START | op::EXECUTABLE_LINE => GOES_ON,
            op::DEBUG_LINE => {
                self.expect_live(op_index, state, number(args[3]));
                GOES_ON
            }
            op::INT_CODE_END => STOPS,
            op::FUNC_INFO => {
                self.expect_live(op_index, state, number(args[2]));
                self.raise(state);
                STOPS
            }
            op::CALL..=op::CALL_EXT_LAST | op::CALL_EXT_ONLY | op::CALL_FUN | op::CALL_FUN2 | op::APPLY | op::APPLY_LAST => {
                self.call(state, op_index, op.opcode, args)
            }
            op::BIF0..=op::BIF2 | op::BIF3 | op::GC_BIF1 | op::GC_BIF2 | op::GC_BIF3 => {
                self.bif(state, op_index, op.opcode, args)
            }
            op::ALLOCATE..=op::INIT | op::DEALLOCATE | op::RETURN | op::TRIM | op::INIT_YREGS => {
                self.frame(state, op_index, op.opcode, args)
            }
            op::SEND..=op::WAIT_TIMEOUT | op::RECV_MARK | op::RECV_SET | op::RECV_MARKER_BIND..=op::RECV_MARKER_USE => {
                self.receive(state, op_index, op.opcode, args)
            }
            op::IS_LT..=op::JUMP
            | op::IS_FUNCTION
            | op::IS_BOOLEAN
            | op::IS_FUNCTION2
            | op::IS_BITSTR
            | op::IS_MAP
            | op::IS_TAGGED_TUPLE => self.test(state, op_index, op.opcode, args),
            op::CATCH | op::CATCH_END | op::TRY..=op::RAISE | op::BUILD_STACKTRACE | op::RAW_RAISE => {
                self.exception(state, op_index, op.opcode, args)
            }
            op::BADMATCH | op::CASE_END | op::BADRECORD | op::IF_END => {
                self.raise(state);
                self.clear_frame(state);
                STOPS
            }
            op::MOVE..=op::PUT_LIST
            | op::GET_HD
            | op::GET_TL
            | op::PUT_TUPLE2
            | op::SWAP
            | op::UPDATE_RECORD
            | op::MAKE_FUN2
            | op::MAKE_FUN3 => self.data(state, op_index, op.opcode, args),
            op::FCLEARERROR..=op::FNEGATE => self.float(state, op_index, op.opcode, args),
            op::PUT_MAP_ASSOC | op::PUT_MAP_EXACT | op::HAS_MAP_FIELDS | op::GET_MAP_ELEMENTS => {
                self.map(state, op_index, op.opcode, args)
            }
            op::IS_ANY_NATIVE_RECORD..=op::GET_RECORD_FIELD => self.record_op(state, op_index, op.opcode, args),
            _ => self.bits(state, op_index, op.opcode, args),
        }
    }

    /// Writes down what holds before the instruction.
    fn record(&mut self, state: &State, op_index: u32, args: &[Arg]) {
        let first_arg = self.file.code.ops[op_index as usize].args.start as usize;
        for (position, arg) in args.iter().enumerate() {
            let Some(reg) = arg.reg() else { continue };
            let ty = self.type_of_value(state, state.value_of(reg));
            if let Some(facts) = &mut self.facts {
                facts.args[first_arg + position] = ty.kinds;
            }
        }
        let Some(facts) = &mut self.facts else { return };
        let facts = &mut facts.ops[op_index as usize];
        facts.is_reached = true;
        facts.live_x = state.live_x() as u16;
        facts.frame = match state.frame {
            Frame::Words(words) => words as u16 + 1,
            _ => 0,
        };
    }

    /// Every register that the instruction reads must hold something.
    fn read_sources(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) {
        use crate::isa::generic::{Kind, generic_op};
        let operands = generic_op(opcode).map_or(&[][..], |row| row.operands);
        for (arg, operand) in args.iter().zip(operands) {
            match (operand.kind, arg) {
                (Kind::Source | Kind::Register, _) => {}
                (Kind::Any, Arg::X(_) | Arg::Y(_) | Arg::Typed { .. }) if !(opcode == op::FMOVE && operand.name == "dst") => {}
                _ => continue,
            }
            if let Some(reg) = arg.reg() {
                self.read(op_index, state, reg);
            }
        }
    }

    pub(super) fn prove(&mut self, op_index: u32, is_proved: bool) {
        if let Some(facts) = &mut self.facts
            && !is_proved
        {
            facts.ops[op_index as usize].is_checked = true;
        }
    }

    /// Proves that an operand is of these kinds.
    pub(super) fn prove_kinds(&mut self, state: &State, op_index: u32, arg: Arg, mask: u32) {
        let is_proved = self.type_of(state, arg).is_within(mask);
        self.prove(op_index, is_proved);
    }

    /// The value of an operand: the register's, or a new one for a constant.
    pub(super) fn value(&mut self, state: &mut State, op_index: u32, arg: Arg) -> ValueId {
        match arg.reg() {
            Some(reg) => self.read(op_index, state, reg),
            None => {
                let ty = self.type_of(state, arg);
                state.add(Value::of(ty))
            }
        }
    }

    /// Puts a value into a register; a catch word that was there is gone.
    pub(super) fn write(&mut self, state: &mut State, op_index: u32, dst: Arg, value: ValueId) {
        match dst.reg() {
            Some(Reg::X(x)) => state.set_x(usize::from(x), value),
            Some(Reg::Y(y)) => {
                let y = usize::from(y);
                let Some(&old) = state.y.get(y) else {
                    return self.fail(op_index, format!("it writes y{y}, which is outside of the frame"));
                };
                if state.frame == Frame::Unclear {
                    return self.fail(op_index, format!("it writes y{y} of a frame that depends on the way here"));
                }
                let label = catch_label(state, old);
                state.y[y] = value;
                self.handlers_told = false;
                if let Some(label) = label {
                    forget_handler(state, label);
                }
            }
            None => {}
        }
    }

    pub(super) fn write_type(&mut self, state: &mut State, op_index: u32, dst: Arg, ty: Type) {
        let value = state.add(Value::of(ty));
        self.write(state, op_index, dst, value);
    }

    /// The value became known to be of this type; the tuples it was read from become better known too. False when nothing can be so.
    pub(super) fn learn(&mut self, state: &mut State, value: ValueId, ty: Type) -> bool {
        let (mut value, mut ty) = (value, ty);
        for _ in 0..MAX_LEARNED {
            if value == DEAD || value == UNINIT || state.values[value as usize].ty == ty {
                return true;
            }
            state.values[value as usize].ty = ty;
            self.handlers_told = false;
            if ty.is_none() {
                return false;
            }
            let Def::Element(tuple, index) = state.values[value as usize].def else { return true };
            ty = self.types.with_element(state.values[tuple as usize].ty, index as usize, ty);
            value = tuple;
        }
        true
    }

    /// Sends the state to a label with what `assume` makes of it, unless it finds that nothing can go there.
    pub(super) fn branch_if(&mut self, state: &mut State, label: Arg, assume: impl FnOnce(&mut Self, &mut State) -> bool) {
        let Some(label) = label.label() else { return self.raise(state) };
        let (saved, told) = (state.values.clone(), self.handlers_told);
        if assume(self, state) {
            self.branch(label, state);
        }
        state.values = saved;
        self.handlers_told = told;
    }

    /// A branch that teaches nothing.
    pub(super) fn branch_plain(&mut self, state: &mut State, label: Arg) {
        match label.label() {
            Some(label) => self.branch(label, state),
            None => self.raise(state),
        }
    }

    /// The collector may run, or an exception may come: nothing is fresh, no heap is promised, the frame is seen.
    pub(super) fn safe_point(&mut self, state: &mut State) {
        self.clear_frame(state);
        state.need = Need::default();
        state.is_building = false;
        for value in &mut state.values {
            value.is_fresh = false;
        }
    }

    /// A safe point that keeps only `live` X registers.
    pub(super) fn collect(&mut self, state: &mut State, op_index: u32, live: usize) {
        self.expect_live(op_index, state, live);
        self.safe_point(state);
        state.keep_x(live);
    }

    pub(super) fn take_need(&mut self, state: &mut State, op_index: u32, need: Need) {
        let left = &mut state.need;
        let is_proved = left.words >= need.words && left.floats >= need.floats && left.funs >= need.funs;
        *left = Need {
            words: left.words.saturating_sub(need.words),
            floats: left.floats.saturating_sub(need.floats),
            funs: left.funs.saturating_sub(need.funs),
        };
        self.prove(op_index, is_proved);
    }
}

/// A plain number; the decoder made sure that it is one.
pub(super) fn number(arg: Arg) -> usize {
    arg.unsigned().unwrap_or(0) as usize
}

pub(super) fn need_of(arg: Arg) -> Need {
    match arg {
        Arg::Unsigned(words) => Need { words: words as u32, ..Need::default() },
        Arg::Alloc { words, floats, funs } => Need { words, floats, funs },
        _ => Need::default(),
    }
}

/// The handler of a catch word in a Y register.
pub(super) fn catch_label(state: &State, value: ValueId) -> Option<u32> {
    let ty = state.values.get(value as usize)?.ty;
    (ty.kinds == kinds::CATCH && ty.atom != crate::loader::check::types::ANY_ATOM).then_some(ty.atom)
}

/// A catch word is gone: its handler is out of reach unless another Y register still holds one like it, or may.
pub(super) fn forget_handler(state: &mut State, label: u32) {
    let holds = |value: &ValueId| {
        let Some(value) = state.values.get(*value as usize) else { return false };
        value.ty.may_be(kinds::CATCH) && (value.ty.atom == label || value.ty.atom == crate::loader::check::types::ANY_ATOM)
    };
    if !state.y.iter().any(holds) {
        state.handlers.retain(|handler| *handler != label);
    }
}

const _: () = assert!(ANY_ARITY as u32 > crate::loader::tables::MAX_ARITY);
