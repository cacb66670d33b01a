//! Copying out of the spaces that are left.
//!
//! Forwarding: the header of a moved box is replaced by the pointer word to its new place, the head of a moved cons by `NONV` and
//! its tail by the pointer word. The new spaces are scanned word by word: a raw box is skipped, any other header is stepped over.

use crate::heap::process_heap::ProcessHeap;
use crate::term::word::{self, NONV};

pub const MINOR: u8 = 0;
pub const FULL: u8 = 1;
pub const COMPACT: u8 = 2;

/// Where a pointer's box goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It stays where it is.
    Stays,
    Young,
    Old,
}

struct Range {
    start: usize,
    bytes: usize,
    place: Place,
}

/// The spaces that are left, and the tops of those that are filled.
pub struct Copier<const MODE: u8, const RANGES: bool> {
    block_start: usize,
    /// Bytes of boxes in the block, and of those below high water.
    block_bytes: usize,
    mature_bytes: usize,
    old_start: usize,
    old_bytes: usize,
    /// Fragments and retired old blocks, in order; all lie in `ranges_start`, `ranges_bytes`.
    ranges: Vec<Range>,
    ranges_start: usize,
    ranges_bytes: usize,
    young_top: *mut u64,
    old_top: *mut u64,
}

impl<const MODE: u8, const RANGES: bool> Copier<MODE, RANGES> {
    pub fn new(heap: &ProcessHeap, young_top: *mut u64, old_top: *mut u64) -> Self {
        let mut ranges: Vec<Range> = Vec::new();
        if RANGES {
            let range = |start: *const u64, words: usize, place| Range { start: start as usize, bytes: 8 * words, place };
            ranges.extend(
                heap.alloc.fragments.iter().map(|fragment| range(fragment.as_ptr(), fragment.used_words(), Place::Young)),
            );
            if MODE != MINOR {
                let place = if MODE == COMPACT { Place::Young } else { Place::Old };
                ranges.extend(heap.old.retired.iter().map(|retired| range(retired.block.start(), retired.used_words, place)));
            }
            ranges.sort_unstable_by_key(|range| range.start);
        }
        let ranges_start = ranges.first().map_or(0, |first| first.start);
        Copier {
            block_start: heap.start as usize,
            block_bytes: heap.alloc.top as usize - heap.start as usize,
            mature_bytes: heap.high_water as usize - heap.start as usize,
            old_start: heap.old.start as usize,
            old_bytes: heap.old.top as usize - heap.old.start as usize,
            ranges_start,
            ranges_bytes: ranges.last().map_or(0, |last| last.start + last.bytes - ranges_start),
            ranges,
            young_top,
            old_top,
        }
    }
    pub fn tops(&self) -> (*mut u64, *mut u64) {
        (self.young_top, self.old_top)
    }

    #[inline(always)]
    fn place_of(&self, address: usize) -> Place {
        let offset = address.wrapping_sub(self.block_start);
        if offset < self.block_bytes {
            return if MODE != COMPACT && offset < self.mature_bytes { Place::Old } else { Place::Young };
        }
        if MODE != MINOR && address.wrapping_sub(self.old_start) < self.old_bytes {
            return if MODE == COMPACT { Place::Young } else { Place::Old };
        }
        if RANGES && address.wrapping_sub(self.ranges_start) < self.ranges_bytes {
            self.place_in_ranges(address)
        } else {
            Place::Stays
        }
    }
    fn place_in_ranges(&self, address: usize) -> Place {
        let after = self.ranges.partition_point(|range| range.start <= address);
        match self.ranges.get(after.wrapping_sub(1)) {
            Some(range) if address - range.start < range.bytes => range.place,
            _ => Place::Stays,
        }
    }

    /// Moves what these words point to and makes them point there.
    ///
    /// # Safety
    /// The words are terms, return words or catch words; boxes in the spaces that are left are whole.
    pub unsafe fn forward_all(&mut self, words: &mut [u64]) {
        for slot in words {
            if word::is_pointer(*slot) {
                // SAFETY: promised by the caller.
                unsafe { self.forward(slot) };
            }
        }
    }

    /// # Safety
    /// As `forward_all`, of one word that is a pointer.
    #[inline(always)]
    unsafe fn forward(&mut self, slot: *mut u64) {
        // SAFETY: the word is a pointer, and a box in the spaces that are left has its words; the new spaces have room for all.
        unsafe {
            let term = *slot;
            let address = word::pointer_address(term);
            let place = self.place_of(address);
            if place == Place::Stays {
                return;
            }
            let from = address as *mut u64;
            let first = *from;
            if word::is_cons(term) {
                *slot = if first == NONV { *from.add(1) } else { self.move_list(from, first, place) };
            } else {
                *slot = if word::is_header(first) { self.move_box(from, first, place) } else { first };
            }
        }
    }

    #[inline(always)]
    fn top(&mut self, place: Place) -> &mut *mut u64 {
        if place == Place::Old { &mut self.old_top } else { &mut self.young_top }
    }

    /// Moves a box; returns the pointer word to its new place.
    ///
    /// # Safety
    /// `from` is a box with `header` in a space that is left, not moved yet; it goes to `place`.
    #[inline(always)]
    unsafe fn move_box(&mut self, from: *mut u64, header: u64, place: Place) -> u64 {
        let words = 1 + word::header_words(header);
        let top = self.top(place);
        let to = *top;
        *top = to.wrapping_add(words);
        let moved = word::boxed_at(to as usize);
        // SAFETY: the header says how many words the box has, and the new space has room for them.
        unsafe {
            if words <= 16 {
                for index in 0..words {
                    *to.add(index) = *from.add(index);
                }
            } else {
                core::ptr::copy_nonoverlapping(from, to, words);
            }
            *from = moved;
        }
        moved
    }

    /// Moves a cons and, cell after cell, the list it begins as far as that goes to the same place; so lists lie in line.
    ///
    /// # Safety
    /// As `move_box`, of a cons with this head.
    #[inline(always)]
    unsafe fn move_list(&mut self, from: *mut u64, head: u64, place: Place) -> u64 {
        let mut to = *self.top(place);
        let moved = word::cons_at(to as usize);
        let (mut from, mut head) = (from, head);
        // SAFETY: as `forward`: cells have two words, and the new space has room.
        unsafe {
            loop {
                let tail = *from.add(1);
                *to = head;
                *from = NONV;
                *from.add(1) = word::cons_at(to as usize);
                let next = word::cons_address(tail);
                if !word::is_cons(tail) || self.place_of(next) != place || *(next as *const u64) == NONV {
                    *to.add(1) = tail;
                    to = to.add(2);
                    break;
                }
                *to.add(1) = word::cons_at(to as usize + 16);
                to = to.add(2);
                from = next as *mut u64;
                head = *from;
            }
        }
        *self.top(place) = to;
        moved
    }

    /// Scans both new spaces from these words on, until all that lives is moved.
    ///
    /// # Safety
    /// The spaces from these words to their tops hold whole boxes and cells.
    pub unsafe fn scan(&mut self, young: *mut u64, old: *mut u64) {
        let (mut young, mut old) = (young, old);
        // SAFETY: the tops only grow, and by whole boxes.
        unsafe {
            while young < self.young_top || old < self.old_top {
                while young < self.young_top {
                    young = self.scan_word(young);
                }
                while old < self.old_top {
                    old = self.scan_word(old);
                }
            }
        }
    }

    /// Forwards one word, or steps over a header or a raw box; returns the next.
    #[inline(always)]
    unsafe fn scan_word(&mut self, at: *mut u64) -> *mut u64 {
        // SAFETY: within a new space, at a word of a cell, a header, or a payload word that is a term.
        unsafe {
            let value = *at;
            if word::is_pointer(value) {
                self.forward(at);
            } else if word::is_header(value) && word::header_is_raw(value) {
                return at.add(1 + word::header_words(value));
            }
            at.add(1)
        }
    }
}
