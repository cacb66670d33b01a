//! Files in the shape that `prim_file` needs: the host's, and those embedded in the program (`bundle`). Every path is bytes; one
//! that holds a zero is `einval`.
//!
//! `File` is shared between threads as it is: `&self` everywhere, closed when dropped or by `close`, which tells the error.

pub use super::bundle::{folder as embedded_folder, mount as mount_embedded};
use super::host;
pub use super::host::get_cwd;
use super::posix::{Posix, Result};
pub use super::types::{Access, Advice, FileInfo, FileType, Modes, Whence};
use super::{bundle, failure};

/// An open file or directory.
#[derive(Debug)]
pub enum File {
    /// The host's.
    Host(host::File),
    /// One that came with the program.
    Embedded(bundle::File),
}

impl File {
    /// Opens `path`; the permissions of a new file are 0666 less the umask.
    pub fn open(path: &[u8], modes: Modes) -> Result<File> {
        match bundle::inside(path) {
            None => host::File::open(path, modes).map(File::Host),
            Some(inside) => inside.open(modes).map(File::Embedded),
        }
    }

    /// Closes it and tells what the host says; dropping closes it in silence.
    pub fn close(self) -> Result<()> {
        match self {
            File::Host(file) => file.close(),
            File::Embedded(_) => Ok(()),
        }
    }

    /// Reads until `buffer` is full or the file ends; 0 at the end.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        match self {
            File::Host(file) => file.read(buffer),
            File::Embedded(file) => file.read(buffer),
        }
    }

    /// Writes all of `bytes` at the position.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        match self {
            File::Host(file) => file.write(bytes),
            File::Embedded(file) => file.write(bytes),
        }
    }

    /// As `read`, from `offset`, leaving the position alone.
    pub fn pread(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        match self {
            File::Host(file) => file.pread(offset, buffer),
            File::Embedded(file) => file.pread(offset, buffer),
        }
    }

    /// As `write`, at `offset`, leaving the position alone.
    pub fn pwrite(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        match self {
            File::Host(file) => file.pwrite(offset, bytes),
            File::Embedded(file) => file.write(bytes),
        }
    }

    /// Moves the position and gives the new one.
    pub fn seek(&self, whence: Whence, offset: i64) -> Result<u64> {
        match self {
            File::Host(file) => file.seek(whence, offset),
            File::Embedded(file) => file.seek(whence, offset),
        }
    }

    /// Returns when data and everything needed to find it are stored.
    pub fn sync(&self) -> Result<()> {
        self.on_host(Ok(()), host::File::sync)
    }

    /// Returns when the data is stored.
    pub fn datasync(&self) -> Result<()> {
        self.on_host(Ok(()), host::File::datasync)
    }

    /// Cuts the file at the position.
    pub fn truncate(&self) -> Result<()> {
        self.on_host(Err(Posix::Einval), host::File::truncate)
    }

    /// Reserves space; where the file system cannot, the file only grows to that size.
    pub fn allocate(&self, offset: i64, length: i64) -> Result<()> {
        self.on_host(Err(Posix::Ebadf), |file| file.allocate(offset, length))
    }

    /// Hints how the file will be used.
    pub fn advise(&self, offset: i64, length: i64, advice: Advice) -> Result<()> {
        self.on_host(Ok(()), |file| file.advise(offset, length, advice))
    }

    /// The descriptor's number; -1 where there is none.
    pub fn handle(&self) -> i32 {
        self.on_host(-1, host::File::handle)
    }

    /// What is known of the open file.
    pub fn info(&self) -> Result<FileInfo> {
        match self {
            File::Host(file) => file.info(),
            File::Embedded(file) => Ok(file.info()),
        }
    }

    fn on_host<R>(&self, embedded: R, act: impl FnOnce(&host::File) -> R) -> R {
        match self {
            File::Host(file) => act(file),
            File::Embedded(_) => embedded,
        }
    }
}

/// All bytes of a file; `eisdir` for a directory.
pub fn read_file(path: &[u8]) -> Result<Vec<u8>> {
    const LEAST_BYTES: usize = 16 << 10;
    let file = File::open(path, Modes::READ)?;
    // A size is a hint: a pipe has none, a file may grow or shrink, and a device may lie.
    let size = file.info().map_or(0, |info| usize::try_from(info.size).unwrap_or(0));
    let mut bytes = Vec::new();
    let mut want = if size == 0 { LEAST_BYTES } else { size };
    loop {
        let filled = bytes.len();
        if !failure::try_reserve(&mut bytes, want) {
            return Err(Posix::Enomem);
        }
        bytes.resize(filled + want, 0);
        let got = file.read(&mut bytes[filled..])?;
        bytes.truncate(filled + got);
        if got < want || bytes.len() == size {
            return Ok(bytes);
        }
        want = bytes.len().max(LEAST_BYTES);
    }
}

/// `altname_nif`: only Windows has such names.
pub fn altname(_path: &[u8]) -> Result<Vec<u8>> {
    Err(Posix::Enotsup)
}

/// What a path leads to.
pub fn read_info(path: &[u8]) -> Result<FileInfo> {
    bundle::inside(path).map_or_else(|| host::read_info(path), |inside| inside.read_info())
}

/// As `read_info`, but a symbolic link is itself.
pub fn link_info(path: &[u8]) -> Result<FileInfo> {
    bundle::inside(path).map_or_else(|| host::link_info(path), |inside| inside.read_info())
}

/// Sets the permission bits.
pub fn set_permissions(path: &[u8], permissions: u32) -> Result<()> {
    bundle::inside(path).map_or_else(|| host::set_permissions(path, permissions), |inside| inside.change())
}

/// Sets owner and group; -1 leaves one as it is.
pub fn set_owner(path: &[u8], owner: i32, group: i32) -> Result<()> {
    bundle::inside(path).map_or_else(|| host::set_owner(path, owner, group), |inside| inside.change())
}

/// Sets the times of last read and last write; the third is the kernel's own.
pub fn set_time(path: &[u8], atime: i64, mtime: i64, ctime: i64) -> Result<()> {
    bundle::inside(path).map_or_else(|| host::set_time(path, atime, mtime, ctime), |inside| inside.change())
}

/// Where a symbolic link points.
pub fn read_link(path: &[u8]) -> Result<Vec<u8>> {
    bundle::inside(path).map_or_else(|| host::read_link(path), |inside| inside.read_link())
}

/// Names in a directory, in the host's order.
pub fn list_dir(path: &[u8]) -> Result<Vec<Vec<u8>>> {
    bundle::inside(path).map_or_else(|| host::list_dir(path), |inside| inside.list_dir())
}

/// Renames, replacing what is there where the host does.
pub fn rename(from: &[u8], to: &[u8]) -> Result<()> {
    match (bundle::inside(from), bundle::inside(to)) {
        (None, None) => host::rename(from, to),
        (Some(from), Some(to)) => match from.unlink() {
            Err(Posix::Erofs) => to.unlink(),
            answer => answer,
        },
        _ => Err(Posix::Exdev),
    }
}

/// A second name for a file.
pub fn make_hard_link(existing: &[u8], new: &[u8]) -> Result<()> {
    match (bundle::inside(existing), bundle::inside(new)) {
        (None, None) => host::make_hard_link(existing, new),
        (Some(existing), None) => existing.read_info().and(Err(Posix::Exdev)),
        (_, Some(new)) => link_info(existing).and_then(|_| new.make()),
    }
}

/// A symbolic link at `new` that says `existing`.
pub fn make_soft_link(existing: &[u8], new: &[u8]) -> Result<()> {
    bundle::inside(new).map_or_else(|| host::make_soft_link(existing, new), |inside| inside.make())
}

/// A directory, 0777 less the umask.
pub fn make_dir(path: &[u8]) -> Result<()> {
    bundle::inside(path).map_or_else(|| host::make_dir(path), |inside| inside.make())
}

/// Removes a name; a directory is `eperm`.
pub fn del_file(path: &[u8]) -> Result<()> {
    bundle::inside(path).map_or_else(|| host::del_file(path), |inside| inside.unlink())
}

/// Removes an empty directory; one that is not is `eexist`, or `einval` when we stand in it.
pub fn del_dir(path: &[u8]) -> Result<()> {
    bundle::inside(path).map_or_else(|| host::del_dir(path), |inside| inside.unlink())
}

/// Changes the current directory.
pub fn set_cwd(path: &[u8]) -> Result<()> {
    bundle::inside(path).map_or_else(|| host::set_cwd(path), |inside| inside.enter())
}
