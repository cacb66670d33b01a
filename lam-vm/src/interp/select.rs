//! Jumps by value.
//!
//! ```text
//! [op | a: slot | bc: fail offset] [count] [value 0] … [value count-1] [offsets, two i32 a word]
//! ```
//! Offsets count words from the instruction. Values are in rising order of their words (as signed numbers).

use super::{Machine, Step, jump_bc, slot_a};
use crate::term::word;

#[inline(always)]
unsafe fn offset_at(table: *const u64, index: usize) -> isize {
    // SAFETY: the emitter wrote one offset for each value.
    unsafe { *table.cast::<i32>().add(index) as isize }
}

/// Immediate values, by halving.
#[inline(always)]
pub unsafe fn select_val(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the slot is checked by the loader; the emitter wrote the table.
    unsafe {
        let value = m.get::<0>(slot_a(w));
        find(m, w, value)
    }
}

#[inline(always)]
unsafe fn find(m: &mut Machine, w: u64, value: u64) -> Step {
    // SAFETY: as `select_val`.
    unsafe {
        let count = m.ext(1) as usize;
        let values = m.pc.add(2);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = (low + high) / 2;
            let at = *values.add(middle);
            if at == value {
                let offset = offset_at(values.add(count), middle);
                return m.jump(offset);
            }
            if (at as i64) < value as i64 { low = middle + 1 } else { high = middle }
        }
        m.jump(jump_bc(w))
    }
}

/// Small integers in ranges, by halving: the offset of the last value of the table that is not above the one in slot a. The first
/// value is below all smalls.
#[inline(always)]
pub unsafe fn select_range(m: &mut Machine, w: u64) -> Step {
    // SAFETY: as `select_val`.
    unsafe {
        let value = m.get::<0>(slot_a(w));
        if !word::is_small(value) {
            return m.jump(jump_bc(w));
        }
        let count = m.ext(1) as usize;
        let values = m.pc.add(2);
        let (mut low, mut high) = (0, count);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if *values.add(middle) as i64 <= value as i64 { low = middle } else { high = middle }
        }
        let offset = offset_at(values.add(count), low);
        m.jump(offset)
    }
}

/// By the number of elements of the tuple in slot a (values are smalls); anything else fails.
#[inline(always)]
pub unsafe fn select_tuple_arity(m: &mut Machine, w: u64) -> Step {
    // SAFETY: as `select_val`.
    unsafe {
        let t = m.get::<0>(slot_a(w));
        if word::is_boxed(t) {
            let header = *(word::boxed_address(t) as *const u64);
            if word::header_kind(header) == word::kind::TUPLE {
                return find(m, w, word::small(word::header_words(header) as i64));
            }
        }
        m.jump(jump_bc(w))
    }
}

/// Small integers without gaps: `[op] [first value] [count] [offsets]`.
#[inline(always)]
pub unsafe fn jump_on_value(m: &mut Machine, w: u64) -> Step {
    // SAFETY: as `select_val`.
    unsafe {
        let value = m.get::<0>(slot_a(w));
        let index = value.wrapping_sub(m.ext(1)) >> 3;
        if word::is_small(value) && index < m.ext(2) {
            let offset = offset_at(m.pc.add(3), index as usize);
            return m.jump(offset);
        }
        m.jump(jump_bc(w))
    }
}
