//! The machine's public face: a launcher maps an image, boots a machine on it and drives it until it ends.
//!
//! ```text
//! image:  0  "LAMIMG\0\0"      8  u64 total length (a multiple of 4096)      16 …  the header of `image`
//! ```
//!
//! The same three calls serve every host: `boot`, then `run` (native, WASI: returns the exit code) or `run_for` (web: returns to
//! the page's event loop whenever the budget is spent or nothing can run).

use std::ptr::NonNull;

use crate::atom::{self, Atom};
use crate::bif::{bif_by_name, lam_host, machine_fingerprint};
use crate::code::Code;
use crate::code::Image;
use crate::heap::{self, OwnedTerm};
use crate::image::embedded;
use crate::interp::coverage;
use crate::io::Standard;
use crate::platform::types::Disposition;
use crate::platform::{self, env, files, stdio};
use crate::process::{RunQueues, Sharing};
use crate::sched::{Driver, Turn};
use crate::sync::Arc;
use crate::sync::thread::{self, parallelism};
use crate::system::{self, System};
use crate::term::{self, Term};

/// The first eight bytes of every image.
pub const IMAGE_MAGIC: [u8; 8] = *b"LAMIMG\0\0";

/// Where a native image lies when running; below 2 GB so that addresses fit 32-bit immediates.
pub const NATIVE_BASE: usize = 0x1000_0000;

/// An image in memory: readable and writable, alive until the process ends.
#[derive(Debug)]
pub struct MappedImage {
    base: NonNull<u8>,
    length_bytes: usize,
}

// SAFETY: the image is owned memory that nothing else holds; moving the handle to another thread moves the ownership.
unsafe impl Send for MappedImage {}

impl MappedImage {
    /// Takes over `length_bytes` bytes at `base`; `None` when no image can be there (null, or shorter than its fixed header).
    ///
    /// # Safety
    /// The bytes are mapped readable and writable, nothing else uses them, and they stay mapped for the rest of the process.
    pub unsafe fn new(base: *mut u8, length_bytes: usize) -> Option<MappedImage> {
        let base = NonNull::new(base)?;
        (length_bytes >= 16).then_some(MappedImage { base, length_bytes })
    }

    /// The address of the first byte.
    pub fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// The length in bytes.
    pub fn length_bytes(&self) -> usize {
        self.length_bytes
    }

    /// The image's bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `new` took over exactly this range, mapped for the rest of the process.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.length_bytes) }
    }
}

/// What the host hands to a program: nothing here is interpreted by LAM.
#[derive(Debug, Default)]
pub struct Host {
    /// The program's own arguments, without the program's name.
    pub args: Vec<Vec<u8>>,
}

/// What a machine says when `run_for` returns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// Processes are waiting for the next turn.
    Runnable,
    /// Nothing can run before that moment, in milliseconds of the host's monotonic clock.
    SleepUntil(f64),
    /// Nothing can run until an event arrives.
    Idle,
    /// The program has ended with this code; the machine may be dropped.
    Exited(i32),
}

/// Why an image was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootError(pub String);

impl std::fmt::Display for BootError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BootError {}

/// One machine: the program in an image, its processes and tables.
pub struct Machine {
    driver: Driver,
}

/// Bounds of `+P`.
const PROCESSES_MIN: usize = 1024;
const PROCESSES_MAX: usize = crate::process::PROCESSES_MAX;

/// Processes that the machine holds: as `LAM_PROCESS_LIMIT` or else the program's `+P` says, or else 16 million. A power of two, as in OTP.
fn process_limit(vm_args: &[u8]) -> usize {
    let text = env::get(b"LAM_PROCESS_LIMIT").and_then(|text| String::from_utf8(text).ok());
    let given = text.and_then(|text| process_count(text.trim()));
    given.or_else(|| flag(vm_args, "+P").and_then(process_count)).unwrap_or(system::PROCESS_LIMIT)
}

/// What `+P` accepts: 1,024 to 134,217,727, as OTP's.
fn process_count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| (PROCESSES_MIN..=PROCESSES_MAX).contains(count))
}

/// Run queues for as many schedulers as `LAM_SCHEDULERS` or else the program's `+S` says, or else one a core. `LAM_SHARING=eager` is for tests.
fn run_queues(vm_args: &[u8]) -> RunQueues {
    let variable = |name: &[u8]| env::get(name).and_then(|text| String::from_utf8(text).ok());
    let given = variable(b"LAM_SCHEDULERS").and_then(|text| pair_of_counts(text.trim()));
    let (schedulers, online) = given.or_else(|| schedulers_flag(vm_args)).unwrap_or_else(one_a_core);
    let eager = variable(b"LAM_SHARING").as_deref() == Some("eager");
    let queues = RunQueues::new(schedulers, if eager { Sharing::Eager } else { Sharing::Measured });
    queues.set_online(online);
    queues
}

fn one_a_core() -> (usize, usize) {
    let count = parallelism();
    (count, count)
}

/// The last `+S Schedulers` or `+S Schedulers:Online` of emulator flags.
fn schedulers_flag(vm_args: &[u8]) -> Option<(usize, usize)> {
    flag(vm_args, "+S").and_then(pair_of_counts)
}

/// The value of the last emulator flag of this name: the next word, or what stands behind the name in the same one.
fn flag<'a>(vm_args: &'a [u8], name: &str) -> Option<&'a str> {
    let mut words = core::str::from_utf8(vm_args).ok()?.split_whitespace();
    let mut found = None;
    while let Some(word) = words.next() {
        match word.strip_prefix(name) {
            Some("") => found = words.next(),
            Some(value) if value.starts_with(|letter: char| letter.is_ascii_digit()) => found = Some(value),
            _ => {}
        }
    }
    found
}

/// `Schedulers` or `Schedulers:Online`, both above 0.
fn pair_of_counts(text: &str) -> Option<(usize, usize)> {
    let (schedulers, online) = text.split_once(':').unwrap_or((text, text));
    let count = |text: &str| text.parse().ok().filter(|count| *count > 0);
    Some((count(schedulers)?, count(online)?))
}

/// Bytes of the stack of the thread that waits for ports.
const PORTS_STACK_BYTES: usize = 256 << 10;

/// Lets ports be opened where the host has threads: the first one starts the thread that serves them all.
fn serve_ports(system: &Arc<System>) {
    if !thread::AVAILABLE {
        return;
    }
    let shared = system.clone();
    let start = move || {
        let system = shared.clone();
        thread::spawn_named("ports", PORTS_STACK_BYTES, move || system.ports.serve(&system.processes)).is_ok()
    };
    system.ports.set_starter(Box::new(start));
}

/// Nanoseconds of a turn while others might have come to wait (stdin).
const TURN_NS: u64 = 10_000_000;

impl Machine {
    /// Checks the image's header and tables and makes a machine ready to run its entry.
    pub fn boot(image: MappedImage, host: Host) -> Result<Machine, BootError> {
        // SAFETY: `MappedImage` owns the mapped range for the rest of the process.
        let image = unsafe { Image::open(image.base(), image.length_bytes(), machine_fingerprint()) }
            .map_err(|error| BootError(error.to_string()))?;
        let damaged = || BootError("the embedded program is damaged: its table of atoms is not valid".into());
        if !atom::adopt_image(image.atoms().ok_or_else(damaged)?) {
            return Err(BootError("one process runs one machine".into()));
        }
        let boot = *image.boot();
        term::otp::set_release(boot.otp_release as u32);
        // SAFETY: literals are whole boxes and stay in place; the other sections hold no terms that anything points into.
        unsafe { heap::statics::register(image.base(), image.total_bytes()) };
        let [file_index, file_bytes] = image.embedded_files();
        files::mount_embedded(file_index, file_bytes);
        let facts = embedded::decode(image.embedded());
        let vm_args = facts.iter().find(|(name, _)| *name == embedded::VM_ARGS).map_or(&[][..], |(_, text)| text);
        let mut system = System::new(Code::new(image, bif_by_name), run_queues(vm_args), process_limit(vm_args));
        system.arguments = host.args;
        coverage::begin(&system.code);
        let args = OwnedTerm::build(|heap| {
            let arguments: Vec<Term<'_>> = system.arguments.iter().map(|bytes| heap.binary(bytes)).collect();
            let arguments = heap.list(&arguments);
            let entry = system.code.entry().expect("the code is an image's");
            let [module, function, arity, kind] = entry.map(|term| heap.literal(term));
            heap.list(&[module, function, arity, kind, arguments])
        });
        let system = Arc::new(system);
        serve_ports(&system);
        let mut driver = Driver::new(system, 0);
        let (module, function) = (Atom::of_word(boot.start_module), Atom::of_word(boot.start_function));
        let started = driver.start(module, function, args, 5);
        started.map(|_| Machine { driver }).ok_or_else(|| BootError("the process table is full".into()))
    }

    /// Runs until the program ends; its exit code.
    pub fn run(mut self) -> i32 {
        platform::set_signal("sigterm", Disposition::Handle);
        loop {
            while let Some(signal) = platform::take_signal() {
                self.deliver(signal);
            }
            let turn = self.driver.run(TURN_NS);
            if let Turn::Exited(code) = turn {
                self.standard().flush();
                let system = self.driver.system();
                system.ports.flush(&system.processes);
                platform::terminal::give_back();
                coverage::write(&self.driver.system().code);
                // The process ends with it: freeing every term of every process would only take time, and others may still run.
                core::mem::forget(self);
                return code;
            }
            match turn {
                Turn::Runnable => self.standard().flush_old(),
                _ => self.standard().flush(),
            }
            let reading = self.standard().reader().is_some();
            if (turn != Turn::Runnable || reading) && self.driver.wait(turn, reading) == stdio::Woken::Stdin {
                self.answer_reader();
            }
        }
    }

    /// Runs for about `budget_us` microseconds.
    pub fn run_for(&mut self, budget_us: u32) -> Outcome {
        if self.standard().reader().is_some() {
            self.answer_reader();
        }
        let turn = self.driver.run(u64::from(budget_us) * 1000);
        if turn == Turn::Runnable {
            self.standard().flush_old();
        } else {
            self.standard().flush();
        }
        match turn {
            Turn::Runnable => Outcome::Runnable,
            Turn::SleepUntil(deadline_ns) => Outcome::SleepUntil(deadline_ns as f64 / 1e6),
            Turn::Idle => Outcome::Idle,
            Turn::Exited(code) => Outcome::Exited(code),
        }
    }

    /// A signal of the system goes to kernel's server of signals; without one SIGTERM is `init:stop()`.
    fn deliver(&self, signal: &'static str) {
        let system = self.driver.system();
        if signal == "sigint" {
            return system.ports.interrupt(&system.processes);
        }
        let named = |name| system.names.whereis(atom::intern_static(name));
        let (to, tag, what) = match (named("erl_signal_server"), signal) {
            (Some(server), _) => (Some(server), "notify", signal),
            (None, "sigterm") => (named("init"), "stop", "stop"),
            (None, _) => return,
        };
        let is_sent = to.is_some_and(|to| {
            system.processes.send_built(to, to, |heap| {
                let [tag, what] = [tag, what].map(|name| Term::atom(atom::intern_static(name)));
                heap.tuple(&[tag, what])
            })
        });
        if !is_sent {
            // As the shell says that a program was ended by it.
            system.stop(128 + 15);
        }
    }

    fn standard(&self) -> &Standard {
        &self.driver.system().standard
    }

    /// stdin has something: the read under way gets `{lam_stdin, Ref, Answer}`.
    fn answer_reader(&self) {
        let system = self.driver.system();
        if let Some((reader, answer)) = system.standard.take_answer() {
            system.processes.send_built(reader.pid, reader.pid, |heap| {
                let tag = Term::atom(atom::intern_static("lam_stdin"));
                let reference = heap.reference(reader.reference);
                let answer = lam_host::answer_term(heap, answer);
                heap.tuple(&[tag, reference, answer])
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_schedulers_are_read() {
        assert_eq!(schedulers_flag(b"+P 100\n+S 4"), Some((4, 4)));
        assert_eq!(schedulers_flag(b"+S 4\n+S 8:2"), Some((8, 2)));
        assert_eq!(schedulers_flag(b"+S x"), None);
        assert_eq!(schedulers_flag(b"+S"), None);
        assert_eq!(pair_of_counts("0"), None);
    }

    #[test]
    fn limits_of_processes_are_read() {
        assert_eq!(process_limit(b"+P 5000\n+S 4 +P 300000"), 300_000);
        assert_eq!(process_limit(b"-shop n 1 +P2000"), 2000);
        assert_eq!(process_limit(b"+PP 5000"), system::PROCESS_LIMIT);
        for refused in [&b"+P 1023"[..], b"+P 134217728", b"+P x", b"+P", b""] {
            assert_eq!(process_limit(refused), system::PROCESS_LIMIT);
        }
    }
}
