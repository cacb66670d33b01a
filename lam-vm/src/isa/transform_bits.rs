//! Bit syntax instructions, generic to specific.

use crate::isa::transform::Transformer;
use crate::loader::LoadError;
use crate::loader::ir::{Arg, Op};

impl Transformer<'_> {
    /// Emits a bit syntax instruction; false for any other.
    pub(crate) fn bit_syntax(&mut self, _op: Op, _args: &[Arg]) -> Result<bool, LoadError> {
        Ok(false)
    }
}
