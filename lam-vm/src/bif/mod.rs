//! Built-in functions: one file for each Erlang module (`erlang` split by subject), declared once each by `bifs!`.
//!
//! A BIF takes terms and returns a term or a `Stop`. It never collects, never runs Erlang code, never switches process, and is
//! never run again from its start: long work counts reductions and goes on by `Call::again`.

#![forbid(unsafe_code)]

mod call;
pub mod erlang;
pub mod maps;
mod table;

pub use call::{BifResult, Call, Stop};
pub use table::{Bif, BifKind, BifTable, Function};
pub(crate) use table::bifs;

/// All tables; a BIF's number is its place in them, one after the other.
pub const TABLES: &[&BifTable] = &[
    &erlang::hash::TABLE,
    &maps::TABLE,
    &maps::guards::TABLE,
    &maps::internal::TABLE,
];
