//! The tables that all processes of a machine share, in one struct.

/// One machine's shared state. Every field guards itself.
#[derive(Default)]
pub struct System {}
