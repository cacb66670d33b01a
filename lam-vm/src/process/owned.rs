//! A term outside any process's heap: what messages, exit reasons and timers carry.

use super::ProcessHeap;
use crate::heap::{Alloc, Heap};
use crate::term::Term;
use crate::term::word;

/// A term with boxes of its own.
pub struct OwnedTerm {
    word: u64,
    /// `None` for an immediate.
    alloc: Option<Box<Alloc>>,
}

// SAFETY: the boxes belong to this value alone, and what they share off-heap is counted atomically.
unsafe impl Send for OwnedTerm {}

impl Default for OwnedTerm {
    /// `[]`
    fn default() -> Self {
        OwnedTerm { word: word::NIL, alloc: None }
    }
}

impl OwnedTerm {
    /// A copy of `term`.
    pub fn of(term: Term<'_>) -> OwnedTerm {
        if !word::is_pointer(term.word()) {
            return OwnedTerm { word: term.word(), alloc: None };
        }
        let mut alloc = Box::<Alloc>::default();
        let word = copy(term.word(), &mut alloc);
        OwnedTerm { word, alloc: Some(alloc) }
    }
    /// What `build` makes.
    pub fn build(build: impl for<'c> FnOnce(&mut Heap<'c>) -> Term<'c>) -> OwnedTerm {
        OwnedTerm::join([], |heap, []| build(heap))
    }
    /// What `build` makes of `parts`, which it takes over without copying.
    pub fn join<const N: usize>(
        parts: [OwnedTerm; N],
        build: impl for<'c> FnOnce(&mut Heap<'c>, [Term<'c>; N]) -> Term<'c>,
    ) -> OwnedTerm {
        let mut alloc = Box::<Alloc>::default();
        let words = parts.map(|part| part.merge_into(&mut alloc));
        // SAFETY: the words' boxes now belong to `alloc`, which outlives the closure's scope.
        let word = alloc.with(|heap| build(heap, words.map(|word| unsafe { Term::from_word(word) })).word());
        OwnedTerm { word, alloc: Some(alloc) }
    }
    /// Another copy.
    pub fn duplicate(&self) -> OwnedTerm {
        self.with(OwnedTerm::of)
    }
    /// The term, for as long as `read` runs.
    pub fn with<R>(&self, read: impl for<'c> FnOnce(Term<'c>) -> R) -> R {
        // SAFETY: the boxes live as long as `self`, and nothing changes them.
        read(unsafe { Term::from_word(self.word) })
    }
    /// Hands the boxes over to `alloc`; the term's word there.
    fn merge_into(mut self, alloc: &mut Alloc) -> u64 {
        if let Some(mut own) = self.alloc.take() {
            alloc.fragment_words += own.fragment_words;
            alloc.fragments.append(&mut own.fragments);
            for at in own.off_heap.take() {
                // SAFETY: the box's count moves from one list to the other.
                unsafe {
                    let bytes = crate::heap::off_heap::outside_bytes(at);
                    alloc.off_heap.link(at, bytes);
                }
            }
        }
        self.word
    }
    /// Makes the boxes part of `heap`; the term's word there.
    pub fn attach_to(self, heap: &mut ProcessHeap) -> u64 {
        self.merge_into(&mut heap.alloc)
    }
    /// Makes the boxes part of the heap that a BIF builds on.
    pub fn attach<'c>(self, heap: &mut Heap<'c>) -> Term<'c> {
        let word = self.merge_into(heap.alloc());
        // SAFETY: the boxes belong to the heap now, which lives for 'c.
        unsafe { Term::from_word(word) }
    }
}

/// Copies a term into `alloc`, with an explicit stack.
pub fn copy(root: u64, alloc: &mut Alloc) -> u64 {
    let mut result = root;
    let mut pending: Vec<*mut u64> = vec![&raw mut result];
    while let Some(place) = pending.pop() {
        // SAFETY: places are words of copies made below (or `result`), still holding words of the source, which are valid terms.
        unsafe {
            let from = *place;
            if word::is_cons(from) {
                let source = word::cons_address(from) as *const u64;
                let at = alloc.alloc_words(2);
                core::ptr::copy_nonoverlapping(source, at, 2);
                *place = word::cons_at(at as usize);
                for index in 0..2 {
                    if word::is_pointer(*at.add(index)) {
                        pending.push(at.add(index));
                    }
                }
            } else if word::is_boxed(from) {
                let source = word::boxed_address(from) as *const u64;
                let header = *source;
                let words = word::header_words(header);
                let at = alloc.alloc_words(1 + words);
                core::ptr::copy_nonoverlapping(source, at, 1 + words);
                *place = word::boxed_at(at as usize);
                if word::header_is_off_heap(header) {
                    crate::heap::off_heap::retain(at);
                    let bytes = crate::heap::off_heap::outside_bytes(at);
                    alloc.off_heap.link(at, bytes);
                } else if !word::header_is_raw(header) {
                    for index in 1..=words {
                        if word::is_pointer(*at.add(index)) {
                            pending.push(at.add(index));
                        }
                    }
                }
            }
        }
    }
    result
}

impl Drop for OwnedTerm {
    fn drop(&mut self) {
        if let Some(alloc) = &mut self.alloc {
            for at in alloc.off_heap.take() {
                // SAFETY: the boxes go away; each owns one count.
                unsafe { crate::heap::off_heap::release(at) };
            }
        }
    }
}
