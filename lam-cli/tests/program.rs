//! `fixtures/hello` from `lam build` to a running program: targets, arguments, exit codes, the same bytes every time.
//!
//! A target whose stub this `lam` lacks (a `lam` made by `make dev` has the native one) is skipped with a line.

#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::process::Command;

use common::{Scratch, greets, hello, lam_path, stderr, stdout};

fn scratch(name: &str) -> Scratch {
    Scratch::with(&format!("program-{name}"), &["fixtures/hello/hello.beam"])
}

#[test]
fn native() {
    let scratch = scratch("native");
    if scratch.builds(&["hello.beam"]) {
        greets(&mut Command::new(scratch.join("hello")));
        greets(Command::new(scratch.join("hello")).args(["--help", "-noshell", "--", "x"]));
        greets(Command::new(lam_path()).arg("run").arg(hello()));
        let shown = scratch.lam(&["inspect", "hello"]);
        assert!(stdout(&shown).starts_with("target native\n"));
    }
}

#[test]
fn native_renamed_stripped_and_alone() {
    let scratch = scratch("alone");
    if !scratch.builds(&["hello.beam"]) {
        return;
    }
    let renamed = scratch.join("other name");
    fs::rename(scratch.join("hello"), &renamed).expect("same folder");
    greets(&mut Command::new(&renamed));
    if Command::new("strip").arg("--version").output().is_ok() {
        let stripped = Command::new("strip").arg(&renamed).output().expect("strip starts");
        assert_eq!(stderr(&stripped), "");
        greets(&mut Command::new(&renamed));
    }
    // Only a static stub runs where nothing else is; chroot needs root (125 where it is refused).
    let bytes = fs::read(&renamed).expect("it ran");
    if lam_cli::pack::elf::is_static_pie(&bytes) {
        let mut command = Command::new("chroot");
        command.arg(&scratch.path).arg("/other name");
        match command.output() {
            Ok(output) if output.status.code() != Some(125) => greets(&mut command),
            _ => eprintln!("skipped: chroot needs root"),
        }
    }
}

#[test]
fn wasi() {
    let scratch = scratch("wasi");
    if scratch.builds(&["hello.beam", "-t", "wasm"]) {
        let path = scratch.join("hello.wasm");
        greets(Command::new(lam_path()).arg("run").arg(&path));
        if Command::new("wasmtime").arg("--version").output().is_ok() {
            greets(Command::new("wasmtime").arg(&path));
            greets(Command::new("wasmtime").args(["--dir=.", "--dir=/tmp"]).arg(&path));
            // More arguments than the first pages of memory hold: the image lies elsewhere and is relocated.
            greets(Command::new("wasmtime").arg(&path).args(vec!["x".repeat(100_000); 15]));
        }
    }
}

#[test]
fn web() {
    let scratch = scratch("web");
    if scratch.builds(&["hello.beam", "-t", "web"]) {
        let mut names: Vec<String> = fs::read_dir(scratch.join("hello"))
            .expect("the folder is named after the module")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["index.html", "js.d.ts", "js.js", "js.wasm"]);
        // A page of the user's own stays.
        fs::write(scratch.join("hello/index.html"), "mine").expect("writable");
        assert!(scratch.builds(&["hello.beam", "-t", "web"]));
        assert_eq!(fs::read(scratch.join("hello/index.html")).expect("there"), b"mine");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, two) = (scratch("one"), scratch("two"));
    for target in ["native", "wasm", "web"] {
        for scratch in [&one, &two] {
            if !scratch.builds(&["hello.beam", "-o", "out.wasm", "-t", target]) {
                return;
            }
        }
        let bytes = [&one, &two].map(|scratch| fs::read(scratch.join("out.wasm")).expect("built"));
        assert!(bytes[0] == bytes[1], "{target}");
    }
}

#[test]
fn replacing_a_module_of_otp_warns() {
    let scratch = scratch("replace");
    // A module that calls itself lists, as another would be: hello with its name changed needs no compiler.
    let bytes = fs::read(scratch.join("hello.beam")).expect("copied");
    let at = bytes.windows(6).position(|six| six == b"\x05hello" || six == b"\x50hello").expect("the atom table has its name");
    let mut lists = bytes.clone();
    lists[at + 1..at + 6].copy_from_slice(b"lists");
    fs::write(scratch.join("lists.beam"), lists).expect("writable");
    let output = scratch.lam(&["build", "lists.beam", "-o", "x"]);
    let text = stderr(&output);
    assert!(text.contains("warning: `lists.beam` replaces OTP's module `lists`"), "{text}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let script = format!("'{}' licenses 2>/dev/null | true; exit ${{PIPESTATUS[0]}}", lam_path().display());
    if Command::new(lam_path()).arg("licenses").output().is_ok_and(|output| output.status.success()) {
        let status = Command::new("bash").args(["-c", &script]).status().expect("bash starts");
        assert_eq!(status.code(), Some(0));
    }
}

/// Standard output and error that go to one place stand there as they were written.
#[test]
fn both_streams_keep_their_order() {
    let scratch = Scratch::with("program-order", &["fixtures/bifs/display_both.beam"]);
    if scratch.builds(&["display_both.beam"]) {
        let output =
            Command::new("sh").args(["-c", "\"$0\" 2>&1"]).arg(scratch.join("display_both")).output().expect("sh starts");
        assert_eq!(stdout(&output), "one two\r\nthree \r\nfive\r\nsix\r\n");
    }
}
