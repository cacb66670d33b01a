//! Ports: programs and descriptors that processes talk to by messages.
//!
//! ```text
//! process ── !, port_command, exit signals, links ──► Port (its lock) ──► writes at once, or the queue ─┐
//! owner   ◄─ {Port, {data, _}} ─── reads, exit statuses ◄── one thread that waits for all (`serve`) ◄───┘
//! ```
//! What a process does to a port takes effect before the call returns, in the caller's own thread; so signals of one process to
//! one port keep their order without a queue. Rules for locks:
//! 1. `open` and `served` are never held while a port's lock is taken, nor the other way about, but for short looks without calls.
//! 2. Under a port's lock signals are sent to processes (which takes no lock) and its name is forgotten; nothing takes a port's lock
//!    while it holds the lock of the names.

mod framing;
mod line;
mod port;
mod serve;
mod terminal;
mod width;

pub use framing::Framing;
pub use port::{Info, Opened, Port};
pub use terminal::{GET_WINDOW_SIZE, Terminal};

use std::collections::BTreeMap;
use std::sync::Arc;

use port::{Around, State};
use serve::Served;

use crate::platform::posix::{Posix, Result};
use crate::platform::programs::{Child, Waker};
use crate::process::parts;
use crate::process::{Names, OwnedTerm, PortSignals, ProcessTable, SignalKind};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, OnceLock, RwLock};
use crate::term::Term;
use crate::term::word;

use crate::atom::am;

/// Starts the thread that calls `serve`; false where the host refuses it.
pub type Starter = Box<dyn Fn() -> bool + Send + Sync>;

/// The ports of one machine.
pub struct Ports {
    open: RwLock<BTreeMap<u64, Arc<Port>>>,
    /// Numbers given so far.
    numbers: AtomicU64,
    names: Arc<Names>,
    served: Mutex<Served>,
    waker: OnceLock<Option<Waker>>,
    starter: OnceLock<Starter>,
}

/// The word of the port that is always there.
const FORKER: u64 = word::local_port(0, 0);

/// What a message asks of a port.
pub enum Command<'a> {
    Output(&'a [u8]),
    /// The process that is to own it, where it is one of this node.
    Connect(Option<u64>),
    Close,
    /// None of these.
    Nonsense,
}

/// What came of a message or output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    Done,
    /// The port takes no more now. Who may sleep is woken when it does.
    Busy,
}

impl Ports {
    pub fn new(names: Arc<Names>) -> Ports {
        let forker = Port::forker(FORKER);
        Ports {
            open: RwLock::new(BTreeMap::from([(FORKER, Arc::new(forker))])),
            numbers: AtomicU64::new(0),
            names,
            served: Mutex::new(Served::default()),
            waker: OnceLock::new(),
            starter: OnceLock::new(),
        }
    }
    /// How the machine starts the thread; without one no port can be opened.
    pub fn set_starter(&self, starter: Starter) {
        let _ = self.starter.set(starter);
    }
    fn waker(&self) -> Option<&Waker> {
        self.waker.get_or_init(|| Waker::new().ok()).as_ref()
    }
    fn wake(&self) {
        if let Some(waker) = self.waker() {
            waker.wake();
        }
    }
    /// Sees to it that somebody waits for what comes.
    pub fn begin(&self) -> Result<()> {
        let starter = self.starter.get().ok_or(Posix::Enotsup)?;
        self.waker().ok_or(Posix::Enotsup)?;
        let mut served = self.served.lock();
        served.started = served.started || starter();
        if served.started { Ok(()) } else { Err(Posix::Eagain) }
    }
    /// A word that no port had before.
    pub fn new_word(&self) -> u64 {
        const PART: u64 = (1 << 28) - 1;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        word::local_port((number & PART) as u32, (number >> 28 & PART) as u32)
    }
    /// From now on there is a port of this word. Its owner is linked with it already.
    pub fn insert(&self, word: u64, opened: Opened, child: Option<Child>) {
        let wants_status = opened.exit_status;
        let port = Arc::new(Port::new(word, opened));
        self.open.write().insert(word, port.clone());
        let mut served = self.served.lock();
        served.children.extend(child.map(|child| (child, wants_status.then(|| port.clone()))));
        served.ports.push(port);
        drop(served);
        self.wake();
    }
    pub fn get(&self, word: u64) -> Option<Arc<Port>> {
        self.open.read().get(&word).cloned()
    }
    /// The words of all open ports, the oldest first.
    pub fn all(&self) -> Vec<u64> {
        self.open.read().keys().copied().collect()
    }
    pub fn count(&self) -> usize {
        self.open.read().len()
    }
    fn around<'a>(&'a self, processes: &'a ProcessTable) -> Around<'a> {
        Around { processes, names: &self.names }
    }
    /// Does something with an open port; `None` where there is none. Afterwards, where it ended, nobody finds it.
    fn with_open<R>(&self, word: u64, act: impl FnOnce(&mut State) -> R) -> Option<R> {
        let port = self.get(word)?;
        let mut state = port.state.lock();
        let result = state.is_open().then(|| act(&mut state));
        let ended = !state.is_open();
        drop(state);
        if ended {
            self.ended(word);
        }
        result
    }
    fn ended(&self, word: u64) {
        self.open.write().remove(&word);
        // It may have got a name since it ended.
        self.names.forget(word);
        self.wake();
    }
    /// Does what a message of `from` asks for; `sleeper` is woken if it finds the port busy.
    pub fn bang(
        &self,
        processes: &ProcessTable,
        word: u64,
        from: Option<u64>,
        command: Command<'_>,
        sleeper: Option<u64>,
    ) -> Sent {
        let around = self.around(processes);
        let done = self.with_open(word, |state| {
            let by_owner = from == Some(state.owner());
            match command {
                Command::Output(_) if state.is_busy() => {
                    sleeper.into_iter().for_each(|pid| state.add_sleeper(pid));
                    return (Sent::Busy, false);
                }
                Command::Output(bytes) if by_owner => return (Sent::Done, state.output(word, around, bytes)),
                Command::Close if by_owner => state.exit(word, around, &parts::atom(am::NORMAL), true),
                Command::Connect(Some(owner)) if by_owner => {
                    let old = state.owner();
                    state.set_owner(owner);
                    state.tell_connected(word, around, old);
                }
                _ => state.refuse(word, around),
            }
            (Sent::Done, false)
        });
        self.after_output(done)
    }
    /// `port_command`: anybody may. `None`: there is no such port.
    pub fn command(&self, processes: &ProcessTable, word: u64, bytes: &[u8], sleeper: Option<u64>) -> Option<Sent> {
        let around = self.around(processes);
        let done = self.with_open(word, |state| {
            if state.is_busy() {
                sleeper.into_iter().for_each(|pid| state.add_sleeper(pid));
                return (Sent::Busy, false);
            }
            (Sent::Done, state.output(word, around, bytes))
        });
        done.map(|done| self.after_output(Some(done)))
    }
    fn after_output(&self, done: Option<(Sent, bool)>) -> Sent {
        let (sent, waits) = done.unwrap_or((Sent::Done, false));
        if waits {
            self.wake();
        }
        sent
    }
    /// `port_close`; false where there is no such port, or none that can be closed.
    pub fn close(&self, processes: &ProcessTable, word: u64) -> bool {
        let around = self.around(processes);
        word != FORKER && self.with_open(word, |state| state.exit(word, around, &parts::atom(am::NORMAL), false)).is_some()
    }
    /// `port_connect`; false where there is no such port or process.
    pub fn connect(&self, processes: &ProcessTable, word: u64, owner: u64) -> bool {
        let connected = self.with_open(word, |state| {
            if state.links.insert(owner) && !processes.send(owner, SignalKind::Link { from: word }) {
                state.links.remove(&owner);
                return false;
            }
            state.set_owner(owner);
            true
        });
        connected == Some(true)
    }
    pub fn info(&self, word: u64) -> Option<Info> {
        self.with_open(word, |state| state.info())
    }
    /// `port_control` of a terminal; `None` where it is none, or knows no such operation.
    pub fn control(&self, word: u64, operation: i64, data: &[u8]) -> Option<Vec<u8>> {
        self.with_open(word, |state| state.control(operation, data))?
    }
    /// Somebody interrupts the program from its terminal.
    pub fn interrupt(&self, processes: &ProcessTable) {
        let ports = self.served.lock().ports.clone();
        for port in ports.iter().filter(|port| port.is_given) {
            port.state.lock().interrupt(port.word, self.around(processes));
        }
        self.wake();
    }
    /// Reads what `set_data` left.
    pub fn data<R>(&self, word: u64, read: impl FnOnce(Term<'_>) -> R) -> Option<R> {
        self.with_open(word, |state| read(state.data.term()))
    }
    pub fn set_data(&self, word: u64, data: OwnedTerm) -> bool {
        self.with_open(word, |state| state.data = data).is_some()
    }
    /// The machine ends: what was sent to descriptors that were there before goes out.
    pub fn flush(&self, processes: &ProcessTable) {
        let ports = self.served.lock().ports.clone();
        for port in ports.iter().filter(|port| port.is_given) {
            port.state.lock().drain_given(port.word, self.around(processes));
        }
    }
}

impl PortSignals for Ports {
    fn is_open(&self, port: u64) -> bool {
        self.open.read().contains_key(&port)
    }
    fn signal(&self, port: u64, kind: SignalKind, processes: &ProcessTable) -> core::result::Result<(), SignalKind> {
        let around = self.around(processes);
        let mut kind = Some(kind);
        self.with_open(port, |state| match kind.take() {
            Some(SignalKind::Link { from }) => {
                state.links.insert(from);
            }
            Some(SignalKind::Unlink { from, id }) => {
                state.links.remove(&from);
                processes.send(from, SignalKind::UnlinkAck { from: port, id });
            }
            Some(SignalKind::Exit { from, reason, by_link: true }) => {
                let counts = from == state.owner() || !reason.term().is_atom(am::NORMAL);
                if state.links.remove(&from) && counts {
                    state.exit(port, around, &reason, false);
                }
            }
            Some(SignalKind::Exit { reason, .. }) => state.exit(port, around, &reason, false),
            Some(SignalKind::Monitor { from, id, name }) => {
                state.watchers.insert(id, (from, name));
            }
            Some(SignalKind::Demonitor { id }) => {
                state.watchers.remove(&id);
            }
            // Nothing else is sent to ports: messages come by `bang`.
            _ => {}
        });
        kind.map_or(Ok(()), Err)
    }
}
