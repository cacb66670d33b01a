//! Files of unix, answer for answer as OTP's `unix_prim_file.c` gives them.

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{self, AtFlags, CWD, FileType as Kind, Gid, Mode, OFlags, SeekFrom, Stat, Timespec, Timestamps, Uid};
use rustix::io::Errno;

use crate::platform::posix::{Posix, Result};
use crate::platform::types::{Access, Advice, FileInfo, FileType, Modes, Whence};

/// An open file or directory.
#[derive(Debug)]
pub struct File {
    descriptor: OwnedFd,
}

impl File {
    /// Opens `path`; the permissions of a new file are 0666 less the umask.
    pub fn open(path: &[u8], modes: Modes) -> Result<File> {
        let path = &*terminated(path)?;
        let plan = modes.plan().ok_or(Posix::Einval)?;
        let mut flags = match (plan.read, plan.write) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            _ => OFlags::RDONLY,
        };
        flags |= OFlags::CLOEXEC;
        flags.set(OFlags::CREATE, plan.create);
        flags.set(OFlags::TRUNC, plan.truncate);
        flags.set(OFlags::APPEND, plan.append);
        flags.set(OFlags::EXCL, plan.exclusive);
        flags.set(OFlags::SYNC, modes.has(Modes::SYNC));
        flags.set(OFlags::DIRECTORY, modes.has(Modes::DIRECTORY));
        let permissions = if modes.has(Modes::DIRECTORY) { 0o777 } else { 0o666 };
        let descriptor = retry(|| fs::open(path, flags, Mode::from_raw_mode(permissions)))?;
        let file = File { descriptor };
        if !modes.has(Modes::SKIP_TYPE_CHECK) && !modes.has(Modes::DIRECTORY) && file.is_directory() {
            return Err(Posix::Eisdir);
        }
        Ok(file)
    }

    fn is_directory(&self) -> bool {
        fs::fstat(&self.descriptor).is_ok_and(|stat| Kind::from_raw_mode(stat.st_mode) == Kind::Directory)
    }

    /// Closes it and tells what the kernel says; dropping closes it in silence.
    pub fn close(self) -> Result<()> {
        drop(self);
        Ok(())
    }

    /// Reads until `buffer` is full or the file ends; 0 at the end.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match retry(|| rustix::io::read(&self.descriptor, &mut buffer[filled..])) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Writes all of `bytes` at the position.
    pub fn write(&self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let count = retry(|| rustix::io::write(&self.descriptor, bytes))?;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    /// As `read`, from `offset`, leaving the position alone.
    pub fn pread(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = offset.checked_add(filled as u64).ok_or(Posix::Einval)?;
            match retry(|| rustix::io::pread(&self.descriptor, &mut buffer[filled..], at))? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// As `write`, at `offset`, leaving the position alone.
    pub fn pwrite(&self, mut offset: u64, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let count = retry(|| rustix::io::pwrite(&self.descriptor, bytes, offset))?;
            bytes = &bytes[count..];
            offset = offset.checked_add(count as u64).ok_or(Posix::Einval)?;
        }
        Ok(())
    }

    /// Moves the position and gives the new one.
    pub fn seek(&self, whence: Whence, offset: i64) -> Result<u64> {
        let to = match whence {
            Whence::Start => SeekFrom::Start(u64::try_from(offset).map_err(|_| Posix::Einval)?),
            Whence::Current => SeekFrom::Current(offset),
            Whence::End => SeekFrom::End(offset),
        };
        Ok(fs::seek(&self.descriptor, to)?)
    }

    /// Returns when data and everything needed to find it are stored.
    pub fn sync(&self) -> Result<()> {
        Ok(fs::fsync(&self.descriptor)?)
    }

    /// Returns when the data is stored.
    pub fn datasync(&self) -> Result<()> {
        Ok(fs::fdatasync(&self.descriptor)?)
    }

    /// Cuts the file at the position.
    pub fn truncate(&self) -> Result<()> {
        let position = fs::seek(&self.descriptor, SeekFrom::Current(0))?;
        retry(|| fs::ftruncate(&self.descriptor, position))
    }

    /// Reserves space; where the file system cannot, the file only grows to that size.
    pub fn allocate(&self, offset: i64, length: i64) -> Result<()> {
        let (Ok(start), Ok(count)) = (u64::try_from(offset), u64::try_from(length)) else { return Err(Posix::Einval) };
        let end = start.checked_add(count).ok_or(Posix::Efbig)?;
        match retry(|| fs::fallocate(&self.descriptor, fs::FallocateFlags::empty(), start, count)) {
            Err(Posix::Enotsup | Posix::Enosys) => {
                let size = fs::fstat(&self.descriptor)?.st_size as u64;
                if size < end { Ok(fs::ftruncate(&self.descriptor, end)?) } else { Ok(()) }
            }
            answer => answer,
        }
    }

    /// Hints how the file will be used; OTP tells no failure of it, neither do we.
    pub fn advise(&self, offset: i64, length: i64, advice: Advice) -> Result<()> {
        let advice = match advice {
            Advice::Normal => fs::Advice::Normal,
            Advice::Random => fs::Advice::Random,
            Advice::Sequential => fs::Advice::Sequential,
            Advice::WillNeed => fs::Advice::WillNeed,
            Advice::DontNeed => fs::Advice::DontNeed,
            Advice::NoReuse => fs::Advice::NoReuse,
        };
        if let (Ok(offset), Ok(length)) = (u64::try_from(offset), u64::try_from(length)) {
            let _ = fs::fadvise(&self.descriptor, offset, std::num::NonZeroU64::new(length), advice);
        }
        Ok(())
    }

    /// The descriptor's number.
    pub fn handle(&self) -> i32 {
        self.descriptor.as_raw_fd()
    }

    /// What is known of the open file; access by its mode bits.
    pub fn info(&self) -> Result<FileInfo> {
        let stat = fs::fstat(&self.descriptor)?;
        let mode = stat.st_mode;
        let bits = if stat.st_uid == rustix::process::geteuid().as_raw() {
            mode >> 6
        } else if stat.st_gid == rustix::process::getegid().as_raw() {
            mode >> 3
        } else {
            mode
        };
        Ok(file_info(&stat, Access { read: bits & 4 != 0, write: bits & 2 != 0 }))
    }
}

/// Repeats what a signal broke off.
fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer.map_err(Posix::from),
        }
    }
}

#[allow(clippy::unnecessary_cast, reason = "the widths of stat's fields differ between processors")]
fn file_info(stat: &Stat, access: Access) -> FileInfo {
    let file_type = match Kind::from_raw_mode(stat.st_mode) {
        Kind::RegularFile => FileType::Regular,
        Kind::Directory => FileType::Directory,
        Kind::Symlink => FileType::Symlink,
        Kind::CharacterDevice | Kind::BlockDevice => FileType::Device,
        _ => FileType::Other,
    };
    FileInfo {
        size: stat.st_size as i64,
        file_type,
        access,
        atime: stat.st_atime as i64,
        mtime: stat.st_mtime as i64,
        ctime: stat.st_ctime as i64,
        mode: stat.st_mode as u32,
        links: stat.st_nlink as u32,
        major_device: stat.st_dev as u32,
        minor_device: stat.st_rdev as u32,
        inode: stat.st_ino as u32,
        uid: stat.st_uid,
        gid: stat.st_gid,
    }
}

/// A path as the kernel reads it. Made here, for rustix would do it again in each of its functions.
fn terminated(path: &[u8]) -> Result<CString> {
    CString::new(path).map_err(|_| Posix::Einval)
}

/// What a path leads to.
pub fn read_info(path: &[u8]) -> Result<FileInfo> {
    let path = &*terminated(path)?;
    Ok(file_info(&fs::stat(path)?, access(path)))
}

/// As `read_info`, but a symbolic link is itself.
pub fn link_info(path: &[u8]) -> Result<FileInfo> {
    let path = &*terminated(path)?;
    Ok(file_info(&fs::lstat(path)?, access(path)))
}

fn access(path: &CStr) -> Access {
    Access { read: fs::access(path, fs::Access::READ_OK).is_ok(), write: fs::access(path, fs::Access::WRITE_OK).is_ok() }
}

/// Sets the permission bits; set-id bits are given up where they are not ours to set.
pub fn set_permissions(path: &[u8], permissions: u32) -> Result<()> {
    let path = &*terminated(path)?;
    let first = Mode::from_raw_mode(permissions & 0o6777);
    let second = Mode::from_raw_mode(permissions & 0o777);
    Ok(fs::chmod(path, first).or_else(|_| fs::chmod(path, second))?)
}

/// Sets owner and group; -1 leaves one as it is.
pub fn set_owner(path: &[u8], owner: i32, group: i32) -> Result<()> {
    let path = &*terminated(path)?;
    let owner = (owner != -1).then(|| Uid::from_raw(owner as u32));
    let group = (group != -1).then(|| Gid::from_raw(group as u32));
    Ok(fs::chown(path, owner, group)?)
}

/// Sets the times of last read and last write; the third is the kernel's own.
pub fn set_time(path: &[u8], atime: i64, mtime: i64, _ctime: i64) -> Result<()> {
    let path = &*terminated(path)?;
    let times = Timestamps {
        last_access: Timespec { tv_sec: atime, tv_nsec: 0 },
        last_modification: Timespec { tv_sec: mtime, tv_nsec: 0 },
    };
    Ok(fs::utimensat(CWD, path, &times, AtFlags::empty())?)
}

/// Where a symbolic link points.
pub fn read_link(path: &[u8]) -> Result<Vec<u8>> {
    let path = &*terminated(path)?;
    Ok(fs::readlink(path, Vec::new())?.into_bytes())
}

/// Names in a directory in the kernel's order. OTP's list is this one reversed, as it conses while reading.
pub fn list_dir(path: &[u8]) -> Result<Vec<Vec<u8>>> {
    let path = &*terminated(path)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = retry(|| fs::open(path, flags, Mode::empty()))?;
    let mut names = Vec::new();
    for entry in fs::Dir::new(directory)? {
        // OTP stops at a failing entry without a word.
        let Ok(entry) = entry else { break };
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(name.to_vec());
        }
    }
    Ok(names)
}

/// Renames; a directory that is not empty in the way is `eexist`, `/` itself `einval`.
pub fn rename(from: &[u8], to: &[u8]) -> Result<()> {
    fs::rename(&*terminated(from)?, &*terminated(to)?).map_err(|errno| match errno {
        Errno::NOTEMPTY => Posix::Eexist,
        _ if from == b"/" => Posix::Einval,
        errno => errno.into(),
    })
}

/// A second name for a file.
pub fn make_hard_link(existing: &[u8], new: &[u8]) -> Result<()> {
    Ok(fs::link(&*terminated(existing)?, &*terminated(new)?)?)
}

/// A symbolic link at `new` that says `existing`.
pub fn make_soft_link(existing: &[u8], new: &[u8]) -> Result<()> {
    Ok(fs::symlink(&*terminated(existing)?, &*terminated(new)?)?)
}

/// A directory, 0777 less the umask.
pub fn make_dir(path: &[u8]) -> Result<()> {
    let path = &*terminated(path)?;
    Ok(fs::mkdir(path, Mode::from_raw_mode(0o777))?)
}

/// Removes a name; a directory is `eperm`.
pub fn del_file(path: &[u8]) -> Result<()> {
    let path = &*terminated(path)?;
    fs::unlink(path).map_err(|errno| if errno == Errno::ISDIR { Posix::Eperm } else { errno.into() })
}

/// Removes an empty directory; one that is not is `eexist`, or `einval` when we stand in it.
pub fn del_dir(path: &[u8]) -> Result<()> {
    let path = &*terminated(path)?;
    fs::rmdir(path).map_err(|errno| match errno {
        Errno::NOTEMPTY | Errno::EXIST if is_cwd(path) => Posix::Einval,
        Errno::NOTEMPTY => Posix::Eexist,
        errno => errno.into(),
    })
}

fn is_cwd(path: &CStr) -> bool {
    match (fs::stat(path), fs::stat(c".")) {
        (Ok(there), Ok(here)) => there.st_ino == here.st_ino && there.st_dev == here.st_dev,
        _ => false,
    }
}

/// The process's current directory.
pub fn get_cwd() -> Result<Vec<u8>> {
    Ok(rustix::process::getcwd(Vec::new())?.into_bytes())
}

/// Changes the process's current directory.
pub fn set_cwd(path: &[u8]) -> Result<()> {
    let path = &*terminated(path)?;
    Ok(rustix::process::chdir(path)?)
}
