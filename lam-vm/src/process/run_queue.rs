//! Run queues: pids that wait for a scheduler, by priority; and which schedulers sleep.
//!
//! ```text
//! scheduler 0   own deques: max high normal low ──┐ stolen from by schedulers that have nothing left
//! scheduler 1   own deques: max high normal low ──┤
//! injector      for who is no scheduler, or one that is offline
//! ```
//! As OTP has it: *max* goes before *high* before the rest; of *normal* and *low* one in eight turns is low's.
//!
//! 1. A process is in at most one queue, once: who clears *sleeping* in its control block puts it there.
//! 2. Only the thread that entered as scheduler `i` pushes to and pops from lane `i`; anyone steals from it.
//! 3. A scheduler runs what is in its own lane before it sleeps, so nobody need be woken for a push there. A push to the injector
//!    wakes a sleeper if there is one: the pusher pushes, then reads `idle`; the sleeper sets its bit in `idle`, then looks at the
//!    injector. Both are sequentially consistent, so one of the two sees the other.
//! 4. Who takes a bit out of `idle` wakes that scheduler; a scheduler that wakes by itself takes its own bit out.

use core::cell::Cell;

use super::Priority;
use crate::platform;
use crate::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use crate::sync::cell::UnsafeCell;
use crate::sync::deque::{Injector, Steal, Stealer, Worker};
use crate::sync::fault::{self, Fault};
use crate::sync::thread::{self, Thread};
use crate::sync::{MODELLED, OnceLock};

/// `idle` has a bit for each.
pub const SCHEDULERS_MAX: usize = 64;

const LOW_TURN: u32 = 8;
/// One pop in so many looks at the injector first, lest a busy scheduler forget it.
const INJECTOR_TURN: u32 = 61;
/// How long the only process in a lane must have waited behind one slice before it is stolen: less, and two processes that send to
/// each other in turn would be torn apart by who looks for work.
const LONE_WAIT_NS: u64 = 5_000;
const PRIORITIES: [Priority; 4] = [Priority::Max, Priority::High, Priority::Normal, Priority::Low];

crate::sync::thread_local! {
    /// The lanes that this thread works on, and which of them is its own.
    static CURRENT: Cell<(*const Lane, usize)> = const { Cell::new((core::ptr::null(), 0)) };
}

/// The number of the scheduler that runs here, from 0; 0 where none does.
pub fn current_scheduler() -> usize {
    CURRENT.with(Cell::get).1
}

/// What belongs to one scheduler. Apart from its neighbours, as each is written by another thread.
#[repr(align(128))]
struct Lane {
    own: UnsafeCell<Own>,
    stealers: [Stealer<u64>; 4],
    /// Slices begun, so that others see whether one goes on for long.
    slices: AtomicU32,
    /// Whom to unpark; scheduler 0 waits in `platform` instead (in models it parks as the others).
    thread: OnceLock<Thread>,
}

/// Touched by the lane's thread alone.
struct Own {
    workers: [Worker<u64>; 4],
    normal_turns: u32,
    pops: u32,
}

// SAFETY: rule 2 keeps `own` to one thread; the rest is made for sharing.
unsafe impl Sync for Lane {}
// SAFETY: as above; a deque's end may move between threads.
unsafe impl Send for Lane {}

impl Lane {
    fn new() -> Lane {
        let workers: [Worker<u64>; 4] = core::array::from_fn(|_| Worker::new_fifo());
        let stealers = core::array::from_fn(|index| workers[index].stealer());
        Lane {
            own: UnsafeCell::new(Own { workers, normal_turns: 0, pops: 0 }),
            stealers,
            slices: AtomicU32::new(0),
            thread: OnceLock::new(),
        }
    }
    fn len(&self) -> usize {
        self.stealers.iter().map(Stealer::len).sum()
    }
}

/// What a scheduler that looks for work saw of another's lane last.
#[derive(Clone, Copy, Default)]
struct Seen {
    slices: u32,
    since_ns: u64,
}

/// A scheduler's memory of one search.
pub struct Search {
    seen: [Seen; SCHEDULERS_MAX],
    next: usize,
}

/// How readily schedulers take work from each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// What pays.
    #[default]
    Measured,
    /// At every chance: for tests, where processes are to move between schedulers as often as can be.
    Eager,
}

/// The queues of a machine.
pub struct RunQueues {
    sharing: Sharing,
    lanes: Box<[Lane]>,
    injectors: [Injector<u64>; 4],
    /// Bit i: scheduler i sleeps or is about to.
    idle: AtomicU64,
    /// Schedulers that look for work elsewhere.
    searching: AtomicUsize,
    /// Schedulers whose threads were started, and those that may run processes.
    started: AtomicUsize,
    online: AtomicUsize,
}

impl Default for RunQueues {
    fn default() -> Self {
        RunQueues::new(1, Sharing::Measured)
    }
}

impl RunQueues {
    /// For so many schedulers, of which the first has its thread.
    pub fn new(schedulers: usize, sharing: Sharing) -> RunQueues {
        let count = if thread::AVAILABLE { schedulers.clamp(1, SCHEDULERS_MAX) } else { 1 };
        RunQueues {
            sharing,
            lanes: (0..count).map(|_| Lane::new()).collect(),
            injectors: core::array::from_fn(|_| Injector::new()),
            idle: AtomicU64::new(0),
            searching: AtomicUsize::new(0),
            started: AtomicUsize::new(1),
            online: AtomicUsize::new(count),
        }
    }
    pub fn sharing(&self) -> Sharing {
        self.sharing
    }
    pub fn schedulers(&self) -> usize {
        self.lanes.len()
    }
    pub fn online(&self) -> usize {
        self.online.load(Ordering::Relaxed)
    }
    /// Lets so many schedulers run processes; the others put down what they have.
    pub fn set_online(&self, count: usize) -> usize {
        let count = count.clamp(1, self.lanes.len());
        let old = self.online.swap(count, Ordering::SeqCst);
        if old != count {
            self.wake_all();
        }
        old
    }
    pub fn started(&self) -> usize {
        self.started.load(Ordering::Acquire)
    }
    /// The number of the next scheduler to start a thread for; the caller must start it or call `not_started`.
    pub fn start_next(&self) -> Option<usize> {
        let started = self.started();
        let claimed = started < self.online()
            && self.started.compare_exchange(started, started + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        claimed.then_some(started)
    }
    /// The host refused a thread for the last one that `start_next` gave.
    pub fn not_started(&self) {
        self.started.fetch_sub(1, Ordering::AcqRel);
    }

    /// From now on this thread is scheduler `index`, until it calls `leave`. One thread at a time may be.
    pub fn enter(&self, index: usize) {
        let lanes = self.lanes.as_ptr();
        if CURRENT.with(Cell::get) != (lanes, index) {
            CURRENT.with(|current| current.set((lanes, index)));
            if index > 0 || MODELLED {
                // A thread enters once, so nobody was there before.
                let _ = self.lanes[index].thread.set(thread::current());
            }
        }
    }
    /// This thread is no scheduler any more.
    pub fn leave(&self) {
        if CURRENT.with(Cell::get).0 == self.lanes.as_ptr() {
            CURRENT.with(|current| current.set((core::ptr::null(), 0)));
        }
    }
    /// This thread's number and what only it may touch; `None` where it is no scheduler of this machine.
    #[inline]
    fn with_own<R>(&self, act: impl FnOnce(usize, &mut Own) -> R) -> Option<R> {
        let (lanes, index) = CURRENT.with(Cell::get);
        if !core::ptr::eq(lanes, self.lanes.as_ptr()) {
            return None;
        }
        // SAFETY: rule 2, and nothing below calls back into here.
        Some(self.lanes[index].own.with_mut(|own| act(index, unsafe { &mut *own })))
    }

    /// Puts a process that is in no queue into one.
    pub fn push(&self, pid: u64, priority: Priority) {
        let kept = self.with_own(|index, own| {
            let keeps = index < self.online();
            if keeps {
                own.workers[priority as usize].push(pid);
            }
            keeps
        });
        if kept != Some(true) {
            self.inject(pid, priority);
        } else if self.sharing == Sharing::Eager {
            fence(Ordering::SeqCst);
            self.wake_one();
        }
    }
    fn inject(&self, pid: u64, priority: Priority) {
        self.injectors[priority as usize].push(pid);
        if !fault::is_seeded(Fault::InjectFence) {
            fence(Ordering::SeqCst);
        }
        self.wake_one();
    }
    /// The next process of this scheduler's own, or else of the injector.
    pub fn pop(&self) -> Option<u64> {
        let own = self.with_own(|index, own| {
            own.pops = own.pops.wrapping_add(1);
            if own.pops.is_multiple_of(INJECTOR_TURN)
                && let Some(pid) = self.take_injected(Some(own))
            {
                return Some(pid);
            }
            let pid = own.pop().or_else(|| self.take_injected(Some(own)))?;
            let lane = &self.lanes[index];
            lane.slices.store(lane.slices.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
            Some(pid)
        });
        own.unwrap_or_else(|| self.take_injected(None))
    }
    fn take_injected(&self, own: Option<&Own>) -> Option<u64> {
        for priority in PRIORITIES {
            let injector = &self.injectors[priority as usize];
            while !injector.is_empty() {
                let stolen = match own {
                    Some(own) => injector.steal_batch_and_pop(&own.workers[priority as usize]),
                    None => injector.steal(),
                };
                match stolen {
                    Steal::Success(pid) => return Some(pid),
                    Steal::Empty => break,
                    Steal::Retry => {}
                }
            }
        }
        None
    }
    /// Puts what this scheduler has into the injector: it is offline.
    pub fn put_down(&self) {
        let mut any = false;
        self.with_own(|_, own| {
            for priority in PRIORITIES {
                while let Some(pid) = own.workers[priority as usize].pop() {
                    self.injectors[priority as usize].push(pid);
                    any = true;
                }
            }
        });
        if any {
            fence(Ordering::SeqCst);
            self.wake_one();
        }
    }
    /// Whether this scheduler has nothing of its own to run, and there is nothing in the injector either.
    pub fn is_empty(&self) -> bool {
        self.own_len() == 0 && !self.has_injected()
    }
    /// Processes in this scheduler's own lane.
    pub fn own_len(&self) -> usize {
        self.with_own(|index, _| self.lanes[index].len()).unwrap_or(0)
    }
    /// Processes that wait, of each scheduler.
    pub fn lengths(&self) -> Vec<usize> {
        self.lanes.iter().map(Lane::len).collect()
    }
    /// Processes that wait for no scheduler in particular.
    pub fn injected_len(&self) -> usize {
        self.injectors.iter().map(Injector::len).sum()
    }
    fn has_injected(&self) -> bool {
        self.injectors.iter().any(|injector| !injector.is_empty())
    }

    // --- looking for work

    /// Says that this scheduler looks for work elsewhere; `None` when enough others do, or there is nobody else.
    pub fn transition_to_searching(&self) -> Option<Search> {
        let started = self.started();
        if started < 2 || 2 * self.searching.load(Ordering::Relaxed) >= started {
            return None;
        }
        self.searching.fetch_add(1, Ordering::SeqCst);
        Some(Search { seen: [Seen::default(); SCHEDULERS_MAX], next: current_scheduler() + 1 })
    }
    pub fn transition_from_searching(&self) {
        self.searching.fetch_sub(1, Ordering::SeqCst);
    }
    /// Half of what another scheduler has waiting; one of them to run now.
    pub fn steal(&self, search: &mut Search, now_ns: u64) -> Option<u64> {
        let started = self.started();
        search.next = (search.next + 1) % started;
        self.with_own(|index, own| {
            if let Some(pid) = self.take_injected(Some(own)) {
                return Some(pid);
            }
            for offset in 0..started {
                let victim = (search.next + offset) % started;
                if victim == index {
                    continue;
                }
                if self.may_steal(victim, &mut search.seen[victim], now_ns)
                    && let Some(pid) = self.steal_from(victim, own)
                {
                    return Some(pid);
                }
            }
            None
        })
        .flatten()
    }
    fn may_steal(&self, victim: usize, seen: &mut Seen, now_ns: u64) -> bool {
        let lane = &self.lanes[victim];
        match lane.len() {
            0 => false,
            1 if self.sharing == Sharing::Measured => {
                let slices = lane.slices.load(Ordering::Relaxed);
                if seen.since_ns == 0 || seen.slices != slices {
                    *seen = Seen { slices, since_ns: now_ns };
                    return false;
                }
                now_ns.saturating_sub(seen.since_ns) >= LONE_WAIT_NS
            }
            _ => true,
        }
    }
    fn steal_from(&self, victim: usize, own: &Own) -> Option<u64> {
        for priority in PRIORITIES {
            let stealer = &self.lanes[victim].stealers[priority as usize];
            while !stealer.is_empty() {
                match stealer.steal_batch_and_pop(&own.workers[priority as usize]) {
                    Steal::Success(pid) => return Some(pid),
                    Steal::Empty => break,
                    Steal::Retry => {}
                }
            }
        }
        None
    }

    // --- sleeping and waking

    /// Announces that this scheduler is about to sleep; false (and taken back) when there is work in the injector for it.
    pub fn transition_to_idle(&self, index: usize) -> bool {
        self.idle.fetch_or(1 << index, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if index < self.online() && self.has_injected() {
            self.transition_from_idle(index);
            return false;
        }
        true
    }
    /// Sleeps by `sleep`, which is told whether others are awake, unless there is work in the injector or `must_run` says so; `None`
    /// then. What is announced before `must_run` looks is taken back in every case.
    pub fn sleep_unless<R>(&self, index: usize, must_run: impl FnOnce() -> bool, sleep: impl FnOnce(bool) -> R) -> Option<R> {
        if !self.transition_to_idle(index) {
            return None;
        }
        let woken = (!must_run()).then(|| sleep(self.others_awake(index)));
        self.transition_from_idle(index);
        woken
    }
    pub fn transition_from_idle(&self, index: usize) {
        self.idle.fetch_and(!(1 << index), Ordering::SeqCst);
    }
    /// Whether any other started scheduler is awake.
    pub fn others_awake(&self, index: usize) -> bool {
        let all = !0u64 >> (64 - self.started().min(64));
        all & !(1 << index) & !self.idle.load(Ordering::Relaxed) != 0
    }
    /// Whether work should be offered: somebody sleeps who could do it, and nobody looks for it already.
    pub fn somebody_sleeps(&self) -> bool {
        self.idle.load(Ordering::Relaxed) & self.online_mask() != 0 && self.searching.load(Ordering::Relaxed) == 0
    }
    /// Whether every started scheduler is awake.
    pub fn all_awake(&self) -> bool {
        self.idle.load(Ordering::Relaxed) & self.online_mask() == 0
    }
    fn online_mask(&self) -> u64 {
        !0u64 >> (64 - self.online())
    }
    /// Wakes one scheduler that sleeps.
    pub fn wake_one(&self) {
        let mut idle = self.idle.load(Ordering::SeqCst);
        loop {
            let able = idle & self.online_mask();
            if able == 0 {
                return;
            }
            let index = able.trailing_zeros() as usize;
            match self.idle.compare_exchange(idle, idle & !(1 << index), Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => return self.wake(index),
                Err(now) => idle = now,
            }
        }
    }
    /// Wakes all schedulers: something changed that concerns each.
    pub fn wake_all(&self) {
        // What changed is seen by who goes to sleep from here on, or that scheduler is seen as started below.
        if !fault::is_seeded(Fault::WakeAllFence) {
            fence(Ordering::SeqCst);
        }
        for index in 0..self.started() {
            self.wake(index);
        }
    }
    fn wake(&self, index: usize) {
        if index == 0 && !MODELLED {
            platform::stdio::wake();
        } else if let Some(thread) = self.lanes[index].thread.get() {
            thread.unpark();
        }
    }
}

impl Own {
    fn pop(&mut self) -> Option<u64> {
        for priority in [Priority::Max, Priority::High] {
            if let Some(pid) = self.workers[priority as usize].pop() {
                return Some(pid);
            }
        }
        self.normal_turns = self.normal_turns.wrapping_add(1);
        let order = if self.normal_turns.is_multiple_of(LOW_TURN) {
            [Priority::Low, Priority::Normal]
        } else {
            [Priority::Normal, Priority::Low]
        };
        order.into_iter().find_map(|priority| self.workers[priority as usize].pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn higher_goes_first_and_low_gets_its_turn() {
        let queues = RunQueues::default();
        queues.enter(0);
        for pid in 0..9 {
            queues.push(pid, Priority::Normal);
        }
        queues.push(100, Priority::Low);
        queues.push(200, Priority::Max);
        let order: Vec<u64> = core::iter::from_fn(|| queues.pop()).collect();
        assert_eq!(order, [200, 0, 1, 2, 3, 4, 5, 6, 100, 7, 8]);
        assert!(queues.is_empty());
        queues.leave();
    }

    #[test]
    fn who_is_no_scheduler_uses_the_injector() {
        let queues = RunQueues::new(2, Sharing::Measured);
        queues.push(7, Priority::Normal);
        assert_eq!((queues.own_len(), queues.injected_len()), (0, 1));
        queues.enter(0);
        assert!(!queues.is_empty());
        assert_eq!(queues.pop(), Some(7));
        assert!(queues.is_empty());
        queues.leave();
    }

    #[test]
    fn half_is_stolen_but_a_lone_one_only_from_a_long_slice() {
        let queues = RunQueues::new(2, Sharing::Measured);
        if queues.schedulers() < 2 {
            return;
        }
        assert_eq!(queues.start_next(), Some(1));
        queues.enter(0);
        for pid in 0..4 {
            queues.push(pid, Priority::Normal);
        }
        queues.enter(1);
        let mut search = queues.transition_to_searching().expect("nobody else searches");
        assert_eq!(queues.steal(&mut search, 1), Some(0));
        assert_eq!(queues.pop(), Some(1));
        queues.enter(0);
        assert_eq!(queues.pop(), Some(2));
        queues.enter(1);
        assert_eq!(queues.steal(&mut search, 10), None);
        assert_eq!(queues.steal(&mut search, 10 + LONE_WAIT_NS), Some(3));
        queues.transition_from_searching();
        queues.leave();
    }

    #[test]
    fn offline_schedulers_put_down_what_they_have() {
        let queues = RunQueues::new(2, Sharing::Measured);
        if queues.schedulers() < 2 {
            return;
        }
        queues.enter(1);
        queues.push(5, Priority::High);
        assert_eq!(queues.set_online(1), 2);
        queues.put_down();
        queues.push(6, Priority::High);
        queues.enter(0);
        assert_eq!([queues.pop(), queues.pop(), queues.pop()], [Some(5), Some(6), None]);
        queues.leave();
    }

    #[test]
    fn a_sleeper_sees_the_injector() {
        let queues = RunQueues::default();
        assert!(queues.transition_to_idle(0));
        queues.transition_from_idle(0);
        queues.push(1, Priority::Normal);
        assert!(!queues.transition_to_idle(0));
        assert!(!queues.others_awake(0));
    }
}
