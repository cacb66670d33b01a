//! A counted buffer of bytes, shared by the handles of refc binaries.
//!
//! ```text
//! [count: usize][capacity in bytes: usize][used mark in bits: usize][bytes …]
//! ```
//! 1. Bytes below the used mark never change while any other holder may see them.
//! 2. Only who moves the used mark by compare-and-swap may write the bytes between the old and the new mark.
//! 3. The buffer is reallocated only by its sole holder.

use core::ptr::NonNull;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};

use crate::sync::MODELLED;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::counter::Counter;
use crate::sync::fault::{self, Fault};

/// Bytes of all buffers.
pub static BUFFER_BYTES: Counter = Counter::new();

#[repr(C, align(8))]
struct Head {
    count: AtomicUsize,
    capacity: usize,
    used_bits: AtomicUsize,
    /// Takes no room: read where the buffer is used, written where it goes, so that a model sees the order of the two.
    life: UnsafeCell<()>,
}

const HEAD_BYTES: usize = size_of::<Head>();

/// One count of a buffer.
pub struct Buffer(NonNull<Head>);

// SAFETY: the count is atomic, and rules 1 to 3 above keep readers and the one writer apart.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

fn layout(capacity: usize) -> Layout {
    Layout::from_size_align(HEAD_BYTES + capacity, 8).expect("sizes of binaries fit the address space")
}

impl Buffer {
    /// An empty buffer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Buffer {
        let layout = layout(capacity);
        // SAFETY: the layout is not empty; the head is written before use.
        unsafe {
            let Some(head) = NonNull::new(alloc(layout).cast::<Head>()) else { handle_alloc_error(layout) };
            BUFFER_BYTES.add(layout.size() as i64);
            head.write(Head { count: AtomicUsize::new(1), capacity, used_bits: AtomicUsize::new(0), life: UnsafeCell::new(()) });
            Buffer(head)
        }
    }
    pub fn from_bytes(bytes: &[u8]) -> Buffer {
        let buffer = Buffer::with_capacity(bytes.len());
        // SAFETY: the new buffer has room for them and nobody else sees it.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), buffer.data(), bytes.len()) };
        buffer.head().used_bits.store(8 * bytes.len(), Ordering::Relaxed);
        buffer
    }
    fn head(&self) -> &Head {
        // SAFETY: this count keeps the buffer alive.
        unsafe { self.0.as_ref() }
    }
    pub fn data(&self) -> *mut u8 {
        // SAFETY: the bytes follow the head.
        unsafe { self.0.as_ptr().cast::<u8>().add(HEAD_BYTES) }
    }
    pub fn capacity(&self) -> usize {
        self.head().capacity
    }
    pub fn used_bits(&self) -> usize {
        self.head().used_bits.load(Ordering::Acquire)
    }
    /// The bytes below the used mark.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: rule 1.
        unsafe { core::slice::from_raw_parts(self.data(), self.used_bits().div_ceil(8)) }
    }
    pub fn count(&self) -> usize {
        self.head().count.load(Ordering::Acquire)
    }
    /// Takes the bits from `from` to `to` for writing; false when another took them or they are beyond the capacity.
    pub fn claim(&self, from: usize, to: usize) -> bool {
        let head = self.head();
        if to.div_ceil(8) > head.capacity {
            return false;
        }
        if head.count.load(Ordering::Acquire) == 1 {
            // The sole holder has nobody to race with; a load and a store cost a tenth of a locked exchange.
            let free = head.used_bits.load(Ordering::Relaxed) == from;
            if free {
                head.used_bits.store(to, Ordering::Release);
            }
            return free;
        }
        head.used_bits.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
    /// Makes room for `capacity` bytes in place or elsewhere; the caller holds the only count and updates what named the address.
    pub fn grow(self, capacity: usize) -> Buffer {
        assert_eq!(self.count(), 1, "a buffer grows only in the hands of its sole holder");
        let old = self.head().capacity;
        let head = self.0;
        core::mem::forget(self);
        // SAFETY: allocated by `with_capacity` with this layout; sole holder, so nobody keeps the old address.
        unsafe {
            let new = realloc(head.as_ptr().cast(), layout(old), HEAD_BYTES + capacity).cast::<Head>();
            let Some(new) = NonNull::new(new) else { handle_alloc_error(layout(capacity)) };
            BUFFER_BYTES.add(capacity as i64 - old as i64);
            (*new.as_ptr()).capacity = capacity;
            Buffer(new)
        }
    }
    /// Gives the count to a word on a heap.
    pub fn into_address(self) -> u64 {
        let address = self.0.as_ptr() as usize as u64;
        core::mem::forget(self);
        address
    }
    /// # Safety
    /// `address` came from `into_address`, and its count becomes the result's.
    pub unsafe fn from_address(address: u64) -> Buffer {
        // SAFETY: promised; it is not null.
        Buffer(unsafe { NonNull::new_unchecked(address as usize as *mut Head) })
    }
    /// # Safety
    /// `address` came from `into_address` of a buffer that is alive; the result is one more count.
    pub unsafe fn share_address(address: u64) -> Buffer {
        // SAFETY: promised.
        let buffer = unsafe { Buffer::from_address(address) };
        let shared = buffer.clone();
        core::mem::forget(buffer);
        shared
    }
    /// # Safety
    /// `address` came from `into_address` of a buffer that is alive.
    pub unsafe fn data_of(address: u64) -> *mut u8 {
        (address as usize as *mut u8).wrapping_add(HEAD_BYTES)
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        self.head().count.fetch_add(1, Ordering::Relaxed);
        Buffer(self.0)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.head().life.with(|_| ());
        if self.head().count.fetch_sub(1, fault::weaker(Fault::CountRelease, Ordering::AcqRel)) == 1 {
            self.head().life.with_mut(|_| ());
            let capacity = self.head().capacity;
            BUFFER_BYTES.add(-(layout(capacity).size() as i64));
            if MODELLED {
                // SAFETY: the last count is gone; a model's atomics are more than their words.
                unsafe { core::ptr::drop_in_place(self.0.as_ptr()) };
            }
            // SAFETY: the last count is gone; allocated with this layout.
            unsafe { dealloc(self.0.as_ptr().cast(), layout(capacity)) };
        }
    }
}
