//! File descriptors 0, 1 and 2, and the one place where a thread waits for input or time.
//!
//! A second descriptor wakes the waiter from another thread: an eventfd, made at the first `wait`.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;

use super::monotonic_ns;
use crate::platform::posix::Posix;
use crate::platform::types::{StdinRead, Stream, WindowSize, Woken, Written};
use crate::sync::OnceLock;

fn descriptor(stream: Stream) -> BorrowedFd<'static> {
    match stream {
        Stream::Stdout => rustix::stdio::stdout(),
        Stream::Stderr => rustix::stdio::stderr(),
    }
}

/// Writes all of `bytes`, waiting where the stream is set not to block.
pub fn write_all(stream: Stream, mut bytes: &[u8]) -> Written {
    let to = descriptor(stream);
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait_for(to, PollFlags::OUT),
            Err(Errno::PIPE) => return Written::Closed,
            Err(errno) => return Written::Failed(errno.into()),
        }
    }
    Written::All
}

/// Reads what stdin has, waiting for the first byte. `buffer` is not empty.
pub fn read_stdin(buffer: &mut [u8]) -> StdinRead {
    let from = rustix::stdio::stdin();
    loop {
        match rustix::io::read(from, &mut *buffer) {
            Ok(0) => return StdinRead::Eof,
            Ok(count) => return StdinRead::Bytes(count),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait_for(from, PollFlags::IN),
            Err(errno) => return StdinRead::Failed(Posix::from(errno)),
        }
    }
}

fn wait_for(descriptor: BorrowedFd<'_>, events: PollFlags) {
    // An error here shows itself at the next read or write.
    let _ = poll(&mut [PollFd::from_borrowed_fd(descriptor, events)], None);
}

/// Whether a read of stdin would not wait. Any thread may ask, also while another one waits.
pub fn stdin_is_ready() -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut polled = [PollFd::from_borrowed_fd(rustix::stdio::stdin(), PollFlags::IN)];
    poll(&mut polled, Some(&now)).is_ok_and(|count| count > 0)
}

fn waker() -> Option<&'static OwnedFd> {
    static WAKER: OnceLock<Option<OwnedFd>> = OnceLock::new();
    WAKER.get_or_init(|| eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok()).as_ref()
}

/// Makes the thread in `wait`, or the next one, return `Interrupted`. May be called from any thread.
pub fn wake() {
    if let Some(waker) = waker() {
        // A full counter means that it is already awake.
        let _ = rustix::io::write(waker, &1u64.to_ne_bytes());
    }
}

/// Waits until stdin can be read (when `for_stdin`), the deadline of the monotonic clock is reached, or someone calls
/// `wake`. One thread waits at a time.
pub fn wait(for_stdin: bool, deadline_ns: Option<u64>) -> Woken {
    let timeout = match deadline_ns {
        None => None,
        Some(deadline) => {
            // At or after the deadline this still looks once, so that input is not starved by timers.
            let left = deadline.saturating_sub(monotonic_ns());
            let seconds = i64::try_from(left / 1_000_000_000).unwrap_or(i64::MAX);
            Some(Timespec { tv_sec: seconds, tv_nsec: (left % 1_000_000_000) as i64 })
        }
    };
    let stdin = rustix::stdio::stdin();
    let mut polled = Vec::with_capacity(2);
    if for_stdin {
        polled.push(PollFd::from_borrowed_fd(stdin, PollFlags::IN));
    }
    if let Some(waker) = waker() {
        polled.push(PollFd::new(waker, PollFlags::IN));
    }
    match poll(&mut polled, timeout.as_ref()) {
        Ok(0) => Woken::Deadline,
        Ok(_) => {
            if for_stdin && !polled[0].revents().is_empty() {
                return Woken::Stdin;
            }
            if let Some(waker) = waker() {
                let _ = rustix::io::read(waker, &mut [0u8; 8]);
            }
            Woken::Interrupted
        }
        Err(_) => Woken::Interrupted,
    }
}

/// Whether a person reads this stream.
pub fn is_terminal(stream: Stream) -> bool {
    rustix::termios::isatty(descriptor(stream))
}

/// Whether a person types.
pub fn stdin_is_terminal() -> bool {
    rustix::termios::isatty(rustix::stdio::stdin())
}

/// Size of the terminal that stdout, or else stdin, is.
pub fn window_size() -> Option<WindowSize> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout())
        .or_else(|_| rustix::termios::tcgetwinsize(rustix::stdio::stdin()))
        .ok()?;
    (size.ws_col > 0).then_some(WindowSize { columns: size.ws_col.into(), rows: size.ws_row.into() })
}
