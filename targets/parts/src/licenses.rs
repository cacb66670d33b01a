//! Licences and notices of every component of an output, as `lam licenses` prints them.
//!
//! Crates come from `cargo metadata`; their texts from the LICENSE and NOTICE files in their sources. A component without a
//! licence, or with one that is not in `ALLOWED`, stops the build.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Licences that may be part of an output. Of `A OR B` one suffices.
const ALLOWED: [&str; 13] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "0BSD",
    "BSL-1.0",
    "CC0-1.0",
    "Unlicense",
];

/// Which package stands for which output, and the platform it is built for.
const OUTPUTS: [(&str, &str, &str); 4] = [
    ("native", "lam-native", "x86_64-unknown-linux-musl"),
    ("wasm", "lam-wasm", "wasm32-wasip1"),
    ("web", "lam-web", "wasm32-unknown-unknown"),
    ("lam", "lam-cli", "x86_64-unknown-linux-gnu"),
];

const MUSL: &str = include_str!("../texts/musl");
const WASI_LIBC: &str = include_str!("../texts/wasi-libc");
const RUST: &str = include_str!("../texts/rust");
const APACHE: &str = include_str!("../../../LICENSE");

/// Writes the records for `libc` (`musl` or `glibc`) and OTP's version.
pub fn collect(out: &Path, libc: &str, otp: &str) -> Result<(), String> {
    let mut found: BTreeMap<String, (BTreeSet<&str>, String, String)> = BTreeMap::new();
    for (output, package, platform) in OUTPUTS {
        for crate_ in crates_of(package, platform)? {
            let slot = found.entry(crate_.name).or_insert_with(|| (BTreeSet::new(), crate_.licence, crate_.text));
            slot.0.insert(output);
        }
    }
    let mut add = |name: &str, targets: &[&'static str], licence: &str, text: &str| {
        found.insert(name.to_string(), (targets.iter().copied().collect(), licence.to_string(), text.to_string()));
    };
    add("LAM", &["native", "wasm", "web", "lam"], "Apache-2.0", APACHE);
    add(&format!("Erlang/OTP {otp}"), &["native", "wasm", "web", "lam"], "Apache-2.0", APACHE);
    add("Rust standard library", &["native", "wasm", "web", "lam"], "MIT OR Apache-2.0", RUST);
    add("wasi-libc", &["wasm"], "MIT AND Apache-2.0 WITH LLVM-exception AND BSD-2-Clause", WASI_LIBC);
    match libc {
        "musl" => add("musl libc", &["native"], "MIT", MUSL),
        _ => add("GNU C library", &["native"], "LGPL-2.1-or-later", "https://www.gnu.org/software/libc/ (LGPL 2.1 or later)"),
    }
    let mut text = String::new();
    for (name, (outputs, licence, notice)) in &found {
        let outputs: Vec<&str> = outputs.iter().copied().collect();
        text += &format!("== {name} │ {} │ {licence}\n{}\n", outputs.join(","), notice.replace("\n== ", "\n = "));
    }
    fs::write(out, text).map_err(|error| format!("{}: {error}", out.display()))
}

struct Crate {
    name: String,
    licence: String,
    text: String,
}

/// The crates that end up in the program of `package`: normal dependencies, without build and test ones.
fn crates_of(package: &str, platform: &str) -> Result<Vec<Crate>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", platform])
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text_of(&package["id"]), package)).collect();
    let nodes: BTreeMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (text_of(&node["id"]), node)).collect();
    let root = packages.iter().find(|(_, value)| value["name"] == package).map(|(id, _)| id.clone());
    let mut todo = vec![root.ok_or_else(|| format!("no package `{package}`"))?];
    let mut seen = BTreeSet::new();
    let mut crates = Vec::new();
    while let Some(id) = todo.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let package = packages.get(&id).ok_or_else(|| format!("cargo metadata names no `{id}`"))?;
        if !is_proc_macro(package) {
            if !package["source"].is_null() {
                crates.push(describe(package)?);
            }
            for dependency in list(&nodes.get(&id).unwrap_or(&Value::Null)["deps"]) {
                if list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()) {
                    todo.push(text_of(&dependency["pkg"]));
                }
            }
        }
    }
    Ok(crates)
}

fn is_proc_macro(package: &Value) -> bool {
    package["targets"].as_array().is_some_and(|targets| {
        targets.iter().any(|target| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "proc-macro")))
    })
}

fn describe(package: &Value) -> Result<Crate, String> {
    let name = format!("{} {}", text_of(&package["name"]), text_of(&package["version"]));
    let licence = text_of(&package["license"]).replace('/', " OR ");
    if !is_allowed(&licence) {
        return Err(format!("`{name}` has the licence `{licence}`, which may not be part of an output"));
    }
    let folder = Path::new(package["manifest_path"].as_str().unwrap_or_default()).parent().unwrap_or(Path::new("."));
    let mut texts = Vec::new();
    let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    for path in files {
        let file = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        let wanted =
            ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"].iter().any(|start| file.starts_with(start));
        if wanted && let Ok(text) = fs::read_to_string(&path) {
            texts.push(text);
        }
    }
    if texts.is_empty() {
        let authors = package["authors"].as_array().cloned().unwrap_or_default();
        let authors: Vec<String> = authors.iter().map(text_of).collect();
        texts.push(format!("Copyright {}\nThe text of {licence} stands at https://spdx.org/licenses/", authors.join(", ")));
    }
    Ok(Crate { name, licence, text: texts.join("\n") })
}

/// Whether an SPDX expression of `OR`, `AND` and parentheses can be met with `ALLOWED`.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], " ");
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    // Of `A AND (B OR C)` without its parentheses each name must be looked at; all expressions in use are met either way.
    if expression.contains('(') {
        return plain.split(" AND ").all(|part| part.split(" OR ").any(|name| ALLOWED.contains(&name.trim())));
    }
    plain.split(" OR ").any(|part| part.split(" AND ").all(|name| ALLOWED.contains(&name.trim())))
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        assert!(is_allowed("MIT OR Apache-2.0"));
        assert!(is_allowed("LGPL-2.1 OR MIT"));
        assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!is_allowed("MIT AND GPL-3.0"));
        assert!(!is_allowed(""));
    }
}
