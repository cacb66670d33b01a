//! `lam why`: what keeps a function in a program, and what decides the boot level.

use std::io::Write;
use std::process::ExitCode;

use crate::args::{ProgramArgs, WhyArgs};
use crate::error::{Error, Result};
use crate::{build, input, link};

/// Runs the command.
pub fn command(args: &WhyArgs) -> Result<ExitCode> {
    let asks_for_level = args.program.boot.is_some();
    let mut files = args.program.inputs.clone();
    // The first word is what is asked about, and the rest the program.
    let wanted = (!asks_for_level && !files.is_empty()).then(|| files.remove(0).to_string_lossy().into_owned());
    if files.is_empty() && !(args.program.shell && (asks_for_level || wanted.is_some())) {
        return Err(Error::usage("no file of the program was given").hint("as in: lam why lists:map/2 ebin"));
    }
    let program = ProgramArgs { boot: None, inputs: files, ..args.program.clone() };
    let inputs = input::read(&program.inputs)?;
    let lines = build::with_input(&program, &inputs, args.target, true, &|input| match &wanted {
        Some(wanted) => link::why(input, wanted),
        None => link::why_boot(input),
    })?;
    let text = lines.join("\n") + "\n";
    std::io::stdout().lock().write_all(text.as_bytes()).map_err(|error| Error::stdout(&error))?;
    Ok(ExitCode::SUCCESS)
}
