//! The native launcher: finds the image that `lam build` put into this very file, moves it to its address and runs it.
//!
//! ```text
//! file:    ELF of the stub │ section headers │ pad │ image = last PT_LOAD, section .lam
//! memory:  the kernel maps the image behind the stub; mremap moves it to 0x1000_0000
//! ```
//!
//! The own program headers are read from memory at `__ehdr_start`, so no file is opened: this works stripped, renamed, in a
//! chroot without /proc and on a read-only file system. Where the address is taken the image stays where it is and the machine
//! relocates it.

mod image;
#[cfg(all(target_os = "linux", target_env = "musl", target_arch = "x86_64"))]
mod start;
#[cfg(all(target_os = "linux", target_env = "musl"))]
mod thread_name;
#[cfg(all(target_os = "linux", target_env = "musl"))]
mod unwind;

use std::os::unix::ffi::OsStringExt;

use lam_vm::machine::{Host, Machine};
use lam_vm::platform::failure::{self, Memory};

use crate::image::Missing;

#[global_allocator]
static MEMORY: Memory = Memory;

fn main() {
    failure::report_panics();
    #[cfg(feature = "tsan")]
    if let Ok(fault) = std::env::var("LAM_SEEDED_FAULT") {
        lam_vm::sync::fault::seed_named(&fault);
    }
    let args = std::env::args_os().skip(1).map(OsStringExt::into_vec).collect();
    let image = match image::map() {
        Ok(image) => image,
        Err(Missing::NoProgram) => {
            eprintln!("error: this file is a launcher without a program\n\nhint: `lam build` puts one in");
            std::process::exit(2);
        }
        Err(Missing::CutShort) => {
            eprintln!("error: cannot start: the embedded program is damaged: the file was cut short");
            std::process::exit(101);
        }
    };
    match Machine::boot(image, Host { args }) {
        Ok(machine) => std::process::exit(machine.run()),
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            std::process::exit(101);
        }
    }
}

/// Gives the file a PT_NOTE header, the slot that `lam build` turns into the image's PT_LOAD. Its text is the dispatcher's name.
#[used]
#[unsafe(link_section = ".note.lam")]
static NOTE: Note = Note { name_bytes: 4, text_bytes: 4, kind: 1, name: *b"LAM\0", text: *lam_vm::interp::DISPATCHER };

#[repr(C, align(4))]
struct Note {
    name_bytes: u32,
    text_bytes: u32,
    kind: u32,
    name: [u8; 4],
    text: [u8; 4],
}
