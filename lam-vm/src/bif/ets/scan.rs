//! Which objects a match specification is run on: those of the keys it names, or all.

use crate::bif::Call;
use crate::bif::match_spec::Program;
use crate::ets::{Kind, Store, Table};
use crate::process::OwnedTerm;
use crate::term::Term;
use crate::term::compare::{compare, exact_eq};

/// Objects that one reduction pays for.
const OBJECTS_A_REDUCTION: usize = 4;

/// With more keys than this a scan of everything is not much dearer.
const KEYS_MAX: usize = 64;

/// The order in which objects are met.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// The different keys that the program names, in order; `None` where it may match others.
pub(super) fn bound_keys<'p>(program: &'p Program, table: &Table) -> Option<Vec<Term<'p>>> {
    let mut keys = program.bound_keys(table.options.key_position)?;
    if keys.len() > KEYS_MAX {
        return None;
    }
    keys.sort_by(|a, b| compare(*a, *b));
    if table.options.kind == Kind::OrderedSet {
        keys.dedup_by(|a, b| compare(*a, *b).is_eq());
    } else {
        let mut different: Vec<Term<'p>> = Vec::with_capacity(keys.len());
        for key in keys {
            if !different.iter().any(|other| exact_eq(*other, key)) {
                different.push(key);
            }
        }
        keys = different;
    }
    Some(keys)
}

/// Calls `visit` with each object that may match, in the order of the table where it has one, else those of a key the newest first;
/// how many.
pub(super) fn scan<'t>(
    table: &Table,
    store: &'t Store,
    program: &Program,
    direction: Direction,
    mut visit: impl FnMut(&'t OwnedTerm),
) -> usize {
    let mut count = 0;
    let mut visit = |object| {
        count += 1;
        visit(object);
    };
    match (bound_keys(program, table), store, direction) {
        (Some(keys), _, Direction::Up) => {
            keys.iter().for_each(|key| store.lookup(key.shorten()).iter().rev().for_each(&mut visit))
        }
        (Some(keys), _, Direction::Down) => {
            keys.iter().rev().for_each(|key| store.lookup(key.shorten()).iter().rev().for_each(&mut visit))
        }
        (None, Store::Hash(store), _) => {
            store.below(usize::MAX).for_each(|(_, objects)| objects.iter().rev().for_each(&mut visit))
        }
        (None, Store::Tree(store), _) => match (program.partial_key(table.options.key_position), direction) {
            (Some(order), Direction::Up) => store.range(order).for_each(visit),
            (Some(order), Direction::Down) => store.range(order).rev().for_each(visit),
            (None, Direction::Up) => store.ascending().for_each(visit),
            (None, Direction::Down) => store.descending().for_each(visit),
        },
    }
    count
}

/// Counts reductions for objects looked at.
pub(super) fn pay(call: &mut Call<'_>, objects: usize) {
    call.bump((objects / OBJECTS_A_REDUCTION) as i64);
}
