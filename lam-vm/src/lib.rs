//! The BEAM machine: a library that runs specialised BEAM code; it has no `main` and no terminal.

extern crate alloc;

pub mod atom;
pub mod bif;
pub mod binary;
pub mod code;
pub mod ets;
pub mod heap;
pub mod image;
pub mod interp;
pub mod io;
pub mod isa;
pub mod loader;
pub mod machine;
#[cfg(all(test, any(loom, shuttle)))]
mod models;
pub mod platform;
pub mod process;
pub mod regex;
pub mod sched;
pub mod sync;
pub mod system;
pub mod term;
pub mod timer;
pub mod util;
