//! Reading and writing fields against a model that moves one bit at a time.

use super::*;
use crate::binary::{Building, to_f16};
use crate::term::integer::{IntRef, Integer};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

fn bit(bytes: &[u8], at: usize) -> bool {
    bytes[at / 8] >> (7 - at % 8) & 1 != 0
}

/// The bits of a field, lowest first.
fn field(bytes: &[u8], at: usize, count: usize, flags: Flags) -> Vec<bool> {
    let mut out = Vec::new();
    if flags.is_little() {
        let mut start = 0;
        while start < count {
            let here = 8.min(count - start);
            out.extend((0..here).rev().map(|index| bit(bytes, at + start + index)));
            start += here;
        }
    } else {
        out.extend((0..count).rev().map(|index| bit(bytes, at + index)));
    }
    out
}

/// Two's complement of a value, lowest bit first.
fn value_bits(value: &Integer, count: usize) -> Vec<bool> {
    let mut buffer = [0];
    let (negative, limbs) = value.as_ref().parts(&mut buffer);
    let mut carry = true;
    (0..count)
        .map(|index| {
            let bit = limbs.get(index / 64).is_some_and(|limb| limb >> (index % 64) & 1 != 0);
            if !negative {
                return bit;
            }
            let flipped = !bit;
            let out = flipped ^ carry;
            carry &= flipped;
            out
        })
        .collect()
}

#[test]
fn integers_are_read_and_written_as_the_model_has_them() {
    let mut random = Random(0x1234_5678_9ABC_DEF1);
    for round in 0..20_000 {
        let bytes = random.bytes(40);
        let count = if round % 4 == 0 { random.below(200) } else { random.below(70) };
        let at = random.below(8 * bytes.len() - count + 1);
        let flags = Flags([0, Flags::LITTLE, Flags::SIGNED, Flags::LITTLE | Flags::SIGNED][random.below(4)]);
        let expected = field(&bytes, at, count, flags);
        let value = read_integer(&bytes, at, count, flags).expect("short");
        assert_eq!(value_bits(&value, count), expected, "{count} bits at {at}, {flags:?}");
        let negative = flags.is_signed() && expected.last() == Some(&true);
        assert_eq!(value.as_ref().is_negative(), negative);

        let before = random.bytes(42);
        let to_at = random.below(8 * before.len() - count + 1);
        let mut out = before.clone();
        let mut building = Building::new(&mut out, to_at, to_at + count);
        match value.as_ref() {
            IntRef::Small(small) => building.put_small(small, count, flags).expect("fits"),
            big => building.put_integer(big, count, flags).expect("fits"),
        }
        assert_eq!(building.position(), to_at + count);
        assert!(building.put_bits(0, 1).is_err());
        assert_eq!(field(&out, to_at, count, flags), expected, "{count} bits to {to_at}, {flags:?}");
        assert!((0..to_at).all(|at| bit(&before, at) == bit(&out, at)), "bits before stay");
        let rest = (to_at + count).div_ceil(8);
        assert_eq!(before[rest..], out[rest..], "bytes behind stay");
    }
}

#[test]
fn copies_and_comparisons_agree_with_the_model() {
    let mut random = Random(0xFEED_5678_9ABC_DEF1);
    for _ in 0..20_000 {
        let from = random.bytes(24);
        let count = random.below(150);
        let from_at = random.below(8 * from.len() - count + 1);
        let before = random.bytes(24);
        let to_at = random.below(8 * before.len() - count + 1);
        let mut to = before.clone();
        copy_bits(&from, from_at, &mut to, to_at, count);
        assert!((0..to_at).all(|at| bit(&before, at) == bit(&to, at)));
        assert!((0..count).all(|at| bit(&from, from_at + at) == bit(&to, to_at + at)));

        let mut copy = vec![0; count.div_ceil(8)];
        copy_bits(&from, from_at, &mut copy, 0, count);
        assert!(equal_bits(&from, from_at, &copy, count));
        if count > 0 {
            let flipped = random.below(count);
            copy[flipped / 8] ^= 0x80 >> (flipped % 8);
            assert!(!equal_bits(&from, from_at, &copy, count));
        }
    }
}

#[test]
fn characters_come_back() {
    let mut random = Random(77);
    for value in (0..0x11_0000).step_by(17).chain([0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x1_0000, 0x10_FFFF]) {
        let (at, flags) = (random.below(8), Flags([0, Flags::LITTLE][random.below(2)]));
        let mut out = [0; 6];
        let end = 8 * out.len();
        let valid = is_unicode(value);
        let put = |out: &mut [u8; 6], form: usize| {
            let mut building = Building::new(out, at, end);
            let done = match form {
                0 => building.put_utf8(value),
                1 => building.put_utf16(value, flags),
                _ => building.put_utf32(value, flags),
            };
            assert_eq!(done.is_ok(), valid, "{value:x}");
            building.position()
        };
        let after = put(&mut out, 0);
        if valid {
            assert_eq!(read_utf8(&out, at, end), Some((value, after - at)));
            assert_eq!(read_utf8(&out, at, after - 1), None);
        }
        let after = put(&mut out, 1);
        if valid {
            assert_eq!(read_utf16(&out, at, end, flags), Some((value, after - at)));
            assert_eq!(read_utf16(&out, at, after - 1, flags), None);
        }
        let after = put(&mut out, 2);
        if valid {
            assert_eq!(read_utf32(&out, at, end, flags), Some((value, after - at)));
        }
    }
}

#[test]
fn broken_characters_are_refused() {
    for bytes in [
        &[0x80][..],
        &[0xC0, 0x80],
        &[0xC1, 0xBF],
        &[0xE0, 0x9F, 0xBF],
        &[0xED, 0xA0, 0x80],
        &[0xF0, 0x8F, 0xBF, 0xBF],
        &[0xF4, 0x90, 0x80, 0x80],
        &[0xC3, 0x28],
        &[0xFF],
    ] {
        assert_eq!(read_utf8(bytes, 0, 8 * bytes.len()), None, "{bytes:?}");
    }
    assert_eq!(read_utf16(&[0xDC, 0, 0xDC, 0], 0, 32, Flags(0)), None);
    assert_eq!(read_utf16(&[0xD8, 0, 0xD8, 0], 0, 32, Flags(0)), None);
    assert_eq!(read_utf32(&[0, 0x11, 0, 0], 0, 32, Flags(0)), None);
    assert_eq!(read_utf32(&[0, 0, 0xD8, 0], 0, 32, Flags(0)), None);
}

#[test]
fn floats_of_half_precision_round_to_even() {
    for bits in 0..=u16::MAX {
        let value = from_f16(bits);
        if value.is_finite() {
            assert_eq!(to_f16(value), bits, "{value}");
        }
    }
    // Recorded from OTP 25.
    assert_eq!(to_f16(1.0 + 2f64.powi(-11) + 2f64.powi(-40)), 0x3C01);
    assert_eq!(to_f16(1.0 + 2f64.powi(-11)), 0x3C00);
    assert_eq!(to_f16(65519.999), 0x7BFF);
    assert_eq!(to_f16(65520.0), 0x7C00);
    assert_eq!(to_f16(1.0e-7), 2);
    assert_eq!(to_f16(1.0e300), 0x7C00);
    for (value, count) in [(1.5, 16), (-0.1f32 as f64, 32), (1.0e300, 64)] {
        for flags in [Flags(0), Flags(Flags::LITTLE)] {
            let mut out = [0; 9];
            Building::new(&mut out, 3, 72).put_float(value, count, flags).expect("fits");
            assert_eq!(read_float(&out, 3, count, flags), Some(value));
        }
    }
}
