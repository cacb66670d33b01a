//! The objects of a table, whatever its type.

use super::{HashStore, TreeStore, key_of};
use crate::atom::am;
use crate::process::OwnedTerm;
use crate::term::Term;

pub enum Store {
    Hash(HashStore),
    Tree(TreeStore),
}

impl Store {
    pub fn len(&self) -> usize {
        match self {
            Store::Hash(store) => store.len(),
            Store::Tree(store) => store.len(),
        }
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub fn words(&self) -> usize {
        match self {
            Store::Hash(store) => store.words(),
            Store::Tree(store) => store.words(),
        }
    }
    /// Objects of a key, oldest first.
    #[inline]
    pub fn lookup(&self, key: Term<'_>) -> &[OwnedTerm] {
        match self {
            Store::Hash(store) => store.lookup(key),
            Store::Tree(store) => store.lookup(key),
        }
    }
    #[inline]
    pub fn lookup_mut(&mut self, key: Term<'_>) -> Option<&mut OwnedTerm> {
        match self {
            Store::Hash(store) => store.lookup_mut(key),
            Store::Tree(store) => store.lookup_mut(key),
        }
    }
    /// An object that `lookup_mut` gave has another size now.
    pub fn resized(&mut self, before: usize, after: usize) {
        match self {
            Store::Hash(store) => store.resized(before, after),
            Store::Tree(store) => store.resized(before, after),
        }
    }
    #[inline]
    pub fn insert(&mut self, object: OwnedTerm) {
        match self {
            Store::Hash(store) => store.insert(object),
            Store::Tree(store) => store.insert(object),
        }
    }
    pub fn take(&mut self, key: Term<'_>, is_fixed: bool) -> Vec<OwnedTerm> {
        match self {
            Store::Hash(store) => store.take(key, is_fixed),
            Store::Tree(store) => store.take(key),
        }
    }
    pub fn delete_objects(&mut self, key: Term<'_>, is_fixed: bool, is_it: impl FnMut(&OwnedTerm) -> bool) -> usize {
        match self {
            Store::Hash(store) => store.delete_objects(key, is_fixed, is_it),
            Store::Tree(store) => store.delete_objects(key, is_it),
        }
    }
    pub fn delete_where(&mut self, is_fixed: bool, is_it: impl FnMut(&OwnedTerm) -> bool) -> usize {
        match self {
            Store::Hash(store) => store.delete_where(is_fixed, is_it),
            Store::Tree(store) => store.delete_where(is_it),
        }
    }
    pub fn replace_where(&mut self, change: impl FnMut(&OwnedTerm) -> Option<OwnedTerm>) -> usize {
        match self {
            Store::Hash(store) => store.replace_where(change),
            Store::Tree(store) => store.replace_where(change),
        }
    }
    /// Removes everything; how many objects.
    pub fn clear(&mut self, is_fixed: bool) -> usize {
        match self {
            Store::Hash(store) => store.clear(is_fixed),
            Store::Tree(store) => store.clear(),
        }
    }
    /// The last fixation ended.
    pub fn unfixed(&mut self) {
        if let Store::Hash(store) = self {
            store.unfixed();
        }
    }
    pub fn first(&self, key_position: usize) -> Option<Term<'_>> {
        match self {
            Store::Hash(store) => store.first(),
            Store::Tree(store) => store.ascending().next().map(|object| key_of(object, key_position)),
        }
    }
    /// `None` where the key is unknown and the table has no order.
    pub fn next(&self, key: Term<'_>, key_position: usize) -> Option<Option<Term<'_>>> {
        match self {
            Store::Hash(store) => store.next(key),
            // No key is so called for a traversal.
            Store::Tree(_) if key.is_atom(am::DOLLAR_END_OF_TABLE) => None,
            Store::Tree(store) => Some(store.above(key).next().map(|object| key_of(object, key_position))),
        }
    }
    pub fn last(&self, key_position: usize) -> Option<Term<'_>> {
        match self {
            Store::Hash(store) => store.first(),
            Store::Tree(store) => store.descending().next().map(|object| key_of(object, key_position)),
        }
    }
    pub fn prev(&self, key: Term<'_>, key_position: usize) -> Option<Option<Term<'_>>> {
        match self {
            Store::Hash(store) => store.next(key),
            Store::Tree(_) if key.is_atom(am::DOLLAR_END_OF_TABLE) => None,
            Store::Tree(store) => Some(store.under(key).next().map(|object| key_of(object, key_position))),
        }
    }
}
