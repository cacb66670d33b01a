//! Building and taking apart lists and tuples.
//!
//! Long operand lists are slots packed four a word; bit 1 of a slot marks a constant, whose word lies `slot >> 3` words from the
//! start of the instruction.

use super::{Control, Machine, Scheduler, Step, packed_slot, slot_a, slot_b, slot_c};
use crate::term::Term;
use crate::term::word::{self, kind};

/// Operand `index` of the packed list at `slots`.
pub unsafe fn operand<'c>(s: &mut Scheduler, slots: *const u64, index: usize) -> Term<'c> {
    // SAFETY: the emitter packed the list and wrote the constants.
    unsafe {
        let slot = packed_slot(slots, index);
        if slot & 2 != 0 { Term::from_word(*s.pc.add(slot >> 3)) } else { s.term(slot) }
    }
}

#[inline(always)]
unsafe fn operand_fast(m: &Machine, slots: *const u64, index: usize) -> u64 {
    // SAFETY: as `operand`.
    unsafe {
        let slot = packed_slot(slots, index);
        if slot & 2 != 0 { *m.pc.add(slot >> 3) } else { m.get::<0>(slot) }
    }
}

/// `[a | b]` into c; room was tested before.
#[inline(always)]
pub unsafe fn put_list<const A: u8, const B: u8, const D: u8>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: `test_heap` or `allocate` made room, as the loader checked.
    unsafe {
        let head = m.get::<A>(slot_a(w));
        let tail = m.get::<B>(slot_b(w));
        *m.h = head;
        *m.h.add(1) = tail;
        let list = word::cons_at(m.h as usize);
        m.h = m.h.add(2);
        m.set::<D>(slot_c(w), list);
    }
    Step::Next
}

/// A tuple of b operands into slot a; c is the instruction's length; operands follow.
#[inline(always)]
pub unsafe fn put_tuple(m: &mut Machine, w: u64) -> Step {
    let arity = slot_b(w);
    // SAFETY: as `put_list`.
    unsafe {
        let slots = m.pc.add(1);
        let at = m.h;
        *at = word::header(kind::TUPLE, arity);
        for index in 0..arity {
            *at.add(1 + index) = operand_fast(m, slots, index);
        }
        m.h = at.add(1 + arity);
        m.set::<0>(slot_a(w), word::boxed_at(at as usize));
        m.jump(slot_c(w) as isize)
    }
}

pub unsafe fn put_list_checked(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let (head, tail) = (s.term(slot_a(w)), s.term(slot_b(w)));
        let list = s.heap().cons(head, tail);
        s.set(slot_c(w), list.word());
        Control::Next
    }
}

pub unsafe fn put_tuple_checked(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let slots = s.pc.add(1);
        let elements: Vec<Term<'_>> = (0..slot_b(w)).map(|index| operand(s, slots, index)).collect();
        let tuple = s.heap().tuple(&elements);
        s.set(slot_a(w), tuple.word());
        s.jump(slot_c(w) as isize)
    }
}

/// Head and tail of the cons in a go to b and c.
#[inline(always)]
pub unsafe fn get_list<const S: u8, const H: u8, const T: u8>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the loader proved a cons.
    unsafe {
        let cell = word::cons_address(m.get::<S>(slot_a(w))) as *const u64;
        let (head, tail) = (*cell, *cell.add(1));
        m.set::<H>(slot_b(w), head);
        m.set::<T>(slot_c(w), tail);
    }
    Step::Next
}

#[inline(always)]
pub unsafe fn get_hd<const S: u8, const D: u8>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the loader proved a cons.
    unsafe {
        let cell = word::cons_address(m.get::<S>(slot_a(w))) as *const u64;
        m.set::<D>(slot_b(w), *cell);
    }
    Step::Next
}

#[inline(always)]
pub unsafe fn get_tl<const S: u8, const D: u8>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the loader proved a cons.
    unsafe {
        let cell = word::cons_address(m.get::<S>(slot_a(w))) as *const u64;
        m.set::<D>(slot_b(w), *cell.add(1));
    }
    Step::Next
}

/// Element of the tuple in a at byte offset c from the word (10 + 8 i) to slot b.
#[inline(always)]
pub unsafe fn get_tuple_element<const S: u8, const D: u8>(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the loader proved a tuple with that element.
    unsafe {
        let tuple = m.get::<S>(slot_a(w));
        let value = *((tuple as usize).wrapping_add(slot_c(w)) as *const u64);
        m.set::<D>(slot_b(w), value);
    }
    Step::Next
}

/// As `get_tuple_element`, and the next element to the slot in ext 1.
#[inline(always)]
pub unsafe fn get_two_tuple_elements(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the loader proved a tuple with both elements.
    unsafe {
        let tuple = m.get::<0>(slot_a(w));
        let at = (tuple as usize).wrapping_add(slot_c(w)) as *const u64;
        let (first, second) = (*at, *at.add(1));
        let other = m.ext(1) as usize;
        m.set::<0>(slot_b(w), first);
        m.set::<0>(other, second);
    }
    Step::Next
}

/// Writes slot a into the fresh tuple in b at byte offset c.
#[inline(always)]
pub unsafe fn set_tuple_element(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the loader proved the tuple fresh since the last safe point, with that element.
    unsafe {
        let value = m.get::<0>(slot_a(w));
        let tuple = m.get::<0>(slot_b(w));
        *((tuple as usize).wrapping_add(slot_c(w)) as *mut u64) = value;
    }
    Step::Next
}

/// Checked twin: writes slot a into a copy of the tuple in b, which replaces it; element index in c; `badarg` when it is none.
pub unsafe fn set_tuple_element_checked(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let (value, tuple) = (s.term(slot_a(w)), s.term(slot_b(w)));
        match tuple.as_tuple() {
            Some(old) if slot_c(w) < old.elements.len() => {
                let mut elements = old.elements.to_vec();
                elements[slot_c(w)] = value;
                let copy = s.heap().tuple(&elements);
                s.set(slot_b(w), copy.word());
                Control::Next
            }
            _ => super::raise::error(s, Term::atom(crate::atom::am::BADARG)),
        }
    }
}

/// Checked twin of `get_list`, `get_hd`, `get_tl`: `badarg` when slot a is no cons. Head to b, tail to c; `NO_SLOT` for neither.
pub unsafe fn get_list_checked(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let Some(cell) = s.term(slot_a(w)).as_cons() else {
            return super::raise::error(s, Term::atom(crate::atom::am::BADARG));
        };
        if slot_b(w) != NO_SLOT {
            s.set(slot_b(w), cell.head.word());
        }
        if slot_c(w) != NO_SLOT {
            s.set(slot_c(w), cell.tail.word());
        }
        Control::Next
    }
}

/// Checked twin: element c (0-based) of the tuple in a to slot b; `badarg` when there is none.
pub unsafe fn get_tuple_element_checked(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let tuple = s.term(slot_a(w)).as_tuple();
        match tuple.and_then(|tuple| tuple.elements.get(slot_c(w)).copied()) {
            Some(value) => {
                s.set(slot_b(w), value.word());
                Control::Next
            }
            None => super::raise::error(s, Term::atom(crate::atom::am::BADARG)),
        }
    }
}

/// A slot operand that names no register.
pub const NO_SLOT: usize = 0xFFFF;

/// `update_record`: destination a, source b, length of the instruction c; ext 1 = size of the record, then count of updates
/// (bits 32..63); then, packed, pairs of 0-based index (times 8) and operand.
pub unsafe fn update_record(s: &mut Scheduler) -> Control {
    // SAFETY: the emitter wrote the pairs.
    unsafe {
        let w = s.word();
        let sizes = s.ext(1);
        let (size, count) = ((sizes & 0xFFFF_FFFF) as usize, (sizes >> 32) as usize);
        let source = s.term(slot_b(w));
        let Some(old) = source.as_tuple().filter(|tuple| tuple.elements.len() == size) else {
            let mut heap = s.heap();
            let reason = heap.tuple(&[Term::atom(crate::atom::am::BADRECORD), Term::from_word(source.word())]);
            return super::raise::error(s, reason);
        };
        let slots = s.pc.add(2);
        let mut elements = old.elements.to_vec();
        for pair in 0..count {
            let value = operand(s, slots, 2 * pair + 1);
            let Some(element) = elements.get_mut(packed_slot(slots, 2 * pair) >> 3) else {
                return super::raise::error(s, Term::atom(crate::atom::am::BADARG));
            };
            *element = value;
        }
        // Where nothing changes the record stays what it is.
        let is_same = elements.iter().zip(old.elements).all(|(new, old)| new.word() == old.word());
        let result = if is_same { source } else { s.heap().tuple(&elements) };
        s.set(slot_a(w), result.word());
        s.jump(slot_c(w) as isize)
    }
}
