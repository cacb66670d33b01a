//! Run queues: stealing, parking, waking, around the deque.

use super::{explore, must_find, start};
use crate::process::{Priority, RunQueues, Sharing};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::fault::Fault;
use crate::sync::thread;

struct Shared {
    queues: RunQueues,
    runs: [AtomicUsize; 4],
    left: AtomicUsize,
    done: AtomicBool,
}

impl Shared {
    fn new(sharing: Sharing, processes: usize) -> Arc<Shared> {
        let queues = RunQueues::new(2, sharing);
        Arc::new(Shared { queues, runs: Default::default(), left: AtomicUsize::new(processes), done: AtomicBool::new(false) })
    }
    fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }
    /// As the machine's end: a flag, then everyone is woken.
    fn stop(&self) {
        if self.done.compare_exchange(false, true, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
            self.queues.wake_all();
        }
    }
    /// What a scheduler's thread does: as `sched`, without processes.
    fn work(&self, index: usize) {
        self.queues.enter(index);
        while !self.is_done() {
            let found = self.queues.pop().or_else(|| {
                let mut search = self.queues.transition_to_searching()?;
                let found = self.queues.steal(&mut search, 1);
                self.queues.transition_from_searching();
                found
            });
            match found {
                Some(pid) => self.run(pid),
                None => {
                    self.queues.sleep_unless(index, || self.is_done(), |_| thread::park());
                }
            }
        }
        self.queues.leave();
    }
    /// Process 1 wakes process 2.
    fn run(&self, pid: u64) {
        assert_eq!(self.runs[pid as usize].fetch_add(1, Ordering::Relaxed), 0, "process {pid} runs once");
        if pid == 1 {
            self.queues.push(2, Priority::Normal);
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.stop();
        }
    }
}

/// Two schedulers, one of which has work that the other may steal while it goes to sleep.
#[test]
fn stealing() {
    explore("stealing with parking", || {
        let shared = Shared::new(Sharing::Eager, 2);
        assert_eq!(shared.queues.start_next(), Some(1));
        let schedulers = [0, 1].map(|index| {
            let shared = shared.clone();
            start(move || {
                if index == 0 {
                    shared.queues.enter(0);
                    shared.queues.push(1, Priority::Normal);
                }
                shared.work(index);
            })
        });
        for scheduler in schedulers {
            scheduler.join().expect("a scheduler stops");
        }
        assert!(shared.runs[1..3].iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
    });
}

/// Work from outside, for a scheduler that is about to sleep.
#[test]
fn injector() {
    explore("waking by the injector", || {
        let shared = Shared::new(Sharing::Measured, 1);
        let scheduler = {
            let shared = shared.clone();
            start(move || shared.work(0))
        };
        shared.queues.push(3, Priority::Normal);
        scheduler.join().expect("the scheduler stops");
        assert_eq!(shared.runs[3].load(Ordering::Relaxed), 1);
    });
}

#[test]
fn injector_sees_sleepers() {
    must_find("stealing::injector", Fault::InjectFence);
}

/// The machine ends while a scheduler is being started.
#[test]
fn stopping() {
    explore("end of the machine", || {
        let shared = Shared::new(Sharing::Measured, 1);
        let stopper = {
            let shared = shared.clone();
            start(move || shared.stop())
        };
        assert_eq!(shared.queues.start_next(), Some(1));
        let other = {
            let shared = shared.clone();
            start(move || shared.work(1))
        };
        other.join().expect("it stops");
        stopper.join().expect("it ends");
    });
}

#[test]
fn stopping_reaches_all() {
    must_find("stealing::stopping", Fault::WakeAllFence);
}
