//! Control blocks: what other schedulers may touch of a process. They are type-stable: their memory is never freed, only reused.
//!
//! ```text
//! state     bits 63..8 generation | 7..4 priority | 1 exiting | 0 used
//! mailbox   bits 63..46 generation (low 18) | 45..2 newest signal's address / 8 | 1 sleeping | 0 open
//! ```
//! 1. Anyone may read `state` and push onto `mailbox` by compare-and-swap, at any time.
//! 2. Only the owner (the scheduler that took the process out of its run queue) takes signals, sleeps and closes.
//! 3. Who clears *sleeping* puts the process into a run queue; so a process is in at most one queue, once.
//! 4. `process` is read and written by the owner, and by the maker before the slot is published.

use super::signal::Signal;
use super::{Priority, Process};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::fault::{self, Fault};

const USED: u64 = 1;
const EXITING: u64 = 2;
const PRIORITY_SHIFT: u32 = 4;
const PRIORITY_MASK: u64 = 0xF << PRIORITY_SHIFT;
const GENERATION_SHIFT: u32 = 8;
/// Generations of pids have 28 bits.
pub const GENERATION_MASK: u32 = 0xFFF_FFFF;

const OPEN: u64 = 1;
const SLEEPING: u64 = 2;
const TAG_SHIFT: u32 = 46;
const TAG_MASK: u64 = !0 << TAG_SHIFT;
const POINTER_MASK: u64 = !TAG_MASK & !3;

/// One slot of the process table.
#[derive(Default)]
pub struct Control {
    state: AtomicU64,
    mailbox: AtomicU64,
    process: UnsafeCell<usize>,
}

// SAFETY: rules 1 to 4 above keep accesses apart.
unsafe impl Sync for Control {}
// SAFETY: as above.
unsafe impl Send for Control {}

fn tag(generation: u32) -> u64 {
    u64::from(generation) << TAG_SHIFT
}
fn pack(signal: *mut Signal) -> u64 {
    let address = signal as usize as u64;
    debug_assert!(address & 7 == 0 && address >> 47 == 0, "signals lie on the heap, 8-aligned");
    address >> 1
}
fn unpack(word: u64) -> *mut Signal {
    ((word & POINTER_MASK) << 1) as usize as *mut Signal
}

// A zeroed block is a free slot of generation 0: chunks come zeroed.
impl Control {
    /// Takes a free slot into use; the maker alone knows it. The process starts asleep or queued by the caller.
    pub(super) fn publish(&self, generation: u32, process: Box<Process>, sleeping: bool) {
        let priority = process.priority;
        let address = Box::into_raw(process) as usize;
        // SAFETY: rule 4: the slot is not published yet.
        self.process.with_mut(|at| unsafe { *at = address });
        let sleeping = if sleeping { SLEEPING } else { 0 };
        self.mailbox.store(tag(generation) | OPEN | sleeping, Ordering::Release);
        let state = u64::from(generation) << GENERATION_SHIFT | USED | (priority as u64) << PRIORITY_SHIFT;
        self.state.store(state, Ordering::Release);
    }
    /// The generation that the slot's next process gets.
    pub(super) fn generation(&self) -> u32 {
        (self.state.load(Ordering::Acquire) >> GENERATION_SHIFT) as u32 & GENERATION_MASK
    }
    /// Whether the slot holds the process of this generation (which may be exiting).
    pub fn is(&self, generation: u32) -> bool {
        let state = self.state.load(Ordering::Acquire);
        state & USED != 0 && (state >> GENERATION_SHIFT) as u32 == generation
    }
    /// The generation of the process in the slot, unless it is free or exiting.
    pub fn alive_generation(&self) -> Option<u32> {
        let state = self.state.load(Ordering::Acquire);
        (state & (USED | EXITING) == USED).then_some((state >> GENERATION_SHIFT) as u32)
    }
    pub fn priority(&self) -> Priority {
        Priority::from_bits((self.state.load(Ordering::Relaxed) & PRIORITY_MASK) >> PRIORITY_SHIFT)
    }
    pub fn set_priority(&self, priority: Priority) {
        // Only the owner changes the state of a used slot, so load and store need no loop.
        let state = self.state.load(Ordering::Relaxed) & !PRIORITY_MASK;
        self.state.store(state | (priority as u64) << PRIORITY_SHIFT, Ordering::Release);
    }
    pub fn transition_to_exiting(&self) {
        self.state.fetch_or(EXITING, Ordering::AcqRel);
    }
    /// Frees the slot; the next process there has another generation.
    pub(super) fn release(&self) {
        let next = self.generation().wrapping_add(1) & GENERATION_MASK;
        self.state.store(u64::from(next) << GENERATION_SHIFT, Ordering::Release);
    }

    /// Pushes a signal; gives it back where the process is gone. True: it slept, and the caller must put it into a run queue.
    pub fn push(&self, generation: u32, signal: Box<Signal>) -> Result<bool, Box<Signal>> {
        let signal = Box::into_raw(signal);
        let published = fault::weaker(Fault::MailboxPush, Ordering::AcqRel);
        let mut word = self.mailbox.load(Ordering::Acquire);
        loop {
            if word & OPEN == 0 || word & TAG_MASK != tag(generation) {
                // SAFETY: made by `into_raw` above and not pushed.
                return Err(unsafe { Box::from_raw(signal) });
            }
            // SAFETY: the signal is ours until the exchange below succeeds.
            unsafe { (*signal).set_next(unpack(word)) };
            let new = word & (TAG_MASK | OPEN) | pack(signal);
            match self.mailbox.compare_exchange_weak(word, new, published, Ordering::Acquire) {
                Ok(_) => return Ok(word & SLEEPING != 0),
                Err(now) => word = now,
            }
        }
    }
    pub fn has_signals(&self) -> bool {
        self.mailbox.load(Ordering::Acquire) & POINTER_MASK != 0
    }
    /// Takes all signals, the oldest first. For the owner.
    pub fn take_signals(&self) -> Signals {
        if !self.has_signals() {
            return Signals { next: core::ptr::null_mut() };
        }
        Signals::reversed(unpack(self.mailbox.fetch_and(!POINTER_MASK, Ordering::AcqRel)))
    }
    /// Goes to sleep unless a signal is there. For the owner, who stops being it when this says true.
    pub fn try_sleep(&self) -> bool {
        let word = self.mailbox.load(Ordering::Acquire);
        if fault::is_seeded(Fault::SleepUnseen) {
            self.mailbox.fetch_or(SLEEPING, Ordering::AcqRel);
            return true;
        }
        word & POINTER_MASK == 0
            && self.mailbox.compare_exchange(word, word | SLEEPING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
    /// Wakes the process of this generation without a signal; true when it slept, and the caller must put it into a run queue.
    pub fn wake(&self, generation: u32) -> bool {
        let mut word = self.mailbox.load(Ordering::Acquire);
        while word & TAG_MASK == tag(generation) && word & SLEEPING != 0 {
            match self.mailbox.compare_exchange_weak(word, word & !SLEEPING, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }
    /// Takes no signals from now on; the last ones. For the owner.
    pub(super) fn close(&self) -> Signals {
        let kept = if fault::is_seeded(Fault::CloseOpen) { TAG_MASK | OPEN } else { TAG_MASK };
        Signals::reversed(unpack(self.mailbox.fetch_and(kept, Ordering::AcqRel)))
    }

    /// The process, for its owner.
    ///
    /// # Safety
    /// The caller is the owner (rule 2), and no other reference to the process lives.
    pub unsafe fn process(&self) -> *mut Process {
        // SAFETY: promised by the caller.
        self.process.with(|at| unsafe { *at }) as *mut Process
    }
    /// Takes the process out, for its end.
    ///
    /// # Safety
    /// As `process`; called once for each `publish`.
    pub unsafe fn take_process(&self) -> Box<Process> {
        // SAFETY: `publish` made it by `into_raw`; promised to be taken once.
        unsafe { Box::from_raw(self.process()) }
    }
}

/// Signals that were taken, the oldest first.
pub struct Signals {
    next: *mut Signal,
}

impl Signals {
    fn reversed(mut newest: *mut Signal) -> Signals {
        let mut list = core::ptr::null_mut();
        while !newest.is_null() {
            // SAFETY: the list was taken out of the mailbox, so its boxes are ours.
            unsafe {
                let next = (*newest).next();
                (*newest).set_next(list);
                list = newest;
                newest = next;
            }
        }
        Signals { next: list }
    }
}

impl Iterator for Signals {
    type Item = Box<Signal>;
    fn next(&mut self) -> Option<Box<Signal>> {
        if self.next.is_null() {
            return None;
        }
        // SAFETY: as in `reversed`; each box is given out once.
        let signal = unsafe { Box::from_raw(self.next) };
        self.next = signal.next();
        Some(signal)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for signal in self.by_ref() {
            drop(signal);
        }
    }
}
