//! A file system in memory, for the browser and for simulation: a tree of nodes, links of both kinds, and files that are
//! embedded in the program (shared bytes until they are written).
//!
//! ```text
//! Tree { nodes: [root, …], cwd }      a node is free when nothing names it and nothing holds it open
//!   Directory: name → node            File: bytes          Link: path
//! ```
//!
//! One lock guards the tree. There are no users: everything may be read and written, unless its mode says otherwise.

mod tree;

use std::borrow::Cow;

use self::tree::{Body, NodeId, Tree};
use super::posix::{Posix, Result};
use super::types::{Access, Advice, FileInfo, FileType, Modes, Whence};
use crate::sync::OnceLock;
use crate::sync::global::{Mutex, MutexGuard};

/// A file may not outgrow the address space; this keeps a mad seek from asking for it.
const MAX_FILE_BYTES: u64 = 1 << 31;

fn tree() -> MutexGuard<'static, Tree> {
    static TREE: OnceLock<Mutex<Tree>> = OnceLock::new();
    TREE.get_or_init(|| Mutex::new(Tree::new())).lock()
}

fn now() -> i64 {
    super::host::system_ns().div_euclid(1_000_000_000)
}

/// Puts a file of the program at an absolute path, making directories on the way. Its bytes are copied only when written.
pub fn embed(path: &[u8], bytes: &'static [u8]) -> Result<()> {
    let mut tree = tree();
    for (at, _) in path.iter().enumerate().filter(|(at, byte)| **byte == b'/' && *at > 0) {
        match tree.make_node(&path[..at], Body::Directory(Default::default()), 0o755, 0) {
            Ok(_) | Err(Posix::Eexist) => {}
            Err(error) => return Err(error),
        }
    }
    tree.make_node(path, Body::File(Cow::Borrowed(bytes)), 0o644, 0).map(|_| ())
}

/// An open file or directory.
#[derive(Debug)]
pub struct File {
    node: NodeId,
    modes: Modes,
    position: Mutex<u64>,
}

impl Drop for File {
    fn drop(&mut self) {
        tree().close(self.node);
    }
}

impl File {
    /// Opens `path`.
    pub fn open(path: &[u8], modes: Modes) -> Result<File> {
        let plan = modes.plan().ok_or(Posix::Einval)?;
        let now = now();
        let mut tree = tree();
        let node = match tree.find(path, !plan.exclusive) {
            Ok(_) if plan.create && plan.exclusive => return Err(Posix::Eexist),
            Ok(node) => node,
            Err(Posix::Enoent) if plan.create && !modes.has(Modes::DIRECTORY) => {
                tree.make_node(path, Body::File(Cow::Borrowed(b"")), 0o644, now)?
            }
            Err(error) => return Err(error),
        };
        let is_directory = matches!(tree.node(node).body, Body::Directory(_));
        match (is_directory, modes.has(Modes::DIRECTORY)) {
            (false, true) => return Err(Posix::Enotdir),
            (true, false) if plan.write || !modes.has(Modes::SKIP_TYPE_CHECK) => return Err(Posix::Eisdir),
            (true, true) if plan.write => return Err(Posix::Eisdir),
            _ => {}
        }
        let mode = tree.node(node).mode;
        if (plan.read && mode & 0o400 == 0) || (plan.write && mode & 0o200 == 0) {
            return Err(Posix::Eacces);
        }
        if plan.truncate {
            tree.change_bytes(node, now, |bytes| bytes.clear())?;
        }
        tree.open(node);
        Ok(File { node, modes, position: Mutex::new(0) })
    }

    /// Closes it.
    pub fn close(self) -> Result<()> {
        Ok(())
    }

    /// Reads until `buffer` is full or the file ends; 0 at the end.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut position = self.position.lock();
        let count = self.pread(*position, buffer)?;
        *position += count as u64;
        Ok(count)
    }

    /// Writes all of `bytes` at the position.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        let mut position = self.position.lock();
        if self.modes.has(Modes::APPEND) {
            *position = self.size()?;
        }
        self.put(*position, bytes)?;
        *position += bytes.len() as u64;
        Ok(())
    }

    /// As `read`, from `offset`, leaving the position alone.
    pub fn pread(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        if !self.modes.has(Modes::READ) {
            return Err(Posix::Ebadf);
        }
        let tree = tree();
        let bytes = tree.bytes(self.node)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let count = buffer.len().min(bytes.len() - from);
        buffer[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    }

    /// As `write`, at `offset`, leaving the position alone; Linux appends even so where the file is open to append.
    pub fn pwrite(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let offset = if self.modes.has(Modes::APPEND) { self.size()? } else { offset };
        self.put(offset, bytes)
    }

    fn put(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        if !self.modes.has(Modes::WRITE) && !self.modes.has(Modes::APPEND) {
            return Err(Posix::Ebadf);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let end = offset.checked_add(bytes.len() as u64).filter(|end| *end <= MAX_FILE_BYTES).ok_or(Posix::Efbig)?;
        let (start, end) = (offset as usize, end as usize);
        tree().change_bytes(self.node, now(), |held| {
            if held.len() < end {
                held.resize(end, 0);
            }
            held[start..end].copy_from_slice(bytes);
        })
    }

    fn size(&self) -> Result<u64> {
        Ok(tree().bytes(self.node)?.len() as u64)
    }

    /// Moves the position and gives the new one.
    pub fn seek(&self, whence: Whence, offset: i64) -> Result<u64> {
        let mut position = self.position.lock();
        let base = match whence {
            Whence::Start => 0,
            Whence::Current => *position,
            Whence::End => self.size()?,
        };
        *position = base.checked_add_signed(offset).ok_or(Posix::Einval)?;
        Ok(*position)
    }

    /// Nothing to store.
    pub fn sync(&self) -> Result<()> {
        Ok(())
    }

    /// Nothing to store.
    pub fn datasync(&self) -> Result<()> {
        Ok(())
    }

    /// Cuts or extends the file to the position.
    pub fn truncate(&self) -> Result<()> {
        if !self.modes.has(Modes::WRITE) {
            return Err(Posix::Einval);
        }
        let size = *self.position.lock();
        if size > MAX_FILE_BYTES {
            return Err(Posix::Efbig);
        }
        tree().change_bytes(self.node, now(), |bytes| bytes.resize(size as usize, 0))
    }

    /// Grows the file where it is too short.
    pub fn allocate(&self, offset: i64, length: i64) -> Result<()> {
        let (Ok(start), Ok(count)) = (u64::try_from(offset), u64::try_from(length)) else { return Err(Posix::Einval) };
        if !self.modes.has(Modes::WRITE) {
            return Err(Posix::Ebadf);
        }
        let end = start.checked_add(count).filter(|end| *end <= MAX_FILE_BYTES).ok_or(Posix::Efbig)?;
        tree().change_bytes(self.node, now(), |bytes| {
            if (bytes.len() as u64) < end {
                bytes.resize(end as usize, 0);
            }
        })
    }

    /// Memory needs no hints.
    pub fn advise(&self, _offset: i64, _length: i64, _advice: Advice) -> Result<()> {
        Ok(())
    }

    /// A number that names the file while it is open.
    pub fn handle(&self) -> i32 {
        i32::try_from(self.node.0).unwrap_or(i32::MAX).saturating_add(3)
    }

    /// What is known of the open file.
    pub fn info(&self) -> Result<FileInfo> {
        Ok(info_of(&tree(), self.node))
    }
}

fn info_of(tree: &Tree, id: NodeId) -> FileInfo {
    let node = tree.node(id);
    let (file_type, size, type_bits) = match &node.body {
        Body::File(bytes) => (FileType::Regular, bytes.len(), 0o100_000),
        Body::Directory(_) => (FileType::Directory, 4096, 0o040_000),
        Body::Link(target) => (FileType::Symlink, target.len(), 0o120_000),
    };
    FileInfo {
        size: size as i64,
        file_type,
        access: Access { read: node.mode & 0o400 != 0, write: node.mode & 0o200 != 0 },
        atime: node.atime,
        mtime: node.mtime,
        ctime: node.ctime,
        mode: node.mode | type_bits,
        links: node.links,
        major_device: 1,
        minor_device: 0,
        inode: id.0 + 1,
        uid: 0,
        gid: 0,
    }
}

/// What a path leads to.
pub fn read_info(path: &[u8]) -> Result<FileInfo> {
    let tree = tree();
    Ok(info_of(&tree, tree.find(path, true)?))
}

/// As `read_info`, but a symbolic link is itself.
pub fn link_info(path: &[u8]) -> Result<FileInfo> {
    let tree = tree();
    Ok(info_of(&tree, tree.find(path, false)?))
}

/// Sets the permission bits.
pub fn set_permissions(path: &[u8], permissions: u32) -> Result<()> {
    let now = now();
    let mut tree = tree();
    let id = tree.find(path, true)?;
    let node = tree.node_mut(id);
    node.mode = permissions & 0o6777;
    node.ctime = now;
    Ok(())
}

/// There are no owners; the path must lead somewhere.
pub fn set_owner(path: &[u8], _owner: i32, _group: i32) -> Result<()> {
    tree().find(path, true).map(|_| ())
}

/// Sets the times of last read and last write.
pub fn set_time(path: &[u8], atime: i64, mtime: i64, _ctime: i64) -> Result<()> {
    let now = now();
    let mut tree = tree();
    let id = tree.find(path, true)?;
    let node = tree.node_mut(id);
    (node.atime, node.mtime, node.ctime) = (atime, mtime, now);
    Ok(())
}

/// Where a symbolic link points.
pub fn read_link(path: &[u8]) -> Result<Vec<u8>> {
    let tree = tree();
    match &tree.node(tree.find(path, false)?).body {
        Body::Link(target) => Ok(target.clone()),
        _ => Err(Posix::Einval),
    }
}

/// Names in a directory, in order.
pub fn list_dir(path: &[u8]) -> Result<Vec<Vec<u8>>> {
    let tree = tree();
    match &tree.node(tree.find(path, true)?).body {
        Body::Directory(names) => Ok(names.keys().cloned().collect()),
        _ => Err(Posix::Enotdir),
    }
}

/// Renames, replacing a file, or an empty directory by a directory.
pub fn rename(from: &[u8], to: &[u8]) -> Result<()> {
    tree().rename(from, to)
}

/// A second name for a file.
pub fn make_hard_link(existing: &[u8], new: &[u8]) -> Result<()> {
    tree().hard_link(existing, new)
}

/// A symbolic link at `new` that says `existing`.
pub fn make_soft_link(existing: &[u8], new: &[u8]) -> Result<()> {
    if existing.is_empty() {
        return Err(Posix::Enoent);
    }
    tree().make_node(new, Body::Link(existing.to_vec()), 0o777, now()).map(|_| ())
}

/// A directory.
pub fn make_dir(path: &[u8]) -> Result<()> {
    tree().make_node(path, Body::Directory(Default::default()), 0o755, now()).map(|_| ())
}

/// Removes a name; a directory is `eperm`.
pub fn del_file(path: &[u8]) -> Result<()> {
    tree().remove(path, false)
}

/// Removes an empty directory; one that is not is `eexist`, or `einval` when we stand in it.
pub fn del_dir(path: &[u8]) -> Result<()> {
    tree().remove(path, true)
}

/// The current directory.
pub fn get_cwd() -> Result<Vec<u8>> {
    Ok(tree().cwd().to_vec())
}

/// Changes the current directory.
pub fn set_cwd(path: &[u8]) -> Result<()> {
    tree().set_cwd(path)
}
