//! What `ets:info(Table, binary)` walks a table with: counted binaries that objects hold, also those deleted while it is fixed.

use super::{end, read, table};
use crate::bif::args::OrBadarg;
use crate::bif::{BifResult, Call, bifs};
use crate::ets::{Store, key_of};
use crate::process::OwnedTerm;
use crate::term::word::kind;
use crate::term::{Map, Term, View};

bifs! { module "erts_internal";
    /// As `ets:first/1`, deleted objects of a fixed table too.
    [plain] "ets_raw_first"/1 = raw_first, "erts/emulator/beam/erl_db.c";
    /// As `ets:next/2`, deleted objects of a fixed table too.
    [plain] "ets_raw_next"/2 = raw_next, "erts/emulator/beam/erl_db.c";
    /// `{Identity, Bytes, Holders}` of each counted binary that a key's objects hold.
    [plain] "ets_lookup_binary_info"/2 = binaries_of_key, "erts/emulator/beam/erl_db.c";
    /// Whether the caller may read tables of others that are private.
    ///
    /// `erts_internal:ets_super_user(false)` => `ok`
    [plain] "ets_super_user"/1 = super_user, "erts/emulator/beam/erl_db.c";
}

fn super_user<'c>(call: &mut Call<'c>, [on]: [Term<'c>; 1]) -> BifResult<'c> {
    call.process().rare.settings.ets_super_user = on.as_bool().or_badarg()?;
    Ok(Term::atom(crate::atom::am::OK))
}

fn raw_first<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let position = table.options.key_position;
    let object = match &body.store {
        Store::Hash(store) => store.kept_below(usize::MAX).next().map(|object| key_of(object, position)),
        Store::Tree(_) => body.store.first(position),
    };
    Ok(object.map_or(end(), |key| call.copy(key)))
}

fn raw_next<'c>(call: &mut Call<'c>, [name, key]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let position = table.options.key_position;
    let next = match &body.store {
        Store::Hash(store) => {
            let at = store.place_of(key).or_badarg()?;
            store.kept_below(at).next().map(|object| key_of(object, position))
        }
        Store::Tree(_) => body.store.next(key, position).or_badarg()?,
    };
    Ok(next.map_or(end(), |key| call.copy(key)))
}

fn binaries_of_key<'c>(call: &mut Call<'c>, [name, key]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let objects = match &body.store {
        Store::Hash(store) => store.kept_at(store.place_of(key).or_badarg()?),
        Store::Tree(_) => body.store.lookup(key),
    };
    let mut infos = Vec::new();
    for object in objects {
        each_binary(object, |[identity, bytes, holders]| {
            let numbers = [identity, bytes, holders].map(|number| call.unsigned(number));
            infos.push(call.tuple(&numbers));
        });
    }
    Ok(call.list(&infos))
}

/// Calls `visit` with identity, bytes and holders of each handle of a counted binary in an object.
fn each_binary(object: &OwnedTerm, mut visit: impl FnMut([u64; 3])) {
    let mut pending = vec![object.term()];
    while let Some(term) = pending.pop() {
        match term.view() {
            View::Cons(cell) => pending.extend([cell.tail, cell.head]),
            View::Tuple(tuple) => pending.extend_from_slice(tuple.elements),
            View::Fun(fun) => pending.extend_from_slice(fun.env),
            View::Record(record) => pending.extend_from_slice(record.values()),
            View::Map(Map::Flat { keys, values }) => {
                pending.extend_from_slice(keys);
                pending.extend_from_slice(values);
            }
            View::Map(Map::Hash { children, .. }) => pending.extend_from_slice(children),
            View::Bits(_) if term.kind() == kind::SUBBITS => pending.push(crate::binary::base_and_offset(term).0),
            View::Bits(_) => {
                if let Some(counted) = term.as_counted() {
                    visit([counted.identity, counted.bytes as u64, counted.holders as u64]);
                }
            }
            _ => {
                if let Some((_, children)) = term.as_hash_node() {
                    pending.extend_from_slice(children);
                }
            }
        }
    }
}
