//! When the machine cannot go on: memory that the host does not give, and faults of our own.
//!
//! A launcher declares `#[global_allocator] static MEMORY: Memory = Memory;` and calls `report_panics` first. The reports go
//! straight to stderr and take no memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[cfg(all(unix, not(lam_sim), not(loom)))]
use super::blocks;
use super::spare;
use super::types::Stream;
use crate::sync::OnceLock;
use crate::sync::atomic::Ordering;
use crate::sync::counter::Counter;
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

/// Bytes of blocks that are not small.
static LARGE_BYTES: Counter = Counter::new();

/// Bytes in use, as far as they are counted.
pub fn bytes_in_use() -> usize {
    LARGE_BYTES.sum().max(0) as usize + blocks::bytes_in_use()
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

/// Whether `blocks` serves it: natively. What wasm hosts bring along takes no lock and wastes little.
#[inline(always)]
fn is_small(layout: Layout) -> bool {
    blocks::SERVES && layout.size() <= blocks::LARGEST_BYTES && layout.align() <= blocks::ALIGNMENT
}

/// Where there is no `blocks`.
#[cfg(not(all(unix, not(lam_sim), not(loom))))]
#[allow(clippy::missing_safety_doc)]
mod blocks {
    pub const SERVES: bool = false;
    pub const LARGEST_BYTES: usize = 0;
    pub const ALIGNMENT: usize = 0;
    pub fn alloc(_: usize) -> *mut u8 {
        core::ptr::null_mut()
    }
    pub unsafe fn free(_: *mut u8, _: usize) {}
    pub fn same_class(_: usize, _: usize) -> bool {
        false
    }
    pub fn bytes_in_use() -> usize {
        0
    }
}

// Inlined, these would take 170 KB in every program.
// SAFETY: every call goes to `blocks`, to `spare` or to the host's allocator, by size and alignment alone; a null that it gives is
// given on, or the program ends.
unsafe impl GlobalAlloc for Memory {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_small(layout) {
            return checked(blocks::alloc(layout.size()), layout.size());
        }
        LARGE_BYTES.add(layout.size() as i64);
        let at = match kept_class(layout) {
            Some(class) => spare::alloc(class),
            // SAFETY: promised by the caller.
            None => unsafe { System.alloc(layout) },
        };
        checked(at, layout.size())
    }
    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_small(layout) && kept_class(layout).is_none() {
            LARGE_BYTES.add(layout.size() as i64);
            // SAFETY: promised by the caller.
            return checked(unsafe { System.alloc_zeroed(layout) }, layout.size());
        }
        // SAFETY: promised by the caller.
        let at = unsafe { self.alloc(layout) };
        if !at.is_null() {
            // SAFETY: the block has so many bytes.
            unsafe { at.write_bytes(0, layout.size()) };
        }
        at
    }
    #[inline(never)]
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if is_small(layout) {
            // SAFETY: promised by the caller; who allocated decided by the same layout.
            return unsafe { blocks::free(at, layout.size()) };
        }
        LARGE_BYTES.add(-(layout.size() as i64));
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
        let stays = match (is_small(layout), is_small(new_layout)) {
            (true, true) => blocks::same_class(layout.size(), size),
            (false, false) => {
                let (old_class, new_class) = (kept_class(layout), kept_class(new_layout));
                if old_class.is_none() && new_class.is_none() {
                    LARGE_BYTES.add(size as i64 - layout.size() as i64);
                    // SAFETY: promised by the caller.
                    return checked(unsafe { System.realloc(at, layout, size) }, size);
                }
                if old_class == new_class {
                    LARGE_BYTES.add(size as i64 - layout.size() as i64);
                }
                old_class == new_class
            }
            _ => false,
        };
        if stays {
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
