//! Heads: does a term match, and what do its variables stand for?

use super::{Bindings, Pattern};
use crate::heap::map::map_get;
use crate::term::Term;
use crate::term::compare::exact_eq;

impl Pattern {
    /// Recurses on the pattern, whose depth is bounded, never on the term.
    pub(super) fn matches<'o>(&'o self, term: Term<'o>, bindings: &mut Bindings<'o>) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Bind(at) => {
                bindings[*at] = term;
                true
            }
            Pattern::Same(at) => exact_eq(bindings[*at], term),
            Pattern::Constant(constant) => exact_eq(constant.term(), term),
            Pattern::Tuple(patterns) => term.as_tuple().is_some_and(|tuple| {
                tuple.elements.len() == patterns.len()
                    && patterns.iter().zip(tuple.elements).all(|(pattern, element)| pattern.matches(*element, bindings))
            }),
            Pattern::List(patterns, tail) => {
                let mut rest = term;
                for pattern in patterns {
                    let Some(cell) = rest.as_cons() else { return false };
                    if !pattern.matches(cell.head, bindings) {
                        return false;
                    }
                    rest = cell.tail;
                }
                tail.matches(rest, bindings)
            }
            Pattern::Map(pairs) => term.as_map().is_some_and(|map| {
                pairs.iter().all(|(key, pattern)| map_get(&map, key.term()).is_some_and(|value| pattern.matches(value, bindings)))
            }),
        }
    }
}
