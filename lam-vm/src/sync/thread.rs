//! Threads, where the host has them.

#[cfg(loom)]
pub use loom::thread::{JoinHandle, Thread, current, park, yield_now};
#[cfg(shuttle)]
pub use shuttle::thread::{JoinHandle, Thread, current, park, yield_now};
#[cfg(not(any(loom, shuttle)))]
pub use std::thread::{JoinHandle, Thread, current, park, park_timeout, yield_now};

/// A modelled sleep has no end but a wake-up: what relies on the clock instead is found.
#[cfg(any(loom, shuttle))]
pub fn park_timeout(_timeout: core::time::Duration) {
    park();
}

/// Whether `spawn_named` can succeed here.
pub const AVAILABLE: bool = !cfg!(target_family = "wasm");

/// How many threads this host runs at once; 1 where there are none.
pub fn parallelism() -> usize {
    if !AVAILABLE || super::MODELLED {
        return 1;
    }
    std::thread::available_parallelism().map_or(1, |count| count.get())
}

/// Starts a thread; the error is the host's refusal (no more of them).
#[cfg(not(any(loom, shuttle, target_family = "wasm")))]
pub fn spawn_named<R: Send + 'static>(
    name: &str,
    stack_bytes: usize,
    body: impl FnOnce() -> R + Send + 'static,
) -> std::io::Result<JoinHandle<R>> {
    std::thread::Builder::new().name(name.to_string()).stack_size(stack_bytes).spawn(body)
}

/// Refuses: this host has no threads, and its libc no names to link against.
#[cfg(all(not(any(loom, shuttle)), target_family = "wasm"))]
pub fn spawn_named<R: Send + 'static>(
    _name: &str,
    _stack_bytes: usize,
    _body: impl FnOnce() -> R + Send + 'static,
) -> std::io::Result<JoinHandle<R>> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Starts a modelled thread; it has neither name nor stack size of its own.
#[cfg(any(loom, shuttle))]
pub fn spawn_named<R: Send + 'static>(
    _name: &str,
    _stack_bytes: usize,
    body: impl FnOnce() -> R + Send + 'static,
) -> std::io::Result<JoinHandle<R>> {
    #[cfg(loom)]
    use loom::thread::spawn;
    #[cfg(shuttle)]
    use shuttle::thread::spawn;
    Ok(spawn(body))
}
