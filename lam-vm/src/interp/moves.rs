//! Moving words between registers, and the stack frame.

use super::{Machine, Step, jump_bc, packed_slot, slot_a, slot_b};
use crate::term::word;

/// `a` := slot.
#[inline(always)]
pub unsafe fn move_<const S: u8, const D: u8>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let value = m.get::<S>(slot_a(w));
        m.set::<D>(slot_b(w), value);
    }
    Step::Next
}

/// The extension word goes to slot a.
#[inline(always)]
pub unsafe fn move_constant<const D: u8>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader; the emitter wrote the word.
    unsafe {
        let value = m.ext(1);
        m.set::<D>(slot_a(w), value);
    }
    Step::Next
}

/// A small constant of 32 bits, sign-extended.
#[inline(always)]
pub unsafe fn move_small<const D: u8>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader.
    unsafe { m.set::<D>(slot_a(w), word::small(jump_bc(w) as i64)) };
    Step::Next
}

#[inline(always)]
pub unsafe fn swap(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let a = m.get::<0>(slot_a(w));
        let b = m.get::<0>(slot_b(w));
        m.set::<0>(slot_a(w), b);
        m.set::<0>(slot_b(w), a);
    }
    Step::Next
}

/// `[]` into Y registers: count in a, packed slots follow.
#[inline(always)]
pub unsafe fn init_yregs(m: &mut Machine, w: u64) -> Step {
    let count = slot_a(w);
    // SAFETY: the emitter packed `count` slots.
    unsafe {
        for index in 0..count {
            let slot = packed_slot(m.pc.add(1), index);
            m.set::<0>(slot, word::NIL);
        }
    }
    m.jump(1 + count.div_ceil(4) as isize)
}

/// Frame of a bytes, `b` words of heap needed besides, live X in c.
#[inline(always)]
pub unsafe fn allocate(m: &mut Machine, w: u64) -> Step {
    let bytes = slot_a(w);
    let need = slot_b(w);
    // SAFETY: room for frame and heap need is checked; the loader sees that Y registers are written before they are read.
    unsafe {
        if !m.has_room(bytes / 8 + need) {
            return m.collect(bytes / 8 + need, super::slot_c(w));
        }
        m.e = m.e.byte_sub(bytes);
    }
    Step::Next
}

/// As `allocate`, and the collector may look at the frame before all of it is written.
#[inline(always)]
pub unsafe fn allocate_zero(m: &mut Machine, w: u64) -> Step {
    let bytes = slot_a(w);
    // SAFETY: as `allocate`; the frame is filled with terms.
    unsafe {
        let step = allocate(m, w);
        if matches!(step, Step::Next) {
            for index in 0..bytes / 8 {
                *m.e.add(index) = word::NIL;
            }
        }
        step
    }
}

/// Heap of a words besides the reserve; live X in b.
#[inline(always)]
pub unsafe fn test_heap(m: &mut Machine, w: u64) -> Step {
    let need = slot_a(w);
    if m.has_room(need) {
        return Step::Next;
    }
    // SAFETY: the scheduler runs.
    unsafe { m.collect(need, slot_b(w)) }
}

/// As `test_heap`, for needs beyond 16 bits: words in ext 1.
#[inline(always)]
pub unsafe fn test_heap_far(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the emitter wrote the word.
    unsafe {
        let need = m.ext(1) as usize;
        if m.has_room(need) { Step::Next } else { m.collect(need, slot_b(w)) }
    }
}

/// Drops a bytes of the frame (`deallocate`, `trim`).
#[inline(always)]
pub unsafe fn deallocate(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the loader checked the frame size.
    m.e = unsafe { m.e.byte_add(slot_a(w)) };
    Step::Next
}

#[inline(always)]
pub unsafe fn jump(m: &mut Machine, w: u64) -> Step {
    m.jump(jump_bc(w))
}
