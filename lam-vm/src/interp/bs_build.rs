//! `bs_create_bin` (OTP 25 and newer): it finds the size, makes room, writes the segments. Fast forms for integers of fixed sizes.
//!
//! What older code does in steps is in `bs_put.rs`.

use super::bs_room::{BYTES_PER_REDUCTION, Failure, MAX_BITS, RESULT_WORDS, UnderConstruction, append, badarg, new_bits};
use super::{Control, Machine, Scheduler, Step, bif, raise, slot_a, slot_b};
use crate::atom::{self, am};
use crate::binary::{Buffer, Building, Flags, FloatError};
use crate::heap::HEAP_BITS_MAX_BYTES;
use crate::heap::arith::{self, Number};
use crate::isa::segment::{NO_SLOT, SEGMENT_WORDS, Segment, SegmentKind, SizeForm};
use crate::term::integer::IntRef;
use crate::term::word::{self, kind};
use crate::term::{Term, View};

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
pub fn utf8_bytes(value: Term<'_>) -> u64 {
    match value.as_small() {
        Some(0..=0x7F) => 1,
        Some(0..=0x7FF) => 2,
        Some(0..=0xFFFF) => 3,
        _ => 4,
    }
}

pub fn utf16_bytes(value: Term<'_>) -> u64 {
    match value.as_small() {
        Some(0..=0xFFFF) => 2,
        _ => 4,
    }
}

/// The code point that a term is.
pub fn code_point(value: Term<'_>) -> Option<u32> {
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
pub fn put_integer(building: &mut Building<'_>, value: Term<'_>, size: usize, flags: Flags) -> Result<(), ()> {
    let done = match value.as_small() {
        Some(small) => building.put_small(small, size, flags),
        None => match arith::int_ref(value).ok_or(())? {
            IntRef::Small(small) => building.put_small(small, size, flags),
            big => building.put_integer(big, size, flags),
        },
    };
    done.map_err(|_| ())
}

pub fn put_float<'c>(building: &mut Building<'_>, value: Term<'c>, size: usize, flags: Flags) -> Result<(), Failure<'c>> {
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
        let mut at = at;
        let mut first = first;
        // Bytes at the start of bytes.
        while first < count && at.is_multiple_of(8) {
            let words = m.pc.add(3 + SEGMENT_WORDS * first);
            if *words.add(3) != 8 {
                break;
            }
            *data.add(at / 8) = word::small_value(fixed_value(m, words)) as u8;
            (at, first) = (at + 8, first + 1);
        }
        if first == count {
            return;
        }
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

/// A bitstring behind whose end is room in its buffer, which nobody else holds.
pub(super) struct Appendable {
    /// The handle.
    pub base: u64,
    /// Its first bit, and how many it has.
    pub offset: usize,
    pub used: usize,
    pub buffer: core::mem::ManuallyDrop<Buffer>,
}

#[inline(always)]
pub(super) unsafe fn appendable(source: u64) -> Option<Appendable> {
    if !word::is_boxed(source) {
        return None;
    }
    // SAFETY: headers tell which words follow; a refc handle holds the address of its buffer.
    unsafe {
        let at = word::boxed_address(source) as *const u64;
        let (base, offset, used) = match word::header_kind(*at) {
            kind::SUBBITS => (*at.add(1), word::small_value(*at.add(2)) as usize, word::small_value(*at.add(3)) as usize),
            kind::REFCBITS => (source, 0, *at.add(3) as usize),
            _ => return None,
        };
        let handle = word::boxed_address(base) as *const u64;
        if word::header_kind(*handle) != kind::REFCBITS {
            return None;
        }
        let buffer = core::mem::ManuallyDrop::new(Buffer::from_address(*handle.add(2)));
        (buffer.count() == 1).then_some(Appendable { base, offset, used, buffer })
    }
}

impl Appendable {
    /// The bitstring with `size` bits more, which were claimed. There is room for its four words.
    #[inline(always)]
    pub unsafe fn grown(&self, m: &mut Machine, size: usize) -> u64 {
        let result = m.h;
        // SAFETY: promised.
        unsafe {
            *result = word::header(kind::SUBBITS, 3);
            *result.add(1) = self.base;
            *result.add(2) = word::small(self.offset as i64);
            *result.add(3) = word::small((self.used + size) as i64);
            m.h = result.add(4);
        }
        word::boxed_at(result as usize)
    }
}

/// As `create_bin`, where integers of fixed sizes are appended, in place to a buffer that nobody else holds.
#[inline(always)]
pub unsafe fn append_integers(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the emitter wrote the segments; room is tested.
    unsafe {
        let count = slot_b(w);
        let first = m.pc.add(3);
        let Some(target) = appendable(fixed_value(m, first)) else { return Step::Slow(create_bin) };
        let unit = (*first >> 16) as u16;
        let need = m.ext(2) as u32 as usize;
        if unit != 1 && (unit != 8 || target.used % 8 != 0) || !m.has_room(need + RESULT_WORDS) || !all_small(m, 1, count) {
            return Step::Slow(create_bin);
        }
        let size = (*m.pc.add(4) >> 48) as usize;
        let from = target.offset + target.used;
        if !target.buffer.claim(from, from + size) {
            return Step::Slow(create_bin);
        }
        put_fixed(m, 1, count, target.buffer.data().add(from / 8), from % 8, from % 8 + size);
        let result = target.grown(m, size);
        m.set::<0>(slot_a(w), result);
        m.jump((m.ext(2) >> 32) as isize)
    }
}
