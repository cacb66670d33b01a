//! Standard streams, and what processes wait for from outside.

#![forbid(unsafe_code)]

mod standard;

pub use standard::{Reader, Standard, StdinAnswer};
