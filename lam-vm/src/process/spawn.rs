//! Making a process.

use super::signal::{RefId, SignalKind};
use super::table::{ProcessTable, TableFull};
use super::ties::{AliasMode, Link, Monitor, Watch, Watcher};
use super::{Call, OwnedTerm, Priority, Process, ProcessHeap, Settings};
use crate::atom::Atom;
use crate::heap::FIRST_WORDS;
use crate::term::Term;

/// Words of a new process's block where nobody asked for more; as OTP.
pub const MIN_HEAP_WORDS: usize = 233;

/// What a new process is like.
pub struct Spawn {
    pub module: Atom,
    pub function: Atom,
    /// A proper list; `arity` long.
    pub args: OwnedTerm,
    pub arity: usize,
    /// As `initial_call` shows it where it differs.
    pub shown_call: Option<Call>,
    pub options: SpawnOptions,
}

/// `spawn_opt`'s options.
pub struct SpawnOptions {
    pub link: bool,
    pub monitor: Option<MonitorOptions>,
    pub priority: Priority,
    pub min_heap_words: usize,
    pub max_heap_words: usize,
    pub fullsweep_after: u32,
    pub settings: Settings,
}

/// `monitor/3`'s options.
pub struct MonitorOptions {
    pub alias: AliasMode,
    pub tag: Option<OwnedTerm>,
}

impl Default for SpawnOptions {
    fn default() -> Self {
        SpawnOptions {
            link: false,
            monitor: None,
            priority: Priority::Normal,
            min_heap_words: MIN_HEAP_WORDS,
            max_heap_words: 0,
            fullsweep_after: 65535,
            settings: Settings::default(),
        }
    }
}

/// The new process, and its monitor's identity where one was asked for.
pub struct Spawned {
    pub pid: u64,
    pub monitor: Option<RefId>,
}

impl ProcessTable {
    /// Makes a process and lets it run. `parent` is `None` for the first one.
    ///
    /// Its X registers hold the arguments; `pc` is null, for the driver looks up the code and lays the stack's bottom.
    pub fn spawn(&self, parent: Option<&mut Process>, spawn: Spawn) -> Result<Spawned, TableFull> {
        let Spawn { module, function, args, arity, shown_call, mut options } = spawn;
        let wanted = options.monitor.take();
        let id = wanted.as_ref().map(|_| self.new_reference());
        let parent_pid = parent.as_ref().map(|parent| parent.pid);
        let leader = parent.as_ref().map(|parent| parent.group_leader);
        let link = options.link;
        let pid = self.insert(|pid| {
            let first = if options.min_heap_words > MIN_HEAP_WORDS { options.min_heap_words } else { FIRST_WORDS + args.words() };
            let heap = ProcessHeap::with_first(options.min_heap_words, first);
            let mut process = Box::new(Process::new(pid, heap));
            process.heap.max_words = options.max_heap_words;
            process.heap.fullsweep_after = options.fullsweep_after;
            process.parent = parent_pid.unwrap_or(pid);
            process.group_leader = leader.unwrap_or(pid);
            process.priority = options.priority;
            if options.settings != Settings::default() {
                process.rare.settings = options.settings;
            }
            process.initial_call = shown_call.unwrap_or((module, function, arity as u32));
            process.saved_x = arguments(args, arity, &mut process.heap);
            process.start = Some((module, function, arity as u32));
            if let Some(parent) = parent_pid {
                if link {
                    process.ties.links.insert(parent, Link::default());
                }
                if let Some(id) = id {
                    process.ties.watchers.insert(id, Watcher { pid: parent, name: None });
                }
            }
            process
        })?;
        if let Some(parent) = parent {
            if link {
                parent.ties.links.insert(pid, Link::default());
            }
            if let (Some(id), Some(options)) = (id, wanted) {
                parent.ties.monitors.insert(id, Monitor::of_process(pid, None, options));
            }
        }
        self.start(pid);
        Ok(Spawned { pid, monitor: id })
    }
    /// Monitors a process (by pid, or the pid that a name stands for) in the name of `watcher`.
    pub fn monitor(&self, watcher: &mut Process, target: Option<u64>, name: Option<Atom>, options: MonitorOptions) -> RefId {
        let id = self.new_reference();
        let from = watcher.pid;
        if target == Some(from) {
            // As OTP: there is nothing to watch.
            return id;
        }
        watcher.ties.monitors.insert(id, Monitor::of_process(target.unwrap_or(0), name, options));
        let sent = target.is_some_and(|pid| self.send(pid, SignalKind::Monitor { from, id, name }));
        if !sent {
            let reason = super::parts::atom(crate::atom::am::NOPROC);
            self.send(from, SignalKind::Down { id, reason });
        }
        id
    }
}

impl Monitor {
    fn of_process(pid: u64, name: Option<Atom>, options: MonitorOptions) -> Monitor {
        let owned_ref = options.alias != AliasMode::None;
        Monitor { watch: Watch::Process { pid, name }, alias: options.alias, owned_ref, tag: options.tag }
    }
}

/// Hands the list of arguments over to `heap` and spreads it over registers.
fn arguments(args: OwnedTerm, arity: usize, heap: &mut ProcessHeap) -> Vec<u64> {
    let list = args.attach_to(heap);
    // SAFETY: the list belongs to the heap, which nothing changes here.
    let list: Term<'_> = unsafe { Term::from_word(list) };
    list.iter_list().take(arity).map(Term::word).collect()
}
