//! Registered names, and which processes there are.

use crate::atom::am;
use crate::bif::args::{OrBadarg, pid_term};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::process::names::Register;
use crate::term::Term;
use crate::term::identity::local_node;
use crate::term::word;

bifs! { module "erlang";
    /// Gives a process or port a name; `badarg` when the name is taken, it has one, or is gone.
    [plain] "register"/2 = register, "erts/emulator/beam/register.c";
    /// Takes a name away; `badarg` when nobody has it.
    [plain] "unregister"/1 = unregister, "erts/emulator/beam/register.c";
    /// Who has a name, or `undefined`.
    [plain] "whereis"/1 = whereis, "erts/emulator/beam/register.c";
    /// All names.
    [plain] "registered"/0 = registered, "erts/emulator/beam/register.c";
    /// Pids of all processes that are not just ending.
    [plain] "processes"/0 = processes, "erts/emulator/beam/erl_ptab.c";
    /// Watches a node: this one never goes down, and there is no other (`notalive`).
    [plain] "monitor_node"/2 = monitor_node_2, "erts/emulator/beam/dist.c";
    /// As `monitor_node/2`; option `allow_passive_connect`.
    [plain] "monitor_node"/3 = monitor_node_3, "erts/emulator/beam/dist.c";
}

fn register<'c>(call: &mut Call<'c>, [name, pid]: [Term<'c>; 2]) -> BifResult<'c> {
    let name = name.as_atom().filter(|name| *name != am::UNDEFINED).or_badarg()?;
    if !pid.is_local_pid() && !word::is_local_port(pid.word()) {
        return Err(Stop::BADARG);
    }
    let system = call.system();
    match system.names.register(name, pid.word(), &system.processes) {
        Register::Done => Ok(Term::bool(true)),
        Register::NotAlive => Err(call.badarg_cause(am::NOTALIVE)),
        Register::HasName => Err(call.badarg_cause(am::REGISTERED_NAME)),
        Register::Taken => Err(Stop::BADARG),
    }
}

fn unregister<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let name = name.as_atom().or_badarg()?;
    call.system().names.unregister(name).or_badarg()?;
    Ok(Term::bool(true))
}

fn whereis<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let name = name.as_atom().or_badarg()?;
    Ok(call.system().names.whereis(name).map_or(Term::atom(am::UNDEFINED), pid_term))
}

fn registered<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let names: Vec<Term<'c>> = call.system().names.all().into_iter().map(Term::atom).collect();
    Ok(call.list(&names))
}

fn processes<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let pids: Vec<Term<'c>> = call.system().processes.pids().into_iter().map(pid_term).collect();
    call.bump(pids.len() as i64 / 10);
    Ok(call.list(&pids))
}

fn monitor_node_2<'c>(_: &mut Call<'c>, [node, flag]: [Term<'c>; 2]) -> BifResult<'c> {
    watch_node(node, flag)
}

fn monitor_node_3<'c>(_: &mut Call<'c>, [node, flag, options]: [Term<'c>; 3]) -> BifResult<'c> {
    options.list_to_vec().filter(|options| options.iter().all(|option| option.is_atom(am::ALLOW_PASSIVE_CONNECT))).or_badarg()?;
    watch_node(node, flag)
}

fn watch_node<'c>(node: Term<'c>, flag: Term<'c>) -> BifResult<'c> {
    let node = node.as_atom();
    if node == Some(local_node().0) {
        flag.as_bool().or_badarg()?;
        return Ok(Term::bool(true));
    }
    // OTP looks at the flag only once it knows that the node can be reached.
    node.or_badarg()?;
    Err(Stop::Error(Term::atom(am::NOTALIVE)))
}

/// `erts_internal`: what `erlang:processes_next/1` calls.
pub mod internal {
    use super::*;

    bifs! { module "erts_internal";
        /// The next processes of a traversal from a place, 0 at first: `{Place, Pids}`, or `none`.
        [plain 28] "processes_next"/1 = processes_next, "erts/emulator/beam/erl_ptab.c";
    }

    /// How many slots of the process table one call looks at.
    const STEP: u32 = 1000;

    fn processes_next<'c>(call: &mut Call<'c>, [place]: [Term<'c>; 1]) -> BifResult<'c> {
        let processes = &call.system().processes;
        let place = place.as_usize().filter(|place| *place <= processes.limit()).or_badarg()? as u32;
        if !processes.had_slot(place) {
            return Ok(Term::atom(am::NONE));
        }
        let next = place.saturating_add(STEP);
        let pids: Vec<Term<'c>> = processes.pids_of(place..next).into_iter().map(pid_term).collect();
        call.bump(i64::from(STEP) / 10);
        let next = call.unsigned(u64::from(next));
        let pids = call.list(&pids);
        Ok(call.tuple(&[next, pids]))
    }
}
