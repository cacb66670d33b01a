//! `ets:info`: what is known of a table.

use super::tables::FIXED_LOCKS;
use super::{Lack, find};
use crate::atom::{Atom, am, intern_static};
use crate::bif::args::{OrBadarg, pid_term};
use crate::bif::erlang::time;
use crate::bif::{BifResult, Call, bifs};
use crate::ets::{self, Body, Kind, Options, Protection, Store, Table, WriteConcurrency};
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

/// Locks that a table with `write_concurrency` shows, as OTP 25 on two schedulers.
const SHOWN_LOCKS: usize = 64;

/// Words of an empty table, as OTP 25 shows them on two schedulers: with its places, stack or locks, and counters of its own.
fn empty_words(options: &Options) -> usize {
    let counters = if options.decentralized_counters { 34 } else { 0 };
    let is_tree = options.kind == Kind::OrderedSet;
    counters
        + match options.write_concurrency {
            WriteConcurrency::Off if is_tree => 139,
            WriteConcurrency::Off => 305,
            _ if is_tree => 99,
            WriteConcurrency::FixedLocks(count) => 305 + count * 33 / 2,
            WriteConcurrency::On | WriteConcurrency::Auto => 305 + SHOWN_LOCKS * 33 / 2,
        }
}

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
        am::WRITE_CONCURRENCY => match options.write_concurrency {
            WriteConcurrency::Off => Term::bool(false),
            WriteConcurrency::On => Term::bool(true),
            WriteConcurrency::Auto => Term::atom(am::AUTO),
            WriteConcurrency::FixedLocks(count) => {
                let count = call.unsigned(count as u64);
                call.tuple(&[Term::atom(intern_static(FIXED_LOCKS)), count])
            }
        },
        am::COMPRESSED => Term::bool(options.is_compressed),
        am::MEMORY => call.unsigned((empty_words(options) + body.store.words()) as u64),
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
        _ if what.text() == "stats" => stats(call, body, options),
        am::FIXED => Term::bool(body.is_fixed()),
        am::SAFE_FIXED | am::SAFE_FIXED_MONOTONIC_TIME => fixations(call, body, what == am::SAFE_FIXED),
        _ => return None,
    })
}

/// `{Places, Average, Deviation, ExpectedDeviation, Min, Max, Kept, Locks}` of objects in places that are not free; `false` of an
/// ordered_set, or where it may be written by many at once `{Routes, Parts, Depth}` of one part.
fn stats<'c>(call: &mut Call<'c>, body: &Body, options: &Options) -> Term<'c> {
    let Store::Hash(hash) = &body.store else {
        let parts = if body.is_split { [1, 2, 1] } else { [0, 1, 0] };
        let parts = parts.map(|count| call.integer(count));
        return if options.write_concurrency == WriteConcurrency::Off { Term::bool(false) } else { call.tuple(&parts) };
    };
    let sizes = hash.sizes();
    let count = sizes.len() as f64;
    let average = hash.len() as f64 / count;
    let squares = sizes.iter().map(|size| (*size * *size) as f64).sum::<f64>();
    let deviation = ((squares - average * hash.len() as f64) / count).max(0.0).sqrt();
    let expected = (average * (1.0 - 1.0 / count)).sqrt();
    let floats = [average, deviation, expected].map(|value| call.float(value));
    let [least, most] = [sizes.iter().min(), sizes.iter().max()].map(|size| call.unsigned(size.copied().unwrap_or(0) as u64));
    let locks = match options.write_concurrency {
        WriteConcurrency::Off => 1,
        WriteConcurrency::On | WriteConcurrency::Auto => SHOWN_LOCKS,
        WriteConcurrency::FixedLocks(count) => count,
    };
    let [places, kept, locks] = [sizes.len(), hash.kept(), locks].map(|count| call.unsigned(count as u64));
    call.tuple(&[places, floats[0], floats[1], floats[2], least, most, kept, locks])
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
