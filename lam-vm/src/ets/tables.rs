//! The registry: names, identities, and which process owns or has fixed what.

use std::collections::HashMap;

use super::table::{FixedSince, Heir, Options, Protection, Table};
use crate::atom::{Atom, am};
use crate::heap::Heap;
use crate::heap::resource::Resource;
use crate::process::parts::join;
use crate::process::{OwnedTerm, ProcessTable, pid_term};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::fault::{self, Fault};
use crate::sync::{Arc, RwLock};
use crate::term::Term;

type Hasher = foldhash::fast::FixedState;

#[derive(Default)]
struct Registry {
    names: HashMap<u32, Arc<Table>, Hasher>,
    by_id: HashMap<[u64; 2], Arc<Table>, Hasher>,
    owned: HashMap<u64, Vec<Arc<Table>>, Hasher>,
    fixed: HashMap<u64, Vec<Arc<Table>>, Hasher>,
}

/// All tables of a machine.
#[derive(Default)]
pub struct Tables {
    registry: RwLock<Registry>,
    count: AtomicUsize,
    /// Processes that own or have fixed something, so that the end of others costs one load.
    holders: AtomicUsize,
}

/// What a table's reference holds.
pub struct TableHandle(pub Arc<Table>);

/// The name is another table's.
#[derive(Debug)]
pub struct NameTaken;

fn forget(map: &mut HashMap<u64, Vec<Arc<Table>>, Hasher>, pid: u64, table: &Arc<Table>) {
    if let Some(tables) = map.get_mut(&pid) {
        tables.retain(|other| !Arc::ptr_eq(other, table));
        if tables.is_empty() {
            map.remove(&pid);
        }
    }
}

impl Registry {
    fn holders(&self) -> usize {
        self.owned.len() + self.fixed.len()
    }
}

impl Tables {
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
    pub fn by_name(&self, name: Atom) -> Option<Arc<Table>> {
        self.registry.read().names.get(&name.0).cloned()
    }
    pub fn by_id(&self, id: [u64; 2]) -> Option<Arc<Table>> {
        self.registry.read().by_id.get(&id).cloned()
    }
    pub fn all(&self) -> Vec<Arc<Table>> {
        self.registry.read().by_id.values().cloned().collect()
    }
    fn with_registry<R>(&self, act: impl FnOnce(&mut Registry) -> R) -> R {
        let mut registry = self.registry.write();
        let result = act(&mut registry);
        self.holders.store(registry.holders(), Ordering::Release);
        self.count.store(registry.by_id.len(), Ordering::Relaxed);
        result
    }

    /// Makes a table.
    pub fn create(
        &self,
        id: [u64; 2],
        options: Options,
        name: Atom,
        owner: u64,
        protection: Protection,
        heir: Option<Heir>,
    ) -> Result<Arc<Table>, NameTaken> {
        let table = Arc::new(Table::new(id, options, name, owner, protection, heir));
        self.with_registry(|registry| {
            if options.is_named {
                if registry.names.contains_key(&name.0) {
                    return Err(NameTaken);
                }
                registry.names.insert(name.0, table.clone());
            }
            registry.by_id.insert(id, table.clone());
            registry.owned.entry(owner).or_default().push(table.clone());
            Ok(table)
        })
    }
    /// Gives a table another name.
    pub fn rename(&self, table: &Arc<Table>, name: Atom) -> Result<(), NameTaken> {
        self.with_registry(|registry| {
            let mut body = table.body.write();
            if table.options.is_named && !body.is_deleted {
                if registry.names.contains_key(&name.0) {
                    return Err(NameTaken);
                }
                registry.names.remove(&body.name.0);
                registry.names.insert(name.0, table.clone());
            }
            body.name = name;
            Ok(())
        })
    }
    /// Removes a table; false when it was gone already. Its objects are dropped here, with no lock held.
    pub fn delete(&self, table: &Arc<Table>) -> bool {
        let removed = self.with_registry(|registry| {
            let mut body = table.body.write();
            if body.is_deleted {
                return None;
            }
            if table.options.is_named {
                registry.names.remove(&body.name.0);
            }
            registry.by_id.remove(&table.id);
            forget(&mut registry.owned, body.owner, table);
            for fixation in &body.fixations {
                forget(&mut registry.fixed, fixation.pid, table);
            }
            Some(body.transition_to_deleted(table.options.key_position))
        });
        removed.is_some()
    }
    /// Makes `to` the owner instead of `from`; false where the table is not (any more) `from`'s, or nobody is there to have it.
    ///
    /// Who is about to end is seen exiting here, or finds the table among its own when it takes this lock in turn.
    pub fn give_away(&self, table: &Arc<Table>, from: u64, to: u64, processes: &ProcessTable) -> bool {
        let was_alive = fault::is_seeded(Fault::GiveAwayUnlocked) && processes.is_alive(to);
        self.with_registry(|registry| {
            let mut body = table.body.write();
            if body.is_deleted || body.owner != from || !(was_alive || processes.is_alive(to)) {
                return false;
            }
            forget(&mut registry.owned, from, table);
            body.owner = to;
            registry.owned.entry(to).or_default().push(table.clone());
            true
        })
    }
    pub fn fix(&self, table: &Arc<Table>, pid: u64, now: FixedSince) {
        self.with_registry(|registry| {
            let mut body = table.body.write();
            if !body.is_deleted && body.fix(pid, now) {
                registry.fixed.entry(pid).or_default().push(table.clone());
            }
        });
    }
    pub fn unfix(&self, table: &Arc<Table>, pid: u64) {
        self.with_registry(|registry| {
            let mut body = table.body.write();
            body.unfix(pid, false);
            if !body.fixations.iter().any(|fixation| fixation.pid == pid) {
                forget(&mut registry.fixed, pid, table);
            }
        });
    }

    /// A process is about to end: its fixations end; its tables go to their heirs, or away.
    pub fn process_ended(&self, pid: u64, processes: &ProcessTable) {
        if self.holders.load(Ordering::Acquire) == 0 {
            return;
        }
        let is_holder = {
            let registry = self.registry.read();
            registry.owned.contains_key(&pid) || registry.fixed.contains_key(&pid)
        };
        if !is_holder {
            return;
        }
        let (fixed, owned) = self.with_registry(|registry| {
            (registry.fixed.remove(&pid).unwrap_or_default(), registry.owned.get(&pid).cloned().unwrap_or_default())
        });
        for table in fixed {
            table.body.write().unfix(pid, true);
        }
        for table in owned {
            let heir = table.body.write().heir.take();
            match heir {
                Some(heir) if heir.pid != pid && self.give_away(&table, pid, heir.pid, processes) => {
                    self.send_transfer(&table, pid, heir.pid, &heir.data, processes);
                    // Unless the new owner named another one meanwhile.
                    let mut body = table.body.write();
                    if !body.is_deleted && body.heir.is_none() {
                        body.heir = Some(heir);
                    }
                }
                _ => {
                    self.delete(&table);
                }
            }
        }
    }
    /// Sends `{'ETS-TRANSFER', Table, From, Data}`.
    pub fn send_transfer(&self, table: &Arc<Table>, from: u64, to: u64, data: &OwnedTerm, processes: &ProcessTable) {
        let message = join([data], |heap, [data]| {
            let identity = identity(heap, table);
            heap.tuple(&[Term::atom(am::ETS_TRANSFER), identity, pid_term(from), data])
        });
        processes.send_message(from, to, message);
    }
}

/// What a program calls the table: its name if it is a named one, else its reference.
pub fn identity<'c>(heap: &mut Heap<'c>, table: &Arc<Table>) -> Term<'c> {
    if table.options.is_named {
        let name = table.body.read().name;
        return Term::atom(name);
    }
    reference(heap, table)
}

/// The table's reference.
pub fn reference<'c>(heap: &mut Heap<'c>, table: &Arc<Table>) -> Term<'c> {
    heap.resource(std::sync::Arc::new(Resource { data: Box::new(TableHandle(table.clone())) }), table.id)
}
