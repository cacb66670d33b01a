//! Integer arithmetic. Fast between smalls, on the tagged words; all else by `heap::arith`.
//!
//! ext 1: fail offset in the low half (0: raise), live X registers above.

use super::{Control, Machine, Scheduler, Step, bif, slot_a, slot_b, slot_c};
use crate::atom::am;
use crate::heap::{Heap, arith};
use crate::term::Term;
use crate::term::word;

/// What `heap::arith` has for each operator.
type Operation = for<'c> fn(&mut Heap<'c>, Term<'c>, Term<'c>) -> Result<Term<'c>, arith::ArithError>;

macro_rules! operators {
    ($($name:ident $slow:ident $text:literal $operation:path, ($a:ident, $b:ident) => $fast:expr;)*) => {$(
        #[inline(always)]
        pub unsafe fn $name(m: &mut Machine, w: u64) -> Step {
            // SAFETY: slots are checked by the loader.
            unsafe {
                let ($a, $b) = (m.get::<0>(slot_a(w)), m.get::<0>(slot_b(w)));
                if word::both_small($a, $b) {
                    let result: Option<u64> = $fast;
                    if let Some(result) = result {
                        m.set::<0>(slot_c(w), result);
                        return Step::Next;
                    }
                }
            }
            Step::Slow($slow)
        }
        unsafe fn $slow(s: &mut Scheduler) -> Control {
            // SAFETY: slots are checked by the loader.
            unsafe {
                let w = s.word();
                let (a, b) = (s.term(slot_a(w)), s.term(slot_b(w)));
                finish(s, $text, $operation, a, b)
            }
        }
    )*};
}

operators! {
    add add_slow "+" arith::add, (a, b) => (a as i64).checked_add(b as i64).map(|sum| sum as u64);
    subtract subtract_slow "-" arith::sub, (a, b) => (a as i64).checked_sub(b as i64).map(|difference| difference as u64);
    multiply multiply_slow "*" arith::mul, (a, b) => (word::small_value(a)).checked_mul(b as i64).map(|product| product as u64);
    int_div int_div_slow "div" arith::int_div, (a, b) => match word::small_value(b) {
        0 | -1 => None,
        divisor => Some(word::small(word::small_value(a) / divisor)),
    };
    rem rem_slow "rem" arith::rem, (a, b) => match word::small_value(b) {
        0 | -1 => None,
        divisor => Some(word::small(word::small_value(a) % divisor)),
    };
    band band_slow "band" arith::band, (a, b) => Some(a & b);
    bor bor_slow "bor" arith::bor, (a, b) => Some(a | b);
    bxor bxor_slow "bxor" arith::bxor, (a, b) => Some(a ^ b);
    bsl bsl_slow "bsl" arith::bsl, (a, b) => match word::small_value(b) {
        shift @ 0..=59 => {
            let shifted = (a as i64) << shift;
            (shifted >> shift == a as i64).then_some(shifted as u64)
        }
        _ => None,
    };
    bsr bsr_slow "bsr" arith::bsr, (a, b) => match word::small_value(b) {
        shift @ 0..=63 => Some(((a as i64 >> shift) & !7) as u64),
        _ => None,
    };
}

macro_rules! with_constant {
    ($($name:ident $slow:ident $text:literal $operation:path, $checked:ident;)*) => {$(
        /// Slot a and the small in ext 2.
        #[inline(always)]
        pub unsafe fn $name(m: &mut Machine, w: u64) -> Step {
            // SAFETY: the slot is checked by the loader; the emitter wrote the constant.
            unsafe {
                let (a, b) = (m.get::<0>(slot_a(w)), m.ext(2));
                if word::is_small(a) && let Some(result) = (a as i64).$checked(b as i64) {
                    m.set::<0>(slot_c(w), result as u64);
                    return Step::Next;
                }
            }
            Step::Slow($slow)
        }
        unsafe fn $slow(s: &mut Scheduler) -> Control {
            // SAFETY: as above.
            unsafe {
                let w = s.word();
                let (a, b) = (s.term(slot_a(w)), Term::from_word(s.ext(2)));
                finish_with_constant(s, $text, $operation, a, b)
            }
        }
    )*};
}

with_constant! {
    add_constant add_constant_slow "+" arith::add, checked_add;
    subtract_constant subtract_constant_slow "-" arith::sub, checked_sub;
}

/// As `finish`, but up to OTP 25 a failure shows no frame of the operator. Slot b: 1 where the constant stood on the left, 2 where
/// there was one operand.
unsafe fn finish_with_constant(s: &mut Scheduler, name: &'static str, operation: Operation, a: Term<'_>, b: Term<'_>) -> Control {
    // SAFETY: as `finish`; the terms of `args` live within this instruction.
    unsafe {
        let fails_in_body = !(a.is_integer() || a.as_float().is_some()) && s.ext(1) as i32 == 0;
        if !fails_in_body {
            return finish(s, name, operation, a, b);
        }
        let badarith = Term::atom(am::BADARITH);
        let (a, b): (Term<'_>, Term<'_>) = (Term::from_word(a.word()), Term::from_word(b.word()));
        match slot_b(s.word()) {
            _ if crate::term::otp::release() < 26 => bif::fail_or_error(s, badarith),
            1 => bif::fail_or_raise(s, badarith, name, &[b, a]),
            2 => bif::fail_or_raise(s, badarith, name, &[a]),
            _ => bif::fail_or_raise(s, badarith, name, &[a, b]),
        }
    }
}

unsafe fn finish(s: &mut Scheduler, name: &'static str, operation: Operation, a: Term<'_>, b: Term<'_>) -> Control {
    // SAFETY: the terms live within this instruction; nothing collects before its end.
    unsafe {
        let mut heap = s.heap();
        let (a, b) = (Term::from_word(a.word()), Term::from_word(b.word()));
        match operation(&mut heap, a, b) {
            Ok(result) => {
                let dst = slot_c(s.word());
                s.set(dst, result.word());
                let length = usize::from(super::LENGTHS[s.word() as u16 as usize]);
                bif::after_allocation(s, length)
            }
            Err(error) => {
                let reason = Term::atom(match error {
                    arith::ArithError::Badarith => am::BADARITH,
                    arith::ArithError::SystemLimit => am::SYSTEM_LIMIT,
                });
                bif::fail_or_raise(s, reason, name, &[a, b])
            }
        }
    }
}
