//! The process dictionary: key and value words, which the collector updates.
//!
//! A small one is searched along; a larger one has an index from the keys' hashes to their places, which a collection, as it
//! changes words and not values, leaves as it is.

use crate::heap::Heap;
use crate::term::compare::{exact_eq, is_plain_immediate};
use crate::term::{Term, hash};
use crate::util::rarely::Part;

/// Pairs from which there is an index.
const INDEX_FROM: usize = 12;

/// Pairs in no order that means anything.
#[derive(Default)]
pub struct Dictionary {
    pairs: Vec<(u64, u64)>,
    index: Option<Box<Index>>,
}

impl Part for Dictionary {
    fn unwritten() -> &'static Dictionary {
        static EMPTY: Dictionary = Dictionary { pairs: Vec::new(), index: None };
        &EMPTY
    }
    fn fresh() -> Dictionary {
        Dictionary::default()
    }
}

/// Open addressing; half of the slots at least are empty.
struct Index {
    /// Place + 1 of a pair, or 0.
    slots: Vec<u32>,
    /// Of each pair's key.
    hashes: Vec<u32>,
}

fn hash_of(key: Term<'_>) -> u32 {
    if is_plain_immediate(key.word()) {
        // The high half of a product is well mixed.
        return (key.word().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32;
    }
    hash::internal_hash(key, 0)
}

/// Whether a stored key is `key`, which is compared by its word alone where that is enough.
fn is_key(stored: u64, key: Term<'_>) -> bool {
    // SAFETY: keys are on the process's heap, which nothing changes here.
    stored == key.word() || (!is_plain_immediate(key.word()) && exact_eq(unsafe { Term::from_word(stored) }, key))
}

impl Index {
    fn of(pairs: &[(u64, u64)]) -> Index {
        // SAFETY: as `is_key`.
        let hashes = pairs.iter().map(|pair| hash_of(unsafe { Term::from_word(pair.0) })).collect();
        let mut index = Index { slots: Vec::new(), hashes };
        index.grow();
        index
    }
    fn grow(&mut self) {
        self.slots = vec![0; (4 * self.hashes.len()).next_power_of_two()];
        for place in 0..self.hashes.len() {
            let at = self.slot_where(self.hashes[place], |held| held == 0);
            self.slots[at] = place as u32 + 1;
        }
    }
    /// The first slot from the hash's own on that `is_it` takes.
    fn slot_where(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while !is_it(self.slots[at]) {
            at = (at + 1) & mask;
        }
        at
    }
    fn find(&self, pairs: &[(u64, u64)], key: Term<'_>, hash: u32) -> Option<usize> {
        let at = self.slot_where(hash, |held| {
            let Some(place) = (held as usize).checked_sub(1) else { return true };
            self.hashes[place] == hash && is_key(pairs[place].0, key)
        });
        (self.slots[at] as usize).checked_sub(1)
    }
    /// The newest pair joins.
    fn push(&mut self, hash: u32) {
        self.hashes.push(hash);
        if 2 * self.hashes.len() > self.slots.len() {
            return self.grow();
        }
        let at = self.slot_where(hash, |held| held == 0);
        self.slots[at] = self.hashes.len() as u32;
    }
    /// As the pair at `place` is taken away and the last one takes its place.
    fn swap_remove(&mut self, place: usize) {
        let last = self.hashes.len() - 1;
        self.empty(self.slot_where(self.hashes[place], |held| held as usize == place + 1));
        if place != last {
            let moved = self.slot_where(self.hashes[last], |held| held as usize == last + 1);
            self.slots[moved] = place as u32 + 1;
        }
        self.hashes.swap_remove(place);
    }
    /// Empties a slot, and moves up what was pushed on past it.
    fn empty(&mut self, mut hole: usize) {
        let mask = self.slots.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some(place) = (self.slots[at] as usize).checked_sub(1) else { break };
            let home = self.hashes[place] as usize & mask;
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.slots[hole] = self.slots[at];
                hole = at;
            }
        }
        self.slots[hole] = 0;
    }
}

impl Dictionary {
    fn position(&self, key: Term<'_>) -> Option<usize> {
        match &self.index {
            None => self.pairs.iter().position(|pair| is_key(pair.0, key)),
            Some(index) => index.find(&self.pairs, key, hash_of(key)),
        }
    }
    pub fn get(&self, key: Term<'_>) -> Option<u64> {
        self.position(key).map(|at| self.pairs[at].1)
    }
    /// Sets a value (both words of this process's heap) and gives the old one.
    pub fn put(&mut self, key: Term<'_>, value: Term<'_>) -> Option<u64> {
        if let Some(at) = self.position(key) {
            return Some(core::mem::replace(&mut self.pairs[at].1, value.word()));
        }
        self.pairs.push((key.word(), value.word()));
        match &mut self.index {
            Some(index) => index.push(hash_of(key)),
            None if self.pairs.len() >= INDEX_FROM => self.index = Some(Box::new(Index::of(&self.pairs))),
            None => {}
        }
        None
    }
    pub fn erase(&mut self, key: Term<'_>) -> Option<u64> {
        let at = self.position(key)?;
        if let Some(index) = &mut self.index {
            index.swap_remove(at);
        }
        let (_, value) = self.pairs.swap_remove(at);
        if self.pairs.is_empty() {
            self.clear();
        }
        Some(value)
    }
    /// Forgets everything, and gives the memory back.
    pub fn clear(&mut self) {
        *self = Dictionary::default();
    }
    /// Bytes of memory it takes beside the terms.
    pub fn bytes(&self) -> usize {
        let index = self.index.as_ref().map_or(0, |index| 4 * (index.slots.capacity() + index.hashes.capacity()));
        16 * self.pairs.capacity() + index
    }
    /// All pairs, as terms of the process's own heap.
    pub fn pairs<'c>(&self, _heap: &Heap<'c>) -> Vec<(Term<'c>, Term<'c>)> {
        // SAFETY: the words are on the process's heap, with which the caller's is paired; nothing collects within 'c.
        let term = |word| unsafe { Term::from_word(word) };
        self.pairs.iter().map(|(key, value)| (term(*key), term(*value))).collect()
    }
    pub fn visit_roots(&mut self, visit: &mut dyn FnMut(&mut [u64])) {
        for (key, value) in &mut self.pairs {
            visit(core::slice::from_mut(key));
            visit(core::slice::from_mut(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::heap::Alloc;

    #[test]
    fn it_agrees_with_a_map_of_numbers() {
        Alloc::default().with(|heap| {
            let mut dictionary = Dictionary::default();
            let mut model: HashMap<i64, u64> = HashMap::new();
            let mut seed = 1u64;
            for step in 0..40_000 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let number = (seed >> 33) as i64 % 500;
                // Every third key is a tuple, made anew each time.
                let small = heap.integer(number);
                let key = if number % 3 == 0 { heap.tuple(&[small, small]) } else { small };
                let value = heap.integer(step);
                match seed >> 60 {
                    0..=7 => assert_eq!(dictionary.put(key, value), model.insert(number, value.word())),
                    8..=13 => assert_eq!(dictionary.erase(key), model.remove(&number)),
                    14 => assert_eq!(dictionary.get(key), model.get(&number).copied()),
                    _ if step % 1000 == 0 => {
                        dictionary.clear();
                        model.clear();
                    }
                    _ => {}
                }
                assert_eq!(dictionary.pairs.len(), model.len());
            }
        });
    }
}
