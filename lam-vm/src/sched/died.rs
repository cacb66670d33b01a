//! The end of a process, and what the machine says about it.

use super::Driver;
use crate::atom::{Atom, am};
use crate::interp::{Outcome, trace};
use crate::platform;
use crate::process::parts::{self, join};
use crate::process::{OwnedTerm, ending, pid_term};
use crate::term::Term;

/// Longest text of a term in a report that no Erlang code makes.
const REPORT_BYTES: usize = 4096;
const FORMAT: &str = "Error in process ~p with exit value:~n~p~n";

impl Driver {
    /// The running process died by its own instructions (or, without an outcome, by a signal).
    pub(super) fn died(&mut self) {
        match self.scheduler.outcome {
            Outcome::Finished { reason } => {
                // SAFETY: the reason is on the process's heap, which nothing changes here.
                let reason = OwnedTerm::of(unsafe { Term::from_word(reason) });
                self.end(reason);
            }
            Outcome::Uncaught { class, reason, trace } => {
                let reason = self.uncaught(Atom::of_word(class), reason, trace);
                self.end(reason);
            }
            _ => self.died_of_signal(),
        }
    }
    pub(super) fn died_of_signal(&mut self) {
        let reason = self.scheduler.process().take_exit();
        self.end(reason.unwrap_or_else(|| parts::atom(am::NORMAL)));
    }
    /// The exit reason of an exception that nobody caught; errors and throws are logged.
    fn uncaught(&mut self, class: Atom, reason: u64, saved_trace: u64) -> OwnedTerm {
        // SAFETY: reason and trace are on the process's heap, which nothing collects here.
        let reason = unsafe {
            let reason: Term<'_> = Term::from_word(reason);
            if class == am::EXIT {
                return OwnedTerm::of(reason);
            }
            let stacktrace = trace::build(&mut self.scheduler, saved_trace);
            let mut heap = self.scheduler.heap();
            let reason = if class == am::THROW { heap.tuple(&[Term::atom(am::NOCATCH), reason]) } else { reason };
            OwnedTerm::of(heap.tuple(&[reason, stacktrace]))
        };
        self.log_error(&reason);
        reason
    }
    fn log_error(&mut self, value: &OwnedTerm) {
        let pid = self.scheduler.process().pid;
        let args = join([value], |heap, [value]| heap.list(&[pid_term(pid), value]));
        self.log(FORMAT, &args);
    }
    /// Tells `logger`, or without one stderr, about the running process.
    pub(super) fn log(&mut self, format: &str, args: &OwnedTerm) {
        let process = self.scheduler.process();
        let (pid, leader) = (process.pid, process.group_leader);
        let time_us = platform::system_ns() / 1000;
        let Some(logger) = self.system.names.whereis(am::LOGGER) else {
            let text = filled(format, args.term());
            let _ = platform::stdio::write_all(platform::stdio::Stream::Stderr, text.as_bytes());
            return;
        };
        let message = join([args], |heap, [args]| {
            let format = heap.charlist(format);
            let tag = heap
                .map_from_pairs(&[(Term::atom(am::TAG), Term::atom(am::ERROR)), (Term::atom(am::EMULATOR), Term::bool(true))]);
            let time = heap.integer(time_us);
            let meta = heap.map_from_pairs(&[
                (Term::atom(am::GL), pid_term(leader)),
                (Term::atom(am::PID), pid_term(pid)),
                (Term::atom(am::TIME), time),
                (Term::atom(am::ERROR_LOGGER), tag),
            ]);
            heap.tuple(&[Term::atom(am::LOG), Term::atom(am::ERROR), format, args, meta])
        });
        self.system.processes.send_message(pid, logger, message);
    }
    /// Takes the running process away and tells those it is tied to.
    fn end(&mut self, reason: OwnedTerm) {
        let process = self.scheduler.process();
        let pid = process.pid;
        if let Some(timer) = process.take_receive_timer() {
            self.system.timers.cancel_receive(timer);
        }
        self.scheduler.process = core::ptr::null_mut();
        self.system.process_ended(pid);
        ending::end(pid, &reason, &self.system.processes, &self.system.names);
        if self.system.is_first(pid) {
            self.system.stop(if reason.term().is_atom(am::NORMAL) { 0 } else { report(reason.term()) });
        }
    }
}

/// The machine's own report when the first process dies; the exit code.
fn report(reason: Term<'_>) -> i32 {
    let text = format!("the first process ended: {}\n", shown(reason));
    let _ = platform::stdio::write_all(platform::stdio::Stream::Stderr, text.as_bytes());
    1
}

/// The text of a format that holds only `~p` and `~n`.
fn filled(format: &str, args: Term<'_>) -> String {
    let mut args = args.iter_list();
    let mut text = String::new();
    for (index, part) in format.replace("~n", "\n").split("~p").enumerate() {
        if index > 0 {
            text.extend(args.next().map(shown));
        }
        text.push_str(part);
    }
    text
}

/// A term's text, not longer than a report can bear.
fn shown(term: Term<'_>) -> String {
    crate::term::print::display_limited(term, REPORT_BYTES)
}
