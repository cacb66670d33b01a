//! Arithmetic on float registers. Slots a, b, c are register numbers; a result that is not finite raises `badarith`.

use super::{Control, Machine, Scheduler, Step, raise, slot_a, slot_b, slot_c};
use crate::atom::am;
use crate::term::Term;
use crate::term::word::{self, kind};

unsafe fn badarith(s: &mut Scheduler) -> Control {
    // SAFETY: at an instruction.
    unsafe { raise::error(s, Term::atom(am::BADARITH)) }
}

macro_rules! operations {
    ($($name:ident $op:tt;)*) => {$(
        #[inline(always)]
        pub unsafe fn $name(m: &mut Machine, w: u64) -> Step {
            // SAFETY: register numbers are checked by the loader.
            unsafe {
                let result = (*m.s).f[slot_a(w)] $op (*m.s).f[slot_b(w)];
                if !result.is_finite() {
                    return Step::Slow(badarith);
                }
                (*m.s).f[slot_c(w)] = result;
            }
            Step::Next
        }
    )*};
}

operations! {
    fadd +;
    fsub -;
    fmul *;
    fdiv /;
}

/// a negated to b.
#[inline(always)]
pub unsafe fn fnegate(m: &mut Machine, w: u64) -> Step {
    // SAFETY: register numbers are checked by the loader.
    unsafe { (*m.s).f[slot_b(w)] = -(*m.s).f[slot_a(w)] };
    Step::Next
}

/// The float term in slot a to register b.
#[inline(always)]
pub unsafe fn load(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the loader proved a float; a boxed one has its bits behind the header.
    unsafe {
        let t = m.get::<0>(slot_a(w));
        let value = if word::is_carried_float(t) {
            word::carried_float(t)
        } else if word::is_boxed(t) && word::header_kind(*(word::boxed_address(t) as *const u64)) == kind::FLOAT {
            f64::from_bits(*(word::boxed_address(t) as *const u64).add(1))
        } else {
            return Step::Slow(badarith);
        };
        (*m.s).f[slot_b(w)] = value;
    }
    Step::Next
}

/// Register a as a term to slot b; live X in c, should it need a box and find no room.
#[inline(always)]
pub unsafe fn store(m: &mut Machine, w: u64) -> Step {
    // SAFETY: room for a box is checked.
    unsafe {
        let value = (*m.s).f[slot_a(w)];
        if word::CARRY_FLOATS
            && let Some(carried) = word::carry_float(value)
        {
            m.set::<0>(slot_b(w), carried);
            return Step::Next;
        }
        // The compiler counted this box in the heap need before, so the reserve is untouched.
        *m.h = word::header(kind::FLOAT, 1);
        *m.h.add(1) = value.to_bits();
        let boxed = word::boxed_at(m.h as usize);
        m.h = m.h.add(2);
        m.set::<0>(slot_b(w), boxed);
    }
    Step::Next
}

pub unsafe fn store_checked(s: &mut Scheduler) -> Control {
    // SAFETY: the slot is checked by the loader.
    unsafe {
        let w = s.word();
        let value = s.f[slot_a(w)];
        if !value.is_finite() {
            return badarith(s);
        }
        let float = s.heap().float(value);
        s.set(slot_b(w), float.word());
        Control::Next
    }
}

/// A number in slot a, converted, to register b.
#[inline(always)]
pub unsafe fn convert(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let t = m.get::<0>(slot_a(w));
        if word::is_small(t) {
            (*m.s).f[slot_b(w)] = word::small_value(t) as f64;
            return Step::Next;
        }
        if word::is_carried_float(t) {
            (*m.s).f[slot_b(w)] = word::carried_float(t);
            return Step::Next;
        }
    }
    Step::Slow(convert_slow)
}

unsafe fn convert_slow(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        match crate::heap::arith::Number::of(s.term(slot_a(w))).and_then(crate::heap::arith::Number::to_f64) {
            Some(value) => {
                s.f[slot_b(w)] = value;
                Control::Next
            }
            None => badarith(s),
        }
    }
}
