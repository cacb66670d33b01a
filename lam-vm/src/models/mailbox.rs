//! The mailbox word of a control block: pushing, taking, sleeping, waking.

use super::{World, explore, must_find, number, number_of, start};
use crate::process::signal::Signal;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::fault::Fault;
use crate::sync::thread;
use crate::term::word;

/// Two senders, an owner that takes while they send: all arrives once, and in order for each.
#[test]
fn mailbox() {
    explore("mailbox", || {
        let world = World::new(1, 4);
        let pid = world.awake();
        let senders = [0, 10].map(|first| {
            let world = world.clone();
            start(move || {
                for value in [first, first + 1] {
                    let pushed = world.control(pid).push(word::pid_generation(pid), Signal::new(number(value)));
                    assert!(matches!(pushed, Ok(false)), "it is there and awake");
                }
            })
        });
        let mut taken = Vec::new();
        while taken.len() < 2 {
            taken.extend(world.control(pid).take_signals().map(|signal| number_of(&signal.kind)));
            thread::yield_now();
        }
        for sender in senders {
            sender.join().expect("a sender ends");
        }
        taken.extend(world.control(pid).take_signals().map(|signal| number_of(&signal.kind)));
        for first in [0, 10] {
            let of_one: Vec<i64> = taken.iter().copied().filter(|value| (first..first + 2).contains(value)).collect();
            assert_eq!(of_one, [first, first + 1]);
        }
        assert_eq!(taken.len(), 4);
    });
}

#[test]
fn mailbox_publishes() {
    must_find("mailbox::mailbox", Fault::MailboxPush);
}

/// Two senders and one that only wakes, an owner that sleeps in between: it is queued once at a time, and nothing stays unseen.
#[test]
fn state_word() {
    explore("state word with wake-up", || {
        let world = World::new(1, 4);
        let pid = world.asleep();
        let generation = word::pid_generation(pid);
        // The run queue: at most this one process, and who waits for it.
        let queued = Arc::new(AtomicBool::new(false));
        let owner = {
            let (world, queued) = (world.clone(), queued.clone());
            start(move || own(&world, pid, &queued))
        };
        let wakers = [Some(1), Some(2), None].map(|value| {
            let (world, queued, owner) = (world.clone(), queued.clone(), owner.thread().clone());
            start(move || {
                let slept = match value {
                    Some(value) => {
                        world.control(pid).push(generation, Signal::new(number(value))).unwrap_or_else(|_| panic!("open"))
                    }
                    None => world.control(pid).wake(generation),
                };
                if slept {
                    assert!(!queued.swap(true, Ordering::AcqRel), "it is in no queue");
                    owner.unpark();
                }
            })
        });
        owner.join().expect("the owner has seen all");
        for waker in wakers {
            waker.join().expect("a waker ends");
        }
    });
}

/// The process's scheduler, until it has seen signals that add up to 3.
fn own(world: &World, pid: u64, queued: &AtomicBool) {
    let mut seen = 0;
    while seen < 3 {
        while !queued.swap(false, Ordering::AcqRel) {
            thread::park();
        }
        loop {
            seen += world.control(pid).take_signals().map(|signal| number_of(&signal.kind)).sum::<i64>();
            if world.control(pid).try_sleep() {
                break;
            }
        }
    }
}

#[test]
fn state_word_sees_what_came() {
    must_find("mailbox::state_word", Fault::SleepUnseen);
}

/// A process that moves between schedulers: what one owner wrote, the next one reads.
#[test]
fn hand_over() {
    explore("hand-over of a process", || {
        let world = World::new(1, 4);
        let pid = world.awake();
        let runs = Arc::new(AtomicUsize::new(0));
        let run = move |world: &World, runs: &AtomicUsize| {
            world.process(pid).reductions += 1;
            runs.fetch_add(1, Ordering::Relaxed);
            let mut signals = world.control(pid).take_signals().count();
            while !world.control(pid).try_sleep() {
                signals += world.control(pid).take_signals().count();
            }
            signals
        };
        let other = {
            let (world, runs) = (world.clone(), runs.clone());
            start(move || match world.control(pid).push(word::pid_generation(pid), Signal::new(number(1))) {
                Ok(true) => run(&world, &runs),
                _ => 0,
            })
        };
        let here = run(&world, &runs);
        let there = other.join().expect("the other ends");
        assert_eq!(here + there, 1);
        assert!(world.control(pid).wake(word::pid_generation(pid)));
        assert_eq!(world.process(pid).reductions as usize, runs.load(Ordering::Relaxed));
    });
}
