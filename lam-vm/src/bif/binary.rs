//! `binary`: searching, splitting, copying and parts.
//!
//! One pattern is searched by `memchr::memmem`, several by an automaton (`search.rs`); a compiled pattern is a resource behind the
//! reference in `{bm, Ref}` or `{ac, Ref}`.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memmem;

use super::args::{OrBadarg, is_negative_integer, part_range};
use super::erlang::guards::binary_part;
use super::search::Pattern;
use super::{BifResult, Call, Stop, bifs};
use crate::atom::{self, am};
use crate::heap::arith::int_ref;
use crate::heap::resource::Resource;
use crate::term::integer::{self, Endian};
use crate::term::{Term, View};

bifs! { module "binary";
    /// The byte at a position counted from 0.
    ///
    /// `binary:at(<<1, 2>>, 1)` => `2`
    /// `binary:at(<<1, 2>>, 2)` => `error:badarg`
    [plain] "at"/2 = at, "erts/emulator/beam/erl_bif_binary.c";
    /// The first byte; `badarg` for the empty binary.
    ///
    /// `binary:first(<<1, 2>>)` => `1`
    /// `binary:first(<<>>)` => `error:badarg`
    [plain] "first"/1 = first, "erts/emulator/beam/erl_bif_binary.c";
    /// The last byte; `badarg` for the empty binary.
    ///
    /// `binary:last(<<1, 2>>)` => `2`
    [plain] "last"/1 = last, "erts/emulator/beam/erl_bif_binary.c";
    /// Part `{Start, Length}`; a negative length counts backwards.
    ///
    /// `binary:part(<<1, 2, 3>>, {1, 2})` => `<<2, 3>>`
    [plain] "part"/2 = part_2, "erts/emulator/beam/erl_bif_binary.c";
    /// Part from a start, counted from 0; a negative length counts backwards.
    ///
    /// `binary:part(<<1, 2, 3>>, 3, -1)` => `<<3>>`
    [plain] "part"/3 = part_3, "erts/emulator/beam/erl_bif_binary.c";
    /// As `erlang:list_to_binary/1`.
    ///
    /// `binary:list_to_bin([1, [2]])` => `<<1, 2>>`
    [plain] "list_to_bin"/1 = super::erlang::iolists::list_to_binary, "erts/emulator/beam/erl_bif_binary.c";
    /// A copy that shares its bytes with nothing.
    ///
    /// `binary:copy(<<1, 2>>)` => `<<1, 2>>`
    [plain] "copy"/1 = copy_1, "erts/emulator/beam/erl_bif_binary.c";
    /// `N` copies, one after the other.
    ///
    /// `binary:copy(<<1, 2>>, 2)` => `<<1, 2, 1, 2>>`
    /// `binary:copy(<<1>>, -1)` => `error:badarg`
    [plain] "copy"/2 = copy_2, "erts/emulator/beam/erl_bif_binary.c";
    /// Bytes of the binary that this one is a part of.
    ///
    /// `binary:referenced_byte_size(<<1, 2>>)` => `2`
    [plain] "referenced_byte_size"/1 = referenced_byte_size, "erts/emulator/beam/erl_bif_binary.c";
    /// A non-negative integer's bytes, most significant first.
    ///
    /// `binary:encode_unsigned(256)` => `<<1, 0>>`
    /// `binary:encode_unsigned(0)` => `<<0>>`
    /// `binary:encode_unsigned(-1)` => `error:badarg`
    [plain] "encode_unsigned"/1 = encode_unsigned_1, "erts/emulator/beam/erl_bif_binary.c";
    /// As `encode_unsigned/1` in this order: `big` or `little`.
    ///
    /// `binary:encode_unsigned(256, little)` => `<<0, 1>>`
    [plain] "encode_unsigned"/2 = encode_unsigned_2, "erts/emulator/beam/erl_bif_binary.c";
    /// The integer of these bytes, most significant first.
    ///
    /// `binary:decode_unsigned(<<1, 0>>)` => `256`
    /// `binary:decode_unsigned(<<>>)` => `0`
    [plain] "decode_unsigned"/1 = decode_unsigned_1, "erts/emulator/beam/erl_bif_binary.c";
    /// As `decode_unsigned/1` in this order.
    ///
    /// `binary:decode_unsigned(<<1, 0>>, little)` => `1`
    [plain] "decode_unsigned"/2 = decode_unsigned_2, "erts/emulator/beam/erl_bif_binary.c";
    /// Length of what all binaries of the list begin with.
    ///
    /// `binary:longest_common_prefix([<<"abc">>, <<"abd">>])` => `2`
    /// `binary:longest_common_prefix([])` => `error:badarg`
    [plain] "longest_common_prefix"/1 = longest_common_prefix, "erts/emulator/beam/erl_bif_binary.c";
    /// Length of what all binaries of the list end with.
    ///
    /// `binary:longest_common_suffix([<<"xbc">>, <<"bc">>])` => `2`
    [plain] "longest_common_suffix"/1 = longest_common_suffix, "erts/emulator/beam/erl_bif_binary.c";
    /// A pattern (a binary or a list of them, none empty) made ready for many searches.
    ///
    /// `binary:compile_pattern(<<>>)` => `error:badarg`
    [plain] "compile_pattern"/1 = compile_pattern, "erts/emulator/beam/erl_bif_binary.c";
    /// The first match as `{Start, Length}`, of several at one place the longest; `nomatch` without.
    ///
    /// `binary:match(<<"abcde">>, [<<"bcde">>, <<"cd">>])` => `{1, 4}`
    /// `binary:match(<<"abc">>, <<"x">>)` => `nomatch`
    /// `binary:match(<<"abc">>, <<>>)` => `error:badarg`
    [plain] "match"/2 = match_2, "erts/emulator/beam/erl_bif_binary.c";
    /// As `match/2` within `{scope, {Start, Length}}`.
    ///
    /// `binary:match(<<"abcde">>, <<"cd">>, [{scope, {5, -3}}])` => `{2, 2}`
    /// `binary:match(<<"abcde">>, <<"cd">>, [{scope, {6, 0}}])` => `error:badarg`
    [plain] "match"/3 = match_3, "erts/emulator/beam/erl_bif_binary.c";
    /// All matches that do not overlap.
    ///
    /// `binary:matches(<<"aaaaa">>, <<"aa">>)` => `[{0, 2}, {2, 2}]`
    [plain] "matches"/2 = matches_2, "erts/emulator/beam/erl_bif_binary.c";
    /// As `matches/2` within `{scope, {Start, Length}}`.
    ///
    /// `binary:matches(<<"aaa">>, <<"a">>, [{scope, {1, 1}}])` => `[{1, 1}]`
    [plain] "matches"/3 = matches_3, "erts/emulator/beam/erl_bif_binary.c";
    /// The binary cut at the first match.
    ///
    /// `binary:split(<<"a,b,c">>, <<",">>)` => `[<<"a">>, <<"b,c">>]`
    [plain] "split"/2 = split_2, "erts/emulator/beam/erl_bif_binary.c";
    /// As `split/2`; options `global`, `trim` (no empty parts at the end), `trim_all` (none at all), `{scope, Part}`.
    ///
    /// `binary:split(<<"aabaa">>, <<"a">>, [global, trim_all])` => `[<<"b">>]`
    /// `binary:split(<<"abaa">>, <<"a">>, [global, trim])` => `[<<>>, <<"b">>]`
    /// `binary:split(<<>>, <<"a">>, [trim])` => `[]`
    /// `binary:split(<<"a">>, <<"a">>, [x])` => `error:badarg`
    [plain] "split"/3 = split_3, "erts/emulator/beam/erl_bif_binary.c";
}

/// The longest binary that may be asked for.
const MAX_BYTES: usize = if usize::BITS == 64 { 1 << (usize::BITS - 24) } else { 1 << 30 };

/// Bytes searched or copied for one reduction.
const BYTES_A_REDUCTION: usize = 2000;

fn byte<'c>(call: &mut Call<'c>, value: u8) -> BifResult<'c> {
    Ok(call.integer(i64::from(value)))
}

fn at<'c>(call: &mut Call<'c>, [binary, position]: [Term<'c>; 2]) -> BifResult<'c> {
    let bits = binary.as_bits().filter(|bits| bits.is_binary()).or_badarg()?;
    let at = position.as_usize().filter(|at| *at < bits.size / 8).or_badarg()?;
    byte(call, bits.byte_at(at))
}

fn first<'c>(call: &mut Call<'c>, [binary]: [Term<'c>; 1]) -> BifResult<'c> {
    let bits = binary.as_bits().filter(|bits| bits.is_binary() && bits.size > 0).or_badarg()?;
    byte(call, bits.byte_at(0))
}

fn last<'c>(call: &mut Call<'c>, [binary]: [Term<'c>; 1]) -> BifResult<'c> {
    let bits = binary.as_bits().filter(|bits| bits.is_binary() && bits.size > 0).or_badarg()?;
    byte(call, bits.byte_at(bits.size / 8 - 1))
}

fn part_2<'c>(call: &mut Call<'c>, [binary, part]: [Term<'c>; 2]) -> BifResult<'c> {
    let [start, length] = part.as_tuple_of().or_badarg()?;
    binary_part(call, binary, start, length)
}
fn part_3<'c>(call: &mut Call<'c>, [binary, start, length]: [Term<'c>; 3]) -> BifResult<'c> {
    binary_part(call, binary, start, length)
}

fn copy_1<'c>(call: &mut Call<'c>, [binary]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = binary.to_bytes().or_badarg()?;
    call.bump((bytes.len() / BYTES_A_REDUCTION) as i64);
    Ok(call.binary(&bytes))
}

fn copy_2<'c>(call: &mut Call<'c>, [binary, count]: [Term<'c>; 2]) -> BifResult<'c> {
    // Nothing of a bitstring is copied, so none is refused.
    if binary.is_bitstring() && count.as_small() == Some(0) {
        return Ok(call.binary(&[]));
    }
    let bytes = binary.to_bytes().or_badarg()?;
    if is_negative_integer(count) || !count.is_integer() {
        return Err(Stop::BADARG);
    }
    let count = count.as_small().or_badarg()? as u64;
    let size = count.checked_mul(bytes.len() as u64).filter(|size| *size <= MAX_BYTES as u64).ok_or(Stop::SYSTEM_LIMIT)?;
    call.bump((size / BYTES_A_REDUCTION as u64) as i64);
    // Many times nothing is nothing, also where the number of times is beyond an address.
    let times = if size == 0 { 0 } else { count as usize };
    Ok(call.binary(&bytes.repeat(times)))
}

fn referenced_byte_size<'c>(call: &mut Call<'c>, [binary]: [Term<'c>; 1]) -> BifResult<'c> {
    binary.as_bits().or_badarg()?;
    let (base, _) = crate::binary::base_and_offset(binary);
    let size = base.as_bits().or_badarg()?.size.div_ceil(8);
    Ok(call.unsigned(size as u64))
}

/// `big` or `little`.
fn endian<'c>(order: Term<'c>) -> Result<Endian, Stop<'c>> {
    match order.as_atom() {
        Some(am::BIG) => Ok(Endian::Big),
        Some(am::LITTLE) => Ok(Endian::Little),
        _ => Err(Stop::BADARG),
    }
}

fn encode<'c>(call: &mut Call<'c>, value: Term<'c>, endian: Endian) -> BifResult<'c> {
    let value = int_ref(value).filter(|value| !value.is_negative()).or_badarg()?;
    let mut bytes = vec![0; integer::magnitude_byte_len(value).max(1)];
    integer::write_magnitude(value, endian, &mut bytes);
    Ok(call.binary(&bytes))
}
fn encode_unsigned_1<'c>(call: &mut Call<'c>, [value]: [Term<'c>; 1]) -> BifResult<'c> {
    encode(call, value, Endian::Big)
}
fn encode_unsigned_2<'c>(call: &mut Call<'c>, [value, order]: [Term<'c>; 2]) -> BifResult<'c> {
    encode(call, value, endian(order)?)
}

fn decode<'c>(call: &mut Call<'c>, binary: Term<'c>, endian: Endian) -> BifResult<'c> {
    let bytes = binary.to_bytes().or_badarg()?;
    let value = integer::from_magnitude(&bytes, endian, false).map_err(|_| Stop::SYSTEM_LIMIT)?;
    Ok(call.owned_integer(&value))
}
fn decode_unsigned_1<'c>(call: &mut Call<'c>, [binary]: [Term<'c>; 1]) -> BifResult<'c> {
    decode(call, binary, Endian::Big)
}
fn decode_unsigned_2<'c>(call: &mut Call<'c>, [binary, order]: [Term<'c>; 2]) -> BifResult<'c> {
    decode(call, binary, endian(order)?)
}

/// Length of the common start of all binaries in a list, by `common`.
fn longest_common<'c>(call: &mut Call<'c>, list: Term<'c>, common: fn(&[u8], &[u8]) -> usize) -> BifResult<'c> {
    let binaries = list.list_to_vec().or_badarg()?;
    let (first, rest) = binaries.split_first().or_badarg()?;
    let first = first.to_bytes().or_badarg()?;
    let mut length = first.len();
    for binary in rest {
        let bytes = binary.to_bytes().or_badarg()?;
        length = length.min(common(&first, &bytes));
    }
    Ok(call.unsigned(length as u64))
}
fn longest_common_prefix<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    longest_common(call, list, |a, b| a.iter().zip(b).take_while(|(a, b)| a == b).count())
}
fn longest_common_suffix<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    longest_common(call, list, |a, b| a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count())
}

/// A pattern argument made ready: one binary as it is, several compiled here, or what a resource holds.
enum Ready<'c> {
    Bytes(Cow<'c, [u8]>),
    Own(Pattern),
    Shared(&'c Pattern),
}

impl Ready<'_> {
    /// Start and length of the first match.
    fn find(&self, subject: &[u8]) -> Option<(usize, usize)> {
        match self {
            Ready::Bytes(bytes) => match **bytes {
                [byte] => memchr::memchr(byte, subject).map(|at| (at, 1)),
                _ => memmem::find(subject, bytes).map(|at| (at, bytes.len())),
            },
            Ready::Own(pattern) => pattern.find(subject, 0),
            Ready::Shared(pattern) => pattern.find(subject, 0),
        }
    }
    /// All matches that do not overlap, from the left.
    fn find_all(&self, subject: &[u8]) -> Vec<(usize, usize)> {
        match self {
            Ready::Bytes(bytes) => match **bytes {
                [byte] => memchr::memchr_iter(byte, subject).map(|at| (at, 1)).collect(),
                _ => memmem::find_iter(subject, &**bytes).map(|at| (at, bytes.len())).collect(),
            },
            Ready::Own(pattern) => pattern.find_all(subject),
            Ready::Shared(pattern) => pattern.find_all(subject),
        }
    }
}

/// *Errors*: `None` for what is no pattern.
fn pattern_of(term: Term<'_>) -> Option<Ready<'_>> {
    if let Some([tag, reference]) = term.as_tuple_of() {
        let View::Ref(reference) = reference.view() else { return None };
        let pattern = reference.resource::<Pattern>()?;
        return (tag.as_atom()?.text() == pattern.tag()).then_some(Ready::Shared(pattern));
    }
    if term.is_bitstring() {
        return term.to_bytes().filter(|bytes| !bytes.is_empty()).map(Ready::Bytes);
    }
    let mut patterns = Vec::new();
    for pattern in term.list_to_vec()? {
        patterns.push(pattern.to_bytes()?.into_owned());
    }
    if patterns.is_empty() || patterns.iter().any(Vec::is_empty) {
        return None;
    }
    Some(Ready::Own(Pattern::new(patterns)))
}

fn compile_pattern<'c>(call: &mut Call<'c>, [pattern]: [Term<'c>; 1]) -> BifResult<'c> {
    let pattern = match pattern_of(pattern) {
        Some(Ready::Bytes(bytes)) => Pattern::new(vec![bytes.into_owned()]),
        Some(Ready::Own(pattern)) => pattern,
        _ => return Err(Stop::BADARG),
    };
    let tag = atom::intern_static(pattern.tag());
    let id = call.system().unique.reference();
    let reference = call.resource(Arc::new(Resource { data: Box::new(pattern) }), id);
    Ok(call.tuple(&[Term::atom(tag), reference]))
}

/// `{scope, {Start, Length}}` as a range of the subject.
fn scope_of(option: Term<'_>, size: usize) -> Option<(usize, usize)> {
    let [name, part] = option.as_tuple_of()?;
    if !name.is_atom(am::SCOPE) {
        return None;
    }
    let [start, length] = part.as_tuple_of()?;
    let (start, length) = part_range(size, start, length)?;
    Some((start, start + length))
}

/// Range that the options leave of a subject. An improper tail is not looked at, as in OTP.
fn search_range<'c>(options: Term<'c>, size: usize) -> Result<(usize, usize), Stop<'c>> {
    let mut range = (0, size);
    if !options.is_list() {
        return Err(Stop::BADARG);
    }
    for option in options.iter_list() {
        range = scope_of(option, size).or_badarg()?;
    }
    Ok(range)
}

fn position<'c>(call: &mut Call<'c>, start: usize, length: usize) -> Term<'c> {
    let start = call.unsigned(start as u64);
    let length = call.unsigned(length as u64);
    call.tuple(&[start, length])
}

fn match_in<'c>(call: &mut Call<'c>, subject: Term<'c>, pattern: Term<'c>, options: Term<'c>) -> BifResult<'c> {
    let bytes = subject.to_bytes().or_badarg()?;
    let (start, end) = search_range(options, bytes.len())?;
    let pattern = pattern_of(pattern).or_badarg()?;
    let found = pattern.find(&bytes[start..end]);
    call.bump((found.map_or(end - start, |(at, _)| at) / BYTES_A_REDUCTION) as i64);
    match found {
        Some((at, length)) => Ok(position(call, start + at, length)),
        None => Ok(Term::atom(am::NOMATCH)),
    }
}
fn match_2<'c>(call: &mut Call<'c>, [subject, pattern]: [Term<'c>; 2]) -> BifResult<'c> {
    match_in(call, subject, pattern, Term::NIL)
}
fn match_3<'c>(call: &mut Call<'c>, [subject, pattern, options]: [Term<'c>; 3]) -> BifResult<'c> {
    match_in(call, subject, pattern, options)
}

fn matches_in<'c>(call: &mut Call<'c>, subject: Term<'c>, pattern: Term<'c>, options: Term<'c>) -> BifResult<'c> {
    let bytes = subject.to_bytes().or_badarg()?;
    let (start, end) = search_range(options, bytes.len())?;
    let pattern = pattern_of(pattern).or_badarg()?;
    call.bump(((end - start) / BYTES_A_REDUCTION) as i64);
    let found = pattern.find_all(&bytes[start..end]);
    let found: Vec<Term<'c>> = found.into_iter().map(|(at, length)| position(call, start + at, length)).collect();
    Ok(call.list(&found))
}
fn matches_2<'c>(call: &mut Call<'c>, [subject, pattern]: [Term<'c>; 2]) -> BifResult<'c> {
    matches_in(call, subject, pattern, Term::NIL)
}
fn matches_3<'c>(call: &mut Call<'c>, [subject, pattern, options]: [Term<'c>; 3]) -> BifResult<'c> {
    matches_in(call, subject, pattern, options)
}

/// What `split/3`'s options ask for.
struct SplitOptions {
    global: bool,
    trim_end: bool,
    trim_all: bool,
    range: (usize, usize),
}

fn split_options<'c>(options: Term<'c>, size: usize) -> Result<SplitOptions, Stop<'c>> {
    let mut asked = SplitOptions { global: false, trim_end: false, trim_all: false, range: (0, size) };
    if !options.is_list() {
        return Err(Stop::BADARG);
    }
    for option in options.iter_list() {
        match option.as_atom() {
            Some(am::GLOBAL) => asked.global = true,
            Some(am::TRIM) => asked.trim_end = true,
            Some(am::TRIM_ALL) => asked.trim_all = true,
            Some(_) => return Err(Stop::BADARG),
            None => asked.range = scope_of(option, size).or_badarg()?,
        }
    }
    Ok(asked)
}

fn split_in<'c>(call: &mut Call<'c>, subject: Term<'c>, pattern: Term<'c>, options: Term<'c>) -> BifResult<'c> {
    let bytes = subject.to_bytes().or_badarg()?;
    let asked = split_options(options, bytes.len())?;
    let pattern = pattern_of(pattern).or_badarg()?;
    let (start, end) = asked.range;
    call.bump(((end - start) / BYTES_A_REDUCTION) as i64);
    let scope = &bytes[start..end];
    let cuts = if asked.global { pattern.find_all(scope) } else { pattern.find(scope).into_iter().collect() };
    let mut parts: Vec<(usize, usize)> = Vec::with_capacity(cuts.len() + 1);
    let mut from = 0;
    for (at, length) in cuts {
        parts.push((from, start + at));
        from = start + at + length;
    }
    parts.push((from, bytes.len()));
    if asked.trim_all {
        parts.retain(|(from, to)| from < to);
    } else if asked.trim_end {
        let kept = parts.iter().rposition(|(from, to)| from < to).map_or(0, |last| last + 1);
        parts.truncate(kept);
    }
    let parts: Vec<Term<'c>> = parts.into_iter().map(|(from, to)| call.sub_bits(subject, 8 * from, 8 * (to - from))).collect();
    Ok(call.list(&parts))
}
fn split_2<'c>(call: &mut Call<'c>, [subject, pattern]: [Term<'c>; 2]) -> BifResult<'c> {
    split_in(call, subject, pattern, Term::NIL)
}
fn split_3<'c>(call: &mut Call<'c>, [subject, pattern, options]: [Term<'c>; 3]) -> BifResult<'c> {
    split_in(call, subject, pattern, options)
}

#[cfg(test)]
mod tests {
    use crate::bif::testing::{check, run};
    use crate::term::Term;

    #[test]
    fn scopes_and_trims() {
        check("binary", "split", "<<\"aabaa\">>, <<\"a\">>, [global, {scope, {1, 2}}]", "[<<\"a\">>, <<\"baa\">>]");
        check("binary", "split", "<<\"aabaa\">>, <<\"a\">>, [trim_all]", "[<<\"abaa\">>]");
        check("binary", "split", "<<\"a\">>, <<\"a\">>, [trim]", "[]");
        check("binary", "split", "<<\"bbb\">>, <<\"a\">>, [global | trim]", "[<<\"bbb\">>]");
        check("binary", "match", "<<\"abcde\">>, [<<\"bcdf\">>, <<\"cd\">>], []", "{2, 2}");
        check("binary", "matches", "<<\"abcabc\">>, [<<\"ab\">>, <<\"abc\">>, <<\"bc\">>, <<\"ab\">>]", "[{0, 3}, {3, 3}]");
        check("binary", "match", "<<\"a\">>, [<<\"cd\">> | x], []", "error:badarg");
    }

    #[test]
    fn unaligned_subjects_are_searched() {
        let found = run("binary", "match", |heap| {
            let whole = heap.binary(&[0x0A, 0xBC, 0xDE, 0xF0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12]);
            let subject = heap.sub_bits(whole, 4, 19 * 8);
            let pattern = heap.binary(&[0xCD]);
            vec![subject, pattern]
        });
        assert_eq!(found, "{1,1}");
        let found = run("binary", "at", |heap| {
            let whole = heap.binary(&[0x0A, 0xBC, 0xDE, 0xF0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12]);
            let subject = heap.sub_bits(whole, 4, 19 * 8);
            vec![subject, Term::small(18).expect("small")]
        });
        assert_eq!(found, "1");
    }
}
