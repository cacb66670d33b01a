//! Placeholder entry.

fn main() {}
