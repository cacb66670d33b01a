//! `ets`: objects by key, and walking from key to key.

use super::{end, read, table, write};
use crate::atom::am;
use crate::bif::args::OrBadarg;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::ets::{Store, key_of};
use crate::process::OwnedTerm;
use crate::term::Term;
use crate::term::compare::exact_eq;

bifs! { module "ets";
    /// Inserts an object, or all objects of a list at once.
    ///
    /// `ets:insert(no_such_table, {1})` => `error:badarg`
    [plain] "insert"/2 = insert, "erts/emulator/beam/erl_db.c";
    /// As `insert/2`, unless a key is there already: then `false`, and nothing is inserted.
    [plain] "insert_new"/2 = insert_new, "erts/emulator/beam/erl_db.c";
    /// The objects of a key, oldest first.
    ///
    /// `ets:lookup(no_such_table, 1)` => `error:badarg`
    [plain] "lookup"/2 = lookup, "erts/emulator/beam/erl_db.c";
    /// The element at a position of a key's object; a list of them in bags.
    [plain] "lookup_element"/3 = lookup_element, "erts/emulator/beam/erl_db.c";
    /// Whether a key has an object.
    [plain] "member"/2 = member, "erts/emulator/beam/erl_db.c";
    /// Deletes the objects of a key.
    [plain] "delete"/2 = delete, "erts/emulator/beam/erl_db.c";
    /// Deletes an object, each time it is there.
    [plain] "delete_object"/2 = delete_object, "erts/emulator/beam/erl_db.c";
    /// Deletes the objects of a key and gives them.
    [plain] "take"/2 = take, "erts/emulator/beam/erl_db.c";
    /// The first key of a traversal, or `'$end_of_table'`.
    [plain] "first"/1 = first, "erts/emulator/beam/erl_db.c";
    /// The key after this one.
    [plain] "next"/2 = next, "erts/emulator/beam/erl_db.c";
    /// The last key in order; as `first/1` where there is no order.
    [plain] "last"/1 = last, "erts/emulator/beam/erl_db.c";
    /// The key before this one; as `next/2` where there is no order.
    [plain] "prev"/2 = prev, "erts/emulator/beam/erl_db.c";
    /// The objects of a place, counted from 0; `'$end_of_table'` after the last.
    [plain] "slot"/2 = slot, "erts/emulator/beam/erl_db.c";
}

/// Whether it is a tuple with a key.
fn is_object(term: Term<'_>, key_position: usize) -> bool {
    term.as_tuple().is_some_and(|tuple| tuple.elements.len() > key_position)
}

/// One object, or a list of them.
enum Given {
    One(OwnedTerm),
    Several(Vec<OwnedTerm>),
}

impl Given {
    fn of(term: Term<'_>, key_position: usize) -> Option<Given> {
        if term.is_list() {
            let mut list = term.iter_list();
            if !list.by_ref().all(|object| is_object(object, key_position)) || !list.rest.is_nil() {
                return None;
            }
            return Some(Given::Several(term.iter_list().map(OwnedTerm::of).collect()));
        }
        is_object(term, key_position).then(|| Given::One(OwnedTerm::of(term)))
    }
    fn objects(&self) -> &[OwnedTerm] {
        match self {
            Given::One(object) => core::slice::from_ref(object),
            Given::Several(objects) => objects,
        }
    }
    fn insert_into(self, store: &mut Store) {
        match self {
            Given::One(object) => store.insert(object),
            Given::Several(objects) => objects.into_iter().for_each(|object| store.insert(object)),
        }
    }
}

fn insert<'c>(call: &mut Call<'c>, [name, objects]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    // Copied before the lock is taken; what the table says still comes first.
    let given = Given::of(objects, table.options.key_position);
    let mut body = write(call, &table)?;
    let given = given.or_badarg()?;
    call.bump(given.objects().len() as i64 / 10);
    given.insert_into(&mut body.store);
    Ok(Term::bool(true))
}

fn insert_new<'c>(call: &mut Call<'c>, [name, objects]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let position = table.options.key_position;
    let given = Given::of(objects, position);
    let mut body = write(call, &table)?;
    let given = given.or_badarg()?;
    call.bump(given.objects().len() as i64 / 10);
    let is_new = given.objects().iter().all(|object| body.store.lookup(key_of(object, position)).is_empty());
    if is_new {
        given.insert_into(&mut body.store);
    }
    Ok(Term::bool(is_new))
}

/// Copies of objects as a list.
pub(super) fn list_of<'c>(call: &mut Call<'c>, objects: &[OwnedTerm]) -> Term<'c> {
    let mut list = Term::NIL;
    for object in objects.iter().rev() {
        let copied = call.copy(object.term());
        list = call.cons(copied, list);
    }
    list
}

fn lookup<'c>(call: &mut Call<'c>, [name, key]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    Ok(list_of(call, body.store.lookup(key)))
}

fn lookup_element<'c>(call: &mut Call<'c>, [name, key, position]: [Term<'c>; 3]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let at = position.as_usize().and_then(|position| position.checked_sub(1)).or_badarg()?;
    let objects = body.store.lookup(key);
    if objects.is_empty() {
        return Err(call.badarg_cause(am::BADKEY));
    }
    let mut elements = Vec::with_capacity(objects.len());
    for object in objects {
        let element = object.term().as_tuple().and_then(|tuple| tuple.elements.get(at).copied()).or_badarg()?;
        elements.push(call.copy(element));
    }
    if table.options.kind.is_set() { Ok(elements[0]) } else { Ok(call.list(&elements)) }
}

fn member<'c>(call: &mut Call<'c>, [name, key]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    Ok(Term::bool(!body.store.lookup(key).is_empty()))
}

fn delete<'c>(call: &mut Call<'c>, [name, key]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let mut body = write(call, &table)?;
    let is_fixed = body.is_fixed();
    body.store.take(key, is_fixed);
    Ok(Term::bool(true))
}

fn delete_object<'c>(call: &mut Call<'c>, [name, object]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let mut body = write(call, &table)?;
    let position = table.options.key_position;
    if !is_object(object, position) {
        return Err(Stop::BADARG);
    }
    let key = object.as_tuple().or_badarg()?.elements[position];
    let is_fixed = body.is_fixed();
    body.store.delete_objects(key, is_fixed, |other| exact_eq(other.term().shorten(), object.shorten()));
    Ok(Term::bool(true))
}

fn take<'c>(call: &mut Call<'c>, [name, key]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let mut body = write(call, &table)?;
    let is_fixed = body.is_fixed();
    let taken = body.store.take(key, is_fixed);
    Ok(list_of(call, &taken))
}

fn key_or_end<'c>(call: &mut Call<'c>, key: Option<Term<'_>>) -> Term<'c> {
    key.map_or(end(), |key| call.copy(key))
}

pub(super) fn first<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    Ok(key_or_end(call, body.store.first(table.options.key_position)))
}

pub(super) fn next<'c>(call: &mut Call<'c>, [name, key]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let next = body.store.next(key, table.options.key_position).or_badarg()?;
    Ok(key_or_end(call, next))
}

fn last<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    Ok(key_or_end(call, body.store.last(table.options.key_position)))
}

fn prev<'c>(call: &mut Call<'c>, [name, key]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let prev = body.store.prev(key, table.options.key_position).or_badarg()?;
    Ok(key_or_end(call, prev))
}

fn slot<'c>(call: &mut Call<'c>, [name, place]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let place = place.as_usize().or_badarg()?;
    let (objects, count) = match &body.store {
        Store::Hash(store) => (store.slot(place), store.slot_count()),
        Store::Tree(store) => (store.nth(place).map(core::slice::from_ref), store.len()),
    };
    match objects {
        Some(objects) => Ok(list_of(call, objects)),
        None if place == count => Ok(end()),
        None => Err(Stop::BADARG),
    }
}

/// What `ets:info(Table, binary)` walks a table with.
pub mod internal {
    use super::*;

    bifs! { module "erts_internal";
        /// As `ets:first/1`.
        [plain] "ets_raw_first"/1 = super::first, "erts/emulator/beam/erl_db.c";
        /// As `ets:next/2`.
        [plain] "ets_raw_next"/2 = super::next, "erts/emulator/beam/erl_db.c";
        /// The counted binaries that a key's objects hold: they are not told.
        [plain] "ets_lookup_binary_info"/2 = binaries, "erts/emulator/beam/erl_db.c";
    }

    fn binaries<'c>(call: &mut Call<'c>, [name, _]: [Term<'c>; 2]) -> BifResult<'c> {
        let table = table(call, name)?;
        drop(read(call, &table)?);
        Ok(Term::NIL)
    }
}
