//! Moving a block as a whole to another size.

use super::Roots;
use crate::heap::block::Block;
use crate::heap::process_heap::{ProcessHeap, words_between};
use crate::term::word;

/// Moves boxes and stack of the block into a new one of `words` words.
///
/// # Safety
/// As `collect`, right after it: no fragments, and no old box points into the block. The block's boxes and stack fit `words`.
pub(super) unsafe fn resize(heap: &mut ProcessHeap, roots: &mut dyn Roots, words: usize) {
    let (used, stack) = (heap.used_words(), heap.stack_words());
    let block = Block::new(words);
    let start = block.start();
    let end = start.wrapping_add(words);
    let stop = end.wrapping_sub(stack);
    assert!(used + stack <= words, "a block is made for what it takes");
    let shift = Shift { start: heap.start as usize, bytes: 8 * used, by: (start as u64).wrapping_sub(heap.start as u64) };
    // SAFETY: both fit, and the blocks are apart; then the words are those of whole boxes and of the stack.
    unsafe {
        core::ptr::copy_nonoverlapping(heap.start, start, used);
        core::ptr::copy_nonoverlapping(heap.stop, stop, stack);
        shift.boxes(start, start.wrapping_add(used));
        shift.all(core::slice::from_raw_parts_mut(stop, stack));
    }
    roots.visit_roots(&mut |words| shift.all(words));
    let list = heap.alloc.off_heap.take();
    for at in list {
        let at = at as usize;
        let at = if at.wrapping_sub(shift.start) < shift.bytes { at.wrapping_add(shift.by as usize) } else { at };
        let at = at as *mut u64;
        // SAFETY: the box was copied with the block; the old copy, which the list runs through, is still there.
        unsafe { heap.alloc.off_heap.link(at, crate::heap::off_heap::outside_bytes(at)) };
    }
    heap.high_water = start.wrapping_add(words_between(heap.start, heap.high_water));
    heap.alloc.top = start.wrapping_add(used);
    heap.start = start;
    heap.end = end;
    heap.stop = stop;
    heap.block = block;
    heap.sync_limit();
}

/// A run of boxes that has moved.
struct Shift {
    start: usize,
    bytes: usize,
    by: u64,
}

impl Shift {
    #[inline(always)]
    fn one(&self, slot: &mut u64) {
        if word::is_pointer(*slot) && word::pointer_address(*slot).wrapping_sub(self.start) < self.bytes {
            *slot = slot.wrapping_add(self.by);
        }
    }
    fn all(&self, words: &mut [u64]) {
        words.iter_mut().for_each(|slot| self.one(slot));
    }
    /// # Safety
    /// Whole boxes and cells lie from `at` to `end`.
    unsafe fn boxes(&self, mut at: *mut u64, end: *mut u64) {
        while at < end {
            // SAFETY: before the end, at a word of a cell, a header, or a payload word that is a term.
            unsafe {
                let value = *at;
                if word::is_header(value) {
                    at = at.add(1 + if word::header_is_raw(value) { word::header_words(value) } else { 0 });
                } else {
                    self.one(&mut *at);
                    at = at.add(1);
                }
            }
        }
    }
}
