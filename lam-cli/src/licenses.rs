//! `lam licenses`: licences and notices of everything inside an output.
//!
//! The part `licenses` is made when `lam` is built, by `targets/parts`: one record for each component.
//!
//! ```text
//! == NAME VERSION │ TARGETS │ LICENCE        targets: native,wasm,web,lam
//! text of the notice …
//! ```

use std::io::Write;
use std::process::ExitCode;

use crate::args::LicensesArgs;
use crate::error::{Error, Result};
use crate::{input, pack, parts};

/// One component of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Name and version.
    pub name: String,
    /// Which outputs hold it.
    pub targets: Vec<String>,
    /// Its licence as an SPDX expression.
    pub licence: String,
    /// Licence text and notices.
    pub text: String,
}

/// Runs the command.
pub fn command(args: &LicensesArgs) -> Result<ExitCode> {
    let target = match &args.file {
        None => None,
        Some(path) => {
            let path = pack::main_file(path);
            let bytes = input::read_file(&path)?;
            let (target, _) =
                pack::unpack(&bytes).ok_or_else(|| Error::new(format!("`{}` was not built by `lam build`", path.display())))?;
            Some(target)
        }
    };
    let bytes = parts::require("licenses", "its licence texts")?;
    let text = String::from_utf8(bytes).map_err(|_| Error::bug("the licences inside `lam` are not text"))?;
    let mut out = String::new();
    for component in read(&text) {
        if target.is_some_and(|target| !component.targets.iter().any(|name| name == target.name())) {
            continue;
        }
        out += &format!("{}: {}\n", component.name, component.licence);
        if !args.short {
            out += &format!("\n{}\n\n", component.text.trim());
        }
    }
    std::io::stdout().lock().write_all(out.as_bytes()).map_err(|error| Error::stdout(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the part.
pub fn read(text: &str) -> Vec<Component> {
    let mut components: Vec<Component> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(head) = line.strip_prefix("== ") {
            let mut fields = head.trim_end().split(" │ ");
            let mut next = || fields.next().unwrap_or_default().to_string();
            let name = next();
            let targets = next().split(',').map(str::to_string).collect();
            components.push(Component { name, targets, licence: next(), text: String::new() });
        } else if let Some(component) = components.last_mut() {
            component.text.push_str(line);
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read() {
        let components = read("== a 1.0 │ native,lam │ MIT\nCopyright me\n\n== b │ wasm │ ISC\ntext\n");
        assert_eq!(components.len(), 2);
        assert_eq!((components[0].name.as_str(), components[0].licence.as_str()), ("a 1.0", "MIT"));
        assert_eq!(components[0].targets, ["native", "lam"]);
        assert_eq!(components[1].text, "text\n");
    }

    /// With `LAM_PARTS` (as `make test` sets it): every component of an output has a licence and its text.
    #[test]
    fn every_component_has_a_licence() {
        let Some(folder) = std::env::var_os("LAM_PARTS") else { return };
        let text = std::fs::read_to_string(std::path::Path::new(&folder).join("licenses")).expect("make build wrote it");
        let components = read(&text);
        for target in ["native", "wasm", "web", "lam"] {
            let parts = components.iter().filter(|component| component.targets.iter().any(|name| name == target));
            assert!(parts.count() > 3, "{target}");
        }
        for component in &components {
            assert!(!component.licence.trim().is_empty(), "`{}` has no licence", component.name);
            assert!(component.text.trim().len() > 40, "`{}` has no licence text", component.name);
        }
        for name in ["LAM", "Rust standard library", "wasi-libc"] {
            assert!(components.iter().any(|component| component.name == name), "{name}");
        }
    }
}
