//! Walking a map's pairs: a flat map's in the order of its keys, a large map's in the order of its trie.

use super::view::{Map, Term};

/// Pairs of a map.
pub struct MapIter<'c> {
    flat: Option<(&'c [Term<'c>], &'c [Term<'c>])>,
    /// Children still to visit, innermost node last.
    nodes: Vec<core::slice::Iter<'c, Term<'c>>>,
}

impl<'c> MapIter<'c> {
    pub fn new(map: &Map<'c>) -> Self {
        match map {
            Map::Flat { keys, values } => MapIter { flat: Some((keys, values)), nodes: Vec::new() },
            Map::Hash { children, .. } => {
                let mut nodes = Vec::with_capacity(8);
                nodes.push(children.iter());
                MapIter { flat: None, nodes }
            }
        }
    }
}

impl<'c> Iterator for MapIter<'c> {
    type Item = (Term<'c>, Term<'c>);
    fn next(&mut self) -> Option<(Term<'c>, Term<'c>)> {
        if let Some((keys, values)) = &mut self.flat {
            let (key, rest) = keys.split_first()?;
            let (value, rest_of_values) = values.split_first()?;
            (*keys, *values) = (rest, rest_of_values);
            return Some((*key, *value));
        }
        loop {
            match self.nodes.last_mut()?.next() {
                None => {
                    self.nodes.pop();
                }
                Some(child) => match child.as_cons() {
                    Some(leaf) => return Some((leaf.head, leaf.tail)),
                    None => self.nodes.push(child.as_hash_node().expect("a child is a leaf or a node").1.iter()),
                },
            }
        }
    }
}

impl<'c> Map<'c> {
    pub fn iter(&self) -> MapIter<'c> {
        MapIter::new(self)
    }
}
