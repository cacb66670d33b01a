//! `ets`: objects by key, and walking from key to key.

use super::{end, read, table, write};
use crate::atom::am;
use crate::bif::args::OrBadarg;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::ets::{Kind, Store, key_of};
use crate::process::OwnedTerm;
use crate::term::compare::exact_eq;
use crate::term::{Term, otp};

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
    /// As `lookup_element/3`, with an answer for a key that has no object.
    [plain 26] "lookup_element"/4 = lookup_element_4, "erts/emulator/beam/erl_db.c";
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
    /// The first key of a traversal with its objects, or `'$end_of_table'`.
    [plain 27] "first_lookup"/1 = first_lookup, "erts/emulator/beam/erl_db.c";
    /// The key after this one with its objects.
    [plain 27] "next_lookup"/2 = next_lookup, "erts/emulator/beam/erl_db.c";
    /// The last key in order with its objects.
    [plain 27] "last_lookup"/1 = last_lookup, "erts/emulator/beam/erl_db.c";
    /// The key before this one with its objects.
    [plain 27] "prev_lookup"/2 = prev_lookup, "erts/emulator/beam/erl_db.c";
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
    fn insert_into(self, store: &mut Store, kind: Kind) {
        match self {
            Given::One(object) => store.insert(object),
            Given::Several(objects) if kind == Kind::Bag && otp::bag_lists_are_reversed() => {
                objects.into_iter().rev().for_each(|object| store.insert(object));
            }
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
    given.insert_into(&mut body.store, table.options.kind);
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
        given.insert_into(&mut body.store, table.options.kind);
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
    element_of_key(call, [name, key, position], None)
}

fn lookup_element_4<'c>(call: &mut Call<'c>, [name, key, position, default]: [Term<'c>; 4]) -> BifResult<'c> {
    element_of_key(call, [name, key, position], Some(default))
}

fn element_of_key<'c>(call: &mut Call<'c>, [name, key, position]: [Term<'c>; 3], default: Option<Term<'c>>) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let at = position.as_usize().and_then(|position| position.checked_sub(1)).or_badarg()?;
    let objects = body.store.lookup(key);
    if objects.is_empty() {
        return default.ok_or_else(|| call.badarg_cause(am::BADKEY));
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

/// What a step of a traversal answers: the key alone, or with its objects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Key,
    Lookup,
}

fn key_or_end<'c>(call: &mut Call<'c>, store: &Store, key: Option<Term<'_>>, answer: Answer) -> Term<'c> {
    let Some(key) = key else { return end() };
    let copied = call.copy(key);
    if answer == Answer::Key {
        return copied;
    }
    let objects = list_of(call, store.lookup(key));
    call.tuple(&[copied, objects])
}

fn first_key<'c>(call: &mut Call<'c>, name: Term<'c>, answer: Answer) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    Ok(key_or_end(call, &body.store, body.store.first(table.options.key_position), answer))
}

fn next_key<'c>(call: &mut Call<'c>, [name, key]: [Term<'c>; 2], answer: Answer) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let next = body.store.next(key, table.options.key_position).or_badarg()?;
    Ok(key_or_end(call, &body.store, next, answer))
}

fn last_key<'c>(call: &mut Call<'c>, name: Term<'c>, answer: Answer) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    Ok(key_or_end(call, &body.store, body.store.last(table.options.key_position), answer))
}

fn prev_key<'c>(call: &mut Call<'c>, [name, key]: [Term<'c>; 2], answer: Answer) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let prev = body.store.prev(key, table.options.key_position).or_badarg()?;
    Ok(key_or_end(call, &body.store, prev, answer))
}

fn first<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    first_key(call, name, Answer::Key)
}

fn first_lookup<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    first_key(call, name, Answer::Lookup)
}

fn next<'c>(call: &mut Call<'c>, args: [Term<'c>; 2]) -> BifResult<'c> {
    next_key(call, args, Answer::Key)
}

fn next_lookup<'c>(call: &mut Call<'c>, args: [Term<'c>; 2]) -> BifResult<'c> {
    next_key(call, args, Answer::Lookup)
}

fn last<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    last_key(call, name, Answer::Key)
}

fn last_lookup<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    last_key(call, name, Answer::Lookup)
}

fn prev<'c>(call: &mut Call<'c>, args: [Term<'c>; 2]) -> BifResult<'c> {
    prev_key(call, args, Answer::Key)
}

fn prev_lookup<'c>(call: &mut Call<'c>, args: [Term<'c>; 2]) -> BifResult<'c> {
    prev_key(call, args, Answer::Lookup)
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
