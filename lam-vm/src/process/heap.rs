//! The memory of one process.
//!
//! ```text
//! start … high_water … alloc.top →   free   ← stop … end        one block: heap grows up, stack down
//! old.start … old.top … old.end                                 survivors of two minor collections
//! alloc.fragments                                               what did not fit, and received messages
//! ```
//! While the process runs, `top` and `stop` live in the registers H and E; every slow path stores them here first.
//! At least `STACK_RESERVE_WORDS` stay free below `stop` after every check, so that a call can push its return word unchecked.

use crate::heap::Alloc;

pub const STACK_RESERVE_WORDS: usize = 4;

pub struct ProcessHeap {
    /// `alloc.top` is H; `alloc.limit` is `stop` less the reserve, set by whoever enters a BIF.
    pub alloc: Alloc,
    pub start: *mut u64,
    pub end: *mut u64,
    /// E: the top of the stack.
    pub stop: *mut u64,
    /// Boxes below it have survived a collection.
    pub high_water: *mut u64,
    pub old: OldHeap,
    /// Minor collections since the last full one.
    pub minor_count: u32,
    pub fullsweep_after: u32,
    pub min_words: usize,
    /// 0: no limit.
    pub max_words: usize,
    /// Off-heap bytes that make a collection due.
    pub off_heap_limit: usize,
    pub block: Vec<u64>,
}

/// The old generation; all null when there is none.
pub struct OldHeap {
    pub start: *mut u64,
    pub top: *mut u64,
    pub end: *mut u64,
    pub block: Vec<u64>,
}

impl ProcessHeap {
    pub fn new(words: usize) -> ProcessHeap {
        let mut block: Vec<u64> = Vec::with_capacity(words);
        let start = block.as_mut_ptr();
        let end = start.wrapping_add(words);
        let null = core::ptr::null_mut();
        let alloc = Alloc { top: start, limit: end.wrapping_sub(STACK_RESERVE_WORDS), ..Alloc::default() };
        ProcessHeap {
            alloc,
            start,
            end,
            stop: end,
            high_water: start,
            old: OldHeap { start: null, top: null, end: null, block: Vec::new() },
            minor_count: 0,
            fullsweep_after: 65535,
            min_words: words,
            max_words: 0,
            off_heap_limit: 1 << 19,
            block,
        }
    }
    /// Fragments or what hangs off-heap have grown so much that collecting is due.
    pub fn wants_collection(&self) -> bool {
        self.alloc.fragment_words > self.block_words() || self.alloc.off_heap.bytes > self.off_heap_limit
    }
    /// Words of the block: heap, free space and stack.
    pub fn block_words(&self) -> usize {
        (self.end as usize - self.start as usize) / 8
    }
    /// The limit for allocation that leaves the reserve below the stack.
    pub fn sync_limit(&mut self) {
        self.alloc.limit = self.stop.wrapping_sub(STACK_RESERVE_WORDS);
    }
}

impl Drop for ProcessHeap {
    fn drop(&mut self) {
        for at in self.alloc.off_heap.take() {
            // SAFETY: the heap goes away, so nothing reads its boxes any more; each owns one count.
            unsafe { crate::heap::off_heap::release(at) };
        }
    }
}
