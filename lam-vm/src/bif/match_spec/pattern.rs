//! Heads: does a term match, and what do its variables stand for?

use core::cmp::Ordering;

use super::{Bindings, Pattern};
use crate::heap::map::map_get;
use crate::term::Term;
use crate::term::compare::{compare, exact_eq, order_to_cells, order_to_tuples};

impl Pattern {
    /// How a term stands to everything that matches, in the order of terms, as far as the first open part tells: equal where it may
    /// match. Whether that part was reached.
    pub(super) fn order_of(&self, term: Term<'_>) -> (Ordering, bool) {
        match self {
            Pattern::Constant(constant) => (compare(term.shorten(), constant.term().shorten()), false),
            Pattern::Tuple(patterns) => match term.as_tuple() {
                Some(tuple) if tuple.elements.len() == patterns.len() => {
                    first_difference(patterns.iter().zip(tuple.elements.iter().copied()))
                }
                Some(tuple) => (tuple.elements.len().cmp(&patterns.len()), false),
                None => (order_to_tuples(term), false),
            },
            Pattern::List(patterns, tail) => {
                let mut rest = term;
                for pattern in patterns {
                    let Some(cell) = rest.as_cons() else { return (order_to_cells(rest), false) };
                    let (order, is_open) = pattern.order_of(cell.head);
                    if order.is_ne() || is_open {
                        return (order, is_open);
                    }
                    rest = cell.tail;
                }
                tail.order_of(rest)
            }
            Pattern::Any | Pattern::Bind(_) | Pattern::Same(_) | Pattern::Map(_) => (Ordering::Equal, true),
        }
    }
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

fn first_difference<'p, 't>(mut pairs: impl Iterator<Item = (&'p Pattern, Term<'t>)>) -> (Ordering, bool) {
    pairs
        .find_map(|(pattern, term)| Some(pattern.order_of(term)).filter(|(order, is_open)| order.is_ne() || *is_open))
        .unwrap_or((Ordering::Equal, false))
}
