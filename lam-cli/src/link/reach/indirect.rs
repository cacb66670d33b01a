//! What is called though no call names it: servers by messages, modules that library code is handed, implementations of protocols,
//! names that given code puts together. Looked for anew whenever the worklist is empty.

use std::collections::BTreeSet;

use lam_stdlib::SERVERS;

use super::{Reach, names_in};
use crate::error::Result;
use crate::link::program::Place;
use crate::link::sites;
use crate::link::why::How;
use crate::plan::Shake;

impl Reach<'_, '_> {
    /// Servers that a kept function sends requests to.
    pub(super) fn servers(&mut self) -> Result<()> {
        for server in SERVERS {
            if self.started.contains(server.name) {
                continue;
            }
            let caller = server.callers.iter().find_map(|(module, function, arity)| self.kept_place(module, function, *arity));
            if let Some(caller) = caller {
                self.started.insert(server.name);
                for (module, function, arity) in server.keep {
                    if let Some(module) = self.program.load(module)?
                        && let Some(place) = self.program.exported(module, function, *arity)
                    {
                        self.keep(place, Some(caller), How::Server(server.name));
                    }
                }
            }
        }
        Ok(())
    }

    /// Modules that library code is handed, with what it calls of them.
    pub(super) fn implementations(&mut self) -> Result<()> {
        for one in sites::IMPLEMENTATIONS {
            let (module, function, arity) = one.made_by;
            let Some(maker) = self.kept_place(module, function, arity) else { continue };
            // LAM's own log handler opens plain files only.
            if one.module.starts_with("raw_file_io") && !self.is_asked_by_program(maker) {
                continue;
            }
            let Some(module) = self.program.load(one.module)? else { continue };
            // State machines, started by `raw_file_io_compressed` under a variable's name.
            if matches!(one.module, "raw_file_io_deflate" | "raw_file_io_inflate") {
                let file = &self.program.modules[module].file;
                let exports: Vec<(String, u8)> =
                    file.exports.iter().map(|export| (file.atom(export.function).to_string(), export.arity)).collect();
                for (function, arity) in exports {
                    if let Some(place) = self.program.exported(module, &function, arity) {
                        self.keep(place, Some(maker), How::Handed);
                    }
                }
            }
            for ((function, arity), caller) in self.handed.clone() {
                if let Some(place) = self.program.exported(module, &function, arity) {
                    self.keep(place, Some(caller), How::Handed);
                }
            }
        }
        Ok(())
    }

    /// Implementations (`P.T`) of Elixir's protocols of which something is kept: a protocol makes their names while it runs.
    pub(super) fn protocols(&mut self) -> Result<()> {
        let touched: Vec<usize> = self.touched.iter().copied().collect();
        for protocol in touched {
            let name = &self.program.modules[protocol].name;
            if !self.program.exports(name, "__protocol__", 1) || !self.protocols.insert(protocol) {
                continue;
            }
            let caller = self.parents.keys().find(|place| place.0 == protocol).copied();
            let prefix = format!("{name}.");
            let given = self.program.input.given.iter().map(|given| given.name.clone());
            let names = given.chain(self.program.input.library.module_names());
            let names: Vec<String> = names.filter(|name| name.starts_with(&prefix)).collect();
            for name in names {
                if let Some(module) = self.program.load(&name)?
                    && self.program.exports(&name, "__impl__", 1)
                {
                    self.keep_exports(module, caller, How::Protocol);
                }
            }
        }
        Ok(())
    }

    /// Modules of Elixir's libraries are called by names that lie in terms (exceptions, calendars, ranges): of those that modules
    /// with kept functions name, what kept code calls of a module that it was handed is kept.
    pub(super) fn modules_in_terms(&mut self) -> Result<()> {
        let library = self.program.input.library;
        let fresh: Vec<usize> = self.touched.difference(&self.looked_at).copied().collect();
        for module in fresh {
            self.looked_at.insert(module);
            for name in names_in(&self.program.modules[module].file) {
                if name.starts_with("Elixir.") && library.app_of(&name).is_some_and(|app| crate::elixir::is_own(&app)) {
                    self.named_by_elixir.insert(name);
                }
            }
        }
        if self.named_by_elixir.is_empty() {
            return Ok(());
        }
        let handed = self.handed.clone();
        for name in self.named_by_elixir.clone() {
            let Some(module) = self.program.load(&name)? else { continue };
            for ((function, arity), caller) in &handed {
                if let Some(place) = self.program.exported(module, function, *arity) {
                    self.keep(place, Some(*caller), How::Handed);
                }
            }
        }
        Ok(())
    }

    /// Calls of given code whose target is not known keep what given code and the command line name.
    pub(super) fn dynamic(&mut self) -> Result<()> {
        if let Some(caller) = self.unresolved.take() {
            for name in self.names_in_given_code() {
                let is_known = self.program.find(&name).is_some() || self.program.input.library.module(&name).is_some();
                if is_known && let Some(module) = self.program.load(&name)? {
                    // That these may be called is a guess; what they lack is no news.
                    let exported = self.exported_places(module);
                    self.quiet.extend(exported.into_iter().map(|place| (place, Some(caller), How::Unresolved)));
                }
            }
            if !self.is_reporting {
                self.keep_quiet();
            }
        }
        Ok(())
    }

    /// Applications of which something is kept stay whole where code comes that nobody saw, or nothing shall be left out.
    pub(super) fn whole_apps(&mut self) -> Result<()> {
        let first = self.parents.keys().next().copied();
        let caller = if self.shake == Shake::None { first } else { self.unseen };
        let Some(caller) = caller else { return Ok(()) };
        let apps =
            self.touched.iter().map(|module| self.program.modules[*module].app.clone()).filter(|app| !app.is_empty()).collect();
        self.keep_apps(apps, caller)
    }

    fn keep_apps(&mut self, apps: BTreeSet<String>, caller: Place) -> Result<()> {
        for name in self.program.input.library.module_names() {
            if self.program.input.library.module(&name).is_some_and(|file| apps.contains(&file.app))
                && let Some(module) = self.program.load(&name)?
            {
                self.keep_all(module, Some(caller), How::UnseenCode);
            }
        }
        Ok(())
    }
}
