//! The standard streams of a machine: buffered output, and the one read of stdin that may be under way.
//!
//! Output is held back only while something is runnable: the driver flushes before it waits and before it ends the program, reading
//! stdin flushes first, and so does a buffer that is full or older than 10 ms. On a terminal output goes out by line. Who writes to one
//! stream sends out what the other holds, so that a reader of both sees them in order.

use crate::platform::stdio::{self, Stream, Written};
use crate::platform::{self, posix::Posix};
use crate::process::current_scheduler;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

const BUFFER_BYTES: usize = 64 * 1024;
const HOLD_NS: u64 = 10_000_000;

/// The streams of one machine.
#[derive(Default)]
pub struct Standard {
    output: Mutex<Output>,
    error: Mutex<Output>,
    /// Which of the two was written to last.
    last_was_error: AtomicBool,
    reader: Mutex<Option<Reader>>,
}

#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    /// When the oldest byte came.
    since_ns: u64,
    is_terminal: Option<bool>,
    closed: bool,
}

/// A read that waits for bytes.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// Pid word of the process that gets `{lam_stdin, Ref, Answer}`.
    pub pid: u64,
    pub reference: [u64; 2],
    pub max_bytes: usize,
}

/// What a read gave.
#[derive(Debug)]
pub enum StdinAnswer {
    Bytes(Vec<u8>),
    Eof,
    Failed(Posix),
}

impl Standard {
    /// Takes bytes for `stream`; `false` when its reader has gone.
    pub fn write(&self, stream: Stream, bytes: &[u8]) -> Result<bool, Posix> {
        let is_error = stream == Stream::Stderr;
        if self.last_was_error.load(Ordering::Relaxed) != is_error {
            self.last_was_error.store(is_error, Ordering::Relaxed);
            // A closed or failing stream shows at the next write to it.
            let _ = match is_error {
                true => self.output.lock().flush(Stream::Stdout),
                false => self.error.lock().flush(Stream::Stderr),
            };
        }
        let lock = if is_error { &self.error } else { &self.output };
        let mut output = lock.lock();
        if output.closed {
            return Ok(false);
        }
        let now = platform::monotonic_ns();
        if output.bytes.is_empty() {
            output.since_ns = now;
        }
        output.bytes.extend_from_slice(bytes);
        let is_terminal = *output.is_terminal.get_or_insert_with(|| stdio::is_terminal(stream));
        let due =
            output.bytes.len() >= BUFFER_BYTES || now - output.since_ns >= HOLD_NS || (is_terminal && bytes.contains(&b'\n'));
        if due { output.flush(stream) } else { Ok(true) }
    }
    /// Sends out what is held back.
    pub fn flush(&self) {
        // A closed or failing stream shows at the next write.
        let _ = self.output.lock().flush(Stream::Stdout);
        let _ = self.error.lock().flush(Stream::Stderr);
    }
    /// Sends out what has been held back for long, while something still runs.
    pub fn flush_old(&self) {
        let now = platform::monotonic_ns();
        for (lock, stream) in [(&self.output, Stream::Stdout), (&self.error, Stream::Stderr)] {
            let mut output = lock.lock();
            if now.saturating_sub(output.since_ns) >= HOLD_NS {
                let _ = output.flush(stream);
            }
        }
    }
    /// Reads at most `max_bytes` if that needs no waiting.
    pub fn read_now(&self, max_bytes: usize) -> Option<StdinAnswer> {
        self.flush();
        if stdio::stdin_is_ready() { read(max_bytes) } else { None }
    }
    /// Registers the read that is under way; the first scheduler answers it, and may sleep without an eye on stdin until now.
    pub fn wait_for_stdin(&self, reader: Reader) {
        *self.reader.lock() = Some(reader);
        if current_scheduler() != 0 {
            stdio::wake();
        }
    }
    /// The read that is under way.
    pub fn reader(&self) -> Option<Reader> {
        *self.reader.lock()
    }
    /// stdin is ready: the reader and its answer; `None` when nobody waits or nothing came after all.
    pub fn take_answer(&self) -> Option<(Reader, StdinAnswer)> {
        let mut slot = self.reader.lock();
        let reader = (*slot)?;
        let answer = read(reader.max_bytes)?;
        *slot = None;
        Some((reader, answer))
    }
}

fn read(max_bytes: usize) -> Option<StdinAnswer> {
    let mut buffer = vec![0; max_bytes.clamp(1, 1 << 20)];
    match stdio::read_stdin(&mut buffer) {
        stdio::StdinRead::Bytes(count) => {
            buffer.truncate(count);
            Some(StdinAnswer::Bytes(buffer))
        }
        stdio::StdinRead::Eof => Some(StdinAnswer::Eof),
        stdio::StdinRead::NotYet => None,
        stdio::StdinRead::Failed(error) => Some(StdinAnswer::Failed(error)),
    }
}

impl Output {
    fn flush(&mut self, stream: Stream) -> Result<bool, Posix> {
        if self.bytes.is_empty() {
            return Ok(!self.closed);
        }
        let outcome = stdio::write_all(stream, &self.bytes);
        self.bytes.clear();
        match outcome {
            Written::All => Ok(true),
            Written::Closed => {
                self.closed = true;
                Ok(false)
            }
            Written::Failed(error) => Err(error),
        }
    }
}
