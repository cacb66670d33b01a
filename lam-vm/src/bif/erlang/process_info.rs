//! `process_info/1,2`: what a process looks like. Items of another process are asked for by a signal and built in its name.

use crate::atom::{Atom, am};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::Heap;
use crate::process::places;
use crate::process::{InfoForm, Pending, Process, Request, SignalKind, Watch, pid_term};
use crate::system::System;
use crate::term::Term;
use crate::term::identity::local_node;
use crate::term::{otp, word};

bifs! { module "erlang";
    /// What a process is like, as a list of `{Item, Value}`; `undefined` when it is gone.
    [yields] "process_info"/1 = process_info_1, "erts/emulator/beam/erl_bif_info.c";
    /// One item of a process, or a list of items; `badarg` for an unknown one.
    [yields] "process_info"/2 = process_info_2, "erts/emulator/beam/erl_bif_info.c";
    /// Whether a process is there and has not begun to end; signals sent to it before are counted.
    [yields] "is_process_alive"/1 = is_process_alive, "erts/emulator/beam/erl_process.c";
}

/// What `process_info/1` shows, in order.
const ALL: &[Atom] = &[
    am::REGISTERED_NAME,
    am::CURRENT_FUNCTION,
    am::INITIAL_CALL,
    am::STATUS,
    am::MESSAGE_QUEUE_LEN,
    am::LINKS,
    am::DICTIONARY,
    am::TRAP_EXIT,
    am::ERROR_HANDLER,
    am::PRIORITY,
    am::GROUP_LEADER,
    am::TOTAL_HEAP_SIZE,
    am::HEAP_SIZE,
    am::STACK_SIZE,
    am::REDUCTIONS,
    am::GARBAGE_COLLECTION,
    am::SUSPENDING,
];

/// Items that `process_info/2` takes besides those of `ALL`.
const MORE: &[Atom] = &[
    am::MESSAGES,
    am::MONITORS,
    am::MONITORED_BY,
    am::MEMORY,
    am::TRACE,
    am::BINARY,
    am::SEQUENTIAL_TRACE_TOKEN,
    am::CATCHLEVEL,
    am::BACKTRACE,
    am::LAST_CALLS,
    am::MIN_HEAP_SIZE,
    am::MIN_BIN_VHEAP_SIZE,
    am::MAX_HEAP_SIZE,
    am::CURRENT_LOCATION,
    am::CURRENT_STACKTRACE,
    am::MESSAGE_QUEUE_DATA,
    am::GARBAGE_COLLECTION_INFO,
    am::FULLSWEEP_AFTER,
    am::PARENT,
    am::ASYNC_DIST,
];

/// Every item that `process_info/2` takes.
pub fn items() -> impl Iterator<Item = Atom> {
    ALL.iter().chain(MORE).copied().filter(|item| *item != am::ASYNC_DIST || otp::has_async_dist())
}

fn process_info_1<'c>(call: &mut Call<'c>, [pid]: [Term<'c>; 1]) -> BifResult<'c> {
    info(call, &[pid], pid, ALL.to_vec(), InfoForm::All)
}

fn process_info_2<'c>(call: &mut Call<'c>, [pid, item]: [Term<'c>; 2]) -> BifResult<'c> {
    let is_known =
        |item: &Atom| (ALL.contains(item) || MORE.contains(item)) && (*item != am::ASYNC_DIST || otp::has_async_dist());
    let known = |item: Term<'c>| item.as_atom().filter(is_known).ok_or(Stop::BADARG);
    if !pid.is_pid() {
        return Err(Stop::BADARG);
    }
    if !item.is_list() {
        let items = vec![known(item)?];
        return info(call, &[pid, item], pid, items, InfoForm::One);
    }
    let items = item.list_to_vec().ok_or(Stop::BADARG)?;
    let items = items.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
    info(call, &[pid, item], pid, items, InfoForm::List)
}

fn info<'c>(call: &mut Call<'c>, args: &[Term<'c>], pid: Term<'c>, items: Vec<Atom>, form: InfoForm) -> BifResult<'c> {
    if !pid.is_local_pid() {
        return if pid.is_pid() { Ok(Term::atom(am::UNDEFINED)) } else { Err(Stop::BADARG) };
    }
    if pid.word() == call.process().pid {
        let system = call.system();
        let left = call.reductions_left();
        let (heap, process) = call.parts();
        process.take_in(&system.processes);
        process.count_reductions(left);
        return Ok(build(heap, process, system, &items, form));
    }
    ask(call, args, pid, |from, number| Request::Info { from, number, items, form }, am::UNDEFINED)
}

fn is_process_alive<'c>(call: &mut Call<'c>, [pid]: [Term<'c>; 1]) -> BifResult<'c> {
    if !pid.is_local_pid() {
        return Err(Stop::BADARG);
    }
    if pid.word() == call.process().pid {
        return Ok(Term::bool(true));
    }
    ask_alive(call, &[pid], pid)
}

/// Asks another process whether it is alive, after all signals sent to it; the BIF runs again with `args` until it is known.
pub(super) fn ask_alive<'c>(call: &mut Call<'c>, args: &[Term<'c>], pid: Term<'c>) -> BifResult<'c> {
    ask(call, args, pid, |from, number| Request::IsAlive { from, number }, am::FALSE)
}

/// Sends a request and waits for its answer; the BIF runs again with `args` until it is there.
fn ask<'c>(
    call: &mut Call<'c>,
    args: &[Term<'c>],
    pid: Term<'c>,
    request: impl FnOnce(u64, u64) -> Request,
    gone: Atom,
) -> BifResult<'c> {
    let system = call.system();
    match call.process().take_pending() {
        Some(Pending { answer: Some(answer), .. }) => {
            let (heap, _) = call.parts();
            return Ok(heap.copy(answer.term()));
        }
        Some(pending) => call.process().rare.pending = Some(pending),
        None => {
            let number = system.processes.new_number();
            let from = call.process().pid;
            if !system.processes.send(pid.word(), SignalKind::Request(Box::new(request(from, number)))) {
                return Ok(Term::atom(gone));
            }
            call.process().rare.pending = Some(Pending { number, answer: None });
        }
    }
    Err(call.wait(args))
}

/// Items of `process`, on its own heap.
pub fn build<'c>(heap: &mut Heap<'c>, process: &mut Process, system: &System, items: &[Atom], form: InfoForm) -> Term<'c> {
    let mut pairs = Vec::with_capacity(items.len());
    for item in items {
        let value = value(heap, process, system, *item);
        if *item == am::REGISTERED_NAME && value.is_nil() {
            match form {
                InfoForm::One => return Term::NIL,
                InfoForm::All => continue,
                InfoForm::List => {}
            }
        }
        pairs.push(heap.tuple(&[Term::atom(*item), value]));
    }
    if form == InfoForm::One { pairs[0] } else { heap.list(&pairs) }
}

fn value<'c>(heap: &mut Heap<'c>, process: &mut Process, system: &System, item: Atom) -> Term<'c> {
    match item {
        am::REGISTERED_NAME => system.names.name_of(process.pid).map_or(Term::NIL, Term::atom),
        am::CURRENT_FUNCTION => {
            let mfa = process.current_function(&system.code);
            mfa_term(heap, mfa)
        }
        am::INITIAL_CALL => {
            let (module, function, arity) = process.initial_call;
            mfa_term(heap, (module, function, arity as usize))
        }
        am::CURRENT_LOCATION | am::CURRENT_STACKTRACE => stack(heap, process, system, item),
        am::STATUS => Term::atom(status(process)),
        am::MESSAGE_QUEUE_LEN => heap.integer(process.mailbox.len() as i64),
        am::MESSAGES => {
            let messages = process.messages(heap);
            heap.list(&messages)
        }
        am::LINKS => {
            let links: Vec<Term<'c>> = process.ties.linked().map(pid_term).collect();
            heap.list(&links)
        }
        am::MONITORS => monitors(heap, process),
        am::MONITORED_BY => {
            let watchers: Vec<Term<'c>> = process.ties.watchers.values().map(|watcher| pid_term(watcher.pid)).collect();
            heap.list(&watchers)
        }
        am::SUSPENDING => {
            let suspending: Vec<(u64, u32)> = process.ties.suspending.iter().map(|(pid, count)| (*pid, *count)).collect();
            let elements: Vec<Term<'c>> = suspending
                .into_iter()
                .map(|(pid, count)| {
                    let count = heap.integer(i64::from(count));
                    let zero = heap.integer(0);
                    heap.tuple(&[pid_term(pid), count, zero])
                })
                .collect();
            heap.list(&elements)
        }
        am::DICTIONARY => {
            let pairs = process.dictionary.pairs(heap);
            let pairs: Vec<Term<'c>> = pairs.into_iter().map(|(key, value)| heap.tuple(&[key, value])).collect();
            heap.list(&pairs)
        }
        am::TRAP_EXIT => Term::bool(process.trap_exit),
        am::ERROR_HANDLER => Term::atom(process.error_handler),
        am::PRIORITY => Term::atom(process.priority.atom()),
        am::GROUP_LEADER => process.term(heap, process.group_leader),
        am::PARENT => {
            if process.parent == process.pid {
                Term::atom(am::UNDEFINED)
            } else {
                pid_term(process.parent)
            }
        }
        am::ASYNC_DIST => Term::bool(process.rare.settings.async_dist),
        am::REDUCTIONS => heap.integer(process.reductions as i64),
        am::TRACE => heap.integer(0),
        am::CATCHLEVEL => heap.integer(process.catch_count() as i64),
        am::SEQUENTIAL_TRACE_TOKEN => Term::NIL,
        am::BINARY => {
            let infos = process.heap.binaries().into_iter().map(|binary| {
                let numbers = [binary.identity, binary.bytes as u64, binary.holders as u64].map(|number| heap.unsigned(number));
                heap.tuple(&numbers)
            });
            let infos: Vec<Term<'c>> = infos.collect();
            heap.list(&infos)
        }
        am::LAST_CALLS => Term::bool(false),
        am::MESSAGE_QUEUE_DATA => Term::atom(if process.rare.settings.off_heap_messages { am::OFF_HEAP } else { am::ON_HEAP }),
        am::BACKTRACE => backtrace(heap, process, system),
        _ => sizes(heap, process, item),
    }
}

fn mfa_term<'c>(heap: &mut Heap<'c>, (module, function, arity): (Atom, Atom, usize)) -> Term<'c> {
    let arity = heap.integer(arity as i64);
    heap.tuple(&[Term::atom(module), Term::atom(function), arity])
}

fn status(process: &Process) -> Atom {
    if process.rare.suspend_count > 0 {
        am::SUSPENDED
    } else if process.waiting {
        am::WAITING
    } else if process.running {
        am::RUNNING
    } else {
        am::RUNNABLE
    }
}

fn stack<'c>(heap: &mut Heap<'c>, process: &Process, system: &System, item: Atom) -> Term<'c> {
    let addresses = process.addresses(system.backtrace_depth());
    let mut frames = addresses.into_iter().filter_map(|address| places::frame(&system.code, heap, address)).collect::<Vec<_>>();
    if frames.is_empty() {
        let (module, function, arity) = process.current_function(&system.code);
        let arity = heap.integer(arity as i64);
        frames.push(heap.tuple(&[Term::atom(module), Term::atom(function), arity, Term::NIL]));
    }
    if item == am::CURRENT_LOCATION { frames[0] } else { heap.list(&frames) }
}

fn monitors<'c>(heap: &mut Heap<'c>, process: &Process) -> Term<'c> {
    let mut elements = Vec::new();
    for monitor in process.ties.monitors.values() {
        let pair = match monitor.watch {
            Watch::Alias => continue,
            Watch::Process { pid, name } => {
                let item = match name {
                    Some(name) => heap.tuple(&[Term::atom(name), Term::atom(local_node().0)]),
                    None => pid_term(pid),
                };
                [Term::atom(if word::is_local_port(pid) { am::PORT } else { am::PROCESS }), item]
            }
            Watch::TimeOffset => [Term::atom(am::TIME_OFFSET), Term::atom(am::CLOCK_SERVICE)],
        };
        elements.push(heap.tuple(&pair));
    }
    heap.list(&elements)
}

/// As far as OTP's text goes without registers: the name of each frame.
fn backtrace<'c>(heap: &mut Heap<'c>, process: &Process, system: &System) -> Term<'c> {
    let mut text = String::new();
    for (index, address) in process.addresses(64).into_iter().enumerate() {
        if let Some(place) = system.code.locate(address) {
            let label = if index == 0 { "Program counter" } else { "Return addr" };
            text += &format!("{label}: 0x{address:016x} ({}:{}/{})\n", place.module.text(), place.function.text(), place.arity);
        }
    }
    heap.binary(text.as_bytes())
}

fn sizes<'c>(heap: &mut Heap<'c>, process: &Process, item: Atom) -> Term<'c> {
    let stack = process.heap.stack_words();
    let total = process.heap.shown_total_words();
    match item {
        am::HEAP_SIZE => heap.integer(process.heap.shown_block_words() as i64),
        am::STACK_SIZE => heap.integer(stack as i64),
        am::TOTAL_HEAP_SIZE => heap.integer(total as i64),
        am::MEMORY => heap.integer(process.memory_bytes() as i64),
        am::MIN_HEAP_SIZE => heap.integer(process.heap.min_words as i64),
        am::MIN_BIN_VHEAP_SIZE => heap.integer(process.rare.settings.min_bin_vheap_words as i64),
        am::FULLSWEEP_AFTER => heap.integer(i64::from(process.heap.fullsweep_after)),
        am::MAX_HEAP_SIZE => max_heap_map(heap, process),
        am::GARBAGE_COLLECTION => {
            let max = max_heap_map(heap, process);
            let items = [
                (am::MAX_HEAP_SIZE, max),
                (am::MIN_BIN_VHEAP_SIZE, heap.integer(process.rare.settings.min_bin_vheap_words as i64)),
                (am::MIN_HEAP_SIZE, heap.integer(process.heap.min_words as i64)),
                (am::FULLSWEEP_AFTER, heap.integer(i64::from(process.heap.fullsweep_after))),
                (am::MINOR_GCS, heap.integer(i64::from(process.heap.minor_count))),
            ];
            let items: Vec<Term<'c>> = items.iter().map(|(name, value)| heap.tuple(&[Term::atom(*name), *value])).collect();
            heap.list(&items)
        }
        _ => collection_info(heap, process),
    }
}

fn collection_info<'c>(heap: &mut Heap<'c>, process: &Process) -> Term<'c> {
    let info = process.heap.info();
    let items = [
        (am::OLD_HEAP_BLOCK_SIZE, info.old_heap_block_size),
        (am::HEAP_BLOCK_SIZE, info.heap_block_size),
        (am::MBUF_SIZE, info.mbuf_size),
        (am::RECENT_SIZE, info.recent_size),
        (am::STACK_SIZE, info.stack_size),
        (am::OLD_HEAP_SIZE, info.old_heap_size),
        (am::HEAP_SIZE, info.heap_size),
        (am::BIN_VHEAP_SIZE, info.bin_vheap_size),
        (am::BIN_VHEAP_BLOCK_SIZE, info.bin_vheap_block_size),
        (am::BIN_OLD_VHEAP_SIZE, info.bin_old_vheap_size),
        (am::BIN_OLD_VHEAP_BLOCK_SIZE, info.bin_old_vheap_block_size),
    ];
    let items: Vec<Term<'c>> = items
        .iter()
        .map(|(name, value)| {
            let value = heap.integer(*value as i64);
            heap.tuple(&[Term::atom(*name), value])
        })
        .collect();
    heap.list(&items)
}

/// `max_heap_size` as `process_flag` and `process_info` show it.
pub fn max_heap_map<'c>(heap: &mut Heap<'c>, process: &Process) -> Term<'c> {
    let options = process.rare.settings.max_heap;
    let size = heap.integer(process.heap.max_words as i64);
    heap.map_from_pairs(&[
        (Term::atom(am::ERROR_LOGGER), Term::bool(options.error_logger)),
        (Term::atom(am::KILL), Term::bool(options.kill)),
        (Term::atom(am::SIZE), size),
    ])
}
