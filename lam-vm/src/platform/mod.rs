//! The single folder to edit for a port: clocks, entropy, environment, standard streams, files.
//!
//! | host | folder | what stands behind it |
//! |---|---|---|
//! | unix | `unix/` | rustix, straight to the kernel |
//! | WASI preview 1 | `wasi/` | its imports, and a current directory of our own |
//! | browser | `web/` | a table of functions from the launcher, files in memory |
//! | tests by `--cfg lam_sim` | `sim/` | a clock that only waits move, a seeded generator, files in memory |
//!
//! Everything above this folder is the same code on every host. A host module offers exactly the items that are
//! re-exported here, so a missing one does not compile. All paths and names are bytes, all times nanoseconds or
//! whole seconds as the name says. Nothing here panics on what the host answers.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "this is the one door to the host")]

#[cfg(all(unix, not(lam_sim), not(loom)))]
pub mod blocks;
pub mod env;
pub mod failure;
pub mod memory;
pub mod posix;
mod spare;
pub mod types;
mod zone;

#[cfg(any(lam_sim, test, all(target_family = "wasm", not(target_os = "wasi"))))]
mod memory_files;

#[cfg(any(lam_sim, test))]
pub mod sim;
#[cfg(all(unix, not(lam_sim)))]
mod unix;
#[cfg(all(target_os = "wasi", not(lam_sim)))]
mod wasi;
#[cfg(all(target_family = "wasm", not(target_os = "wasi"), not(lam_sim)))]
pub mod web;

#[cfg(lam_sim)]
use sim as host;
#[cfg(all(unix, not(lam_sim)))]
use unix as host;
#[cfg(all(target_os = "wasi", not(lam_sim)))]
use wasi as host;
#[cfg(all(target_family = "wasm", not(target_os = "wasi"), not(lam_sim)))]
use web as host;

pub use host::{argv, entropy, exit, monotonic_ns, process_id, system_ns};
pub use posix::{Posix, Result};
pub use zone::{LocalOffset, local_offset, universal_of_local};

/// Standard streams, and waiting for them or for a moment.
pub mod stdio {
    pub use super::host::{is_terminal, read_stdin, stdin_is_ready, stdin_is_terminal, wait, wake, window_size, write_all};
    pub use super::types::{StdinRead, Stream, WindowSize, Woken, Written};
}

/// Files in the shape that `prim_file` needs. Every path is bytes; one that holds a zero is `einval`.
///
/// `File` is shared between threads as it is: `&self` everywhere, closed when dropped or by `close`, which tells the error.
pub mod files {
    pub use super::host::{
        File, del_dir, del_file, get_cwd, link_info, list_dir, make_dir, make_hard_link, make_soft_link, read_info, read_link,
        rename, set_cwd, set_owner, set_permissions, set_time,
    };
    use super::posix::{Posix, Result};
    pub use super::types::{Access, Advice, FileInfo, FileType, Modes, Whence};

    /// All bytes of a file; `eisdir` for a directory.
    pub fn read_file(path: &[u8]) -> Result<Vec<u8>> {
        const LEAST_BYTES: usize = 16 << 10;
        let file = File::open(path, Modes::READ)?;
        // A size is a hint: a pipe has none, a file may grow or shrink, and a device may lie.
        let size = file.info().map_or(0, |info| usize::try_from(info.size).unwrap_or(0));
        let mut bytes = Vec::new();
        let mut want = if size == 0 { LEAST_BYTES } else { size };
        loop {
            let filled = bytes.len();
            if !super::failure::try_reserve(&mut bytes, want) {
                return Err(Posix::Enomem);
            }
            bytes.resize(filled + want, 0);
            let got = file.read(&mut bytes[filled..])?;
            bytes.truncate(filled + got);
            if got < want || bytes.len() == size {
                return Ok(bytes);
            }
            want = bytes.len().max(LEAST_BYTES);
        }
    }

    /// `altname_nif`: only Windows has such names.
    pub fn altname(_path: &[u8]) -> Result<Vec<u8>> {
        Err(Posix::Enotsup)
    }
}

/// Waits until `deadline_ns` of the monotonic clock; returns at once where the host cannot wait.
pub fn sleep_until(deadline_ns: u64) {
    while monotonic_ns() < deadline_ns {
        if stdio::wait(false, Some(deadline_ns)) == types::Woken::ReturnToHost {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
