//! The process dictionary: key and value words, which the collector updates.

use crate::heap::Heap;
use crate::term::Term;
use crate::term::compare::{exact_eq, is_plain_immediate};

/// Pairs in no order that means anything.
#[derive(Default)]
pub struct Dictionary {
    pub pairs: Vec<(u64, u64)>,
}

impl Dictionary {
    /// Where `key` is. Immediates are compared by word alone.
    pub fn position(&self, key: Term<'_>) -> Option<usize> {
        if is_plain_immediate(key.word()) {
            return self.pairs.iter().position(|pair| pair.0 == key.word());
        }
        // SAFETY: keys are on the process's heap, which nothing changes here.
        self.pairs.iter().position(|pair| exact_eq(unsafe { Term::from_word(pair.0) }, key))
    }
    pub fn get(&self, key: Term<'_>) -> Option<u64> {
        self.position(key).map(|at| self.pairs[at].1)
    }
    /// Sets a value (both words of this process's heap) and gives the old one.
    pub fn put(&mut self, key: Term<'_>, value: Term<'_>) -> Option<u64> {
        match self.position(key) {
            Some(at) => Some(core::mem::replace(&mut self.pairs[at].1, value.word())),
            None => {
                self.pairs.push((key.word(), value.word()));
                None
            }
        }
    }
    pub fn erase(&mut self, key: Term<'_>) -> Option<u64> {
        self.position(key).map(|at| self.pairs.swap_remove(at).1)
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
