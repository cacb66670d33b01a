//! Sharing work between schedulers: offering it, looking for it, starting threads, sleeping.
//!
//! | when | what |
//! |---|---|
//! | after a slice's worth of reductions a scheduler still had something waiting, twice running | wakes one that sleeps |
//! | so for a millisecond, and all that were started are awake | starts the next thread |
//! | a scheduler has nothing left | looks at the others for 10 µs, then sleeps until its next timer |
//!
//! Nobody is woken for a process that merely waits for the running one to end its slice: two processes that send to each other in
//! turn stay where they are, and so does a ring.

use super::{Driver, Turn};
use crate::platform;
use crate::platform::stdio::Woken;
use crate::process::Sharing;
use crate::sync::atomic::{Ordering, fence};
use crate::sync::thread;
use crate::sync::{Arc, hint};
use crate::system::System;

/// How long a backlog lasts before a thread is started for it.
const START_AFTER_NS: u64 = 1_000_000;
/// How long a scheduler looks for work before it sleeps.
const SEARCH_NS: u64 = 10_000;
/// A scheduler sleeps no longer than this while others run: one that is stuck in a long BIF cannot offer what waits behind it.
const NAP_NS: u64 = 10_000_000;
/// A turn of a scheduler that has no streams to look after.
const TURN_NS: u64 = 1_000_000_000;
/// The machine's own recursion is bounded; big integers and the host's calls want some room. Only what is touched is used.
const STACK_BYTES: usize = 8 << 20;

/// Since when this scheduler has had processes waiting at every look.
#[derive(Default)]
pub(super) struct Backlog {
    since_ns: Option<u64>,
}

impl Driver {
    /// Called about once for the reductions of a slice.
    pub(super) fn offer(&mut self, now_ns: u64) {
        let queues = &self.system.processes.run_queues;
        if queues.schedulers() == 1 {
            return;
        }
        if queues.sharing() == Sharing::Eager {
            start_next(&self.system);
            if queues.own_len() > 0 {
                queues.wake_one();
            }
            return;
        }
        // The process that just ran stands in the queue again, perhaps; it alone is no backlog.
        if queues.own_len() < 2 {
            self.backlog.since_ns = None;
            return;
        }
        let Some(since_ns) = self.backlog.since_ns else {
            self.backlog.since_ns = Some(now_ns);
            return;
        };
        if queues.somebody_sleeps() {
            fence(Ordering::SeqCst);
            queues.wake_one();
        } else if now_ns.saturating_sub(since_ns) >= START_AFTER_NS && queues.all_awake() {
            start_next(&self.system);
            self.backlog.since_ns = Some(now_ns);
        }
    }
    /// A process that another scheduler has waiting.
    pub(super) fn find_work(&mut self) -> Option<u64> {
        let queues = &self.system.processes.run_queues;
        let mut search = queues.transition_to_searching()?;
        let begin = platform::monotonic_ns();
        let mut now = begin;
        let found = loop {
            if let Some(pid) = queues.steal(&mut search, now) {
                break Some(pid);
            }
            if now.saturating_sub(begin) >= SEARCH_NS {
                break None;
            }
            for _ in 0..16 {
                hint::spin_loop();
            }
            now = platform::monotonic_ns();
        };
        queues.transition_from_searching();
        found
    }
    /// Waits as `turn` says: until there may be something to do. `for_stdin` is for the first scheduler, which looks after it.
    pub fn wait(&mut self, turn: Turn, for_stdin: bool) -> Woken {
        let queues = &self.system.processes.run_queues;
        let mut deadline_ns = match turn {
            Turn::Runnable | Turn::Exited(_) => Some(0),
            Turn::SleepUntil(deadline_ns) => Some(deadline_ns),
            Turn::Idle => None,
        };
        let sleeps = !matches!(turn, Turn::Runnable | Turn::Exited(_));
        if !sleeps {
            return self.wait_until(for_stdin, deadline_ns);
        }
        let sleep = |others_awake| {
            if others_awake {
                let nap_end_ns = platform::monotonic_ns() + NAP_NS;
                deadline_ns = Some(deadline_ns.map_or(nap_end_ns, |deadline_ns| deadline_ns.min(nap_end_ns)));
            }
            self.wait_until(for_stdin, deadline_ns)
        };
        queues.sleep_unless(self.index, || self.system.exit_code().is_some(), sleep).unwrap_or(Woken::Interrupted)
    }
    fn wait_until(&self, for_stdin: bool, deadline_ns: Option<u64>) -> Woken {
        if self.index == 0 {
            return platform::stdio::wait(for_stdin, deadline_ns);
        }
        park(deadline_ns);
        Woken::Interrupted
    }
}

fn park(deadline_ns: Option<u64>) {
    let Some(deadline_ns) = deadline_ns else { return thread::park() };
    let left_ns = deadline_ns.saturating_sub(platform::monotonic_ns());
    if left_ns > 0 {
        thread::park_timeout(core::time::Duration::from_nanos(left_ns));
    }
}

/// Starts the next scheduler's thread. A host that refuses one is asked again at the next backlog.
fn start_next(system: &Arc<System>) {
    let queues = &system.processes.run_queues;
    let Some(index) = queues.start_next() else { return };
    let shared = system.clone();
    let started = thread::spawn_named(&format!("scheduler {}", index + 1), STACK_BYTES, move || serve(shared, index));
    if started.is_err() {
        queues.not_started();
    }
}

/// What a scheduler's thread does until the machine ends.
fn serve(system: Arc<System>, index: usize) {
    let mut driver = Driver::new(system.clone(), index);
    loop {
        let turn = driver.run(TURN_NS);
        if let Turn::Exited(_) = turn {
            return;
        }
        if turn != Turn::Runnable {
            system.standard.flush();
            driver.wait(turn, false);
        }
    }
}
