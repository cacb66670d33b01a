//! The terminal behind descriptor 0 in a mode of a program's own, and back again however the program ends.
//!
//! ```text
//! take ──► raw ◄── resume, SIGCONT ── pause ──► as it was ◄── give_back: close, exit, panic, SIGHUP, SIGQUIT, SIGABRT
//! ```
//! 1. `MODES` points at what was before and what holds now; both are written once, before the handlers are there.
//! 2. A handler calls the kernel and touches atomics, and nothing else.

use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use rustix::process::Signal;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, OutputModes, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr,
};

use super::signals;
use crate::platform::posix::{Posix, Result};
use crate::platform::types::RawMode;

struct Modes {
    before: Termios,
    raw: Termios,
}

/// Those of the last `take`; earlier ones stay where they are, for a handler may be reading them.
static MODES: AtomicPtr<Modes> = AtomicPtr::new(core::ptr::null_mut());
/// Between `take` and `give_back`.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);
/// The terminal is as it was before for a while.
static IS_PAUSED: AtomicBool = AtomicBool::new(false);

/// Sets the terminal as asked. `einval` where there is none on both descriptors, or somebody has it already.
pub fn take(mode: RawMode) -> Result<()> {
    let (input, output) = (rustix::stdio::stdin(), rustix::stdio::stdout());
    if !isatty(input) || !isatty(output) || IS_TAKEN.swap(true, Ordering::SeqCst) {
        return Err(Posix::Einval);
    }
    let set = || -> Result<()> {
        let before = tcgetattr(input)?;
        let raw = changed(before.clone(), mode);
        tcsetattr(input, OptionalActions::Now, &raw)?;
        MODES.store(Box::into_raw(Box::new(Modes { before, raw })), Ordering::SeqCst);
        Ok(())
    };
    if let Err(error) = set() {
        IS_TAKEN.store(false, Ordering::SeqCst);
        return Err(error);
    }
    IS_PAUSED.store(false, Ordering::SeqCst);
    signals::handle(Signal::CONT, came_back);
    for ends in ENDS {
        signals::handle(ends, ended);
    }
    signals::note_interrupts(mode.notes_interrupts);
    Ok(())
}

/// Signals whose default ends the program.
const ENDS: [Signal; 3] = [Signal::HUP, Signal::QUIT, Signal::ABORT];

fn changed(mut modes: Termios, mode: RawMode) -> Termios {
    modes.input_modes.remove(InputModes::ISTRIP);
    if mode.is_unbuffered {
        modes.input_modes.remove(InputModes::ICRNL);
        modes.local_modes.remove(LocalModes::ICANON);
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
    }
    if mode.is_unprocessed {
        modes.output_modes.remove(OutputModes::OPOST);
    }
    if mode.is_silent {
        modes.local_modes.remove(LocalModes::ECHO);
    }
    modes
}

/// The terminal is as it was before `take`. Nothing happens where nobody took it.
pub fn give_back() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        set_before();
        for signal in ENDS {
            signals::set_default(signal);
        }
        signals::set_default(Signal::CONT);
        signals::note_interrupts(false);
    }
}

/// As it was before, until `resume`.
pub fn pause() {
    if IS_TAKEN.load(Ordering::SeqCst) {
        IS_PAUSED.store(true, Ordering::SeqCst);
        set_before();
    }
}

/// As `take` set it.
pub fn resume() {
    IS_PAUSED.store(false, Ordering::SeqCst);
    set_raw();
}

fn modes() -> Option<&'static Modes> {
    // SAFETY: it is null, or a box that `take` leaked and nobody writes to.
    unsafe { MODES.load(Ordering::SeqCst).as_ref() }
}

fn set_before() {
    if let Some(modes) = modes() {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &modes.before);
    }
}

fn set_raw() {
    if IS_TAKEN.load(Ordering::SeqCst)
        && let Some(modes) = modes()
    {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &modes.raw);
    }
}

/// The program was stopped, and who had the terminal meanwhile set it as it liked.
extern "C" fn came_back(_: i32) {
    if !IS_PAUSED.load(Ordering::SeqCst) {
        set_raw();
    }
}

extern "C" fn ended(number: i32) {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        set_before();
    }
    signals::end_by(number);
}
