//! `erts_debug:get_internal_state/1` and `set_internal_state/2`: what OTP's own tests ask of an emulator's inside.
//!
//! Closed until `set_internal_state(available_internal_state, true)`; then what this machine has no counterpart of is `badarg`, as a
//! state that OTP does not know. Limits that make an emulator of OTP yield early are taken and change nothing.

use super::args::OrBadarg;
use super::erlang::process_info;
use super::{BifResult, Call, Stop, bifs, ets};
use crate::atom::{self, am};
use crate::term::Term;

bifs! { module "erts_debug";
    /// A state of the machine's inside.
    ///
    /// `erts_debug:get_internal_state(a)` => `error:undef`
    [plain] "get_internal_state"/1 = get, "erts/emulator/beam/erl_bif_info.c";
    /// Sets a state of the machine's inside, or opens and closes access to all of them; then whether it was open.
    ///
    /// `erts_debug:set_internal_state(available_internal_state, false)` => `false`
    /// `erts_debug:set_internal_state(1, true)` => `error:undef`
    [plain] "set_internal_state"/2 = set, "erts/emulator/beam/erl_bif_info.c";
}

/// Words of a table's own struct, and of a step of its growth besides the places.
const TABLE_WORDS: [i64; 2] = [49, 6];

fn atom_named<'c>(text: &'static str) -> Term<'c> {
    Term::atom(atom::intern_static(text))
}

fn get<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    if !call.system().is_internal_state_open() {
        return Err(Stop::UNDEF);
    }
    match name.as_atom().or_badarg()?.text() {
        "available_internal_state" => Ok(Term::bool(true)),
        "reds_left" => {
            let left = call.reductions_left();
            Ok(call.integer(left.max(0)))
        }
        "DbTable_words" => {
            let words = TABLE_WORDS.map(|words| call.integer(words));
            Ok(call.tuple(&words))
        }
        // Counters of one word each: nothing is kept beside them.
        "flxctr_memory_usage" => Ok(Term::atom(am::NOTSUP)),
        "force_heap_frags" | "scheduler_dump" => Ok(Term::bool(false)),
        // No node is counted, for none goes away.
        "node_and_dist_references" => {
            let parts = ["node_references", "dist_references"].map(|part| call.tuple(&[atom_named(part), Term::NIL]));
            Ok(call.tuple(&parts))
        }
        "processes" => Err(call.apply(Term::atom(am::ERLANG), atom_named("processes"), &[])),
        "process_info_args" => {
            let items: Vec<Term<'c>> = process_info::items().map(Term::atom).collect();
            Ok(call.list(&items))
        }
        _ => Err(Stop::BADARG),
    }
}

fn set<'c>(call: &mut Call<'c>, [name, value]: [Term<'c>; 2]) -> BifResult<'c> {
    let system = call.system();
    let text = name.as_atom().map(|name| name.text());
    if let (Some("available_internal_state"), Some(open)) = (text, value.as_bool()) {
        return Ok(Term::bool(system.open_internal_state(open)));
    }
    if !system.is_internal_state_open() {
        return Err(Stop::UNDEF);
    }
    let number = value.as_small();
    match (text.or_badarg()?, value.as_atom().map(|value| value.text())) {
        ("wait", Some("deallocations" | "timer_cancellations" | "aux_work" | "thread_progress")) => Ok(Term::atom(am::OK)),
        ("reds_left" | "block" | "sleep" | "block_scheduler", None) if number.is_some() => Ok(Term::bool(true)),
        ("binary_loop_limit" | "re_loop_limit" | "unicode_loop_limit", Some("default")) => Ok(call.integer(0)),
        ("binary_loop_limit" | "re_loop_limit" | "unicode_loop_limit", None) if number.is_some_and(|limit| limit >= 0) => {
            Ok(call.integer(0))
        }
        ("node_tab_delayed_delete" | "process_uniq_counter", None) if number.is_some() => Ok(Term::atom(am::OK)),
        ("fill_heap", _) => Ok(Term::atom(am::OK)),
        ("code_write_permission", Some("true" | "false")) => Ok(Term::bool(true)),
        ("ets_force_trap" | "proc_sig_buffers", _) => Ok(Term::atom(am::NOTSUP)),
        ("ets_force_split" | "ets_debug_random_split_join", None) => {
            let [table, on] = value.as_tuple_of().or_badarg()?;
            if ets::tables::force_split(call, table, on.is_atom(am::TRUE)) { Ok(Term::atom(am::OK)) } else { Err(Stop::BADARG) }
        }
        ("mbuf", _) => Ok(value),
        ("colliding_names", None) => colliding_names(call, value),
        _ => Err(Stop::BADARG),
    }
}

/// Names that would meet in one place of OTP's table of names: in ours any do.
fn colliding_names<'c>(call: &mut Call<'c>, wanted: Term<'c>) -> BifResult<'c> {
    let [name, count] = wanted.as_tuple_of().or_badarg()?;
    let (name, count) = (name.as_atom().or_badarg()?, count.as_usize().filter(|count| *count <= 100).or_badarg()?);
    let mut names = Vec::with_capacity(count);
    for number in 0..count {
        let text = format!("{}{number}", name.text());
        names.push(Term::atom(atom::intern(&text).ok().or_badarg()?));
    }
    Ok(call.list(&names))
}
