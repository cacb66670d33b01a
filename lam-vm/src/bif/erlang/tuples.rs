//! Tuples: making, changing, and lists of their elements.

use crate::bif::args::{OrBadarg, one_based};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::term::{Term, Tuple, View};

bifs! { module "erlang";
    /// The elements of the proper list `List` as a tuple.
    ///
    /// `erlang:list_to_tuple([a, 2])` => `{a, 2}`
    /// `erlang:list_to_tuple([a|b])` => `error:badarg`
    [plain] "list_to_tuple"/1 = list_to_tuple, "erts/emulator/beam/bif.c";
    /// The elements of a tuple as a list.
    ///
    /// `erlang:tuple_to_list({a, 2})` => `[a, 2]`
    [plain] "tuple_to_list"/1 = tuple_to_list, "erts/emulator/beam/bif.c";
    /// A copy of `Tuple` whose element `Index` is `Value`.
    ///
    /// `erlang:setelement(2, {a, b}, c)` => `{a, c}`
    /// `erlang:setelement(3, {a, b}, c)` => `error:badarg`
    [plain] "setelement"/3 = setelement, "erts/emulator/beam/bif.c";
    /// A tuple of `Arity` times the same term.
    ///
    /// `erlang:make_tuple(2, x)` => `{x, x}`
    [plain] "make_tuple"/2 = make_tuple_2, "erts/emulator/beam/bif.c";
    /// As `make_tuple/2`, then each `{Position, Value}` of the list is set, in order.
    ///
    /// `erlang:make_tuple(3, [], [{2, b}, {2, c}])` => `{[], c, []}`
    /// `erlang:make_tuple(1, [], [{2, b}])` => `error:badarg`
    [plain] "make_tuple"/3 = make_tuple_3, "erts/emulator/beam/bif.c";
    /// The tuple with one more element at its end.
    ///
    /// `erlang:append_element({a}, b)` => `{a, b}`
    [plain] "append_element"/2 = append_element, "erts/emulator/beam/bif.c";
    /// The tuple with `Term` put in before element `Index`.
    ///
    /// `erlang:insert_element(1, {a}, b)` => `{b, a}`
    /// `erlang:insert_element(2, {a}, b)` => `{a, b}`
    /// `erlang:insert_element(3, {a}, b)` => `error:badarg`
    [plain] "insert_element"/3 = insert_element, "erts/emulator/beam/bif.c";
    /// The tuple without element `Index`.
    ///
    /// `erlang:delete_element(1, {a, b})` => `{b}`
    /// `erlang:delete_element(1, {})` => `error:badarg`
    [plain] "delete_element"/2 = delete_element, "erts/emulator/beam/bif.c";
}

/// The largest arity.
pub const MAX_ARITY: usize = (1 << 24) - 1;

fn list_to_tuple<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    let elements = list.list_to_vec().or_badarg()?;
    if elements.len() > MAX_ARITY {
        return Err(Stop::BADARG);
    }
    call.bump(elements.len() as i64 / 32);
    Ok(call.tuple(&elements))
}

fn tuple_to_list<'c>(call: &mut Call<'c>, [tuple]: [Term<'c>; 1]) -> BifResult<'c> {
    let Tuple { elements } = tuple.as_tuple().or_badarg()?;
    Ok(call.list(elements))
}

fn setelement<'c>(call: &mut Call<'c>, [index, tuple, value]: [Term<'c>; 3]) -> BifResult<'c> {
    let Tuple { elements } = tuple.as_tuple().or_badarg()?;
    let at = one_based(index, elements.len()).or_badarg()?;
    let mut changed = elements.to_vec();
    changed[at] = value;
    Ok(call.tuple(&changed))
}

/// An arity argument: `badarg` unless a non-negative integer, `system_limit` when too large.
fn arity_of<'c>(arity: Term<'c>) -> Result<usize, Stop<'c>> {
    match arity.view() {
        View::Small(value @ 0..) if value as usize <= MAX_ARITY => Ok(value as usize),
        _ => Err(Stop::BADARG),
    }
}

fn make_tuple_2<'c>(call: &mut Call<'c>, [arity, value]: [Term<'c>; 2]) -> BifResult<'c> {
    let elements = vec![value; arity_of(arity)?];
    Ok(call.tuple(&elements))
}

fn make_tuple_3<'c>(call: &mut Call<'c>, [arity, value, list]: [Term<'c>; 3]) -> BifResult<'c> {
    let mut elements = vec![value; arity_of(arity)?];
    let mut list = list.iter_list();
    for pair in list.by_ref() {
        let [position, value] = pair.as_tuple_of().or_badarg()?;
        let at = one_based(position, elements.len()).or_badarg()?;
        elements[at] = value;
    }
    if !list.rest.is_nil() {
        return Err(Stop::BADARG);
    }
    Ok(call.tuple(&elements))
}

fn append_element<'c>(call: &mut Call<'c>, [tuple, value]: [Term<'c>; 2]) -> BifResult<'c> {
    let Tuple { elements } = tuple.as_tuple().or_badarg()?;
    insert_at(call, elements, elements.len(), value)
}

fn insert_element<'c>(call: &mut Call<'c>, [index, tuple, value]: [Term<'c>; 3]) -> BifResult<'c> {
    let Tuple { elements } = tuple.as_tuple().or_badarg()?;
    let at = one_based(index, elements.len() + 1).or_badarg()?;
    insert_at(call, elements, at, value)
}

fn insert_at<'c>(call: &mut Call<'c>, elements: &[Term<'c>], at: usize, value: Term<'c>) -> BifResult<'c> {
    if elements.len() >= MAX_ARITY {
        return Err(Stop::BADARG);
    }
    let mut longer = Vec::with_capacity(elements.len() + 1);
    longer.extend_from_slice(&elements[..at]);
    longer.push(value);
    longer.extend_from_slice(&elements[at..]);
    Ok(call.tuple(&longer))
}

fn delete_element<'c>(call: &mut Call<'c>, [index, tuple]: [Term<'c>; 2]) -> BifResult<'c> {
    let Tuple { elements } = tuple.as_tuple().or_badarg()?;
    let at = one_based(index, elements.len()).or_badarg()?;
    let mut shorter = elements.to_vec();
    shorter.remove(at);
    Ok(call.tuple(&shorter))
}
