//! A term with memory of its own: what messages carry and ETS tables hold.

use super::copy;
use super::off_heap::{self, OffHeap};
use super::process_heap::{ProcessHeap, STACK_RESERVE_WORDS};
use super::shift::Shift;
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
    /// Puts an immediate in place of element `index` (from 0) of the root, a tuple; false where it cannot be done in place.
    ///
    /// What the element held stays in the fragment, and counted, until the whole goes.
    pub fn set_element(&mut self, index: usize, value: Term<'_>) -> bool {
        let count = self.term().as_tuple().map_or(0, |tuple| tuple.elements.len());
        let at = word::boxed_address(self.root);
        if word::is_pointer(value.word()) || index >= count || !self.fragment.contains(at) {
            return false;
        }
        let offset_words = (at - self.fragment.as_ptr() as usize) / 8;
        // SAFETY: the tuple's box lies in our own fragment, has more than `index` elements, and `&mut self` says nobody reads it.
        unsafe { *self.fragment.as_mut_ptr().add(offset_words + 1 + index) = value.word() };
        true
    }
    /// Words of the fragment.
    pub fn words(&self) -> usize {
        self.fragment.used_words()
    }
    /// Bytes it keeps alive outside.
    pub fn outside_bytes(&self) -> usize {
        self.off_heap.bytes
    }
    /// The boxes join the heap; returns the root's word there. A small term moves into the block where there is room, which is
    /// cheaper than a fragment for the next collection; any other keeps its place, as a fragment.
    ///
    /// So nothing may point to the term's boxes before. `alloc.top` and `stop` of the heap are up to date.
    pub fn attach_to(mut self, heap: &mut ProcessHeap) -> u64 {
        let words = self.fragment.used_words();
        if words == 0 {
            return self.root;
        }
        if words <= MOVED_WORDS && heap.free_words() >= words + STACK_RESERVE_WORDS {
            return self.move_to(heap, words);
        }
        heap.alloc.off_heap.append(&mut self.off_heap);
        heap.alloc.attach(core::mem::replace(&mut self.fragment, Fragment::new(0)));
        self.root
    }
    fn move_to(&mut self, heap: &mut ProcessHeap, words: usize) -> u64 {
        let (from, to) = (self.fragment.as_ptr(), heap.alloc.top);
        let shift = Shift::new(from as usize, words, to as usize);
        heap.alloc.top = to.wrapping_add(words);
        // SAFETY: the heap has room for the words, which are whole boxes and cells; the list's boxes are among them.
        unsafe {
            core::ptr::copy_nonoverlapping(from, to, words);
            shift.boxes(to, to.wrapping_add(words));
            for at in self.off_heap.take() {
                let at = shift.address(at as usize) as *mut u64;
                heap.alloc.off_heap.link(at, off_heap::outside_bytes(at));
            }
        }
        shift.one(&mut self.root);
        self.root
    }
}

/// Terms of at most this many words are moved when they join a heap.
const MOVED_WORDS: usize = 256;

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
