//! Tests and selections: what is known where the test says yes, and where it says no.

use crate::isa::generic::op;
use crate::loader::check::flow::Flow;
use crate::loader::check::state::{DEAD, Def, State, UNINIT, ValueId};
use crate::loader::check::transfer::number;
use crate::loader::check::types::{Type, kinds};
use crate::loader::ir::Arg;

impl Flow<'_> {
    /// A test must have somewhere to go when it says no.
    pub(super) fn expect_label(&mut self, op_index: u32, label: Arg) {
        if label.label().is_none() {
            self.fail(op_index, "it has no label to go to");
        }
    }

    pub(super) fn test(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> bool {
        let is_selection = matches!(opcode, op::SELECT_VAL | op::SELECT_TUPLE_ARITY);
        self.expect_label(op_index, args[usize::from(is_selection)]);
        match opcode {
            op::JUMP => {
                self.branch_plain(state, args[0]);
                false
            }
            op::SELECT_VAL => self.select_val(state, op_index, args),
            op::SELECT_TUPLE_ARITY => self.select_tuple_arity(state, op_index, args),
            op::IS_LT..=op::IS_NE => {
                self.branch_plain(state, args[0]);
                true
            }
            op::IS_EQ_EXACT => {
                self.branch_if(state, args[0], |flow, state| flow.assume_different(state, op_index, args[1], args[2]));
                self.assume_equal(state, op_index, args[1], args[2])
            }
            op::IS_NE_EXACT => {
                self.branch_if(state, args[0], |flow, state| flow.assume_equal(state, op_index, args[1], args[2]));
                self.assume_different(state, op_index, args[1], args[2])
            }
            op::TEST_ARITY => {
                self.prove_kinds(state, op_index, args[1], kinds::TUPLE);
                let value = self.value(state, op_index, args[1]);
                let size = number(args[2]) as u32;
                self.note_min_size(state, op_index, value);
                self.branch_if(state, args[0], |flow, state| flow.assume_other_size(state, value, size));
                self.assume_size(state, value, size)
            }
            op::IS_TAGGED_TUPLE => {
                let value = self.value(state, op_index, args[1]);
                let (size, tag) = (number(args[2]) as u32, args[3].atom().unwrap_or(0));
                self.branch_if(state, args[0], |flow, state| {
                    let ty = flow.type_of_value(state, value);
                    let left = flow
                        .types
                        .filter(ty, |shape| !(shape.is_exact && shape.size == size && shape.element(0) == Type::atom(tag)));
                    flow.learn(state, value, left)
                });
                let ty = self.type_of_value(state, value).restrict(kinds::TUPLE);
                let sized = self.types.with_exact_size(ty, size);
                let tagged = self.types.with_element(sized, 0, Type::atom(tag));
                self.learn(state, value, tagged)
            }
            op::IS_FUNCTION2 => {
                let value = self.value(state, op_index, args[1]);
                self.branch_plain(state, args[0]);
                let ty = self.type_of_value(state, value).restrict(kinds::FUN);
                let ty = match args[2] {
                    Arg::Int(arity @ 0..=255) if !ty.is_none() => Type::fun(arity as u16),
                    _ => ty,
                };
                self.learn(state, value, ty)
            }
            _ => self.test_kind(state, op_index, opcode, args),
        }
    }

    fn test_kind(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> bool {
        // The kinds that pass, and whether all values of these kinds do.
        let (mask, is_exact) = match opcode {
            op::IS_INTEGER => (kinds::INTEGER, true),
            op::IS_FLOAT => (kinds::FLOAT, true),
            op::IS_NUMBER => (kinds::NUMBER, true),
            op::IS_ATOM => (kinds::ATOM, true),
            op::IS_PID => (kinds::PID, true),
            op::IS_REFERENCE => (kinds::REFERENCE, true),
            op::IS_PORT => (kinds::PORT, true),
            op::IS_NIL => (kinds::NIL, true),
            op::IS_BINARY => (kinds::BITS, false),
            op::IS_BITSTR => (kinds::BITS, true),
            op::IS_LIST => (kinds::LIST, true),
            op::IS_NONEMPTY_LIST => (kinds::CONS, true),
            op::IS_TUPLE => (kinds::TUPLE, true),
            op::IS_FUNCTION => (kinds::FUN, true),
            op::IS_BOOLEAN => (kinds::ATOM, false),
            op::IS_MAP => (kinds::MAP, true),
            // is_any_native_record
            _ => (kinds::RECORD, true),
        };
        let value = self.value(state, op_index, args[1]);
        let ty = self.type_of_value(state, value);
        self.branch_if(state, args[0], |flow, state| flow.learn(state, value, if is_exact { ty.without(mask) } else { ty }));
        self.learn(state, value, ty.restrict(mask))
    }

    pub(super) fn test_native_record(&mut self, state: &mut State, op_index: u32, args: &[Arg]) -> bool {
        self.test_kind(state, op_index, op::IS_ANY_NATIVE_RECORD, args)
    }

    fn note_min_size(&mut self, state: &State, op_index: u32, value: ValueId) {
        let ty = self.type_of_value(state, value);
        let size = self.types.min_size(ty).min(u32::from(u16::MAX)) as u16;
        if let Some(facts) = &mut self.facts {
            facts.ops[op_index as usize].min_size = size;
        }
    }

    fn assume_size(&mut self, state: &mut State, value: ValueId, size: u32) -> bool {
        let ty = self.type_of_value(state, value).restrict(kinds::TUPLE);
        let sized = self.types.with_exact_size(ty, size);
        self.learn(state, value, sized)
    }

    fn assume_other_size(&mut self, state: &mut State, value: ValueId, size: u32) -> bool {
        let ty = self.type_of_value(state, value);
        let left = self.types.filter(ty, |shape| !(shape.is_exact && shape.size == size));
        self.learn(state, value, left)
    }

    /// Both operands are the same term.
    fn assume_equal(&mut self, state: &mut State, op_index: u32, a: Arg, b: Arg) -> bool {
        let (type_a, type_b) = (self.type_of(state, a), self.type_of(state, b));
        for (arg, ty, other_arg, other) in [(a, type_a, b, type_b), (b, type_b, a, type_a)] {
            if arg.reg().is_none() {
                continue;
            }
            let value = self.value(state, op_index, arg);
            // A match context equals the bits that it has left.
            let met = if ty.may_be(kinds::BITS) && other.may_be(kinds::BITS) {
                ty.restrict(other.kinds | kinds::BITS)
            } else {
                self.types.meet(ty, other)
            };
            if !self.learn(state, value, met) || !self.assume_outcome(state, value, other_arg, true) {
                return false;
            }
        }
        true
    }

    /// The operands are different terms.
    fn assume_different(&mut self, state: &mut State, op_index: u32, a: Arg, b: Arg) -> bool {
        let (a, b) = if a.reg().is_some() { (a, b) } else { (b, a) };
        if a.reg().is_none() {
            return true;
        }
        let value = self.value(state, op_index, a);
        let ty = self.type_of_value(state, value);
        let left = match b {
            Arg::Nil => ty.without(kinds::NIL),
            Arg::Atom(atom) if ty.may_be(kinds::ATOM) && ty.atom == atom => ty.without(kinds::ATOM),
            _ => ty,
        };
        self.learn(state, value, left) && self.assume_outcome(state, value, b, false)
    }

    /// The value is, or is not, a constant: what follows for the value it was read from.
    fn assume_outcome(&mut self, state: &mut State, value: ValueId, constant: Arg, is_equal: bool) -> bool {
        if value == DEAD || value == UNINIT {
            return true;
        }
        match (state.values[value as usize].def, constant) {
            (Def::Element(tuple, 0), Arg::Atom(atom)) if !is_equal => {
                let ty = self.type_of_value(state, tuple);
                let left = self.types.filter(ty, |shape| shape.element(0) != Type::atom(atom));
                self.learn(state, tuple, left)
            }
            (Def::Size(tuple), Arg::Int(size @ 0..=0xff_ffff)) => {
                if is_equal {
                    self.assume_size(state, tuple, size as u32)
                } else {
                    self.assume_other_size(state, tuple, size as u32)
                }
            }
            (Def::Test(tested, mask), Arg::Atom(atom)) => {
                let passed = match (self.file.atom(atom), is_equal) {
                    ("true", equal) => equal,
                    ("false", equal) => !equal,
                    _ => return !is_equal,
                };
                let ty = self.type_of_value(state, tested);
                let known = if passed { ty.restrict(mask) } else { ty.without(mask) };
                self.learn(state, tested, known)
            }
            _ => true,
        }
    }

    fn select_val(&mut self, state: &mut State, op_index: u32, args: &[Arg]) -> bool {
        let list = self.file.code.list_of(args[2]);
        if !list.len().is_multiple_of(2) {
            self.fail(op_index, "its list is no list of pairs");
            return false;
        }
        for pair in list.chunks_exact(2) {
            let is_constant = matches!(pair[0], Arg::Int(_) | Arg::Big(_) | Arg::Atom(_) | Arg::Nil | Arg::Literal(_));
            if !is_constant || pair[1].label().is_none() {
                self.fail(op_index, "its list is no list of values and labels");
                return false;
            }
            self.branch_if(state, pair[1], |flow, state| flow.assume_equal(state, op_index, args[0], pair[0]));
        }
        self.branch_if(state, args[1], |flow, state| {
            list.chunks_exact(2).all(|pair| {
                !matches!(pair[0], Arg::Atom(_) | Arg::Nil) || flow.assume_different(state, op_index, args[0], pair[0])
            })
        });
        false
    }

    fn select_tuple_arity(&mut self, state: &mut State, op_index: u32, args: &[Arg]) -> bool {
        let list = self.file.code.list_of(args[2]);
        let value = self.value(state, op_index, args[0]);
        let mut sizes = Vec::with_capacity(list.len() / 2);
        for pair in list.chunks(2) {
            let size = match *pair {
                [Arg::Unsigned(size), Arg::Label(1..)] => u32::try_from(size).ok(),
                [Arg::Int(size), Arg::Label(1..)] => u32::try_from(size).ok(),
                _ => None,
            };
            let Some(size) = size else {
                self.fail(op_index, "its list is no list of sizes and labels");
                return false;
            };
            self.branch_if(state, pair[1], |flow, state| flow.assume_size(state, value, size));
            sizes.push(size);
        }
        self.branch_if(state, args[1], |flow, state| sizes.iter().all(|size| flow.assume_other_size(state, value, *size)));
        false
    }

    pub(super) fn map(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> bool {
        self.prove_kinds(state, op_index, args[1], kinds::MAP);
        let source = self.value(state, op_index, args[1]);
        let known = self.type_of_value(state, source).restrict(kinds::MAP);
        let list = self.file.code.list_of(args[args.len() - 1]);
        if opcode != op::HAS_MAP_FIELDS && !list.len().is_multiple_of(2) {
            self.fail(op_index, "its list is no list of pairs");
            return false;
        }
        match opcode {
            op::HAS_MAP_FIELDS => {
                self.expect_label(op_index, args[0]);
                self.list_types(state, op_index, list);
                self.branch_plain(state, args[0]);
                self.learn(state, source, known)
            }
            op::GET_MAP_ELEMENTS => {
                self.expect_label(op_index, args[0]);
                for pair in list.chunks_exact(2) {
                    self.list_types(state, op_index, &pair[..1]);
                }
                self.branch_after_some(state, op_index, args[0], list);
                let is_possible = self.learn(state, source, known);
                for pair in list.chunks_exact(2) {
                    if pair[1].reg().is_none() {
                        self.fail(op_index, "it reads a value into something that is no register");
                    }
                    self.write_type(state, op_index, pair[1], Type::ANY);
                }
                is_possible
            }
            // put_map_assoc, put_map_exact
            _ => {
                self.list_types(state, op_index, list);
                self.branch_plain(state, args[0]);
                self.collect(state, op_index, number(args[3]));
                self.learn(state, source, known);
                self.write_type(state, op_index, args[2], Type::of(kinds::MAP));
                true
            }
        }
    }

    /// The fail branch of `get_map_elements`: every value but the last may have been written before a key was not found.
    fn branch_after_some(&mut self, state: &mut State, op_index: u32, fail: Arg, pairs: &[Arg]) {
        let written = &pairs[..pairs.len().saturating_sub(2)];
        for pair in written.chunks_exact(2) {
            let old = pair[1].reg().map_or(DEAD, |register| state.value_of(register));
            match old {
                DEAD => {}
                UNINIT => self.clear_frame(state),
                _ if self.type_of_value(state, old).may_be(kinds::CATCH | kinds::CAUGHT) => {
                    self.fail(op_index, "it overwrites a catch word");
                }
                _ => {}
            }
        }
        let (saved, told) = (state.clone(), self.handlers_told);
        for pair in written.chunks_exact(2) {
            if pair[1].reg().is_some_and(|register| state.value_of(register) != DEAD) {
                self.write_type(state, op_index, pair[1], Type::ANY);
            }
        }
        self.branch_plain(state, fail);
        (*state, self.handlers_told) = (saved, told);
    }

    pub(super) fn record_op(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> bool {
        match opcode {
            op::IS_ANY_NATIVE_RECORD => return self.test_native_record(state, op_index, args),
            op::IS_NATIVE_RECORD | op::IS_RECORD_ACCESSIBLE => {
                self.prove_kinds(state, op_index, args[1], kinds::RECORD);
                self.branch_plain(state, args[0]);
            }
            op::GET_RECORD_ELEMENTS => {
                self.prove_kinds(state, op_index, args[1], kinds::RECORD);
                self.branch_plain(state, args[0]);
                for pair in self.file.code.list_of(args[2]).chunks(2) {
                    match *pair {
                        [Arg::Atom(_), dst] if dst.reg().is_some() => self.write_type(state, op_index, dst, Type::ANY),
                        _ => self.fail(op_index, "its list is no list of fields and registers"),
                    }
                }
            }
            op::PUT_RECORD => {
                let fields = self.file.code.list_of(args[5]);
                self.list_types(state, op_index, fields);
                self.branch_plain(state, args[0]);
                self.collect(state, op_index, number(args[4]));
                self.write_type(state, op_index, args[3], Type::of(kinds::RECORD));
            }
            // get_record_field
            _ => {
                self.branch_plain(state, args[0]);
                self.clear_frame(state);
                self.write_type(state, op_index, args[4], Type::ANY);
            }
        }
        true
    }
}
