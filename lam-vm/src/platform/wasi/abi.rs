//! The imports of WASI preview 1 that we use, each behind a safe function; sizes and offsets as in its `witx`.
//!
//! ```text
//! filestat  dev 0:8  ino 8:8  type 16:1  links 24:8  size 32:8  atime 40:8  mtime 48:8  ctime 56:8      64 bytes
//! fdstat    type 0:1  flags 2:2  rights 8:8  rights it hands on 16:8                                    24 bytes
//! dirent    next cookie 0:8  inode 8:8  name length 16:4  type 20:1                       24 bytes, then the name
//! subscription  userdata 0:8  tag 8:1  | clock: id 16:4 timeout 24:8 precision 32:8 flags 40:2 | fd: 16:4   48 bytes
//! event     userdata 0:8  error 8:2  type 10:1  bytes 16:8  flags 24:2                                  32 bytes
//! ```

use crate::platform::posix::{Posix, Result};

/// A descriptor of the host.
pub type Fd = u32;

#[repr(C)]
struct IoVec {
    data: *mut u8,
    bytes: usize,
}

mod import {
    use super::{Fd, IoVec};

    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    unsafe extern "C" {
        pub fn clock_time_get(clock: u32, precision: u64, time: *mut u64) -> u16;
        pub fn random_get(data: *mut u8, bytes: usize) -> u16;
        pub fn fd_close(fd: Fd) -> u16;
        pub fn fd_read(fd: Fd, iov: *const IoVec, count: usize, got: *mut usize) -> u16;
        pub fn fd_write(fd: Fd, iov: *const IoVec, count: usize, got: *mut usize) -> u16;
        pub fn fd_pread(fd: Fd, iov: *const IoVec, count: usize, offset: u64, got: *mut usize) -> u16;
        pub fn fd_pwrite(fd: Fd, iov: *const IoVec, count: usize, offset: u64, got: *mut usize) -> u16;
        pub fn fd_seek(fd: Fd, offset: i64, whence: u8, position: *mut u64) -> u16;
        pub fn fd_sync(fd: Fd) -> u16;
        pub fn fd_datasync(fd: Fd) -> u16;
        pub fn fd_advise(fd: Fd, offset: u64, length: u64, advice: u8) -> u16;
        pub fn fd_allocate(fd: Fd, offset: u64, length: u64) -> u16;
        pub fn fd_filestat_get(fd: Fd, stat: *mut [u64; 8]) -> u16;
        pub fn fd_filestat_set_size(fd: Fd, bytes: u64) -> u16;
        pub fn fd_fdstat_get(fd: Fd, stat: *mut [u64; 3]) -> u16;
        pub fn fd_prestat_get(fd: Fd, stat: *mut [u32; 2]) -> u16;
        pub fn fd_prestat_dir_name(fd: Fd, data: *mut u8, bytes: usize) -> u16;
        pub fn fd_readdir(fd: Fd, data: *mut u8, bytes: usize, cookie: u64, used: *mut usize) -> u16;
        pub fn path_open(
            at: Fd,
            lookup: u32,
            path: *const u8,
            path_bytes: usize,
            open_flags: u16,
            rights: u64,
            handed_on: u64,
            fd_flags: u16,
            fd: *mut Fd,
        ) -> u16;
        pub fn path_filestat_get(at: Fd, lookup: u32, path: *const u8, path_bytes: usize, stat: *mut [u64; 8]) -> u16;
        pub fn path_filestat_set_times(
            at: Fd,
            lookup: u32,
            path: *const u8,
            path_bytes: usize,
            atime: u64,
            mtime: u64,
            which: u16,
        ) -> u16;
        pub fn path_create_directory(at: Fd, path: *const u8, path_bytes: usize) -> u16;
        pub fn path_remove_directory(at: Fd, path: *const u8, path_bytes: usize) -> u16;
        pub fn path_unlink_file(at: Fd, path: *const u8, path_bytes: usize) -> u16;
        pub fn path_readlink(at: Fd, path: *const u8, path_bytes: usize, data: *mut u8, bytes: usize, used: *mut usize) -> u16;
        pub fn path_symlink(says: *const u8, says_bytes: usize, at: Fd, path: *const u8, path_bytes: usize) -> u16;
        pub fn path_link(
            from_at: Fd,
            lookup: u32,
            from: *const u8,
            from_bytes: usize,
            to_at: Fd,
            to: *const u8,
            to_bytes: usize,
        ) -> u16;
        pub fn path_rename(from_at: Fd, from: *const u8, from_bytes: usize, to_at: Fd, to: *const u8, to_bytes: usize) -> u16;
        pub fn poll_oneoff(subscriptions: *const [u64; 6], events: *mut [u64; 4], count: usize, ready: *mut usize) -> u16;
    }
}

/// Calls an import. Every pointer in `$call` comes from a reference or slice that outlives the call, with its own length.
macro_rules! host {
    ($($call:tt)*) => {{
        // SAFETY: the arguments are pointers to live Rust objects of this function's frame or parameters, with their
        // lengths, in the layouts that the head of this file gives; the host touches them only during the call.
        let code = unsafe { import::$($call)* };
        if code == 0 { Ok(()) } else { Err(Posix::from_wasi(code)) }
    }};
}

/// Nanoseconds of clock 0 (since 1970) or 1 (monotonic).
pub fn clock_ns(clock: u32) -> u64 {
    let mut time = 0;
    // A host without the clock leaves 0, which is a time too.
    let _: Result<()> = host!(clock_time_get(clock, 1, &mut time));
    time
}

/// Fills `bytes` from the host's generator.
pub fn random(bytes: &mut [u8]) -> Result<()> {
    host!(random_get(bytes.as_mut_ptr(), bytes.len()))
}

pub fn close(fd: Fd) -> Result<()> {
    host!(fd_close(fd))
}

pub fn read(fd: Fd, buffer: &mut [u8]) -> Result<usize> {
    let iov = IoVec { data: buffer.as_mut_ptr(), bytes: buffer.len() };
    let mut got = 0;
    host!(fd_read(fd, &iov, 1, &mut got))?;
    Ok(got.min(buffer.len()))
}

pub fn write(fd: Fd, bytes: &[u8]) -> Result<usize> {
    // The host only reads through this pointer.
    let iov = IoVec { data: bytes.as_ptr().cast_mut(), bytes: bytes.len() };
    let mut got = 0;
    host!(fd_write(fd, &iov, 1, &mut got))?;
    Ok(got.min(bytes.len()))
}

pub fn pread(fd: Fd, offset: u64, buffer: &mut [u8]) -> Result<usize> {
    let iov = IoVec { data: buffer.as_mut_ptr(), bytes: buffer.len() };
    let mut got = 0;
    host!(fd_pread(fd, &iov, 1, offset, &mut got))?;
    Ok(got.min(buffer.len()))
}

pub fn pwrite(fd: Fd, offset: u64, bytes: &[u8]) -> Result<usize> {
    // The host only reads through this pointer.
    let iov = IoVec { data: bytes.as_ptr().cast_mut(), bytes: bytes.len() };
    let mut got = 0;
    host!(fd_pwrite(fd, &iov, 1, offset, &mut got))?;
    Ok(got.min(bytes.len()))
}

/// `whence`: 0 start, 1 current, 2 end.
pub fn seek(fd: Fd, offset: i64, whence: u8) -> Result<u64> {
    let mut position = 0;
    host!(fd_seek(fd, offset, whence, &mut position))?;
    Ok(position)
}

pub fn sync(fd: Fd) -> Result<()> {
    host!(fd_sync(fd))
}

pub fn datasync(fd: Fd) -> Result<()> {
    host!(fd_datasync(fd))
}

pub fn advise(fd: Fd, offset: u64, length: u64, advice: u8) -> Result<()> {
    host!(fd_advise(fd, offset, length, advice))
}

pub fn allocate(fd: Fd, offset: u64, length: u64) -> Result<()> {
    host!(fd_allocate(fd, offset, length))
}

pub fn set_size(fd: Fd, bytes: u64) -> Result<()> {
    host!(fd_filestat_set_size(fd, bytes))
}

/// Type and rights of a descriptor.
pub fn fd_kind(fd: Fd) -> Result<(u8, u64)> {
    let mut stat = [0; 3];
    host!(fd_fdstat_get(fd, &mut stat))?;
    Ok((stat[0] as u8, stat[1]))
}

pub fn fd_stat(fd: Fd) -> Result<[u64; 8]> {
    let mut stat = [0; 8];
    host!(fd_filestat_get(fd, &mut stat))?;
    Ok(stat)
}

/// The name of a preopened directory; `ebadf` after the last descriptor.
pub fn preopen_name(fd: Fd) -> Result<Vec<u8>> {
    let mut stat = [0; 2];
    host!(fd_prestat_get(fd, &mut stat))?;
    let mut name = vec![0; stat[1] as usize];
    host!(fd_prestat_dir_name(fd, name.as_mut_ptr(), name.len()))?;
    // Some hosts count a closing zero.
    while name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

pub fn read_directory(fd: Fd, buffer: &mut [u8], cookie: u64) -> Result<usize> {
    let mut used = 0;
    host!(fd_readdir(fd, buffer.as_mut_ptr(), buffer.len(), cookie, &mut used))?;
    Ok(used.min(buffer.len()))
}

/// A path below a preopened directory.
#[derive(Clone, Debug)]
pub struct At {
    pub fd: Fd,
    pub path: Vec<u8>,
}

pub fn open(at: &At, follow: bool, open_flags: u16, rights: u64, fd_flags: u16) -> Result<Fd> {
    let mut fd = 0;
    host!(path_open(at.fd, follow.into(), at.path.as_ptr(), at.path.len(), open_flags, rights, 0, fd_flags, &mut fd))?;
    Ok(fd)
}

pub fn stat(at: &At, follow: bool) -> Result<[u64; 8]> {
    let mut stat = [0; 8];
    host!(path_filestat_get(at.fd, follow.into(), at.path.as_ptr(), at.path.len(), &mut stat))?;
    Ok(stat)
}

pub fn set_times(at: &At, atime_ns: u64, mtime_ns: u64) -> Result<()> {
    const ATIME_AND_MTIME: u16 = 1 | 4;
    host!(path_filestat_set_times(at.fd, 1, at.path.as_ptr(), at.path.len(), atime_ns, mtime_ns, ATIME_AND_MTIME))
}

pub fn make_directory(at: &At) -> Result<()> {
    host!(path_create_directory(at.fd, at.path.as_ptr(), at.path.len()))
}

pub fn remove_directory(at: &At) -> Result<()> {
    host!(path_remove_directory(at.fd, at.path.as_ptr(), at.path.len()))
}

pub fn unlink(at: &At) -> Result<()> {
    host!(path_unlink_file(at.fd, at.path.as_ptr(), at.path.len()))
}

pub fn read_link(at: &At, buffer: &mut [u8]) -> Result<usize> {
    let mut used = 0;
    host!(path_readlink(at.fd, at.path.as_ptr(), at.path.len(), buffer.as_mut_ptr(), buffer.len(), &mut used))?;
    Ok(used.min(buffer.len()))
}

pub fn symlink(says: &[u8], at: &At) -> Result<()> {
    host!(path_symlink(says.as_ptr(), says.len(), at.fd, at.path.as_ptr(), at.path.len()))
}

pub fn link(from: &At, to: &At) -> Result<()> {
    host!(path_link(from.fd, 0, from.path.as_ptr(), from.path.len(), to.fd, to.path.as_ptr(), to.path.len()))
}

pub fn rename(from: &At, to: &At) -> Result<()> {
    host!(path_rename(from.fd, from.path.as_ptr(), from.path.len(), to.fd, to.path.as_ptr(), to.path.len()))
}

/// What `poll` waits for.
#[derive(Clone, Copy, Debug)]
pub enum Interest {
    /// That many nanoseconds from now.
    Timeout(u64),
    /// The descriptor can be read.
    Read(Fd),
    /// The descriptor can be written.
    Write(Fd),
}

impl Interest {
    fn subscription(self, index: u64) -> [u64; 6] {
        match self {
            Interest::Timeout(ns) => [index, 0, 1, ns, 0, 0],
            Interest::Read(fd) => [index, 1, fd.into(), 0, 0, 0],
            Interest::Write(fd) => [index, 2, fd.into(), 0, 0, 0],
        }
    }
}

/// Waits for the first of at most two interests; tells which of them came (an error counts, the next call tells it).
pub fn poll(interests: &[Interest]) -> Result<[bool; 2]> {
    let count = interests.len().min(2);
    let mut subscriptions = [[0; 6]; 2];
    for (index, interest) in interests.iter().take(2).enumerate() {
        subscriptions[index] = interest.subscription(index as u64);
    }
    let mut events = [[0; 4]; 2];
    let mut ready = 0;
    host!(poll_oneoff(subscriptions.as_ptr(), events.as_mut_ptr(), count, &mut ready))?;
    let mut came = [false; 2];
    for event in events.iter().take(ready.min(2)) {
        came[(event[0] & 1) as usize] = true;
    }
    Ok(came)
}
