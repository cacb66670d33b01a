//! Files below the preopened directories. There are no users and no permission bits here: what cannot be set is
//! `enotsup`, what cannot be told is a plain file's usual answer.

use super::abi::{self, Fd};
use super::paths::locate;
use crate::platform::posix::{Posix, Result};
use crate::platform::types::{Access, Advice, FileInfo, FileType, Modes, Whence};

const RIGHTS_TO_READ: u64 = 1 << 1 | 1 << 2 | 1 << 5 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 27;
const RIGHTS_TO_WRITE: u64 = 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 21 | 1 << 22 | 1 << 27;
const OPEN_CREATE: u16 = 1;
const OPEN_DIRECTORY: u16 = 2;
const OPEN_EXCLUSIVE: u16 = 4;
const OPEN_TRUNCATE: u16 = 8;
const FD_APPEND: u16 = 1;
const FD_SYNC: u16 = 16;
const DIRECTORY: u8 = 3;

/// An open file or directory.
#[derive(Debug)]
pub struct File {
    fd: Fd,
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = abi::close(self.fd);
    }
}

impl File {
    /// Opens `path`.
    pub fn open(path: &[u8], modes: Modes) -> Result<File> {
        let plan = modes.plan().ok_or(Posix::Einval)?;
        let flag = |set: bool, flag: u16| if set { flag } else { 0 };
        let open_flags = flag(plan.create, OPEN_CREATE)
            | flag(plan.exclusive, OPEN_EXCLUSIVE)
            | flag(plan.truncate, OPEN_TRUNCATE)
            | flag(modes.has(Modes::DIRECTORY), OPEN_DIRECTORY);
        let fd_flags = flag(plan.append, FD_APPEND) | flag(modes.has(Modes::SYNC), FD_SYNC);
        let rights = if plan.read { RIGHTS_TO_READ } else { 0 } | if plan.write { RIGHTS_TO_WRITE } else { 0 };
        let fd = abi::open(&locate(path)?, !plan.exclusive, open_flags, rights, fd_flags)?;
        let file = File { fd };
        if !modes.has(Modes::SKIP_TYPE_CHECK) && !modes.has(Modes::DIRECTORY) {
            if abi::fd_kind(fd).is_ok_and(|(kind, _)| kind == DIRECTORY) {
                return Err(Posix::Eisdir);
            }
        }
        Ok(file)
    }

    /// Closes it and tells what the host says; dropping closes it in silence.
    pub fn close(self) -> Result<()> {
        let fd = self.fd;
        std::mem::forget(self);
        abi::close(fd)
    }

    /// Reads until `buffer` is full or the file ends; 0 at the end.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match abi::read(self.fd, &mut buffer[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// Writes all of `bytes` at the position.
    pub fn write(&self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match abi::write(self.fd, bytes)? {
                0 => return Err(Posix::Eio),
                count => bytes = &bytes[count..],
            }
        }
        Ok(())
    }

    /// As `read`, from `offset`, leaving the position alone.
    pub fn pread(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = offset.checked_add(filled as u64).ok_or(Posix::Einval)?;
            match abi::pread(self.fd, at, &mut buffer[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// As `write`, at `offset`, leaving the position alone.
    pub fn pwrite(&self, mut offset: u64, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let count = abi::pwrite(self.fd, offset, bytes)?;
            if count == 0 {
                return Err(Posix::Eio);
            }
            bytes = &bytes[count..];
            offset = offset.checked_add(count as u64).ok_or(Posix::Einval)?;
        }
        Ok(())
    }

    /// Moves the position and gives the new one.
    pub fn seek(&self, whence: Whence, offset: i64) -> Result<u64> {
        let whence = match whence {
            Whence::Start => 0,
            Whence::Current => 1,
            Whence::End => 2,
        };
        abi::seek(self.fd, offset, whence)
    }

    /// Returns when data and everything needed to find it are stored.
    pub fn sync(&self) -> Result<()> {
        abi::sync(self.fd)
    }

    /// Returns when the data is stored.
    pub fn datasync(&self) -> Result<()> {
        abi::datasync(self.fd)
    }

    /// Cuts the file at the position.
    pub fn truncate(&self) -> Result<()> {
        abi::set_size(self.fd, self.seek(Whence::Current, 0)?)
    }

    /// Reserves space; where the host cannot, the file only grows to that size.
    pub fn allocate(&self, offset: i64, length: i64) -> Result<()> {
        let (Ok(start), Ok(count)) = (u64::try_from(offset), u64::try_from(length)) else { return Err(Posix::Einval) };
        let end = start.checked_add(count).ok_or(Posix::Efbig)?;
        match abi::allocate(self.fd, start, count) {
            Err(Posix::Enotsup | Posix::Enosys) if abi::fd_stat(self.fd)?[4] < end => abi::set_size(self.fd, end),
            Err(Posix::Enotsup | Posix::Enosys) => Ok(()),
            answer => answer,
        }
    }

    /// Hints how the file will be used; a host that does not care is no failure.
    pub fn advise(&self, offset: i64, length: i64, advice: Advice) -> Result<()> {
        let advice = match advice {
            Advice::Normal => 0,
            Advice::Sequential => 1,
            Advice::Random => 2,
            Advice::WillNeed => 3,
            Advice::DontNeed => 4,
            Advice::NoReuse => 5,
        };
        if let (Ok(offset), Ok(length)) = (u64::try_from(offset), u64::try_from(length)) {
            let _ = abi::advise(self.fd, offset, length, advice);
        }
        Ok(())
    }

    /// The descriptor's number.
    pub fn handle(&self) -> i32 {
        self.fd as i32
    }

    /// What is known of the open file.
    pub fn info(&self) -> Result<FileInfo> {
        Ok(file_info(abi::fd_stat(self.fd)?))
    }
}

fn file_info([device, inode, kind, links, size, atime, mtime, ctime]: [u64; 8]) -> FileInfo {
    let (file_type, mode) = match kind as u8 {
        1 => (FileType::Device, 0o060_644),
        2 => (FileType::Device, 0o020_644),
        3 => (FileType::Directory, 0o040_755),
        4 => (FileType::Regular, 0o100_644),
        7 => (FileType::Symlink, 0o120_777),
        _ => (FileType::Other, 0o644),
    };
    let seconds = |ns: u64| (ns / 1_000_000_000) as i64;
    FileInfo {
        size: size as i64,
        file_type,
        access: Access { read: true, write: true },
        atime: seconds(atime),
        mtime: seconds(mtime),
        ctime: seconds(ctime),
        mode,
        links: links as u32,
        major_device: device as u32,
        minor_device: 0,
        inode: inode as u32,
        uid: 0,
        gid: 0,
    }
}

/// What a path leads to.
pub fn read_info(path: &[u8]) -> Result<FileInfo> {
    abi::stat(&locate(path)?, true).map(file_info)
}

/// As `read_info`, but a symbolic link is itself.
pub fn link_info(path: &[u8]) -> Result<FileInfo> {
    abi::stat(&locate(path)?, false).map(file_info)
}

/// There are none here.
pub fn set_permissions(path: &[u8], _permissions: u32) -> Result<()> {
    read_info(path).and(Err(Posix::Enotsup))
}

/// There are none here; leaving both as they are succeeds.
pub fn set_owner(path: &[u8], owner: i32, group: i32) -> Result<()> {
    read_info(path)?;
    if (owner, group) == (-1, -1) { Ok(()) } else { Err(Posix::Enotsup) }
}

/// Sets the times of last read and last write.
pub fn set_time(path: &[u8], atime: i64, mtime: i64, _ctime: i64) -> Result<()> {
    let ns =
        |seconds: i64| u64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000_000_000)).ok_or(Posix::Einval);
    abi::set_times(&locate(path)?, ns(atime)?, ns(mtime)?)
}

/// Where a symbolic link points.
pub fn read_link(path: &[u8]) -> Result<Vec<u8>> {
    let at = locate(path)?;
    let mut buffer = vec![0; 256];
    loop {
        let used = abi::read_link(&at, &mut buffer)?;
        if used < buffer.len() {
            buffer.truncate(used);
            return Ok(buffer);
        }
        buffer.resize(buffer.len() * 2, 0);
    }
}

/// Names in a directory in the host's order.
pub fn list_dir(path: &[u8]) -> Result<Vec<Vec<u8>>> {
    const HEAD_BYTES: usize = 24;
    let fd = abi::open(&locate(path)?, true, OPEN_DIRECTORY, RIGHTS_TO_READ, 0)?;
    let directory = File { fd };
    let mut names = Vec::new();
    let mut buffer = vec![0; 4096];
    let mut cookie = 0;
    loop {
        let used = abi::read_directory(directory.fd, &mut buffer, cookie)?;
        let is_last = used < buffer.len();
        let mut left = &buffer[..used];
        let mut taken = false;
        while let Some((head, rest)) = left.split_at_checked(HEAD_BYTES) {
            let field =
                |at: usize, bytes: usize| head[at..at + bytes].iter().rev().fold(0, |sum: u64, &byte| sum << 8 | u64::from(byte));
            let Some((name, rest)) = rest.split_at_checked(field(16, 4) as usize) else { break };
            if name != b"." && name != b".." {
                names.push(name.to_vec());
            }
            (cookie, left, taken) = (field(0, 8), rest, true);
        }
        if is_last {
            return Ok(names);
        }
        if !taken {
            // One name is longer than the buffer.
            buffer.resize(buffer.len() * 2, 0);
        }
    }
}

/// Renames; a directory that is not empty in the way is `eexist`.
pub fn rename(from: &[u8], to: &[u8]) -> Result<()> {
    abi::rename(&locate(from)?, &locate(to)?).map_err(exists_if_not_empty)
}

fn exists_if_not_empty(error: Posix) -> Posix {
    if error == Posix::Enotempty { Posix::Eexist } else { error }
}

/// A second name for a file.
pub fn make_hard_link(existing: &[u8], new: &[u8]) -> Result<()> {
    abi::link(&locate(existing)?, &locate(new)?)
}

/// A symbolic link at `new` that says `existing`.
pub fn make_soft_link(existing: &[u8], new: &[u8]) -> Result<()> {
    abi::symlink(existing, &locate(new)?)
}

/// A directory.
pub fn make_dir(path: &[u8]) -> Result<()> {
    abi::make_directory(&locate(path)?)
}

/// Removes a name; a directory is `eperm`.
pub fn del_file(path: &[u8]) -> Result<()> {
    abi::unlink(&locate(path)?).map_err(|error| if error == Posix::Eisdir { Posix::Eperm } else { error })
}

/// Removes an empty directory; one that is not is `eexist`.
pub fn del_dir(path: &[u8]) -> Result<()> {
    abi::remove_directory(&locate(path)?).map_err(exists_if_not_empty)
}
