//! Registered names, and which processes there are.

use crate::atom::am;
use crate::bif::args::{OrBadarg, pid_term};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::process::names::Register;
use crate::term::Term;

bifs! { module "erlang";
    /// Gives a process a name; `badarg` when the name is taken, the process has one, or is gone.
    [plain] "register"/2 = register, "erts/emulator/beam/register.c";
    /// Takes a name away; `badarg` when nobody has it.
    [plain] "unregister"/1 = unregister, "erts/emulator/beam/register.c";
    /// Who has a name, or `undefined`.
    [plain] "whereis"/1 = whereis, "erts/emulator/beam/register.c";
    /// All names.
    [plain] "registered"/0 = registered, "erts/emulator/beam/register.c";
    /// Pids of all processes that are not just ending.
    [plain] "processes"/0 = processes, "erts/emulator/beam/erl_ptab.c";
}

fn register<'c>(call: &mut Call<'c>, [name, pid]: [Term<'c>; 2]) -> BifResult<'c> {
    let name = name.as_atom().filter(|name| *name != am::UNDEFINED).or_badarg()?;
    if !pid.is_local_pid() {
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
