//! Room for bitstrings under construction: new, or behind the bits of another.
//!
//! Results of up to 64 bytes lie on the heap, larger ones in a counted buffer. Appending writes behind the old bits in place where
//! nobody has done so before: the old bitstring must end at the buffer's used mark, which is moved by compare-and-swap. Only a
//! buffer with a single count, of a handle on this process's own heap, is reallocated.

use super::Scheduler;
use crate::atom::{Atom, am};
use crate::binary::{Buffer, Building};
use crate::heap::{HEAP_BITS_MAX_BYTES, Heap};
use crate::term::word::{self, kind};
use crate::term::{Bits, Term};

/// The bitstring under construction: the byte that holds its next bit or an earlier one, that bit, and the end.
#[derive(Clone, Copy)]
pub struct UnderConstruction {
    pub(super) data: *mut u8,
    pub(super) at: usize,
    pub(super) end: usize,
}

impl UnderConstruction {
    pub const NONE: UnderConstruction = UnderConstruction { data: core::ptr::null_mut(), at: 0, end: 0 };

    /// # Safety
    /// The bits under construction are the caller's: nobody else reads or writes them, and nothing has collected since they were made.
    pub(super) unsafe fn building<'a>(self) -> Building<'a> {
        if self.data.is_null() {
            return Building::new(&mut [], 0, 0);
        }
        // SAFETY: `data` has the bits up to `end`, which nobody else reads or writes yet; nothing has collected since.
        let bytes = unsafe { core::slice::from_raw_parts_mut(self.data, self.end.div_ceil(8)) };
        Building::new(bytes, self.at, self.end)
    }
}

/// Words of the largest heap bitstring, or of a handle and a sub-bitstring of it.
pub const RESULT_WORDS: usize = 2 + HEAP_BITS_MAX_BYTES / 8;
/// The smallest buffer that is made for appending, in bytes.
pub const APPEND_BYTES: usize = 256;
/// The largest bitstring, in bits; what memory lacks before that ends the machine.
pub const MAX_BITS: u64 = if usize::BITS == 64 { 1 << 56 } else { 1 << 31 };
/// Bytes copied for one reduction.
pub const BYTES_PER_REDUCTION: usize = 1 << 13;

/// Why a segment cannot be written: reason, and what of the segment's value or size is wrong.
pub struct Failure<'c> {
    pub reason: Atom,
    pub info: &'static str,
    pub value: Term<'c>,
}

pub fn badarg<'c>(info: &'static str, value: Term<'c>) -> Failure<'c> {
    Failure { reason: am::BADARG, info, value }
}

/// A new bitstring of `size` bits, and where its bytes are.
pub unsafe fn new_bits<'c>(s: &mut Scheduler, size: usize) -> (Term<'c>, *mut u8) {
    let bytes = size.div_ceil(8);
    // SAFETY: all words of the box are written, but for bytes that the caller goes on to write; the last ones are 0.
    unsafe {
        let mut heap: Heap<'c> = s.heap();
        if bytes <= HEAP_BITS_MAX_BYTES {
            let data_words = bytes.div_ceil(8);
            let at = heap.alloc().alloc_words(2 + data_words);
            *at = word::header(kind::HEAPBITS, 1 + data_words);
            *at.add(1) = size as u64;
            if data_words > 0 {
                *at.add(1 + data_words) = 0;
            }
            return (Term::from_word(word::boxed_at(at as usize)), at.add(2).cast());
        }
        let buffer = Buffer::with_capacity(bytes);
        buffer.claim(0, size);
        let data = buffer.data();
        *data.add(bytes - 1) = 0;
        (heap.refc_bits(buffer, size), data)
    }
}

/// Whether the handle at `address` is this process's alone to change.
fn owns(s: &mut Scheduler, address: usize) -> bool {
    let heap = &s.process().heap;
    let within = |start: *mut u64, end: *mut u64| address >= start as usize && address < end as usize;
    within(heap.start, heap.alloc.top) || within(heap.old.start, heap.old.top)
}

/// Room for `build` bits behind those of `source`: the result, and where to write.
pub unsafe fn append<'c>(
    s: &mut Scheduler,
    source: Term<'c>,
    unit: usize,
    build: u64,
) -> Result<(Term<'c>, UnderConstruction), Failure<'c>> {
    let Some(bits) = source.as_bits() else { return Err(badarg("type", source)) };
    let used = bits.size;
    if unit > 1 && used % unit != 0 {
        return Err(badarg("unit", source));
    }
    if build == 0 {
        return Ok((source, UnderConstruction::NONE));
    }
    let total = (used as u64).saturating_add(build);
    if total > MAX_BITS {
        return Err(Failure { reason: am::SYSTEM_LIMIT, info: "size", value: source });
    }
    let total = total as usize;
    // SAFETY: nothing collects here, and room was tested by the caller or is found in a fragment.
    unsafe {
        if total <= 8 * HEAP_BITS_MAX_BYTES {
            let (result, data) = new_bits(s, total);
            copy_start(data, total, &bits);
            return Ok((result, UnderConstruction { data, at: used, end: total }));
        }
        if let Some(appended) = append_in_place(s, source, used, total) {
            return Ok(appended);
        }
        let capacity = total.div_ceil(8).saturating_mul(2).max(APPEND_BYTES);
        let buffer = Buffer::with_capacity(capacity);
        buffer.claim(0, total);
        let data = buffer.data();
        copy_start(data, total, &bits);
        s.reductions -= (used / 8 / BYTES_PER_REDUCTION) as i64;
        let result = s.heap().refc_bits(buffer, total);
        Ok((result, UnderConstruction { data: data.add(used / 8), at: used % 8, end: total - used / 8 * 8 }))
    }
}

/// Copies the bits of `bits` to the start of the new bitstring at `data`.
unsafe fn copy_start(data: *mut u8, total: usize, bits: &Bits<'_>) {
    // SAFETY: `data` is new and has `total` bits, which are at least those of `bits`.
    let out = unsafe { core::slice::from_raw_parts_mut(data, total.div_ceil(8)) };
    crate::binary::copy_bits(bits.bytes, bits.offset, out, 0, bits.size);
}

unsafe fn append_in_place<'c>(
    s: &mut Scheduler,
    source: Term<'c>,
    used: usize,
    total: usize,
) -> Option<(Term<'c>, UnderConstruction)> {
    let (base, offset) = source.base_and_offset();
    if base.kind() != kind::REFCBITS {
        return None;
    }
    let (from, to) = (offset + used, offset + total);
    let handle = word::boxed_address(base.word()) as *mut u64;
    // SAFETY: a refc handle holds the address of its buffer, of which it has a count; where the buffer moves, it is the only count
    // and the handle is told.
    unsafe {
        let buffer = core::mem::ManuallyDrop::new(Buffer::from_address(*handle.add(2)));
        // Another holder may be reading the incomplete byte, so it is not written for others to see.
        if from % 8 != 0 && buffer.count() != 1 {
            return None;
        }
        let mut data = buffer.data();
        if !buffer.claim(from, to) {
            let fits = to.div_ceil(8) <= buffer.capacity();
            if fits || buffer.used_bits() != from || buffer.count() != 1 || used < offset || !owns(s, handle as usize) {
                return None;
            }
            let before = buffer.capacity();
            let capacity = to.div_ceil(8).saturating_mul(2);
            let grown = core::mem::ManuallyDrop::into_inner(buffer).grow(capacity);
            grown.claim(from, to);
            data = grown.data();
            *handle.add(2) = grown.into_address();
            s.building = UnderConstruction::NONE;
            s.process().heap.alloc.off_heap.bytes += capacity - before;
            s.reductions -= (before / BYTES_PER_REDUCTION) as i64;
        }
        let mut heap: Heap<'c> = s.heap();
        let fields = [base.word(), word::small(offset as i64), word::small(total as i64)];
        let result = heap.boxed(word::header(kind::SUBBITS, 3), &fields);
        let first = from / 8;
        Some((result, UnderConstruction { data: data.add(first), at: from % 8, end: to - 8 * first }))
    }
}
