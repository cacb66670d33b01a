//! The command-line tools of `fixtures/tools`: as coreutils' and grep, byte for byte (`scripts/compare-tools`), and how they end.

#![forbid(unsafe_code)]
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
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

/// Builds the tools into a folder of this test's own; `None` where this `lam` has no native stub.
fn built(name: &str) -> Option<PathBuf> {
    let folder = env::temp_dir().join(format!("lam-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    for tool in ["cat", "grep", "head", "sort", "wc"] {
        let beam = root().join(format!("fixtures/tools/{tool}.beam"));
        let output =
            Command::new(lam_path()).arg("build").arg(beam).arg("-o").arg(folder.join(tool)).output().expect("lam starts");
        let text = String::from_utf8_lossy(&output.stderr);
        if text.contains("was built without") {
            eprintln!("skipped: {}", text.lines().next().unwrap_or_default());
            return None;
        }
        assert!(output.status.success(), "{tool}: {text}");
    }
    Some(folder)
}

#[test]
fn they_are_as_coreutils() {
    let version = Command::new("wc").arg("--version").output();
    if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("GNU")) {
        return eprintln!("skipped: no coreutils to compare with");
    }
    let Some(folder) = built("tools") else { return };
    let output = Command::new(root().join("scripts/compare-tools")).arg(&folder).output().expect("it is in the repository");
    let _ = fs::remove_dir_all(&folder);
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_interrupt_ends_them() {
    let Some(folder) = built("interrupt") else { return };
    let mut child = Command::new(folder.join("cat"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it was built");
    std::thread::sleep(Duration::from_millis(500));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("a shell's command");
    assert!(sent.success());
    let status = child.wait().expect("it runs");
    let _ = fs::remove_dir_all(&folder);
    // A shell shows 130 for either.
    assert!(status.code() == Some(130) || status.signal() == Some(2), "{status:?}");
}
