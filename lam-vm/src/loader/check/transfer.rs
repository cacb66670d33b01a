//! What each instruction needs and what holds after it.
//!
//! `step` checks the structure (errors), asks for the proof of what the instruction trusts, sends the state along its branches, and leaves
//! the state that falls through. Instructions are grouped as in `isa/generic.rs`.

use crate::isa::generic::op;
use crate::loader::check::flow::Flow;
use crate::loader::check::results;
use crate::loader::check::state::{DEAD, Def, Frame, Need, State, UNINIT, Value, ValueId};
use crate::loader::check::types::{ANY_ARITY, Type, kinds};
use crate::loader::ir::{Arg, Reg};

/// Where the state goes on.
type FallsThrough = bool;
const STOPS: FallsThrough = false;
const GOES_ON: FallsThrough = true;

/// What is learned of an element is told to so many tuples around it.
const MAX_LEARNED: usize = 8;
/// Words of a cons.
const CONS_WORDS: u32 = 2;

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
            op::BIF0..=op::BIF2 | op::BIF3 | op::GC_BIF1 | op::GC_BIF2 | op::GC_BIF3 => self.bif(state, op_index, op.opcode, args),
            op::ALLOCATE..=op::INIT | op::DEALLOCATE | op::RETURN | op::TRIM | op::INIT_YREGS => self.frame(state, op_index, op.opcode, args),
            op::SEND..=op::WAIT_TIMEOUT | op::RECV_MARK | op::RECV_SET | op::RECV_MARKER_BIND..=op::RECV_MARKER_USE => {
                self.receive(state, op_index, op.opcode, args)
            }
            op::IS_LT..=op::JUMP | op::IS_FUNCTION | op::IS_BOOLEAN | op::IS_FUNCTION2 | op::IS_BITSTR | op::IS_MAP | op::IS_TAGGED_TUPLE => {
                self.test(state, op_index, op.opcode, args)
            }
            op::CATCH | op::CATCH_END | op::TRY..=op::RAISE | op::BUILD_STACKTRACE | op::RAW_RAISE => self.exception(state, op_index, op.opcode, args),
            op::BADMATCH | op::CASE_END | op::BADRECORD | op::IF_END => {
                self.raise(state);
                self.clear_frame(state);
                STOPS
            }
            op::MOVE..=op::PUT_LIST | op::GET_HD | op::GET_TL | op::PUT_TUPLE2 | op::SWAP | op::UPDATE_RECORD | op::MAKE_FUN2 | op::MAKE_FUN3 => {
                self.data(state, op_index, op.opcode, args)
            }
            op::FCLEARERROR..=op::FNEGATE => self.float(state, op_index, op.opcode, args),
            op::PUT_MAP_ASSOC | op::PUT_MAP_EXACT | op::HAS_MAP_FIELDS | op::GET_MAP_ELEMENTS => self.map(state, op_index, op.opcode, args),
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

    fn take_need(&mut self, state: &mut State, op_index: u32, need: Need) {
        let left = &mut state.need;
        let is_proved = left.words >= need.words && left.floats >= need.floats && left.funs >= need.funs;
        *left = Need {
            words: left.words.saturating_sub(need.words),
            floats: left.floats.saturating_sub(need.floats),
            funs: left.funs.saturating_sub(need.funs),
        };
        self.prove(op_index, is_proved);
    }

    fn call(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
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
                    self.fail(op_index, format!("it passes {arity} arguments to a function of {}", self.file.code.functions[callee].arity));
                    return STOPS;
                }
                if self.facts.is_none() {
                    let arguments = (0..arity).map(|x| self.type_of_value(state, state.value_of(Reg::X(x as u16))).restrict(VALUE_KINDS));
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

    fn is_setelement(&self, opcode: u8, args: &[Arg]) -> bool {
        opcode == op::CALL_EXT && self.import_is(args[1], "erlang", "setelement", 3)
    }

    fn import_is(&self, arg: Arg, module: &str, function: &str, arity: u8) -> bool {
        let import = self.file.import(number(arg) as u32);
        import.arity == arity && self.file.atom(import.module) == module && self.file.atom(import.function) == function
    }

    /// The result of an imported function; `None` when it never returns.
    fn call_import(&mut self, state: &State, arity: usize, import: Arg) -> Option<Type> {
        let import = self.file.import(number(import) as u32);
        let (module, function) = (self.file.atom(import.module), self.file.atom(import.function));
        if !self.natives.is_bif(module, function, import.arity) {
            return Some(Type::ANY);
        }
        if results::never_returns(module, function, import.arity) {
            return None;
        }
        let arguments: Vec<Type> = (0..arity).map(|x| self.type_of_value(state, state.value_of(Reg::X(x as u16)))).collect();
        if (module, function, arity) == ("erlang", "setelement", 3) {
            let size = self.types.min_size(arguments[1]);
            let exact = self.types.exact_size(arguments[1]).is_some();
            return Some(self.types.sized_tuple(size, exact));
        }
        Some(results::result(&mut self.types, module, function, &arguments))
    }

    fn bif(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
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
        match live {
            // It may fail after it collected.
            Some(live) => self.collect(state, op_index, live),
            None if opcode != op::BIF0 && fail.label().is_none() => self.clear_frame(state),
            None => {}
        }
        if opcode != op::BIF0 {
            self.branch_plain(state, fail);
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
    fn bif_element(&mut self, state: &mut State, position: Arg, tuple: ValueId, ty: Type) -> (Type, Def) {
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

    fn frame(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
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
                if !self.expect_frame(op_index, state, Frame::Words(words.saturating_add(remaining).min(u32::MAX as usize) as u32)) {
                    return STOPS;
                }
                let dropped: Vec<ValueId> = state.y.drain(..words).collect();
                for value in dropped {
                    if let Some(label) = catch_label(state, value) {
                        forget_handler(state, label);
                    }
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

    fn leave_frame(&mut self, state: &mut State, _op_index: u32) {
        state.frame = Frame::None;
        state.y.clear();
        state.site = crate::loader::check::state::NO_SITE;
        state.handlers.clear();
        self.handlers_told = false;
    }

    fn receive(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
        match opcode {
            op::SEND => {
                self.expect_live(op_index, state, 2);
                let message = state.value_of(Reg::X(1));
                self.raise(state);
                self.safe_point(state);
                state.x = vec![message];
                if message == DEAD {
                    state.x.clear();
                }
                GOES_ON
            }
            op::LOOP_REC => {
                self.safe_point(state);
                state.has_message = false;
                self.branch_plain(state, args[0]);
                self.write_type(state, op_index, args[1], Type::ANY);
                state.has_message = true;
                GOES_ON
            }
            op::REMOVE_MESSAGE => {
                self.prove(op_index, state.has_message);
                if !state.has_message {
                    self.raise(state);
                    self.clear_frame(state);
                }
                state.has_message = false;
                GOES_ON
            }
            op::LOOP_REC_END => {
                self.prove(op_index, state.has_message);
                self.raise(state);
                self.safe_point(state);
                (state.has_message, state.floats) = (false, 0);
                state.keep_x(0);
                self.branch_plain(state, args[0]);
                STOPS
            }
            op::WAIT | op::WAIT_TIMEOUT => {
                self.raise(state);
                self.safe_point(state);
                // A process that waits keeps no X register; the time operand of `wait_timeout` stands there again after it woke up, but is
                // not read while the timer runs.
                let live = match (opcode, args.last().and_then(|arg| arg.reg())) {
                    (op::WAIT_TIMEOUT, Some(Reg::X(x))) => usize::from(x) + 1,
                    _ => 0,
                };
                state.keep_x(0);
                for x in 0..live {
                    self.write_type(state, op_index, Arg::X(x as u16), Type::ANY);
                }
                (state.has_message, state.floats) = (false, 0);
                self.branch_plain(state, args[0]);
                state.keep_x(0);
                opcode == op::WAIT_TIMEOUT
            }
            op::TIMEOUT => GOES_ON,
            op::RECV_MARKER_RESERVE => {
                self.write_type(state, op_index, args[0], Type::of(kinds::MARKER));
                GOES_ON
            }
            op::RECV_MARKER_BIND => {
                self.prove_kinds(state, op_index, args[0], kinds::MARKER);
                if !self.type_of(state, args[0]).is_within(kinds::MARKER) {
                    self.raise(state);
                    self.clear_frame(state);
                }
                GOES_ON
            }
            // recv_marker_clear, recv_marker_use, recv_mark, recv_set
            _ => GOES_ON,
        }
    }

    fn exception(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
        match opcode {
            op::CATCH | op::TRY => {
                let Some(label) = args[1].label() else { return STOPS };
                let wanted = if opcode == op::CATCH { op::CATCH_END } else { op::TRY_CASE };
                let first = self.file.code.handler_op(label);
                if !first.is_some_and(|op| op.opcode == wanted && self.file.code.args(op)[0].reg() == args[0].reg()) {
                    self.fail(op_index, "its handler does not begin with the instruction that ends it");
                    return STOPS;
                }
                self.write_type(state, op_index, args[0], Type::catch(label));
                if !state.handlers.contains(&label) {
                    state.handlers.push(label);
                    state.handlers.sort_unstable();
                }
                GOES_ON
            }
            op::CATCH_END => {
                self.prove_kinds(state, op_index, args[0], kinds::CATCH | kinds::CAUGHT);
                self.expect_live(op_index, state, 1);
                self.raise_unless(state, args[0], kinds::CATCH | kinds::CAUGHT);
                self.write_type(state, op_index, args[0], Type::of(kinds::NIL));
                self.safe_point(state);
                state.x.clear();
                self.write_type(state, op_index, Arg::X(0), Type::ANY);
                GOES_ON
            }
            op::TRY_END => {
                self.prove_kinds(state, op_index, args[0], kinds::CATCH);
                self.raise_unless(state, args[0], kinds::CATCH);
                self.write_type(state, op_index, args[0], Type::of(kinds::NIL));
                GOES_ON
            }
            op::TRY_CASE => {
                self.prove_kinds(state, op_index, args[0], kinds::CAUGHT);
                self.raise_unless(state, args[0], kinds::CAUGHT);
                self.write_type(state, op_index, args[0], Type::of(kinds::NIL));
                state.x.clear();
                for (x, kinds) in [(0, kinds::ATOM), (1, kinds::ANY), (2, kinds::TRACE)] {
                    self.write_type(state, op_index, Arg::X(x), Type::of(kinds));
                }
                GOES_ON
            }
            op::RAISE => {
                self.prove_kinds(state, op_index, args[0], kinds::TRACE);
                self.raise(state);
                self.clear_frame(state);
                STOPS
            }
            op::RAW_RAISE => {
                self.expect_live(op_index, state, 3);
                self.prove_kinds(state, op_index, Arg::X(2), kinds::TRACE);
                self.raise(state);
                self.safe_point(state);
                state.x.clear();
                self.write_type(state, op_index, Arg::X(0), Type::of(kinds::ATOM));
                GOES_ON
            }
            op::BUILD_STACKTRACE => {
                self.expect_live(op_index, state, 1);
                self.prove_kinds(state, op_index, Arg::X(0), kinds::TRACE);
                self.safe_point(state);
                state.x.clear();
                self.write_type(state, op_index, Arg::X(0), Type::of(kinds::LIST));
                GOES_ON
            }
            // try_case_end
            _ => {
                self.raise(state);
                self.clear_frame(state);
                STOPS
            }
        }
    }

    /// The twin raises when the Y register holds something else.
    fn raise_unless(&mut self, state: &mut State, register: Arg, mask: u32) {
        let value = register.reg().map_or(DEAD, |register| state.value_of(register));
        if value == UNINIT || !self.type_of_value(state, value).is_within(mask) {
            self.raise(state);
            self.clear_frame(state);
        }
    }

    fn data(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
        match opcode {
            op::MOVE => {
                let value = self.value(state, op_index, args[0]);
                self.write(state, op_index, args[1], value);
            }
            op::SWAP => {
                let (a, b) = (self.value(state, op_index, args[0]), self.value(state, op_index, args[1]));
                let label = [a, b].map(|value| catch_label(state, value));
                self.write(state, op_index, args[0], b);
                self.write(state, op_index, args[1], a);
                if label != [None, None] {
                    self.fail(op_index, "it moves a catch word");
                }
            }
            op::GET_LIST | op::GET_HD | op::GET_TL => {
                self.prove_kinds(state, op_index, args[0], kinds::CONS);
                let source = self.value(state, op_index, args[0]);
                let ty = self.type_of_value(state, source).restrict(kinds::CONS);
                if ty.is_none() {
                    self.raise(state);
                    return STOPS;
                }
                if !self.type_of_value(state, source).is_within(kinds::CONS) {
                    self.raise(state);
                    self.clear_frame(state);
                }
                self.learn(state, source, ty);
                for dst in &args[1..] {
                    self.write_type(state, op_index, *dst, Type::ANY);
                }
            }
            op::GET_TUPLE_ELEMENT => return self.get_tuple_element(state, op_index, args),
            op::SET_TUPLE_ELEMENT => self.set_tuple_element(state, op_index, args),
            op::PUT_LIST => {
                self.take_need(state, op_index, Need { words: CONS_WORDS, ..Need::default() });
                self.write_type(state, op_index, args[2], Type::of(kinds::CONS));
            }
            op::PUT_TUPLE2 => {
                let elements = self.file.code.list_of(args[1]);
                self.take_need(state, op_index, Need { words: elements.len() as u32 + 1, ..Need::default() });
                let types = self.list_types(state, op_index, elements);
                let ty = self.types.tuple(types.into_iter(), elements.len() as u32);
                let value = state.add(Value { is_fresh: true, ..Value::of(ty) });
                self.write(state, op_index, args[0], value);
            }
            op::UPDATE_RECORD => self.update_record(state, op_index, args),
            op::MAKE_FUN2 => {
                let lambda = self.file.tables.lambdas[number(args[0])];
                self.expect_live(op_index, state, usize::from(lambda.free_count));
                self.safe_point(state);
                state.keep_x(usize::from(lambda.free_count));
                self.write_type(state, op_index, Arg::X(0), Type::fun(u16::from(lambda.arity - lambda.free_count)));
            }
            // make_fun3
            _ => {
                let lambda = self.file.tables.lambdas[number(args[0])];
                let environment = self.file.code.list_of(args[2]);
                if environment.len() != usize::from(lambda.free_count) {
                    self.fail(op_index, "its environment has another size than the fun table says");
                }
                self.list_types(state, op_index, environment);
                self.take_need(state, op_index, Need { words: environment.len() as u32, floats: 0, funs: 1 });
                self.write_type(state, op_index, args[1], Type::fun(u16::from(lambda.arity - lambda.free_count)));
            }
        }
        GOES_ON
    }

    /// Reads the operands of a list that holds sources.
    pub(super) fn list_types(&mut self, state: &mut State, op_index: u32, list: &[Arg]) -> Vec<Type> {
        let mut types = Vec::with_capacity(list.len());
        for arg in list {
            match arg {
                Arg::Label(_) | Arg::Unsigned(_) | Arg::F(_) | Arg::Alloc { .. } | Arg::List(_) => {
                    self.fail(op_index, format!("{arg:?} stands where a term is expected"));
                }
                _ => {}
            }
            if let Some(reg) = arg.reg() {
                self.read(op_index, state, reg);
            }
            types.push(self.type_of(state, *arg).restrict(VALUE_KINDS));
        }
        types
    }

    fn get_tuple_element(&mut self, state: &mut State, op_index: u32, args: &[Arg]) -> FallsThrough {
        let position = number(args[1]) as u32;
        let source = self.value(state, op_index, args[0]);
        let ty = self.type_of_value(state, source);
        let size = self.types.min_size(ty);
        let is_proved = ty.kinds == kinds::TUPLE && size > position;
        self.prove(op_index, is_proved);
        if let Some(facts) = &mut self.facts {
            facts.ops[op_index as usize].min_size = size.min(u32::from(u16::MAX)) as u16;
        }
        let mut known = ty;
        if !is_proved {
            self.raise(state);
            self.clear_frame(state);
            known = self.types.with_min_size(ty.restrict(kinds::TUPLE), position + 1);
            if known.is_none() {
                return STOPS;
            }
            self.learn(state, source, known);
        }
        let element = self.types.element(known, position as usize);
        if element.is_none() {
            return STOPS;
        }
        // A register that is read into itself loses the tuple, not what is known of the element.
        let value = state.add(Value { def: Def::Element(source, position), ..Value::of(element) });
        self.write(state, op_index, args[2], value);
        GOES_ON
    }

    fn set_tuple_element(&mut self, state: &mut State, op_index: u32, args: &[Arg]) {
        let position = number(args[2]) as u32;
        let tuple = self.value(state, op_index, args[1]);
        let ty = self.type_of_value(state, tuple);
        let is_fresh = state.values.get(tuple as usize).is_some_and(|value| value.is_fresh);
        let is_sized = ty.kinds == kinds::TUPLE && self.types.min_size(ty) > position;
        self.prove(op_index, is_fresh && is_sized);
        if let Some(facts) = &mut self.facts {
            facts.ops[op_index as usize].is_fresh = is_fresh;
        }
        if !is_fresh || !is_sized {
            self.raise(state);
            self.safe_point(state);
            let known = self.types.with_min_size(ty.restrict(kinds::TUPLE), position + 1);
            let known = self.types.flat(known);
            // The twin copies into the register.
            self.write_type(state, op_index, args[1], known);
            return;
        }
        // The tuple may stand inside of others: what was known of any element is gone.
        for index in 0..state.values.len() {
            let flat = self.types.flat(state.values[index].ty);
            state.values[index].ty = flat;
            state.values[index].def = Def::None;
        }
        self.handlers_told = false;
    }

    /// hint, size, src, dst, [position, value, …]: positions count from 1.
    fn update_record(&mut self, state: &mut State, op_index: u32, args: &[Arg]) {
        let size = number(args[1]) as u32;
        let updates = self.file.code.list_of(args[4]);
        let source = self.value(state, op_index, args[2]);
        let ty = self.type_of_value(state, source);
        let is_sized = ty.kinds == kinds::TUPLE && self.types.exact_size(ty) == Some(size);
        let is_fresh = state.values.get(source as usize).is_some_and(|value| value.is_fresh);
        self.prove(op_index, is_sized);
        if let Some(facts) = &mut self.facts {
            facts.ops[op_index as usize].is_fresh = is_fresh;
        }
        if !is_sized {
            self.raise(state);
            self.clear_frame(state);
        }
        let known = self.types.with_exact_size(ty.restrict(kinds::TUPLE), size);
        let mut elements: Vec<Type> = (0..size.min(64)).map(|index| self.types.element(known, index as usize)).collect();
        for update in updates.chunks(2) {
            match *update {
                [Arg::Int(position) , value] if (1..=i64::from(size)).contains(&position) => {
                    let types = self.list_types(state, op_index, &[value]);
                    if let Some(element) = elements.get_mut(position as usize - 1) {
                        *element = types[0];
                    }
                }
                [Arg::Unsigned(position), value] if (1..=u64::from(size)).contains(&position) => {
                    let types = self.list_types(state, op_index, &[value]);
                    if let Some(element) = elements.get_mut(position as usize - 1) {
                        *element = types[0];
                    }
                }
                _ => self.fail(op_index, "it updates an element that is not there"),
            }
        }
        self.take_need_or_collect(state, op_index, size + 1);
        if is_fresh {
            // It may have been written in place, so nothing is left of what was known of it.
            for index in 0..state.values.len() {
                let flat = self.types.flat(state.values[index].ty);
                state.values[index].ty = flat;
                state.values[index].def = Def::None;
            }
        }
        let ty = self.types.tuple(elements.into_iter(), size);
        let value = state.add(Value { is_fresh: !is_fresh, ..Value::of(ty) });
        self.write(state, op_index, args[3], value);
    }

    /// `update_record` asks for heap by itself where none was promised.
    fn take_need_or_collect(&mut self, state: &mut State, op_index: u32, words: u32) {
        self.take_need(state, op_index, Need { words, ..Need::default() });
    }

    fn float(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
        let bit = |arg: Arg| match arg {
            Arg::F(register @ 0..=63) => 1u64 << register,
            _ => 0,
        };
        let holds = |state: &State, arg: Arg| state.floats & bit(arg) != 0;
        match opcode {
            op::FMOVE => match (args[0], args[1]) {
                (source @ Arg::F(_), dst) if dst.reg().is_some() => {
                    self.prove(op_index, holds(state, source));
                    self.take_need(state, op_index, Need { floats: 1, ..Need::default() });
                    self.write_type(state, op_index, dst, Type::of(kinds::FLOAT));
                }
                (source, dst @ Arg::F(_)) => {
                    self.list_types(state, op_index, &[source]);
                    let ty = self.type_of(state, source);
                    self.prove(op_index, ty.is_within(kinds::FLOAT));
                    if !ty.is_within(kinds::FLOAT) {
                        self.raise(state);
                        self.clear_frame(state);
                    }
                    state.floats |= bit(dst);
                }
                _ => self.fail(op_index, "it moves neither from nor to a float register"),
            },
            op::FCONV => {
                self.raise(state);
                self.clear_frame(state);
                state.floats |= bit(args[1]);
            }
            op::FCLEARERROR => {}
            op::FCHECKERROR => {
                self.branch_plain(state, args[0]);
                self.clear_frame(state);
            }
            _ => {
                let sources = &args[1..args.len() - 1];
                let is_proved = sources.iter().all(|arg| holds(state, *arg));
                self.prove(op_index, is_proved);
                self.branch_plain(state, args[0]);
                self.clear_frame(state);
                state.floats |= bit(args[args.len() - 1]);
            }
        }
        GOES_ON
    }
}

/// What may stand in an X register or a term: everything but catch words.
pub(super) const VALUE_KINDS: u32 = kinds::ANY;

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
fn catch_label(state: &State, value: ValueId) -> Option<u32> {
    let ty = state.values.get(value as usize)?.ty;
    (ty.kinds == kinds::CATCH && ty.atom != crate::loader::check::types::ANY_ATOM).then_some(ty.atom)
}

/// A catch word is gone: its handler is out of reach unless another Y register still holds one like it, or may.
fn forget_handler(state: &mut State, label: u32) {
    let holds = |value: &ValueId| {
        let Some(value) = state.values.get(*value as usize) else { return false };
        value.ty.may_be(kinds::CATCH) && (value.ty.atom == label || value.ty.atom == crate::loader::check::types::ANY_ATOM)
    };
    if !state.y.iter().any(holds) {
        state.handlers.retain(|handler| *handler != label);
    }
}

const _: () = assert!(ANY_ARITY as u32 > crate::loader::tables::MAX_ARITY);
