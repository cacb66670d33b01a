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
pub mod bundle;
pub mod env;
pub mod failure;
pub mod files;
pub mod launch;
pub mod memory;
#[cfg(any(lam_sim, test, not(unix)))]
mod no_signals;
pub mod posix;
#[cfg(any(lam_sim, not(unix)))]
#[path = "no_programs.rs"]
pub mod programs;
mod spare;
#[cfg(any(lam_sim, not(unix)))]
#[path = "no_terminal.rs"]
pub mod terminal;
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
#[cfg(all(unix, not(lam_sim)))]
pub use unix::{programs, terminal};
#[cfg(all(target_os = "wasi", not(lam_sim)))]
use wasi as host;
#[cfg(all(target_family = "wasm", not(target_os = "wasi"), not(lam_sim)))]
use web as host;

pub use host::{argv, entropy, exit, host_name, monotonic_ns, process_id, set_signal, system_ns, take_signal};
pub use posix::{Posix, Result};
pub use zone::{LocalOffset, local_offset, universal_of_local};

/// Standard streams, and waiting for them or for a moment.
pub mod stdio {
    pub use super::host::{is_terminal, read_stdin, stdin_is_ready, stdin_is_terminal, wait, wake, window_size, write_all};
    pub use super::types::{StdinRead, Stream, WindowSize, Woken, Written};
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
