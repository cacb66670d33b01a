//! The process table: finding a process by pid, making slots, sending signals.
//!
//! Slots lie in chunks that are allocated when first needed and never freed. Looking up is two loads and a compare.

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};

use super::control::Control;
use super::run_queue::RunQueues;
use super::signal::{RefId, Signal, SignalKind};
use super::unique::Unique;
use super::{Priority, Process};
use crate::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use crate::sync::fault::{self, Fault};
use crate::sync::{Arc, MODELLED, Mutex, OnceLock};
use crate::term::word;

const CHUNK_SLOTS: usize = if MODELLED { 4 } else { 1024 };
/// As OTP's largest: pids have room for more, but nobody asked.
pub const PROCESSES_MAX: usize = (1 << 27) - 1;

/// The process could not be made: the table is full.
#[derive(Debug)]
pub struct TableFull;

/// What stands behind the words of ports; `io` has it.
pub trait PortSignals: Send + Sync {
    /// Takes a signal in; gives it back where the port is gone.
    fn signal(&self, port: u64, kind: SignalKind, processes: &ProcessTable) -> Result<(), SignalKind>;
    fn is_open(&self, port: u64) -> bool;
}

pub struct ProcessTable {
    chunks: Box<[AtomicPtr<Control>]>,
    slots: Mutex<Slots>,
    count: AtomicUsize,
    limit: usize,
    unique: Arc<Unique>,
    /// Numbers of requests, unlinks and timers.
    numbers: AtomicU64,
    pub run_queues: RunQueues,
    ports: OnceLock<std::sync::Arc<dyn PortSignals>>,
}

#[derive(Default)]
struct Slots {
    fresh: u32,
    free: Vec<u32>,
}

impl ProcessTable {
    /// A table for at least `limit` processes: as many as the next power of two, as in OTP.
    pub fn new(limit: usize, unique: Arc<Unique>, run_queues: RunQueues) -> ProcessTable {
        let limit = limit.clamp(CHUNK_SLOTS, PROCESSES_MAX).next_power_of_two();
        ProcessTable {
            chunks: (0..limit / CHUNK_SLOTS).map(|_| AtomicPtr::default()).collect(),
            slots: Mutex::new(Slots::default()),
            count: AtomicUsize::new(0),
            limit,
            unique,
            numbers: AtomicU64::new(0),
            run_queues,
            ports: OnceLock::new(),
        }
    }
    /// From now on signals to ports go there.
    pub fn set_ports(&self, ports: std::sync::Arc<dyn PortSignals>) {
        let _ = self.ports.set(ports);
    }
    pub fn limit(&self) -> usize {
        self.limit.min(PROCESSES_MAX)
    }
    /// Processes that are not exiting, and those that are just being made.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
    fn slot(&self, slot: u32) -> Option<&Control> {
        let chunk = self.chunks.get(slot as usize / CHUNK_SLOTS)?.load(Ordering::Acquire);
        if chunk.is_null() {
            return None;
        }
        // SAFETY: a chunk has CHUNK_SLOTS blocks and is never freed while the table lives.
        Some(unsafe { &*chunk.add(slot as usize % CHUNK_SLOTS) })
    }
    /// The control block of a local pid; `None` when its process is gone. It may be exiting.
    pub fn lookup(&self, pid: u64) -> Option<&Control> {
        if !word::is_local_pid(pid) {
            return None;
        }
        self.slot(word::pid_slot(pid)).filter(|control| control.is(word::pid_generation(pid)))
    }
    /// Whether the process is there and not exiting, or the port is open.
    pub fn is_alive(&self, pid: u64) -> bool {
        if word::is_local_port(pid) {
            return self.ports.get().is_some_and(|ports| ports.is_open(pid));
        }
        // One look: between two the process may go, and what stands in its slot then is not exiting.
        let generation = self.slot(word::pid_slot(pid)).and_then(Control::alive_generation);
        generation == Some(word::pid_generation(pid))
    }
    /// Pids of all processes that are not exiting.
    pub fn pids(&self) -> Vec<u64> {
        self.pids_of(0..u32::MAX)
    }
    /// Those of some slots.
    pub fn pids_of(&self, slots: core::ops::Range<u32>) -> Vec<u64> {
        let fresh = self.slots.lock().fresh;
        let alive = |slot| self.slot(slot)?.alive_generation().map(|generation| word::local_pid(slot, generation));
        (slots.start..slots.end.min(fresh)).filter_map(alive).collect()
    }

    /// Whether a process ever had this slot.
    pub fn had_slot(&self, slot: u32) -> bool {
        slot < self.slots.lock().fresh
    }
    /// Makes a process: `make` gets its pid. It sleeps until somebody calls `start`.
    pub fn insert(&self, make: impl FnOnce(u64) -> Box<Process>) -> Result<u64, TableFull> {
        let slot = self.take_slot()?;
        let control = self.slot(slot).expect("the slot's chunk was made");
        let generation = control.generation();
        let pid = word::local_pid(slot, generation);
        control.publish(generation, make(pid), true);
        Ok(pid)
    }
    fn take_slot(&self) -> Result<u32, TableFull> {
        let mut slots = self.slots.lock();
        let slot = match slots.free.pop() {
            Some(slot) => slot,
            None if (slots.fresh as usize) < self.limit => {
                slots.fresh += 1;
                self.make_chunk(slots.fresh - 1);
                slots.fresh - 1
            }
            None => return Err(TableFull),
        };
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(slot)
    }
    /// Called with the lock on slots held.
    fn make_chunk(&self, slot: u32) {
        let place = &self.chunks[slot as usize / CHUNK_SLOTS];
        if !place.load(Ordering::Acquire).is_null() {
            return;
        }
        let layout = Layout::array::<Control>(CHUNK_SLOTS).expect("a chunk is small");
        // SAFETY: the layout is not empty; a zeroed `Control` is a free slot.
        let chunk = unsafe { alloc_zeroed(layout) }.cast::<Control>();
        if chunk.is_null() {
            handle_alloc_error(layout);
        }
        if MODELLED {
            // A model's atomics are more than their words.
            for index in 0..CHUNK_SLOTS {
                // SAFETY: the chunk was allocated above and nobody else sees it.
                unsafe { chunk.add(index).write(Control::default()) };
            }
        }
        place.store(chunk, Ordering::Release);
    }
    /// Frees the slot of a process whose box was taken.
    pub(super) fn remove(&self, pid: u64) {
        let Some(control) = self.lookup(pid) else { return };
        control.release();
        self.slots.lock().free.push(word::pid_slot(pid));
    }
    /// A process is exiting: who learns of its end no longer finds it counted.
    pub(super) fn count_out(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Sends a signal; false where the process is gone.
    pub fn send(&self, pid: u64, kind: SignalKind) -> bool {
        self.try_send(pid, kind).is_ok()
    }
    /// As `send`, giving back what could not be sent.
    pub fn try_send(&self, pid: u64, kind: SignalKind) -> Result<(), SignalKind> {
        let Some(control) = self.lookup(pid) else { return self.try_send_to_port(pid, kind) };
        let is_exit = matches!(kind, SignalKind::Exit { .. });
        match control.push(word::pid_generation(pid), Signal::new(kind)) {
            Ok(slept) => {
                if slept && !(is_exit && fault::is_seeded(Fault::ExitWakes)) {
                    self.run_queues.push(pid, control.priority());
                }
                Ok(())
            }
            Err(signal) => Err(signal.kind),
        }
    }
    #[cold]
    fn try_send_to_port(&self, word: u64, kind: SignalKind) -> Result<(), SignalKind> {
        match self.ports.get() {
            Some(ports) if word::is_local_port(word) => ports.signal(word, kind, self),
            _ => Err(kind),
        }
    }
    /// Lets a sleeping process run.
    pub fn start(&self, pid: u64) {
        if let Some(control) = self.lookup(pid)
            && control.wake(word::pid_generation(pid))
        {
            self.run_queues.push(pid, control.priority());
        }
    }
    /// Puts the running process back into its queue. For its owner, who stops being it.
    pub fn requeue(&self, pid: u64, priority: Priority) {
        self.run_queues.push(pid, priority);
    }

    /// A reference that was never made before.
    pub fn new_reference(&self) -> RefId {
        self.unique.reference()
    }
    /// A number for a request, an unlink or a timer, never 0.
    pub fn new_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Drop for ProcessTable {
    fn drop(&mut self) {
        for slot in 0..self.slots.lock().fresh {
            if let Some(control) = self.slot(slot)
                && control.is(control.generation())
            {
                drop(control.close());
                // SAFETY: nobody runs any more: the table goes away with its machine.
                drop(unsafe { control.take_process() });
            }
        }
        let layout = Layout::array::<Control>(CHUNK_SLOTS).expect("a chunk is small");
        for chunk in &self.chunks {
            let chunk = chunk.load(Ordering::Acquire);
            if !chunk.is_null() {
                if MODELLED {
                    // SAFETY: made by `make_chunk`; no process is left.
                    unsafe { core::ptr::drop_in_place(core::ptr::slice_from_raw_parts_mut(chunk, CHUNK_SLOTS)) };
                }
                // SAFETY: allocated with this layout; no process is left.
                unsafe { std::alloc::dealloc(chunk.cast(), layout) };
            }
        }
    }
}
