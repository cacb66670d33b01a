//! The end of a process: what it tells those it is tied to.

use super::names::Names;
use super::parts::{self, join};
use super::signal::{Request, SignalKind};
use super::table::ProcessTable;
use super::ties::Watch;
use super::{OwnedTerm, Process};
use crate::atom::{Atom, am};
use crate::sync::fault::{self, Fault};
use crate::term::Term;

/// Ends the running process: no more signals, exit signals to links, `'DOWN'` to watchers, the slot is free.
///
/// The caller is its owner, and no reference to the process lives; it is dropped here. The receive timer is the caller's.
pub fn end(pid: u64, reason: &OwnedTerm, table: &ProcessTable, names: &Names) {
    let Some(control) = table.lookup(pid) else { return };
    // Nobody finds it by its name, nor gives it one, from here on.
    control.transition_to_exiting();
    table.count_out();
    // SAFETY: the caller owns the process and lets go of it here; a process ends once.
    let mut process = unsafe { control.take_process() };
    names.forget(pid);
    for signal in control.close() {
        refuse(&mut process, table, signal.kind);
    }
    for request in process.take_requests() {
        refuse_request(pid, table, request);
    }
    tell(&process, reason, table);
    drop(process);
    table.remove(pid);
}

/// What came too late: links and monitors learn that nobody is there.
pub(super) fn refuse(process: &mut Process, table: &ProcessTable, kind: SignalKind) {
    let pid = process.pid;
    let noproc = || parts::atom(am::NOPROC);
    match kind {
        SignalKind::Link { .. } if fault::is_seeded(Fault::LateLink) => {}
        SignalKind::Monitor { .. } if fault::is_seeded(Fault::LateMonitor) => {}
        SignalKind::Link { from } => {
            table.send(from, SignalKind::Exit { from: pid, reason: noproc(), by_link: true });
        }
        SignalKind::Unlink { from, id } => {
            process.ties.links.remove(&from);
            table.send(from, SignalKind::UnlinkAck { from: pid, id });
        }
        SignalKind::UnlinkAck { from, id }
            // A link made anew since then stands, and its other side is told.
            if process.ties.links.get(&from).is_some_and(|link| link.unlinking == Some(id)) => {
                process.ties.links.remove(&from);
            }
        SignalKind::Monitor { from, id, .. } => {
            table.send(from, SignalKind::Down { id, reason: noproc() });
        }
        SignalKind::Demonitor { id } => {
            process.ties.watchers.remove(&id);
        }
        // It came before the end: who linked with us and died is told nothing.
        SignalKind::Exit { from, by_link: true, .. } => {
            process.ties.links.remove(&from);
        }
        SignalKind::Down { id, .. } => {
            process.ties.monitors.remove(&id);
        }
        SignalKind::Request(request) => refuse_request(pid, table, *request),
        SignalKind::GroupLeader { reply: Some((to, reference)), .. } => {
            table.send_reply(pid, to, reference, Term::atom(am::BADARG));
        }
        SignalKind::Ping { from, reference } => {
            table.send_reply(pid, from, reference, Term::bool(false));
        }
        SignalKind::Suspend { from, reply: Some(reference) } => {
            table.send_reply(pid, from, reference, Term::atom(am::BADARG));
        }
        _ => {}
    }
}

/// Answers a request in the name of a process that is gone.
pub fn refuse_request(pid: u64, table: &ProcessTable, request: Request) {
    match request {
        Request::Info { from, number, .. } => {
            table.send(from, SignalKind::Reply { number, answer: parts::atom(am::UNDEFINED) });
        }
        Request::IsAlive { from, number } => {
            table.send(from, SignalKind::Reply { number, answer: parts::atom(am::FALSE) });
        }
        Request::Collect { from, id, .. } => send_task_answer(pid, table, from, am::GARBAGE_COLLECT, &id, am::FALSE),
        Request::CheckCode { from, id, .. } => send_task_answer(pid, table, from, am::CHECK_PROCESS_CODE, &id, am::FALSE),
        Request::CopyLiterals { from, id } => send_task_answer(pid, table, from, am::COPY_LITERALS, &id, am::OK),
    }
}

/// Sends `{Task, Id, Answer}`, as `erts_internal:request_system_task` promises.
pub fn send_task_answer(pid: u64, table: &ProcessTable, to: u64, task: Atom, id: &OwnedTerm, answer: Atom) {
    let message = join([id], |heap, [id]| heap.tuple(&[Term::atom(task), id, Term::atom(answer)]));
    table.send_message(pid, to, message);
}

fn tell(process: &Process, reason: &OwnedTerm, table: &ProcessTable) {
    let pid = process.pid;
    let ties = &*process.ties;
    for (other, link) in &ties.links {
        // A link that is being removed tells nothing.
        if link.unlinking.is_none() {
            table.send(*other, SignalKind::Exit { from: pid, reason: OwnedTerm::of(reason.term()), by_link: true });
        }
    }
    for (id, monitor) in &ties.monitors {
        if let Watch::Process { pid: other, .. } = monitor.watch {
            table.send(other, SignalKind::Demonitor { id: *id });
        }
    }
    for (id, watcher) in &ties.watchers {
        table.send(watcher.pid, SignalKind::Down { id: *id, reason: OwnedTerm::of(reason.term()) });
    }
    for (other, count) in &ties.suspending {
        for _ in 0..*count {
            table.send(*other, SignalKind::Resume);
        }
    }
}
