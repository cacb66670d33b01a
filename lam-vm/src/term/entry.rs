//! Entries: the only linkage between modules (one a function known by name, one a fun).
//!
//! They lie in the image's RW section or are leaked for code loaded at run time, so a pointer to one is valid for ever.
//! Calls jump through `code` and test nothing; *undefined*, *is a BIF*, *on_load pending* are instructions `code` points at.

use crate::atom::Atom;

/// `Module:Function/Arity` and where its code is. Words are 64 bits on every host.
#[repr(C)]
#[derive(Debug)]
pub struct Export {
    /// Address of the instruction to jump to; of `stub` while there is no Erlang code.
    pub code: u64,
    /// Address of machine code, 0 without.
    pub native: u64,
    /// Atom word.
    pub module: u64,
    /// Atom word.
    pub function: u64,
    pub arity: u64,
    /// One instruction that `code` may point at (undefined, call of a BIF), and its extension word.
    pub stub: [u64; 2],
    /// BIF number + 1, 0 when it is no BIF.
    pub bif: u64,
}

/// A fun made by `make_fun3`, shared by all its terms.
#[repr(C)]
#[derive(Debug)]
pub struct FunEntry {
    pub code: u64,
    pub native: u64,
    /// Atom word.
    pub module: u64,
    /// Atom word of the function that holds the body.
    pub function: u64,
    /// Arguments of a call, without the environment.
    pub arity: u64,
    pub free_count: u64,
    pub index: u64,
    pub old_uniq: u64,
    /// MD5 of the module, as `erlang:fun_info(F, new_uniq)` shows it.
    pub uniq: [u64; 2],
}

impl Export {
    pub fn module(&self) -> Atom {
        Atom::of_word(self.module)
    }
    pub fn function(&self) -> Atom {
        Atom::of_word(self.function)
    }
}

impl FunEntry {
    /// In `function`: no module has the fun, so its name is not known.
    pub const NO_NAME: u64 = 0;

    /// The module's MD5, of which `uniq` holds two little-endian words.
    pub fn uniq_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.uniq[0].to_le_bytes());
        bytes[8..].copy_from_slice(&self.uniq[1].to_le_bytes());
        bytes
    }
    pub fn module(&self) -> Atom {
        Atom::of_word(self.module)
    }
    pub fn function(&self) -> Atom {
        Atom::of_word(self.function)
    }
}

const _: () = assert!(size_of::<Export>() == 64 && size_of::<FunEntry>() == 80);
