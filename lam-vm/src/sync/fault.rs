//! Faults for models and for ThreadSanitizer to find. Only their builds (`cfg(loom)`, `cfg(shuttle)`, feature `tsan`) can have one: in
//! every other build these functions are constants.

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
#[cfg(not(any(loom, shuttle, feature = "tsan")))]
#[inline(always)]
pub const fn is_seeded(_fault: Fault) -> bool {
    false
}

/// `order`; the weakest there is where this run is to have the fault.
#[cfg(not(any(loom, shuttle, feature = "tsan")))]
#[inline(always)]
pub const fn weaker(_fault: Fault, order: Ordering) -> Ordering {
    order
}

#[cfg(any(loom, shuttle, feature = "tsan"))]
pub use seeded::{is_seeded, seed, seed_named, weaker};

#[cfg(any(loom, shuttle, feature = "tsan"))]
mod seeded {
    use super::{Fault, Ordering};

    const ALL: [Fault; 13] = [
        Fault::MailboxPush,
        Fault::SleepUnseen,
        Fault::InjectFence,
        Fault::WakeAllFence,
        Fault::NextDeadlineUnlocked,
        Fault::CountRelease,
        Fault::CloseOpen,
        Fault::GiveAwayUnlocked,
        Fault::LateLink,
        Fault::LateMonitor,
        Fault::ExitWakes,
        Fault::RegisterUnlocked,
        Fault::ReplyAliasStays,
    ];

    static SEEDED: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

    /// This run has the fault from now on.
    pub fn seed(fault: Fault) {
        SEEDED.store(fault as u8, Ordering::Relaxed);
    }
    /// As `seed`, by the fault's name in this file.
    pub fn seed_named(name: &str) {
        seed(*ALL.iter().find(|known| format!("{known:?}") == name).expect("a fault of the table"));
    }
    // Relaxed, so that what is asked here orders nothing.
    pub fn is_seeded(fault: Fault) -> bool {
        SEEDED.load(Ordering::Relaxed) == fault as u8
    }
    pub fn weaker(fault: Fault, order: Ordering) -> Ordering {
        if is_seeded(fault) { Ordering::Relaxed } else { order }
    }
}
