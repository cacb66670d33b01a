//! Moving a block as a whole to another size.

use super::Roots;
use crate::heap::block::Block;
use crate::heap::process_heap::{ProcessHeap, words_between};
use crate::heap::shift::Shift;

/// Moves boxes and stack of the block into a new one of `words` words.
///
/// # Safety
/// As `collect`; no old box points into the block, as right after a collection or before the first. The block's boxes and stack
/// fit `words`.
pub(super) unsafe fn resize(heap: &mut ProcessHeap, roots: &mut dyn Roots, words: usize) {
    let (used, stack) = (heap.used_words(), heap.stack_words());
    let block = Block::new(words);
    let start = block.start();
    let end = start.wrapping_add(words);
    let stop = end.wrapping_sub(stack);
    assert!(used + stack <= words, "a block is made for what it takes");
    let shift = Shift::new(heap.start as usize, used, start as usize);
    // SAFETY: both fit, and the blocks are apart; then the words are those of whole boxes and of the stack.
    unsafe {
        core::ptr::copy_nonoverlapping(heap.start, start, used);
        core::ptr::copy_nonoverlapping(heap.stop, stop, stack);
        shift.boxes(start, start.wrapping_add(used));
        shift.all(core::slice::from_raw_parts_mut(stop, stack));
    }
    for fragment in &mut heap.alloc.fragments {
        let (start, used) = (fragment.as_mut_ptr(), fragment.used_words());
        // SAFETY: the used words of a fragment are whole boxes and cells.
        unsafe { shift.boxes(start, start.wrapping_add(used)) };
    }
    roots.visit_roots(&mut |words| shift.all(words));
    let list = heap.alloc.off_heap.take();
    for at in list {
        let at = shift.address(at as usize) as *mut u64;
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
