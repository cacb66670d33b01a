//! Configuration files (`sys.config`), given when building: `[{App, [{Key, Value}]} | "other file"]`.
//!
//! The application controller of OTP reads them when the machine starts, as it reads files. Their names inside the image are such that its
//! rules for names find them: `/config/1/sys.config`, and beside it what that file names.

use std::fs;
use std::path::{Path, PathBuf};

use super::app_file::{self, Constant, list};
use crate::error::{Error, Result};
use crate::plan::Config;

/// Reads the files named on the command line, and those that they name.
pub fn read(paths: &[PathBuf]) -> Result<Config> {
    let (mut named, mut included) = (Vec::new(), Vec::new());
    for (index, path) in paths.iter().enumerate() {
        let path = with_extension(path);
        let text = fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
        let folder = format!("/config/{}", index + 1);
        let base = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let others = others(&text, &path)?;
        if let (Some(other), true) = (others.first(), base != "sys.config") {
            return Err(
                Error::new(format!("`{}` names the file `{other}`", path.display())).hint("only a `sys.config` may name others")
            );
        }
        for other in others {
            let file = with_extension(Path::new(&other));
            let place = path.parent().unwrap_or(Path::new("")).join(&file);
            let place = if place.exists() { place } else { file.clone() };
            let text = fs::read(&place).map_err(|error| Error::io("read", &place, &error))?;
            self::others(&text, &place)?;
            included.push((inside(&folder, &file), text));
        }
        named.push((format!("{folder}/{base}"), text));
    }
    Ok(Config { named, included })
}

/// The controller adds `.config` where it lacks.
fn with_extension(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    if text.ends_with(".config") || path.exists() { path.to_path_buf() } else { format!("{text}.config").into() }
}

/// The name under which the controller asks for a file that another one in `folder` names.
fn inside(folder: &str, file: &Path) -> String {
    let text = file.to_string_lossy();
    if file.is_absolute() {
        return text.into_owned();
    }
    format!("{folder}/{}", text.trim_start_matches("./"))
}

/// Names of other files in a file.
fn others(text: &[u8], path: &Path) -> Result<Vec<String>> {
    let wrong = || {
        Error::new(format!("`{}` is not a configuration file", path.display()))
            .hint("it holds one list, as in: [{shop, [{port, 8080}]}].")
    };
    let elements = match app_file::term(text) {
        Some(Constant::List(elements)) => elements,
        Some(Constant::Nil) => Vec::new(),
        _ => return Err(wrong()),
    };
    let mut names = Vec::new();
    for element in elements {
        match element {
            Constant::Text(text) => names.push(text.into_iter().filter_map(char::from_u32).collect()),
            Constant::Tuple(parts) if matches!(&parts[..], [Constant::Atom(_), Constant::List(_) | Constant::Nil]) => {}
            _ => return Err(wrong()),
        }
    }
    Ok(names)
}

/// `[{App, [{Key, Value}]}]` of all files, in the order in which the controller takes them.
pub fn settings(config: &Config) -> Vec<(String, Vec<Constant>)> {
    let mut settings = Vec::new();
    for (name, text) in &config.named {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let Some(Constant::List(elements)) = app_file::term(text) else { continue };
        for element in elements {
            match element {
                Constant::Text(other) => {
                    let other: String = other.into_iter().filter_map(char::from_u32).collect();
                    let other = inside(folder, &with_extension(Path::new(&other)));
                    let text = config.included.iter().find(|(name, _)| *name == other).map(|(_, text)| app_file::term(text));
                    if let Some(Some(Constant::List(elements))) = text {
                        settings.extend(elements.into_iter().filter_map(of_app));
                    }
                }
                element => settings.extend(of_app(element)),
            }
        }
    }
    settings
}

fn of_app(element: Constant) -> Option<(String, Vec<Constant>)> {
    let Constant::Tuple(parts) = element else { return None };
    match &parts[..] {
        [Constant::Atom(app), Constant::List(pairs)] => Some((app.clone(), pairs.clone())),
        _ => None,
    }
}

/// `[{Name, Text, IsNamed}]` in the external term format.
pub fn encode(config: &Config) -> Vec<u8> {
    let text = |name: &str| Constant::Text(name.chars().map(u32::from).collect());
    let row = |(name, bytes): &(String, Vec<u8>), is_named: &str| {
        Constant::Tuple(vec![text(name), Constant::Binary(bytes.clone()), Constant::Atom(is_named.into())])
    };
    let named = config.named.iter().map(|file| row(file, "true"));
    let included = config.included.iter().map(|file| row(file, "false"));
    app_file::to_external(&list(named.chain(included).collect()))
}
