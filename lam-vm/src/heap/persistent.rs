//! `persistent_term`: terms that every process reads where they lie.
//!
//! Key and value are made static together, in an area of their own. An area whose term was replaced or erased is never freed for
//! now, only counted as gone: the collector has no signal yet by which each process would first copy what it holds (design §4).

use std::collections::HashMap;

use super::Heap;
use super::statics::StaticTerm;
use crate::sync::RwLock;
use crate::term::Term;
use crate::term::compare::exact_eq;
use crate::term::hash;

/// One machine's table.
#[derive(Default)]
pub struct PersistentTerms {
    table: RwLock<Table>,
}

#[derive(Default)]
struct Table {
    entries: HashMap<u32, Vec<Entry>>,
    count: usize,
    words: usize,
}

/// Words of static terms, and of their area.
#[derive(Clone, Copy)]
struct Entry {
    key: u64,
    value: u64,
    words: usize,
}

impl Entry {
    fn key<'c>(self) -> Term<'c> {
        // SAFETY: `put` made it of a leaked area, which stays for ever.
        unsafe { Term::from_word(self.key) }
    }
    fn value<'c>(self) -> Term<'c> {
        // SAFETY: as `key`.
        unsafe { Term::from_word(self.value) }
    }
}

impl Table {
    fn find(&self, key: Term<'_>) -> Option<(u32, usize, Entry)> {
        let number = hash::internal_hash(key, 0);
        let entries = self.entries.get(&number)?;
        let at = entries.iter().position(|entry| exact_eq(entry.key(), key))?;
        Some((number, at, entries[at]))
    }
    fn remove(&mut self, (number, at, entry): (u32, usize, Entry)) {
        if let Some(entries) = self.entries.get_mut(&number) {
            entries.swap_remove(at);
            self.count -= 1;
            self.words -= entry.words;
        }
    }
}

impl PersistentTerms {
    pub fn get<'c>(&self, heap: &mut Heap<'c>, key: Term<'c>) -> Option<Term<'c>> {
        let (_, _, entry) = self.table.read().find(key)?;
        Some(heap.literal(entry.value()))
    }
    /// Sets the value of a key; where it has an equal one already nothing changes.
    pub fn put<'c>(&self, heap: &mut Heap<'c>, key: Term<'c>, value: Term<'c>) {
        Self::put_into(&mut self.table.write(), heap, key, value);
    }
    /// False, and nothing changed, when the key has another value.
    pub fn put_new<'c>(&self, heap: &mut Heap<'c>, key: Term<'c>, value: Term<'c>) -> bool {
        let mut table = self.table.write();
        if let Some((_, _, entry)) = table.find(key) {
            return exact_eq(entry.value(), value);
        }
        Self::put_into(&mut table, heap, key, value);
        true
    }
    fn put_into<'c>(table: &mut Table, heap: &mut Heap<'c>, key: Term<'c>, value: Term<'c>) {
        let old = table.find(key);
        if let Some((_, _, entry)) = old
            && exact_eq(entry.value(), value)
        {
            return;
        }
        let pair = heap.tuple(&[key, value]);
        let area = StaticTerm::of(pair);
        let words = area.words();
        let pair = area.leak();
        let [key_copy, value_copy] = pair.as_tuple_of().expect("a pair was made static");
        if let Some(old) = old {
            table.remove(old);
        }
        let entry = Entry { key: key_copy.word(), value: value_copy.word(), words };
        table.entries.entry(hash::internal_hash(key, 0)).or_default().push(entry);
        table.count += 1;
        table.words += words;
    }
    /// False when the key was not there.
    pub fn erase(&self, key: Term<'_>) -> bool {
        let mut table = self.table.write();
        let Some(found) = table.find(key) else { return false };
        table.remove(found);
        true
    }
    pub fn clear(&self) {
        *self.table.write() = Table::default();
    }
    /// All keys with their values.
    pub fn all<'c>(&self, heap: &mut Heap<'c>) -> Vec<(Term<'c>, Term<'c>)> {
        let table = self.table.read();
        table.entries.values().flatten().map(|entry| (heap.literal(entry.key()), heap.literal(entry.value()))).collect()
    }
    /// How many there are, and their words.
    pub fn totals(&self) -> (usize, usize) {
        let table = self.table.read();
        (table.count, table.words)
    }
}
