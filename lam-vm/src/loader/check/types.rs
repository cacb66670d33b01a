//! What may be known of a value: a set of kinds, and for tuples their shapes.
//!
//! ```text
//! Type  { kinds, fun_arity, atom, tuple }            16 bytes, compared by value
//!          atom       the only atom it can be, when ATOM is among the kinds (the handler's label when CATCH is)
//!          tuple      which shapes, when TUPLE is among the kinds: an index into `Types`
//! Shape { size, is_exact, elements }                 at least `size` elements, the first of which are known
//! ```
//!
//! A tuple is a union of shapes, so that `{ok, A, B} | {error, E}` can be told apart by its first element. The lattice has finite height:
//! shapes are few, nest to a fixed depth, and integers have no bounds but small or not.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Bits of `Type::kinds` and of `ArgKinds`.
pub mod kinds {
    pub const ATOM: u32 = 1 << 0;
    /// An integer of 61 bits.
    pub const SMALL: u32 = 1 << 1;
    pub const BIG: u32 = 1 << 2;
    pub const FLOAT: u32 = 1 << 3;
    pub const CONS: u32 = 1 << 4;
    pub const NIL: u32 = 1 << 5;
    pub const TUPLE: u32 = 1 << 6;
    pub const MAP: u32 = 1 << 7;
    pub const FUN: u32 = 1 << 8;
    pub const BITSTRING: u32 = 1 << 9;
    /// A match context; outside of bit syntax it reads as a bitstring.
    pub const CONTEXT: u32 = 1 << 10;
    pub const PID: u32 = 1 << 11;
    pub const PORT: u32 = 1 << 12;
    pub const REFERENCE: u32 = 1 << 13;
    /// A native record.
    pub const RECORD: u32 = 1 << 14;
    /// A raw stack trace.
    pub const TRACE: u32 = 1 << 15;
    /// A catch word, in a Y register.
    pub const CATCH: u32 = 1 << 16;
    /// What the unwinder leaves in the place of a catch word.
    pub const CAUGHT: u32 = 1 << 18;
    /// A receive marker that is reserved and not bound yet.
    pub const MARKER: u32 = 1 << 17;

    pub const INTEGER: u32 = SMALL | BIG;
    pub const NUMBER: u32 = INTEGER | FLOAT;
    pub const LIST: u32 = CONS | NIL;
    pub const BITS: u32 = BITSTRING | CONTEXT;
    /// Everything but catch words and what replaces them: nobody reads those.
    pub const ANY: u32 = ((1 << 18) - 1) & !CATCH;
}

/// No particular atom.
pub const ANY_ATOM: u32 = u32::MAX;
/// No particular arity.
pub const ANY_ARITY: u16 = u16::MAX;
/// Index of the tuple of which nothing is known.
const ANY_TUPLE: u32 = 0;
/// Shapes in a union; more are joined into one.
const MAX_SHAPES: usize = 10;
/// Elements that are remembered.
const MAX_ELEMENTS: usize = 24;
/// How deep shapes nest.
const MAX_DEPTH: u8 = 4;

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Type {
    pub kinds: u32,
    pub fun_arity: u16,
    pub atom: u32,
    tuple: u32,
}

impl Type {
    pub const ANY: Type = Type::of(kinds::ANY);

    pub const fn of(kinds: u32) -> Type {
        Type { kinds, fun_arity: ANY_ARITY, atom: ANY_ATOM, tuple: ANY_TUPLE }
    }

    pub const fn atom(atom: u32) -> Type {
        Type { atom, ..Type::of(kinds::ATOM) }
    }

    pub const fn catch(label: u32) -> Type {
        Type { atom: label, ..Type::of(kinds::CATCH) }
    }

    pub const fn fun(arity: u16) -> Type {
        Type { fun_arity: arity, ..Type::of(kinds::FUN) }
    }

    pub fn is_none(self) -> bool {
        self.kinds == 0
    }

    pub fn is_within(self, mask: u32) -> bool {
        self.kinds & !mask == 0
    }

    pub fn may_be(self, mask: u32) -> bool {
        self.kinds & mask != 0
    }

    /// The one atom it is.
    pub fn known_atom(self) -> Option<u32> {
        (self.kinds == kinds::ATOM && self.atom != ANY_ATOM).then_some(self.atom)
    }

    /// What is left when only these kinds remain.
    pub fn restrict(self, mask: u32) -> Type {
        let kinds = self.kinds & mask;
        Type {
            kinds,
            fun_arity: if kinds & kinds::FUN != 0 { self.fun_arity } else { ANY_ARITY },
            atom: if kinds & (kinds::ATOM | kinds::CATCH) != 0 { self.atom } else { ANY_ATOM },
            tuple: if kinds & kinds::TUPLE != 0 { self.tuple } else { ANY_TUPLE },
        }
    }

    /// What is left without these kinds.
    pub fn without(self, mask: u32) -> Type {
        self.restrict(!mask)
    }
}

/// One shape of a tuple.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    pub size: u32,
    pub is_exact: bool,
    /// The first elements; those beyond are `ANY`.
    pub elements: Vec<Type>,
}

impl Shape {
    pub fn element(&self, index: usize) -> Type {
        self.elements.get(index).copied().unwrap_or(Type::ANY)
    }

    fn tag(&self) -> Option<u32> {
        self.elements.first()?.known_atom()
    }

    /// Two shapes of one key are joined element by element, others stay apart.
    fn key(&self) -> (u32, u32) {
        (self.size, self.tag().unwrap_or(ANY_ATOM))
    }

    fn trim(&mut self) {
        self.elements.truncate(MAX_ELEMENTS);
        while self.elements.last() == Some(&Type::ANY) {
            self.elements.pop();
        }
    }
}

/// FxHash: the keys are short and ours.
#[derive(Default, Clone)]
pub struct FastHasher(u64);

impl Hasher for FastHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<FastHasher>>;

struct Node {
    shapes: Vec<Shape>,
    depth: u8,
}

/// The tuples of a module's analysis, each kept once.
pub struct Types {
    nodes: Vec<Node>,
    index: FastMap<Vec<Shape>, u32>,
    joins: FastMap<(u32, u32), u32>,
}

impl Default for Types {
    fn default() -> Types {
        let any = vec![Shape { size: 0, is_exact: false, elements: Vec::new() }];
        Types {
            nodes: vec![Node { shapes: any.clone(), depth: 0 }],
            index: [(any, ANY_TUPLE)].into_iter().collect(),
            joins: FastMap::default(),
        }
    }
}

impl Types {
    pub fn shapes(&self, ty: Type) -> &[Shape] {
        if ty.kinds & kinds::TUPLE == 0 {
            return &[];
        }
        &self.nodes[ty.tuple as usize].shapes
    }

    fn depth(&self, ty: Type) -> u8 {
        if ty.kinds & kinds::TUPLE == 0 { 0 } else { self.nodes[ty.tuple as usize].depth }
    }

    fn intern(&mut self, shapes: Vec<Shape>) -> u32 {
        if let Some(&index) = self.index.get(&shapes) {
            return index;
        }
        let elements = shapes.iter().flat_map(|shape| &shape.elements);
        let depth = 1 + elements.map(|element| self.depth(*element)).max().unwrap_or(0);
        self.nodes.push(Node { shapes: shapes.clone(), depth });
        let index = self.nodes.len() as u32 - 1;
        self.index.insert(shapes, index);
        index
    }

    fn of_shapes(&mut self, shapes: Vec<Shape>) -> Type {
        if shapes.is_empty() {
            return Type::of(0);
        }
        Type { tuple: self.intern(shapes), ..Type::of(kinds::TUPLE) }
    }

    /// A tuple of exactly these elements.
    pub fn tuple(&mut self, elements: impl Iterator<Item = Type>, size: u32) -> Type {
        let elements = elements
            .take(MAX_ELEMENTS)
            .map(|element| if self.depth(element) >= MAX_DEPTH { self.flat(element) } else { element });
        let mut shape = Shape { size, is_exact: true, elements: elements.collect() };
        shape.trim();
        self.of_shapes(vec![shape])
    }

    /// A tuple of at least, or exactly, `size` elements.
    pub fn sized_tuple(&mut self, size: u32, is_exact: bool) -> Type {
        self.of_shapes(vec![Shape { size, is_exact, elements: Vec::new() }])
    }

    /// The same without what is known of elements.
    pub fn flat(&mut self, ty: Type) -> Type {
        if ty.kinds & kinds::TUPLE == 0 || ty.tuple == ANY_TUPLE {
            return ty;
        }
        let shapes = &self.nodes[ty.tuple as usize].shapes;
        let size = shapes.iter().map(|shape| shape.size).min().unwrap_or(0);
        let is_exact = shapes.iter().all(|shape| shape.is_exact && shape.size == size);
        let tuple = self.intern(vec![Shape { size, is_exact, elements: Vec::new() }]);
        Type { tuple, ..ty }
    }

    /// How many elements every tuple of this type has at least.
    pub fn min_size(&self, ty: Type) -> u32 {
        self.shapes(ty).iter().map(|shape| shape.size).min().unwrap_or(0)
    }

    /// The size all tuples of this type have.
    pub fn exact_size(&self, ty: Type) -> Option<u32> {
        let size = self.min_size(ty);
        self.shapes(ty).iter().all(|shape| shape.is_exact && shape.size == size).then_some(size)
    }

    /// What is known of an element, counted from 0.
    pub fn element(&mut self, ty: Type, index: usize) -> Type {
        let elements: Vec<Type> = self.shapes(ty).iter().map(|shape| shape.element(index)).collect();
        let joined = elements.into_iter().reduce(|a, b| self.join(a, b));
        joined.unwrap_or(Type::ANY)
    }

    /// Keeps only shapes for which a predicate holds.
    pub fn filter(&mut self, ty: Type, keep: impl Fn(&Shape) -> bool) -> Type {
        let shapes = self.shapes(ty);
        if shapes.iter().all(&keep) {
            return ty;
        }
        let kept: Vec<Shape> = shapes.iter().filter(|shape| keep(shape)).cloned().collect();
        if kept.is_empty() {
            return ty.without(kinds::TUPLE);
        }
        Type { tuple: self.intern(kept), ..ty }
    }

    /// A tuple of exactly `size` elements.
    pub fn with_exact_size(&mut self, ty: Type, size: u32) -> Type {
        let shapes = self.shapes(ty).iter();
        let kept: Vec<Shape> = shapes
            .filter(|shape| if shape.is_exact { shape.size == size } else { shape.size <= size })
            .map(|shape| {
                let mut shape = Shape { size, is_exact: true, elements: shape.elements.clone() };
                shape.elements.truncate(size as usize);
                shape
            })
            .collect();
        let kept = self.merge(kept);
        self.of_shapes(kept)
    }

    /// A tuple of at least `size` elements.
    pub fn with_min_size(&mut self, ty: Type, size: u32) -> Type {
        let shapes = self.shapes(ty).iter();
        let kept: Vec<Shape> = shapes
            .filter(|shape| !shape.is_exact || shape.size >= size)
            .map(|shape| Shape { size: shape.size.max(size), ..shape.clone() })
            .collect();
        let kept = self.merge(kept);
        self.of_shapes(kept)
    }

    /// An element became known: keeps the shapes that it can belong to, with it.
    pub fn with_element(&mut self, ty: Type, index: usize, element: Type) -> Type {
        if ty.kinds & kinds::TUPLE == 0 || index >= MAX_ELEMENTS {
            return ty;
        }
        let element = if self.depth(element) >= MAX_DEPTH { self.flat(element) } else { element };
        let mut kept = self.shapes(ty).to_vec();
        kept.retain_mut(|shape| {
            let old = shape.element(index);
            let met = meet_flat(old, element);
            if met.is_none() || (shape.is_exact && index >= shape.size as usize) {
                return false;
            }
            if shape.elements.len() <= index {
                shape.elements.resize(index + 1, Type::ANY);
            }
            shape.elements[index] = met;
            shape.size = shape.size.max(index as u32 + 1);
            shape.trim();
            true
        });
        if kept.is_empty() {
            return ty.without(kinds::TUPLE);
        }
        let kept = self.merge(kept);
        Type { tuple: self.intern(kept), ..ty }
    }

    pub fn join(&mut self, a: Type, b: Type) -> Type {
        if a == b || b.is_none() {
            return a;
        }
        if a.is_none() {
            return b;
        }
        let tuple = match (a.kinds & kinds::TUPLE != 0, b.kinds & kinds::TUPLE != 0) {
            (true, true) => self.join_tuples(a.tuple, b.tuple),
            (true, false) => a.tuple,
            (false, _) => b.tuple,
        };
        let named = kinds::ATOM | kinds::CATCH;
        let atom = match (a.kinds & named != 0, b.kinds & named != 0) {
            (true, true) if a.atom == b.atom && (a.kinds ^ b.kinds) & named == 0 => a.atom,
            (true, true) => ANY_ATOM,
            (true, false) => a.atom,
            (false, _) => b.atom,
        };
        let fun_arity = match (a.kinds & kinds::FUN != 0, b.kinds & kinds::FUN != 0) {
            (true, true) if a.fun_arity == b.fun_arity => a.fun_arity,
            (true, true) => ANY_ARITY,
            (true, false) => a.fun_arity,
            (false, _) => b.fun_arity,
        };
        Type { kinds: a.kinds | b.kinds, fun_arity, atom, tuple }
    }

    fn join_tuples(&mut self, a: u32, b: u32) -> u32 {
        if a == b {
            return a;
        }
        if a == ANY_TUPLE || b == ANY_TUPLE {
            return ANY_TUPLE;
        }
        let key = (a.min(b), a.max(b));
        if let Some(&joined) = self.joins.get(&key) {
            return joined;
        }
        let mut shapes = self.nodes[a as usize].shapes.clone();
        shapes.extend_from_slice(&self.nodes[b as usize].shapes);
        let shapes = self.merge(shapes);
        let joined = self.intern(shapes);
        self.joins.insert(key, joined);
        joined
    }

    /// Shapes of one key become one; too many, or any that is not exact, become one altogether.
    fn merge(&mut self, mut shapes: Vec<Shape>) -> Vec<Shape> {
        if shapes.len() < 2 {
            return shapes;
        }
        let all_exact = shapes.iter().all(|shape| shape.is_exact);
        shapes.sort_by_key(Shape::key);
        let mut merged: Vec<Shape> = Vec::new();
        for shape in shapes {
            match merged.last_mut() {
                Some(last) if !all_exact || last.key() == shape.key() => {
                    let joined = self.join_shapes(last, &shape);
                    *last = joined;
                }
                _ => merged.push(shape),
            }
        }
        if merged.len() > MAX_SHAPES
            && let Some(one) = merged.clone().into_iter().reduce(|a, b| self.join_shapes(&a, &b))
        {
            merged = vec![one];
        }
        merged
    }

    fn join_shapes(&mut self, a: &Shape, b: &Shape) -> Shape {
        let pairs = a.elements.iter().zip(&b.elements);
        let mut shape = Shape {
            size: a.size.min(b.size),
            is_exact: a.is_exact && b.is_exact && a.size == b.size,
            elements: pairs.map(|(a, b)| self.join(*a, *b)).collect(),
        };
        shape.elements.truncate(shape.size as usize);
        shape.trim();
        shape
    }

    /// A value that is both; what of it is not known stays on the safe side.
    pub fn meet(&mut self, a: Type, b: Type) -> Type {
        meet_flat(a, b)
    }
}

/// The meet of two types; of two different tuples the one that says more.
fn meet_flat(a: Type, b: Type) -> Type {
    let mut met = a.restrict(b.kinds);
    if met.kinds & kinds::TUPLE != 0 && met.tuple == ANY_TUPLE {
        met.tuple = b.tuple;
    }
    if met.kinds & kinds::FUN != 0 && met.fun_arity == ANY_ARITY {
        met.fun_arity = b.fun_arity;
    }
    if met.kinds & kinds::ATOM != 0 {
        if met.atom == ANY_ATOM {
            met.atom = b.atom;
        } else if b.atom != ANY_ATOM && b.atom != met.atom {
            return met.without(kinds::ATOM);
        }
    }
    met
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unions_are_told_apart_by_their_tag() {
        let mut types = Types::default();
        let ok = types.tuple([Type::atom(1), Type::ANY, Type::ANY].into_iter(), 3);
        let error = types.tuple([Type::atom(2), Type::ANY].into_iter(), 2);
        let either = types.join(ok, error);
        assert_eq!(types.min_size(either), 2);
        assert_eq!(types.with_element(either, 0, Type::atom(1)), ok);
        assert_eq!(types.filter(either, |shape| shape.tag() != Some(1)), error);
        assert_eq!(types.with_exact_size(either, 2), error);
        assert!(types.with_exact_size(either, 4).is_none());
    }

    #[test]
    fn joins_only_lose() {
        let mut types = Types::default();
        let pair = types.sized_tuple(2, true);
        let triple = types.sized_tuple(3, false);
        let joined = types.join(pair, triple);
        assert_eq!((types.min_size(joined), types.exact_size(joined)), (2, None));
        assert_eq!(types.join(Type::atom(1), Type::atom(2)), Type::of(kinds::ATOM));
        assert_eq!(types.join(Type::atom(1), Type::of(kinds::NIL)).atom, 1);
        let mut nested = Type::of(kinds::SMALL);
        for _ in 0..20 {
            let deeper = types.tuple([nested].into_iter(), 1);
            nested = types.join(nested, deeper);
        }
        assert!(types.depth(nested) <= MAX_DEPTH + 1);
    }
}
