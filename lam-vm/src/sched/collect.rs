//! Calling the collector, with everything that a process keeps outside heap and stack.

use super::Driver;
use crate::interp::Outcome;
use crate::process::Process;
use crate::term::word;

impl Driver {
    /// Collects `need` words for the instruction under way. False: the process ended, for it outgrew its `max_heap_size`.
    pub(super) fn collect_here(&mut self) -> bool {
        let full = matches!(self.scheduler.outcome, Outcome::FullCollect);
        self.scheduler.outcome = Outcome::None;
        let (need, live) = (self.scheduler.need, self.scheduler.live);
        let process = self.scheduler.process;
        // SAFETY: the running process is this scheduler's, and `x` lies outside of it.
        let process = unsafe { &mut *process };
        naive(process, &mut self.scheduler.x[..live], need, full);
        true
    }
    /// Collects a process that waits: its registers are saved.
    pub(super) fn collect_waiting(&mut self) {
        naive(self.scheduler.process(), &mut [], 0, true);
    }
}

/// Collects in the name of a request from elsewhere.
pub(super) fn collect_on_request(process: &mut Process, full: bool) {
    naive(process, &mut [], 0, full);
}

/// Copies what is alive into a new block; sharing is lost. Stands in until the collector is there.
fn naive(process: &mut Process, x: &mut [u64], need: usize, _full: bool) {
    let old_words = process.heap.block_words() + process.heap.alloc.fragment_words;
    let stack_words = (process.heap.end as usize - process.heap.stop as usize) / 8;
    let mut heap = crate::process::ProcessHeap::new(2 * old_words + 4 * need + stack_words + 64);
    heap.fullsweep_after = process.heap.fullsweep_after;
    heap.min_words = process.heap.min_words;
    heap.max_words = process.heap.max_words;
    heap.stop = heap.end.wrapping_sub(stack_words);
    heap.sync_limit();
    // SAFETY: both stacks have `stack_words` words.
    unsafe { core::ptr::copy_nonoverlapping(process.heap.stop, heap.stop, stack_words) };
    let mut visit = |place: &mut u64| {
        if word::is_pointer(*place) {
            *place = crate::process::copy_word(*place, &mut heap.alloc);
        }
    };
    for place in x {
        visit(place);
    }
    process.for_each_root(&mut visit);
    let (stop, end) = (heap.stop, heap.end);
    let mut at = stop;
    while at < end {
        // SAFETY: within the stack.
        let place = unsafe { &mut *at };
        if word::is_pointer(*place) {
            *place = crate::process::copy_word(*place, &mut heap.alloc);
        }
        at = at.wrapping_add(1);
    }
    process.heap = heap;
}
