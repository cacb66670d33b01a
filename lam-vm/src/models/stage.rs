//! A stage for many processes without Erlang code: schedulers run scripts over the shipped queues, signals and ends.

use std::collections::HashMap;

use super::{World, start};
use crate::atom::Atom;
use crate::process::{Process, RefId};
use crate::sync::Arc;
use crate::sync::global::Mutex;
use crate::sync::thread;
use crate::term::Term;

/// What a process does next.
pub enum Step {
    /// Its slice is over.
    Yield,
    /// It waits for a signal.
    Wait,
    End(Atom),
}

/// Called for each slice, after signals were taken in, and again whenever signals came.
pub type Script = Box<dyn FnMut(&Stage, &mut Process) -> Step + Send>;

/// Schedulers and what they run.
pub struct Stage {
    pub world: Arc<World>,
    scripts: Mutex<HashMap<u64, Script>>,
}

impl Stage {
    pub fn new(schedulers: usize) -> Arc<Stage> {
        Arc::new(Stage { world: World::new(schedulers, 16), scripts: Mutex::new(HashMap::new()) })
    }
    /// A process that has its part when it is let go.
    pub fn cast(&self, script: impl FnMut(&Stage, &mut Process) -> Step + Send + 'static) -> u64 {
        let pid = self.world.asleep();
        self.give(pid, script);
        pid
    }
    /// Gives a process its part, for parts that name processes made later.
    pub fn give(&self, pid: u64, script: impl FnMut(&Stage, &mut Process) -> Step + Send + 'static) {
        self.scripts.lock().insert(pid, Box::new(script));
    }
    /// Lets these processes go and runs until all have ended.
    pub fn play(self: &Arc<Stage>, pids: &[u64]) {
        for pid in pids {
            self.world.table.start(*pid);
        }
        let others: Vec<_> = (1..self.world.table.run_queues.schedulers())
            .map(|index| {
                let stage = self.clone();
                start(move || stage.work(index))
            })
            .collect();
        self.work(0);
        for other in others {
            other.join().expect("a scheduler ends");
        }
        assert!(self.world.names.all().is_empty(), "no name leads to who is gone");
    }
    fn is_done(&self) -> bool {
        self.world.table.count() == 0
    }
    fn work(&self, index: usize) {
        let queues = &self.world.table.run_queues;
        queues.enter(index);
        while !self.is_done() {
            let found = queues.pop().or_else(|| {
                let mut search = queues.transition_to_searching()?;
                let found = queues.steal(&mut search, 1);
                queues.transition_from_searching();
                found
            });
            match found {
                Some(pid) => self.slice(pid),
                None => {
                    queues.sleep_unless(index, || self.is_done(), |_| thread::park());
                }
            }
        }
        queues.leave();
    }
    /// As the driver's slice, with a script in place of instructions.
    fn slice(&self, pid: u64) {
        let table = &self.world.table;
        loop {
            // The pid came out of a queue, so this thread owns the process.
            let process = self.world.process(pid);
            process.take_in(table);
            if let Some(reason) = process.take_exit() {
                return self.end(pid, reason.term().as_atom().expect("reasons here are atoms"));
            }
            let mut script = self.scripts.lock().remove(&pid).expect("it has a part");
            let step = script(self, process);
            if let Step::End(reason) = step {
                return self.end(pid, reason);
            }
            self.scripts.lock().insert(pid, script);
            match step {
                Step::Yield => return table.requeue(pid, process.priority),
                _ if self.world.control(pid).try_sleep() => return,
                _ => {}
            }
        }
    }
    fn end(&self, pid: u64, reason: Atom) {
        self.scripts.lock().remove(&pid);
        self.world.end(pid, reason);
        if self.is_done() {
            self.world.table.run_queues.wake_all();
        }
    }
}

/// Messages that are tuples of `size`, whose element `at` is this reference (of a process's own making).
pub fn messages_about(process: &mut Process, size: usize, at: usize, id: RefId) -> usize {
    let words = process.mailbox.all(&mut process.heap);
    let is_about = |word: &u64| {
        // SAFETY: the word is a message on the process's heap, which nothing changes here.
        let term: Term<'_> = unsafe { Term::from_word(*word) };
        let tuple = term.as_tuple().filter(|tuple| tuple.elements.len() == size);
        tuple.and_then(|tuple| tuple.elements[at].as_reference()).is_some_and(|reference| reference.id == id)
    };
    words.iter().filter(|word| is_about(word)).count()
}

/// Below `end`, by the schedule's own dice.
pub fn dice(end: u64) -> u64 {
    use shuttle::rand::Rng;
    shuttle::rand::thread_rng().gen_range(0..end)
}

/// Whether a process is there and not ending.
pub fn is_alive(stage: &Stage, pid: u64) -> bool {
    stage.world.table.is_alive(pid)
}
