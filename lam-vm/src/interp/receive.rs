//! Receiving messages.

use super::{Control, Scheduler, raise};
use crate::atom::am;
use crate::term::Term;

pub unsafe fn loop_rec(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::LAM_UNSUPPORTED)) }
}
pub unsafe fn loop_rec_end(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::LAM_UNSUPPORTED)) }
}
pub unsafe fn remove_message(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::LAM_UNSUPPORTED)) }
}
pub unsafe fn wait(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::LAM_UNSUPPORTED)) }
}
pub unsafe fn wait_timeout(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::LAM_UNSUPPORTED)) }
}
pub unsafe fn timeout(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::LAM_UNSUPPORTED)) }
}
pub unsafe fn marker_reserve(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::LAM_UNSUPPORTED)) }
}
pub unsafe fn marker_bind(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::LAM_UNSUPPORTED)) }
}
pub unsafe fn marker_clear(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::LAM_UNSUPPORTED)) }
}
pub unsafe fn marker_use(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::LAM_UNSUPPORTED)) }
}
