//! Binaries: building, slicing and matching bitstrings.

pub use crate::term::Buffer;

use crate::term::Term;

/// The heap bits or refc handle that a bitstring's bits lie in, and its first bit there.
pub fn base_and_offset(term: Term<'_>) -> (Term<'_>, usize) {
    term.base_and_offset()
}
