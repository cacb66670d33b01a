//! Files embedded in the program, as a read-only file system below `ROOT` on every host.
//!
//! ```text
//! /dev/null/lam                 ROOT: no POSIX system can have anything below `/dev/null`, so this hides nothing
//!   lib/APP/ebin/APP.app        of a given application
//!   lib/APP/priv/…              `priv` beside its `ebin`, or what `--include APP=DIR` named
//! ```
//!
//! Answers are those of Linux for a file system that is mounted read-only, and for two that a name cannot be moved between.
//! `..` is followed up to `ROOT`; a path that leaves it is the host's. The current directory is never here.

pub mod index;

use self::index::{Index, Row};
use super::posix::{Posix, Result};
use super::types::{Access, FileInfo, FileType, Modes, Whence};
use crate::sync::OnceLock;
use crate::sync::global::Mutex;

/// Where the files lie.
pub const ROOT: &str = "/dev/null/lam";
const ROOT_PARTS: [&[u8]; 3] = [b"dev", b"null", b"lam"];

static MOUNTED: OnceLock<Bundle> = OnceLock::new();

/// The embedded files of one program.
struct Bundle {
    index: Index<'static>,
    contents: &'static [u8],
}

/// Makes an image's files visible, once a process; where there are none, `ROOT` is the host's.
pub fn mount(index: &'static [u8], contents: &'static [u8]) {
    let index = Index::new(index);
    if index.count() > 0 {
        let _ = MOUNTED.set(Bundle { index, contents });
    }
}

/// The full path of an embedded folder, if it is there.
pub fn folder(path: &[u8]) -> Option<Vec<u8>> {
    let row = MOUNTED.get()?.index.find(path)?.1;
    row.file.is_none().then(|| [ROOT.as_bytes(), b"/", path].concat())
}

/// A path below `ROOT`: its names from there on.
pub struct Inside<'p> {
    bundle: &'static Bundle,
    parts: Vec<&'p [u8]>,
    must_be_folder: bool,
}

/// What a path leads to.
enum Found {
    /// With its number.
    Row(usize, Row<'static>),
    /// A name that its folder does not have.
    Missing,
}

/// The path as one of embedded files; `None` where it is the host's.
pub fn inside(path: &[u8]) -> Option<Inside<'_>> {
    let bundle = MOUNTED.get()?;
    locate(bundle, path)
}

fn locate<'p>(bundle: &'static Bundle, path: &'p [u8]) -> Option<Inside<'p>> {
    if !path.starts_with(b"/") || path.contains(&0) {
        return None;
    }
    let mut parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    if !ROOT_PARTS.iter().all(|part| parts.next() == Some(*part)) {
        return None;
    }
    let parts: Vec<&[u8]> = parts.collect();
    let mut depth = 0usize;
    for part in &parts {
        depth = if *part == b".." { depth.checked_sub(1)? } else { depth + 1 };
    }
    let must_be_folder = path.ends_with(b"/") || path.ends_with(b"/.");
    Some(Inside { bundle, parts, must_be_folder })
}

impl Inside<'_> {
    /// Walks from the root; every name but the last must be a folder's.
    fn find(&self) -> Result<Found> {
        let index = &self.bundle.index;
        let mut path: Vec<u8> = Vec::new();
        let mut found = index.find(b"").map_or(Found::Missing, |(number, row)| Found::Row(number, row));
        for part in &self.parts {
            match &found {
                Found::Missing => return Err(Posix::Enoent),
                Found::Row(_, row) if row.file.is_some() => return Err(Posix::Enotdir),
                Found::Row(..) => {}
            }
            if part.len() > 255 {
                return Err(Posix::Enametoolong);
            }
            if *part == b".." {
                path.truncate(path.iter().rposition(|byte| *byte == b'/').unwrap_or(0));
            } else {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(part);
            }
            found = index.find(&path).map_or(Found::Missing, |(number, row)| Found::Row(number, row));
        }
        match &found {
            Found::Row(_, row) if self.must_be_folder && row.file.is_some() => Err(Posix::Enotdir),
            _ => Ok(found),
        }
    }

    fn row(&self) -> Result<(usize, Row<'static>)> {
        match self.find()? {
            Found::Row(number, row) => Ok((number, row)),
            Found::Missing => Err(Posix::Enoent),
        }
    }

    /// Opens a file to be read, or a folder that is asked for as one.
    pub fn open(&self, modes: Modes) -> Result<File> {
        let plan = modes.plan().ok_or(Posix::Einval)?;
        let (number, row) = match self.find()? {
            Found::Row(..) if plan.create && plan.exclusive => return Err(Posix::Eexist),
            Found::Row(number, row) => (number, row),
            Found::Missing if plan.create && !modes.has(Modes::DIRECTORY) => return Err(Posix::Erofs),
            Found::Missing => return Err(Posix::Enoent),
        };
        let bytes = match row.file {
            Some(_) if modes.has(Modes::DIRECTORY) => return Err(Posix::Enotdir),
            Some(_) if plan.write => return Err(Posix::Erofs),
            Some(file) => Some(index::content(self.bundle.contents, file).ok_or(Posix::Eio)?),
            None if plan.write => return Err(Posix::Eisdir),
            None if !modes.has(Modes::DIRECTORY) && !modes.has(Modes::SKIP_TYPE_CHECK) => return Err(Posix::Eisdir),
            None => None,
        };
        Ok(File { bytes, info: info(number, row), position: Mutex::new(0) })
    }

    /// What it leads to; there are no links.
    pub fn read_info(&self) -> Result<FileInfo> {
        self.row().map(|(number, row)| info(number, row))
    }

    /// Nothing here is a link.
    pub fn read_link(&self) -> Result<Vec<u8>> {
        self.row().and(Err(Posix::Einval))
    }

    /// Names in a folder, sorted.
    pub fn list_dir(&self) -> Result<Vec<Vec<u8>>> {
        let (number, folder) = self.row()?;
        if folder.file.is_some() {
            return Err(Posix::Enotdir);
        }
        let index = &self.bundle.index;
        let mut names = Vec::new();
        for row in (number + 1..index.count()).map_while(|number| index.row(number)) {
            let rest = if folder.path.is_empty() {
                Some(row.path)
            } else {
                row.path.strip_prefix(folder.path).map(|rest| rest.strip_prefix(b"/").unwrap_or_default())
            };
            // Of `a`, `a-b` and `a/c` the second is between the others and no child of the first.
            let Some(rest) = rest else { break };
            if !rest.is_empty() && !rest.contains(&b'/') {
                names.push(rest.to_vec());
            }
        }
        Ok(names)
    }

    /// Why nothing can be made at the path.
    pub fn make<T>(&self) -> Result<T> {
        match self.find()? {
            Found::Row(..) => Err(Posix::Eexist),
            Found::Missing => Err(Posix::Erofs),
        }
    }

    /// Why nothing can be removed, or moved from or to the path: the system does not look at its last name.
    pub fn unlink<T>(&self) -> Result<T> {
        self.find().and(Err(Posix::Erofs))
    }

    /// Why nothing of what is there can be changed.
    pub fn change<T>(&self) -> Result<T> {
        self.row().and(Err(Posix::Erofs))
    }

    /// Why it cannot become the current directory.
    pub fn enter<T>(&self) -> Result<T> {
        match self.row()?.1.file {
            Some(_) => Err(Posix::Enotdir),
            None => Err(Posix::Enotsup),
        }
    }
}

/// Times are 1970: the same input gives the same program.
fn info(number: usize, row: Row<'_>) -> FileInfo {
    let (file_type, size, mode) = match row.file {
        Some((_, length, _)) => (FileType::Regular, length as i64, 0o100_444),
        None => (FileType::Directory, 4096, 0o040_555),
    };
    FileInfo {
        size,
        file_type,
        access: Access { read: true, write: false },
        atime: 0,
        mtime: 0,
        ctime: 0,
        mode,
        links: 1,
        major_device: 0,
        minor_device: 0,
        inode: number as u32 + 1,
        uid: 0,
        gid: 0,
    }
}

/// An open file or folder.
#[derive(Debug)]
pub struct File {
    /// `None` for a folder.
    bytes: Option<&'static [u8]>,
    info: FileInfo,
    position: Mutex<u64>,
}

impl File {
    /// Reads until `buffer` is full or the file ends; 0 at the end.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let mut position = self.position.lock();
        let count = self.pread(*position, buffer)?;
        *position += count as u64;
        Ok(count)
    }

    /// As `read`, from `offset`, leaving the position alone.
    pub fn pread(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let bytes = self.bytes.ok_or(Posix::Eisdir)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let count = buffer.len().min(bytes.len() - from);
        buffer[..count].copy_from_slice(&bytes[from..from + count]);
        Ok(count)
    }

    /// It is not open for that.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() { Ok(()) } else { Err(Posix::Ebadf) }
    }

    /// Moves the position and gives the new one.
    pub fn seek(&self, whence: Whence, offset: i64) -> Result<u64> {
        let mut position = self.position.lock();
        let from = match whence {
            Whence::Start => 0,
            Whence::Current => i64::try_from(*position).map_err(|_| Posix::Eoverflow)?,
            Whence::End => self.info.size,
        };
        let to = from.checked_add(offset).ok_or(Posix::Eoverflow)?;
        *position = u64::try_from(to).map_err(|_| Posix::Einval)?;
        Ok(*position)
    }

    /// What is known of it.
    pub fn info(&self) -> FileInfo {
        self.info
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bundle of its own; what is mounted is one for a process.
    fn bundle() -> &'static Bundle {
        let entries = [
            ("lib/shop/priv/a.txt".to_string(), Some(&b"hello"[..])),
            ("lib/shop/priv/deep/b".to_string(), Some(&b""[..])),
            ("lib/shop-x/priv/c".to_string(), Some(&b"c"[..])),
            ("lib/shop/priv/empty".to_string(), None),
        ];
        let (index, contents) = index::encode(&entries);
        let (index, contents) = (Box::leak(index.into_boxed_slice()), Box::leak(contents.into_boxed_slice()));
        Box::leak(Box::new(Bundle { index: Index::new(index), contents }))
    }

    fn at(path: &'static str) -> Inside<'static> {
        locate(bundle(), path.as_bytes()).expect("it lies inside")
    }

    #[test]
    fn paths_are_walked_as_the_system_walks_them() {
        for path in ["/dev/null/lam/lib/shop/priv/a.txt", "//dev/./null//lam/lib/shop/priv/deep/../a.txt"] {
            assert_eq!(at(path).read_info().map(|info| info.size), Ok(5), "{path}");
        }
        for (path, error) in [
            ("/dev/null/lam/lib/shop/priv/none", Posix::Enoent),
            ("/dev/null/lam/lib/none/../shop", Posix::Enoent),
            ("/dev/null/lam/lib/shop/priv/a.txt/", Posix::Enotdir),
            ("/dev/null/lam/lib/shop/priv/a.txt/b", Posix::Enotdir),
        ] {
            assert_eq!(at(path).read_info().map(|info| info.size), Err(error), "{path}");
        }
        for path in ["/dev/null", "dev/null/lam", "/dev/null/lamb", "/dev/null/lam/../x", "/dev/null/lam/lib/../../../null"] {
            assert!(locate(bundle(), path.as_bytes()).is_none(), "{path}");
        }
    }

    #[test]
    fn folders_list_their_own_names() {
        let names = |path| {
            at(path).list_dir().map(|names| names.into_iter().map(|name| String::from_utf8(name).expect("text")).collect())
        };
        assert_eq!(names("/dev/null/lam"), Ok(vec!["lib".to_string()]));
        assert_eq!(names("/dev/null/lam/lib"), Ok(vec!["shop".to_string(), "shop-x".to_string()]));
        assert_eq!(names("/dev/null/lam/lib/shop"), Ok(vec!["priv".to_string()]));
        assert_eq!(names("/dev/null/lam/lib/shop/priv/"), Ok(["a.txt", "deep", "empty"].map(String::from).to_vec()));
        assert_eq!(names("/dev/null/lam/lib/shop/priv/empty"), Ok(Vec::new()));
        assert_eq!(names("/dev/null/lam/lib/shop/priv/a.txt"), Err(Posix::Enotdir));
    }

    #[test]
    fn files_are_read_and_nothing_is_written() {
        let file = at("/dev/null/lam/lib/shop/priv/a.txt").open(Modes::READ).expect("it is there");
        let mut buffer = [0; 3];
        assert_eq!((file.read(&mut buffer), &buffer), (Ok(3), b"hel"));
        assert_eq!((file.read(&mut buffer), &buffer[..2]), (Ok(2), &b"lo"[..]));
        assert_eq!((file.pread(1, &mut buffer), &buffer), (Ok(3), b"ell"));
        assert_eq!(
            (file.pread(9, &mut buffer), file.seek(Whence::End, -1), file.seek(Whence::Start, -1)),
            (Ok(0), Ok(4), Err(Posix::Einval))
        );
        assert_eq!(file.write(b"x"), Err(Posix::Ebadf));
        let open = |path, modes| at(path).open(modes).map(|_| ()).expect_err("it is refused");
        assert_eq!(open("/dev/null/lam/lib/shop/priv/a.txt", Modes::WRITE), Posix::Erofs);
        assert_eq!(open("/dev/null/lam/lib/shop/priv/new", Modes::WRITE), Posix::Erofs);
        assert_eq!(open("/dev/null/lam/lib/shop/priv/new", Modes::READ), Posix::Enoent);
        assert_eq!(open("/dev/null/lam/lib/shop/priv/a.txt", Modes::WRITE.with(Modes::EXCLUSIVE)), Posix::Eexist);
        assert_eq!(open("/dev/null/lam/lib/shop/priv", Modes::READ), Posix::Eisdir);
        assert_eq!(open("/dev/null/lam/none/new", Modes::WRITE), Posix::Enoent);
        assert_eq!(at("/dev/null/lam/lib").make::<()>(), Err(Posix::Eexist));
        assert_eq!(at("/dev/null/lam/new").make::<()>(), Err(Posix::Erofs));
        assert_eq!(at("/dev/null/lam/lib/shop/priv/a.txt").unlink::<()>(), Err(Posix::Erofs));
        assert_eq!(at("/dev/null/lam/lib/shop/priv/a.txt").change::<()>(), Err(Posix::Erofs));
        assert_eq!(at("/dev/null/lam/lib/shop/priv/a.txt").read_link(), Err(Posix::Einval));
        assert_eq!(at("/dev/null/lam/lib").enter::<()>(), Err(Posix::Enotsup));
    }
}
