//! The only door to atomics, locks and threads.
//!
//! | build | what stands behind the names |
//! |---|---|
//! | native | `std` |
//! | `--cfg loom` | `loom`, so that models compile the shipped source |
//! | wasm | `std`, whose types are single-threaded there; `thread::AVAILABLE` is false |
//!
//! Two rules keep the three interchangeable. Cells that loom cannot build in a constant (its atomics have no `const fn
//! new`) live in structs, not in statics; a static is a `OnceLock`, which is always `std`'s. And locks do not poison: a
//! panic is the end of the machine (design §9), so a guard is always good.

pub mod cell;
pub mod lock;
pub mod thread;

/// Work-stealing deques: one owner pushes and pops, anyone steals from the other end.
pub use crossbeam_deque as deque;

pub use lock::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use std::sync::OnceLock;

#[cfg(not(loom))]
pub use std::sync::Arc;

#[cfg(loom)]
pub use loom::sync::Arc;

/// Atomics and fences.
pub mod atomic {
    #[cfg(not(loom))]
    pub use std::sync::atomic::{
        AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };

    #[cfg(loom)]
    pub use loom::sync::atomic::{
        AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

/// Values that each thread has for itself.
#[cfg(loom)]
pub use loom::thread_local;
#[cfg(not(loom))]
pub use std::thread_local;

/// Hints to the processor.
pub mod hint {
    #[cfg(not(loom))]
    pub use std::hint::spin_loop;

    #[cfg(loom)]
    pub use loom::hint::spin_loop;
}

#[cfg(all(test, not(loom)))]
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
