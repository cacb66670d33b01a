//! WASI preview 1, on any host: its imports directly, so that errors keep their numbers and no C library decides how a
//! path is looked up.
//!
//! One thread; blocking is allowed. The current directory is our own, see `paths`.

mod abi;
mod files;
mod paths;
mod stdio;

pub use super::no_signals::*;
pub use files::*;
pub use paths::{get_cwd, set_cwd};
pub use stdio::*;

use std::os::wasi::ffi::OsStringExt;

/// Nanoseconds of a clock that never goes back.
pub fn monotonic_ns() -> u64 {
    abi::clock_ns(1)
}

/// Nanoseconds since 1970, UTC.
pub fn system_ns() -> i64 {
    i64::try_from(abi::clock_ns(0)).unwrap_or(i64::MAX)
}

/// Fills `bytes` with what cannot be guessed.
pub fn entropy(bytes: &mut [u8]) {
    abi::random(bytes).expect("the host has a source of entropy");
}

/// The program's arguments, its own name first.
pub fn argv() -> Vec<Vec<u8>> {
    std::env::args_os().map(OsStringExt::into_vec).collect()
}

/// The environment that the host gave.
pub fn initial_env() -> Vec<(Vec<u8>, Vec<u8>)> {
    std::env::vars_os().map(|(name, value)| (name.into_vec(), value.into_vec())).collect()
}

/// Ends the program. The caller has flushed what it buffered.
pub fn exit(code: i32) -> ! {
    std::process::exit(code)
}

/// The host has none to tell.
pub fn process_id() -> u32 {
    1
}

/// TZ decides, else UTC.
pub fn local_offset_hook(_utc_seconds: i64) -> Option<super::LocalOffset> {
    match super::env::get(b"TZ") {
        // A preopened `/etc/localtime` is the host's, not a promise to the program.
        None => Some(super::LocalOffset { seconds: 0, is_dst: false }),
        Some(_) => None,
    }
}
