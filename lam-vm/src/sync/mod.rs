//! The only door to atomics and locks.

pub use std::sync::{Mutex, OnceLock, RwLock, atomic};
