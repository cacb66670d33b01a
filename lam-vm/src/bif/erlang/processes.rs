//! Settings of processes, and what ends or stops them: flags, group leaders, hibernation, halting.

use super::process_info::{ask_alive, max_heap_map};
use super::spawning::{fullsweep_after, heap_words, max_heap, off_heap_messages};
use crate::atom::am;
use crate::bif::args::{OrBadarg, characters, pid_term};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::Heap;
use crate::platform::stdio::Stream;
use crate::process::{Priority, Process, SignalKind};
use crate::term::{Term, otp};

bifs! { module "erlang";
    /// Sets a flag of the calling process and gives the old value.
    [plain] "process_flag"/2 = process_flag, "erts/emulator/beam/bif.c";
    /// The process's group leader.
    [plain] "group_leader"/0 = group_leader, "erts/emulator/beam/bif.c";
    /// Sleeps without a stack until a message comes, then calls `Module:Function`.
    [plain] "hibernate"/3 = hibernate, "erts/emulator/beam/bif.c";
    /// Ends the machine with an exit code, or (a string) a report.
    [plain] "halt"/2 = halt, "erts/emulator/beam/bif.c";
    /// Lets others run.
    [plain] "yield"/0 = yield_0, "erts/emulator/beam/bif.c";
    /// Takes back one `suspend_process`.
    [plain] "resume_process"/1 = resume_process, "erts/emulator/beam/erl_process.c";
}

pub mod internal {
    //! `erts_internal`'s share.

    use crate::bif::bifs;

    bifs! { module "erts_internal";
        /// Collects the calling process; `Type` is `major` or `minor`.
        [plain] "garbage_collect"/1 = super::garbage_collect, "erts/emulator/beam/bif.c";
        /// Asks a process to collect itself or to look for old code; it answers by a message.
        [plain] "request_system_task"/3 = super::request_system_task_3, "erts/emulator/beam/erl_process.c";
        /// As `request_system_task/3`, the answer going to another process.
        [plain] "request_system_task"/4 = super::request_system_task_4, "erts/emulator/beam/erl_process.c";
        /// Sets a group leader at once where that needs no signal; `false` where it does.
        [plain] "group_leader"/2 = super::set_group_leader_2, "erts/emulator/beam/bif.c";
        /// Sets the group leader of another process, which answers `{Ref, true}`.
        [plain] "group_leader"/3 = super::set_group_leader_3, "erts/emulator/beam/bif.c";
        /// A flag of another process; only `save_calls`.
        [yields] "process_flag"/3 = super::process_flag_3, "erts/emulator/beam/bif.c";
        /// A process answers `{Ref, true}`; `{Ref, false}` when it is gone.
        [plain] "is_process_alive"/2 = super::is_process_alive_2, "erts/emulator/beam/bif.c";
        /// Stops another process until `resume_process/1` or the end of this one.
        [plain] "suspend_process"/2 = super::suspend_process, "erts/emulator/beam/erl_process.c";
        /// Whether a process runs old code: never, for code is not replaced.
        [plain] "check_process_code"/1 = super::check_process_code, "erts/emulator/beam/beam_bif_load.c";
    }
}

fn process_flag<'c>(call: &mut Call<'c>, [flag, value]: [Term<'c>; 2]) -> BifResult<'c> {
    let Some(name) = flag.as_atom() else {
        if let Some([name, options]) = flag.as_tuple_of()
            && name.is_atom(am::MONITOR_NODES)
            && (options.as_map().is_some() || options.list_length().is_some())
        {
            let (heap, process) = call.parts();
            return monitor_nodes(heap, process, value);
        }
        return Err(call.badarg_cause(am::BADOPT));
    };
    let system = call.system();
    let (heap, process) = call.parts();
    let old = match name {
        am::TRAP_EXIT => {
            let new = value.as_bool().or_badarg()?;
            Term::bool(core::mem::replace(&mut process.trap_exit, new))
        }
        am::ERROR_HANDLER => {
            let new = value.as_atom().or_badarg()?;
            Term::atom(core::mem::replace(&mut process.error_handler, new))
        }
        am::PRIORITY => {
            let new = value.as_atom().and_then(Priority::of_atom).or_badarg()?;
            if let Some(control) = system.processes.lookup(process.pid) {
                control.set_priority(new);
            }
            Term::atom(core::mem::replace(&mut process.priority, new).atom())
        }
        am::FULLSWEEP_AFTER => {
            let new = fullsweep_after(value).or_badarg()?;
            heap.integer(i64::from(core::mem::replace(&mut process.heap.fullsweep_after, new)))
        }
        am::MIN_HEAP_SIZE => {
            let new = heap_words(value).or_badarg()?;
            heap.integer(core::mem::replace(&mut process.heap.min_words, new) as i64)
        }
        am::MIN_BIN_VHEAP_SIZE => {
            let new = value.as_usize().or_badarg()?.max(46422);
            heap.integer(core::mem::replace(&mut process.rare.settings.min_bin_vheap_words, new) as i64)
        }
        am::MAX_HEAP_SIZE => {
            let (words, options) =
                max_heap(value).filter(|(words, _)| *words == 0 || *words >= process.heap.min_words).or_badarg()?;
            let old = max_heap_map(heap, process);
            process.heap.max_words = words;
            process.rare.settings.max_heap = options;
            old
        }
        am::MESSAGE_QUEUE_DATA => {
            let new = off_heap_messages(value).or_badarg()?;
            let old = core::mem::replace(&mut process.rare.settings.off_heap_messages, new);
            Term::atom(if old { am::OFF_HEAP } else { am::ON_HEAP })
        }
        am::SENSITIVE => {
            let new = value.as_bool().or_badarg()?;
            Term::bool(core::mem::replace(&mut process.rare.settings.sensitive, new))
        }
        am::ASYNC_DIST if otp::has_async_dist() => {
            let new = value.as_bool().or_badarg()?;
            Term::bool(core::mem::replace(&mut process.rare.settings.async_dist, new))
        }
        am::SCHEDULER => {
            let new = value.as_usize().filter(|number| *number <= system.processes.run_queues.schedulers()).or_badarg()? as u32;
            heap.integer(i64::from(core::mem::replace(&mut process.rare.settings.scheduler, new)))
        }
        am::SAVE_CALLS => {
            let new = value.as_usize().filter(|count| *count <= 10_000).or_badarg()? as u32;
            heap.integer(i64::from(core::mem::replace(&mut process.rare.settings.save_calls, new)))
        }
        am::MONITOR_NODES => monitor_nodes(heap, process, value)?,
        _ => return Err(call.badarg_cause(am::BADOPT)),
    };
    Ok(old)
}

/// Nodes do not come and go here, so only the count is kept; the answer is what it was.
fn monitor_nodes<'c>(heap: &mut Heap<'c>, process: &mut Process, value: Term<'c>) -> BifResult<'c> {
    let old = process.rare.settings.monitor_nodes;
    process.rare.settings.monitor_nodes = if value.as_bool().or_badarg()? { old.saturating_add(1) } else { 0 };
    Ok(heap.integer(i64::from(old)))
}

fn process_flag_3<'c>(call: &mut Call<'c>, [pid, flag, value]: [Term<'c>; 3]) -> BifResult<'c> {
    if !pid.is_local_pid() {
        return Ok(Term::atom(am::BADTYPE));
    }
    let is_self = pid.word() == call.process().pid;
    if !is_self && ask_alive(call, &[pid, flag, value], pid)?.is_atom(am::FALSE) {
        return Ok(Term::atom(am::BADTYPE));
    }
    let Some(count) = value.as_usize().filter(|count| flag.is_atom(am::SAVE_CALLS) && *count <= 10_000) else {
        return Ok(Term::atom(am::BADARG));
    };
    if !is_self {
        // Calls are not saved yet, so there is nothing to set over there.
        return Ok(call.integer(0));
    }
    let old = core::mem::replace(&mut call.process().rare.settings.save_calls, count as u32);
    Ok(call.integer(i64::from(old)))
}

fn group_leader<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let (heap, process) = call.parts();
    Ok(process.term(heap, process.group_leader))
}

fn set_group_leader_2<'c>(call: &mut Call<'c>, [leader, pid]: [Term<'c>; 2]) -> BifResult<'c> {
    if !leader.is_local_pid() || !pid.is_local_pid() {
        return Ok(Term::atom(am::BADARG));
    }
    if pid.word() == call.process().pid {
        call.process().group_leader = leader.word();
        return Ok(Term::bool(true));
    }
    if !call.system().processes.is_alive(pid.word()) {
        return Ok(Term::atom(am::BADARG));
    }
    Ok(Term::bool(false))
}

fn set_group_leader_3<'c>(call: &mut Call<'c>, [leader, pid, reference]: [Term<'c>; 3]) -> BifResult<'c> {
    let id = reference.as_reference().or_badarg()?.id;
    if !leader.is_local_pid() || !pid.is_local_pid() {
        return Err(Stop::BADARG);
    }
    let system = call.system();
    let from = call.process().pid;
    let kind = SignalKind::GroupLeader { leader: leader.word(), reply: Some((from, id)) };
    if !system.processes.send(pid.word(), kind) {
        system.processes.send_reply(from, from, id, Term::atom(am::BADARG));
    }
    Ok(Term::atom(am::OK))
}

fn is_process_alive_2<'c>(call: &mut Call<'c>, [pid, reference]: [Term<'c>; 2]) -> BifResult<'c> {
    let id = reference.as_reference().or_badarg()?.id;
    if !pid.is_local_pid() {
        return Err(Stop::BADARG);
    }
    let system = call.system();
    let from = call.process().pid;
    if !system.processes.send(pid.word(), SignalKind::Ping { from, reference: id }) {
        system.processes.send_reply(from, from, id, Term::bool(false));
    }
    Ok(Term::atom(am::OK))
}

/// No function takes more arguments.
const MAX_ARITY: usize = 255;

fn hibernate<'c>(call: &mut Call<'c>, mfa: [Term<'c>; 3]) -> BifResult<'c> {
    if mfa[0].as_atom().is_none() || mfa[1].as_atom().is_none() || mfa[2].list_length().is_none() {
        return Err(Stop::BADARG);
    }
    if mfa[2].list_length().is_some_and(|arity| arity > MAX_ARITY) {
        return Err(Stop::SYSTEM_LIMIT);
    }
    // Only for the arguments that go on.
    let _ = call.again(&mfa);
    Err(Stop::Hibernate)
}

fn yield_0<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Err(Stop::Yield(Term::bool(true)))
}

/// What `abort` exits with: as a shell sees the signal.
const ABORT_CODE: i32 = 134;

fn halt<'c>(call: &mut Call<'c>, [status, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let is_option = |option: &Term<'c>| matches!(option.as_tuple_of(), Some([key, value]) if key.is_atom(am::FLUSH) && value.as_bool().is_some());
    if options.list_to_vec().is_none_or(|options| !options.iter().all(is_option)) {
        return Err(call.badarg_cause(am::BADOPT));
    }
    if status.is_atom(am::ABORT) {
        return Err(Stop::Halt(ABORT_CODE));
    }
    if let Some(code) = status.as_small() {
        return if code < 0 { Err(Stop::BADARG) } else { Err(Stop::Halt((code & i64::from(i32::MAX)) as i32)) };
    }
    if let Some(big) = status.as_big().filter(|big| !big.negative) {
        return Err(Stop::Halt((big.limbs[0] & i32::MAX as u64) as i32));
    }
    let text: Vec<u32> = characters(status, 0x10_FFFF).or_badarg()?;
    let text: String = text.into_iter().take(1023).filter_map(char::from_u32).collect();
    // Nothing is to be done when stderr is gone.
    let _ = call.system().standard.write(Stream::Stderr, format!("{text}\r\n").as_bytes());
    Err(Stop::Halt(1))
}

fn garbage_collect<'c>(_: &mut Call<'c>, [kind]: [Term<'c>; 1]) -> BifResult<'c> {
    match kind.as_atom() {
        Some(am::MAJOR) => Err(Stop::Collect(true, Term::bool(true))),
        Some(am::MINOR) => Err(Stop::Collect(false, Term::bool(true))),
        _ => Err(Stop::BADARG),
    }
}

fn check_process_code<'c>(call: &mut Call<'c>, [module]: [Term<'c>; 1]) -> BifResult<'c> {
    let name = module.as_atom().or_badarg()?;
    let system = call.system();
    Ok(Term::bool(call.process().runs_old_code(&system.code, name)))
}

fn request_system_task_3<'c>(call: &mut Call<'c>, [pid, priority, request]: [Term<'c>; 3]) -> BifResult<'c> {
    let from = pid_term(call.process().pid);
    request_system_task_4(call, [from, pid, priority, request])
}

fn request_system_task_4<'c>(call: &mut Call<'c>, [from, pid, _priority, request]: [Term<'c>; 4]) -> BifResult<'c> {
    use crate::process::{OwnedTerm, Request, ending::refuse_request};
    let [name, id, argument] = request.as_tuple_of().or_badarg()?;
    if !from.is_local_pid() || !pid.is_local_pid() {
        return Err(Stop::BADARG);
    }
    let (from, id) = (from.word(), OwnedTerm::of(id));
    let request = match name.as_atom() {
        Some(am::GARBAGE_COLLECT) => Request::Collect { from, id, full: !argument.is_atom(am::MINOR) },
        Some(am::CHECK_PROCESS_CODE) => Request::CheckCode { from, id, module: argument.as_atom().or_badarg()? },
        Some(am::COPY_LITERALS) => Request::CopyLiterals { from, id },
        _ => return Err(Stop::BADARG),
    };
    let processes = &call.system().processes;
    if let Err(SignalKind::Request(request)) = processes.try_send(pid.word(), SignalKind::Request(Box::new(request))) {
        refuse_request(pid.word(), processes, *request);
    }
    Ok(Term::atom(am::OK))
}

fn suspend_process<'c>(call: &mut Call<'c>, [pid, options]: [Term<'c>; 2]) -> BifResult<'c> {
    if !pid.is_local_pid() || pid.word() == call.process().pid {
        return Ok(Term::atom(am::BADARG));
    }
    let Some(options) = options.list_to_vec() else { return Ok(Term::atom(am::BADOPT)) };
    let (mut unless_suspending, mut asynchronous) = (false, false);
    let mut tag = None;
    for option in options {
        match (option.as_atom(), option.as_tuple_of()) {
            (Some(am::UNLESS_SUSPENDING), _) => unless_suspending = true,
            (Some(am::ASYNCHRONOUS), _) => asynchronous = true,
            (None, Some([key, value])) if key.is_atom(am::ASYNCHRONOUS) => {
                asynchronous = true;
                tag = value.as_reference().map(|reference| reference.id);
            }
            _ => return Ok(Term::atom(am::BADOPT)),
        }
    }
    let system = call.system();
    let process = call.process();
    let from = process.pid;
    if !system.processes.is_alive(pid.word()) {
        return Ok(if asynchronous { Term::bool(true) } else { Term::atom(am::BADARG) });
    }
    let count = process.ties.suspending.get(&pid.word()).copied().unwrap_or(0);
    if unless_suspending && count > 0 {
        return Ok(Term::bool(false));
    }
    process.ties.suspending.insert(pid.word(), count + 1);
    let reply = if asynchronous { tag } else { Some(system.unique.reference()) };
    system.processes.send(pid.word(), SignalKind::Suspend { from, reply });
    match reply.filter(|_| !asynchronous) {
        Some(id) => Ok(call.reference(id)),
        None => Ok(Term::bool(true)),
    }
}

fn resume_process<'c>(call: &mut Call<'c>, [pid]: [Term<'c>; 1]) -> BifResult<'c> {
    let system = call.system();
    let suspending = &mut call.process().ties.suspending;
    let count = suspending.get(&pid.word()).copied().filter(|_| pid.is_local_pid()).or_badarg()?;
    if count == 1 {
        suspending.remove(&pid.word());
    } else {
        suspending.insert(pid.word(), count - 1);
    }
    system.processes.send(pid.word(), SignalKind::Resume);
    Ok(Term::bool(true))
}
