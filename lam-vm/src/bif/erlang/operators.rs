//! Operators as functions: arithmetic, comparison, booleans, and `++` and `--`.

use crate::bif::args::OrBadarg;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::arith::{self, ArithError};
use crate::term::Term;
use crate::term::compare::{compare, compare_exact, equal, exact_eq as same};

bifs! { module "erlang";
    /// Sum. `badarith` unless both are numbers, or when a float result is not finite.
    ///
    /// `erlang:'+'(1, 2)` => `3`
    /// `erlang:'+'(1152921504606846975, 1)` => `1152921504606846976`
    /// `erlang:'+'(1, 2.5)` => `3.5`
    /// `erlang:'+'(a, 1)` => `error:badarith`
    [guard] "+"/2 = add, "erts/emulator/beam/erl_arith.c";
    /// Difference.
    ///
    /// `erlang:'-'(1, 2)` => `-1`
    [guard] "-"/2 = sub, "erts/emulator/beam/erl_arith.c";
    /// Product.
    ///
    /// `erlang:'*'(1.0e300, 1.0e300)` => `error:badarith`
    /// `erlang:'*'(4294967296, 4294967296)` => `18446744073709551616`
    [guard] "*"/2 = mul, "erts/emulator/beam/erl_arith.c";
    /// Quotient as a float; `badarith` by zero.
    ///
    /// `erlang:'/'(3, 2)` => `1.5`
    /// `erlang:'/'(3, 0.0)` => `error:badarith`
    [guard] "/"/2 = float_div, "erts/emulator/beam/erl_arith.c";
    /// Integer quotient, towards zero.
    ///
    /// `erlang:'div'(-7, 2)` => `-3`
    /// `erlang:'div'(7.0, 2)` => `error:badarith`
    [guard] "div"/2 = int_div, "erts/emulator/beam/erl_arith.c";
    /// Remainder, with the sign of the first.
    ///
    /// `erlang:'rem'(-7, 2)` => `-1`
    [guard] "rem"/2 = rem, "erts/emulator/beam/erl_arith.c";
    /// Bitwise and.
    ///
    /// `erlang:'band'(6, -4)` => `4`
    [guard] "band"/2 = band, "erts/emulator/beam/erl_arith.c";
    /// Bitwise or.
    ///
    /// `erlang:'bor'(6, 1)` => `7`
    [guard] "bor"/2 = bor, "erts/emulator/beam/erl_arith.c";
    /// Bitwise exclusive or.
    ///
    /// `erlang:'bxor'(6, 3)` => `5`
    [guard] "bxor"/2 = bxor, "erts/emulator/beam/erl_arith.c";
    /// Shift to the left, or to the right by a negative count.
    ///
    /// `erlang:'bsl'(1, 64)` => `18446744073709551616`
    /// `erlang:'bsl'(1, 100000000000)` => `error:system_limit`
    [guard] "bsl"/2 = bsl, "erts/emulator/beam/erl_arith.c";
    /// Shift to the right, rounding down.
    ///
    /// `erlang:'bsr'(-1, 5)` => `-1`
    [guard] "bsr"/2 = bsr, "erts/emulator/beam/erl_arith.c";
    /// Bitwise complement.
    ///
    /// `erlang:'bnot'(0)` => `-1`
    [guard] "bnot"/1 = bnot, "erts/emulator/beam/erl_arith.c";
    /// Negation.
    ///
    /// `erlang:'-'(1.5)` => `-1.5`
    [guard] "-"/1 = neg, "erts/emulator/beam/erl_arith.c";
    /// The number itself.
    ///
    /// `erlang:'+'(2)` => `2`
    /// `erlang:'+'(a)` => `error:badarith`
    [guard] "+"/1 = plus, "erts/emulator/beam/erl_arith.c";
    /// Same type and value.
    ///
    /// `erlang:'=:='(1, 1.0)` => `false`
    [guard] "=:="/2 = exact_eq, "erts/emulator/beam/erl_bif_op.c";
    /// Not `=:=`.
    ///
    /// `erlang:'=/='(1, 1.0)` => `true`
    [guard] "=/="/2 = exact_ne, "erts/emulator/beam/erl_bif_op.c";
    /// Equal, an integer and a float by value.
    ///
    /// `erlang:'=='(1, 1.0)` => `true`
    [guard] "=="/2 = eq, "erts/emulator/beam/erl_bif_op.c";
    /// Not `==`.
    ///
    /// `erlang:'/='(1, 2)` => `true`
    [guard] "/="/2 = ne, "erts/emulator/beam/erl_bif_op.c";
    /// Less in the order of terms.
    ///
    /// `erlang:'<'(1, a)` => `true`
    [guard] "<"/2 = lt, "erts/emulator/beam/erl_bif_op.c";
    /// Less or equal in the order of terms.
    ///
    /// `erlang:'=<'(1.0, 1)` => `true`
    [guard] "=<"/2 = le, "erts/emulator/beam/erl_bif_op.c";
    /// Greater in the order of terms.
    ///
    /// `erlang:'>'({a}, [a])` => `false`
    [guard] ">"/2 = gt, "erts/emulator/beam/erl_bif_op.c";
    /// Greater or equal in the order of terms.
    ///
    /// `erlang:'>='("b", "a")` => `true`
    [guard] ">="/2 = ge, "erts/emulator/beam/erl_bif_op.c";
    /// The smaller in the order of terms, the first of equal ones.
    ///
    /// `erlang:min(1.0, 1)` => `1.0`
    [guard] "min"/2 = min, "erts/preloaded/src/erlang.erl";
    /// The larger in the order of terms, the first of equal ones.
    ///
    /// `erlang:max(1, a)` => `a`
    [guard] "max"/2 = max, "erts/preloaded/src/erlang.erl";
    /// Both; `badarg` unless both are booleans.
    ///
    /// `erlang:'and'(true, false)` => `false`
    /// `erlang:'and'(false, 1)` => `error:badarg`
    [guard] "and"/2 = and, "erts/emulator/beam/erl_bif_op.c";
    /// Any.
    ///
    /// `erlang:'or'(true, false)` => `true`
    [guard] "or"/2 = or, "erts/emulator/beam/erl_bif_op.c";
    /// One and not the other.
    ///
    /// `erlang:'xor'(true, true)` => `false`
    [guard] "xor"/2 = xor, "erts/emulator/beam/erl_bif_op.c";
    /// The other boolean.
    ///
    /// `erlang:'not'(true)` => `false`
    /// `erlang:'not'(0)` => `error:badarg`
    [guard] "not"/1 = not, "erts/emulator/beam/erl_bif_op.c";
    /// The elements of the first list before `Tail`, which may be any term.
    ///
    /// `erlang:'++'([1, 2], [3])` => `[1, 2, 3]`
    /// `erlang:'++'([], a)` => `a`
    /// `erlang:'++'([1|2], [])` => `error:badarg`
    [plain] "++"/2 = append, "erts/emulator/beam/erl_bif_lists.c";
    /// As `'++'/2`.
    ///
    /// `erlang:append([1], [2])` => `[1, 2]`
    [plain] "append"/2 = append, "erts/emulator/beam/erl_bif_lists.c";
    /// The first list without, for each element of the second, its first occurrence by `=:=`.
    /// Cost: n log m.
    ///
    /// `erlang:'--'([1, 2, 1, 3], [1, 3])` => `[2, 1]`
    /// `erlang:'--'([1], [1.0])` => `[1]`
    /// `erlang:'--'([1|2], [])` => `error:badarg`
    [plain] "--"/2 = subtract, "erts/emulator/beam/erl_bif_lists.c";
    /// As `'--'/2`.
    ///
    /// `erlang:subtract([a, b], [a])` => `[b]`
    [plain] "subtract"/2 = subtract, "erts/emulator/beam/erl_bif_lists.c";
}

impl From<ArithError> for Stop<'_> {
    fn from(error: ArithError) -> Self {
        match error {
            ArithError::Badarith => Stop::BADARITH,
            ArithError::SystemLimit => Stop::SYSTEM_LIMIT,
        }
    }
}

/// Functions of two terms that `heap::arith` has.
macro_rules! arith_bifs {
    ($($name:ident),*) => {$(
        fn $name<'c>(call: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
            Ok(arith::$name(call, a, b)?)
        }
    )*};
}
arith_bifs!(add, sub, mul, float_div, int_div, rem, band, bor, bxor, bsl, bsr);

fn bnot<'c>(call: &mut Call<'c>, [a]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(arith::bnot(call, a)?)
}
fn neg<'c>(call: &mut Call<'c>, [a]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(arith::neg(call, a)?)
}
fn plus<'c>(_: &mut Call<'c>, [a]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(arith::plus(a)?)
}

fn exact_eq<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(Term::bool(same(a, b)))
}
fn exact_ne<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(Term::bool(!same(a, b)))
}
fn eq<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(Term::bool(equal(a, b)))
}
fn ne<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(Term::bool(!equal(a, b)))
}
fn lt<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(Term::bool(compare(a, b).is_lt()))
}
fn le<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(Term::bool(compare(a, b).is_le()))
}
fn gt<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(Term::bool(compare(a, b).is_gt()))
}
fn ge<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(Term::bool(compare(a, b).is_ge()))
}
fn min<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(if compare(a, b).is_le() { a } else { b })
}
fn max<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(if compare(a, b).is_ge() { a } else { b })
}

/// Two booleans, or `badarg`.
fn bools<'c>(a: Term<'c>, b: Term<'c>) -> Result<(bool, bool), Stop<'c>> {
    Ok((a.as_bool().or_badarg()?, b.as_bool().or_badarg()?))
}
fn and<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    let (a, b) = bools(a, b)?;
    Ok(Term::bool(a & b))
}
fn or<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    let (a, b) = bools(a, b)?;
    Ok(Term::bool(a | b))
}
fn xor<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    let (a, b) = bools(a, b)?;
    Ok(Term::bool(a ^ b))
}
fn not<'c>(_: &mut Call<'c>, [a]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(Term::bool(!a.as_bool().or_badarg()?))
}

fn append<'c>(call: &mut Call<'c>, [list, tail]: [Term<'c>; 2]) -> BifResult<'c> {
    if list.is_nil() {
        return Ok(tail);
    }
    let elements = list.list_to_vec().or_badarg()?;
    call.bump(elements.len() as i64 / 64);
    Ok(call.list_with_tail(&elements, tail))
}

/// Below this many elements to take away, trying each is faster than sorting them.
const SORT_FROM: usize = 12;

fn subtract<'c>(call: &mut Call<'c>, [list, minus]: [Term<'c>; 2]) -> BifResult<'c> {
    let elements = list.list_to_vec().or_badarg()?;
    let minus = minus.list_to_vec().or_badarg()?;
    if elements.is_empty() || minus.is_empty() {
        return Ok(list);
    }
    call.bump(((elements.len() + minus.len()) / 16) as i64);
    let kept = if minus.len() < SORT_FROM { subtract_few(&elements, minus) } else { subtract_sorted(&elements, minus) };
    Ok(call.list(&kept))
}

fn subtract_few<'c>(elements: &[Term<'c>], mut minus: Vec<Term<'c>>) -> Vec<Term<'c>> {
    let mut kept = Vec::with_capacity(elements.len());
    for element in elements {
        match minus.iter().position(|other| same(*element, *other)) {
            Some(at) => {
                minus.swap_remove(at);
            }
            None => kept.push(*element),
        }
    }
    kept
}

/// An element to take away, and how often.
struct Counted<'c> {
    element: Term<'c>,
    count: usize,
}

fn subtract_sorted<'c>(elements: &[Term<'c>], mut minus: Vec<Term<'c>>) -> Vec<Term<'c>> {
    minus.sort_by(|a, b| compare_exact(*a, *b));
    let mut counted: Vec<Counted<'c>> = Vec::new();
    for element in minus {
        match counted.last_mut() {
            Some(last) if compare_exact(last.element, element).is_eq() => last.count += 1,
            _ => counted.push(Counted { element, count: 1 }),
        }
    }
    let mut kept = Vec::with_capacity(elements.len());
    for element in elements {
        match counted.binary_search_by(|other| compare_exact(other.element, *element)) {
            Ok(at) if counted[at].count > 0 => counted[at].count -= 1,
            _ => kept.push(*element),
        }
    }
    kept
}
