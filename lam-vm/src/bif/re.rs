//! `re`: regular expressions, by the engine in `regex`.
//!
//! A compiled pattern is `{re_pattern, Captures, Unicode, UseCrLf, Code}`. What needs conversion (`unicode` and data that is no
//! binary) and `global` go on in `re`'s own Erlang code. A search that uses up its time slice goes on later: its state is a
//! resource, consed before the pattern in the arguments.

use std::sync::Arc;

use crate::atom::{Atom, am, intern_static};
use crate::bif::args::{self, OrBadarg};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::resource::Resource;
use crate::regex::{Ended, Error, Limits, Program, State, UNSET, compile as compile_regex, message, option};
use crate::sync::Mutex;
use crate::term::{Cons, Term, otp};

bifs! { module "re";
    /// PCRE's version whose patterns these are.
    ///
    /// `re:version()` => `<<"8.44 2020-02-12">>`
    [plain] "version"/0 = version, "erts/emulator/beam/erl_bif_re.c";
    /// Compiles a pattern.
    ///
    /// `re:compile("(")` => `{error, {"missing )", 1}}`
    [plain] "compile"/1 = compile_1, "erts/emulator/beam/erl_bif_re.c";
    /// Compiles a pattern with options.
    ///
    /// `re:compile("a", [global])` => `error:badarg`
    [plain] "compile"/2 = compile_2, "erts/emulator/beam/erl_bif_re.c";
    /// The first match: where it and its groups are.
    ///
    /// `re:run("xabc", "a(b)")` => `{match, [{1, 2}, {2, 1}]}`
    [yields] "run"/2 = run_2, "erts/emulator/beam/erl_bif_re.c";
    /// The first match, with options. *Cost*: a reduction for ten steps.
    ///
    /// `re:run("xabc", "A(b)", [caseless, {capture, all, list}])` => `{match, ["ab", "b"]}`
    /// `re:run("xabc", "(?<n>b)", [{capture, [n], binary}])` => `{match, [<<"b">>]}`
    /// `re:run("abc", "d", [])` => `nomatch`
    [yields] "run"/3 = run_3, "erts/emulator/beam/erl_bif_re.c";
    /// As `run/3` for `re`'s own loop; the last says whether the subject is seen for the first time.
    [yields] "internal_run"/4 = internal_run, "erts/emulator/beam/erl_bif_re.c";
    /// `{namelist, Names}` of a compiled pattern.
    [plain] "inspect"/2 = inspect, "erts/emulator/beam/erl_bif_re.c";
}

/// Steps of the engine for one reduction.
const STEPS_A_REDUCTION: u64 = 10;

/// An option list, read.
#[derive(Default)]
struct Options<'c> {
    compile: u32,
    run: u32,
    /// Some option is only for compiling, or only for running.
    only_compile: bool,
    only_run: bool,
    unicode: bool,
    global: bool,
    report_errors: bool,
    offset: usize,
    capture: Option<(Term<'c>, Term<'c>)>,
    limits: Limits,
}

fn bit(name: &str) -> Option<u32> {
    Some(match name {
        "no_start_optimize" => option::NO_START_OPTIMIZE,
        "caseless" => option::CASELESS,
        "dollar_endonly" => option::DOLLAR_ENDONLY,
        "dotall" => option::DOTALL,
        "extended" => option::EXTENDED,
        "firstline" => option::FIRSTLINE,
        "multiline" => option::MULTILINE,
        "no_auto_capture" => option::NO_AUTO_CAPTURE,
        "dupnames" => option::DUPNAMES,
        "ungreedy" => option::UNGREEDY,
        "ucp" => option::UCP,
        "never_utf" => option::NEVER_UTF,
        "unicode" => option::UTF,
        "anchored" => option::ANCHORED,
        "bsr_anycrlf" => option::BSR_ANYCRLF,
        "bsr_unicode" => option::BSR_UNICODE,
        "notempty" => option::NOTEMPTY,
        "notempty_atstart" => option::NOTEMPTY_ATSTART,
        "notbol" => option::NOTBOL,
        "noteol" => option::NOTEOL,
        _ => return None,
    })
}

/// A count that fits C's `int`.
fn count(term: Term<'_>) -> Option<u32> {
    term.as_small().and_then(|value| u32::try_from(value).ok()).filter(|value| *value <= i32::MAX as u32)
}

impl<'c> Options<'c> {
    /// *Errors*: `None` for what is no option list.
    fn read(list: Term<'c>) -> Option<Self> {
        const EITHER: u32 = option::ANCHORED | option::BSR_ANYCRLF | option::BSR_UNICODE;
        let mut options = Options::default();
        let mut rest = list;
        while let Some(Cons { head, tail }) = rest.as_cons() {
            rest = tail;
            if let Some(name) = head.as_atom() {
                match (name.text(), bit(name.text())) {
                    ("global", _) => (options.global, options.only_run) = (true, true),
                    ("report_errors", _) => (options.report_errors, options.only_run) = (true, true),
                    (_, Some(bit)) if bit & EITHER != 0 => {
                        options.compile |= bit;
                        options.run |= bit;
                    }
                    (_, Some(bit)) if bit >= option::NOTBOL => {
                        options.run |= bit;
                        options.only_run = true;
                    }
                    (_, Some(bit)) => {
                        options.compile |= bit;
                        options.only_compile = true;
                        options.unicode |= bit == option::UTF;
                    }
                    _ => return None,
                }
                continue;
            }
            match head.as_tuple()?.elements {
                [name, value] => options.read_pair(name.as_atom()?, *value)?,
                [name, what, kind] if name.as_atom()?.text() == "capture" => {
                    options.capture = Some((*what, *kind));
                    options.only_run = true;
                }
                _ => return None,
            }
        }
        rest.is_nil().then_some(options)
    }

    fn read_pair(&mut self, name: Atom, value: Term<'c>) -> Option<()> {
        let name = name.text();
        if name == "newline" {
            let newline = match value.as_atom()?.text() {
                "cr" => option::NEWLINE_CR,
                "lf" => option::NEWLINE_LF,
                "crlf" => option::NEWLINE_CRLF,
                "any" => option::NEWLINE_ANY,
                "anycrlf" => option::NEWLINE_ANYCRLF,
                _ => return None,
            };
            self.compile |= newline;
            self.run |= newline;
            return Some(());
        }
        self.only_run = true;
        match name {
            "capture" => self.capture = Some((value, Term::atom(intern_static("index")))),
            "offset" => self.offset = count(value)? as usize,
            "match_limit" => self.limits.matches = Some(count(value)?),
            "match_limit_recursion" => self.limits.depth = Some(count(value)?),
            _ => return None,
        }
        Some(())
    }
}

fn version<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(call.binary(b"8.44 2020-02-12"))
}

fn compile_1<'c>(call: &mut Call<'c>, [pattern]: [Term<'c>; 1]) -> BifResult<'c> {
    compile_2(call, [pattern, Term::NIL])
}

fn is_binary(term: Term<'_>) -> bool {
    term.as_bits().is_some_and(|bits| bits.is_binary())
}

fn compile_2<'c>(call: &mut Call<'c>, [pattern, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let read = match Options::read(options) {
        Some(read) if !read.only_run => read,
        _ => return Err(call.badarg_cause(am::BADOPT)),
    };
    if read.unicode && !is_binary(pattern) {
        return Err(go_on_in(call, "ucompile", &[pattern, options]));
    }
    let text = args::iolist_bytes(pattern).or_badarg()?;
    call.bump((text.len() / 100) as i64);
    match compile_regex(&text, read.compile | of_release()) {
        Ok(program) => {
            let pattern = pattern_term(call, &program, read.unicode);
            Ok(call.tuple(&[Term::atom(am::OK), pattern]))
        }
        Err(error) => {
            let error = error_term(call, error);
            Ok(call.tuple(&[Term::atom(am::ERROR), error]))
        }
    }
}

fn go_on_in<'c>(call: &mut Call<'c>, function: &'static str, args: &[Term<'c>]) -> Stop<'c> {
    call.apply(Term::atom(intern_static("re")), Term::atom(intern_static(function)), args)
}

/// `{Message, Position}`
fn error_term<'c>(call: &mut Call<'c>, error: Error) -> Term<'c> {
    let text = call.charlist(message(error.code));
    let at = call.unsigned(error.at as u64);
    call.tuple(&[text, at])
}

/// Options that every pattern has by the linked OTP.
fn of_release() -> u32 {
    if otp::properties_ignore_case() { option::PROPERTIES_FOLD } else { 0 }
}

fn pattern_term<'c>(call: &mut Call<'c>, program: &Program, unicode: bool) -> Term<'c> {
    let newline = program.options() & option::NEWLINES;
    let wide = [option::NEWLINE_ANY, option::NEWLINE_CRLF, option::NEWLINE_ANYCRLF].contains(&newline);
    let parts = [program.groups() as u64, u64::from(unicode), u64::from(wide)].map(|part| call.unsigned(part));
    let code = call.binary(&program.to_bytes());
    call.tuple(&[Term::atom(intern_static("re_pattern")), parts[0], parts[1], parts[2], code])
}

/// A compiled pattern's unicode flag and code.
fn pattern_parts<'c>(pattern: Term<'c>) -> Option<(bool, Term<'c>)> {
    let [tag, groups, unicode, wide, code] = pattern.as_tuple_of::<5>()?;
    let small = |term: Term<'_>| term.as_small().is_some();
    let fits = tag.as_atom()?.text() == "re_pattern" && small(groups) && small(wide) && is_binary(code);
    fits.then_some((unicode.as_small()? != 0, code))
}

fn run_2<'c>(call: &mut Call<'c>, [subject, pattern]: [Term<'c>; 2]) -> BifResult<'c> {
    run(call, subject, pattern, Term::NIL, true, |pattern| vec![subject, pattern])
}

fn run_3<'c>(call: &mut Call<'c>, [subject, pattern, options]: [Term<'c>; 3]) -> BifResult<'c> {
    run(call, subject, pattern, options, true, |pattern| vec![subject, pattern, options])
}

fn internal_run<'c>(call: &mut Call<'c>, [subject, pattern, options, first]: [Term<'c>; 4]) -> BifResult<'c> {
    let is_first = match first.as_atom() {
        Some(am::TRUE) => true,
        Some(am::FALSE) => false,
        _ => return Err(Stop::BADARG),
    };
    run(call, subject, pattern, options, is_first, |pattern| vec![subject, pattern, options, first])
}

/// `again` makes the arguments to go on with from those of the pattern.
fn run<'c>(
    call: &mut Call<'c>,
    subject: Term<'c>,
    pattern: Term<'c>,
    options: Term<'c>,
    first: bool,
    again: impl FnOnce(Term<'c>) -> Vec<Term<'c>>,
) -> BifResult<'c> {
    let Some(read) = Options::read(options) else { return Err(call.badarg_cause(am::BADOPT)) };
    let state_of = |term: Term<'c>| term.as_reference().and_then(|reference| reference.resource::<Mutex<State>>());
    let (saved, pattern) = match pattern.as_cons() {
        Some(Cons { head, tail }) if state_of(head).is_some() => (Some(head), tail),
        _ => (None, pattern),
    };
    let wants_lists = read.capture.is_some_and(|(_, kind)| kind.as_atom().is_some_and(|kind| kind.text() == "list"));
    let is_compiled = pattern.as_tuple_of::<5>().is_some();
    let needs_conversion = !is_binary(subject) || (wants_lists && !read.global);
    let program = if is_compiled {
        let (unicode, code) = pattern_parts(pattern).filter(|_| !read.only_compile).or_badarg()?;
        if unicode && needs_conversion {
            return Err(go_on_in(call, "urun", &[subject, pattern, options]));
        }
        if read.global {
            let how = call.tuple(&[options, Term::atom(am::FALSE)]);
            return Err(go_on_in(call, "grun", &[subject, pattern, how]));
        }
        let bytes = code.to_bytes().or_badarg()?;
        Program::from_bytes(&bytes).or_badarg()?
    } else {
        if read.unicode && (needs_conversion || !is_binary(pattern)) {
            return Err(go_on_in(call, "urun", &[subject, pattern, options]));
        }
        let text = args::iolist_bytes(pattern).or_badarg()?;
        match compile_regex(&text, read.compile | of_release()) {
            Ok(program) if read.global => {
                let compiled = pattern_term(call, &program, read.unicode);
                let clean = Term::atom(if read.only_compile { am::TRUE } else { am::FALSE });
                let how = call.tuple(&[options, clean, pattern]);
                return Err(go_on_in(call, "grun", &[subject, compiled, how]));
            }
            Ok(program) => program,
            Err(error) if read.report_errors => {
                let error = error_term(call, error);
                let error = call.tuple(&[Term::atom(intern_static("compile")), error]);
                return Ok(call.tuple(&[Term::atom(am::ERROR), error]));
            }
            Err(_) => return Err(Stop::BADARG),
        }
    };
    let wanted = Wanted::read(read.capture, &program).or_badarg()?;
    let flat;
    let text: &[u8] = if is_binary(subject) {
        flat = subject.to_bytes().or_badarg()?;
        &flat
    } else {
        flat = args::iolist_bytes(subject).or_badarg()?.into();
        &flat
    };
    let budget = call.reductions_left().max(1) as u64 * STEPS_A_REDUCTION;
    let (ended, steps, fresh) = if let Some(state) = saved.and_then(state_of) {
        let (ended, steps) = state.lock().run(&program, text, budget);
        (ended, steps, None)
    } else {
        let run_options = read.run | if first { 0 } else { option::NO_UTF_CHECK };
        match State::new(&program, text, read.offset, run_options, read.limits) {
            Ok(mut state) => {
                let (ended, steps) = state.run(&program, text, budget);
                (ended, steps, Some(state))
            }
            Err(ended) => (ended, 0, None),
        }
    };
    call.bump((steps / STEPS_A_REDUCTION) as i64);
    match ended {
        Ended::Match(groups) => Ok(wanted.build(call, text, subject, &groups)),
        Ended::Paused => {
            let state = match (saved, fresh) {
                (Some(saved), _) => saved,
                (None, Some(state)) => {
                    let id = call.system().unique.reference();
                    call.resource(Arc::new(Resource { data: Box::new(Mutex::new(state)) }), id)
                }
                (None, None) => return Err(Stop::BADARG),
            };
            let pattern = call.cons(state, pattern);
            Err(call.again(&again(pattern)))
        }
        Ended::MatchLimit if read.report_errors => Ok(error_atom(call, "match_limit")),
        Ended::DepthLimit if read.report_errors => Ok(error_atom(call, "match_limit_recursion")),
        Ended::NoMatch | Ended::MatchLimit | Ended::DepthLimit => Ok(Term::atom(intern_static("nomatch"))),
        // OTP differs: an offset beyond the subject is `internal_error` there.
        Ended::BadUtf | Ended::BadOffset => Err(Stop::BADARG),
    }
}

fn error_atom<'c>(call: &mut Call<'c>, name: &'static str) -> Term<'c> {
    call.tuple(&[Term::atom(am::ERROR), Term::atom(intern_static(name))])
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Shape {
    Index,
    List,
    Binary,
    Nothing,
}

/// What of a match is asked for.
struct Wanted {
    shape: Shape,
    /// For each value the groups it may come from, the first that is set; `None` for all from `from` on.
    groups: Option<Vec<Vec<i64>>>,
    from: usize,
}

impl Wanted {
    fn read(capture: Option<(Term<'_>, Term<'_>)>, program: &Program) -> Option<Wanted> {
        let mut wanted = Wanted { shape: Shape::Index, groups: None, from: 0 };
        let Some((what, kind)) = capture else { return Some(wanted) };
        wanted.shape = match kind.as_atom()?.text() {
            "index" => Shape::Index,
            "list" => Shape::List,
            "binary" => Shape::Binary,
            _ => return None,
        };
        let names = || program.names();
        match what.as_atom().map(Atom::text) {
            Some("all") => {}
            Some("none") => wanted.shape = Shape::Nothing,
            Some("all_but_first") => wanted.from = 1,
            Some("first") => wanted.groups = Some(vec![vec![0]]),
            Some("all_names") => {
                let mut all: Vec<(Vec<u8>, Vec<i64>)> = Vec::new();
                for (name, group) in names() {
                    match all.last_mut() {
                        Some((known, groups)) if *known == name => groups.push(i64::from(group)),
                        _ => all.push((name, vec![i64::from(group)])),
                    }
                }
                if all.is_empty() {
                    wanted.shape = Shape::Nothing;
                }
                wanted.groups = Some(all.into_iter().map(|(_, groups)| groups).collect());
            }
            Some(_) => return None,
            None if what.is_nil() => wanted.shape = Shape::Nothing,
            None => {
                let mut groups = Vec::new();
                let mut rest = what;
                while let Some(Cons { head, tail }) = rest.as_cons() {
                    rest = tail;
                    if let Some(number) = head.as_small() {
                        groups.push(vec![number]);
                        continue;
                    }
                    let name = match head.as_atom() {
                        Some(name) => name.text().as_bytes().to_vec(),
                        None => args::iolist_bytes(head)?,
                    };
                    groups.push(
                        names().into_iter().filter(|(known, _)| *known == name).map(|(_, group)| i64::from(group)).collect(),
                    );
                }
                if !rest.is_nil() || !what.is_list() {
                    return None;
                }
                wanted.groups = Some(groups);
            }
        }
        Some(wanted)
    }

    fn build<'c>(&self, call: &mut Call<'c>, text: &[u8], subject: Term<'c>, found: &[(usize, usize)]) -> Term<'c> {
        let tag = Term::atom(intern_static("match"));
        if self.shape == Shape::Nothing {
            return tag;
        }
        let set = |group: i64| usize::try_from(group).ok().and_then(|group| found.get(group)).filter(|(_, end)| *end != UNSET);
        let ranges: Vec<Option<(usize, usize)>> = match &self.groups {
            Some(groups) => groups.iter().map(|groups| groups.iter().find_map(|group| set(*group)).copied()).collect(),
            None => {
                let count = found.iter().rposition(|(_, end)| *end != UNSET).map_or(1, |last| last + 1);
                (self.from..count).map(|group| set(group as i64).copied()).collect()
            }
        };
        let values: Vec<Term<'c>> = ranges.into_iter().map(|range| self.value(call, text, subject, range)).collect();
        let values = call.list(&values);
        call.tuple(&[tag, values])
    }

    fn value<'c>(&self, call: &mut Call<'c>, text: &[u8], subject: Term<'c>, range: Option<(usize, usize)>) -> Term<'c> {
        // `\K` in an assertion may put the start after the end.
        let part = range.and_then(|(start, end)| text.get(start..end)).unwrap_or(&[]);
        match self.shape {
            Shape::Index => {
                let (start, length) = range.map_or((-1, 0), |(start, end)| (start as i64, end as i64 - start as i64));
                let pair = [call.integer(start), call.integer(length)];
                call.tuple(&pair)
            }
            Shape::List => call.byte_list(part, Term::NIL),
            _ if part.len() > 64 && subject.is_bitstring() => {
                let start = range.map_or(0, |(start, _)| start);
                call.sub_bits(subject, 8 * start, 8 * part.len())
            }
            _ => call.binary(part),
        }
    }
}

fn inspect<'c>(call: &mut Call<'c>, [pattern, what]: [Term<'c>; 2]) -> BifResult<'c> {
    let (_, code) = pattern_parts(pattern).or_badarg()?;
    let namelist = intern_static("namelist");
    if what.as_atom() != Some(namelist) {
        return Err(Stop::BADARG);
    }
    let bytes = code.to_bytes().or_badarg()?;
    let program = Program::from_bytes(&bytes).or_badarg()?;
    let mut names: Vec<Vec<u8>> = program.names().into_iter().map(|(name, _)| name).collect();
    names.dedup();
    let names: Vec<Term<'c>> = names.iter().map(|name| call.binary(name)).collect();
    let names = call.list(&names);
    Ok(call.tuple(&[Term::atom(namelist), names]))
}
