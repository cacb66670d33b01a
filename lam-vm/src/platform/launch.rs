//! What a program is started with.

/// A program to start, and how its streams are tied to a port. All texts are bytes without zeros.
#[derive(Clone, Debug)]
pub struct Launch {
    pub what: What,
    /// Its whole environment.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// The folder it starts in; else the machine's own.
    pub folder: Option<Vec<u8>>,
    /// By descriptors 0 and 1; else by 3 and 4.
    pub by_stdio: bool,
    /// What it writes to descriptor 2 comes along with the rest.
    pub stderr_to_stdout: bool,
    /// The port gets what it writes.
    pub reads: bool,
    /// It gets what is sent to the port.
    pub writes: bool,
}

/// What runs.
#[derive(Clone, Debug)]
pub enum What {
    /// A line for `/bin/sh -c`, after `exec `.
    Line(Vec<u8>),
    /// A file, with the name that it sees as its own and its arguments.
    File { path: Vec<u8>, name: Vec<u8>, arguments: Vec<Vec<u8>> },
}

/// How a file of a port's own is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileUse {
    Read,
    /// Made, and emptied.
    Write,
    /// Made where it is missing.
    Both,
}

/// What `wait` looks for on one descriptor, and then what it saw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interest {
    pub read: bool,
    pub write: bool,
}
