//! The driver: the only place that schedules, collects and ends processes.
//!
//! ```text
//! run queue → slice: signals, requests → instructions → Collect | Yield | Wait | Died | Halt
//!     ↑                                                      └───────────┘      │
//!     └── timers, signals from others ────────────────────────── asleep ◄───────┘
//! ```
//! One driver is one scheduler. The first runs on the thread that booted the machine; the others have threads of their own, which
//! `share` starts when there is more work than one can do. All run this same loop.

mod collect;
mod died;
mod requests;
mod share;
#[cfg(test)]
mod tests;

use crate::interp::{Exit, Outcome, Scheduler, finish_address};
use crate::isa::{F_COUNT, SCRATCH_COUNT, X_COUNT};
use crate::platform;
use crate::process::spawn::{Spawn, SpawnOptions};
use crate::process::{OwnedTerm, Process, SignalKind};
use crate::sync::Arc;
use crate::system::System;
use crate::term::word::{NIL, TAG_HEADER};
use crate::timer::table::now_ms;
use crate::timer::{Destination, Expired};

/// Reductions of one slice; as OTP.
pub const SLICE_REDUCTIONS: i64 = 4000;

/// What a turn of the driver left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The budget is used up and processes wait for their turn.
    Runnable,
    /// Nothing can run before this moment of the monotonic clock, in nanoseconds.
    SleepUntil(u64),
    /// Nothing can run until something comes from outside.
    Idle,
    /// The machine ended with this code.
    Exited(i32),
}

/// One scheduler and what it runs.
pub struct Driver {
    system: Arc<System>,
    scheduler: Box<Scheduler>,
    /// Its number, from 0.
    index: usize,
    backlog: share::Backlog,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.system.processes.run_queues.leave();
    }
}

/// Whether a process goes on running.
enum Next {
    Go,
    Stop,
}

impl Driver {
    /// Scheduler `index` of the machine; it belongs to the thread that first runs it.
    pub fn new(system: Arc<System>, index: usize) -> Driver {
        let scheduler = Box::new(Scheduler {
            x: [NIL; X_COUNT + SCRATCH_COUNT],
            process: core::ptr::null_mut(),
            pc: core::ptr::null(),
            reductions: 0,
            live: 0,
            need: 0,
            system: Arc::as_ptr(&system),
            f: [0.0; F_COUNT],
            outcome: Outcome::None,
            building: crate::interp::UnderConstruction::NONE,
        });
        Driver { system, scheduler, index, backlog: share::Backlog::default() }
    }
    pub fn system(&self) -> &Arc<System> {
        &self.system
    }
    /// Makes the first process, which calls `spawn`; its death ends the machine. `None`: the process table is full.
    pub fn start(
        &mut self,
        module: crate::atom::Atom,
        function: crate::atom::Atom,
        args: OwnedTerm,
        arity: usize,
    ) -> Option<u64> {
        let spawn = Spawn { module, function, args, arity, shown_call: None, options: SpawnOptions::default() };
        let pid = self.system.processes.spawn(None, spawn).ok()?.pid;
        self.system.set_first(pid);
        Some(pid)
    }

    /// Runs for about `budget_ns` nanoseconds, or until nothing can run.
    pub fn run(&mut self, budget_ns: u64) -> Turn {
        let system = self.system.clone();
        let queues = &system.processes.run_queues;
        queues.enter(self.index);
        let end = platform::monotonic_ns().saturating_add(budget_ns);
        // Looking at the clock costs as much as a short slice, so it is done once for the reductions of a whole one.
        let mut since_look = SLICE_REDUCTIONS;
        loop {
            if let Some(code) = system.exit_code() {
                return Turn::Exited(code);
            }
            if since_look >= SLICE_REDUCTIONS {
                since_look = 0;
                let now = platform::monotonic_ns();
                self.fire_timers(now / 1_000_000);
                if self.index >= queues.online() {
                    queues.put_down();
                    return self.nothing_to_run();
                }
                self.offer(now);
                if now >= end && !queues.is_empty() {
                    return Turn::Runnable;
                }
            }
            let Some(pid) = queues.pop() else {
                self.fire_timers(now_ms());
                if queues.is_empty() {
                    match self.find_work() {
                        Some(pid) => since_look += 1 + self.slice(pid),
                        None => return self.nothing_to_run(),
                    }
                }
                continue;
            };
            since_look += 1 + self.slice(pid);
        }
    }
    fn nothing_to_run(&self) -> Turn {
        if let Some(code) = self.system.exit_code() {
            return Turn::Exited(code);
        }
        match self.system.timers.next_deadline_ms() {
            Some(deadline_ms) => Turn::SleepUntil(deadline_ms.saturating_mul(1_000_000)),
            None => Turn::Idle,
        }
    }
    fn fire_timers(&mut self, now_ms: u64) {
        for expired in self.system.timers.expire(now_ms) {
            match expired {
                Expired::Receive { pid, number } => {
                    self.system.processes.send(pid, SignalKind::Timeout { number });
                }
                Expired::Message { to, message } => {
                    let pid = match to {
                        Destination::Pid(pid) => Some(pid),
                        Destination::Name(name) => self.system.names.whereis(name),
                    };
                    if let Some(pid) = pid {
                        self.system.processes.send_message(pid, pid, message);
                    }
                }
            }
        }
    }

    /// Runs one process for a slice; the reductions it took.
    fn slice(&mut self, pid: u64) -> i64 {
        let system = self.system.clone();
        let Some(control) = system.processes.lookup(pid) else { return 0 };
        // SAFETY: the pid came out of the run queue, which makes this scheduler the owner; the box stays until `died`.
        self.scheduler.process = unsafe { control.process() };
        self.scheduler.reductions = SLICE_REDUCTIONS;
        self.scheduler.process().counted_at = SLICE_REDUCTIONS;
        if matches!(self.prepare(), Next::Go) {
            self.instructions();
        }
        SLICE_REDUCTIONS - self.scheduler.reductions
    }
    /// Signals, requests and waiting, before instructions run. Stops where the process sleeps or ended.
    fn prepare(&mut self) -> Next {
        let system = self.system.clone();
        loop {
            let process = self.scheduler.process();
            process.take_in(&system.processes);
            if !process.rare.requests.is_empty() {
                requests::serve(process, &system);
            }
            if process.rare.exit.is_some() {
                self.died_of_signal();
                return Next::Stop;
            }
            let process = self.scheduler.process();
            if !process.is_ready() {
                let control = system.processes.lookup(process.pid).expect("the running process is in the table");
                if control.try_sleep() {
                    return Next::Stop;
                }
                continue;
            }
            process.waiting = false;
            process.running = true;
            process.waits_in_bif = false;
            process.hibernates = false;
            self.resume();
            return Next::Go;
        }
    }
    /// Puts the saved registers back; the first time, finds the code and lays the bottom of the stack.
    fn resume(&mut self) {
        let system = self.system.clone();
        let process = self.scheduler.process();
        if let Some((module, function, arity)) = process.start.take() {
            let export = system.code.export_or_undefined(module, function, arity as usize);
            process.pc = export.code as usize as *const u64;
            // SAFETY: the stack of a new process is empty, and its block has room for more than one word.
            unsafe {
                process.heap.stop = process.heap.stop.sub(1);
                *process.heap.stop = finish_address() as usize as u64 | TAG_HEADER;
            }
            process.heap.sync_limit();
        }
        let saved = core::mem::take(&mut process.saved_x);
        let pc = process.pc;
        self.scheduler.x[..saved.len()].copy_from_slice(&saved);
        self.scheduler.pc = pc;
        // The buffer is kept for the next save.
        let mut buffer = saved;
        buffer.clear();
        self.scheduler.process().saved_x = buffer;
    }
    fn save(&mut self) {
        let (live, pc) = (self.scheduler.live, self.scheduler.pc);
        let Scheduler { x, process, .. } = &mut *self.scheduler;
        // SAFETY: as in `slice`.
        let process = unsafe { &mut **process };
        process.saved_x.clear();
        if live == 0 {
            // Waiting in a receive, which may be for long.
            process.saved_x = Vec::new();
        }
        process.saved_x.extend_from_slice(&x[..live]);
        process.pc = pc;
        process.running = false;
    }

    fn instructions(&mut self) {
        loop {
            match dispatch(&mut self.scheduler) {
                Exit::Collect => {
                    if !self.collect_here() {
                        self.count_reductions();
                        self.died_of_signal();
                        return;
                    }
                }
                Exit::Yield => {
                    self.save();
                    let process = self.scheduler.process();
                    let (pid, priority) = (process.pid, process.priority);
                    self.count_reductions();
                    self.system.processes.requeue(pid, priority);
                    return;
                }
                Exit::Wait => {
                    self.save();
                    let process = self.scheduler.process();
                    process.waiting = true;
                    if process.hibernates {
                        process.mailbox.restart();
                        self.collect_waiting();
                    }
                    self.count_reductions();
                    if self.sleeps_in_bif() {
                        return;
                    }
                    if self.scheduler.reductions <= 0 {
                        let process = self.scheduler.process();
                        self.system.processes.requeue(process.pid, process.priority);
                        return;
                    }
                    // A message may have come meanwhile: what is left of the slice is the process's, but for one reduction, so that
                    // whoever never sleeps ends its slice.
                    if matches!(self.prepare(), Next::Stop) {
                        return;
                    }
                    self.scheduler.reductions -= 1;
                }
                Exit::Died => {
                    self.count_reductions();
                    self.died();
                    return;
                }
                Exit::Halt => {
                    self.count_reductions();
                    if let Outcome::Halt(code) = self.scheduler.outcome {
                        self.system.stop(code);
                    }
                    return;
                }
            }
        }
    }
    /// Adds what the slice used so far to the process's count.
    fn count_reductions(&mut self) {
        let left = self.scheduler.reductions;
        self.scheduler.process().count_reductions(left);
    }
    /// A BIF that waits runs again whatever signal comes, and not before.
    fn sleeps_in_bif(&mut self) -> bool {
        let process = self.scheduler.process();
        let (pid, waits) = (process.pid, process.waits_in_bif);
        waits && self.system.processes.lookup(pid).is_some_and(crate::process::control::Control::try_sleep)
    }
}

impl Process {
    /// Whether it can go on now: not suspended, and what it waits for is there.
    fn is_ready(&self) -> bool {
        if self.rare.suspend_count > 0 {
            return false;
        }
        if !self.waiting || self.waits_in_bif {
            return true;
        }
        if self.hibernates {
            return !self.mailbox.is_empty();
        }
        self.timed_out || self.mailbox.end_number() > self.waits_from
    }
}

/// Runs instructions until an exit.
fn dispatch(scheduler: &mut Scheduler) -> Exit {
    // SAFETY: the driver has set process, registers and pc.
    let number = unsafe { crate::interp::run(scheduler) };
    match number {
        1 => Exit::Collect,
        2 => Exit::Yield,
        3 => Exit::Wait,
        4 => Exit::Died,
        5 => Exit::Halt,
        other => unreachable!("{other} is no exit"),
    }
}
