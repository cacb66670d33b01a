//! Integers as bytes: two's complement for bit syntax, sign and magnitude for the external format.

use super::bits::TwosComplement;
use super::{IntRef, Integer, LIMBS_MAX, Limbs, SystemLimit, limbs};

/// Order of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    Big,
    Little,
}

/// Reads a bit syntax integer of `size_bits` bits that starts at the first bit of `bytes`.
///
/// Where the size is no multiple of 8 the last byte holds its bits at the top; in big endian they are the
/// lowest of the value, in little endian the highest.
///
/// *Errors*: `SystemLimit` above the longest bignum. `bytes` must hold the bits.
pub fn from_bitstring(bytes: &[u8], size_bits: usize, endian: Endian, signed: bool) -> Result<Integer, SystemLimit> {
    if size_bits == 0 {
        return Ok(Integer::ZERO);
    }
    let bytes = &bytes[..size_bits.div_ceil(8)];
    let part = size_bits % 8;
    let mut out = match endian {
        Endian::Big => {
            let out = limbs_from_bytes(bytes.iter().rev().copied());
            if part == 0 { out } else { limbs::shr(&out, 8 - part) }
        }
        Endian::Little if part == 0 => limbs_from_bytes(bytes.iter().copied()),
        Endian::Little => {
            let (last, whole) = bytes.split_last().expect("size_bits is not 0");
            limbs_from_bytes(whole.iter().copied().chain([last >> (8 - part)]))
        }
    };
    let top = size_bits - 1;
    let negative = signed && out[top / 64] >> (top % 64) & 1 != 0;
    if negative {
        out.iter_mut().for_each(|limb| *limb = !*limb);
        limbs::increment(&mut out);
        out.truncate(size_bits.div_ceil(64));
        let unused = out.len() * 64 - size_bits;
        if let Some(last) = out.last_mut() {
            *last &= u64::MAX >> unused;
        }
    }
    match limbs::trimmed_len(&out) {
        len if len > LIMBS_MAX => Err(SystemLimit),
        _ => Ok(Integer::from_limbs(negative, out)),
    }
}

/// Writes the lowest `size_bits` bits as two's complement; the counterpart of `from_bitstring`.
/// Unused bits of the last byte become 0. `out` must hold the bits.
pub fn to_bitstring(a: IntRef, size_bits: usize, endian: Endian, out: &mut [u8]) {
    let out = &mut out[..size_bits.div_ceil(8)];
    let mut buffer = [0];
    let (negative, magnitude) = a.parts(&mut buffer);
    let mut source = TwosComplement::new(negative, magnitude);
    let part = size_bits % 8;
    match endian {
        Endian::Little => {
            write_le(&mut source, out.iter_mut(), 0);
            if part != 0
                && let Some(last) = out.last_mut()
            {
                *last <<= 8 - part;
            }
        }
        Endian::Big => write_le(&mut source, out.iter_mut().rev(), (8 - part) % 8),
    }
}

/// Reads a magnitude; leading zeros are allowed.
pub fn from_magnitude(bytes: &[u8], endian: Endian, negative: bool) -> Result<Integer, SystemLimit> {
    let out = match endian {
        Endian::Big => limbs_from_bytes(bytes.iter().rev().copied()),
        Endian::Little => limbs_from_bytes(bytes.iter().copied()),
    };
    Integer::from_limbs_limited(negative, out)
}

/// Bytes of the magnitude; 0 for 0.
pub fn magnitude_byte_len(a: IntRef) -> usize {
    a.bit_len().div_ceil(8)
}

/// Writes the magnitude, filling `out` with zeros above it, cutting what is too long.
pub fn write_magnitude(a: IntRef, endian: Endian, out: &mut [u8]) {
    let mut buffer = [0];
    let (_, magnitude) = a.parts(&mut buffer);
    let mut source = TwosComplement::new(false, magnitude);
    match endian {
        Endian::Little => write_le(&mut source, out.iter_mut(), 0),
        Endian::Big => write_le(&mut source, out.iter_mut().rev(), 0),
    }
}

fn limbs_from_bytes(mut bytes: impl Iterator<Item = u8>) -> Limbs {
    let mut out = Limbs::new();
    loop {
        let (mut limb, mut count) = (0u64, 0);
        while count < 8
            && let Some(byte) = bytes.next()
        {
            limb |= u64::from(byte) << (8 * count);
            count += 1;
        }
        if count > 0 {
            out.push(limb);
        }
        if count < 8 {
            return out;
        }
    }
}

/// Writes bytes from the lowest on, after shifting the value left by `shift` bits (below 8).
fn write_le<'a>(source: &mut TwosComplement, out: impl Iterator<Item = &'a mut u8>, shift: usize) {
    let (mut limb, mut left, mut carry) = (0u64, 0, 0u64);
    for byte in out {
        if left == 0 {
            limb = source.next_limb();
            left = 8;
        }
        let value = (limb & 0xff) << shift | carry;
        *byte = value as u8;
        carry = value >> 8;
        limb >>= 8;
        left -= 1;
    }
}
