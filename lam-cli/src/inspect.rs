//! `lam inspect`: what is inside a built program or a `.beam` file.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::args::InspectArgs;
use crate::error::{Error, Result};
use crate::{beam, input, pack};

/// Runs the command.
pub fn command(args: &InspectArgs) -> Result<ExitCode> {
    let path = pack::main_file(&args.file);
    let bytes = input::read_file(&path)?;
    let text = match pack::unpack(&bytes) {
        Some((target, image)) => program(args, target, bytes.len(), &image)?,
        None if bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"\0asm") => {
            return Err(Error::new(format!("`{}` was not built by `lam build`", path.display())));
        }
        None => module(args, &path, &bytes)?,
    };
    let written = std::io::stdout().lock().write_all(text.as_bytes());
    written.map_err(|error| Error::stdout(&error))?;
    Ok(ExitCode::SUCCESS)
}

fn program(args: &InspectArgs, target: crate::args::Target, file_bytes: usize, image: &[u8]) -> Result<String> {
    let head = format!("target {}\nfile {file_bytes} bytes\nimage {} bytes\n", target.name(), image.len());
    Ok(head + &crate::link::inspect_image(args, image)?)
}

fn module(args: &InspectArgs, path: &Path, bytes: &[u8]) -> Result<String> {
    let broken = |why: String| Error::new(format!("`{}` is not a module: {why}", path.display()));
    let name = input::module_name(path, bytes)?;
    let plain = beam::unwrapped(bytes).map_err(broken)?;
    let mut text = format!("module {name}\nfile {} bytes\n", bytes.len());
    for (chunk, body) in beam::chunks(&plain).map_err(broken)? {
        text += &format!("chunk {chunk} {} bytes\n", body.len());
    }
    Ok(text + &crate::link::inspect_module(args, &plain)?)
}
