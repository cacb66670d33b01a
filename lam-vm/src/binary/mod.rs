//! Binaries: building, slicing and matching bitstrings.
//!
//! Bits are numbered from the highest of the first byte. A field of `n` bits that is read or written little-endian is made of whole
//! bytes, the lowest first, and where `n` is no multiple of 8 of its highest bits in one more, incomplete byte.

mod build;
mod matching;

pub use crate::term::Buffer;
pub use build::{Building, FloatError, to_f16};
pub use matching::{
    Flags, copy_bits, equal_bits, from_f16, read_bits, read_float, read_integer, read_small, read_utf8, read_utf16, read_utf32,
    sign_extend,
};

use crate::term::Term;

/// The heap bits or refc handle that a bitstring's bits lie in, and its first bit there.
pub fn base_and_offset(term: Term<'_>) -> (Term<'_>, usize) {
    term.base_and_offset()
}
