//! A byte at the start of a match, and loops over bytes that pass some by.
//!
//! The loader gives a `bs_start_match` one of these numbers where instructions that read a byte follow it
//! (`loader/specialise/bytes.rs`). Those are there still: where a fast way does not apply, the body is that of `bs_start_match`, and
//! they read the byte.

use super::bs_build::appendable;
use super::bs_match::{context, data, start_match};
use super::{Machine, Step, X, exit_yield, slot_a, slot_b, slot_c};
use crate::isa::bytes::{MAP_DROPS, MAP_STOPS, MAP_WORDS, MapForm};
use crate::term::word::{self, kind};

/// Words of a sub-bitstring.
const RESULT_WORDS: usize = 4;

/// What `start_byte` and `skip_bytes` may go on with: a match context whose position is at a byte's start and, if asked for, whose
/// bytes are whole.
#[inline(always)]
unsafe fn context_at_byte(source: u64, whole: bool) -> Option<*mut u64> {
    if !word::is_boxed(source) {
        return None;
    }
    let at = context(source);
    // SAFETY: a box has a header; a context's three words follow it.
    unsafe {
        if *at != word::header(kind::MATCHCTX, 3) {
            return None;
        }
        let (position, end) = (*at.add(2), *at.add(3));
        let odd = if whole { position | end } else { position };
        (odd & word::small(7) == 0).then_some(at)
    }
}

/// What the instructions do that read a byte behind a `bs_start_match` of so many words: a `bs_get_position` if there is one, a
/// `bs_get_integer_8` and perhaps a test, `read` words. Context to slot b, byte to slot c.
#[inline(always)]
unsafe fn take_byte(
    m: &mut Machine,
    w: u64,
    at: *mut u64,
    position: u64,
    byte: u8,
    [words, read]: [usize; 2],
    gets_position: bool,
) -> Step {
    // SAFETY: the caller has the context and saw that the byte is there; the emitter wrote the instructions behind.
    unsafe {
        *at.add(2) = position + word::small(8);
        m.set::<X>(slot_b(w), word::boxed_at(at as usize));
        if gets_position {
            let get_position = m.ext(words);
            m.set::<X>(slot_b(get_position), position);
        }
        m.set::<X>(slot_c(w), word::small(i64::from(byte)));
        m.jump((words + usize::from(gets_position) + read) as isize)
    }
}

/// `start_match` of a context in an X register and the byte behind its position. Where there is no such byte it does what `start_match`
/// does, and the instructions that follow read it.
#[inline(always)]
pub unsafe fn start_byte<const READ: usize, const AT: bool>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file; the slots are X registers.
    unsafe {
        let source = m.get::<X>(slot_a(w));
        if let Some(at) = context_at_byte(source, READ > 1) {
            let position = *at.add(2);
            if *at.add(3) - position >= word::small(8) {
                let byte = *data(*at.add(1)).add((position >> 6) as usize);
                return take_byte(m, w, at, position, byte, [2, READ], AT);
            }
        }
        start_match(m, w)
    }
}

/// As `start_byte` at a function's entry. Each byte in the set of ext 2 to 5 would be read, tested, and lead to a tail call of the
/// function itself with the same arguments: those are passed by, a reduction each.
#[inline(always)]
pub unsafe fn skip_bytes<const READ: usize, const AT: bool>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file; the slots are X registers, and there are as many bytes as eights of bits are left.
    unsafe {
        let source = m.get::<X>(slot_a(w));
        if let Some(at) = context_at_byte(source, true) {
            let (position, end) = (*at.add(2), *at.add(3));
            let bytes = data(*at.add(1)).add((position >> 6) as usize);
            let set = m.pc.add(2);
            let limit = ((end - position) >> 6).min(m.r.max(0) as u64) as usize;
            let mut count = 0;
            while count < limit {
                let byte = *bytes.add(count);
                if *set.add(usize::from(byte >> 6)) >> (byte & 63) & 1 == 0 {
                    m.r -= count as i64;
                    return take_byte(m, w, at, position + word::small(8 * count as i64), byte, [6, READ], AT);
                }
                count += 1;
            }
            m.r -= count as i64;
            *at.add(2) = position + word::small(8 * count as i64);
            if m.r <= 0 {
                // As at any call: the word before an entry is the function's arity.
                (*m.s).live = *m.pc.sub(1) as usize;
                return Step::Slow(exit_yield);
            }
        }
        start_match(m, w)
    }
}

/// As `skip_bytes`, where a byte may also add one to the end of the bitstring in the X register of ext 2. Each would be read, tested,
/// and lead to a tail call of the function itself with that argument appended to: this does so for as many as there are reductions and
/// the buffer has room.
#[inline(always)]
pub unsafe fn map_bytes(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the top of the file; the slots are X registers. There are as many bytes as eights of bits are left, and room for as
    // many as the capacity says; the bytes behind the used mark are the sole holder's to write before it moves the mark over them.
    unsafe {
        let Some(at) = context_at_byte(m.get::<X>(slot_a(w)), true) else { return start_match(m, w) };
        let (position, end) = (*at.add(2), *at.add(3));
        let bytes = data(*at.add(1)).add((position >> 6) as usize);
        let left = ((end - position) >> 6) as usize;
        let mut count = 0;
        let how = MapForm::from_word(m.ext(2));
        let result = usize::from(how.slot);
        if let Some(target) = appendable(m.get::<X>(result))
            && m.has_room(RESULT_WORDS)
        {
            let from = target.offset + target.used;
            let free = target.buffer.used_bits() == from && (target.offset | target.used) % 8 == 0;
            let room = if free { target.buffer.capacity() - from / 8 } else { 0 };
            let to = target.buffer.data().add(from / 8);
            let table = m.pc.add(3).cast::<u16>();
            let limit = left.min(m.r.max(0) as usize);
            let mut added = 0;
            while count < limit && added < room {
                let does = *table.add(usize::from(*bytes.add(count)));
                if does & MAP_STOPS != 0 {
                    break;
                }
                // What is dropped is written over.
                *to.add(added) = does as u8;
                added += usize::from(does & MAP_DROPS == 0);
                count += 1;
            }
            if added > 0 {
                let claimed = target.buffer.claim(from, from + 8 * added);
                debug_assert!(claimed, "the sole holder saw the used mark");
                let grown = target.grown(m, 8 * added);
                m.set::<X>(result, grown);
            }
            m.r -= count as i64;
            *at.add(2) = position + word::small(8 * count as i64);
            if m.r <= 0 {
                // As at any call: the word before an entry is the function's arity.
                (*m.s).live = *m.pc.sub(1) as usize;
                return Step::Slow(exit_yield);
            }
        }
        if count < left {
            return take_byte(m, w, at, *at.add(2), *bytes.add(count), [MAP_WORDS, how.read], how.gets_position);
        }
        start_match(m, w)
    }
}
