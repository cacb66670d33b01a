//! Sending messages.

use super::links::is_priority;
use super::ports::send_to_port;
use crate::atom::am;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::io::ports;
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

/// Where a message went.
enum Sent {
    Done,
    /// To another node, which cannot be reached.
    NotConnected,
    /// Nowhere yet: a port takes no more now.
    Busy,
}

fn send_2<'c>(call: &mut Call<'c>, [to, message]: [Term<'c>; 2]) -> BifResult<'c> {
    match send(call, to, message, false)? {
        Sent::Busy => Err(call.wait(&[to, message])),
        _ => after_send(call, message),
    }
}

fn send_3<'c>(call: &mut Call<'c>, [to, message, options]: [Term<'c>; 3]) -> BifResult<'c> {
    let known = |option: &Term<'c>| option.is_atom(am::NOCONNECT) || option.is_atom(am::NOSUSPEND) || is_priority(*option);
    let Some(flags) = options.list_to_vec().filter(|options| options.iter().all(known)) else {
        return Err(call.badarg_cause(am::BADOPT));
    };
    let has = |name| flags.iter().any(|flag| flag.is_atom(name));
    match send(call, to, message, has(am::NOSUSPEND))? {
        Sent::NotConnected if has(am::NOCONNECT) => Ok(Term::atom(am::NOCONNECT)),
        Sent::Busy if has(am::NOSUSPEND) => Ok(Term::atom(am::NOSUSPEND)),
        Sent::Busy => Err(call.wait(&[to, message, options])),
        _ => after_send(call, Term::atom(am::OK)),
    }
}

/// A process that only sends gives way now and then.
fn after_send<'c>(call: &mut Call<'c>, value: Term<'c>) -> BifResult<'c> {
    if call.bump(SEND_REDUCTIONS) { Ok(value) } else { Err(Stop::Yield(value)) }
}

fn send<'c>(call: &mut Call<'c>, to: Term<'c>, message: Term<'c>, nosuspend: bool) -> Result<Sent, Stop<'c>> {
    let system = call.system();
    let from = call.process().pid;
    if to.is_local_pid() {
        if system.processes.lookup(to.word()).is_some() {
            system.processes.send_message(from, to.word(), OwnedTerm::of(message));
        }
        return Ok(Sent::Done);
    }
    if let Some(name) = to.as_atom() {
        let word = system.names.whereis(name).ok_or(Stop::BADARG)?;
        return Ok(send_to_word(call, word, message, nosuspend));
    }
    if let Some(reference) = to.as_reference() {
        // Only a reference that names its owner can be an alias.
        if let Some(owner) = reference.owner {
            let kind = SignalKind::AliasMessage { from, alias: reference.id, message: OwnedTerm::of(message) };
            system.processes.send(owner.word(), kind);
        }
        return Ok(Sent::Done);
    }
    if let Some([name, node]) = to.as_tuple_of() {
        let (Some(name), Some(node)) = (name.as_atom(), node.as_atom()) else { return Err(Stop::BADARG) };
        if node != local_node().0 {
            return Ok(Sent::NotConnected);
        }
        let word = system.names.whereis(name);
        return Ok(word.map_or(Sent::Done, |word| send_to_word(call, word, message, nosuspend)));
    }
    if word::is_local_port(to.word()) {
        return Ok(send_to_word(call, to.word(), message, nosuspend));
    }
    // Nobody is behind a pid or reference of another node here, or behind a port of one.
    if to.is_pid() || to.is_ref() {
        return Ok(Sent::NotConnected);
    }
    if to.is_port() { Ok(Sent::Done) } else { Err(Stop::BADARG) }
}

/// Sends to the process or port of this word.
fn send_to_word<'c>(call: &mut Call<'c>, to: u64, message: Term<'c>, nosuspend: bool) -> Sent {
    if word::is_local_port(to) {
        return match send_to_port(call, to, message, nosuspend) {
            ports::Sent::Done => Sent::Done,
            ports::Sent::Busy => Sent::Busy,
        };
    }
    let from = call.process().pid;
    call.system().processes.send_message(from, to, OwnedTerm::of(message));
    Sent::Done
}
