//! Hashes of terms: `phash2` and `phash`, which Erlang programs see and store, and the hash that shapes large maps.
//!
//! All three give OTP 25's values; for large maps these decide the order of iteration. Atoms, pids, ports, references and funs
//! hash in maps by their numbers here, as they do there by theirs.
//!
//! Each walks its term with a stack of its own. Words of 32 bits are mixed by Bob Jenkins' function; the golden ratio times a
//! small number tells kinds of terms apart.
//! Source: `erts/emulator/beam/utils.c`, `make_hash`, `make_hash2`, `make_internal_hash`.

use core::cmp::Ordering;

use smallvec::{SmallVec, smallvec};

use super::hash_mix::{self, pair, step, word as one_word};
use super::identity::external_ref_numbers;
use super::integer::IntRef;
use super::map_iter::MapIter;
use super::view::{Bits, Map, Record, Term, View};
use super::word;
use crate::atom::Atom;

/// A bitstring's whole bytes, then the count and value of the bits that are left.
fn with_parts<R>(bits: &Bits<'_>, hash: impl FnOnce(&[u8], Option<(u32, u8)>) -> R) -> R {
    let bytes = bits.to_bytes();
    let whole = bits.size / 8;
    let last = match bits.size % 8 {
        0 => None,
        rest => Some((rest as u32, bytes[whole] >> (8 - rest))),
    };
    hash(&bytes[..whole], last)
}

pub fn atom_hash(atom: Atom) -> u32 {
    hash_mix::atom_hash(atom.text().as_bytes())
}

pub(crate) fn integer_of<'c>(view: &View<'c>) -> IntRef<'c> {
    match view {
        View::Small(value) => IntRef::Small(*value),
        View::Big(big) => IntRef::Big { negative: big.negative, limbs: big.limbs },
        _ => unreachable!("called for integers only"),
    }
}

fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

fn first_ref_number(view: &View<'_>) -> u32 {
    match view {
        View::Ref(reference) => reference.numbers()[0],
        View::ExternalRef(words) => external_ref_numbers(words).0[0],
        _ => 0,
    }
}

/// Number of a pid, and of a port.
fn pid_number(view: &View<'_>) -> u32 {
    match view {
        View::Pid(term) => word::pid_slot(term.word()),
        View::ExternalPid(words) => words[1] as u32,
        _ => 0,
    }
}

fn port_number(view: &View<'_>) -> u64 {
    match view {
        View::Port(term) => term.word() >> 8,
        View::ExternalPort(words) => words[1],
        _ => 0,
    }
}

/// The start of a list that is bytes, packed four a word; where it ends, and whether anything was hashed of it.
struct Packed<'c> {
    hash: u32,
    /// Bytes of the last word that is not full, and their count.
    partial: u32,
    count: u32,
    rest: Term<'c>,
}

fn pack_bytes<'c>(list: Term<'c>, hash: u32) -> Packed<'c> {
    let mut packed = Packed { hash, partial: 0, count: 0, rest: list };
    while let Some(cell) = packed.rest.as_cons() {
        let Some(byte @ 0..=255) = cell.head.as_small() else { break };
        packed.partial = (packed.partial << 8).wrapping_add(byte as u32);
        if packed.count == 3 {
            packed.hash = one_word(packed.hash, packed.partial, 4);
            (packed.count, packed.partial) = (0, 0);
        } else {
            packed.count += 1;
        }
        packed.rest = cell.tail;
    }
    packed
}

enum Item<'c> {
    Term(Term<'c>),
    /// A pair of a map was hashed.
    Pair,
    /// All pairs were: the hash before the map, and the outer map's pairs.
    MapEnd {
        hash: u32,
        pairs: u32,
    },
}

/// The hash behind `erlang:phash2`, 32 bits.
pub fn phash2_full(term: Term<'_>) -> u32 {
    let mut hash = 0u32;
    let mut pairs = 0u32;
    let mut stack: SmallVec<[Item<'_>; 8]> = smallvec![Item::Term(term)];
    while let Some(item) = stack.pop() {
        let term = match item {
            Item::Term(term) => term,
            Item::Pair => {
                pairs ^= hash;
                hash = 0;
                continue;
            }
            Item::MapEnd { hash: before, pairs: outer } => {
                hash = one_word(before, pairs, 19);
                pairs = outer;
                continue;
            }
        };
        let view = term.view();
        match &view {
            View::Nil => hash = if hash == 0 { 3_468_870_702 } else { one_word(hash, 2, 2) },
            View::Atom(atom) => {
                let value = atom_hash(*atom);
                hash = if hash == 0 { value } else { one_word(hash, value, 3) };
            }
            View::Small(_) | View::Big(_) => hash = hash_mix::integer(hash, integer_of(&view)),
            View::Float(value) => hash = hash_mix::float(hash, *value),
            View::Cons(_) => {
                let packed = pack_bytes(term, hash);
                hash = packed.hash;
                if packed.count > 0 {
                    hash = one_word(hash, packed.partial, 4);
                }
                match packed.rest.as_cons() {
                    None => stack.push(Item::Term(packed.rest)),
                    Some(cell) => stack.extend([Item::Term(cell.tail), Item::Term(cell.head)]),
                }
            }
            View::Tuple(tuple) => {
                hash = one_word(hash, tuple.elements.len() as u32, 9);
                stack.extend(tuple.elements.iter().rev().map(|element| Item::Term(*element)));
            }
            View::Record(record) => {
                // OTP differs: its values come in the order of its atoms' numbers, so that only one field is the same everywhere.
                hash = pair(hash, record.values().len() as u32, definition_hash(record), 23);
                stack.extend(record.values().iter().rev().map(|value| Item::Term(*value)));
            }
            View::Map(map) => {
                hash = one_word(hash, map.len() as u32, 16);
                if !map.is_empty() {
                    stack.push(Item::MapEnd { hash, pairs });
                    (hash, pairs) = (0, 0);
                    for (key, value) in MapIter::new(map) {
                        stack.extend([Item::Pair, Item::Term(value), Item::Term(key)]);
                    }
                }
            }
            View::Fun(fun) => {
                hash = pair(hash, fun.env.len() as u32, atom_hash(fun.entry.module()), 1);
                hash = pair(hash, fun.entry.index as u32, fun.entry.old_uniq as u32, 1);
                stack.extend(fun.env.iter().rev().map(|value| Item::Term(*value)));
            }
            View::Export(export) => {
                hash = pair(hash, export.arity as u32, atom_hash(export.module()), 1);
                hash = one_word(hash, atom_hash(export.function()), 14);
            }
            View::Bits(bits) => hash = with_parts(bits, |bytes, last| hash_mix::bitstring(hash, bytes, last)),
            View::Pid(_) | View::ExternalPid(_) => hash = one_word(hash, pid_number(&view), 5),
            View::Port(_) | View::ExternalPort(_) => {
                let (low, high) = halves(port_number(&view));
                hash = pair(hash, low, high, 6);
            }
            View::Ref(_) | View::ExternalRef(_) => hash = one_word(hash, first_ref_number(&view), 7),
            View::Other => hash = one_word(hash, term.word() as u32, 8),
        }
    }
    hash
}

/// The hash of `{Module, Name, IsExported, Field, …}`.
fn definition_hash(record: &Record<'_>) -> u32 {
    let [module, name, is_exported, _] = record.definition();
    let atoms = [module, name, is_exported];
    let atoms = atoms.iter().chain(record.fields()).filter_map(|term| term.as_atom());
    atoms.fold(one_word(0, 3 + record.fields().len() as u32, 9), |hash, atom| one_word(hash, atom_hash(atom), 3))
}

/// `erlang:phash2(Term)`: 27 bits.
pub fn phash2(term: Term<'_>) -> u32 {
    phash2_full(term) & ((1 << 27) - 1)
}

/// The word that OTP 25 has for an immediate, where that does not depend on numbering.
fn otp_immediate(term: Term<'_>) -> u64 {
    let at = term.word();
    match at & 0xFF {
        word::SUBTAG_NIL => hash_mix::NIL_WORD,
        word::SUBTAG_ATOM => u64::from(word::atom_index(at)) << 6 | 0x0B,
        word::SUBTAG_PID => (at >> 8) << 4 | 0x3,
        word::SUBTAG_PORT => (at >> 8) << 4 | 0x7,
        _ => at,
    }
}

/// Hash of a map's key at `depth` groups of eight levels.
#[inline]
pub fn map_hash(key: Term<'_>, depth: u32) -> u32 {
    internal_hash(key, hash_mix::map_salt(depth))
}

/// The hash that shapes large maps; different salts give independent hashes.
#[inline]
pub fn internal_hash(term: Term<'_>, salt: u32) -> u32 {
    let hash = hash_mix::internal_start(salt);
    match term.as_small() {
        Some(value) => hash_mix::internal_integer(hash, IntRef::Small(value)),
        None if super::compare::is_plain_immediate(term.word()) => hash_mix::immediate(hash, otp_immediate(term)),
        None => internal_hash_walk(term, hash),
    }
}

/// Most keys need no more than this.
type Stack<'c> = SmallVec<[Inner<'c>; 8]>;

enum Inner<'c> {
    Term(Term<'c>),
    /// The tail of a cell that is no list follows.
    Tail,
}

fn internal_hash_walk(term: Term<'_>, hash: u32) -> u32 {
    let mut hash = hash;
    let mut stack: Stack<'_> = smallvec![Inner::Term(term)];
    while let Some(item) = stack.pop() {
        let Inner::Term(term) = item else {
            hash = hash_mix::constant(hash, 18);
            continue;
        };
        let view = term.view();
        match &view {
            View::Small(_) | View::Big(_) => hash = hash_mix::internal_integer(hash, integer_of(&view)),
            View::Float(value) => hash = hash_mix::internal_float(hash, *value),
            View::Nil | View::Atom(_) | View::Pid(_) | View::Port(_) | View::Other => {
                hash = hash_mix::immediate(hash, otp_immediate(term));
            }
            View::Cons(_) => {
                let packed = pack_bytes(term, hash);
                hash = packed.hash;
                if packed.count > 0 {
                    hash = pair(hash, packed.partial, packed.count, 22);
                }
                match packed.rest.as_cons() {
                    None => stack.push(Inner::Term(packed.rest)),
                    Some(cell) => {
                        hash = hash_mix::constant(hash, 17);
                        stack.push(Inner::Term(cell.tail));
                        if cell.tail.as_cons().is_none() {
                            stack.push(Inner::Tail);
                        }
                        stack.push(Inner::Term(cell.head));
                    }
                }
            }
            View::Tuple(tuple) => {
                hash = one_word(hash, tuple.elements.len() as u32, 9);
                stack.extend(tuple.elements.iter().rev().map(|element| Inner::Term(*element)));
            }
            View::Record(record) => {
                hash = one_word(hash, record.parts.len() as u32, 23);
                stack.extend(record.parts.iter().rev().map(|part| Inner::Term(*part)));
            }
            View::Map(map) => {
                hash = one_word(hash, map.len() as u32, 16);
                push_map(map, &mut stack);
            }
            View::Fun(fun) => {
                hash = pair(hash, fun.env.len() as u32, fun.entry.module().0, 20);
                hash = pair(hash, fun.entry.index as u32, fun.entry.old_uniq as u32, 21);
                stack.extend(fun.env.iter().rev().map(|value| Inner::Term(*value)));
            }
            View::Export(export) => {
                hash = pair(hash, export.module().0, export.function().0, 14);
                hash = one_word(hash, export.arity as u32, 14);
            }
            View::Bits(bits) => hash = with_parts(bits, |bytes, last| hash_mix::bitstring(hash, bytes, last)),
            View::Ref(reference) => {
                let [first, second, third] = reference.numbers();
                hash = one_word(hash, first, 7);
                hash = pair(hash, second, third, 8);
            }
            View::ExternalRef(words) => {
                let (numbers, _) = external_ref_numbers(words);
                hash = pair(hash, word::atom_index(words[0]), words[1] as u32, 7);
                hash = pair(hash, numbers[0], numbers[3], 7);
                hash = pair(hash, numbers[1], numbers[2] ^ numbers[4].rotate_left(16), 8);
            }
            View::ExternalPid(words) => {
                hash = pair(hash, word::atom_index(words[0]), words[2] as u32, 5);
                hash = pair(hash, words[1] as u32, (words[2] >> 32) as u32, 5);
            }
            View::ExternalPort(words) => {
                let (low, high) = halves(words[1]);
                hash = pair(hash, word::atom_index(words[0]), words[2] as u32, 6);
                hash = pair(hash, low, high, 6);
            }
        }
    }
    hash
}

/// Puts a map's pairs on the stack in the order in which OTP takes them off it: a flat map's from its first key, a large
/// map's from the last child of each node.
fn push_map<'c>(map: &Map<'c>, stack: &mut Stack<'c>) {
    let start = stack.len();
    for (key, value) in MapIter::new(map) {
        match map {
            Map::Flat { .. } => stack.extend([Inner::Term(key), Inner::Term(value)]),
            Map::Hash { .. } => stack.extend([Inner::Term(value), Inner::Term(key)]),
        }
    }
    if let Map::Flat { .. } = map {
        stack[start..].reverse();
    }
}

/// Order of two different keys in the trie of a large map: by their hashes from the lowest four bits up.
pub fn map_hash_order(a: Term<'_>, b: Term<'_>) -> Ordering {
    let mut depth = 0;
    loop {
        let order = trie_order(map_hash(a, depth)).cmp(&trie_order(map_hash(b, depth)));
        if order.is_ne() || depth > 64 {
            return order;
        }
        depth += 1;
    }
}

/// The hash with its groups of four bits reversed, so that numeric order is the trie's.
pub fn trie_order(hash: u32) -> u32 {
    let swapped = (hash & 0x0F0F_0F0F) << 4 | (hash >> 4) & 0x0F0F_0F0F;
    swapped.swap_bytes()
}

fn add(hash: u32, prime: usize, value: u32) -> u32 {
    step(hash, prime).wrapping_add(value)
}

enum Old<'c> {
    Term(Term<'c>),
    /// What follows a cell's head.
    Rest(Term<'c>),
    ListEnd,
    TupleEnd(u32),
}

/// The hash behind `erlang:phash/2`.
pub fn phash(term: Term<'_>) -> u32 {
    let mut hash = 0u32;
    let mut stack: SmallVec<[Old<'_>; 8]> = smallvec![Old::Term(term)];
    while let Some(item) = stack.pop() {
        let term = match item {
            Old::Term(term) => term,
            Old::ListEnd => {
                hash = step(hash, 8);
                continue;
            }
            Old::TupleEnd(arity) => {
                hash = add(hash, 9, arity);
                continue;
            }
            Old::Rest(rest) => {
                if rest.as_cons().is_none() {
                    stack.push(Old::ListEnd);
                }
                rest
            }
        };
        let view = term.view();
        match &view {
            View::Nil => hash = add(hash, 3, 1),
            View::Atom(atom) => hash = add(hash, 1, atom_hash(*atom)),
            View::Small(_) | View::Big(_) => hash = hash_mix::phash_integer(hash, integer_of(&view)),
            View::Float(value) => {
                let (low, high) = halves(if *value == 0.0 { 0 } else { value.to_bits() });
                hash = add(hash, 6, low ^ high);
            }
            View::Bits(bits) => hash = with_parts(bits, |bytes, last| hash_mix::phash_bitstring(hash, bytes, last)),
            View::Cons(_) => {
                let mut rest = term;
                loop {
                    let Some(cell) = rest.as_cons() else {
                        stack.extend([Old::ListEnd, Old::Term(rest)]);
                        break;
                    };
                    if let Some(byte @ 0..=255) = cell.head.as_small() {
                        hash = add(hash, 2, byte as u32);
                        rest = cell.tail;
                    } else {
                        stack.extend([Old::Rest(cell.tail), Old::Term(cell.head)]);
                        break;
                    }
                }
            }
            View::Tuple(tuple) => {
                stack.push(Old::TupleEnd(tuple.elements.len() as u32));
                stack.extend(tuple.elements.iter().rev().map(|element| Old::Term(*element)));
            }
            View::Record(record) => {
                stack.push(Old::TupleEnd(record.parts.len() as u32));
                stack.extend(record.parts.iter().rev().map(|part| Old::Term(*part)));
            }
            View::Map(_) => hash = add(hash, 13, hash_mix::PRIME[14]).wrapping_add(phash2_full(term)),
            View::Fun(fun) => {
                hash = add(hash, 10, fun.env.len() as u32);
                hash = add(hash, 1, atom_hash(fun.entry.module()));
                hash = add(hash, 2, fun.entry.index as u32);
                hash = add(hash, 2, fun.entry.old_uniq as u32);
                stack.extend(fun.env.iter().rev().map(|value| Old::Term(*value)));
            }
            View::Export(export) => {
                hash = add(hash, 11, export.arity as u32);
                hash = add(hash, 1, atom_hash(export.module()));
                hash = add(hash, 1, atom_hash(export.function()));
            }
            View::Pid(_) | View::ExternalPid(_) => hash = step(hash_mix::phash_word(hash, pid_number(&view), 5), 6),
            View::Port(_) | View::ExternalPort(_) => {
                let (low, high) = halves(port_number(&view));
                if high != 0 {
                    hash = hash_mix::phash_word(hash, high, 11);
                }
                hash = step(hash_mix::phash_word(hash, low, 9), 10);
            }
            View::Ref(_) | View::ExternalRef(_) => hash = step(hash_mix::phash_word(hash, first_ref_number(&view), 9), 10),
            View::Other => hash = add(hash, 7, term.word() as u32),
        }
    }
    hash
}
