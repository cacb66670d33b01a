//! Literal terms on their way into an image: built here, written as the words that they will be there.

use std::collections::HashMap;

use super::layout::Key;
use crate::atom::Atom;
use crate::heap::Alloc;
use crate::heap::external_decode::{DecodeOptions, Links, decode};
use crate::loader::BeamFile;
use crate::sync::Mutex;
use crate::term::word;
use crate::term::{Export, FunEntry};

/// The templates of a module's native records, as a list in the external term format.
pub fn templates_of(file: &BeamFile) -> Vec<u8> {
    if file.records.is_empty() {
        return vec![131, 106];
    }
    let mut list = vec![131, 108];
    list.extend_from_slice(&(file.records.len() as u32).to_be_bytes());
    for record in &file.records {
        list.extend_from_slice(file.literal(record.template).get(1..).unwrap_or_default());
    }
    list.push(106);
    list
}

/// What one module put among the literals, as words of this process.
#[derive(Default)]
pub(super) struct ModuleLiterals {
    pub(super) terms: Vec<u64>,
    pub(super) bigs: Vec<u64>,
    pub(super) integers: HashMap<i64, u64>,
    pub(super) attributes: u64,
    pub(super) compile_info: u64,
    pub(super) records: u64,
    pub(super) files: Vec<u64>,
    pub(super) source: u64,
}

/// Literal terms: built in memory of this process, then moved to where the image will have them.
#[derive(Default)]
pub(super) struct Literals {
    pub(super) area: Alloc,
    /// Address of the area in the image.
    pub(super) base: u64,
    pub(super) links: ExportLinks,
}

/// Export funs in literals: stand-ins for entries that will have their place in the image.
#[derive(Default)]
pub(super) struct ExportLinks {
    made: Mutex<Vec<(Key, &'static Export)>>,
}

impl ExportLinks {
    pub(super) fn keys(&self) -> Vec<Key> {
        self.made.lock().iter().map(|(key, _)| *key).collect()
    }
    pub(super) fn key_of(&self, address: u64) -> Option<Key> {
        let made = self.made.lock();
        made.iter().find(|(_, export)| *export as *const Export as usize as u64 == address).map(|(key, _)| *key)
    }
}

impl Links for ExportLinks {
    fn export(&self, module: Atom, function: Atom, arity: usize, _: bool) -> Option<&'static Export> {
        let key = (module.0, function.0, arity as u32);
        let mut made = self.made.lock();
        if let Some((_, export)) = made.iter().find(|(other, _)| *other == key) {
            return Some(*export);
        }
        let (module, function, arity) = (module.word(), function.word(), arity as u64);
        let export = Export { code: 0, native: 0, module, function, arity, stub: [0; 2], bif: 0 };
        let export: &'static Export = Box::leak(Box::new(export));
        made.push((key, export));
        Some(export)
    }
    fn fun(&self, _: Atom, _: u32, _: u32, _: [u8; 16]) -> Option<&'static FunEntry> {
        None
    }
}

impl Literals {
    pub(super) fn external(&mut self, bytes: &[u8]) -> Option<u64> {
        let options = DecodeOptions { safe: false, heap_bits: true };
        let links = &self.links;
        self.area.with(|heap| decode(heap, bytes, options, links).ok().map(|(term, _)| term.word()))
    }
    pub(super) fn big(&mut self, negative: bool, magnitude: &[u8]) -> u64 {
        let limbs: Vec<u64> =
            magnitude.chunks(8).map(|bytes| bytes.iter().rev().fold(0, |limb, byte| limb << 8 | u64::from(*byte))).collect();
        self.area.with(|heap| heap.big_integer(negative, &limbs).word())
    }
    pub(super) fn integer(&mut self, value: i64) -> u64 {
        self.area.with(|heap| heap.integer(value).word())
    }
    pub(super) fn charlist(&mut self, text: &str) -> u64 {
        self.area.with(|heap| heap.charlist(text).word())
    }
    pub(super) fn word_count(&self) -> usize {
        self.area.fragments.iter().map(|fragment| fragment.used_words()).sum()
    }
    /// The word in the image of a term built here.
    pub(super) fn final_word(&self, term: u64) -> u64 {
        if !word::is_pointer(term) {
            return term;
        }
        let address = word::pointer_address(term);
        let mut before = 0;
        for fragment in &self.area.fragments {
            if fragment.contains(address) {
                let offset = before + (address - fragment.as_ptr() as usize);
                return (self.base + offset as u64).wrapping_add(term.wrapping_sub(address as u64));
            }
            before += 8 * fragment.used_words();
        }
        unreachable!("literals point into the literals' own area")
    }
    /// All words in final form, and the indexes of those that hold addresses. `entry` gives an export entry's address.
    pub(super) fn words(&self, entry: &dyn Fn(Key) -> u64) -> (Vec<u64>, Vec<u32>) {
        let mut words: Vec<u64> = Vec::with_capacity(self.word_count());
        let mut addresses = Vec::new();
        for fragment in &self.area.fragments {
            let mut skip_until = 0;
            for (index, word) in fragment.words().iter().enumerate() {
                if index < skip_until {
                    words.push(*word);
                    continue;
                }
                if word::is_header(*word) && word::header_is_raw(*word) {
                    skip_until = index + 1 + word::header_words(*word);
                }
                let is_export = index > 0 && fragment.words()[index - 1] == word::header(word::kind::EXPORT, 1);
                let value = match self.links.key_of(*word).filter(|_| is_export) {
                    Some(key) => entry(key),
                    None => self.final_word(*word),
                };
                if is_export || word::is_pointer(*word) {
                    addresses.push(words.len() as u32);
                }
                words.push(value);
            }
        }
        (words, addresses)
    }
}
