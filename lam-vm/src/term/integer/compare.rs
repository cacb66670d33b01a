//! Order of integers, and of integers and floats.

use std::cmp::Ordering;

use super::{IntRef, limbs, trunc};

/// Order by value.
pub fn cmp(a: IntRef, b: IntRef) -> Ordering {
    match (a, b) {
        (IntRef::Small(a), IntRef::Small(b)) => a.cmp(&b),
        // A bignum is outside the small range: its sign decides.
        (IntRef::Small(_), IntRef::Big { negative, .. }) => {
            if negative {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (IntRef::Big { negative, .. }, IntRef::Small(_)) => {
            if negative {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (IntRef::Big { negative: false, limbs: a }, IntRef::Big { negative: false, limbs: b }) => limbs::cmp(a, b),
        (IntRef::Big { negative: true, limbs: a }, IntRef::Big { negative: true, limbs: b }) => limbs::cmp(b, a),
        (IntRef::Big { negative, .. }, IntRef::Big { .. }) => {
            if negative {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
    }
}

/// Equality by value, which is equality of form.
pub fn eq(a: IntRef, b: IntRef) -> bool {
    a == b
}

/// Order of an integer and a finite float by exact value, as `==` and `<` see it.
///
/// OTP has short cuts by size; the result is that of the exact comparison (`CMP` in `beam/utils.c`).
pub fn cmp_float(a: IntRef, b: f64) -> Ordering {
    const EXACT: f64 = 9007199254740992.0; // 2^53
    if let IntRef::Small(value) = a
        && b.abs() < EXACT
    {
        // Rounding of a larger small keeps it at 2^53 or above, so the order stays.
        return (value as f64).partial_cmp(&b).expect("terms hold no NaN");
    }
    let whole = trunc(b);
    cmp(a, whole.as_ref()).then_with(|| {
        // Equal whole parts: the fraction decides.
        let fraction = b - b.trunc();
        0.0f64.partial_cmp(&fraction).unwrap_or(Ordering::Equal)
    })
}
