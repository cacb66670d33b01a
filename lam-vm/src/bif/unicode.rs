//! `unicode`: lists and binaries of characters to UTF-8 and to lists of code points.
//!
//! The data is a binary, or a list (nested, perhaps ending in a binary) of code points and binaries. A character may be spread
//! over binaries that follow each other. What cannot be converted comes back as `{error | incomplete, Converted, Rest}`.

use super::{BifResult, Call, Stop, bifs};
use crate::atom::{self, am};
use crate::term::word;
use crate::term::{Cons, Term};

bifs! { module "unicode";
    /// The characters as a UTF-8 binary. `Encoding` is what the binaries in the data hold; for others than `latin1` and `utf8`
    /// it goes on in `unicode:characters_to_binary_int/2`.
    ///
    /// `unicode:characters_to_binary([65, <<195, 165>>, [66]], utf8)` => `<<65, 195, 165, 66>>`
    /// `unicode:characters_to_binary(<<200>>, latin1)` => `<<195, 136>>`
    /// `unicode:characters_to_binary([<<195>>, 65], utf8)` => `{error, <<>>, [<<195>>, "A"]}`
    /// `unicode:characters_to_binary(<<195>>, utf8)` => `{incomplete, <<>>, <<195>>}`
    /// `unicode:characters_to_binary([65|66], utf8)` => `error:badarg`
    [plain] "characters_to_binary"/2 = characters_to_binary, "erts/emulator/beam/erl_unicode.c";
    /// The characters as a list of code points.
    ///
    /// `unicode:characters_to_list([<<226>>, <<130>>, <<172>>], utf8)` => `[8364]`
    /// `unicode:characters_to_list([65, 55296], utf8)` => `{error, "A", [55296]}`
    /// `unicode:characters_to_list(<<200>>, latin1)` => `[200]`
    [plain] "characters_to_list"/2 = characters_to_list, "erts/emulator/beam/erl_unicode.c";
    /// Is it a binary of ASCII bytes only?
    ///
    /// `unicode:bin_is_7bit(<<"abc">>)` => `true`
    /// `unicode:bin_is_7bit(<<200>>)` => `false`
    [plain] "bin_is_7bit"/1 = bin_is_7bit, "erts/emulator/beam/erl_unicode.c";
}

/// Bytes converted for one reduction.
const BYTES_A_REDUCTION: usize = 1000;

/// A conversion under way.
struct Converter {
    latin1: bool,
    out: Vec<u8>,
    /// The first bytes of a character that the next binary should end; at most three.
    leftover: Vec<u8>,
}

/// How the data ended: all converted, or what was not.
type Ended<'c> = Result<(), Term<'c>>;

/// Bytes of the character that begins with this one.
fn utf8_length(first: u8) -> Option<usize> {
    match first {
        0..0x80 => Some(1),
        0xC0..0xE0 => Some(2),
        0xE0..0xF0 => Some(3),
        0xF0..0xF8 => Some(4),
        _ => None,
    }
}

/// Whether cut-off bytes at the very end could have become a character.
fn may_continue(leftover: &[u8]) -> bool {
    utf8_length(leftover[0]).is_some_and(|length| length > leftover.len()) && leftover[1..].iter().all(|byte| byte & 0xC0 == 0x80)
}

impl Converter {
    fn new(latin1: bool) -> Self {
        Converter { latin1, out: Vec::new(), leftover: Vec::new() }
    }

    /// Takes in a binary's bytes; the offset of what is wrong when something is.
    fn binary(&mut self, bytes: &[u8]) -> Result<(), usize> {
        if self.latin1 {
            for byte in bytes {
                push_character(&mut self.out, u32::from(*byte));
            }
            return Ok(());
        }
        let mut from = 0;
        if let Some(first) = self.leftover.first() {
            let missing = utf8_length(*first).expect("only starts of characters are left over") - self.leftover.len();
            if bytes.len() < missing {
                self.leftover.extend_from_slice(bytes);
                return Ok(());
            }
            let mut whole = self.leftover.clone();
            whole.extend_from_slice(&bytes[..missing]);
            if core::str::from_utf8(&whole).is_err() {
                self.leftover = whole[..self.leftover.len()].to_vec();
                return Err(0);
            }
            self.out.extend_from_slice(&whole);
            self.leftover.clear();
            from = missing;
        }
        let rest = &bytes[from..];
        match core::str::from_utf8(rest) {
            Ok(_) => self.out.extend_from_slice(rest),
            Err(error) => {
                let valid = error.valid_up_to();
                self.out.extend_from_slice(&rest[..valid]);
                let bad = &rest[valid..];
                match utf8_length(bad[0]) {
                    Some(length) if length > bad.len() => self.leftover = bad.to_vec(),
                    _ => return Err(from + valid),
                }
            }
        }
        Ok(())
    }

    /// Takes in a binary; what is left of it when something is wrong.
    fn binary_term<'c>(&mut self, call: &mut Call<'c>, binary: Term<'c>) -> Ended<'c> {
        let Some(bytes) = binary.to_bytes() else { return Err(binary) };
        self.binary(&bytes).map_err(|at| call.sub_bits(binary, 8 * at, 8 * (bytes.len() - at)))
    }

    /// Takes in a code point; false for what is none.
    fn character(&mut self, value: Term<'_>) -> bool {
        let limit = if self.latin1 { 0xFF } else { 0x10_FFFF };
        match value.as_small() {
            Some(value @ 0..) if value <= limit && !(0xD800..0xE000).contains(&value) && self.leftover.is_empty() => {
                push_character(&mut self.out, value as u32);
                true
            }
            _ => false,
        }
    }

    fn list<'c>(&mut self, call: &mut Call<'c>, list: Term<'c>) -> Ended<'c> {
        let mut pending: Vec<Term<'c>> = Vec::new();
        let mut now = list;
        let rest = loop {
            while let Some(Cons { head, tail }) = now.as_cons() {
                if head.is_bitstring() {
                    if let Err(rest) = self.binary_term(call, head) {
                        now = call.cons(rest, tail);
                        return Err(with_pending(call, now, pending));
                    }
                } else if word::is_cons(head.word()) {
                    pending.push(tail);
                    now = head;
                    continue;
                } else if !head.is_nil() && !self.character(head) {
                    return Err(with_pending(call, now, pending));
                }
                now = tail;
            }
            if now.is_bitstring() {
                if let Err(rest) = self.binary_term(call, now) {
                    break rest;
                }
            } else if !now.is_nil() {
                break now;
            }
            match pending.pop() {
                Some(rest) => now = rest,
                None => return Ok(()),
            }
        };
        Err(with_pending(call, rest, pending))
    }

    fn data<'c>(&mut self, call: &mut Call<'c>, data: Term<'c>) -> Ended<'c> {
        if data.is_bitstring() { self.binary_term(call, data) } else { self.list(call, data) }
    }
}

/// The rest of an inner list, put back into the lists around it.
fn with_pending<'c>(call: &mut Call<'c>, rest: Term<'c>, mut pending: Vec<Term<'c>>) -> Term<'c> {
    let mut rest = rest;
    while let Some(around) = pending.pop() {
        rest = call.cons(rest, around);
    }
    rest
}

fn push_character(out: &mut Vec<u8>, value: u32) {
    let character = char::from_u32(value).expect("the caller refused surrogates and what is too large");
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Whether the data has the shape of characters, up to the first integer that is too large for a small.
fn is_well_formed(data: Term<'_>) -> bool {
    let is_binary = |term: Term<'_>| term.as_bits().is_some_and(|bits| bits.is_binary());
    if data.is_bitstring() {
        return is_binary(data);
    }
    if !data.is_list() {
        return false;
    }
    let mut pending = Vec::new();
    let mut now = data;
    loop {
        while let Some(Cons { head, tail }) = now.as_cons() {
            now = tail;
            if word::is_cons(head.word()) {
                pending.push(tail);
                now = head;
            } else if head.is_integer() {
                if head.as_small().is_none() {
                    return true;
                }
            } else if !head.is_nil() && !is_binary(head) {
                return false;
            }
        }
        if !now.is_nil() && !is_binary(now) {
            return false;
        }
        match pending.pop() {
            Some(rest) => now = rest,
            None => return true,
        }
    }
}

/// What binaries hold; `None` for encodings that Erlang code knows.
fn is_latin1(encoding: Term<'_>) -> Option<bool> {
    let encoding = encoding.as_atom()?;
    match encoding {
        am::LATIN1 => Some(true),
        am::UTF8 => Some(false),
        _ if encoding == am::UNICODE => Some(false),
        _ => None,
    }
}

/// Runs the conversion and shapes the outcome; `build` makes the term of what was converted.
fn convert<'c>(
    call: &mut Call<'c>,
    data: Term<'c>,
    latin1: bool,
    build: impl FnOnce(&mut Call<'c>, &[u8]) -> Term<'c>,
) -> BifResult<'c> {
    if !is_well_formed(data) {
        return Err(Stop::BADARG);
    }
    let mut converter = Converter::new(latin1);
    let ended = converter.data(call, data);
    call.bump((converter.out.len() / BYTES_A_REDUCTION) as i64);
    let converted = build(call, &converter.out);
    let leftover = (!converter.leftover.is_empty()).then(|| call.binary(&converter.leftover));
    let (tag, rest) = match (ended, leftover) {
        (Ok(()), None) => return Ok(converted),
        (Ok(()), Some(bytes)) => {
            (if may_continue(&converter.leftover) { atom::intern_static("incomplete") } else { am::ERROR }, bytes)
        }
        (Err(rest), None) => (am::ERROR, rest),
        (Err(rest), Some(bytes)) => (am::ERROR, call.list(&[bytes, rest])),
    };
    Ok(call.tuple(&[Term::atom(tag), converted, rest]))
}

fn characters_to_binary<'c>(call: &mut Call<'c>, [data, encoding]: [Term<'c>; 2]) -> BifResult<'c> {
    let Some(latin1) = is_latin1(encoding) else {
        let function = Term::atom(atom::intern_static("characters_to_binary_int"));
        return Err(call.apply(Term::atom(am::UNICODE), function, &[data, encoding]));
    };
    let subject = match data.as_cons() {
        Some(Cons { head, tail }) if head.is_bitstring() && tail.is_nil() => head,
        _ => data,
    };
    if let Some(bytes) = subject.to_bytes() {
        let kept = if latin1 { bytes.is_ascii() } else { core::str::from_utf8(&bytes).is_ok() };
        call.bump((bytes.len() / BYTES_A_REDUCTION) as i64);
        if kept {
            return Ok(subject);
        }
    }
    convert(call, subject, latin1, |call, bytes| call.binary(bytes))
}

fn characters_to_list<'c>(call: &mut Call<'c>, [data, encoding]: [Term<'c>; 2]) -> BifResult<'c> {
    let Some(latin1) = is_latin1(encoding) else {
        let function = Term::atom(atom::intern_static("characters_to_list_int"));
        return Err(call.apply(Term::atom(am::UNICODE), function, &[data, encoding]));
    };
    convert(call, data, latin1, |call, bytes| {
        let text = core::str::from_utf8(bytes).expect("the converter writes UTF-8");
        call.charlist(text)
    })
}

fn bin_is_7bit<'c>(_: &mut Call<'c>, [binary]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(Term::bool(binary.to_bytes().is_some_and(|bytes| bytes.is_ascii())))
}

#[cfg(test)]
mod tests {
    use crate::bif::testing::check;

    fn both(data: &str, binary: &str, list: &str) {
        check("unicode", "characters_to_binary", &format!("{data}, utf8"), binary);
        check("unicode", "characters_to_list", &format!("{data}, utf8"), list);
    }

    #[test]
    fn what_cannot_be_converted_comes_back() {
        both("<<224, 65>>", "{error, <<>>, <<224, 65>>}", "{error, [], <<224, 65>>}");
        both("[<<224, 65>>, <<98>>]", "{error, <<>>, [<<224, 65>>, [<<98>>]]}", "{error, [], [<<224, 65>>, [<<98>>]]}");
        both(
            "[[65, [66, <<255, 1>>], 67], 68 | <<69>>]",
            "{error, <<\"AB\">>, [[[<<255, 1>>], 67], 68 | <<69>>]}",
            "{error, \"AB\", [[[<<255, 1>>], 67], 68 | <<69>>]}",
        );
        both("[65, -1]", "{error, <<65>>, [-1]}", "{error, [65], [-1]}");
        both(
            "[65, 1180591620717411303424, a]",
            "{error, <<65>>, [1180591620717411303424, a]}",
            "{error, [65], [1180591620717411303424, a]}",
        );
        both("[65 | <<195>>]", "{incomplete, <<65>>, <<195>>}", "{incomplete, [65], <<195>>}");
        both("[65, [a]]", "error:badarg", "error:badarg");
        both("[<<1:3>>]", "error:badarg", "error:badarg");
        both("[[<<226>>], [[<<130>>]], [<<172>> | <<66>>]]", "<<226, 130, 172, 66>>", "[8364, 66]");
        both("[<<226>>, <<65>>, <<172>>]", "{error, <<>>, [<<226, 65>>, [<<172>>]]}", "{error, [], [<<226, 65>>, [<<172>>]]}");
        both("[1114112]", "{error, <<>>, [1114112]}", "{error, [], [1114112]}");
        check("unicode", "characters_to_binary", "[200, [300 | <<1>>]], latin1", "{error, <<195, 136>>, [[300 | <<1>>]]}");
        check("unicode", "characters_to_binary", "<<1>>, utf16", "apply:unicode:characters_to_binary_int(<<1>>,utf16)");
    }
}
