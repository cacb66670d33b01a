//! `ets`: changing single elements of an object: counters, and any element.
//!
//! What is an immediate is put in place; anything else makes the object anew.

use smallvec::SmallVec;

use super::{table, write};
use crate::atom::am;
use crate::bif::args::OrBadarg;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::ets::Store;
use crate::heap::arith;
use crate::process::OwnedTerm;
use crate::term::compare::compare;
use crate::term::{Term, otp};

bifs! { module "ets";
    /// Adds to counters of a key's object; the new values.
    ///
    /// `ets:update_counter(no_such_table, 1, 1)` => `error:badarg`
    [plain] "update_counter"/3 = update_counter_3, "erts/emulator/beam/erl_db.c";
    /// As `update_counter/3`, starting from an object given where the key has none.
    [plain] "update_counter"/4 = update_counter_4, "erts/emulator/beam/erl_db.c";
    /// Sets elements of a key's object; `false` where the key has none.
    [plain] "update_element"/3 = update_element_3, "erts/emulator/beam/erl_db.c";
    /// As `update_element/3`; a key that has no object gets the given one, changed so.
    [plain 27] "update_element"/4 = update_element_4, "erts/emulator/beam/erl_db.c";
}

/// What may be done to one counter.
#[derive(Clone, Copy)]
struct Operation<'c> {
    /// From 0.
    position: usize,
    increment: Term<'c>,
    /// Beyond it (in the increment's direction) the counter becomes the second.
    threshold: Option<(Term<'c>, Term<'c>)>,
}

type Operations<'c> = SmallVec<[Operation<'c>; 2]>;

/// Sets an element of a tuple.
fn set(object: &mut OwnedTerm, position: usize, value: Term<'_>) {
    if object.set_element(position, value) {
        return;
    }
    *object = OwnedTerm::build(|heap| {
        let whole = heap.copy(object.term());
        let value = heap.copy(value);
        let mut elements = whole.as_tuple().map(|tuple| tuple.elements.to_vec()).unwrap_or_default();
        if let Some(element) = elements.get_mut(position) {
            *element = value;
        }
        heap.tuple(&elements)
    });
}

fn element(object: &OwnedTerm, position: usize) -> Option<Term<'_>> {
    object.term().as_tuple()?.elements.get(position).copied()
}

impl<'c> Operation<'c> {
    fn of(call: &mut Call<'c>, term: Term<'c>, object: &OwnedTerm, key_position: usize) -> Result<Operation<'c>, Stop<'c>> {
        let elements = term.as_tuple().or_badarg()?.elements;
        let threshold = match *elements {
            [_, _] => None,
            [_, _, threshold, value] if threshold.is_integer() && value.is_integer() => Some((threshold, value)),
            _ => return Err(Stop::BADARG),
        };
        let (position, increment) = (elements[0].as_small().or_badarg()?, elements[1]);
        if !increment.is_integer() {
            return Err(Stop::BADARG);
        }
        if position == key_position as i64 + 1 {
            return Err(call.badarg_cause(am::KEYPOS));
        }
        let at = usize::try_from(position - 1).ok();
        let Some((at, old)) = at.and_then(|at| Some((at, element(object, at)?))) else {
            return Err(call.badarg_cause(am::POSITION));
        };
        if !old.is_integer() {
            return Err(Stop::BADARG);
        }
        Ok(Operation { position: at, increment, threshold })
    }
    /// The counter's new value. It was checked to be an integer.
    fn value(&self, call: &mut Call<'c>, old: Term<'_>) -> Result<Term<'c>, Stop<'c>> {
        let sum = match (old.as_small(), self.increment.as_small()) {
            (Some(old), Some(increment)) => call.integer(old + increment),
            _ => {
                let old = call.copy(old);
                arith::add(call, old, self.increment).map_err(|_| Stop::SYSTEM_LIMIT)?
            }
        };
        let Some((threshold, beyond)) = self.threshold else { return Ok(sum) };
        let is_negative = crate::bif::args::is_negative_integer(self.increment);
        let order = compare(sum, threshold);
        Ok(if if is_negative { order.is_lt() } else { order.is_gt() } { beyond } else { sum })
    }
}

/// What `update_counter` is asked to do, and whether it answers with a list.
fn operations<'c>(
    call: &mut Call<'c>,
    term: Term<'c>,
    object: &OwnedTerm,
    key_position: usize,
) -> Result<(Operations<'c>, bool), Stop<'c>> {
    if term.is_integer() {
        let at = key_position + 1;
        let old = match element(object, at) {
            Some(old) => old,
            None => return Err(call.badarg_cause(am::POSITION)),
        };
        if !old.is_integer() {
            return Err(Stop::BADARG);
        }
        return Ok((smallvec::smallvec![Operation { position: at, increment: term, threshold: None }], false));
    }
    if term.as_tuple().is_some() {
        return Ok((smallvec::smallvec![Operation::of(call, term, object, key_position)?], false));
    }
    let mut operations = Operations::new();
    let mut list = term.iter_list();
    for operation in list.by_ref() {
        operations.push(Operation::of(call, operation, object, key_position)?);
    }
    if list.rest.is_nil() { Ok((operations, true)) } else { Err(Stop::BADARG) }
}

/// Checks everything, then changes `object`.
fn count<'c>(call: &mut Call<'c>, object: &mut OwnedTerm, term: Term<'c>, key_position: usize) -> BifResult<'c> {
    let (operations, wants_list) = operations(call, term, object, key_position)?;
    let mut values = SmallVec::<[Term<'c>; 4]>::new();
    for operation in &operations {
        let old = element(object, operation.position).or_badarg()?;
        let value = operation.value(call, old)?;
        set(object, operation.position, value);
        values.push(value);
    }
    Ok(if wants_list { call.list(&values) } else { values[0] })
}

fn count_in<'c>(
    call: &mut Call<'c>,
    store: &mut Store,
    key: Term<'c>,
    term: Term<'c>,
    default: Option<Term<'c>>,
    key_position: usize,
) -> BifResult<'c> {
    if let Some(object) = store.lookup_mut(key) {
        let before = object.words();
        let result = count(call, object, term, key_position);
        let after = object.words();
        store.resized(before, after);
        return result;
    }
    let Some(default) = default else { return Err(call.badarg_cause(am::BADKEY)) };
    if default.as_tuple().or_badarg()?.elements.len() <= key_position {
        return Err(Stop::BADARG);
    }
    let mut object = OwnedTerm::of(default);
    set(&mut object, key_position, key);
    let result = count(call, &mut object, term, key_position)?;
    store.insert(object);
    Ok(result)
}

fn update_counter<'c>(
    call: &mut Call<'c>,
    name: Term<'c>,
    key: Term<'c>,
    term: Term<'c>,
    default: Option<Term<'c>>,
) -> BifResult<'c> {
    let table = table(call, name)?;
    let mut body = write(call, &table)?;
    if !table.options.kind.is_set() {
        return Err(call.badarg_cause(am::TABLE_TYPE));
    }
    count_in(call, &mut body.store, key, term, default, table.options.key_position)
}

fn update_counter_3<'c>(call: &mut Call<'c>, [name, key, term]: [Term<'c>; 3]) -> BifResult<'c> {
    update_counter(call, name, key, term, None)
}

fn update_counter_4<'c>(call: &mut Call<'c>, [name, key, term, default]: [Term<'c>; 4]) -> BifResult<'c> {
    if default.as_tuple().is_none() {
        let table = table(call, name)?;
        drop(write(call, &table)?);
        return Err(Stop::BADARG);
    }
    update_counter(call, name, key, term, Some(default))
}

fn update_element_3<'c>(call: &mut Call<'c>, [name, key, changes]: [Term<'c>; 3]) -> BifResult<'c> {
    let table = table(call, name)?;
    let mut body = write(call, &table)?;
    if !table.options.kind.is_set() {
        return Err(Stop::BADARG);
    }
    let Some(object) = body.store.lookup_mut(key) else { return Ok(Term::bool(false)) };
    let checked = checked_changes(call, object, changes, table.options.key_position)?;
    change(&mut body.store, key, &checked);
    Ok(Term::bool(true))
}

fn update_element_4<'c>(call: &mut Call<'c>, [name, key, changes, default]: [Term<'c>; 4]) -> BifResult<'c> {
    let table = table(call, name)?;
    let mut body = write(call, &table)?;
    let key_position = table.options.key_position;
    if !table.options.kind.is_set() {
        return Err(Stop::BADARG);
    }
    if default.as_tuple().is_none_or(|tuple| tuple.elements.len() <= key_position) {
        return Err(if otp::release() >= 28 { call.badarg_cause(am::DEFAULT) } else { Stop::BADARG });
    }
    if let Some(object) = body.store.lookup_mut(key) {
        let checked = checked_changes(call, object, changes, key_position)?;
        change(&mut body.store, key, &checked);
        return Ok(Term::bool(true));
    }
    let mut object = OwnedTerm::of(default);
    set(&mut object, key_position, key);
    for (at, value) in checked_changes(call, &object, changes, key_position)? {
        set(&mut object, at, value);
    }
    body.store.insert(object);
    Ok(Term::bool(true))
}

type Changes<'c> = SmallVec<[(usize, Term<'c>); 4]>;

/// What `{Position, Value}` or a list of them sets in an object, by places counted from 0.
fn checked_changes<'c>(
    call: &mut Call<'c>,
    object: &OwnedTerm,
    changes: Term<'c>,
    key_position: usize,
) -> Result<Changes<'c>, Stop<'c>> {
    let size = object.term().as_tuple().map_or(0, |tuple| tuple.elements.len());
    let changes: SmallVec<[Term<'c>; 4]> =
        if changes.as_tuple().is_some() { smallvec::smallvec![changes] } else { changes.list_to_vec().or_badarg()?.into() };
    let mut checked = Changes::new();
    for change in changes {
        let [position, value] = change.as_tuple_of().or_badarg()?;
        let position = position.as_small().or_badarg()?;
        if position == key_position as i64 + 1 {
            return Err(call.badarg_cause(am::KEYPOS));
        }
        let at = usize::try_from(position - 1).ok().filter(|at| *at < size);
        let Some(at) = at else {
            return Err(if otp::release() >= 27 { call.badarg_cause(am::POSITION) } else { Stop::BADARG });
        };
        checked.push((at, value));
    }
    Ok(checked)
}

fn change(store: &mut Store, key: Term<'_>, changes: &[(usize, Term<'_>)]) {
    let Some(object) = store.lookup_mut(key) else { return };
    let before = object.words();
    for (at, value) in changes {
        set(object, *at, *value);
    }
    let after = object.words();
    store.resized(before, after);
}
