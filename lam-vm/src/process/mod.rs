//! Processes: what belongs to one process, apart from what others may touch of it.
//!
//! `Process` is its scheduler's alone. Others reach it through its `Control` block in the `ProcessTable`, and only by signals:
//! `take_in` is what they do, `ending` is what a process leaves behind.

mod collect;
pub mod control;
mod dictionary;
pub mod ending;
pub mod mailbox;
pub mod names;
pub mod parts;
pub mod places;
pub mod run_queue;
pub mod signal;
pub mod spawn;
pub mod table;
mod take_in;
#[cfg(test)]
mod tests;
pub mod ties;
mod tying;
pub mod unique;

pub use crate::heap::{OwnedTerm, ProcessHeap, STACK_RESERVE_WORDS};
pub use dictionary::Dictionary;
pub use mailbox::Mailbox;
pub use names::Names;
pub use run_queue::{RunQueues, Sharing, current_scheduler};
pub use signal::{InfoForm, RefId, Request, SignalKind};
pub use table::{PROCESSES_MAX, PortSignals, ProcessTable, TableFull};
pub use take_in::pid_term;
pub use ties::{AliasMode, Monitor, Ties, Watch};

use crate::atom::{Atom, am};
use crate::sync::OnceLock;
use crate::term::word;
use crate::util::rarely::{Part, Rarely};

/// Which run queue a process waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Priority {
    Low = 0,
    Normal = 1,
    High = 2,
    Max = 3,
}

impl Priority {
    pub fn from_bits(bits: u64) -> Priority {
        match bits {
            0 => Priority::Low,
            2 => Priority::High,
            3 => Priority::Max,
            _ => Priority::Normal,
        }
    }
    pub fn of_atom(atom: Atom) -> Option<Priority> {
        match atom {
            am::LOW => Some(Priority::Low),
            am::NORMAL => Some(Priority::Normal),
            am::HIGH => Some(Priority::High),
            am::MAX => Some(Priority::Max),
            _ => None,
        }
    }
    pub fn atom(self) -> Atom {
        match self {
            Priority::Low => am::LOW,
            Priority::Normal => am::NORMAL,
            Priority::High => am::HIGH,
            Priority::Max => am::MAX,
        }
    }
}

/// A timer of a receive.
#[derive(Clone, Copy)]
pub struct ReceiveTimer {
    /// The wheel that it is on, and the handle's bits there.
    pub wheel: usize,
    pub handle: u64,
    pub number: u64,
}

/// A question to another process that a BIF waits for.
pub struct Pending {
    pub number: u64,
    pub answer: Option<OwnedTerm>,
}

/// `max_heap_size`'s options besides the size.
#[derive(Clone, Copy, PartialEq)]
pub struct MaxHeapOptions {
    pub kill: bool,
    pub error_logger: bool,
    pub include_shared_binaries: bool,
}

/// What `spawn_opt` and `process_flag` set and the machine only remembers or reads now and then.
#[derive(Clone, PartialEq)]
pub struct Settings {
    pub max_heap: MaxHeapOptions,
    pub min_bin_vheap_words: usize,
    pub off_heap_messages: bool,
    pub sensitive: bool,
    /// `async_dist` (OTP 26 and later): without other nodes it is only remembered.
    pub async_dist: bool,
    pub save_calls: u32,
    pub scheduler: u32,
    /// How often the process asked to be told of nodes.
    pub monitor_nodes: u32,
    /// Whether the process may read tables that are private to others.
    pub ets_super_user: bool,
}

/// What only the scheduler that runs the process touches.
pub struct Process {
    pub heap: ProcessHeap,
    /// The pid's word.
    pub pid: u64,
    /// X registers saved while the process does not run; as many as are live.
    pub saved_x: Vec<u64>,
    /// Next instruction while the process does not run.
    pub pc: *const u64,
    pub dictionary: Rarely<Dictionary>,
    /// Pid word of the group leader.
    pub group_leader: u64,
    /// Initial call: module, function, arity.
    pub initial_call: Call,
    pub reductions: u64,
    /// Reductions that were left of the slice when `reductions` was last brought up to date.
    pub counted_at: i64,
    /// Module whose `undefined_function/3` is called for what is not there.
    pub error_handler: Atom,
    /// A BIF waits, not a receive: it runs again whatever woke the process.
    pub waits_in_bif: bool,
    pub hibernates: bool,
    /// Trace term of the exception being handled, NONV without; a root.
    pub trace: u64,

    /// What to call when first scheduled; `pc` is null until then.
    pub start: Option<Call>,
    pub parent: u64,
    pub priority: Priority,
    pub trap_exit: bool,
    /// The inner queue; what others sent and nobody took in yet is in the control block.
    pub mailbox: Mailbox,
    pub ties: Rarely<Ties>,
    /// In a receive's wait (or, with `waits_in_bif`, a BIF's), not ready to go on.
    pub waiting: bool,
    /// The number that the next message had when the wait began: it ends when there is one.
    pub waits_from: u64,
    /// Its instructions run right now.
    pub running: bool,
    /// The receive's timer has fired.
    pub timed_out: bool,
    pub rare: Rarely<Rare>,
}

/// Module, function, arity.
pub type Call = (Atom, Atom, u32);

/// What most processes never have.
#[derive(Default)]
pub struct Rare {
    pub receive_timer: Option<ReceiveTimer>,
    /// An exit signal took effect: the process ends with this reason at the next chance.
    pub exit: Option<OwnedTerm>,
    pub exit_by_signal: bool,
    /// What the driver is to do in this process's name.
    pub requests: Vec<Request>,
    pub pending: Option<Pending>,
    pub suspend_count: u32,
    pub settings: Settings,
}

impl Part for Rare {
    fn unwritten() -> &'static Rare {
        static NONE: OnceLock<Rare> = OnceLock::new();
        NONE.get_or_init(Rare::default)
    }
    fn fresh() -> Rare {
        Rare::default()
    }
}

impl Default for Settings {
    fn default() -> Self {
        let max_heap = MaxHeapOptions { kill: true, error_logger: true, include_shared_binaries: false };
        Settings {
            max_heap,
            min_bin_vheap_words: 46422,
            off_heap_messages: false,
            sensitive: false,
            async_dist: false,
            save_calls: 0,
            scheduler: 0,
            monitor_nodes: 0,
            ets_super_user: false,
        }
    }
}

impl Process {
    pub fn new(pid: u64, heap: ProcessHeap) -> Process {
        Process {
            heap,
            pid,
            saved_x: Vec::new(),
            pc: core::ptr::null(),
            dictionary: Rarely::unwritten(),
            group_leader: pid,
            initial_call: (am::ERLANG, am::APPLY, 2),
            reductions: 0,
            counted_at: 0,
            error_handler: am::ERROR_HANDLER,
            waits_in_bif: false,
            hibernates: false,
            trace: word::NONV,
            start: None,
            parent: pid,
            priority: Priority::Normal,
            trap_exit: false,
            mailbox: Mailbox::default(),
            ties: Rarely::unwritten(),
            waiting: false,
            waits_from: 0,
            running: false,
            timed_out: false,
            rare: Rarely::unwritten(),
        }
    }
    /// Bytes of its own: struct, blocks, what hangs on them, and the queue's rows, as `process_info(_, memory)` has it.
    pub fn memory_bytes(&self) -> usize {
        let boxes = self.rare.bytes() + self.ties.bytes() + self.dictionary.bytes() + self.heap.old.bytes();
        size_of::<Process>() + boxes + 8 * self.heap.total_words() + (*self.dictionary).bytes() + self.mailbox.bytes()
    }
    pub fn take_requests(&mut self) -> Vec<Request> {
        self.rare.written().map(|rare| core::mem::take(&mut rare.requests)).unwrap_or_default()
    }
    pub fn take_receive_timer(&mut self) -> Option<ReceiveTimer> {
        self.rare.written()?.receive_timer.take()
    }
    pub fn take_exit(&mut self) -> Option<OwnedTerm> {
        self.rare.written()?.exit.take()
    }
    pub fn take_pending(&mut self) -> Option<Pending> {
        self.rare.written()?.pending.take()
    }
    /// Adds what was used of the slice since the last count; `left` of it are left.
    pub fn count_reductions(&mut self, left: i64) {
        self.reductions += (self.counted_at - left).max(0) as u64;
        self.counted_at = left;
    }
}

// An idle process takes this, its first block, and 24 bytes of the process table.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Process>() <= 400);
