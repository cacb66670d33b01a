//! The image inside a wasm module: a passive segment behind one function that `lam build` replaces.
//!
//! ```text
//! stub     lam_archive(dst, off, len) -> NO_ARCHIVE
//! packed   lam_archive(dst, off, len): memory.init IMAGE; -> length of the image
//! ```
//!
//! For WASI the segment is a packed image (`lam_vm::image::packed`), on the web, where servers compress, it is the image itself.
//!
//! The function is assembly so that the compiler infers nothing from its body, and its body uses all its parameters so that no
//! tool drops one. `lam-cli/src/pack/wasm.rs` looks for exactly these bytes.

use std::io::Read;

use lam_vm::image::packed;
use lam_vm::machine::MappedImage;

const NO_ARCHIVE: i32 = 0x4c41_4d00;
const PAGE_BYTES: usize = 65536;

core::arch::global_asm!(
    ".globl lam_archive",
    ".type lam_archive,@function",
    ".export_name lam_archive, lam_archive",
    "lam_archive:",
    ".functype lam_archive (i32, i32, i32) -> (i32)",
    // Never runs with a length: it keeps an optimiser from dropping parameters that only the body put here later needs.
    "local.get 0",
    "local.get 1",
    "local.get 2",
    "memory.copy 0, 0",
    "i32.const 0x4c414d00",
    "end_function",
);

unsafe extern "C" {
    fn lam_archive(to: *mut u8, offset: usize, length: usize) -> i32;
}

/// Why there is nothing to run.
pub enum Missing {
    /// This module is a launcher alone.
    NoProgram,
    /// What is in it does not come out.
    Damaged,
}

impl core::fmt::Display for Missing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Missing::NoProgram => "this file is a launcher without a program",
            Missing::Damaged => "the embedded program is damaged: it cannot be unpacked",
        })
    }
}

/// Copies the image behind all memory there is now.
pub fn map() -> Result<MappedImage, Missing> {
    // SAFETY: with length 0 nothing is written; the function answers the image's length, or the magic number.
    let length = unsafe { lam_archive(std::ptr::null_mut(), 0, 0) };
    if length == NO_ARCHIVE {
        return Err(Missing::NoProgram);
    }
    from_segment(usize::try_from(length).unwrap_or(0)).ok_or(Missing::Damaged)
}

fn from_segment(length: usize) -> Option<MappedImage> {
    let segment = Segment { offset: 0, length };
    let mut header = [0; packed::HEADER_BYTES];
    (segment.length >= header.len()).then_some(())?;
    // SAFETY: the segment is longer than the header, and the place has room for that.
    unsafe { lam_archive(header.as_mut_ptr(), 0, header.len()) };
    let unpacked_bytes = packed::image_bytes(&header, segment.length);
    let length = unpacked_bytes.unwrap_or(segment.length);
    // wasi-libc's allocator takes all memory there is at its first allocation, so that one comes before the new pages.
    drop(std::hint::black_box(Box::new(0_u64)));
    let old_pages = core::arch::wasm32::memory_grow(0, length.div_ceil(PAGE_BYTES));
    if old_pages == usize::MAX {
        return None;
    }
    let base = (old_pages * PAGE_BYTES) as *mut u8;
    if unpacked_bytes.is_some() {
        // SAFETY: the pages from `base` on were just added to the memory, all zeros, enough for `length` bytes, and are nobody else's.
        let image = unsafe { std::slice::from_raw_parts_mut(base, length) };
        packed::unpack_into(Segment { offset: header.len(), ..segment }, image).then_some(())?;
    } else {
        // SAFETY: as above.
        unsafe { lam_archive(base, 0, length) };
    }
    // SAFETY: as above; wasm memory never shrinks.
    unsafe { MappedImage::new(base, length) }
}

/// Bytes of the segment that are still to be read.
struct Segment {
    offset: usize,
    length: usize,
}

impl Read for Segment {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.length - self.offset);
        // SAFETY: the segment has that many bytes from the offset on, and so has the buffer.
        unsafe { lam_archive(buffer.as_mut_ptr(), self.offset, count) };
        self.offset += count;
        Ok(count)
    }
}
