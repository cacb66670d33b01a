//! Counts of binaries and the claim of their free bytes.

use super::{explore, must_find, start};
use crate::sync::Arc;
use crate::sync::cell::UnsafeCell;
use crate::sync::fault::Fault;
use crate::term::Buffer;

/// What stands for the bytes from 8 to 16 of the buffer, so that loom sees who writes them and who reads.
struct Tail(UnsafeCell<u64>);
// SAFETY: the buffer's rules keep the accesses apart, which is what the model is about.
unsafe impl Sync for Tail {}
// SAFETY: as above.
unsafe impl Send for Tail {}

/// Appends eight bytes where they are still free; whether it did.
fn append(buffer: &Buffer, tail: &Tail, value: u64) -> bool {
    let claimed = buffer.claim(64, 128);
    if claimed {
        // SAFETY: who claimed the bytes alone may write them.
        tail.0.with_mut(|at| unsafe { *at = value });
    }
    claimed
}

/// Two holders append at the same place, a third looks and lets go: one gets the bytes, and the buffer goes once, after all.
#[test]
fn counts() {
    explore("binary counts with append", || {
        let buffer = Buffer::with_capacity(64);
        assert!(buffer.claim(0, 64));
        let tail = Arc::new(Tail(UnsafeCell::new(0)));
        let appender = {
            let (buffer, tail) = (buffer.clone(), tail.clone());
            start(move || append(&buffer, &tail, 1))
        };
        let reader = {
            let buffer = buffer.clone();
            start(move || {
                let used = buffer.used_bits();
                assert!(used == 64 || used == 128);
                drop(buffer);
            })
        };
        let here = append(&buffer, &tail, 2);
        drop(buffer);
        let there = appender.join().expect("it ends");
        reader.join().expect("it ends");
        assert!(here != there, "one of the two gets the bytes");
        // SAFETY: both threads have ended.
        assert_eq!(tail.0.with(|at| unsafe { *at }), if here { 2 } else { 1 });
    });
}

/// Who finds itself the sole holder appends without an exchange, and may move the buffer: after what the others did.
#[test]
fn sole_holder() {
    explore("the sole holder of a binary", || {
        let buffer = Buffer::with_capacity(64);
        assert!(buffer.claim(0, 64));
        let tail = Arc::new(Tail(UnsafeCell::new(0)));
        let other = {
            let (buffer, tail) = (buffer.clone(), tail.clone());
            start(move || append(&buffer, &tail, 1))
        };
        let here = append(&buffer, &tail, 2);
        if buffer.count() == 1 {
            // The other has let go, so what it wrote is there.
            // SAFETY: nobody else holds the buffer.
            assert_ne!(tail.0.with(|at| unsafe { *at }), 0);
            let grown = buffer.grow(128);
            assert_eq!(grown.used_bits(), 128);
            assert!(grown.claim(128, 192));
        } else {
            drop(buffer);
        }
        assert!(other.join().expect("it ends") != here);
    });
}

#[test]
fn counts_publish() {
    must_find("counts::sole_holder", Fault::CountRelease);
}
