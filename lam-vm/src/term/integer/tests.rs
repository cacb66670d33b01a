//! Properties over operands of all sizes, with the crate for long numbers as the oracle; and facts of OTP.

use std::cmp::Ordering;

use dashu_int::IBig;

use super::*;

/// Deterministic operands: lengths 0 to 40 limbs, with runs of ones and zeros, both signs.
fn operands() -> Vec<Integer> {
    let mut seed = 0x9e3779b97f4a7c15u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut all: Vec<Integer> = [0, 1, -1, 2, -2, 10, 255, -256, SMALL_MAX, SMALL_MIN, SMALL_MAX - 1].map(Integer::from).to_vec();
    all.extend([i64::MAX, i64::MIN, SMALL_MAX + 1, SMALL_MIN - 1].map(Integer::from));
    for len in [1usize, 1, 2, 2, 2, 3, 3, 4, 5, 8, 9, 10, 17, 24, 40] {
        for kind in 0..3 {
            let limb = |random: u64| match (kind, random % 3) {
                (0, _) => random,
                (1, 0) | (2, 0) => u64::MAX,
                (1, 1) => 0,
                (2, 1) => 1 << 63,
                _ => random,
            };
            let limbs: Limbs = (0..len).map(|_| limb(next())).collect();
            all.push(Integer::from_limbs(next() % 2 == 0, limbs));
        }
    }
    all
}

fn oracle(a: &Integer) -> IBig {
    let a = a.as_ref();
    let mut bytes = vec![0; magnitude_byte_len(a)];
    write_magnitude(a, Endian::Little, &mut bytes);
    let value = IBig::from(dashu_int::UBig::from_le_bytes(&bytes));
    if a.is_negative() { -value } else { value }
}

#[track_caller]
fn same(ours: &Integer, theirs: IBig) {
    assert_eq!(oracle(ours), theirs);
    if let Integer::Big { limbs, .. } = ours {
        assert_ne!(limbs.last(), Some(&0));
        assert!(ours.as_ref().to_i64().is_none_or(|value| !(SMALL_MIN..=SMALL_MAX).contains(&value)));
    }
}

#[test]
fn arithmetic_agrees_with_the_oracle() {
    let all = operands();
    for a in &all {
        for b in &all {
            let (x, y) = (oracle(a), oracle(b));
            let (a, b) = (a.as_ref(), b.as_ref());
            same(&add(a, b).unwrap(), &x + &y);
            same(&sub(a, b).unwrap(), &x - &y);
            same(&mul(a, b).unwrap(), &x * &y);
            same(&band(a, b).unwrap(), x.clone() & y.clone());
            same(&bor(a, b).unwrap(), x.clone() | y.clone());
            same(&bxor(a, b).unwrap(), x.clone() ^ y.clone());
            assert_eq!(cmp(a, b), x.cmp(&y));
            if b.is_zero() {
                assert_eq!((div(a, b), rem(a, b)), (None, None));
            } else {
                same(&div(a, b).unwrap(), &x / &y);
                same(&rem(a, b).unwrap(), &x % &y);
            }
        }
        same(&neg(a.as_ref()), -oracle(a));
        same(&bnot(a.as_ref()).unwrap(), -oracle(a) - IBig::ONE);
    }
}

#[test]
fn long_products_and_quotients_agree() {
    let long = |len: u64, salt: u64| {
        let limbs: Limbs = (0..len).map(|i| (i + salt).wrapping_mul(0x9e3779b97f4a7c15)).collect();
        Integer::from_limbs(salt % 2 == 1, limbs)
    };
    for (a, b) in [(300, 1), (300, 7), (300, 150), (300, 299), (64, 20), (2000, 900)] {
        let (a, b) = (long(a, 3), long(b, 10));
        let product = mul(a.as_ref(), b.as_ref()).unwrap();
        same(&product, oracle(&a) * oracle(&b));
        let (quotient, remainder) = div_rem(product.as_ref(), a.as_ref()).unwrap();
        assert_eq!((quotient, remainder), (b.clone(), Integer::ZERO));
        same(&rem(a.as_ref(), b.as_ref()).unwrap(), oracle(&a) % oracle(&b));
    }
    let square = long(50, 3);
    same(&mul(square.as_ref(), square.as_ref()).unwrap(), oracle(&square) * oracle(&square));
}

#[test]
fn shifts_agree_with_the_oracle() {
    for a in &operands() {
        for count in [0usize, 1, 3, 59, 60, 61, 62, 63, 64, 65, 127, 128, 200, 3000] {
            let by = Integer::from(count as i64);
            let back = neg(by.as_ref());
            same(&bsl(a.as_ref(), by.as_ref()).unwrap(), oracle(a) << count);
            same(&bsr(a.as_ref(), by.as_ref()).unwrap(), oracle(a) >> count);
            assert_eq!(bsl(a.as_ref(), by.as_ref()), bsr(a.as_ref(), back.as_ref()));
            assert_eq!(bsr(a.as_ref(), by.as_ref()), bsl(a.as_ref(), back.as_ref()));
        }
    }
}

/// Expectations: OTP 25.
#[test]
fn the_longest_integer_is_otps() {
    let one = IntRef::Small(1);
    let largest = bsl(one, IntRef::Small(33_554_367)).expect("the largest power of two");
    assert_eq!(bsl(one, IntRef::Small(33_554_368)), Err(SystemLimit));
    assert_eq!(add(largest.as_ref(), largest.as_ref()), Err(SystemLimit));
    assert_eq!(mul(largest.as_ref(), largest.as_ref()), Err(SystemLimit));
    let huge = Integer::from_limbs(false, Limbs::from_slice(&[0, 64]));
    assert_eq!(bsl(one, huge.as_ref()), Err(SystemLimit));
    assert_eq!(bsl(IntRef::Small(0), huge.as_ref()), Ok(Integer::ZERO));
    assert_eq!(bsr(IntRef::Small(-7), huge.as_ref()), Ok(Integer::Small(-1)));
    assert_eq!(bsr(largest.as_ref(), neg(huge.as_ref()).as_ref()), Err(SystemLimit));
    let too_long = vec![b'9'; 11_000_000];
    assert_eq!(parse(&too_long, 10), Err(ParseError::TooLong(SystemLimit)));
}

#[test]
fn text_reads_back() {
    for a in &operands() {
        for base in 2..=36 {
            let text = to_text(a.as_ref(), base);
            assert_eq!(text, oracle(a).in_radix(base as u8).to_string().to_uppercase());
            assert_eq!(parse(text.as_bytes(), base).as_ref(), Ok(a));
            assert_eq!(parse(text.to_lowercase().as_bytes(), base).as_ref(), Ok(a));
        }
    }
    assert_eq!(parse(b"+00012", 10), Ok(Integer::Small(12)));
    assert_eq!(parse(b"-0", 10), Ok(Integer::ZERO));
    for wrong in ["", "-", "+", "--1", "1_000", " 1", "1 ", "12a", "0x10", "1.0"] {
        assert_eq!(parse(wrong.as_bytes(), 10), Err(ParseError::Syntax), "{wrong}");
    }
}

#[test]
fn thirty_thousand_digits() {
    let text: String = (0..30_000u32).map(|i| char::from(b'1' + (i * i % 9) as u8)).collect();
    let value = parse(text.as_bytes(), 10).expect("digits");
    assert_eq!(to_text(value.as_ref(), 10), text);
}

#[test]
fn bitstrings_read_back() {
    for a in &operands() {
        let bits = a.as_ref().bit_len() + 1;
        for size in [bits, bits + 1, bits + 7, bits + 64] {
            for endian in [Endian::Big, Endian::Little] {
                let mut out = vec![0xaa; size.div_ceil(8)];
                to_bitstring(a.as_ref(), size, endian, &mut out);
                assert_eq!(from_bitstring(&out, size, endian, true).as_ref(), Ok(a));
                if !a.as_ref().is_negative() {
                    assert_eq!(from_bitstring(&out, size, endian, false).as_ref(), Ok(a));
                }
            }
        }
    }
}

/// Expectations: `<<X:Size/Endian>>` of OTP 25.
#[test]
fn bitstrings_are_cut_as_in_otp() {
    let check = |value: i64, size: usize, endian, expected: &[u8]| {
        let mut out = vec![0; size.div_ceil(8)];
        to_bitstring(IntRef::Small(value), size, endian, &mut out);
        assert_eq!(out, expected);
    };
    check(0x1234, 16, Endian::Big, &[0x12, 0x34]);
    check(0x1234, 16, Endian::Little, &[0x34, 0x12]);
    check(0xabc, 12, Endian::Big, &[0xab, 0xc0]);
    check(0xabc, 12, Endian::Little, &[0xbc, 0xa0]);
    check(0x12345, 8, Endian::Big, &[0x45]);
    check(-2, 3, Endian::Big, &[0xc0]);
    check(-2, 72, Endian::Big, &[255, 255, 255, 255, 255, 255, 255, 255, 254]);
    assert_eq!(from_bitstring(&[0xab, 0xcf], 12, Endian::Big, false), Ok(Integer::Small(0xabc)));
    assert_eq!(from_bitstring(&[0xbc, 0xaf], 12, Endian::Little, false), Ok(Integer::Small(0xabc)));
    assert_eq!(from_bitstring(&[0xff], 3, Endian::Big, true), Ok(Integer::Small(-1)));
}

#[test]
fn floats_compare_by_exact_value() {
    let check = |text: &str, float: f64, expected: Ordering| {
        let value = parse(text.as_bytes(), 10).unwrap();
        assert_eq!(cmp_float(value.as_ref(), float), expected, "{text} {float}");
    };
    check("1", 1.0, Ordering::Equal);
    check("1", 1.5, Ordering::Less);
    check("-1", -1.5, Ordering::Greater);
    check("0", -0.0, Ordering::Equal);
    check("9007199254740993", 9007199254740992.0, Ordering::Greater);
    check("1152921504606846975", 1152921504606846976.0, Ordering::Less);
    check("1152921504606846976", 1152921504606846976.0, Ordering::Equal);
    check("1152921504606846977", 1152921504606846976.0, Ordering::Greater);
    check("-1152921504606846977", -1152921504606846976.0, Ordering::Less);
    check("10000000000000000000000", 1e22, Ordering::Equal);
    check("10000000000000000000001", 1e22, Ordering::Greater);
    check("10000000000000000000000", 1e300, Ordering::Less);
    check("10000000000000000000000", 0.5, Ordering::Greater);
}

/// Expectations: `float/1` of OTP 25, which rounds at each limb.
#[test]
fn floats_round_as_in_otp() {
    let check = |text: &str, bits: u64| {
        let value = parse(text.as_bytes(), 10).unwrap();
        assert_eq!(to_f64(value.as_ref()).map(f64::to_bits), Some(bits), "{text}");
    };
    check("20025620166059624572", 0x43F15E94B70D4E20);
    check("41927686168408199530", 0x44022EE8836C103C);
    check("32585410239689812236", 0x43FC436A1F7D5166);
    check("36556557274657666266", 0x43FFB52FB2807314);
}

#[test]
fn floats_convert() {
    assert_eq!(trunc(1e22), parse(b"10000000000000000000000", 10).unwrap());
    assert_eq!(trunc(-1.9), Integer::Small(-1));
    assert_eq!(trunc(1152921504606846976.0), parse(b"1152921504606846976", 10).unwrap());
    assert_eq!(trunc(-1152921504606846976.0), Integer::Small(SMALL_MIN));
    assert_eq!(round(2.5), Integer::Small(3));
    assert_eq!(round(-2.5), Integer::Small(-3));
    assert_eq!(round(0.49999999999999994), Integer::ZERO);
    assert_eq!((floor(-0.5), ceil(-0.5)), (Integer::Small(-1), Integer::ZERO));
    let over = bsl(IntRef::Small(1), IntRef::Small(1024)).unwrap();
    assert_eq!(to_f64(over.as_ref()), None);
    assert_eq!(to_f64(trunc(f64::MAX).as_ref()), Some(f64::MAX));
    assert_eq!(to_f64(trunc(f64::MIN).as_ref()), Some(f64::MIN));
}
