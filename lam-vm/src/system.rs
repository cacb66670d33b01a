//! The tables that all processes of a machine share, in one struct.

use crate::code::Code;
use crate::ets;
use crate::heap::persistent::PersistentTerms;
use crate::io::Standard;
use crate::process::unique::Unique;
use crate::process::{Names, ProcessTable};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::timer::Timers;

/// Processes that a machine holds unless it is told otherwise.
pub const PROCESS_LIMIT: usize = 1 << 24;

/// One machine's shared state. Every field guards itself.
pub struct System {
    pub code: Code,
    pub unique: Arc<Unique>,
    pub persistent_terms: PersistentTerms,
    pub standard: Standard,
    /// The program's own arguments.
    pub arguments: Vec<Vec<u8>>,
    pub processes: ProcessTable,
    pub names: Names,
    pub timers: Timers,
    pub ets: ets::Tables,
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
        let unique = Arc::new(Unique::default());
        System {
            code,
            processes: ProcessTable::new(PROCESS_LIMIT, unique.clone()),
            unique,
            persistent_terms: PersistentTerms::default(),
            names: Names::default(),
            timers: Timers::default(),
            ets: ets::Tables::default(),
            standard: Standard::default(),
            arguments: Vec::new(),
            backtrace_depth: AtomicUsize::new(8),
        }
    }
    /// Called when a process is about to end: what belongs to it goes away.
    pub fn process_ended(&self, pid: u64) {
        self.ets.process_ended(pid, &self.processes);
    }
    pub fn backtrace_depth(&self) -> usize {
        self.backtrace_depth.load(Ordering::Relaxed)
    }
    /// Sets the depth and gives the old one.
    pub fn set_backtrace_depth(&self, depth: usize) -> usize {
        self.backtrace_depth.swap(depth, Ordering::Relaxed)
    }
}
