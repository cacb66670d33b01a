//! Timers when a process moves between schedulers: on whose wheel a timer is, who fires it, who cancels it.

use super::{World, explore, must_find, start};
use crate::process::SignalKind;
use crate::sync::Arc;
use crate::sync::fault::Fault;
use crate::timer::{Destination, Expired, Timers};

/// What is long due, and what never is.
const DUE: u64 = 1;
const LATER: u64 = 1 << 50;
const NOW: u64 = 1 << 40;

/// Fires what is due on the wheel of the scheduler that runs here.
fn fire(world: &World, timers: &Timers) -> usize {
    let mut messages = 0;
    for expired in timers.expire(NOW) {
        match expired {
            Expired::Receive { pid, number } => {
                world.table.send(pid, SignalKind::Timeout { number });
            }
            Expired::Message { .. } => messages += 1,
        }
    }
    messages
}

/// A receive's timer on scheduler 0's wheel; its process goes on on scheduler 1, cancels it, and sets another.
#[test]
fn hand_over() {
    explore("timer hand-over", || {
        let world = World::new(2, 4);
        let timers = Arc::new(Timers::new(2));
        let queues = &world.table.run_queues;
        queues.enter(0);
        let pid = world.awake();
        world.process(pid).rare.receive_timer = timers.set_receive(DUE, pid, 1);
        let other = {
            let (world, timers) = (world.clone(), timers.clone());
            start(move || {
                world.table.run_queues.enter(1);
                let process = world.process(pid);
                if let Some(timer) = process.rare.receive_timer.take() {
                    timers.cancel_receive(timer);
                }
                process.rare.receive_timer = timers.set_receive(LATER, pid, 2);
                process.take_in(&world.table);
                assert!(!process.timed_out, "the first timer counts no more");
                assert_eq!(timers.next_deadline_ms(), Some(LATER));
                world.table.run_queues.leave();
            })
        };
        fire(&world, &timers);
        other.join().expect("the process's scheduler ends");
        assert_eq!(timers.next_deadline_ms(), None, "nothing is left on this wheel");
        world.process(pid).take_in(&world.table);
        assert!(!world.process(pid).timed_out);
        queues.leave();
    });
}

/// A timer that sends a message is fired or cancelled, never both, never neither; another set meanwhile is not forgotten.
#[test]
fn cancelling() {
    explore("cancelling of a timer", || {
        let world = World::new(2, 4);
        let timers = Arc::new(Timers::new(2));
        let queues = &world.table.run_queues;
        queues.enter(0);
        let id = world.table.new_reference();
        assert!(timers.set_message(DUE, id, Destination::Pid(0), super::small(1)));
        let other = {
            let (world, timers) = (world.clone(), timers.clone());
            start(move || {
                world.table.run_queues.enter(1);
                let cancelled = timers.cancel_message(id).is_some();
                world.table.run_queues.leave();
                usize::from(cancelled)
            })
        };
        let fired = fire(&world, &timers);
        assert!(timers.set_receive(LATER, 0, 1).is_some());
        let cancelled = other.join().expect("who cancels ends");
        assert_eq!(fired + cancelled, 1);
        assert_eq!(timers.next_deadline_ms(), Some(LATER), "the wheel is looked at in time");
        queues.leave();
    });
}

#[test]
fn a_wheel_is_looked_at_in_time() {
    must_find("timers::cancelling", Fault::NextDeadlineUnlocked);
}
