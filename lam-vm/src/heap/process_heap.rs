//! The memory of one process.
//!
//! ```text
//! start … high_water … alloc.top →   free   ← stop … end        one block: heap grows up, stack down
//! old.start … old.top … old.end                                 survivors of two collections; behind full blocks, now retired
//! alloc.fragments                                               what did not fit, and received messages
//! ```
//! While the process runs, `top` and `stop` live in the registers H and E; every slow path stores them here first.
//! At least `STACK_RESERVE_WORDS` stay free below `stop` after every check, so that a call can push its return word unchecked.
//!
//! Boxes below `high_water` never point to boxes above it or into a fragment, and the old heap never points into the block:
//! terms do not change once made, and the writers in place work only on what is fresh since the last safe point.

use super::Alloc;
use super::block::Block;
use super::off_heap::{self, OffHeap};
use super::sizes::{MIN_VIRTUAL_WORDS, next_heap_size};
use crate::sync::OnceLock;
use crate::term::Counted;
use crate::util::rarely::{Part, Rarely};

pub const STACK_RESERVE_WORDS: usize = 4;
/// Words of the first block of a process beside its arguments: most processes of a large program wait in one receive and need few. It grows in steps by
/// `grow_first`, up to what Erlang is told that it has from the start.
pub const FIRST_WORDS: usize = 32;

pub struct ProcessHeap {
    /// `alloc.top` is H; `alloc.limit` is `stop` less the reserve, set by whoever enters a BIF.
    pub alloc: Alloc,
    pub start: *mut u64,
    pub end: *mut u64,
    /// E: the top of the stack.
    pub stop: *mut u64,
    /// Boxes below it have survived a collection.
    pub high_water: *mut u64,
    /// Made by the first collection.
    pub old: Rarely<OldHeap>,
    /// Minor collections since the last full one.
    pub minor_count: u32,
    pub fullsweep_after: u32,
    pub min_words: usize,
    /// 0: no limit.
    pub max_words: usize,
    /// Words the block of the next collection should have.
    pub(super) target_words: usize,
    /// Words of binaries that may hang on young boxes before a collection is due.
    pub(super) virtual_words: usize,
    /// The next collection must be full.
    pub(super) wants_full: bool,
    /// Under `gc_zeal`: how many tests of room may succeed before the next must fail.
    pub(super) zeal_tests: usize,
    /// Collections of any kind since the process began.
    pub collection_count: u64,
    pub(super) block: Block,
}

/// The old generation: the block that is being filled (all null when there is none), and those that are full.
pub struct OldHeap {
    pub start: *mut u64,
    pub top: *mut u64,
    pub end: *mut u64,
    pub off_heap: OffHeap,
    /// Words of binaries that may hang on old boxes before a full collection is due.
    pub(super) virtual_words: usize,
    /// Words of boxes beyond which a full collection is due.
    pub(super) limit_words: usize,
    pub(super) block: Block,
    pub(super) retired: Vec<Retired>,
}

/// A block of the old generation that is full.
pub(super) struct Retired {
    pub block: Block,
    pub used_words: usize,
}

/// What `process_info(_, garbage_collection_info)` and its kin show; in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeapInfo {
    pub old_heap_block_size: usize,
    pub heap_block_size: usize,
    /// Words in heap fragments.
    pub mbuf_size: usize,
    /// Words that survived the last collection and lie in the block.
    pub recent_size: usize,
    pub stack_size: usize,
    pub old_heap_size: usize,
    /// Words of boxes in the block.
    pub heap_size: usize,
    pub bin_vheap_size: usize,
    pub bin_vheap_block_size: usize,
    pub bin_old_vheap_size: usize,
    pub bin_old_vheap_block_size: usize,
}

impl HeapInfo {
    /// The sizes by their names in Erlang, in OTP's order.
    pub fn named_sizes(&self) -> [(&'static str, usize); 11] {
        [
            ("old_heap_block_size", self.old_heap_block_size),
            ("heap_block_size", self.heap_block_size),
            ("mbuf_size", self.mbuf_size),
            ("recent_size", self.recent_size),
            ("stack_size", self.stack_size),
            ("old_heap_size", self.old_heap_size),
            ("heap_size", self.heap_size),
            ("bin_vheap_size", self.bin_vheap_size),
            ("bin_vheap_block_size", self.bin_vheap_block_size),
            ("bin_old_vheap_size", self.bin_old_vheap_size),
            ("bin_old_vheap_block_size", self.bin_old_vheap_block_size),
        ]
    }
}

// SAFETY: the pointers lead into blocks that the heap owns alone; who has `&mut ProcessHeap` has them all.
unsafe impl Send for ProcessHeap {}

// SAFETY: who only looks reads addresses and sizes, and follows none of them.
unsafe impl Sync for OldHeap {}

impl Part for OldHeap {
    fn unwritten() -> &'static OldHeap {
        static NONE: OldHeap = OldHeap {
            start: core::ptr::null_mut(),
            top: core::ptr::null_mut(),
            end: core::ptr::null_mut(),
            off_heap: OffHeap::EMPTY,
            virtual_words: MIN_VIRTUAL_WORDS,
            limit_words: 0,
            block: Block::EMPTY,
            retired: Vec::new(),
        };
        &NONE
    }
    fn fresh() -> OldHeap {
        OldHeap::of(Block::EMPTY, MIN_VIRTUAL_WORDS)
    }
}

pub(super) fn words_between(from: *const u64, to: *const u64) -> usize {
    (to as usize - from as usize) / 8
}

impl OldHeap {
    /// An empty old heap in `block`.
    pub(super) fn of(block: Block, virtual_words: usize) -> OldHeap {
        OldHeap {
            start: block.start(),
            top: block.start(),
            end: block.end(),
            off_heap: OffHeap::default(),
            virtual_words,
            limit_words: 0,
            block,
            retired: Vec::new(),
        }
    }
    /// Makes room for `words` in the block that is filled, if need be a new one of at least `least_words`.
    pub(super) fn reserve(&mut self, words: usize, least_words: usize) {
        if words_between(self.top, self.end) >= words {
            return;
        }
        let size = next_heap_size(words.max(least_words).max(self.used_words() / 2));
        let used_words = words_between(self.start, self.top);
        let full = core::mem::replace(&mut self.block, Block::new(size));
        if used_words > 0 {
            self.retired.push(Retired { block: full, used_words });
        }
        (self.start, self.top, self.end) = (self.block.start(), self.block.start(), self.block.end());
    }
    /// Words of boxes.
    pub fn used_words(&self) -> usize {
        self.retired.iter().map(|retired| retired.used_words).sum::<usize>() + words_between(self.start, self.top)
    }
    /// Words that count as taken: room that was never touched does not, for it has no memory yet.
    pub fn block_words(&self) -> usize {
        let current = words_between(self.start, self.top);
        let taken = if self.block.words() == 0 { 0 } else { next_heap_size(current).min(self.block.words()) };
        self.used_words() - current + taken
    }
    fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.start as usize) < self.top as usize - self.start as usize
            || self.retired.iter().any(|retired| retired.block.contains(address))
    }
}

impl ProcessHeap {
    pub fn new(words: usize) -> ProcessHeap {
        ProcessHeap::with_first(words, words)
    }
    /// As `new`, of a process whose block has only `first` words until it needs more.
    pub fn with_first(words: usize, first: usize) -> ProcessHeap {
        let words = words.max(2 * STACK_RESERVE_WORDS);
        let block = Block::new(first.clamp(2 * STACK_RESERVE_WORDS, words));
        let (start, end) = (block.start(), block.end());
        let alloc = Alloc { top: start, limit: end.wrapping_sub(STACK_RESERVE_WORDS), ..Alloc::default() };
        ProcessHeap {
            alloc,
            start,
            end,
            stop: end,
            high_water: start,
            old: Rarely::unwritten(),
            minor_count: 0,
            fullsweep_after: 65535,
            min_words: words,
            max_words: 0,
            target_words: words,
            virtual_words: MIN_VIRTUAL_WORDS,
            wants_full: false,
            zeal_tests: 0,
            collection_count: 0,
            block,
        }
    }
    /// Words of the block: heap, free space and stack.
    pub fn block_words(&self) -> usize {
        words_between(self.start, self.end)
    }
    /// Whether the block is still smaller than a new process's is said to be.
    pub fn is_first(&self) -> bool {
        self.collection_count == 0 && self.block_words() < self.target_words
    }
    /// The block's words as Erlang is told.
    pub fn shown_block_words(&self) -> usize {
        if self.is_first() { self.target_words } else { self.block_words() }
    }
    /// As `process_info(_, total_heap_size)`: blocks of both generations, and fragments.
    pub fn shown_total_words(&self) -> usize {
        self.total_words() - self.block_words() + self.shown_block_words()
    }
    /// Words of boxes in the block.
    pub fn used_words(&self) -> usize {
        words_between(self.start, self.alloc.top)
    }
    pub fn stack_words(&self) -> usize {
        words_between(self.stop, self.end)
    }
    /// Words of memory: blocks of both generations, and fragments.
    pub fn total_words(&self) -> usize {
        self.block_words() + self.old.block_words() + self.alloc.fragment_words
    }
    /// Words between heap and stack; 0 when the stack has grown into the reserve.
    pub fn free_words(&self) -> usize {
        (self.stop as usize).saturating_sub(self.alloc.top as usize) / 8
    }
    /// The limit for allocation that leaves the reserve below the stack.
    pub fn sync_limit(&mut self) {
        self.alloc.limit = self.stop.wrapping_sub(STACK_RESERVE_WORDS);
    }
    /// A collection is due at the next safe point: fragments have outgrown the free space, or binaries their share.
    #[inline]
    pub fn wants_collection(&self) -> bool {
        self.alloc.fragment_words > self.free_words() || self.alloc.off_heap.bytes / 8 > self.virtual_words
    }
    /// Asks that the next collection be full. For those who attach a fragment after terms were built that point into it.
    pub fn want_full_collection(&mut self) {
        self.wants_full = true;
    }
    /// Under the feature `gc_zeal`: whether this test of room must fail although there is room.
    #[inline(always)]
    pub fn zeal_denies_room(&mut self) -> bool {
        if !cfg!(feature = "gc_zeal") {
            return false;
        }
        let denies = self.zeal_tests == 0;
        self.zeal_tests = self.zeal_tests.saturating_sub(1);
        denies
    }
    /// After a collection under `gc_zeal`: as many tests of room succeed as one instruction makes, so that the one that runs again
    /// gets on, and more the more there is to copy, so that programs with much data get on too. `LAM_ZEAL` is a number added.
    pub(super) fn rearm_zeal(&mut self) {
        if cfg!(feature = "gc_zeal") {
            static MORE: OnceLock<usize> = OnceLock::new();
            let more = MORE.get_or_init(|| {
                let text = crate::platform::env::get(b"LAM_ZEAL").unwrap_or_default();
                String::from_utf8_lossy(&text).parse().unwrap_or(0)
            });
            const MUCH_WORDS: usize = 16 << 10;
            let words = self.total_words();
            self.zeal_tests = 3 + more + words / 64 + words.saturating_sub(MUCH_WORDS) / 2;
        }
    }
    pub fn info(&self) -> HeapInfo {
        HeapInfo {
            old_heap_block_size: self.old.block_words(),
            heap_block_size: self.shown_block_words(),
            mbuf_size: self.alloc.fragment_words,
            recent_size: words_between(self.start, self.high_water),
            stack_size: self.stack_words(),
            old_heap_size: self.old.used_words(),
            heap_size: self.used_words(),
            bin_vheap_size: self.alloc.off_heap.bytes / 8,
            bin_vheap_block_size: self.virtual_words,
            bin_old_vheap_size: self.old.off_heap.bytes / 8,
            bin_old_vheap_block_size: self.old.virtual_words,
        }
    }
    /// Counted binaries that handles of this heap hold.
    pub fn binaries(&self) -> Vec<Counted> {
        self.alloc.off_heap.counted().chain(self.old.off_heap.counted()).collect()
    }
    /// Whether a box at `address` belongs to this heap.
    pub fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.start as usize) < self.alloc.top as usize - self.start as usize
            || self.old.contains(address)
            || self.alloc.fragments.iter().any(|fragment| fragment.contains(address))
    }
}

impl Drop for ProcessHeap {
    fn drop(&mut self) {
        let old = self.old.written().map(|old| old.off_heap.take());
        for at in self.alloc.off_heap.take().chain(old.into_iter().flatten()) {
            // SAFETY: the heap goes away, so nothing reads its boxes any more; each owns one count.
            unsafe { off_heap::release(at) };
        }
    }
}
