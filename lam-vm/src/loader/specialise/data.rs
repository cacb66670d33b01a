//! Moves, frames, lists, tuples, maps, floats and comparisons.

use crate::isa::emit::{Constant, Fix, x_slot};
use crate::isa::generic::op;
use crate::isa::specific::number;
use crate::loader::ir::Arg;
use crate::term::word;

use super::{MAX_PLAIN_INDEX, Transformer, all_x, float_register, frame_bytes, label, number_of};

impl Transformer<'_> {
    pub(super) fn move_(&mut self, src: Arg, dst: Arg) {
        let to = self.slot(dst);
        match self.constant(src) {
            Some(Constant::Word(word)) if word::is_small(word) && i32::try_from(word::small_value(word)).is_ok() => {
                let bits = word::small_value(word) as i32 as u32;
                self.out.op(number::MoveSmall, [to, bits as u16, (bits >> 16) as u16]);
            }
            Some(constant) => {
                let op = if to & 1 == 0 { number::MoveConstantX } else { number::MoveConstant };
                self.out.op(op, [to, 0, 0]);
                self.out.constant(constant);
            }
            None => {
                let from = self.slot(src);
                let op = match (from & 1, to & 1) {
                    (0, 0) => number::MoveXX,
                    (0, 1) => number::MoveXY,
                    (1, 0) => number::MoveYX,
                    _ => number::Move,
                };
                self.out.op(op, [from, to, 0]);
            }
        }
    }
    pub(super) fn one(&mut self, number: u16, args: &[Arg]) {
        let slot = self.source(args[0]);
        self.out.op(number, [slot, 0, 0]);
    }
    pub(super) fn allocate(&mut self, zero: bool, frame: Arg, need: u64, live: Arg) {
        let live = number_of(live);
        let zero = zero || !self.proofs.is_proved(self.index);
        let number = if zero { number::AllocateZero } else { number::Allocate };
        let bytes = frame_bytes(frame);
        match u16::try_from(need) {
            Ok(need) => self.out.op(number, [bytes, need, live]),
            Err(_) => {
                self.test_heap(need + u64::from(bytes) / 8, Arg::Unsigned(u64::from(live)));
                self.out.op(number, [bytes, 0, live]);
            }
        }
    }
    pub(super) fn test_heap(&mut self, need: u64, live: Arg) {
        // A literal-heavy function may ask for more than 16 bits hold; several tests in a row would not add up, so ask in words of ext.
        let live = number_of(live);
        match u16::try_from(need) {
            Ok(need) => self.out.op(number::TestHeap, [need, live, 0]),
            Err(_) => {
                self.out.op(number::TestHeapFar, [0, live, 0]);
                self.out.word(need);
            }
        }
    }
    pub(super) fn get_list(&mut self, args: &[Arg]) -> usize {
        let slots = [self.source(args[0]), self.slot(args[1]), self.slot(args[2])];
        let op = match self.twin() {
            true => number::GetListChecked,
            false if all_x(&slots) => number::GetListXXX,
            false => number::GetList,
        };
        self.out.op(op, slots);
        1
    }
    pub(super) fn get_cell(&mut self, op: u16, args: &[Arg]) {
        let (src, dst) = (self.source(args[0]), self.slot(args[1]));
        const NONE: u16 = 0xFFFF;
        match (self.twin(), op == number::GetHd) {
            (false, _) => self.out.op(op, [src, dst, 0]),
            (true, true) => self.out.op(number::GetListChecked, [src, dst, NONE]),
            (true, false) => self.out.op(number::GetListChecked, [src, NONE, dst]),
        }
    }
    pub(super) fn get_tuple_element(&mut self, args: &[Arg]) -> usize {
        let (src, dst) = (self.source(args[0]), self.slot(args[2]));
        let index = number_of(args[1]);
        if self.twin() || index > MAX_PLAIN_INDEX {
            self.out.op(number::GetTupleElementChecked, [src, dst, index]);
            return 1;
        }
        let offset = 10 + 8 * index;
        // Two neighbours of one tuple in a row, where the first does not overwrite the tuple.
        let code = &self.file.code;
        if let Some(next) = code.ops.get(self.index + 1)
            && next.opcode == op::GET_TUPLE_ELEMENT
            && self.proofs.is_proved(self.index + 1)
            && self.proofs.is_reached(self.index + 1)
        {
            let other = code.args(*next);
            if other[0].untyped() == args[0].untyped() && other[1].unsigned() == Some(u64::from(index) + 1) && dst != src {
                let second = self.slot(other[2]);
                self.out.op(number::GetTwoTupleElements, [src, dst, offset]);
                self.out.word(u64::from(second));
                return 2;
            }
        }
        let op = if (src | dst) & 1 == 0 { number::GetTupleElementXX } else { number::GetTupleElement };
        self.out.op(op, [src, dst, offset]);
        1
    }
    pub(super) fn update_record(&mut self, args: &[Arg]) {
        // hint, size, source, destination, updates
        let size = u64::from(number_of(args[1]));
        let source = self.source(args[2]);
        let dst = self.slot(args[3]);
        let updates = self.file.code.list_of(args[4]);
        let values: Vec<Arg> = updates.chunks_exact(2).map(|pair| pair[1]).collect();
        let (slots, constants) = self.packed(&values);
        self.out.op(number::UpdateRecord, [dst, source, 0]);
        self.out.word(size | (values.len() as u64) << 32);
        let mut packed = Vec::new();
        if size > u64::from(MAX_PLAIN_INDEX) {
            self.out.refuse_as_too_long();
        }
        for (pair, slot) in updates.chunks_exact(2).zip(slots) {
            // A 1-based element number; as slots are, a multiple of 8 keeps clear of the constant mark.
            packed.push(number_of(pair[0]).wrapping_sub(1) << 3);
            packed.push(slot);
        }
        self.out.packed(&packed, &constants);
    }
    pub(super) fn map_op(&mut self, number: u16, slots: [u16; 3], fail: u32, list: Arg) {
        let operands = self.file.code.list_of(list);
        let (packed, constants) = self.packed(operands);
        self.out.op(number, slots);
        self.out.fail_word(fail, operands.len() as u32);
        self.out.packed(&packed, &constants);
    }
    pub(super) fn float_move(&mut self, convert: bool, args: &[Arg]) {
        match (args[0], args[1]) {
            (Arg::F(from), Arg::F(to)) => {
                // Only through a term in OTP; kept for whoever emits it.
                let scratch = x_slot((crate::isa::SCRATCH_BASE) as u16);
                self.out.op(number::FloatStore, [from, scratch, 0]);
                self.out.op(number::FloatLoad, [scratch, to, 0]);
            }
            (Arg::F(from), to) => {
                let to = self.slot(to);
                let op = if self.twin() { number::FloatStoreChecked } else { number::FloatStore };
                self.out.op(op, [from, to, 0]);
            }
            (from, to) => {
                let from = self.source(from);
                let number = if convert { number::FloatConvert } else { number::FloatLoad };
                self.out.op(number, [from, float_register(to), 0]);
            }
        }
    }
    pub(super) fn float_op(&mut self, number: u16, args: &[Arg]) {
        self.out.op(number, [float_register(args[1]), float_register(args[2]), float_register(args[3])]);
    }
    pub(super) fn exact(&mut self, equal: bool, args: &[Arg]) {
        let fail = label(args[0]);
        let immediate = |constant: &Constant| match constant {
            Constant::Word(_) => true,
            Constant::Fix(fix) => matches!(fix, Fix::Atom(_)),
        };
        let constants = [self.constant(args[1]), self.constant(args[2])];
        let (register, constant) = match constants {
            [None, Some(constant)] if immediate(&constant) => (args[1], Some(constant)),
            [Some(constant), None] if immediate(&constant) => (args[2], Some(constant)),
            _ => (args[1], None),
        };
        if let Some(constant) = constant {
            let src = self.slot(register);
            if constant == Constant::Word(word::NIL) && equal {
                return self.out.test(number::IsNil, src, 0, fail, &[]);
            }
            let op = if equal { number::IsImmediate } else { number::IsNotImmediate };
            return self.out.test(op, src, 0, fail, &[constant]);
        }
        self.comparison(if equal { number::IsEqExact } else { number::IsNeExact }, args);
    }
    pub(super) fn comparison(&mut self, number: u16, args: &[Arg]) {
        let (a, b) = (self.source(args[1]), self.source(args[2]));
        self.out.test(number, a, b, label(args[0]), &[]);
    }
    /// `a OP constant`, or `constant OP a` turned round.
    pub(super) fn order(&mut self, number: u16, with_constant: u16, turned: u16, args: &[Arg]) {
        let small = |constant: &Constant| matches!(constant, Constant::Word(word) if word::is_small(*word));
        let fail = label(args[0]);
        match [self.constant(args[1]), self.constant(args[2])] {
            [None, Some(constant)] if small(&constant) => {
                let src = self.slot(args[1]);
                self.out.test(with_constant, src, 0, fail, &[constant]);
            }
            [Some(constant), None] if small(&constant) => {
                let src = self.slot(args[2]);
                self.out.test(turned, src, 0, fail, &[constant]);
            }
            _ => self.comparison(number, args),
        }
    }
}
