//! The command-line tools of `fixtures/tools`: as coreutils' and grep, byte for byte (`scripts/compare-tools`), and how they end.

#![forbid(unsafe_code)]
#![cfg(unix)]

mod common;

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Scratch, repository, stderr, stdout};

/// A folder with the tools, built; `None` where this `lam` has no native stub.
fn built(name: &str) -> Option<Scratch> {
    let scratch = Scratch::new(name);
    let tools = ["cat", "grep", "head", "sort", "wc"].map(|tool| (tool, repository(&format!("fixtures/tools/{tool}.beam"))));
    tools.iter().all(|(tool, beam)| scratch.builds(&[&beam.display().to_string(), "-o", tool])).then_some(scratch)
}

#[test]
fn they_are_as_coreutils() {
    let version = Command::new("wc").arg("--version").output();
    if !version.is_ok_and(|output| stdout(&output).contains("GNU")) {
        return eprintln!("skipped: no coreutils to compare with");
    }
    let Some(scratch) = built("tools") else { return };
    let output = Command::new(repository("scripts/compare-tools")).arg(&scratch.path).output().expect("it is in the repository");
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn an_interrupt_ends_them() {
    let Some(scratch) = built("interrupt") else { return };
    // Who runs the tests in the background may have its children ignore it.
    let mut child = Command::new("env")
        .arg("--default-signal=INT")
        .arg(scratch.join("cat"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("coreutils have it");
    std::thread::sleep(Duration::from_millis(500));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a shell's command");
    assert!(sent.success());
    let status = child.wait().expect("it runs");
    // A shell shows 130 for either.
    assert!(status.code() == Some(130) || status.signal() == Some(2), "{status:?}");
}
