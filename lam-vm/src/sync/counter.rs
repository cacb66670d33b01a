//! Counters that every thread adds to all the time and somebody reads now and then.

use core::cell::Cell;

use super::atomic::Ordering;
use super::global::{AtomicI64, AtomicUsize};

const SHARDS: usize = 16;

/// Apart from its neighbours, as another thread writes those.
#[repr(align(64))]
struct Shard(AtomicI64);

/// A sum in parts, one for each of some threads.
pub struct Counter([Shard; SHARDS]);

std::thread_local! {
    static SHARD: Cell<usize> = const { Cell::new(usize::MAX) };
}

#[cold]
fn choose_shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let shard = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    SHARD.set(shard);
    shard
}

impl Counter {
    pub const fn new() -> Counter {
        Counter([const { Shard(AtomicI64::new(0)) }; SHARDS])
    }
    #[inline]
    pub fn add(&self, count: i64) {
        let shard = SHARD.get();
        let shard = if shard == usize::MAX { choose_shard() } else { shard };
        self.0[shard].0.fetch_add(count, Ordering::Relaxed);
    }
    /// What was added in all; while others add, about.
    pub fn sum(&self) -> i64 {
        self.0.iter().map(|shard| shard.0.load(Ordering::Relaxed)).sum()
    }
}

impl Default for Counter {
    fn default() -> Self {
        Counter::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "a test of threads as the host has them")]
    fn threads_add_up() {
        static COUNTER: Counter = Counter::new();
        let threads: Vec<_> = (0..40)
            .map(|_| std::thread::spawn(|| (0..1000).for_each(|step| COUNTER.add(if step % 4 == 0 { -1 } else { 1 }))))
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("nothing panics"));
        assert_eq!(COUNTER.sum(), 40 * 500);
    }
}
