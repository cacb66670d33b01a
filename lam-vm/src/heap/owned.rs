//! A term with memory of its own: what messages carry and ETS tables hold.

use super::copy;
use super::off_heap::{self, OffHeap};
use super::process_heap::ProcessHeap;
use super::{Alloc, Fragment};
use crate::term::Term;
use crate::term::word;

/// A copy of a term in one fragment, with the counts of what it holds outside. Immediates and static terms take no memory.
pub struct OwnedTerm {
    root: u64,
    fragment: Fragment,
    off_heap: OffHeap,
}

// SAFETY: all the boxes lie in the fragment or are static; what they count outside is shared by atomic counts.
unsafe impl Send for OwnedTerm {}
// SAFETY: nothing changes through a shared reference.
unsafe impl Sync for OwnedTerm {}

impl OwnedTerm {
    pub fn of(term: Term<'_>) -> OwnedTerm {
        let words = copy::size_of(term);
        let mut fragment = Fragment::new(words);
        let mut off_heap = OffHeap::default();
        let at = fragment.bump(words);
        // SAFETY: the fragment has the words that the copy takes, and goes with the list.
        let root = unsafe { copy::copy_to(term, at, &mut off_heap) };
        OwnedTerm { root, fragment, off_heap }
    }
    /// Of an atom, a local pid, a small integer, `[]`.
    pub fn immediate(term: Term<'static>) -> OwnedTerm {
        debug_assert!(!word::is_pointer(term.word()), "an immediate");
        OwnedTerm { root: term.word(), fragment: Fragment::new(0), off_heap: OffHeap::default() }
    }
    /// What `build` makes, built in place where it fits one fragment, else copied.
    pub fn build(build: impl for<'c> FnOnce(&mut super::Heap<'c>) -> Term<'c>) -> OwnedTerm {
        let mut alloc = Alloc::default();
        let owned = alloc.with(|heap| OwnedTerm::of(build(heap)));
        for at in alloc.off_heap.take() {
            // SAFETY: the boxes go away with `alloc`; the copy has counts of its own.
            unsafe { off_heap::release(at) };
        }
        owned
    }
    pub fn term(&self) -> Term<'_> {
        // SAFETY: the fragment lives as long as `self` and does not change.
        unsafe { Term::from_word(self.root) }
    }
    /// The root's word; valid while `self` lives, and after `attach_to` as long as the heap keeps it.
    pub fn word(&self) -> u64 {
        self.root
    }
    /// Words of the fragment.
    pub fn words(&self) -> usize {
        self.fragment.used_words()
    }
    /// Bytes it keeps alive outside.
    pub fn outside_bytes(&self) -> usize {
        self.off_heap.bytes
    }
    /// The fragment joins the heap's; returns the root's word, which did not move.
    ///
    /// Where boxes of the heap point into the fragment already and a collection has run since, the next one must be full
    /// (`ProcessHeap::want_full_collection`).
    pub fn attach_to(mut self, heap: &mut ProcessHeap) -> u64 {
        if self.fragment.used_words() > 0 {
            heap.alloc.off_heap.append(&mut self.off_heap);
            heap.alloc.attach(core::mem::replace(&mut self.fragment, Fragment::new(0)));
        }
        self.root
    }
}

impl Drop for OwnedTerm {
    fn drop(&mut self) {
        for at in self.off_heap.take() {
            // SAFETY: the fragment goes away, so nothing reads its boxes any more; each owns one count.
            unsafe { off_heap::release(at) };
        }
    }
}

impl core::fmt::Debug for OwnedTerm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "OwnedTerm({} words)", self.words())
    }
}
