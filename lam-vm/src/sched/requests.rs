//! What other processes ask of one, answered in its name.

use super::collect::collect_on_request;
use crate::atom::am;
use crate::bif::erlang::process_info;
use crate::heap::Alloc;
use crate::process::ending::send_task_answer;
use crate::process::{OwnedTerm, Process, Request, SignalKind};
use crate::system::System;
use crate::term::Term;

/// Answers all requests of a process that does not run right now.
pub(super) fn serve(process: &mut Process, system: &System) {
    let pid = process.pid;
    for request in process.take_requests() {
        match request {
            Request::Info { from, number, items, form } => {
                let answer = info(process, system, &items, form);
                system.processes.send(from, SignalKind::Reply { number, answer });
            }
            Request::IsAlive { from, number } => {
                let answer = OwnedTerm::of(Term::bool(process.rare.exit.is_none()));
                system.processes.send(from, SignalKind::Reply { number, answer });
            }
            Request::Collect { from, id, full } => {
                collect_on_request(process, full);
                send_task_answer(pid, &system.processes, from, am::GARBAGE_COLLECT, &id, am::TRUE);
            }
            Request::CheckCode { from, id, module } => {
                let answer = if process.runs_old_code(&system.code, module) { am::TRUE } else { am::FALSE };
                send_task_answer(pid, &system.processes, from, am::CHECK_PROCESS_CODE, &id, answer)
            }
            // Literals stay for ever.
            Request::CopyLiterals { from, id } => send_task_answer(pid, &system.processes, from, am::COPY_LITERALS, &id, am::OK),
        }
    }
}

fn info(process: &mut Process, system: &System, items: &[crate::atom::Atom], form: crate::process::InfoForm) -> OwnedTerm {
    process.heap.sync_limit();
    // Built apart from the process's heap, for its sizes may be asked for.
    Alloc::default().with(|heap| OwnedTerm::of(process_info::build(heap, process, system, items, form)))
}
