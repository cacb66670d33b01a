//! Atoms: one table a program, text to number and back.
//!
//! Numbers below `well_known::COUNT` are the machine's constants (`am::OK`); then come the image's, then those made at run time.
//! The table is process-wide: two machines in one process share it, as atoms carry no state. Text is never freed.

mod table;
mod well_known;

pub use table::{Full, adopt_image, all, count, intern, intern_static, lookup};
pub use well_known::am;

/// Number of the machine's own atoms.
pub const fn well_known_count() -> u32 {
    well_known::COUNT
}

use crate::term::word;

/// Number of an atom.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Atom(pub u32);

impl Atom {
    pub const fn word(self) -> u64 {
        word::atom(self.0)
    }
    pub const fn of_word(word: u64) -> Atom {
        Atom(word::atom_index(word))
    }
    /// UTF-8 text, without quotes.
    pub fn text(self) -> &'static str {
        table::text(self)
    }
}

impl core::fmt::Debug for Atom {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "'{}'", self.text())
    }
}
