//! When the collector runs, and what comes of it.

use super::Driver;
use crate::atom::{self, am};
use crate::heap::{Collected, Kind, OwnedTerm};
use crate::interp::Outcome;
use crate::process::{Process, parts, pid_term};
use crate::term::Term;

/// OTP's report, column by column.
const OUTGROWN: &str = concat!(
    "     Process:            ~p ~n     Context:            maximum heap size reached~n",
    "     Max Heap Size:      ~p~n     Total Heap Size:    ~p~n     Kill:               ~p~n     Error Logger:       ~p~n",
    "     Message Queue Len:  ~p~n     GC Info:            ~p~n",
);

impl Driver {
    /// Collects what the instruction under way needs. False: the process outgrew its `max_heap_size` and is to end.
    pub(super) fn collect_here(&mut self) -> bool {
        let kind = if matches!(self.scheduler.outcome, Outcome::FullCollect) { Kind::Full } else { Kind::Minor };
        self.scheduler.outcome = Outcome::None;
        let (need, live) = (self.scheduler.need, self.scheduler.live);
        let process = self.scheduler.process;
        // SAFETY: the running process is this scheduler's, and `x` lies outside of it.
        let process = unsafe { &mut *process };
        // SAFETY: an exit stores heap and stack top; the live registers are the only terms outside the process.
        let collected = unsafe { process.collect(&mut self.scheduler.x[..live], need, kind) };
        self.scheduler.reductions -= collected.reductions();
        let Some(total_words) = collected.over_limit else { return true };
        self.report_outgrown(total_words);
        !outgrown(self.scheduler.process(), collected)
    }
    /// Tells the logger that the running process is over its `max_heap_size`, where that is asked for.
    fn report_outgrown(&mut self, total_words: usize) {
        let process = self.scheduler.process();
        let options = process.rare.settings.max_heap;
        if !options.error_logger {
            return;
        }
        let (info, max_words, pid, queue) = (process.heap.info(), process.heap.max_words, process.pid, process.mailbox.len());
        let args = OwnedTerm::build(|heap| {
            let sizes = info.named_sizes().map(|(name, words)| {
                let words = heap.integer(words as i64);
                heap.tuple(&[Term::atom(atom::intern_static(name)), words])
            });
            let sizes = heap.list(&sizes);
            let [max, total, queue] = [max_words, total_words, queue].map(|number| heap.integer(number as i64));
            heap.list(&[pid_term(pid), max, total, Term::bool(options.kill), Term::bool(true), queue, sizes])
        });
        self.log(OUTGROWN, &args);
    }
    /// Collects a process that will sleep long: its registers are saved.
    pub(super) fn collect_waiting(&mut self) {
        // SAFETY: the process waits, with everything saved.
        unsafe { self.scheduler.process().collect(&mut [], 0, Kind::Compact) };
    }
}

/// Collects in the name of a request from elsewhere; the process does not run.
pub(super) fn collect_on_request(process: &mut Process, full: bool) {
    // SAFETY: the process does not run, so everything is saved.
    unsafe { process.collect(&mut [], 0, if full { Kind::Full } else { Kind::Minor }) };
}

/// Whether the process has outgrown its limit and is to be killed for it.
fn outgrown(process: &mut Process, collected: Collected) -> bool {
    if collected.over_limit.is_none() || !process.rare.settings.max_heap.kill {
        return false;
    }
    process.rare.exit = Some(parts::atom(am::KILLED));
    true
}
