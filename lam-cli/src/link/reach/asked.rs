//! Which of kernel's servers the program asks for something (design §2, boot level).
//!
//! A call counts where nothing but given code and libraries outside OTP's own applications leads to it: what `gen` or
//! `application_master` may call in the end says nothing of the program.

use std::collections::{BTreeMap, VecDeque};

use lam_stdlib::SERVICES;

use super::{Reach, path};
use crate::link::program::Place;
use crate::link::why::How;

/// A call that asks one of kernel's servers.
pub struct Asked {
    pub server: &'static str,
    /// Whether it is there at level `kernel`.
    pub is_there: bool,
    /// `M:F` of what is called.
    pub function: String,
    /// The caller, then who asked for that one, up to a root.
    pub path: Vec<String>,
}

/// Calls outside the listed applications.
#[derive(Default)]
pub(super) struct Asking {
    calls: BTreeMap<Place, Vec<Place>>,
    services: BTreeMap<Place, Vec<(&'static str, String)>>,
}

/// Applications whose own use of kernel's services does not raise the boot level.
const LISTED_APPS: &[&str] =
    &["kernel", "stdlib", "erts", "lam", "compiler", "sasl", "syntax_tools", "parsetools", "runtime_tools"];

pub(super) fn is_listed(app: &str) -> bool {
    LISTED_APPS.contains(&app)
}

impl Asking {
    /// A function that is called by name.
    pub fn call(&mut self, caller: Place, module: &str, function: &str) {
        for service in SERVICES {
            if service.functions.iter().any(|(m, f)| *m == module && (*f == "*" || *f == function)) {
                self.services.entry(caller).or_default().push((service.server, format!("{module}:{function}")));
            }
        }
    }
}

impl Reach<'_, '_> {
    pub(super) fn note_asking(&mut self, parent: Option<Place>, place: Place, how: How) {
        let Some(parent) = parent.filter(|_| self.is_reporting) else { return };
        let is_call = matches!(how, How::Calls | How::Applies | How::Names | How::CalledBack);
        let is_listed = |place: Place| is_listed(&self.program.modules[place.0].app);
        if is_call && !is_listed(parent) && !is_listed(place) {
            self.asking.calls.entry(parent).or_default().push(place);
        }
    }

    /// Kernel's servers that the program asks for something, by name, each by the shortest way.
    pub(super) fn asked_services(&self) -> Vec<Asked> {
        let is_given = |place: &&Place| self.program.modules[place.0].is_given;
        let mut callers: BTreeMap<Place, Option<Place>> =
            self.parents.keys().filter(is_given).map(|place| (*place, None)).collect();
        let mut todo: VecDeque<Place> = callers.keys().copied().collect();
        let mut found: BTreeMap<&'static str, Asked> = BTreeMap::new();
        while let Some(place) = todo.pop_front() {
            for (server, function) in self.asking.services.get(&place).into_iter().flatten() {
                found.entry(server).or_insert_with(|| Asked {
                    server,
                    is_there: SERVICES.iter().any(|service| service.server == *server && service.is_there),
                    function: function.clone(),
                    path: self.way(&callers, place),
                });
            }
            for next in self.asking.calls.get(&place).into_iter().flatten() {
                if !callers.contains_key(next) {
                    callers.insert(*next, Some(place));
                    todo.push_back(*next);
                }
            }
        }
        found.into_values().collect()
    }

    /// From a function to one of given code, and from there to what keeps that one.
    fn way(&self, callers: &BTreeMap<Place, Option<Place>>, from: Place) -> Vec<String> {
        let mut steps = path(callers, self.program, Some(from));
        let mut root = from;
        while let Some(Some(caller)) = callers.get(&root) {
            root = *caller;
        }
        steps.extend(path(&self.parents, self.program, self.parents.get(&root).copied().flatten()));
        steps
    }
}
