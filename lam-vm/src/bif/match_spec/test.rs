//! `erlang:match_spec_test/3`.

use super::{CompileError, Dialect, Expression, Program};
use crate::atom::am;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::term::Term;

bifs! { module "erlang";
    /// Runs a match specification on a tuple (`table`) or a list of arguments (`trace`): `{ok, Value, Flags, Warnings}` or
    /// `{error, Errors}`.
    ///
    /// `erlang:match_spec_test({1, 2}, [{{'$1', '$2'}, [], ['$2']}], table)` => `{ok, 2, [], []}`
    /// `erlang:match_spec_test(a, b, c)` => `error:badarg`
    [plain] "match_spec_test"/3 = match_spec_test, "erts/emulator/beam/erl_db_util.c";
}

fn match_spec_test<'c>(call: &mut Call<'c>, [object, clauses, dialect]: [Term<'c>; 3]) -> BifResult<'c> {
    let dialect = match dialect.as_atom() {
        Some(am::TABLE) => Dialect::Table,
        Some(am::TRACE) => Dialect::Trace,
        _ => return Err(Stop::BADARG),
    };
    if dialect == Dialect::Trace && !object.is_list() {
        return Err(Stop::BADARG);
    }
    let program = match Program::compile(clauses, dialect) {
        Ok(program) => program,
        Err(error) => return Ok(errors(call, error)),
    };
    let object = if dialect == Dialect::Trace {
        let arguments = object.list_to_vec().ok_or(Stop::BADARG)?;
        call.tuple(&arguments)
    } else {
        object
    };
    let (value, flags) = match dialect {
        Dialect::Table => (program.run(call, object.shorten()).unwrap_or(Term::bool(false)), Term::NIL),
        Dialect::Trace => program.trace(call, object),
    };
    Ok(call.tuple(&[Term::atom(am::OK), value, flags, Term::NIL]))
}

/// `{error, [{error, Text}]}`
fn errors<'c>(call: &mut Call<'c>, error: CompileError) -> Term<'c> {
    let texts = match error {
        CompileError::Bad(texts) => texts,
        CompileError::SystemLimit => vec!["Excessive nesting; system limit reached.".to_owned()],
    };
    let mut list = Term::NIL;
    for text in texts.iter().rev() {
        let text = call.charlist(text);
        let one = call.tuple(&[Term::atom(am::ERROR), text]);
        list = call.cons(one, list);
    }
    call.tuple(&[Term::atom(am::ERROR), list])
}

impl Program {
    /// What a trace would be told: `true`, `false` or a message, and the flags that were set.
    fn trace<'c>(&self, call: &mut Call<'c>, arguments: Term<'c>) -> (Term<'c>, Term<'c>) {
        for clause in &self.clauses {
            if let Some(outcome) = super::run_trace(clause, call, arguments) {
                return outcome;
            }
        }
        (Term::bool(false), Term::NIL)
    }
}

/// The flag that an expression sets.
pub(super) fn flag_of<'c>(expression: &Expression) -> Option<Term<'c>> {
    match expression {
        Expression::Flag(name) => Some(Term::atom(*name)),
        _ => None,
    }
}
