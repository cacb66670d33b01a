//! Unix, musl and glibc alike: rustix speaks to the kernel, so neither C library is between us and it.

mod files;
pub mod programs;
mod signals;
mod stdio;
pub mod terminal;

pub use files::*;
pub use signals::*;
pub use stdio::*;

use std::os::unix::ffi::OsStringExt;

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of a clock that never goes back; its zero is the machine's boot.
pub fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Nanoseconds since 1970, UTC.
pub fn system_ns() -> i64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec)
}

/// Fills `bytes` with what cannot be guessed.
pub fn entropy(bytes: &mut [u8]) {
    let mut filled = 0;
    while filled < bytes.len() {
        match rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            // A kernel before 3.17 or a filter that forbids the call: the device is the same source.
            Err(_) => {
                let device = File::open(b"/dev/urandom", super::types::Modes::READ.with(super::types::Modes::SKIP_TYPE_CHECK));
                let got = device.and_then(|device| device.read(&mut bytes[filled..]));
                assert!(got == Ok(bytes.len() - filled), "the system has no source of entropy");
                return;
            }
        }
    }
}

/// The program's arguments, its own name first.
pub fn argv() -> Vec<Vec<u8>> {
    std::env::args_os().map(OsStringExt::into_vec).collect()
}

/// The environment that the machine was started with.
pub fn initial_env() -> Vec<(Vec<u8>, Vec<u8>)> {
    std::env::vars_os().map(|(name, value)| (name.into_vec(), value.into_vec())).collect()
}

/// Ends the process. The caller has flushed what it buffered.
pub fn exit(code: i32) -> ! {
    terminal::give_back();
    std::process::exit(code)
}

/// `os:getpid/0`
pub fn process_id() -> u32 {
    std::process::id()
}

/// What this computer calls itself.
pub fn host_name() -> Option<Vec<u8>> {
    Some(rustix::system::uname().nodename().to_bytes().to_vec())
}

/// Zone files answer here.
pub fn local_offset_hook(_utc_seconds: i64) -> Option<super::LocalOffset> {
    None
}
