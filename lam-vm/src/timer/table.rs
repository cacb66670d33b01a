//! The timers of a machine: those of receives, and those that send messages. One wheel for each scheduler, each behind its lock.
//!
//! A scheduler sets timers on its own wheel and fires them; so nobody need be woken when one is set. Whoever cancels a timer, or
//! asks how long it has left, takes the lock of the wheel that it is on.

use std::collections::HashMap;

use super::{TimerHandle, TimerWheel};
use crate::platform;
use crate::process::{OwnedTerm, ReceiveTimer, RefId, current_scheduler};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::fault::{self, Fault};
use crate::sync::{Mutex, MutexGuard};

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

/// The timers that one scheduler set.
struct Wheel {
    state: Mutex<Option<State>>,
    /// When to look next, `u64::MAX` without timers; so that looking costs no lock.
    next_ms: AtomicU64,
}

/// All timers of one machine. Times are milliseconds of the monotonic clock.
pub struct Timers {
    wheels: Box<[Wheel]>,
}

impl Default for Timers {
    fn default() -> Self {
        Timers::new(1)
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

impl Wheel {
    fn with<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut guard = self.state.lock();
        let state = guard.get_or_insert_with(|| State { wheel: TimerWheel::new(now_ms()), by_reference: HashMap::default() });
        let result = change(state);
        self.unlock(guard);
        result
    }
    /// As `with`; `None` where no timer was ever set.
    fn with_used<R>(&self, look: impl FnOnce(&mut State) -> Option<R>) -> Option<R> {
        let mut guard = self.state.lock();
        let result = look(guard.as_mut()?);
        self.unlock(guard);
        result
    }
    /// Says when to look next and lets go of the lock: in this order, lest who comes next be contradicted.
    fn unlock(&self, guard: MutexGuard<'_, Option<State>>) {
        let next_ms = guard.as_ref().and_then(|state| state.wheel.next_deadline()).unwrap_or(u64::MAX);
        let guard = (!fault::is_seeded(Fault::NextDeadlineUnlocked)).then_some(guard);
        self.next_ms.store(next_ms, Ordering::Release);
        drop(guard);
    }
    fn cancel_message(&self, id: RefId) -> Option<(u64, Destination)> {
        self.with_used(|state| {
            let handle = state.by_reference.remove(&id)?;
            let deadline = state.wheel.deadline(handle)?;
            match state.wheel.cancel(handle)? {
                Entry::Message { to, .. } => Some((deadline.saturating_sub(now_ms()), to)),
                Entry::Receive { .. } => None,
            }
        })
    }
    fn read_message(&self, id: RefId) -> Option<(u64, Destination)> {
        self.with_used(|state| {
            let handle = state.by_reference.get(&id)?;
            let left = state.wheel.deadline(*handle)?.saturating_sub(now_ms());
            match state.wheel.get(*handle)? {
                Entry::Message { to, .. } => Some((left, *to)),
                Entry::Receive { .. } => None,
            }
        })
    }
}

impl Timers {
    pub fn new(schedulers: usize) -> Timers {
        let wheel = || Wheel { state: Mutex::new(None), next_ms: AtomicU64::new(u64::MAX) };
        Timers { wheels: (0..schedulers.max(1)).map(|_| wheel()).collect() }
    }
    fn own(&self) -> usize {
        current_scheduler().min(self.wheels.len() - 1)
    }
    /// The wheels, the caller's first: most timers are cancelled where they were set.
    fn all(&self) -> impl Iterator<Item = &Wheel> {
        let (before, after) = self.wheels.split_at(self.own());
        after.iter().chain(before)
    }
    /// Sets the timer `number` of a process's receive.
    pub fn set_receive(&self, deadline_ms: u64, pid: u64, number: u64) -> Option<ReceiveTimer> {
        let wheel = self.own();
        let handle = self.wheels[wheel].with(|state| state.wheel.insert(deadline_ms, Entry::Receive { pid, number }))?;
        Some(ReceiveTimer { wheel, handle: handle.to_bits(), number })
    }
    pub fn cancel_receive(&self, timer: ReceiveTimer) {
        self.wheels[timer.wheel].with(|state| state.wheel.cancel(TimerHandle::from_bits(timer.handle)));
    }
    /// Sets a timer that sends `message`; false when no more timers fit.
    pub fn set_message(&self, deadline_ms: u64, id: RefId, to: Destination, message: OwnedTerm) -> bool {
        self.wheels[self.own()].with(|state| {
            let Some(handle) = state.wheel.insert(deadline_ms, Entry::Message { id, to, message }) else { return false };
            state.by_reference.insert(id, handle);
            true
        })
    }
    /// Cancels a timer; the milliseconds that were left, and whom it was for.
    pub fn cancel_message(&self, id: RefId) -> Option<(u64, Destination)> {
        self.all().find_map(|wheel| wheel.cancel_message(id))
    }
    /// The milliseconds that are left of a timer, and whom it is for.
    pub fn read_message(&self, id: RefId) -> Option<(u64, Destination)> {
        self.all().find_map(|wheel| wheel.read_message(id))
    }
    /// When this scheduler is to call `expire` next.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        let next = self.wheels[self.own()].next_ms.load(Ordering::Acquire);
        (next != u64::MAX).then_some(next)
    }
    /// Takes what is due on this scheduler's wheel.
    pub fn expire(&self, now_ms: u64) -> Vec<Expired> {
        if self.next_deadline_ms().is_none_or(|next| next > now_ms) {
            return Vec::new();
        }
        let mut expired = Vec::new();
        self.wheels[self.own()].with(|state| {
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
