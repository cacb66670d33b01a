//! The one error type of `lam`: what happened, why, and what to do.
//!
//! ```text
//! error: cannot read `shop.beam`: No such file or directory
//!
//! hint: compile it first: erlc shop.erl
//! ```

use std::fmt;
use std::io;
use std::path::Path;

/// What `lam` says before it ends with a code other than 0.
#[derive(Debug)]
pub struct Error {
    /// One sentence without a final dot; names in backticks.
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
    /// 1 the work failed, 2 wrong usage, 101 our bug.
    pub exit_code: u8,
    closed_pipe: bool,
}

/// What most functions here answer.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The work failed.
    pub fn new(message: impl Into<String>) -> Error {
        Error { message: message.into(), hint: None, exit_code: 1, closed_pipe: false }
    }

    /// The command line makes no sense.
    pub fn usage(message: impl Into<String>) -> Error {
        Error { exit_code: 2, ..Error::new(message) }
    }

    /// A program was stopped by its host: a fault of the machine inside it.
    pub fn stopped(message: impl Into<String>) -> Error {
        Error { exit_code: 101, ..Error::new(message) }
    }

    /// `lam` itself is wrong.
    pub fn bug(message: impl Into<String>) -> Error {
        Error { exit_code: 101, ..Error::new(message) }
            .hint("this is a fault in LAM; please report it with the input that shows it")
    }

    /// A failed read or write of `path`; `act` is "read" or "write".
    pub fn io(act: &str, path: &Path, error: &io::Error) -> Error {
        let closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Error { closed_pipe, ..Error::new(format!("cannot {act} `{}`: {}", path.display(), reason(error))) }
    }

    /// A failed write to stdout.
    pub fn stdout(error: &io::Error) -> Error {
        Error::io("write", Path::new("stdout"), error)
    }

    /// Adds what the user can do.
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the reader of our output has gone, which is not an error.
    pub fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Prints a warning in the form of an error.
pub fn warn(message: &str) {
    eprintln!("warning: {message}");
}

/// The system's words without Rust's ` (os error 2)`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_string(),
        None => text,
    }
}

/// A panic is our bug: it says so and how to tell us.
pub fn report_panic(info: &std::panic::PanicHookInfo<'_>) {
    let what = info.payload().downcast_ref::<&str>().map(|text| text.to_string());
    let what = what.or_else(|| info.payload().downcast_ref::<String>().cloned()).unwrap_or_default();
    // A reader that has gone away makes `println!` panic; that is no fault.
    if what.contains("Broken pipe") {
        std::process::exit(0);
    }
    let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
    eprintln!("{}", Error::bug(format!("lam {} stopped at {place}: {what}", env!("CARGO_PKG_VERSION"))));
    std::process::exit(101);
}
