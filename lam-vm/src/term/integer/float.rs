//! Integers to doubles and back.

use super::{IntRef, Integer, Limbs};

/// The double that OTP gives; `None` when it is not finite (`badarith`, `badarg`).
///
/// OTP adds limb after limb from the top and rounds at each step, which can differ from the nearest double in
/// the last bit; programs can see it, so we do the same. Source: `big_to_double` in `beam/big.c`.
pub fn to_f64(a: IntRef) -> Option<f64> {
    let (negative, limbs) = match a {
        IntRef::Small(value) => return Some(value as f64),
        IntRef::Big { negative, limbs } => (negative, limbs),
    };
    let mut double = 0.0f64;
    for &limb in limbs.iter().rev() {
        double = double * 18446744073709551616.0 + limb as f64;
        if !double.is_finite() {
            return None;
        }
    }
    Some(if negative { -double } else { double })
}

/// `trunc/1` of a finite float; exact.
pub fn trunc(double: f64) -> Integer {
    if double.abs() < (1u64 << 60) as f64 {
        return Integer::Small(double as i64);
    }
    let bits = double.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as usize;
    debug_assert!(exponent < 0x7ff, "terms hold no infinity and no NaN");
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    // At 2^60 and above the shift is never negative.
    let shift = exponent.saturating_sub(1023 + 52);
    let limbs: Limbs = super::limbs::shl(&[mantissa], shift);
    Integer::from_limbs(double < 0.0, limbs)
}

/// `round/1`: halves go away from zero.
pub fn round(double: f64) -> Integer {
    trunc(double.round())
}

/// `floor/1`.
pub fn floor(double: f64) -> Integer {
    trunc(double.floor())
}

/// `ceil/1`.
pub fn ceil(double: f64) -> Integer {
    trunc(double.ceil())
}
