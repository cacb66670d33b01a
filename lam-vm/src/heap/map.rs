//! Maps: lookup, change and making, for both forms; old maps never change.
//!
//! ```text
//! flat, ≤ 32 pairs    [keys tuple][value 0] …            keys in exact term order; maps with the same keys share the tuple
//! large, > 32 pairs   root [size][child …] → nodes [child …] → leaves [Key | Value]
//! ```
//! A large map is a trie over the key's hash, four bits a level from the lowest; the bitmap says which of 16 children are there.
//! After eight levels the hash is made anew with another salt. Its shape depends on the keys alone: a node with a single leaf
//! is replaced by the leaf, but for the root. As `erts/emulator/beam/erl_map.c`.

use super::Heap;
use crate::term::compare::{compare_exact, exact_eq, is_plain_immediate};
use crate::term::hash::{map_hash, trie_order};
use crate::term::word::{self, kind};
use crate::term::{Map, Term};

/// Pairs that a flat map may have.
pub const FLAT_MAX: usize = 32;

/// The value of `key`; nothing is allocated.
#[inline]
pub fn map_get<'c>(map: &Map<'c>, key: Term<'c>) -> Option<Term<'c>> {
    match map {
        Map::Flat { keys, values } => flat_index(keys, key).map(|index| values[index]),
        Map::Hash { bitmap, children, .. } => hash_get(*bitmap, children, key),
    }
}

/// Place of `key` among the keys of a flat map.
#[inline]
pub fn flat_index<'c>(keys: &[Term<'c>], key: Term<'c>) -> Option<usize> {
    if is_plain_immediate(key.word()) {
        keys.iter().position(|other| other.is_same(key))
    } else {
        keys.iter().position(|other| exact_eq(*other, key))
    }
}

/// A key's hash on its way down a trie.
struct Path<'c> {
    key: Term<'c>,
    hash: u32,
    level: u32,
}

impl<'c> Path<'c> {
    fn new(key: Term<'c>) -> Self {
        Path { key, hash: map_hash(key, 0), level: 0 }
    }
    /// As `new`, at a level further down.
    fn at_level(key: Term<'c>, level: u32) -> Self {
        Path { key, hash: map_hash(key, level / 8) >> (4 * (level % 8)), level }
    }
    fn down(&mut self) {
        self.level += 1;
        self.hash = if self.level.is_multiple_of(8) { map_hash(self.key, self.level / 8) } else { self.hash >> 4 };
    }
    fn bit(&self) -> u16 {
        1 << (self.hash & 15)
    }
}

/// Place of the child with `bit` among those that are there.
fn slot(bitmap: u16, bit: u16) -> usize {
    (bitmap & (bit - 1)).count_ones() as usize
}

fn hash_get<'c>(bitmap: u16, children: &'c [Term<'c>], key: Term<'c>) -> Option<Term<'c>> {
    let mut path = Path::new(key);
    let (mut bitmap, mut children) = (bitmap, children);
    loop {
        let bit = path.bit();
        if bitmap & bit == 0 {
            return None;
        }
        let child = children[slot(bitmap, bit)];
        if let Some(leaf) = child.as_cons() {
            return exact_eq(leaf.head, key).then_some(leaf.tail);
        }
        (bitmap, children) = child.as_hash_node()?;
        path.down();
    }
}

/// What became of a node from which a key was taken.
enum Shrunk<'c> {
    Gone,
    Leaf(Term<'c>),
    Node(Term<'c>),
}

impl<'c> Heap<'c> {
    pub fn empty_map(&mut self) -> Term<'c> {
        self.flat_map(&[], &[])
    }
    fn flat_map(&mut self, keys: &[Term<'c>], values: &[Term<'c>]) -> Term<'c> {
        let keys = self.tuple(keys);
        self.flat_map_of_keys(keys, values)
    }
    /// A flat map that shares the keys tuple of another: as many values as it has keys, in their order.
    pub fn flat_map_of_keys(&mut self, keys: Term<'c>, values: &[Term<'c>]) -> Term<'c> {
        let mut payload = [keys; FLAT_MAX + 1];
        payload[1..=values.len()].copy_from_slice(values);
        self.boxed_terms(word::header(kind::FLATMAP, 1 + values.len()), &payload[..=values.len()])
    }
    /// The tuple of a flat map's keys.
    pub fn flat_map_keys(&mut self, map: Term<'c>) -> Option<Term<'c>> {
        match map.as_map()? {
            Map::Flat { .. } => {
                // SAFETY: a flat map's first word is its keys tuple.
                Some(unsafe { Term::from_word(*(word::boxed_address(map.word()) as *const u64).add(1)) })
            }
            Map::Hash { .. } => None,
        }
    }
    fn hash_node(&mut self, bitmap: u16, children: &[Term<'c>]) -> Term<'c> {
        self.boxed_terms(word::header_extra(kind::HASHNODE, children.len(), bitmap), children)
    }
    fn hash_root(&mut self, size: usize, bitmap: u16, children: &[Term<'c>]) -> Term<'c> {
        let mut payload = [Term::small(size as i64).expect("sizes of maps are small"); 17];
        payload[1..=children.len()].copy_from_slice(children);
        self.boxed_terms(word::header_extra(kind::HASHMAP, 1 + children.len(), bitmap), &payload[..=children.len()])
    }

    /// `Map#{Key => Value}`; the map itself where it has this very value.
    pub fn map_put(&mut self, map: Term<'c>, key: Term<'c>, value: Term<'c>) -> Term<'c> {
        match map.as_map().expect("the caller passes a map") {
            Map::Flat { keys, values } => match flat_index(keys, key) {
                Some(index) => self.flat_with_value(map, values, index, value),
                None => self.flat_insert(keys, values, key, value),
            },
            Map::Hash { size, bitmap, children, .. } => {
                let mut path = Path::new(key);
                let (bitmap, buffer, count, added) = self.put_child(bitmap, children, &mut path, value, true);
                match added {
                    Some(added) => self.hash_root(size + usize::from(added), bitmap, &buffer[..count]),
                    None => map,
                }
            }
        }
    }
    /// `Map#{Key := Value}`; `None` where there is no such key.
    pub fn map_update(&mut self, map: Term<'c>, key: Term<'c>, value: Term<'c>) -> Option<Term<'c>> {
        match map.as_map()? {
            Map::Flat { keys, values } => flat_index(keys, key).map(|index| self.flat_with_value(map, values, index, value)),
            view @ Map::Hash { .. } => map_get(&view, key).map(|_| self.map_put(map, key, value)),
        }
    }
    fn flat_with_value(&mut self, map: Term<'c>, values: &[Term<'c>], index: usize, value: Term<'c>) -> Term<'c> {
        if values[index].is_same(value) {
            return map;
        }
        let mut changed = [value; FLAT_MAX];
        let count = values.len();
        changed[..index].copy_from_slice(&values[..index]);
        changed[index + 1..count].copy_from_slice(&values[index + 1..]);
        let keys = self.flat_map_keys(map).expect("the map is flat");
        self.flat_map_of_keys(keys, &changed[..count])
    }
    fn flat_insert(&mut self, keys: &[Term<'c>], values: &[Term<'c>], key: Term<'c>, value: Term<'c>) -> Term<'c> {
        let count = keys.len();
        if count == FLAT_MAX {
            let mut pairs: Vec<(Term<'c>, Term<'c>)> = keys.iter().copied().zip(values.iter().copied()).collect();
            pairs.push((key, value));
            return self.hash_map_of_unique(pairs);
        }
        let at = keys.partition_point(|other| compare_exact(*other, key).is_lt());
        let mut new_keys = [key; FLAT_MAX];
        let mut new_values = [value; FLAT_MAX];
        for (new, old) in [(&mut new_keys, keys), (&mut new_values, values)] {
            new[..at].copy_from_slice(&old[..at]);
            new[at + 1..=count].copy_from_slice(&old[at..]);
        }
        self.flat_map(&new_keys[..=count], &new_values[..=count])
    }
    /// The children of a node with `key` put in: bitmap, children, their count, and whether a key was added (`None`: nothing
    /// changed). Recurses at most as deep as the trie.
    fn put_child(
        &mut self,
        bitmap: u16,
        children: &[Term<'c>],
        path: &mut Path<'c>,
        value: Term<'c>,
        replace: bool,
    ) -> (u16, [Term<'c>; 16], usize, Option<bool>) {
        let bit = path.bit();
        let at = slot(bitmap, bit);
        let count = children.len();
        let mut buffer = [Term::NIL; 16];
        if bitmap & bit == 0 {
            buffer[..at].copy_from_slice(&children[..at]);
            buffer[at + 1..=count].copy_from_slice(&children[at..]);
            buffer[at] = self.cons(path.key, value);
            return (bitmap | bit, buffer, count + 1, Some(true));
        }
        let child = children[at];
        let (new, added) = match child.as_cons() {
            Some(leaf) if exact_eq(leaf.head, path.key) => {
                if leaf.tail.is_same(value) || !replace {
                    return (bitmap, buffer, count, None);
                }
                (self.cons(leaf.head, value), false)
            }
            Some(leaf) => {
                path.down();
                let new = self.cons(path.key, value);
                (self.split(Path::at_level(leaf.head, path.level), child, path, new), true)
            }
            None => {
                let (bitmap_below, below) = child.as_hash_node().expect("a child is a leaf or a node");
                path.down();
                let (bitmap_below, new, count_below, added) = self.put_child(bitmap_below, below, path, value, replace);
                let Some(added) = added else { return (bitmap, buffer, count, None) };
                (self.hash_node(bitmap_below, &new[..count_below]), added)
            }
        };
        buffer[..count].copy_from_slice(children);
        buffer[at] = new;
        (bitmap, buffer, count, Some(added))
    }
    /// A node that holds two leaves of different keys, with as many nodes above the fork as their hashes agree.
    fn split(&mut self, mut old: Path<'c>, old_leaf: Term<'c>, new: &mut Path<'c>, new_leaf: Term<'c>) -> Term<'c> {
        let mut above: Vec<u16> = Vec::new();
        while old.bit() == new.bit() {
            above.push(old.bit());
            old.down();
            new.down();
        }
        let leaves = if old.bit() < new.bit() { [old_leaf, new_leaf] } else { [new_leaf, old_leaf] };
        let mut node = self.hash_node(old.bit() | new.bit(), &leaves);
        for bit in above.into_iter().rev() {
            node = self.hash_node(bit, &[node]);
        }
        node
    }

    /// The map without `key`, and the value it had; `None` where there is no such key.
    pub fn map_take(&mut self, map: Term<'c>, key: Term<'c>) -> Option<(Term<'c>, Term<'c>)> {
        let view = map.as_map()?;
        let value = map_get(&view, key)?;
        let rest = match view {
            Map::Flat { keys, values } => {
                let at = flat_index(keys, key)?;
                let (mut new_keys, mut new_values) = (keys.to_vec(), values.to_vec());
                new_keys.remove(at);
                new_values.remove(at);
                self.flat_map(&new_keys, &new_values)
            }
            Map::Hash { size, .. } if size <= FLAT_MAX + 1 => {
                let pairs: Vec<_> = view.iter().filter(|pair| !exact_eq(pair.0, key)).collect();
                self.flat_map_of_unsorted(pairs)
            }
            Map::Hash { size, bitmap, children, .. } => {
                let mut path = Path::new(key);
                let (bitmap, buffer, count) = self.take_child(bitmap, children, &mut path);
                self.hash_root(size - 1, bitmap, &buffer[..count])
            }
        };
        Some((value, rest))
    }
    /// The map without `key`; the map itself where it has none.
    pub fn map_remove(&mut self, map: Term<'c>, key: Term<'c>) -> Term<'c> {
        self.map_take(map, key).map_or(map, |(_, rest)| rest)
    }
    /// The children of a node that has `key`, without it.
    fn take_child(&mut self, bitmap: u16, children: &[Term<'c>], path: &mut Path<'c>) -> (u16, [Term<'c>; 16], usize) {
        let bit = path.bit();
        let at = slot(bitmap, bit);
        let count = children.len();
        let below = match children[at].as_hash_node() {
            None => Shrunk::Gone,
            Some((bitmap, children)) => {
                path.down();
                let (bitmap, rest, count) = self.take_child(bitmap, children, path);
                match &rest[..count] {
                    [] => Shrunk::Gone,
                    [only] if only.as_cons().is_some() => Shrunk::Leaf(*only),
                    rest => Shrunk::Node(self.hash_node(bitmap, rest)),
                }
            }
        };
        let mut buffer = [Term::NIL; 16];
        match below {
            Shrunk::Gone => {
                buffer[..at].copy_from_slice(&children[..at]);
                buffer[at..count - 1].copy_from_slice(&children[at + 1..]);
                (bitmap & !bit, buffer, count - 1)
            }
            Shrunk::Leaf(new) | Shrunk::Node(new) => {
                buffer[..count].copy_from_slice(children);
                buffer[at] = new;
                (bitmap, buffer, count)
            }
        }
    }

    /// A map of these pairs; of pairs with the same key the last counts.
    pub fn map_from_pairs(&mut self, pairs: &[(Term<'c>, Term<'c>)]) -> Term<'c> {
        if pairs.len() <= FLAT_MAX {
            let (keys, values) = sorted_unique(pairs.to_vec());
            return self.flat_map(&keys, &values);
        }
        let mut hashed: Vec<(u32, Term<'c>, Term<'c>)> =
            pairs.iter().map(|(key, value)| (trie_order(map_hash(*key, 0)), *key, *value)).collect();
        hashed.sort_by_key(|pair| pair.0);
        drop_earlier_doubles(&mut hashed);
        if hashed.len() <= FLAT_MAX {
            return self.flat_map_of_unsorted(hashed.into_iter().map(|(_, key, value)| (key, value)).collect());
        }
        self.hash_map_of_sorted(hashed)
    }
    /// As `map_from_pairs`; `None` where two keys are equal.
    pub fn map_from_unique_pairs(&mut self, pairs: &[(Term<'c>, Term<'c>)]) -> Option<Term<'c>> {
        let map = self.map_from_pairs(pairs);
        (map.as_map()?.len() == pairs.len()).then_some(map)
    }
    fn flat_map_of_unsorted(&mut self, pairs: Vec<(Term<'c>, Term<'c>)>) -> Term<'c> {
        let (keys, values) = sorted_unique(pairs);
        self.flat_map(&keys, &values)
    }
    fn hash_map_of_unique(&mut self, pairs: Vec<(Term<'c>, Term<'c>)>) -> Term<'c> {
        let mut hashed: Vec<_> = pairs.into_iter().map(|(key, value)| (trie_order(map_hash(key, 0)), key, value)).collect();
        hashed.sort_by_key(|pair| pair.0);
        self.hash_map_of_sorted(hashed)
    }
    fn hash_map_of_sorted(&mut self, mut hashed: Vec<(u32, Term<'c>, Term<'c>)>) -> Term<'c> {
        let size = hashed.len();
        let (bitmap, children, count) = self.build_children(&mut hashed, 0);
        self.hash_root(size, bitmap, &children[..count])
    }
    /// The children for pairs sorted in the trie's order, which agree above `level`.
    fn build_children(&mut self, pairs: &mut [(u32, Term<'c>, Term<'c>)], level: u32) -> (u16, [Term<'c>; 16], usize) {
        if level > 0 && level.is_multiple_of(8) {
            for pair in pairs.iter_mut() {
                pair.0 = trie_order(map_hash(pair.1, level / 8));
            }
            pairs.sort_by_key(|pair| pair.0);
        }
        let shift = 28 - 4 * (level % 8);
        let nibble = |pair: &(u32, Term<'c>, Term<'c>)| (pair.0 >> shift) & 15;
        let (mut bitmap, mut children, mut count) = (0, [Term::NIL; 16], 0);
        let mut rest = pairs;
        while let Some(first) = rest.first() {
            let index = nibble(first);
            let len = rest.iter().take_while(|pair| nibble(pair) == index).count();
            let (group, after) = rest.split_at_mut(len);
            children[count] = match group {
                [(_, key, value)] => self.cons(*key, *value),
                group => {
                    let (bitmap, below, count) = self.build_children(group, level + 1);
                    self.hash_node(bitmap, &below[..count])
                }
            };
            bitmap |= 1 << index;
            count += 1;
            rest = after;
        }
        (bitmap, children, count)
    }

    /// `Map#{K1 => V1, …}` with keys and values in turn.
    pub fn map_put_pairs(&mut self, map: Term<'c>, pairs: &[Term<'c>]) -> Term<'c> {
        match map.as_map().expect("the caller passes a map") {
            Map::Flat { keys, values } => self.flat_put_pairs(map, keys, values, pairs),
            Map::Hash { .. } => pairs.chunks_exact(2).fold(map, |map, pair| self.map_put(map, pair[0], pair[1])),
        }
    }
    /// `Map#{K1 := V1, …}`; the first key that is not there is the error.
    pub fn map_update_pairs(&mut self, map: Term<'c>, pairs: &[Term<'c>]) -> Result<Term<'c>, Term<'c>> {
        self.map_update_in_order(map, pairs).map_err(|first| {
            // OTP's loader sorts the keys: of several that are missing the least is told.
            let old = map.as_map().expect("the caller passes a map");
            let missing = pairs.chunks_exact(2).map(|pair| pair[0]).filter(|key| map_get(&old, *key).is_none());
            missing.reduce(|a, b| if compare_exact(b, a).is_lt() { b } else { a }).unwrap_or(first)
        })
    }
    fn map_update_in_order(&mut self, map: Term<'c>, pairs: &[Term<'c>]) -> Result<Term<'c>, Term<'c>> {
        let Map::Flat { values, keys } = map.as_map().expect("the caller passes a map") else {
            return pairs.chunks_exact(2).try_fold(map, |map, pair| self.map_update(map, pair[0], pair[1]).ok_or(pair[0]));
        };
        let mut changed = [Term::NIL; FLAT_MAX];
        changed[..values.len()].copy_from_slice(values);
        for pair in pairs.chunks_exact(2) {
            changed[flat_index(keys, pair[0]).ok_or(pair[0])?] = pair[1];
        }
        Ok(self.flat_with_values(map, values, &changed[..values.len()]))
    }
    fn flat_with_values(&mut self, map: Term<'c>, old: &[Term<'c>], new: &[Term<'c>]) -> Term<'c> {
        if old.iter().zip(new).all(|(old, new)| old.is_same(*new)) {
            return map;
        }
        let keys = self.flat_map_keys(map).expect("the map is flat");
        self.flat_map_of_keys(keys, new)
    }
    fn flat_put_pairs(&mut self, map: Term<'c>, keys: &[Term<'c>], values: &[Term<'c>], pairs: &[Term<'c>]) -> Term<'c> {
        let mut changed = [Term::NIL; FLAT_MAX];
        changed[..values.len()].copy_from_slice(values);
        let mut added: Vec<(Term<'c>, Term<'c>)> = Vec::new();
        for pair in pairs.chunks_exact(2) {
            match flat_index(keys, pair[0]) {
                Some(index) => changed[index] = pair[1],
                None => added.push((pair[0], pair[1])),
            }
        }
        let changed = &changed[..values.len()];
        if added.is_empty() {
            return self.flat_with_values(map, values, changed);
        }
        let (added_keys, added_values) = sorted_unique(added);
        let count = keys.len() + added_keys.len();
        if count > FLAT_MAX {
            let old = keys.iter().copied().zip(changed.iter().copied());
            let all = old.chain(added_keys.into_iter().zip(added_values)).collect();
            return self.hash_map_of_unique(all);
        }
        let (mut all_keys, mut all_values) = ([Term::NIL; FLAT_MAX], [Term::NIL; FLAT_MAX]);
        let (mut old, mut new) = (0, 0);
        for at in 0..count {
            let take_old = new == added_keys.len() || (old < keys.len() && compare_exact(keys[old], added_keys[new]).is_lt());
            if take_old {
                (all_keys[at], all_values[at]) = (keys[old], changed[old]);
                old += 1;
            } else {
                (all_keys[at], all_values[at]) = (added_keys[new], added_values[new]);
                new += 1;
            }
        }
        self.flat_map(&all_keys[..count], &all_values[..count])
    }

    /// Both maps' pairs; for keys of both the second's value.
    pub fn map_merge(&mut self, first: Term<'c>, second: Term<'c>) -> Term<'c> {
        let (a, b) = (first.as_map().expect("the caller passes maps"), second.as_map().expect("the caller passes maps"));
        if b.is_empty() {
            return first;
        }
        if a.is_empty() {
            return second;
        }
        match (&a, &b) {
            (Map::Flat { keys, values }, Map::Flat { .. }) => {
                let pairs: Vec<Term<'c>> = b.iter().flat_map(|(key, value)| [key, value]).collect();
                self.flat_put_pairs(first, keys, values, &pairs)
            }
            // The larger stays, the smaller is put in; where the first is the smaller, only keys that the second lacks.
            _ if b.len() <= a.len() => b.iter().fold(first, |map, (key, value)| self.map_put(map, key, value)),
            _ => a.iter().fold(second, |map, (key, value)| match map_get(&b, key) {
                Some(_) => map,
                None => self.map_put(map, key, value),
            }),
        }
    }
}

/// Sorts by key in exact order; of equal keys the last stays.
fn sorted_unique<'c>(mut pairs: Vec<(Term<'c>, Term<'c>)>) -> (Vec<Term<'c>>, Vec<Term<'c>>) {
    pairs.sort_by(|a, b| compare_exact(a.0, b.0));
    let (mut keys, mut values): (Vec<Term<'c>>, Vec<Term<'c>>) =
        (Vec::with_capacity(pairs.len()), Vec::with_capacity(pairs.len()));
    for (key, value) in pairs {
        match (keys.last(), values.last_mut()) {
            (Some(last), Some(place)) if exact_eq(*last, key) => *place = value,
            _ => {
                keys.push(key);
                values.push(value);
            }
        }
    }
    (keys, values)
}

/// Of pairs with equal keys, which stand among those of equal hash, only the last stays.
fn drop_earlier_doubles<'c>(pairs: &mut Vec<(u32, Term<'c>, Term<'c>)>) {
    let mut kept = 0;
    let mut group = 0;
    for at in 0..pairs.len() {
        let pair = pairs[at];
        if kept == group || pairs[group].0 != pair.0 {
            group = kept;
        }
        match pairs[group..kept].iter().position(|other| exact_eq(other.1, pair.1)) {
            Some(same) => pairs[group + same] = pair,
            None => {
                pairs[kept] = pair;
                kept += 1;
            }
        }
    }
    pairs.truncate(kept);
}

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
