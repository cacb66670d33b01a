//! What is unique in a machine: references, and the integers of `unique_integer`.

use crate::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Counters that only rise. The width of a reference's numbers is `term/identity.rs`'s.
pub struct Unique {
    references: AtomicU64,
    integers: AtomicU64,
    monotonic: AtomicI64,
    /// Microseconds that `now` gave last.
    now: AtomicI64,
}

/// Bits of the first word of a reference's identity.
const REFERENCE_LOW_BITS: u32 = 50;
/// Where references start: as wide as text as OTP's, whose numbers start from the clock, so that reports break their lines alike.
const FIRST_REFERENCE: u64 = (3_862_953_985 << 18) + 94_000;
const REFERENCE_HIGH: u64 = 2_471_346_013;

impl Default for Unique {
    fn default() -> Self {
        Unique {
            references: AtomicU64::new(FIRST_REFERENCE),
            integers: AtomicU64::default(),
            monotonic: AtomicI64::default(),
            now: AtomicI64::default(),
        }
    }
}

impl Unique {
    /// The identity of a new reference.
    pub fn reference(&self) -> [u64; 2] {
        let count = self.references.fetch_add(1, Ordering::Relaxed) + 1;
        [count & ((1 << REFERENCE_LOW_BITS) - 1), REFERENCE_HIGH + (count >> REFERENCE_LOW_BITS)]
    }
    /// A positive integer that no other call gives.
    pub fn integer(&self) -> u64 {
        self.integers.fetch_add(1, Ordering::Relaxed) + 1
    }
    /// How many monotonic integers were given, this one included: positive and strictly larger each time.
    pub fn monotonic_count(&self) -> i64 {
        self.monotonic.fetch_add(1, Ordering::Relaxed) + 1
    }
    /// `time`, or one more than what was given last where that is later.
    pub fn later_than(&self, time: i64) -> i64 {
        let mut last = self.now.load(Ordering::Relaxed);
        loop {
            let next = time.max(last + 1);
            match self.now.compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return next,
                Err(newer) => last = newer,
            }
        }
    }
}
