//! Binaries: counted buffers off the heap, and finding the base of a slice.

mod buffer;

pub use buffer::Buffer;

use crate::term::Term;
use crate::term::word::{self, kind};

/// The heap bits or refc handle that a bitstring's bits lie in, and its first bit there.
pub fn base_and_offset(term: Term<'_>) -> (Term<'_>, usize) {
    match term.kind() {
        kind::SUBBITS | kind::MATCHCTX => {
            let at = word::boxed_address(term.word()) as *const u64;
            // SAFETY: both kinds have base and first bit as their first two words, valid as long as `term`.
            unsafe { (Term::from_word(*at.add(1)), word::small_value(*at.add(2)) as usize) }
        }
        _ => (term, 0),
    }
}
