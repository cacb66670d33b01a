//! Exceptions: raising, unwinding, and the instructions of `catch` and `try`.
//!
//! A handler is a catch word in a Y register. Unwinding scans the stack for the nearest one, drops the frames below, and goes on
//! there with x(0) = class, x(1) = reason, x(2) = trace (a box of kind `TRACE`, see `trace`) and `UNWOUND` in the Y register, by which
//! `catch_end` sees how it was entered.

use super::{Control, Exit, Machine, Outcome, Scheduler, Step, jump_bc, slot_a, slot_b, trace};
use crate::atom::{Atom, am};
use crate::term::Term;
use crate::term::word::{self, NIL, SUBTAG_SPECIAL, TAG_HEADER};

/// The unwinder's mark in place of a catch word: an immediate that nothing else makes.
pub const UNWOUND: u64 = (1 << 8) | SUBTAG_SPECIAL;

/// The `error_info` of an error that a BIF raised: what `format_error` gets to know.
pub fn error_info(cause: Option<Term<'_>>) -> Info<'_> {
    Info::Bif(cause)
}

/// What the first frame of a trace carries besides its place.
#[derive(Clone, Copy)]
pub enum Info<'c> {
    None,
    /// A BIF's: `#{module => …}`, with the cause where there is one.
    Bif(Option<Term<'c>>),
    /// Given by the program (`erlang:error/3`).
    Given(Term<'c>),
}

/// `error:Reason` at the instruction under way.
pub unsafe fn error(s: &mut Scheduler, reason: Term<'_>) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise_at(s, am::ERROR, reason) }
}

/// As `error`, with a frame `{M, F, Args}` before the current function's.
pub unsafe fn error_with_first(s: &mut Scheduler, reason: Term<'_>, first: Term<'_>) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise_in(s, am::ERROR, Term::from_word(reason.word()), Term::from_word(first.word()), Info::None) }
}

/// `function_clause`: the current function's frame shows its arguments.
pub unsafe fn function_clause(s: &mut Scheduler, first: Term<'_>) -> Control {
    // SAFETY: at `func_info`.
    unsafe {
        let at = s.pc as usize as u64;
        let trace = trace::save(s, am::ERROR, Some(first), Info::None, Some(at), true);
        unwind(s, am::ERROR, Term::atom(am::FUNCTION_CLAUSE), trace)
    }
}

/// Raises with the current function's frame first.
pub unsafe fn raise_at(s: &mut Scheduler, class: Atom, reason: Term<'_>) -> Control {
    // SAFETY: at an instruction.
    unsafe {
        let trace = trace::save(s, class, None, Info::None, None, false);
        unwind(s, class, Term::from_word(reason.word()), trace)
    }
}

/// Raises with the frame `first` = `{M, F, Args}` before all.
pub unsafe fn raise_in(s: &mut Scheduler, class: Atom, reason: Term<'_>, first: Term<'_>, info: Info<'_>) -> Control {
    // SAFETY: at an instruction.
    unsafe {
        let trace = trace::save(s, class, Some(first), info, None, false);
        unwind(s, class, Term::from_word(reason.word()), trace)
    }
}

/// `erlang:raise/3`: the trace is the given list.
pub unsafe fn raise_with_stacktrace(s: &mut Scheduler, class: Atom, reason: Term<'_>, stacktrace: Term<'_>) -> Control {
    // SAFETY: at an instruction.
    unsafe {
        let trace = trace::given(s, class, stacktrace);
        unwind(s, class, Term::from_word(reason.word()), trace)
    }
}

/// `erlang:error/1,2,3`: the current function's frame, with its arguments where they are given.
pub unsafe fn error_by_program(s: &mut Scheduler, reason: Term<'_>, args: Term<'_>, options: Term<'_>) -> Control {
    // SAFETY: at an instruction.
    unsafe {
        let info = trace::option_error_info(options).map_or(Info::None, Info::Given);
        let trace = trace::save_with_args(s, args, info);
        unwind(s, am::ERROR, Term::from_word(reason.word()), trace)
    }
}

/// `error:Reason` whose first frame, the current function's, carries `error_info => info`.
pub unsafe fn error_with_info(s: &mut Scheduler, reason: Term<'_>, info: Term<'_>) -> Control {
    // SAFETY: at an instruction.
    unsafe {
        let trace = trace::save_with_args(s, Term::atom(am::NONE), Info::Given(info));
        unwind(s, am::ERROR, Term::from_word(reason.word()), trace)
    }
}

/// Goes to the nearest handler, or ends the process. A catch word counts only where its address lies in the frame's own function.
unsafe fn unwind(s: &mut Scheduler, class: Atom, reason: Term<'_>, trace: u64) -> Control {
    super::coverage::raised(s.pc);
    // SAFETY: the stack holds terms, catch words and return words; its bottom is a return word at `end - 1`.
    unsafe {
        let code = &s.system().code;
        // Where the code is whose frame is looked at.
        let mut running = s.pc as usize as u64;
        let heap = &mut s.process().heap;
        let end = heap.end;
        let mut at = heap.stop;
        let mut frame = at;
        while at < end {
            let word = *at;
            if word & word::TAG_MASK == TAG_HEADER {
                frame = at.add(1);
                // The call before the return address.
                running = (word & !word::TAG_MASK) - 8;
            } else if word::is_catch(word) && code.are_of_one_function(running, word::catch_address(word)) {
                heap.stop = frame;
                s.pc = word::catch_address(word) as usize as *const u64;
                *at = UNWOUND;
                s.x[0] = class.word();
                s.x[1] = reason.word();
                s.x[2] = trace;
                return Control::Jump;
            }
            at = at.add(1);
        }
        s.outcome = Outcome::Uncaught { class: class.word(), reason: reason.word(), trace };
        Control::Exit(Exit::Died)
    }
}

// --- instructions

/// `catch` and `try`: a catch word for the handler in b and c to Y slot a.
#[inline(always)]
pub unsafe fn catch(m: &mut Machine, w: u64) -> Step {
    let handler = m.pc.wrapping_offset(jump_bc(w)) as usize as u64;
    // SAFETY: the slot is checked by the loader.
    unsafe { m.set::<2>(slot_a(w), word::catch_word(handler)) };
    Step::Next
}

#[inline(always)]
pub unsafe fn try_end(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the slot is checked by the loader.
    unsafe { m.set::<2>(slot_a(w), NIL) };
    Step::Next
}

/// Checked twin of `try_case`: `badarg` unless the unwinder came here, for x(0) to x(2) are its.
pub unsafe fn try_case_checked(s: &mut Scheduler) -> Control {
    // SAFETY: the slot is checked by the loader.
    unsafe {
        let slot = slot_a(s.word());
        if s.get(slot) != UNWOUND {
            return error(s, Term::atom(am::BADARG));
        }
        s.set(slot, NIL);
        Control::Next
    }
}

/// The end of a `catch`: after an exception its value is made from x(0) to x(2).
pub unsafe fn catch_end(s: &mut Scheduler) -> Control {
    // SAFETY: the slot is checked by the loader; `unwind` set the X registers where it left its mark.
    unsafe {
        let slot = slot_a(s.word());
        let unwound = s.get(slot) == UNWOUND;
        s.set(slot, NIL);
        if !unwound {
            return Control::Next;
        }
        let reason: Term<'_> = Term::from_word(s.x[1]);
        let value = match Atom::of_word(s.x[0]) {
            am::THROW => reason,
            class => {
                let reason = if class == am::ERROR {
                    let trace = s.x[2];
                    let stacktrace = trace::build(s, trace);
                    s.heap().tuple(&[reason, stacktrace])
                } else {
                    reason
                };
                s.heap().tuple(&[Term::atom(am::EXIT_SIGNAL), reason])
            }
        };
        s.x[0] = value.word();
        Control::Next
    }
}

/// Raises again: slot a the trace, slot b the reason; the class is in the trace.
pub unsafe fn raise(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let (saved, reason) = (s.term(slot_a(w)), s.term(slot_b(w)));
        match trace::class_of(saved) {
            Some(class) => unwind(s, class, reason, saved.word()),
            // What is no trace is as good as an empty one.
            None => raise_with_stacktrace(s, am::ERROR, reason, Term::NIL),
        }
    }
}

/// `erlang:raise/3` of the compiler: class, reason, raw trace in x(0) to x(2).
pub unsafe fn raw_raise(s: &mut Scheduler) -> Control {
    // SAFETY: the loader checked that the registers are live.
    unsafe {
        let class = Atom::of_word(s.x[0]);
        if !word::is_atom(s.x[0]) || !matches!(class, am::ERROR | am::EXIT | am::THROW) {
            s.x[0] = am::BADARG.word();
            return Control::Next;
        }
        let trace = trace::with_class(s, class);
        unwind(s, class, Term::from_word(s.x[1]), trace)
    }
}

/// The raw trace in x(0) as a list.
pub unsafe fn build_stacktrace(s: &mut Scheduler) -> Control {
    // SAFETY: the loader checked that x(0) is live.
    unsafe {
        let saved = s.x[0];
        s.x[0] = trace::build(s, saved).word();
        Control::Next
    }
}

macro_rules! raise_with_value {
    ($($name:ident = $atom:expr;)*) => {$(
        pub unsafe fn $name(s: &mut Scheduler) -> Control {
            // SAFETY: the slot is checked by the loader.
            unsafe {
                let value = s.term(slot_a(s.word()));
                let reason = s.heap().tuple(&[Term::atom($atom), value]);
                error(s, reason)
            }
        }
    )*};
}

raise_with_value! {
    badmatch = am::BADMATCH;
    case_end = am::CASE_CLAUSE;
    try_case_end = am::TRY_CLAUSE;
    badrecord = am::BADRECORD;
}

pub unsafe fn if_end(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { error(s, Term::atom(am::IF_CLAUSE)) }
}

/// Code that the loader proved to be out of reach.
pub unsafe fn unreached(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { error(s, Term::atom(crate::atom::intern_static("lam_unreached"))) }
}

/// ext 1 is the opcode of a generic instruction that is not there yet.
pub unsafe fn unsupported(s: &mut Scheduler) -> Control {
    // SAFETY: the emitter wrote the opcode.
    unsafe {
        let name = crate::isa::generic::name(s.ext(1) as u8);
        let mut heap = s.heap();
        let name = Term::atom(crate::atom::intern(name).unwrap_or(am::UNDEFINED));
        let reason = heap.tuple(&[Term::atom(am::LAM_UNSUPPORTED), name]);
        error(s, reason)
    }
}
