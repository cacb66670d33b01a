//! The end of a process against those who send to it: each signal takes effect or is answered, and none reaches its successor.

use super::{World, explore, must_find, start};
use crate::atom::am;
use crate::process::spawn::MonitorOptions;
use crate::process::{AliasMode, Watch};
use crate::sync::fault::Fault;
use crate::term::word;

/// One links with and monitors a process that ends: it learns of both, once.
#[test]
fn ending() {
    explore("exit against link and monitor", || {
        let world = World::new(1, 4);
        let (other, pid) = (world.awake(), world.awake());
        let ender = {
            let world = world.clone();
            start(move || world.end(pid, am::BADARG))
        };
        let process = world.process(other);
        process.trap_exit = true;
        let linked = world.table.link(process, pid).is_ok();
        let id = world.table.monitor(process, Some(pid), None, MonitorOptions { alias: AliasMode::None, tag: None });
        ender.join().expect("it ends");
        process.take_in(&world.table);
        assert_eq!(process.mailbox.len(), usize::from(linked) + 1);
        assert!(process.ties.links.is_empty() && !process.ties.monitors.contains_key(&id));
        let is_watched = |watch: &Watch| matches!(watch, Watch::Process { .. });
        assert!(!process.ties.monitors.values().any(|monitor| is_watched(&monitor.watch)));
    });
}

/// What is sent to a process that ends never reaches the one that gets its slot.
#[test]
fn successor() {
    explore("exit against send", || {
        let world = World::new(1, 4);
        let pid = world.awake();
        let ender = {
            let world = world.clone();
            start(move || {
                world.end(pid, am::NORMAL);
                let next = world.asleep();
                assert_eq!(word::pid_slot(next), word::pid_slot(pid));
                next
            })
        };
        world.send(0, pid, 1);
        world.table.start(pid);
        let next = ender.join().expect("it ends");
        assert!(!world.send(0, pid, 2), "the first one is gone");
        assert!(!world.control(next).has_signals(), "it got nothing");
        assert!(world.control(next).wake(word::pid_generation(next)), "it still sleeps");
    });
}

#[test]
fn ending_closes() {
    must_find("ending::ending", Fault::CloseOpen);
}
