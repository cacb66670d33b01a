//! `lists`: what OTP has natively of it. All stop when the time slice is used up and go on from the cell they reached.

use super::args::OrBadarg;
use super::{BifResult, Call, Stop, bifs};
use crate::atom::am;
use crate::term::Term;
use crate::term::compare::{equal, exact_eq};

bifs! { module "lists";
    /// Reverses `List` and puts `Tail` after it; `badarg` when `List` is improper.
    /// Cost: one reduction for ten cells.
    ///
    /// `lists:reverse([1, 2], [3])` => `[2, 1, 3]`
    /// `lists:reverse([], a)` => `a`
    /// `lists:reverse([1|2], [])` => `error:badarg`
    [yields] "reverse"/2 = reverse, "erts/emulator/beam/erl_bif_lists.c";
    /// Is a term that is `=:=` in the list?
    /// Cost: one reduction for ten cells.
    ///
    /// `lists:member(2, [1, 2, 3])` => `true`
    /// `lists:member(1, [1.0])` => `false`
    /// `lists:member(2, [1|2])` => `error:badarg`
    [yields] "member"/2 = member, "erts/emulator/beam/erl_bif_lists.c";
    /// The first tuple whose element `N` is `==` to `Key`, or `false`.
    /// Cost: one reduction for ten cells.
    ///
    /// `lists:keyfind(b, 1, [{a, 1}, x, {b, 2}])` => `{b, 2}`
    /// `lists:keyfind(1, 2, [{1}, {a, 1.0}])` => `{a, 1.0}`
    /// `lists:keyfind(c, 1, [{a}])` => `false`
    /// `lists:keyfind(c, 0, [{a}])` => `error:badarg`
    [yields] "keyfind"/3 = keyfind, "erts/emulator/beam/erl_bif_lists.c";
    /// Whether `keyfind/3` finds a tuple.
    ///
    /// `lists:keymember(b, 1, [{a, 1}, {b, 2}])` => `true`
    [yields] "keymember"/3 = keymember, "erts/emulator/beam/erl_bif_lists.c";
    /// What `keyfind/3` finds as `{value, Tuple}`.
    ///
    /// `lists:keysearch(b, 1, [{a, 1}, {b, 2}])` => `{value, {b, 2}}`
    /// `lists:keysearch(c, 1, [])` => `false`
    [yields] "keysearch"/3 = keysearch, "erts/emulator/beam/erl_bif_lists.c";
}

/// Cells that one reduction pays for.
const CELLS_A_REDUCTION: i64 = 10;

/// Cells that the rest of the time slice pays for, at least a few.
fn cells_left(call: &Call<'_>) -> usize {
    usize::try_from(call.reductions_left().saturating_mul(CELLS_A_REDUCTION)).unwrap_or(0).max(100)
}

/// Counts the cells that were visited.
fn pay(call: &mut Call<'_>, cells: usize) {
    call.bump(cells as i64 / CELLS_A_REDUCTION + 1);
}

fn reverse<'c>(call: &mut Call<'c>, [list, tail]: [Term<'c>; 2]) -> BifResult<'c> {
    let most = cells_left(call);
    let (mut list, mut tail, mut cells) = (list, tail, 0);
    while let Some(cell) = list.as_cons() {
        if cells == most {
            pay(call, cells);
            return Err(call.again(&[list, tail]));
        }
        tail = call.cons(cell.head, tail);
        list = cell.tail;
        cells += 1;
    }
    pay(call, cells);
    if list.is_nil() { Ok(tail) } else { Err(Stop::BADARG) }
}

/// Looks along a list: what the first cell that `accept` takes gives, `None` at the end, or a stop.
fn find<'c>(
    call: &mut Call<'c>,
    list: Term<'c>,
    again: impl Fn(Term<'c>) -> [Term<'c>; 3],
    arity: usize,
    accept: impl Fn(Term<'c>) -> bool,
) -> Result<Option<Term<'c>>, Stop<'c>> {
    let most = cells_left(call);
    let mut rest = list;
    let mut cells = 0;
    while let Some(cell) = rest.as_cons() {
        if cells == most {
            pay(call, cells);
            return Err(call.again(&again(rest)[3 - arity..]));
        }
        if accept(cell.head) {
            pay(call, cells);
            return Ok(Some(cell.head));
        }
        rest = cell.tail;
        cells += 1;
    }
    pay(call, cells);
    if rest.is_nil() { Ok(None) } else { Err(Stop::BADARG) }
}

fn member<'c>(call: &mut Call<'c>, [term, list]: [Term<'c>; 2]) -> BifResult<'c> {
    let found = find(call, list, |rest| [term, term, rest], 2, |head| exact_eq(term, head))?;
    Ok(Term::bool(found.is_some()))
}

/// The first tuple of the list with `key` at `position`.
fn find_key<'c>(call: &mut Call<'c>, [key, position, list]: [Term<'c>; 3]) -> Result<Option<Term<'c>>, Stop<'c>> {
    let at = position.as_usize().filter(|at| *at > 0).or_badarg()? - 1;
    find(
        call,
        list,
        |rest| [key, position, rest],
        3,
        |head| head.as_tuple().and_then(|tuple| tuple.elements.get(at).copied()).is_some_and(|element| equal(key, element)),
    )
}

fn keyfind<'c>(call: &mut Call<'c>, args: [Term<'c>; 3]) -> BifResult<'c> {
    Ok(find_key(call, args)?.unwrap_or(Term::bool(false)))
}

fn keymember<'c>(call: &mut Call<'c>, args: [Term<'c>; 3]) -> BifResult<'c> {
    Ok(Term::bool(find_key(call, args)?.is_some()))
}

fn keysearch<'c>(call: &mut Call<'c>, args: [Term<'c>; 3]) -> BifResult<'c> {
    match find_key(call, args)? {
        Some(tuple) => Ok(call.tuple(&[Term::atom(am::VALUE), tuple])),
        None => Ok(Term::bool(false)),
    }
}
