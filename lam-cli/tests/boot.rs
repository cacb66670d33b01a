//! Boot levels `kernel` and `app`: SIGTERM stops applications in order, configuration is embedded, what cannot start is said.

#![forbid(unsafe_code)]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use common::{Scratch, stderr};

fn scratch(name: &str) -> Scratch {
    Scratch::with(&format!("boot-{name}"), &["lam-cli/tests/boot/waits.beam", "lam-cli/tests/boot/waits.app"])
}

/// Runs `waits`, sends SIGTERM once it is ready; what it printed, and its exit code.
fn terminated(scratch: &Scratch) -> (String, Option<i32>) {
    let mut child =
        Command::new(scratch.join("waits")).current_dir(&scratch.path).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut text = String::new();
    out.read_line(&mut text).expect("it prints");
    let killed = Command::new("kill").arg(child.id().to_string()).status().expect("there is a `kill`");
    assert!(killed.success());
    out.read_to_string(&mut text).expect("it is text");
    (text, child.wait().expect("it ends").code())
}

#[test]
#[cfg(unix)]
fn sigterm_stops_applications() {
    let scratch = scratch("sigterm");
    for options in [&["--app", "waits"][..], &["--boot", "kernel"], &["--boot", "none"]] {
        if !scratch.builds(&[&["waits.beam", "waits.app", "-o", "waits"], options].concat()) {
            return;
        }
        let (text, code) = terminated(&scratch);
        // Without kernel nobody stops applications.
        let end = if options[1] == "none" { "" } else { "worker ends: shutdown\nstopped\n" };
        // Kernel's handler of signals tells of it, as under `erl`.
        let report = text.lines().filter(|line| line.starts_with("=INFO REPORT") || line.starts_with("SIGTERM received")).count();
        assert_eq!(report, if end.is_empty() { 0 } else { 2 }, "{options:?}: {text}");
        assert!(text.starts_with("ready [{from,app}]\n") && text.ends_with(end), "{options:?}: {text}");
        assert_eq!(code, Some(0), "{options:?}");
    }
}

#[test]
#[cfg(unix)]
fn configuration_is_embedded() {
    let scratch = scratch("config");
    scratch.file("sys.config", b"[{waits, [{from, sys}, {more, 1}]}, \"other\", {nobody, [{a, 1}]}].");
    scratch.file("other.config", b"[{waits, [{more, [2, \"x\"]}]}].\n");
    if !scratch.builds(&["waits.beam", "waits.app", "-o", "waits", "--app", "waits", "--config", "sys.config"]) {
        return;
    }
    for file in ["sys.config", "other.config", "waits.app", "waits.beam"] {
        std::fs::remove_file(scratch.join(file)).expect("it is there");
    }
    let (text, _) = terminated(&scratch);
    let env = text.lines().next().unwrap_or_default();
    assert!(env.contains("{from,sys}") && env.contains("{more,[2,\"x\"]}"), "{env}");
}

#[test]
fn what_cannot_start_is_said() {
    let scratch = scratch("errors");
    let says = |args: &[&str], words: &str| {
        let text = stderr(&scratch.lam(&[&["build", "waits.beam", "-o", "out"], args].concat()));
        assert!(common::lacks_stub(&text) || text.contains(words), "{args:?}: {text}");
    };
    says(&["--app", "waits"], "cannot start application `waits`: there is no `waits.app`");
    says(&["waits.app", "--app", "waits", "--boot", "none"], "starts at boot level `app` only");
    scratch.file("bad.config", b"{not, a, list}.");
    says(&["--config", "bad.config"], "`bad.config` is not a configuration file");
    scratch.file("needs.app", b"{application, needs, [{applications, [kernel, nowhere]}]}.");
    says(&["needs.app", "--app", "needs"], "cannot start application `nowhere`, which `needs` needs");
    scratch.file("wrong.app", b"{application, other, []}.");
    says(&["wrong.app", "--app", "wrong"], "`wrong.app` does not say");
}
