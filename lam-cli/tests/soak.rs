//! Messages and ends, counted: the short form of `make soak`, with as many schedulers as it takes to get in each other's way.

#![forbid(unsafe_code)]
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;
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

#[test]
fn nothing_is_lost_doubled_or_out_of_order() {
    let path = env::temp_dir().join(format!("lam-soak-{}", std::process::id()));
    let mut command = Command::new(lam_path());
    command.arg("build").arg(root().join("scripts/schedulers/soak.beam")).args(["--entrypoint", "soak:main", "-o"]).arg(&path);
    let output = command.output().expect("lam starts");
    let text = String::from_utf8_lossy(&output.stderr);
    if text.contains("was built without") {
        eprintln!("skipped: {}", text.lines().next().unwrap_or_default());
        return;
    }
    assert!(output.status.success(), "{text}");
    for (schedulers, sharing) in [("2", "measured"), ("4", "eager")] {
        let mut program = Command::new("timeout");
        program.arg("200").arg(&path).args(["1000", "500000", "24000"]);
        let output = program.env("LAM_SCHEDULERS", schedulers).env("LAM_SHARING", sharing).output().expect("it starts");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{schedulers} schedulers, {sharing}: {out}{err}");
        assert!(out.contains("500000 messages between 1000 processes, each taken once and in order"), "{out}");
        assert!(out.ends_with("24000 processes ended, 23760 DOWN and 16080 EXIT, one each\n"), "{out}");
    }
    let _ = fs::remove_file(&path);
}
