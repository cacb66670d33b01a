//! From what the user typed to the set of given modules.
//!
//! A folder stands for the `.beam` and `.app` files in it (its `ebin` folders and `consolidated` too, as rebar3 and mix lay them
//! out); a pattern is expanded when the shell did not. Equal bytes count once; of two different modules of one name the one in
//! `consolidated/` wins; else it is an error.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::plan::{Given, GivenApp};

/// A file may not be bigger; OTP's biggest module has 1.5 MB.
const FILE_LIMIT_BYTES: u64 = 256 << 20;

/// Folders are searched this deep.
const DEPTH_LIMIT: usize = 32;

/// What the command line named.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Modules sorted by name.
    pub modules: Vec<Given>,
    /// `.app` files sorted by name.
    pub apps: Vec<GivenApp>,
    /// Every file that was read.
    pub files: Vec<PathBuf>,
}

/// Expands and reads everything named on the command line.
pub fn read(named: &[PathBuf]) -> Result<Inputs> {
    let mut files = Vec::new();
    for name in named {
        expand(name, &mut files)?;
    }
    let mut modules: BTreeMap<String, Given> = BTreeMap::new();
    let mut apps: BTreeMap<String, GivenApp> = BTreeMap::new();
    for path in &files {
        let bytes = read_file(path)?;
        if path.extension().is_some_and(|end| end == "app") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            apps.entry(name.clone()).or_insert(GivenApp { name, path: path.clone(), bytes });
            continue;
        }
        let name = module_name(path, &bytes)?;
        let new = Given { name: name.clone(), path: path.clone(), bytes };
        match modules.get(&name) {
            None => {
                modules.insert(name, new);
            }
            Some(old) => {
                if prefer(old, &new)? {
                    modules.insert(name, new);
                }
            }
        }
    }
    Ok(Inputs { modules: modules.into_values().collect(), apps: apps.into_values().collect(), files })
}

/// Whether `new` takes the place of `old`, a module of the same name.
fn prefer(old: &Given, new: &Given) -> Result<bool> {
    if old.bytes == new.bytes {
        return Ok(false);
    }
    match (is_consolidated(&old.path), is_consolidated(&new.path)) {
        (false, true) => Ok(true),
        (true, false) => Ok(false),
        _ => Err(Error::new(format!(
            "two different modules are named `{}`: `{}` and `{}`",
            new.name,
            old.path.display(),
            new.path.display()
        ))
        .hint("name only one of them, or delete the stale one")),
    }
}

fn is_consolidated(path: &Path) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "consolidated")
}

fn expand(name: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    match fs::metadata(name) {
        Ok(data) if data.is_dir() => {
            let before = files.len();
            walk(name, 0, files)?;
            if files.len() == before {
                return Err(Error::new(format!("`{}` holds no .beam files", name.display()))
                    .hint("compile first: erlc, rebar3 compile or mix compile"));
            }
            Ok(())
        }
        Ok(_) => {
            files.push(name.to_path_buf());
            Ok(())
        }
        Err(error) => match name.to_str() {
            Some(pattern) if pattern.contains(['*', '?', '[']) => expand_glob(pattern, files),
            _ => Err(missing(name, &error)),
        },
    }
}

fn missing(name: &Path, error: &std::io::Error) -> Error {
    let error = Error::io("read", name, error);
    let source = name.with_extension("erl");
    if name.extension().is_some_and(|end| end == "beam") && source.exists() {
        return error.hint(format!("compile it first: erlc {}", source.display()));
    }
    error
}

fn expand_glob(pattern: &str, files: &mut Vec<PathBuf>) -> Result<()> {
    let paths = glob::glob(pattern).map_err(|error| Error::usage(format!("`{pattern}` is not a pattern: {}", error.msg)))?;
    let before = files.len();
    let mut found: Vec<PathBuf> = paths.flatten().filter(|path| path.is_dir() || is_input(path)).collect();
    found.sort();
    for path in found {
        expand(&path, files)?;
    }
    if files.len() == before {
        return Err(
            Error::new(format!("no .beam file matches `{pattern}`")).hint("compile first: erlc, rebar3 compile or mix compile")
        );
    }
    Ok(())
}

fn is_input(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "beam" || end == "app")
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    if depth > DEPTH_LIMIT {
        return Err(Error::new(format!("cannot read `{}`: folders are nested deeper than {DEPTH_LIMIT}", folder.display())));
    }
    let entries = fs::read_dir(folder).map_err(|error| Error::io("read", folder, &error))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if !path.is_symlink() || depth < 8 {
                walk(&path, depth + 1, files)?;
            }
        } else if is_input(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads one file, at most `FILE_LIMIT_BYTES` of it.
pub fn read_file(path: &Path) -> Result<Arc<[u8]>> {
    let file = fs::File::open(path).map_err(|error| missing(path, &error))?;
    let mut bytes = Vec::new();
    let read = file.take(FILE_LIMIT_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::io("read", path, &error))?;
    if bytes.len() as u64 > FILE_LIMIT_BYTES {
        return Err(Error::new(format!("cannot read `{}`: it is bigger than 256 MB", path.display())));
    }
    Ok(Arc::from(bytes))
}

/// The module's own name from its atom table, after the file's outer form was checked.
pub fn module_name(path: &Path, bytes: &[u8]) -> Result<String> {
    crate::beam::module_name(bytes).map_err(|why| {
        let error = Error::new(format!("`{}` is not a module: {why}", path.display()));
        match path.extension().and_then(|end| end.to_str()) {
            Some("erl" | "ex" | "gleam" | "hrl") => {
                error.hint("lam packs compiled modules: compile it first with erlc, mix or gleam")
            }
            _ => error.hint("only .beam files, folders that hold some, and .app files can be packed"),
        }
    })
}
