//! Matching of bitstrings.
//!
//! A match context is a box of its own, `[base][position in bits][end in bits]`; positions count from the first bit of the base and
//! only grow, but for `bs_set_position`. Its numbers are smalls, so the bodies compute on tagged words: byte = word >> 6, bit in
//! the byte = (word >> 3) & 7. `position <= end <= bits of the base` holds for every context.
//!
//! The bodies trust that slot a holds a match context: proved by the loader, or tested by a `bs_check_context` before.

use super::{Control, Machine, Scheduler, Step, jump_c, raise, slot_a, slot_b, slot_c};
use crate::atom::am;
use crate::binary::{self, Buffer, Flags};
use crate::heap::{Heap, SMALL_SLICE_BYTES};
use crate::isa::segment::NO_SLOT;
use crate::term::Term;
use crate::term::word::{self, kind};

/// Words of a match context.
const CONTEXT_WORDS: usize = 4;
/// Words of a sub-bitstring, and at most of a copied slice.
const SLICE_WORDS: usize = 4;

const _: () = assert!(SLICE_WORDS == 2 + SMALL_SLICE_BYTES / 8);

/// The box of the match context in a word.
#[inline(always)]
pub fn context(word: u64) -> *mut u64 {
    word::boxed_address(word) as *mut u64
}

/// The first byte of the base of a match context or sub-bitstring.
#[inline(always)]
pub unsafe fn data(base: u64) -> *const u8 {
    // SAFETY: a base is a heap bitstring, whose bytes follow its size, or a refc handle with its buffer's address.
    unsafe {
        let at = word::boxed_address(base) as *const u64;
        if word::header_kind(*at) == kind::HEAPBITS { at.add(2).cast() } else { Buffer::data_of(*at.add(2)) }
    }
}

/// The bytes of a match context up to its end; positions count from their start.
#[inline(always)]
unsafe fn bytes<'a>(context: *const u64) -> &'a [u8] {
    // SAFETY: the base has `end` bits; the caller does not keep the slice beyond its instruction.
    unsafe {
        let end = word::small_value(*context.add(3)) as usize;
        core::slice::from_raw_parts(data(*context.add(1)), end.div_ceil(8))
    }
}

/// Position and end of a match context, in bits.
#[inline(always)]
unsafe fn bounds(context: *const u64) -> (usize, usize) {
    // SAFETY: the caller has a match context.
    unsafe { (word::small_value(*context.add(2)) as usize, word::small_value(*context.add(3)) as usize) }
}

#[inline(always)]
unsafe fn set_position(context: *mut u64, position: usize) {
    // SAFETY: as `bounds`.
    unsafe { *context.add(2) = word::small(position as i64) }
}

/// Jumps by the fail offset in ext 1.
unsafe fn fail(s: &mut Scheduler) -> Control {
    // SAFETY: called by instructions that have one.
    unsafe {
        let offset = s.ext(1) as i32;
        s.jump(offset as isize)
    }
}

/// Bits of a base from `from` on, as a term.
unsafe fn extract<'c>(heap: &mut Heap<'c>, base: u64, from: usize, size: usize) -> Term<'c> {
    // SAFETY: the caller saw that the base has the bits.
    unsafe {
        if size <= 8 * SMALL_SLICE_BYTES {
            let mut copy = [0; SMALL_SLICE_BYTES];
            let source = core::slice::from_raw_parts(data(base), (from + size).div_ceil(8));
            binary::copy_bits(source, from, &mut copy, 0, size);
            return heap.heap_bits(&copy[..size.div_ceil(8)], size);
        }
        heap.boxed(word::header(kind::SUBBITS, 3), &[base, word::small(from as i64), word::small(size as i64)])
    }
}

// --- start, position

/// A match context over the bitstring in slot a to slot b; a context stays itself. ext 1: fail offset (0: `badarg`), live.
#[inline(always)]
pub unsafe fn start_match(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the header tells which words follow; room is checked before they are written.
    unsafe {
        let source = m.get::<0>(slot_a(w));
        if word::is_boxed(source) {
            let at = word::boxed_address(source) as *const u64;
            let (base, from, size) = match word::header_kind(*at) {
                kind::MATCHCTX => {
                    m.set::<0>(slot_b(w), source);
                    return Step::Next;
                }
                kind::SUBBITS => (*at.add(1), *at.add(2), *at.add(3)),
                kind::HEAPBITS => (source, 0, *at.add(1) << 3),
                kind::REFCBITS => (source, 0, *at.add(3) << 3),
                _ => return no_match(m),
            };
            if !m.has_room(CONTEXT_WORDS) {
                let live = (m.ext(1) >> 32) as usize;
                return m.collect(CONTEXT_WORDS, live);
            }
            let at = m.h;
            *at = word::header(kind::MATCHCTX, 3);
            *at.add(1) = base;
            *at.add(2) = from;
            *at.add(3) = from + size;
            m.h = at.add(CONTEXT_WORDS);
            m.set::<0>(slot_b(w), word::boxed_at(at as usize));
            return Step::Next;
        }
        no_match(m)
    }
}

#[inline(always)]
unsafe fn no_match(m: &mut Machine) -> Step {
    // SAFETY: the emitter wrote the fail word.
    match unsafe { m.ext(1) } as i32 {
        0 => Step::Slow(badarg),
        offset => m.jump(offset as isize),
    }
}

unsafe fn badarg(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::BADARG)) }
}

/// `badarg` unless slot a holds a match context: stands before instructions whose context is not proved.
pub unsafe fn check_context(s: &mut Scheduler) -> Control {
    // SAFETY: the slot is checked by the loader.
    unsafe { if s.term(slot_a(s.word())).kind() == kind::MATCHCTX { Control::Next } else { badarg(s) } }
}

#[inline(always)]
pub unsafe fn get_position(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let position = *context(m.get::<0>(slot_a(w))).add(2);
        m.set::<0>(slot_b(w), position);
    }
    Step::Next
}

/// The position in slot b must be one of the context: that is always tested.
#[inline(always)]
pub unsafe fn set_position_to(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let position = m.get::<0>(slot_b(w));
        // A negative small is a large number here.
        if !word::is_small(position) || position > *at.add(3) {
            return Step::Slow(badarg);
        }
        *at.add(2) = position;
    }
    Step::Next
}

/// `extract` without leaving machine registers: `None` where bits must be moved one by one. Room for `SLICE_WORDS` is there.
#[inline(always)]
unsafe fn extract_fast(m: &mut Machine, base: u64, from: usize, size: usize) -> Option<u64> {
    // SAFETY: the caller saw that the base has the bits, and made room.
    unsafe {
        let at = m.h;
        if size > 8 * SMALL_SLICE_BYTES {
            *at = word::header(kind::SUBBITS, 3);
            *at.add(1) = base;
            *at.add(2) = word::small(from as i64);
            *at.add(3) = word::small(size as i64);
            m.h = at.add(4);
        } else {
            if !(from | size).is_multiple_of(8) {
                return None;
            }
            let (count, source) = (size / 8, data(base).add(from / 8));
            let words = count.div_ceil(8);
            *at = word::header(kind::HEAPBITS, 1 + words);
            *at.add(1) = size as u64;
            *at.add(1 + words.max(1)) = 0;
            let target = at.add(2).cast::<u8>();
            for index in 0..count {
                *target.add(index) = *source.add(index);
            }
            m.h = at.add(2 + words);
        }
        Some(word::boxed_at(at as usize))
    }
}

/// As `field_bits`.
#[inline(always)]
unsafe fn field_bits_fast(m: &Machine, w: u64) -> Option<usize> {
    // SAFETY: the emitter wrote the words.
    unsafe {
        let size = if slot_b(w) == usize::from(NO_SLOT) { m.ext(3) } else { m.get::<0>(slot_b(w)) };
        let unit = u64::from(m.ext(2) as u32);
        // Sizes and units below 2^32 do not overflow; all else is left to the slow way.
        (word::is_small(size) && size >> 35 == 0).then(|| ((size >> 3) * unit) as usize)
    }
}

// --- integers

/// An unsigned big-endian integer of so many bits, slot a to slot b.
macro_rules! get_integers {
    ($($name:ident $type:ty;)*) => {$(
        #[inline(always)]
        pub unsafe fn $name(m: &mut Machine, w: u64) -> Step {
            const BITS: u64 = <$type>::BITS as u64;
            // SAFETY: see the top of the file; the bits are there, so the bytes that hold them are.
            unsafe {
                let at = context(m.get::<0>(slot_a(w)));
                let (position, end) = (*at.add(2), *at.add(3));
                if end - position < word::small(BITS as i64) {
                    return m.jump(jump_c(w));
                }
                let first = data(*at.add(1)).add((position >> 6) as usize);
                let skip = (position >> 3) as u32 & 7;
                let mut value = u64::from(first.cast::<$type>().read_unaligned().to_be());
                if skip != 0 {
                    value = (value << 8 | u64::from(*first.add(BITS as usize / 8))) >> (8 - skip) & (u64::MAX >> (64 - BITS));
                }
                *at.add(2) = position + word::small(BITS as i64);
                m.set::<0>(slot_b(w), word::small(value as i64));
            }
            Step::Next
        }
    )*};
}

get_integers! {
    get_integer_8 u8;
    get_integer_16 u16;
    get_integer_32 u32;
}

/// An integer of at most 60 bits, slot a to slot b; ext 1: size in bits, flags above.
#[inline(always)]
pub unsafe fn get_integer_small(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let (position, end) = bounds(at);
        let field = m.ext(1);
        let size = field as u32 as usize;
        if end - position < size {
            return m.jump(jump_c(w));
        }
        let value = binary::read_small(bytes(at), position, size, Flags((field >> 32) as u8));
        set_position(at, position + size);
        m.set::<0>(slot_b(w), word::small(value));
    }
    Step::Next
}

/// Bits of a field: the size in slot b (or ext 3) times the unit in ext 2; `None` when it is none or too large.
unsafe fn field_bits(s: &mut Scheduler, w: u64) -> Option<usize> {
    // SAFETY: the emitter wrote the words.
    unsafe {
        let size = if slot_b(w) == usize::from(NO_SLOT) { s.ext(3) } else { s.get(slot_b(w)) };
        if !word::is_small(size) {
            return None;
        }
        let unit = u64::from(s.ext(2) as u32);
        let bits = u64::try_from(word::small_value(size)).ok()?.checked_mul(unit)?;
        usize::try_from(bits).ok()
    }
}

/// Flags of a field, in the high half of ext 2.
unsafe fn field_flags(s: &Scheduler) -> Flags {
    // SAFETY: the emitter wrote the words.
    Flags((unsafe { s.ext(2) } >> 32) as u8)
}

unsafe fn live(s: &Scheduler) -> usize {
    // SAFETY: the emitter wrote the words.
    (unsafe { s.ext(1) } >> 32) as usize
}

/// An integer of any size: context a, size b, destination c.
pub unsafe fn get_integer(s: &mut Scheduler) -> Control {
    // SAFETY: see the top of the file.
    unsafe {
        let w = s.word();
        let at = context(s.get(slot_a(w)));
        let (position, end) = bounds(at);
        let Some(size) = field_bits(s, w).filter(|size| *size <= end - position) else { return fail(s) };
        let words = 2 + size / 64;
        if size > 60 && !s.has_room(words) {
            let live = live(s);
            return s.collect(words, live);
        }
        let flags = field_flags(s);
        let Some(value) = binary::read_integer(bytes(at), position, size, flags) else { return fail(s) };
        set_position(at, position + size);
        let value = s.heap().owned_integer(&value);
        s.set(slot_c(w), value.word());
        Control::Next
    }
}

/// A float: context a, size b, destination c.
pub unsafe fn get_float(s: &mut Scheduler) -> Control {
    // SAFETY: see the top of the file.
    unsafe {
        let w = s.word();
        let at = context(s.get(slot_a(w)));
        let (position, end) = bounds(at);
        let Some(size) = field_bits(s, w).filter(|size| *size <= end - position) else { return fail(s) };
        if !s.has_room(2) {
            let live = live(s);
            return s.collect(2, live);
        }
        let flags = field_flags(s);
        // As in OTP a float of no bits is 0.0.
        let value = if size == 0 { Some(0.0) } else { binary::read_float(bytes(at), position, size, flags) };
        let Some(value) = value else { return fail(s) };
        set_position(at, position + size);
        let value = s.heap().float(value);
        s.set(slot_c(w), value.word());
        Control::Next
    }
}

// --- bitstrings

/// So many bits as a bitstring: context a, size b, destination c.
#[inline(always)]
pub unsafe fn get_binary(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let (position, end) = bounds(at);
        let Some(size) = field_bits_fast(m, w) else { return Step::Slow(get_binary_slow) };
        if size > end - position {
            let failed = m.ext(1) as i32;
            return m.jump(failed as isize);
        }
        if !m.has_room(SLICE_WORDS) {
            let live = (m.ext(1) >> 32) as usize;
            return m.collect(SLICE_WORDS, live);
        }
        let Some(value) = extract_fast(m, *at.add(1), position, size) else { return Step::Slow(get_binary_slow) };
        set_position(at, position + size);
        m.set::<0>(slot_c(w), value);
    }
    Step::Next
}

unsafe fn get_binary_slow(s: &mut Scheduler) -> Control {
    // SAFETY: see the top of the file.
    unsafe {
        let w = s.word();
        let at = context(s.get(slot_a(w)));
        let (position, end) = bounds(at);
        let Some(size) = field_bits(s, w).filter(|size| *size <= end - position) else { return fail(s) };
        if !s.has_room(SLICE_WORDS) {
            let live = live(s);
            return s.collect(SLICE_WORDS, live);
        }
        let value = extract(&mut s.heap(), *at.add(1), position, size);
        set_position(at, position + size);
        s.set(slot_c(w), value.word());
        Control::Next
    }
}

/// All that remains, in units of ext 2: context a, destination b.
pub unsafe fn get_binary_all(s: &mut Scheduler) -> Control {
    // SAFETY: see the top of the file.
    unsafe {
        let w = s.word();
        let at = context(s.get(slot_a(w)));
        let (position, end) = bounds(at);
        if !(end - position).is_multiple_of((s.ext(2) as usize).max(1)) {
            return fail(s);
        }
        if !s.has_room(SLICE_WORDS) {
            let live = live(s);
            return s.collect(SLICE_WORDS, live);
        }
        let value = extract(&mut s.heap(), *at.add(1), position, end - position);
        set_position(at, end);
        s.set(slot_b(w), value.word());
        Control::Next
    }
}

/// All that remains, context a to slot b, live in c; the position stays.
#[inline(always)]
pub unsafe fn get_tail(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file; room is checked before the words are written.
    unsafe {
        if !m.has_room(SLICE_WORDS) {
            return m.collect(SLICE_WORDS, slot_c(w));
        }
        let at = context(m.get::<0>(slot_a(w)));
        let (position, end) = bounds(at);
        let Some(tail) = extract_fast(m, *at.add(1), position, end - position) else { return Step::Slow(get_tail_slow) };
        m.set::<0>(slot_b(w), tail);
    }
    Step::Next
}

unsafe fn get_tail_slow(s: &mut Scheduler) -> Control {
    // SAFETY: see the top of the file.
    unsafe {
        let w = s.word();
        let at = context(s.get(slot_a(w)));
        let (position, end) = bounds(at);
        let value = extract(&mut s.heap(), *at.add(1), position, end - position);
        s.set(slot_b(w), value.word());
        Control::Next
    }
}

// --- skips and tests

/// Skips b bits.
#[inline(always)]
pub unsafe fn skip(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let bits = word::small(slot_b(w) as i64);
        let (position, end) = (*at.add(2), *at.add(3));
        if end - position < bits {
            return m.jump(jump_c(w));
        }
        *at.add(2) = position + bits;
    }
    Step::Next
}

/// Skips the size in slot b (or ext 3) times the unit in ext 2.
#[inline(always)]
pub unsafe fn skip_bits(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let (position, end) = bounds(at);
        let Some(size) = field_bits_fast(m, w) else { return Step::Slow(skip_bits_slow) };
        if size > end - position {
            let failed = m.ext(1) as i32;
            return m.jump(failed as isize);
        }
        set_position(at, position + size);
    }
    Step::Next
}

unsafe fn skip_bits_slow(s: &mut Scheduler) -> Control {
    // SAFETY: see the top of the file.
    unsafe {
        let w = s.word();
        let at = context(s.get(slot_a(w)));
        let (position, end) = bounds(at);
        match field_bits(s, w) {
            Some(size) if size <= end - position => {
                set_position(at, position + size);
                Control::Next
            }
            _ => fail(s),
        }
    }
}

/// Skips all that remains, in units of ext 1.
#[inline(always)]
pub unsafe fn skip_all(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let (position, end) = bounds(at);
        if !(end - position).is_multiple_of((m.ext(1) as usize).max(1)) {
            return m.jump(jump_c(w));
        }
        set_position(at, end);
    }
    Step::Next
}

/// Exactly b bits remain.
#[inline(always)]
pub unsafe fn test_tail(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        if *at.add(3) - *at.add(2) == word::small(slot_b(w) as i64) { Step::Next } else { m.jump(jump_c(w)) }
    }
}

/// Exactly as many bits as ext 1 says remain.
#[inline(always)]
pub unsafe fn test_tail_far(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let (position, end) = bounds(at);
        if (end - position) as u64 == m.ext(1) { Step::Next } else { m.jump(jump_c(w)) }
    }
}

/// At least the bits of ext 1 remain, and those behind them divide by b.
#[inline(always)]
pub unsafe fn ensure(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let (position, end) = bounds(at);
        let left = (end - position) as u64;
        let (bits, unit) = (m.ext(1), slot_b(w) as u64);
        let holds = left >= bits
            && match unit {
                1 => true,
                8 => (left - bits) & 7 == 0,
                _ => (left - bits).is_multiple_of(unit.max(1)),
            };
        if holds { Step::Next } else { m.jump(jump_c(w)) }
    }
}

/// The next b bits (at most 64) have the value in ext 1.
#[inline(always)]
pub unsafe fn match_bits(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let (position, end) = bounds(at);
        let size = slot_b(w);
        if end - position < size || binary::read_bits(bytes(at), position, size) != m.ext(1) {
            return m.jump(jump_c(w));
        }
        set_position(at, position + size);
    }
    Step::Next
}

/// The next bits are those of the string that follows ext 1, whose high half has their count.
#[inline(always)]
pub unsafe fn match_string(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file; the emitter wrote the string.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let sizes = m.ext(1);
        let size = (sizes >> 32) as usize;
        let (position, end) = bounds(at);
        let failed = sizes as i32 as isize;
        if end - position < size {
            return m.jump(failed);
        }
        if !(position | size).is_multiple_of(8) {
            return Step::Slow(match_string_slow);
        }
        let found = data(*at.add(1)).add(position / 8);
        let wanted = m.pc.add(2).cast::<u8>();
        for index in 0..size / 8 {
            if *found.add(index) != *wanted.add(index) {
                return m.jump(failed);
            }
        }
        set_position(at, position + size);
        m.jump((2 + size.div_ceil(64)) as isize)
    }
}

unsafe fn match_string_slow(s: &mut Scheduler) -> Control {
    // SAFETY: as `match_string`, which saw that the bits are there.
    unsafe {
        let at = context(s.get(slot_a(s.word())));
        let size = (s.ext(1) >> 32) as usize;
        let (position, _) = bounds(at);
        let wanted = core::slice::from_raw_parts(s.pc.add(2).cast::<u8>(), size.div_ceil(8));
        if !binary::equal_bits(bytes(at), position, wanted, size) {
            return fail(s);
        }
        set_position(at, position + size);
        s.jump((2 + size.div_ceil(64)) as isize)
    }
}

// --- characters

/// A UTF-8 character, slot a to slot b.
#[inline(always)]
pub unsafe fn get_utf8(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(m.get::<0>(slot_a(w)));
        let (position, end) = (*at.add(2), *at.add(3));
        if end - position < word::small(8) {
            return m.jump(jump_c(w));
        }
        if position & word::small(7) == 0 {
            let first = *data(*at.add(1)).add((position >> 6) as usize);
            if first < 0x80 {
                *at.add(2) = position + word::small(8);
                m.set::<0>(slot_b(w), word::small(i64::from(first)));
                return Step::Next;
            }
        }
        Step::Slow(get_utf8_slow)
    }
}

/// Takes a character that was read, or jumps by slot c.
unsafe fn take_character(s: &mut Scheduler, at: *mut u64, found: Option<(u32, usize)>) -> Control {
    // SAFETY: see the top of the file.
    unsafe {
        let w = s.word();
        let Some((value, size)) = found else { return s.jump(jump_c(w)) };
        let (position, _) = bounds(at);
        set_position(at, position + size);
        s.set(slot_b(w), word::small(i64::from(value)));
        Control::Next
    }
}

unsafe fn get_utf8_slow(s: &mut Scheduler) -> Control {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(s.get(slot_a(s.word())));
        let (position, end) = bounds(at);
        let found = binary::read_utf8(bytes(at), position, end);
        take_character(s, at, found)
    }
}

/// A UTF-16 character, slot a to slot b; ext 1: flags.
pub unsafe fn get_utf16(s: &mut Scheduler) -> Control {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(s.get(slot_a(s.word())));
        let (position, end) = bounds(at);
        let found = binary::read_utf16(bytes(at), position, end, Flags(s.ext(1) as u8));
        take_character(s, at, found)
    }
}

/// A UTF-32 character, slot a to slot b; ext 1: flags.
pub unsafe fn get_utf32(s: &mut Scheduler) -> Control {
    // SAFETY: see the top of the file.
    unsafe {
        let at = context(s.get(slot_a(s.word())));
        let (position, end) = bounds(at);
        let found = binary::read_utf32(bytes(at), position, end, Flags(s.ext(1) as u8));
        take_character(s, at, found)
    }
}
