//! Messages and ends, counted: the short form of `make soak`, with as many schedulers as it takes to get in each other's way.
//! `SOAK_SECONDS=180` makes it as long as that, with the sizes of `make soak`.

#![forbid(unsafe_code)]
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
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
    // By the clock: the sizes of `make soak` until the time is over; else each once and small.
    let seconds: u64 = env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let forms = [("2", "measured"), ("4", "eager"), ("2", "eager"), ("4", "measured")];
    let began = Instant::now();
    if seconds == 0 {
        for form in &forms[..2] {
            soak(&path, *form, [1000, 500_000, 24_000]);
        }
    }
    let mut rounds = 0;
    while began.elapsed() < Duration::from_secs(seconds) {
        soak(&path, forms[rounds % forms.len()], [10_000, 10_000_000, 1_000_000]);
        rounds += 1;
    }
    if rounds > 0 {
        println!("soak: {rounds} times ten million messages and a million ends in {} s", began.elapsed().as_secs());
    }
    let _ = fs::remove_file(&path);
}

/// So many processes, messages and ends: all told, each once.
fn soak(path: &Path, (schedulers, sharing): (&str, &str), sizes: [u64; 3]) {
    let [processes, messages, ends] = sizes;
    let mut program = Command::new("timeout");
    program.arg("600").arg(path).args(sizes.map(|size| size.to_string()));
    let output = program.env("LAM_SCHEDULERS", schedulers).env("LAM_SHARING", sharing).output().expect("it starts");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{schedulers} schedulers, {sharing}: {out}{err}");
    assert!(out.contains(&format!("{messages} messages between {processes} processes, each taken once and in order")), "{out}");
    assert!(out.contains(&format!("{ends} processes ended, ")) && out.ends_with(" EXIT, one each\n"), "{out}");
}
