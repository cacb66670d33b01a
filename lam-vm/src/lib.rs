//! The BEAM machine: a library that runs specialised BEAM code; it has no `main` and no terminal.

extern crate alloc;

pub mod atom;
pub mod binary;
pub mod heap;
pub mod isa;
pub mod loader;
pub mod sync;
pub mod util;
pub mod timer;
pub mod ets;
pub mod platform;
pub mod term;
pub mod bif;
pub mod process;
pub mod system;
pub mod machine;
pub mod code;
pub mod image;
pub mod interp;
pub mod io;
pub mod sched;
