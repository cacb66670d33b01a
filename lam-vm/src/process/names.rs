//! The registration table: names of processes and ports.
//!
//! Entering a name and the end of a process meet under one lock: who is still alive there is found again by `forget`.

use std::collections::HashMap;

use super::ProcessTable;
use crate::atom::Atom;
use crate::sync::RwLock;
use crate::sync::fault::{self, Fault};

type Hasher = foldhash::fast::FixedState;

#[derive(Default)]
struct Tables {
    pids: HashMap<u32, u64, Hasher>,
    names: HashMap<u64, Atom, Hasher>,
}

/// Name → pid word, and back.
#[derive(Default)]
pub struct Names {
    tables: RwLock<Tables>,
}

/// What came of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    Done,
    NotAlive,
    /// The process has another name.
    HasName,
    /// The name is another's.
    Taken,
}

impl Names {
    pub fn whereis(&self, name: Atom) -> Option<u64> {
        self.tables.read().pids.get(&name.0).copied()
    }
    pub fn register(&self, name: Atom, pid: u64, processes: &ProcessTable) -> Register {
        let was_alive = fault::is_seeded(Fault::RegisterUnlocked) && processes.is_alive(pid);
        let mut tables = self.tables.write();
        if !was_alive && !processes.is_alive(pid) {
            return Register::NotAlive;
        }
        if tables.names.contains_key(&pid) {
            return Register::HasName;
        }
        if tables.pids.contains_key(&name.0) {
            return Register::Taken;
        }
        tables.pids.insert(name.0, pid);
        tables.names.insert(pid, name);
        Register::Done
    }
    /// Removes a name; whom it named.
    pub fn unregister(&self, name: Atom) -> Option<u64> {
        let mut tables = self.tables.write();
        let pid = tables.pids.remove(&name.0)?;
        tables.names.remove(&pid);
        Some(pid)
    }
    /// Removes the name of a process that is exiting, or a port that is closing.
    pub fn forget(&self, pid: u64) {
        if self.name_of(pid).is_none() {
            return;
        }
        let mut tables = self.tables.write();
        if let Some(name) = tables.names.remove(&pid) {
            tables.pids.remove(&name.0);
        }
    }
    /// The name of a process.
    pub fn name_of(&self, pid: u64) -> Option<Atom> {
        self.tables.read().names.get(&pid).copied()
    }
    pub fn all(&self) -> Vec<Atom> {
        self.tables.read().pids.keys().map(|name| Atom(*name)).collect()
    }
}
