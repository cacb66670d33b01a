//! Elixir's own libraries, which no OTP has: from `--lib DIR`, else from the project, else of the `elixir` on the path.
//!
//! ```text
//! DIR/APP/ebin/*.beam      DIR/lib/APP/ebin      DIR/ebin      DIR/*.beam
//! ```
//! They are library and not given code: what nothing reaches is left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lam_vm::loader::BeamFile;

use crate::error::{Error, Result};
use crate::input::Inputs;
use crate::otp::Otp;

/// Elixir's applications, each with a module that nobody else has.
pub const APPS: &[(&str, &str)] = &[
    ("elixir", "Elixir.Kernel"),
    ("eex", "Elixir.EEx"),
    ("ex_unit", "Elixir.ExUnit"),
    ("iex", "Elixir.IEx"),
    ("logger", "Elixir.Logger"),
    ("mix", "Elixir.Mix"),
];

/// Whether an application is one of Elixir's own.
pub fn is_own(app: &str) -> bool {
    APPS.iter().any(|(name, _)| *name == app)
}

/// Gives the library what `--lib` names, and Elixir's own libraries where the program is written in Elixir; says where those lie,
/// unless they came by `--lib`. What of them was given becomes library.
pub fn add_to(otp: &mut Otp, inputs: &mut Inputs, libs: &[PathBuf], entry: Option<&str>) -> Result<Option<String>> {
    for lib in libs {
        let ebins = ebin_folders(lib);
        if ebins.is_empty() {
            let error = Error::new(format!("`{}` of --lib holds no applications", lib.display()));
            return Err(error.hint("name the folder that holds APP/ebin, as in --lib /usr/lib/elixir/lib"));
        }
        ebins.iter().for_each(|ebin| otp.add_folder(ebin));
    }
    if !inputs.modules.iter().any(|module| module.name.starts_with("Elixir.")) {
        return Ok(None);
    }
    let own = take_own(otp, inputs, entry);
    if otp.has_extra("Elixir.Kernel") || inputs.modules.iter().any(|module| module.name == "Elixir.Kernel") {
        return Ok(own);
    }
    if let Some(lib) = lib_of_elixir() {
        ebin_folders(&lib).iter().for_each(|ebin| otp.add_folder(ebin));
        return Ok(Some(format!("at {} (from `elixir` on the path)", lib.display())));
    }
    match first_need(inputs) {
        None => Ok(None),
        Some((module, needed)) => Err(Error::new(format!("Elixir's own libraries are not there: `{module}` calls `{needed}`"))
            .hint("name them with --lib DIR, the folder that holds elixir/ebin, or put `elixir` on the path")),
    }
}

/// Takes Elixir's own modules out of the given ones, but for a folder that the program begins in.
fn take_own(otp: &mut Otp, inputs: &mut Inputs, entry: Option<&str>) -> Option<String> {
    let is_entry = |name: &str| entry.is_some_and(|entry| name.strip_prefix("Elixir.").unwrap_or(name) == entry || name == entry);
    let folder_of = |name: &str| inputs.modules.iter().find(|module| module.name == name)?.path.parent().map(Path::to_path_buf);
    let mut folders: Vec<(&str, PathBuf)> = Vec::new();
    for (app, module) in APPS {
        let folder = folder_of(module).filter(|folder| folder.file_name().is_some_and(|name| name != "consolidated"));
        folders.extend(folder.map(|folder| (*app, folder)));
    }
    let has_entry =
        |folder: &Path| inputs.modules.iter().any(|module| is_entry(&module.name) && module.path.parent() == Some(folder));
    folders.retain(|(_, folder)| !has_entry(folder));
    let is_own = |path: &Path| folders.iter().find(|(_, folder)| path.parent() == Some(folder)).map(|(app, _)| *app);
    if inputs.modules.iter().all(|module| is_own(&module.path).is_some()) {
        return None;
    }
    for module in inputs.modules.iter() {
        if let Some(app) = is_own(&module.path) {
            otp.add_file(&format!("{}.beam", module.name), app, module.bytes.clone());
        }
    }
    for app in inputs.apps.iter().filter(|app| is_own(&app.path).is_some()) {
        otp.add_file(&format!("{}.app", app.name), &app.name, app.bytes.clone());
    }
    let place = folders.iter().find(|(app, _)| *app == "elixir").map(|(_, folder)| format!("at {}", folder.display()));
    inputs.modules.retain(|module| is_own(&module.path).is_none());
    inputs.apps.retain(|app| is_own(&app.path).is_none());
    place
}

/// The `ebin` folders that a folder of `--lib` stands for.
fn ebin_folders(lib: &Path) -> Vec<PathBuf> {
    let subfolders = |folder: &Path| -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        folders.sort();
        folders
    };
    let mut candidates = vec![lib.to_path_buf(), lib.join("ebin")];
    candidates.extend(subfolders(lib).into_iter().map(|app| app.join("ebin")));
    candidates.extend(subfolders(&lib.join("lib")).into_iter().map(|app| app.join("ebin")));
    let has_modules = |folder: &PathBuf| subfolders(folder).iter().any(|path| path.extension().is_some_and(|end| end == "beam"));
    candidates.retain(has_modules);
    candidates
}

/// The folder with Elixir's applications. Its script lies in ROOT/bin, behind links; where that does not fit (a version manager's
/// stand-in) it is asked.
fn lib_of_elixir() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let script = std::env::split_paths(&path).map(|folder| folder.join("elixir")).find(|file| file.is_file())?;
    let lib = fs::canonicalize(script).ok().and_then(|script| Some(script.parent()?.parent()?.join("lib")));
    if let Some(lib) = lib.filter(|lib| lib.join("elixir/ebin").is_dir()) {
        return Some(lib);
    }
    let output = Command::new("elixir")
        .args(["-e", "IO.write(:code.lib_dir(:elixir))"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?);
    folder.parent().filter(|lib| lib.join("elixir/ebin").is_dir()).map(Path::to_path_buf)
}

/// A given module, and one of Elixir's that it calls and nobody has.
fn first_need(inputs: &Inputs) -> Option<(String, String)> {
    let given: BTreeSet<&str> = inputs.modules.iter().map(|module| module.name.as_str()).collect();
    inputs.modules.iter().filter(|module| module.name.starts_with("Elixir.")).find_map(|module| {
        let file = BeamFile::parse(&module.bytes).ok()?;
        let names = file.tables.imports.iter().map(|import| file.atom(import.module));
        let needed = names.into_iter().find(|name| name.starts_with("Elixir.") && !given.contains(name))?;
        Some((module.name.clone(), needed.strip_prefix("Elixir.").unwrap_or(needed).to_string()))
    })
}
