//! The list of boxes on one heap that own something outside it: refc binaries and resources.
//!
//! Linked through word 1 of each box (an address, 0 at the end), so that a sweep after a collection finds those that were not
//! copied and gives back their count. As OTP's `off_heap`.

use crate::term::word::{self, kind};
use crate::term::{Buffer, Counted};

/// Head of the list.
#[derive(Default)]
pub struct OffHeap {
    head: u64,
    /// Bytes held by linked binaries, which count towards when to collect.
    pub bytes: usize,
}

impl OffHeap {
    pub const EMPTY: OffHeap = OffHeap { head: 0, bytes: 0 };

    /// Puts the box at `at` first; `bytes` is what it holds outside.
    ///
    /// # Safety
    /// `at` is a box with an off-heap header whose count this list takes over.
    pub unsafe fn link(&mut self, at: *mut u64, bytes: usize) {
        // SAFETY: an off-heap box has a word 1, which is ours.
        unsafe { *at.add(1) = self.head };
        self.head = at as usize as u64;
        self.bytes += bytes;
    }
    /// Takes over the boxes of `other`.
    pub fn append(&mut self, other: &mut OffHeap) {
        let bytes = other.bytes;
        for at in other.take() {
            // SAFETY: the box was on the other list, which gave it away.
            unsafe { self.link(at, 0) };
        }
        self.bytes += bytes;
    }
    pub fn is_empty(&self) -> bool {
        self.head == 0
    }
    /// What the handles of counted binaries hold, the newest first.
    pub fn counted(&self) -> impl Iterator<Item = Counted> + use<> {
        let mut next = self.head;
        core::iter::from_fn(move || {
            loop {
                if next == 0 {
                    return None;
                }
                let at = next as usize as *mut u64;
                // SAFETY: boxes of the list are live, and word 1 of each is its link.
                let header = unsafe {
                    next = *at.add(1);
                    *at
                };
                if word::header_kind(header) == kind::REFCBITS {
                    // SAFETY: a live handle has the address of its buffer in word 2, of which it holds a count.
                    return Some(unsafe { Counted::at(*at.add(2)) });
                }
            }
        })
    }
    /// Takes the whole list away, as addresses of boxes.
    pub fn take(&mut self) -> Drain {
        self.bytes = 0;
        Drain { next: core::mem::take(&mut self.head) }
    }
}

/// Boxes of a list that was taken.
pub struct Drain {
    next: u64,
}

impl Iterator for Drain {
    type Item = *mut u64;
    fn next(&mut self) -> Option<*mut u64> {
        if self.next == 0 {
            return None;
        }
        let at = self.next as usize as *mut u64;
        // SAFETY: the list holds boxes whose word 1 is the link, also after a collection left a forwarding header.
        self.next = unsafe { *at.add(1) };
        Some(at)
    }
}

/// Gives back what the box at `at` owns.
///
/// # Safety
/// `at` is an off-heap box that nothing reads any more.
pub unsafe fn release(at: *mut u64) {
    // SAFETY: the header says which kind the box is, and its words are those of the kind.
    unsafe {
        match word::header_kind(*at) {
            kind::REFCBITS => drop(Buffer::from_address(*at.add(2))),
            kind::RESOURCE => crate::heap::resource::release(*at.add(2)),
            _ => unreachable!("only refc handles and resources are off-heap"),
        }
    }
}

/// Counts up what the box at `at` owns, for a copy of it.
///
/// # Safety
/// `at` is a live off-heap box.
pub unsafe fn retain(at: *const u64) {
    // SAFETY: as `release`.
    unsafe {
        match word::header_kind(*at) {
            kind::REFCBITS => core::mem::forget(Buffer::share_address(*at.add(2))),
            kind::RESOURCE => crate::heap::resource::retain(*at.add(2)),
            _ => unreachable!("only refc handles and resources are off-heap"),
        }
    }
}

/// Bytes outside the heap that the box at `at` keeps alive.
///
/// # Safety
/// `at` is a live off-heap box.
pub unsafe fn outside_bytes(at: *const u64) -> usize {
    // SAFETY: as `release`.
    unsafe {
        if word::header_kind(*at) != kind::REFCBITS {
            return 0;
        }
        core::mem::ManuallyDrop::new(Buffer::from_address(*at.add(2))).capacity()
    }
}
