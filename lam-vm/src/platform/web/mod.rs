//! The browser: what the page offers, as a table of functions that the launcher registers before the machine starts.
//!
//! The launcher (`targets/web`) owns the bindings to JavaScript; nothing here knows them. Files live in memory. The machine
//! cannot wait inside the page: `wait` says so and the driver returns.

use crate::sync::OnceLock;
use crate::sync::global::Mutex;
use std::collections::VecDeque;

use super::LocalOffset;
pub use super::memory_files::*;
pub use super::no_signals::*;
use super::types::{StdinRead, Stream, WindowSize, Woken, Written};

/// What the launcher supplies.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Nanoseconds of `performance.now()`.
    pub monotonic_ns: fn() -> u64,
    /// Nanoseconds since 1970 of `Date.now()`.
    pub system_ns: fn() -> i64,
    /// `crypto.getRandomValues`
    pub entropy: fn(&mut [u8]),
    /// Local seconds minus UTC seconds at a second of UTC, and whether it is summer time: `Date`.
    pub local_offset: fn(i64) -> LocalOffset,
    /// Takes bytes for a stream; the launcher cuts them into lines.
    pub write: fn(Stream, &[u8]),
    /// Ends the machine with a code; does not return to it.
    pub exit: fn(i32) -> !,
}

/// What the launcher supplies once, with the hooks.
#[derive(Clone, Default)]
pub struct Setting {
    /// The program's name and arguments.
    pub argv: Vec<Vec<u8>>,
    /// Its environment.
    pub env: Vec<(Vec<u8>, Vec<u8>)>,
}

static HOST: OnceLock<(Hooks, Setting)> = OnceLock::new();

/// Bytes that the page has typed, and whether it will type no more.
static STDIN: Mutex<(VecDeque<u8>, bool)> = Mutex::new((VecDeque::new(), false));

/// Registers the page. The first registration stays; false when there was one.
pub fn register(hooks: Hooks, setting: Setting) -> bool {
    HOST.set((hooks, setting)).is_ok()
}

/// Gives the machine bytes of stdin.
pub fn push_stdin(bytes: &[u8]) {
    STDIN.lock().0.extend(bytes);
}

/// Says that stdin has ended.
pub fn close_stdin() {
    STDIN.lock().1 = true;
}

fn hooks() -> &'static Hooks {
    &HOST.get().expect("the launcher registers its hooks before it starts the machine").0
}

/// Nanoseconds of a clock that never goes back.
pub fn monotonic_ns() -> u64 {
    (hooks().monotonic_ns)()
}

/// Nanoseconds since 1970, UTC.
pub fn system_ns() -> i64 {
    (hooks().system_ns)()
}

/// Fills `bytes` with what cannot be guessed.
pub fn entropy(bytes: &mut [u8]) {
    // getRandomValues takes at most 65,536 bytes.
    for part in bytes.chunks_mut(65_536) {
        (hooks().entropy)(part);
    }
}

/// The program's arguments, its own name first.
pub fn argv() -> Vec<Vec<u8>> {
    HOST.get().map(|(_, setting)| setting.argv.clone()).unwrap_or_default()
}

/// The environment that the page gave.
pub fn initial_env() -> Vec<(Vec<u8>, Vec<u8>)> {
    HOST.get().map(|(_, setting)| setting.env.clone()).unwrap_or_default()
}

/// Ends the machine.
pub fn exit(code: i32) -> ! {
    (hooks().exit)(code)
}

/// A page has no process.
pub fn process_id() -> u32 {
    1
}

/// `Date` answers.
pub fn local_offset_hook(utc_seconds: i64) -> Option<LocalOffset> {
    Some((hooks().local_offset)(utc_seconds))
}

/// Hands `bytes` to the page.
pub fn write_all(stream: Stream, bytes: &[u8]) -> Written {
    (hooks().write)(stream, bytes);
    Written::All
}

/// Takes what the page has typed.
pub fn read_stdin(buffer: &mut [u8]) -> StdinRead {
    let mut stdin = STDIN.lock();
    let count = buffer.len().min(stdin.0.len());
    for (slot, byte) in buffer.iter_mut().zip(stdin.0.drain(..count)) {
        *slot = byte;
    }
    match (count, stdin.1) {
        (0, true) => StdinRead::Eof,
        (0, false) => StdinRead::NotYet,
        (count, _) => StdinRead::Bytes(count),
    }
}

/// Never waits: tells what is there, else that the page must have its turn.
pub fn wait(for_stdin: bool, deadline_ns: Option<u64>) -> Woken {
    let stdin = STDIN.lock();
    if for_stdin && (!stdin.0.is_empty() || stdin.1) {
        return Woken::Stdin;
    }
    match deadline_ns {
        Some(deadline) if deadline <= monotonic_ns() => Woken::Deadline,
        _ => Woken::ReturnToHost,
    }
}

/// Whether a read of stdin would not wait.
pub fn stdin_is_ready() -> bool {
    wait(true, Some(0)) == Woken::Stdin
}

/// There is one thread; it is awake.
pub fn wake() {}

/// A console is no terminal.
pub fn is_terminal(_stream: Stream) -> bool {
    false
}

/// A console is no terminal.
pub fn stdin_is_terminal() -> bool {
    false
}

/// A console has no size.
pub fn window_size() -> Option<WindowSize> {
    None
}
