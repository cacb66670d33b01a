//! `ets:info`: what is known of a table.

use super::{Lack, find};
use crate::atom::{Atom, am};
use crate::bif::args::{OrBadarg, pid_term};
use crate::bif::erlang::time;
use crate::bif::{BifResult, Call, bifs};
use crate::ets::{self, Body, Kind, Protection, Store, Table, WriteConcurrency};
use crate::sync::Arc;
use crate::term::Term;
use crate::term::identity::local_node;

bifs! { module "ets";
    /// What is known of a table as pairs; `undefined` where there is none.
    ///
    /// `ets:info(no_such_table)` => `undefined`
    /// `ets:info(1)` => `error:badarg`
    [plain] "info"/1 = info_1, "erts/emulator/beam/erl_db.c";
    /// One item of what is known of a table.
    ///
    /// `ets:info(no_such_table, size)` => `undefined`
    [plain] "info"/2 = info_2, "erts/emulator/beam/erl_db.c";
}

/// Words that a table takes besides its objects.
const TABLE_WORDS: usize = 64;

/// In the order in which `info/1` shows them.
const ITEMS: [Atom; 15] = [
    am::ID,
    am::DECENTRALIZED_COUNTERS,
    am::READ_CONCURRENCY,
    am::WRITE_CONCURRENCY,
    am::COMPRESSED,
    am::MEMORY,
    am::OWNER,
    am::HEIR,
    am::NAME,
    am::SIZE,
    am::NODE,
    am::NAMED_TABLE,
    am::TYPE,
    am::KEYPOS,
    am::PROTECTION,
];

fn info_1<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let table = match find(call, name) {
        Ok(table) => table,
        Err(Lack::Id) => return Ok(Term::atom(am::UNDEFINED)),
        Err(lack) => return Err(lack.stop(call)),
    };
    let body = table.body.read();
    if body.is_deleted {
        return Ok(Term::atom(am::UNDEFINED));
    }
    let mut pairs = Vec::with_capacity(ITEMS.len());
    for name in ITEMS {
        let value = item(call, &table, &body, name).or_badarg()?;
        pairs.push(call.tuple(&[Term::atom(name), value]));
    }
    Ok(call.list(&pairs))
}

fn info_2<'c>(call: &mut Call<'c>, [name, what]: [Term<'c>; 2]) -> BifResult<'c> {
    if what.is_atom(am::BINARY) {
        let function = Term::atom(crate::atom::intern_static("ets_info_binary"));
        return Err(call.apply(Term::atom(am::ERTS_INTERNAL), function, &[name]));
    }
    let table = match find(call, name) {
        Ok(table) => table,
        Err(Lack::Id) => return Ok(Term::atom(am::UNDEFINED)),
        Err(lack) => return Err(lack.stop(call)),
    };
    let body = table.body.read();
    if body.is_deleted {
        return Ok(Term::atom(am::UNDEFINED));
    }
    what.as_atom().and_then(|what| item(call, &table, &body, what)).or_badarg()
}

fn item<'c>(call: &mut Call<'c>, table: &Arc<Table>, body: &Body, what: Atom) -> Option<Term<'c>> {
    let options = &table.options;
    Some(match what {
        am::ID => ets::reference(call, table),
        am::DECENTRALIZED_COUNTERS => Term::bool(options.decentralized_counters),
        am::READ_CONCURRENCY => Term::bool(options.read_concurrency),
        am::WRITE_CONCURRENCY => Term::atom(match options.write_concurrency {
            WriteConcurrency::Off => am::FALSE,
            WriteConcurrency::On => am::TRUE,
            WriteConcurrency::Auto => am::AUTO,
        }),
        am::COMPRESSED => Term::bool(options.is_compressed),
        am::MEMORY => call.unsigned((TABLE_WORDS + body.store.words()) as u64),
        am::OWNER => pid_term(body.owner),
        am::HEIR => body.heir.as_ref().map_or(Term::atom(am::NONE), |heir| pid_term(heir.pid)),
        am::NAME => Term::atom(body.name),
        am::SIZE => call.unsigned(body.store.len() as u64),
        am::NODE => Term::atom(local_node().0),
        am::NAMED_TABLE => Term::bool(options.is_named),
        am::TYPE => Term::atom(match options.kind {
            Kind::Set => am::SET,
            Kind::OrderedSet => am::ORDERED_SET,
            Kind::Bag => am::BAG,
            Kind::DuplicateBag => am::DUPLICATE_BAG,
        }),
        am::KEYPOS => call.unsigned(options.key_position as u64 + 1),
        am::PROTECTION => Term::atom(match body.protection {
            Protection::Public => am::PUBLIC,
            Protection::Protected => am::PROTECTED,
            Protection::Private => am::PRIVATE,
        }),
        _ if what.text() == "stats" => stats(call, &body.store),
        am::FIXED => Term::bool(body.is_fixed()),
        am::SAFE_FIXED | am::SAFE_FIXED_MONOTONIC_TIME => fixations(call, body, what == am::SAFE_FIXED),
        _ => return None,
    })
}

/// `{Places, Average, Deviation, ExpectedDeviation, Min, Max, Kept}` of objects in places; `false` of an ordered_set.
fn stats<'c>(call: &mut Call<'c>, store: &Store) -> Term<'c> {
    let Store::Hash(hash) = store else { return Term::bool(false) };
    let sizes: Vec<usize> = (0..hash.slot_count()).filter_map(|at| hash.slot(at)).map(<[_]>::len).collect();
    let count = sizes.len().max(1) as f64;
    let average = hash.len() as f64 / count;
    let variance = sizes.iter().map(|size| (*size as f64 - average).powi(2)).sum::<f64>() / count;
    let floats = [average, variance.sqrt(), average.sqrt()].map(|value| call.float(value));
    let [least, most] = [sizes.iter().min(), sizes.iter().max()].map(|size| call.unsigned(size.copied().unwrap_or(0) as u64));
    let places = call.unsigned(sizes.len() as u64);
    call.tuple(&[places, floats[0], floats[1], floats[2], least, most, Term::small(0).unwrap_or(Term::NIL)])
}

/// `{FixedSince, [{Pid, Count}]}`, or `false`.
fn fixations<'c>(call: &mut Call<'c>, body: &Body, as_timestamp: bool) -> Term<'c> {
    if !body.is_fixed() {
        return Term::bool(false);
    }
    let since =
        if as_timestamp { time::stamp(call, body.fixed_since.system_us) } else { call.integer(body.fixed_since.monotonic_ns) };
    let pairs: Vec<Term<'c>> = body
        .fixations
        .iter()
        .map(|fixation| {
            let count = call.unsigned(fixation.count as u64);
            call.tuple(&[pid_term(fixation.pid), count])
        })
        .collect();
    let list = call.list(&pairs);
    call.tuple(&[since, list])
}
