//! `.beam` files: chunks → generic instructions → what is proved of them.
//!
//! ```text
//! bytes ─► beam_file (IFF, gzip) ─► tables, decode ─► BeamFile { tables, code } ─► check ─► Facts ─► specialise ─► specific code
//! ```
//!
//! The loader reads what strangers wrote: it has no unsafe code, checks every length, and answers with a `LoadError`, never a panic. It never
//! allocates on a process heap, interns no atom and decodes no term: atoms are indexes into the file's table, literals are bytes.

#![forbid(unsafe_code)]

pub mod beam_file;
pub mod check;
mod decode;
pub mod dis;
mod error;
mod inflate;
pub mod ir;
mod reader;
pub mod records;
pub mod specialise;
pub mod tables;
mod walk;

pub use beam_file::{BeamFile, Tables};
pub use check::{Facts, Natives, check};
pub use error::LoadError;

#[cfg(test)]
pub(crate) mod asm;
#[cfg(test)]
mod tests;
