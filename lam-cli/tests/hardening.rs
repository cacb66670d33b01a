//! Limits that end the machine, and memory that hostile input takes: what cannot be a fixture, for `erl` leaves crash dumps.

#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{Scratch, stderr, stdout};

/// A folder with `program`, built of a module of the repository; `None` where this `lam` has no native stub.
fn built(name: &str, beam: &str, entry: &[&str]) -> Option<Scratch> {
    let scratch = Scratch::new(name);
    let beam = common::repository(beam).display().to_string();
    scratch.builds(&[&[&*beam, "-o", "program"], entry].concat()).then_some(scratch)
}

/// Runs a program with so much address space, and ends it if it does not end itself.
fn run_with(path: &Path, megabytes: usize, arg: &str) -> Output {
    let script = format!("ulimit -c 0; ulimit -v {}; exec timeout 100 \"$0\" {arg}", megabytes * 1024);
    Command::new("sh").arg("-c").arg(script).arg(path).output().expect("a shell is there")
}

#[test]
fn refused_terms_take_little_memory() {
    let Some(scratch) = built("hostile", "fixtures/etf/hostile.beam", &["--entrypoint", "hostile:memory"]) else { return };
    let output = run_with(&scratch.join("program"), 4096, "");
    let text = stdout(&output);
    // One line: how many were tried. Each that took too much has a line of its own.
    assert!(text.lines().count() == 1 && text.contains(" terms"), "{text}{}", stderr(&output));
}

#[test]
fn what_is_exhausted_ends_the_machine_with_a_report() {
    let Some(scratch) = built("exhaust", "lam-cli/tests/exhaust/exhaust.beam", &[]) else { return };
    for what in ["list", "binaries", "processes", "table", "one_binary", "messages", "dictionary"] {
        let output = run_with(&scratch.join("program"), 600, what);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{what}: {text}");
        assert!(text.starts_with("error: out of memory: the host refused "), "{what}: {text}");
    }
    for what in ["atoms", "decoded_atoms"] {
        let output = run_with(&scratch.join("program"), 2048, what);
        let text = stderr(&output);
        assert_eq!((output.status.code(), &*text), (Some(1), "no more index entries in atom_tab (max=1048576)\n"), "{what}");
    }
}
