//! Files inside a program: `priv` beside a given `ebin`, `--include`, read on every host and written on none.
//!
//! `embedded/read.out` is what `erl` says with the same files on disk; `write.out` is by hand, what Linux says of a file system
//! that is mounted read-only.

#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{Scratch, repository, skipped, stderr, stdout};

/// `stock/ebin` and `stock/priv`.
fn scratch(name: &str) -> Scratch {
    let scratch = Scratch::new(&format!("embedded-{name}"));
    let beam = fs::read(repository("lam-cli/tests/embedded/stock.beam")).expect("it is in the repository");
    scratch.file("stock/ebin/stock.beam", &beam);
    fill(&scratch, "stock/priv");
    scratch.folder("run");
    scratch
}

fn fill(scratch: &Scratch, folder: &str) {
    for (name, text) in [("a.txt", "hello"), ("deep/empty", ""), ("terms", "{a, 1}.\n[b].\n"), ("lines", "één\ntwee\n")] {
        scratch.file(&format!("{folder}/{name}"), text.as_bytes());
    }
}

fn expected(name: &str) -> String {
    fs::read_to_string(repository("lam-cli/tests/embedded").join(name)).expect("it is in the repository")
}

/// Runs a program in the empty folder `run`.
fn run(scratch: &Scratch, program: &Path, args: &[&str]) -> Output {
    let is_wasm = program.extension().is_some_and(|end| end == "wasm");
    let mut command = if is_wasm { Command::new("wasmtime") } else { Command::new(program) };
    if is_wasm {
        command.arg("--dir=.").arg(program);
    }
    command.args(args).current_dir(scratch.join("run")).env("LC_ALL", "C.UTF-8").output().expect("it starts")
}

fn check(scratch: &Scratch, program: &str) {
    for what in ["read", "write"] {
        let output = run(scratch, &scratch.join(program), &[what]);
        assert_eq!(stdout(&output), expected(&format!("{what}.out")), "{program} {what}: {}", stderr(&output));
    }
    let output = run(scratch, &scratch.join(program), &["where"]);
    let root = "\"/dev/null/lam/lib/stock/priv\"\n\"/dev/null/lam/lib/stock/ebin\"\n{error,bad_name}\n";
    assert_eq!(stdout(&output), root, "{program}: {}", stderr(&output));
}

#[test]
fn priv_beside_ebin_is_read_natively() {
    let scratch = scratch("native");
    if scratch.build(&["stock/ebin", "-o", "out"]).is_none() {
        return;
    }
    let shown = stdout(&scratch.lam(&["inspect", "out", "--verify"]));
    assert!(shown.contains("embedded lib/stock/priv/a.txt 5 bytes\n") && shown.contains("verified"), "{shown}");
    // Nothing is read from the disk.
    fs::remove_dir_all(scratch.join("stock")).expect("it is ours");
    check(&scratch, "out");
}

#[test]
fn priv_beside_ebin_is_read_in_wasi() {
    let scratch = scratch("wasi");
    if scratch.build(&["stock/ebin", "-o", "out.wasm", "-t", "wasm"]).is_none() {
        return;
    }
    if Command::new("wasmtime").arg("--version").output().is_err() {
        return skipped("there is no wasmtime");
    }
    check(&scratch, "out.wasm");
}

#[test]
fn a_folder_is_included_by_hand() {
    let scratch = scratch("include");
    fs::rename(scratch.join("stock/priv"), scratch.join("things")).expect("it is ours");
    if scratch.build(&["stock/ebin/stock.beam", "-o", "out", "--include", "stock=things"]).is_none() {
        return;
    }
    check(&scratch, "out");
    let first = fs::read(scratch.join("out")).expect("just built");
    scratch.build(&["stock/ebin/stock.beam", "-o", "out", "--include", "stock=things"]).expect("it was built above");
    assert!(first == fs::read(scratch.join("out")).expect("just built"), "the same input gives the same bytes");
    scratch.file("other/a.txt", b"another");
    for (include, code, words) in [
        ("stock=other", 1, "two different files would be `lib/stock/priv/a.txt`"),
        ("stock=nowhere", 1, "cannot include `nowhere`: it is not a folder"),
        ("stock", 2, "write APP=DIR"),
    ] {
        let output = scratch.lam(&["build", "stock/ebin", "-o", "out", "--include", "stock=things", "--include", include]);
        assert_eq!(output.status.code(), Some(code), "{include}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn the_app_file_names_the_application() {
    let scratch = scratch("named");
    fs::rename(scratch.join("stock"), scratch.join("checkout-2")).expect("it is ours");
    scratch.file("checkout-2/ebin/stock.app", b"{application, stock, [{vsn, \"1\"}, {modules, [stock]}]}.\n");
    if scratch.build(&["checkout-2/ebin", "-o", "out"]).is_some() {
        check(&scratch, "out");
    }
}

#[test]
fn damage_is_found_where_it_is_looked_for() {
    let scratch = scratch("damage");
    scratch.file("stock/priv/long", &b"0123456789".repeat(2000));
    if scratch.build(&["stock/ebin", "-o", "out"]).is_none() {
        return;
    }
    let mut bytes = fs::read(scratch.join("out")).expect("just built");
    let at = bytes.windows(20).position(|window| window == b"01234567890123456789").expect("it is there as it is");
    bytes[at] = b'x';
    fs::write(scratch.join("out"), bytes).expect("writable");
    let output = scratch.lam(&["inspect", "out", "--verify"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the file `lib/stock/priv/long` is not what was embedded"), "{}", stderr(&output));
    let output = Command::new(scratch.join("out")).arg("where").env("LAM_VERIFY", "1").output().expect("it starts");
    assert_eq!(output.status.code(), Some(101));
    assert!(stderr(&output).contains("a file in it does not give its checksum"), "{}", stderr(&output));
    let output = Command::new(scratch.join("out")).arg("where").output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
