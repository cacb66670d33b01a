//! Equality and order of terms.
//!
//! number < atom < reference < fun < port < pid < tuple < native record < map < [] < list < bitstring. In arithmetic order `1 == 1.0`; in exact
//! order integers stand before floats. Maps: by size, then by their keys in exact order, then by the values of these keys.
//! One loop with a stack of its own walks both terms, so that depth costs memory and nothing else.
//! Large maps are stepped through side by side in the order of their tries: the least key that only one has decides, else the
//! least key whose values differ.

use core::cmp::Ordering;

use smallvec::SmallVec;

use super::hash::{integer_of, map_hash_order};
use super::identity::{ExternalPid, REF_NUMBERS_MAX, external_ref_numbers, local_node};
use super::map_iter::MapIter;
use super::view::{Bits, Map, Term, View};
use super::{integer, otp, word};
use crate::atom::Atom;

/// `A =:= B`
#[inline]
pub fn exact_eq<'c>(a: Term<'c>, b: Term<'c>) -> bool {
    if a.is_same(b) {
        return true;
    }
    let (x, y) = (a.word(), b.word());
    // Smalls and other immediates are equal only as words; floats and boxes must be looked at.
    if is_plain_immediate(x) || is_plain_immediate(y) {
        return false;
    }
    if word::is_pointer(x) && word::is_pointer(y) && (x ^ y) & 4 != 0 {
        return false;
    }
    walk::<true>(a, b, true) == Ordering::Equal
}

/// `A == B`
#[inline]
pub fn equal<'c>(a: Term<'c>, b: Term<'c>) -> bool {
    if a.is_same(b) {
        return true;
    }
    if word::both_small(a.word(), b.word()) {
        return false;
    }
    walk::<true>(a, b, false) == Ordering::Equal
}

/// Arithmetic order, of `<`, `>` and sorting.
#[inline]
pub fn compare<'c>(a: Term<'c>, b: Term<'c>) -> Ordering {
    if word::both_small(a.word(), b.word()) {
        return (a.word() as i64).cmp(&(b.word() as i64));
    }
    if a.is_same(b) { Ordering::Equal } else { walk::<false>(a, b, false) }
}

/// Exact order, of map keys: integers before floats.
#[inline]
pub fn compare_exact<'c>(a: Term<'c>, b: Term<'c>) -> Ordering {
    if word::both_small(a.word(), b.word()) {
        return (a.word() as i64).cmp(&(b.word() as i64));
    }
    if a.is_same(b) { Ordering::Equal } else { walk::<false>(a, b, true) }
}

/// A small, atom, local pid or port, or `[]`: equal to another term exactly when the words are the same.
#[inline(always)]
pub(crate) fn is_plain_immediate(word: u64) -> bool {
    let tag = word & word::TAG_MASK;
    tag == word::TAG_SMALL || tag == word::TAG_IMMEDIATE
}

pub fn compare_atoms(a: Atom, b: Atom) -> Ordering {
    if a == b { Ordering::Equal } else { a.text().as_bytes().cmp(b.text().as_bytes()) }
}

/// Most terms need no more than this.
type Stack<'c> = SmallVec<[Todo<'c>; 4]>;

/// What is left to compare.
enum Todo<'c> {
    Tails(Term<'c>, Term<'c>),
    Elements(&'c [Term<'c>], &'c [Term<'c>]),
    /// From here on with this exactness.
    Exact(bool),
    /// The step of the innermost large map that waits for the result of what stands above it.
    Map(Step),
}

#[derive(Clone, Copy)]
enum Step {
    KeysSame,
    IsLeastKey,
    Values,
    KeysDiffer,
    IsLeastKeyOfA,
    IsLeastKeyOfB,
}

/// Two large maps of one size, side by side.
struct Side<'c> {
    a: MapIter<'c>,
    b: MapIter<'c>,
    pair_a: Option<(Term<'c>, Term<'c>)>,
    pair_b: Option<(Term<'c>, Term<'c>)>,
    least: Option<Term<'c>>,
    result: Ordering,
    was_exact: bool,
    /// Height of the stack with the waiting step on top.
    height: usize,
}

/// What to do next with the innermost large maps.
enum Next<'c> {
    Compare(Term<'c>, Term<'c>, bool, Step),
    Done(Ordering),
}

fn walk<'c, const EQUAL_ONLY: bool>(a: Term<'c>, b: Term<'c>, exact: bool) -> Ordering {
    let mut exact = exact;
    let mut stack: Stack<'c> = SmallVec::new();
    let mut sides: Vec<Side<'c>> = Vec::new();
    let mut pair = Some((a, b));
    let mut order = Ordering::Equal;
    loop {
        if let Some((a, b)) = pair.take() {
            order =
                if a.is_same(b) { Ordering::Equal } else { one(a, b, EQUAL_ONLY, &mut exact, &mut stack, &mut sides, &mut pair) };
            if order.is_eq() && pair.is_some() {
                continue;
            }
        }
        if order.is_ne() {
            let Some(side) = sides.last() else { return order };
            if EQUAL_ONLY {
                return order;
            }
            stack.truncate(side.height);
        }
        match stack.pop() {
            None => return order,
            Some(Todo::Tails(a, b)) => pair = Some((a, b)),
            Some(Todo::Elements(a, b)) => pair = elements(a, b, &mut stack),
            Some(Todo::Exact(value)) => exact = value,
            Some(Todo::Map(step)) => {
                let side = sides.last_mut().expect("a waiting step has its maps");
                match side.go_on(step, order) {
                    Next::Compare(a, b, exactly, step) => {
                        exact = exactly;
                        stack.push(Todo::Map(step));
                        side.height = stack.len();
                        pair = Some((a, b));
                        order = Ordering::Equal;
                    }
                    Next::Done(result) => {
                        exact = side.was_exact;
                        sides.pop();
                        order = result;
                        if order.is_ne() {
                            // The maps differ: the same as if any other pair had.
                            let Some(outer) = sides.last() else { return order };
                            stack.truncate(outer.height);
                        }
                    }
                }
            }
        }
    }
}

/// The first pair of elements that are not the same word; what follows goes on the stack.
fn elements<'c>(a: &'c [Term<'c>], b: &'c [Term<'c>], stack: &mut Stack<'c>) -> Option<(Term<'c>, Term<'c>)> {
    let at = a.iter().zip(b).position(|(x, y)| !x.is_same(*y))?;
    if at + 1 < a.len() {
        stack.push(Todo::Elements(&a[at + 1..], &b[at + 1..]));
    }
    Some((a[at], b[at]))
}

/// Compares the outermost layer of two terms that are not the same word; what is within goes to `pair` and the stack.
#[allow(clippy::too_many_arguments)]
fn one<'c>(
    a: Term<'c>,
    b: Term<'c>,
    equal_only: bool,
    exact: &mut bool,
    stack: &mut Stack<'c>,
    sides: &mut Vec<Side<'c>>,
    pair: &mut Option<(Term<'c>, Term<'c>)>,
) -> Ordering {
    let (view_a, view_b) = (a.view(), b.view());
    match (&view_a, &view_b) {
        (View::Small(x), View::Small(y)) => x.cmp(y),
        (View::Atom(x), View::Atom(y)) => compare_atoms(*x, *y),
        (View::Cons(x), View::Cons(y)) => cells(*x, *y, stack, pair),
        (View::Tuple(x), View::Tuple(y)) => {
            let sizes = x.elements.len().cmp(&y.elements.len());
            if sizes.is_eq() {
                *pair = elements(x.elements, y.elements, stack);
            }
            sizes
        }
        // Definitions say module, name, export and fields; where they are equal the values decide.
        (View::Record(x), View::Record(y)) => {
            *pair = elements(x.parts, y.parts, stack);
            Ordering::Equal
        }
        (View::Map(x), View::Map(y)) => maps(x, y, exact, stack, sides, pair),
        (View::Bits(x), View::Bits(y)) => {
            if equal_only && x.size != y.size {
                return x.size.cmp(&y.size);
            }
            compare_bits(x, y)
        }
        (View::Float(x), View::Float(y)) => floats(*x, *y, *exact),
        (View::Big(_) | View::Small(_), View::Big(_) | View::Small(_)) => integer::cmp(integer_of(&view_a), integer_of(&view_b)),
        (View::Small(_) | View::Big(_), View::Float(_)) if *exact => Ordering::Less,
        (View::Float(_), View::Small(_) | View::Big(_)) if *exact => Ordering::Greater,
        (View::Small(_) | View::Big(_), View::Float(y)) => integer::cmp_float(integer_of(&view_a), *y),
        (View::Float(x), View::Small(_) | View::Big(_)) => integer::cmp_float(integer_of(&view_b), *x).reverse(),
        (View::Fun(x), View::Fun(y)) => {
            let (e, f) = (x.entry, y.entry);
            let order = compare_atoms(e.module(), f.module())
                .then_with(|| e.index.cmp(&f.index))
                .then_with(|| e.old_uniq.cmp(&f.old_uniq))
                .then_with(|| x.env.len().cmp(&y.env.len()));
            if order.is_eq() {
                *pair = elements(x.env, y.env, stack);
            }
            order
        }
        (View::Export(x), View::Export(y)) => compare_atoms(x.module(), y.module())
            .then_with(|| compare_atoms(x.function(), y.function()))
            .then_with(|| x.arity.cmp(&y.arity)),
        (View::Fun(_), View::Export(_)) => Ordering::Less,
        (View::Export(_), View::Fun(_)) => Ordering::Greater,
        _ => rank(&view_a).cmp(&rank(&view_b)).then_with(|| identities(a, b, &view_a, &view_b)),
    }
}

/// How a term stands to all tuples: equal for a tuple.
pub fn order_to_tuples(term: Term<'_>) -> Ordering {
    rank(&term.view()).cmp(&TUPLE_RANK)
}

/// How a term stands to all cells: equal for a cell.
pub fn order_to_cells(term: Term<'_>) -> Ordering {
    rank(&term.view()).cmp(&CONS_RANK)
}

const TUPLE_RANK: u8 = 6;
const CONS_RANK: u8 = 10;

fn rank(view: &View<'_>) -> u8 {
    match view {
        View::Small(_) | View::Big(_) | View::Float(_) => 0,
        View::Atom(_) => 1,
        View::Ref(_) | View::ExternalRef(_) => 2,
        View::Fun(_) | View::Export(_) => 3,
        View::Port(_) | View::ExternalPort(_) => 4,
        View::Pid(_) | View::ExternalPid(_) => 5,
        View::Tuple(_) => TUPLE_RANK,
        View::Record(_) => 7,
        View::Map(_) => 8,
        View::Nil => 9,
        View::Cons(_) => CONS_RANK,
        View::Bits(_) => 11,
        View::Other => 12,
    }
}

fn cells<'c>(
    a: super::view::Cons<'c>,
    b: super::view::Cons<'c>,
    stack: &mut Stack<'c>,
    pair: &mut Option<(Term<'c>, Term<'c>)>,
) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        if !a.head.is_same(b.head) {
            if word::both_small(a.head.word(), b.head.word()) {
                return (a.head.word() as i64).cmp(&(b.head.word() as i64));
            }
            stack.push(Todo::Tails(a.tail, b.tail));
            *pair = Some((a.head, b.head));
            return Ordering::Equal;
        }
        if a.tail.is_same(b.tail) {
            return Ordering::Equal;
        }
        match (a.tail.as_cons(), b.tail.as_cons()) {
            (Some(x), Some(y)) => (a, b) = (x, y),
            _ => {
                *pair = Some((a.tail, b.tail));
                return Ordering::Equal;
            }
        }
    }
}

fn maps<'c>(
    a: &Map<'c>,
    b: &Map<'c>,
    exact: &mut bool,
    stack: &mut Stack<'c>,
    sides: &mut Vec<Side<'c>>,
    pair: &mut Option<(Term<'c>, Term<'c>)>,
) -> Ordering {
    let sizes = a.len().cmp(&b.len());
    if sizes.is_ne() || a.is_empty() {
        return sizes;
    }
    match (a, b) {
        (Map::Flat { keys: keys_a, values: values_a }, Map::Flat { keys: keys_b, values: values_b }) => {
            stack.push(Todo::Elements(values_a, values_b));
            if !core::ptr::eq(*keys_a, *keys_b) {
                stack.push(Todo::Exact(*exact));
                *exact = true;
                *pair = elements(keys_a, keys_b, stack);
            }
            Ordering::Equal
        }
        _ => {
            let mut side = Side {
                a: MapIter::new(a),
                b: MapIter::new(b),
                pair_a: None,
                pair_b: None,
                least: None,
                result: Ordering::Equal,
                was_exact: *exact,
                height: 0,
            };
            (side.pair_a, side.pair_b) = (side.a.next(), side.b.next());
            let (Some((key_a, _)), Some((key_b, _))) = (side.pair_a, side.pair_b) else { return Ordering::Equal };
            *exact = true;
            stack.push(Todo::Map(Step::KeysSame));
            side.height = stack.len();
            sides.push(side);
            *pair = Some((key_a, key_b));
            Ordering::Equal
        }
    }
}

impl<'c> Side<'c> {
    fn keys(&self) -> (Term<'c>, Term<'c>) {
        (self.pair_a.expect("a pair of the first map").0, self.pair_b.expect("a pair of the second map").0)
    }
    /// While keys are the same: compare the values of the two current pairs.
    fn values(&self) -> Next<'c> {
        let (a, b) = (self.pair_a.expect("a pair of the first map").1, self.pair_b.expect("a pair of the second map").1);
        Next::Compare(a, b, self.was_exact, Step::Values)
    }
    fn go_on(&mut self, step: Step, order: Ordering) -> Next<'c> {
        match step {
            Step::KeysSame if order.is_ne() => {
                let (key_a, key_b) = self.keys();
                if map_hash_order(key_a, key_b).is_lt() {
                    (self.least, self.result) = (Some(key_a), Ordering::Less);
                    self.pair_a = self.a.next();
                } else {
                    (self.least, self.result) = (Some(key_b), Ordering::Greater);
                    self.pair_b = self.b.next();
                }
                self.key_of_both()
            }
            Step::KeysSame => match self.least {
                Some(least) if self.result.is_ne() => Next::Compare(self.keys().0, least, true, Step::IsLeastKey),
                _ => self.values(),
            },
            Step::IsLeastKey if order.is_lt() => self.values(),
            Step::IsLeastKey => self.next_same(),
            Step::Values => {
                if order.is_ne() {
                    (self.result, self.least) = (order, Some(self.keys().0));
                }
                self.next_same()
            }
            Step::KeysDiffer if order.is_eq() => {
                (self.pair_a, self.pair_b) = (self.a.next(), self.b.next());
                self.key_of_both()
            }
            Step::KeysDiffer => self.key_of_one(),
            Step::IsLeastKeyOfA => {
                if order.is_lt() {
                    (self.least, self.result) = (self.pair_a.map(|pair| pair.0), Ordering::Less);
                }
                self.pair_a = self.a.next();
                self.key_of_both()
            }
            Step::IsLeastKeyOfB => {
                if order.is_lt() {
                    (self.least, self.result) = (self.pair_b.map(|pair| pair.0), Ordering::Greater);
                }
                self.pair_b = self.b.next();
                self.key_of_both()
            }
        }
    }
    fn next_same(&mut self) -> Next<'c> {
        (self.pair_a, self.pair_b) = (self.a.next(), self.b.next());
        match (self.pair_a, self.pair_b) {
            (Some((a, _)), Some((b, _))) => Next::Compare(a, b, true, Step::KeysSame),
            _ => Next::Done(self.result),
        }
    }
    /// Once a key was found that only one has: values count no more.
    fn key_of_both(&mut self) -> Next<'c> {
        match (self.pair_a, self.pair_b) {
            (Some((a, _)), Some((b, _))) => Next::Compare(a, b, true, Step::KeysDiffer),
            _ => self.key_of_one(),
        }
    }
    fn key_of_one(&mut self) -> Next<'c> {
        let least = self.least.expect("a key that only one map has was found");
        match (self.pair_a, self.pair_b) {
            (Some((a, _)), Some((b, _))) if map_hash_order(a, b).is_lt() => Next::Compare(a, least, true, Step::IsLeastKeyOfA),
            (Some((a, _)), None) => Next::Compare(a, least, true, Step::IsLeastKeyOfA),
            (_, Some((b, _))) => Next::Compare(b, least, true, Step::IsLeastKeyOfB),
            (None, None) => Next::Done(self.result),
        }
    }
}

fn floats(a: f64, b: f64, exact: bool) -> Ordering {
    let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
    if order.is_eq() && exact && otp::zeros_are_distinct() {
        // Only the zeros have two forms; the negative one stands first.
        return b.is_sign_negative().cmp(&a.is_sign_negative());
    }
    order
}

/// Bit by bit from the first; when one is the start of the other the shorter is less.
pub fn compare_bits(a: &Bits<'_>, b: &Bits<'_>) -> Ordering {
    let common = a.size.min(b.size);
    let whole = common / 8;
    let order = if a.offset == 0 && b.offset == 0 {
        a.bytes[..whole].cmp(&b.bytes[..whole])
    } else {
        (0..whole).map(|index| a.byte_at(index)).cmp((0..whole).map(|index| b.byte_at(index)))
    };
    order
        .then_with(|| match common % 8 {
            0 => Ordering::Equal,
            rest => (a.byte_at(whole) >> (8 - rest)).cmp(&(b.byte_at(whole) >> (8 - rest))),
        })
        .then_with(|| a.size.cmp(&b.size))
}

fn nodes(a: (Atom, u32), b: (Atom, u32)) -> Ordering {
    compare_atoms(a.0, b.0).then_with(|| a.1.cmp(&b.1))
}

/// Pids, ports and references of one rank, of this node or another.
fn identities<'c>(a: Term<'c>, b: Term<'c>, view_a: &View<'c>, view_b: &View<'c>) -> Ordering {
    match (view_a, view_b) {
        (View::Pid(_), View::Pid(_)) | (View::Port(_), View::Port(_)) => a.word().cmp(&b.word()),
        (View::Pid(_) | View::ExternalPid(_), _) => {
            let (a, b) = (pid_parts(view_a), pid_parts(view_b));
            (a.serial, a.id).cmp(&(b.serial, b.id)).then_with(|| nodes((a.node, a.creation), (b.node, b.creation)))
        }
        (View::Port(_) | View::ExternalPort(_), _) => {
            let (a, b) = (port_parts(view_a), port_parts(view_b));
            nodes(a.0, b.0).then_with(|| a.1.cmp(&b.1))
        }
        (View::Ref(x), View::Ref(y)) => x.numbers().iter().rev().cmp(y.numbers().iter().rev()).then_with(|| x.id.cmp(&y.id)),
        (View::Ref(_) | View::ExternalRef(_), _) => {
            let (a, b) = (ref_parts(view_a), ref_parts(view_b));
            // Missing high numbers are zeros.
            nodes(a.0, b.0).then_with(|| a.1.iter().rev().cmp(b.1.iter().rev()))
        }
        _ => a.word().cmp(&b.word()),
    }
}

fn pid_parts(view: &View<'_>) -> ExternalPid {
    match view {
        View::ExternalPid(words) => ExternalPid::of(words),
        View::Pid(term) => {
            let (node, creation) = local_node();
            ExternalPid { node, creation, id: word::pid_slot(term.word()), serial: word::pid_generation(term.word()) }
        }
        _ => unreachable!("called for pids only"),
    }
}

fn port_parts(view: &View<'_>) -> ((Atom, u32), u64) {
    match view {
        View::ExternalPort(words) => ((Atom::of_word(words[0]), words[2] as u32), words[1]),
        View::Port(term) => (local_node(), term.word() >> 8),
        _ => unreachable!("called for ports only"),
    }
}

fn ref_parts(view: &View<'_>) -> ((Atom, u32), [u32; REF_NUMBERS_MAX]) {
    match view {
        View::ExternalRef(words) => ((Atom::of_word(words[0]), words[1] as u32), external_ref_numbers(words).0),
        View::Ref(reference) => {
            let [first, second, third] = reference.numbers();
            (local_node(), [first, second, third, 0, 0])
        }
        _ => unreachable!("called for references only"),
    }
}
