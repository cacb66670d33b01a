//! One table: what never changes, and the body behind its lock.

use super::hash_store::Duplicates;
use super::{HashStore, Store, TreeStore};
use crate::atom::Atom;
use crate::process::OwnedTerm;
use crate::sync::RwLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Set,
    OrderedSet,
    Bag,
    DuplicateBag,
}

impl Kind {
    /// Whether a key has at most one object.
    pub fn is_set(self) -> bool {
        matches!(self, Kind::Set | Kind::OrderedSet)
    }
}

/// Who may do what besides the owner, who may all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    Public,
    /// Others read.
    Protected,
    Private,
}

/// What `{write_concurrency, _}` said, which only `info` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteConcurrency {
    Off,
    On,
    Auto,
    /// An option of OTP's tests.
    FixedLocks(usize),
}

/// What `ets:new/2` was given that never changes.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub kind: Kind,
    /// Counted from 0.
    pub key_position: usize,
    pub is_named: bool,
    pub is_compressed: bool,
    pub read_concurrency: bool,
    pub write_concurrency: WriteConcurrency,
    pub decentralized_counters: bool,
}

/// Who gets the table when its owner ends, with what for a message.
pub struct Heir {
    pub pid: u64,
    pub data: OwnedTerm,
}

/// How often a process has the table fixed.
#[derive(Clone, Copy)]
pub struct Fixation {
    pub pid: u64,
    pub count: usize,
}

/// When the first of the fixations that last was made.
#[derive(Clone, Copy, Default)]
pub struct FixedSince {
    pub monotonic_ns: i64,
    pub system_us: i64,
}

/// What changes.
pub struct Body {
    /// Gone: whoever still holds the identity is told that there is none.
    pub is_deleted: bool,
    pub owner: u64,
    pub heir: Option<Heir>,
    pub name: Atom,
    pub protection: Protection,
    pub fixations: Vec<Fixation>,
    pub fixed_since: FixedSince,
    /// OTP's tests asked that it stand in several parts: it does not, and says it does.
    pub is_split: bool,
    pub store: Store,
}

pub struct Table {
    pub id: [u64; 2],
    pub options: Options,
    pub body: RwLock<Body>,
}

impl Table {
    pub fn new(id: [u64; 2], options: Options, name: Atom, owner: u64, protection: Protection, heir: Option<Heir>) -> Table {
        let store = match options.kind {
            Kind::OrderedSet => Store::Tree(TreeStore::new(options.key_position)),
            Kind::Set => Store::Hash(HashStore::new(options.key_position, Duplicates::Replace)),
            Kind::Bag => Store::Hash(HashStore::new(options.key_position, Duplicates::Bag)),
            Kind::DuplicateBag => Store::Hash(HashStore::new(options.key_position, Duplicates::DuplicateBag)),
        };
        let body = Body {
            is_deleted: false,
            owner,
            heir,
            name,
            protection,
            fixations: Vec::new(),
            fixed_since: FixedSince::default(),
            is_split: false,
            store,
        };
        Table { id, options, body: RwLock::new(body) }
    }
}

impl Body {
    pub fn is_fixed(&self) -> bool {
        !self.fixations.is_empty()
    }
    pub fn may_read(&self, pid: u64) -> bool {
        self.protection != Protection::Private || self.owner == pid
    }
    pub fn may_write(&self, pid: u64) -> bool {
        self.protection == Protection::Public || self.owner == pid
    }
    /// Counts one fixation more; true when it is the process's first.
    pub fn fix(&mut self, pid: u64, now: FixedSince) -> bool {
        if self.fixations.is_empty() {
            self.fixed_since = now;
        }
        match self.fixations.iter_mut().find(|fixation| fixation.pid == pid) {
            Some(fixation) => {
                fixation.count += 1;
                false
            }
            None => {
                self.fixations.push(Fixation { pid, count: 1 });
                true
            }
        }
    }
    /// Ends one fixation, or all of a process.
    pub fn unfix(&mut self, pid: u64, all: bool) {
        let Some(at) = self.fixations.iter().position(|fixation| fixation.pid == pid) else { return };
        self.fixations[at].count -= 1;
        if all || self.fixations[at].count == 0 {
            self.fixations.swap_remove(at);
            if self.fixations.is_empty() {
                self.store.unfixed();
            }
        }
    }
    /// Takes everything out; the caller drops it when no lock is held.
    #[must_use]
    pub fn transition_to_deleted(&mut self, key_position: usize) -> Store {
        self.is_deleted = true;
        self.heir = None;
        self.fixations.clear();
        core::mem::replace(&mut self.store, Store::Tree(TreeStore::new(key_position)))
    }
}
