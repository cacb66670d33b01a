//! Tracing, system monitors and profiles, which LAM does not do yet: each answers as the real machine does while nothing of it is in
//! use, and `badarg` where it would have to be used.

use crate::atom::{self, am};
use crate::bif::args::OrBadarg;
use crate::bif::{BifResult, Call, Stop, bif_by_name, bifs};
use crate::code::Code;
use crate::term::Term;

bifs! { module "erlang";
    /// Flags or a function's breakpoints: none.
    ///
    /// `erlang:trace_info(new, flags)` => `{flags, []}`
    /// `erlang:trace_info(a, b)` => `error:badarg`
    [plain] "trace_info"/2 = trace_info, "erts/emulator/beam/erl_bif_trace.c";
    /// A reference; `{trace_delivered, Tracee, Ref}` comes at once.
    ///
    /// `erlang:trace_delivered(a)` => `error:badarg`
    [plain] "trace_delivered"/1 = trace_delivered, "erts/emulator/beam/erl_bif_trace.c";
    /// A part of the sequential trace token: there is none.
    ///
    /// `erlang:seq_trace_info(label)` => `[]`
    /// `erlang:seq_trace_info(nope)` => `error:badarg`
    [plain] "seq_trace_info"/1 = seq_trace_info, "erts/emulator/beam/erl_bif_trace.c";
    /// `erlang:seq_trace_print(x)` => `false`
    [plain] "seq_trace_print"/1 = seq_trace_print_1, "erts/emulator/beam/erl_bif_trace.c";
    /// `erlang:seq_trace_print(1, x)` => `false`
    [plain] "seq_trace_print"/2 = seq_trace_print_2, "erts/emulator/beam/erl_bif_trace.c";
    /// `erlang:system_monitor()` => `undefined`
    [plain] "system_monitor"/0 = none_0, "erts/emulator/beam/erl_bif_trace.c";
    /// `erlang:system_monitor(undefined)` => `undefined`
    [plain] "system_monitor"/1 = monitor_1, "erts/emulator/beam/erl_bif_trace.c";
    /// `erlang:system_monitor(undefined, [])` => `undefined`
    [plain] "system_monitor"/2 = monitor_2, "erts/emulator/beam/erl_bif_trace.c";
    /// `erlang:system_profile()` => `undefined`
    [plain] "system_profile"/0 = none_0, "erts/emulator/beam/erl_bif_trace.c";
    /// `erlang:system_profile(undefined, [])` => `undefined`
    [plain] "system_profile"/2 = monitor_2, "erts/emulator/beam/erl_bif_trace.c";
}

/// `erts_internal`
pub mod internal {
    use super::{bifs, finish_trace, trace_pattern};

    bifs! { module "erts_internal";
        /// Turns trace flags on or off: how many processes it fitted.
        [plain] "trace"/3 = finish_trace, "erts/emulator/beam/erl_bif_trace.c";
        [plain] "trace_pattern"/3 = trace_pattern, "erts/emulator/beam/erl_bif_trace.c";
    }
}

fn none_0<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(Term::atom(am::UNDEFINED))
}

/// `undefined`, or a setting that the machine could only pretend to take.
fn only_undefined<'c>(setting: Term<'c>) -> BifResult<'c> {
    if setting.is_atom(am::UNDEFINED) { Ok(setting) } else { Err(Stop::BADARG) }
}

fn monitor_1<'c>(_: &mut Call<'c>, [settings]: [Term<'c>; 1]) -> BifResult<'c> {
    only_undefined(settings)
}

fn monitor_2<'c>(_: &mut Call<'c>, [receiver, _]: [Term<'c>; 2]) -> BifResult<'c> {
    only_undefined(receiver)
}

fn trace_info<'c>(call: &mut Call<'c>, [what, item]: [Term<'c>; 2]) -> BifResult<'c> {
    let key = item.as_atom().or_badarg()?;
    let value = if let Some([module, function, arity]) = what.as_tuple_of() {
        let (module, function) = (module.as_atom().or_badarg()?, function.as_atom().or_badarg()?);
        let arity = arity.as_usize().or_badarg()?;
        let is_there = call.system().code.export(module, function, arity).is_some_and(Code::is_defined)
            || bif_by_name(module.text(), function.text(), arity).is_some();
        match key.text() {
            "traced" | "match_spec" | "meta" | "meta_match_spec" | "call_count" | "call_time" | "call_memory" | "all" => {
                if is_there {
                    Term::bool(false)
                } else {
                    Term::atom(am::UNDEFINED)
                }
            }
            _ => return Err(Stop::BADARG),
        }
    } else {
        let is_named =
            what.as_atom().is_some_and(|name| matches!(name.text(), "new" | "new_processes" | "new_ports" | "send" | "receive"));
        if !is_named && !what.is_local_pid() {
            return Err(Stop::BADARG);
        }
        match key.text() {
            _ if what.is_local_pid() && !call.system().processes.is_alive(what.word()) => Term::atom(am::UNDEFINED),
            "flags" | "tracer" => Term::NIL,
            "match_spec" if is_named => Term::NIL,
            _ => return Err(Stop::BADARG),
        }
    };
    Ok(call.tuple(&[item, value]))
}

fn trace_delivered<'c>(call: &mut Call<'c>, [tracee]: [Term<'c>; 1]) -> BifResult<'c> {
    let is_all = tracee.as_atom().is_some_and(|name| name.text() == "all");
    if !is_all && !tracee.is_local_pid() {
        return Err(Stop::BADARG);
    }
    let system = call.system();
    let reference = system.unique.reference();
    let pid = call.process().pid;
    system.processes.send_built(pid, pid, |heap| {
        let tag = Term::atom(atom::intern_static("trace_delivered"));
        let reference = heap.reference(reference);
        let tracee = heap.copy(tracee);
        heap.tuple(&[tag, tracee, reference])
    });
    Ok(call.reference(reference))
}

fn seq_trace_info<'c>(_: &mut Call<'c>, [item]: [Term<'c>; 1]) -> BifResult<'c> {
    match item.as_atom().or_badarg()?.text() {
        "label"
        | "serial"
        | "send"
        | "receive"
        | "print"
        | "timestamp"
        | "monotonic_timestamp"
        | "strict_monotonic_timestamp" => Ok(Term::NIL),
        _ => Err(Stop::BADARG),
    }
}

fn seq_trace_print_1<'c>(_: &mut Call<'c>, [_]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(Term::bool(false))
}

fn seq_trace_print_2<'c>(_: &mut Call<'c>, [label, _]: [Term<'c>; 2]) -> BifResult<'c> {
    if label.as_small().is_none() && label.as_atom().is_none() {
        return Err(Stop::BADARG);
    }
    Ok(Term::bool(false))
}

/// Turning off what is not on succeeds.
fn finish_trace<'c>(call: &mut Call<'c>, [what, on, flags]: [Term<'c>; 3]) -> BifResult<'c> {
    let fits = what.is_local_pid()
        || what.as_atom().is_some_and(|name| {
            matches!(
                name.text(),
                "all"
                    | "processes"
                    | "ports"
                    | "existing"
                    | "existing_processes"
                    | "existing_ports"
                    | "new"
                    | "new_processes"
                    | "new_ports"
            )
        });
    if !fits || on.as_bool().or_badarg()? || flags.list_length().is_none() {
        return Err(Stop::BADARG);
    }
    Ok(call.integer(0))
}

fn trace_pattern<'c>(_: &mut Call<'c>, [_, _, _]: [Term<'c>; 3]) -> BifResult<'c> {
    Err(Stop::BADARG)
}
