//! Links, monitors, aliases, exit signals.

use crate::atom::{Atom, am};
use crate::bif::args::pid_term;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::process::parts::{self, join};
use crate::process::spawn::MonitorOptions;
use crate::process::{AliasMode, Monitor, OwnedTerm, RefId, SignalKind, Watch};
use crate::term::identity::local_node;
use crate::term::{Term, View, otp, word};

bifs! { module "erlang";
    /// Links with a process or port; `noproc` when it is gone (a message to who traps exits).
    [plain] "link"/1 = link, "erts/emulator/beam/bif.c";
    /// As `link/1`; option `priority` of the exit signal.
    [plain 28] "link"/2 = link_2, "erts/emulator/beam/bif.c";
    /// Takes a link down: no exit signal comes over it afterwards.
    [plain] "unlink"/1 = unlink, "erts/emulator/beam/bif.c";
    /// Watches a process or port (by itself or by name), or the clock's offset.
    [plain] "monitor"/2 = monitor_2, "erts/emulator/beam/bif.c";
    /// As `monitor/2`; options `{alias, Mode}`, `{tag, Tag}`.
    [plain] "monitor"/3 = monitor_3, "erts/emulator/beam/bif.c";
    /// Ends a monitor.
    [plain] "demonitor"/1 = demonitor_1, "erts/emulator/beam/bif.c";
    /// As `demonitor/1`; options `flush`, `info`.
    [plain] "demonitor"/2 = demonitor_2, "erts/emulator/beam/bif.c";
    /// A reference by which messages reach this process until `unalias/1`, or with `reply` until the first.
    [plain] "alias"/1 = alias, "erts/emulator/beam/bif.c";
    /// Ends an alias of this process.
    [plain] "unalias"/1 = unalias, "erts/emulator/beam/bif.c";
    /// Sends an exit signal.
    [plain] "exit"/2 = exit_2, "erts/emulator/beam/bif.c";
    /// As `exit/2`, but `normal` to oneself is ignored.
    [plain] "exit_signal"/2 = exit_signal, "erts/emulator/beam/bif.c";
    /// As `exit/2`; option `priority` of the signal.
    [plain 28] "exit"/3 = exit_3, "erts/emulator/beam/bif.c";
    /// As `exit_signal/2`; option `priority` of the signal.
    [plain 29] "exit_signal"/3 = exit_signal_3, "erts/emulator/beam/bif.c";
}

/// An option from OTP 28 on, which changes nothing of the order here.
pub fn is_priority(option: Term<'_>) -> bool {
    option.is_atom(am::PRIORITY) && otp::has_priority_signals()
}

/// Signals are taken in together, so priority changes nothing of their order; only the form of the options is looked at.
fn check_priority_options<'c>(call: &mut Call<'c>, options: Term<'c>) -> Result<(), Stop<'c>> {
    let is_known = options.list_to_vec().is_some_and(|options| options.iter().all(|option| option.is_atom(am::PRIORITY)));
    if is_known { Ok(()) } else { Err(call.badarg_cause(am::BADOPT)) }
}

fn link_2<'c>(call: &mut Call<'c>, [to, options]: [Term<'c>; 2]) -> BifResult<'c> {
    check_priority_options(call, options)?;
    link(call, [to])
}

fn link<'c>(call: &mut Call<'c>, [to]: [Term<'c>; 1]) -> BifResult<'c> {
    if !to.is_local_pid() && !word::is_local_port(to.word()) {
        return if to.is_pid() || to.is_port() { nobody_to_link(call, to) } else { Err(Stop::BADARG) };
    }
    let system = call.system();
    match system.processes.link(call.process(), to.word()) {
        Ok(()) => Ok(Term::bool(true)),
        Err(_) => nobody_to_link(call, to),
    }
}

fn nobody_to_link<'c>(call: &mut Call<'c>, to: Term<'c>) -> BifResult<'c> {
    if !call.process().trap_exit {
        return Err(Stop::Error(Term::atom(am::NOPROC)));
    }
    let to = OwnedTerm::of(to);
    let message = join([&to], |heap, [to]| heap.tuple(&[Term::atom(am::EXIT_SIGNAL), to, Term::atom(am::NOPROC)]));
    let pid = call.process().pid;
    call.system().processes.send_message(pid, pid, message);
    Ok(Term::bool(true))
}

fn unlink<'c>(call: &mut Call<'c>, [to]: [Term<'c>; 1]) -> BifResult<'c> {
    if !to.is_pid() && !to.is_port() {
        return Err(Stop::BADARG);
    }
    let system = call.system();
    system.processes.unlink(call.process(), to.word());
    Ok(Term::bool(true))
}

/// `monitor/3`'s options; `None` where one is not right.
pub fn monitor_options(list: Term<'_>) -> Option<MonitorOptions> {
    let mut options = MonitorOptions { alias: AliasMode::None, tag: None };
    for option in list.list_to_vec()? {
        if is_priority(option) {
            continue;
        }
        let [key, value] = option.as_tuple_of()?;
        match key.as_atom()? {
            am::ALIAS => {
                options.alias = match value.as_atom()? {
                    am::EXPLICIT_UNALIAS => AliasMode::ExplicitUnalias,
                    am::DEMONITOR => AliasMode::Demonitor,
                    am::REPLY_DEMONITOR => AliasMode::Reply,
                    _ => return None,
                }
            }
            am::TAG => options.tag = Some(OwnedTerm::of(value)),
            _ => return None,
        }
    }
    Some(options)
}

fn monitor_2<'c>(call: &mut Call<'c>, [kind, item]: [Term<'c>; 2]) -> BifResult<'c> {
    monitor(call, kind, item, MonitorOptions { alias: AliasMode::None, tag: None })
}

fn monitor_3<'c>(call: &mut Call<'c>, [kind, item, options]: [Term<'c>; 3]) -> BifResult<'c> {
    match monitor_options(options) {
        Some(options) => monitor(call, kind, item, options),
        None => Err(call.badarg_cause(am::BADOPT)),
    }
}

fn monitor<'c>(call: &mut Call<'c>, kind: Term<'c>, item: Term<'c>, options: MonitorOptions) -> BifResult<'c> {
    let system = call.system();
    let owned = options.alias != AliasMode::None;
    let id = match kind.as_atom() {
        Some(am::PROCESS) if is_bygone(item) => told_at_once(call, am::PROCESS, item, options),
        Some(am::PROCESS) => {
            let (target, name) = target_of(call, item)?;
            system.processes.monitor(call.process(), target, name, options)
        }
        Some(am::PORT) => monitor_port(call, item, options)?,
        Some(am::TIME_OFFSET) if item.is_atom(am::CLOCK_SERVICE) => {
            let id = system.unique.reference();
            let monitor = Monitor { watch: Watch::TimeOffset, alias: options.alias, owned_ref: owned, tag: options.tag };
            call.process().ties.monitors.insert(id, monitor);
            id
        }
        Some(am::TIME_OFFSET) => return Err(Stop::BADARG),
        _ => return Err(call.badarg_cause(am::BADTYPE)),
    };
    let (heap, process) = call.parts();
    Ok(process.reference(heap, id, owned))
}

/// Pid and name of what `monitor(process, Item)` means.
fn target_of<'c>(call: &mut Call<'c>, item: Term<'c>) -> Result<(Option<u64>, Option<Atom>), Stop<'c>> {
    if item.is_local_pid() {
        return Ok((Some(item.word()), None));
    }
    let name = match item.as_tuple_of() {
        Some([name, node]) => {
            let name = name.as_atom().ok_or(Stop::BADARG)?;
            if !node.is_atom(local_node().0) {
                return Err(Stop::BADARG);
            }
            name
        }
        // OTP differs: a pid of another node is told `noconnection`, by a connection that there is not here.
        None => item.as_atom().ok_or(Stop::BADARG)?,
    };
    let pid = call.system().names.whereis(name).filter(|word| word::is_local_pid(*word));
    Ok((pid, Some(name)))
}

fn monitor_port<'c>(call: &mut Call<'c>, item: Term<'c>, options: MonitorOptions) -> Result<RefId, Stop<'c>> {
    let name = match item.as_tuple_of() {
        Some([name, node]) => name.as_atom().filter(|_| node.is_atom(local_node().0)),
        None => item.as_atom(),
    };
    let port = name.map_or(Some(item.word()), |name| call.system().names.whereis(name)).filter(|word| word::is_local_port(*word));
    let system = call.system();
    match port {
        Some(port) => Ok(system.processes.monitor(call.process(), Some(port), name, options)),
        None if item.is_port() || name.is_some() => Ok(told_at_once(call, am::PORT, item, options)),
        None => Err(Stop::BADARG),
    }
}

/// A pid of this node, made when it was another: nobody has it now.
fn is_bygone(item: Term<'_>) -> bool {
    matches!(item.view(), View::ExternalPid(words) if Atom::of_word(words[0]) == local_node().0)
}

/// A monitor of nobody: `noproc` comes at once.
fn told_at_once<'c>(call: &mut Call<'c>, kind: Atom, item: Term<'c>, options: MonitorOptions) -> RefId {
    let system = call.system();
    let id = system.unique.reference();
    let pid = call.process().pid;
    let item = OwnedTerm::of(item);
    let tag = options.tag.unwrap_or_else(|| parts::atom(am::DOWN));
    let is_owned = options.alias != AliasMode::None;
    if options.alias == AliasMode::ExplicitUnalias {
        // The alias outlives the monitor.
        call.process().ties.add_alias(id, options.alias);
    }
    let message = join([&tag, &item], |heap, [tag, item]| {
        let reference = if is_owned { heap.owned_reference(id, pid_term(pid)) } else { heap.reference(id) };
        let item = match item.as_atom() {
            Some(_) => heap.tuple(&[item, Term::atom(local_node().0)]),
            None => item,
        };
        heap.tuple(&[tag, reference, Term::atom(kind), item, Term::atom(am::NOPROC)])
    });
    system.processes.send_message(pid, pid, message);
    id
}

fn demonitor_1<'c>(call: &mut Call<'c>, [reference]: [Term<'c>; 1]) -> BifResult<'c> {
    demonitor(call, reference)?;
    Ok(Term::bool(true))
}

fn demonitor_2<'c>(call: &mut Call<'c>, [reference, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let known = |option: &Term<'c>| option.is_atom(am::FLUSH) || option.is_atom(am::INFO);
    let options = options.list_to_vec().filter(|options| options.iter().all(known)).ok_or(Stop::BADARG)?;
    let has = |name: Atom| options.iter().any(|option| option.is_atom(name));
    let found = demonitor(call, reference)?;
    if !found
        && has(am::FLUSH)
        && let Some(reference) = reference.as_reference()
    {
        let system = call.system();
        let process = call.process();
        process.take_in(&system.processes);
        process.mailbox.remove_down(reference.id);
    }
    Ok(Term::bool(found || !has(am::INFO)))
}

/// Ends a monitor; whether there was one.
fn demonitor<'c>(call: &mut Call<'c>, reference: Term<'c>) -> Result<bool, Stop<'c>> {
    let id = reference.as_reference().ok_or(Stop::BADARG)?.id;
    let system = call.system();
    Ok(system.processes.demonitor(call.process(), id))
}

fn alias<'c>(call: &mut Call<'c>, [options]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut mode = AliasMode::ExplicitUnalias;
    for option in options.list_to_vec().ok_or(Stop::BADARG)? {
        mode = match option.as_atom() {
            Some(am::EXPLICIT_UNALIAS) => AliasMode::ExplicitUnalias,
            Some(am::REPLY) => AliasMode::Reply,
            _ if is_priority(option) => continue,
            _ => return Err(Stop::BADARG),
        };
    }
    let id = call.system().unique.reference();
    let (heap, process) = call.parts();
    process.ties.add_alias(id, mode);
    Ok(process.reference(heap, id, true))
}

fn unalias<'c>(call: &mut Call<'c>, [reference]: [Term<'c>; 1]) -> BifResult<'c> {
    let id = reference.as_reference().ok_or(Stop::BADARG)?.id;
    Ok(Term::bool(call.process().ties.unalias(id)))
}

fn exit_2<'c>(call: &mut Call<'c>, [to, reason]: [Term<'c>; 2]) -> BifResult<'c> {
    send_exit(call, to, reason)?;
    let system = call.system();
    let process = call.process();
    if to.word() != process.pid {
        return Ok(Term::bool(true));
    }
    // To oneself it takes effect before the call returns.
    process.take_in(&system.processes);
    match process.take_exit() {
        Some(reason) => Err(Stop::Exited(call.copy(reason.term()))),
        None => Ok(Term::bool(true)),
    }
}

fn exit_signal<'c>(call: &mut Call<'c>, [to, reason]: [Term<'c>; 2]) -> BifResult<'c> {
    let to_self = to.word() == call.process().pid;
    if to_self && reason.is_atom(am::NORMAL) && !call.process().trap_exit {
        return Ok(Term::bool(true));
    }
    send_exit(call, to, reason)?;
    Ok(Term::bool(true))
}

fn exit_3<'c>(call: &mut Call<'c>, [to, reason, options]: [Term<'c>; 3]) -> BifResult<'c> {
    check_priority_options(call, options)?;
    exit_2(call, [to, reason])
}

fn exit_signal_3<'c>(call: &mut Call<'c>, [to, reason, options]: [Term<'c>; 3]) -> BifResult<'c> {
    check_priority_options(call, options)?;
    exit_signal(call, [to, reason])
}

fn send_exit<'c>(call: &mut Call<'c>, to: Term<'c>, reason: Term<'c>) -> Result<(), Stop<'c>> {
    if to.is_local_pid() || word::is_local_port(to.word()) {
        let from = call.process().pid;
        let kind = SignalKind::Exit { from, reason: OwnedTerm::of(reason), by_link: false };
        call.system().processes.send(to.word(), kind);
        return Ok(());
    }
    if to.is_pid() || to.is_port() { Ok(()) } else { Err(Stop::BADARG) }
}
