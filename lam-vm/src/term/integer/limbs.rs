//! Carry loops over magnitudes: limbs of 64 bits, little end first.

use std::cmp::Ordering;

use super::Limbs;

/// Length without zero limbs at the top.
pub fn trimmed_len(a: &[u64]) -> usize {
    a.iter().rposition(|&limb| limb != 0).map_or(0, |top| top + 1)
}

/// Compares magnitudes without leading zeros.
pub fn cmp(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// `a + b`.
pub fn add(a: &[u64], b: &[u64]) -> Limbs {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut out = Limbs::with_capacity(long.len() + 1);
    let mut carry = false;
    for (&x, &y) in long.iter().zip(short) {
        let (sum, first) = x.overflowing_add(y);
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        carry = first | second;
        out.push(sum);
    }
    for &x in &long[short.len()..] {
        let (sum, overflow) = x.overflowing_add(u64::from(carry));
        carry = overflow;
        out.push(sum);
    }
    if carry {
        out.push(1);
    }
    out
}

/// `a - b`, where `a >= b`.
pub fn sub(a: &[u64], b: &[u64]) -> Limbs {
    debug_assert!(cmp(a, b) != Ordering::Less);
    let mut out = Limbs::with_capacity(a.len());
    let mut borrow = false;
    for (i, &x) in a.iter().enumerate() {
        let y = b.get(i).copied().unwrap_or(0);
        let (difference, first) = x.overflowing_sub(y);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        borrow = first | second;
        out.push(difference);
    }
    out
}

/// `a * b`, by rows. Cost: the product of the lengths.
pub fn mul(a: &[u64], b: &[u64]) -> Limbs {
    let mut out = Limbs::from_elem(0, a.len() + b.len());
    for (i, &x) in a.iter().enumerate() {
        let mut carry = 0u128;
        for (slot, &y) in out[i..].iter_mut().zip(b) {
            let sum = u128::from(x) * u128::from(y) + u128::from(*slot) + carry;
            *slot = sum as u64;
            carry = sum >> 64;
        }
        out[i + b.len()] = carry as u64;
    }
    out
}

/// Multiplies in place by `factor` and adds `addend`; used when reading digits.
pub fn mul_add_limb(a: &mut Limbs, factor: u64, addend: u64) {
    let mut carry = u128::from(addend);
    for limb in a.iter_mut() {
        let sum = u128::from(*limb) * u128::from(factor) + carry;
        *limb = sum as u64;
        carry = sum >> 64;
    }
    if carry != 0 {
        a.push(carry as u64);
    }
}

/// Divides in place by `divisor`, not 0, and returns the remainder.
pub fn div_limb(a: &mut [u64], divisor: u64) -> u64 {
    let mut remainder = 0u64;
    for limb in a.iter_mut().rev() {
        let part = u128::from(remainder) << 64 | u128::from(*limb);
        *limb = (part / u128::from(divisor)) as u64;
        remainder = (part % u128::from(divisor)) as u64;
    }
    remainder
}

/// Quotient and remainder of `a / b`, where `b` has at least two limbs and `a >= b`.
///
/// Source: Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm D.
pub fn div_rem(a: &[u64], b: &[u64]) -> (Limbs, Limbs) {
    let n = b.len();
    let shift = b[n - 1].leading_zeros() as usize;
    let divisor = shl(b, shift);
    let mut rest = shl(a, shift);
    rest.resize(a.len() + 1, 0);
    let (top, next) = (divisor[n - 1], divisor[n - 2]);
    let mut quotient = Limbs::from_elem(0, a.len() - n + 1);
    for j in (0..quotient.len()).rev() {
        let guess = guess_digit([rest[j + n], rest[j + n - 1], rest[j + n - 2]], top, next);
        quotient[j] = subtract_multiple(&mut rest[j..=j + n], &divisor[..n], guess);
    }
    rest.truncate(n);
    (quotient, shr(&rest, shift))
}

/// The quotient digit of the three highest limbs by the two highest of the divisor; at most one too big.
fn guess_digit(high: [u64; 3], top: u64, next: u64) -> u64 {
    if high[0] >= top {
        return u64::MAX;
    }
    let part = u128::from(high[0]) << 64 | u128::from(high[1]);
    let mut guess = part / u128::from(top);
    let mut rest = part % u128::from(top);
    while rest >> 64 == 0 && guess * u128::from(next) > (rest << 64 | u128::from(high[2])) {
        guess -= 1;
        rest += u128::from(top);
    }
    guess as u64
}

/// `rest -= divisor * guess`; while that is negative takes one back. Returns the true digit.
fn subtract_multiple(rest: &mut [u64], divisor: &[u64], mut guess: u64) -> u64 {
    let mut carry = 0u128;
    let mut borrow = false;
    for (slot, &y) in rest.iter_mut().zip(divisor.iter().chain(&[0])) {
        let product = u128::from(y) * u128::from(guess) + carry;
        carry = product >> 64;
        let (difference, first) = slot.overflowing_sub(product as u64);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        borrow = first | second;
        *slot = difference;
    }
    while borrow {
        guess -= 1;
        let mut carry = false;
        for (slot, &y) in rest.iter_mut().zip(divisor.iter().chain(&[0])) {
            let (sum, first) = slot.overflowing_add(y);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first | second;
            *slot = sum;
        }
        borrow = !carry;
    }
    guess
}

/// `a * 2^bits`, with one limb more than needed at most.
pub fn shl(a: &[u64], bits: usize) -> Limbs {
    let (whole, part) = (bits / 64, bits % 64);
    let mut out = Limbs::with_capacity(a.len() + whole + 1);
    out.resize(whole, 0);
    if part == 0 {
        out.extend_from_slice(a);
        return out;
    }
    let mut carry = 0;
    for &limb in a {
        out.push(limb << part | carry);
        carry = limb >> (64 - part);
    }
    if carry != 0 {
        out.push(carry);
    }
    out
}

/// `a / 2^bits`, rounded down.
pub fn shr(a: &[u64], bits: usize) -> Limbs {
    let (whole, part) = (bits / 64, bits % 64);
    let kept = a.get(whole..).unwrap_or(&[]);
    if part == 0 {
        return Limbs::from_slice(kept);
    }
    (0..kept.len()).map(|i| kept[i] >> part | kept.get(i + 1).map_or(0, |next| next << (64 - part))).collect()
}

/// Adds one in place.
pub fn increment(a: &mut Limbs) {
    for limb in a.iter_mut() {
        let (sum, overflow) = limb.overflowing_add(1);
        *limb = sum;
        if !overflow {
            return;
        }
    }
    a.push(1);
}
