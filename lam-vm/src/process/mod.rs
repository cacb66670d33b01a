//! Processes: what belongs to one process, apart from what others may touch of it.

pub mod unique;

pub use crate::heap::{ProcessHeap, STACK_RESERVE_WORDS};

use crate::atom::Atom;
use crate::term::word;

/// What only the scheduler that runs the process touches.
pub struct Process {
    pub heap: ProcessHeap,
    /// The pid's word.
    pub pid: u64,
    /// X registers saved while the process does not run; as many as are live.
    pub saved_x: Vec<u64>,
    /// Next instruction while the process does not run.
    pub pc: *const u64,
    /// Words that a yielded BIF keeps; roots.
    pub saved: Vec<u64>,
    pub dictionary: Dictionary,
    /// Pid word of the group leader.
    pub group_leader: u64,
    pub registered_name: Option<Atom>,
    /// Initial call: module, function, arity.
    pub initial_call: (Atom, Atom, usize),
    pub reductions: u64,
    /// Module whose `undefined_function/3` is called for what is not there.
    pub error_handler: Atom,
    /// A BIF waits, not a receive: it runs again whatever woke the process.
    pub waits_in_bif: bool,
    pub hibernates: bool,
    /// Trace term of the exception being handled, NONV without; a root.
    pub trace: u64,
}

/// The process dictionary: key and value words, which the collector updates; see `bif/erlang/dictionary.rs`.
#[derive(Default)]
pub struct Dictionary {
    pub pairs: Vec<(u64, u64)>,
}

impl Process {
    pub fn new(pid: u64, heap_words: usize) -> Process {
        use crate::atom::am;
        Process {
            heap: ProcessHeap::new(heap_words),
            pid,
            saved_x: Vec::new(),
            pc: core::ptr::null(),
            saved: Vec::new(),
            dictionary: Dictionary::default(),
            group_leader: pid,
            registered_name: None,
            initial_call: (am::ERLANG, am::APPLY, 2),
            reductions: 0,
            error_handler: am::ERROR_HANDLER,
            waits_in_bif: false,
            hibernates: false,
            trace: word::NONV,
        }
    }
}
