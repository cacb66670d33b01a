//! Sum, difference, product, quotient and remainder.

use std::cmp::Ordering;

use super::{IntRef, Integer, LIMBS_MAX, Limbs, SystemLimit, dashu, limbs};

/// Below this many limbs in the shorter operand our own loops multiply and divide.
/// Conversion costs two copies and an allocation each; re-measure before changing.
const OWN_KERNEL_LIMBS: usize = 8;

/// `a + b`.
pub fn add(a: IntRef, b: IntRef) -> Result<Integer, SystemLimit> {
    if let (IntRef::Small(a), IntRef::Small(b)) = (a, b) {
        return Ok(Integer::from(a + b));
    }
    add_signed(a, b, false)
}

/// `a - b`.
pub fn sub(a: IntRef, b: IntRef) -> Result<Integer, SystemLimit> {
    if let (IntRef::Small(a), IntRef::Small(b)) = (a, b) {
        return Ok(Integer::from(a - b));
    }
    add_signed(a, b, true)
}

/// `-a`.
pub fn neg(a: IntRef) -> Integer {
    match a {
        IntRef::Small(value) => Integer::from(-value),
        IntRef::Big { negative, limbs } => Integer::from_limbs(!negative, Limbs::from_slice(limbs)),
    }
}

/// `a * b`.
pub fn mul(a: IntRef, b: IntRef) -> Result<Integer, SystemLimit> {
    if let (IntRef::Small(a), IntRef::Small(b)) = (a, b) {
        return Ok(Integer::from(i128::from(a) * i128::from(b)));
    }
    let (mut a_buffer, mut b_buffer) = ([0], [0]);
    let (a_negative, a) = a.parts(&mut a_buffer);
    let (b_negative, b) = b.parts(&mut b_buffer);
    if a.is_empty() || b.is_empty() {
        return Ok(Integer::ZERO);
    }
    // A product has the sum of the lengths, or one limb less.
    if a.len() + b.len() - 1 > LIMBS_MAX {
        return Err(SystemLimit);
    }
    let product = if a.len().min(b.len()) <= OWN_KERNEL_LIMBS { limbs::mul(a, b) } else { dashu::mul(a, b) };
    Integer::from_limbs_limited(a_negative != b_negative, product)
}

/// `a div b`, towards zero; `None` when `b` is 0.
pub fn div(a: IntRef, b: IntRef) -> Option<Integer> {
    match (a, b) {
        (_, IntRef::Small(0)) => None,
        (IntRef::Small(a), IntRef::Small(b)) => Some(Integer::from(a / b)),
        _ => div_rem(a, b).map(|(quotient, _)| quotient),
    }
}

/// `a rem b`, with the sign of `a`; `None` when `b` is 0.
pub fn rem(a: IntRef, b: IntRef) -> Option<Integer> {
    match (a, b) {
        (_, IntRef::Small(0)) => None,
        (IntRef::Small(a), IntRef::Small(b)) => Some(Integer::from(a % b)),
        _ => div_rem(a, b).map(|(_, remainder)| remainder),
    }
}

/// Both at once; `None` when `b` is 0.
pub fn div_rem(a: IntRef, b: IntRef) -> Option<(Integer, Integer)> {
    let (mut a_buffer, mut b_buffer) = ([0], [0]);
    let (a_negative, a_limbs) = a.parts(&mut a_buffer);
    let (b_negative, b_limbs) = b.parts(&mut b_buffer);
    if b_limbs.is_empty() {
        return None;
    }
    if limbs::cmp(a_limbs, b_limbs) == Ordering::Less {
        return Some((Integer::ZERO, a.to_owned()));
    }
    let (quotient, remainder) = div_rem_limbs(a_limbs, b_limbs);
    Some((Integer::from_limbs(a_negative != b_negative, quotient), Integer::from_limbs(a_negative, remainder)))
}

/// Magnitudes, `a >= b`, `b` not zero.
fn div_rem_limbs(a: &[u64], b: &[u64]) -> (Limbs, Limbs) {
    if let [divisor] = b {
        let mut quotient = Limbs::from_slice(a);
        let remainder = limbs::div_limb(&mut quotient, *divisor);
        return (quotient, Limbs::from_slice(&[remainder]));
    }
    if b.len() <= OWN_KERNEL_LIMBS || a.len() - b.len() <= OWN_KERNEL_LIMBS {
        return limbs::div_rem(a, b);
    }
    dashu::div_rem(a, b)
}

/// `a + b`, or `a - b` when `negate_b`.
fn add_signed(a: IntRef, b: IntRef, negate_b: bool) -> Result<Integer, SystemLimit> {
    let (mut a_buffer, mut b_buffer) = ([0], [0]);
    let (a_negative, a) = a.parts(&mut a_buffer);
    let (b_negative, b) = b.parts(&mut b_buffer);
    let b_negative = b_negative != negate_b;
    if a_negative == b_negative {
        return Integer::from_limbs_limited(a_negative, limbs::add(a, b));
    }
    Ok(match limbs::cmp(a, b) {
        Ordering::Less => Integer::from_limbs(b_negative, limbs::sub(b, a)),
        Ordering::Equal => Integer::ZERO,
        Ordering::Greater => Integer::from_limbs(a_negative, limbs::sub(a, b)),
    })
}
