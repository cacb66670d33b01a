//! One port: who owns it, whom it is tied to, what goes in and out, and how it ends.
//!
//! ```text
//! open ── exit signal, close, failure, end of input ──► closing (only where output still waits) ──► closed
//! ```
//! Links and monitors are told as it leaves `open`; its descriptors go, and `{Port, closed}` comes, as it gets `closed`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::framing::{Framing, Piece};
use super::terminal::{self, Terminal};
use crate::atom::{Atom, am, intern_static};
use crate::heap::Heap;
use crate::platform::launch::Interest;
use crate::platform::posix::Posix;
use crate::platform::programs::Descriptor;
use crate::process::{Names, OwnedTerm, ProcessTable, RefId, SignalKind, parts, pid_term};
use crate::sync::Mutex;
use crate::term::Term;
use crate::term::word;

/// Bytes that one read asks for; as OTP.
pub(super) const READ_BYTES: usize = 64 * 1024;

/// What a port is made of.
pub struct Opened {
    /// As `port_info(Port, name)` shows it.
    pub name: Vec<u8>,
    pub owner: u64,
    pub reader: Option<Descriptor>,
    pub writer: Option<Descriptor>,
    /// The host's number of its program.
    pub os_pid: Option<u32>,
    pub framing: Framing,
    /// What is sent to it is commands for this.
    pub terminal: Option<Terminal>,
    pub binary: bool,
    /// `{Port, eof}` instead of the port's end.
    pub soft_eof: bool,
    pub exit_status: bool,
    /// Its descriptors were there before.
    pub is_given: bool,
    pub parallelism: bool,
    /// Bytes of waiting output below and from which it is (no more, and) busy.
    pub busy_limits: (usize, usize),
}

/// A port. Its number never changes; the rest is behind the lock.
pub struct Port {
    pub word: u64,
    pub is_given: bool,
    pub(super) state: Mutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Output goes out before it ends.
    Closing {
        tells_owner: bool,
    },
    Closed,
}

pub(super) struct State {
    opened: Opened,
    /// The port that was there first, which nothing ends.
    is_forker: bool,
    phase: Phase,
    pub(super) links: BTreeSet<u64>,
    /// Who monitors it, and by which name.
    pub(super) watchers: BTreeMap<RefId, (u64, Option<Atom>)>,
    /// Output that was not taken yet.
    queue: VecDeque<u8>,
    is_busy: bool,
    /// Processes that sleep until it is not.
    sleepers: Vec<u64>,
    bytes_in: u64,
    bytes_out: u64,
    pub(super) data: OwnedTerm,
    at_end: bool,
    status: Option<i32>,
    /// The owner waits for `{Port, ok}`, which comes when little output waits.
    is_awaited: bool,
}

/// What a port reaches others by.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub processes: &'a ProcessTable,
    pub names: &'a Names,
}

/// What `port_info` tells.
pub struct Info {
    pub name: Vec<u8>,
    pub owner: u64,
    pub links: Vec<u64>,
    pub watchers: Vec<u64>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub os_pid: Option<u32>,
    pub queue_bytes: usize,
    pub parallelism: bool,
    pub is_given: bool,
}

impl Port {
    pub fn new(word: u64, opened: Opened) -> Port {
        let is_given = opened.is_given;
        let state = State {
            links: BTreeSet::from([opened.owner]),
            opened,
            is_forker: false,
            phase: Phase::Open,
            watchers: BTreeMap::new(),
            queue: VecDeque::new(),
            is_busy: false,
            sleepers: Vec::new(),
            bytes_in: 0,
            bytes_out: 0,
            data: parts::atom(am::UNDEFINED),
            at_end: false,
            status: None,
            is_awaited: false,
        };
        Port { word, is_given, state: Mutex::new(state) }
    }
    /// The port that OTP starts programs by. Here it starts none, but programs find it among the ports all the same: it takes any
    /// output, and stays.
    pub fn forker(word: u64) -> Port {
        let opened = Opened {
            name: b"forker".to_vec(),
            owner: word::local_pid(0, 0),
            reader: None,
            writer: None,
            os_pid: None,
            framing: Framing::Stream,
            terminal: None,
            binary: false,
            soft_eof: false,
            exit_status: false,
            is_given: false,
            parallelism: false,
            busy_limits: (0, 0),
        };
        let port = Port::new(word, opened);
        let mut state = port.state.lock();
        state.links.clear();
        state.is_forker = true;
        drop(state);
        port
    }
}

impl State {
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }
    pub fn owner(&self) -> u64 {
        self.opened.owner
    }
    pub fn info(&self) -> Info {
        Info {
            name: self.opened.name.clone(),
            owner: self.opened.owner,
            links: self.links.iter().copied().collect(),
            watchers: self.watchers.values().map(|(pid, _)| *pid).collect(),
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            os_pid: self.opened.os_pid,
            queue_bytes: self.queue.len(),
            parallelism: self.opened.parallelism,
            is_given: self.opened.is_given,
        }
    }
    /// What to wait for, and where.
    pub fn interests(&self) -> impl Iterator<Item = (Descriptor, Interest)> {
        let reading = self.opened.reader.clone().map(|end| (end, Interest { read: true, write: false }));
        let writing = self.opened.writer.clone().filter(|_| !self.queue.is_empty());
        reading.into_iter().chain(writing.map(|end| (end, Interest { read: false, write: true })))
    }

    // --- messages

    fn tell<'a>(&self, word: u64, around: Around<'a>, to: u64, build: impl for<'c> FnOnce(&mut Heap<'c>) -> Term<'c>) {
        around.processes.send_built(word, to, |heap| {
            let message = build(heap);
            heap.tuple(&[pid_term(word), message])
        });
    }
    fn tell_owner<'a>(&self, word: u64, around: Around<'a>, build: impl for<'c> FnOnce(&mut Heap<'c>) -> Term<'c>) {
        self.tell(word, around, self.opened.owner, build);
    }
    fn deliver(&self, word: u64, around: Around<'_>, pieces: Vec<Piece>) {
        let binary = self.opened.binary;
        for piece in pieces {
            self.tell_owner(word, around, |heap| {
                let mut bytes = |bytes: &[u8]| if binary { heap.binary(bytes) } else { heap.byte_list(bytes, Term::NIL) };
                let data = match &piece {
                    Piece::Bytes(text) => bytes(text),
                    Piece::Line { text, ends } => {
                        let text = bytes(text);
                        heap.tuple(&[Term::atom(if *ends { am::EOL } else { am::NOEOL }), text])
                    }
                };
                heap.tuple(&[Term::atom(am::DATA), data])
            });
        }
    }

    // --- input

    /// Reads once, as the reader has something.
    pub fn take_input(&mut self, word: u64, around: Around<'_>, buffer: &mut [u8]) {
        let Some(reader) = &self.opened.reader else { return };
        match reader.read(buffer) {
            Ok(0) => {
                self.opened.reader = None;
                self.at_end = true;
                self.input_ended(word, around);
            }
            Ok(count) => {
                self.bytes_in += count as u64;
                if let Some(terminal) = &mut self.opened.terminal {
                    if terminal.shows_menu() {
                        let answer = terminal.choose(&buffer[..count]);
                        self.send_out(word, around, answer.as_bytes());
                    } else {
                        let typed = terminal.typed(&buffer[..count]);
                        self.deliver(word, around, vec![Piece::Bytes(typed)]);
                    }
                } else if self.is_open() {
                    let pieces = self.opened.framing.feed(&buffer[..count]);
                    self.deliver(word, around, pieces);
                }
            }
            Err(Posix::Eagain) => {}
            // As OTP: nothing more is read, and nobody is told.
            Err(_) => self.opened.reader = None,
        }
    }
    /// Its program ended.
    pub fn program_ended(&mut self, word: u64, around: Around<'_>, status: i32) {
        self.status = Some(status);
        if self.at_end {
            self.input_ended(word, around);
        }
    }
    /// Nothing more comes; where the exit status is asked for, it is waited for first.
    fn input_ended(&mut self, word: u64, around: Around<'_>) {
        if !self.is_open() || (self.opened.is_given && !self.queue.is_empty()) {
            return;
        }
        if self.opened.exit_status {
            let Some(status) = self.status else { return };
            self.tell_owner(word, around, |heap| {
                let status = heap.integer(i64::from(status));
                heap.tuple(&[Term::atom(am::EXIT_STATUS), status])
            });
        }
        let rest = self.opened.framing.end();
        self.deliver(word, around, rest);
        if self.opened.soft_eof {
            self.tell_owner(word, around, |_| Term::atom(am::EOF));
        } else {
            self.fail(word, around, am::NORMAL);
        }
    }

    // --- output

    pub fn is_busy(&self) -> bool {
        self.is_busy
    }
    /// Wakes this process once the port is not busy any more.
    pub fn add_sleeper(&mut self, pid: u64) {
        if !self.sleepers.contains(&pid) {
            self.sleepers.push(pid);
        }
    }
    /// Sends bytes to the program, as one packet. True: some of them wait, so that somebody has to look after them.
    pub fn output(&mut self, word: u64, around: Around<'_>, bytes: &[u8]) -> bool {
        self.bytes_out += bytes.len() as u64;
        if self.is_forker {
            return false;
        }
        if let Some(terminal) = &mut self.opened.terminal {
            let (bytes, is_awaited) = terminal.command(bytes);
            let waits = self.send_out(word, around, &bytes);
            self.is_awaited |= is_awaited;
            self.answer(word, around);
            return waits;
        }
        self.send_out(word, around, bytes)
    }
    /// What the owner waits for, unless too much output waits.
    fn answer(&mut self, word: u64, around: Around<'_>) {
        if self.is_awaited && self.queue.len() <= terminal::ANSWERED_BYTES {
            self.is_awaited = false;
            self.tell_owner(word, around, |_| Term::atom(am::OK));
        }
    }
    pub fn control(&mut self, operation: i64, data: &[u8]) -> Option<Vec<u8>> {
        self.opened.terminal.as_mut()?.control(operation, data)
    }
    /// The terminal's menu, or, where it is there, the end of the program.
    pub fn interrupt(&mut self, word: u64, around: Around<'_>) {
        let Some(terminal) = &mut self.opened.terminal else { return };
        match terminal.interrupt() {
            Some(menu) => {
                self.send_out(word, around, menu.as_bytes());
            }
            None => terminal::end(1),
        }
    }
    fn send_out(&mut self, word: u64, around: Around<'_>, bytes: &[u8]) -> bool {
        let Some(head) = self.opened.framing.head(bytes.len()) else {
            self.fail(word, around, Posix::Einval.atom());
            return true;
        };
        let Some(writer) = self.opened.writer.clone() else {
            self.fail(word, around, Posix::Ebadf.atom());
            return true;
        };
        let whole;
        let mut left = bytes;
        if !head.is_empty() {
            whole = [&head, bytes].concat();
            left = &whole;
        }
        // Of a descriptor that was there before, and of a full one, the other thread takes care.
        while self.queue.is_empty() && !left.is_empty() {
            match writer.write(left) {
                Ok(count) => left = &left[count..],
                Err(Posix::Eagain) => break,
                Err(error) => {
                    self.fail(word, around, error.atom());
                    return true;
                }
            }
        }
        if left.is_empty() {
            return false;
        }
        self.queue.extend(left);
        self.is_busy |= self.queue.len() >= self.opened.busy_limits.1;
        true
    }
    /// Sends out what waits, as the writer takes something.
    pub fn drain(&mut self, word: u64, around: Around<'_>) {
        let Some(writer) = self.opened.writer.clone() else { return };
        while !self.queue.is_empty() {
            match writer.write(self.queue.as_slices().0) {
                Ok(count) => drop(self.queue.drain(..count)),
                Err(Posix::Eagain) => break,
                Err(error) => return self.fail(word, around, error.atom()),
            }
        }
        self.answer(word, around);
        if self.is_busy && (self.queue.is_empty() || self.queue.len() < self.opened.busy_limits.0) {
            self.is_busy = false;
            self.wake_sleepers(around);
        }
        if self.queue.is_empty() {
            match self.phase {
                Phase::Closing { tells_owner } => self.close(word, around, tells_owner),
                Phase::Open if self.at_end && self.opened.is_given => self.input_ended(word, around),
                _ => {}
            }
        }
    }
    /// Sends out all that waits for a descriptor that was there before, however long it takes.
    pub fn drain_given(&mut self, word: u64, around: Around<'_>) {
        while self.opened.is_given && !self.queue.is_empty() && !self.is_closed() {
            let Some(writer) = self.opened.writer.clone() else { return };
            writer.wait_writable();
            self.drain(word, around);
        }
    }
    fn wake_sleepers(&mut self, around: Around<'_>) {
        for pid in core::mem::take(&mut self.sleepers) {
            around.processes.send(pid, SignalKind::Wake);
        }
    }

    // --- the end

    /// Something went wrong, or (`normal`) the input is over: what waits is forgotten.
    fn fail(&mut self, word: u64, around: Around<'_>, reason: Atom) {
        match self.phase {
            Phase::Open => {
                self.queue.clear();
                self.exit(word, around, &parts::atom(reason), false);
            }
            Phase::Closing { tells_owner } => self.close(word, around, tells_owner),
            Phase::Closed => {}
        }
    }
    /// Ends it: links and monitors are told why. `tells_owner`: it asked by a message, and gets `{Port, closed}`.
    pub fn exit(&mut self, word: u64, around: Around<'_>, reason: &OwnedTerm, tells_owner: bool) {
        if !self.is_open() || self.is_forker {
            return;
        }
        let is_kill = reason.term().is_atom(am::KILL);
        let told = || if is_kill { parts::atom(am::KILLED) } else { OwnedTerm::of(reason.term()) };
        self.phase = Phase::Closing { tells_owner };
        self.is_busy = false;
        self.wake_sleepers(around);
        around.names.forget(word);
        for pid in core::mem::take(&mut self.links) {
            around.processes.send(pid, SignalKind::Exit { from: word, reason: told(), by_link: true });
        }
        for (id, (pid, _)) in core::mem::take(&mut self.watchers) {
            around.processes.send(pid, SignalKind::Down { id, reason: told() });
        }
        if is_kill || self.queue.is_empty() {
            self.close(word, around, tells_owner);
        }
    }
    fn close(&mut self, word: u64, around: Around<'_>, tells_owner: bool) {
        self.phase = Phase::Closed;
        self.queue.clear();
        self.opened.reader = None;
        self.opened.writer = None;
        self.opened.terminal = None;
        self.data = parts::atom(am::UNDEFINED);
        if tells_owner {
            self.tell_owner(word, around, |_| Term::atom(am::CLOSED));
        }
    }
    /// From now on this process gets what comes.
    pub fn set_owner(&mut self, owner: u64) {
        self.opened.owner = owner;
    }
    /// `{Port, connected}` to who gave it away.
    pub fn tell_connected(&self, word: u64, around: Around<'_>, to: u64) {
        self.tell(word, around, to, |_| Term::atom(am::CONNECTED));
    }
    /// Somebody who may not, or in a way that is none, sent to it: the owner is told.
    pub fn refuse(&self, word: u64, around: Around<'_>) {
        if self.is_forker {
            return;
        }
        let kind = SignalKind::Exit { from: word, reason: parts::atom(am::BADSIG), by_link: false };
        around.processes.send(self.opened.owner, kind);
    }
}

/// The error as an atom.
trait AsAtom {
    fn atom(self) -> Atom;
}

impl AsAtom for Posix {
    fn atom(self) -> Atom {
        intern_static(self.name())
    }
}
