//! Placeholder entry.

#![forbid(unsafe_code)]

fn main() {}
