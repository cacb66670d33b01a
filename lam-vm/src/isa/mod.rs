//! The instruction sets: what `.beam` files hold, what the machine executes, and words of code under construction.

pub mod bytes;
pub mod dis;
pub mod emit;
pub mod generic;
pub mod segment;
pub mod specific;
pub mod twins;

/// X registers that code may name; the scratch ones behind them hold constants for one instruction.
pub const X_COUNT: usize = 1024;
pub const SCRATCH_BASE: usize = X_COUNT;
pub const SCRATCH_COUNT: usize = 16;
pub const F_COUNT: usize = 1024;
