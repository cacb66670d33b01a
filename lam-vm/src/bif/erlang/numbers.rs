//! Integers and floats to and from text.

use crate::atom::{self, am};
use crate::bif::args::{self, OrBadarg};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::arith::int_ref;
use crate::term::integer::{self, ParseError};
use crate::term::{Term, float_text};

bifs! { module "erlang";
    /// An integer's decimal digits.
    ///
    /// `erlang:integer_to_list(-255)` => `"-255"`
    /// `erlang:integer_to_list(1.0)` => `error:badarg`
    [plain] "integer_to_list"/1 = integer_to_list_1, "erts/emulator/beam/bif.c";
    /// An integer's digits to this base, 2 to 36, letters in upper case.
    ///
    /// `erlang:integer_to_list(-255, 16)` => `"-FF"`
    /// `erlang:integer_to_list(1, 37)` => `error:badarg`
    [plain] "integer_to_list"/2 = integer_to_list_2, "erts/emulator/beam/bif.c";
    /// As `integer_to_list/1`, in a binary.
    ///
    /// `erlang:integer_to_binary(12)` => `<<"12">>`
    [plain] "integer_to_binary"/1 = integer_to_binary_1, "erts/emulator/beam/bif.c";
    /// As `integer_to_list/2`, in a binary.
    ///
    /// `erlang:integer_to_binary(5, 2)` => `<<"101">>`
    [plain] "integer_to_binary"/2 = integer_to_binary_2, "erts/emulator/beam/bif.c";
    /// The integer that the characters write in decimal, with an optional sign.
    ///
    /// `erlang:list_to_integer("+12")` => `12`
    /// `erlang:list_to_integer("12a")` => `error:badarg`
    /// `erlang:list_to_integer("")` => `error:badarg`
    [plain] "list_to_integer"/1 = list_to_integer_1, "erts/emulator/beam/bif.c";
    /// The integer that the characters write to this base, 2 to 36.
    ///
    /// `erlang:list_to_integer("zZ", 36)` => `1295`
    /// `erlang:list_to_integer("12", 1)` => `error:badarg`
    [plain] "list_to_integer"/2 = list_to_integer_2, "erts/emulator/beam/bif.c";
    /// As `list_to_integer/1`, of a binary.
    ///
    /// `erlang:binary_to_integer(<<"-15">>)` => `-15`
    /// `erlang:binary_to_integer(<<"15 ">>)` => `error:badarg`
    [plain] "binary_to_integer"/1 = binary_to_integer_1, "erts/emulator/beam/bif.c";
    /// As `list_to_integer/2`, of a binary.
    ///
    /// `erlang:binary_to_integer(<<"ff">>, 16)` => `255`
    [plain] "binary_to_integer"/2 = binary_to_integer_2, "erts/emulator/beam/bif.c";
    /// A float with twenty decimals and an exponent.
    ///
    /// `erlang:float_to_list(1.5)` => `"1.50000000000000000000e+00"`
    /// `erlang:float_to_list(1)` => `error:badarg`
    [plain] "float_to_list"/1 = float_to_list_1, "erts/emulator/beam/bif.c";
    /// A float as the last of the options says: `{decimals, D}` (`compact`: no zeros at the end), `{scientific, D}`, `short`.
    ///
    /// `erlang:float_to_list(1.5, [{decimals, 3}, compact])` => `"1.5"`
    /// `erlang:float_to_list(1.5, [short])` => `"1.5"`
    /// `erlang:float_to_list(1.5, [{scientific, 3}])` => `"1.500e+00"`
    /// `erlang:float_to_list(1.5, [{decimals, 254}])` => `error:badarg`
    /// `erlang:float_to_list(1.5, [{scientific, 2}, {decimals, 2}])` => `"1.50"`
    /// `erlang:float_to_list(1.5, [{decimals, 2}|a])` => `error:badarg`
    [plain] "float_to_list"/2 = float_to_list_2, "erts/emulator/beam/bif.c";
    /// As `float_to_list/1`, in a binary.
    ///
    /// `erlang:float_to_binary(1.5)` => `<<"1.50000000000000000000e+00">>`
    [plain] "float_to_binary"/1 = float_to_binary_1, "erts/emulator/beam/bif.c";
    /// As `float_to_list/2`, in a binary.
    ///
    /// `erlang:float_to_binary(0.1, [short])` => `<<"0.1">>`
    [plain] "float_to_binary"/2 = float_to_binary_2, "erts/emulator/beam/bif.c";
    /// The float that the characters write: digits on both sides of the point, perhaps an exponent.
    ///
    /// `erlang:list_to_float("-1.5e+2")` => `-150.0`
    /// `erlang:list_to_float("1")` => `error:badarg`
    /// `erlang:list_to_float("1.0e400")` => `error:badarg`
    [plain] "list_to_float"/1 = list_to_float, "erts/emulator/beam/bif.c";
    /// As `list_to_float/1`, of a binary.
    ///
    /// `erlang:binary_to_float(<<"1.5">>)` => `1.5`
    /// `erlang:binary_to_float(<<"1.5 ">>)` => `error:badarg`
    [plain] "binary_to_float"/1 = binary_to_float, "erts/emulator/beam/bif.c";
}

/// A base from 2 to 36.
fn base_of<'c>(base: Term<'c>) -> Result<u32, Stop<'c>> {
    base.as_small().filter(|base| (2..=36).contains(base)).map(|base| base as u32).or_badarg()
}

fn digits<'c>(call: &mut Call<'c>, value: Term<'c>, base: u32) -> Result<String, Stop<'c>> {
    let text = integer::to_text(int_ref(value).or_badarg()?, base);
    // Conversion is quadratic for small parts: long numbers cost more than their digits.
    call.bump((text.len() / 20) as i64);
    Ok(text)
}

fn integer_to_list_1<'c>(call: &mut Call<'c>, [value]: [Term<'c>; 1]) -> BifResult<'c> {
    let text = digits(call, value, 10)?;
    Ok(call.byte_list(text.as_bytes(), Term::NIL))
}
fn integer_to_list_2<'c>(call: &mut Call<'c>, [value, base]: [Term<'c>; 2]) -> BifResult<'c> {
    let text = digits(call, value, base_of(base)?)?;
    Ok(call.byte_list(text.as_bytes(), Term::NIL))
}
fn integer_to_binary_1<'c>(call: &mut Call<'c>, [value]: [Term<'c>; 1]) -> BifResult<'c> {
    let text = digits(call, value, 10)?;
    Ok(call.binary(text.as_bytes()))
}
fn integer_to_binary_2<'c>(call: &mut Call<'c>, [value, base]: [Term<'c>; 2]) -> BifResult<'c> {
    let text = digits(call, value, base_of(base)?)?;
    Ok(call.binary(text.as_bytes()))
}

fn parsed<'c>(call: &mut Call<'c>, text: &[u8], base: u32) -> BifResult<'c> {
    try_parsed(call, text, base)?.or_badarg()
}

/// As `parsed`; `None` where the text is no integer.
fn try_parsed<'c>(call: &mut Call<'c>, text: &[u8], base: u32) -> Result<Option<Term<'c>>, Stop<'c>> {
    call.bump((text.len() / 20) as i64);
    match integer::parse(text, base) {
        Ok(value) => Ok(Some(call.owned_integer(&value))),
        Err(ParseError::Syntax) => Ok(None),
        Err(ParseError::TooLong(_)) => Err(Stop::SYSTEM_LIMIT),
    }
}

fn list_to_integer_1<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    parsed(call, &args::latin1_list(list).or_badarg()?, 10)
}
fn list_to_integer_2<'c>(call: &mut Call<'c>, [list, base]: [Term<'c>; 2]) -> BifResult<'c> {
    let text = args::latin1_list(list).or_badarg()?;
    parsed(call, &text, base_of(base)?)
}
fn binary_to_integer_1<'c>(call: &mut Call<'c>, [binary]: [Term<'c>; 1]) -> BifResult<'c> {
    parsed(call, &binary.to_bytes().or_badarg()?, 10)
}
fn binary_to_integer_2<'c>(call: &mut Call<'c>, [binary, base]: [Term<'c>; 2]) -> BifResult<'c> {
    let text = binary.to_bytes().or_badarg()?;
    parsed(call, &text, base_of(base)?)
}

/// How a float is to be written.
#[derive(Clone, Copy)]
enum Form {
    Scientific(i64),
    Decimals(i64),
    Short,
}

/// A float as the options ask; the last form wins, `compact` holds for all.
fn written<'c>(float: Term<'c>, options: Term<'c>) -> Result<String, Stop<'c>> {
    let mut form = Form::Scientific(20);
    let mut compact = false;
    for option in options.list_to_vec().or_badarg()? {
        match option.as_atom() {
            Some(am::COMPACT) => compact = true,
            Some(am::SHORT) => form = Form::Short,
            Some(_) => return Err(Stop::BADARG),
            None => {
                let [name, count] = option.as_tuple_of().or_badarg()?;
                let count = count.as_small().or_badarg()?;
                form = match name.as_atom() {
                    Some(am::DECIMALS) if (0..=253).contains(&count) => Form::Decimals(count),
                    Some(am::SCIENTIFIC) if count <= 249 => Form::Scientific(count),
                    _ => return Err(Stop::BADARG),
                };
            }
        }
    }
    let value = float.as_float().or_badarg()?;
    match form {
        Form::Short => Ok(float_text::short(value)),
        Form::Scientific(count) => float_text::scientific(value, count).or_badarg(),
        Form::Decimals(count) => float_text::decimals(value, count, compact).or_badarg(),
    }
}

fn float_to_list_1<'c>(call: &mut Call<'c>, [float]: [Term<'c>; 1]) -> BifResult<'c> {
    let text = written(float, Term::NIL)?;
    Ok(call.byte_list(text.as_bytes(), Term::NIL))
}
fn float_to_list_2<'c>(call: &mut Call<'c>, [float, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let text = written(float, options)?;
    Ok(call.byte_list(text.as_bytes(), Term::NIL))
}
fn float_to_binary_1<'c>(call: &mut Call<'c>, [float]: [Term<'c>; 1]) -> BifResult<'c> {
    let text = written(float, Term::NIL)?;
    Ok(call.binary(text.as_bytes()))
}
fn float_to_binary_2<'c>(call: &mut Call<'c>, [float, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let text = written(float, options)?;
    Ok(call.binary(text.as_bytes()))
}

fn list_to_float<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    let text = args::latin1_list(list).or_badarg()?;
    Ok(call.float(float_text::parse(&text).or_badarg()?))
}
fn binary_to_float<'c>(call: &mut Call<'c>, [binary]: [Term<'c>; 1]) -> BifResult<'c> {
    let text = binary.to_bytes().or_badarg()?;
    Ok(call.float(float_text::parse(&text).or_badarg()?))
}

/// The two natives of `string`.
pub mod string {
    use super::*;

    bifs! { module "string";
        /// The integer that a list begins with, and what follows: `{Integer, Rest}`, or `{error, Reason}`.
        ///
        /// `string:list_to_integer("12x")` => `{12, "x"}`
        /// `string:list_to_integer([49|50])` => `{1, 50}`
        /// `string:list_to_integer("-")` => `{error, no_integer}`
        /// `string:list_to_integer(a)` => `{error, not_a_list}`
        [plain] "list_to_integer"/1 = list_to_integer, "erts/emulator/beam/bif.c";
        /// The float that a list begins with, and what follows: `{Float, Rest}`, or `{error, Reason}`.
        ///
        /// `string:list_to_float("1.0e")` => `{1.0, "e"}`
        /// `string:list_to_float("12")` => `{error, no_float}`
        /// `string:list_to_float([49, 46, 53|a])` => `{1.5, a}`
        /// `string:list_to_float(a)` => `{error, not_a_list}`
        [plain] "list_to_float"/1 = list_to_float, "erts/emulator/beam/bif.c";
    }

    fn error<'c>(call: &mut Call<'c>, reason: &'static str) -> BifResult<'c> {
        Ok(call.tuple(&[Term::atom(am::ERROR), Term::atom(atom::intern_static(reason))]))
    }

    /// The ASCII characters that a list begins with, each with what follows it.
    struct Text<'c> {
        bytes: Vec<u8>,
        rest: Term<'c>,
    }

    impl<'c> Text<'c> {
        fn next(&mut self, accept: impl Fn(u8) -> bool) -> bool {
            let Some(cell) = self.rest.as_cons() else { return false };
            let Some(byte) = cell.head.as_small().and_then(|value| u8::try_from(value).ok()).filter(|byte| accept(*byte)) else {
                return false;
            };
            self.bytes.push(byte);
            self.rest = cell.tail;
            true
        }
        /// Digits, at least one.
        fn digits(&mut self, base: u32) -> bool {
            let from = self.bytes.len();
            while self.next(|byte| char::from(byte).is_digit(base)) {}
            self.bytes.len() > from
        }
    }

    fn list_to_integer<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
        let found = prefix(call, list, 10)?;
        if found.as_atom().is_some() { Ok(call.tuple(&[Term::atom(am::ERROR), found])) } else { Ok(found) }
    }

    /// `{Integer, Rest}`, or the reason why not.
    pub(super) fn prefix<'c>(call: &mut Call<'c>, list: Term<'c>, base: u32) -> BifResult<'c> {
        if !list.is_list() {
            return Ok(Term::atom(am::NOT_A_LIST));
        }
        let mut text = Text { bytes: Vec::new(), rest: list };
        text.next(|byte| matches!(byte, b'+' | b'-'));
        if !text.digits(base) {
            return Ok(Term::atom(am::NO_INTEGER));
        }
        let value = parsed(call, &text.bytes, base)?;
        Ok(call.tuple(&[value, text.rest]))
    }

    fn list_to_float<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
        if !list.is_list() {
            return error(call, "not_a_list");
        }
        let mut text = Text { bytes: Vec::new(), rest: list };
        text.next(|byte| matches!(byte, b'+' | b'-'));
        if !(text.digits(10) && text.next(|byte| matches!(byte, b'.' | b',')) && text.digits(10)) {
            return error(call, "no_float");
        }
        let (whole, rest) = (text.bytes.len(), text.rest);
        let has_exponent = text.next(|byte| matches!(byte, b'e' | b'E')) && {
            text.next(|byte| matches!(byte, b'+' | b'-'));
            text.digits(10)
        };
        if !has_exponent {
            text.bytes.truncate(whole);
            text.rest = rest;
        }
        match float_text::parse(&text.bytes) {
            Some(value) => {
                let value = call.float(value);
                Ok(call.tuple(&[value, text.rest]))
            }
            None => error(call, "no_float"),
        }
    }
}

/// `erts_internal`: what OTP's own `erlang` calls since release 27.
pub mod internal {
    use super::*;

    bifs! { module "erts_internal";
        /// The integer that a binary writes to a base, or `badarg`.
        [plain 27] "binary_to_integer"/2 = binary_to_integer, "erts/emulator/beam/bif.c";
        /// The integer that a list begins with and what follows, or the reason why there is none.
        [plain 27] "list_to_integer"/2 = list_to_integer, "erts/emulator/beam/bif.c";
    }

    fn binary_to_integer<'c>(call: &mut Call<'c>, [binary, base]: [Term<'c>; 2]) -> BifResult<'c> {
        let badarg = Term::atom(am::BADARG);
        let (Some(text), Ok(base)) = (binary.to_bytes(), base_of(base)) else { return Ok(badarg) };
        Ok(try_parsed(call, &text, base)?.unwrap_or(badarg))
    }

    fn list_to_integer<'c>(call: &mut Call<'c>, [list, base]: [Term<'c>; 2]) -> BifResult<'c> {
        match base_of(base) {
            Ok(base) => string::prefix(call, list, base),
            Err(_) => Ok(Term::atom(am::BADARG)),
        }
    }
}
