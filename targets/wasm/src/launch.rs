//! From the start of a WASI command to the machine's exit code.

use lam_vm::machine::{Host, Machine};
use lam_vm::platform::failure::{self, Memory};

use crate::archive::{self, Missing};

#[global_allocator]
static MEMORY: Memory = Memory;

/// Runs the program inside; ends the process.
pub fn launch() {
    // Before anything big is allocated, so that the image lies where `lam build` assumed.
    let image = archive::map();
    failure::report_panics();
    let image = match image {
        Ok(image) => image,
        Err(why @ Missing::NoProgram) => {
            eprintln!("error: {why}\n\nhint: `lam build` puts one in");
            std::process::exit(2);
        }
        Err(why @ Missing::Damaged) => {
            eprintln!("error: cannot start: {why}");
            std::process::exit(101);
        }
    };
    let args = lam_vm::platform::argv().into_iter().skip(1).collect();
    match Machine::boot(image, Host { args }) {
        Ok(machine) => std::process::exit(machine.run()),
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            std::process::exit(101);
        }
    }
}
