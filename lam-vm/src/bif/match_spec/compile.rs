//! From the term of a match specification to a `Program`. Errors are OTP's, in its words.

use super::functions::{function, is_trace_form};
use super::{Clause, Expression, Pattern, Program, Variables};
use crate::atom::{Atom, am};
use crate::process::OwnedTerm;
use crate::term::map_iter::MapIter;
use crate::term::print::display_limited;
use crate::term::{Map, Term};

/// What may be said besides: tables and traces know different special forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Table,
    Trace,
}

/// What is wrong with a match specification.
#[derive(Debug)]
pub enum CompileError {
    /// Everything that is, in words.
    Bad(Vec<String>),
    /// Nested too deep.
    SystemLimit,
}

type Result<T> = core::result::Result<T, CompileError>;

/// Nesting of what is not constant.
const DEPTH_MAX: usize = 200;
/// Length of a term in an error's text.
const SHOWN_MAX: usize = 2000;

fn bad<T>(text: &str) -> Result<T> {
    Err(CompileError::Bad(vec![text.to_owned()]))
}

fn bad_term<T>(text: &str, term: Term<'_>) -> Result<T> {
    Err(CompileError::Bad(vec![text.replace("%T", &display_limited(term, SHOWN_MAX))]))
}

/// The number of a variable's name: `'$0'`, `'$12'`, not `'$01'`.
pub(super) fn variable_number(term: Term<'_>) -> Option<u32> {
    let digits = term.as_atom()?.text().strip_prefix('$')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    digits.parse().ok()
}

/// Whether nothing in it is a variable, `'_'`, or (as patterns of maps match larger maps) a map.
fn is_ground(term: Term<'_>) -> bool {
    let mut pending = vec![term];
    while let Some(term) = pending.pop() {
        let mut rest = term;
        while let Some(cell) = rest.as_cons() {
            pending.push(cell.head);
            rest = cell.tail;
        }
        if rest.is_map() || rest.is_atom(am::UNDERSCORE) || variable_number(rest).is_some() {
            return false;
        }
        if let Some(tuple) = rest.as_tuple() {
            pending.extend(tuple.elements);
        }
    }
    true
}

pub(super) fn program(clauses: Term<'_>, dialect: Dialect) -> Result<Program> {
    if clauses.as_cons().is_none() {
        return bad("Match programs are not in a list.");
    }
    let Some(list) = clauses.list_to_vec() else { return bad("Match programs are not in a proper list.") };
    let clauses = list.into_iter().map(|clause| compile_clause(clause, dialect)).collect::<Result<Vec<Clause>>>()?;
    Ok(Program { clauses })
}

fn compile_clause(clause: Term<'_>, dialect: Dialect) -> Result<Clause> {
    let Some([head, guards, body]) = clause.as_tuple_of() else { return bad("Match program part is not a tuple of arity 3.") };
    let mut variables = Variables::default();
    let head = match dialect {
        Dialect::Trace if head.is_list() => {
            let Some(elements) = head.list_to_vec() else {
                return bad_term("Match expression part %T is not a proper list.", head);
            };
            Pattern::Tuple(elements.into_iter().map(|element| variables.pattern(element, 1)).collect::<Result<_>>()?)
        }
        Dialect::Trace if variable_number(head).is_none() && !head.is_atom(am::UNDERSCORE) => {
            return bad("Match head is invalid in this context.");
        }
        _ => variables.pattern(head, 0)?,
    };
    let mut errors = Vec::new();
    let guards = Compiler { variables: &variables, dialect, is_guard: true }.expressions(guards, &mut errors)?;
    let is_empty = body.is_nil();
    let body = Compiler { variables: &variables, dialect, is_guard: false }.expressions(body, &mut errors)?;
    if is_empty && dialect == Dialect::Table {
        errors.push("Body clause does not return anything.".to_owned());
    }
    if !errors.is_empty() {
        return Err(CompileError::Bad(errors));
    }
    Ok(Clause { head, guards, body, variables })
}

impl Variables {
    fn place(&self, number: u32) -> Option<usize> {
        self.numbers.iter().position(|other| *other == number)
    }
    fn pattern(&mut self, term: Term<'_>, depth: usize) -> Result<Pattern> {
        if depth > DEPTH_MAX {
            return Err(CompileError::SystemLimit);
        }
        if term.is_atom(am::UNDERSCORE) {
            return Ok(Pattern::Any);
        }
        if let Some(number) = variable_number(term) {
            return Ok(match self.place(number) {
                Some(at) => Pattern::Same(at),
                None => {
                    self.numbers.push(number);
                    Pattern::Bind(self.numbers.len() - 1)
                }
            });
        }
        if is_ground(term) {
            return Ok(Pattern::Constant(OwnedTerm::of(term)));
        }
        if let Some(tuple) = term.as_tuple() {
            return Ok(Pattern::Tuple(
                tuple.elements.iter().map(|element| self.pattern(*element, depth + 1)).collect::<Result<_>>()?,
            ));
        }
        if let Some(map) = term.as_map() {
            return self.map(&map, depth);
        }
        let mut list = term.iter_list();
        let elements = list.by_ref().map(|element| self.pattern(element, depth + 1)).collect::<Result<Vec<_>>>()?;
        let tail = self.pattern(list.rest, depth + 1)?;
        Ok(Pattern::List(elements, Box::new(tail)))
    }
    fn map(&mut self, map: &Map<'_>, depth: usize) -> Result<Pattern> {
        let mut pairs = Vec::new();
        for (key, value) in MapIter::new(map) {
            if variable_number(key).is_some() {
                return bad("Variable found in map key.");
            }
            if key.is_atom(am::UNDERSCORE) {
                return bad("Underscore found in map key.");
            }
            pairs.push((OwnedTerm::of(key), self.pattern(value, depth + 1)?));
        }
        Ok(Pattern::Map(pairs))
    }
    /// Places by number.
    fn in_order(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.numbers.len()).collect();
        places.sort_by_key(|at| self.numbers[*at]);
        places
    }
}

struct Compiler<'v> {
    variables: &'v Variables,
    dialect: Dialect,
    is_guard: bool,
}

impl Compiler<'_> {
    /// What is wrong with one expression does not keep others from being looked at.
    fn expressions(&self, list: Term<'_>, errors: &mut Vec<String>) -> Result<Vec<Expression>> {
        if !list.is_list() {
            errors.push("Match expression is not a list.".to_owned());
        }
        let mut expressions = Vec::new();
        let mut rest = list.iter_list();
        for term in rest.by_ref() {
            match self.expression(term, 0) {
                Ok(expression) => expressions.push(expression),
                Err(CompileError::Bad(texts)) => errors.extend(texts),
                Err(limit) => return Err(limit),
            }
        }
        if list.is_list() && !rest.rest.is_nil() {
            errors.push("Match expression is not a proper list.".to_owned());
        }
        Ok(expressions)
    }
    fn expression(&self, term: Term<'_>, depth: usize) -> Result<Expression> {
        if depth > DEPTH_MAX {
            return Err(CompileError::SystemLimit);
        }
        if let Some(number) = variable_number(term) {
            return match self.variables.place(number) {
                Some(at) => Ok(Expression::Variable(at)),
                None => bad(&format!("Variable ${number} is unbound.")),
            };
        }
        if term.is_atom(am::DOLLAR_UNDERSCORE) {
            return Ok(Expression::Whole);
        }
        if term.is_atom(am::DOLLAR_DOLLAR) {
            return Ok(Expression::All(self.variables.in_order()));
        }
        if term.as_cons().is_some() {
            return self.list(term, depth);
        }
        if let Some(map) = term.as_map() {
            let pairs =
                MapIter::new(&map).map(|(key, value)| Ok((self.expression(key, depth + 1)?, self.expression(value, depth + 1)?)));
            return Ok(Expression::Map(pairs.collect::<Result<_>>()?));
        }
        let Some(tuple) = term.as_tuple() else { return Ok(Expression::Constant(OwnedTerm::of(term))) };
        match *tuple.elements {
            [inner] if inner.as_tuple().is_some() => {
                let elements = inner.as_tuple().map_or(&[][..], |tuple| tuple.elements);
                Ok(Expression::Tuple(self.several(elements, depth)?))
            }
            [name, ..] if name.as_atom().is_some() && variable_number(name).is_none() => {
                let name = name.as_atom().expect("seen above");
                self.call(name, term, &tuple.elements[1..], depth)
            }
            _ => bad_term("%T is neither a function call, nor a tuple (tuples are written {{ ... }}).", term),
        }
    }
    fn several(&self, terms: &[Term<'_>], depth: usize) -> Result<Vec<Expression>> {
        terms.iter().map(|term| self.expression(*term, depth + 1)).collect()
    }
    fn list(&self, term: Term<'_>, depth: usize) -> Result<Expression> {
        let mut rest = term.iter_list();
        let elements = rest.by_ref().map(|term| self.expression(term, depth + 1)).collect::<Result<Vec<_>>>()?;
        let tail = self.expression(rest.rest, depth + 1)?;
        Ok(Expression::List(elements, Box::new(tail)))
    }
    fn call(&self, name: Atom, term: Term<'_>, args: &[Term<'_>], depth: usize) -> Result<Expression> {
        let without = |form: &str| bad_term(&format!("Special form '{form}' called without arguments in %T."), term);
        match name {
            am::CONST => match args {
                [constant] => Ok(Expression::Constant(OwnedTerm::of(*constant))),
                _ => bad_term("Special form 'const' called with more than one argument in %T.", term),
            },
            am::AND | am::OR | am::ANDALSO | am::ORELSE if args.is_empty() => without(name.text()),
            am::AND => Ok(Expression::And(self.several(args, depth)?)),
            am::OR => Ok(Expression::Or(self.several(args, depth)?)),
            am::ANDALSO => Ok(Expression::AndAlso(self.several(args, depth)?)),
            am::ORELSE => Ok(Expression::OrElse(self.several(args, depth)?)),
            am::SELF if args.is_empty() => Ok(Expression::SelfPid),
            am::SELF => bad_term("Special form 'self' called with arguments in %T.", term),
            _ if is_trace_form(name) => self.trace_form(name, term, args, depth),
            _ => {
                let Some(function) = function(name, args.len()) else { return self.no_function(name, args.len()) };
                Ok(Expression::Call(function, self.several(args, depth)?))
            }
        }
    }
    fn no_function(&self, name: Atom, arity: usize) -> Result<Expression> {
        let shown = display_limited(Term::atom(name), SHOWN_MAX);
        if matches!((name.text(), arity), ("get_tcw", 0) | ("set_tcw", 1)) && self.dialect == Dialect::Table {
            return bad(&format!("Function {shown}/{arity} cannot be called in this context."));
        }
        bad(&format!("Function {shown}/{arity} does_not_exist."))
    }
    fn trace_form(&self, name: Atom, term: Term<'_>, args: &[Term<'_>], depth: usize) -> Result<Expression> {
        let form = name.text();
        if self.dialect == Dialect::Table {
            return bad(&format!("Special form '{form}' used in wrong dialect."));
        }
        if self.is_guard {
            return bad(&format!("Special form '{form}' called in guard context."));
        }
        match (form, args) {
            ("message", [value]) => Ok(Expression::Message(Box::new(self.expression(*value, depth + 1)?))),
            ("message", _) => bad_term("Special form 'message' called with wrong number of arguments in %T.", term),
            ("return_trace" | "exception_trace", []) => Ok(Expression::Flag(name)),
            _ => Ok(Expression::Constant(OwnedTerm::immediate(Term::bool(true)))),
        }
    }
}

/// Whether `body` gives, for each object that `head` matches, one with the same key (`position` counts from 0).
///
/// *Source*: what `ets:select_replace/2` asks for.
pub fn keeps_key(clause: Term<'_>, position: usize) -> bool {
    let Some([head, _, body]) = clause.as_tuple_of() else { return false };
    let Some([body]) = body.list_to_vec().and_then(|body| <[Term<'_>; 1]>::try_from(body).ok()) else { return false };
    if body.is_atom(am::DOLLAR_UNDERSCORE) {
        return true;
    }
    let Some(elements) = body.as_tuple().map(|tuple| tuple.elements) else { return false };
    let tuple = match elements {
        [name, constant] if name.is_atom(am::CONST) => {
            let (Some(old), Some(new)) = (key_in(head, position), key_in(*constant, position)) else { return false };
            return is_ground(old) && crate::term::compare::exact_eq(old, new);
        }
        [inner] => *inner,
        _ => return false,
    };
    let Some(new) = key_in(tuple, position) else { return false };
    if let Some([name, at, whole]) = new.as_tuple_of()
        && name.as_atom().is_some_and(|name| name.text() == "element")
        && at.as_usize() == Some(position + 1)
        && whole.is_atom(am::DOLLAR_UNDERSCORE)
    {
        return true;
    }
    key_in(head, position).is_some_and(|old| gives(old, new, 0))
}

fn key_in(term: Term<'_>, position: usize) -> Option<Term<'_>> {
    term.as_tuple()?.elements.get(position).copied()
}

/// Whether the expression `new` gives what the pattern `old` matched.
fn gives<'s>(old: Term<'s>, new: Term<'s>, depth: usize) -> bool {
    use crate::term::compare::exact_eq;
    if depth > DEPTH_MAX || old.is_atom(am::UNDERSCORE) {
        return false;
    }
    if variable_number(old).is_some() {
        return old.is_same(new);
    }
    if let Some([name, constant]) = new.as_tuple_of()
        && name.is_atom(am::CONST)
    {
        return is_ground(old) && exact_eq(old, constant);
    }
    if let Some(old) = old.as_tuple() {
        let Some([inner]) = new.as_tuple_of() else { return false };
        let Some(new) = inner.as_tuple() else { return false };
        return old.elements.len() == new.elements.len()
            && old.elements.iter().zip(new.elements).all(|(old, new)| gives(*old, *new, depth + 1));
    }
    if old.as_cons().is_some() {
        let (mut old, mut new) = (old.iter_list(), new.iter_list());
        loop {
            match (old.next(), new.next()) {
                (Some(old), Some(new)) if gives(old, new, depth + 1) => {}
                (None, None) => return gives(old.rest, new.rest, depth + 1),
                _ => return false,
            }
        }
    }
    !old.is_map() && exact_eq(old, new)
}
