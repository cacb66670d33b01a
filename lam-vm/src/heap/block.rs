//! Blocks of words from the host's allocator: heaps, old heaps, static areas.

use core::ptr::{NonNull, null_mut};
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::RefCell;

use crate::platform::memory::prefer_large_pages;
use crate::sync::counter::Counter;

/// Bytes of all blocks, nearly all of them processes' (static areas have memory below 4 GB, natively).
pub static HEAP_BYTES: Counter = Counter::new();

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

/// Sizes worth keeping when freed, in words: below, the allocator is quick; above, memory counts for more.
const SPARE_LEAST: usize = 1 << 11;
const SPARE_MOST: usize = 1 << 20;
/// Words that a thread keeps at most.
const SPARE_TOTAL: usize = 1 << 21;

/// Freed blocks that this thread's next collections take first: their pages are there already, and touching new ones costs more
/// than copying what lives.
#[derive(Default)]
struct Spare {
    blocks: Vec<(*mut u64, usize)>,
    words: usize,
}

thread_local! {
    static SPARE: RefCell<Spare> = const { RefCell::new(Spare { blocks: Vec::new(), words: 0 }) };
}

impl Spare {
    fn take(&mut self, words: usize) -> Option<(*mut u64, usize)> {
        let at = self.blocks.iter().position(|block| block.1 >= words && block.1 / 2 <= words)?;
        let block = self.blocks.swap_remove(at);
        self.words -= block.1;
        Some(block)
    }
    /// False when the block must be freed.
    fn keep(&mut self, start: *mut u64, words: usize) -> bool {
        let keeps = self.words + words <= SPARE_TOTAL;
        if keeps {
            self.words += words;
            self.blocks.push((start, words));
        }
        keeps
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        for (start, words) in &self.blocks {
            // SAFETY: allocated by `Block::new` with this layout, and nobody has it.
            unsafe { dealloc(start.cast(), layout(*words)) };
        }
    }
}

impl Block {
    /// No memory.
    pub const EMPTY: Block = Block { start: null_mut(), words: 0 };

    /// At least this many words.
    pub fn new(words: usize) -> Block {
        if words == 0 {
            return Block::EMPTY;
        }
        if (SPARE_LEAST..=SPARE_MOST).contains(&words)
            && let Ok(Some((start, words))) = SPARE.try_with(|spare| spare.borrow_mut().take(words))
        {
            HEAP_BYTES.add(8 * words as i64);
            return Block { start, words };
        }
        HEAP_BYTES.add(8 * words as i64);
        let layout = layout(words);
        // SAFETY: the layout is not empty.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        prefer_large_pages(start.as_ptr(), layout.size());
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
        HEAP_BYTES.add(-8 * self.words as i64);
        // SAFETY: allocated by `new` with this layout; who drops the block has no pointer into it left.
        unsafe {
            if cfg!(debug_assertions) {
                poison(self.start, self.words);
            }
            if (SPARE_LEAST..=SPARE_MOST).contains(&self.words)
                && SPARE.try_with(|spare| spare.borrow_mut().keep(self.start, self.words)).unwrap_or(false)
            {
                return;
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
