//! What a BIF may use (`Call`) and how it may end (`BifResult`).

use core::ops::{Deref, DerefMut};

use crate::atom::{Atom, am};
use crate::heap::Heap;
use crate::process::Process;
use crate::system::System;
use crate::term::{Export, Term};

/// A value, or why there is none (yet).
pub type BifResult<'c> = Result<Term<'c>, Stop<'c>>;

/// How a BIF ends without a value.
#[derive(Copy, Clone)]
pub enum Stop<'c> {
    /// `error:Reason`
    Error(Term<'c>),
    /// `error:Reason` whose `error_info` carries `cause => Cause`, which the module's `format_error` reads.
    ErrorCause {
        reason: Term<'c>,
        cause: Term<'c>,
    },
    Throw(Term<'c>),
    Exit(Term<'c>),
    /// Class, reason and stack trace as `erlang:raise/3` takes them (already checked).
    Raise {
        class: Atom,
        reason: Term<'c>,
        stacktrace: Term<'c>,
    },
    /// `error:Reason` with the arguments to show in the caller's frame (`erlang:error/2`): a list, or `none`.
    ErrorArgs {
        reason: Term<'c>,
        args: Term<'c>,
        options: Term<'c>,
    },
    /// Go on in `export` with `Call::next_args`; its value is this BIF's value.
    Trap(&'static Export),
    /// Go on in `Module:Function` with `Call::next_args`; `undef` through `error_handler` when it does not exist.
    Apply {
        module: Term<'c>,
        function: Term<'c>,
    },
    /// Go on in this fun with `Call::next_args`.
    ApplyFun(Term<'c>),
    /// Out of reductions: run this BIF later with `Call::next_args` for arguments.
    Again,
    /// Sleep until a signal or timer comes, then run this BIF with `Call::next_args`.
    Wait,
    /// Collect garbage (full when true), then this value is the result.
    Collect(bool, Term<'c>),
    /// Give up the rest of the time slice; then this value is the result.
    Yield(Term<'c>),
    /// Drop the stack and wait for a message, then call `Call::next_args` = module, function, arguments list.
    Hibernate,
    /// The process ends at once with this reason, past all handlers (an exit signal to itself took effect).
    Exited(Term<'c>),
    /// End the machine with this exit code.
    Halt(i32),
}

impl Stop<'_> {
    pub const BADARG: Self = Stop::Error(Term::atom(am::BADARG));
    pub const BADARITH: Self = Stop::Error(Term::atom(am::BADARITH));
    pub const SYSTEM_LIMIT: Self = Stop::Error(Term::atom(am::SYSTEM_LIMIT));
    pub const UNDEF: Self = Stop::Error(Term::atom(am::UNDEF));
}

/// One call of a BIF. Dereferences to the heap that its terms are built on.
pub struct Call<'c> {
    heap: Heap<'c>,
    process: &'c mut Process,
    system: &'c System,
    next_args: Vec<Term<'c>>,
    reductions: i64,
}

impl<'c> Call<'c> {
    /// Made by the interpreter and by tests. `heap` is the process's.
    pub fn new(heap: Heap<'c>, process: &'c mut Process, system: &'c System, reductions: i64) -> Self {
        Call { heap, process, system, next_args: Vec::new(), reductions }
    }
    pub fn process(&mut self) -> &mut Process {
        self.process
    }
    /// Heap and process, for those who need both at once.
    pub fn parts(&mut self) -> (&mut Heap<'c>, &mut Process) {
        (&mut self.heap, self.process)
    }
    pub fn system(&self) -> &'c System {
        self.system
    }
    /// Counts `count` reductions; false when the time slice is used up and a long BIF should go on by `again`.
    pub fn bump(&mut self, count: i64) -> bool {
        self.reductions -= count;
        self.reductions > 0
    }
    pub fn reductions_left(&self) -> i64 {
        self.reductions
    }
    /// Ends the call: reductions left, and arguments for what comes next.
    pub fn finish(self) -> (i64, Vec<Term<'c>>) {
        (self.reductions, self.next_args)
    }
    pub fn next_args(&self) -> &[Term<'c>] {
        &self.next_args
    }
    /// Run this BIF again with `args` when the process is next scheduled.
    pub fn again(&mut self, args: &[Term<'c>]) -> Stop<'c> {
        self.next_args = args.to_vec();
        Stop::Again
    }
    /// Sleep, then run this BIF again with `args`.
    pub fn wait(&mut self, args: &[Term<'c>]) -> Stop<'c> {
        self.next_args = args.to_vec();
        Stop::Wait
    }
    pub fn trap(&mut self, export: &'static Export, args: &[Term<'c>]) -> Stop<'c> {
        self.next_args = args.to_vec();
        Stop::Trap(export)
    }
    pub fn apply(&mut self, module: Term<'c>, function: Term<'c>, args: &[Term<'c>]) -> Stop<'c> {
        self.next_args = args.to_vec();
        Stop::Apply { module, function }
    }
    pub fn apply_fun(&mut self, fun: Term<'c>, args: &[Term<'c>]) -> Stop<'c> {
        self.next_args = args.to_vec();
        Stop::ApplyFun(fun)
    }
    /// `error:{Name, Term}`, as `{badmap, M}` and `{badkey, K}`.
    pub fn error_with(&mut self, name: Atom, term: Term<'c>) -> Stop<'c> {
        Stop::Error(self.heap.tuple(&[Term::atom(name), term]))
    }
    /// `error:badarg` with a cause that `erl_*_errors:format_error` knows.
    pub fn badarg_cause(&mut self, cause: Atom) -> Stop<'c> {
        Stop::ErrorCause { reason: Term::atom(am::BADARG), cause: Term::atom(cause) }
    }
}

impl<'c> Deref for Call<'c> {
    type Target = Heap<'c>;
    fn deref(&self) -> &Heap<'c> {
        &self.heap
    }
}

impl DerefMut for Call<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.heap
    }
}
