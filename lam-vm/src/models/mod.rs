//! Models: small cases of what schedulers share, run in every order (loom) or in 10,000 random ones (shuttle) over the shipped source.
//!
//! `make models` runs them. Each has a twin that runs it in a process of its own with one fault seeded (`sync/fault.rs`) and wants it to
//! fail. loom also forgets what no ordering publishes, so weak orderings are its matter; shuttle's memory is sequentially consistent.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "models start themselves again and say what they explored"
)]

#[cfg(loom)]
mod counts;
#[cfg(loom)]
mod ending;
#[cfg(loom)]
mod mailbox;
#[cfg(loom)]
mod stealing;
#[cfg(loom)]
mod tables;
#[cfg(loom)]
mod timers;

#[cfg(shuttle)]
mod aliases;
#[cfg(shuttle)]
mod links;
#[cfg(shuttle)]
mod monitors;
#[cfg(shuttle)]
mod registration;
#[cfg(shuttle)]
mod stage;
#[cfg(shuttle)]
mod storms;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::atom::Atom;
#[cfg(loom)]
use crate::process::SignalKind;
use crate::process::control::Control;
use crate::process::ending::end;
use crate::process::{Names, OwnedTerm, Process, ProcessHeap, ProcessTable, RunQueues, Sharing};
use crate::sync::fault::{Fault, seed_named};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Arc, MODELLED};
use crate::term::Term;
#[cfg(loom)]
use crate::term::word;

const SEEDED: &str = "LAM_SEEDED_FAULT";

/// Runs `body` in every order with at most two preemptions.
#[cfg(loom)]
fn explore(name: &str, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.max_branches = 20_000;
    counted(name, "executions", body, |body| builder.check(body));
}

/// Runs `body` in 10,000 random orders.
#[cfg(shuttle)]
fn explore(name: &str, body: impl Fn() + Send + Sync + 'static) {
    counted(name, "schedules", body, |body| shuttle::check_random(body, 10_000));
}

/// Seeds the fault that this process is to have, runs the model, says what was explored.
fn counted<R>(
    name: &str,
    unit: &str,
    body: impl Fn() + Send + Sync + 'static,
    check: impl FnOnce(Box<dyn Fn() + Send + Sync>) -> R,
) {
    const { assert!(MODELLED) };
    if let Ok(fault) = std::env::var(SEEDED) {
        seed_named(&fault);
    }
    if std::env::var(SEEDED).is_ok() {
        end_by_panics();
    }
    let (begin, count) = (Instant::now(), std::sync::Arc::new(AtomicUsize::new(0)));
    let counter = count.clone();
    check(Box::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        body();
    }));
    println!("model {name}: {} {unit} in {:.1} s", count.load(Ordering::Relaxed), begin.elapsed().as_secs_f64());
}

/// A model that fails leaves threads half way, and may hang there: a process of its own just ends.
fn end_by_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        print(info);
        // The models' own threads are taken down by panics of another type.
        if info.payload().is::<&str>() || info.payload().is::<String>() {
            std::process::exit(101);
        }
    }));
}

/// Runs the model `test` (its path below `models`) with the fault, in a process of its own: a model that fails may end in any way.
fn must_find(test: &str, fault: Fault) {
    let test = format!("models::{test}");
    let mut command = std::process::Command::new(std::env::current_exe().expect("a test has a file"));
    let output = command.args([test.as_str(), "--exact", "--nocapture", "--test-threads=1"]).env(SEEDED, format!("{fault:?}"));
    let output = output.output().expect("a test can be started again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("running 1 test"), "there is no model `{test}`:\n{text}");
    assert!(!output.status.success() && text.contains("panicked at"), "`{test}` does not find {fault:?}:\n{text}");
    let said = text.lines().skip_while(|line| !line.contains("panicked at")).nth(1).unwrap_or_default();
    println!("fault {fault:?}: found by {test}: {said}");
}

/// What the processes of a model share.
struct World {
    table: ProcessTable,
    names: Names,
}

impl World {
    /// With so many schedulers, all of which count as started.
    fn new(schedulers: usize, limit: usize) -> Arc<World> {
        let run_queues = RunQueues::new(schedulers, Sharing::Eager);
        while run_queues.start_next().is_some() {}
        Arc::new(World { table: ProcessTable::new(limit, Arc::default(), run_queues), names: Names::default() })
    }
    /// A process that sleeps.
    fn asleep(&self) -> u64 {
        self.table.insert(|pid| Box::new(Process::new(pid, ProcessHeap::new(32)))).expect("there is room")
    }
    /// A process that this thread owns.
    #[cfg(loom)]
    fn awake(&self) -> u64 {
        let pid = self.asleep();
        assert!(self.control(pid).wake(word::pid_generation(pid)), "it slept");
        pid
    }
    fn control(&self, pid: u64) -> &Control {
        self.table.lookup(pid).expect("it is there")
    }
    /// The process, for its owner.
    #[allow(clippy::mut_from_ref)]
    fn process(&self, pid: u64) -> &mut Process {
        // SAFETY: a model calls it in the thread that owns the process, and keeps one reference at a time.
        unsafe { &mut *self.control(pid).process() }
    }
    /// Ends a process that this thread owns.
    fn end(&self, pid: u64, reason: Atom) {
        end(pid, &OwnedTerm::immediate(Term::atom(reason)), &self.table, &self.names);
    }
    /// Sends a small integer.
    #[cfg(loom)]
    fn send(&self, from: u64, to: u64, value: i64) -> bool {
        self.table.send_message(from, to, small(value))
    }
}

fn small(value: i64) -> OwnedTerm {
    OwnedTerm::immediate(Term::small(value).expect("small"))
}

/// A message of a small integer, and the integer of a signal.
#[cfg(loom)]
fn number(value: i64) -> SignalKind {
    SignalKind::Message { from: 0, message: small(value) }
}

#[cfg(loom)]
fn number_of(kind: &SignalKind) -> i64 {
    match kind {
        SignalKind::Message { message, .. } => message.term().as_small().expect("an integer"),
        _ => panic!("a message"),
    }
}

/// Starts a modelled thread.
fn start<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    thread::spawn_named("model", 0, body).expect("a model has threads")
}
