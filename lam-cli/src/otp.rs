//! Which OTP a program is linked with, and how its files are found.
//!
//! ```text
//! --otp DIR  ►  LAM_OTP  ►  the root that `erl` on the path reports  ►  the copy inside lam
//! ROOT/lib/APP[-VSN]/ebin/*.beam, *.app          preloaded modules: ROOT/lib/erts-*/ebin, else ROOT/erts-*/ebin
//! ```
//!
//! LAM's own modules (`lam-stdlib`) stand before OTP's of the same name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::archive::{self, Files};
use crate::error::{Error, Result};
use crate::parts;
use crate::plan::{Library, LibraryFile};

/// The library of one build.
pub struct Otp {
    origin: String,
    release: String,
    ours: Files,
    /// Libraries that are not of OTP, by file name: Elixir's, and those of `--lib`.
    extra: BTreeMap<String, (String, Place)>,
    source: Source,
}

enum Place {
    Path(PathBuf),
    Bytes(Arc<[u8]>),
}

enum Source {
    Embedded(Files),
    Folder { files: BTreeMap<String, (String, PathBuf)>, read: Mutex<Files> },
}

impl Otp {
    /// Finds the OTP to link with, in the order of this file's picture.
    pub fn discover(named: Option<&Path>) -> Result<Otp> {
        if let Some(root) = named {
            return Otp::from_folder(root, "");
        }
        if let Some(root) = std::env::var_os("LAM_OTP").filter(|root| !root.is_empty()) {
            return Otp::from_folder(Path::new(&root), " (from LAM_OTP)");
        }
        if let Some(root) = root_of_erl()
            && let Ok(otp) = Otp::from_folder(&root, " (from `erl` on the path)")
        {
            return Ok(otp);
        }
        Otp::embedded()
    }

    /// The copy inside `lam`.
    pub fn embedded() -> Result<Otp> {
        let bytes = parts::find("otp").ok_or_else(|| {
            Error::new("cannot find an OTP to link with: this `lam` holds none, and no `erl` is on the path")
                .hint("name one with --otp DIR or LAM_OTP, or install Erlang")
        })?;
        let files = archive::read(&bytes).ok_or_else(|| Error::bug("the OTP inside `lam` is broken"))?;
        let version = parts::fact("otp").unwrap_or_default();
        let release = version.split('.').next().unwrap_or_default().to_string();
        Ok(Otp {
            origin: format!("{version} (inside lam)"),
            release,
            ours: own_modules()?,
            extra: BTreeMap::new(),
            source: Source::Embedded(files),
        })
    }

    /// An installed OTP; `how` is added to its path in the report.
    pub fn from_folder(root: &Path, how: &str) -> Result<Otp> {
        let lib = root.join("lib");
        let mut files = BTreeMap::new();
        let entries = fs::read_dir(&lib).map_err(|error| {
            Error::io("read", &lib, &error).hint("--otp and LAM_OTP name OTP's root, the folder that holds `lib` and `releases`")
        })?;
        let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        folders.extend(
            fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| app_name(path) == "erts"),
        );
        // Oldest version first, so that of two the newer wins.
        folders.sort_by_key(|path| (app_name(path), version_key(path)));
        for folder in folders {
            let app = app_name(&folder);
            for entry in fs::read_dir(folder.join("ebin")).into_iter().flatten().flatten() {
                let path = entry.path();
                let wanted = path.extension().is_some_and(|end| end == "beam" || end == "app");
                if let (true, Some(name)) = (wanted, path.file_name().and_then(|name| name.to_str())) {
                    files.insert(name.to_string(), (app.clone(), path.clone()));
                }
            }
        }
        for needed in ["erlang.beam", "lists.beam", "kernel.app"] {
            if !files.contains_key(needed) {
                return Err(Error::new(format!("cannot use the OTP at `{}`: it has no `{needed}`", root.display()))
                    .hint("--otp and LAM_OTP name OTP's root, the folder that holds `lib` and `releases`"));
            }
        }
        let release = release_of(root, &files);
        let origin = format!("{release} at {}{how}", root.display());
        Ok(Otp {
            origin,
            release,
            ours: own_modules()?,
            extra: BTreeMap::new(),
            source: Source::Folder { files, read: Mutex::default() },
        })
    }

    /// Any library file by its name.
    pub fn file(&self, name: &str) -> Option<LibraryFile> {
        if let Some(file) = self.ours.get(name) {
            return Some(file.clone());
        }
        if let Some((app, place)) = self.extra.get(name) {
            let bytes = match place {
                Place::Path(path) => Arc::from(fs::read(path).ok()?),
                Place::Bytes(bytes) => bytes.clone(),
            };
            return Some(LibraryFile { app: app.clone(), bytes });
        }
        match &self.source {
            Source::Embedded(files) => files.get(name).cloned(),
            Source::Folder { files, read } => {
                let mut read = read.lock().ok()?;
                if let Some(file) = read.get(name) {
                    return Some(file.clone());
                }
                let (app, path) = files.get(name)?;
                let file = LibraryFile { app: app.clone(), bytes: Arc::from(fs::read(path).ok()?) };
                read.insert(name.to_string(), file.clone());
                Some(file)
            }
        }
    }

    /// Adds the modules and `.app` files of an `ebin` folder, which go before OTP's; what was added first stays.
    pub fn add_folder(&mut self, ebin: &Path) {
        let paths: Vec<PathBuf> = fs::read_dir(ebin).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        let named = paths.iter().find(|path| path.extension().is_some_and(|end| end == "app"));
        let app = named.and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
        let app = app.unwrap_or_else(|| app_name(ebin.parent().unwrap_or(ebin)));
        for path in paths {
            let wanted = path.extension().is_some_and(|end| end == "beam" || end == "app");
            if let (true, Some(name)) = (wanted, path.file_name().and_then(|name| name.to_str())) {
                self.extra.entry(name.to_string()).or_insert((app.clone(), Place::Path(path.clone())));
            }
        }
    }

    /// Adds a file by its name, such as `Elixir.Enum.beam`.
    pub fn add_file(&mut self, name: &str, app: &str, bytes: Arc<[u8]>) {
        self.extra.entry(name.to_string()).or_insert((app.to_string(), Place::Bytes(bytes)));
    }

    /// Whether a module was added.
    pub fn has_extra(&self, module: &str) -> bool {
        self.extra.contains_key(&format!("{module}.beam"))
    }

    /// Whether OTP itself (not LAM) has a module of that name.
    pub fn has_otp_module(&self, name: &str) -> bool {
        let file = format!("{name}.beam");
        match &self.source {
            Source::Embedded(files) => files.contains_key(&file),
            Source::Folder { files, .. } => files.contains_key(&file),
        }
    }
}

impl Library for Otp {
    fn module(&self, name: &str) -> Option<LibraryFile> {
        self.file(&format!("{name}.beam"))
    }

    fn app_of(&self, name: &str) -> Option<String> {
        let name = format!("{name}.beam");
        if let Some(file) = self.ours.get(&name) {
            return Some(file.app.clone());
        }
        if let Some((app, _)) = self.extra.get(&name) {
            return Some(app.clone());
        }
        match &self.source {
            Source::Embedded(files) => files.get(&name).map(|file| file.app.clone()),
            Source::Folder { files, .. } => files.get(&name).map(|(app, _)| app.clone()),
        }
    }

    fn module_names(&self) -> Vec<String> {
        let theirs: Vec<&String> = match &self.source {
            Source::Embedded(files) => files.keys().collect(),
            Source::Folder { files, .. } => files.keys().collect(),
        };
        let names = self.ours.keys().chain(self.extra.keys()).chain(theirs).filter_map(|name| name.strip_suffix(".beam"));
        let mut names: Vec<String> = names.map(str::to_string).collect();
        names.sort();
        names.dedup();
        names
    }

    fn app_file(&self, app: &str) -> Option<LibraryFile> {
        self.file(&format!("{app}.app"))
    }

    fn origin(&self) -> String {
        self.origin.clone()
    }

    fn release(&self) -> String {
        self.release.clone()
    }
}

fn own_modules() -> Result<Files> {
    match parts::find("stdlib") {
        Some(bytes) => archive::read(&bytes).ok_or_else(|| Error::bug("the modules inside `lam` are broken")),
        None => Ok(Files::new()),
    }
}

/// The root of the `erl` on the path. OTP's start script lies in ROOT/bin, behind links; only where that does not fit is it asked,
/// which takes 0.15 s.
fn root_of_erl() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let script = std::env::split_paths(&path).map(|folder| folder.join("erl")).find(|file| file.is_file())?;
    let root = fs::canonicalize(script).ok().and_then(|script| Some(script.parent()?.parent()?.to_path_buf()));
    if let Some(root) = root.filter(|root| root.join("releases").is_dir() && root.join("lib").is_dir()) {
        return Some(root);
    }
    ask_erl()
}

fn ask_erl() -> Option<PathBuf> {
    let eval = "io:format(\"~ts\", [code:root_dir()]), halt().";
    let output = Command::new("erl")
        .args(["-noshell", "-boot", "no_dot_erlang", "-eval", eval])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let root = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && root.starts_with('/')).then(|| PathBuf::from(root))
}

fn app_name(folder: &Path) -> String {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('-').next().unwrap_or_default().to_string()
}

fn version_key(folder: &Path) -> Vec<u64> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let version = name.split_once('-').map_or("", |(_, version)| version);
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// `25.2.3` from `releases/25/OTP_VERSION`, else the release folder's name.
fn release_of(root: &Path, files: &BTreeMap<String, (String, PathBuf)>) -> String {
    // Several releases may lie side by side; the one whose kernel was chosen is the newest.
    let mut releases: Vec<u32> = fs::read_dir(root.join("releases"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    releases.sort_unstable();
    let Some(newest) = releases.last() else {
        let kernel = files.get("kernel.app").map(|(_, path)| path.display().to_string());
        return format!("of unknown release ({})", kernel.unwrap_or_default());
    };
    let exact = fs::read_to_string(root.join(format!("releases/{newest}/OTP_VERSION")));
    exact.map(|text| text.trim().to_string()).unwrap_or_else(|_| newest.to_string())
}
