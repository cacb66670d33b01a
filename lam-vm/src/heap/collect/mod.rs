//! The generational copying collector of a process.
//!
//! ```text
//! minor    block below high water ──► behind old.top            full    old heap, block below high water ──► a new old heap
//!          rest of block, fragments ─► a new block                      rest of block, fragments ──────────► a new block
//! ```
//! A full collection keeps the generations apart, so that what is old is copied once and not twice. `Compact`, for processes that
//! sleep long, puts all into one block without room to spare.
//!
//! The collector asks of a pointer only whether it leads into a space that is being left; static terms, terms of other heaps that
//! somebody keeps alive, and what has been moved already stay as they are. The stack is scanned where it lies, then copied to
//! the end of the new block: return words and catch words are no pointers, every other word is a root.
//!
//! Source: design §6; the policy of sizes is OTP's in spirit (`erl_gc.c`), differences are told where they are.

mod resize;
mod space;

use super::block::Block;
use super::off_heap::{self, OffHeap};
use super::process_heap::{OldHeap, ProcessHeap, STACK_RESERVE_WORDS, words_between};
use super::sizes::{next_heap_size, next_virtual_size};
use crate::term::word;
use space::Copier;

/// Where a process keeps words outside its heap and stack.
pub trait Roots {
    /// Hands every run of root words to `visit`, which changes pointers in place. A word may be visited twice; words that are
    /// no pointers are left alone.
    fn visit_roots(&mut self, visit: &mut dyn FnMut(&mut [u64]));
}

/// No roots but the stack.
impl Roots for () {
    fn visit_roots(&mut self, _: &mut dyn FnMut(&mut [u64])) {}
}

impl Roots for Vec<u64> {
    fn visit_roots(&mut self, visit: &mut dyn FnMut(&mut [u64])) {
        visit(self);
    }
}

/// How much is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The young generation; the old one too when that is due.
    Minor,
    Full,
    /// All into one block that has just the room asked for: the process will sleep.
    Compact,
}

/// What a collection did.
#[derive(Debug, Clone, Copy)]
pub struct Collected {
    /// `Minor`, or `Full` where the old generation was collected too.
    pub kind: Kind,
    /// Words that were moved; a tenth of them is the cost in reductions.
    pub moved_words: usize,
    /// Words of boxes that were dead.
    pub reclaimed_words: usize,
    /// The heap is larger than `max_words` allows, and what it has then.
    pub over_limit: Option<usize>,
}

impl Collected {
    /// What the collection costs its process.
    pub fn reductions(&self) -> i64 {
        1 + (self.moved_words / 10) as i64
    }
}

/// Collects, and makes room for `need_words` and the reserve.
///
/// # Safety
/// `alloc.top` and `stop` are up to date; the stack, the roots and the boxes hold valid words; nothing but these names boxes of
/// the heap afterwards.
pub unsafe fn collect(heap: &mut ProcessHeap, roots: &mut dyn Roots, need_words: usize, kind: Kind) -> Collected {
    // SAFETY: promised by the caller.
    if heap.is_first() && unsafe { grow_first(heap, roots, need_words, kind) } {
        return Collected { kind: Kind::Minor, moved_words: 0, reclaimed_words: 0, over_limit: None };
    }
    let before = heap.used_words() + heap.old.used_words() + heap.alloc.fragment_words;
    let kind = if cfg!(feature = "gc_zeal") && kind == Kind::Minor { Kind::Full } else { due_kind(heap, kind) };
    // SAFETY: promised by the caller.
    let moved_words = unsafe {
        match (kind, heap.alloc.fragments.is_empty()) {
            (Kind::Minor, true) => evacuate::<{ space::MINOR }, false>(heap, roots, need_words),
            (Kind::Minor, false) => evacuate::<{ space::MINOR }, true>(heap, roots, need_words),
            (Kind::Full, true) if heap.old.retired.is_empty() => evacuate::<{ space::FULL }, false>(heap, roots, need_words),
            (Kind::Full, _) => evacuate::<{ space::FULL }, true>(heap, roots, need_words),
            (Kind::Compact, _) => evacuate::<{ space::COMPACT }, true>(heap, roots, need_words),
        }
    };
    heap.minor_count = if kind == Kind::Minor { heap.minor_count + 1 } else { 0 };
    heap.collection_count += 1;
    heap.wants_full &= kind == Kind::Minor;
    // SAFETY: promised by the caller.
    unsafe { fit_block(heap, roots, need_words, kind) };
    heap.rearm_zeal();
    let total = heap.total_words();
    Collected {
        kind,
        moved_words,
        reclaimed_words: before.saturating_sub(heap.used_words() + heap.old.used_words()),
        over_limit: (heap.max_words != 0 && total > heap.max_words).then_some(total),
    }
}

/// The first block becomes larger, up to the size that Erlang is told; whether that makes a collection unnecessary.
///
/// # Safety
/// As `collect`.
unsafe fn grow_first(heap: &mut ProcessHeap, roots: &mut dyn Roots, need_words: usize, kind: Kind) -> bool {
    let taken = heap.used_words() + heap.stack_words() + need_words + STACK_RESERVE_WORDS;
    let words = (taken + taken / 2).max(FIRST_STEP * heap.block_words()).min(heap.target_words);
    if cfg!(feature = "gc_zeal") || kind != Kind::Minor || heap.wants_full || taken > words {
        return false;
    }
    // SAFETY: promised by the caller; there was no collection, so there is no old heap.
    unsafe { resize::resize(heap, roots, words) };
    !heap.wants_collection()
}

/// A first block that is full grows by this factor at least.
const FIRST_STEP: usize = 5;

fn due_kind(heap: &ProcessHeap, kind: Kind) -> Kind {
    let mature = words_between(heap.start, heap.high_water);
    let old = &heap.old;
    let is_full_due = heap.wants_full
        || heap.minor_count >= heap.fullsweep_after
        || old.used_words() + mature > old.limit_words.max(OLD_SHARE * heap.block_words())
        || old.off_heap.bytes / 8 > old.virtual_words;
    if kind == Kind::Minor && is_full_due { Kind::Full } else { kind }
}

/// The old generation may take this many times the young block's words before it is collected for the first time.
const OLD_SHARE: usize = 2;
/// The block grows to this size on account of what survives; a larger one would only be colder. In words.
const YOUNG_MOST: usize = 833_026;
/// A process that has been collected so often is busy, and gets a block at least so large: a collection of few words costs most by
/// being one. In words.
const OFTEN: u32 = 64;
const OFTEN_LEAST: usize = 987;

/// Moves what lives into new spaces, which become the heap's; returns how many words.
///
/// # Safety
/// As `collect`; `RANGES` is set when there are fragments or more than one old block is left.
unsafe fn evacuate<const MODE: u8, const RANGES: bool>(
    heap: &mut ProcessHeap,
    roots: &mut dyn Roots,
    need_words: usize,
) -> usize {
    let stack_words = heap.stack_words();
    let mature_words = words_between(heap.start, heap.high_water);
    let block = new_block::<MODE>(heap, need_words);
    let old = new_old::<MODE>(heap, mature_words);
    if MODE == space::MINOR && mature_words > 0 {
        let least_words = heap.block_words();
        heap.old.reserve(mature_words, least_words);
    }
    let (old_from, old_used) = (heap.old.top, heap.old.used_words());
    let mut copier = Copier::<MODE, RANGES>::new(heap, block.start(), old.as_ref().map_or(heap.old.top, |old| old.start));
    // SAFETY: the new spaces have room for all that may live; roots, stack and boxes hold valid words.
    unsafe {
        roots.visit_roots(&mut |words| copier.forward_all(words));
        copier.forward_all(core::slice::from_raw_parts_mut(heap.stop, stack_words));
        copier.scan(block.start(), old.as_ref().map_or(old_from, |old| old.start));
    }
    let (new_top, old_top) = copier.tops();
    let want = words_between(block.start(), new_top) + stack_words + need_words + STACK_RESERVE_WORDS;
    let end = block.start().wrapping_add(heap.target_words.max(with_room_to_go_on(want)).min(block.words()));
    let stop = end.wrapping_sub(stack_words);
    // SAFETY: the new block has room for survivors and stack; the two spaces are apart.
    unsafe { core::ptr::copy_nonoverlapping(heap.stop, stop, stack_words) };

    let mut moved = words_between(block.start(), new_top);
    let off_heap =
        heap.alloc.off_heap.take().chain(if MODE == space::MINOR { OffHeap::default().take() } else { heap.old.off_heap.take() });
    // The lists run through the spaces that are left, so these live until the lists are swept.
    let left_old = match old {
        Some(mut old) => {
            old.virtual_words = heap.old.virtual_words;
            old.top = old_top;
            // Where data is kept, the old generation is collected whenever it has grown by so much: a few copies a word in all.
            let used = old.used_words();
            old.limit_words = if used < 1 << 24 { 3 * used } else { 2 * used };
            moved += old.used_words();
            Some(core::mem::replace(&mut *heap.old, old))
        }
        None => {
            heap.old.top = old_top;
            moved += heap.old.used_words() - old_used;
            None
        }
    };
    // SAFETY: every box on the lists was moved or is dead.
    unsafe { sweep(off_heap, &mut heap.alloc.off_heap, &mut heap.old) };
    drop(left_old);
    heap.alloc.fragments.clear();
    heap.alloc.fragment_words = 0;
    heap.virtual_words = next_virtual_size(heap.alloc.off_heap.bytes / 8, heap.virtual_words);
    if MODE != space::MINOR {
        heap.old.virtual_words = next_virtual_size(heap.old.off_heap.bytes / 8, heap.old.virtual_words);
    }
    heap.start = block.start();
    heap.end = end;
    heap.stop = stop;
    heap.alloc.top = new_top;
    heap.high_water = new_top;
    heap.block = block;
    heap.sync_limit();
    moved
}

/// A block for all that may survive in the young generation, the stack, and what is needed.
fn new_block<const MODE: u8>(heap: &ProcessHeap, need_words: usize) -> Block {
    let mature = words_between(heap.start, heap.high_water);
    let leaving = if MODE == space::COMPACT { heap.used_words() + heap.old.used_words() } else { heap.used_words() - mature };
    let worst = leaving + heap.alloc.fragment_words + heap.stack_words() + STACK_RESERVE_WORDS;
    if MODE == space::COMPACT {
        return Block::new(worst + need_words);
    }
    // A small need is served from what dies; only a large one is certain to want more.
    let need = if need_words > heap.block_words() / 8 { need_words } else { 0 };
    Block::new(next_heap_size(with_room_to_go_on(worst.saturating_add(need))).max(heap.target_words))
}

/// When all of a large block survives, the next one must not be full at once, or the collection after promotes what had no time
/// to die. Room that stays untouched costs nothing in blocks of this size.
fn with_room_to_go_on(words: usize) -> usize {
    if words > 1 << 14 { words + words / 2 } else { words }
}

/// The old heap to move into, when it is not the one that is there.
fn new_old<const MODE: u8>(heap: &ProcessHeap, mature_words: usize) -> Option<OldHeap> {
    let words = match MODE {
        space::MINOR => return None,
        space::COMPACT => 0,
        _ => heap.old.used_words() + mature_words,
    };
    // Pages that are never touched cost nothing.
    let words = if words == 0 { 0 } else { next_heap_size(words) };
    Some(OldHeap::of(Block::new(words), heap.old.virtual_words))
}

/// Gives back what dead boxes own and links the others, where they are now, into the lists of their generation.
///
/// # Safety
/// Each box was moved, and then its header names its new place, or is dead.
unsafe fn sweep(boxes: impl Iterator<Item = *mut u64>, young: &mut OffHeap, old: &mut OldHeap) {
    for at in boxes {
        // SAFETY: the spaces that are left are still there.
        unsafe {
            let header = *at;
            if word::is_header(header) {
                off_heap::release(at);
                continue;
            }
            let at = word::boxed_address(header) as *mut u64;
            let bytes = off_heap::outside_bytes(at);
            if old.block.contains(at as usize) { old.off_heap.link(at, bytes) } else { young.link(at, bytes) }
        }
    }
}

/// Sees to the room promised, and settles how large the next block will be.
///
/// # Safety
/// As `collect`.
unsafe fn fit_block(heap: &mut ProcessHeap, roots: &mut dyn Roots, need_words: usize, kind: Kind) {
    let want = heap.used_words() + heap.stack_words() + need_words + STACK_RESERVE_WORDS;
    if kind == Kind::Compact {
        heap.target_words = want;
        if heap.block.words() > want {
            // SAFETY: promised by the caller.
            unsafe { resize::resize(heap, roots, want) };
        }
        return;
    }
    // OTP differs: it grows a block when that is full after a collection. What survives here is promoted at the next one, so half
    // a block of survivors says that the young generation is too small for the rate at which this process keeps things.
    let kept_in_place = heap.stack_words() + need_words;
    let goal = (2 * want).min(YOUNG_MOST).max(want + kept_in_place / 2);
    let target = heap.target_words;
    heap.target_words = if goal > target {
        next_heap_size(goal)
    } else if target > 8192 && 4 * want < target {
        let keeps = (heap.old.used_words() / 8).min(YOUNG_MOST);
        next_heap_size((3 * want).max(keeps).max(heap.min_words)).min(target)
    } else if heap.minor_count >= OFTEN {
        target.max(OFTEN_LEAST)
    } else {
        target
    };
    if want > heap.block_words() {
        // SAFETY: promised by the caller.
        unsafe { resize::resize(heap, roots, heap.target_words) };
    }
}
