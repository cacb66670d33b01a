//! Messages made of parts that others own.

use crate::heap::{Heap, OwnedTerm};
use crate::term::Term;

/// What `build` makes of copies of `parts`.
pub fn join<const N: usize>(
    parts: [&OwnedTerm; N],
    build: impl for<'c> FnOnce(&mut Heap<'c>, [Term<'c>; N]) -> Term<'c>,
) -> OwnedTerm {
    OwnedTerm::build(|heap| {
        let parts = parts.map(|part| heap.copy(part.term()));
        build(heap, parts)
    })
}

/// An atom as an owned term.
pub fn atom(atom: crate::atom::Atom) -> OwnedTerm {
    OwnedTerm::immediate(Term::atom(atom))
}
