//! Memory from the host beyond what the allocator gives.

use core::ptr::NonNull;

/// Blocks of at least this many bytes are worth large pages.
const LARGE_BYTES: usize = 4 << 20;

/// Asks for large pages under a block that was just allocated, where the host has them: the first touch of memory costs more than
/// copying it, and large pages make that a hundredth. A refusal is no loss.
pub fn prefer_large_pages(start: *mut u8, bytes: usize) {
    if bytes >= LARGE_BYTES {
        large_pages(start, bytes);
    }
}

#[cfg(all(target_os = "linux", not(lam_sim)))]
fn large_pages(start: *mut u8, bytes: usize) {
    const PAGE_BYTES: usize = 4096;
    let skip = start.align_offset(PAGE_BYTES);
    let length = bytes.saturating_sub(skip) & !(PAGE_BYTES - 1);
    // SAFETY: the advice changes no contents, and the pages lie within the caller's block.
    let _ = unsafe { rustix::mm::madvise(start.wrapping_add(skip).cast(), length, rustix::mm::Advice::LinuxHugepage) };
}

#[cfg(not(all(target_os = "linux", not(lam_sim))))]
fn large_pages(_: *mut u8, _: usize) {}

/// Fresh zeroed memory below 4 GB, for ever; `None` where the host has none to give.
#[cfg(all(target_os = "linux", target_pointer_width = "64", not(lam_sim)))]
pub fn map_low(bytes: usize) -> Option<NonNull<u8>> {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
    /// Above what images take (256 MB and up), with room for large ones.
    const LOWEST: usize = 0x4000_0000;
    const STEP: usize = 0x0400_0000;
    let mut at = LOWEST;
    while at as u64 + bytes as u64 <= 1 << 32 {
        let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE;
        // SAFETY: an address that is taken is refused, so nothing is mapped over.
        let mapped = unsafe { mmap_anonymous(at as *mut _, bytes, ProtFlags::READ | ProtFlags::WRITE, flags) };
        match mapped {
            Ok(start) if start as usize == at => return NonNull::new(start.cast()),
            // A kernel before 4.17 takes the address for a hint.
            Ok(start) => {
                // SAFETY: mapped just now, and nobody knows of it.
                let _ = unsafe { rustix::mm::munmap(start, bytes) };
                return None;
            }
            Err(_) => at += STEP,
        }
    }
    None
}

/// As above, where no memory has low addresses.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64", not(lam_sim))))]
pub fn map_low(_: usize) -> Option<NonNull<u8>> {
    None
}

/// Gives the memory under these pages back to the host; they read as zero, or as they were, when next touched.
///
/// # Safety
/// Nothing in them is read before it is written again.
#[cfg(all(unix, not(lam_sim)))]
pub unsafe fn give_back(start: *mut u8, bytes: usize) {
    // SAFETY: promised by the caller. A refusal is no loss.
    let _ = unsafe { rustix::mm::madvise(start.cast(), bytes, rustix::mm::Advice::LinuxDontNeed) };
}
