//! What may run unchecked: one forward flow analysis over a module, and its result.
//!
//! The BEAM's instructions trust the compiler. Here an instruction whose trust is proved runs as it is; every other one gets its *checked
//! twin*, which tests first and raises when the test says no. Nothing that a compiler emits is refused.
//!
//! # What is trusted
//!
//! | instruction | unchecked, it trusts that | the twin (`isa::twins`), when not |
//! |---|---|---|
//! | `get_tuple_element` | the source is a tuple with more elements than the position | raises `badarg` |
//! | `set_tuple_element` | the same, and the tuple was built since the last safe point | raises `badarg`; copies the tuple, writes there, and leaves the copy in the register |
//! | `get_list`, `get_hd`, `get_tl` | the source is a cons | raises `badarg` |
//! | `bs_start_match4` with `resume` | the source is a match context | raises `badarg`, or starts one |
//! | `bs_get_*`, `bs_skip_*`, `bs_test_*`, `bs_match*`, `bs_set_position` | the context is a match context | raises `badarg` |
//! | `put_list`, `put_tuple2`, `fmove` from a float register | the heap need was asked for (the register holds a float) | takes a heap fragment |
//! | `try_case` | the Y register holds the unwinder's mark | raises `badarg` |
//! | `allocate`, `allocate_heap` | every Y register is written before the collector, an exception or a reader sees it | clears the frame (as `allocate_zero`) |
//!
//! Others look for themselves, whatever was proved, for it costs them nothing; `Facts::is_checked` tells of them too:
//!
//! | instruction | looks whether | when not |
//! |---|---|---|
//! | `test_arity`, `get_map_elements`, `has_map_fields`, `is_…`, `select_…` | the source is a tuple, a map, a native record | jumps to fail |
//! | `put_map_assoc`, `put_map_exact`, `update_record` | the source is a map; a tuple of exactly that size | raises `{badmap, Source}`, `{badrecord, Source}` |
//! | `bs_start_match3`, `bs_start_match4` with `no_fail` | the source is a bitstring or match context | jumps to fail, raises `badarg` |
//! | commands of `bs_match` | the bits are there, whatever was ensured | jumps to fail |
//! | `bs_put_…` | a binary under construction has room | raises `badarg` |
//! | `fadd` … `fdiv`, `fmove` to a float register | the result is finite; the source is a float | raises `badarith` |
//! | `raise`, `raw_raise`, `build_stacktrace` | the trace operand (X2, X0) is a raw trace | an empty trace is taken |
//! | `call_fun2` with `safe` or an index | it is a fun of this arity | as `unsafe` |
//! | `try_end`, `catch_end`, `recv_marker_bind`, `remove_message`, `loop_rec_end` | there is something to end, bind, remove | does nothing |
//!
//! Everything else trusts nothing. Size operands of bit syntax, positions, arguments of BIFs, funs and `apply` are always tested. Hints
//! (`Type` chunk, `ensure_…`, `inplace`) never prove anything; `inplace` may be followed where `Facts::is_fresh` says so.
//!
//! # What is refused
//!
//! What no compiler emits and no twin can mend: a frame that is not what `deallocate`, `trim`, `return`, a call or a Y register needs; an X
//! register that holds nothing where it is read or declared live; jumps between functions or to nowhere; a call that may return, without a
//! frame (it would push its return word where nobody looked for room); a catch word moved by `trim`, or whose handler is elsewhere; a loop
//! without a call (it would never count a reduction; `receive` loops by `loop_rec_end` and `wait`, which let others run); lists of
//! the wrong shape, and some of more operands than the specific instructions hold.
//!
//! # After the analysis
//!
//! - The unwinder takes the first catch word from y0 up, puts its mark (an immediate of its own, which nothing else makes) in its place, and
//!   enters the handler with class, reason and raw trace in X0, X1, X2. So `catch_end` sees by the Y register how it was entered.
//! - `loop_rec`, `remove_message` and `bs_private_append` never collect; `remove_message` leaves the promised heap alone.
//! - `recv_…` and BIFs with a fail label never raise; an instruction without `live` that is no call never collects.
//! - `erlang:load_nif` works only for modules that import it.
//! - `erlang:error/1,2,3`, `exit/1` and `throw/1` never return: calls of them leave the frame alone, whatever frame they name.
//! - A process that sleeps in `wait_timeout xN` wakes with `[]` in X0 … XN; the time is read only when no timer runs.
//! - Instructions with a fail label and `live` fail before they collect; only `gc_bif…` may fail after it.
//! - Instructions that nothing reaches (`Facts::is_reached`) are never executed, and nothing is said about them: an `unreached` stands in
//!   their place, which raises `lam_unreached`.
//! - What an instruction wrote before it failed (`get_map_elements`, `bs_match`) is seen where it jumps to.

mod bits;
mod calls;
mod control;
mod data;
mod flow;
mod literal;
mod loops;
mod results;
mod select;
mod state;
mod transfer;
mod types;

use crate::loader::LoadError;
use crate::loader::beam_file::BeamFile;
use crate::loader::ir::{Code, Op};

pub use results::never_returns;
pub use state::Frame;
pub use types::kinds;

/// What the loader must know of the machine's natives.
pub trait Natives {
    /// The machine implements this function itself, whatever the module's code says.
    fn is_bif(&self, module: &str, function: &str, arity: u8) -> bool;
}

/// No natives but the BIFs of `erlang`.
pub struct ErlangOnly;

impl Natives for ErlangOnly {
    fn is_bif(&self, module: &str, _: &str, _: u8) -> bool {
        module == "erlang"
    }
}

/// The kinds an operand may be of: bits of `kinds`, `0` where the operand is no register.
pub type ArgKinds = u32;

/// What is proved of a module's code.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    ops: Vec<OpFacts>,
    /// As long as `Code::args`, with the same indexes.
    args: Vec<ArgKinds>,
}

#[derive(Clone, Copy, Debug, Default)]
struct OpFacts {
    is_reached: bool,
    is_checked: bool,
    is_fresh: bool,
    live_x: u16,
    /// Words of the frame + 1; 0 for none.
    frame: u16,
    /// For tuples read or updated: at least so many elements.
    min_size: u16,
}

impl Facts {
    fn new(code: &Code, zeroing: &[bool]) -> Facts {
        let ops = zeroing.iter().map(|is_checked| OpFacts { is_checked: *is_checked, ..OpFacts::default() }).collect();
        Facts { ops, args: vec![0; code.args.len()] }
    }

    /// The instruction must be its checked twin.
    pub fn is_checked(&self, op_index: usize) -> bool {
        self.ops[op_index].is_checked
    }

    /// Some way leads to the instruction.
    pub fn is_reached(&self, op_index: usize) -> bool {
        self.ops[op_index].is_reached
    }

    /// `set_tuple_element`, `update_record`: the tuple was built since the last safe point, so it may be written in place.
    pub fn is_fresh(&self, op_index: usize) -> bool {
        self.ops[op_index].is_fresh
    }

    /// X registers, from 0, that hold something before the instruction.
    pub fn live_x(&self, op_index: usize) -> u16 {
        self.ops[op_index].live_x
    }

    /// Words of the frame before the instruction; `None` without one.
    pub fn frame_words(&self, op_index: usize) -> Option<u16> {
        self.ops[op_index].frame.checked_sub(1)
    }

    /// For `get_tuple_element` and `test_arity`: how many elements the tuple has at least.
    pub fn min_size(&self, op_index: usize) -> u16 {
        self.ops[op_index].min_size
    }

    /// The kinds that a register operand may be of before the instruction.
    pub fn arg_kinds(&self, op: Op, position: usize) -> ArgKinds {
        self.args[op.args.range().start + position]
    }

    /// Instructions that are reached and do something, and how many of them are checked.
    pub fn count(&self, code: &Code) -> (usize, usize) {
        use crate::isa::generic::op;
        let counted = code
            .ops
            .iter()
            .zip(&self.ops)
            .filter(|(op, facts)| facts.is_reached && !matches!(op.opcode, op::LABEL | op::LINE | op::FUNC_INFO));
        counted.fold((0, 0), |(all, checked), (_, facts)| (all + 1, checked + usize::from(facts.is_checked)))
    }
}

/// Analyses a module.
pub fn check(file: &BeamFile, natives: &dyn Natives) -> Result<Facts, LoadError> {
    flow::Flow::new(file, natives).run()
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
