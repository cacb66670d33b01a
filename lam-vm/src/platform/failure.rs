//! When the machine cannot go on: memory that the host does not give, and faults of our own.
//!
//! A launcher declares `#[global_allocator] static MEMORY: Memory = Memory;` and calls `report_panics` first. The reports go
//! straight to stderr and take no memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use super::spare;
use super::types::Stream;
use crate::sync::OnceLock;
use crate::sync::atomic::Ordering;
use crate::sync::global::AtomicUsize;

/// Exit code of a machine that ran out of memory, as OTP's.
const OUT_OF_MEMORY: i32 = 1;
/// Exit code of a fault in LAM.
const FAULT: i32 = 101;

/// The host's allocator; when it has no more to give, the machine ends with a report.
pub struct Memory;

thread_local! {
    static MAY_FAIL: Cell<bool> = const { Cell::new(false) };
}

/// Reserves exactly `count` more elements; false where the host has no memory for them.
pub fn try_reserve<T>(vector: &mut Vec<T>, count: usize) -> bool {
    MAY_FAIL.set(true);
    let reserved = vector.try_reserve_exact(count).is_ok();
    MAY_FAIL.set(false);
    reserved
}

fn checked(at: *mut u8, bytes: usize) -> *mut u8 {
    if at.is_null() {
        refused(bytes);
    }
    at
}

/// What the end itself may need: given back before the report.
static RESERVE: OnceLock<AtomicUsize> = OnceLock::new();
const RESERVE_LAYOUT: Layout = Layout::new::<[u64; 1 << 15]>();

fn keep_reserve() {
    // SAFETY: the layout is not empty.
    let reserve = unsafe { System.alloc(RESERVE_LAYOUT) };
    let _ = RESERVE.set(AtomicUsize::new(reserve as usize));
}

#[cold]
fn refused(bytes: usize) {
    if MAY_FAIL.try_with(Cell::get).unwrap_or(false) {
        return;
    }
    match RESERVE.get().map(|reserve| reserve.swap(0, Ordering::AcqRel)) {
        None => {}
        // The end is under way: who comes now waits for it.
        Some(0) => {
            for _ in 0..1_000_000 {
                std::thread::yield_now();
            }
            std::process::abort();
        }
        // SAFETY: `keep_reserve` allocated it with this layout, and the swap gave it to us alone.
        Some(reserve) => unsafe { System.dealloc(reserve as *mut u8, RESERVE_LAYOUT) },
    }
    let mut digits = [b'0'; 20];
    let (mut left, mut at) = (bytes, digits.len());
    while left > 0 && at > 0 {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
    }
    for part in [&b"error: out of memory: the host refused "[..], &digits[at.min(digits.len() - 1)..], b" bytes\n"] {
        let _ = super::stdio::write_all(Stream::Stderr, part);
    }
    super::exit(OUT_OF_MEMORY)
}

/// The class of a block that threads keep when it is freed. Only unix has threads, and pages to give back.
fn kept_class(layout: Layout) -> Option<usize> {
    if cfg!(unix) { spare::class_of(layout) } else { None }
}

// SAFETY: every call goes to `spare` or to the host's allocator, by size and alignment alone; a null that it gives is given on, or
// the program ends.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let at = match kept_class(layout) {
            Some(class) => spare::alloc(class),
            // SAFETY: promised by the caller.
            None => unsafe { System.alloc(layout) },
        };
        checked(at, layout.size())
    }
    // Not inlined, as `realloc`: each of hundreds of places would take bytes in every program.
    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(class) = kept_class(layout) else {
            // SAFETY: promised by the caller.
            return checked(unsafe { System.alloc_zeroed(layout) }, layout.size());
        };
        let at = checked(spare::alloc(class), layout.size());
        if !at.is_null() {
            // SAFETY: the class has at least so many bytes.
            unsafe { at.write_bytes(0, layout.size()) };
        }
        at
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        match kept_class(layout) {
            // SAFETY: `alloc` took this way for the same layout.
            Some(class) => unsafe { spare::dealloc(at, class) },
            // SAFETY: promised by the caller.
            None => unsafe { System.dealloc(at, layout) },
        }
    }
    #[inline(never)]
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size, rounded up to the alignment, is one of a layout.
        let new_layout = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        let (old_class, new_class) = (kept_class(layout), kept_class(new_layout));
        if old_class.is_none() && new_class.is_none() {
            // SAFETY: promised by the caller.
            return checked(unsafe { System.realloc(at, layout, size) }, size);
        }
        if old_class == new_class {
            return at;
        }
        // SAFETY: `size` is above 0, as the caller promises.
        let new = unsafe { self.alloc(new_layout) };
        if !new.is_null() {
            // SAFETY: two blocks, each of at least so many bytes.
            unsafe { core::ptr::copy_nonoverlapping(at, new, size.min(layout.size())) };
            // SAFETY: promised by the caller.
            unsafe { self.dealloc(at, layout) };
        }
        new
    }
}

/// A panic is a fault in LAM: it is reported as one, and the machine ends. Called first of all by a launcher.
pub fn report_panics() {
    keep_reserve();
    std::panic::set_hook(Box::new(|info| {
        let text = format!(
            "error: LAM stopped: {info}\n\nhint: this is a fault in LAM; please report it with the program that shows it\n"
        );
        let _ = super::stdio::write_all(Stream::Stderr, text.as_bytes());
        super::exit(FAULT)
    }));
}
