//! The floors of `style.md` §1, read from the source: a module uses lower floors, and what stands left of it on its own.
//!
//! Also here: every file opens with `//!`, is at most 700 lines long (tables and instruction bodies aside), says no
//! `super::super`, and holds `unsafe` only inside the fence of `style.md` §6; the crates and modules that read what
//! strangers wrote say `forbid(unsafe_code)`.
//!
//! This is a reader of lines, not a compiler: it takes comments and strings out and looks for words. What it cannot see
//! (a path built by a macro) it lets pass.

#![allow(clippy::disallowed_methods, reason = "this test reads the source files")]

use std::fs;
use std::path::{Path, PathBuf};

/// Floors from the ground up; within a floor from left to right. A name is a folder or a file of `lam-vm/src`.
const FLOORS: &[&[&str]] = &[
    &["util", "sync", "platform"],
    &["atom", "term"],
    &["heap", "binary", "regex"],
    &["isa", "loader", "image", "code"],
    &["process"],
    &["timer", "ets", "io"],
    &["system"],
    &["bif"],
    &["interp"],
    &["sched"],
    &["machine", "lib"],
    &["models"],
];

/// Where `unsafe` may stand.
const UNSAFE_ALLOWED: &[&str] =
    &["util", "sync", "platform", "atom", "term", "heap", "binary", "code", "process", "interp", "sched", "machine", "models"];

/// Modules of `lam-vm` that must forbid it themselves, in their `mod.rs`.
const MUST_FORBID: &[&str] = &["loader", "bif", "ets", "io"];

/// Files longer than 700 lines, each because it is one table or one group of instruction bodies.
const LONG_FILES: &[&str] = &["atom/well_known.rs", "isa/generic.rs", "isa/specific.rs"];

/// Folders whose files are tables or instruction bodies.
const LONG_FOLDERS: &[&str] = &["interp/"];

const MAX_LINES: usize = 700;

/// Upward paths that are known and on their way out: (file, module it names). Keep it shrinking.
const KNOWN_UPWARD: &[(&str, &str)] = &[];

struct Source {
    /// Relative to `src`, with `/`.
    path: String,
    text: String,
    /// The text with comments and literals blanked, line for line.
    code: String,
}

fn crate_root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read_sources(src: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![src.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a source folder can be read") {
            let path = entry.expect("a source folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file is UTF-8");
                let relative = path.strip_prefix(src).expect("it was found below").to_string_lossy().replace('\\', "/");
                found.push(Source { path: relative, code: blank_words(&text), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Replaces comments, strings and characters by spaces, keeping line breaks.
fn blank_words(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            (b'/', Some(b'/')) => line_end(bytes, at),
            (b'/', Some(b'*')) => block_end(bytes, at),
            (b'r', Some(b'"' | b'#')) if !is_name_before(bytes, at) => raw_string_end(bytes, at).unwrap_or(at + 1),
            (b'"', _) => string_end(bytes, at),
            (b'\'', Some(b'\\')) => char_end(bytes, at),
            (b'\'', Some(_)) if bytes.get(at + 2) == Some(&b'\'') => at + 3,
            _ => {
                at += 1;
                continue;
            }
        };
        if end > at + 1 {
            for byte in &mut out[at..end.min(bytes.len())] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        at = end.max(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn is_name_before(bytes: &[u8], at: usize) -> bool {
    // `br"…"` is a raw string; any other letter before makes the `r` a part of a name.
    at.checked_sub(1)
        .is_some_and(|before| bytes[before] != b'b' && (bytes[before].is_ascii_alphanumeric() || bytes[before] == b'_'))
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |count| at + count)
}

fn block_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0;
    while at < bytes.len() {
        match &bytes[at..bytes.len().min(at + 2)] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at + 1..].iter().take_while(|&&byte| byte == b'#').count();
    if bytes.get(at + 1 + hashes) != Some(&b'"') {
        return None;
    }
    let mut closing = vec![b'"'];
    closing.resize(hashes + 1, b'#');
    let from = at + hashes + 2;
    let found = bytes[from..].windows(closing.len()).position(|window| window == closing)?;
    Some(from + found + closing.len())
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    quoted_end(bytes, at, b'"')
}

fn char_end(bytes: &[u8], at: usize) -> usize {
    quoted_end(bytes, at, b'\'')
}

fn quoted_end(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    at += 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// The module of `src` that a file belongs to: `heap/copy.rs` to `heap`, `system.rs` to `system`.
fn module_of(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// (floor, place on it), or nothing for a name that is no module of the table.
fn floor_of(module: &str) -> Option<(usize, usize)> {
    FLOORS
        .iter()
        .enumerate()
        .find_map(|(floor, modules)| modules.iter().position(|name| *name == module).map(|place| (floor, place)))
}

/// Every module that the code names after `crate::`, also in `crate::{a, b::c}`, with its line.
fn modules_named(code: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let is_whole_word =
            at == 0 || !code.as_bytes()[at - 1].is_ascii_alphanumeric() && !matches!(code.as_bytes()[at - 1], b'_' | b'$');
        if !is_whole_word {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            named.extend(first_names_of_group(group).into_iter().map(|name| (line, name)));
        } else {
            named.push((line, leading_name(rest)));
        }
    }
    named
}

fn leading_name(text: &str) -> String {
    text.trim_start().chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

/// The first name of each path in `a, b::{c, d}, e}`.
fn first_names_of_group(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut start = 0;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(leading_name(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(leading_name(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn has_word(code: &str, word: &str) -> Option<usize> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    code.match_indices(word).find_map(|(at, _)| {
        let before = at.checked_sub(1).is_some_and(|before| is_part(code.as_bytes()[before]));
        let after = code.as_bytes().get(at + word.len()).is_some_and(|byte| is_part(*byte));
        (!before && !after).then(|| code[..at].matches('\n').count() + 1)
    })
}

fn upward_paths(source: &Source) -> Vec<String> {
    let module = module_of(&source.path);
    let Some((floor, place)) = floor_of(module) else {
        return vec![format!("{}: `{module}` is on no floor; give it one in this table and in the style page", source.path)];
    };
    let mut faults = Vec::new();
    for (line, named) in modules_named(&source.code) {
        let Some((other_floor, other_place)) = floor_of(&named) else { continue };
        let is_upward = other_floor > floor || (other_floor == floor && other_place > place);
        if is_upward && !KNOWN_UPWARD.contains(&(source.path.as_str(), named.as_str())) {
            faults.push(format!("{}:{line}: floor {floor} `{module}` uses `crate::{named}` of floor {other_floor}", source.path));
        }
    }
    faults
}

fn form_faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    if !source.text.starts_with("//!") {
        faults.push(format!("{}: does not open with a `//!` comment", source.path));
    }
    let lines = source.text.lines().count();
    let may_be_long =
        LONG_FILES.contains(&source.path.as_str()) || LONG_FOLDERS.iter().any(|folder| source.path.starts_with(folder));
    if lines > MAX_LINES && !may_be_long {
        faults.push(format!("{}: {lines} lines; which two ideas does it hold?", source.path));
    }
    if let Some(at) = source.code.find("super::super") {
        let line = source.code[..at].matches('\n').count() + 1;
        faults.push(format!("{}:{line}: `super::super`; write `crate::`, so that this test sees it", source.path));
    }
    faults
}

fn unsafe_faults(source: &Source) -> Option<String> {
    if UNSAFE_ALLOWED.contains(&module_of(&source.path)) {
        return None;
    }
    let line = has_word(&source.code, "unsafe")?;
    Some(format!("{}:{line}: `unsafe` outside the fence", source.path))
}

fn must_be_empty(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn machine() -> Vec<Source> {
    read_sources(&crate_root().join("src"))
}

#[test]
fn nothing_points_upward() {
    must_be_empty(machine().iter().flat_map(upward_paths).collect());
}

#[test]
fn files_open_with_a_comment_and_stay_short() {
    must_be_empty(machine().iter().flat_map(form_faults).collect());
}

#[test]
fn unsafe_stays_inside_its_fence() {
    must_be_empty(machine().iter().filter_map(unsafe_faults).collect());
}

/// `path` says `#![forbid(… unsafe_code …)]`.
fn forbids_unsafe(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    blank_words(&text).lines().any(|line| {
        let line = line.replace(' ', "");
        line.starts_with("#![forbid(") && line.contains("unsafe_code")
    })
}

#[test]
fn readers_of_strange_bytes_forbid_unsafe() {
    let root = crate_root();
    let workspace = root.parent().expect("the crate lies in the workspace");
    let mut files = vec![workspace.join("lam-cli/src/main.rs"), workspace.join("lam-stdlib/src/lib.rs")];
    let library = workspace.join("lam-cli/src/lib.rs");
    files.extend(library.exists().then_some(library));
    // A module that does not exist yet is not at fault.
    files.extend(MUST_FORBID.iter().map(|module| root.join("src").join(module).join("mod.rs")).filter(|path| path.exists()));
    must_be_empty(
        files
            .iter()
            .filter(|path| !forbids_unsafe(path))
            .map(|path| {
                format!("{}: does not say `#![forbid(unsafe_code)]`", path.strip_prefix(workspace).unwrap_or(path).display())
            })
            .collect(),
    );
}

#[test]
fn every_table_of_this_test_is_about_files_that_can_exist() {
    for module in UNSAFE_ALLOWED.iter().chain(MUST_FORBID) {
        assert!(floor_of(module).is_some(), "`{module}` is on no floor");
    }
    for module in MUST_FORBID {
        assert!(!UNSAFE_ALLOWED.contains(module), "`{module}` cannot forbid and allow");
    }
}

/// The test itself: it finds what it says it finds.
mod finds {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_string(), text: text.to_string(), code: blank_words(text) }
    }

    #[test]
    fn upward_paths_in_every_form() {
        for text in ["use crate::process::Process;", "use crate::{atom::Atom, bif};", "fn f() { crate::sched::run() }"] {
            assert_eq!(upward_paths(&source("heap/mod.rs", text)).len(), 1, "{text}");
        }
        for text in
            ["use crate::term::Term;", "// crate::sched", "let s = \"crate::sched::x\";", "use crate::heap::x;", "$crate::bif::y"]
        {
            assert_eq!(upward_paths(&source("heap/mod.rs", text)), Vec::<String>::new(), "{text}");
        }
        assert_eq!(upward_paths(&source("util/mod.rs", "use crate::platform;")).len(), 1);
        assert_eq!(upward_paths(&source("attic/mod.rs", "")).len(), 1);
    }

    #[test]
    fn form_and_unsafe() {
        assert_eq!(form_faults(&source("heap/a.rs", "use x;")).len(), 1);
        assert_eq!(form_faults(&source("heap/a.rs", "//! A.\nuse super::super::x;")).len(), 1);
        assert_eq!(form_faults(&source("heap/a.rs", &"//! A.\n".repeat(701))).len(), 1);
        // In two parts, so that this file holds no block that looks so.
        let block = concat!("uns", "afe { x() }");
        assert!(unsafe_faults(&source("bif/a.rs", &format!("fn f() {{ {block} }}"))).is_some());
        assert!(unsafe_faults(&source("bif/a.rs", "#![forbid(unsafe_code)] // unsafe")).is_none());
        assert!(unsafe_faults(&source("heap/a.rs", block)).is_none());
    }

    #[test]
    fn words_in_literals_are_blank() {
        let text = "a('\"', '\\'', \"x\\\"unsafe\", r#\"un\"safe\"#, 'life) /* unsafe /* */ */ b";
        let code = blank_words(text);
        assert_eq!(code.len(), text.len());
        assert!(has_word(&code, "unsafe").is_none());
        assert!(has_word(&code, "life").is_some() && has_word(&code, "b").is_some());
    }
}
