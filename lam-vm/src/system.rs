//! The tables that all processes of a machine share, in one struct.

use crate::code::Code;
use crate::heap::persistent::PersistentTerms;
use crate::io::Standard;
use crate::process::unique::Unique;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// One machine's shared state. Every field guards itself.
pub struct System {
    pub code: Code,
    pub unique: Unique,
    pub persistent_terms: PersistentTerms,
    pub standard: Standard,
    /// The program's own arguments.
    pub arguments: Vec<Vec<u8>>,
    /// Frames that a stack trace holds at most.
    backtrace_depth: AtomicUsize,
}

impl Default for System {
    fn default() -> Self {
        System::new(Code::default())
    }
}

impl System {
    pub fn new(code: Code) -> System {
        System { code, unique: Unique::default(), persistent_terms: PersistentTerms::default(), standard: Standard::default(), arguments: Vec::new(), backtrace_depth: AtomicUsize::new(8) }
    }
    pub fn backtrace_depth(&self) -> usize {
        self.backtrace_depth.load(Ordering::Relaxed)
    }
    /// Sets the depth and gives the old one.
    pub fn set_backtrace_depth(&self, depth: usize) -> usize {
        self.backtrace_depth.swap(depth, Ordering::Relaxed)
    }
}
