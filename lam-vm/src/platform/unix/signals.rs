//! Signals of the system: who asked for one finds it here after it came.
//!
//! ```text
//! the system ──► note (any thread) ──► bit of CAUGHT, `wake` ──► the first scheduler's thread: `take_signal`
//! ```
//! Only what is safe inside a signal handler happens there: an atomic or, and a write to a descriptor that is open already.

use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::Signal;

use crate::platform::types::Disposition;

/// A bit for each signal that came and was not taken yet.
static CAUGHT: AtomicU64 = AtomicU64::new(0);

/// Erlang's names of what a program may ask for.
const NAMES: &[(&str, Signal)] = &[
    ("sigabrt", Signal::ABORT),
    ("sigalrm", Signal::ALARM),
    ("sigchld", Signal::CHILD),
    ("sighup", Signal::HUP),
    ("sigquit", Signal::QUIT),
    ("sigterm", Signal::TERM),
    ("sigusr1", Signal::USR1),
    ("sigusr2", Signal::USR2),
    ("sigtstp", Signal::TSTP),
];

unsafe extern "C" {
    /// The C library's; it needs no structure whose layout differs between processors.
    fn signal(number: i32, handler: usize) -> usize;
    fn raise(number: i32) -> i32;
}

/// The name under which an interrupt from the terminal comes; `set_signal` does not know it.
pub const INTERRUPT: &str = "sigint";

extern "C" fn note(number: i32) {
    CAUGHT.fetch_or(1u64.wrapping_shl(number as u32), Ordering::SeqCst);
    super::wake();
}

/// Says what a signal shall do from now on; `false` for one that has no such name here.
pub fn set_signal(name: &str, disposition: Disposition) -> bool {
    let Some((_, which)) = NAMES.iter().find(|(other, _)| *other == name) else { return false };
    let handler = match disposition {
        Disposition::Default => 0,
        Disposition::Ignore => 1,
        Disposition::Handle => {
            // The descriptor that `note` writes to is opened now, outside of any handler.
            super::wake();
            note as extern "C" fn(i32) as usize
        }
    };
    // SAFETY: 0 and 1 are SIG_DFL and SIG_IGN; `note` has the type of a handler and does only what one may.
    unsafe { signal(which.as_raw(), handler) != usize::MAX }
}

/// Installs a handler of another part of this folder.
pub(super) fn handle(which: Signal, handler: extern "C" fn(i32)) {
    // SAFETY: `handler` has the type of a handler; `terminal` says that its own do only what one may.
    unsafe { signal(which.as_raw(), handler as usize) };
}

pub(super) fn set_default(which: Signal) {
    // SAFETY: 0 is SIG_DFL.
    unsafe { signal(which.as_raw(), 0) };
}

/// Whether an interrupt is noted as other signals are, or ends the program.
pub(super) fn note_interrupts(notes: bool) {
    if notes {
        super::wake();
        handle(Signal::INT, note);
    } else {
        set_default(Signal::INT);
    }
}

/// Ends the program as the signal does that is being handled.
pub(super) fn end_by(number: i32) {
    // SAFETY: 0 is SIG_DFL; both calls may stand in a handler. The signal comes once the handler returns.
    unsafe { signal(number, 0) };
    // SAFETY: `raise` takes any number.
    unsafe { raise(number) };
}

/// The name of a signal that came, once for each time it was noted.
pub fn take_signal() -> Option<&'static str> {
    if CAUGHT.load(Ordering::Relaxed) == 0 {
        return None;
    }
    NAMES.iter().chain(&[(INTERRUPT, Signal::INT)]).find_map(|(name, which)| {
        let bit = 1u64.wrapping_shl(which.as_raw() as u32);
        (CAUGHT.fetch_and(!bit, Ordering::SeqCst) & bit != 0).then_some(*name)
    })
}
