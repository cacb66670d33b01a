//! Sending messages.

use crate::atom::am;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::process::{OwnedTerm, SignalKind};
use crate::term::Term;
use crate::term::identity::local_node;
use crate::term::word;

bifs! { module "erlang";
    /// Sends `Message` and gives it; `badarg` for a name that nobody has.
    [plain] "!"/2 = send_2, "erts/emulator/beam/bif.c";
    /// As `!`.
    [plain] "send"/2 = send_2, "erts/emulator/beam/bif.c";
    /// As `!` with options; gives `ok`, `nosuspend` or `noconnect`.
    [plain] "send"/3 = send_3, "erts/emulator/beam/bif.c";
    /// A reference that was never made before.
    [plain] "make_ref"/0 = make_ref, "erts/emulator/beam/erl_bif_info.c";
}

/// What sending costs, as OTP counts it.
const SEND_REDUCTIONS: i64 = 4;

fn make_ref<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let id = call.system().unique.reference();
    Ok(call.reference(id))
}

fn send_2<'c>(call: &mut Call<'c>, [to, message]: [Term<'c>; 2]) -> BifResult<'c> {
    send(call, to, message)?;
    after_send(call, message)
}

fn send_3<'c>(call: &mut Call<'c>, [to, message, options]: [Term<'c>; 3]) -> BifResult<'c> {
    let known = |option: &Term<'c>| option.is_atom(am::NOCONNECT) || option.is_atom(am::NOSUSPEND);
    let Some(options) = options.list_to_vec().filter(|options| options.iter().all(known)) else {
        return Err(call.badarg_cause(am::BADOPT));
    };
    if !send(call, to, message)? && options.iter().any(|option| option.is_atom(am::NOCONNECT)) {
        return Ok(Term::atom(am::NOCONNECT));
    }
    after_send(call, Term::atom(am::OK))
}

/// A process that only sends gives way now and then.
fn after_send<'c>(call: &mut Call<'c>, value: Term<'c>) -> BifResult<'c> {
    if call.bump(SEND_REDUCTIONS) { Ok(value) } else { Err(Stop::Yield(value)) }
}

/// Sends; false when the receiver is on a node that cannot be reached.
fn send<'c>(call: &mut Call<'c>, to: Term<'c>, message: Term<'c>) -> Result<bool, Stop<'c>> {
    let system = call.system();
    let from = call.process().pid;
    if to.is_local_pid() {
        if system.processes.lookup(to.word()).is_some() {
            system.processes.send_message(from, to.word(), OwnedTerm::of(message));
        }
        return Ok(true);
    }
    if let Some(name) = to.as_atom() {
        let pid = system.names.whereis(name).ok_or(Stop::BADARG)?;
        system.processes.send_message(from, pid, OwnedTerm::of(message));
        return Ok(true);
    }
    if let Some(reference) = to.as_reference() {
        // Only a reference that names its owner can be an alias.
        if let Some(owner) = reference.owner {
            let kind = SignalKind::AliasMessage { from, alias: reference.id, message: OwnedTerm::of(message) };
            system.processes.send(owner.word(), kind);
        }
        return Ok(true);
    }
    if let Some([name, node]) = to.as_tuple_of() {
        let (Some(name), Some(node)) = (name.as_atom(), node.as_atom()) else { return Err(Stop::BADARG) };
        if node != local_node().0 {
            return Ok(false);
        }
        if let Some(pid) = system.names.whereis(name) {
            system.processes.send_message(from, pid, OwnedTerm::of(message));
        }
        return Ok(true);
    }
    // Nobody is behind a port, or a pid or reference of another node, here.
    if to.is_pid() || to.is_ref() {
        return Ok(false);
    }
    if to.is_port() || word::is_local_port(to.word()) { Ok(true) } else { Err(Stop::BADARG) }
}
