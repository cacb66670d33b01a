//! Tests of types and comparisons: each goes on, or jumps by slot c (words from this instruction).

use super::{Control, Machine, Scheduler, Step, jump_c, slot_a, slot_b};
use crate::term::compare;
use crate::term::word::{self, kind};

#[inline(always)]
fn branch(m: &mut Machine, w: u64, holds: bool) -> Step {
    if holds { Step::Next } else { m.jump(jump_c(w)) }
}

/// The header of a boxed word, `NONV` for others.
#[inline(always)]
unsafe fn header(word: u64) -> u64 {
    if word::is_boxed(word) {
        // SAFETY: a boxed term points to its header.
        unsafe { *(word::boxed_address(word) as *const u64) }
    } else {
        word::NONV
    }
}

#[inline(always)]
unsafe fn kind_of(word: u64) -> u64 {
    // SAFETY: as `header`.
    unsafe { word::header_kind(header(word)) }
}

/// Tests of one word: the body of `is_*` on slot a.
macro_rules! type_tests {
    ($($(#[$doc:meta])* $name:ident($word:ident) = $holds:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub unsafe fn $name<const K: u8>(m: &mut Machine, w: u64) -> Step {
            // SAFETY: the slot is checked by the loader and holds a valid term.
            unsafe {
                let $word = m.get::<K>(slot_a(w));
                branch(m, w, $holds)
            }
        }
    )*};
}

type_tests! {
    is_nonempty_list(t) = word::is_cons(t);
    is_nil(t) = t == word::NIL;
    is_list(t) = word::is_cons(t) || t == word::NIL;
    is_atom(t) = word::is_atom(t);
    is_boolean(t) = t == crate::atom::am::TRUE.word() || t == crate::atom::am::FALSE.word();
    is_integer(t) = word::is_small(t) || matches!(kind_of(t), kind::BIGPOS | kind::BIGNEG);
    is_float(t) = word::is_carried_float(t) || kind_of(t) == kind::FLOAT;
    is_number(t) = t & 2 == 0 || matches!(kind_of(t), kind::BIGPOS | kind::BIGNEG | kind::FLOAT);
    is_tuple(t) = kind_of(t) == kind::TUPLE;
    is_any_native_record(t) = kind_of(t) == kind::RECORD;
    is_map(t) = matches!(kind_of(t), kind::FLATMAP | kind::HASHMAP);
    is_pid(t) = word::is_local_pid(t) || kind_of(t) == kind::EXTPID;
    is_port(t) = word::is_local_port(t) || kind_of(t) == kind::EXTPORT;
    is_reference(t) = matches!(kind_of(t), kind::REF | kind::EXTREF | kind::RESOURCE);
    is_function(t) = matches!(kind_of(t), kind::FUN | kind::EXPORT);
    is_bitstring(t) = matches!(kind_of(t), kind::HEAPBITS | kind::REFCBITS | kind::SUBBITS | kind::MATCHCTX);
    is_binary(t) = is_binary_word(t);
}

/// A bitstring of whole bytes.
unsafe fn is_binary_word(t: u64) -> bool {
    // SAFETY: `kind_of` shows which words follow.
    unsafe {
        let at = word::boxed_address(t) as *const u64;
        match kind_of(t) {
            kind::HEAPBITS => (*at.add(1)).is_multiple_of(8),
            kind::REFCBITS => (*at.add(3)).is_multiple_of(8),
            kind::SUBBITS => word::small_value(*at.add(3)) % 8 == 0,
            kind::MATCHCTX => (word::small_value(*at.add(3)) - word::small_value(*at.add(2))) % 8 == 0,
            _ => false,
        }
    }
}

/// Slot a, a tuple, has b elements.
#[inline(always)]
pub unsafe fn test_arity(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the slot is checked by the loader.
    unsafe {
        let holds = header(m.get::<0>(slot_a(w))) == word::header(kind::TUPLE, slot_b(w));
        branch(m, w, holds)
    }
}

/// Slot a is a tuple of b elements whose first is the atom in ext 1.
#[inline(always)]
pub unsafe fn is_tagged_tuple(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the slot is checked by the loader; b is at least 1.
    unsafe {
        let t = m.get::<0>(slot_a(w));
        let holds =
            header(t) == word::header(kind::TUPLE, slot_b(w)) && *(word::boxed_address(t) as *const u64).add(1) == m.ext(1);
        branch(m, w, holds)
    }
}

/// Same immediate: slot a against the constant in ext 1.
#[inline(always)]
pub unsafe fn is_immediate<const K: u8>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the slot is checked by the loader.
    unsafe {
        let holds = m.get::<K>(slot_a(w)) == m.ext(1);
        branch(m, w, holds)
    }
}
#[inline(always)]
pub unsafe fn is_not_immediate<const K: u8>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the slot is checked by the loader.
    unsafe {
        let holds = m.get::<K>(slot_a(w)) != m.ext(1);
        branch(m, w, holds)
    }
}

/// Immediates that are equal only when they are the same word (all but carried floats, whose two zeros may be equal).
#[inline(always)]
fn differs_by_word(a: u64, b: u64) -> bool {
    !word::is_pointer(a) && !word::is_pointer(b) && !word::is_carried_float(a)
}

#[inline(always)]
pub unsafe fn is_eq_exact(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let (a, b) = (m.get::<0>(slot_a(w)), m.get::<0>(slot_b(w)));
        if a == b {
            return Step::Next;
        }
        if differs_by_word(a, b) {
            return m.jump(jump_c(w));
        }
    }
    Step::Slow(is_eq_exact_slow)
}
#[inline(always)]
pub unsafe fn is_ne_exact(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let (a, b) = (m.get::<0>(slot_a(w)), m.get::<0>(slot_b(w)));
        if a == b {
            return m.jump(jump_c(w));
        }
        if differs_by_word(a, b) {
            return Step::Next;
        }
    }
    Step::Slow(is_ne_exact_slow)
}

/// The comparisons that go by the order of terms: fast between smalls.
macro_rules! order_tests {
    ($($name:ident $slow:ident $op:tt $ordering:pat,)*) => {$(
        #[inline(always)]
        pub unsafe fn $name(m: &mut Machine, w: u64) -> Step {
            // SAFETY: slots are checked by the loader.
            unsafe {
                let (a, b) = (m.get::<0>(slot_a(w)), m.get::<0>(slot_b(w)));
                if word::both_small(a, b) {
                    return branch(m, w, (a as i64) $op (b as i64));
                }
            }
            Step::Slow($slow)
        }
        unsafe fn $slow(s: &mut Scheduler) -> Control {
            // SAFETY: slots are checked by the loader.
            unsafe {
                let w = s.word();
                let ordering = compare::compare(s.term(slot_a(w)), s.term(slot_b(w)));
                slow_branch(s, w, matches!(ordering, $ordering))
            }
        }
    )*};
}

use core::cmp::Ordering::{Equal, Greater, Less};

order_tests! {
    is_lt is_lt_slow < Less,
    is_ge is_ge_slow >= Greater | Equal,
    is_eq is_eq_slow == Equal,
    is_ne is_ne_slow != Less | Greater,
}

/// Slot a against the small constant in ext 1: `a < constant`, and so on.
macro_rules! order_tests_with_constant {
    ($($name:ident $slow:ident $op:tt $ordering:pat,)*) => {$(
        #[inline(always)]
        pub unsafe fn $name(m: &mut Machine, w: u64) -> Step {
            // SAFETY: the slot is checked by the loader; the constant is a small.
            unsafe {
                let (a, b) = (m.get::<0>(slot_a(w)), m.ext(1));
                if word::is_small(a) {
                    return branch(m, w, (a as i64) $op (b as i64));
                }
            }
            Step::Slow($slow)
        }
        unsafe fn $slow(s: &mut Scheduler) -> Control {
            // SAFETY: as above.
            unsafe {
                let w = s.word();
                let constant = crate::term::Term::from_word(s.ext(1));
                let ordering = compare::compare(s.term(slot_a(w)), constant);
                slow_branch(s, w, matches!(ordering, $ordering))
            }
        }
    )*};
}

order_tests_with_constant! {
    is_lt_constant is_lt_constant_slow < Less,
    is_ge_constant is_ge_constant_slow >= Greater | Equal,
    is_gt_constant is_gt_constant_slow > Greater,
    is_le_constant is_le_constant_slow <= Less | Equal,
}

fn slow_branch(s: &mut Scheduler, w: u64, holds: bool) -> Control {
    if holds { Control::Next } else { s.jump(jump_c(w)) }
}

unsafe fn is_eq_exact_slow(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let equal = compare::exact_eq(s.term(slot_a(w)), s.term(slot_b(w)));
        slow_branch(s, w, equal)
    }
}
unsafe fn is_ne_exact_slow(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let equal = compare::exact_eq(s.term(slot_a(w)), s.term(slot_b(w)));
        slow_branch(s, w, !equal)
    }
}
