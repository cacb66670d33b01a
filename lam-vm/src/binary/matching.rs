//! Reading fields of bitstrings.
//!
//! Every function takes the bytes of a base and bit positions in them; a caller shows first that the bits are there.

use crate::term::integer::{self, Endian, Integer};

/// How a field's bits are to be understood; the numbers are those of the compiler's operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flags(pub u8);

impl Flags {
    pub const LITTLE: u8 = 2;
    pub const SIGNED: u8 = 4;
    /// The machine's order, which the loader turns into `LITTLE`.
    pub const NATIVE: u8 = 16;

    #[inline(always)]
    pub fn is_little(self) -> bool {
        self.0 & Flags::LITTLE != 0
    }
    #[inline(always)]
    pub fn is_signed(self) -> bool {
        self.0 & Flags::SIGNED != 0
    }
    pub fn endian(self) -> Endian {
        if self.is_little() { Endian::Little } else { Endian::Big }
    }
}

/// `count` bits (at most 64) from bit `at`, the first as the highest.
#[inline(always)]
pub fn read_bits(bytes: &[u8], at: usize, count: usize) -> u64 {
    let (first, skip) = (at / 8, at % 8);
    if skip + count <= 64
        && count > 0
        && let Some(word) = bytes.get(first..first + 8)
    {
        let word = u64::from_be_bytes(word.try_into().expect("eight bytes were taken"));
        return word << skip >> (64 - count);
    }
    let mut left = count;
    let mut value = 0u64;
    let mut index = first;
    let mut skip = skip;
    while left > 0 {
        let here = (8 - skip).min(left);
        let part = (bytes[index] << skip) >> (8 - here);
        value = if here == 64 { u64::from(part) } else { value << here | u64::from(part) };
        left -= here;
        skip = 0;
        index += 1;
    }
    value
}

/// The value of `count` bits (at most 64) that were read as big-endian, if they are little-endian.
#[inline(always)]
pub fn swap_bits(value: u64, count: usize) -> u64 {
    let part = count % 8;
    let whole = count - part;
    if whole == 0 {
        return value;
    }
    let high = value >> part;
    let low = value & ((1 << part) - 1);
    let swapped = high.swap_bytes() >> (64 - whole);
    if part == 0 { swapped } else { swapped | low << whole }
}

/// Spreads the highest of `count` bits (1 to 64) over the word.
#[inline(always)]
pub fn sign_extend(value: u64, count: usize) -> i64 {
    let unused = 64 - count as u32;
    (value << unused) as i64 >> unused
}

/// An integer field of at most 60 bits, which is always small (61 where it is signed).
#[inline(always)]
pub fn read_small(bytes: &[u8], at: usize, count: usize, flags: Flags) -> i64 {
    if count == 0 {
        return 0;
    }
    let mut value = read_bits(bytes, at, count);
    if flags.is_little() {
        value = swap_bits(value, count);
    }
    if flags.is_signed() { sign_extend(value, count) } else { value as i64 }
}

/// An integer field of any size; `None` above the longest bignum.
pub fn read_integer(bytes: &[u8], at: usize, count: usize, flags: Flags) -> Option<Integer> {
    if count <= 60 {
        return Some(Integer::from(read_small(bytes, at, count, flags)));
    }
    if count <= 64 {
        let mut value = read_bits(bytes, at, count);
        if flags.is_little() {
            value = swap_bits(value, count);
        }
        return Some(if flags.is_signed() { Integer::from(sign_extend(value, count)) } else { Integer::from(value) });
    }
    if count > integer::LIMBS_MAX.saturating_mul(64).saturating_add(64) {
        return None;
    }
    if at.is_multiple_of(8) {
        return integer::from_bitstring(&bytes[at / 8..], count, flags.endian(), flags.is_signed()).ok();
    }
    let mut copy = vec![0; count.div_ceil(8)];
    copy_bits(bytes, at, &mut copy, 0, count);
    integer::from_bitstring(&copy, count, flags.endian(), flags.is_signed()).ok()
}

/// A float field of 16, 32 or 64 bits; `None` for other sizes and for what is no finite number.
pub fn read_float(bytes: &[u8], at: usize, count: usize, flags: Flags) -> Option<f64> {
    if !matches!(count, 16 | 32 | 64) {
        return None;
    }
    let mut value = read_bits(bytes, at, count);
    if flags.is_little() {
        value = swap_bits(value, count);
    }
    let float = match count {
        16 => from_f16(value as u16),
        32 => f64::from(f32::from_bits(value as u32)),
        _ => f64::from_bits(value),
    };
    float.is_finite().then_some(float)
}

/// The number that a half-precision float stands for.
pub fn from_f16(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 31);
    let fraction = f64::from(bits & 0x3FF);
    match exponent {
        0 => sign * fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// Byte `index` after bit `at`.
#[inline(always)]
fn byte(bytes: &[u8], at: usize, index: usize) -> u32 {
    let (first, skip) = (at / 8 + index, at % 8);
    let high = bytes[first] << skip;
    let low = if skip == 0 { 0 } else { bytes[first + 1] >> (8 - skip) };
    u32::from(high | low)
}

/// The UTF-8 character at bit `at`, whose bits end at `end`, and how many bits it takes.
#[inline]
pub fn read_utf8(bytes: &[u8], at: usize, end: usize) -> Option<(u32, usize)> {
    let left = end - at;
    if left < 8 {
        return None;
    }
    let first = byte(bytes, at, 0);
    if first < 0x80 {
        return Some((first, 8));
    }
    let size = match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    if left < 8 * size {
        return None;
    }
    let mut value = first & (0x7F >> size);
    for index in 1..size {
        let next = byte(bytes, at, index);
        if next & 0xC0 != 0x80 {
            return None;
        }
        value = value << 6 | (next & 0x3F);
    }
    let lowest = [0, 0, 0x80, 0x800, 0x10000][size];
    (value >= lowest && is_unicode(value)).then_some((value, 8 * size))
}

/// The UTF-16 character at bit `at`, whose bits end at `end`, and how many bits it takes.
pub fn read_utf16(bytes: &[u8], at: usize, end: usize, flags: Flags) -> Option<(u32, usize)> {
    let unit = |index: usize| {
        let (a, b) = (byte(bytes, at, 2 * index), byte(bytes, at, 2 * index + 1));
        if flags.is_little() { b << 8 | a } else { a << 8 | b }
    };
    let left = end - at;
    if left < 16 {
        return None;
    }
    let first = unit(0);
    match first {
        0xD800..=0xDBFF if left >= 32 => {
            let second = unit(1);
            (0xDC00..=0xDFFF).contains(&second).then(|| (((first & 0x3FF) << 10 | (second & 0x3FF)) + 0x10000, 32))
        }
        0xD800..=0xDFFF => None,
        _ => Some((first, 16)),
    }
}

/// The UTF-32 character at bit `at`, whose bits end at `end`.
pub fn read_utf32(bytes: &[u8], at: usize, end: usize, flags: Flags) -> Option<(u32, usize)> {
    if end - at < 32 {
        return None;
    }
    // As in OTP a signed field may be asked for, but no code point has that bit.
    let value = read_small(bytes, at, 32, Flags(flags.0 & !Flags::SIGNED)) as u32;
    is_unicode(value).then_some((value, 32))
}

pub fn is_unicode(value: u32) -> bool {
    char::from_u32(value).is_some()
}

/// Whether `count` bits of `bytes` from `at` are the first of `other`.
pub fn equal_bits(bytes: &[u8], at: usize, other: &[u8], count: usize) -> bool {
    let whole = count / 8;
    let part = count % 8;
    let same = if at.is_multiple_of(8) {
        let first = at / 8;
        bytes[first..first + whole] == other[..whole]
    } else {
        (0..whole).all(|index| byte(bytes, at, index) == u32::from(other[index]))
    };
    same && (part == 0 || read_bits(bytes, at + 8 * whole, part) == read_bits(other, 8 * whole, part))
}

/// Copies `count` bits. What comes before them in the first byte written stays, what comes after them in the last becomes 0.
pub fn copy_bits(from: &[u8], from_at: usize, to: &mut [u8], to_at: usize, count: usize) {
    if count == 0 {
        return;
    }
    let (mut from_at, mut to_at, mut left) = (from_at, to_at, count);
    if to_at % 8 != 0 {
        let here = (8 - to_at % 8).min(left);
        put_part(to, to_at, read_bits(from, from_at, here) as u8, here);
        from_at += here;
        to_at += here;
        left -= here;
    }
    let whole = left / 8;
    let (source, skip, target) = (from_at / 8, from_at % 8, to_at / 8);
    if skip == 0 {
        to[target..target + whole].copy_from_slice(&from[source..source + whole]);
    } else if whole > 0 {
        let from = &from[source..=source + whole];
        for (index, out) in to[target..target + whole].iter_mut().enumerate() {
            *out = from[index] << skip | from[index + 1] >> (8 - skip);
        }
    }
    let rest = left % 8;
    if rest > 0 {
        put_part(to, to_at + 8 * whole, read_bits(from, from_at + 8 * whole, rest) as u8, rest);
    }
}

/// Puts the lowest `count` bits of `value` at bit `at`, all within one byte.
#[inline(always)]
pub(super) fn put_part(to: &mut [u8], at: usize, value: u8, count: usize) {
    let skip = at % 8;
    let kept = to[at / 8] & !(0xFFu16 >> skip) as u8;
    to[at / 8] = kept | ((u16::from(value) << (8 - count)) as u8) >> skip;
}

#[cfg(test)]
mod tests;
