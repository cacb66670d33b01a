//! Pairs recorded from OTP 25: bits in hexadecimal, then the forms in the order of `FORMS`.

use super::*;

type Form = fn(f64) -> Option<String>;

const FORMS: [Form; 8] = [
    |x| Some(default(x)),
    |x| Some(short(x)),
    |x| decimals(x, 0, false),
    |x| decimals(x, 4, false),
    |x| decimals(x, 17, true),
    |x| decimals(x, 30, true),
    |x| scientific(x, 3),
    |x| scientific(x, 17),
];

/// Returns the first differences; every text but the rounded ones reads back as the same double.
fn differences(samples: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in samples.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let value = f64::from_bits(u64::from_str_radix(fields[0], 16).expect("bits"));
        for (form, expected) in FORMS.iter().zip(&fields[1..]) {
            let ours = form(value).unwrap_or_else(|| "badarg".to_string());
            if ours != *expected {
                found.push(format!("{value:e}: {ours} is not {expected}"));
            }
        }
        for text in [fields[1], fields[2], fields[8]] {
            if parse(text.as_bytes()).map(f64::to_bits) != Some(value.to_bits()) {
                found.push(format!("{text} does not read back"));
            }
        }
    }
    found
}

#[test]
fn forms_are_otps() {
    assert_eq!(differences(include_str!("samples.txt")), Vec::<String>::new());
}

/// Expectations: OTP 25.
#[test]
fn edges_are_otps() {
    let len = |text: Option<String>| text.map(|text| text.len());
    assert_eq!(len(decimals(1.5, 249, true)), Some(3));
    assert_eq!(len(decimals(1.5, 253, false)), Some(255));
    assert_eq!(decimals(1.5, 254, false), None);
    assert_eq!(decimals(1.5, -1, false), None);
    assert_eq!(decimals(1.5e300, 0, true), None);
    assert_eq!(decimals(1e22, 0, true).as_deref(), Some("1"));
    assert_eq!(decimals(-0.4, 0, false).as_deref(), Some("-0"));
    assert_eq!(scientific(1.5, -1).as_deref(), Some("1.500000e+00"));
    assert_eq!(len(scientific(1.5, 249)), Some(255));
    assert_eq!(scientific(1.5, 250), None);
    assert_eq!(scientific(1.5, i64::MAX).as_deref(), Some("1.500000e+00"));
}

#[test]
fn the_grammar_is_erlangs() {
    for (text, value) in [("1.0", 1.0), ("+1.0", 1.0), ("-1.5e-3", -0.0015), ("1,5", 1.5), ("1.0E+05", 1e5), ("1.0e-400", 0.0)] {
        assert_eq!(parse(text.as_bytes()), Some(value), "{text}");
    }
    for text in ["", "1", "1.", ".5", "1e5", "1.0e", "1.0e+", "inf", "nan", "1.0 ", " 1.0", "1.0e400", "1_0.0", "0x1.0", "1.0f"] {
        assert_eq!(parse(text.as_bytes()), None, "{text}");
    }
    assert_eq!(split_float(b"2.3e+x"), Some((&b"2.3"[..], &b"e+x"[..])));
}
