//! The timers of a machine: those of receives, and those that send messages.

use std::collections::HashMap;

use super::{TimerHandle, TimerWheel};
use crate::platform;
use crate::process::{OwnedTerm, RefId};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Whom a timer's message goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A pid's word.
    Pid(u64),
    /// Whoever has the name when the timer fires.
    Name(crate::atom::Atom),
}

/// What happens when a timer fires.
pub enum Expired {
    /// The receive's timer `number` of a process.
    Receive {
        pid: u64,
        number: u64,
    },
    Message {
        to: Destination,
        message: OwnedTerm,
    },
}

enum Entry {
    Receive { pid: u64, number: u64 },
    Message { id: RefId, to: Destination, message: OwnedTerm },
}

struct State {
    wheel: TimerWheel<Entry>,
    by_reference: HashMap<RefId, TimerHandle, foldhash::fast::FixedState>,
}

/// All timers of one machine. Times are milliseconds of the monotonic clock.
pub struct Timers {
    state: Mutex<Option<State>>,
    /// When to look next, `u64::MAX` without timers; so that looking costs no lock.
    next_ms: AtomicU64,
}

impl Default for Timers {
    fn default() -> Self {
        Timers { state: Mutex::new(None), next_ms: AtomicU64::new(u64::MAX) }
    }
}

/// The millisecond that has begun.
pub fn now_ms() -> u64 {
    platform::monotonic_ns() / 1_000_000
}

/// The first whole millisecond that is at least `timeout_ms` away.
pub fn deadline_after(timeout_ms: u64) -> u64 {
    platform::monotonic_ns().div_ceil(1_000_000).saturating_add(timeout_ms)
}

impl Timers {
    fn with<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut guard = self.state.lock();
        let state = guard.get_or_insert_with(|| State { wheel: TimerWheel::new(now_ms()), by_reference: HashMap::default() });
        let result = change(state);
        self.next_ms.store(state.wheel.next_deadline().unwrap_or(u64::MAX), Ordering::Release);
        result
    }
    /// Sets the timer of a receive; its handle's bits.
    pub fn set_receive(&self, deadline_ms: u64, pid: u64, number: u64) -> Option<u64> {
        self.with(|state| state.wheel.insert(deadline_ms, Entry::Receive { pid, number }).map(TimerHandle::to_bits))
    }
    pub fn cancel_receive(&self, handle: u64) {
        self.with(|state| state.wheel.cancel(TimerHandle::from_bits(handle)));
    }
    /// Sets a timer that sends `message`; false when no more timers fit.
    pub fn set_message(&self, deadline_ms: u64, id: RefId, to: Destination, message: OwnedTerm) -> bool {
        self.with(|state| {
            let Some(handle) = state.wheel.insert(deadline_ms, Entry::Message { id, to, message }) else { return false };
            state.by_reference.insert(id, handle);
            true
        })
    }
    /// Cancels a timer; the milliseconds that were left, and whom it was for.
    pub fn cancel_message(&self, id: RefId) -> Option<(u64, Destination)> {
        self.with(|state| {
            let handle = state.by_reference.remove(&id)?;
            let deadline = state.wheel.deadline(handle)?;
            match state.wheel.cancel(handle)? {
                Entry::Message { to, .. } => Some((deadline.saturating_sub(now_ms()), to)),
                Entry::Receive { .. } => None,
            }
        })
    }
    /// The milliseconds that are left of a timer, and whom it is for.
    pub fn read_message(&self, id: RefId) -> Option<(u64, Destination)> {
        self.with(|state| {
            let handle = state.by_reference.get(&id)?;
            let left = state.wheel.deadline(*handle)?.saturating_sub(now_ms());
            match state.wheel.get(*handle)? {
                Entry::Message { to, .. } => Some((left, *to)),
                Entry::Receive { .. } => None,
            }
        })
    }
    /// When to call `expire` next.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        let next = self.next_ms.load(Ordering::Acquire);
        (next != u64::MAX).then_some(next)
    }
    /// Takes what is due.
    pub fn expire(&self, now_ms: u64) -> Vec<Expired> {
        if self.next_deadline_ms().is_none_or(|next| next > now_ms) {
            return Vec::new();
        }
        let mut expired = Vec::new();
        self.with(|state| {
            while let Some((_, entry)) = state.wheel.pop_expired(now_ms) {
                expired.push(match entry {
                    Entry::Receive { pid, number } => Expired::Receive { pid, number },
                    Entry::Message { id, to, message } => {
                        state.by_reference.remove(&id);
                        Expired::Message { to, message }
                    }
                });
            }
        });
        expired
    }
}
