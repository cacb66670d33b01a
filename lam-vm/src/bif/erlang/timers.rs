//! Timers that send messages.

use super::time;
use crate::atom::{Atom, am};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::platform;
use crate::process::parts::join;
use crate::process::{OwnedTerm, RefId};
use crate::term::Term;
use crate::timer::Destination;
use crate::timer::table::deadline_after;

bifs! { module "erlang";
    /// Sends `Message` to a process (by pid or name) after that many milliseconds; a reference for the timer.
    [plain] "send_after"/3 = send_after_3, "erts/emulator/beam/erl_hl_timer.c";
    /// As `send_after/3`; with `{abs, true}` the time is one of `monotonic_time(millisecond)`.
    [plain] "send_after"/4 = send_after_4, "erts/emulator/beam/erl_hl_timer.c";
    /// As `send_after/3`, the message being `{timeout, Ref, Message}`.
    [plain] "start_timer"/3 = start_timer_3, "erts/emulator/beam/erl_hl_timer.c";
    /// As `send_after/4`, the message being `{timeout, Ref, Message}`.
    [plain] "start_timer"/4 = start_timer_4, "erts/emulator/beam/erl_hl_timer.c";
    /// Cancels a timer; the milliseconds that were left, or `false`.
    [plain] "cancel_timer"/1 = cancel_timer_1, "erts/emulator/beam/erl_hl_timer.c";
    /// As `cancel_timer/1`; options `{async, Bool}`, `{info, Bool}`.
    [plain] "cancel_timer"/2 = cancel_timer_2, "erts/emulator/beam/erl_hl_timer.c";
    /// The milliseconds that are left of a timer, or `false`.
    [plain] "read_timer"/1 = read_timer_1, "erts/emulator/beam/erl_hl_timer.c";
    /// As `read_timer/1`; option `{async, Bool}`.
    [plain] "read_timer"/2 = read_timer_2, "erts/emulator/beam/erl_hl_timer.c";
}

/// What a timer sends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Bare,
    Wrapped,
}

fn send_after_3<'c>(call: &mut Call<'c>, [time, to, message]: [Term<'c>; 3]) -> BifResult<'c> {
    set(call, Form::Bare, time, to, message, false)
}

fn send_after_4<'c>(call: &mut Call<'c>, [time, to, message, options]: [Term<'c>; 4]) -> BifResult<'c> {
    let Some([absolute]) = flags(options, [(am::ABS, false)]) else { return Err(call.badarg_cause(am::BADOPT)) };
    set(call, Form::Bare, time, to, message, absolute)
}

fn start_timer_3<'c>(call: &mut Call<'c>, [time, to, message]: [Term<'c>; 3]) -> BifResult<'c> {
    set(call, Form::Wrapped, time, to, message, false)
}

fn start_timer_4<'c>(call: &mut Call<'c>, [time, to, message, options]: [Term<'c>; 4]) -> BifResult<'c> {
    let Some([absolute]) = flags(options, [(am::ABS, false)]) else { return Err(call.badarg_cause(am::BADOPT)) };
    set(call, Form::Wrapped, time, to, message, absolute)
}

/// Values of boolean options, in the order asked for; `None` where the list holds anything else.
fn flags<const N: usize>(list: Term<'_>, known: [(Atom, bool); N]) -> Option<[bool; N]> {
    let mut values = known.map(|(_, default)| default);
    for option in list.list_to_vec()? {
        let [key, value] = option.as_tuple_of()?;
        let at = known.iter().position(|(name, _)| key.is_atom(*name))?;
        values[at] = value.as_bool()?;
    }
    Some(values)
}

/// Deadline in milliseconds of the host's monotonic clock.
fn deadline(time: Term<'_>, absolute: bool) -> Option<u64> {
    let time = time.as_small()?;
    if !absolute {
        return Some(deadline_after(u64::try_from(time).ok().filter(|time| *time < 1 << 50)?));
    }
    let offset_ns = i128::from(platform::monotonic_ns()) - i128::from(time::monotonic_ns());
    let at_ns = i128::from(time) * 1_000_000 + offset_ns;
    // What is past is due at once.
    u64::try_from((at_ns.max(0) + 999_999) / 1_000_000).ok()
}

fn set<'c>(call: &mut Call<'c>, form: Form, time: Term<'c>, to: Term<'c>, message: Term<'c>, absolute: bool) -> BifResult<'c> {
    let deadline = deadline(time, absolute).ok_or(Stop::BADARG)?;
    let destination = match to.as_atom() {
        Some(name) => Destination::Name(name),
        None if to.is_local_pid() => Destination::Pid(to.word()),
        None => return Err(Stop::BADARG),
    };
    let system = call.system();
    let id = system.unique.reference();
    let mut message = OwnedTerm::of(message);
    if form == Form::Wrapped {
        message = join([&message], |heap, [message]| {
            let reference = heap.reference(id);
            heap.tuple(&[Term::atom(am::TIMEOUT), reference, message])
        });
    }
    if !system.timers.set_message(deadline, id, destination, message) {
        return Err(Stop::SYSTEM_LIMIT);
    }
    Ok(call.reference(id))
}

fn id_of<'c>(timer: Term<'c>) -> Result<RefId, Stop<'c>> {
    timer.as_reference().map(|reference| reference.id).ok_or(Stop::BADARG)
}

/// Cancels (or reads) a timer. A timer for a process that is gone is gone too.
fn left<'c>(call: &Call<'c>, id: RefId, cancel: bool) -> Option<u64> {
    let system = call.system();
    let (left, to) = if cancel { system.timers.cancel_message(id)? } else { system.timers.read_message(id)? };
    match to {
        Destination::Pid(pid) if !system.processes.is_alive(pid) => None,
        _ => Some(left),
    }
}

fn left_term<'c>(call: &mut Call<'c>, left: Option<u64>) -> Term<'c> {
    match left {
        Some(left) => call.unsigned(left),
        None => Term::bool(false),
    }
}

/// Sends `{Name, Timer, Left}` to the caller.
fn answer_later<'c>(call: &mut Call<'c>, name: Atom, timer: Term<'c>, left: Option<u64>) {
    let left = left_term(call, left);
    let (timer, left) = (OwnedTerm::of(timer), OwnedTerm::of(left));
    let message = join([&timer, &left], |heap, [timer, left]| heap.tuple(&[Term::atom(name), timer, left]));
    let pid = call.process().pid;
    call.system().processes.send_message(pid, pid, message);
}

fn cancel_timer_1<'c>(call: &mut Call<'c>, [timer]: [Term<'c>; 1]) -> BifResult<'c> {
    let left = left(call, id_of(timer)?, true);
    Ok(left_term(call, left))
}

fn cancel_timer_2<'c>(call: &mut Call<'c>, [timer, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let [is_async, info] = flags(options, [(am::ASYNC, false), (am::INFO, true)]).ok_or(Stop::BADARG)?;
    let left = left(call, id_of(timer)?, true);
    match (is_async, info) {
        (false, true) => Ok(left_term(call, left)),
        (true, true) => {
            answer_later(call, am::CANCEL_TIMER, timer, left);
            Ok(Term::atom(am::OK))
        }
        (_, false) => Ok(Term::atom(am::OK)),
    }
}

fn read_timer_1<'c>(call: &mut Call<'c>, [timer]: [Term<'c>; 1]) -> BifResult<'c> {
    let left = left(call, id_of(timer)?, false);
    Ok(left_term(call, left))
}

fn read_timer_2<'c>(call: &mut Call<'c>, [timer, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let [is_async] = flags(options, [(am::ASYNC, false)]).ok_or(Stop::BADARG)?;
    let left = left(call, id_of(timer)?, false);
    if !is_async {
        return Ok(left_term(call, left));
    }
    answer_later(call, am::READ_TIMER, timer, left);
    Ok(Term::atom(am::OK))
}
