//! The registration table: names of processes.

use std::collections::HashMap;

use crate::atom::Atom;
use crate::sync::RwLock;

/// Name → pid word.
#[derive(Default)]
pub struct Names {
    names: RwLock<HashMap<u32, u64, foldhash::fast::FixedState>>,
}

impl Names {
    pub fn whereis(&self, name: Atom) -> Option<u64> {
        self.names.read().get(&name.0).copied()
    }
    /// False when the name is taken.
    pub fn register(&self, name: Atom, pid: u64) -> bool {
        match self.names.write().entry(name.0) {
            std::collections::hash_map::Entry::Occupied(_) => false,
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(pid);
                true
            }
        }
    }
    /// Removes a name; whom it named.
    pub fn unregister(&self, name: Atom) -> Option<u64> {
        self.names.write().remove(&name.0)
    }
    /// Removes a name where it still names this process.
    pub fn unregister_of(&self, name: Atom, pid: u64) {
        let mut names = self.names.write();
        if names.get(&name.0) == Some(&pid) {
            names.remove(&name.0);
        }
    }
    /// The name of a process.
    pub fn name_of(&self, pid: u64) -> Option<Atom> {
        self.names.read().iter().find(|(_, owner)| **owner == pid).map(|(name, _)| Atom(*name))
    }
    pub fn all(&self) -> Vec<Atom> {
        self.names.read().keys().map(|name| Atom(*name)).collect()
    }
}
