//! The only door to atomics, locks and threads.
//!
//! | build | what stands behind the names |
//! |---|---|
//! | native | `std` |
//! | `--cfg loom`, `--cfg shuttle` | `loom`, `shuttle`, so that models compile the shipped source (`src/models/`, `make models`) |
//! | wasm | `std`, whose types are single-threaded there; `thread::AVAILABLE` is false |
//!
//! Two rules keep them interchangeable. Cells that a model cannot build in a constant live in structs, not in statics: a static is a
//! `OnceLock`, which is always `std`'s, or comes from `global`. And locks do not poison: a panic is the end of the machine (design
//! §9), so a guard is always good.

pub mod cell;
pub mod counter;
pub mod fault;
pub mod lock;
#[cfg(any(loom, shuttle))]
pub mod modelled_deque;
pub mod thread;

/// Work-stealing deques: one owner pushes and pops, anyone steals from the other end.
#[cfg(not(any(loom, shuttle)))]
pub use crossbeam_deque as deque;
#[cfg(any(loom, shuttle))]
pub use modelled_deque as deque;

pub use lock::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use std::sync::OnceLock;

#[cfg(not(loom))]
pub use std::sync::Arc;

#[cfg(loom)]
pub use loom::sync::Arc;

/// Whether this build is for models: memory that comes zeroed holds no atomics there, and chunks are small.
pub const MODELLED: bool = cfg!(any(loom, shuttle));

/// For statics: `std`'s own in every build.
pub mod global {
    pub use super::lock::global::{Mutex, MutexGuard, RwLock};
    pub use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, AtomicUsize};
}

/// Atomics and fences.
pub mod atomic {
    #[cfg(loom)]
    use loom::sync::atomic as host;
    #[cfg(shuttle)]
    use shuttle::sync::atomic as host;
    #[cfg(not(any(loom, shuttle)))]
    use std::sync::atomic as host;

    pub use host::{
        AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

/// Values that each thread has for itself, made by constants; reached by `with`.
#[cfg(not(any(loom, shuttle)))]
pub use std::thread_local;

/// As above, of a model's threads.
#[cfg(any(loom, shuttle))]
macro_rules! modelled_thread_local {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = const { $init:expr };) => {
        #[cfg(loom)]
        loom::thread_local! { $(#[$attribute])* static $name: $type = $init; }
        #[cfg(shuttle)]
        shuttle::thread_local! { $(#[$attribute])* static $name: $type = $init; }
    };
}
#[cfg(any(loom, shuttle))]
pub(crate) use modelled_thread_local as thread_local;

/// Hints to the processor.
pub mod hint {
    #[cfg(loom)]
    pub use loom::hint::spin_loop;
    #[cfg(shuttle)]
    pub use shuttle::hint::spin_loop;
    #[cfg(not(any(loom, shuttle)))]
    pub use std::hint::spin_loop;
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_survives_its_holder() {
        let cell = Arc::new(Mutex::new(1));
        *cell.lock() += 1;
        assert_eq!(*cell.lock(), 2);
        assert!(cell.try_lock().is_some());
    }

    #[test]
    fn threads_see_each_other() {
        if !thread::AVAILABLE {
            return;
        }
        let count = Arc::new(atomic::AtomicU64::new(0));
        let other = count.clone();
        let handle = thread::spawn_named("t", 64 * 1024, move || {
            other.fetch_add(1, atomic::Ordering::Release);
        })
        .expect("a test may start a thread");
        handle.join().expect("the thread above does not panic");
        assert_eq!(count.load(atomic::Ordering::Acquire), 1);
    }
}
