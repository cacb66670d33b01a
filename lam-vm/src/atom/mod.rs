//! Atoms: one table a program, text to number and back.
//!
//! Numbers below `well_known::COUNT` are the machine's constants (`am::OK`); then come the image's, then those made at run time.
//! The table is process-wide: two machines in one process share it, as atoms carry no state. Text is never freed.

mod table;
mod well_known;

pub use table::{Full, LIMIT, adopt_image, all, count, intern, intern_static, lookup};
pub use well_known::am;

/// Texts of the machine's own atoms, by number.
pub const fn well_known_texts() -> &'static [&'static str] {
    well_known::TEXTS
}

/// Number of the machine's own atoms.
pub const fn well_known_count() -> u32 {
    well_known::COUNT
}

/// Low byte of a term word that holds an atom, which `term::word` names among the others.
pub const SUBTAG: u64 = 0x13;

/// Number of an atom.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Atom(pub u32);

impl Atom {
    pub const fn word(self) -> u64 {
        ((self.0 as u64) << 8) | SUBTAG
    }
    pub const fn of_word(word: u64) -> Atom {
        Atom((word >> 8) as u32)
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
