//! Messages and exceptions.

use crate::isa::generic::op;
use crate::loader::check::flow::Flow;
use crate::loader::check::state::{DEAD, State, UNINIT};
use crate::loader::check::transfer::{FallsThrough, GOES_ON, STOPS};
use crate::loader::check::types::{Type, kinds};
use crate::loader::ir::{Arg, Reg};

impl Flow<'_> {
    pub(super) fn receive(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
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

    pub(super) fn exception(&mut self, state: &mut State, op_index: u32, opcode: u8, args: &[Arg]) -> FallsThrough {
        match opcode {
            op::CATCH | op::TRY => {
                let Some(label) = args[1].label() else {
                    self.fail(op_index, "it has no handler");
                    return STOPS;
                };
                if self.file.code.label_op(label).and_then(|op| self.file.code.function_at(op)) != Some(self.function) {
                    self.fail(op_index, "its handler lies in another function");
                    return STOPS;
                }
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
    pub(super) fn raise_unless(&mut self, state: &mut State, register: Arg, mask: u32) {
        let value = register.reg().map_or(DEAD, |register| state.value_of(register));
        if value == UNINIT || !self.type_of_value(state, value).is_within(mask) {
            self.raise(state);
            self.clear_frame(state);
        }
    }
}
