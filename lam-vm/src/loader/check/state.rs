//! What is known at one point of the code.
//!
//! ```text
//! x, y ──► values: each register names a value, so that what a test shows of one register holds for its copies
//! Value    { ty, def, is_fresh }     def: how it was read from another value (element of a tuple, size, outcome of a test)
//! ```
//!
//! `join` makes the state that holds on two ways into one place. It numbers values anew in the order of the registers, so equal knowledge is
//! an equal state, and drops values that no register holds.

use crate::loader::check::types::{Type, Types, kinds};
use crate::loader::ir::Reg;

/// The number of a value, or one of the two below.
pub type ValueId = u32;
/// An X register that holds nothing.
pub const DEAD: ValueId = u32::MAX;
/// A Y register that was not written since `allocate`.
pub const UNINIT: ValueId = u32::MAX - 1;
/// No `allocate`, or several, made the frame.
pub const NO_SITE: u32 = u32::MAX;

/// The frame of Y registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    None,
    Words(u32),
    /// Different on different ways to here; an error as soon as somebody asks.
    Unclear,
}

/// How a value came from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Def {
    None,
    /// The element of a tuple, counted from 0.
    Element(ValueId, u32),
    /// `tuple_size` of a value.
    Size(ValueId),
    /// `true` when the value is one of these kinds.
    Test(ValueId, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    pub ty: Type,
    pub def: Def,
    /// A tuple built since the last safe point: nobody else holds it in an old place.
    pub is_fresh: bool,
}

/// Heap words promised and not used yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    pub words: u32,
    pub floats: u16,
    pub funs: u16,
}

impl Need {
    fn min(self, other: Need) -> Need {
        Need { words: self.words.min(other.words), floats: self.floats.min(other.floats), funs: self.funs.min(other.funs) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub frame: Frame,
    /// The op index of the `allocate` that made the frame.
    pub site: u32,
    pub x: Vec<ValueId>,
    pub y: Vec<ValueId>,
    pub values: Vec<Value>,
    /// Float registers 0 to 63 that hold a float.
    pub floats: u64,
    pub need: Need,
    /// `loop_rec` gave a message and it is still the current one.
    pub has_message: bool,
    /// A binary is under construction.
    pub is_building: bool,
    /// Labels of handlers that an exception could reach.
    pub handlers: Vec<u32>,
}

impl State {
    /// A function's entry.
    pub fn entry(arguments: impl Iterator<Item = Type>) -> State {
        let values: Vec<Value> = arguments.map(Value::of).collect();
        State {
            frame: Frame::None,
            site: NO_SITE,
            x: (0..values.len() as u32).collect(),
            y: Vec::new(),
            values,
            floats: 0,
            need: Need::default(),
            has_message: false,
            is_building: false,
            handlers: Vec::new(),
        }
    }

    pub fn value_of(&self, reg: Reg) -> ValueId {
        match reg {
            Reg::X(x) => self.x.get(usize::from(x)).copied().unwrap_or(DEAD),
            Reg::Y(y) => self.y.get(usize::from(y)).copied().unwrap_or(DEAD),
        }
    }

    pub fn add(&mut self, value: Value) -> ValueId {
        self.values.push(value);
        self.values.len() as u32 - 1
    }

    pub fn set_x(&mut self, x: usize, value: ValueId) {
        if self.x.len() <= x {
            self.x.resize(x + 1, DEAD);
        }
        self.x[x] = value;
    }

    /// X registers from `live` on hold nothing more.
    pub fn keep_x(&mut self, live: usize) {
        self.x.truncate(live);
    }

    /// How many X registers, from 0, hold something.
    pub fn live_x(&self) -> usize {
        self.x.iter().position(|value| *value == DEAD).unwrap_or(self.x.len())
    }

    /// What the state takes.
    pub fn bytes(&self) -> usize {
        size_of::<State>() + (self.x.len() + self.y.len()) * size_of::<ValueId>() + self.values.len() * size_of::<Value>()
    }

    pub fn has_uninit_y(&self) -> bool {
        self.y.contains(&UNINIT)
    }
}

impl Value {
    pub fn of(ty: Type) -> Value {
        Value { ty, def: Def::None, is_fresh: false }
    }
}

/// Old value numbers to new ones while two states are joined.
#[derive(Default)]
struct Numbering {
    /// (a, b) of each new value.
    pairs: Vec<(ValueId, ValueId)>,
    /// For each value of `a`, the new number with its first partner + 1.
    first: Vec<u32>,
}

impl Numbering {
    fn number(&mut self, a: ValueId, b: ValueId) -> ValueId {
        let slot = &mut self.first[a as usize];
        if *slot != 0 && self.pairs[*slot as usize - 1].1 == b {
            return *slot - 1;
        }
        if *slot == 0 {
            self.pairs.push((a, b));
            *slot = self.pairs.len() as u32;
            return *slot - 1;
        }
        if let Some(found) = self.pairs.iter().position(|pair| *pair == (a, b)) {
            return found as u32;
        }
        self.pairs.push((a, b));
        self.pairs.len() as u32 - 1
    }

    fn find(&self, a: ValueId, b: ValueId) -> Option<ValueId> {
        let slot = *self.first.get(a as usize)?;
        if slot != 0 && self.pairs[slot as usize - 1].1 == b {
            return Some(slot - 1);
        }
        self.pairs.iter().position(|pair| *pair == (a, b)).map(|found| found as u32)
    }
}

/// What both states agree on, and the `allocate`s whose frames must be cleared because a Y register of theirs is unclear.
pub fn join(types: &mut Types, a: &State, b: &State, widen: bool, sites: &mut Vec<u32>) -> State {
    let mut numbering = Numbering { pairs: Vec::new(), first: vec![0; a.values.len()] };
    let frame = if a.frame == b.frame { a.frame } else { Frame::Unclear };
    let mut x: Vec<ValueId> =
        a.x.iter().zip(&b.x).map(|(&a, &b)| if a == DEAD || b == DEAD { DEAD } else { numbering.number(a, b) }).collect();
    while x.last() == Some(&DEAD) {
        x.pop();
    }
    // Frames of different sizes have their first registers in common.
    let mut y: Vec<ValueId> = (a.y.iter().zip(&b.y))
        .map(|(&a, &b)| match (a, b) {
            (DEAD, _) | (_, DEAD) => DEAD,
            (UNINIT, _) | (_, UNINIT) => UNINIT,
            (a, b) => numbering.number(a, b),
        })
        .collect();
    let mut site = a.site;
    if a.site != b.site || frame == Frame::Unclear {
        site = NO_SITE;
        for state in [a, b] {
            if state.has_uninit_y() {
                sites.push(state.site);
            }
        }
        y.iter_mut().filter(|slot| **slot == UNINIT).for_each(|slot| *slot = DEAD);
    }
    let values = numbering
        .pairs
        .iter()
        .map(|&(va, vb)| {
            let (value_a, value_b) = (&a.values[va as usize], &b.values[vb as usize]);
            let mut ty = types.join(value_a.ty, value_b.ty);
            if widen && ty.kinds & kinds::TUPLE != 0 {
                ty = types.flat(ty);
            }
            let def = match (value_a.def, value_b.def) {
                (Def::None, _) => None,
                (Def::Element(a, i), Def::Element(b, j)) if i == j => numbering.find(a, b).map(|tuple| Def::Element(tuple, i)),
                (Def::Size(a), Def::Size(b)) => numbering.find(a, b).map(Def::Size),
                (Def::Test(a, m), Def::Test(b, n)) if m == n => numbering.find(a, b).map(|value| Def::Test(value, m)),
                _ => None,
            };
            Value { ty, def: def.unwrap_or(Def::None), is_fresh: value_a.is_fresh && value_b.is_fresh }
        })
        .collect();
    let mut handlers = a.handlers.clone();
    for label in &b.handlers {
        if !handlers.contains(label) {
            handlers.push(*label);
        }
    }
    handlers.sort_unstable();
    State {
        frame,
        site,
        x,
        y,
        values,
        floats: a.floats & b.floats,
        need: a.need.min(b.need),
        has_message: a.has_message && b.has_message,
        is_building: a.is_building && b.is_building,
        handlers,
    }
}
