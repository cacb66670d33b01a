//! What a program of one line takes: its files for each target, and how much of OTP is in it.
//!
//! Files are looked at with the `lam` that `LAM_BIN` names, when it has every launcher built for release inside; else a line says that
//! they were not. What is kept of OTP is looked at with any `lam`.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use common::{Scratch, lam_path, stderr, stdout};

const NATIVE_BYTES: u64 = 3_000_000;
const WASI_BYTES: u64 = 1_500_000;
/// Module, glue and page together.
const WEB_BROTLI_BYTES: u64 = 600_000;
const OTP_FUNCTIONS: usize = 1_200;

/// Builds `hello` for a target into a folder; whether that `lam` can.
fn build(target: &str, output: &Path) -> bool {
    let mut command = Command::new(lam_path());
    let built = command.arg("build").arg(common::hello()).arg("-o").arg(output).args(["-t", target]).output().expect("it starts");
    let words = stderr(&built);
    assert!(built.status.success() || words.contains("stub") || words.contains("library"), "{words}");
    built.status.success()
}

fn file_bytes(path: &Path) -> u64 {
    fs::metadata(path).expect("it was just built").len()
}

/// `brotli` where it is installed, else what its best is known to be of gzip's.
fn compressed_bytes(files: &[PathBuf]) -> u64 {
    let bytes: Vec<u8> = files.iter().flat_map(|file| fs::read(file).expect("it was just built")).collect();
    let all = files[0].with_extension("all");
    fs::write(&all, &bytes).expect("writable");
    let brotli = Command::new("brotli").args(["-q", "11", "-c"]).arg(&all).stderr(Stdio::null()).output();
    if let Ok(output) = brotli
        && output.status.success()
    {
        return output.stdout.len() as u64;
    }
    eprintln!("brotli is not installed: its size is estimated from deflate's");
    let deflated = lam_vm::image::packed::pack(&bytes).len() as u64;
    deflated * 80 / 100
}

#[test]
fn hello_is_small() {
    // A launcher of the dev profile is many times as big.
    if env::var_os("LAM_BIN").is_none() {
        eprintln!("SKIPPED: sizes of files need a `lam` built for release (LAM_BIN)");
        return;
    }
    let folder = Scratch::new("sizes-files");
    for (target, name, limit) in [("native", "hello", NATIVE_BYTES), ("wasm", "hello.wasm", WASI_BYTES)] {
        let path = folder.join(name);
        if !build(target, &path) {
            eprintln!("SKIPPED: this `lam` has no {target} launcher");
            continue;
        }
        let bytes = file_bytes(&path);
        eprintln!("hello, {target}: {bytes} bytes");
        assert!(bytes <= limit, "hello for {target} takes {bytes} bytes, more than {limit}");
    }
    let page = folder.join("js.wasm");
    if build("web", &page) {
        let bytes = compressed_bytes(&[page, folder.join("js.js"), folder.join("index.html")]);
        eprintln!("hello, web: {bytes} bytes compressed");
        assert!(bytes <= WEB_BROTLI_BYTES, "hello for the web takes {bytes} bytes compressed, more than {WEB_BROTLI_BYTES}");
    } else {
        eprintln!("SKIPPED: this `lam` has no web launcher");
    }
}

#[test]
fn hello_keeps_little_of_otp() {
    let folder = Scratch::new("sizes-kept");
    let path = folder.join("hello");
    if !build("native", &path) {
        eprintln!("SKIPPED: this `lam` has no native launcher");
        return;
    }
    let shown = Command::new(lam_path()).arg("inspect").arg(&path).output().expect("it starts");
    let shown = stdout(&shown);
    let modules =
        shown.lines().filter(|line| line.starts_with("module ") && !line.contains(", lam,") && !line.contains(", given"));
    let functions: usize =
        modules.filter_map(|line| line.split(", ").find_map(|part| part.strip_suffix(" functions")?.parse::<usize>().ok())).sum();
    eprintln!("hello keeps {functions} functions of OTP");
    assert!(functions > 100 && functions <= OTP_FUNCTIONS, "hello keeps {functions} functions of OTP:\n{shown}");
}
