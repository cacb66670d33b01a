//! Construction of bitstrings as OTP 22 to 24 compile it: `bs_init` or `bs_append`, then one `bs_put` for each segment.
//!
//! What lies between them stands in `Scheduler::building`, which is forgotten whenever the process leaves the interpreter, and each
//! put looks whether it fits.

use super::bs_build::{code_point, put_float, put_integer, utf8_bytes, utf16_bytes};
use super::bs_room::{APPEND_BYTES, MAX_BITS, RESULT_WORDS, UnderConstruction, append, new_bits};
use super::{Control, Scheduler, bif, raise, slot_a, slot_b, slot_c};
use crate::atom::{Atom, am};
use crate::binary::{Buffer, Building, Flags};
use crate::heap::HEAP_BITS_MAX_BYTES;
use crate::isa::segment::NO_SLOT;
use crate::term::word;
use crate::term::{Term, View};

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
