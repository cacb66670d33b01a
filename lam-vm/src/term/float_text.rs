//! Doubles as text, exactly as OTP 25 writes them, and text as doubles by Erlang's grammar.
//!
//! Source: `do_float_to_charbuf` in `beam/bif.c`, `sys_double_to_chars_fast` in `sys/common`,
//! `sys_float.c`, and the choice of notation in `ryu/d2s.c`.

use std::fmt::Write;

/// Text of this length and above is refused with `badarg`: OTP's buffer has 256 bytes, one for the end mark.
const TEXT_LIMIT: usize = 256;

/// `float_to_list/1`: twenty digits after the point, an exponent of two digits at least.
pub fn default(value: f64) -> String {
    exponent_form(value, 20)
}

/// `[{scientific, Digits}]`; `None` is `badarg`. A negative count means six, as in C.
pub fn scientific(value: f64, digits: i64) -> Option<String> {
    // OTP keeps the count in a C int.
    let digits = digits as i32;
    let digits = if digits < 0 { 6 } else { digits as usize };
    // Sign, digit, point and exponent come on top; do not make what will be refused.
    if digits >= TEXT_LIMIT {
        return None;
    }
    let text = exponent_form(value, digits);
    (text.len() < TEXT_LIMIT).then_some(text)
}

fn exponent_form(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').expect("the form has an exponent");
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{exponent:0>2}")
}

/// `[{decimals, Decimals}]`, with `compact` or not; `None` is `badarg`.
///
/// Up to 2^53 and 18 decimals OTP rounds the fraction as a double times a power of ten, halves away from zero,
/// which is not the nearest decimal; so do we. Beyond, the nearest decimal is written.
pub fn decimals(value: f64, decimals: i64, compact: bool) -> Option<String> {
    let decimals = usize::try_from(decimals as i32).ok()?;
    let absolute = value.abs();
    if absolute > (1u64 << 53) as f64 || decimals >= POWERS_OF_TEN.len() {
        if decimals >= TEXT_LIMIT {
            return None;
        }
        let mut text = format!("{value:.decimals$}");
        if text.len() >= TEXT_LIMIT {
            return None;
        }
        if compact {
            // As in OTP: with 0 decimals the zeros of the number itself go too, so 1.0e22 becomes `1`.
            trim_zeros(&mut text);
        }
        return Some(text);
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if decimals == 0 {
        return Some(format!("{sign}{}", absolute.round() as u64));
    }
    let mut whole = absolute.floor();
    let mut fraction = ((absolute - whole) * POWERS_OF_TEN[decimals]).round();
    if fraction >= POWERS_OF_TEN[decimals] {
        (whole, fraction) = (whole + 1.0, 0.0);
    }
    let mut text = format!("{sign}{}.{:0>decimals$}", whole as u64, fraction as u64);
    if compact {
        trim_zeros(&mut text);
    }
    Some(text)
}

const POWERS_OF_TEN: [f64; 19] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

/// Drops zeros at the end, but for one after a point.
fn trim_zeros(text: &mut String) {
    text.truncate(text.trim_end_matches('0').len());
    if text.ends_with('.') {
        text.push('0');
    }
}

/// `[short]`: the fewest digits that read back as the same double.
pub fn short(value: f64) -> String {
    let mut out = String::with_capacity(25);
    if value.is_sign_negative() {
        out.push('-');
    }
    if value == 0.0 {
        out.push_str("0.0");
        return out;
    }
    let (digits, exponent) = shortest_digits(value.abs());
    if is_fixed(&digits, exponent) {
        write_fixed(&mut out, &digits, exponent)
    } else {
        write_scientific(&mut out, &digits, exponent)
    }
    out
}

/// Digits without zeros at the end, and the power of ten of the last one.
fn shortest_digits(value: f64) -> (String, i32) {
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mut exponent: i32 = exponent.parse().expect("the exponent is a small number");
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    exponent -= fraction.len() as i32;
    let mut digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0').len();
    exponent += (digits.len() - kept) as i32;
    digits.truncate(kept);
    digits.drain(..digits.len() - digits.trim_start_matches('0').len());
    (digits, exponent)
}

/// Is the form without exponent chosen? It is where it is no longer, and every integer shown so is exact.
fn is_fixed(digits: &str, exponent: i32) -> bool {
    let len = digits.len() as i32;
    let (lower, upper) = match (len, exponent + len - 1) {
        (1, _) => (-4, 2),
        (_, 10..) => (-(len + 2), 2),
        _ => (-(len + 2), 1),
    };
    if !(lower..=upper).contains(&exponent) {
        return false;
    }
    let number: u64 = digits.parse().expect("at most 17 digits");
    match exponent {
        0 => number < 1 << 53,
        1 => number <= (1 << 52) / 5,
        2 => number <= (1 << 51) / 25,
        _ => true,
    }
}

fn write_fixed(out: &mut String, digits: &str, exponent: i32) {
    let whole = digits.len() as i32 + exponent;
    if exponent >= 0 {
        out.push_str(digits);
        out.extend(std::iter::repeat_n('0', exponent as usize));
        out.push_str(".0");
    } else if whole > 0 {
        let (whole, fraction) = digits.split_at(whole as usize);
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    } else {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', -whole as usize));
        out.push_str(digits);
    }
}

fn write_scientific(out: &mut String, digits: &str, exponent: i32) {
    let (first, rest) = digits.split_at(1);
    let rest = if rest.is_empty() { "0" } else { rest };
    let exponent = exponent + digits.len() as i32 - 1;
    write!(out, "{first}.{rest}e{exponent}").expect("a string takes all");
}

/// `list_to_float/1`, `binary_to_float/1`: `[+-]digits(.|,)digits[(e|E)[+-]digits]`, all of the text.
/// `None` is `badarg`: something else, or too large. What is too small is 0.0.
pub fn parse(text: &[u8]) -> Option<f64> {
    let (float, rest) = split_float(text)?;
    if !rest.is_empty() {
        return None;
    }
    let float = std::str::from_utf8(float).ok()?;
    let value: f64 = if float.contains(',') { float.replace(',', ".").parse().ok()? } else { float.parse().ok()? };
    value.is_finite().then_some(value)
}

/// Cuts the longest float from the front, by the same grammar; an exponent without digits stays behind.
/// For `string:to_float/1`.
pub fn split_float(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    at = after_digits(text, at)?;
    if !matches!(text.get(at), Some(b'.' | b',')) {
        return None;
    }
    at = after_digits(text, at + 1)?;
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        at = after_digits(text, at + 1 + sign).unwrap_or(at);
    }
    Some(text.split_at(at))
}

/// The position after one digit or more at `from`.
fn after_digits(text: &[u8], from: usize) -> Option<usize> {
    let count = text.get(from..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then_some(from + count)
}

#[cfg(test)]
mod tests;
