//! Blocks of words from the host's allocator: heaps, old heaps, static areas.

use core::ptr::{NonNull, null_mut};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};

/// What debug builds leave in freed memory: a boxed word whose address no host maps.
pub const POISON: u64 = 0x06;

/// An owned run of words, not initialised.
pub struct Block {
    start: *mut u64,
    words: usize,
}

fn layout(words: usize) -> Layout {
    Layout::array::<u64>(words).expect("a heap fits the address space")
}

impl Block {
    /// No memory.
    pub const EMPTY: Block = Block { start: null_mut(), words: 0 };

    pub fn new(words: usize) -> Block {
        if words == 0 {
            return Block::EMPTY;
        }
        let layout = layout(words);
        // SAFETY: the layout is not empty.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        Block { start: start.as_ptr().cast(), words }
    }
    pub fn start(&self) -> *mut u64 {
        self.start
    }
    pub fn words(&self) -> usize {
        self.words
    }
    /// One past the last word.
    pub fn end(&self) -> *mut u64 {
        self.start.wrapping_add(self.words)
    }
    pub fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.start as usize) < 8 * self.words
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.words == 0 {
            return;
        }
        // SAFETY: allocated by `new` with this layout; who drops the block has no pointer into it left.
        unsafe {
            if cfg!(debug_assertions) {
                poison(self.start, self.words);
            }
            dealloc(self.start.cast(), layout(self.words));
        }
    }
}

/// Makes stray reads of a dead space fail.
///
/// # Safety
/// Nothing reads these words any more.
pub unsafe fn poison(start: *mut u64, words: usize) {
    for index in 0..words {
        // SAFETY: within the space, which is dead.
        unsafe { *start.add(index) = POISON };
    }
}
