//! Freed blocks of some kilobytes that each thread keeps for itself, in front of the host's allocator.
//!
//! musl gives the pages of a freed block back at once, which interrupts every core that runs a thread of ours, and has one lock
//! for all threads: 34,000 such calls took half of what a second scheduler gained on `fixtures/programs/wordcount.erl`
//! (`scripts/speed-up`). A block that is taken again soon needs neither.
//!
//! 1. Whether a block is one of these depends on its size and alignment alone, so that whoever frees it knows.
//! 2. Each has the size of its class: any block of a class serves any size of that class.
//! 3. The first word of a kept block is the next one of its class. Only its thread reaches the list.
//! 4. A thread keeps `KEPT_BYTES` at most; for more, classes are emptied in turn, so that no class stays full unused.

use core::cell::UnsafeCell;
use core::ptr::null_mut;
use std::alloc::{GlobalAlloc, Layout, System};

/// What fits the slots of musl's allocator (from 4 KB to 128 KB), and its mappings of whole pages beyond.
const CLASS_BYTES: [usize; 20] = [
    4076, 5436, 6540, 8172, 10908, 13084, 16364, 21820, 26188, 32748, 43676, 52412, 65516, 87356, 104_828, 131_052, 163_816,
    196_584, 229_352, 262_120,
];
/// Smaller ones are the host's: it serves them from what it has.
const LEAST_BYTES: usize = 3073;
const MOST_BYTES: usize = CLASS_BYTES[CLASS_BYTES.len() - 1];
const ALIGN: usize = 16;
/// What a thread keeps at most.
const KEPT_BYTES: usize = 2 << 20;

struct Kept {
    first: [*mut u8; CLASS_BYTES.len()],
    bytes: usize,
    /// The class to empty next.
    hand: usize,
}

thread_local! {
    // Without anything to drop, so that it is there as long as the thread is; what a thread kept at its end is lost.
    static KEPT: UnsafeCell<Kept> =
        const { UnsafeCell::new(Kept { first: [null_mut(); CLASS_BYTES.len()], bytes: 0, hand: 0 }) };
}

/// The class of a block that is served here.
pub fn class_of(layout: Layout) -> Option<usize> {
    let served = (LEAST_BYTES..=MOST_BYTES).contains(&layout.size()) && layout.align() <= ALIGN;
    served.then(|| CLASS_BYTES.partition_point(|bytes| *bytes < layout.size()))
}

fn class_layout(class: usize) -> Layout {
    Layout::from_size_align(CLASS_BYTES[class], ALIGN).expect("the table holds good sizes")
}

fn with_kept<R>(act: impl FnOnce(&mut Kept) -> R) -> R {
    // SAFETY: rule 3, and what `act` does allocates nothing.
    KEPT.with(|kept| act(unsafe { &mut *kept.get() }))
}

impl Kept {
    fn take(&mut self, class: usize) -> *mut u8 {
        let at = self.first[class];
        if !at.is_null() {
            // SAFETY: rule 3.
            self.first[class] = unsafe { *at.cast::<*mut u8>() };
            self.bytes -= CLASS_BYTES[class];
        }
        at
    }
    fn make_room(&mut self, class: usize) {
        while self.bytes + CLASS_BYTES[class] > KEPT_BYTES {
            let emptied = self.hand;
            self.hand = (self.hand + 1) % CLASS_BYTES.len();
            loop {
                let at = self.take(emptied);
                if at.is_null() {
                    break;
                }
                // SAFETY: allocated with this layout, and on no list any more.
                unsafe { System.dealloc(at, class_layout(emptied)) };
            }
        }
    }
}

/// A block of the class; null when the host refuses it.
pub fn alloc(class: usize) -> *mut u8 {
    let kept = with_kept(|kept| kept.take(class));
    if kept.is_null() {
        // SAFETY: the layout is not empty.
        return unsafe { System.alloc(class_layout(class)) };
    }
    kept
}

/// Takes a block back.
///
/// # Safety
/// `alloc` gave it for this class, and nobody uses it.
pub unsafe fn dealloc(at: *mut u8, class: usize) {
    with_kept(|kept| {
        kept.make_room(class);
        // SAFETY: the block is ours now, larger than a word and aligned for one.
        unsafe { *at.cast::<*mut u8>() = kept.first[class] };
        kept.first[class] = at;
        kept.bytes += CLASS_BYTES[class];
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_fit_their_classes() {
        for size in LEAST_BYTES..=MOST_BYTES {
            let class = class_of(Layout::from_size_align(size, 8).unwrap()).unwrap();
            assert!(CLASS_BYTES[class] >= size && (class == 0 || CLASS_BYTES[class - 1] < size));
        }
        for (size, align) in [(LEAST_BYTES - 1, 8), (MOST_BYTES + 1, 8), (5000, 64)] {
            assert_eq!(class_of(Layout::from_size_align(size, align).unwrap()), None);
        }
    }

    #[test]
    fn kept_blocks_are_taken_again_and_bounded() {
        let first = alloc(3);
        // SAFETY: `alloc` gave it just now.
        unsafe { dealloc(first, 3) };
        assert_eq!(alloc(3), first);
        let blocks: Vec<*mut u8> = (0..1000).map(|_| alloc(7)).collect();
        for block in blocks.into_iter().chain([first]) {
            let class = if block == first { 3 } else { 7 };
            // SAFETY: as above.
            unsafe { dealloc(block, class) };
            assert!(with_kept(|kept| kept.bytes) <= KEPT_BYTES);
        }
        with_kept(|kept| kept.make_room(0));
    }
}
