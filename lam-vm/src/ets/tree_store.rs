//! Objects of `ordered_set`: sorted by key in chunks of bounded size, which stand in order themselves.
//!
//! Finding is two binary searches; inserting moves at most one chunk. Keys are equal when `==` says so.

use core::cmp::Ordering;

use super::key_of;
use crate::process::OwnedTerm;
use crate::term::Term;
use crate::term::compare::compare;

/// A fuller chunk is split in two. Larger ones make insertion slower, smaller ones the list of chunks longer.
const CHUNK_MAX: usize = 96;
/// Words that an object takes besides its own: what OTP's tables take, which programs see.
const OBJECT_OVERHEAD_WORDS: usize = 5;

pub struct TreeStore {
    key_position: usize,
    /// None is empty.
    chunks: Vec<Vec<OwnedTerm>>,
    count: usize,
    object_words: usize,
}

/// Where an object stands: chunk, and place in it.
#[derive(Clone, Copy)]
struct Place {
    chunk: usize,
    at: usize,
}

impl TreeStore {
    pub fn new(key_position: usize) -> TreeStore {
        TreeStore { key_position, chunks: Vec::new(), count: 0, object_words: 0 }
    }
    pub fn len(&self) -> usize {
        self.count
    }
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
    pub fn words(&self) -> usize {
        self.object_words + OBJECT_OVERHEAD_WORDS * self.count
    }
    #[inline]
    fn order(&self, object: &OwnedTerm, key: Term<'_>) -> Ordering {
        compare(key_of(object, self.key_position).shorten(), key.shorten())
    }
    /// The place of the key, or where it would be inserted.
    #[inline]
    fn search(&self, key: Term<'_>) -> Result<Place, Place> {
        let after = self.chunks.partition_point(|chunk| self.order(&chunk[0], key).is_le());
        let chunk = after.saturating_sub(1);
        let Some(objects) = self.chunks.get(chunk) else { return Err(Place { chunk: 0, at: 0 }) };
        match objects.binary_search_by(|object| self.order(object, key)) {
            Ok(at) => Ok(Place { chunk, at }),
            Err(at) => Err(Place { chunk, at }),
        }
    }
    fn get(&self, place: Place) -> &OwnedTerm {
        &self.chunks[place.chunk][place.at]
    }
    pub fn lookup(&self, key: Term<'_>) -> &[OwnedTerm] {
        self.search(key).map_or(&[], |place| core::slice::from_ref(self.get(place)))
    }
    pub fn lookup_mut(&mut self, key: Term<'_>) -> Option<&mut OwnedTerm> {
        let place = self.search(key).ok()?;
        Some(&mut self.chunks[place.chunk][place.at])
    }
    pub fn resized(&mut self, before: usize, after: usize) {
        self.object_words = self.object_words + after - before;
    }
    pub fn insert(&mut self, object: OwnedTerm) {
        self.object_words += object.words();
        match self.search(key_of(&object, self.key_position)) {
            Ok(place) => {
                let old = core::mem::replace(&mut self.chunks[place.chunk][place.at], object);
                self.object_words -= old.words();
            }
            Err(place) => {
                self.count += 1;
                self.insert_at(place, object);
            }
        }
    }
    fn insert_at(&mut self, mut place: Place, object: OwnedTerm) {
        if self.chunks.is_empty() {
            self.chunks.push(Vec::with_capacity(4));
        }
        let size = self.chunks[place.chunk].len();
        if size >= CHUNK_MAX {
            // Keys that come in order leave full chunks behind.
            let is_append = place.at == size && place.chunk + 1 == self.chunks.len();
            let middle = if is_append { size } else { size / 2 };
            let upper = self.chunks[place.chunk].split_off(middle);
            self.chunks.insert(place.chunk + 1, upper);
            if place.at >= middle && (place.at > middle || is_append) {
                place = Place { chunk: place.chunk + 1, at: place.at - middle };
            }
        }
        self.chunks[place.chunk].insert(place.at, object);
    }
    fn remove_at(&mut self, place: Place) -> OwnedTerm {
        let object = self.chunks[place.chunk].remove(place.at);
        self.count -= 1;
        self.object_words -= object.words();
        if self.chunks[place.chunk].is_empty() {
            self.chunks.remove(place.chunk);
        } else if self.chunks[place.chunk].len() < CHUNK_MAX / 4 {
            self.join(place.chunk);
        }
        object
    }
    /// Joins a small chunk with its neighbour where both fit one.
    fn join(&mut self, chunk: usize) {
        let first = if chunk + 1 < self.chunks.len() { chunk } else { chunk.saturating_sub(1) };
        if first + 1 < self.chunks.len() && self.chunks[first].len() + self.chunks[first + 1].len() <= CHUNK_MAX / 2 {
            let mut upper = self.chunks.remove(first + 1);
            self.chunks[first].append(&mut upper);
        }
    }
    pub fn take(&mut self, key: Term<'_>) -> Vec<OwnedTerm> {
        self.search(key).map_or(Vec::new(), |place| vec![self.remove_at(place)])
    }
    pub fn delete_objects(&mut self, key: Term<'_>, mut is_it: impl FnMut(&OwnedTerm) -> bool) -> usize {
        match self.search(key) {
            Ok(place) if is_it(self.get(place)) => {
                self.remove_at(place);
                1
            }
            _ => 0,
        }
    }
    pub fn delete_where(&mut self, mut is_it: impl FnMut(&OwnedTerm) -> bool) -> usize {
        let before = self.count;
        let mut words = 0;
        let mut kept = 0;
        for chunk in &mut self.chunks {
            chunk.retain(|object| {
                let gone = is_it(object);
                if !gone {
                    words += object.words();
                    kept += 1;
                }
                !gone
            });
        }
        self.chunks.retain(|chunk| !chunk.is_empty());
        (self.count, self.object_words) = (kept, words);
        before - kept
    }
    pub fn replace_where(&mut self, mut change: impl FnMut(&OwnedTerm) -> Option<OwnedTerm>) -> usize {
        let mut count = 0;
        for object in self.chunks.iter_mut().flatten() {
            if let Some(new) = change(object) {
                self.object_words = self.object_words + new.words() - object.words();
                *object = new;
                count += 1;
            }
        }
        count
    }
    pub fn clear(&mut self) -> usize {
        let count = self.count;
        *self = TreeStore::new(self.key_position);
        count
    }

    /// Objects from the lowest key.
    pub fn ascending(&self) -> impl Iterator<Item = &OwnedTerm> {
        self.chunks.iter().flatten()
    }
    /// Objects from the highest key.
    pub fn descending(&self) -> impl Iterator<Item = &OwnedTerm> {
        self.chunks.iter().rev().flat_map(|chunk| chunk.iter().rev())
    }
    /// Objects with keys above `key`, upwards.
    pub fn above(&self, key: Term<'_>) -> impl Iterator<Item = &OwnedTerm> {
        let place = match self.search(key) {
            Ok(place) => Place { chunk: place.chunk, at: place.at + 1 },
            Err(place) => place,
        };
        let skip = if self.chunks.is_empty() { 0 } else { place.at };
        self.chunks.get(place.chunk..).unwrap_or(&[]).iter().flatten().skip(skip)
    }
    /// Objects with keys below `key`, downwards.
    pub fn under(&self, key: Term<'_>) -> impl Iterator<Item = &OwnedTerm> {
        let (Ok(place) | Err(place)) = self.search(key);
        let partial = self.chunks.get(place.chunk).map_or(&[][..], |chunk| &chunk[..place.at]);
        partial.iter().rev().chain(self.chunks.iter().take(place.chunk).rev().flat_map(|chunk| chunk.iter().rev()))
    }
    /// Objects whose keys `order` calls equal, upwards; those below and above them it calls less and greater.
    pub fn range(&self, order: impl Fn(Term<'_>) -> Ordering) -> impl DoubleEndedIterator<Item = &OwnedTerm> {
        let first = self.first_where(|key| order(key).is_ge());
        let after = self.first_where(|key| order(key).is_gt());
        (first.chunk..self.chunks.len().min(after.chunk + 1)).flat_map(move |chunk| {
            let objects = &self.chunks[chunk];
            let start = if chunk == first.chunk { first.at } else { 0 };
            let end = if chunk == after.chunk { after.at } else { objects.len() };
            objects[start..end].iter()
        })
    }
    /// The first place whose key `holds` accepts, as it does all behind it.
    fn first_where(&self, holds: impl Fn(Term<'_>) -> bool) -> Place {
        let is_before = |object: &OwnedTerm| !holds(key_of(object, self.key_position));
        let chunk = self.chunks.partition_point(|objects| objects.last().is_some_and(is_before));
        let at = self.chunks.get(chunk).map_or(0, |objects| objects.partition_point(is_before));
        Place { chunk, at }
    }
    /// The object of this rank, from 0.
    pub fn nth(&self, mut rank: usize) -> Option<&OwnedTerm> {
        for chunk in &self.chunks {
            match chunk.get(rank) {
                Some(object) => return Some(object),
                None => rank -= chunk.len(),
            }
        }
        None
    }
}
