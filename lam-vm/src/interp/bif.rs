//! Calling BIFs, as instructions and as functions.

use super::{Control, Exit, Machine, Outcome, Scheduler, Step, calls, funs, raise, slot_a, slot_b, slot_c};
use crate::atom::{Atom, am};
use crate::bif::{BifResult, Call, Row, Stop, bif_by_id};
use crate::term::Term;
use crate::term::compare::is_plain_immediate;
use crate::term::word::{self, kind};

/// The pid of the running process to slot a.
#[inline(always)]
pub unsafe fn self_(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the scheduler runs a process.
    unsafe {
        let pid = (*(*m.s).process).pid;
        m.set::<0>(slot_a(w), pid);
    }
    Step::Next
}

/// Runs one BIF with these arguments. The terms live until the next collection, which no BIF causes.
unsafe fn run<'c>(s: &mut Scheduler, row: &Row, args: &[Term<'c>]) -> (BifResult<'c>, Vec<Term<'c>>) {
    // SAFETY: the process is ours while it runs; `Call` and `Heap` name the same allocator, and neither moves it.
    unsafe {
        let heap = s.heap();
        let process = &mut *s.process;
        // Where it is, for `process_info(self(), current_function)` and its kin.
        process.pc = s.pc;
        let mut call = Call::new(heap, process, s.system(), s.reductions);
        let result = (row.function)(&mut call, args);
        let (reductions, next_args) = call.finish();
        s.reductions = reductions;
        (result, next_args)
    }
}

/// The first X registers as terms, in place: a BIF does not write them.
unsafe fn x_args<'c>(s: &Scheduler, arity: usize) -> &'c [Term<'c>] {
    // SAFETY: the loader checked that these X registers are live; `Term` is a transparent word.
    unsafe { core::slice::from_raw_parts(s.x.as_ptr().cast(), arity) }
}

/// `call_bif`: arity a, number b, ext 1 the entry; the value goes to x(0).
pub unsafe fn call_bif(s: &mut Scheduler) -> Control {
    let next = s.pc.wrapping_add(2);
    // SAFETY: the loader checked arity and number.
    unsafe { call_common(s, Some(next)) }
}

/// As `call_bif`, in tail position (also an export entry's stub): the value is returned to the caller.
pub unsafe fn call_bif_only(s: &mut Scheduler) -> Control {
    // SAFETY: as `call_bif`.
    unsafe { call_common(s, None) }
}

unsafe fn call_common(s: &mut Scheduler, next: Option<*const u64>) -> Control {
    // SAFETY: as `call_bif`; E is at the return word in tail position.
    unsafe {
        let w = s.word();
        let arity = slot_a(w);
        let row = bif_by_id(slot_b(w));
        super::coverage::bif(slot_b(w));
        let args = x_args(s, arity);
        let (result, next_args) = run(s, row, args);
        s.reductions -= 1;
        match result {
            Ok(value) => {
                s.x[0] = value.word();
                proceed(s, next)
            }
            Err(stop) => handle_stop(s, stop, &next_args, next, row, args),
        }
    }
}

/// Goes on after a BIF whose value is in x(0): at `next`, or by a return.
unsafe fn proceed(s: &mut Scheduler, next: Option<*const u64>) -> Control {
    // SAFETY: as `call_common`.
    unsafe {
        match next {
            Some(next) => s.pc = next,
            None => {
                let heap = &mut s.process().heap;
                let pc = (*heap.stop & !7) as usize as *const u64;
                heap.stop = heap.stop.add(1);
                s.pc = pc;
            }
        }
        if wants_collection(s) { s.collect(0, 1) } else { Control::Jump }
    }
}

/// Fragments or off-heap bytes have grown so much that collecting is due at the next instruction.
fn wants_collection(s: &mut Scheduler) -> bool {
    s.process().heap.wants_collection()
}

/// After an instruction that may have used fragments: the next one is `length` words on. Collection waits for the next test of room,
/// for live registers are not known here.
pub fn after_allocation(s: &mut Scheduler, length: usize) -> Control {
    s.pc = s.pc.wrapping_add(length);
    Control::Jump
}

unsafe fn set_args(s: &mut Scheduler, args: &[Term<'_>]) {
    for (index, arg) in args.iter().enumerate() {
        s.x[index] = arg.word();
    }
}

unsafe fn handle_stop<'c>(
    s: &mut Scheduler,
    stop: Stop<'c>,
    next_args: &[Term<'c>],
    next: Option<*const u64>,
    row: &Row,
    args: &[Term<'c>],
) -> Control {
    // SAFETY: as `call_common`.
    unsafe {
        match stop {
            Stop::Error(reason) => raise_in_bif(s, reason, None, row, args),
            Stop::ErrorCause { reason, cause } => raise_in_bif(s, reason, Some(cause), row, args),
            Stop::Throw(reason) => raise::raise_at(s, am::THROW, reason),
            Stop::Exit(reason) => raise::raise_at(s, am::EXIT, reason),
            Stop::Raise { class, reason, stacktrace } => raise::raise_with_stacktrace(s, class, reason, stacktrace),
            Stop::ErrorArgs { reason, args, options } => raise::error_by_program(s, reason, args, options),
            Stop::Trap(export) => {
                set_args(s, next_args);
                calls::goto_export(s, export, next)
            }
            Stop::Apply { module, function } => {
                set_args(s, next_args);
                let (module, function) = (Atom::of_word(module.word()), Atom::of_word(function.word()));
                funs::goto_mfa(s, module, function, next_args.len(), next)
            }
            Stop::ApplyFun(fun) => {
                set_args(s, next_args);
                funs::goto_fun(s, fun, next_args.len(), next)
            }
            Stop::Again => {
                set_args(s, next_args);
                s.live = next_args.len();
                Control::Exit(Exit::Yield)
            }
            Stop::Wait => {
                set_args(s, next_args);
                s.live = next_args.len();
                s.process().waits_in_bif = true;
                Control::Exit(Exit::Wait)
            }
            Stop::Collect(full, value) => {
                s.x[0] = value.word();
                s.outcome = if full { Outcome::FullCollect } else { Outcome::None };
                let _ = proceed(s, next);
                s.collect(0, 1)
            }
            Stop::Yield(value) => {
                s.x[0] = value.word();
                let _ = proceed(s, next);
                s.live = 1;
                Control::Exit(Exit::Yield)
            }
            Stop::Hibernate => hibernate(s, next_args),
            Stop::Exited(reason) => {
                s.outcome = Outcome::Finished { reason: reason.word() };
                Control::Exit(Exit::Died)
            }
            Stop::Halt(code) => {
                s.outcome = Outcome::Halt(code);
                Control::Exit(Exit::Halt)
            }
        }
    }
}

/// `hibernate/3`: the stack is dropped; when a message comes the process goes on by `apply(M, F, Args)`.
unsafe fn hibernate(s: &mut Scheduler, mfa: &[Term<'_>]) -> Control {
    // SAFETY: the BIF checked the three arguments.
    unsafe {
        set_args(s, mfa);
        let heap = &mut s.process().heap;
        heap.stop = heap.end.sub(1);
        *heap.stop = super::finish_address() as usize as u64 | crate::term::word::TAG_HEADER;
        s.pc = super::apply_entry();
        s.live = 3;
        s.process().hibernates = true;
        s.outcome = Outcome::FullCollect;
        Control::Exit(Exit::Wait)
    }
}

/// Raises an error of a BIF: its own frame, with arguments, is the first of the trace.
unsafe fn raise_in_bif<'c>(
    s: &mut Scheduler,
    reason: Term<'c>,
    cause: Option<Term<'c>>,
    row: &Row,
    args: &[Term<'c>],
) -> Control {
    // SAFETY: at an instruction.
    unsafe {
        let mut heap = s.heap();
        let first = bif_frame(&mut heap, row, args);
        raise::raise_in(s, am::ERROR, reason, first, raise::error_info(cause))
    }
}

fn bif_frame<'c>(heap: &mut crate::heap::Heap<'c>, row: &Row, args: &[Term<'c>]) -> Term<'c> {
    let module = crate::atom::intern(row.module).unwrap_or(am::ERLANG);
    let function = crate::atom::intern(row.bif.name).unwrap_or(am::UNDEFINED);
    let args = heap.list(args);
    heap.tuple(&[Term::atom(module), Term::atom(function), args])
}

// --- as instructions

unsafe fn guard<'c>(s: &mut Scheduler, id: usize, args: &[Term<'c>], dst: usize, length: usize) -> Control {
    // SAFETY: the loader checked number and slots.
    unsafe {
        let row = bif_by_id(id);
        super::coverage::bif(id);
        match run(s, row, args).0 {
            Ok(value) => {
                s.set(dst, value.word());
                after_allocation(s, length)
            }
            Err(Stop::Error(reason)) => fail_or_raise_of(s, reason, None, row, args),
            Err(Stop::ErrorCause { reason, cause }) => fail_or_raise_of(s, reason, Some(cause), row, args),
            // No compiler makes an instruction of a BIF that does more; hostile code may.
            Err(_) => fail_or_raise_of(s, Term::atom(crate::atom::intern_static("notsup")), None, row, args),
        }
    }
}

unsafe fn fail_or_raise_of<'c>(
    s: &mut Scheduler,
    reason: Term<'c>,
    cause: Option<Term<'c>>,
    row: &Row,
    args: &[Term<'c>],
) -> Control {
    // SAFETY: ext 1 of every guard instruction is its fail word.
    unsafe {
        // `bif0` has no fail word.
        let offset = if args.is_empty() { 0 } else { s.ext(1) as i32 };
        if offset == 0 { raise_in_bif(s, reason, cause, row, args) } else { s.jump(offset as isize) }
    }
}

/// A failed operator of `erlang`: jumps by the fail word in ext 1, or raises with the operator's frame first.
pub unsafe fn fail_or_raise<'c>(s: &mut Scheduler, reason: Term<'c>, name: &str, args: &[Term<'c>]) -> Control {
    // SAFETY: as `fail_or_raise_of`.
    unsafe {
        match s.ext(1) as i32 {
            0 => {
                let mut heap = s.heap();
                let function = crate::atom::intern(name).unwrap_or(am::UNDEFINED);
                let args = heap.list(args);
                let first = heap.tuple(&[Term::atom(am::ERLANG), Term::atom(function), args]);
                raise::raise_in(s, am::ERROR, reason, first, raise::error_info(None))
            }
            offset => s.jump(offset as isize),
        }
    }
}

/// As `fail_or_raise`, with no frame of its own.
pub unsafe fn fail_or_error(s: &mut Scheduler, reason: Term<'_>) -> Control {
    // SAFETY: as `fail_or_raise_of`.
    unsafe {
        match s.ext(1) as i32 {
            0 => raise::error(s, reason),
            offset => s.jump(offset as isize),
        }
    }
}

pub unsafe fn bif0(s: &mut Scheduler) -> Control {
    // SAFETY: see `guard`.
    unsafe {
        let w = s.word();
        guard(s, slot_b(w), &[], slot_a(w), 1)
    }
}

pub unsafe fn bif1(s: &mut Scheduler) -> Control {
    // SAFETY: see `guard`.
    unsafe {
        let w = s.word();
        let id = (s.ext(1) >> 48) as usize;
        let args = [s.term(slot_a(w))];
        guard(s, id, &args, slot_c(w), 2)
    }
}

/// `byte_size/1` of a bitstring.
#[inline(always)]
pub unsafe fn byte_size(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader; a box's header tells where its size is, in bits.
    unsafe {
        let source = m.get::<0>(slot_a(w));
        if word::is_boxed(source) {
            let at = word::boxed_address(source) as *const u64;
            let bits = match word::header_kind(*at) {
                kind::HEAPBITS => *at.add(1),
                kind::REFCBITS => *at.add(3),
                kind::SUBBITS => word::small_value(*at.add(3)) as u64,
                _ => return Step::Slow(bif1),
            };
            m.set::<0>(slot_c(w), word::small(bits.div_ceil(8) as i64));
            return Step::Next;
        }
        Step::Slow(bif1)
    }
}

/// `=:=` (or `=/=`) of terms that are one word, or of which one can be equal to its own word only.
#[inline(always)]
pub unsafe fn exactly_equal<const WANTED: bool>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let (a, b) = (m.get::<0>(slot_a(w)), m.get::<0>(slot_b(w)));
        if a == b || is_plain_immediate(a) || is_plain_immediate(b) {
            m.set::<0>(slot_c(w), Term::bool((a == b) == WANTED).word());
            return Step::Next;
        }
        Step::Slow(bif2)
    }
}

pub unsafe fn bif2(s: &mut Scheduler) -> Control {
    // SAFETY: see `guard`.
    unsafe {
        let w = s.word();
        let id = (s.ext(1) >> 48) as usize;
        let args = [s.term(slot_a(w)), s.term(slot_b(w))];
        guard(s, id, &args, slot_c(w), 2)
    }
}

pub unsafe fn bif3(s: &mut Scheduler) -> Control {
    // SAFETY: see `guard`.
    unsafe {
        let w = s.word();
        let id = (s.ext(1) >> 48) as usize;
        let third = s.ext(2) as usize;
        let args = [s.term(slot_a(w)), s.term(slot_b(w)), s.term(third)];
        guard(s, id, &args, slot_c(w), 3)
    }
}
