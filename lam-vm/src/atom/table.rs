//! The table behind `Atom`: well-known texts, then the image's, then what is interned while running.
//!
//! Reading a text takes no lock for the first two; the third grows behind one lock. The image's atoms are adopted once, before
//! anything else is interned, and their number equals the one they have in the image.

use std::collections::HashMap;

use super::Atom;
use super::well_known::{COUNT, TEXTS};
use crate::sync::OnceLock;
use crate::sync::global::RwLock;

/// The table holds as many atoms as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// As the real machine's default limit.
pub const LIMIT: u32 = 1_048_576;

/// Atoms of the image, in order of their numbers, without the well-known ones.
static IMAGE: OnceLock<Vec<&'static str>> = OnceLock::new();
static DYNAMIC: RwLock<Option<Dynamic>> = RwLock::new(None);

struct Dynamic {
    texts: Vec<&'static str>,
    /// Every atom that is not well-known.
    numbers: HashMap<&'static str, u32, foldhash::fast::FixedState>,
}

fn image() -> &'static [&'static str] {
    IMAGE.get().map_or(&[], Vec::as_slice)
}

fn first_dynamic() -> u32 {
    COUNT + image().len() as u32
}

/// As `with_dynamic` for who changes nothing: readers share the lock.
fn read_dynamic<R>(look: impl Fn(&Dynamic) -> R) -> R {
    if let Some(table) = &*DYNAMIC.read() {
        return look(table);
    }
    with_dynamic(|table| look(table))
}

fn with_dynamic<R>(change: impl FnOnce(&mut Dynamic) -> R) -> R {
    let mut guard = DYNAMIC.write();
    let table = guard.get_or_insert_with(|| {
        let mut numbers = HashMap::default();
        for (index, text) in TEXTS.iter().enumerate() {
            numbers.insert(*text, index as u32);
        }
        for (index, text) in image().iter().enumerate() {
            numbers.insert(*text, COUNT + index as u32);
        }
        Dynamic { texts: Vec::new(), numbers }
    });
    change(table)
}

/// Takes over the image's atoms (those after the well-known ones); once, before any other atom is interned.
pub fn adopt_image(texts: Vec<&'static str>) -> bool {
    let untouched = DYNAMIC.read().is_none();
    untouched && IMAGE.set(texts).is_ok()
}

pub fn text(atom: Atom) -> &'static str {
    let index = atom.0 as usize;
    if atom.0 < COUNT {
        return TEXTS[index];
    }
    let index = index - COUNT as usize;
    if let Some(text) = image().get(index) {
        return text;
    }
    let index = index - image().len();
    read_dynamic(|table| table.texts[index])
}

/// The atom of this text, if there is one.
pub fn lookup(text: &str) -> Option<Atom> {
    read_dynamic(|table| table.numbers.get(text).copied().map(Atom))
}

/// The atom of this text, made where it is new. The caller checks Erlang's limit of 255 characters.
pub fn intern(text: &str) -> Result<Atom, Full> {
    intern_below(text, LIMIT)
}

fn intern_below(text: &str, limit: u32) -> Result<Atom, Full> {
    if let Some(atom) = lookup(text) {
        return Ok(atom);
    }
    with_dynamic(|table| {
        // Another thread may have been quicker.
        if let Some(number) = table.numbers.get(text) {
            return Ok(Atom(*number));
        }
        let number = first_dynamic() + table.texts.len() as u32;
        if number >= limit {
            return Err(Full);
        }
        let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
        table.texts.push(text);
        table.numbers.insert(text, number);
        Ok(Atom(number))
    })
}

/// As `intern`, for texts of the program itself, which are few and go in though the table be full.
pub fn intern_static(text: &'static str) -> Atom {
    intern_below(text, u32::MAX).expect("few beyond the limit")
}

pub fn count() -> u32 {
    first_dynamic() + read_dynamic(|table| table.texts.len() as u32)
}

/// All atoms' texts, in order of their numbers.
pub fn all() -> Vec<&'static str> {
    (0..count()).map(|number| text(Atom(number))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom::am;

    #[test]
    fn texts_and_numbers_agree() {
        assert_eq!(am::TRUE.text(), "true");
        assert_eq!(lookup("badarg"), Some(am::BADARG));
        let new = intern("an atom of this test").expect("room");
        assert_eq!(lookup("an atom of this test"), Some(new));
        assert_eq!(new.text(), "an atom of this test");
        let unique: std::collections::HashSet<_> = TEXTS.iter().collect();
        assert_eq!(unique.len(), TEXTS.len(), "a well-known atom is listed twice");
    }
}
