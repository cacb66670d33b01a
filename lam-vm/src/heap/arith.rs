//! Arithmetic on terms: smalls, bignums and floats, mixed as Erlang mixes them.
//!
//! The interpreter does two smalls itself and comes here for the rest; the BIFs of the operators come here for all.
//! An integer that meets a float becomes a float; a float result that is not finite is `badarith`.

use super::Heap;
use crate::term::integer::{self, IntRef, Integer};
use crate::term::{BigRef, Term, View};

/// Why there is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArithError {
    Badarith,
    SystemLimit,
}

impl From<integer::SystemLimit> for ArithError {
    fn from(_: integer::SystemLimit) -> Self {
        ArithError::SystemLimit
    }
}

pub type ArithResult<'c> = Result<Term<'c>, ArithError>;

/// A number as it stands in a term.
#[derive(Clone, Copy)]
pub enum Number<'c> {
    Int(IntRef<'c>),
    Float(f64),
}

impl<'c> Number<'c> {
    pub fn of(term: Term<'c>) -> Option<Self> {
        match term.view() {
            View::Small(value) => Some(Number::Int(IntRef::Small(value))),
            View::Big(BigRef { negative, limbs }) => Some(Number::Int(IntRef::Big { negative, limbs })),
            View::Float(value) => Some(Number::Float(value)),
            _ => None,
        }
    }
    /// As a float; `None` for an integer beyond its range.
    pub fn to_f64(self) -> Option<f64> {
        match self {
            Number::Int(value) => integer::to_f64(value),
            Number::Float(value) => Some(value),
        }
    }
}

/// The integer that a term is.
pub fn int_ref(term: Term<'_>) -> Option<IntRef<'_>> {
    match Number::of(term)? {
        Number::Int(value) => Some(value),
        Number::Float(_) => None,
    }
}

impl<'c> Heap<'c> {
    /// An owned integer as a term.
    pub fn owned_integer(&mut self, value: &Integer) -> Term<'c> {
        match value {
            Integer::Small(value) => self.integer(*value),
            Integer::Big { negative, limbs } => self.big_integer(*negative, limbs),
        }
    }
    fn finite(&mut self, value: f64) -> ArithResult<'c> {
        if value.is_finite() { Ok(self.float(value)) } else { Err(ArithError::Badarith) }
    }
}

type IntOp = fn(IntRef<'_>, IntRef<'_>) -> Result<Integer, integer::SystemLimit>;

/// `+ - *`: by integers where both are, else by floats.
fn mixed<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>, ints: IntOp, floats: fn(f64, f64) -> f64) -> ArithResult<'c> {
    let (Some(a), Some(b)) = (Number::of(a), Number::of(b)) else { return Err(ArithError::Badarith) };
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        let value = ints(a, b)?;
        return Ok(heap.owned_integer(&value));
    }
    let (Some(a), Some(b)) = (a.to_f64(), b.to_f64()) else { return Err(ArithError::Badarith) };
    heap.finite(floats(a, b))
}

/// Operators of two integers.
fn ints<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>, op: IntOp) -> ArithResult<'c> {
    let (Some(a), Some(b)) = (int_ref(a), int_ref(b)) else { return Err(ArithError::Badarith) };
    let value = op(a, b)?;
    Ok(heap.owned_integer(&value))
}

/// `div` and `rem`: `badarith` by zero.
fn divided<'c>(
    heap: &mut Heap<'c>,
    a: Term<'c>,
    b: Term<'c>,
    op: fn(IntRef<'_>, IntRef<'_>) -> Option<Integer>,
) -> ArithResult<'c> {
    let (Some(a), Some(b)) = (int_ref(a), int_ref(b)) else { return Err(ArithError::Badarith) };
    let value = op(a, b).ok_or(ArithError::Badarith)?;
    Ok(heap.owned_integer(&value))
}

pub fn add<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    mixed(heap, a, b, integer::add, |a, b| a + b)
}
pub fn sub<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    mixed(heap, a, b, integer::sub, |a, b| a - b)
}
pub fn mul<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    mixed(heap, a, b, integer::mul, |a, b| a * b)
}
/// `a / b`, always a float.
pub fn float_div<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    let (Some(a), Some(b)) = (Number::of(a), Number::of(b)) else { return Err(ArithError::Badarith) };
    let (Some(a), Some(b)) = (a.to_f64(), b.to_f64()) else { return Err(ArithError::Badarith) };
    if b == 0.0 {
        return Err(ArithError::Badarith);
    }
    heap.finite(a / b)
}
pub fn int_div<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    divided(heap, a, b, integer::div)
}
pub fn rem<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    divided(heap, a, b, integer::rem)
}
pub fn band<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    ints(heap, a, b, integer::band)
}
pub fn bor<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    ints(heap, a, b, integer::bor)
}
pub fn bxor<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    ints(heap, a, b, integer::bxor)
}
pub fn bsl<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    ints(heap, a, b, integer::bsl)
}
pub fn bsr<'c>(heap: &mut Heap<'c>, a: Term<'c>, b: Term<'c>) -> ArithResult<'c> {
    ints(heap, a, b, integer::bsr)
}
pub fn bnot<'c>(heap: &mut Heap<'c>, a: Term<'c>) -> ArithResult<'c> {
    let a = int_ref(a).ok_or(ArithError::Badarith)?;
    let value = integer::bnot(a)?;
    Ok(heap.owned_integer(&value))
}
/// Unary minus: 0 - a, and a float's sign changed.
pub fn neg<'c>(heap: &mut Heap<'c>, a: Term<'c>) -> ArithResult<'c> {
    match Number::of(a).ok_or(ArithError::Badarith)? {
        Number::Int(value) => {
            let value = integer::neg(value);
            Ok(heap.owned_integer(&value))
        }
        Number::Float(value) => Ok(heap.float(-value)),
    }
}
/// Unary plus: the number itself.
pub fn plus<'c>(a: Term<'c>) -> ArithResult<'c> {
    if a.is_number() { Ok(a) } else { Err(ArithError::Badarith) }
}
