//! Integers of any size, apart from any heap.
//!
//! Operands are borrowed (`IntRef`: a small, or a sign and 64-bit limbs that lie in a heap or literal area),
//! results are owned (`Integer`: up to four limbs without an allocation). The same on every host.
//!
//! ```text
//! Small(i64)                 -2^60 ..= 2^60 - 1
//! Big { negative, limbs }    everything else; limbs little end first, the last one is not zero
//! ```
//!
//! A value in the small range is always `Small`, so equal values have equal forms.
//! `limbs.rs` has the carry loops; `dashu.rs` is the only file that knows the crate for long operands.

mod arith;
mod bits;
mod bytes;
mod compare;
mod dashu;
mod float;
mod limbs;
mod text;

pub use arith::{add, div, div_rem, mul, neg, rem, sub};
pub use bits::{band, bnot, bor, bsl, bsr, bxor};
pub use bytes::{Endian, from_bitstring, from_magnitude, magnitude_byte_len, to_bitstring, write_magnitude};
pub use compare::{cmp, cmp_float, eq};
pub use float::{ceil, floor, round, to_f64, trunc};
pub use text::{ParseError, parse, to_text};

use smallvec::SmallVec;

/// The smallest and largest small integers.
pub const SMALL_MIN: i64 = -(1 << 60);
pub const SMALL_MAX: i64 = (1 << 60) - 1;

/// The longest bignum, in limbs. Source: `BIG_ARITY_MAX` of OTP 25.
pub const LIMBS_MAX: usize = (1 << 19) - 1;

/// Limbs of a result; four lie in place.
pub type Limbs = SmallVec<[u64; 4]>;

/// The result would be longer than `LIMBS_MAX`: Erlang's `system_limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemLimit;

/// An owned integer, in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integer {
    Small(i64),
    Big { negative: bool, limbs: Limbs },
}

/// A borrowed integer, in normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntRef<'a> {
    Small(i64),
    Big { negative: bool, limbs: &'a [u64] },
}

impl Integer {
    pub const ZERO: Integer = Integer::Small(0);

    pub fn as_ref(&self) -> IntRef<'_> {
        match self {
            Integer::Small(value) => IntRef::Small(*value),
            Integer::Big { negative, limbs } => IntRef::Big { negative: *negative, limbs },
        }
    }

    /// Brings a sign and magnitude to normal form.
    pub fn from_limbs(negative: bool, mut limbs: Limbs) -> Integer {
        let len = self::limbs::trimmed_len(&limbs);
        limbs.truncate(len);
        match limbs[..] {
            [] => Integer::ZERO,
            [limb] if !negative && limb <= SMALL_MAX as u64 => Integer::Small(limb as i64),
            [limb] if negative && limb <= SMALL_MIN.unsigned_abs() => Integer::Small((limb as i64).wrapping_neg()),
            _ => Integer::Big { negative, limbs },
        }
    }

    /// As `from_limbs`, and refuses what is longer than OTP allows.
    pub fn from_limbs_limited(negative: bool, limbs: Limbs) -> Result<Integer, SystemLimit> {
        match Integer::from_limbs(negative, limbs) {
            Integer::Big { limbs, .. } if limbs.len() > LIMBS_MAX => Err(SystemLimit),
            integer => Ok(integer),
        }
    }
}

impl From<i64> for Integer {
    fn from(value: i64) -> Integer {
        if (SMALL_MIN..=SMALL_MAX).contains(&value) {
            return Integer::Small(value);
        }
        Integer::Big { negative: value < 0, limbs: Limbs::from_slice(&[value.unsigned_abs()]) }
    }
}

impl From<u64> for Integer {
    fn from(value: u64) -> Integer {
        Integer::from_limbs(false, Limbs::from_slice(&[value]))
    }
}

impl From<i128> for Integer {
    fn from(value: i128) -> Integer {
        match i64::try_from(value) {
            Ok(value) => Integer::from(value),
            Err(_) => {
                let magnitude = value.unsigned_abs();
                Integer::from_limbs(value < 0, Limbs::from_slice(&[magnitude as u64, (magnitude >> 64) as u64]))
            }
        }
    }
}

impl<'a> IntRef<'a> {
    pub fn is_negative(self) -> bool {
        match self {
            IntRef::Small(value) => value < 0,
            IntRef::Big { negative, .. } => negative,
        }
    }

    pub fn is_zero(self) -> bool {
        self == IntRef::Small(0)
    }

    pub fn to_owned(self) -> Integer {
        match self {
            IntRef::Small(value) => Integer::Small(value),
            IntRef::Big { negative, limbs } => Integer::Big { negative, limbs: Limbs::from_slice(limbs) },
        }
    }

    /// The value, when it fits.
    pub fn to_i64(self) -> Option<i64> {
        match self {
            IntRef::Small(value) => Some(value),
            IntRef::Big { negative: false, limbs: [limb] } => i64::try_from(*limb).ok(),
            IntRef::Big { negative: true, limbs: [limb] } => 0i64.checked_sub_unsigned(*limb),
            IntRef::Big { .. } => None,
        }
    }

    /// The value, when it fits.
    pub fn to_u64(self) -> Option<u64> {
        match self {
            IntRef::Small(value) => u64::try_from(value).ok(),
            IntRef::Big { negative: false, limbs: [limb] } => Some(*limb),
            IntRef::Big { .. } => None,
        }
    }

    /// Bits of the magnitude; 0 for 0.
    pub fn bit_len(self) -> usize {
        let mut buffer = [0];
        let (_, limbs) = self.parts(&mut buffer);
        match limbs.last() {
            Some(top) => limbs.len() * 64 - top.leading_zeros() as usize,
            None => 0,
        }
    }

    /// Sign and magnitude; a small's magnitude is put in `buffer`. Zero has no limbs.
    pub fn parts<'b>(self, buffer: &'b mut [u64; 1]) -> (bool, &'b [u64])
    where
        'a: 'b,
    {
        match self {
            IntRef::Small(value) => {
                buffer[0] = value.unsigned_abs();
                (value < 0, &buffer[..usize::from(value != 0)])
            }
            IntRef::Big { negative, limbs } => (negative, limbs),
        }
    }
}

#[cfg(test)]
mod tests;
