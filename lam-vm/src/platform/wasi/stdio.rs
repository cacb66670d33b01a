//! Descriptors 0, 1 and 2, and waiting by `poll_oneoff`.

use super::abi::{self, Fd, Interest};
use crate::platform::posix::Posix;
use crate::platform::types::{StdinRead, Stream, WindowSize, Woken, Written};

const STDIN: Fd = 0;

fn descriptor(stream: Stream) -> Fd {
    match stream {
        Stream::Stdout => 1,
        Stream::Stderr => 2,
    }
}

/// Writes all of `bytes`.
pub fn write_all(stream: Stream, mut bytes: &[u8]) -> Written {
    let to = descriptor(stream);
    while !bytes.is_empty() {
        match abi::write(to, bytes) {
            // A host that takes nothing and says nothing would keep us here for ever.
            Ok(0) => return Written::Failed(Posix::Eio),
            Ok(count) => bytes = &bytes[count..],
            Err(Posix::Eintr) => {}
            Err(Posix::Eagain) => {
                if let Err(error) = abi::poll(&[Interest::Write(to)]) {
                    return Written::Failed(error);
                }
            }
            Err(Posix::Epipe) => return Written::Closed,
            Err(error) => return Written::Failed(error),
        }
    }
    Written::All
}

/// Reads what stdin has, waiting for the first byte. `buffer` is not empty.
pub fn read_stdin(buffer: &mut [u8]) -> StdinRead {
    loop {
        match abi::read(STDIN, buffer) {
            Ok(0) => return StdinRead::Eof,
            Ok(count) => return StdinRead::Bytes(count),
            Err(Posix::Eintr) => {}
            Err(Posix::Eagain) => {
                if let Err(error) = abi::poll(&[Interest::Read(STDIN)]) {
                    return StdinRead::Failed(error);
                }
            }
            Err(error) => return StdinRead::Failed(error),
        }
    }
}

/// Waits until stdin can be read (when `for_stdin`) or the deadline of the monotonic clock is reached. With neither
/// nothing could ever happen: `ReturnToHost`.
pub fn wait(for_stdin: bool, deadline_ns: Option<u64>) -> Woken {
    let timeout = deadline_ns.map(|deadline| Interest::Timeout(deadline.saturating_sub(super::monotonic_ns())));
    let stdin = Interest::Read(STDIN);
    let answer = match (for_stdin, timeout) {
        (true, Some(timeout)) => abi::poll(&[stdin, timeout]),
        (true, None) => abi::poll(&[stdin]),
        (false, Some(timeout)) => abi::poll(&[timeout]).map(|_| [false, true]),
        (false, None) => return Woken::ReturnToHost,
    };
    match answer {
        Ok([true, _]) => Woken::Stdin,
        Ok([false, true]) => Woken::Deadline,
        Ok(_) => Woken::Interrupted,
        // A host that cannot poll this stdin can still read it.
        Err(_) if for_stdin => Woken::Stdin,
        Err(_) => Woken::Deadline,
    }
}

/// There is one thread; it is awake.
pub fn wake() {}

fn is_character_device(fd: Fd) -> bool {
    const CHARACTER_DEVICE: u8 = 2;
    const SEEK_OR_TELL: u64 = 1 << 2 | 1 << 5;
    abi::fd_kind(fd).is_ok_and(|(kind, rights)| kind == CHARACTER_DEVICE && rights & SEEK_OR_TELL == 0)
}

/// Whether a person reads this stream, as well as the host tells.
pub fn is_terminal(stream: Stream) -> bool {
    is_character_device(descriptor(stream))
}

/// Whether a read of stdin would not wait.
pub fn stdin_is_ready() -> bool {
    wait(true, Some(0)) == Woken::Stdin
}

/// Whether a person types.
pub fn stdin_is_terminal() -> bool {
    is_character_device(STDIN)
}

/// WASI cannot tell.
pub fn window_size() -> Option<WindowSize> {
    None
}
