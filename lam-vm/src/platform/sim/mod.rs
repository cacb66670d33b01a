//! A host that is all ours, for tests: one seed decides entropy, only waiting moves the clock, output is kept, files live
//! in memory. A run with the same seed and the same input is the same run.
//!
//! Chosen as the host by `--cfg lam_sim`; in unit tests it is compiled beside the real one and can be called directly.

use std::collections::VecDeque;

use super::LocalOffset;
pub use super::memory_files::*;
pub use super::no_signals::*;
use super::types::{StdinRead, Stream, WindowSize, Woken, Written};
use crate::sync::OnceLock;
use crate::sync::global::{Mutex, MutexGuard};

/// Everything that a simulated run can see.
#[derive(Debug)]
pub struct World {
    /// Now, on the monotonic clock.
    pub now_ns: u64,
    /// What the monotonic clock's zero is since 1970.
    pub epoch_ns: i64,
    /// State of the generator; the seed at first.
    pub random: u64,
    /// What was written.
    pub stdout: Vec<u8>,
    /// What was written.
    pub stderr: Vec<u8>,
    /// What can be read.
    pub stdin: VecDeque<u8>,
    /// Nothing will be typed after that.
    pub stdin_closed: bool,
    /// The program's arguments.
    pub argv: Vec<Vec<u8>>,
    woken: bool,
}

impl World {
    /// A world at its beginning.
    pub fn new(seed: u64) -> World {
        World {
            now_ns: 1_000_000_000,
            epoch_ns: 1_700_000_000_000_000_000,
            random: seed,
            stdout: Vec::new(),
            stderr: Vec::new(),
            stdin: VecDeque::new(),
            stdin_closed: true,
            argv: vec![b"sim".to_vec()],
            woken: false,
        }
    }
}

/// The world, locked.
pub fn world() -> MutexGuard<'static, World> {
    static WORLD: OnceLock<Mutex<World>> = OnceLock::new();
    WORLD.get_or_init(|| Mutex::new(World::new(0))).lock()
}

/// Nanoseconds of a clock that only waits move.
pub fn monotonic_ns() -> u64 {
    world().now_ns
}

/// Nanoseconds since 1970, UTC.
pub fn system_ns() -> i64 {
    let world = world();
    world.epoch_ns.saturating_add_unsigned(world.now_ns)
}

/// Fills `bytes` from the seed: SplitMix64 (Steele, Lea, Flood 2014).
pub fn entropy(bytes: &mut [u8]) {
    let mut world = world();
    for part in bytes.chunks_mut(8) {
        world.random = world.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = world.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        part.copy_from_slice(&mixed.to_le_bytes()[..part.len()]);
    }
}

/// The program's arguments, its own name first.
pub fn argv() -> Vec<Vec<u8>> {
    world().argv.clone()
}

/// Nothing leaks in from outside.
pub fn initial_env() -> Vec<(Vec<u8>, Vec<u8>)> {
    Vec::new()
}

/// Ends the process.
pub fn exit(code: i32) -> ! {
    std::process::exit(code)
}

/// Always the same.
pub fn process_id() -> u32 {
    1
}

/// UTC.
pub fn local_offset_hook(_utc_seconds: i64) -> Option<LocalOffset> {
    Some(LocalOffset { seconds: 0, is_dst: false })
}

/// Keeps `bytes`.
pub fn write_all(stream: Stream, bytes: &[u8]) -> Written {
    let mut world = world();
    match stream {
        Stream::Stdout => world.stdout.extend_from_slice(bytes),
        Stream::Stderr => world.stderr.extend_from_slice(bytes),
    }
    Written::All
}

/// Takes what can be read.
pub fn read_stdin(buffer: &mut [u8]) -> StdinRead {
    let mut world = world();
    let count = buffer.len().min(world.stdin.len());
    for (slot, byte) in buffer.iter_mut().zip(world.stdin.drain(..count)) {
        *slot = byte;
    }
    match (count, world.stdin_closed) {
        (0, true) => StdinRead::Eof,
        (0, false) => StdinRead::NotYet,
        (count, _) => StdinRead::Bytes(count),
    }
}

/// Moves the clock to the deadline. Without input, wake-up or deadline nothing can ever happen: `ReturnToHost`.
pub fn wait(for_stdin: bool, deadline_ns: Option<u64>) -> Woken {
    let mut world = world();
    if for_stdin && (!world.stdin.is_empty() || world.stdin_closed) {
        return Woken::Stdin;
    }
    if std::mem::take(&mut world.woken) {
        return Woken::Interrupted;
    }
    match deadline_ns {
        Some(deadline) => {
            world.now_ns = world.now_ns.max(deadline);
            Woken::Deadline
        }
        None => Woken::ReturnToHost,
    }
}

/// Makes the next wait return.
pub fn wake() {
    world().woken = true;
}

/// Whether a read of stdin would not wait.
pub fn stdin_is_ready() -> bool {
    wait(true, Some(0)) == Woken::Stdin
}

/// No.
pub fn is_terminal(_stream: Stream) -> bool {
    false
}

/// No.
pub fn stdin_is_terminal() -> bool {
    false
}

/// None.
pub fn window_size() -> Option<WindowSize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::posix::Posix;
    use crate::platform::types::{FileType, Modes, Whence};

    #[test]
    fn one_seed_one_run() {
        let mut first = [0; 20];
        let mut second = [0; 20];
        world().random = 7;
        entropy(&mut first);
        world().random = 7;
        entropy(&mut second);
        assert_eq!(first, second);
        let now = monotonic_ns();
        assert_eq!(wait(false, Some(now + 5)), Woken::Deadline);
        assert_eq!(monotonic_ns(), now + 5);
    }

    #[test]
    fn files_live_in_memory() {
        embed(b"/priv/a/b.txt", b"embedded").expect("fresh path");
        let file = File::open(b"/priv/a/b.txt", Modes::READ.with(Modes::WRITE)).expect("it is there");
        file.pwrite(0, b"E").expect("may be written");
        let mut bytes = [0; 20];
        assert_eq!(file.read(&mut bytes), Ok(8));
        assert_eq!(&bytes[..8], b"Embedded");
        assert_eq!(file.read(&mut bytes), Ok(0));
        assert_eq!(file.seek(Whence::End, -3), Ok(5));
        assert_eq!(file.truncate(), Ok(()));
        assert_eq!(read_info(b"/priv/a/../a//b.txt").map(|info| info.size), Ok(5));
        assert_eq!(del_file(b"/priv/a/b.txt"), Ok(()));
        assert_eq!(file.info().map(|info| info.links), Ok(0));
        assert_eq!(read_info(b"/priv/a/b.txt"), Err(Posix::Enoent));
    }

    #[test]
    fn names_links_and_directories() {
        make_dir(b"/t").expect("fresh");
        assert_eq!(make_dir(b"/t"), Err(Posix::Eexist));
        assert_eq!(make_dir(b"/no/t"), Err(Posix::Enoent));
        make_soft_link(b"/t", b"/l").expect("fresh");
        File::open(b"/l/f", Modes::WRITE).expect("through the link");
        assert_eq!(list_dir(b"/t"), Ok(vec![b"f".to_vec()]));
        assert_eq!(link_info(b"/l").map(|info| info.file_type), Ok(FileType::Symlink));
        assert_eq!(read_link(b"/l"), Ok(b"/t".to_vec()));
        assert_eq!(make_hard_link(b"/t/f", b"/t/g"), Ok(()));
        assert_eq!(read_info(b"/t/g").map(|info| info.links), Ok(2));
        assert_eq!(del_dir(b"/t"), Err(Posix::Eexist));
        assert_eq!(del_file(b"/t"), Err(Posix::Eperm));
        assert_eq!(rename(b"/t", b"/t/inside"), Err(Posix::Einval));
        assert_eq!(rename(b"/t/f", b"/t/h"), Ok(()));
        assert_eq!(File::open(b"/t", Modes::READ).err(), Some(Posix::Eisdir));
        assert_eq!(File::open(b"/t/h/", Modes::READ).err(), Some(Posix::Enotdir));
        assert_eq!(File::open(b"/t/h", Modes::WRITE.with(Modes::EXCLUSIVE)).err(), Some(Posix::Eexist));
        make_soft_link(b"loop", b"/loop").expect("fresh");
        assert_eq!(read_info(b"/loop"), Err(Posix::Eloop));
    }
}
