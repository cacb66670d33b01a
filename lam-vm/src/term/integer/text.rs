//! Integers to digits and back, in bases 2 to 36.

use super::{IntRef, Integer, LIMBS_MAX, Limbs, SystemLimit, dashu, limbs};

/// Why text is not an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// No digits, or something that is not a digit of the base: `badarg`.
    Syntax,
    /// Longer than any bignum may be: `system_limit`.
    TooLong(SystemLimit),
}

/// Own loops up to this many limbs; they are quadratic.
const OWN_LIMBS: usize = 8;

/// Digits in upper case, with `-` where negative. `base` is 2 to 36.
pub fn to_text(a: IntRef, base: u32) -> String {
    assert!((2..=36).contains(&base), "the caller checked the base");
    let mut buffer = [0];
    let (negative, magnitude) = a.parts(&mut buffer);
    if magnitude.len() > OWN_LIMBS {
        let mut text = dashu::to_text(magnitude, base);
        if negative {
            text.insert(0, '-');
        }
        return text;
    }
    let mut digits = Vec::with_capacity(24);
    let (power, per_limb) = limb_power(base);
    let mut rest = Limbs::from_slice(magnitude);
    while rest.len() > 1 {
        let mut low = limbs::div_limb(&mut rest, power);
        rest.truncate(limbs::trimmed_len(&rest));
        for _ in 0..per_limb {
            digits.push(digit(low % u64::from(base)));
            low /= u64::from(base);
        }
    }
    let mut top = rest.first().copied().unwrap_or(0);
    while top != 0 || digits.is_empty() {
        digits.push(digit(top % u64::from(base)));
        top /= u64::from(base);
    }
    if negative {
        digits.push(b'-');
    }
    digits.reverse();
    String::from_utf8(digits).expect("digits are ASCII")
}

/// Reads `[+-]digits`, letters of either case. `base` is 2 to 36.
pub fn parse(text: &[u8], base: u32) -> Result<Integer, ParseError> {
    assert!((2..=36).contains(&base), "the caller checked the base");
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(|&byte| char::from(byte).is_digit(base)) {
        return Err(ParseError::Syntax);
    }
    let digits = &digits[digits.iter().take_while(|&&byte| byte == b'0').count()..];
    // What cannot fit is not worth converting. One limb of slack covers the rounding of the logarithm.
    let bits = digits.len().saturating_sub(1) as f64 * f64::from(base).log2();
    if bits > ((LIMBS_MAX + 1) * 64) as f64 {
        return Err(ParseError::TooLong(SystemLimit));
    }
    let (power, per_limb) = limb_power(base);
    let magnitude = if digits.len() <= OWN_LIMBS * per_limb {
        let mut magnitude = Limbs::new();
        for chunk in digits.chunks(per_limb) {
            let factor = if chunk.len() == per_limb { power } else { u64::from(base).pow(chunk.len() as u32) };
            limbs::mul_add_limb(&mut magnitude, factor, chunk_value(chunk, base));
        }
        magnitude
    } else {
        let digits = std::str::from_utf8(digits).map_err(|_| ParseError::Syntax)?;
        dashu::parse(digits, base).ok_or(ParseError::Syntax)?
    };
    Integer::from_limbs_limited(negative, magnitude).map_err(ParseError::TooLong)
}

fn chunk_value(chunk: &[u8], base: u32) -> u64 {
    let digit = |&byte: &u8| u64::from(char::from(byte).to_digit(base).expect("digits were checked"));
    chunk.iter().fold(0, |value, byte| value * u64::from(base) + digit(byte))
}

/// The largest power of `base` in a limb, and its exponent.
fn limb_power(base: u32) -> (u64, usize) {
    let (mut power, mut exponent) = (u64::from(base), 1);
    while let Some(next) = power.checked_mul(u64::from(base)) {
        (power, exponent) = (next, exponent + 1);
    }
    (power, exponent)
}

fn digit(value: u64) -> u8 {
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value as usize]
}
