//! Copying terms from heap to heap, without recursion.
//!
//! First the size is taken, then the copy is made in one run of words: the root's box first, and each pointer in what has been copied
//! so far is replaced, in order, by one to a copy behind it. Static terms are shared. Sharing within a term is not kept, as
//! nothing but a collector may leave marks in a heap that others read.
//!
//! A slice of a binary is copied with its handle; where it holds at most `HEAP_BITS_MAX_BYTES` its bits are copied. A match context
//! becomes the bitstring it reads as. Flat copies, for static areas, hold the bits of every binary.

use super::off_heap::{self, OffHeap};
use super::statics::is_static;
use super::{Alloc, HEAP_BITS_MAX_BYTES, Heap};
use crate::term::word::{self, kind};
use crate::term::{Bits, Term};

const HEAP_COPY: bool = false;
const FLAT_COPY: bool = true;

/// Words that `copy` takes.
pub fn size_of(term: Term<'_>) -> usize {
    size::<HEAP_COPY>(term.word())
}

/// Words that a flat copy takes.
pub fn flat_size_of(term: Term<'_>) -> usize {
    size::<FLAT_COPY>(term.word())
}

/// Copies `term` into `into`; the result is a word of that heap.
pub fn copy(term: Term<'_>, into: &mut Alloc) -> u64 {
    if !needs_copy(term.word()) {
        return term.word();
    }
    let at = into.alloc_words(size_of(term));
    // SAFETY: as many words were given as the copy takes.
    unsafe { copy_words::<HEAP_COPY>(term.word(), at, &mut into.off_heap) }
}

impl<'c> Heap<'c> {
    /// A copy of a term of any other heap.
    pub fn copy(&mut self, term: Term<'_>) -> Term<'c> {
        let copied = copy(term, self.alloc());
        // SAFETY: the copy lies on this heap, or is static.
        unsafe { Term::from_word(copied) }
    }
}

/// Copies `term` to `at`, counting what it holds outside into `off_heap`; returns the root's word.
///
/// # Safety
/// There are `size_of(term)` words at `at`, which join the heap that `off_heap` belongs to.
pub unsafe fn copy_to(term: Term<'_>, at: *mut u64, off_heap: &mut OffHeap) -> u64 {
    // SAFETY: promised by the caller.
    unsafe { copy_words::<HEAP_COPY>(term.word(), at, off_heap) }
}

/// Copies `term` flat to `at`; counts of resources in it belong to the area.
///
/// # Safety
/// There are `flat_size_of(term)` words at `at`.
pub unsafe fn copy_flat_to(term: Term<'_>, at: *mut u64) -> u64 {
    // SAFETY: promised by the caller; the area needs no list, as it is freed as a whole by `release_flat`.
    unsafe { copy_words::<FLAT_COPY>(term.word(), at, &mut OffHeap::default()) }
}

/// Gives back what the boxes of a flat copy own.
///
/// # Safety
/// Whole boxes and cells lie from `at` to `end`, and nothing reads them any more.
pub unsafe fn release_flat(mut at: *mut u64, end: *mut u64) {
    while at < end {
        // SAFETY: before the end, at a word of a cell, a header, or a payload word that is a term.
        unsafe {
            let value = *at;
            if word::is_header(value) && word::header_is_off_heap(value) {
                off_heap::release(at);
            }
            let is_raw = word::is_header(value) && word::header_is_raw(value);
            at = at.add(1 + if is_raw { word::header_words(value) } else { 0 });
        }
    }
}

#[inline(always)]
fn needs_copy(term: u64) -> bool {
    word::is_pointer(term) && !is_static(term)
}

/// How a bitstring is copied.
enum BitsCopy<'c> {
    /// Its bits, into heap bits.
    Bits(Bits<'c>),
    /// As a slice of a copy of its base.
    Slice { base: u64, offset: usize, size: usize },
    /// The box as it is.
    Whole,
}

fn bits_copy<const FLAT: bool>(term: Term<'_>) -> BitsCopy<'_> {
    let Some(bits) = term.as_bits() else { return BitsCopy::Whole };
    let is_slice = matches!(term.kind(), kind::SUBBITS | kind::MATCHCTX);
    let (base, offset) = term.base_and_offset();
    let size = bits.size;
    let shares = if FLAT { base.kind() != kind::REFCBITS && is_static(base.word()) } else { size > 8 * HEAP_BITS_MAX_BYTES };
    match (is_slice, term.kind()) {
        (true, _) if shares => BitsCopy::Slice { base: base.word(), offset, size },
        (true, _) => BitsCopy::Bits(bits),
        (false, kind::REFCBITS) if FLAT => BitsCopy::Bits(bits),
        _ => BitsCopy::Whole,
    }
}

fn heap_bits_words(size_bits: usize) -> usize {
    2 + size_bits.div_ceil(64)
}

#[inline(always)]
fn is_bits_kind(header: u64) -> bool {
    matches!(word::header_kind(header), kind::SUBBITS | kind::MATCHCTX | kind::REFCBITS)
}

fn size<const FLAT: bool>(root: u64) -> usize {
    let mut total = 0;
    let mut pending: Vec<u64> = Vec::new();
    let mut term = root;
    loop {
        if needs_copy(term) {
            let at = word::pointer_address(term) as *const u64;
            // SAFETY: a valid pointer leads to a cell or a box, whose words are there.
            unsafe {
                if word::is_cons(term) {
                    total += 2;
                    if word::is_pointer(*at) {
                        pending.push(*at);
                    }
                    term = *at.add(1);
                    continue;
                }
                let header = *at;
                let words = word::header_words(header);
                let mut whole = true;
                if is_bits_kind(header) {
                    match bits_copy::<FLAT>(Term::from_word(term)) {
                        BitsCopy::Bits(bits) => (total, whole) = (total + heap_bits_words(bits.size), false),
                        BitsCopy::Slice { base, .. } => {
                            (total, whole) = (total + 4, false);
                            pending.push(base);
                        }
                        BitsCopy::Whole => {}
                    }
                }
                if whole {
                    total += 1 + words;
                    if !word::header_is_raw(header) {
                        pending.extend(
                            core::slice::from_raw_parts(at.add(1), words).iter().filter(|field| word::is_pointer(**field)),
                        );
                    }
                }
            }
        }
        match pending.pop() {
            Some(next) => term = next,
            None => return total,
        }
    }
}

/// # Safety
/// There are as many words at `at` as `size` says of `root`.
unsafe fn copy_words<const FLAT: bool>(root: u64, at: *mut u64, off_heap: &mut OffHeap) -> u64 {
    let mut top = at;
    let mut scan = at;
    // SAFETY: `size` counted the words written here; what is scanned was written before.
    unsafe {
        let copied = copy_box::<FLAT>(root, &mut top, off_heap);
        while scan < top {
            let value = *scan;
            if word::is_header(value) {
                scan = scan.add(1 + if word::header_is_raw(value) { word::header_words(value) } else { 0 });
                continue;
            }
            if word::is_pointer(value) {
                *scan = copy_box::<FLAT>(value, &mut top, off_heap);
            }
            scan = scan.add(1);
        }
        copied
    }
}

/// Copies one box or cell as it is to `top`; its pointers still lead to the source.
///
/// # Safety
/// As `copy_words`.
#[inline(always)]
unsafe fn copy_box<const FLAT: bool>(term: u64, top: &mut *mut u64, off_heap: &mut OffHeap) -> u64 {
    if !needs_copy(term) {
        return term;
    }
    let from = word::pointer_address(term) as *const u64;
    let to = *top;
    // SAFETY: the source is a whole cell or box; `to` has room.
    unsafe {
        if word::is_cons(term) {
            *to = *from;
            *to.add(1) = *from.add(1);
            *top = to.add(2);
            return word::cons_at(to as usize);
        }
        let header = *from;
        let words = if is_bits_kind(header) { copy_bits::<FLAT>(term, to) } else { 0 };
        if words > 0 {
            *top = to.add(words);
            return word::boxed_at(to as usize);
        }
        let words = 1 + word::header_words(header);
        core::ptr::copy_nonoverlapping(from, to, words);
        *top = to.add(words);
        if word::header_is_off_heap(header) {
            off_heap::retain(from);
            off_heap.link(to, off_heap::outside_bytes(from));
        }
        word::boxed_at(to as usize)
    }
}

/// Copies a bitstring to `to` unless its box is copied as it is; returns the words written.
///
/// # Safety
/// As `copy_words`.
unsafe fn copy_bits<const FLAT: bool>(term: u64, to: *mut u64) -> usize {
    // SAFETY: the term lives while it is copied; `to` has the words that `size` counted.
    unsafe {
        match bits_copy::<FLAT>(Term::from_word(term)) {
            BitsCopy::Whole => 0,
            BitsCopy::Bits(bits) => {
                let words = heap_bits_words(bits.size);
                let bytes = bits.to_bytes();
                *to = word::header(kind::HEAPBITS, words - 1);
                *to.add(1) = bits.size as u64;
                *to.add(words - 1) = if words > 2 { 0 } else { bits.size as u64 };
                core::ptr::copy_nonoverlapping(bytes.as_ptr(), to.add(2).cast::<u8>(), bits.size.div_ceil(8));
                words
            }
            BitsCopy::Slice { base, offset, size } => {
                *to = word::header(kind::SUBBITS, 3);
                *to.add(1) = base;
                *to.add(2) = word::small(offset as i64);
                *to.add(3) = word::small(size as i64);
                4
            }
        }
    }
}
