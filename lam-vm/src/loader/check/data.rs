//! Moving, taking apart, building: lists, tuples, funs, floats.

use crate::isa::generic::op;
use crate::loader::check::flow::Flow;
use crate::loader::check::state::{Def, Need, State, Value};
use crate::loader::check::transfer::{FallsThrough, GOES_ON, STOPS, catch_label, number};
use crate::loader::check::types::{Type, kinds};
use crate::loader::ir::Arg;

/// Words of a cons.
const CONS_WORDS: u32 = 2;

impl Flow<'_> {
    pub(super) fn data(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
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
            types.push(self.type_of(state, *arg).restrict(kinds::ANY));
        }
        types
    }

    pub(super) fn get_tuple_element(&mut self, state: &mut State, op_index: u32, args: &[Arg]) -> FallsThrough {
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

    pub(super) fn set_tuple_element(&mut self, state: &mut State, op_index: u32, args: &[Arg]) {
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
    pub(super) fn update_record(&mut self, state: &mut State, op_index: u32, args: &[Arg]) {
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
                [Arg::Int(position), value] if (1..=i64::from(size)).contains(&position) => {
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
        self.take_need(state, op_index, Need { words: size + 1, ..Need::default() });
        if is_fresh {
            // It may have been written in place, so nothing is left of what was known of it.
            for index in 0..state.values.len() {
                let flat = self.types.flat(state.values[index].ty);
                state.values[index].ty = flat;
                state.values[index].def = Def::None;
            }
            self.handlers_told = false;
        }
        let ty = self.types.tuple(elements.into_iter(), size);
        let value = state.add(Value { is_fresh: !is_fresh, ..Value::of(ty) });
        self.write(state, op_index, args[3], value);
    }

    pub(super) fn float(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
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
