//! The natives of `erl_tracer`: the tracer that sends its messages to a process. LAM traces nothing by itself, so only a program calls them.

use crate::atom::{self, Atom, am};
use crate::bif::erlang::time::{monotonic_ns, stamp, system_ns};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::map::map_get;
use crate::process::OwnedTerm;
use crate::term::Term;

bifs! { module "erl_tracer";
    /// What becomes of a trace message (`trace`, `discard` or `remove`) to a tracer that is this process.
    ///
    /// `erl_tracer:enabled(call, self(), self())` => `discard`
    /// `erl_tracer:enabled(call, a, self())` => `discard`
    /// `erl_tracer:enabled(trace_status, a, self())` => `remove`
    [plain] "enabled"/3 = enabled, "erts/emulator/nifs/common/erl_tracer_nif.c";
    /// Sends a trace message to the process: `{trace, Tracee, Tag, Message, …}`.
    ///
    /// `erl_tracer:trace(call, a, b, c, #{})` => `ok`
    [plain] "trace"/5 = trace, "erts/emulator/nifs/common/erl_tracer_nif.c";
}

fn named<'c>(name: &'static str) -> Term<'c> {
    Term::atom(atom::intern_static(name))
}

fn is_named(term: Term<'_>, name: &str) -> bool {
    term.as_atom().is_some_and(|atom: Atom| atom.text() == name)
}

fn enabled<'c>(call: &mut Call<'c>, [tag, tracer, tracee]: [Term<'c>; 3]) -> BifResult<'c> {
    if !tracer.is_local_pid() || !call.system().processes.is_alive(tracer.word()) {
        return Ok(named(if is_named(tag, "trace_status") { "remove" } else { "discard" }));
    }
    Ok(named(if tracer.is_same(tracee) { "discard" } else { "trace" }))
}

/// The time that an option asks for.
fn time_of<'c>(call: &mut Call<'c>, kind: Term<'c>) -> BifResult<'c> {
    match kind.as_atom().map(Atom::text) {
        Some("monotonic") => Ok(call.integer(monotonic_ns())),
        Some("strict_monotonic") => {
            let count = call.system().unique.monotonic_count();
            let (time, count) = (call.integer(monotonic_ns()), call.integer(count));
            Ok(call.tuple(&[time, count]))
        }
        Some("timestamp") => Ok(stamp(call, system_ns() / 1000)),
        _ => Err(Stop::BADARG),
    }
}

fn trace<'c>(call: &mut Call<'c>, [tag, tracer, tracee, message, options]: [Term<'c>; 5]) -> BifResult<'c> {
    if !tracer.is_local_pid() {
        return Ok(Term::atom(am::OK));
    }
    let option = |name| options.as_map().and_then(|map| map_get(&map, named(name)));
    let mut parts = match option("extra") {
        Some(extra) => vec![named("trace"), tracee, tag, message, extra],
        None if is_named(tag, "seq_trace") => vec![tag, tracee, message],
        None => vec![named("trace"), tracee, tag, message],
    };
    parts.extend(["match_spec_result", "scheduler_id"].into_iter().filter_map(option));
    if let Some(kind) = option("timestamp") {
        parts.push(time_of(call, kind)?);
        if is_named(parts[0], "trace") {
            parts[0] = named("trace_ts");
        }
    }
    let message = call.tuple(&parts);
    let from = call.process().pid;
    call.system().processes.send_message(from, tracer.word(), OwnedTerm::of(message));
    Ok(Term::atom(am::OK))
}
