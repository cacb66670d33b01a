//! ETS: tables of tuples that processes share, each with memory and a lock of its own.
//!
//! ```text
//! Tables ── names, identities, owners, who fixed what
//!    └─ Table ── options that never change
//!          └─ RwLock<Body> ── owner, heir, protection, fixations
//!                 └─ Store ── Hash: set, bag, duplicate_bag   (slots in a row, an index of hashes)
//!                             Tree: ordered_set               (sorted chunks)
//! ```
//! Objects are `OwnedTerm`s; nothing here points into a process's heap, and nobody keeps a term of a table beyond its lock.
//! Locks are taken in the order registry, table. Match specifications are run by `bif::match_spec`, which reads objects in place.

#![forbid(unsafe_code)]

pub mod hash_store;
mod index;
pub mod store;
pub mod table;
mod tables;
#[cfg(test)]
mod tests;
pub mod tree_store;

pub use hash_store::HashStore;
pub use store::Store;
pub use table::{Body, FixedSince, Heir, Kind, Options, Protection, Table, WriteConcurrency};
pub use tables::{NameTaken, TableHandle, Tables, identity, reference};
pub use tree_store::TreeStore;

use crate::process::OwnedTerm;
use crate::term::Term;

/// The key of an object; `position` counts from 0. Only tuples that have it get into a table.
#[inline]
pub fn key_of(object: &OwnedTerm, position: usize) -> Term<'_> {
    object.term().as_tuple().and_then(|tuple| tuple.elements.get(position).copied()).unwrap_or(Term::NIL)
}
