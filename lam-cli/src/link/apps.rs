//! Applications: the `.app` files of a program and of what it depends on, and what of them goes into the image.
//!
//! ```text
//! given .app, library ─► closure over `applications` ─► loaded (kernel, stdlib first) and started, in order
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use super::app_file::{self, Constant, list};
use crate::error::{Error, Result};
use crate::plan::{Boot, BuildInput, Entry};

/// One application that the machine loads when it starts.
pub struct Application {
    /// `{application, Name, Keys}`.
    pub term: Constant,
    /// Whether its `.app` file was given, and not the library's.
    pub is_given: bool,
}

/// What is loaded and started before the program, in order.
#[derive(Default)]
pub struct Applications {
    /// kernel and stdlib first, then each after those it needs.
    pub loaded: Vec<Application>,
    /// Names of what is started, without kernel and stdlib.
    pub started: Vec<String>,
}

/// What boot level `level` loads: the application that is the program, or all given ones, with what they need.
pub fn find(input: &BuildInput<'_>, level: Boot) -> Result<Applications> {
    let mut found = Applications::default();
    if level == Boot::None {
        return Ok(found);
    }
    for name in ["kernel", "stdlib"] {
        let application = read(input, name)?.ok_or_else(|| Error::new(format!("the library has no `{name}.app`")))?;
        found.loaded.push(application);
    }
    let roots: Vec<String> = match (&input.options.entry, level) {
        (Entry::App(name), _) => vec![name.clone()],
        (_, Boot::App) => input.apps.iter().map(|app| app.name.clone()).collect(),
        _ => Vec::new(),
    };
    let mut visited: BTreeSet<String> = ["kernel".to_string(), "stdlib".to_string()].into();
    for root in roots {
        visit(input, &root, None, true, &mut visited, &mut found)?;
    }
    Ok(found)
}

/// Adds an application after all that it needs. What is included is loaded, and started by who includes it.
fn visit(
    input: &BuildInput<'_>,
    name: &str,
    asked_by: Option<&str>,
    is_started: bool,
    visited: &mut BTreeSet<String>,
    found: &mut Applications,
) -> Result<()> {
    if !visited.insert(name.to_string()) {
        return Ok(());
    }
    let Some(application) = read(input, name)? else {
        let who = asked_by.map_or(String::new(), |app| format!(", which `{app}` needs"));
        return Err(Error::new(format!("cannot start application `{name}`{who}: there is no `{name}.app`"))
            .hint("give the folder that holds it"));
    };
    let optional = names(&application.term, "optional_applications");
    for needed in names(&application.term, "applications") {
        if optional.contains(&needed) && read(input, &needed)?.is_none() {
            continue;
        }
        visit(input, &needed, Some(name), true, visited, found)?;
    }
    for included in names(&application.term, "included_applications") {
        visit(input, &included, Some(name), false, visited, found)?;
    }
    found.loaded.push(application);
    if is_started {
        found.started.push(name.to_string());
    }
    Ok(())
}

/// The `.app` file of a name: a given one, else the library's.
fn read(input: &BuildInput<'_>, name: &str) -> Result<Option<Application>> {
    let given = input.apps.iter().find(|app| app.name == name);
    let library = || input.library.app_file(name).map(|file| file.bytes);
    let Some(bytes) = given.map(|app| app.bytes.clone()).or_else(library) else { return Ok(None) };
    let term = app_file::term(&bytes).filter(|term| app_file::environment(&bytes).is_some() && is_named(term, name));
    match term {
        Some(term) => Ok(Some(Application { term, is_given: given.is_some() })),
        None => Err(Error::new(format!("`{name}.app` does not say `{{application, {name}, […]}}.`"))),
    }
}

fn is_named(term: &Constant, name: &str) -> bool {
    matches!(term, Constant::Tuple(parts) if matches!(&parts[1], Constant::Atom(atom) if atom == name))
}

/// The names in a list that an application holds under `key`.
fn names(application: &Constant, key: &str) -> Vec<String> {
    match app_file::key(application, key) {
        Some(Constant::List(elements)) => elements
            .iter()
            .filter_map(|element| match element {
                Constant::Atom(name) => Some(name.clone()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

impl Application {
    /// The module of `{mod, {Module, Args}}`.
    pub fn module(&self) -> Option<&str> {
        starting_module(&self.term)
    }
}

fn starting_module(application: &Constant) -> Option<&str> {
    match app_file::key(application, "mod") {
        Some(Constant::Tuple(parts)) => match &parts[..] {
            [Constant::Atom(module), _] => Some(module),
            _ => None,
        },
        _ => None,
    }
}

impl Applications {
    /// `{[{application, Name, Keys}], [Name]}` in the external term format.
    pub fn encode(&self) -> Vec<u8> {
        let loaded = list(self.loaded.iter().map(|app| app.term.clone()).collect());
        let started = list(self.started.iter().map(|name| Constant::Atom(name.clone())).collect());
        app_file::to_external(&Constant::Tuple(vec![loaded, started]))
    }
}

/// Name of each `.app` file, and its text.
pub type Texts = Vec<(String, Arc<[u8]>)>;

/// The module of `{mod, {Module, Args}}` in the text of an `.app` file.
pub fn module_of(text: &[u8]) -> Option<String> {
    starting_module(&app_file::term(text)?).map(str::to_string)
}

/// The modules that the text of an `.app` file names: those of `{modules, […]}` and that of `{mod, {M, _}}`.
pub fn modules(text: &[u8]) -> Vec<String> {
    let Some(term) = app_file::term(text) else { return Vec::new() };
    let mut modules = names(&term, "modules");
    modules.extend(starting_module(&term).map(str::to_string));
    modules
}

/// Texts of the `.app` files that the program may load by name: the given ones, those of the library that `names` holds, and what
/// these need.
pub fn texts(input: &BuildInput<'_>, names_in_code: &BTreeSet<String>) -> Texts {
    let given = input.apps.iter().map(|app| app.name.clone());
    let mut todo: Vec<String> = given.chain(names_in_code.iter().cloned()).collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    while let Some(name) = todo.pop() {
        if matches!(&*name, "kernel" | "stdlib") || !seen.insert(name.clone()) {
            continue;
        }
        let given = input.apps.iter().find(|app| app.name == name).map(|app| app.bytes.clone());
        let Some(bytes) = given.or_else(|| input.library.app_file(&name).map(|file| file.bytes)) else { continue };
        if let Some(term) = app_file::term(&bytes) {
            todo.extend(names(&term, "applications"));
            todo.extend(names(&term, "included_applications"));
        }
        found.push((format!("{name}.app"), bytes));
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::modules;

    #[test]
    fn app_files_name_modules() {
        let text = b"{application, shop,\n [{vsn, \"1\"}, {modules, [shop, 'shop.db'\n, shop_sup]}, % {mod, {no, []}}\n {mod, {shop_app, []}}]}.";
        assert_eq!(modules(text), ["shop", "shop.db", "shop_sup", "shop_app"]);
        assert!(modules(b"{application, x, [{modules, []}]}.").is_empty());
        assert!(modules(b"{application, x, [{modules, [a, ").is_empty());
    }
}
