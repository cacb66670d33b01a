//! The words of `bs_map_bytes`, as the loader writes them and the machine reads them.
//!
//! ```text
//! word 0      as `bs_start_match`, the byte's slot in c
//! word 1      fail offset, live
//! word 2      slot of the bitstring that is appended to (0..15) · words of the instructions behind that read the byte (16..31) ·
//!             whether a `bs_get_position` stands before those (32)
//! word 3 …    what each byte does, 16 bits each: the byte that is appended, `MAP_DROPS` or `MAP_STOPS`
//! ```

pub const MAP_DROPS: u16 = 1 << 8;
pub const MAP_STOPS: u16 = 1 << 9;
/// Bytes that a word of the table tells of.
pub const MAP_PER_WORD: usize = 4;
/// Words of the instruction.
pub const MAP_WORDS: usize = 3 + 256 / MAP_PER_WORD;

/// Word 2.
#[derive(Clone, Copy)]
pub struct MapForm {
    pub slot: u16,
    pub read: usize,
    pub gets_position: bool,
}

impl MapForm {
    pub fn to_word(self) -> u64 {
        u64::from(self.slot) | (self.read as u64) << 16 | u64::from(self.gets_position) << 32
    }
    #[inline(always)]
    pub fn from_word(word: u64) -> MapForm {
        MapForm { slot: word as u16, read: usize::from((word >> 16) as u16), gets_position: word >> 32 & 1 != 0 }
    }
}
