//! Bitwise operations on integers as endless two's complement, and arithmetic shifts.

use super::{IntRef, Integer, LIMBS_MAX, Limbs, SystemLimit, limbs};

/// `a band b`.
pub fn band(a: IntRef, b: IntRef) -> Result<Integer, SystemLimit> {
    bitwise(a, b, |x, y| x & y)
}

/// `a bor b`.
pub fn bor(a: IntRef, b: IntRef) -> Result<Integer, SystemLimit> {
    bitwise(a, b, |x, y| x | y)
}

/// `a bxor b`.
pub fn bxor(a: IntRef, b: IntRef) -> Result<Integer, SystemLimit> {
    bitwise(a, b, |x, y| x ^ y)
}

/// `bnot a`.
pub fn bnot(a: IntRef) -> Result<Integer, SystemLimit> {
    match a {
        IntRef::Small(value) => Ok(Integer::Small(!value)),
        IntRef::Big { .. } => bitwise(a, IntRef::Small(-1), |x, y| x ^ y),
    }
}

/// `a bsl b`: to the left, or to the right when `b` is negative.
pub fn bsl(a: IntRef, b: IntRef) -> Result<Integer, SystemLimit> {
    match b {
        IntRef::Small(count) if count >= 0 => shift_left(a, count as u64),
        IntRef::Small(count) => Ok(shift_right(a, count.unsigned_abs())),
        IntRef::Big { negative: false, .. } => shift_left(a, u64::MAX),
        IntRef::Big { negative: true, .. } => Ok(shift_right(a, u64::MAX)),
    }
}

/// `a bsr b`: to the right, or to the left when `b` is negative.
pub fn bsr(a: IntRef, b: IntRef) -> Result<Integer, SystemLimit> {
    match b {
        IntRef::Small(count) if count >= 0 => Ok(shift_right(a, count as u64)),
        IntRef::Small(count) => shift_left(a, count.unsigned_abs()),
        IntRef::Big { negative: false, .. } => Ok(shift_right(a, u64::MAX)),
        IntRef::Big { negative: true, .. } => shift_left(a, u64::MAX),
    }
}

fn shift_left(a: IntRef, count: u64) -> Result<Integer, SystemLimit> {
    if a.is_zero() || count == 0 {
        return Ok(a.to_owned());
    }
    if let (IntRef::Small(value), 0..=63) = (a, count) {
        return Ok(Integer::from(i128::from(value) << count));
    }
    let mut buffer = [0];
    let bits = a.bit_len() as u64;
    let (negative, magnitude) = a.parts(&mut buffer);
    if bits.saturating_add(count) > LIMBS_MAX as u64 * 64 {
        return Err(SystemLimit);
    }
    Ok(Integer::from_limbs(negative, limbs::shl(magnitude, count as usize)))
}

fn shift_right(a: IntRef, count: u64) -> Integer {
    let (negative, magnitude) = match a {
        IntRef::Small(value) => return Integer::Small(value >> count.min(63)),
        IntRef::Big { negative, limbs } => (negative, limbs),
    };
    let all = magnitude.len() as u64 * 64;
    if count >= all {
        return Integer::Small(-i64::from(negative));
    }
    let count = count as usize;
    let mut out = limbs::shr(magnitude, count);
    if negative && has_low_bits(magnitude, count) {
        limbs::increment(&mut out);
    }
    Integer::from_limbs(negative, out)
}

/// Is one of the lowest `count` bits set?
fn has_low_bits(magnitude: &[u64], count: usize) -> bool {
    let (whole, part) = (count / 64, count % 64);
    magnitude[..whole].iter().any(|&limb| limb != 0) || (part != 0 && magnitude[whole] << (64 - part) != 0)
}

fn bitwise(a: IntRef, b: IntRef, op: impl Fn(u64, u64) -> u64) -> Result<Integer, SystemLimit> {
    if let (IntRef::Small(a), IntRef::Small(b)) = (a, b) {
        return Ok(Integer::Small(op(a as u64, b as u64) as i64));
    }
    let (mut a_buffer, mut b_buffer) = ([0], [0]);
    let (a_negative, a) = a.parts(&mut a_buffer);
    let (b_negative, b) = b.parts(&mut b_buffer);
    let len = a.len().max(b.len());
    let negative = op(sign_limb(a_negative), sign_limb(b_negative)) != 0;
    let mut a = TwosComplement::new(a_negative, a);
    let mut b = TwosComplement::new(b_negative, b);
    let mut out: Limbs = (0..len).map(|_| op(a.next_limb(), b.next_limb())).collect();
    if negative {
        out.iter_mut().for_each(|limb| *limb = !*limb);
        limbs::increment(&mut out);
    }
    Integer::from_limbs_limited(negative, out)
}

fn sign_limb(negative: bool) -> u64 {
    if negative { u64::MAX } else { 0 }
}

/// Reads a sign and magnitude as two's complement, one limb after the other, without end.
pub(super) struct TwosComplement<'a> {
    negative: bool,
    carry: bool,
    magnitude: std::slice::Iter<'a, u64>,
}

impl<'a> TwosComplement<'a> {
    pub(super) fn new(negative: bool, magnitude: &'a [u64]) -> Self {
        TwosComplement { negative, carry: negative, magnitude: magnitude.iter() }
    }

    pub(super) fn next_limb(&mut self) -> u64 {
        let limb = self.magnitude.next().copied().unwrap_or(0);
        if !self.negative {
            return limb;
        }
        let (limb, overflow) = (!limb).overflowing_add(u64::from(self.carry));
        self.carry = overflow;
        limb
    }
}
