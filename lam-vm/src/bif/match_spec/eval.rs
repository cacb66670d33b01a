//! Guards and bodies: the value of an expression.

use smallvec::SmallVec;

use super::functions::Function;
use super::{Expression, Value};
use crate::atom::am;
use crate::bif::Call;
use crate::bif::args::self_pid;
use crate::term::Term;

/// What an expression may speak of.
pub(super) struct Env<'e, 'o> {
    pub whole: Term<'o>,
    pub bindings: &'e [Term<'o>],
}

/// What becomes of a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Guard,
    Body,
}

impl Place {
    /// `'EXIT'` in a body; nothing in a guard, which fails with it.
    fn failed<'o, 'c>(self) -> Option<Value<'o, 'c>> {
        (self == Place::Body).then(|| Value::Out(Term::atom(am::EXIT_SIGNAL)))
    }
}

impl<'o> Env<'_, 'o> {
    /// Whether a guard is `true`.
    pub fn holds<'c: 'o>(&self, call: &mut Call<'c>, guard: &'o Expression) -> bool {
        self.value(call, guard, Place::Guard).is_some_and(|value| value.read().is_atom(am::TRUE))
    }
    pub fn in_body<'c: 'o>(&self, call: &mut Call<'c>, expression: &'o Expression) -> Value<'o, 'c> {
        self.value(call, expression, Place::Body).unwrap_or(Value::Out(Term::atom(am::EXIT_SIGNAL)))
    }
    fn value<'c: 'o>(&self, call: &mut Call<'c>, expression: &'o Expression, place: Place) -> Option<Value<'o, 'c>> {
        Some(match expression {
            Expression::Constant(constant) => Value::In(constant.term()),
            Expression::Variable(at) => Value::In(self.bindings[*at]),
            Expression::Whole => Value::In(self.whole),
            Expression::SelfPid => Value::Out(self_pid(call)),
            Expression::All(order) => {
                let values: SmallVec<[Term<'c>; 8]> = order.iter().map(|at| call.copy(self.bindings[*at])).collect();
                Value::Out(call.list(&values))
            }
            Expression::List(elements, tail) => {
                let elements = self.copies(call, elements, place)?;
                let tail = self.value(call, tail, place)?.take(call);
                Value::Out(call.list_with_tail(&elements, tail))
            }
            Expression::Tuple(elements) => {
                let elements = self.copies(call, elements, place)?;
                Value::Out(call.tuple(&elements))
            }
            Expression::Map(pairs) => {
                let mut built = Vec::with_capacity(pairs.len());
                for (key, value) in pairs {
                    let key = self.value(call, key, place)?.take(call);
                    built.push((key, self.value(call, value, place)?.take(call)));
                }
                Value::Out(call.map_from_pairs(&built))
            }
            Expression::And(parts) => return self.all_of(call, parts, place, true),
            Expression::Or(parts) => return self.all_of(call, parts, place, false),
            Expression::AndAlso(parts) => return self.one_by_one(call, parts, place, true),
            Expression::OrElse(parts) => return self.one_by_one(call, parts, place, false),
            Expression::Call(function, args) => return self.call(call, *function, args, place),
            Expression::Message(value) => return self.value(call, value, place),
            Expression::Flag(_) => Value::Out(Term::bool(true)),
        })
    }
    fn copies<'c: 'o>(&self, call: &mut Call<'c>, elements: &'o [Expression], place: Place) -> Option<SmallVec<[Term<'c>; 8]>> {
        let mut copies = SmallVec::with_capacity(elements.len());
        for element in elements {
            let value = self.value(call, element, place)?;
            copies.push(value.take(call));
        }
        Some(copies)
    }
    /// `and` (`neutral` true) or `or`: all parts are looked at, and all must be boolean.
    fn all_of<'c: 'o>(&self, call: &mut Call<'c>, parts: &'o [Expression], place: Place, neutral: bool) -> Option<Value<'o, 'c>> {
        let mut answer = neutral;
        let mut is_boolean = true;
        for part in parts {
            match self.value(call, part, place)?.read().as_bool() {
                Some(value) if value != neutral => answer = value,
                Some(_) => {}
                None => is_boolean = false,
            }
        }
        if is_boolean { Some(Value::Out(Term::bool(answer))) } else { place.failed() }
    }
    /// `andalso` (`go_on` true) or `orelse`: the last part's value is taken as it is.
    fn one_by_one<'c: 'o>(
        &self,
        call: &mut Call<'c>,
        parts: &'o [Expression],
        place: Place,
        go_on: bool,
    ) -> Option<Value<'o, 'c>> {
        let (last, others) = parts.split_last()?;
        for part in others {
            match self.value(call, part, place)?.read().as_bool() {
                Some(value) if value == go_on => {}
                Some(value) => return Some(Value::Out(Term::bool(value))),
                None => return place.failed(),
            }
        }
        self.value(call, last, place)
    }
    fn call<'c: 'o>(
        &self,
        call: &mut Call<'c>,
        function: Function,
        args: &'o [Expression],
        place: Place,
    ) -> Option<Value<'o, 'c>> {
        let mut values = SmallVec::<[Value<'o, 'c>; 3]>::new();
        for arg in args {
            values.push(self.value(call, arg, place)?);
        }
        let value = match function {
            Function::Here(native) => native.apply(call, &values),
            Function::Bif(bif) => {
                let args: SmallVec<[Term<'c>; 3]> = values.into_iter().map(|value| value.take(call)).collect();
                bif(call, &args).ok().map(Value::Out)
            }
        };
        value.or_else(|| place.failed())
    }
}
