//! Programs and descriptors of ports.
//!
//! 1. Every descriptor made here is closed in programs that are started: pipes come with close-on-exec, and a started program gets
//!    its ends by `dup2`.
//! 2. Ends that belong to a port never block: pipes of ours are set so (the program's ends are other descriptions), and of a
//!    descriptor that was there before only what `poll` promises is asked.
//! 3. A `Descriptor` may be held by several threads; the last holder closes it.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::{Access, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitOptions};

use crate::platform::launch::{FileUse, Interest, Launch, What};
use crate::platform::posix::{Posix, Result};

/// Bytes that a pipe or terminal takes at once when `poll` says that it takes any.
const SURE_BYTES: usize = 4096;
/// Numbers that no program expects anything behind.
const FIRST_SPARE: i32 = 10;

enum Held {
    Own(OwnedFd),
    Given(BorrowedFd<'static>),
}

/// One end that a port reads from or writes to.
#[derive(Clone)]
pub struct Descriptor(Arc<Held>);

impl Descriptor {
    /// A descriptor that was there before and stays there; `None` for a number that none can have.
    pub fn given(number: i32) -> Option<Descriptor> {
        // SAFETY: the number is not -1. Whether it is open is the host's to say at each use, and an answer of `ebadf` is handled.
        let descriptor = (number >= 0).then(|| unsafe { BorrowedFd::borrow_raw(number) })?;
        Some(Descriptor(Arc::new(Held::Given(descriptor))))
    }
    fn own(descriptor: OwnedFd) -> Result<Descriptor> {
        let flags = rustix::fs::fcntl_getfl(&descriptor)?;
        rustix::fs::fcntl_setfl(&descriptor, flags | OFlags::NONBLOCK)?;
        Ok(Descriptor(Arc::new(Held::Own(descriptor))))
    }
    /// A file of a port's own.
    pub fn open(path: &[u8], file_use: FileUse) -> Result<Descriptor> {
        let flags = match file_use {
            FileUse::Read => OFlags::RDONLY,
            FileUse::Write => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
            FileUse::Both => OFlags::RDWR | OFlags::CREATE,
        };
        let opened = rustix::fs::open(path, flags | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::from_raw_mode(0o666))?;
        Ok(Descriptor(Arc::new(Held::Own(opened))))
    }
    fn fd(&self) -> BorrowedFd<'_> {
        match &*self.0 {
            Held::Own(own) => own.as_fd(),
            Held::Given(given) => *given,
        }
    }
    /// Bytes that are there: 0 at the end, `eagain` where none are yet.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if matches!(*self.0, Held::Given(_)) && !self.is_ready(PollFlags::IN) {
                return Err(Posix::Eagain);
            }
            match rustix::io::read(self.fd(), &mut *buffer) {
                Err(Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
    }
    /// Writes what is taken without waiting; `eagain` where nothing is.
    pub fn write(&self, bytes: &[u8]) -> Result<usize> {
        let is_given = matches!(*self.0, Held::Given(_));
        loop {
            if is_given && !self.is_ready(PollFlags::OUT) {
                return Err(Posix::Eagain);
            }
            let part = if is_given { &bytes[..bytes.len().min(SURE_BYTES)] } else { bytes };
            match rustix::io::write(self.fd(), part) {
                Err(Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
    }
    /// Waits until it takes bytes, or never will.
    pub fn wait_writable(&self) {
        // An error shows at the next write.
        let _ = poll(&mut [PollFd::from_borrowed_fd(self.fd(), PollFlags::OUT)], None);
    }
    /// Whether reading or writing would not wait (an error is no waiting).
    fn is_ready(&self, events: PollFlags) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut polled = [PollFd::from_borrowed_fd(self.fd(), events)];
        !matches!(poll(&mut polled, Some(&now)), Ok(0))
    }
}

/// Wakes who waits in `wait`.
pub struct Waker(OwnedFd);

impl Waker {
    pub fn new() -> Result<Waker> {
        Ok(Waker(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }
    pub fn wake(&self) {
        // A full counter means that it is already awake.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }
}

/// Waits until something that is asked for is there, `waker` is called or the time is over. What is left of an `Interest`
/// afterwards is what was seen.
pub fn wait(waker: &Waker, ends: &mut [(Descriptor, Interest)], children: &[&Child], timeout_ms: Option<u32>) {
    let timeout = timeout_ms.map(|ms| Timespec { tv_sec: i64::from(ms / 1000), tv_nsec: i64::from(ms % 1000) * 1_000_000 });
    let mut polled = vec![PollFd::new(&waker.0, PollFlags::IN)];
    for (end, interest) in ends.iter() {
        let mut events = PollFlags::empty();
        events.set(PollFlags::IN, interest.read);
        events.set(PollFlags::OUT, interest.write);
        polled.push(PollFd::from_borrowed_fd(end.fd(), events));
    }
    polled.extend(children.iter().filter_map(|child| Some(PollFd::new(child.exit.as_ref()?, PollFlags::IN))));
    let seen: Vec<PollFlags> = match poll(&mut polled, timeout.as_ref()) {
        Ok(_) => polled.iter().map(|end| end.revents()).collect(),
        Err(_) => vec![PollFlags::empty(); polled.len()],
    };
    if !seen[0].is_empty() {
        let _ = rustix::io::read(&waker.0, &mut [0u8; 8]);
    }
    for ((_, interest), seen) in ends.iter_mut().zip(&seen[1..]) {
        // A hang-up or an error is told by the read or write that follows.
        let other = !(*seen - (PollFlags::IN | PollFlags::OUT)).is_empty();
        interest.read &= other || seen.contains(PollFlags::IN);
        interest.write &= other || seen.contains(PollFlags::OUT);
    }
}

/// A program that was started.
pub struct Child {
    id: Option<Pid>,
    /// Readable when it has ended; kernels before 5.3 have none.
    exit: Option<OwnedFd>,
    ended: Option<i32>,
}

impl Child {
    fn running(id: u32) -> Child {
        let id = i32::try_from(id).ok().and_then(Pid::from_raw);
        let exit = id.and_then(|id| rustix::process::pidfd_open(id, PidfdFlags::empty()).ok());
        Child { id, exit, ended: None }
    }
    /// The host's number of it.
    pub fn number(&self) -> Option<u32> {
        self.id.map(|id| id.as_raw_nonzero().get() as u32)
    }
    /// Whether `wait` returns when it ends; else somebody has to look now and then.
    pub fn is_waited_for(&self) -> bool {
        self.exit.is_some()
    }
    /// Its exit status (128 and the signal's number where one ended it) once it has ended. It is no zombie from then on.
    pub fn status(&mut self) -> Option<i32> {
        let Some(id) = self.id.filter(|_| self.ended.is_none()) else { return self.ended };
        self.ended = match rustix::process::waitpid(Some(id), WaitOptions::NOHANG) {
            Ok(None) | Err(Errno::INTR) => None,
            Ok(Some((_, status))) => match status.terminating_signal() {
                Some(signal) => Some(128 + signal),
                None => status.exit_status(),
            },
            // Somebody ignores the ends of all programs: how it ended is not known.
            Err(_) => Some(0),
        };
        self.ended
    }
}

/// A started program, and the port's ends.
pub struct Program {
    pub reader: Option<Descriptor>,
    pub writer: Option<Descriptor>,
    pub child: Child,
}

/// Starts a program, in a session of its own. What goes wrong in its own process ends it with the error's number, as OTP does it.
pub fn start(launch: &Launch) -> Result<Program> {
    if let What::File { path, .. } = &launch.what {
        rustix::fs::access(path.as_slice(), Access::EXEC_OK)?;
    }
    // Of ours the program gets nothing but copies; which end is whose shows the name.
    let from_program = launch.reads.then(std::io::pipe).transpose().map_err(posix_of)?;
    let to_program = launch.writes.then(std::io::pipe).transpose().map_err(posix_of)?;
    let (reader, program_out) =
        from_program.map_or((None, None), |(read, write)| (Some(OwnedFd::from(read)), Some(OwnedFd::from(write))));
    let (program_in, writer) =
        to_program.map_or((None, None), |(read, write)| (Some(OwnedFd::from(read)), Some(OwnedFd::from(write))));

    let mut command = command_of(&launch.what);
    let name = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    command.env_clear().envs(launch.environment.iter().map(|(key, value)| (name(key), name(value))));
    if let Some(folder) = &launch.folder {
        command.current_dir(name(folder));
    }
    if launch.stderr_to_stdout
        && let Some(out) = &program_out
    {
        command.stderr(Stdio::from(out.try_clone().map_err(posix_of)?));
    }
    let mut numbered = Vec::new();
    if launch.by_stdio {
        command.stdin(program_in.map_or_else(Stdio::inherit, Stdio::from));
        command.stdout(program_out.map_or_else(Stdio::inherit, Stdio::from));
    } else {
        command.stdin(Stdio::inherit()).stdout(Stdio::inherit());
        for (end, number) in [(program_in, 3), (program_out, 4)] {
            if let Some(end) = end {
                numbered.push((rustix::io::fcntl_dupfd_cloexec(&end, FIRST_SPARE)?, number));
            }
        }
    }
    let setup = move || -> std::io::Result<()> {
        let _ = rustix::process::setsid();
        for (end, number) in &numbered {
            // SAFETY: between fork and exec nobody else uses the number; what is there goes.
            let mut at = core::mem::ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(*number) });
            rustix::io::dup2(end, &mut at)?;
        }
        Ok(())
    };
    // SAFETY: `setup` calls the kernel and nothing else.
    unsafe { command.pre_exec(setup) };

    let child = match command.spawn() {
        Ok(child) => Child::running(child.id()),
        Err(error) => not_started(launch, error)?,
    };
    // The command holds the program's ends: they go before anybody waits for the end of what is read.
    drop(command);
    let own = |end: Option<OwnedFd>| end.map(Descriptor::own).transpose();
    Ok(Program { reader: own(reader)?, writer: own(writer)?, child })
}

fn command_of(what: &What) -> Command {
    let name = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    match what {
        What::Line(line) => {
            let mut command = Command::new("/bin/sh");
            command.arg0("sh").arg("-c").arg(name(&[b"exec ", line.as_slice()].concat()));
            command
        }
        What::File { path, name: own_name, arguments } => {
            // A name without a slash is one of the current folder, not one to look for.
            let path = if path.contains(&b'/') { path.clone() } else { [b"./", path.as_slice()].concat() };
            let mut command = Command::new(name(&path));
            command.arg0(name(own_name)).args(arguments.iter().map(|argument| name(argument)));
            command
        }
    }
}

/// A program that came no further than its own process; or the error where there was not even that.
fn not_started(launch: &Launch, error: std::io::Error) -> Result<Child> {
    let number = error.raw_os_error().unwrap_or(1);
    let refused = [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE];
    if refused.iter().any(|errno| errno.raw_os_error() == number) {
        return Err(posix_of(error));
    }
    if let Some(folder) = launch.folder.as_ref().filter(|folder| rustix::fs::access(folder.as_slice(), Access::EXEC_OK).is_err())
    {
        let text = [b"spawn: Could not cd to ", folder.as_slice(), b"\r\n"].concat();
        let _ = rustix::io::write(rustix::stdio::stderr(), &text);
    }
    Ok(Child { id: None, exit: None, ended: Some(number & 0xFF) })
}

fn posix_of(error: std::io::Error) -> Posix {
    error.raw_os_error().map_or(Posix::Einval, |number| Posix::from(Errno::from_raw_os_error(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(line: &str) -> Launch {
        Launch {
            what: What::Line(line.as_bytes().to_vec()),
            environment: vec![(b"PATH".to_vec(), b"/usr/bin:/bin".to_vec())],
            folder: None,
            by_stdio: true,
            stderr_to_stdout: false,
            reads: true,
            writes: true,
        }
    }

    fn all_of(program: &mut Program) -> (Vec<u8>, i32) {
        let waker = Waker::new().expect("a test may have an eventfd");
        let reader = program.reader.clone().expect("it is read");
        let (mut bytes, mut buffer) = (Vec::new(), [0; 64]);
        loop {
            wait(&waker, &mut [(reader.clone(), Interest { read: true, write: false })], &[], None);
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                Err(error) => assert_eq!(error, Posix::Eagain),
            }
        }
        loop {
            if let Some(status) = program.child.status() {
                return (bytes, status);
            }
            wait(&waker, &mut [], &[&program.child], Some(5));
        }
    }

    #[test]
    fn a_program_reads_writes_and_ends() {
        let mut program = start(&launch("sh -c 'read x; echo got $x; exit 3'")).expect("the shell starts");
        let writer = program.writer.take().expect("it is written to");
        assert_eq!(writer.write(b"this\n"), Ok(5));
        assert_eq!(all_of(&mut program), (b"got this\n".to_vec(), 3));
        let mut killed = start(&launch("sh -c 'kill -9 $$'")).expect("the shell starts");
        assert_eq!(all_of(&mut killed), (Vec::new(), 137));
    }

    #[test]
    fn what_cannot_start_is_told() {
        let file = |path: &str| What::File { path: path.into(), name: path.into(), arguments: Vec::new() };
        let start = |path: &str| start(&Launch { what: file(path), ..launch("") }).map(|mut program| program.child.status());
        assert_eq!(start("/no/such/program"), Err(Posix::Enoent));
        assert_eq!(start("/"), Ok(Some(13)));
    }
}
