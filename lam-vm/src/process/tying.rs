//! Tying a process to others and untying it, in its own name: what the BIFs `link`, `unlink`, `demonitor`, `alias`, `unalias` do.

use super::Process;
use super::signal::{RefId, SignalKind};
use super::table::ProcessTable;
use super::ties::{AliasMode, Link, Monitor, Ties, Watch};

/// There is no such process.
#[derive(Debug)]
pub struct Nobody;

impl ProcessTable {
    /// Links `process` with another one.
    pub fn link(&self, process: &mut Process, pid: u64) -> Result<(), Nobody> {
        let from = process.pid;
        // A link that is there stays, also where the other side has just ended: its exit signal is on the way.
        if pid == from || process.ties.is_linked(pid) {
            return Ok(());
        }
        if !self.is_alive(pid) {
            return Err(Nobody);
        }
        process.ties.links.insert(pid, Link::default());
        if self.send(pid, SignalKind::Link { from }) {
            return Ok(());
        }
        process.ties.links.remove(&pid);
        Err(Nobody)
    }
    /// Takes a link of `process` down: no exit signal comes over it afterwards.
    pub fn unlink(&self, process: &mut Process, pid: u64) {
        if !process.ties.is_linked(pid) {
            return;
        }
        let (from, id) = (process.pid, self.new_number());
        if self.send(pid, SignalKind::Unlink { from, id }) {
            process.ties.links.insert(pid, Link { unlinking: Some(id) });
        } else {
            process.ties.links.remove(&pid);
        }
    }
    /// Ends a monitor of `process`; whether there was one.
    pub fn demonitor(&self, process: &mut Process, id: RefId) -> bool {
        let monitors = &mut process.ties.monitors;
        let Some(monitor) = monitors.get_mut(&id) else { return false };
        let watch = core::mem::replace(&mut monitor.watch, Watch::Alias);
        if matches!(watch, Watch::Alias) {
            return false;
        }
        if monitor.alias != AliasMode::ExplicitUnalias {
            monitors.remove(&id);
        }
        if let Watch::Process { pid, .. } = watch {
            self.send(pid, SignalKind::Demonitor { id });
        }
        true
    }
}

impl Ties {
    /// From now on this reference is an alias.
    pub fn add_alias(&mut self, id: RefId, alias: AliasMode) {
        self.monitors.insert(id, Monitor { watch: Watch::Alias, alias, owned_ref: true, tag: None });
    }
    /// Ends an alias; whether there was one.
    pub fn unalias(&mut self, id: RefId) -> bool {
        let Some(monitor) = self.monitors.get_mut(&id) else { return false };
        if monitor.alias == AliasMode::None {
            return false;
        }
        monitor.alias = AliasMode::None;
        if matches!(monitor.watch, Watch::Alias) {
            self.monitors.remove(&id);
        }
        true
    }
}
