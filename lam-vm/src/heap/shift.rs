//! Following boxes that moved as one run of words.

use crate::term::word;

/// A run of boxes that has moved.
pub struct Shift {
    start: usize,
    bytes: usize,
    by: u64,
}

impl Shift {
    /// `words` words that lay at `from` lie at `to`.
    pub fn new(from: usize, words: usize, to: usize) -> Shift {
        Shift { start: from, bytes: 8 * words, by: (to as u64).wrapping_sub(from as u64) }
    }
    /// Where what lay at `address` lies.
    pub fn address(&self, address: usize) -> usize {
        if address.wrapping_sub(self.start) < self.bytes { address.wrapping_add(self.by as usize) } else { address }
    }
    /// Makes a word that points to moved boxes point to where they are.
    #[inline(always)]
    pub fn one(&self, slot: &mut u64) {
        if word::is_pointer(*slot) && word::pointer_address(*slot).wrapping_sub(self.start) < self.bytes {
            *slot = slot.wrapping_add(self.by);
        }
    }
    pub fn all(&self, words: &mut [u64]) {
        words.iter_mut().for_each(|slot| self.one(slot));
    }
    /// As `all`, in boxes.
    ///
    /// # Safety
    /// Whole boxes and cells lie from `at` to `end`.
    pub unsafe fn boxes(&self, mut at: *mut u64, end: *mut u64) {
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
