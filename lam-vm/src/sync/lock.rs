//! Locks that do not poison, over `std`'s or a model's; and, for statics, `std`'s in every build.

/// The two locks over the locks of `$host`; `$const` where it can make them in constants.
macro_rules! locks {
    ($host:path $(, $const:tt)?) => {
        use $host as host;

        pub use host::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};

        /// A lock whose guard is always good.
        #[derive(Debug, Default)]
        pub struct Mutex<T>(host::Mutex<T>);

        impl<T> Mutex<T> {
            /// A free lock around `value`.
            pub $($const)? fn new(value: T) -> Self {
                Mutex(host::Mutex::new(value))
            }

            /// Waits for the lock. Not for the browser's main thread, where nobody else can hold it.
            pub fn lock(&self) -> MutexGuard<'_, T> {
                self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
            }

            /// Takes the lock if it is free.
            pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
                match self.0.try_lock() {
                    Ok(guard) => Some(guard),
                    Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                    Err(std::sync::TryLockError::WouldBlock) => None,
                }
            }
        }

        /// Many readers or one writer.
        #[derive(Debug, Default)]
        pub struct RwLock<T>(host::RwLock<T>);

        impl<T> RwLock<T> {
            /// A free lock around `value`.
            pub $($const)? fn new(value: T) -> Self {
                RwLock(host::RwLock::new(value))
            }

            /// Waits until no writer holds the lock.
            pub fn read(&self) -> RwLockReadGuard<'_, T> {
                self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner())
            }

            /// Waits until nobody holds the lock.
            pub fn write(&self) -> RwLockWriteGuard<'_, T> {
                self.0.write().unwrap_or_else(|poisoned| poisoned.into_inner())
            }
        }
    };
}

#[cfg(loom)]
locks!(loom::sync);
#[cfg(shuttle)]
locks!(shuttle::sync);
#[cfg(not(any(loom, shuttle)))]
pub use global::*;

/// The locks of statics: `std`'s in models too, which take what stands in statics as given.
pub mod global {
    locks!(std::sync, const);
}
