//! Standard streams, and what processes wait for from outside.

#![forbid(unsafe_code)]

pub mod ports;
mod standard;

pub use standard::{Reader, Standard, StdinAnswer};
