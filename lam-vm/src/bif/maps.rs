//! `maps`, the guards on maps, and what `maps.erl` uses for iteration.

use super::{BifResult, Call, Stop, bifs};
use crate::atom::am;
use crate::heap::map::map_get;
use crate::term::{Map, Term};

bifs! { module "maps";
    /// `{ok, Value}` for a key that is there, else `error`.
    ///
    /// `maps:find(b, #{a => 1})` => `error`
    [plain] "find"/2 = find, "erts/emulator/beam/erl_map.c";
    /// The value of a key; `{badkey, Key}` where it is missing.
    ///
    /// `maps:get(a, #{a => 1})` => `1`
    [plain] "get"/2 = get, "erts/emulator/beam/erl_map.c";
    /// A map of `{Key, Value}` pairs; of equal keys the last counts.
    ///
    /// `maps:from_list([{a, 1}, {a, 2}])` => `#{a => 2}`
    [plain] "from_list"/1 = from_list, "erts/emulator/beam/erl_map.c";
    /// A map that gives each of the keys the same value.
    ///
    /// `maps:from_keys([a, b], 1)` => `#{a => 1, b => 1}`
    [plain] "from_keys"/2 = from_keys, "erts/emulator/beam/erl_map.c";
    /// Whether the key is there.
    ///
    /// `maps:is_key(a, #{a => 1})` => `true`
    [plain] "is_key"/2 = is_map_key, "erts/emulator/beam/erl_map.c";
    /// The keys.
    ///
    /// `maps:keys(#{b => 1, a => 2})` => `[a, b]`
    [plain] "keys"/1 = keys, "erts/emulator/beam/erl_map.c";
    /// Both maps' pairs; for keys of both the second's value.
    ///
    /// `maps:merge(#{a => 1}, #{a => 2, b => 3})` => `#{a => 2, b => 3}`
    [plain] "merge"/2 = merge, "erts/emulator/beam/erl_map.c";
    /// The map with the key's value put in or replaced.
    ///
    /// `maps:put(a, 1, #{})` => `#{a => 1}`
    [plain] "put"/3 = put, "erts/emulator/beam/erl_map.c";
    /// The map without the key.
    ///
    /// `maps:remove(a, #{a => 1})` => `#{}`
    [plain] "remove"/2 = remove, "erts/emulator/beam/erl_map.c";
    /// The value of a key and the map without it, or `error`.
    ///
    /// `maps:take(a, #{a => 1})` => `{1, #{}}`
    [plain] "take"/2 = take, "erts/emulator/beam/erl_map.c";
    /// The map with the value of a key replaced; `{badkey, Key}` where it is missing.
    ///
    /// `maps:update(a, 2, #{a => 1})` => `#{a => 2}`
    [plain] "update"/3 = update, "erts/emulator/beam/erl_map.c";
    /// The values, in the order of `maps:keys/1`.
    ///
    /// `maps:values(#{b => 1, a => 2})` => `[2, 1]`
    [plain] "values"/1 = values, "erts/emulator/beam/erl_map.c";
}

/// Rows of other modules about maps.
pub mod guards {
    use super::*;
    bifs! { module "erlang";
        /// The number of pairs.
        ///
        /// `erlang:map_size(#{a => 1})` => `1`
        [guard] "map_size"/1 = map_size, "erts/emulator/beam/erl_map.c";
        /// The value of a key; `{badkey, Key}` where it is missing.
        ///
        /// `erlang:map_get(a, #{a => 1})` => `1`
        [guard] "map_get"/2 = get, "erts/emulator/beam/erl_map.c";
        /// Whether the key is there.
        ///
        /// `erlang:is_map_key(b, #{a => 1})` => `false`
        [guard] "is_map_key"/2 = is_map_key, "erts/emulator/beam/erl_map.c";
    }
}

pub mod internal {
    use super::*;
    bifs! { module "erts_internal";
        /// The tuple of a flat map's keys.
        [plain] "map_to_tuple_keys"/1 = map_to_tuple_keys, "erts/emulator/beam/erl_map.c";
        /// The children of a large map's root, for `erts_debug:size/1`.
        [plain] "map_hashmap_children"/1 = map_hashmap_children, "erts/emulator/beam/erl_map.c";
        /// The pairs from a path on: as `{K1, V1, {K2, V2, … none | [Path | Map]}}` for `iterator`, else put before the given list.
        /// Cost: a quarter of the pairs that the reductions left would allow, 32 at first.
        [plain] "map_next"/3 = map_next, "erts/emulator/beam/erl_map.c";
    }
}

fn map_of<'c>(call: &mut Call<'c>, term: Term<'c>) -> Result<Map<'c>, Stop<'c>> {
    term.as_map().ok_or_else(|| call.error_with(am::BADMAP, term))
}

fn find<'c>(call: &mut Call<'c>, [key, map]: [Term<'c>; 2]) -> BifResult<'c> {
    match map_get(&map_of(call, map)?, key) {
        Some(value) => Ok(call.tuple(&[Term::atom(am::OK), value])),
        None => Ok(Term::atom(am::ERROR)),
    }
}

fn get<'c>(call: &mut Call<'c>, [key, map]: [Term<'c>; 2]) -> BifResult<'c> {
    map_get(&map_of(call, map)?, key).ok_or_else(|| call.error_with(am::BADKEY, key))
}

fn from_list<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut elements = list.iter_list();
    let pairs: Option<Vec<(Term<'c>, Term<'c>)>> =
        elements.by_ref().map(|element| element.as_tuple_of::<2>().map(|[key, value]| (key, value))).collect();
    match pairs {
        Some(pairs) if elements.rest.is_nil() => {
            call.bump(pairs.len() as i64 / 8);
            Ok(call.map_from_pairs(&pairs))
        }
        _ => Err(Stop::BADARG),
    }
}

fn from_keys<'c>(call: &mut Call<'c>, [list, value]: [Term<'c>; 2]) -> BifResult<'c> {
    let keys = list.list_to_vec().ok_or(Stop::BADARG)?;
    call.bump(keys.len() as i64 / 8);
    let pairs: Vec<_> = keys.into_iter().map(|key| (key, value)).collect();
    Ok(call.map_from_pairs(&pairs))
}

fn map_size<'c>(call: &mut Call<'c>, [map]: [Term<'c>; 1]) -> BifResult<'c> {
    let size = map_of(call, map)?.len();
    Ok(call.integer(size as i64))
}

fn is_map_key<'c>(call: &mut Call<'c>, [key, map]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(Term::bool(map_get(&map_of(call, map)?, key).is_some()))
}

/// A flat map's in order; a large map's from the end of its trie, as OTP builds the list.
fn collect<'c>(call: &mut Call<'c>, map: Term<'c>, pick: fn((Term<'c>, Term<'c>)) -> Term<'c>) -> BifResult<'c> {
    let map = map_of(call, map)?;
    call.bump(map.len() as i64 / 16);
    let mut picked: Vec<Term<'c>> = map.iter().map(pick).collect();
    if let Map::Hash { .. } = map {
        picked.reverse();
    }
    Ok(call.list(&picked))
}

fn keys<'c>(call: &mut Call<'c>, [map]: [Term<'c>; 1]) -> BifResult<'c> {
    collect(call, map, |pair| pair.0)
}

fn values<'c>(call: &mut Call<'c>, [map]: [Term<'c>; 1]) -> BifResult<'c> {
    collect(call, map, |pair| pair.1)
}

fn merge<'c>(call: &mut Call<'c>, [first, second]: [Term<'c>; 2]) -> BifResult<'c> {
    let size = map_of(call, first)?.len();
    let size = size.min(map_of(call, second)?.len());
    call.bump(size as i64 / 8);
    Ok(call.map_merge(first, second))
}

fn put<'c>(call: &mut Call<'c>, [key, value, map]: [Term<'c>; 3]) -> BifResult<'c> {
    map_of(call, map)?;
    Ok(call.map_put(map, key, value))
}

fn remove<'c>(call: &mut Call<'c>, [key, map]: [Term<'c>; 2]) -> BifResult<'c> {
    map_of(call, map)?;
    Ok(call.map_remove(map, key))
}

fn take<'c>(call: &mut Call<'c>, [key, map]: [Term<'c>; 2]) -> BifResult<'c> {
    map_of(call, map)?;
    match call.map_take(map, key) {
        Some((value, rest)) => Ok(call.tuple(&[value, rest])),
        None => Ok(Term::atom(am::ERROR)),
    }
}

fn update<'c>(call: &mut Call<'c>, [key, value, map]: [Term<'c>; 3]) -> BifResult<'c> {
    map_of(call, map)?;
    call.map_update(map, key, value).ok_or_else(|| call.error_with(am::BADKEY, key))
}

fn map_to_tuple_keys<'c>(call: &mut Call<'c>, [map]: [Term<'c>; 1]) -> BifResult<'c> {
    map_of(call, map)?;
    call.flat_map_keys(map).ok_or(Stop::BADARG)
}

fn map_hashmap_children<'c>(call: &mut Call<'c>, [map]: [Term<'c>; 1]) -> BifResult<'c> {
    let children = match (map.as_hash_node(), map.as_map()) {
        (Some((_, children)), _) | (None, Some(Map::Hash { children, .. })) => children,
        (None, Some(Map::Flat { .. })) => return Err(Stop::BADARG),
        (None, None) => return Err(call.error_with(am::BADMAP, map)),
    };
    let reversed: Vec<_> = children.iter().rev().copied().collect();
    Ok(call.list(&reversed))
}

fn map_next<'c>(call: &mut Call<'c>, [path, map, form]: [Term<'c>; 3]) -> BifResult<'c> {
    let view = map.as_map().ok_or(Stop::BADARG)?;
    let iterator = form.is_atom(am::ITERATOR);
    if !iterator && !form.is_list() {
        return Err(Stop::BADARG);
    }
    match view {
        Map::Flat { keys, .. } => {
            if path.as_usize().is_none_or(|path| path > keys.len()) {
                return Err(Stop::BADARG);
            }
            let pairs: Vec<_> = view.iter().collect();
            if iterator {
                return Ok(chain(call, &pairs, Term::atom(am::NONE)));
            }
            let tuples: Vec<_> = pairs.iter().map(|(key, value)| call.tuple(&[*key, *value])).collect();
            Ok(call.list_with_tail(&tuples, form))
        }
        Map::Hash { size, children, .. } => {
            let steps = path_steps(path).ok_or(Stop::BADARG)?;
            let mut limit = (call.reductions_left() / 4).max(1) as usize;
            if path.as_small() == Some(0) {
                limit = limit.min(crate::heap::map::FLAT_MAX);
            }
            let (pairs, next) = walk(children, &steps, limit.min(size)).ok_or(Stop::BADARG)?;
            call.bump(pairs.len() as i64 * 4);
            let next = next.map(|steps| path_of_steps(call, &steps));
            if iterator {
                let end = match next {
                    Some(path) => call.cons(path, map),
                    None => Term::atom(am::NONE),
                };
                return Ok(chain(call, &pairs, end));
            }
            let list = pairs.iter().fold(form, |list, (key, value)| {
                let tuple = call.tuple(&[*key, *value]);
                call.cons(tuple, list)
            });
            Ok(match next {
                Some(path) => {
                    let list = call.cons(map, list);
                    call.cons(path, list)
                }
                None => list,
            })
        }
    }
}

/// `{K1, V1, {K2, V2, … End}}`
fn chain<'c>(call: &mut Call<'c>, pairs: &[(Term<'c>, Term<'c>)], end: Term<'c>) -> Term<'c> {
    pairs.iter().rev().fold(end, |rest, (key, value)| call.tuple(&[*key, *value, rest]))
}

/// A path: the place in each node on the way down, four bits each, the root's lowest; zeros follow.
fn path_steps(path: Term<'_>) -> Option<Vec<u8>> {
    let limbs: Vec<u64> = match (path.as_small(), path.as_big()) {
        (Some(path), _) => vec![u64::try_from(path).ok()?],
        (None, Some(big)) if !big.negative => big.limbs.to_vec(),
        _ => return None,
    };
    Some(limbs.iter().flat_map(|limb| (0..16).map(move |step| (limb >> (4 * step)) as u8 & 15)).collect())
}

fn path_of_steps<'c>(call: &mut Call<'c>, steps: &[u8]) -> Term<'c> {
    let limbs: Vec<u64> =
        steps.chunks(16).map(|steps| steps.iter().rev().fold(0, |limb, step| limb << 4 | u64::from(*step))).collect();
    call.big_integer(false, &limbs)
}

type Pairs<'c> = Vec<(Term<'c>, Term<'c>)>;

/// Up to `limit` pairs from the leaf at `steps` on, and the steps to the next leaf's place; `None` for a path that leads nowhere.
fn walk<'c>(children: &'c [Term<'c>], steps: &[u8], limit: usize) -> Option<(Pairs<'c>, Option<Vec<u8>>)> {
    // Each node on the way down with the place that is next in it.
    let mut nodes: Vec<(&'c [Term<'c>], usize)> = Vec::new();
    let mut pairs = Vec::with_capacity(limit.min(1 << 12));
    let mut node = children;
    for level in 0.. {
        let at = usize::from(steps.get(level).copied().unwrap_or(0));
        let child = *node.get(at)?;
        nodes.push((node, at));
        match child.as_hash_node() {
            Some((_, below)) => node = below,
            None => break,
        }
    }
    while let Some((node, at)) = nodes.last_mut() {
        let Some(child) = node.get(*at) else {
            nodes.pop();
            if let Some((_, at)) = nodes.last_mut() {
                *at += 1;
            }
            continue;
        };
        match (child.as_cons(), child.as_hash_node()) {
            (Some(_), _) if pairs.len() >= limit => break,
            (Some(leaf), _) => {
                pairs.push((leaf.head, leaf.tail));
                *at += 1;
            }
            (None, Some((_, below))) => {
                if pairs.len() >= limit {
                    break;
                }
                nodes.push((below, 0));
            }
            (None, None) => return None,
        }
    }
    let next = (!nodes.is_empty()).then(|| nodes.iter().map(|(_, at)| *at as u8).collect());
    Some((pairs, next))
}
