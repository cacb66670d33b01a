//! Writing fields into a bitstring under construction.

use super::matching::{Flags, copy_bits, is_unicode, put_part, swap_bits};
use crate::term::integer::{self, IntRef};

/// The bytes that a bitstring under construction takes, from the one that holds its next bit.
///
/// 1. Bits before `at` stay as they are.
/// 2. Bits after what was written, in its last byte, are 0 or not yet written.
pub struct Building<'a> {
    bytes: &'a mut [u8],
    at: usize,
    end: usize,
}

/// The bits do not fit into what is left, or the value is not of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoesNotFit;

type Put = Result<(), DoesNotFit>;

/// Why a float could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatError {
    /// Not a size that floats have.
    Size,
    DoesNotFit,
}

impl<'a> Building<'a> {
    /// Writes bits from `at` up to `end` of `bytes`.
    pub fn new(bytes: &'a mut [u8], at: usize, end: usize) -> Self {
        assert!(at <= end && end.div_ceil(8) <= bytes.len(), "the bytes hold the bits to be built");
        Building { bytes, at, end }
    }
    /// The next bit to be written.
    pub fn position(&self) -> usize {
        self.at
    }
    #[inline(always)]
    fn take(&mut self, count: usize) -> Result<usize, DoesNotFit> {
        if count > self.end - self.at {
            return Err(DoesNotFit);
        }
        let at = self.at;
        self.at += count;
        Ok(at)
    }

    /// The lowest `count` bits of `value` (at most 64), the highest first.
    #[inline(always)]
    pub fn put_bits(&mut self, value: u64, count: usize) -> Put {
        let at = self.take(count)?;
        if count == 0 {
            return Ok(());
        }
        let skip = at % 8;
        if count == 8 && skip == 0 {
            self.bytes[at / 8] = value as u8;
            return Ok(());
        }
        if skip + count <= 8 {
            put_part(self.bytes, at, (value & (0xFF >> (8 - count))) as u8, count);
            return Ok(());
        }
        let mut word = u128::from(value << (64 - count)) << 64 >> skip;
        if skip != 0 {
            word |= u128::from(self.bytes[at / 8] & !(0xFF >> skip)) << 120;
        }
        let size = (skip + count).div_ceil(8);
        self.bytes[at / 8..at / 8 + size].copy_from_slice(&word.to_be_bytes()[..size]);
        Ok(())
    }
    /// The lowest `count` bits of an integer, as two's complement.
    #[inline(always)]
    pub fn put_small(&mut self, value: i64, count: usize, flags: Flags) -> Put {
        if count > 64 {
            return self.put_integer(IntRef::Small(value), count, flags);
        }
        let mut value = value as u64;
        if flags.is_little() && count > 8 {
            value = unswap_bits(value, count);
        }
        self.put_bits(value, count)
    }
    /// As `put_small`, of any integer.
    pub fn put_integer(&mut self, value: IntRef<'_>, count: usize, flags: Flags) -> Put {
        let at = self.take(count)?;
        if count == 0 {
            return Ok(());
        }
        if at % 8 == 0 {
            integer::to_bitstring(value, count, flags.endian(), &mut self.bytes[at / 8..]);
            return Ok(());
        }
        let mut copy = vec![0; count.div_ceil(8)];
        integer::to_bitstring(value, count, flags.endian(), &mut copy);
        copy_bits(&copy, 0, self.bytes, at, count);
        Ok(())
    }
    /// A float of 16, 32 or 64 bits; beyond the range of the short forms it becomes infinite, as in OTP.
    pub fn put_float(&mut self, value: f64, count: usize, flags: Flags) -> Result<(), FloatError> {
        let bits = match count {
            16 => u64::from(to_f16(value)),
            32 => u64::from((value as f32).to_bits()),
            64 => value.to_bits(),
            _ => return Err(FloatError::Size),
        };
        let bits = if flags.is_little() { swap_bits(bits, count) } else { bits };
        self.put_bits(bits, count).map_err(|DoesNotFit| FloatError::DoesNotFit)
    }
    /// `count` bits of `from`, from bit `from_at` on.
    pub fn put_copy(&mut self, from: &[u8], from_at: usize, count: usize) -> Put {
        let at = self.take(count)?;
        copy_bits(from, from_at, self.bytes, at, count);
        Ok(())
    }
    pub fn put_utf8(&mut self, value: u32) -> Put {
        if value < 0x80 {
            return self.put_bits(u64::from(value), 8);
        }
        let text = char::from_u32(value).ok_or(DoesNotFit)?;
        let mut bytes = [0; 4];
        let bytes = text.encode_utf8(&mut bytes).as_bytes();
        self.put_copy(bytes, 0, 8 * bytes.len())
    }
    pub fn put_utf16(&mut self, value: u32, flags: Flags) -> Put {
        let text = char::from_u32(value).ok_or(DoesNotFit)?;
        let mut units = [0; 2];
        for unit in text.encode_utf16(&mut units) {
            let unit = if flags.is_little() { unit.swap_bytes() } else { *unit };
            self.put_bits(u64::from(unit), 16)?;
        }
        Ok(())
    }
    pub fn put_utf32(&mut self, value: u32, flags: Flags) -> Put {
        if !is_unicode(value) {
            return Err(DoesNotFit);
        }
        self.put_bits(u64::from(if flags.is_little() { value.swap_bytes() } else { value }), 32)
    }
}

/// The lowest `count` bits (at most 64) of `value` in the order in which a little-endian field has them.
#[inline(always)]
fn unswap_bits(value: u64, count: usize) -> u64 {
    let part = count % 8;
    let whole = count - part;
    if whole == 0 {
        return value;
    }
    let low = (value << (64 - whole)).swap_bytes();
    if part == 0 { low } else { low << part | (value >> whole & ((1 << part) - 1)) }
}

/// The nearest half-precision float, ties to even; infinite beyond the largest.
pub fn to_f16(value: f64) -> u16 {
    let sign = ((value.to_bits() >> 63) as u16) << 15;
    let magnitude = value.abs();
    if magnitude.is_nan() {
        return sign | 0x7E00;
    }
    if magnitude >= 65520.0 {
        return sign | 0x7C00;
    }
    // In units of the last place; both products are exact, and adding 2^52 rounds to an integer, ties to even.
    let exponent = ((magnitude.to_bits() >> 52) as i32 - 1023).max(-14);
    let units = magnitude * 2f64.powi(10 - exponent);
    let rounded = (units + 4_503_599_627_370_496.0) - 4_503_599_627_370_496.0;
    // A normal number has 1024 units and more: its hidden bit adds one to the exponent field.
    sign | ((((exponent + 14) as u16) << 10) + rounded as u16)
}
