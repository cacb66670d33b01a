//! Match specifications: `[{Head, Guards, Body}]`, compiled to owned trees and run on terms where they lie.
//!
//! A `Program` owns copies of its constants, so it serves a single call as well as `ets:match_spec_compile/1`. Matching reads the
//! object in place; only what a body gives, and what a called BIF needs, is copied to the caller's heap.
//!
//! In a guard a failure means no match; in a body it gives `'EXIT'` for the value of what failed.

mod compile;
mod eval;
mod functions;
mod pattern;
pub mod test;

use core::cmp::Ordering;

pub use compile::{CompileError, Dialect};

use smallvec::{SmallVec, smallvec};

use super::Call;
use crate::atom::am;
use crate::process::OwnedTerm;
use crate::term::Term;
use eval::Env;
use functions::Function;

/// A compiled match specification.
pub struct Program {
    clauses: Vec<Clause>,
}

struct Clause {
    head: Pattern,
    guards: Vec<Expression>,
    body: Vec<Expression>,
    variables: Variables,
}

/// `$N` of a head: its number, and where its value is kept.
#[derive(Default)]
struct Variables {
    numbers: Vec<u32>,
}

enum Pattern {
    Any,
    /// The variable is met for the first time.
    Bind(usize),
    Same(usize),
    /// Ground, and no map in it.
    Constant(OwnedTerm),
    Tuple(Vec<Pattern>),
    List(Vec<Pattern>, Box<Pattern>),
    /// A map that has these keys, perhaps others too.
    Map(Vec<(OwnedTerm, Pattern)>),
}

enum Expression {
    Constant(OwnedTerm),
    Variable(usize),
    /// `'$_'`
    Whole,
    /// `'$$'`: the variables by their numbers.
    All(Vec<usize>),
    List(Vec<Expression>, Box<Expression>),
    Tuple(Vec<Expression>),
    Map(Vec<(Expression, Expression)>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    AndAlso(Vec<Expression>),
    OrElse(Vec<Expression>),
    SelfPid,
    Call(Function, Vec<Expression>),
    /// `{message, Value}` of a trace.
    Message(Box<Expression>),
    /// `{return_trace}` and `{exception_trace}`, which a trace's outcome lists.
    Flag(crate::atom::Atom),
}

/// A value where it lies: in the object (or the program), or on the caller's heap.
#[derive(Clone, Copy)]
enum Value<'o, 'c> {
    In(Term<'o>),
    Out(Term<'c>),
}

impl<'o, 'c: 'o> Value<'o, 'c> {
    #[inline]
    fn read(self) -> Term<'o> {
        match self {
            Value::In(term) => term,
            Value::Out(term) => term.shorten(),
        }
    }
    /// On the caller's heap.
    #[inline]
    fn take(self, call: &mut Call<'c>) -> Term<'c> {
        match self {
            Value::In(term) => call.copy(term),
            Value::Out(term) => term,
        }
    }
}

type Bindings<'o> = SmallVec<[Term<'o>; 8]>;

impl Program {
    /// Compiles a list of clauses.
    pub fn compile(clauses: Term<'_>, dialect: Dialect) -> Result<Program, CompileError> {
        compile::program(clauses, dialect)
    }
    /// What the first clause that matches gives.
    pub fn run<'c, 'o>(&'o self, call: &mut Call<'c>, object: Term<'o>) -> Option<Term<'c>>
    where
        'c: 'o,
    {
        let value = self.value(call, object)?;
        Some(value.take(call))
    }
    /// Whether the first clause that matches gives `true`.
    pub fn accepts<'c, 'o>(&'o self, call: &mut Call<'c>, object: Term<'o>) -> bool
    where
        'c: 'o,
    {
        self.value(call, object).is_some_and(|value| value.read().is_atom(am::TRUE))
    }
    fn value<'c, 'o>(&'o self, call: &mut Call<'c>, object: Term<'o>) -> Option<Value<'o, 'c>>
    where
        'c: 'o,
    {
        for clause in &self.clauses {
            let mut bindings: Bindings<'o> = smallvec![Term::NIL; clause.variables.numbers.len()];
            if !clause.head.matches(object, &mut bindings) {
                continue;
            }
            let env = Env { whole: object, bindings: &bindings };
            if !clause.guards.iter().all(|guard| env.holds(call, guard)) {
                continue;
            }
            return clause.body.iter().map(|expression| env.in_body(call, expression)).last();
        }
        None
    }
    /// Where the only head names a part of the key before anything open: how a key stands to those that may match, in the order of
    /// terms.
    pub fn partial_key(&self, position: usize) -> Option<impl Fn(Term<'_>) -> Ordering> {
        let [clause] = &self.clauses[..] else { return None };
        let Pattern::Tuple(elements) = &clause.head else { return None };
        let key = elements.get(position).filter(|key| matches!(key, Pattern::Tuple(_) | Pattern::List(..)))?;
        Some(move |term: Term<'_>| key.order_of(term).0)
    }
    /// The keys that the heads name, where all do: nothing else can match. `position` counts from 0.
    pub fn bound_keys(&self, position: usize) -> Option<Vec<Term<'_>>> {
        let mut keys = Vec::new();
        for clause in &self.clauses {
            match &clause.head {
                Pattern::Tuple(elements) => match elements.get(position) {
                    Some(Pattern::Constant(key)) => keys.push(key.term()),
                    Some(_) => return None,
                    None => {}
                },
                Pattern::Constant(object) => {
                    if let Some(key) = object.term().as_tuple().and_then(|tuple| tuple.elements.get(position)) {
                        keys.push(*key);
                    }
                }
                Pattern::List(..) | Pattern::Map(_) => {}
                Pattern::Any | Pattern::Bind(_) | Pattern::Same(_) => return None,
            }
        }
        Some(keys)
    }
}

/// Runs one clause as a trace does: message (or `true`) and flags; `None` where it does not match.
fn run_trace<'c>(clause: &Clause, call: &mut Call<'c>, arguments: Term<'c>) -> Option<(Term<'c>, Term<'c>)> {
    let object = arguments.shorten();
    let mut bindings: Bindings<'_> = smallvec![Term::NIL; clause.variables.numbers.len()];
    if !clause.head.matches(object, &mut bindings) {
        return None;
    }
    let env = Env { whole: object, bindings: &bindings };
    if !clause.guards.iter().all(|guard| env.holds(call, guard)) {
        return None;
    }
    let (mut message, mut flags) = (Term::bool(true), Vec::new());
    for expression in &clause.body {
        let value = env.in_body(call, expression);
        if let Expression::Message(_) = expression {
            message = value.take(call);
        }
        flags.extend(test::flag_of(expression));
    }
    let flags = call.list(&flags);
    Some((message, flags))
}

pub use compile::keeps_key;
