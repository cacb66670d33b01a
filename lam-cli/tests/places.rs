//! Where things lie: sources in two folders, programs on a read-only disk, outputs on a full one, `lam` alone on a system.
//!
//! Mounting, other users and a system without network need root; without it such a test says loudly that it was skipped.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use common::{Scratch, greets, lacks_stub, lam_path, skipped, stderr, stdout};

fn scratch(name: &str) -> Scratch {
    Scratch::with(&format!("places-{name}"), &["fixtures/hello/hello.beam", "lam-cli/tests/link/args.beam"])
}

/// A memory disk, unmounted when dropped: before the folder it lies in is removed.
struct Disk(PathBuf);

impl Disk {
    /// `None` where we may not mount.
    fn mount(scratch: &Scratch, options: &str) -> Option<Disk> {
        let path = scratch.folder("disk");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "lam-test"]).arg(&path).output();
        if done.is_ok_and(|output| output.status.success()) {
            return Some(Disk(path));
        }
        skipped("mounting a file system needs root");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn says(output: &Output, code: i32, words: &str) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(words), "expected `{words}` in:\n{text}");
}

/// Compiled by its own name, by its path from the root, with folders among the options, and as `+deterministic` has it.
#[test]
fn the_same_source_in_another_folder_gives_the_same_bytes() {
    const SOURCE: &str = "-module(where).\n-export([main/0, fail/1]).\n-include(\"where.hrl\").\n\
        main() -> io:put_chars(?TEXT), ok.\nfail(X) -> 1 / X.\n";
    if Command::new("erlc").arg("-help").output().is_err() {
        return skipped("there is no erlc");
    }
    let scratch = scratch("same");
    let mut folders = Vec::new();
    for (name, whole) in [("one", false), ("two/deeper", false), ("three/with spaces", true)] {
        let folder = scratch.folder(name);
        let include = scratch.folder(&format!("{name}/include"));
        fs::write(folder.join("where.erl"), SOURCE).expect("writable");
        fs::write(include.join("where.hrl"), "-define(TEXT, \"here\\n\").\n").expect("writable");
        let source = if whole { folder.join("where.erl") } else { "where.erl".into() };
        let mut erlc = Command::new("erlc");
        erlc.current_dir(&folder).arg("+debug_info").arg("-I").arg(&include).arg("-o").arg(&folder).arg(source);
        let compiled = erlc.output().expect("erlc starts");
        assert!(compiled.status.success(), "{}", stdout(&compiled));
        folders.push(folder);
    }
    let beams = [0, 1].map(|at: usize| fs::read(folders[at].join("where.beam")).expect("compiled"));
    assert!(beams[0] != beams[1], "the .beam files hold their folders, else this test shows nothing");
    for target in ["native", "wasm", "web"] {
        let mut outputs = Vec::new();
        for folder in &folders {
            let [input, out] = ["where.beam", "js.wasm"].map(|name| folder.join(name).display().to_string());
            if !scratch.builds(&[&input, "-o", &out, "-t", target]) {
                break;
            }
            outputs.push(fs::read(folder.join("js.wasm")).expect("built"));
        }
        assert!(outputs.iter().all(|bytes| *bytes == outputs[0]), "{target}");
        let folder = folders[0].display().to_string();
        let holds_folder = |bytes: &Vec<u8>| bytes.windows(folder.len()).any(|window| window == folder.as_bytes());
        assert!(!outputs.iter().any(holds_folder), "{target}");
    }
}

#[test]
fn a_program_runs_from_a_read_only_disk_that_holds_nothing_else() {
    let scratch = scratch("readonly");
    if !scratch.builds(&["hello.beam", "-o", "bin.exe"]) {
        return;
    }
    let Some(Disk(disk)) = &Disk::mount(&scratch, "size=32m") else { return };
    fs::copy(scratch.join("bin.exe"), disk.join("other name")).expect("there is space");
    let _ = Command::new("strip").arg(disk.join("other name")).output();
    let read_only = Command::new("mount").args(["-o", "remount,ro"]).arg(disk).status().expect("mount starts");
    assert!(read_only.success());
    assert!(fs::write(disk.join("x"), "").is_err(), "the disk is read-only");
    greets(Command::new(disk.join("other name")).current_dir(disk));
    if lam_cli::pack::elf::is_static_pie(&fs::read(disk.join("other name")).expect("there")) {
        greets(Command::new("chroot").arg(disk).arg("/other name").env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"));
    } else {
        skipped("this stub is not static, so it does not run in an empty chroot");
    }
}

#[test]
fn a_full_disk_leaves_the_old_file_and_nothing_else() {
    let scratch = scratch("full");
    if !scratch.builds(&["hello.beam", "-o", "there"]) {
        return;
    }
    let Some(Disk(disk)) = &Disk::mount(&scratch, "size=64k") else { return };
    fs::write(disk.join("out"), "old").expect("there is space");
    says(&scratch.lam(&["build", "hello.beam", "-o", "disk/out"]), 1, "error: cannot write `disk/out`: No space left on device");
    assert_eq!(fs::read(disk.join("out")).expect("it stays"), b"old");
    assert_eq!(fs::read_dir(disk).expect("ours").count(), 1, "no temporary file stays");
}

#[test]
fn an_output_is_replaced_whole() {
    let scratch = scratch("replaced");
    if !scratch.builds(&["hello.beam", "-o", "out"]) {
        return;
    }
    // Another name keeps the old file; a write in place would reach it too.
    fs::hard_link(scratch.join("out"), scratch.join("old")).expect("same disk");
    assert!(scratch.builds(&["args.beam", "-o", "out"]));
    greets(&mut Command::new(scratch.join("old")));
    assert_eq!(Command::new(scratch.join("out")).args(["a", "b"]).output().expect("it starts").status.code(), Some(2));
    assert_eq!(fs::metadata(scratch.join("out")).expect("built").permissions().mode() & 0o100, 0o100);
}

/// As `nobody`, who may read this folder and not write to it.
#[test]
fn what_a_user_may_not_read_or_write_is_said() {
    let scratch = scratch("nobody");
    if fs::metadata(&scratch.path).expect("ours").uid() != 0 {
        return skipped("acting as another user needs root");
    }
    let lam = scratch.join("lam");
    fs::copy(lam_path(), &lam).expect("there is space");
    fs::set_permissions(&scratch.path, fs::Permissions::from_mode(0o755)).expect("ours");
    fs::copy(scratch.join("hello.beam"), scratch.join("locked.beam")).expect("writable");
    fs::set_permissions(scratch.join("locked.beam"), fs::Permissions::from_mode(0o000)).expect("ours");
    let run = |args: &[&str]| {
        let mut command = Command::new(&lam);
        command.args(args).current_dir(&scratch.path).uid(65534).gid(65534).output().expect("lam starts")
    };
    says(&run(&["build", "locked.beam"]), 1, "error: cannot read `locked.beam`: Permission denied");
    says(&run(&["build", "hello.beam"]), 1, "error: cannot write `hello`: Permission denied");
    says(&run(&["build", "hello.beam", "-t", "web"]), 1, "error: cannot make `hello`: Permission denied");
}

#[test]
fn run_passes_arguments_and_the_exit_code() {
    let scratch = scratch("run");
    for (target, name) in [("native", "args"), ("wasm", "args.wasm")] {
        let mut runs = vec![vec!["run", "args.beam", "-t", target, "--", "one", "--help", "dr\u{e9}i"]];
        if target == "wasm" {
            if !scratch.builds(&["args.beam", "-t", target]) {
                continue;
            }
            runs.push(vec!["run", name, "--", "one", "--help", "dr\u{e9}i"]);
        }
        for args in runs {
            let output = scratch.lam(&args);
            let text = stderr(&output);
            if lacks_stub(&text) {
                continue;
            }
            assert_eq!(stdout(&output), "one\n--help\ndr\u{e9}i\n", "{text}");
            assert_eq!(output.status.code(), Some(3), "{args:?}");
        }
    }
}

/// One file, no checkout, no Rust, no Erlang, no network, an empty environment.
#[test]
fn lam_alone_builds_and_runs() {
    let scratch = scratch("alone");
    let bin = scratch.folder("prefix/bin");
    let lam = bin.join("lam");
    fs::copy(lam_path(), &lam).expect("there is space");
    let is_root = fs::metadata(&scratch.path).expect("ours").uid() == 0;
    let offline = is_root && Command::new("unshare").args(["-n", "true"]).status().is_ok_and(|status| status.success());
    if !offline {
        skipped("taking the network away needs root");
    }
    let run = |args: &[&str]| {
        let mut command = if offline { Command::new("/usr/bin/unshare") } else { Command::new(&lam) };
        if offline {
            command.arg("-n").arg(&lam);
        }
        command.args(args).current_dir(&scratch.path).env_clear().env("PATH", "").output().expect("it starts")
    };
    let first = run(&["build", "hello.beam", "-o", "bin.exe"]);
    let text = stderr(&first);
    if text.contains("holds none") || text.contains("was built without") {
        return skipped("this `lam` is a quick build whose parts lie beside it");
    }
    assert!(text.contains("(inside lam)"), "{text}");
    assert_eq!(first.status.code(), Some(0), "{text}");
    greets(Command::new(scratch.join("bin.exe")).env_clear());
    for (out, target) in [("bin.wasm", "wasm"), ("js.wasm", "web")] {
        says(&run(&["build", "hello.beam", "-o", out, "-t", target]), 0, "(inside lam)");
        assert!(stdout(&run(&["licenses", out, "--short"])).contains("LAM"), "{target}");
    }
    for args in [["run", "hello.beam"], ["run", "bin.wasm"]] {
        let output = run(&args);
        assert_eq!(stdout(&output), "Hello, Joe!\n", "{}", stderr(&output));
    }
}
