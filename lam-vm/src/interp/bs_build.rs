//! Construction of bitstrings.
//!
//! `bs_create_bin` (OTP 25 and newer) does all in one instruction: it finds the size, makes room, writes the segments. Older code
//! starts with `bs_init` or `bs_append` and goes on with one `bs_put` for each segment; what lies between them stands in
//! `Scheduler::building`, which is forgotten whenever the process leaves the interpreter, and each put looks whether it fits.
//!
//! Results of up to 64 bytes lie on the heap, larger ones in a counted buffer. Appending writes behind the old bits in place where
//! nobody has done so before: the old bitstring must end at the buffer's used mark, which is moved by compare-and-swap. Only a
//! buffer with a single count, of a handle on this process's own heap, is reallocated.

use super::{Control, Machine, Scheduler, Step, bif, raise, slot_a, slot_b, slot_c};
use crate::atom::{self, Atom, am};
use crate::binary::{Buffer, Building, Flags, FloatError};
use crate::heap::arith::{self, Number};
use crate::heap::{HEAP_BITS_MAX_BYTES, Heap};
use crate::isa::segment::{NO_SLOT, SEGMENT_WORDS, Segment, SegmentKind, SizeForm};
use crate::term::integer::IntRef;
use crate::term::word::{self, kind};
use crate::term::{Bits, Term, View};

/// The bitstring under construction: the byte that holds its next bit or an earlier one, that bit, and the end.
#[derive(Clone, Copy)]
pub struct UnderConstruction {
    data: *mut u8,
    at: usize,
    end: usize,
}

impl UnderConstruction {
    pub const NONE: UnderConstruction = UnderConstruction { data: core::ptr::null_mut(), at: 0, end: 0 };

    unsafe fn building<'a>(self) -> Building<'a> {
        if self.data.is_null() {
            return Building::new(&mut [], 0, 0);
        }
        // SAFETY: `data` has the bits up to `end`, which nobody else reads or writes yet; nothing has collected since.
        let bytes = unsafe { core::slice::from_raw_parts_mut(self.data, self.end.div_ceil(8)) };
        Building::new(bytes, self.at, self.end)
    }
}

/// Words of the largest heap bitstring, or of a handle and a sub-bitstring of it.
const RESULT_WORDS: usize = 2 + HEAP_BITS_MAX_BYTES / 8;
/// The smallest buffer that is made for appending, in bytes.
const APPEND_BYTES: usize = 256;
/// The largest bitstring, in bits; what memory lacks before that ends the machine.
const MAX_BITS: u64 = if usize::BITS == 64 { 1 << 56 } else { 1 << 31 };
/// Bytes copied for one reduction.
const BYTES_PER_REDUCTION: usize = 1 << 13;

/// Why a segment cannot be written: reason, and what of the segment's value or size is wrong.
struct Failure<'c> {
    reason: Atom,
    info: &'static str,
    value: Term<'c>,
}

fn badarg<'c>(info: &'static str, value: Term<'c>) -> Failure<'c> {
    Failure { reason: am::BADARG, info, value }
}

/// A new bitstring of `size` bits, and where its bytes are.
unsafe fn new_bits<'c>(s: &mut Scheduler, size: usize) -> (Term<'c>, *mut u8) {
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
unsafe fn append<'c>(
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

// --- bs_create_bin

/// The words of segment `index`.
unsafe fn segment_words(s: &Scheduler, index: usize) -> *const u64 {
    // SAFETY: the emitter wrote as many segments as slot b says.
    unsafe { s.pc.add(3 + SEGMENT_WORDS * index) }
}

#[inline(always)]
unsafe fn segment(words: *const u64) -> Segment {
    // SAFETY: as above.
    unsafe { Segment::from_words([*words, *words.add(1)]) }
}

#[inline(always)]
unsafe fn segment_value<'c>(s: &mut Scheduler, segment: &Segment, words: *const u64) -> Term<'c> {
    // SAFETY: the slot is checked by the loader; constants are valid terms.
    unsafe {
        if segment.value_slot == NO_SLOT { Term::from_word(*words.add(2)) } else { s.term(usize::from(segment.value_slot)) }
    }
}

/// A size as a term, times the unit.
unsafe fn term_bits<'c>(s: &mut Scheduler, segment: &Segment, words: *const u64) -> Result<u64, Failure<'c>> {
    // SAFETY: as `segment_value`.
    let size: Term<'c> = unsafe {
        if segment.size_slot == NO_SLOT { Term::from_word(*words.add(3)) } else { s.term(usize::from(segment.size_slot)) }
    };
    let system_limit = Failure { reason: am::SYSTEM_LIMIT, info: "size", value: size };
    match size.view() {
        View::Small(count @ 0..) => count.checked_mul(i64::from(segment.unit)).map(|bits| bits as u64).ok_or(system_limit),
        View::Big(big) if !big.negative => Err(system_limit),
        _ => Err(badarg("size", size)),
    }
}

/// Bytes of a character; any number for what is none, for writing it will fail.
fn utf8_bytes(value: Term<'_>) -> u64 {
    match value.as_small() {
        Some(0..=0x7F) => 1,
        Some(0..=0x7FF) => 2,
        Some(0..=0xFFFF) => 3,
        _ => 4,
    }
}

fn utf16_bytes(value: Term<'_>) -> u64 {
    match value.as_small() {
        Some(0..=0xFFFF) => 2,
        _ => 4,
    }
}

/// The code point that a term is.
fn code_point(value: Term<'_>) -> Option<u32> {
    value.as_small().and_then(|value| u32::try_from(value).ok()).filter(|value| char::from_u32(*value).is_some())
}

/// Bits of one segment.
unsafe fn segment_bits<'c>(s: &mut Scheduler, segment: &Segment, words: *const u64) -> Result<u64, Failure<'c>> {
    // SAFETY: as `segment_value`.
    unsafe {
        match (segment.size_form, segment.kind) {
            (_, SegmentKind::Append) => Ok(0),
            (SizeForm::Term, _) => term_bits(s, segment, words),
            (SizeForm::All, _) => {
                let value = segment_value(s, segment, words);
                value.as_bits().map(|bits| bits.size as u64).ok_or_else(|| badarg("type", value))
            }
            (SizeForm::Bits, SegmentKind::Utf8) => Ok(8 * utf8_bytes(segment_value(s, segment, words))),
            (SizeForm::Bits, SegmentKind::Utf16) => Ok(8 * utf16_bytes(segment_value(s, segment, words))),
            (SizeForm::Bits, SegmentKind::Utf32) => {
                let value = segment_value(s, segment, words);
                if code_point(value).is_some() { Ok(32) } else { Err(badarg("type", value)) }
            }
            (SizeForm::Bits, _) => Ok(*words.add(3)),
        }
    }
}

/// Writes one segment.
unsafe fn put_segment<'c>(
    s: &mut Scheduler,
    building: &mut Building<'_>,
    segment: &Segment,
    words: *const u64,
) -> Result<(), Failure<'c>> {
    let flags = Flags(segment.flags);
    // SAFETY: as `segment_value`.
    unsafe {
        if segment.kind == SegmentKind::String {
            let bits = *words.add(3) as usize;
            let bytes = core::slice::from_raw_parts(s.pc.add(*words.add(2) as usize).cast::<u8>(), bits / 8);
            return building.put_copy(bytes, 0, bits).map_err(|_| badarg("size", Term::NIL));
        }
        let value: Term<'c> = segment_value(s, segment, words);
        // Sizes were found to be right before.
        let size = match segment.size_form {
            SizeForm::Bits => *words.add(3),
            SizeForm::Term => term_bits(s, segment, words)?,
            SizeForm::All => 0,
        } as usize;
        let type_error = |_| badarg("type", value);
        match segment.kind {
            SegmentKind::Append | SegmentKind::String => Ok(()),
            SegmentKind::Integer => put_integer(building, value, size, flags).map_err(type_error),
            SegmentKind::Float => put_float(building, value, size, flags),
            SegmentKind::Binary => {
                let Some(bits) = value.as_bits() else { return Err(badarg("type", value)) };
                let all = segment.size_form == SizeForm::All;
                if all && segment.unit > 1 && bits.size % usize::from(segment.unit) != 0 {
                    return Err(badarg("unit", value));
                }
                let size = if all { bits.size } else { size };
                if size > bits.size {
                    return Err(badarg("short", value));
                }
                s.reductions -= (size / 8 / BYTES_PER_REDUCTION) as i64;
                building.put_copy(bits.bytes, bits.offset, size).map_err(|_| badarg("short", value))
            }
            SegmentKind::Utf8 => {
                code_point(value).ok_or(()).and_then(|value| building.put_utf8(value).map_err(|_| ())).map_err(type_error)
            }
            SegmentKind::Utf16 => {
                code_point(value).ok_or(()).and_then(|value| building.put_utf16(value, flags).map_err(|_| ())).map_err(type_error)
            }
            SegmentKind::Utf32 => {
                code_point(value).ok_or(()).and_then(|value| building.put_utf32(value, flags).map_err(|_| ())).map_err(type_error)
            }
        }
    }
}

#[inline(always)]
fn put_integer(building: &mut Building<'_>, value: Term<'_>, size: usize, flags: Flags) -> Result<(), ()> {
    let done = match value.as_small() {
        Some(small) => building.put_small(small, size, flags),
        None => match arith::int_ref(value).ok_or(())? {
            IntRef::Small(small) => building.put_small(small, size, flags),
            big => building.put_integer(big, size, flags),
        },
    };
    done.map_err(|_| ())
}

fn put_float<'c>(building: &mut Building<'_>, value: Term<'c>, size: usize, flags: Flags) -> Result<(), Failure<'c>> {
    if !matches!(size, 16 | 32 | 64) {
        return Err(badarg("invalid", Term::small(size as i64).unwrap_or(value)));
    }
    let number = Number::of(value).ok_or(badarg("type", value))?;
    let float = number.to_f64().ok_or(badarg("no_float", value))?;
    building.put_float(float, size, flags).map_err(|error| match error {
        FloatError::Size => badarg("invalid", value),
        FloatError::DoesNotFit => badarg("size", value),
    })
}

/// `bs_create_bin`: destination a, count of segments b. ext 1: fail offset, live; ext 2: heap need, length; then the segments
/// (`isa::segment`) and the bytes of strings.
pub unsafe fn create_bin(s: &mut Scheduler) -> Control {
    // SAFETY: the emitter wrote all this; slots are checked by the loader.
    unsafe {
        let w = s.word();
        let count = slot_b(w);
        let (need, length) = (s.ext(2) as u32 as usize, (s.ext(2) >> 32) as isize);
        let mut total = 0u64;
        for index in 0..count {
            let words = segment_words(s, index);
            let segment = segment(words);
            match segment_bits(s, &segment, words) {
                Ok(bits) => total = total.saturating_add(bits),
                Err(failure) => return construct_error(s, &segment, failure),
            }
        }
        let appends = segment(segment_words(s, 0)).kind == SegmentKind::Append;
        if total > MAX_BITS {
            return bif::fail_or_error(s, Term::atom(am::SYSTEM_LIMIT));
        }
        let is_large = appends || total > 8 * HEAP_BITS_MAX_BYTES as u64;
        if !s.has_room(need + RESULT_WORDS) || is_large && s.process().heap.wants_collection() {
            let live = (s.ext(1) >> 32) as usize;
            return s.collect(need + RESULT_WORDS, live);
        }
        let (result, under) = if appends {
            let words = segment_words(s, 0);
            let first = segment(words);
            let source = segment_value(s, &first, words);
            match append(s, source, usize::from(first.unit), total) {
                Ok(appended) => appended,
                Err(failure) => return construct_error(s, &first, failure),
            }
        } else {
            let (result, data) = new_bits(s, total as usize);
            (result, UnderConstruction { data, at: 0, end: total as usize })
        };
        let mut building = under.building();
        for index in usize::from(appends)..count {
            let words = segment_words(s, index);
            let segment = segment(words);
            if let Err(failure) = put_segment(s, &mut building, &segment, words) {
                return construct_error(s, &segment, failure);
            }
        }
        s.set(slot_a(w), result.word());
        s.jump(length)
    }
}

/// Jumps, or raises with `#{cause => {Segment, Type, What, Value}, function => format_bs_fail, module => erl_erts_errors}`.
#[cold]
unsafe fn construct_error(s: &mut Scheduler, segment: &Segment, failure: Failure<'_>) -> Control {
    // SAFETY: ext 1 is the fail word.
    unsafe {
        let offset = s.ext(1) as i32;
        if offset != 0 {
            return s.jump(offset as isize);
        }
        let name = match segment.kind {
            SegmentKind::Append | SegmentKind::Binary => "binary",
            SegmentKind::Integer => "integer",
            SegmentKind::Float => "float",
            SegmentKind::String => "string",
            SegmentKind::Utf8 => "utf8",
            SegmentKind::Utf16 => "utf16",
            SegmentKind::Utf32 => "utf32",
        };
        let mut heap = s.heap();
        let value = Term::from_word(failure.value.word());
        let number = Term::small(i64::from(segment.number)).unwrap_or(Term::NIL);
        let [name, info, format] = [name, failure.info, "format_bs_fail"].map(|text| Term::atom(atom::intern_static(text)));
        let cause = heap.tuple(&[number, name, info, value]);
        let pairs = [
            (Term::atom(am::CAUSE), cause),
            (Term::atom(am::FUNCTION), format),
            (Term::atom(am::MODULE), Term::atom(am::ERL_ERTS_ERRORS)),
        ];
        let info = heap.map_from_pairs(&pairs);
        raise::error_with_info(s, Term::atom(failure.reason), info)
    }
}

// --- fast forms of bs_create_bin

/// Slots and constants of the fixed integers of a fast form, from segment `first` on: whether all values are small.
#[inline(always)]
unsafe fn all_small(m: &Machine, first: usize, count: usize) -> bool {
    // SAFETY: as `segment_words`.
    unsafe { (first..count).all(|index| word::is_small(fixed_value(m, m.pc.add(3 + SEGMENT_WORDS * index)))) }
}

#[inline(always)]
unsafe fn fixed_value(m: &Machine, words: *const u64) -> u64 {
    // SAFETY: as `segment_value`.
    unsafe {
        let slot = (*words >> 32) as u16;
        if slot == NO_SLOT { *words.add(2) } else { m.get::<0>(usize::from(slot)) }
    }
}

/// Writes the integers from bit `at` of `data` on, which has room up to `end`.
#[inline(always)]
unsafe fn put_fixed(m: &Machine, first: usize, count: usize, data: *mut u8, at: usize, end: usize) {
    // SAFETY: the caller made room for the sizes of all segments.
    unsafe {
        let mut building = Building::new(core::slice::from_raw_parts_mut(data, end.div_ceil(8)), at, end);
        for index in first..count {
            let words = m.pc.add(3 + SEGMENT_WORDS * index);
            let value = word::small_value(fixed_value(m, words));
            let done = building.put_small(value, *words.add(3) as usize, Flags((*words >> 8) as u8));
            debug_assert!(done.is_ok());
        }
    }
}

/// As `create_bin`, where all segments are integers of fixed sizes, together at most 64 bytes. Bits 48 and up of word 1 of the first
/// segment tell how many bits.
#[inline(always)]
pub unsafe fn create_integers(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the emitter wrote the segments; room is tested.
    unsafe {
        let count = slot_b(w);
        let need = m.ext(2) as u32 as usize;
        if !m.has_room(need + RESULT_WORDS) || !all_small(m, 0, count) {
            return Step::Slow(create_bin);
        }
        let size = (*m.pc.add(4) >> 48) as usize;
        let data_words = size.div_ceil(64);
        let at = m.h;
        *at = word::header(kind::HEAPBITS, 1 + data_words);
        *at.add(1) = size as u64;
        *at.add(1 + data_words.max(1)) = 0;
        put_fixed(m, 0, count, at.add(2).cast(), 0, size);
        m.h = at.add(2 + data_words);
        m.set::<0>(slot_a(w), word::boxed_at(at as usize));
        m.jump((m.ext(2) >> 32) as isize)
    }
}

/// As `create_bin`, where integers of fixed sizes are appended, in place to a buffer that nobody else holds.
#[inline(always)]
pub unsafe fn append_integers(m: &mut Machine, w: u64) -> Step {
    // SAFETY: headers tell which words follow; the emitter wrote the segments; room is tested.
    unsafe {
        let count = slot_b(w);
        let first = m.pc.add(3);
        let source = fixed_value(m, first);
        if !word::is_boxed(source) {
            return Step::Slow(create_bin);
        }
        let at = word::boxed_address(source) as *const u64;
        let (base, offset, used) = match word::header_kind(*at) {
            kind::SUBBITS => (*at.add(1), word::small_value(*at.add(2)) as usize, word::small_value(*at.add(3)) as usize),
            kind::REFCBITS => (source, 0, *at.add(3) as usize),
            _ => return Step::Slow(create_bin),
        };
        let handle = word::boxed_address(base) as *const u64;
        let unit = (*first >> 16) as u16;
        let need = m.ext(2) as u32 as usize;
        if word::header_kind(*handle) != kind::REFCBITS
            || unit != 1 && (unit != 8 || used % 8 != 0)
            || !m.has_room(need + RESULT_WORDS)
            || !all_small(m, 1, count)
        {
            return Step::Slow(create_bin);
        }
        let size = (*m.pc.add(4) >> 48) as usize;
        let (from, to) = (offset + used, offset + used + size);
        let buffer = core::mem::ManuallyDrop::new(Buffer::from_address(*handle.add(2)));
        if buffer.count() != 1 || !buffer.claim(from, to) {
            return Step::Slow(create_bin);
        }
        put_fixed(m, 1, count, buffer.data().add(from / 8), from % 8, from % 8 + size);
        let result = m.h;
        *result = word::header(kind::SUBBITS, 3);
        *result.add(1) = base;
        *result.add(2) = word::small(offset as i64);
        *result.add(3) = word::small((used + size) as i64);
        m.h = result.add(4);
        m.set::<0>(slot_a(w), word::boxed_at(result as usize));
        m.jump((m.ext(2) >> 32) as isize)
    }
}

// --- OTP 22 to 24

/// The term in a slot, or the constant in an extension word.
unsafe fn operand<'c>(s: &mut Scheduler, slot: usize, ext: usize) -> Term<'c> {
    // SAFETY: the emitter wrote the word.
    unsafe { if slot == usize::from(NO_SLOT) { Term::from_word(s.ext(ext)) } else { s.term(slot) } }
}

/// A count of bits or bytes; else `badarg` or `system_limit`.
fn size_of(size: Term<'_>, unit: u64) -> Result<u64, Atom> {
    match size.view() {
        View::Small(count @ 0..) => (count as u64).checked_mul(unit).filter(|bits| *bits <= MAX_BITS).ok_or(am::SYSTEM_LIMIT),
        View::Big(big) if !big.negative => Err(am::SYSTEM_LIMIT),
        _ => Err(am::BADARG),
    }
}

/// Starts a bitstring: destination a, size b (or ext 3) in units of c bits. ext 1: fail, live; ext 2: heap need.
pub unsafe fn init(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let size = match size_of(operand(s, slot_b(w), 3), slot_c(w) as u64) {
            Ok(size) => size as usize,
            Err(reason) => return bif::fail_or_error(s, Term::atom(reason)),
        };
        let need = s.ext(2) as usize + RESULT_WORDS;
        let is_large = size > 8 * HEAP_BITS_MAX_BYTES;
        if !s.has_room(need) || is_large && s.process().heap.wants_collection() {
            let live = (s.ext(1) >> 32) as usize;
            return s.collect(need, live);
        }
        let (result, data) = new_bits(s, size);
        // The puts that follow should write all of it, but nothing proves it.
        core::ptr::write_bytes(data, 0, size.div_ceil(8));
        s.building = UnderConstruction { data, at: 0, end: size };
        s.set(slot_a(w), result.word());
        Control::Next
    }
}

/// Starts a bitstring by appending: destination a, bits to come b (or ext 3), bitstring c (or ext 4). ext 1: fail, live (all bits
/// set: not known, so it cannot collect); ext 2: heap need, unit.
pub unsafe fn append_old(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let build = match size_of(operand(s, slot_b(w), 3), 1) {
            Ok(build) => build,
            Err(reason) => return bif::fail_or_error(s, Term::atom(reason)),
        };
        let need = s.ext(2) as u32 as usize + RESULT_WORDS;
        let live = (s.ext(1) >> 32) as u32;
        if live != u32::MAX && (!s.has_room(need) || s.process().heap.wants_collection()) {
            return s.collect(need, live as usize);
        }
        let source = operand(s, slot_c(w), 4);
        let unit = (s.ext(2) >> 32) as usize;
        match append(s, source, unit, build) {
            Ok((result, under)) => {
                s.building = under;
                s.set(slot_a(w), result.word());
                Control::Next
            }
            Err(failure) => bif::fail_or_error(s, Term::atom(failure.reason)),
        }
    }
}

/// Writes to the bitstring under construction; `badarg` where it fails.
unsafe fn put(s: &mut Scheduler, write: impl FnOnce(&mut Building<'_>) -> Result<(), ()>) -> Control {
    // SAFETY: `building` is forgotten before anything could free what it points to.
    unsafe {
        let mut building = s.building.building();
        let done = write(&mut building);
        s.building.at = building.position();
        match done {
            Ok(()) => Control::Next,
            Err(()) => bif::fail_or_error(s, Term::atom(am::BADARG)),
        }
    }
}

/// Size b (or ext 4) times the unit in ext 2.
unsafe fn put_size(s: &mut Scheduler) -> Result<usize, ()> {
    // SAFETY: the emitter wrote the words.
    unsafe {
        let size = operand(s, slot_b(s.word()), 4);
        let unit = u64::from(s.ext(2) as u32);
        size_of(size, unit).map(|size| size as usize).map_err(|_| ())
    }
}

/// An integer: value a (or ext 3), size b, flags c.
pub unsafe fn put_integer_old(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let (value, size) = (operand(s, slot_a(w), 3), put_size(s));
        put(s, |building| put_integer(building, value, size?, Flags(slot_c(w) as u8)))
    }
}

/// A float: as `put_integer_old`.
pub unsafe fn put_float_old(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let (value, size) = (operand(s, slot_a(w), 3), put_size(s));
        put(s, |building| put_float(building, value, size?, Flags(slot_c(w) as u8)).map_err(|_| ()))
    }
}

/// A bitstring: as `put_integer_old`; all of it where the high half of ext 2 says so.
pub unsafe fn put_binary_old(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let value = operand(s, slot_a(s.word()), 3);
        let all = s.ext(2) >> 32 != 0;
        let unit = (s.ext(2) as u32).max(1) as usize;
        let size = if all { Ok(0) } else { put_size(s) };
        put(s, |building| {
            let bits = value.as_bits().ok_or(())?;
            let size = if all { bits.size } else { size? };
            if size > bits.size || all && bits.size % unit != 0 {
                return Err(());
            }
            building.put_copy(bits.bytes, bits.offset, size).map_err(|_| ())
        })
    }
}

/// The bytes that follow ext 1, which has their count.
pub unsafe fn put_string(s: &mut Scheduler) -> Control {
    // SAFETY: the emitter wrote the string.
    unsafe {
        let count = s.ext(1) as usize;
        let bytes = core::slice::from_raw_parts(s.pc.add(2).cast::<u8>(), count);
        let mut building = s.building.building();
        if building.put_copy(bytes, 0, 8 * count).is_err() {
            return raise::error(s, Term::atom(am::BADARG));
        }
        s.building.at = building.position();
        s.jump((2 + count.div_ceil(8)) as isize)
    }
}

/// A character: value a, form b (8, 16, 32), flags c.
pub unsafe fn put_utf(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let value = code_point(s.term(slot_a(w)));
        let flags = Flags(slot_c(w) as u8);
        put(s, |building| {
            let value = value.ok_or(())?;
            let done = match slot_b(w) {
                8 => building.put_utf8(value),
                16 => building.put_utf16(value, flags),
                _ => building.put_utf32(value, flags),
            };
            done.map_err(|_| ())
        })
    }
}

/// Bytes of the character a in form c to slot b.
pub unsafe fn utf_size(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let value = s.term(slot_a(w));
        let bytes = if slot_c(w) == 8 { utf8_bytes(value) } else { utf16_bytes(value) };
        s.set(slot_b(w), word::small(bytes as i64));
        Control::Next
    }
}

/// a + b * ext 2 to slot c, for sizes.
pub unsafe fn add(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let (a, b): (Term<'_>, Term<'_>) = (s.term(slot_a(w)), s.term(slot_b(w)));
        let sum = match (a.view(), b.view()) {
            (View::Small(a @ 0..), View::Small(b @ 0..)) => {
                let unit = i64::try_from(s.ext(2)).unwrap_or(i64::MAX);
                b.checked_mul(unit).and_then(|bits| bits.checked_add(a)).and_then(Term::small).ok_or(am::SYSTEM_LIMIT)
            }
            (a, b) => {
                let is_size = |size: &View<'_>| match size {
                    View::Small(value) => *value >= 0,
                    View::Big(big) => !big.negative,
                    _ => false,
                };
                Err(if is_size(&a) && is_size(&b) { am::SYSTEM_LIMIT } else { am::BADARG })
            }
        };
        match sum {
            Ok(sum) => {
                s.set(slot_c(w), sum.word());
                Control::Next
            }
            Err(reason) => bif::fail_or_error(s, Term::atom(reason)),
        }
    }
}

/// x(0) becomes an empty bitstring with room for x(0) bytes behind it.
pub unsafe fn init_writable(s: &mut Scheduler) -> Control {
    // SAFETY: the loader checked that x(0) is live; it is the only register that is.
    unsafe {
        let words = 8;
        if !s.has_room(words) || s.process().heap.wants_collection() {
            return s.collect(words, 1);
        }
        let size: Term<'_> = Term::from_word(s.x[0]);
        let capacity = match size.as_small() {
            Some(size @ 0..=0x7FFF_FFFF) => size as usize,
            _ => 1024,
        };
        let buffer = Buffer::with_capacity(capacity.max(APPEND_BYTES));
        s.x[0] = s.heap().refc_bits(buffer, 0).word();
        Control::Next
    }
}
