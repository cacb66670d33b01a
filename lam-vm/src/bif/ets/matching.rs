//! `ets`: match and select, and what they do with what matches.
//!
//! A continuation is `{Table, Slot, Limit, Spec, Results, Count}`, or of an ordered_set
//! `{Table, LastKey, [], Limit, Spec, Results, Count, Reverse}`, as `ets:repair_continuation/2` takes them apart. `Spec` is the
//! reference of the compiled program; `Results` is what was found beyond the limit.

use std::sync::Arc;

use super::scan::{Direction, bound_keys, pay, scan};
use super::{end, read, table, write};
use crate::atom::am;
use crate::bif::args::OrBadarg;
use crate::bif::match_spec::{CompileError, Dialect, Program, keeps_key};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::ets::{self, Body, Kind, Store, Table, key_of};
use crate::heap::resource::Resource;
use crate::process::OwnedTerm;
use crate::term::Term;
use crate::term::compare::exact_eq;

bifs! { module "ets";
    /// Values of the variables of a pattern, for each object that matches.
    ///
    /// `ets:match(no_such_table, '_')` => `error:badarg`
    [plain] "match"/2 = match_2, "erts/emulator/beam/erl_db.c";
    /// As `match/2`, so many at a time: `{Matches, Continuation}` or `'$end_of_table'`.
    [plain] "match"/3 = match_3, "erts/emulator/beam/erl_db.c";
    /// Goes on with what `match/3` began.
    ///
    /// `ets:match('$end_of_table')` => `'$end_of_table'`
    /// `ets:match(x)` => `error:badarg`
    [plain] "match"/1 = select_1, "erts/emulator/beam/erl_db.c";
    /// The objects that match a pattern.
    [plain] "match_object"/2 = match_object_2, "erts/emulator/beam/erl_db.c";
    /// As `match_object/2`, so many at a time.
    [plain] "match_object"/3 = match_object_3, "erts/emulator/beam/erl_db.c";
    /// Goes on with what `match_object/3` began.
    [plain] "match_object"/1 = select_1, "erts/emulator/beam/erl_db.c";
    /// What a match specification gives for each object that it matches.
    [plain] "select"/2 = select_2, "erts/emulator/beam/erl_db.c";
    /// As `select/2`, so many at a time.
    [plain] "select"/3 = select_3, "erts/emulator/beam/erl_db.c";
    /// Goes on with what `select/3` began.
    [plain] "select"/1 = select_1, "erts/emulator/beam/erl_db.c";
    /// As `select/2`, from the last object of an ordered_set.
    [plain] "select_reverse"/2 = select_reverse_2, "erts/emulator/beam/erl_db.c";
    /// As `select_reverse/2`, so many at a time.
    [plain] "select_reverse"/3 = select_reverse_3, "erts/emulator/beam/erl_db.c";
    /// Goes on with what `select_reverse/3` began.
    [plain] "select_reverse"/1 = select_1, "erts/emulator/beam/erl_db.c";
    /// How many objects a match specification gives `true` for.
    [plain] "select_count"/2 = select_count, "erts/emulator/beam/erl_db.c";
    /// Deletes the objects that a match specification gives `true` for; how many.
    [plain] "internal_select_delete"/2 = internal_select_delete, "erts/emulator/beam/erl_db.c";
    /// Replaces each object by what a match specification gives, which keeps its key; how many.
    [plain] "select_replace"/2 = select_replace, "erts/emulator/beam/erl_db.c";
    /// Compiles a match specification for `match_spec_run/2`.
    ///
    /// `ets:match_spec_compile(a)` => `error:badarg`
    [plain] "match_spec_compile"/1 = match_spec_compile, "erts/emulator/beam/erl_db.c";
    /// Whether it is a compiled match specification.
    ///
    /// `ets:is_compiled_ms(a)` => `false`
    [plain] "is_compiled_ms"/1 = is_compiled_ms, "erts/emulator/beam/erl_db.c";
    /// Puts what a compiled match specification gives for the terms of a list before `Results`, the last first.
    [plain] "match_spec_run_r"/3 = match_spec_run_r, "erts/emulator/beam/erl_db.c";
}

/// A match specification in a call: a program, or the empty list, which matches nothing.
fn compile<'c>(clauses: Term<'c>) -> Result<Option<Program>, Stop<'c>> {
    if clauses.is_nil() {
        return Ok(None);
    }
    Program::compile(clauses, Dialect::Table).map(Some).map_err(stop_of)
}

fn stop_of<'c>(error: CompileError) -> Stop<'c> {
    match error {
        CompileError::Bad(_) => Stop::BADARG,
        CompileError::SystemLimit => Stop::SYSTEM_LIMIT,
    }
}

/// `[{Pattern, [], [Result]}]`
fn spec_of<'c>(call: &mut Call<'c>, pattern: Term<'c>, result: Term<'c>) -> Term<'c> {
    let body = call.list(&[result]);
    let clause = call.tuple(&[pattern, Term::NIL, body]);
    call.list(&[clause])
}

fn match_2<'c>(call: &mut Call<'c>, [name, pattern]: [Term<'c>; 2]) -> BifResult<'c> {
    let clauses = spec_of(call, pattern, Term::atom(am::DOLLAR_DOLLAR));
    select(call, name, clauses, Direction::Up)
}

fn match_3<'c>(call: &mut Call<'c>, [name, pattern, limit]: [Term<'c>; 3]) -> BifResult<'c> {
    let clauses = spec_of(call, pattern, Term::atom(am::DOLLAR_DOLLAR));
    select_some(call, name, clauses, limit, Direction::Up)
}

fn match_object_2<'c>(call: &mut Call<'c>, [name, pattern]: [Term<'c>; 2]) -> BifResult<'c> {
    let clauses = spec_of(call, pattern, Term::atom(am::DOLLAR_UNDERSCORE));
    select(call, name, clauses, Direction::Up)
}

fn match_object_3<'c>(call: &mut Call<'c>, [name, pattern, limit]: [Term<'c>; 3]) -> BifResult<'c> {
    let clauses = spec_of(call, pattern, Term::atom(am::DOLLAR_UNDERSCORE));
    select_some(call, name, clauses, limit, Direction::Up)
}

fn select_2<'c>(call: &mut Call<'c>, [name, clauses]: [Term<'c>; 2]) -> BifResult<'c> {
    select(call, name, clauses, Direction::Up)
}

fn select_3<'c>(call: &mut Call<'c>, [name, clauses, limit]: [Term<'c>; 3]) -> BifResult<'c> {
    select_some(call, name, clauses, limit, Direction::Up)
}

fn select_reverse_2<'c>(call: &mut Call<'c>, [name, clauses]: [Term<'c>; 2]) -> BifResult<'c> {
    select(call, name, clauses, Direction::Down)
}

fn select_reverse_3<'c>(call: &mut Call<'c>, [name, clauses, limit]: [Term<'c>; 3]) -> BifResult<'c> {
    select_some(call, name, clauses, limit, Direction::Down)
}

/// Everything that matches. Objects are met backwards, as each result goes before the others.
fn select<'c>(call: &mut Call<'c>, name: Term<'c>, clauses: Term<'c>, direction: Direction) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let Some(program) = compile(clauses)? else { return Ok(Term::NIL) };
    let backwards = if direction == Direction::Up { Direction::Down } else { Direction::Up };
    let mut list = Term::NIL;
    let visited = scan(&table, &body.store, &program, backwards, |object| {
        if let Some(result) = program.run(call, object.term()) {
            list = call.cons(result, list);
        }
    });
    pay(call, visited);
    Ok(list)
}

/// Where a selection goes on.
#[derive(Clone, Copy)]
enum Position<'c> {
    Start,
    /// Slots below this one.
    Below(usize),
    /// Keys after this one, in the selection's direction.
    After(Term<'c>),
}

/// A selection by parts.
struct Selection<'c> {
    name: Term<'c>,
    /// The reference of the program.
    spec: Term<'c>,
    program: &'c Program,
    limit: usize,
    direction: Direction,
}

fn program_of<'c>(term: Term<'c>) -> Option<&'c Program> {
    term.as_reference()?.resource::<Program>()
}

fn program_term<'c>(call: &mut Call<'c>, program: Program) -> Term<'c> {
    let id = call.system().unique.reference();
    call.resource(Arc::new(Resource { data: Box::new(program) }), id)
}

fn select_some<'c>(
    call: &mut Call<'c>,
    name: Term<'c>,
    clauses: Term<'c>,
    limit: Term<'c>,
    direction: Direction,
) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let limit = limit.as_usize().filter(|limit| *limit > 0).or_badarg()?;
    let Some(program) = compile(clauses)? else { return Ok(end()) };
    let spec = program_term(call, program);
    // A continuation goes on in this table, whatever has its name by then.
    let name = if table.options.is_named { ets::reference(call, &table) } else { name };
    let selection = Selection { name, spec, program: program_of(spec).or_badarg()?, limit, direction };
    selection.part(call, &table, &body, Position::Start, Vec::new())
}

impl<'c> Selection<'c> {
    /// The next part, after what was found already.
    fn part(
        &self,
        call: &mut Call<'c>,
        table: &Table,
        body: &Body,
        position: Position<'c>,
        mut found: Vec<Term<'c>>,
    ) -> BifResult<'c> {
        let mut visited = 0;
        let mut go_on = None;
        let by_key = if matches!(position, Position::Start) { bound_keys(self.program, table) } else { None };
        let by_key = by_key.filter(|keys| matches!(body.store, Store::Hash(_)) || keys.len() <= self.limit);
        let start = found.len();
        match (&body.store, by_key) {
            (store, Some(mut keys)) => {
                if self.direction == Direction::Down {
                    keys.reverse();
                }
                for object in keys.iter().flat_map(|key| store.lookup(key.shorten())) {
                    found.extend(self.program.run(call, object.term()));
                }
                if found.len() > self.limit {
                    go_on = Term::small(0);
                }
            }
            (Store::Hash(store), None) => {
                let below = if let Position::Below(slot) = position { slot } else { usize::MAX };
                if start >= self.limit {
                    go_on = self.rest_from(below, start);
                } else {
                    for (slot, objects) in store.below(below) {
                        visited += objects.len();
                        found.extend(objects.iter().filter_map(|object| self.program.run(call, object.term())));
                        if found.len() >= self.limit {
                            go_on = self.rest_from(slot, found.len());
                            break;
                        }
                    }
                }
            }
            (Store::Tree(store), None) => {
                let mut objects: Box<dyn Iterator<Item = &OwnedTerm> + '_> = match (position, self.direction) {
                    (Position::After(key), Direction::Up) => Box::new(store.above(key)),
                    (Position::After(key), Direction::Down) => Box::new(store.under(key)),
                    (_, Direction::Up) => Box::new(store.ascending()),
                    (_, Direction::Down) => Box::new(store.descending()),
                };
                for object in objects.by_ref() {
                    visited += 1;
                    found.extend(self.program.run(call, object.term()));
                    if found.len() >= self.limit {
                        go_on = Some(call.copy(key_of(object, table.options.key_position)));
                        break;
                    }
                }
            }
        }
        pay(call, visited);
        Ok(self.answer(call, table.options.kind, found, go_on))
    }
    /// The place to go on from, unless everything below it and everything found is given.
    fn rest_from(&self, slot: usize, found: usize) -> Option<Term<'c>> {
        if slot == 0 && found <= self.limit { None } else { Term::small(i64::try_from(slot).unwrap_or(0)) }
    }
    fn answer(&self, call: &mut Call<'c>, kind: Kind, mut found: Vec<Term<'c>>, go_on: Option<Term<'c>>) -> Term<'c> {
        if found.is_empty() {
            return end();
        }
        let rest = found.split_off(found.len().min(self.limit));
        let results = call.list(&found);
        let continuation = go_on.map_or(end(), |place| self.continuation(call, kind, place, &rest));
        call.tuple(&[results, continuation])
    }
    fn continuation(&self, call: &mut Call<'c>, kind: Kind, place: Term<'c>, rest: &[Term<'c>]) -> Term<'c> {
        let (limit, count) = (call.unsigned(self.limit as u64), call.unsigned(rest.len() as u64));
        let rest = call.list(rest);
        if kind == Kind::OrderedSet {
            let reverse = call.unsigned(u64::from(self.direction == Direction::Down));
            return call.tuple(&[self.name, place, Term::NIL, limit, self.spec, rest, count, reverse]);
        }
        call.tuple(&[self.name, place, limit, self.spec, rest, count])
    }
}

fn select_1<'c>(call: &mut Call<'c>, [continuation]: [Term<'c>; 1]) -> BifResult<'c> {
    if continuation.is_atom(am::DOLLAR_END_OF_TABLE) {
        return Ok(continuation);
    }
    let elements = continuation.as_tuple().or_badarg()?.elements;
    let (name, limit, spec, rest, position, direction) = match *elements {
        [name, slot, limit, spec, rest, _] => {
            (name, limit, spec, rest, Position::Below(slot.as_usize().or_badarg()?), Direction::Up)
        }
        [name, key, _, limit, spec, rest, _, reverse] => {
            let direction = if reverse.as_small() == Some(0) { Direction::Up } else { Direction::Down };
            (name, limit, spec, rest, Position::After(key), direction)
        }
        _ => return Err(Stop::BADARG),
    };
    let limit = limit.as_usize().filter(|limit| *limit > 0).or_badarg()?;
    let program = program_of(spec).or_badarg()?;
    let found = rest.list_to_vec().or_badarg()?;
    let table = table(call, name)?;
    let body = read(call, &table)?;
    if matches!(position, Position::After(_)) != (table.options.kind == Kind::OrderedSet) {
        return Err(Stop::BADARG);
    }
    Selection { name, spec, program, limit, direction }.part(call, &table, &body, position, found)
}

fn select_count<'c>(call: &mut Call<'c>, [name, clauses]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let body = read(call, &table)?;
    let Some(program) = compile(clauses)? else { return Ok(call.unsigned(0)) };
    let mut count = 0;
    let visited =
        scan(&table, &body.store, &program, Direction::Up, |object| count += u64::from(program.accepts(call, object.term())));
    pay(call, visited);
    Ok(call.unsigned(count))
}

fn internal_select_delete<'c>(call: &mut Call<'c>, [name, clauses]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let mut body = write(call, &table)?;
    let Some(program) = compile(clauses)? else { return Ok(call.unsigned(0)) };
    let is_fixed = body.is_fixed();
    let mut visited = 0;
    let mut is_it = |object: &OwnedTerm| {
        visited += 1;
        program.accepts(call, object.term())
    };
    let count = match bound_keys(&program, &table) {
        Some(keys) => keys.into_iter().map(|key| body.store.delete_objects(key.shorten(), is_fixed, &mut is_it)).sum(),
        None => body.store.delete_where(is_fixed, is_it),
    };
    pay(call, visited);
    Ok(call.unsigned(count as u64))
}

fn select_replace<'c>(call: &mut Call<'c>, [name, clauses]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let mut body = write(call, &table)?;
    if table.options.kind == Kind::Bag {
        return Err(call.badarg_cause(am::TABLE_TYPE));
    }
    let Some(program) = compile(clauses)? else { return Ok(call.unsigned(0)) };
    let position = table.options.key_position;
    if !clauses.iter_list().all(|clause| keeps_key(clause, position)) {
        return Err(Stop::BADARG);
    }
    let mut visited = 0;
    let count = body.store.replace_where(|object| {
        visited += 1;
        let new = program.run(call, object.term())?;
        let key = new.as_tuple()?.elements.get(position)?.shorten();
        exact_eq(key, key_of(object, position)).then(|| OwnedTerm::of(new))
    });
    pay(call, visited);
    Ok(call.unsigned(count as u64))
}

fn match_spec_compile<'c>(call: &mut Call<'c>, [clauses]: [Term<'c>; 1]) -> BifResult<'c> {
    let program = Program::compile(clauses, Dialect::Table).map_err(stop_of)?;
    Ok(program_term(call, program))
}

fn is_compiled_ms<'c>(_: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(Term::bool(program_of(term).is_some()))
}

fn match_spec_run_r<'c>(call: &mut Call<'c>, [list, spec, results]: [Term<'c>; 3]) -> BifResult<'c> {
    let program = program_of(spec).or_badarg()?;
    let mut results = results;
    let mut rest = list.iter_list();
    while let Some(term) = rest.next() {
        if let Some(result) = program.run(call, term) {
            results = call.cons(result, results);
        }
        if !call.bump(1) && rest.rest.as_cons().is_some() {
            return Err(call.again(&[rest.rest, spec, results]));
        }
    }
    if rest.rest.is_nil() { Ok(results) } else { Err(Stop::BADARG) }
}
