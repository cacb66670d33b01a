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
}

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

/// The name of a signal that came, once for each time it was noted.
pub fn take_signal() -> Option<&'static str> {
    if CAUGHT.load(Ordering::Relaxed) == 0 {
        return None;
    }
    NAMES.iter().find_map(|(name, which)| {
        let bit = 1u64.wrapping_shl(which.as_raw() as u32);
        (CAUGHT.fetch_and(!bit, Ordering::SeqCst) & bit != 0).then_some(*name)
    })
}
