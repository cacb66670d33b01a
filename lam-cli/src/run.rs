//! `lam run`: builds to a temporary place and runs it there; a finished `.wasm` runs as it is.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::args::{RunArgs, Target};
use crate::build;
use crate::error::{Error, Result};
use crate::{input, pack};

/// Runs the command; the exit code is the program's.
pub fn command(args: &RunArgs) -> Result<ExitCode> {
    if let Some(path) = finished_wasm(&args.program.inputs) {
        let bytes = input::read_file(path)?;
        return wasi(&bytes, path, &args.args, &args.dir);
    }
    if args.target == Target::Web {
        return Err(
            Error::usage("`lam run` cannot open a browser").hint("build with -t web, serve the folder and open index.html")
        );
    }
    let inputs = input::read(&args.program.inputs)?;
    let built = build::image(&args.program, &inputs, args.target, true)?;
    let name = inputs.modules.first().map_or("program", |module| module.name.as_str()).replace('/', "_");
    let packed = pack::pack(args.target, &built, &name)?;
    let folder = TemporaryFolder::new()?;
    let path = folder.0.join(&name);
    packed.write(&path)?;
    match args.target {
        Target::Wasm => {
            let bytes = fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
            drop(folder);
            wasi(&bytes, &path, &args.args, &args.dir)
        }
        _ => native(&path, &args.args),
    }
}

/// The path of a finished program, when that is all that was named.
fn finished_wasm(inputs: &[PathBuf]) -> Option<&Path> {
    match inputs {
        [path] if path.extension().is_some_and(|end| end == "wasm") => Some(path),
        _ => None,
    }
}

fn native(path: &Path, args: &[OsString]) -> Result<ExitCode> {
    let status = Command::new(path).args(args).status().map_err(|error| Error::io("run", path, &error))?;
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Ok(ExitCode::from(128u8.wrapping_add(signal as u8)));
    }
    Ok(ExitCode::from(status.code().unwrap_or(1) as u8))
}

/// A folder that is removed when the command ends.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Result<TemporaryFolder> {
        let base = std::env::temp_dir();
        for attempt in 0..100 {
            let path = base.join(format!("lam-run-{}-{attempt}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(TemporaryFolder(path)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::io("write", &path, &error)),
            }
        }
        Err(Error::new(format!("cannot make a temporary folder in `{}`", base.display())))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(not(feature = "wasmtime"))]
fn wasi(_bytes: &[u8], path: &Path, _args: &[OsString], _dirs: &[String]) -> Result<ExitCode> {
    let error = Error::new(format!("cannot run `{}`: this `lam` was built without wasmtime", path.display()));
    Err(error.hint("run it with another WASI host, as in: wasmtime --dir=. program.wasm"))
}

#[cfg(feature = "wasmtime")]
fn wasi(bytes: &[u8], path: &Path, args: &[OsString], dirs: &[String]) -> Result<ExitCode> {
    crate::wasi_host::run(bytes, path, args, dirs)
}
