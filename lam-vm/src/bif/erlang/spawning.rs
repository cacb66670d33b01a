//! Making processes.

use super::links::{is_priority, monitor_options};
use crate::atom::{Atom, am};
use crate::bif::args::pid_term;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::next_heap_size;
use crate::process::parts::join;
use crate::process::run_queue::SCHEDULERS_MAX;
use crate::process::spawn::{MIN_HEAP_WORDS, MonitorOptions, Spawn, SpawnOptions, Spawned};
use crate::process::{AliasMode, MaxHeapOptions, OwnedTerm, Priority};
use crate::term::{Map, Term, otp};

bifs! { module "erlang";
    /// Makes a process that calls `Module:Function` with `Args`.
    [plain] "spawn"/3 = spawn_3, "erts/emulator/beam/bif.c";
    /// As `spawn/3`, linked.
    [plain] "spawn_link"/3 = spawn_link_3, "erts/emulator/beam/bif.c";
    /// As `spawn/3`, with options; `{Pid, Ref}` when one of them is a monitor.
    [plain] "spawn_opt"/4 = spawn_opt_4, "erts/emulator/beam/bif.c";
    /// Whether a request to spawn was given up: never, for it is done when it returns.
    [plain] "spawn_request_abandon"/1 = spawn_request_abandon, "erts/emulator/beam/bif.c";
}

pub mod internal {
    //! `erts_internal`'s share.

    use crate::bif::bifs;

    bifs! { module "erts_internal";
        /// Makes a process and answers by a message `{Tag, Ref, ok, Pid}` or `{Tag, Ref, error, Reason}`; gives `Ref`, or why not.
        [plain] "spawn_request"/4 = super::spawn_request, "erts/emulator/beam/bif.c";
        /// Asks another node to make a process: there is none, which the answer says (`noconnection`).
        [plain] "dist_spawn_request"/4 = super::dist_spawn_request, "erts/emulator/beam/dist.c";
    }
}

/// Reductions that making a process costs.
const SPAWN_REDUCTIONS: i64 = 50;

/// Module, function, argument list and its length; `badarg` where they are not right.
fn checked<'c>(module: Term<'c>, function: Term<'c>, args: Term<'c>) -> Result<(Atom, Atom, usize), Stop<'c>> {
    let module = module.as_atom().ok_or(Stop::BADARG)?;
    let function = function.as_atom().ok_or(Stop::BADARG)?;
    let arity = args.list_length().ok_or(Stop::BADARG)?;
    Ok((module, function, arity))
}

fn spawn<'c>(call: &mut Call<'c>, [module, function, args]: [Term<'c>; 3], options: SpawnOptions) -> Result<Spawned, Stop<'c>> {
    let (module, function, arity) = checked(module, function, args)?;
    call.bump(SPAWN_REDUCTIONS);
    let shown_call = Some((module, function, arity as u32));
    let spawn = if arity <= 255 {
        Spawn { module, function, args: OwnedTerm::of(args), arity, shown_call, options }
    } else {
        // The new process fails, as it would in OTP.
        let args = call.list(&[Term::atom(module), Term::atom(function), args]);
        Spawn { module: am::ERLANG, function: am::APPLY, args: OwnedTerm::of(args), arity: 3, shown_call, options }
    };
    let system = call.system();
    system.processes.spawn(Some(call.process()), spawn).map_err(|_| Stop::SYSTEM_LIMIT)
}

fn spawn_3<'c>(call: &mut Call<'c>, mfa: [Term<'c>; 3]) -> BifResult<'c> {
    Ok(pid_term(spawn(call, mfa, SpawnOptions::default())?.pid))
}

fn spawn_link_3<'c>(call: &mut Call<'c>, mfa: [Term<'c>; 3]) -> BifResult<'c> {
    Ok(pid_term(spawn(call, mfa, SpawnOptions { link: true, ..SpawnOptions::default() })?.pid))
}

fn spawn_opt_4<'c>(call: &mut Call<'c>, [module, function, args, options]: [Term<'c>; 4]) -> BifResult<'c> {
    let Ok(Parsed { options, .. }) = parse(options, false) else {
        return Err(call.badarg_cause(am::BADOPT));
    };
    let owned = options.monitor.as_ref().is_some_and(|monitor| monitor.alias != AliasMode::None);
    let spawned = spawn(call, [module, function, args], options)?;
    let pid = pid_term(spawned.pid);
    match spawned.monitor {
        None => Ok(pid),
        Some(id) => {
            let (heap, process) = call.parts();
            let reference = process.reference(heap, id, owned);
            Ok(heap.tuple(&[pid, reference]))
        }
    }
}

fn spawn_request_abandon<'c>(_: &mut Call<'c>, [reference]: [Term<'c>; 1]) -> BifResult<'c> {
    if reference.is_ref() { Ok(Term::bool(false)) } else { Err(Stop::BADARG) }
}

pub(super) fn spawn_request<'c>(call: &mut Call<'c>, [module, function, args, options]: [Term<'c>; 4]) -> BifResult<'c> {
    if checked(module, function, args).is_err() {
        return Ok(Term::atom(am::BADARG));
    }
    let parsed = match parse(options, true) {
        Ok(parsed) => parsed,
        Err(BadOptions::NoList) => return Ok(Term::atom(am::BADOPT)),
        Err(BadOptions::Bad { tag, on_error }) => return refused(call, tag, am::BADOPT, on_error),
    };
    let Parsed { options, tag, on_success, on_error } = parsed;
    let owned = options.monitor.as_ref().is_some_and(|monitor| monitor.alias != AliasMode::None);
    let spawned = match spawn(call, [module, function, args], options) {
        Ok(spawned) => spawned,
        Err(_) => return refused(call, tag, am::SYSTEM_LIMIT, on_error),
    };
    let id = spawned.monitor.unwrap_or_else(|| call.system().unique.reference());
    if on_success {
        answer(call, tag, id, owned, Term::atom(am::OK), pid_term(spawned.pid));
    }
    let (heap, process) = call.parts();
    Ok(process.reference(heap, id, owned))
}

fn refused<'c>(call: &mut Call<'c>, tag: Option<Term<'c>>, reason: Atom, tell: bool) -> BifResult<'c> {
    let id = call.system().unique.reference();
    if tell {
        answer(call, tag, id, false, Term::atom(am::ERROR), Term::atom(reason));
    }
    Ok(call.reference(id))
}

pub(super) fn dist_spawn_request<'c>(call: &mut Call<'c>, [node, mfa, options, kind]: [Term<'c>; 4]) -> BifResult<'c> {
    let Some([module, function, args]) = mfa.as_tuple_of().filter(|_| node.as_atom().is_some()) else {
        return Ok(Term::atom(am::BADARG));
    };
    if checked(module, function, args).is_err() {
        return Ok(Term::atom(am::BADARG));
    }
    let is_request = kind.is_atom(am::SPAWN_REQUEST);
    let (tag, has_monitor, reason, on_error) = match parse(options, is_request) {
        Ok(parsed) => (parsed.tag, parsed.options.monitor.is_some(), am::NOCONNECTION, parsed.on_error),
        Err(BadOptions::NoList) => return Ok(Term::atom(am::BADARG)),
        Err(BadOptions::Bad { tag, on_error }) => (tag, false, am::BADOPT, on_error),
    };
    let reference = refused(call, tag, reason, on_error || !is_request)?;
    if is_request { Ok(reference) } else { Ok(call.tuple(&[reference, Term::bool(has_monitor)])) }
}

/// `{Tag, Ref, ok | error, Value}` to the caller itself.
fn answer<'c>(call: &mut Call<'c>, tag: Option<Term<'c>>, id: [u64; 2], owned: bool, outcome: Term<'c>, value: Term<'c>) {
    let tag = OwnedTerm::of(tag.unwrap_or(Term::atom(am::SPAWN_REPLY)));
    let (outcome, value) = (OwnedTerm::of(outcome), OwnedTerm::of(value));
    let pid = call.process().pid;
    let message = join([&tag, &outcome, &value], |heap, [tag, outcome, value]| {
        let reference = if owned { heap.owned_reference(id, pid_term(pid)) } else { heap.reference(id) };
        heap.tuple(&[tag, reference, outcome, value])
    });
    call.system().processes.send_message(pid, pid, message);
}

/// Options of `spawn_opt` and `spawn_request`.
struct Parsed<'c> {
    options: SpawnOptions,
    tag: Option<Term<'c>>,
    on_success: bool,
    on_error: bool,
}

enum BadOptions<'c> {
    NoList,
    Bad { tag: Option<Term<'c>>, on_error: bool },
}

fn parse(list: Term<'_>, is_request: bool) -> Result<Parsed<'_>, BadOptions<'_>> {
    let mut parsed = Parsed { options: SpawnOptions::default(), tag: None, on_success: true, on_error: true };
    let mut good = true;
    let mut rest = list.iter_list();
    for option in rest.by_ref() {
        good &= parse_one(&mut parsed, option, is_request).is_some();
    }
    if !rest.rest.is_nil() {
        return Err(BadOptions::NoList);
    }
    let limits = &parsed.options;
    if !good || (limits.max_heap_words != 0 && limits.max_heap_words < limits.min_heap_words) {
        return Err(BadOptions::Bad { tag: parsed.tag, on_error: parsed.on_error });
    }
    Ok(parsed)
}

fn parse_one<'c>(parsed: &mut Parsed<'c>, option: Term<'c>, is_request: bool) -> Option<()> {
    let options = &mut parsed.options;
    if let Some(atom) = option.as_atom() {
        match atom {
            am::LINK => options.link = true,
            am::MONITOR => options.monitor = Some(MonitorOptions { alias: AliasMode::None, tag: None }),
            _ => return None,
        }
        return Some(());
    }
    let [key, value] = option.as_tuple_of()?;
    match key.as_atom()? {
        am::PRIORITY => options.priority = Priority::of_atom(value.as_atom()?)?,
        am::MESSAGE_QUEUE_DATA => options.settings.off_heap_messages = off_heap_messages(value)?,
        am::MIN_HEAP_SIZE => options.min_heap_words = heap_words(value)?,
        am::MIN_BIN_VHEAP_SIZE => options.settings.min_bin_vheap_words = value.as_usize()?.max(46422),
        am::MAX_HEAP_SIZE => (options.max_heap_words, options.settings.max_heap) = max_heap(value)?,
        am::FULLSWEEP_AFTER => options.fullsweep_after = fullsweep_after(value)?,
        am::ASYNC_DIST if otp::has_async_dist() => options.settings.async_dist = value.as_bool()?,
        am::SCHEDULER => {
            options.settings.scheduler =
                u32::try_from(value.as_usize()?).ok().filter(|number| *number as usize <= SCHEDULERS_MAX)?
        }
        am::MONITOR => options.monitor = Some(monitor_options(value)?),
        am::LINK if otp::has_priority_signals() && value.list_to_vec()?.into_iter().all(is_priority) => options.link = true,
        am::REPLY_TAG if is_request => parsed.tag = Some(value),
        am::REPLY if is_request => {
            (parsed.on_success, parsed.on_error) = match value.as_atom()? {
                am::YES => (true, true),
                am::NO => (false, false),
                am::ERROR_ONLY => (false, true),
                am::SUCCESS_ONLY => (true, false),
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

/// `min_heap_size` as OTP rounds it.
pub fn heap_words(value: Term<'_>) -> Option<usize> {
    let words = value.as_usize()?.min(1 << (usize::BITS - 24));
    Some(if words <= MIN_HEAP_WORDS { MIN_HEAP_WORDS } else { next_heap_size(words) })
}

pub fn fullsweep_after(value: Term<'_>) -> Option<u32> {
    Some(value.as_usize()?.min(u16::MAX as usize) as u32)
}

/// `message_queue_data`: whether messages stay off the heap.
pub fn off_heap_messages(value: Term<'_>) -> Option<bool> {
    match value.as_atom()? {
        am::OFF_HEAP => Some(true),
        am::ON_HEAP => Some(false),
        _ => None,
    }
}

/// `max_heap_size`: a size in words, or a map with one.
pub fn max_heap(value: Term<'_>) -> Option<(usize, MaxHeapOptions)> {
    let mut options = MaxHeapOptions { kill: true, error_logger: true, include_shared_binaries: false };
    // OTP's smalls have 60 bits.
    let size = |value: Term<'_>| value.as_usize().filter(|words| (*words as u64) < 1 << 59);
    if let Some(words) = size(value) {
        return Some((words, options));
    }
    let map: Map<'_> = value.as_map()?;
    let get = |key: Atom| crate::heap::map::map_get(&map, Term::atom(key));
    let words = size(get(am::SIZE)?)?;
    for (key, flag) in [(am::KILL, &mut options.kill), (am::ERROR_LOGGER, &mut options.error_logger)] {
        if let Some(value) = get(key) {
            *flag = value.as_bool()?;
        }
    }
    Some((words, options))
}
