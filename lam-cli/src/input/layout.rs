//! How build tools lay out what they leave behind.
//!
//! ```text
//! mix       _build/ENV/lib/APP/{ebin,priv,consolidated}       beside lib: rel
//! rebar3    _build/PROFILE/lib/APP/{ebin,priv}                beside lib: bin, plugins, rel
//! gleam     build/erlang-shipment/APP/{ebin,priv}, entrypoint.sh
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Folders beside `lib` that hold other things than the program: finished releases, and what the tool itself runs.
const BESIDE_LIB: &[&str] = &["rel", "plugins", "extras", "checkouts"];

/// Whether a folder in `parent` is no part of the program.
pub fn is_passed_over(path: &Path, parent: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || (BESIDE_LIB.contains(&&*name) && parent.join("lib").is_dir())
}

/// `_build` with several environments holds several programs.
pub fn refuse_several_builds(folder: &Path) -> Result<()> {
    if folder.file_name().is_none_or(|name| name != "_build") {
        return Ok(());
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut builds: Vec<PathBuf> = entries.filter(|path| path.join("lib").is_dir()).collect();
    builds.sort();
    if builds.len() < 2 {
        return Ok(());
    }
    let names: Vec<String> = builds.iter().map(|path| format!("`{}`", path.display())).collect();
    Err(Error::new(format!("`{}` holds several builds: {}", folder.display(), names.join(", "))).hint("name one of them"))
}

/// The module that a Gleam shipment begins in, as its `entrypoint.sh` says.
pub fn gleam_entry(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("entrypoint.sh")).ok()?;
    let name = text.lines().find_map(|line| line.trim().strip_prefix("PACKAGE="))?.trim_matches(['"', '\'']).to_string();
    let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    (is_name && folder.join(&name).join("ebin").is_dir()).then_some(name)
}

/// What a layout does not hold, though its project does.
pub fn warnings(named: &[PathBuf]) -> Vec<String> {
    let mut projects: Vec<PathBuf> = named.iter().filter_map(|path| project_of(path)).collect();
    projects.sort();
    projects.dedup();
    let config = |project: PathBuf| {
        ["config.exs", "sys.config"].map(|name| project.join("config").join(name)).into_iter().find(|path| path.is_file())
    };
    let configs = projects.into_iter().filter_map(config);
    configs.map(|path| format!("`{}` is not read: a build without a release does not hold its values", path.display())).collect()
}

/// The folder that holds the `_build` in which a path lies.
fn project_of(path: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(path).ok()?;
    let build = real.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "_build"))?;
    build.parent().map(Path::to_path_buf)
}
