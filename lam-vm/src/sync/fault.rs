//! Faults for models to find. Only a model's build (`cfg(loom)`, `cfg(shuttle)`) can have one: in every other build these functions
//! are constants.

use super::atomic::Ordering;

/// What can be made wrong in the shipped source, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// A push onto a mailbox publishes nothing.
    MailboxPush = 1,
    /// A process goes to sleep without a look at its signals.
    SleepUnseen,
    /// Nothing stands between a push to the injector and the look at who sleeps.
    InjectFence,
    /// Nothing stands between a change that concerns every scheduler and the look at which of them were started.
    WakeAllFence,
    /// When a wheel is to be looked at next is said after its lock is free.
    NextDeadlineUnlocked,
    /// Who gives back the count of a binary publishes nothing.
    CountRelease,
    /// A mailbox stays open when its process ends.
    CloseOpen,
    /// Whether the new owner of a table lives is asked before the registry is locked.
    GiveAwayUnlocked,
    /// A link that came too late is not answered.
    LateLink,
    /// A monitor that came too late is not answered.
    LateMonitor,
    /// An exit signal wakes nobody.
    ExitWakes,
    /// Whether a process lives is asked before the table of names is locked.
    RegisterUnlocked,
    /// An alias for one reply stays.
    ReplyAliasStays,
}

/// Whether this run is to have the fault.
#[cfg(not(any(loom, shuttle)))]
#[inline(always)]
pub const fn is_seeded(_fault: Fault) -> bool {
    false
}

/// `order`; the weakest there is where this run is to have the fault.
#[cfg(not(any(loom, shuttle)))]
#[inline(always)]
pub const fn weaker(_fault: Fault, order: Ordering) -> Ordering {
    order
}

#[cfg(any(loom, shuttle))]
pub use seeded::{is_seeded, seed, weaker};

#[cfg(any(loom, shuttle))]
mod seeded {
    use super::{Fault, Ordering};

    static SEEDED: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

    /// This run has the fault from now on.
    pub fn seed(fault: Fault) {
        SEEDED.store(fault as u8, Ordering::SeqCst);
    }
    pub fn is_seeded(fault: Fault) -> bool {
        SEEDED.load(Ordering::SeqCst) == fault as u8
    }
    pub fn weaker(fault: Fault, order: Ordering) -> Ordering {
        if is_seeded(fault) { Ordering::Relaxed } else { order }
    }
}
