//! Identity of this node's pids, ports and references, as Erlang text and the external format show it.
//!
//! ```text
//! reference of this node   id[0] = number 0 (18 bits) | number 1 << 18 (32 bits)      id[1] = number 2 (32 bits)
//! external pid             [node atom][id][serial << 32 | creation]
//! external port            [node atom][id][creation]
//! external reference       [node atom][creation][count of u32 ids][ids, two a word, low half first]
//! ```
//! Who makes references keeps to these widths, or they do not come back from the external format as themselves.

use super::view::Reference;
use super::word;
use crate::atom::{Atom, am};

/// Bits of a reference's number 0.
pub const REF_FIRST_BITS: u32 = 18;
/// Numbers that a reference of any node may have.
pub const REF_NUMBERS_MAX: usize = 5;

/// Name and creation of this node. Without distribution these never change.
pub fn local_node() -> (Atom, u32) {
    (am::NONODE_NOHOST, 0)
}

impl Reference<'_> {
    /// The three numbers, least significant first.
    pub fn numbers(&self) -> [u32; 3] {
        numbers_of_id(self.id)
    }
}

pub fn numbers_of_id(id: [u64; 2]) -> [u32; 3] {
    [(id[0] & ((1 << REF_FIRST_BITS) - 1)) as u32, (id[0] >> REF_FIRST_BITS) as u32, id[1] as u32]
}

pub fn id_of_numbers(numbers: [u32; 3]) -> [u64; 2] {
    let low = u64::from(numbers[0]) & ((1 << REF_FIRST_BITS) - 1);
    [low | u64::from(numbers[1]) << REF_FIRST_BITS, u64::from(numbers[2])]
}

/// An external pid's, port's or reference's parts, read from its raw words.
pub struct ExternalPid {
    pub node: Atom,
    pub creation: u32,
    pub id: u32,
    pub serial: u32,
}

impl ExternalPid {
    pub fn of(words: &[u64]) -> Self {
        ExternalPid {
            node: Atom::of_word(words[0]),
            creation: words[2] as u32,
            id: words[1] as u32,
            serial: (words[2] >> 32) as u32,
        }
    }
}

/// Numbers of an external reference, least significant first.
pub fn external_ref_numbers(words: &[u64]) -> ([u32; REF_NUMBERS_MAX], usize) {
    let count = (words[2] as usize).min(REF_NUMBERS_MAX);
    let mut numbers = [0; REF_NUMBERS_MAX];
    for (index, number) in numbers.iter_mut().enumerate().take(count) {
        *number = (words[3 + index / 2] >> (32 * (index % 2))) as u32;
    }
    (numbers, count)
}

/// Slot and generation of a local pid's or port's word.
pub fn local_parts(word: u64) -> (u32, u32) {
    (word::pid_slot(word), word::pid_generation(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ids_agree() {
        for id in [[0, 0], [5, 7], [(1 << 50) - 1, u64::from(u32::MAX)], [1 << 18, 1]] {
            assert_eq!(id_of_numbers(numbers_of_id(id)), id);
        }
    }
}
