//! The crate for long operands: multiplication, division and radix conversion below quadratic cost.
//!
//! Its word is 64 bits natively and 32 bits on wasm32; our limbs are 64 bits everywhere.

use dashu_int::{UBig, Word};

use super::Limbs;

/// `a * b`.
pub fn mul(a: &[u64], b: &[u64]) -> Limbs {
    if std::ptr::eq(a, b) {
        return to_limbs(&to_ubig(a).sqr());
    }
    to_limbs(&(to_ubig(a) * to_ubig(b)))
}

/// Quotient and remainder; `b` is not zero.
pub fn div_rem(a: &[u64], b: &[u64]) -> (Limbs, Limbs) {
    let (a, b) = (to_ubig(a), to_ubig(b));
    let quotient = &a / &b;
    let remainder = a - &quotient * b;
    (to_limbs(&quotient), to_limbs(&remainder))
}

/// Digits in upper case.
pub fn to_text(a: &[u64], base: u32) -> String {
    to_ubig(a).in_radix(base as u8).to_string().to_ascii_uppercase()
}

/// `digits` were checked: not empty, each one below `base`.
pub fn parse(digits: &str, base: u32) -> Option<Limbs> {
    UBig::from_str_radix(digits, base).ok().map(|value| to_limbs(&value))
}

#[cfg(target_pointer_width = "64")]
fn to_ubig(a: &[u64]) -> UBig {
    let words: &[Word] = a;
    UBig::from_words(words)
}

#[cfg(target_pointer_width = "32")]
fn to_ubig(a: &[u64]) -> UBig {
    let words: Vec<Word> = a.iter().flat_map(|&limb| [limb as Word, (limb >> 32) as Word]).collect();
    UBig::from_words(&words)
}

#[cfg(target_pointer_width = "64")]
fn to_limbs(value: &UBig) -> Limbs {
    Limbs::from_slice(value.as_words())
}

#[cfg(target_pointer_width = "32")]
fn to_limbs(value: &UBig) -> Limbs {
    let words = value.as_words();
    words.chunks(2).map(|pair| u64::from(pair[0]) | pair.get(1).map_or(0, |&high| u64::from(high) << 32)).collect()
}
