//! What guards and bodies may call: OTP's table, the frequent ones here, the rest by their BIFs.

use core::cmp::Ordering;

use super::Value;
use crate::atom::{Atom, am};
use crate::bif::{Call, bif_by_id, bif_by_name};
use crate::heap::map::map_get;
use crate::term::Term;
use crate::term::compare::{compare, equal, exact_eq};

/// What an expression calls.
#[derive(Clone, Copy)]
pub(super) enum Function {
    /// Reads its arguments where they lie.
    Here(Native),
    /// On copies of its arguments.
    Bif(crate::bif::Function),
}

#[derive(Clone, Copy)]
pub(super) enum Native {
    Equal,
    NotEqual,
    Exact,
    NotExact,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Not,
    Xor,
    IsAtom,
    IsFloat,
    IsInteger,
    IsList,
    IsNumber,
    IsPid,
    IsPort,
    IsReference,
    IsTuple,
    IsMap,
    IsBinary,
    IsFunction,
    IsRecord,
    Element,
    Head,
    Tail,
    Length,
    Size,
    MapSize,
    MapGet,
    IsMapKey,
}

const NATIVES: &[(&str, usize, Native)] = &[
    ("==", 2, Native::Equal),
    ("/=", 2, Native::NotEqual),
    ("=:=", 2, Native::Exact),
    ("=/=", 2, Native::NotExact),
    ("<", 2, Native::Less),
    ("=<", 2, Native::LessOrEqual),
    (">", 2, Native::Greater),
    (">=", 2, Native::GreaterOrEqual),
    ("not", 1, Native::Not),
    ("xor", 2, Native::Xor),
    ("is_atom", 1, Native::IsAtom),
    ("is_float", 1, Native::IsFloat),
    ("is_integer", 1, Native::IsInteger),
    ("is_list", 1, Native::IsList),
    ("is_number", 1, Native::IsNumber),
    ("is_pid", 1, Native::IsPid),
    ("is_port", 1, Native::IsPort),
    ("is_reference", 1, Native::IsReference),
    ("is_tuple", 1, Native::IsTuple),
    ("is_map", 1, Native::IsMap),
    ("is_binary", 1, Native::IsBinary),
    ("is_function", 1, Native::IsFunction),
    ("is_record", 3, Native::IsRecord),
    ("element", 2, Native::Element),
    ("hd", 1, Native::Head),
    ("tl", 1, Native::Tail),
    ("length", 1, Native::Length),
    ("size", 1, Native::Size),
    ("map_size", 1, Native::MapSize),
    ("map_get", 2, Native::MapGet),
    ("is_map_key", 2, Native::IsMapKey),
];

/// Guard BIFs called on copies.
const BIFS: &[(&str, usize)] = &[
    ("abs", 1),
    ("node", 0),
    ("node", 1),
    ("round", 1),
    ("bit_size", 1),
    ("byte_size", 1),
    ("binary_part", 2),
    ("binary_part", 3),
    ("trunc", 1),
    ("float", 1),
    ("+", 1),
    ("-", 1),
    ("+", 2),
    ("-", 2),
    ("*", 2),
    ("/", 2),
    ("div", 2),
    ("rem", 2),
    ("band", 2),
    ("bor", 2),
    ("bxor", 2),
    ("bnot", 1),
    ("bsl", 2),
    ("bsr", 2),
];

/// The function of this name and arity.
pub(super) fn function(name: Atom, arity: usize) -> Option<Function> {
    let text = name.text();
    if let Some((_, _, native)) = NATIVES.iter().find(|(name, count, _)| *name == text && *count == arity) {
        return Some(Function::Here(*native));
    }
    BIFS.iter().find(|(name, count)| *name == text && *count == arity)?;
    let id = bif_by_name("erlang", text, arity)?;
    Some(Function::Bif(bif_by_id(usize::from(id)).function))
}

impl Native {
    /// The value; `None` where the arguments do not fit.
    pub(super) fn apply<'o, 'c: 'o>(self, call: &mut Call<'c>, args: &[Value<'o, 'c>]) -> Option<Value<'o, 'c>> {
        let a = args.first()?.read();
        let b = args.get(1).map_or(Term::NIL, |value| value.read());
        let order = |accept: fn(Ordering) -> bool| accept(compare(a, b));
        let answer = match self {
            Native::Equal => equal(a, b),
            Native::NotEqual => !equal(a, b),
            Native::Exact => exact_eq(a, b),
            Native::NotExact => !exact_eq(a, b),
            Native::Less => order(Ordering::is_lt),
            Native::LessOrEqual => order(Ordering::is_le),
            Native::Greater => order(Ordering::is_gt),
            Native::GreaterOrEqual => order(Ordering::is_ge),
            Native::Not => !a.as_bool()?,
            Native::Xor => a.as_bool()? != b.as_bool()?,
            Native::IsAtom => a.as_atom().is_some(),
            Native::IsFloat => a.as_float().is_some(),
            Native::IsInteger => a.is_integer(),
            Native::IsList => a.is_list(),
            Native::IsNumber => a.is_number(),
            Native::IsPid => a.is_pid(),
            Native::IsPort => a.is_port(),
            Native::IsReference => a.is_ref(),
            Native::IsTuple => a.as_tuple().is_some(),
            Native::IsMap => a.is_map(),
            Native::IsBinary => a.as_bits().is_some_and(|bits| bits.is_binary()),
            Native::IsFunction => a.is_fun(),
            Native::IsRecord => is_record(a, b, args.get(2)?.read())?,
            Native::IsMapKey => map_get(&b.as_map()?, a).is_some(),
            _ => return self.part(call, a, b),
        };
        Some(Value::Out(Term::bool(answer)))
    }
    fn part<'o, 'c: 'o>(self, call: &mut Call<'c>, a: Term<'o>, b: Term<'o>) -> Option<Value<'o, 'c>> {
        let count = match self {
            Native::Element => {
                let at = a.as_usize()?.checked_sub(1)?;
                return Some(Value::In(*b.as_tuple()?.elements.get(at)?));
            }
            Native::Head => return Some(Value::In(a.as_cons()?.head)),
            Native::Tail => return Some(Value::In(a.as_cons()?.tail)),
            Native::MapGet => return Some(Value::In(map_get(&b.as_map()?, a)?)),
            Native::Length => a.list_length()?,
            Native::MapSize => a.as_map()?.len(),
            Native::Size => match a.as_tuple() {
                Some(tuple) => tuple.elements.len(),
                None => a.as_bits()?.size / 8,
            },
            _ => return None,
        };
        Some(Value::Out(call.unsigned(count as u64)))
    }
}

/// `is_record(Term, Tag, Size)`; the tag is an atom, the size an integer.
fn is_record(term: Term<'_>, tag: Term<'_>, size: Term<'_>) -> Option<bool> {
    let (tag, size) = (tag.as_atom()?, size.as_small()?);
    let Some(tuple) = term.as_tuple() else { return Some(false) };
    Some(tuple.elements.len() as i64 == size && tuple.elements.first().is_some_and(|first| first.is_atom(tag)))
}

/// The special forms that only a trace knows.
pub(super) fn is_trace_form(name: Atom) -> bool {
    let forms = [
        "message",
        "return_trace",
        "exception_trace",
        "is_seq_trace",
        "set_seq_token",
        "get_seq_token",
        "display",
        "process_dump",
        "enable_trace",
        "disable_trace",
        "trace",
        "caller",
        "caller_line",
        "current_stacktrace",
        "silent",
    ];
    name != am::SELF && forms.contains(&name.text())
}
