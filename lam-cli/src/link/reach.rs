//! What of the program is kept: a worklist over functions, from the roots along calls.
//!
//! ```text
//! given code, --keep, .app ─► fixpoint ─► what these miss is reported ─► roots of the machine ─► fixpoint
//! ```
//!
//! Each function remembers who asked for it first; breadth first makes that a shortest path.

mod asked;
mod indirect;
mod roots;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lam_stdlib::{DORMANT, ROOTS, SERVERS};
use lam_vm::loader::BeamFile;
use lam_vm::loader::specialise::is_lacking_native;

pub use asked::Asked;
use asked::Asking;

use super::apps;
use super::boot::{self, Start};
use super::literal::{self, Met};
use super::natives::NativeTable;
use super::program::{Place, Program};
use super::why::{Edges, How};
use super::{scan, sites};
use crate::error::Result;
use crate::plan::{Boot, Entry, Missing, Shake};

/// A module that goes into the image.
pub struct Kept {
    /// Its index in the program.
    pub module: usize,
    /// For each function of the file, whether it is kept.
    pub functions: Vec<bool>,
    /// Those of them that are called locally and left out all the same (`DORMANT`).
    pub dormant: BTreeSet<usize>,
}

/// What is kept, what it lacks, and what the user should hear.
#[derive(Default)]
pub struct Reached {
    /// Sorted by module name.
    pub kept: Vec<Kept>,
    pub missing: Vec<Missing>,
    pub warnings: Vec<String>,
    /// Who asked for each function first.
    pub parents: BTreeMap<Place, Option<Place>>,
    /// The machine's functions that calls may reach whose target is made at run time.
    pub unseen_natives: UnseenNatives,
    /// Kernel's servers that given code asks for something.
    pub services: Vec<Asked>,
    /// The boot level, and what is loaded at it.
    pub start: Start,
    /// There only where `lam why` wants it.
    pub edges: Edges,
}

/// Which of the machine's own functions may be called without standing in kept code.
#[derive(Debug, Default)]
pub enum UnseenNatives {
    /// Code that comes at run time may call any.
    #[default]
    All,
    /// Those whose module and function are names in given code; where it has a call that cannot be resolved, any function of a
    /// module that it names, and of `erlang`.
    Named { names: BTreeSet<String>, is_unresolved: bool },
}

impl UnseenNatives {
    pub fn may_call(&self, module: &str, function: &str) -> bool {
        match self {
            UnseenNatives::All => true,
            UnseenNatives::Named { names, is_unresolved } => {
                (module == "erlang" || names.contains(module)) && (*is_unresolved || names.contains(function))
            }
        }
    }
}

impl Reached {
    /// The callers of a function, nearest first.
    pub fn path(&self, program: &Program<'_>, from: Option<Place>) -> Vec<String> {
        path(&self.parents, program, from)
    }
}

struct Reach<'a, 'p> {
    program: &'p mut Program<'a>,
    natives: &'p NativeTable,
    shake: Shake,
    parents: BTreeMap<Place, Option<Place>>,
    todo: VecDeque<Place>,
    /// What only LAM's own modules reach: they know what the machine lacks.
    quiet: Vec<(Place, Option<Place>, How)>,
    /// Modules of which something is kept.
    touched: BTreeSet<usize>,
    whole: BTreeSet<usize>,
    started: BTreeSet<&'static str>,
    /// Touched modules whose atoms were looked at, and Elixir's modules that those name.
    looked_at: BTreeSet<usize>,
    named_by_elixir: BTreeSet<String>,
    /// Protocols whose implementations are kept.
    protocols: BTreeSet<usize>,
    /// Functions that are called of modules handed over, with a caller of each.
    handed: BTreeMap<(String, u8), Place>,
    /// Functions of given code that call what is not known.
    unresolved: Option<Place>,
    unseen: Option<Place>,
    missing: BTreeMap<String, (String, Option<Place>)>,
    asking: Asking,
    /// What is found missing now is the program's, not the machine's.
    is_reporting: bool,
    /// What the machine's own needs may reach and leave out: modules, and functions of them or `*`.
    dormant: BTreeSet<(&'static str, &'static str)>,
    dormant_places: BTreeSet<Place>,
    /// Collected for `lam why` alone.
    edges: Option<Edges>,
}

/// Finds what is kept. `entry` is a root of its own.
pub fn reach(program: &mut Program<'_>, natives: &NativeTable, entry: &(String, String, u8)) -> Result<Reached> {
    run(program, natives, entry, None)
}

/// As `reach`, with all edges.
pub fn reach_with_edges(program: &mut Program<'_>, natives: &NativeTable, entry: &(String, String, u8)) -> Result<Reached> {
    run(program, natives, entry, Some(Edges::default()))
}

fn run(program: &mut Program<'_>, natives: &NativeTable, entry: &(String, String, u8), edges: Option<Edges>) -> Result<Reached> {
    let shake = program.input.options.shake;
    let mut reach = Reach {
        program,
        natives,
        shake,
        parents: BTreeMap::new(),
        todo: VecDeque::new(),
        quiet: Vec::new(),
        touched: BTreeSet::new(),
        whole: BTreeSet::new(),
        started: BTreeSet::new(),
        looked_at: BTreeSet::new(),
        named_by_elixir: BTreeSet::new(),
        protocols: BTreeSet::new(),
        handed: BTreeMap::new(),
        unresolved: None,
        unseen: None,
        missing: BTreeMap::new(),
        asking: Asking::default(),
        is_reporting: true,
        dormant: BTreeSet::new(),
        dormant_places: BTreeSet::new(),
        edges,
    };
    let asked = boot::asked(reach.program.input);
    let mut applications = apps::find(reach.program.input, asked.unwrap_or(Boot::None))?;
    reach.user_roots(entry)?;
    reach.application_roots(&applications)?;
    reach.run()?;
    if reach.program.input.options.entry == Entry::Shell {
        reach.is_reporting = false;
        reach.shell_roots()?;
        reach.run()?;
    }
    let services = reach.asked_services();
    let (level, why) = boot::level(reach.program.input, &services);
    if asked.is_none() && level != Boot::None {
        applications = apps::find(reach.program.input, level)?;
    }
    reach.is_reporting = false;
    reach.keep_quiet();
    reach.run()?;
    let texts = reach.loadable_apps(level)?;
    reach.run()?;
    match level {
        Boot::None => reach.sleep(),
        Boot::Kernel | Boot::App => reach.kernel_roots()?,
    }
    for root in ROOTS {
        reach.root(root.mfa, root.why)?;
    }
    reach.run()?;
    reach.whole_apps()?;
    reach.run()?;
    Ok(reach.finish(Start::new(level, why, applications, texts), services))
}

impl Reach<'_, '_> {
    // --- keeping

    fn keep(&mut self, place: Place, parent: Option<Place>, how: How) {
        let is_known = self.parents.contains_key(&place);
        if !is_known && self.is_dormant(place) {
            return;
        }
        if let Some(edges) = &mut self.edges {
            edges.add(parent, place, how);
        }
        self.note_asking(parent, place, how);
        if is_known {
            return;
        }
        let is_given = |place: Place| self.program.modules[place.0].is_given;
        if self.is_reporting && self.program.modules[place.0].app == "lam" && parent.is_some_and(|parent| !is_given(parent)) {
            self.quiet.push((place, parent, how));
            return;
        }
        self.parents.insert(place, parent);
        self.todo.push_back(place);
        let module = place.0;
        if self.touched.insert(module) {
            let functions = &self.program.modules[module].file.code.functions;
            let on_load: Vec<usize> =
                functions.iter().enumerate().filter(|(_, function)| function.is_on_load).map(|(index, _)| index).collect();
            on_load.into_iter().for_each(|index| self.keep((module, index), Some(place), How::OnLoad));
            if matches!(self.shake, Shake::Modules | Shake::None) {
                self.keep_all(module, Some(place), How::Whole);
            }
        }
    }

    /// From here on only the machine asks: what nothing of the program wakes is left out.
    fn sleep(&mut self) {
        if self.unseen.is_some() || matches!(self.shake, Shake::Modules | Shake::None) {
            return;
        }
        for row in DORMANT {
            let is_woken =
                row.woken_by.iter().any(|(module, function, arity)| self.kept_place(module, function, *arity).is_some());
            if !is_woken {
                self.dormant.extend(row.functions);
            }
        }
    }

    fn is_dormant(&self, place: Place) -> bool {
        let (module, function, _) = self.program.mfa(place);
        !self.dormant.is_empty() && (self.dormant.contains(&(module, "*")) || self.dormant.contains(&(module, function)))
    }

    /// A function that is called locally.
    fn keep_local(&mut self, place: Place, parent: Place) {
        if self.is_dormant(place) && !self.parents.contains_key(&place) {
            self.parents.insert(place, Some(parent));
            self.dormant_places.insert(place);
        } else {
            self.keep(place, Some(parent), How::Calls);
        }
    }

    /// Every function of a module.
    fn keep_all(&mut self, module: usize, parent: Option<Place>, how: How) {
        if self.whole.insert(module) {
            let count = self.program.modules[module].file.code.functions.len();
            (0..count).for_each(|index| self.keep((module, index), parent, how));
        }
    }

    /// Every exported function of a module, and what these need.
    fn keep_exports(&mut self, module: usize, parent: Option<Place>, how: How) {
        self.exported_places(module).into_iter().for_each(|place| self.keep(place, parent, how));
    }

    fn exported_places(&self, module: usize) -> Vec<Place> {
        let file = &self.program.modules[module].file;
        file.exports.iter().filter_map(|export| Some((module, file.function_of_label(export.label)?))).collect()
    }

    /// What was put off until all that the program surely calls is found.
    fn keep_quiet(&mut self) {
        for (place, parent, how) in std::mem::take(&mut self.quiet) {
            self.keep(place, parent, how);
        }
    }

    fn run(&mut self) -> Result<()> {
        loop {
            while let Some(place) = self.todo.pop_front() {
                self.function(place)?;
            }
            self.servers()?;
            self.implementations()?;
            self.protocols()?;
            self.modules_in_terms()?;
            self.dynamic()?;
            if self.todo.is_empty() {
                return Ok(());
            }
        }
    }

    /// Whether a kept function was asked for from given code (or by hand), and not by the machine alone.
    fn is_asked_by_program(&self, place: Place) -> bool {
        let mut root = place;
        while let Some(Some(parent)) = self.parents.get(&root) {
            root = *parent;
        }
        self.is_reporting || self.program.modules[root.0].is_given
    }

    /// The place of a function (exported or not) if it is kept.
    fn kept_place(&self, module: &str, function: &str, arity: u8) -> Option<Place> {
        let index = self.program.modules.iter().position(|row| row.name == module)?;
        let place = (index, self.program.modules[index].file.function_named(function, arity)?);
        self.parents.contains_key(&place).then_some(place)
    }

    fn names_in_given_code(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self.program.input.given.iter().map(|given| given.name.clone()).collect();
        for module in self.program.modules.iter().filter(|module| module.is_given) {
            names.extend(names_in(&module.file));
        }
        names
    }

    // --- one function

    fn function(&mut self, place: Place) -> Result<()> {
        let module = &self.program.modules[place.0];
        let (module_name, name, arity) = self.program.mfa(place);
        if self.natives.has(module_name, name, arity) {
            let traps: Vec<_> = sites::traps(module_name, name, arity).collect();
            return traps
                .into_iter()
                .try_for_each(|(module, function, arity)| self.named(place, module, function, Some(arity), How::Traps));
        }
        if is_lacking_native(&module.file, self.natives, place.1) {
            let name = self.program.name(place);
            let what = format!("`{name}` is native code that LAM does not have yet");
            self.note(name, what, self.parents[&place]);
            return Ok(());
        }
        let found = scan::scan(&module.file, &module.file.code.functions[place.1]);
        let (is_given, app) = (module.is_given, module.app.clone());
        for function in found.local {
            self.keep_local((place.0, function), place);
        }
        for (module, function, arity) in &found.calls {
            self.call(place, module, function, *arity, is_given)?;
            if is_given && sites::runs_unseen_code(module, function) {
                self.unseen.get_or_insert(place);
                if let Some(edges) = &mut self.edges {
                    edges.runs_unseen.insert(place);
                }
            }
            if self.is_reporting && !asked::is_listed(&app) {
                self.asking.call(place, module, function);
            }
        }
        for scan::Named { module, function, arity, how } in &found.named {
            // Our own modules put servers to sleep by names; what these need comes with the server.
            let of_server = |mfa: &(&str, &str, u8)| mfa.0 == module && mfa.1 == function && Some(mfa.2) == *arity;
            if app == "lam" && SERVERS.iter().flat_map(|server| server.keep).any(of_server) {
                continue;
            }
            self.named(place, module, function, *arity, *how)?;
        }
        for module in &found.whole {
            if let Some(module) = self.program.load(module)? {
                self.keep_exports(module, Some(place), How::CalledBack);
            }
        }
        for handed in found.handed {
            self.handed.entry(handed).or_insert(place);
        }
        if let (true, true, Some(edges)) = (found.is_unresolved, is_given, &mut self.edges) {
            edges.is_unresolved.insert(place);
        }
        if found.is_unresolved && is_given && self.parents.contains_key(&place) && !self.started.contains("") {
            // Once is enough: it keeps what all given code names.
            self.started.insert("");
            self.unresolved = Some(place);
        }
        Ok(())
    }

    /// A call by name.
    fn call(&mut self, caller: Place, module_name: &str, function: &str, arity: u8, is_given: bool) -> Result<()> {
        if self.natives.has(module_name, function, arity) {
            self.outside(caller, module_name, function, arity);
            for (module, function, arity) in sites::traps(module_name, function, arity) {
                self.named(caller, module, function, Some(arity), How::Traps)?;
            }
            return Ok(());
        }
        let found = self.program.load(module_name)?;
        if let Some(module) = found
            && let Some(place) = self.program.exported(module, function, arity)
        {
            self.keep(place, Some(caller), How::Calls);
            return Ok(());
        }
        self.outside(caller, module_name, function, arity);
        let name = format!("{module_name}:{function}/{arity}");
        let what = match found.map(|module| self.program.modules[module].is_given) {
            Some(true) => format!("`{name}` is called, and the given `{module_name}` does not export it"),
            _ => {
                let mut what = format!("`{name}` is not in OTP {}", self.program.input.library.release());
                if is_given && let Some(release) = self.newer_release(caller.0) {
                    what += &format!("; `{}.beam` was compiled by OTP {release}", self.program.modules[caller.0].name);
                }
                what
            }
        };
        self.note(name, what, Some(caller));
        Ok(())
    }

    /// A function that a tuple or a known site names: kept where it is there.
    fn named(&mut self, caller: Place, module: &str, function: &str, arity: Option<u8>, how: How) -> Result<()> {
        let Some(module) = self.program.load(module)? else { return Ok(()) };
        let places = match arity {
            // Who starts a child of a `simple_one_for_one` supervisor adds arguments.
            Some(arity) if how == How::Names => match self.program.exported(module, function, arity) {
                Some(place) => vec![place],
                None => {
                    let mut places = self.program.exported_all(module, function);
                    places.retain(|place| self.program.mfa(*place).2 > arity);
                    places
                }
            },
            Some(arity) => self.program.exported(module, function, arity).into_iter().collect(),
            None => self.program.exported_all(module, function),
        };
        places.into_iter().for_each(|place| self.keep(place, Some(caller), how));
        Ok(())
    }

    /// A call of what is no function of a module.
    fn outside(&mut self, caller: Place, module: &str, function: &str, arity: u8) {
        if let Some(edges) = &mut self.edges {
            edges.outside.entry(format!("{module}:{function}/{arity}")).or_default().push(caller);
        }
    }

    fn note(&mut self, key: String, what: String, caller: Option<Place>) {
        if self.is_reporting {
            self.missing.entry(key).or_insert((what, caller));
        }
    }

    /// The release that compiled a module, where it is newer than the library's.
    fn newer_release(&self, module: usize) -> Option<u32> {
        let library = self.program.input.library.major();
        self.program.modules[module].file.otp_release().filter(|release| *release > library)
    }

    fn finish(self, start: Start, services: Vec<Asked>) -> Reached {
        let mut warnings = Vec::new();
        for index in 0..self.program.modules.len() {
            let module = &self.program.modules[index];
            if module.is_given
                && let Some(release) = self.newer_release(index)
            {
                let library = self.program.input.library.release();
                warnings.push(format!(
                    "`{}` was compiled by OTP {release}, which is newer than the OTP {library} that it is linked with",
                    module.name
                ));
            }
        }
        warnings.extend(boot::warnings(&start, &services));
        let missing = self
            .missing
            .values()
            .map(|(what, caller)| Missing { what: what.clone(), path: path(&self.parents, self.program, *caller) });
        let missing = missing.collect();
        let mut kept: BTreeMap<&str, Kept> = BTreeMap::new();
        for module in &self.touched {
            let row = &self.program.modules[*module];
            let count = row.file.code.functions.len();
            let functions = (0..count).map(|index| self.parents.contains_key(&(*module, index))).collect();
            let dormant = (0..count).filter(|index| self.dormant_places.contains(&(*module, *index))).collect();
            kept.insert(&row.name, Kept { module: *module, functions, dormant });
        }
        let kept = kept.into_values().collect();
        let is_shell = self.program.input.options.entry == Entry::Shell;
        let unseen_natives = if is_shell || self.unseen.is_some() || matches!(self.shake, Shake::Modules | Shake::None) {
            UnseenNatives::All
        } else {
            UnseenNatives::Named { names: self.names_in_given_code(), is_unresolved: self.started.contains("") }
        };
        let edges = self.edges.unwrap_or_default();
        Reached { kept, missing, warnings, parents: self.parents, unseen_natives, services, start, edges }
    }
}

/// The atoms of a module, those in its literals too.
fn names_in(file: &BeamFile) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = file.tables.atoms.iter().map(|atom| atom.to_string()).collect();
    for index in 0..file.tables.literals.len() {
        let _ = literal::walk(file.literal(index as u32), &mut |met| match met {
            Met::Atom(name) => drop(names.insert(name.to_string())),
            Met::Fun(name, ..) => drop(names.insert(name.to_string())),
        });
    }
    names
}

/// The function itself, who asked for it, and so on.
fn path(parents: &BTreeMap<Place, Option<Place>>, program: &Program<'_>, from: Option<Place>) -> Vec<String> {
    let mut steps = Vec::new();
    let mut next = from;
    while let Some(place) = next {
        steps.push(program.name(place));
        next = parents.get(&place).copied().flatten();
        if steps.len() > 64 {
            break;
        }
    }
    steps
}
