//! Files that go into a program as they are: `priv` beside a linked `ebin`, `.app` files, and what `--include` names.
//!
//! ```text
//! …/APP/ebin/*.beam, …/APP/priv/*   ►   lib/APP/priv/*          --include APP=DIR   ►   lib/APP/priv/* from DIR
//! …/APP/ebin/APP.app                ►   lib/APP/ebin/APP.app
//! ```
//! Symbolic links are followed. The program reads them below `platform::bundle::ROOT`, through `code:priv_dir/1` and its kin.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::input::{self, Inputs};
use crate::plan::Embedded;

/// Folders are searched this deep.
const DEPTH_LIMIT: usize = 32;

/// What lies at each path of the program's own file system: bytes, or `None` for a folder, and where it came from.
type Files = BTreeMap<String, (Option<Arc<[u8]>>, PathBuf)>;

/// All files that go in, sorted by path.
pub fn collect(inputs: &Inputs, includes: &[String]) -> Result<Vec<Embedded>> {
    let mut files = Files::new();
    for app in &inputs.apps {
        put(&mut files, format!("lib/{0}/ebin/{0}.app", app.name), Some(app.bytes.clone()), &app.path)?;
    }
    for (app, folder) in priv_folders(inputs) {
        take(&mut files, &format!("lib/{app}/priv"), &folder, 0)?;
    }
    for (path, bytes) in &inputs.packed {
        // `shop.ez/shop-1.0/priv/a`: what stands before `priv` is the application's folder.
        let Some(top) = path.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "priv")) else { continue };
        let (Some(parent), Ok(rest)) = (top.parent(), path.strip_prefix(top)) else { continue };
        if let (Some(app), Some(rest)) = (app_of(inputs, &parent.join("ebin"), parent), rest.to_str()) {
            put(&mut files, format!("lib/{app}/priv/{rest}"), Some(bytes.clone()), path)?;
        }
    }
    for include in includes {
        let (app, folder) = parse(include)?;
        if !folder.is_dir() {
            return Err(Error::new(format!("cannot include `{}`: it is not a folder", folder.display()))
                .hint("write APP=DIR, as in --include shop=priv"));
        }
        take(&mut files, &format!("lib/{app}/priv"), &folder, 0)?;
    }
    Ok(files.into_iter().map(|(path, (bytes, _))| Embedded { path, bytes }).collect())
}

/// Application and folder of `APP=DIR`.
fn parse(text: &str) -> Result<(&str, PathBuf)> {
    let is_name = |app: &&str| !app.is_empty() && !app.starts_with('.') && !app.contains(['/', '\0']);
    match text.split_once('=').filter(|(app, folder)| is_name(app) && !folder.is_empty()) {
        Some((app, folder)) => Ok((app, PathBuf::from(folder))),
        None => {
            Err(Error::usage(format!("`{text}` names no application and folder"))
                .hint("write APP=DIR, as in --include shop=priv"))
        }
    }
}

/// `priv` folders beside `ebin` folders that hold given files, with the applications' names.
fn priv_folders(inputs: &Inputs) -> BTreeSet<(String, PathBuf)> {
    let given = inputs.modules.iter().map(|module| &module.path).chain(inputs.apps.iter().map(|app| &app.path));
    let ebins: BTreeSet<&Path> =
        given.filter_map(|path| path.parent()).filter(|folder| folder.file_name().is_some_and(|name| name == "ebin")).collect();
    let folders = ebins.into_iter().filter_map(|ebin| {
        let top = ebin.parent().filter(|top| !top.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = top.join("priv");
        folder.is_dir().then(|| Some((app_of(inputs, ebin, top)?, folder))).flatten()
    });
    folders.collect()
}

/// The application of an `ebin` folder: its `.app` file's name, else its folder's without the version.
fn app_of(inputs: &Inputs, ebin: &Path, top: &Path) -> Option<String> {
    if let Some(app) = inputs.apps.iter().find(|app| app.path.parent() == Some(ebin)) {
        return Some(app.name.clone());
    }
    let mut named: Vec<PathBuf> = fs::read_dir(ebin).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    named.retain(|path| path.extension().is_some_and(|end| end == "app"));
    if let [app] = &named[..] {
        return Some(app.file_stem()?.to_str()?.to_string());
    }
    let real = fs::canonicalize(top).unwrap_or_else(|_| top.to_path_buf());
    Some(real.file_name()?.to_str()?.split('-').next()?.to_string())
}

/// Takes a folder with all that is in it.
fn take(files: &mut Files, to: &str, folder: &Path, depth: usize) -> Result<()> {
    if depth > DEPTH_LIMIT {
        return Err(Error::new(format!("cannot read `{}`: folders are nested deeper than {DEPTH_LIMIT}", folder.display())));
    }
    put(files, to.to_string(), None, folder)?;
    let entries = fs::read_dir(folder).map_err(|error| Error::io("read", folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| Error::io("read", folder, &error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(Error::new(format!("cannot include `{}`: its name is not UTF-8", path.display())));
        };
        let to = format!("{to}/{name}");
        if path.is_dir() {
            take(files, &to, &path, depth + 1)?;
        } else if path.is_file() {
            put(files, to, Some(input::read_file(&path)?), &path)?;
        }
    }
    Ok(())
}

fn put(files: &mut Files, to: String, bytes: Option<Arc<[u8]>>, from: &Path) -> Result<()> {
    match files.get(&to) {
        Some((old, first)) if *old != bytes => Err(Error::new(format!(
            "two different files would be `{to}` in the program: `{}` and `{}`",
            first.display(),
            from.display()
        ))),
        Some(_) => Ok(()),
        None => {
            files.insert(to, (bytes, from.to_path_buf()));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn includes_are_read() {
        assert_eq!(parse("shop=a=b").map(|(app, folder)| (app, folder.display().to_string())).ok(), Some(("shop", "a=b".into())));
        assert!(["shop", "=a", "shop=", "../x=a", "a/b=c"].iter().all(|text| parse(text).is_err()));
    }
}
