//! Serves a folder while a command runs.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::server;

/// Serves `folder` while `command` runs, `{}` in it replaced by the URL; its exit code.
pub fn run(folder: &Path, command: &[&str]) -> ExitCode {
    let url = match server::start(folder, |_, _| ()) {
        Ok(url) => url,
        Err(error) => {
            eprintln!("error: cannot serve: {error}");
            return ExitCode::FAILURE;
        }
    };
    let args = command[1..].iter().map(|arg| arg.replace("{}", &url));
    match Command::new(command[0]).args(args).status() {
        Ok(status) => ExitCode::from(status.code().unwrap_or(1) as u8),
        Err(error) => {
            eprintln!("error: cannot run `{}`: {error}", command[0]);
            ExitCode::FAILURE
        }
    }
}
