//! Taking in signals: what each does to the process that gets it.
//!
//! Done when the process is scheduled, when its inner queue is exhausted, before it ends, and by BIFs that read the effect.

use super::parts::{self, join};
use super::signal::{RefId, SignalKind};
use super::table::ProcessTable;
use super::ties::{AliasMode, Watch, Watcher};
use super::{OwnedTerm, Process};
use crate::atom::am;
use crate::heap::Heap;
use crate::term::identity::local_node;
use crate::term::{Term, word};

impl Process {
    /// Takes in all signals that are there. Afterwards `exit` may hold a reason to end, and `requests` work for the driver.
    pub fn take_in(&mut self, table: &ProcessTable) {
        let Some(control) = table.lookup(self.pid) else { return };
        while self.rare.exit.is_none() && control.has_signals() {
            for signal in control.take_signals() {
                if self.rare.exit.is_none() {
                    self.handle(table, signal.kind);
                } else {
                    // What ended the process came first: for the sender nobody is there.
                    super::ending::refuse(self, table, signal.kind);
                }
            }
        }
    }

    fn handle(&mut self, table: &ProcessTable, kind: SignalKind) {
        match kind {
            SignalKind::Message { message, .. } => self.mailbox.push(message),
            SignalKind::AliasMessage { alias, message, .. } => {
                if let Ok(ended) = self.ties.use_alias(alias) {
                    if let Some(Watch::Process { pid, .. }) = ended.map(|monitor| monitor.watch) {
                        table.send(pid, SignalKind::Demonitor { id: alias });
                    }
                    self.mailbox.push(message);
                }
            }
            SignalKind::Link { from } => {
                // While an unlink waits for its acknowledgement, the other side's link crossed it and will be taken down by it.
                self.ties.links.entry(from).or_default();
            }
            SignalKind::Unlink { from, id } => {
                if self.ties.is_linked(from) {
                    self.ties.links.remove(&from);
                }
                table.send(from, SignalKind::UnlinkAck { from: self.pid, id });
            }
            SignalKind::UnlinkAck { from, id } => {
                if self.ties.links.get(&from).is_some_and(|link| link.unlinking == Some(id)) {
                    self.ties.links.remove(&from);
                }
            }
            SignalKind::Exit { from, reason, by_link } => self.take_in_exit(from, reason, by_link),
            SignalKind::Monitor { from, id, name } => {
                self.ties.watchers.insert(id, Watcher { pid: from, name });
            }
            SignalKind::Demonitor { id } => {
                self.ties.watchers.remove(&id);
            }
            SignalKind::Down { id, reason } => self.take_in_down(id, reason),
            SignalKind::GroupLeader { leader, reply } => {
                self.group_leader = leader;
                if let Some((pid, reference)) = reply {
                    table.send_reply(self.pid, pid, reference, Term::bool(true));
                }
            }
            SignalKind::Request(request) => self.rare.requests.push(*request),
            SignalKind::Reply { number, answer } => {
                if let Some(pending) = self.rare.written().and_then(|rare| rare.pending.as_mut())
                    && pending.number == number
                {
                    pending.answer = Some(answer);
                }
            }
            SignalKind::Timeout { number } => {
                if self.rare.receive_timer.is_some_and(|timer| timer.number == number) {
                    self.rare.receive_timer = None;
                    self.timed_out = true;
                }
            }
            SignalKind::Suspend { from, reply } => {
                self.rare.suspend_count += 1;
                if let Some(reference) = reply {
                    table.send_reply(self.pid, from, reference, Term::bool(true));
                }
            }
            SignalKind::Ping { from, reference } => {
                table.send_reply(self.pid, from, reference, Term::bool(self.rare.exit.is_none()));
            }
            SignalKind::Resume if self.rare.suspend_count > 0 => self.rare.suspend_count -= 1,
            SignalKind::Resume => {}
            SignalKind::Wake => {}
        }
    }

    fn take_in_exit(&mut self, from: u64, reason: OwnedTerm, by_link: bool) {
        if by_link {
            if !self.ties.is_linked(from) {
                return;
            }
            self.ties.links.remove(&from);
        }
        if self.rare.exit.is_some() {
            // The first one that took effect gives the reason.
            return;
        }
        let (kill, normal) = (reason.term().is_atom(am::KILL), reason.term().is_atom(am::NORMAL));
        if kill && !by_link {
            self.rare.exit = Some(parts::atom(am::KILLED));
            self.rare.exit_by_signal = true;
        } else if self.trap_exit {
            let message = join([&reason], |heap, [reason]| heap.tuple(&[Term::atom(am::EXIT_SIGNAL), pid_term(from), reason]));
            self.mailbox.push(message);
        } else if !normal || (from == self.pid && !by_link) {
            self.rare.exit = Some(reason);
            self.rare.exit_by_signal = true;
        }
    }

    fn take_in_down(&mut self, id: RefId, reason: OwnedTerm) {
        let Some(monitor) = self.ties.monitors.get_mut(&id) else { return };
        let Watch::Process { pid, name } = monitor.watch else { return };
        let owned = monitor.owned_ref;
        let owner = self.pid;
        let tag = monitor.tag.take().unwrap_or_else(|| parts::atom(am::DOWN));
        if monitor.alias == AliasMode::ExplicitUnalias {
            monitor.watch = Watch::Alias;
        } else {
            self.ties.monitors.remove(&id);
        }
        let message = join([&tag, &reason], |heap, [tag, reason]| {
            let reference = if owned { heap.owned_reference(id, pid_term(owner)) } else { heap.reference(id) };
            let item = match name {
                Some(name) => heap.tuple(&[Term::atom(name), Term::atom(local_node().0)]),
                None => pid_term(pid),
            };
            let kind = if word::is_local_port(pid) { am::PORT } else { am::PROCESS };
            heap.tuple(&[tag, reference, Term::atom(kind), item, reason])
        });
        self.mailbox.push(message);
    }
}

/// A local pid's or port's word as a term.
pub fn pid_term<'c>(pid: u64) -> Term<'c> {
    if word::is_local_port(pid) {
        return Term::local_port(word::pid_slot(pid), word::pid_generation(pid));
    }
    Term::local_pid(word::pid_slot(pid), word::pid_generation(pid))
}

impl ProcessTable {
    /// Sends a message to a process; false where it is gone.
    pub fn send_message(&self, from: u64, to: u64, message: OwnedTerm) -> bool {
        self.send(to, SignalKind::Message { from, message })
    }
    /// Sends what `build` makes as a message.
    pub fn send_built(&self, from: u64, to: u64, build: impl for<'c> FnOnce(&mut Heap<'c>) -> Term<'c>) -> bool {
        self.lookup(to).is_some() && self.send_message(from, to, OwnedTerm::build(build))
    }
    /// Sends `{Ref, Answer}`; the answer is an immediate.
    pub fn send_reply(&self, from: u64, to: u64, reference: RefId, answer: Term<'_>) -> bool {
        let message = OwnedTerm::build(|heap| {
            let answer = heap.copy(answer);
            let reference = heap.reference(reference);
            heap.tuple(&[reference, answer])
        });
        self.send_message(from, to, message)
    }
}
