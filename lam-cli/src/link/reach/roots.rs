//! Where the worklist begins: the entry, given code, `--keep`, applications, what the machine and kernel's start call by name.

use lam_stdlib::{KERNEL_MODULES, KERNEL_ROOTS, SERVERS};

use super::Reach;
use crate::error::{Error, Result};
use crate::link::apps::{self, Applications};
use crate::link::why::How;
use crate::plan::{Boot, Shake};

/// Applications that the shell has whole.
const SHELL_APPS: &[&str] = &["kernel", "stdlib", "compiler", "erts", "lam"];

impl Reach<'_, '_> {
    pub(super) fn user_roots(&mut self, entry: &(String, String, u8)) -> Result<()> {
        if let Some(module) = self.program.load(&entry.0)?
            && let Some(place) = self.program.exported(module, &entry.1, entry.2)
        {
            self.keep(place, None, How::Entry);
        }
        for module in 0..self.program.modules.len() {
            if self.program.modules[module].is_given && self.shake != Shake::All {
                self.keep_all(module, None, How::Given);
            }
        }
        for keep in self.program.input.options.keep.clone() {
            self.keep_named(&keep)?;
        }
        let names: Vec<String> = self.program.input.apps.iter().flat_map(|app| apps::modules(&app.bytes)).collect();
        for name in names {
            if let Some(module) = self.program.load(&name)? {
                self.keep_exports(module, None, How::AppFile);
            }
        }
        Ok(())
    }

    /// Whatever somebody may type: all of kernel, stdlib and compiler, and what the machine itself has.
    pub(super) fn shell_roots(&mut self) -> Result<()> {
        let library = self.program.input.library;
        for name in library.module_names() {
            let is_typed = library.app_of(&name).is_some_and(|app| SHELL_APPS.contains(&&*app));
            if is_typed && let Some(module) = self.program.load(&name)? {
                self.keep_all(module, None, How::Machine("the shell runs what is typed"));
            }
        }
        Ok(())
    }

    /// What starts the applications of the library that the program starts with; the given ones are kept already.
    pub(super) fn application_roots(&mut self, applications: &Applications) -> Result<()> {
        for app in applications.loaded.iter().skip(2).filter(|app| !app.is_given) {
            if let Some(module) = app.module()
                && let Some(module) = self.program.load(module)?
            {
                self.keep_exports(module, None, How::AppFile);
            }
        }
        Ok(())
    }

    /// `.app` files that the program may load by name, where it has what loads them; what starts those of the library that given code
    /// names is kept.
    pub(super) fn loadable_apps(&mut self, level: Boot) -> Result<apps::Texts> {
        let loads = |server: &&lam_stdlib::Server| server.name == "application_controller";
        let callers = SERVERS.iter().find(loads).map_or(&[][..], |server| server.callers);
        let caller = callers.iter().find_map(|(module, function, arity)| self.kept_place(module, function, *arity));
        if level == Boot::None && caller.is_none() {
            return Ok(apps::Texts::new());
        }
        let texts = apps::texts(self.program.input, &self.names_in_given_code());
        for (_, text) in texts.iter().filter(|_| caller.is_some()) {
            if let Some(module) = apps::module_of(text)
                && let Some(module) = self.program.load(&module)?
            {
                self.keep_exports(module, caller, How::AppFile);
            }
        }
        Ok(texts)
    }

    /// What kernel's start calls by names that stand in data.
    pub(super) fn kernel_roots(&mut self) -> Result<()> {
        for root in KERNEL_ROOTS {
            self.root(root.mfa, root.why)?;
        }
        for name in KERNEL_MODULES {
            if let Some(module) = self.program.load(name)? {
                self.keep_exports(module, None, How::Machine("kernel's start"));
            }
        }
        Ok(())
    }

    /// `--keep M` or `M:F/A`.
    fn keep_named(&mut self, text: &str) -> Result<()> {
        let wrong = || Error::usage(format!("`{text}` cannot be kept")).hint("write M or M:F/A, as in --keep lists:map/2");
        let (module_name, rest) = text.split_once(':').map_or((text, None), |(module, rest)| (module, Some(rest)));
        let Some(module) = self.program.load(module_name)? else {
            return Err(Error::new(format!("cannot keep `{text}`: there is no module `{module_name}`")));
        };
        let Some(rest) = rest else {
            self.keep_exports(module, None, How::Kept);
            return Ok(());
        };
        let (function, arity) = rest.rsplit_once('/').ok_or_else(wrong)?;
        let arity: u8 = arity.parse().map_err(|_| wrong())?;
        let Some(place) = self.program.exported(module, function, arity) else {
            return Err(Error::new(format!("cannot keep `{text}`: `{module_name}` does not export it")));
        };
        self.keep(place, None, How::Kept);
        Ok(())
    }

    pub(super) fn root(&mut self, (module, function, arity): (&str, &str, u8), why: &'static str) -> Result<()> {
        if let Some(module) = self.program.load(module)?
            && let Some(place) = self.program.exported(module, function, arity)
        {
            self.keep(place, None, How::Machine(why));
        }
        Ok(())
    }
}
