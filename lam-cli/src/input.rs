//! From what the user typed to the set of given modules.
//!
//! A folder stands for the `.beam`, `.app` and `.ez` files in it (its `ebin` folders and `consolidated` too; `layout` knows how
//! rebar3, mix and Gleam lay them out); an archive and an escript for the files in them; a pattern is expanded when the shell did
//! not. Equal bytes count once; of two different modules of one name the one in `consolidated/` wins; else it is an error.

mod layout;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::escript::{self, Body, Escript};
use crate::plan::{Given, GivenApp};
use crate::zip;

/// A file may not be bigger; OTP's biggest module has 1.5 MB.
const FILE_LIMIT_BYTES: u64 = 256 << 20;

/// Folders are searched this deep.
const DEPTH_LIMIT: usize = 32;

/// What the command line named.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Modules sorted by name.
    pub modules: Vec<Given>,
    /// `.app` files sorted by name.
    pub apps: Vec<GivenApp>,
    /// Every file that was read.
    pub files: Vec<PathBuf>,
    /// Files of archives that lie in a `priv` folder: `shop.ez/shop-1.0/priv/a`.
    pub packed: Vec<(PathBuf, Arc<[u8]>)>,
    /// Where the program begins when nobody says it: of the only escript, or the only Gleam shipment.
    pub entry: Option<(String, u8)>,
    /// Flags of the emulator that an escript names.
    pub flags: Vec<String>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// What was found so far.
#[derive(Default)]
struct Reader {
    modules: BTreeMap<String, Given>,
    apps: BTreeMap<String, GivenApp>,
    packed: Vec<(PathBuf, Arc<[u8]>)>,
    entries: Vec<(String, u8)>,
    flags: Vec<String>,
}

/// Expands and reads everything named on the command line.
pub fn read(named: &[PathBuf]) -> Result<Inputs> {
    let mut files = Vec::new();
    for name in named {
        expand(name, &mut files)?;
    }
    let mut reader = Reader::default();
    for path in &files {
        reader.file(path, read_file(path)?, false)?;
    }
    for name in named {
        reader.entries.extend(layout::gleam_entry(name).map(|module| (module, 0)));
    }
    reader.entries.dedup();
    let entry = if reader.entries.len() == 1 { reader.entries.pop() } else { None };
    Ok(Inputs {
        modules: reader.modules.into_values().collect(),
        apps: reader.apps.into_values().collect(),
        packed: reader.packed,
        entry,
        flags: reader.flags,
        warnings: layout::warnings(named),
        files,
    })
}

impl Reader {
    /// Takes in one file, of the disk or of an archive.
    fn file(&mut self, path: &Path, bytes: Arc<[u8]>, is_packed: bool) -> Result<()> {
        if path.extension().is_some_and(|end| end == "app") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            self.apps.entry(name.clone()).or_insert(GivenApp { name, path: path.to_path_buf(), bytes });
            return Ok(());
        }
        if !is_packed && zip::is_archive(&bytes) {
            return self.archive(path, &bytes);
        }
        if !is_packed && let Some(script) = escript::read(&bytes) {
            return self.escript(path, script);
        }
        let name = module_name(path, &bytes)?;
        let new = Given { name: name.clone(), path: path.to_path_buf(), bytes };
        let is_better = match self.modules.get(&name) {
            None => true,
            // Of an archive the first counts, as it does on a code path.
            Some(old) if is_packed && archive_of(&old.path) == archive_of(path) => false,
            Some(old) => prefer(old, &new)?,
        };
        if is_better {
            self.modules.insert(name, new);
        }
        Ok(())
    }

    /// `.beam` and `.app` files of an archive, and what lies in its `priv` folders.
    fn archive(&mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        let is_priv = |name: &str| name.split('/').any(|part| part == "priv") && !name.split('/').any(|part| part == "..");
        let is_wanted = |name: &str| is_input(Path::new(name)) || is_priv(name);
        let entries = zip::read(bytes, &is_wanted)
            .map_err(|why| Error::new(format!("cannot read the archive `{}`: {why}", path.display())))?;
        for entry in entries {
            let inner = path.join(&entry.name);
            if is_priv(&entry.name) {
                self.packed.push((inner, Arc::from(entry.bytes)));
            } else {
                self.file(&inner, Arc::from(entry.bytes), true)?;
            }
        }
        Ok(())
    }

    fn escript(&mut self, path: &Path, script: Escript<'_>) -> Result<()> {
        let mut main = script.main.unwrap_or_else(|| path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        match script.body {
            Body::Archive(bytes) => self.archive(path, bytes)?,
            Body::Module(bytes) => {
                main = module_name(path, bytes)?;
                self.file(&path.join(format!("{main}.beam")), Arc::from(bytes), true)?;
            }
            Body::Source => {
                return Err(Error::new(format!("the escript `{}` holds source and no compiled module", path.display()))
                    .hint("compile it: lam packs an escript that holds a module or an archive, as rebar3 and mix make them"));
            }
        }
        self.entries.push((main, 1));
        self.flags.extend(script.flags);
        Ok(())
    }
}

/// The part of a path up to the archive that holds the file.
fn archive_of(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|folder| folder.is_file())
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
            layout::refuse_several_builds(name)?;
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
    let mut found: Vec<PathBuf> = paths.flatten().filter(|path| path.is_dir() || is_input(path) || is_ez(path)).collect();
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

fn is_ez(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "ez")
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
            if (!path.is_symlink() || depth < 8) && !layout::is_passed_over(&path, folder) {
                walk(&path, depth + 1, files)?;
            }
        } else if is_input(&path) || is_ez(&path) {
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
            _ => error.hint("only .beam, .app and .ez files, escripts, and folders that hold some can be packed"),
        }
    })
}
