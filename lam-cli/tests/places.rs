//! Where things lie: sources in two folders, programs on a read-only disk, outputs on a full one, `lam` alone on a system.
//!
//! Mounting, other users and a system without network need root; without it such a test says loudly that it was skipped.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
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

fn skipped(why: &str) {
    eprintln!("######## SKIPPED: {why} ########");
}

/// A folder of this test's own, removed when dropped; what is mounted in it is unmounted first.
struct Scratch {
    path: PathBuf,
    mounted: Vec<PathBuf>,
}

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = env::temp_dir().join(format!("lam-places-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder is writable");
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::copy(own.join("../fixtures/hello/hello.beam"), path.join("hello.beam")).expect("it is in the repository");
        fs::copy(own.join("tests/link/args.beam"), path.join("args.beam")).expect("it is in the repository");
        Scratch { path, mounted: Vec::new() }
    }

    fn folder(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::create_dir_all(&path).expect("writable");
        path
    }

    /// A memory disk of that size; false where we may not mount.
    fn mount(&mut self, name: &str, options: &str) -> bool {
        let path = self.folder(name);
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "lam-test"]).arg(&path).output();
        let done = done.is_ok_and(|output| output.status.success());
        if done {
            self.mounted.push(path);
        } else {
            skipped("mounting a file system needs root");
        }
        done
    }

    fn lam(&self, args: &[&str]) -> Output {
        Command::new(lam_path()).args(args).current_dir(&self.path).output().expect("lam starts")
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
        for path in &self.mounted {
            let _ = Command::new("umount").arg(path).status();
        }
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn says(output: &Output, code: i32, words: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(words), "expected `{words}` in:\n{text}");
}

fn greets(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Hello, Joe!\n");
    assert_eq!(output.status.code(), Some(0));
}

/// Compiled by its own name, by its path from the root, with folders among the options, and as `+deterministic` has it.
#[test]
fn the_same_source_in_another_folder_gives_the_same_bytes() {
    const SOURCE: &str = "-module(where).\n-export([main/0, fail/1]).\n-include(\"where.hrl\").\n\
        main() -> io:put_chars(?TEXT), ok.\nfail(X) -> 1 / X.\n";
    if Command::new("erlc").arg("-help").output().is_err() {
        return skipped("there is no erlc");
    }
    let scratch = Scratch::new("same");
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
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stdout));
        folders.push(folder);
    }
    let beams = [0, 1].map(|at: usize| fs::read(folders[at].join("where.beam")).expect("compiled"));
    assert!(beams[0] != beams[1], "the .beam files hold their folders, else this test shows nothing");
    for target in ["native", "wasm", "web"] {
        let mut outputs = Vec::new();
        for folder in &folders {
            let [input, out] = ["where.beam", "js.wasm"].map(|name| folder.join(name).display().to_string());
            if !scratch.builds(&["build", &input, "-o", &out, "-t", target]) {
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
    let mut scratch = Scratch::new("readonly");
    if !scratch.builds(&["build", "hello.beam", "-o", "bin.exe"]) || !scratch.mount("disk", "size=32m") {
        return;
    }
    let disk = scratch.path.join("disk");
    fs::copy(scratch.path.join("bin.exe"), disk.join("other name")).expect("there is space");
    let _ = Command::new("strip").arg(disk.join("other name")).output();
    let read_only = Command::new("mount").args(["-o", "remount,ro"]).arg(&disk).status().expect("mount starts");
    assert!(read_only.success());
    assert!(fs::write(disk.join("x"), "").is_err(), "the disk is read-only");
    greets(Command::new(disk.join("other name")).current_dir(&disk));
    if lam_cli::pack::elf::is_static_pie(&fs::read(disk.join("other name")).expect("there")) {
        greets(Command::new("chroot").arg(&disk).arg("/other name").env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"));
    } else {
        skipped("this stub is not static, so it does not run in an empty chroot");
    }
}

#[test]
fn a_full_disk_leaves_the_old_file_and_nothing_else() {
    let mut scratch = Scratch::new("full");
    if !scratch.builds(&["build", "hello.beam", "-o", "there"]) || !scratch.mount("disk", "size=64k") {
        return;
    }
    let disk = scratch.path.join("disk");
    fs::write(disk.join("out"), "old").expect("there is space");
    says(&scratch.lam(&["build", "hello.beam", "-o", "disk/out"]), 1, "error: cannot write `disk/out`: No space left on device");
    assert_eq!(fs::read(disk.join("out")).expect("it stays"), b"old");
    assert_eq!(fs::read_dir(&disk).expect("ours").count(), 1, "no temporary file stays");
}

#[test]
fn an_output_is_replaced_whole() {
    let scratch = Scratch::new("replaced");
    if !scratch.builds(&["build", "hello.beam", "-o", "out"]) {
        return;
    }
    // Another name keeps the old file; a write in place would reach it too.
    fs::hard_link(scratch.path.join("out"), scratch.path.join("old")).expect("same disk");
    assert!(scratch.builds(&["build", "args.beam", "-o", "out"]));
    greets(&mut Command::new(scratch.path.join("old")));
    assert_eq!(Command::new(scratch.path.join("out")).args(["a", "b"]).output().expect("it starts").status.code(), Some(2));
    assert_eq!(fs::metadata(scratch.path.join("out")).expect("built").permissions().mode() & 0o100, 0o100);
}

/// As `nobody`, who may read this folder and not write to it.
#[test]
fn what_a_user_may_not_read_or_write_is_said() {
    let scratch = Scratch::new("nobody");
    if fs::metadata(&scratch.path).expect("ours").uid() != 0 {
        return skipped("acting as another user needs root");
    }
    let lam = scratch.path.join("lam");
    fs::copy(lam_path(), &lam).expect("there is space");
    fs::set_permissions(&scratch.path, fs::Permissions::from_mode(0o755)).expect("ours");
    fs::copy(scratch.path.join("hello.beam"), scratch.path.join("locked.beam")).expect("writable");
    fs::set_permissions(scratch.path.join("locked.beam"), fs::Permissions::from_mode(0o000)).expect("ours");
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
    let scratch = Scratch::new("run");
    for (target, name) in [("native", "args"), ("wasm", "args.wasm")] {
        let mut runs = vec![vec!["run", "args.beam", "-t", target, "--", "one", "--help", "dr\u{e9}i"]];
        if target == "wasm" {
            if !scratch.builds(&["build", "args.beam", "-t", target]) {
                continue;
            }
            runs.push(vec!["run", name, "--", "one", "--help", "dr\u{e9}i"]);
        }
        for args in runs {
            let output = scratch.lam(&args);
            let text = String::from_utf8_lossy(&output.stderr);
            if text.contains("was built without") {
                eprintln!("skipped: {}", text.lines().next().unwrap_or_default());
                continue;
            }
            assert_eq!(String::from_utf8_lossy(&output.stdout), "one\n--help\ndr\u{e9}i\n", "{text}");
            assert_eq!(output.status.code(), Some(3), "{args:?}");
        }
    }
}

/// One file, no checkout, no Rust, no Erlang, no network, an empty environment.
#[test]
fn lam_alone_builds_and_runs() {
    let scratch = Scratch::new("alone");
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
    let text = String::from_utf8_lossy(&first.stderr);
    if text.contains("holds none") || text.contains("was built without") {
        return skipped("this `lam` is a quick build whose parts lie beside it");
    }
    assert!(text.contains("(inside lam)"), "{text}");
    assert_eq!(first.status.code(), Some(0), "{text}");
    greets(Command::new(scratch.path.join("bin.exe")).env_clear());
    for (out, target) in [("bin.wasm", "wasm"), ("js.wasm", "web")] {
        says(&run(&["build", "hello.beam", "-o", out, "-t", target]), 0, "(inside lam)");
        assert!(String::from_utf8_lossy(&run(&["licenses", out, "--short"]).stdout).contains("LAM"), "{target}");
    }
    for args in [["run", "hello.beam"], ["run", "bin.wasm"]] {
        let output = run(&args);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "Hello, Joe!\n", "{}", String::from_utf8_lossy(&output.stderr));
    }
}
