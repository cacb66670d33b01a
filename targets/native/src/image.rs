//! Finds the image among the own program headers and moves it to its address.

use lam_vm::machine::{IMAGE_MAGIC, MappedImage, NATIVE_BASE};

const PT_LOAD: u32 = 1;

unsafe extern "C" {
    /// The ELF header of this file in memory; the linker defines it.
    static __ehdr_start: libc::Elf64_Ehdr;
}

/// Why there is nothing to run.
pub enum Missing {
    /// This file is a launcher alone.
    NoProgram,
    /// The file ends before its program does.
    CutShort,
}

/// The image in memory, at `NATIVE_BASE` where that address is free.
pub fn map() -> Result<MappedImage, Missing> {
    let (start, length) = find().ok_or(Missing::NoProgram)?;
    // A file is cut at its end, so that its last page is the first to go.
    if !is_there(start.wrapping_add(length - 8)) {
        return Err(Missing::CutShort);
    }
    // SAFETY: the kernel mapped the segment's `length` bytes at `start`, and its last page is there, so all are.
    let magic = unsafe { start.cast::<[u8; 8]>().read() };
    if magic != IMAGE_MAGIC {
        return Err(Missing::NoProgram);
    }
    let base = move_to_preferred(start, length).unwrap_or(start);
    // SAFETY: the kernel mapped this private segment readable and writable for us alone, and nobody unmaps it.
    unsafe { MappedImage::new(base, length) }.ok_or(Missing::NoProgram)
}

/// Whether eight mapped bytes can be read. Touching a page that the file is too short for would end the process by SIGBUS; the kernel
/// answers EFAULT where it touches one. This call reads eight bytes before it looks at its first argument, and refuses that.
fn is_there(place: *const u8) -> bool {
    const NEITHER_BLOCK_NOR_UNBLOCK: libc::c_long = 99;
    let nowhere = std::ptr::null_mut::<u8>();
    // SAFETY: the kernel checks what it reads, and with such a first argument changes nothing.
    let refused = unsafe { libc::syscall(libc::SYS_rt_sigprocmask, NEITHER_BLOCK_NOR_UNBLOCK, place, nowhere, 8usize) };
    !(refused == -1 && std::io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT))
}

/// Where the kernel put the last PT_LOAD, if it may be an image: its pages may be missing.
fn find() -> Option<(*mut u8, usize)> {
    let header = &raw const __ehdr_start;
    let file_start = header.cast::<u8>();
    // SAFETY: the linker defines `__ehdr_start` as this file's ELF header, which the first PT_LOAD keeps in memory.
    let (offset, count) = unsafe { ((*header).e_phoff as usize, (*header).e_phnum as usize) };
    // SAFETY: the program headers follow the ELF header inside the first PT_LOAD; `lam build` asserts it.
    let first = unsafe { file_start.add(offset) }.cast::<libc::Elf64_Phdr>();
    // SAFETY: `e_phnum` entries of that table are mapped and never written.
    let table = unsafe { std::slice::from_raw_parts(first, count) };
    let lowest = table.iter().find(|p| p.p_type == PT_LOAD && p.p_offset == 0)?;
    let bias = (file_start as usize).wrapping_sub(lowest.p_vaddr as usize);
    let last = table.iter().filter(|p| p.p_type == PT_LOAD).max_by_key(|p| p.p_vaddr)?;
    let start = bias.wrapping_add(last.p_vaddr as usize) as *mut u8;
    let length = last.p_filesz as usize;
    (length >= 4096 && length.is_multiple_of(4096) && (start as usize).is_multiple_of(4096)).then_some((start, length))
}

/// Moves the pages to `NATIVE_BASE`; `None`, with nothing moved, when something lies there.
fn move_to_preferred(start: *mut u8, length: usize) -> Option<*mut u8> {
    let wanted = NATIVE_BASE as *mut libc::c_void;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: a new mapping without replacing any; kernels before 4.17 take the address as a hint, hence the comparison below.
    let reserved = unsafe { libc::mmap(wanted, length, libc::PROT_NONE, flags, -1, 0) };
    if reserved == libc::MAP_FAILED {
        return None;
    }
    if reserved != wanted {
        // SAFETY: the range was made two lines above and nothing points into it.
        unsafe { libc::munmap(reserved, length) };
        return None;
    }
    // SAFETY: the target range is our own reservation, the source is the image's segment, to which no reference exists yet.
    let moved = unsafe { libc::mremap(start.cast(), length, length, libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED, wanted) };
    (moved == wanted).then_some(moved.cast())
}
