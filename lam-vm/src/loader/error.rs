//! Why a `.beam` file is refused. Every message names what was wrong and where; nothing here is a panic.

use std::fmt;

/// Why a `.beam` file is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// Neither `FOR1…BEAM` nor gzip.
    NotBeam,
    /// The file or a chunk ends before what it announced.
    Truncated { place: &'static str },
    /// A chunk that every module has is absent.
    MissingChunk { chunk: &'static str },
    /// Something in a chunk contradicts the format.
    Corrupt { place: &'static str, what: String },
    /// Compressed data that does not inflate to the size it announced.
    Inflate { place: &'static str },
    /// The code needs a newer instruction set.
    TooNew { highest_opcode: u32 },
    /// An opcode that no OTP defines.
    UnknownOpcode { opcode: u8, offset: usize },
    /// An opcode that no compiler of OTP 22 to 29 emits.
    RemovedOpcode { name: &'static str, opcode: u8, last: &'static str },
    /// Code made to keep the analysis busy; no compiler comes near the limit.
    TooComplex,
    /// An instruction that can never be valid.
    Instruction { function: String, name: &'static str, op_index: u32, what: String },
}

impl LoadError {
    pub(crate) fn corrupt(place: &'static str, what: impl Into<String>) -> LoadError {
        LoadError::Corrupt { place, what: what.into() }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::NotBeam => write!(f, "it is not a `.beam` file"),
            LoadError::Truncated { place } => write!(f, "it ends in the middle of {place}"),
            LoadError::MissingChunk { chunk } => write!(f, "the chunk `{chunk}` is missing"),
            LoadError::Corrupt { place, what } => write!(f, "{place} is damaged: {what}"),
            LoadError::Inflate { place } => write!(f, "the compressed data of {place} is damaged"),
            LoadError::TooNew { highest_opcode } => {
                write!(
                    f,
                    "it uses instruction {highest_opcode}; the newest that LAM knows is {}",
                    crate::isa::generic::MAX_OPCODE
                )
            }
            LoadError::UnknownOpcode { opcode, offset } => {
                write!(f, "there is no instruction {opcode} (byte {offset} of the code)")
            }
            LoadError::RemovedOpcode { name, opcode, last } => {
                write!(
                    f,
                    "it uses `{name}` (instruction {opcode}), which no compiler since OTP {last} emits; compile it again with OTP 22 or newer"
                )
            }
            LoadError::TooComplex => write!(f, "its code is too tangled to be checked"),
            LoadError::Instruction { function, name, op_index, what } => {
                write!(f, "`{name}` in `{function}` (instruction number {op_index}) is not valid: {what}")
            }
        }
    }
}

impl std::error::Error for LoadError {}
