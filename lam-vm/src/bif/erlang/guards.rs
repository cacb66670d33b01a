//! BIFs that guards may call: sizes, parts, rounding, type tests.

use crate::atom::am;
use crate::bif::args::{OrBadarg, one_based, part_range, self_pid};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::arith::{self, Number};
use crate::term::compare::compare;
use crate::term::integer::{self, Integer};
use crate::term::{Term, View, otp};

bifs! { module "erlang";
    /// The number without its sign.
    ///
    /// `erlang:abs(-3)` => `3`
    /// `erlang:abs(-1.5)` => `1.5`
    /// `erlang:abs(-1152921504606846976)` => `1152921504606846976`
    /// `erlang:abs(a)` => `error:badarg`
    [guard] "abs"/1 = abs, "erts/emulator/beam/erl_bif_guard.c";
    /// Element `N` of a tuple, counted from 1.
    ///
    /// `erlang:element(2, {a, b})` => `b`
    /// `erlang:element(0, {a, b})` => `error:badarg`
    [guard] "element"/2 = element, "erts/emulator/beam/bif.c";
    /// The first element of a list.
    ///
    /// `erlang:hd([a|b])` => `a`
    /// `erlang:hd([])` => `error:badarg`
    [guard] "hd"/1 = hd, "erts/emulator/beam/bif.c";
    /// What follows the first element of a list.
    ///
    /// `erlang:tl([a|b])` => `b`
    [guard] "tl"/1 = tl, "erts/emulator/beam/bif.c";
    /// Number of elements of a proper list.
    ///
    /// `erlang:length("abc")` => `3`
    /// `erlang:length([a|b])` => `error:badarg`
    [guard] "length"/1 = length, "erts/emulator/beam/erl_bif_guard.c";
    /// Size of a tuple, or of a binary in whole bytes, rounded down.
    ///
    /// `erlang:size({a, b})` => `2`
    /// `erlang:size(<<1:9>>)` => `1`
    /// `erlang:size([])` => `error:badarg`
    [guard] "size"/1 = size, "erts/emulator/beam/erl_bif_guard.c";
    /// Size of a bitstring in bytes, rounded up.
    ///
    /// `erlang:byte_size(<<1:9>>)` => `2`
    [guard] "byte_size"/1 = byte_size, "erts/emulator/beam/erl_bif_guard.c";
    /// Size of a bitstring in bits.
    ///
    /// `erlang:bit_size(<<1:9>>)` => `9`
    [guard] "bit_size"/1 = bit_size, "erts/emulator/beam/erl_bif_guard.c";
    /// Number of elements of a tuple.
    ///
    /// `erlang:tuple_size({})` => `0`
    [guard] "tuple_size"/1 = tuple_size, "erts/emulator/beam/bif.c";
    /// The nearest integer; halves go away from zero.
    ///
    /// `erlang:round(-2.5)` => `-3`
    /// `erlang:round(1.0e30)` => `1000000000000000019884624838656`
    /// `erlang:round(a)` => `error:badarg`
    [guard] "round"/1 = round, "erts/emulator/beam/erl_bif_guard.c";
    /// The integer part.
    ///
    /// `erlang:trunc(-2.7)` => `-2`
    [guard] "trunc"/1 = trunc, "erts/emulator/beam/erl_bif_guard.c";
    /// The largest integer not above the number.
    ///
    /// `erlang:floor(-2.5)` => `-3`
    [guard] "floor"/1 = floor, "erts/emulator/beam/erl_bif_guard.c";
    /// The smallest integer not below the number.
    ///
    /// `erlang:ceil(2.1)` => `3`
    [guard] "ceil"/1 = ceil, "erts/emulator/beam/erl_bif_guard.c";
    /// The number as a float; `badarg` for an integer beyond their range.
    ///
    /// `erlang:float(3)` => `3.0`
    [guard] "float"/1 = float, "erts/emulator/beam/erl_bif_guard.c";
    /// The calling process.
    [guard] "self"/0 = self_0, "erts/emulator/beam/bif.c";
    /// This node's name: without distribution always `nonode@nohost`.
    ///
    /// `erlang:node()` => `nonode@nohost`
    [guard] "node"/0 = node_0, "erts/emulator/beam/dist.c";
    /// The node where a pid, port or reference was made.
    ///
    /// `erlang:node(a)` => `error:badarg`
    [guard] "node"/1 = node_1, "erts/emulator/beam/dist.c";
    /// Part `{Start, Length}` of a binary, counted from 0; a negative length counts backwards.
    ///
    /// `erlang:binary_part(<<1, 2, 3>>, {3, -2})` => `<<2, 3>>`
    /// `erlang:binary_part(<<1, 2, 3>>, {2})` => `error:badarg`
    [guard] "binary_part"/2 = binary_part_2, "erts/emulator/beam/erl_bif_guard.c";
    /// Part of a binary.
    ///
    /// `erlang:binary_part(<<1, 2, 3>>, 1, 1)` => `<<2>>`
    /// `erlang:binary_part(<<1, 2, 3>>, 1, 3)` => `error:badarg`
    [guard] "binary_part"/3 = binary_part_3, "erts/emulator/beam/erl_bif_guard.c";
    /// Is it an atom?
    ///
    /// `erlang:is_atom(a)` => `true`
    [guard] "is_atom"/1 = is_atom, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a list, the empty one too?
    ///
    /// `erlang:is_list([])` => `true`
    [guard] "is_list"/1 = is_list, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a tuple?
    ///
    /// `erlang:is_tuple({})` => `true`
    [guard] "is_tuple"/1 = is_tuple, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a float?
    ///
    /// `erlang:is_float(1)` => `false`
    [guard] "is_float"/1 = is_float, "erts/emulator/beam/erl_bif_op.c";
    /// Is it an integer?
    ///
    /// `erlang:is_integer(18446744073709551616)` => `true`
    [guard] "is_integer"/1 = is_integer, "erts/emulator/beam/erl_bif_op.c";
    /// Is it an integer from one bound to another? `badarg` for bounds that are none.
    [guard 29] "is_integer"/3 = is_integer_3, "erts/emulator/beam/erl_bif_op.c";
    /// Is it an integer or a float?
    ///
    /// `erlang:is_number(1.0)` => `true`
    [guard] "is_number"/1 = is_number, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a pid?
    ///
    /// `erlang:is_pid(a)` => `false`
    [guard] "is_pid"/1 = is_pid, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a port?
    ///
    /// `erlang:is_port(a)` => `false`
    [guard] "is_port"/1 = is_port, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a reference?
    ///
    /// `erlang:is_reference(a)` => `false`
    [guard] "is_reference"/1 = is_reference, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a binary, a bitstring of whole bytes?
    ///
    /// `erlang:is_binary(<<1:9>>)` => `false`
    [guard] "is_binary"/1 = is_binary, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a bitstring?
    ///
    /// `erlang:is_bitstring(<<1:9>>)` => `true`
    [guard] "is_bitstring"/1 = is_bitstring, "erts/emulator/beam/erl_bif_op.c";
    /// Is it `true` or `false`?
    ///
    /// `erlang:is_boolean(false)` => `true`
    [guard] "is_boolean"/1 = is_boolean, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a fun?
    ///
    /// `erlang:is_function(a)` => `false`
    [guard] "is_function"/1 = is_function_1, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a fun of this arity? `badarg` unless that is a non-negative integer.
    ///
    /// `erlang:is_function(a, 2)` => `false`
    /// `erlang:is_function(a, -1)` => `error:badarg`
    [guard] "is_function"/2 = is_function_2, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a tuple that begins with this atom?
    ///
    /// `erlang:is_record({a, 1}, a)` => `true`
    /// `erlang:is_record({a, 1}, 1)` => `error:badarg`
    [guard] "is_record"/2 = is_record_2, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a tuple of this size that begins with this atom?
    ///
    /// `erlang:is_record({a, 1}, a, 2)` => `true`
    /// `erlang:is_record({a, 1}, a, -2)` => `false`
    /// `erlang:is_record({a, 1}, a, b)` => `error:badarg`
    [guard] "is_record"/3 = is_record_3, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a native record (from OTP 29)?
    [guard 29] "is_record"/1 = is_record_1, "erts/emulator/beam/erl_bif_op.c";
    /// Is it a map?
    ///
    /// `erlang:is_map(a)` => `false`
    [guard] "is_map"/1 = is_map, "erts/emulator/beam/erl_map.c";
}

fn abs<'c>(call: &mut Call<'c>, [number]: [Term<'c>; 1]) -> BifResult<'c> {
    match Number::of(number).or_badarg()? {
        // `-0.0` is not below zero and stays what it is.
        Number::Float(value) => Ok(call.float(if value < 0.0 { -value } else { value })),
        Number::Int(value) if value.is_negative() => Ok(arith::neg(call, number)?),
        Number::Int(_) => Ok(number),
    }
}

fn element<'c>(_: &mut Call<'c>, [index, tuple]: [Term<'c>; 2]) -> BifResult<'c> {
    let elements = tuple.as_tuple().or_badarg()?.elements;
    Ok(elements[one_based(index, elements.len()).or_badarg()?])
}

fn hd<'c>(_: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(list.as_cons().or_badarg()?.head)
}

fn tl<'c>(_: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(list.as_cons().or_badarg()?.tail)
}

fn count<'c>(call: &mut Call<'c>, count: usize) -> BifResult<'c> {
    Ok(call.unsigned(count as u64))
}

fn length<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    let length = list.list_length().or_badarg()?;
    call.bump(length as i64 / 256);
    count(call, length)
}

fn size<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    let size = match term.as_tuple() {
        Some(tuple) => tuple.elements.len(),
        None => term.as_bits().or_badarg()?.size / 8,
    };
    count(call, size)
}

fn byte_size<'c>(call: &mut Call<'c>, [bits]: [Term<'c>; 1]) -> BifResult<'c> {
    let size = bits.as_bits().or_badarg()?.size;
    count(call, size.div_ceil(8))
}

fn bit_size<'c>(call: &mut Call<'c>, [bits]: [Term<'c>; 1]) -> BifResult<'c> {
    let size = bits.as_bits().or_badarg()?.size;
    count(call, size)
}

fn tuple_size<'c>(call: &mut Call<'c>, [tuple]: [Term<'c>; 1]) -> BifResult<'c> {
    let size = tuple.as_tuple().or_badarg()?.elements.len();
    count(call, size)
}

fn rounded<'c>(call: &mut Call<'c>, number: Term<'c>, how: fn(f64) -> Integer) -> BifResult<'c> {
    match Number::of(number).or_badarg()? {
        Number::Int(_) => Ok(number),
        Number::Float(value) => Ok(call.owned_integer(&how(value))),
    }
}
fn round<'c>(call: &mut Call<'c>, [number]: [Term<'c>; 1]) -> BifResult<'c> {
    rounded(call, number, integer::round)
}
fn trunc<'c>(call: &mut Call<'c>, [number]: [Term<'c>; 1]) -> BifResult<'c> {
    rounded(call, number, integer::trunc)
}
fn floor<'c>(call: &mut Call<'c>, [number]: [Term<'c>; 1]) -> BifResult<'c> {
    rounded(call, number, integer::floor)
}
fn ceil<'c>(call: &mut Call<'c>, [number]: [Term<'c>; 1]) -> BifResult<'c> {
    rounded(call, number, integer::ceil)
}

fn float<'c>(call: &mut Call<'c>, [number]: [Term<'c>; 1]) -> BifResult<'c> {
    let value = Number::of(number).or_badarg()?.to_f64().or_badarg()?;
    Ok(call.float(value))
}

fn self_0<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(self_pid(call))
}

fn node_0<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(Term::atom(am::NONODE_NOHOST))
}

fn node_1<'c>(_: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    match term.view() {
        View::Pid(_) | View::Port(_) | View::Ref(_) => Ok(Term::atom(am::NONODE_NOHOST)),
        View::ExternalPid(words) | View::ExternalPort(words) | View::ExternalRef(words) => {
            Ok(Term::atom(crate::atom::Atom::of_word(words[0])))
        }
        _ => Err(Stop::BADARG),
    }
}

/// The part of a bitstring's whole bytes.
pub fn binary_part<'c>(call: &mut Call<'c>, binary: Term<'c>, start: Term<'c>, length: Term<'c>) -> BifResult<'c> {
    let bits = binary.as_bits().or_badarg()?;
    let (start, length) = part_range(bits.size / 8, start, length).or_badarg()?;
    Ok(call.sub_bits(binary, 8 * start, 8 * length))
}
fn binary_part_2<'c>(call: &mut Call<'c>, [binary, part]: [Term<'c>; 2]) -> BifResult<'c> {
    let [start, length] = part.as_tuple_of().or_badarg()?;
    binary_part(call, binary, start, length)
}
fn binary_part_3<'c>(call: &mut Call<'c>, [binary, start, length]: [Term<'c>; 3]) -> BifResult<'c> {
    binary_part(call, binary, start, length)
}

/// Type tests by a function of the term.
macro_rules! type_tests {
    ($($name:ident: |$term:ident| $test:expr;)*) => {$(
        fn $name<'c>(_: &mut Call<'c>, [$term]: [Term<'c>; 1]) -> BifResult<'c> {
            Ok(Term::bool($test))
        }
    )*};
}
type_tests! {
    is_atom: |term| term.as_atom().is_some();
    is_list: |term| term.is_list();
    is_tuple: |term| term.as_tuple().is_some();
    is_float: |term| term.as_float().is_some();
    is_integer: |term| term.is_integer();
    is_number: |term| term.is_number();
    is_pid: |term| term.is_pid();
    is_port: |term| term.is_port();
    is_reference: |term| term.is_ref();
    is_binary: |term| term.as_bits().is_some_and(|bits| bits.is_binary());
    is_bitstring: |term| term.is_bitstring();
    is_boolean: |term| term.as_bool().is_some();
    is_function_1: |term| term.is_fun();
    is_map: |term| term.is_map();
}

fn is_integer_3<'c>(_: &mut Call<'c>, [term, low, high]: [Term<'c>; 3]) -> BifResult<'c> {
    if !low.is_integer() || !high.is_integer() {
        return Err(Stop::BADARG);
    }
    Ok(Term::bool(term.is_integer() && compare(low, term).is_le() && compare(term, high).is_le()))
}

fn is_function_2<'c>(_: &mut Call<'c>, [term, arity]: [Term<'c>; 2]) -> BifResult<'c> {
    let wanted = arith::int_ref(arity).filter(|arity| !arity.is_negative()).or_badarg()?;
    let has = match term.view() {
        View::Fun(fun) => fun.entry.arity,
        View::Export(export) => export.arity,
        _ => return Ok(Term::bool(false)),
    };
    Ok(Term::bool(wanted.to_u64() == Some(has)))
}

fn is_tagged(term: Term<'_>, tag: crate::atom::Atom, size: Option<i64>) -> bool {
    let Some(tuple) = term.as_tuple() else { return false };
    let right_size = size.is_none_or(|size| size == tuple.elements.len() as i64);
    right_size && tuple.elements.first().is_some_and(|first| first.is_atom(tag))
}
fn is_record_1<'c>(_: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(Term::bool(term.as_record().is_some()))
}
fn is_record_2<'c>(_: &mut Call<'c>, [term, tag]: [Term<'c>; 2]) -> BifResult<'c> {
    let atom = tag.as_atom().or_badarg()?;
    let is_native = term.as_record().is_some_and(|record| record.name().is_same(tag));
    Ok(Term::bool(is_native || is_tagged(term, atom, None)))
}
/// A tuple's tag and size; from OTP 29 also module and name of a native record.
fn is_record_3<'c>(_: &mut Call<'c>, [term, tag, size]: [Term<'c>; 3]) -> BifResult<'c> {
    let atom = tag.as_atom().or_badarg()?;
    if size.as_atom().is_some() && otp::release() >= 29 {
        let is_native = term.as_record().is_some_and(|record| record.module().is_same(tag) && record.name().is_same(size));
        return Ok(Term::bool(is_native));
    }
    let size = size.as_small().or_badarg()?;
    Ok(Term::bool(is_tagged(term, atom, Some(size))))
}
