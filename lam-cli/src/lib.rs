//! The `lam` program: arguments, files, messages and exit codes.
//!
//! ```text
//! args ─► input (files, folders, globs, archives) ─► link (closed world → image) ─► pack (image into a stub) ─► output
//!              otp (which library)                                         parts (stubs inside lam)
//! ```
//!
//! stdout is for data, stderr for words. Exit 0 done, 1 the work failed, 2 wrong usage, 101 our bug.

#![forbid(unsafe_code)]

pub mod args;
pub mod build;
pub mod error;
pub mod inspect;
pub mod licenses;
pub mod report;
pub mod run;
#[cfg(feature = "wasmtime")]
pub mod wasi_host;
pub mod why;

pub mod beam;
pub mod elixir;
pub mod embed;
pub mod escript;
pub mod input;
pub mod link;
pub mod otp;
pub mod plan;

pub mod archive;
pub mod output;
pub mod pack;
pub mod parts;
pub mod zip;

use std::process::ExitCode;

use clap::Parser;

use crate::error::Error;

/// Reads the arguments, does the work and says how it went.
pub fn main() -> ExitCode {
    std::panic::set_hook(Box::new(error::report_panic));
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let code = error.exit_code();
            let _ = error.print();
            return ExitCode::from(code as u8);
        }
    };
    let result = match args.command {
        args::Command::Build(args) => build::command(&args),
        args::Command::Run(args) => run::command(&args),
        args::Command::Why(args) => why::command(&args),
        args::Command::Inspect(args) => inspect::command(&args),
        args::Command::Licenses(args) => licenses::command(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

fn fail(error: &Error) -> ExitCode {
    if error.is_closed_pipe() {
        return ExitCode::SUCCESS;
    }
    eprintln!("{error}");
    ExitCode::from(error.exit_code)
}
