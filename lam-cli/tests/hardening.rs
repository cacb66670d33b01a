//! Limits that end the machine, and memory that hostile input takes: what cannot be a fixture, for `erl` leaves crash dumps.

#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn lam_path() -> PathBuf {
    if let Some(path) = env::var_os("LAM_BIN") {
        return path.into();
    }
    let dev = root().join("target/dev-bin/lam");
    if dev.exists() { dev } else { env!("CARGO_BIN_EXE_lam").into() }
}

/// Builds a program into the temporary folder; `None` where this `lam` has no native stub.
fn built(beam: &str, entry: &[&str], name: &str) -> Option<PathBuf> {
    let path = env::temp_dir().join(format!("lam-{name}-{}", std::process::id()));
    let mut command = Command::new(lam_path());
    command.arg("build").arg(root().join(beam)).args(entry).arg("-o").arg(&path);
    let output = command.output().expect("lam starts");
    let text = String::from_utf8_lossy(&output.stderr);
    if text.contains("was built without") {
        eprintln!("skipped: {}", text.lines().next().unwrap_or_default());
        return None;
    }
    assert!(output.status.success(), "{text}");
    Some(path)
}

/// Runs a program with so much address space, and ends it if it does not end itself.
fn run_with(path: &Path, megabytes: usize, arg: &str) -> Output {
    let script = format!("ulimit -c 0; ulimit -v {}; exec timeout 100 \"$0\" {arg}", megabytes * 1024);
    Command::new("sh").arg("-c").arg(script).arg(path).output().expect("a shell is there")
}

#[test]
fn refused_terms_take_little_memory() {
    let Some(path) = built("fixtures/etf/hostile.beam", &["--entrypoint", "hostile:memory"], "hostile") else { return };
    let output = run_with(&path, 4096, "");
    let _ = fs::remove_file(&path);
    let text = String::from_utf8_lossy(&output.stdout);
    // One line: how many were tried. Each that took too much has a line of its own.
    assert!(text.lines().count() == 1 && text.contains(" terms"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_is_exhausted_ends_the_machine_with_a_report() {
    let Some(path) = built("lam-cli/tests/exhaust/exhaust.beam", &[], "exhaust") else { return };
    for what in ["list", "binaries", "processes", "table", "one_binary", "messages", "dictionary"] {
        let output = run_with(&path, 600, what);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{what}: {text}");
        assert!(text.starts_with("error: out of memory: the host refused "), "{what}: {text}");
    }
    for what in ["atoms", "decoded_atoms"] {
        let output = run_with(&path, 2048, what);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*text), (Some(1), "no more index entries in atom_tab (max=1048576)\n"), "{what}");
    }
    let _ = fs::remove_file(&path);
}
