//! The command line, declared once; the help derives from it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Packs Erlang and Elixir programs into one file for native, WASI and the web.
#[derive(Debug, Parser)]
#[command(name = "lam", version = crate::parts::version(), about, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of `lam`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Packs .beam files into one program
    Build(BuildArgs),
    /// Builds to a temporary place and runs it; also runs a finished .wasm
    Run(RunArgs),
    /// Prints the shortest call path that keeps a function
    Why(WhyArgs),
    /// Shows what is inside a built program or a .beam file
    Inspect(InspectArgs),
    /// Prints the licences of everything inside a built program
    Licenses(LicensesArgs),
}

/// Where a program shall run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// This system: one executable file
    Native,
    /// Any WASI preview 1 host: one .wasm file
    Wasm,
    /// Browsers: .wasm, ES module, types and a page
    Web,
}

impl Target {
    /// The name that `-t` takes.
    pub fn name(self) -> &'static str {
        match self {
            Target::Native => "native",
            Target::Wasm => "wasm",
            Target::Web => "web",
        }
    }
}

/// How much unreachable code is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shake {
    /// Keep everything
    None,
    /// Leave out whole modules
    Modules,
    /// Leave out single functions of the library
    Functions,
    /// Leave out functions of the given modules too
    All,
}

/// How much of kernel is started before the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Boot {
    /// No kernel process
    None,
    /// Kernel's supervision tree
    Kernel,
    /// Kernel and the program's applications
    App,
}

impl Boot {
    /// The name that `--boot` takes.
    pub fn name(self) -> &'static str {
        match self {
            Boot::None => "none",
            Boot::Kernel => "kernel",
            Boot::App => "app",
        }
    }
}

/// What decides the content of a program; the same for `build` and `run`.
#[derive(Debug, Clone, clap::Args)]
pub struct ProgramArgs {
    /// .beam and .ez files, escripts, folders that hold .beam files, or patterns like 'ebin/*.beam'
    #[arg(required_unless_present = "shell", value_name = "FILES|DIRS|GLOBS")]
    pub inputs: Vec<PathBuf>,
    /// Where the program begins: M, M:F or M:F/A
    #[arg(short, long, value_name = "M[:F[/A]]")]
    pub entrypoint: Option<String>,
    /// Starts this OTP application instead of calling a function; the program runs until it ends or `init:stop`
    #[arg(long, value_name = "NAME", conflicts_with = "entrypoint")]
    pub app: Option<String>,
    /// Builds `erl`'s shell, with all of kernel, stdlib and compiler and what is given (which may be nothing)
    #[arg(long, conflicts_with_all = ["entrypoint", "app"])]
    pub shell: bool,
    /// The OTP to link with [default: LAM_OTP, `erl` on the path, the copy inside lam]
    #[arg(long, value_name = "DIR")]
    pub otp: Option<PathBuf>,
    /// A folder of applications to take code from where it is reached, such as Elixir's own [default: those of `elixir` on the path]
    #[arg(long, value_name = "DIR")]
    pub lib: Vec<PathBuf>,
    /// Keeps a module (or M:F/A) that no call was found to reach
    #[arg(long, value_name = "M")]
    pub keep: Vec<String>,
    /// Puts a folder into the program as the application's `priv` [by itself: `priv` beside a given `ebin`]
    #[arg(long, value_name = "APP=DIR")]
    pub include: Vec<String>,
    /// What to leave out when nothing reaches it
    #[arg(long, value_enum, default_value = "functions")]
    pub shake: Shake,
    /// How much of kernel to start [default: what the program asks for]
    #[arg(long, value_enum)]
    pub boot: Option<Boot>,
    /// Configuration of applications (sys.config), put into the program; may be given several times
    #[arg(long, value_name = "FILE")]
    pub config: Vec<PathBuf>,
    /// Emulator flags for the program, read from a file
    #[arg(long, value_name = "FILE")]
    pub vm_args: Option<PathBuf>,
    /// Fails when the program calls something that LAM or its OTP lacks
    #[arg(long)]
    pub strict: bool,
}

/// `lam build`.
#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    /// The program.
    #[command(flatten)]
    pub program: ProgramArgs,
    /// The file to write [default: NAME, NAME.wasm or NAME/js.wasm]
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Where it shall run
    #[arg(short, long, value_enum, default_value = "native")]
    pub target: Target,
    /// Prints what went in, in bytes by application and module, and what was left out
    #[arg(long)]
    pub report: bool,
    /// Prints errors and warnings only
    #[arg(short, long)]
    pub quiet: bool,
}

/// `lam run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The program, or one finished .wasm file.
    #[command(flatten)]
    pub program: ProgramArgs,
    /// Where it shall run
    #[arg(short, long, value_enum, default_value = "native")]
    pub target: Target,
    /// Lets a WASI program see this folder too (HOST or HOST::GUEST)
    #[arg(long, value_name = "DIR")]
    pub dir: Vec<String>,
    /// The program's own arguments, after `--`
    #[arg(last = true)]
    pub args: Vec<OsString>,
}

/// `lam why`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "lam why [OPTIONS] M[:F[/A]] FILES|DIRS|GLOBS...\n       lam why [OPTIONS] --boot FILES|DIRS|GLOBS...",
    mut_arg("inputs", |arg| arg.help("The module or function that is asked about (not with --boot), then the program")),
    mut_arg("boot", |arg| {
        let flag = arg.num_args(0..=1).require_equals(true).default_missing_value("none");
        flag.help("Prints the boot level and what decides it").hide_possible_values(true)
    })
)]
pub struct WhyArgs {
    /// What is asked about, then the program; `boot` is a flag here.
    #[command(flatten)]
    pub program: ProgramArgs,
    /// Where it shall run
    #[arg(short, long, value_enum, default_value = "native")]
    pub target: Target,
}

/// `lam inspect`.
#[derive(Debug, clap::Args)]
pub struct InspectArgs {
    /// A program built by lam, or a .beam file
    pub file: PathBuf,
    /// Shows this function's generic and specialised instructions
    #[arg(long, value_name = "M:F/A")]
    pub function: Option<String>,
    /// Checks code and literals
    #[arg(long)]
    pub verify: bool,
    /// Lists the calls that will fail at run time
    #[arg(long)]
    pub missing: bool,
}

/// `lam licenses`.
#[derive(Debug, clap::Args)]
pub struct LicensesArgs {
    /// A program built by lam [default: everything lam can put into one]
    pub file: Option<PathBuf>,
    /// Names and licences only
    #[arg(long)]
    pub short: bool,
}
