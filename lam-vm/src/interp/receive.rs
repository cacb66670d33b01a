//! Receiving messages.
//!
//! `loop_rec` looks at the message at the save pointer; when there is none it takes in signals, and only then goes on to the wait.
//! A message becomes part of the process's heap before its term is handed out.

use super::{Control, Exit, Outcome, Scheduler, jump_bc, raise, slot_a, slot_b};
use crate::atom::{Atom, am};
use crate::process::Process;
use crate::term::Term;
use crate::term::word;
use crate::timer::table::deadline_after;

/// Largest `after` in milliseconds.
const TIMEOUT_MAX: i64 = 0xFFFF_FFFF;

/// The next message to slot a, or to the wait in b and c where there is none.
pub unsafe fn loop_rec(s: &mut Scheduler) -> Control {
    // SAFETY: slot and label are checked by the loader; no X register is live at a `loop_rec`.
    unsafe {
        let w = s.word();
        let table = &s.system().processes;
        let process = s.process();
        if process.mailbox.is_exhausted() {
            process.take_in(table);
            if process.rare.exit.is_some() {
                return die_of_signal(s);
            }
        }
        let process: &mut Process = s.process();
        match process.mailbox.look(&mut process.heap) {
            Some(word) => {
                s.set(slot_a(w), word);
                Control::Next
            }
            None => s.jump(jump_bc(w)),
        }
    }
}

/// An exit signal took effect: the driver finds the reason in the process.
fn die_of_signal(s: &mut Scheduler) -> Control {
    s.outcome = Outcome::None;
    Control::Exit(Exit::Died)
}

/// The message did not match: on to the next one.
pub unsafe fn loop_rec_end(s: &mut Scheduler) -> Control {
    // SAFETY: the label is checked by the loader.
    unsafe {
        let w = s.word();
        s.process().mailbox.skip();
        s.reductions -= 1;
        let again = s.jump(jump_bc(w));
        if s.reductions > 0 {
            return again;
        }
        s.live = 0;
        Control::Exit(Exit::Yield)
    }
}

/// The message matched.
pub unsafe fn remove_message(s: &mut Scheduler) -> Control {
    s.process().mailbox.remove_current();
    cancel_timer(s);
    Control::Next
}

fn cancel_timer(s: &mut Scheduler) {
    let process = s.process();
    process.timed_out = false;
    if let Some(timer) = process.take_receive_timer() {
        s.system().timers.cancel_receive(timer);
    }
}

/// Waits for a message, then goes on at the `loop_rec` in b and c.
pub unsafe fn wait(s: &mut Scheduler) -> Control {
    // SAFETY: the label is checked by the loader.
    unsafe {
        let w = s.word();
        wait_at(s, jump_bc(w))
    }
}

fn wait_at(s: &mut Scheduler, loop_rec: isize) -> Control {
    s.pc = s.pc.wrapping_offset(loop_rec);
    s.live = 0;
    s.outcome = Outcome::None;
    let process = s.process();
    process.waits_from = process.mailbox.end_number();
    Control::Exit(Exit::Wait)
}

/// As `wait`, at most for the milliseconds in slot a; then goes on with the next instruction.
pub unsafe fn wait_timeout(s: &mut Scheduler) -> Control {
    // SAFETY: slot and label are checked by the loader.
    unsafe {
        let w = s.word();
        if s.process().timed_out {
            return Control::Next;
        }
        if s.process().rare.receive_timer.is_some() {
            return wait_at(s, jump_bc(w));
        }
        let timeout: Term<'_> = s.term(slot_a(w));
        if timeout.is_atom(am::INFINITY) {
            return wait_at(s, jump_bc(w));
        }
        match timeout.as_small() {
            Some(0) => Control::Next,
            Some(timeout_ms @ 1..=TIMEOUT_MAX) => {
                let system = s.system();
                let number = system.processes.new_number();
                let process = s.process();
                match system.timers.set_receive(deadline_after(timeout_ms as u64), process.pid, number) {
                    Some(timer) => {
                        process.rare.receive_timer = Some(timer);
                        wait_at(s, jump_bc(w))
                    }
                    None => fail_receive(s, am::SYSTEM_LIMIT),
                }
            }
            _ => fail_receive(s, am::TIMEOUT_VALUE),
        }
    }
}

/// The receive ends by an exception: the next one starts at the first message.
fn fail_receive(s: &mut Scheduler, reason: Atom) -> Control {
    s.process().mailbox.restart();
    // SAFETY: raising only needs the state that every body is entered with.
    unsafe { raise::error(s, Term::atom(reason)) }
}

/// The time is over: the next receive starts at the first message.
pub unsafe fn timeout(s: &mut Scheduler) -> Control {
    cancel_timer(s);
    s.process().mailbox.restart();
    Control::Next
}

/// A marker for a reference that is about to be made, to slot a.
pub unsafe fn marker_reserve(s: &mut Scheduler) -> Control {
    // SAFETY: the slot is checked by the loader.
    unsafe {
        let w = s.word();
        // What was sent before is older than the reference, and the receive need not look at it.
        let table = &s.system().processes;
        let process = s.process();
        process.take_in(table);
        if process.rare.exit.is_some() {
            return die_of_signal(s);
        }
        let number = process.mailbox.end_number();
        s.set(slot_a(w), word::small(number as i64));
        Control::Next
    }
}

/// Binds the marker in slot a to the reference in slot b.
pub unsafe fn marker_bind(s: &mut Scheduler) -> Control {
    // SAFETY: the slots are checked by the loader.
    unsafe {
        let w = s.word();
        let (marker, reference): (Term<'_>, Term<'_>) = (s.term(slot_a(w)), s.term(slot_b(w)));
        if let (Some(number), Some(reference)) = (marker.as_small(), reference.as_reference()) {
            s.process().mailbox.bind_marker(number as u64, reference.id);
        }
        Control::Next
    }
}

/// Forgets the marker of the reference in slot a.
pub unsafe fn marker_clear(s: &mut Scheduler) -> Control {
    // SAFETY: the slot is checked by the loader.
    unsafe {
        let w = s.word();
        let reference: Term<'_> = s.term(slot_a(w));
        if let Some(reference) = reference.as_reference() {
            s.process().mailbox.clear_marker(reference.id);
        }
        Control::Next
    }
}

/// The receive that follows needs to look only at what came after the reference in slot a was made.
pub unsafe fn marker_use(s: &mut Scheduler) -> Control {
    // SAFETY: the slot is checked by the loader.
    unsafe {
        let w = s.word();
        let reference: Term<'_> = s.term(slot_a(w));
        if let Some(reference) = reference.as_reference() {
            s.process().mailbox.use_marker(reference.id);
        }
        Control::Next
    }
}
