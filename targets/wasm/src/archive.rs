//! The image inside a wasm module: a passive segment behind one function that `lam build` replaces.
//!
//! ```text
//! stub     lam_archive(dst, off, len) -> NO_ARCHIVE
//! packed   lam_archive(dst, off, len): memory.init IMAGE; -> length of the image
//! ```
//!
//! The function is assembly so that the compiler infers nothing from its body, and its body uses all its parameters so that no
//! tool drops one. `lam-cli/src/pack/wasm.rs` looks for exactly these bytes.

use lam_vm::machine::MappedImage;

const NO_ARCHIVE: i32 = 0x4c41_4d00;
const PAGE_BYTES: usize = 65536;

core::arch::global_asm!(
    ".globl lam_archive",
    ".type lam_archive,@function",
    ".export_name lam_archive, lam_archive",
    "lam_archive:",
    ".functype lam_archive (i32, i32, i32) -> (i32)",
    "local.get 0",
    "local.get 1",
    "i32.add",
    "local.get 2",
    "i32.add",
    "drop",
    "i32.const 0x4c414d00",
    "end_function",
);

unsafe extern "C" {
    fn lam_archive(to: *mut u8, offset: usize, length: usize) -> i32;
}

/// Copies the image behind all memory there is now; `None` when this module holds none.
pub fn map() -> Option<MappedImage> {
    // SAFETY: with length 0 nothing is written; the function answers the image's length, or the magic number.
    let length = unsafe { lam_archive(std::ptr::null_mut(), 0, 0) };
    if length == NO_ARCHIVE {
        return None;
    }
    let length = usize::try_from(length).ok()?;
    // wasi-libc's allocator takes all memory there is at its first allocation, so that one comes before the new pages.
    drop(std::hint::black_box(Box::new(0_u64)));
    let old_pages = core::arch::wasm32::memory_grow(0, length.div_ceil(PAGE_BYTES));
    if old_pages == usize::MAX {
        return None;
    }
    let base = (old_pages * PAGE_BYTES) as *mut u8;
    // SAFETY: the pages from `base` on were just added to the memory, enough for `length` bytes, and are nobody else's.
    unsafe { lam_archive(base, 0, length) };
    // SAFETY: as above; wasm memory never shrinks.
    unsafe { MappedImage::new(base, length) }
}
