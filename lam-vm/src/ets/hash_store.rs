//! Objects of `set`, `bag` and `duplicate_bag`: one slot for each key, slots in a row, an index from hash to slot.
//!
//! A traversal walks the slots **downwards**, so that keys inserted meanwhile, which go to the end, never lengthen it. While a table
//! is fixed a deleted key leaves its last object as a *grave*, from which a traversal can go on; graves are cleared when the last
//! fixation ends. Slots move only when few are left and nothing is fixed.

use super::index::Index;
use super::key_of;
use crate::process::OwnedTerm;
use crate::term::compare::{exact_eq, is_plain_immediate};
use crate::term::{Term, hash};

/// Words that an object takes besides its own, and those of places beyond the first: what OTP's tables take, which programs see.
const OBJECT_OVERHEAD_WORDS: usize = 4;
const STEP_PLACES: usize = 2048;
const FIRST_STEP_WORDS: usize = 262;
/// Places of an empty table, as `slot/2` and statistics show them.
const MIN_SLOTS: usize = 256;
/// Fewer slots are never compacted.
const COMPACT_MIN_SLOTS: usize = 64;

/// Objects of one key, oldest first.
enum Rows {
    None,
    One(OwnedTerm),
    Many(Vec<OwnedTerm>),
}

struct Slot {
    hash: u32,
    /// Deleted while fixed: `rows` holds what the key is read from.
    is_grave: bool,
    rows: Rows,
}

impl Slot {
    fn objects(&self) -> &[OwnedTerm] {
        match &self.rows {
            Rows::None => &[],
            Rows::One(object) => core::slice::from_ref(object),
            Rows::Many(objects) => objects,
        }
    }
    fn live(&self) -> &[OwnedTerm] {
        if self.is_grave { &[] } else { self.objects() }
    }
    fn take(&mut self) -> Vec<OwnedTerm> {
        match core::mem::replace(&mut self.rows, Rows::None) {
            Rows::None => Vec::new(),
            Rows::One(object) => vec![object],
            Rows::Many(objects) => objects,
        }
    }
    fn push(&mut self, object: OwnedTerm) {
        self.rows = match core::mem::replace(&mut self.rows, Rows::None) {
            Rows::None => Rows::One(object),
            Rows::One(first) => Rows::Many(vec![first, object]),
            Rows::Many(mut objects) => {
                objects.push(object);
                Rows::Many(objects)
            }
        };
    }
    fn put_back(&mut self, mut objects: Vec<OwnedTerm>) {
        self.rows = match objects.len() {
            0 => Rows::None,
            1 => objects.pop().map_or(Rows::None, Rows::One),
            _ => Rows::Many(objects),
        };
    }
}

/// How a second object of one key is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// It takes the place of the first.
    Replace,
    /// Beside others, once.
    Bag,
    /// Beside others.
    DuplicateBag,
}

pub struct HashStore {
    key_position: usize,
    duplicates: Duplicates,
    slots: Vec<Slot>,
    free: Vec<u32>,
    graves: Vec<u32>,
    index: Index,
    count: usize,
    /// Objects that were deleted while the table was fixed, until it no longer is.
    kept: usize,
    object_words: usize,
}

#[inline]
fn hash_of(key: Term<'_>) -> u32 {
    if is_plain_immediate(key.word()) {
        let mixed = u128::from(key.word() ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93;
        return ((mixed >> 64) as u64 ^ mixed as u64) as u32;
    }
    hash::internal_hash(key, 0)
}

impl HashStore {
    pub fn new(key_position: usize, duplicates: Duplicates) -> HashStore {
        HashStore {
            key_position,
            duplicates,
            slots: Vec::new(),
            free: Vec::new(),
            graves: Vec::new(),
            index: Index::default(),
            count: 0,
            kept: 0,
            object_words: 0,
        }
    }
    /// Objects.
    pub fn len(&self) -> usize {
        self.count
    }
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
    pub fn words(&self) -> usize {
        let steps = self.count.saturating_sub(MIN_SLOTS).div_ceil(STEP_PLACES);
        let places = if steps > 0 { FIRST_STEP_WORDS + steps * STEP_PLACES } else { 0 };
        self.object_words + OBJECT_OVERHEAD_WORDS * (self.count + self.kept) + places
    }
    /// Places that a traversal visits, used or not: no table has fewer than OTP's smallest.
    pub fn slot_count(&self) -> usize {
        self.slots.len().max(MIN_SLOTS)
    }
    /// Objects that were deleted while the table was fixed.
    pub fn kept(&self) -> usize {
        self.kept
    }
    /// How many live objects each place holds that is not free: none where they were deleted while the table is fixed.
    pub fn sizes(&self) -> Vec<usize> {
        let used = self.slots.iter().filter(|slot| !matches!(slot.rows, Rows::None));
        let mut sizes: Vec<usize> = used.map(|slot| slot.live().len()).collect();
        sizes.resize(sizes.len().max(MIN_SLOTS), 0);
        sizes
    }
    #[inline]
    fn find(&self, key: Term<'_>, hash: u32) -> Option<usize> {
        self.index.find(hash, |slot| {
            self.slots[slot]
                .objects()
                .first()
                .is_some_and(|object| exact_eq(key_of(object, self.key_position).shorten(), key.shorten()))
        })
    }
    /// The live objects of a key, oldest first.
    #[inline]
    pub fn lookup(&self, key: Term<'_>) -> &[OwnedTerm] {
        self.find(key, hash_of(key)).map_or(&[], |slot| self.slots[slot].live())
    }
    /// The one object of a key, to be changed in place but for its key.
    pub fn lookup_mut(&mut self, key: Term<'_>) -> Option<&mut OwnedTerm> {
        let slot = self.find(key, hash_of(key))?;
        let slot = &mut self.slots[slot];
        match &mut slot.rows {
            Rows::One(object) if !slot.is_grave => Some(object),
            _ => None,
        }
    }
    /// `words` of a changed object were `before`.
    pub fn resized(&mut self, before: usize, after: usize) {
        self.object_words = self.object_words + after - before;
    }

    pub fn insert(&mut self, object: OwnedTerm) {
        let key = key_of(&object, self.key_position);
        let hash = hash_of(key);
        let found = self.find(key, hash);
        let words = object.words();
        match found {
            Some(at) => {
                let slot = &mut self.slots[at];
                if slot.is_grave {
                    slot.is_grave = false;
                    self.kept = self.kept.saturating_sub(1);
                    self.object_words -= slot.take().iter().map(OwnedTerm::words).sum::<usize>();
                    self.count += 1;
                    slot.push(object);
                } else if self.duplicates == Duplicates::Replace {
                    self.object_words -= slot.objects().iter().map(OwnedTerm::words).sum::<usize>();
                    slot.rows = Rows::One(object);
                } else {
                    let is_bag = self.duplicates == Duplicates::Bag;
                    if is_bag && slot.objects().iter().any(|other| exact_eq(other.term().shorten(), object.term().shorten())) {
                        return;
                    }
                    self.count += 1;
                    slot.push(object);
                }
            }
            None => {
                let slot = Slot { hash, is_grave: false, rows: Rows::One(object) };
                let at = match self.free.pop() {
                    Some(free) => {
                        self.slots[free as usize] = slot;
                        free as usize
                    }
                    None => {
                        self.slots.push(slot);
                        self.slots.len() - 1
                    }
                };
                self.index.insert(hash, at);
                self.count += 1;
            }
        }
        self.object_words += words;
    }

    /// Removes a key; its objects.
    pub fn take(&mut self, key: Term<'_>, is_fixed: bool) -> Vec<OwnedTerm> {
        let Some(at) = self.find(key, hash_of(key)) else { return Vec::new() };
        if self.slots[at].is_grave {
            return Vec::new();
        }
        let objects = self.empty_slot(at, is_fixed);
        self.compact();
        objects
    }
    /// The objects of a slot that becomes free, or a grave.
    fn empty_slot(&mut self, at: usize, is_fixed: bool) -> Vec<OwnedTerm> {
        let slot = &mut self.slots[at];
        let objects = slot.take();
        self.count -= objects.len();
        self.object_words -= objects.iter().map(OwnedTerm::words).sum::<usize>();
        match objects.first().filter(|_| is_fixed) {
            Some(first) => {
                self.kept += objects.len();
                let grave = OwnedTerm::of(first.term());
                self.object_words += grave.words();
                slot.rows = Rows::One(grave);
                slot.is_grave = true;
                self.graves.push(at as u32);
            }
            None => self.free_slot(at),
        }
        objects
    }
    fn free_slot(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        slot.is_grave = false;
        let hash = slot.hash;
        self.index.remove(hash, at);
        self.free.push(at as u32);
    }
    /// Removes the objects of a key that `is_it` accepts; how many.
    pub fn delete_objects(&mut self, key: Term<'_>, is_fixed: bool, is_it: impl FnMut(&OwnedTerm) -> bool) -> usize {
        match self.find(key, hash_of(key)) {
            Some(at) if !self.slots[at].is_grave => {
                let count = self.retain_in(at, is_fixed, is_it);
                self.compact();
                count
            }
            _ => 0,
        }
    }
    fn retain_in(&mut self, at: usize, is_fixed: bool, mut is_it: impl FnMut(&OwnedTerm) -> bool) -> usize {
        let deleted: Vec<bool> = self.slots[at].live().iter().map(&mut is_it).collect();
        let count = deleted.iter().filter(|gone| **gone).count();
        if count == deleted.len() {
            if count > 0 {
                self.empty_slot(at, is_fixed);
            }
            return count;
        }
        if count > 0 {
            let slot = &mut self.slots[at];
            let mut kept = Vec::new();
            for (object, gone) in slot.take().into_iter().zip(deleted) {
                if gone { self.object_words -= object.words() } else { kept.push(object) }
            }
            slot.put_back(kept);
            self.count -= count;
            self.kept += if is_fixed { count } else { 0 };
        }
        count
    }
    /// Removes all objects that `is_it` accepts; how many.
    pub fn delete_where(&mut self, is_fixed: bool, mut is_it: impl FnMut(&OwnedTerm) -> bool) -> usize {
        let mut count = 0;
        for at in (0..self.slots.len()).rev() {
            if !self.slots[at].is_grave {
                count += self.retain_in(at, is_fixed, &mut is_it);
            }
        }
        self.compact();
        count
    }
    /// Each object that `change` gives a new one for is replaced; how many. `change` keeps keys.
    pub fn replace_where(&mut self, mut change: impl FnMut(&OwnedTerm) -> Option<OwnedTerm>) -> usize {
        let mut count = 0;
        for slot in self.slots.iter_mut().rev().filter(|slot| !slot.is_grave) {
            let objects: &mut [OwnedTerm] = match &mut slot.rows {
                Rows::None => &mut [],
                Rows::One(object) => core::slice::from_mut(object),
                Rows::Many(objects) => objects,
            };
            for object in objects {
                if let Some(new) = change(object) {
                    self.object_words = self.object_words + new.words() - object.words();
                    *object = new;
                    count += 1;
                }
            }
        }
        count
    }
    pub fn clear(&mut self, is_fixed: bool) -> usize {
        let count = self.count;
        if is_fixed {
            self.delete_where(true, |_| true);
        } else {
            *self = HashStore::new(self.key_position, self.duplicates);
        }
        count
    }
    /// The last fixation ended.
    pub fn unfixed(&mut self) {
        self.kept = 0;
        for at in core::mem::take(&mut self.graves) {
            let slot = &mut self.slots[at as usize];
            // A key that came back, and perhaps was deleted again, stands here twice.
            if !slot.is_grave {
                continue;
            }
            self.object_words -= slot.take().iter().map(OwnedTerm::words).sum::<usize>();
            slot.is_grave = false;
            let hash = slot.hash;
            self.index.remove(hash, at as usize);
            self.free.push(at);
        }
        self.compact();
    }
    /// Moves the slots together when most are free.
    fn compact(&mut self) {
        let used = self.slots.len() - self.free.len();
        if !self.graves.is_empty() || self.slots.len() < COMPACT_MIN_SLOTS || 4 * used > self.slots.len() {
            return;
        }
        self.slots.retain(|slot| !matches!(slot.rows, Rows::None));
        self.slots.shrink_to_fit();
        self.free = Vec::new();
        self.index = Index::default();
        for (at, slot) in self.slots.iter().enumerate() {
            self.index.insert(slot.hash, at);
        }
    }

    /// Live slots below `end`, downwards, with their objects.
    pub fn below(&self, end: usize) -> impl Iterator<Item = (usize, &[OwnedTerm])> {
        let end = end.min(self.slots.len());
        self.slots[..end].iter().enumerate().rev().map(|(at, slot)| (at, slot.live())).filter(|(_, objects)| !objects.is_empty())
    }
    /// The place of a key that is there, or was while fixed.
    pub fn place_of(&self, key: Term<'_>) -> Option<usize> {
        self.find(key, hash_of(key))
    }
    /// What the place of a key holds, deleted objects too.
    pub fn kept_at(&self, at: usize) -> &[OwnedTerm] {
        self.slots.get(at).map_or(&[], Slot::objects)
    }
    /// An object of each key below a place, downwards, of deleted keys too.
    pub fn kept_below(&self, end: usize) -> impl Iterator<Item = &OwnedTerm> {
        let end = end.min(self.slots.len());
        self.slots[..end].iter().rev().filter_map(|slot| slot.objects().first())
    }
    /// The first key of a traversal.
    pub fn first(&self) -> Option<Term<'_>> {
        self.below(self.slots.len()).next().map(|(_, objects)| key_of(&objects[0], self.key_position))
    }
    /// The key after one that is there (or was, while fixed); `None` for an unknown key.
    pub fn next(&self, key: Term<'_>) -> Option<Option<Term<'_>>> {
        let at = self.find(key, hash_of(key))?;
        Some(self.below(at).next().map(|(_, objects)| key_of(&objects[0], self.key_position)))
    }
    /// The objects of a slot; `None` after the last.
    pub fn slot(&self, at: usize) -> Option<&[OwnedTerm]> {
        self.slots.get(at).map(Slot::live).or_else(|| (at < MIN_SLOTS).then_some(&[][..]))
    }
}
