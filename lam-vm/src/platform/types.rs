//! What every host speaks: open modes, file information, standard streams, reasons to wake.

/// How a file is opened: a set of the flags below, as `prim_file`'s list of modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes(pub u32);

impl Modes {
    /// `read`
    pub const READ: Modes = Modes(1);
    /// `write`; empties the file when it stands without `read` and `append`.
    pub const WRITE: Modes = Modes(1 << 1);
    /// `append`: every write goes to the end.
    pub const APPEND: Modes = Modes(1 << 2);
    /// `exclusive`: the file must not exist.
    pub const EXCLUSIVE: Modes = Modes(1 << 3);
    /// `sync`: a write returns when the data is stored.
    pub const SYNC: Modes = Modes(1 << 4);
    /// `skip_type_check`: a directory may be opened although `directory` is not said.
    pub const SKIP_TYPE_CHECK: Modes = Modes(1 << 5);
    /// `directory`: it must be a directory.
    pub const DIRECTORY: Modes = Modes(1 << 7);

    /// Whether every flag of `flags` is set.
    pub const fn has(self, flags: Modes) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Both sets.
    pub const fn with(self, flags: Modes) -> Modes {
        Modes(self.0 | flags.0)
    }

    /// What the flags ask of a fresh descriptor; `None` without `read` and `write`.
    pub const fn plan(self) -> Option<OpenPlan> {
        let (read, write) = (self.has(Modes::READ), self.has(Modes::WRITE));
        if !read && !write {
            return None;
        }
        let append = self.has(Modes::APPEND);
        Some(OpenPlan {
            read,
            write,
            create: write,
            truncate: write && !read && !append,
            append,
            exclusive: self.has(Modes::EXCLUSIVE),
        })
    }
}

/// `Modes` taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenPlan {
    /// May be read.
    pub read: bool,
    /// May be written.
    pub write: bool,
    /// Is made when it is missing.
    pub create: bool,
    /// Is emptied.
    pub truncate: bool,
    /// Is written at its end only.
    pub append: bool,
    /// Must not exist yet.
    pub exclusive: bool,
}

/// Where a seek counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whence {
    /// `bof`
    Start,
    /// `cur`
    Current,
    /// `eof`
    End,
}

/// `posix_fadvise`'s hints; a host may ignore them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// `normal`
    Normal,
    /// `random`
    Random,
    /// `sequential`
    Sequential,
    /// `will_need`
    WillNeed,
    /// `dont_need`
    DontNeed,
    /// `no_reuse`
    NoReuse,
}

/// `#file_info.type`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// `device`
    Device,
    /// `directory`
    Directory,
    /// `regular`
    Regular,
    /// `symlink`
    Symlink,
    /// `other`
    Other,
}

impl FileType {
    /// The atom's text.
    pub const fn name(self) -> &'static str {
        match self {
            FileType::Device => "device",
            FileType::Directory => "directory",
            FileType::Regular => "regular",
            FileType::Symlink => "symlink",
            FileType::Other => "other",
        }
    }
}

/// `#file_info.access`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The machine may read it.
    pub read: bool,
    /// The machine may write it.
    pub write: bool,
}

impl Access {
    /// The atom's text.
    pub const fn name(self) -> &'static str {
        match (self.read, self.write) {
            (true, true) => "read_write",
            (true, false) => "read",
            (false, true) => "write",
            (false, false) => "none",
        }
    }
}

/// What `read_info_nif` answers, in the order of `#file_info{}`. Times are whole seconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Bytes.
    pub size: i64,
    /// Kind of file.
    pub file_type: FileType,
    /// What we may do with it.
    pub access: Access,
    /// Last read.
    pub atime: i64,
    /// Last write.
    pub mtime: i64,
    /// Last change of the inode.
    pub ctime: i64,
    /// Type and permission bits.
    pub mode: u32,
    /// Names of this file.
    pub links: u32,
    /// The device that holds it.
    pub major_device: u32,
    /// The device that it is.
    pub minor_device: u32,
    /// Inode number, its low 32 bits as OTP's.
    pub inode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// One of the two streams that words go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Data.
    Stdout,
    /// Words.
    Stderr,
}

/// How a write to a standard stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// All of it.
    All,
    /// The reader has gone; that is an end, not an error.
    Closed,
    /// The host refused.
    Failed(super::posix::Posix),
}

/// What a read of stdin gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StdinRead {
    /// That many bytes, at least one.
    Bytes(usize),
    /// Nothing will come any more.
    Eof,
    /// Nothing is there now (a host that cannot block).
    NotYet,
    /// The host refused.
    Failed(super::posix::Posix),
}

/// Why `wait` returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// stdin has bytes or has ended.
    Stdin,
    /// The deadline is reached.
    Deadline,
    /// A signal came, or another thread called `wake`; look again and wait again.
    Interrupted,
    /// This host cannot wait inside the machine: return to it (web).
    ReturnToHost,
}

/// What a signal of the system does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// What the system does with it by itself.
    Default,
    /// Nothing.
    Ignore,
    /// `take_signal` tells of it.
    Handle,
}

/// Cells of a terminal window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSize {
    /// Cells in a line.
    pub columns: u32,
    /// Lines.
    pub rows: u32,
}

/// What a program asks of the terminal; what is false stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawMode {
    /// Each byte comes at once, return as it is typed.
    pub is_unbuffered: bool,
    /// A line end that is written is no return.
    pub is_unprocessed: bool,
    /// What is typed is not shown.
    pub is_silent: bool,
    /// An interrupt comes as a signal instead of ending the program.
    pub notes_interrupts: bool,
}
