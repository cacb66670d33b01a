//! Calls, BIFs and frames.

use crate::isa::generic::op;
use crate::loader::check::flow::Flow;
use crate::loader::check::results;
use crate::loader::check::state::{Def, Frame, NO_SITE, Need, State, UNINIT, Value, ValueId};
use crate::loader::check::transfer::{FallsThrough, GOES_ON, STOPS, catch_label, forget_handler, need_of, number};
use crate::loader::check::types::{Type, kinds};
use crate::loader::ir::{Arg, Reg};

impl Flow<'_> {
    pub(super) fn call(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
        let arity = if opcode == op::CALL_FUN2 { number(args[1]) } else { number(args[0]) };
        let live = arity
            + match opcode {
                op::CALL_FUN => 1,
                op::APPLY | op::APPLY_LAST => 2,
                _ => 0,
            };
        self.expect_live(op_index, state, live);
        let mut result = Some(Type::ANY);
        match opcode {
            op::CALL | op::CALL_LAST | op::CALL_ONLY => {
                let Some(callee) = args[1].label().and_then(|label| self.file.function_of_label(label)) else {
                    self.fail(op_index, "it calls a label that is no function");
                    return STOPS;
                };
                if usize::from(self.file.code.functions[callee].arity) != arity {
                    self.fail(
                        op_index,
                        format!("it passes {arity} arguments to a function of {}", self.file.code.functions[callee].arity),
                    );
                    return STOPS;
                }
                if self.facts.is_none() {
                    let arguments =
                        (0..arity).map(|x| self.type_of_value(state, state.value_of(Reg::X(x as u16))).restrict(kinds::ANY));
                    let entry = State::entry(arguments.collect::<Vec<_>>().into_iter());
                    self.enter(self.file.code.functions[callee].entry_label, &entry);
                }
                result = self.result_of(callee);
            }
            op::CALL_EXT | op::CALL_EXT_LAST | op::CALL_EXT_ONLY => result = self.call_import(state, arity, args[1]),
            op::CALL_FUN2 => {
                let ty = self.type_of(state, args[2]);
                let is_named_unsafe = matches!(args[0], Arg::Atom(atom) if self.file.atom(atom) == "unsafe");
                self.prove(op_index, is_named_unsafe || (ty.kinds == kinds::FUN && usize::from(ty.fun_arity) == arity));
            }
            _ => {}
        }
        let is_tail = matches!(opcode, op::CALL_LAST | op::CALL_ONLY | op::CALL_EXT_LAST | op::CALL_EXT_ONLY | op::APPLY_LAST);
        let never_returns = result.is_none() && matches!(opcode, op::CALL_EXT | op::CALL_EXT_ONLY | op::CALL_EXT_LAST);
        // A call pushes its return word without looking for room: `allocate` looked.
        if !is_tail && !never_returns && !matches!(state.frame, Frame::Words(_)) {
            self.fail(op_index, "it calls without a frame of its own");
            return STOPS;
        }
        self.raise(state);
        self.safe_point(state);
        if is_tail {
            let expected = match opcode {
                op::CALL_LAST | op::CALL_EXT_LAST => Frame::Words(number(args[2]) as u32),
                op::APPLY_LAST => Frame::Words(number(args[1]) as u32),
                _ => Frame::None,
            };
            // What never returns leaves its frame alone, and compilers name any.
            if !never_returns && self.expect_frame(op_index, state, expected) {
                self.leave_frame(state, op_index);
            }
            if let Some(ty) = result {
                self.returns(ty);
            }
            return STOPS;
        }
        let Some(ty) = result else { return STOPS };
        let value = state.add(Value { is_fresh: self.is_setelement(opcode, args), ..Value::of(ty) });
        state.x.clear();
        state.x.push(value);
        (state.floats, state.is_building, state.has_message) = (0, false, false);
        GOES_ON
    }

    pub(super) fn is_setelement(&self, opcode: u8, args: &[Arg]) -> bool {
        opcode == op::CALL_EXT && self.import_is(args[1], "erlang", "setelement", 3)
    }

    pub(super) fn import_is(&self, arg: Arg, module: &str, function: &str, arity: u8) -> bool {
        let import = self.file.import(number(arg) as u32);
        import.arity == arity && self.file.atom(import.module) == module && self.file.atom(import.function) == function
    }

    /// The result of an imported function; `None` when it never returns.
    pub(super) fn call_import(&mut self, state: &State, arity: usize, import: Arg) -> Option<Type> {
        let index = number(import);
        let import = self.file.import(index as u32);
        let (module, function) = (self.file.atom(import.module), self.file.atom(import.function));
        if results::never_returns(module, function, import.arity) {
            return None;
        }
        if !self.bif_imports[index] {
            return Some(Type::ANY);
        }
        let arguments: Vec<Type> = (0..arity).map(|x| self.type_of_value(state, state.value_of(Reg::X(x as u16)))).collect();
        if (module, function, arity) == ("erlang", "setelement", 3) {
            let size = self.types.min_size(arguments[1]);
            let exact = self.types.exact_size(arguments[1]).is_some();
            return Some(self.types.sized_tuple(size, exact));
        }
        Some(results::result(&mut self.types, module, function, &arguments))
    }

    pub(super) fn bif(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
        let (fail, live, bif, first) = match opcode {
            op::BIF0 => (Arg::Label(0), None, args[0], 1),
            op::BIF1 | op::BIF2 | op::BIF3 => (args[0], None, args[1], 2),
            _ => (args[0], Some(number(args[1])), args[2], 3),
        };
        let (sources, dst) = (&args[first..args.len() - 1], args[args.len() - 1]);
        let import = self.file.import(number(bif) as u32);
        let (module, name) = (self.file.atom(import.module), self.file.atom(import.function));
        let values: Vec<ValueId> = sources.iter().map(|arg| self.value(state, op_index, *arg)).collect();
        let types: Vec<Type> = values.iter().map(|value| self.type_of_value(state, *value)).collect();
        // It may fail after it collected.
        if let Some(live) = live {
            self.collect(state, op_index, live);
        }
        match opcode {
            op::BIF0 if module == "erlang" && matches!(name, "self" | "node") => {}
            op::BIF0 => self.raise(state),
            _ if module == "erlang" && results::never_fails(name, &types) => {}
            _ => self.branch_plain(state, fail),
        }
        // What the machine lacks raises wherever it stands.
        if !self.bif_imports[number(bif)] {
            self.raise(state);
        }
        let mut result = Type::ANY;
        let mut def = Def::None;
        if module == "erlang" {
            result = results::result(&mut self.types, module, name, &types);
            if let (Some(&value), Some(&ty)) = (values.first(), types.first()) {
                let known = ty.restrict(results::first_argument_on_success(name, values.len()));
                self.learn(state, value, known);
                match (name, values.len()) {
                    ("tuple_size", 1) => def = Def::Size(value),
                    (test, 1) => def = results::test_kinds(test).map_or(Def::None, |mask| Def::Test(value, mask)),
                    _ => {}
                }
            }
            if (name, values.len()) == ("element", 2) {
                (result, def) = self.bif_element(state, sources[0], values[1], types[1]);
            }
        }
        if result.is_none() {
            return STOPS;
        }
        let value = state.add(Value { def, ..Value::of(result) });
        self.write(state, op_index, dst, value);
        GOES_ON
    }

    /// `element(Position, Tuple)` that succeeded.
    pub(super) fn bif_element(&mut self, state: &mut State, position: Arg, tuple: ValueId, ty: Type) -> (Type, Def) {
        match position {
            Arg::Int(position @ 1..=0xff_ffff) => {
                let tuple_type = self.types.with_min_size(ty.restrict(kinds::TUPLE), position as u32);
                self.learn(state, tuple, tuple_type);
                let index = position as u32 - 1;
                (self.types.element(tuple_type, index as usize), Def::Element(tuple, index))
            }
            _ => {
                let tuple_type = ty.restrict(kinds::TUPLE);
                self.learn(state, tuple, tuple_type);
                (Type::ANY, Def::None)
            }
        }
    }

    pub(super) fn frame(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
        match opcode {
            op::ALLOCATE | op::ALLOCATE_HEAP | op::ALLOCATE_ZERO | op::ALLOCATE_HEAP_ZERO => {
                let words = number(args[0]);
                let (live, need) = match args.len() {
                    2 => (args[1], Need::default()),
                    _ => (args[2], need_of(args[1])),
                };
                if !self.expect_frame(op_index, state, Frame::None) {
                    return STOPS;
                }
                if words > usize::from(crate::loader::decode::MAX_REGISTER as u16) + 1 {
                    self.fail(op_index, "a frame of more than 1024 words");
                    return STOPS;
                }
                self.collect(state, op_index, number(live));
                state.need = need;
                state.frame = Frame::Words(words as u32);
                state.site = op_index;
                let is_zero = matches!(opcode, op::ALLOCATE_ZERO | op::ALLOCATE_HEAP_ZERO) || self.zeroing[op_index as usize];
                let slot = if is_zero { state.add(Value::of(Type::of(kinds::NIL))) } else { UNINIT };
                state.y = vec![slot; words];
                self.handlers_told = false;
                GOES_ON
            }
            op::TEST_HEAP => {
                self.collect(state, op_index, number(args[1]));
                state.need = need_of(args[0]);
                GOES_ON
            }
            op::INIT => {
                self.write_type(state, op_index, args[0], Type::of(kinds::NIL));
                GOES_ON
            }
            op::INIT_YREGS => {
                for register in self.file.code.list_of(args[0]) {
                    if !matches!(register.reg(), Some(Reg::Y(_))) {
                        self.fail(op_index, "it initialises something that is no Y register");
                        return STOPS;
                    }
                    self.write_type(state, op_index, *register, Type::of(kinds::NIL));
                }
                GOES_ON
            }
            op::DEALLOCATE => {
                if !self.expect_frame(op_index, state, Frame::Words(number(args[0]) as u32)) {
                    return STOPS;
                }
                self.leave_frame(state, op_index);
                GOES_ON
            }
            op::TRIM => {
                let (words, remaining) = (number(args[0]), number(args[1]));
                if !self.expect_frame(
                    op_index,
                    state,
                    Frame::Words(words.saturating_add(remaining).min(u32::MAX as usize) as u32),
                ) {
                    return STOPS;
                }
                let dropped: Vec<ValueId> = state.y.drain(..words).collect();
                for value in dropped {
                    if let Some(label) = catch_label(state, value) {
                        forget_handler(state, label);
                    }
                }
                let may_catch =
                    |value: &ValueId| state.values.get(*value as usize).is_some_and(|value| value.ty.may_be(kinds::CATCH));
                if words > 0 && state.y.iter().any(may_catch) {
                    self.fail(op_index, "it moves a catch word to a register that its handler does not know");
                    return STOPS;
                }
                state.frame = Frame::Words(remaining as u32);
                self.handlers_told = false;
                GOES_ON
            }
            _ => {
                if self.expect_frame(op_index, state, Frame::None) {
                    self.expect_live(op_index, state, 1);
                    let ty = self.type_of_value(state, state.value_of(Reg::X(0)));
                    self.returns(ty);
                }
                STOPS
            }
        }
    }

    pub(super) fn leave_frame(&mut self, state: &mut State, _op_index: u32) {
        state.frame = Frame::None;
        state.y.clear();
        state.site = NO_SITE;
        state.handlers.clear();
        self.handlers_told = false;
    }
}
