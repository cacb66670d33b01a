//! The one thread that waits for all ports: it reads what comes, sends out what waits, and takes in the ends of programs.

use std::sync::Arc;

use super::Ports;
use super::port::{Port, READ_BYTES};
use crate::platform::launch::Interest;
use crate::platform::programs::{self, Child, Descriptor};
use crate::process::ProcessTable;

/// How often programs are looked after whose ends nothing announces.
const LOOK_MS: u32 = 20;

/// A program, and the port that wants to know how it ends.
type Started = (Child, Option<Arc<Port>>);

/// What the thread looks after.
#[derive(Default)]
pub(super) struct Served {
    pub started: bool,
    pub ports: Vec<Arc<Port>>,
    /// Those that came since it looked last.
    pub children: Vec<Started>,
}

impl Ports {
    /// Serves ports for ever.
    pub fn serve(&self, processes: &ProcessTable) {
        let around = self.around(processes);
        let mut children: Vec<Started> = Vec::new();
        let mut buffer = vec![0; READ_BYTES];
        let Some(waker) = self.waker() else { return };
        loop {
            children.append(&mut self.served.lock().children);
            children.retain_mut(|(child, port)| {
                let Some(status) = child.status() else { return true };
                if let Some(port) = port {
                    let port: &Port = port;
                    self.with(port, |state| state.program_ended(port.word, around, status));
                }
                false
            });
            let (watched, mut ends) = self.interests();
            let is_looked_after = children.iter().any(|(child, _)| !child.is_waited_for());
            let waited_for: Vec<&Child> = children.iter().map(|(child, _)| child).collect();
            programs::wait(waker, &mut ends, &waited_for, is_looked_after.then_some(LOOK_MS));
            for (port, (_, seen)) in watched.iter().zip(&ends) {
                if seen.read {
                    self.with(port, |state| state.take_input(port.word, around, &mut buffer));
                }
                if seen.write {
                    self.with(port, |state| state.drain(port.word, around));
                }
            }
        }
    }
    /// Does something with a port, also one that is closing.
    fn with(&self, port: &Port, act: impl FnOnce(&mut super::State)) {
        let mut state = port.state.lock();
        let was_open = state.is_open();
        act(&mut state);
        let ended = was_open && !state.is_open();
        drop(state);
        if ended {
            self.ended(port.word);
        }
    }
    /// What to wait for, and whose each is. Ports that are closed are forgotten.
    fn interests(&self) -> (Vec<Arc<Port>>, Vec<(Descriptor, Interest)>) {
        let ports = self.served.lock().ports.clone();
        let (mut watched, mut ends) = (Vec::new(), Vec::new());
        let mut closed = Vec::new();
        for port in ports {
            let state = port.state.lock();
            if state.is_closed() {
                closed.push(port.word);
            }
            for end in state.interests() {
                watched.push(port.clone());
                ends.push(end);
            }
        }
        if !closed.is_empty() {
            self.served.lock().ports.retain(|port| !closed.contains(&port.word));
        }
        (watched, ends)
    }
}
