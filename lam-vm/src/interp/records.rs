//! Native records of OTP 29. Slot a and b are registers; ext 1: fail offset in the low half (0: raise), count of operands above;
//! packed operands follow, and c is the instruction's length.

use super::data::operand;
use super::{Control, Scheduler, bif, packed_slot, slot_a, slot_b, slot_c};
use crate::atom::{Atom, am};
use crate::term::{Record, Term};

/// Goes on when `holds`, else fails.
unsafe fn test(s: &mut Scheduler, holds: bool) -> Control {
    // SAFETY: the emitter wrote the length and the fail offset.
    unsafe {
        if holds {
            let length = slot_c(s.word());
            return s.jump(length as isize);
        }
        bif::fail_or_error(s, Term::atom(am::BADARG))
    }
}

/// `{Name, Value}`
unsafe fn fail_with<'c>(s: &mut Scheduler, name: Atom, value: Term<'c>) -> Control {
    // SAFETY: as `test`.
    unsafe {
        let reason = s.heap().tuple(&[Term::atom(name), Term::from_word(value.word())]);
        bif::fail_or_error(s, reason)
    }
}

/// `{badfield, {{Module, Name}, Field}}`, `{novalue, …}`
unsafe fn fail_with_field<'c>(s: &mut Scheduler, name: Atom, record: Record<'c>, field: Term<'c>) -> Control {
    // SAFETY: as `test`.
    unsafe {
        let mut heap = s.heap();
        let id = heap.tuple(&[record.module(), record.name()]);
        let place = heap.tuple(&[id, field]);
        let reason = heap.tuple(&[Term::atom(name), place]);
        bif::fail_or_error(s, reason)
    }
}

/// Operands: module, name.
pub unsafe fn is_native_record(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let record = s.term(slot_a(s.word())).as_record();
        let slots = s.pc.add(2);
        let (module, name) = (operand(s, slots, 0), operand(s, slots, 1));
        test(s, record.is_some_and(|record| record.module().is_same(module) && record.name().is_same(name)))
    }
}

/// Operands: scope, the module that asks.
pub unsafe fn is_record_accessible(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let record = s.term(slot_a(s.word())).as_record();
        let slots = s.pc.add(2);
        let (scope, module) = (operand(s, slots, 0), operand(s, slots, 1));
        let is_own = |record: Record<'_>| !scope.is_atom(am::EXTERNAL) && record.module().word() == module.word();
        test(s, record.is_some_and(|record| record.is_exported() || is_own(record)))
    }
}

/// Operands: pairs of field and destination. Nothing is written unless all fields are there.
pub unsafe fn get_record_elements(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let record = s.term(slot_a(s.word())).as_record();
        let slots = s.pc.add(2);
        let count = (s.ext(1) >> 32) as usize / 2;
        let mut values = Vec::with_capacity(count);
        for index in 0..count {
            let field = operand(s, slots, 2 * index);
            match record.and_then(|record| record.get(field)) {
                Some(value) => values.push(value.word()),
                None => return test(s, false),
            }
        }
        for (index, value) in values.into_iter().enumerate() {
            s.set(packed_slot(slots, 2 * index + 1), value);
        }
        test(s, true)
    }
}

/// Operands: id, field. An id that is a name is that of a record of this module, or `_`: any record; one of another module is
/// `{Module, Name}`, and must be exported.
pub unsafe fn get_record_field(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let source = s.term(slot_a(w));
        let slots = s.pc.add(2);
        let (id, field) = (operand(s, slots, 0), operand(s, slots, 1));
        let is_right = |record: &Record<'_>| match id.as_tuple_of::<2>() {
            Some([module, name]) => {
                record.module().word() == module.word() && record.name().word() == name.word() && record.is_exported()
            }
            None => id.is_atom(am::UNDERSCORE) || record.name().word() == id.word(),
        };
        let Some(record) = source.as_record().filter(is_right) else { return fail_with(s, am::BADRECORD, source) };
        match record.get(field) {
            Some(value) => {
                s.set(slot_b(w), value.word());
                test(s, true)
            }
            None => fail_with_field(s, am::BADFIELD, record, field),
        }
    }
}

/// Replaces values by the pairs of field and value from operand `from` on; the first field that is not there.
unsafe fn replace<'c>(
    s: &mut Scheduler,
    record: Record<'c>,
    values: &mut [Term<'c>],
    from: usize,
) -> Result<Vec<bool>, Term<'c>> {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let slots = s.pc.add(2);
        let count = (s.ext(1) >> 32) as usize;
        let mut given = vec![false; values.len()];
        for index in (from..count.saturating_sub(1)).step_by(2) {
            let field = operand(s, slots, index);
            let at = record.position(field).ok_or(field)?;
            values[at] = operand(s, slots, index + 1);
            given[at] = true;
        }
        Ok(given)
    }
}

/// Operands: a template `{Record, {HasDefault, …}}` of this module or `{Module, Name}` of another; pairs of field and value.
pub unsafe fn create_record(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let slots = s.pc.add(2);
        let id = operand(s, slots, 0);
        let own = |id: Term<'_>| id.as_tuple_of::<2>().is_some_and(|[record, _]| record.as_record().is_some());
        let template = if own(id) { Some(id) } else { exported_template(s, id) };
        let Some([record, defaults]) = template.and_then(|template| template.as_tuple_of::<2>()) else {
            return fail_with(s, am::BADRECORD, id);
        };
        let (Some(record), Some(defaults)) = (record.as_record(), defaults.as_tuple()) else {
            return fail_with(s, am::BADRECORD, id);
        };
        let mut values = record.values().to_vec();
        let given = match replace(s, record, &mut values, 1) {
            Ok(given) => given,
            Err(field) => return fail_with_field(s, am::BADFIELD, record, field),
        };
        let lacks = |at: usize| !given[at] && defaults.elements.get(at).is_some_and(|has| has.is_atom(am::FALSE));
        if let Some(at) = (0..values.len()).find(|at| lacks(*at)) {
            return fail_with_field(s, am::NOVALUE, record, record.fields()[at]);
        }
        let made = s.heap().record_like(record, &values);
        s.set(slot_a(s.word()), made.word());
        test(s, true)
    }
}

/// The template of `{Module, Name}`, where that module exports the record.
unsafe fn exported_template<'c>(s: &mut Scheduler, id: Term<'c>) -> Option<Term<'c>> {
    let [module, name] = id.as_tuple_of::<2>()?;
    let records = s.system().code.records_of(module.as_atom()?)?;
    // SAFETY: a literal lives for ever.
    let records: Term<'c> = unsafe { Term::from_word(records.word()) };
    records.iter_list().find(|template| {
        let record = template.as_tuple_of::<2>().and_then(|[record, _]| record.as_record());
        record.is_some_and(|record| record.name().is_same(name) && record.is_exported())
    })
}

/// Operands: pairs of field and value.
pub unsafe fn update_native_record(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let source = s.term(slot_a(w));
        let Some(record) = source.as_record() else { return fail_with(s, am::BADRECORD, source) };
        let mut values = record.values().to_vec();
        if let Err(field) = replace(s, record, &mut values, 0) {
            return fail_with_field(s, am::BADFIELD, record, field);
        }
        let made = s.heap().record_like(record, &values);
        s.set(slot_b(w), made.word());
        test(s, true)
    }
}
