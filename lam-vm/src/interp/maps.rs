//! Map instructions. ext 1: fail offset in the low half (0: raise), count of operands above; packed operands follow.

use super::data::operand;
use super::{Control, Machine, Scheduler, Step, bif, packed_slot, slot_a, slot_b, slot_c};
use crate::atom::am;
use crate::heap::map;
use crate::term::Term;
use crate::term::word::{self, kind};

/// Keys and values in turn.
unsafe fn pairs<'c>(s: &mut Scheduler) -> Vec<Term<'c>> {
    // SAFETY: the emitter packed the operands.
    unsafe {
        let count = (s.ext(1) >> 32) as usize;
        let slots = s.pc.add(2);
        (0..count).map(|index| operand(s, slots, index)).collect()
    }
}

fn get<'c>(map: Term<'c>, key: Term<'c>) -> Option<Term<'c>> {
    map::map_get(&map.as_map()?, key)
}

pub unsafe fn put_map_assoc(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let pairs = pairs(s);
        let source = s.term(slot_a(w));
        let mut heap = s.heap();
        if !source.is_map() {
            let reason = heap.tuple(&[Term::atom(am::BADMAP), source]);
            return bif::fail_or_error(s, reason);
        }
        let map = heap.map_put_pairs(source, &pairs);
        s.set(slot_b(w), map.word());
        bif::after_allocation(s, slot_c(w))
    }
}

pub unsafe fn put_map_exact(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let pairs = pairs(s);
        let source = s.term(slot_a(w));
        let mut heap = s.heap();
        if !source.is_map() {
            let reason = heap.tuple(&[Term::atom(am::BADMAP), source]);
            return bif::fail_or_error(s, reason);
        }
        match heap.map_update_pairs(source, &pairs) {
            Ok(map) => {
                s.set(slot_b(w), map.word());
                bif::after_allocation(s, slot_c(w))
            }
            Err(key) => {
                let reason = heap.tuple(&[Term::atom(am::BADKEY), key]);
                bif::fail_or_error(s, reason)
            }
        }
    }
}

/// The value of an immediate key in a flat map: `Err` when this is no case for the fast way.
#[inline(always)]
unsafe fn fast_get(map: u64, key: u64) -> Result<Option<u64>, ()> {
    if !word::is_boxed(map) || word::is_pointer(key) || word::is_carried_float(key) {
        return Err(());
    }
    // SAFETY: the header tells a flat map, whose keys tuple has as many elements as it has values.
    unsafe {
        let at = word::boxed_address(map) as *const u64;
        if word::header_kind(*at) != kind::FLATMAP {
            return Err(());
        }
        let count = word::header_words(*at) - 1;
        let keys = (word::boxed_address(*at.add(1)) as *const u64).add(1);
        for index in 0..count {
            if *keys.add(index) == key {
                return Ok(Some(*at.add(2 + index)));
            }
        }
        Ok(None)
    }
}

#[inline(always)]
unsafe fn key_operand(m: &Machine, slots: *const u64, index: usize) -> u64 {
    // SAFETY: the emitter packed the operands.
    unsafe {
        let slot = packed_slot(slots, index);
        if slot & 2 != 0 { *m.pc.add(slot >> 3) } else { m.get::<0>(slot) }
    }
}

/// Goes on when the map in slot a has all keys.
#[inline(always)]
pub unsafe fn has_map_fields(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let map = m.get::<0>(slot_a(w));
        let sizes = m.ext(1);
        for index in 0..(sizes >> 32) as usize {
            let key = key_operand(m, m.pc.add(2), index);
            match fast_get(map, key) {
                Ok(Some(_)) => {}
                Ok(None) => return m.jump(sizes as i32 as isize),
                Err(()) => return Step::Slow(has_map_fields_slow),
            }
        }
        m.jump(slot_c(w) as isize)
    }
}

unsafe fn has_map_fields_slow(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let sizes = s.ext(1);
        let map = s.term(slot_a(w));
        let slots = s.pc.add(2);
        for index in 0..(sizes >> 32) as usize {
            if get(map, operand(s, slots, index)).is_none() {
                return s.jump(sizes as i32 as isize);
            }
        }
        s.jump(slot_c(w) as isize)
    }
}

/// Pairs of key and destination; all keys must be there.
#[inline(always)]
pub unsafe fn get_map_elements(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let map = m.get::<0>(slot_a(w));
        let sizes = m.ext(1);
        let slots = m.pc.add(2);
        for pair in 0..(sizes >> 32) as usize / 2 {
            let key = key_operand(m, slots, 2 * pair);
            match fast_get(map, key) {
                Ok(Some(value)) => m.set::<0>(packed_slot(slots, 2 * pair + 1), value),
                Ok(None) => return m.jump(sizes as i32 as isize),
                // A destination written so far is never the map or a later key: the compiler puts that one last.
                Err(()) => return Step::Slow(get_map_elements_slow),
            }
        }
        m.jump(slot_c(w) as isize)
    }
}

unsafe fn get_map_elements_slow(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let sizes = s.ext(1);
        let map = s.term(slot_a(w));
        let slots = s.pc.add(2);
        for pair in 0..(sizes >> 32) as usize / 2 {
            match get(map, operand(s, slots, 2 * pair)) {
                Some(value) => s.set(packed_slot(slots, 2 * pair + 1), value.word()),
                None => return s.jump(sizes as i32 as isize),
            }
        }
        s.jump(slot_c(w) as isize)
    }
}
