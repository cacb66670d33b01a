//! `fixtures/hello` from `lam build` to a running program: targets, arguments, exit codes, the same bytes every time.
//!
//! A target whose stub this `lam` lacks (a `lam` made by `make dev` has the native one) is skipped with a line.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

fn lam_path() -> PathBuf {
    if let Some(path) = env::var_os("LAM_BIN") {
        return path.into();
    }
    let dev = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dev-bin/lam");
    if dev.exists() { dev } else { env!("CARGO_BIN_EXE_lam").into() }
}

fn hello() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/hello/hello.beam")
}

/// A folder of this test's own, removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = env::temp_dir().join(format!("lam-program-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder is writable");
        fs::copy(hello(), path.join("hello.beam")).expect("it is in the repository");
        Scratch(path)
    }

    fn lam(&self, args: &[&str]) -> Output {
        Command::new(lam_path()).args(args).current_dir(&self.0).output().expect("lam starts")
    }

    /// Whether the build was done; false where this `lam` lacks the stub.
    fn builds(&self, args: &[&str]) -> bool {
        let output = self.lam(args);
        let text = String::from_utf8_lossy(&output.stderr);
        if text.contains("was built without") {
            eprintln!("skipped: {}", text.lines().next().unwrap_or_default());
            return false;
        }
        assert_eq!(output.status.code(), Some(0), "{args:?}: {text}");
        true
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn greets(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Hello, Joe!\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn native() {
    let scratch = Scratch::new("native");
    if scratch.builds(&["build", "hello.beam"]) {
        greets(&mut Command::new(scratch.0.join("hello")));
        greets(Command::new(scratch.0.join("hello")).args(["--help", "-noshell", "--", "x"]));
        greets(Command::new(lam_path()).arg("run").arg(hello()));
        let shown = scratch.lam(&["inspect", "hello"]);
        assert!(String::from_utf8_lossy(&shown.stdout).starts_with("target native\n"));
    }
}

#[test]
fn native_renamed_stripped_and_alone() {
    let scratch = Scratch::new("alone");
    if !scratch.builds(&["build", "hello.beam"]) {
        return;
    }
    let renamed = scratch.0.join("other name");
    fs::rename(scratch.0.join("hello"), &renamed).expect("same folder");
    greets(&mut Command::new(&renamed));
    if Command::new("strip").arg("--version").output().is_ok() {
        let stripped = Command::new("strip").arg(&renamed).output().expect("strip starts");
        assert_eq!(String::from_utf8_lossy(&stripped.stderr), "");
        greets(&mut Command::new(&renamed));
    }
    // Only a static stub runs where nothing else is; chroot needs root (125 where it is refused).
    let bytes = fs::read(&renamed).expect("it ran");
    if lam_cli::pack::elf::is_static_pie(&bytes) {
        let mut command = Command::new("chroot");
        command.arg(&scratch.0).arg("/other name");
        match command.output() {
            Ok(output) if output.status.code() != Some(125) => greets(&mut command),
            _ => eprintln!("skipped: chroot needs root"),
        }
    }
}

#[test]
fn wasi() {
    let scratch = Scratch::new("wasi");
    if scratch.builds(&["build", "hello.beam", "-t", "wasm"]) {
        let path = scratch.0.join("hello.wasm");
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
    let scratch = Scratch::new("web");
    if scratch.builds(&["build", "hello.beam", "-t", "web"]) {
        let mut names: Vec<String> = fs::read_dir(scratch.0.join("hello"))
            .expect("the folder is named after the module")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, ["index.html", "js.d.ts", "js.js", "js.wasm"]);
        // A page of the user's own stays.
        fs::write(scratch.0.join("hello/index.html"), "mine").expect("writable");
        assert!(scratch.builds(&["build", "hello.beam", "-t", "web"]));
        assert_eq!(fs::read(scratch.0.join("hello/index.html")).expect("there"), b"mine");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, two) = (Scratch::new("one"), Scratch::new("two"));
    for target in ["native", "wasm", "web"] {
        for scratch in [&one, &two] {
            if !scratch.builds(&["build", "hello.beam", "-o", "out.wasm", "-t", target]) {
                return;
            }
        }
        let bytes = [&one, &two].map(|scratch| fs::read(scratch.0.join("out.wasm")).expect("built"));
        assert!(bytes[0] == bytes[1], "{target}");
    }
}

#[test]
fn replacing_a_module_of_otp_warns() {
    let scratch = Scratch::new("replace");
    // A module that calls itself lists, as another would be: hello with its name changed needs no compiler.
    let bytes = fs::read(scratch.0.join("hello.beam")).expect("copied");
    let at = bytes.windows(6).position(|six| six == b"\x05hello" || six == b"\x50hello").expect("the atom table has its name");
    let mut lists = bytes.clone();
    lists[at + 1..at + 6].copy_from_slice(b"lists");
    fs::write(scratch.0.join("lists.beam"), lists).expect("writable");
    let output = scratch.lam(&["build", "lists.beam", "-o", "x"]);
    let text = String::from_utf8_lossy(&output.stderr);
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
