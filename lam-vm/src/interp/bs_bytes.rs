//! A byte at the start of a match, and loops over bytes that pass some by.
//!
//! The loader gives a `bs_start_match` one of these numbers where instructions that read a byte follow it
//! (`loader/specialise/bytes.rs`). Those are there still: where a fast way does not apply, the body is that of `bs_start_match`, and
//! they read the byte.

use super::bs_match::{context, data, start_match};
use super::{Machine, Step, X, exit_yield, slot_a, slot_b, slot_c};
use crate::term::word::{self, kind};

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

/// What the instructions do that read a byte behind a `bs_start_match` of LENGTH words: a `bs_get_position` if AT, a `bs_get_integer_8`
/// and perhaps a test, READ words. Context to slot b, byte to slot c.
#[inline(always)]
unsafe fn take_byte<const LENGTH: usize, const READ: usize, const AT: bool>(
    m: &mut Machine,
    w: u64,
    at: *mut u64,
    position: u64,
    byte: u8,
) -> Step {
    // SAFETY: the caller has the context and saw that the byte is there; the emitter wrote the instructions behind.
    unsafe {
        *at.add(2) = position + word::small(8);
        m.set::<X>(slot_b(w), word::boxed_at(at as usize));
        if AT {
            let get_position = m.ext(LENGTH);
            m.set::<X>(slot_b(get_position), position);
        }
        m.set::<X>(slot_c(w), word::small(i64::from(byte)));
        m.jump((LENGTH + usize::from(AT) + READ) as isize)
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
                return take_byte::<2, READ, AT>(m, w, at, position, byte);
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
                    return take_byte::<6, READ, AT>(m, w, at, position + word::small(8 * count as i64), byte);
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
