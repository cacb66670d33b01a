//! The tables that all processes of a machine share, in one struct.

use crate::code::Code;
use crate::ets;
use crate::heap::persistent::PersistentTerms;
use crate::io::Standard;
use crate::io::ports::Ports;
use crate::process::unique::Unique;
use crate::process::{Names, ProcessTable, RunQueues};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
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
    pub names: std::sync::Arc<Names>,
    pub ports: std::sync::Arc<Ports>,
    pub timers: Timers,
    pub ets: ets::Tables,
    /// Frames that a stack trace holds at most.
    backtrace_depth: AtomicUsize,
    /// Pid of the process whose death ends the machine; 0 without one.
    first: AtomicU64,
    /// The code that the machine ended with; `RUNS` until then.
    exit_code: AtomicI64,
    /// Whether `erts_debug:get_internal_state/1` tells anything.
    internal_state: AtomicBool,
}

/// No exit code.
const RUNS: i64 = i64::MIN;

impl Default for System {
    fn default() -> Self {
        System::new(Code::default(), RunQueues::default(), PROCESS_LIMIT)
    }
}

impl System {
    /// A machine with a scheduler for each of the queues, which holds at least so many processes.
    pub fn new(code: Code, run_queues: RunQueues, process_limit: usize) -> System {
        let unique = Arc::new(Unique::default());
        let names = std::sync::Arc::new(Names::default());
        let ports = std::sync::Arc::new(Ports::new(names.clone()));
        let system = System {
            code,
            timers: Timers::new(run_queues.schedulers()),
            processes: ProcessTable::new(process_limit, unique.clone(), run_queues),
            unique,
            persistent_terms: PersistentTerms::default(),
            names,
            ports,
            ets: ets::Tables::default(),
            standard: Standard::default(),
            arguments: Vec::new(),
            backtrace_depth: AtomicUsize::new(8),
            first: AtomicU64::new(0),
            exit_code: AtomicI64::new(RUNS),
            internal_state: AtomicBool::new(false),
        };
        system.processes.set_ports(system.ports.clone());
        system
    }
    /// The death of this process ends the machine.
    pub fn set_first(&self, pid: u64) {
        self.first.store(pid, Ordering::Release);
    }
    pub fn is_first(&self, pid: u64) -> bool {
        self.first.load(Ordering::Acquire) == pid
    }
    /// Ends the machine: every scheduler stops after its slice. The first code counts.
    pub fn stop(&self, code: i32) {
        if self.exit_code.compare_exchange(RUNS, i64::from(code), Ordering::SeqCst, Ordering::Relaxed).is_ok() {
            self.processes.run_queues.wake_all();
        }
    }
    /// The code that the machine ended with.
    pub fn exit_code(&self) -> Option<i32> {
        let code = self.exit_code.load(Ordering::Acquire);
        (code != RUNS).then_some(code as i32)
    }
    /// Called when a process is about to end: what belongs to it goes away. From then on nothing is given to it.
    pub fn process_ended(&self, pid: u64) {
        if let Some(control) = self.processes.lookup(pid) {
            control.transition_to_exiting();
        }
        self.ets.process_ended(pid, &self.processes);
    }
    pub fn is_internal_state_open(&self) -> bool {
        self.internal_state.load(Ordering::Relaxed)
    }
    /// Opens or closes what is told of the machine's inside; whether it was open.
    pub fn open_internal_state(&self, open: bool) -> bool {
        self.internal_state.swap(open, Ordering::Relaxed)
    }
    pub fn backtrace_depth(&self) -> usize {
        self.backtrace_depth.load(Ordering::Relaxed)
    }
    /// Sets the depth and gives the old one.
    pub fn set_backtrace_depth(&self, depth: usize) -> usize {
        self.backtrace_depth.swap(depth, Ordering::Relaxed)
    }
}
