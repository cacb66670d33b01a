//! Ports. Where OTP answers by a message that `erlang.erl` waits for, the answer is given at once here.

use super::port_options::{Options, Refused, Source};
use crate::atom::{self, Atom, am};
use crate::bif::args::{self, OrBadarg, pid_term};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::io::ports::{Command, GET_WINDOW_SIZE, Info, Opened, Sent, Terminal};
use crate::platform::posix::{Posix, Result as PosixResult};
use crate::platform::programs::{self, Child, Descriptor};
use crate::platform::stdio;
use crate::process::{OwnedTerm, ties::Link};
use crate::term::Term;
use crate::term::word;

bifs! { module "erlang";
    /// All open ports.
    [plain] "ports"/0 = ports, "erts/emulator/beam/erl_bif_port.c";
    /// The term that `port_set_data/2` gave a port; `undefined` at first.
    [plain] "port_get_data"/1 = port_get_data, "erts/emulator/beam/erl_bif_port.c";
    /// Ties a term to a port.
    [plain] "port_set_data"/2 = port_set_data, "erts/emulator/beam/erl_bif_port.c";
}

/// `erts_internal`
pub mod internal {
    use super::*;

    bifs! { module "erts_internal";
        /// A port, or the reason why there is none.
        [dirty_io] "open_port"/2 = open_port, "erts/emulator/beam/erl_bif_port.c";
        /// Sends iodata: `true`, `false` (busy, with `nosuspend`), or what is wrong.
        [dirty_io] "port_command"/3 = port_command, "erts/emulator/beam/erl_bif_port.c";
        /// `true`, or `badarg`.
        [plain] "port_close"/1 = port_close, "erts/emulator/beam/erl_bif_port.c";
        /// `true`, or `badarg`.
        [plain] "port_connect"/2 = port_connect, "erts/emulator/beam/erl_bif_port.c";
        /// What a driver answers: of terminals and of ports on descriptors the size, of terminals the encoding, else `badarg`.
        [plain] "port_control"/3 = port_control, "erts/emulator/beam/erl_bif_port.c";
        /// What a driver answers: none of these does.
        [plain] "port_call"/3 = port_call, "erts/emulator/beam/erl_bif_port.c";
        /// What is known of a port, as a list; `undefined` where it is closed.
        [plain] "port_info"/1 = port_info_1, "erts/emulator/beam/erl_bif_port.c";
        /// One item of it.
        [plain] "port_info"/2 = port_info_2, "erts/emulator/beam/erl_bif_port.c";
    }
}

fn ports<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let ports: Vec<Term<'c>> = call.system().ports.all().into_iter().map(pid_term).collect();
    Ok(call.list(&ports))
}

/// The word of a port of this node, by itself or by its name.
fn word_of<'c>(call: &Call<'c>, port: Term<'c>) -> Option<u64> {
    let word = match port.as_atom() {
        Some(name) => call.system().names.whereis(name)?,
        None => port.word(),
    };
    word::is_local_port(word).then_some(word)
}

fn port_get_data<'c>(call: &mut Call<'c>, [port]: [Term<'c>; 1]) -> BifResult<'c> {
    let port = word_of(call, port).or_badarg()?;
    let data = call.system().ports.data(port, OwnedTerm::of).or_badarg()?;
    Ok(call.copy(data.term()))
}

fn port_set_data<'c>(call: &mut Call<'c>, [port, data]: [Term<'c>; 2]) -> BifResult<'c> {
    let port = word_of(call, port).or_badarg()?;
    if call.system().ports.set_data(port, OwnedTerm::of(data)) { Ok(Term::bool(true)) } else { Err(Stop::BADARG) }
}

// --- opening

fn open_port<'c>(call: &mut Call<'c>, [name, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let Some(mut options) = Options::of(options) else { return Ok(Term::atom(am::BADOPT)) };
    let (source, shown) = match options.source(name) {
        Ok(found) => found,
        Err(Refused::Badarg) => return Ok(Term::atom(am::BADARG)),
        Err(Refused::Named(reason)) => return Ok(Term::atom(atom::intern_static(reason))),
    };
    let system = call.system();
    let is_file = matches!(source, Source::File { .. });
    let is_given = matches!(source, Source::Given { .. } | Source::Terminal { .. });
    if is_given {
        // What was written before comes before.
        system.standard.flush();
    }
    let ends = match system.ports.begin().and_then(|()| open_ends(source, &options)) {
        Ok(ends) => ends,
        Err(error) => {
            // As OTP, whose driver of files tells no reasons.
            let reason = if is_file && error != Posix::Enotsup { "einval" } else { error.name() };
            return Ok(Term::atom(atom::intern_static(reason)));
        }
    };
    let word = system.ports.new_word();
    let process = call.process();
    process.ties.links.insert(word, Link::default());
    let opened = Opened {
        name: shown,
        owner: process.pid,
        os_pid: ends.child.as_ref().and_then(Child::number),
        reader: ends.reader,
        writer: ends.writer,
        framing: options.framing(),
        terminal: ends.terminal,
        binary: options.binary,
        soft_eof: options.soft_eof,
        exit_status: options.exit_status,
        is_given,
        parallelism: options.parallelism,
        busy_limits: options.busy_limits,
    };
    system.ports.insert(word, opened, ends.child);
    Ok(pid_term(word))
}

struct Ends {
    reader: Option<Descriptor>,
    writer: Option<Descriptor>,
    child: Option<Child>,
    terminal: Option<Terminal>,
}

fn open_ends(source: Source, options: &Options) -> PosixResult<Ends> {
    let both = |reader: Option<Descriptor>, writer: Option<Descriptor>| Ends {
        reader: reader.filter(|_| options.reads()),
        writer: writer.filter(|_| options.writes()),
        child: None,
        terminal: None,
    };
    match source {
        Source::Program(launch) => {
            let program = programs::start(&launch)?;
            Ok(Ends { reader: program.reader, writer: program.writer, child: Some(program.child), terminal: None })
        }
        Source::Terminal { line } => {
            let terminal = Some(Terminal::open(&line)?);
            // As OTP, which writes to the terminal that it reads.
            Ok(Ends { terminal, ..both(Descriptor::given(0), Descriptor::given(0)) })
        }
        Source::Given { input, output } => Ok(both(Descriptor::given(input), Descriptor::given(output))),
        Source::File { path, file_use } => {
            let opened = Some(Descriptor::open(&path, file_use)?);
            Ok(both(opened.clone(), opened))
        }
    }
}

// --- talking to it

fn port_command<'c>(call: &mut Call<'c>, [port, data, options]: [Term<'c>; 3]) -> BifResult<'c> {
    let known = |option: &Term<'c>| option.is_atom(am::FORCE) || option.is_atom(am::NOSUSPEND);
    let Some(flags) = options.list_to_vec().filter(|flags| flags.iter().all(known)) else { return Ok(Term::atom(am::BADOPT)) };
    let badarg = Ok(Term::atom(am::BADARG));
    let system = call.system();
    let Some(found) = word_of(call, port).and_then(|word| system.ports.get(word)) else { return badarg };
    if flags.iter().any(|flag| flag.is_atom(am::FORCE)) {
        return Ok(Term::atom(am::NOTSUP));
    }
    let Some(bytes) = args::iolist_bytes(data) else {
        report_bad_value(call, found.word);
        return badarg;
    };
    if found.is_given {
        system.standard.flush();
    }
    call.bump(1 + bytes.len() as i64 / 1024);
    let nosuspend = flags.iter().any(|flag| flag.is_atom(am::NOSUSPEND));
    let sleeper = (!nosuspend).then_some(call.process().pid);
    let sent = system.ports.command(&system.processes, found.word, &bytes, sleeper);
    take_in_its_signals(call);
    match sent {
        None => badarg,
        Some(Sent::Done) => Ok(Term::bool(true)),
        Some(Sent::Busy) if nosuspend => Ok(Term::bool(false)),
        Some(Sent::Busy) => Err(call.wait(&[port, data, options])),
    }
}

/// What came of a message to a port.
pub fn send_to_port<'c>(call: &mut Call<'c>, port: u64, message: Term<'c>, nosuspend: bool) -> Sent {
    let system = call.system();
    let Some(found) = system.ports.get(port) else { return Sent::Done };
    let pid = call.process().pid;
    let sleeper = (!nosuspend).then_some(pid);
    let mut from = None;
    let bytes;
    let mut command = Command::Nonsense;
    if let Some([owner, what]) = message.as_tuple_of()
        && owner.is_local_pid()
    {
        from = Some(owner.word());
        match what.as_tuple_of() {
            None if what.is_atom(am::CLOSE) => command = Command::Close,
            Some([key, new]) if key.is_atom(am::CONNECT) => {
                command = Command::Connect(new.is_local_pid().then(|| new.word()));
            }
            Some([key, data]) if key.is_atom(am::COMMAND) => {
                bytes = args::iolist_bytes(data);
                match &bytes {
                    Some(bytes) => command = Command::Output(bytes),
                    None => report_bad_value(call, port),
                }
            }
            _ => {}
        }
    }
    if let Command::Output(bytes) = command {
        call.bump(1 + bytes.len() as i64 / 1024);
        if found.is_given {
            system.standard.flush();
        }
    }
    system.ports.bang(&system.processes, port, from, command, sleeper)
}

/// Tells the logger of data that is no iodata.
fn report_bad_value(call: &mut Call<'_>, port: u64) {
    let system = call.system();
    let (Some(info), Some(logger)) = (system.ports.info(port), system.names.whereis(am::LOGGER)) else { return };
    let text = format!("Bad value on output port '{}'\n", String::from_utf8_lossy(&info.name));
    let time_us = crate::platform::system_ns() / 1000;
    let pid = call.process().pid;
    system.processes.send_built(pid, logger, |heap| {
        let format = heap.charlist("~s~n");
        let text = heap.charlist(&text);
        let args = heap.list(&[text]);
        let tag =
            heap.map_from_pairs(&[(Term::atom(am::TAG), Term::atom(am::ERROR)), (Term::atom(am::EMULATOR), Term::bool(true))]);
        let time = heap.integer(time_us);
        let meta = heap.map_from_pairs(&[
            (Term::atom(am::PID), Term::atom(am::UNDEFINED)),
            (Term::atom(am::TIME), time),
            (Term::atom(am::ERROR_LOGGER), tag),
        ]);
        heap.tuple(&[Term::atom(am::LOG), Term::atom(am::ERROR), format, args, meta])
    });
}

fn port_close<'c>(call: &mut Call<'c>, [port]: [Term<'c>; 1]) -> BifResult<'c> {
    let system = call.system();
    let closed = word_of(call, port).is_some_and(|port| system.ports.close(&system.processes, port));
    take_in_its_signals(call);
    Ok(true_or_badarg(closed))
}

fn port_connect<'c>(call: &mut Call<'c>, [port, owner]: [Term<'c>; 2]) -> BifResult<'c> {
    let system = call.system();
    let port = word_of(call, port).filter(|_| owner.is_local_pid());
    let connected = port.is_some_and(|port| system.ports.connect(&system.processes, port, owner.word()));
    take_in_its_signals(call);
    Ok(true_or_badarg(connected))
}

/// What the port told this process meanwhile has its effect before the call returns, as in OTP.
fn take_in_its_signals(call: &mut Call<'_>) {
    let system = call.system();
    call.process().take_in(&system.processes);
}

fn true_or_badarg<'c>(done: bool) -> Term<'c> {
    Term::atom(if done { am::TRUE } else { am::BADARG })
}

fn port_control<'c>(call: &mut Call<'c>, [port, operation, data]: [Term<'c>; 3]) -> BifResult<'c> {
    let system = call.system();
    let found = word_of(call, port).and_then(|port| system.ports.get(port)).filter(|port| port.is_given);
    let answer = (|| {
        let (found, operation, data) = (found?, operation.as_small()?, args::iolist_bytes(data)?);
        if let Some(answer) = system.ports.control(found.word, operation, &data) {
            return Some(answer);
        }
        // The one operation that ports on descriptors have: columns and rows, in the processor's order.
        let size = (operation == GET_WINDOW_SIZE).then(stdio::window_size).flatten()?;
        Some([size.columns.to_ne_bytes(), size.rows.to_ne_bytes()].concat())
    })();
    let Some(bytes) = answer else { return Ok(Term::atom(am::BADARG)) };
    Ok(call.byte_list(&bytes, Term::NIL))
}

fn port_call<'c>(_: &mut Call<'c>, [_, _, _]: [Term<'c>; 3]) -> BifResult<'c> {
    Ok(Term::atom(am::BADARG))
}

// --- information

fn info_of<'c>(call: &mut Call<'c>, port: Term<'c>, wrong: Atom) -> Result<(u64, Info), Term<'c>> {
    if !port.is_port() && port.as_atom().is_none() {
        return Err(Term::atom(wrong));
    }
    let found = word_of(call, port).and_then(|word| Some((word, call.system().ports.info(word)?)));
    found.ok_or(Term::atom(am::UNDEFINED))
}

fn port_info_1<'c>(call: &mut Call<'c>, [port]: [Term<'c>; 1]) -> BifResult<'c> {
    let (word, info) = match info_of(call, port, am::BADARG) {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    let items = [am::REGISTERED_NAME, am::NAME, am::LINKS, am::ID, am::CONNECTED, am::INPUT, am::OUTPUT, am::OS_PID];
    let mut pairs = Vec::new();
    for item in items {
        if let Some(value) = info_item(call, word, &info, item).filter(|value| item != am::REGISTERED_NAME || !value.is_nil()) {
            pairs.push(call.tuple(&[Term::atom(item), value]));
        }
    }
    Ok(call.list(&pairs))
}

fn port_info_2<'c>(call: &mut Call<'c>, [port, item]: [Term<'c>; 2]) -> BifResult<'c> {
    let (word, info) = match info_of(call, port, am::BADTYPE) {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    let value = item.as_atom().and_then(|item| info_item(call, word, &info, item));
    match value {
        None => Ok(Term::atom(am::BADARG)),
        Some(value) if item.is_atom(am::REGISTERED_NAME) && value.is_nil() => Ok(value),
        Some(value) => Ok(call.tuple(&[item, value])),
    }
}

/// The value of one item; `None` where there is no such item.
fn info_item<'c>(call: &mut Call<'c>, word: u64, info: &Info, item: Atom) -> Option<Term<'c>> {
    let pids = |call: &mut Call<'c>, pids: &[u64]| {
        let pids: Vec<Term<'c>> = pids.iter().copied().map(pid_term).collect();
        call.list(&pids)
    };
    Some(match item {
        am::REGISTERED_NAME => call.system().names.name_of(word).map_or(Term::NIL, Term::atom),
        am::NAME => call.byte_list(&info.name, Term::NIL),
        am::LINKS => pids(call, &info.links),
        am::ID => call.unsigned(word >> 8),
        am::CONNECTED => pid_term(info.owner),
        am::INPUT => call.unsigned(info.bytes_in),
        am::OUTPUT => call.unsigned(info.bytes_out),
        am::OS_PID => info.os_pid.map_or(Term::atom(am::UNDEFINED), |number| call.unsigned(u64::from(number))),
        am::MONITORS => Term::NIL,
        am::MONITORED_BY => pids(call, &info.watchers),
        am::QUEUE_SIZE => call.unsigned(info.queue_bytes as u64),
        am::PARALLELISM => Term::bool(info.parallelism),
        am::MEMORY => call.unsigned(size_of::<Opened>() as u64 + 40 * (info.links.len() + info.watchers.len()) as u64),
        _ if item.text() == "locking" => {
            Term::atom(atom::intern_static(if info.is_given { "driver_level" } else { "port_level" }))
        }
        _ => return None,
    })
}
