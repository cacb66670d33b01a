//! What goes into the middle of a build and what comes out: the contract between the command line and `link`.
//!
//! ```text
//! BuildInput { given, library, options, target, … } ─► link::build_image ─► BuiltImage { bytes, report }
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

pub use crate::args::{Boot, Shake, Target};

/// A module named on the command line, its bytes as read (gunzipped or not).
#[derive(Debug, Clone)]
pub struct Given {
    /// The module's name, from its atom table.
    pub name: String,
    /// Where it came from, for messages.
    pub path: PathBuf,
    /// The file's bytes.
    pub bytes: Arc<[u8]>,
}

/// A given `.app` file.
#[derive(Debug, Clone)]
pub struct GivenApp {
    /// The application's name: the file's name without `.app`.
    pub name: String,
    /// Where it came from.
    pub path: PathBuf,
    /// The file's text.
    pub bytes: Arc<[u8]>,
}

/// A file (or a folder, without bytes) of the program's own file system.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// From the root on: `lib/shop/priv/a.txt`.
    pub path: String,
    /// `None` for a folder.
    pub bytes: Option<Arc<[u8]>>,
}

/// A module or `.app` file of the library.
#[derive(Debug, Clone)]
pub struct LibraryFile {
    /// The application it belongs to, without version: `stdlib`, `erts`, or `lam` for ours.
    pub app: String,
    /// The file's bytes.
    pub bytes: Arc<[u8]>,
}

/// The OTP at hand, with LAM's own modules before OTP's.
pub trait Library {
    /// A module by its name.
    fn module(&self, name: &str) -> Option<LibraryFile>;
    /// The application of a module.
    fn app_of(&self, name: &str) -> Option<String> {
        self.module(name).map(|file| file.app)
    }
    /// Every module name, sorted.
    fn module_names(&self) -> Vec<String>;
    /// The `.app` file of an application.
    fn app_file(&self, app: &str) -> Option<LibraryFile>;
    /// Where it lies, for the report: a path or `embedded`.
    fn origin(&self) -> String;
    /// OTP's release, as in `releases/25/OTP_VERSION` or from kernel's version: `25`.
    fn release(&self) -> String;
    /// The release's first number; 25 where it has none.
    fn major(&self) -> u32 {
        self.release().split('.').next().and_then(|major| major.parse().ok()).unwrap_or(25)
    }
}

/// Where the program begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The only given module with `main/1`, else `main/0`.
    Default,
    /// As written after `--entrypoint`: module, function, arity.
    Function(String, Option<String>, Option<u8>),
    /// An OTP application.
    App(String),
    /// OTP's own shell.
    Shell,
}

/// Configuration files: name inside the image, and text.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Those of the command line.
    pub named: Vec<(String, Vec<u8>)>,
    /// Those that these name.
    pub included: Vec<(String, Vec<u8>)>,
}

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the program begins.
    pub entry: Entry,
    /// Modules or `M:F/A` to keep.
    pub keep: Vec<String>,
    /// What to leave out.
    pub shake: Shake,
    /// The boot level, when the user names one.
    pub boot: Option<Boot>,
    /// Configuration files.
    pub config: Config,
    /// Emulator flags, one line a string, comments already taken out.
    pub vm_args: Vec<String>,
    /// What is missing is an error.
    pub strict: bool,
}

/// All that `link::build_image` may look at.
pub struct BuildInput<'a> {
    /// Given modules, one of each name, sorted by name.
    pub given: Vec<Given>,
    /// Given `.app` files, sorted by name.
    pub apps: Vec<GivenApp>,
    /// Files that go in as they are, sorted by path.
    pub files: Vec<Embedded>,
    /// OTP and our own modules.
    pub library: &'a dyn Library,
    /// What the user asked for.
    pub options: Options,
    /// Where it shall run.
    pub target: Target,
    /// The address at which the image will most likely lie; it is laid out for it.
    pub base_address: u64,
}

/// A module inside an image, for the size report.
#[derive(Debug, Clone)]
pub struct ModuleReport {
    /// Its name.
    pub name: String,
    /// The application it belongs to; `given` for given ones without.
    pub app: String,
    /// Bytes of code it takes.
    pub code_bytes: u64,
    /// Bytes of literals that it brought.
    pub literal_bytes: u64,
    /// Functions kept, of how many.
    pub functions: (u32, u32),
    /// Whether it was given, and not the library's.
    pub given: bool,
}

/// A call that will fail at run time, with how the program gets there.
#[derive(Debug, Clone)]
pub struct Missing {
    /// What is missing and why, as one sentence.
    pub what: String,
    /// The function that calls it, then who asked for that one, up to a root.
    pub path: Vec<String>,
}

/// What `link::build_image` gives back.
#[derive(Debug, Clone, Default)]
pub struct BuiltImage {
    /// The image; its length is a multiple of 4096.
    pub bytes: Vec<u8>,
    /// Numbers of the machine's functions that the program may call (`lam_vm::bif::TABLES` in order).
    pub natives: BTreeSet<u16>,
    /// The entry that was chosen, as `M:F/A`.
    pub entry: String,
    /// The boot level, and why.
    pub boot: String,
    /// What went in.
    pub modules: Vec<ModuleReport>,
    /// The library's modules of which nothing went in, by application.
    pub left_out: BTreeMap<String, Vec<String>>,
    /// Sizes of the sections, in order, for the report.
    pub sections: Vec<(&'static str, u64)>,
    /// What will fail.
    pub missing: Vec<Missing>,
    /// Other things the user should know, each a warning.
    pub warnings: Vec<String>,
}
