//! What the machine says of itself: `system_info`, `statistics`, `system_flag`, and output for those who look at the machine.

use crate::atom::{self, Atom, am};
use crate::bif::args::{OrBadarg, pid_term};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::platform;
use crate::platform::stdio::Stream;
use crate::process::current_scheduler;
use crate::sync::atomic::{AtomicI64, Ordering};
use crate::sync::{OnceLock, thread};
use crate::term::{Term, otp, print};

use super::{memory, time};

bifs! { module "erlang";
    /// Facts about the machine by name; `badarg` for a name that it does not know.
    ///
    /// `erlang:system_info(wordsize)` => `8`
    /// `erlang:system_info({wordsize, external})` => `8`
    /// `erlang:system_info(machine)` => `"BEAM"`
    /// `erlang:system_info(no_such_key)` => `error:badarg`
    [plain] "system_info"/1 = system_info, "erts/emulator/beam/erl_bif_info.c";
    /// Counts of what the machine did, many as `{Total, SinceLastAsked}`.
    ///
    /// `erlang:statistics(no_such_key)` => `error:badarg`
    [plain] "statistics"/1 = statistics, "erts/emulator/beam/erl_bif_info.c";
    /// Sets a flag of the machine and gives what it was.
    ///
    /// `erlang:system_flag(no_such_flag, 1)` => `error:badarg`
    /// `erlang:system_flag(backtrace_depth, -1)` => `error:badarg`
    [plain] "system_flag"/2 = system_flag, "erts/emulator/beam/bif.c";
    /// Writes a term and a line's end to standard output, past all I/O servers.
    [plain] "display"/1 = display, "erts/emulator/beam/bif.c";
    /// Writes a list of characters to standard error.
    ///
    /// `erlang:display_string(a)` => `error:badarg`
    [plain] "display_string"/1 = display_string, "erts/emulator/beam/bif.c";
    /// Writes characters, or a binary's bytes, to `stdout`, `stderr` or `stdin`'s terminal.
    [plain 26] "display_string"/2 = display_string_2, "erts/emulator/beam/bif.c";
    /// Writes a line's end to standard error.
    [plain] "display_nl"/0 = display_nl, "erts/emulator/beam/bif.c";
    /// Counts reductions as if that much had been done.
    ///
    /// `erlang:bump_reductions(1)` => `true`
    /// `erlang:bump_reductions(-1)` => `error:badarg`
    [plain] "bump_reductions"/1 = bump_reductions, "erts/emulator/beam/bif.c";
    /// Nodes that this one is connected to: without distribution none.
    ///
    /// `erlang:nodes()` => `[]`
    [plain] "nodes"/0 = nodes_0, "erts/emulator/beam/dist.c";
    /// Nodes of these kinds: `visible`, `hidden`, `connected`, `this`, `known`, or a list of them.
    ///
    /// `erlang:nodes(known)` => `[nonode@nohost]`
    /// `erlang:nodes([visible, this])` => `[nonode@nohost]`
    /// `erlang:nodes(x)` => `error:badarg`
    [plain] "nodes"/1 = nodes_1, "erts/emulator/beam/dist.c";
    /// As `nodes/1`, each with a map of what is known of it.
    ///
    /// `erlang:nodes(connected, #{})` => `[]`
    /// `erlang:nodes(a, a)` => `error:badarg`
    [plain] "nodes"/2 = nodes_2, "erts/emulator/beam/dist.c";
}

/// The version of the runtime system that goes with a release of OTP.
fn erts_version() -> &'static str {
    match otp::release() {
        22 => "10.7.2",
        23 => "11.2.2",
        24 => "12.3.2",
        25 => "13.1.5",
        26 => "14.2.5",
        27 => "15.2.7",
        28 => "16.2",
        _ => "17.0",
    }
}

/// What a key is answered with.
enum Answer {
    Atom(&'static str),
    Integer(i64),
    Text(String),
    /// `{Key, Integer}`
    Keyed(i64),
    Empty,
}

/// Answers that need nothing but the key.
fn plain_answer(key: &str) -> Option<Answer> {
    use Answer::{Atom, Empty, Integer, Keyed, Text};
    Some(match key {
        "atom_count" => Integer(i64::from(atom::count())),
        "atom_limit" => Integer(1_048_576),
        "break_ignored"
        | "debug_compiled"
        | "dynamic_trace_probes"
        | "ets_always_compress"
        | "ets_realloc_moves"
        | "kernel_poll"
        | "port_parallelism" => Atom("false"),
        "beam_jump_table" | "constant_pool_support" | "eager_check_io" | "smp_support" | "threads" | "time_correction" => {
            Atom("true")
        }
        "build_type" | "emu_type" => Atom("opt"),
        "compat_rel" => Integer(i64::from(otp::release())),
        "context_reductions" => Integer(4000),
        "cpu_topology" | "modified_timing_level" => Atom("undefined"),
        "cpu_quota" => Atom("unknown"),
        "creation" => Integer(0),
        "delayed_node_table_gc" => Integer(60),
        "dirty_cpu_schedulers" | "dirty_cpu_schedulers_online" | "dirty_io_schedulers" => Integer(1),
        "dist_buf_busy_limit" => Integer(1_048_576),
        "dist_ctrl"
        | "multi_scheduling_blockers"
        | "normal_multi_scheduling_blockers"
        | "taints"
        | "alloc_util_allocators"
        | "snifs" => Empty,
        "driver_version" => Text("3.3".to_owned()),
        "dynamic_trace" => Atom("none"),
        "emu_flavor" => Atom("emu"),
        "endian" => Atom(if cfg!(target_endian = "big") { "big" } else { "little" }),
        "end_time" => Integer(i64::MAX / 10 * 9),
        "ets_limit" => Integer(8192),
        "fullsweep_after" => Keyed(65_535),
        "heap_type" => Atom("private"),
        "logical_processors" | "logical_processors_available" | "logical_processors_online" if thread::AVAILABLE => {
            Integer(thread::parallelism() as i64)
        }
        "logical_processors" | "logical_processors_available" | "logical_processors_online" => Atom("unknown"),
        "machine" => Text("BEAM".to_owned()),
        "message_queue_data" => Atom("on_heap"),
        "min_bin_vheap_size" => Keyed(46_422),
        "min_heap_size" => Keyed(233),
        "multi_scheduling" => Atom("enabled"),
        "nif_version" => Text("2.16".to_owned()),
        "otp_release" => Text(otp::release().to_string()),
        "outstanding_system_requests_limit" => Integer(4),
        "port_limit" => Integer(65_536),
        "scheduler_bind_type" => Atom("unbound"),
        "start_time" => Integer(-576_460_751_000_000_000),
        "system_architecture" => Text(architecture()),
        "thread_pool_size" => Integer(1),
        "time_offset" => Atom("final"),
        "time_warp_mode" => Atom("no_time_warp"),
        "tolerant_timeofday" => Atom("enabled"),
        "trace_control_word" => Integer(0),
        "update_cpu_info" => Atom("unchanged"),
        "version" => Text(erts_version().to_owned()),
        "wordsize" => Integer(8),
        _ => return None,
    })
}

/// Host in the words of a GNU triplet.
fn architecture() -> String {
    let system = if cfg!(target_os = "linux") {
        "pc-linux"
    } else if cfg!(target_os = "wasi") {
        "unknown-wasi"
    } else {
        "unknown"
    };
    format!("{}-{system}", std::env::consts::ARCH)
}

fn answered<'c>(call: &mut Call<'c>, key: Atom, answer: Answer) -> Term<'c> {
    match answer {
        Answer::Atom(text) => Term::atom(atom::intern_static(text)),
        Answer::Integer(value) => call.integer(value),
        Answer::Text(text) => call.charlist(&text),
        Answer::Keyed(value) => {
            let value = call.integer(value);
            call.tuple(&[Term::atom(key), value])
        }
        Answer::Empty => Term::NIL,
    }
}

fn system_info<'c>(call: &mut Call<'c>, [key]: [Term<'c>; 1]) -> BifResult<'c> {
    if let Some(elements) = key.as_tuple() {
        return tuple_info(call, elements.elements);
    }
    let name = key.as_atom().or_badarg()?;
    if let Some(answer) = plain_answer(name.text()) {
        return Ok(answered(call, name, answer));
    }
    let atom = |text: &'static str| Term::atom(atom::intern_static(text));
    match name.text() {
        "allocated_areas" => Ok(memory::allocated_areas(call)),
        "scheduler_id" => Ok(call.unsigned(current_scheduler() as u64 + 1)),
        "schedulers" => {
            let count = call.system().processes.run_queues.schedulers();
            Ok(call.unsigned(count as u64))
        }
        "schedulers_online" => {
            let count = call.system().processes.run_queues.online();
            Ok(call.unsigned(count as u64))
        }
        "system_version" => {
            let queues = &call.system().processes.run_queues;
            let bits = format!("[64-bit] [smp:{}:{}] [ds:1:1:1] [async-threads:1]", queues.schedulers(), queues.online());
            let text = format!("Erlang/OTP {} [erts-{}] [lam] {bits}\n", otp::release(), erts_version());
            Ok(call.charlist(&text))
        }
        "ets_count" => {
            let count = call.system().ets.count();
            Ok(call.unsigned(count as u64))
        }
        "system_logger" => {
            let logger = call.system().names.whereis(am::LOGGER);
            Ok(logger.map_or(Term::atom(am::UNDEFINED), pid_term))
        }
        "port_count" => {
            let count = call.system().ports.count();
            Ok(call.unsigned(count as u64))
        }
        "process_count" => {
            let count = call.system().processes.count();
            Ok(call.unsigned(count as u64))
        }
        "process_limit" => {
            let limit = call.system().processes.limit();
            Ok(call.unsigned(limit as u64))
        }
        "os_type" => Ok(call.tuple(&[atom("unix"), atom(if cfg!(target_os = "linux") { "linux" } else { "lam" })])),
        // Not told by the hosts.
        "os_version" => {
            let zero = call.integer(0);
            Ok(call.tuple(&[zero, zero, zero]))
        }
        "allocator" => Ok(call.tuple(&[atom("undefined"), Term::NIL, Term::NIL, Term::NIL])),
        "c_compiler_used" => Ok(call.tuple(&[atom("undefined"), atom("undefined")])),
        "check_io" | "emu_args" => Ok(Term::NIL),
        "ethread_info" => {
            let mut rows = Vec::new();
            for kind in ["32-bit native atomics", "64-bit native atomics", "Double word native atomics"] {
                let kind = call.charlist(kind);
                let by = call.charlist("std");
                rows.push(call.tuple(&[kind, by, Term::NIL]));
            }
            Ok(call.list(&rows))
        }
        "garbage_collection" => {
            let mut pairs = Vec::new();
            for (name, value) in
                [("max_heap_size", 0), ("min_bin_vheap_size", 46_422), ("min_heap_size", 233), ("fullsweep_after", 65_535)]
            {
                let value = call.integer(value);
                pairs.push(call.tuple(&[atom(name), value]));
            }
            Ok(call.list(&pairs))
        }
        "heap_sizes" => {
            let sizes: Vec<Term<'c>> = heap_sizes().map(|size| call.integer(size)).collect();
            Ok(call.list(&sizes))
        }
        "info" | "loaded" | "procs" | "dist" => Ok(call.binary(b"")),
        "max_heap_size" => {
            let zero = call.integer(0);
            Ok(call.map_from_pairs(&[
                (atom("error_logger"), Term::bool(true)),
                (atom("kill"), Term::bool(true)),
                (atom("size"), zero),
            ]))
        }
        "os_monotonic_time_source" => time_source(call, "CLOCK_MONOTONIC", platform::monotonic_ns() as i64),
        "os_system_time_source" => time_source(call, "CLOCK_REALTIME", platform::system_ns()),
        "scheduler_bindings" => Ok(call.tuple(&[atom("unbound")])),
        "sequential_tracer" => Ok(call.tuple(&[atom("sequential_tracer"), Term::bool(false)])),
        _ => Err(Stop::BADARG),
    }
}

/// The sizes of heaps in words, as OTP grows them: Fibonacci at first, then by a fifth.
fn heap_sizes() -> impl Iterator<Item = i64> {
    const FIBONACCI_UNTIL: i64 = 833_026;
    const LARGEST: i64 = 885_767_171_276_247;
    let mut pair = (12_i64, 38_i64);
    core::iter::from_fn(move || {
        let size = pair.0;
        let next = if pair.1 < FIBONACCI_UNTIL { pair.0 + pair.1 + 1 } else { pair.1 + pair.1 / 5 };
        pair = (pair.1, next);
        (size <= LARGEST).then_some(size)
    })
}

fn time_source<'c>(call: &mut Call<'c>, clock: &'static str, now: i64) -> BifResult<'c> {
    let atom = |text: &'static str| Term::atom(atom::intern_static(text));
    let resolution = call.integer(time::UNITS_A_SECOND);
    let now = call.integer(now);
    let pairs = [
        (atom("function"), atom("clock_gettime")),
        (atom("clock_id"), atom(clock)),
        (atom("resolution"), resolution),
        (atom("parallel"), atom("yes")),
        (atom("time"), now),
    ];
    let pairs = pairs.map(|(key, value)| call.tuple(&[key, value]));
    Ok(call.list(&pairs))
}

/// Keys that are tuples.
fn tuple_info<'c>(call: &mut Call<'c>, elements: &[Term<'c>]) -> BifResult<'c> {
    let texts: Vec<Option<&str>> = elements.iter().map(|element| element.as_atom().map(Atom::text)).collect();
    match texts[..] {
        [Some("wordsize"), Some("internal" | "external")] => Ok(call.integer(8)),
        [Some("cpu_topology"), Some("defined" | "detected" | "used")] => Ok(Term::atom(am::UNDEFINED)),
        // `erlang:memory/0` asks each other thread for its allocators: one answers for all.
        [Some("memory_internal"), None, None] => {
            memory::answer(call, elements[1]);
            Ok(Term::bool(true))
        }
        // Our memory has no such allocators.
        [Some("allocator" | "allocator_sizes"), Some(_)] => Ok(Term::bool(false)),
        [Some("allocator" | "allocator_sizes"), None] => {
            let names = elements[1].list_to_vec().or_badarg()?;
            let pairs: Vec<Term<'c>> = names.iter().map(|name| call.tuple(&[*name, Term::bool(false)])).collect();
            Ok(call.list(&pairs))
        }
        _ => Err(Stop::BADARG),
    }
}

/// Times at which `runtime` and `wall_clock` were asked last, in milliseconds.
#[derive(Default)]
struct Asked {
    runtime: AtomicI64,
    wall_clock: AtomicI64,
    reductions: AtomicI64,
    exact_reductions: AtomicI64,
}

fn asked() -> &'static Asked {
    static ASKED: OnceLock<Asked> = OnceLock::new();
    ASKED.get_or_init(Asked::default)
}

/// `{Total, SinceLast}`
fn since<'c>(call: &mut Call<'c>, last: &AtomicI64, total: i64) -> Term<'c> {
    let difference = total - last.swap(total, Ordering::Relaxed);
    pair(call, total, difference)
}

fn pair<'c>(call: &mut Call<'c>, a: i64, b: i64) -> Term<'c> {
    let (a, b) = (call.integer(a), call.integer(b));
    call.tuple(&[a, b])
}

/// Milliseconds since the machine's clock was started.
fn wall_clock_ms() -> i64 {
    (time::monotonic_ns() - time::MONOTONIC_START) / 1_000_000
}

fn statistics<'c>(call: &mut Call<'c>, [key]: [Term<'c>; 1]) -> BifResult<'c> {
    let reductions = call.process().reductions as i64;
    match key.as_atom().or_badarg()?.text() {
        "context_switches" => Ok(pair(call, 0, 0)),
        "exact_reductions" => Ok(since(call, &asked().exact_reductions, reductions)),
        "reductions" => Ok(since(call, &asked().reductions, reductions)),
        "garbage_collection" => {
            let zero = call.integer(0);
            Ok(call.tuple(&[zero, zero, zero]))
        }
        "io" => {
            let zero = call.integer(0);
            let input = call.tuple(&[Term::atom(am::INPUT), zero]);
            let output = call.tuple(&[Term::atom(am::OUTPUT), zero]);
            Ok(call.tuple(&[input, output]))
        }
        "run_queue" | "total_run_queue_lengths" | "total_run_queue_lengths_all" => {
            let total = waiting(call).iter().sum();
            Ok(call.integer(total))
        }
        "total_active_tasks" | "total_active_tasks_all" => {
            let total = waiting(call).iter().sum::<i64>() + 1;
            Ok(call.integer(total))
        }
        key @ ("run_queue_lengths" | "run_queue_lengths_all" | "active_tasks" | "active_tasks_all") => {
            let mut lengths = waiting(call);
            if key.starts_with("active") {
                lengths[current_scheduler()] += 1;
            }
            // Then those of dirty schedulers, which run nothing here.
            lengths.extend(if key.ends_with("all") { &[0, 0][..] } else { &[0] });
            let lengths: Vec<Term<'c>> = lengths.into_iter().map(|length| call.integer(length)).collect();
            Ok(call.list(&lengths))
        }
        "runtime" => Ok(since(call, &asked().runtime, wall_clock_ms())),
        "wall_clock" => Ok(since(call, &asked().wall_clock, wall_clock_ms())),
        "scheduler_wall_time" | "scheduler_wall_time_all" => Ok(Term::atom(am::UNDEFINED)),
        "microstate_accounting" => Ok(Term::NIL),
        _ => Err(Stop::BADARG),
    }
}

/// Processes that wait, for each scheduler; what waits for none in particular counts with the first.
fn waiting(call: &Call<'_>) -> Vec<i64> {
    let queues = &call.system().processes.run_queues;
    let mut lengths: Vec<i64> = queues.lengths().into_iter().map(|length| length as i64).collect();
    lengths[0] += queues.injected_len() as i64;
    lengths
}

fn system_flag<'c>(call: &mut Call<'c>, [flag, value]: [Term<'c>; 2]) -> BifResult<'c> {
    let name = flag.as_atom().or_badarg()?;
    match name.text() {
        "backtrace_depth" => {
            let depth = value.as_usize().or_badarg()?;
            let old = call.system().set_backtrace_depth(depth);
            Ok(call.unsigned(old as u64))
        }
        // Accepted for what they tell: every process has its own limits.
        "fullsweep_after" | "min_heap_size" | "min_bin_vheap_size" => {
            value.as_usize().or_badarg()?;
            let Some(Answer::Keyed(old)) = plain_answer(name.text()) else { return Err(Stop::BADARG) };
            Ok(call.integer(old))
        }
        "schedulers_online" => {
            let queues = &call.system().processes.run_queues;
            let count = value.as_usize().filter(|count| (1..=queues.schedulers()).contains(count)).or_badarg()?;
            let old = queues.set_online(count);
            Ok(call.unsigned(old as u64))
        }
        "dirty_cpu_schedulers_online" => {
            value.as_usize().filter(|count| *count == 1).or_badarg()?;
            Ok(call.integer(1))
        }
        "max_heap_size" => {
            super::spawning::max_heap(value).or_badarg()?;
            system_info(call, [flag])
        }
        // Reports of the machine go to `logger`, whoever else is named.
        "system_logger" if value.is_local_pid() => system_info(call, [flag]),
        "multi_scheduling" | "scheduler_bind_type" | "system_logger" | "time_offset" => {
            value.as_atom().or_badarg()?;
            system_info(call, [flag])
        }
        "trace_control_word" | "outstanding_system_requests_limit" => {
            value.as_usize().or_badarg()?;
            system_info(call, [flag])
        }
        "scheduler_wall_time" | "microstate_accounting" => {
            value.as_atom().or_badarg()?;
            Ok(Term::bool(false))
        }
        _ => Err(call.badarg_cause(atom::intern_static("badopt"))),
    }
}

/// Writes what the emulator itself prints: each line ends with CR and LF, as OTP has it without a terminal. A reader that has gone
/// is no error.
pub fn write<'c>(call: &mut Call<'c>, stream: Stream, bytes: &[u8]) -> BifResult<'c> {
    let mut text = Vec::with_capacity(bytes.len() + 2);
    for byte in bytes {
        if *byte == b'\n' {
            text.push(b'\r');
        }
        text.push(*byte);
    }
    let _gone = call.system().standard.write(stream, &text);
    Ok(Term::bool(true))
}

fn display<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut text = print::display(term);
    text.push(b'\n');
    write(call, Stream::Stdout, &text)
}

fn display_string<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    let text = utf8(list)?;
    if otp::release() < 26 {
        return write(call, Stream::Stderr, &text);
    }
    let _gone = call.system().standard.write(Stream::Stderr, &text);
    Ok(Term::bool(true))
}

fn display_string_2<'c>(call: &mut Call<'c>, [device, text]: [Term<'c>; 2]) -> BifResult<'c> {
    let stream = match device.as_atom().or_badarg()?.text() {
        "stdout" => Stream::Stdout,
        "stderr" => Stream::Stderr,
        // The terminal of a program that has none.
        "stdin" => return Err(call.badarg_cause(atom::intern_static("enxio"))),
        _ => return Err(Stop::BADARG),
    };
    let bytes = match text.to_bytes() {
        Some(bytes) => bytes.into(),
        None => utf8(text)?,
    };
    let _gone = call.system().standard.write(stream, &bytes);
    Ok(Term::bool(true))
}

/// A list of characters as bytes.
fn utf8<'c>(list: Term<'c>) -> Result<Vec<u8>, Stop<'c>> {
    let characters = crate::bif::args::characters(list, 0x10_FFFF).or_badarg()?;
    Ok(characters.into_iter().map(char::from_u32).collect::<Option<String>>().or_badarg()?.into_bytes())
}

fn display_nl<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    write(call, Stream::Stderr, b"\n")
}

fn bump_reductions<'c>(call: &mut Call<'c>, [count]: [Term<'c>; 1]) -> BifResult<'c> {
    let count = count.as_usize().or_badarg()?;
    // More than a slice holds ends the slice, no more.
    call.bump((count as i64).min(4000));
    Ok(Term::bool(true))
}

fn nodes_0<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(Term::NIL)
}

fn nodes_2<'c>(call: &mut Call<'c>, [kinds, wanted]: [Term<'c>; 2]) -> BifResult<'c> {
    let wanted = wanted.as_map().or_badarg()?;
    let mut pairs = Vec::new();
    for (key, value) in wanted.iter() {
        let (key, value) = (key.as_atom().or_badarg()?, value.as_bool().or_badarg()?);
        let answer = match key.text() {
            "connection_id" => Term::atom(am::UNDEFINED),
            "node_type" => Term::atom(am::THIS),
            _ => return Err(Stop::BADARG),
        };
        if value {
            pairs.push((Term::atom(key), answer));
        }
    }
    let nodes = nodes_1(call, [kinds])?.list_to_vec().or_badarg()?;
    let mut list = Vec::new();
    for node in nodes {
        let info = call.map_from_pairs(&pairs);
        list.push(call.tuple(&[node, info]));
    }
    Ok(call.list(&list))
}

fn nodes_1<'c>(call: &mut Call<'c>, [kinds]: [Term<'c>; 1]) -> BifResult<'c> {
    let kinds = if kinds.is_list() { kinds.list_to_vec().or_badarg()? } else { vec![kinds] };
    let mut this = false;
    for kind in kinds {
        match kind.as_atom().or_badarg()? {
            am::THIS | am::KNOWN => this = true,
            am::VISIBLE | am::HIDDEN | am::CONNECTED => {}
            _ => return Err(Stop::BADARG),
        }
    }
    Ok(if this { call.list(&[Term::atom(am::NONODE_NOHOST)]) } else { Term::NIL })
}
