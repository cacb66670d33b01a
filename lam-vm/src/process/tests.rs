//! Signals between processes, without code: each test owns all processes and takes signals in by hand.

use super::ending::end;
use super::spawn::{MonitorOptions, Spawn, SpawnOptions};
use super::*;
use crate::term::Term;

struct World {
    table: ProcessTable,
    names: Names,
}

impl World {
    fn new() -> World {
        World { table: ProcessTable::new(1024, crate::sync::Arc::default(), RunQueues::default()), names: Names::default() }
    }
    fn spawn(&self, parent: Option<u64>, link: bool) -> u64 {
        let spawn = Spawn {
            module: am::ERLANG,
            function: am::APPLY,
            args: OwnedTerm::immediate(Term::NIL),
            arity: 0,
            shown_call: None,
            options: SpawnOptions { link, ..SpawnOptions::default() },
        };
        let parent = parent.map(|pid| self.process(pid));
        self.table.spawn(parent, spawn).expect("room").pid
    }
    #[allow(clippy::mut_from_ref)]
    fn process(&self, pid: u64) -> &mut Process {
        let control = self.table.lookup(pid).expect("alive");
        // SAFETY: tests hold one process at a time.
        unsafe { &mut *control.process() }
    }
    fn take_in(&self, pid: u64) {
        self.process(pid).take_in(&self.table);
    }
    fn end(&self, pid: u64, reason: Atom) {
        end(pid, &OwnedTerm::of(Term::atom(reason)), &self.table, &self.names);
    }
    fn exit_of(&self, pid: u64) -> Option<Atom> {
        self.take_in(pid);
        self.process(pid).rare.exit.as_ref().map(|reason| reason.term().as_atom().expect("an atom"))
    }
    fn messages(&self, pid: u64) -> usize {
        self.take_in(pid);
        self.process(pid).mailbox.len()
    }
    fn exit_signal(&self, from: u64, to: u64, reason: Atom) {
        self.table.send(to, SignalKind::Exit { from, reason: OwnedTerm::of(Term::atom(reason)), by_link: false });
    }
}

#[test]
fn a_pid_is_never_used_again() {
    let world = World::new();
    let first = world.spawn(None, false);
    world.end(first, am::NORMAL);
    let second = world.spawn(None, false);
    assert_eq!(word::pid_slot(first), word::pid_slot(second));
    assert_ne!(first, second);
    assert!(!world.table.send(first, SignalKind::Wake));
    assert!(world.table.send(second, SignalKind::Wake));
}

#[test]
fn links_carry_exits() {
    let world = World::new();
    let parent = world.spawn(None, false);
    let child = world.spawn(Some(parent), true);
    world.end(child, am::BADARG);
    assert_eq!(world.exit_of(parent), Some(am::BADARG));
}

#[test]
fn a_normal_exit_is_no_reason_to_end_and_trapping_makes_a_message() {
    let world = World::new();
    let parent = world.spawn(None, false);
    let child = world.spawn(Some(parent), true);
    world.end(child, am::NORMAL);
    assert_eq!(world.exit_of(parent), None);
    world.process(parent).trap_exit = true;
    let child = world.spawn(Some(parent), true);
    world.end(child, am::NORMAL);
    assert_eq!(world.messages(parent), 1);
}

#[test]
fn kill_cannot_be_trapped() {
    let world = World::new();
    let one = world.spawn(None, false);
    world.process(one).trap_exit = true;
    world.exit_signal(one, one, am::BADARG);
    assert_eq!((world.exit_of(one), world.messages(one)), (None, 1));
    world.exit_signal(one, one, am::KILL);
    assert_eq!(world.exit_of(one), Some(am::KILLED));
}

#[test]
fn kill_over_a_link_is_an_ordinary_reason() {
    let world = World::new();
    let parent = world.spawn(None, false);
    let child = world.spawn(Some(parent), true);
    world.process(parent).trap_exit = true;
    world.end(child, am::KILL);
    assert_eq!((world.exit_of(parent), world.messages(parent)), (None, 1));
}

#[test]
fn monitors_tell_once_and_also_of_the_dead() {
    let world = World::new();
    let watcher = world.spawn(None, false);
    let other = world.spawn(None, false);
    let options = || MonitorOptions { alias: AliasMode::None, tag: None };
    world.table.monitor(world.process(watcher), Some(other), None, options());
    world.take_in(other);
    world.end(other, am::NORMAL);
    assert_eq!(world.messages(watcher), 1);
    world.table.monitor(world.process(watcher), Some(other), None, options());
    assert_eq!(world.messages(watcher), 2);
    assert!(world.process(watcher).ties.monitors.is_empty());
}

#[test]
fn an_alias_for_one_reply_takes_one() {
    let world = World::new();
    let owner = world.spawn(None, false);
    let other = world.spawn(None, false);
    let options = MonitorOptions { alias: AliasMode::Reply, tag: None };
    let alias = world.table.monitor(world.process(owner), Some(other), None, options);
    for _ in 0..2 {
        world.table.send(owner, SignalKind::AliasMessage { from: other, alias, message: OwnedTerm::immediate(Term::NIL) });
    }
    assert_eq!(world.messages(owner), 1);
    world.take_in(other);
    assert!(world.process(other).ties.watchers.is_empty());
}

#[test]
fn signals_of_one_sender_keep_their_order() {
    let world = World::new();
    let one = world.spawn(None, false);
    for value in 0..100 {
        world.table.send_message(one, one, OwnedTerm::of(Term::small(value).expect("small")));
    }
    world.take_in(one);
    let process = world.process(one);
    let words = process.mailbox.all(&mut process.heap);
    assert!(words.iter().enumerate().all(|(index, word)| *word == (index as u64) << 3));
}

#[test]
fn who_sleeps_is_queued_once() {
    let world = World::new();
    let one = world.spawn(None, false);
    assert_eq!(world.table.run_queues.pop(), Some(one));
    let control = world.table.lookup(one).expect("alive");
    assert!(control.try_sleep());
    world.table.send(one, SignalKind::Wake);
    world.table.send(one, SignalKind::Wake);
    assert_eq!(world.table.run_queues.injected_len(), 1);
    assert!(!control.try_sleep());
}
