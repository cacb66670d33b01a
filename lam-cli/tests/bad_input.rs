//! Each kind of bad input has its message, its hint and its exit code.
//!
//! Messages are compared as a user sees them: the first line of stderr, and that no panic stands behind it.

#![forbid(unsafe_code)]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

use common::Scratch;

/// What cargo built, for these need no stub; `LAM_OTP` would have a say.
fn lam(scratch: &Scratch, args: &[&str]) -> Output {
    let lam = env::var_os("LAM_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_lam").into());
    Command::new(lam).args(args).current_dir(&scratch.path).env_remove("LAM_OTP").output().expect("lam starts")
}

/// The command fails with `code` and says `words`.
fn fails(scratch: &Scratch, args: &[&str], code: i32, words: &str) {
    let output = lam(scratch, args);
    let text = common::stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
    assert!(text.contains(words), "{args:?}: expected `{words}` in:\n{text}");
    assert!(!text.contains("panicked") && !text.contains("os error"), "{args:?}: {text}");
    assert!(output.stdout.is_empty(), "{args:?}: stdout is for data");
}

fn hello() -> Vec<u8> {
    fs::read(common::hello()).expect("it is in the repository")
}

/// `hello` as another module would be: one byte of its code differs.
fn other_hello() -> Vec<u8> {
    let mut bytes = hello();
    let at = bytes.windows(4).position(|four| four == b"Joe!").map_or(bytes.len() - 1, |at| at);
    bytes[at] ^= 1;
    bytes
}

#[test]
fn missing_and_unreadable_files() {
    let scratch = Scratch::new("bad-missing");
    fails(&scratch, &["build", "no.beam"], 1, "error: cannot read `no.beam`: No such file or directory");
    scratch.file("src.erl", b"-module(src).");
    fails(&scratch, &["build", "src.beam"], 1, "hint: compile it first: erlc src.erl");
    fails(&scratch, &["build", "*.beam"], 1, "error: no .beam file matches `*.beam`");
    fails(&scratch, &["build", "["], 2, "is not a pattern");
    fs::create_dir(scratch.join("empty")).expect("writable");
    fails(&scratch, &["build", "empty"], 1, "error: `empty` holds no .beam files");
    let locked = scratch.file("locked.beam", &hello());
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("ours");
    // Root reads everything.
    if fs::read(&locked).is_err() {
        fails(&scratch, &["build", "locked.beam"], 1, "error: cannot read `locked.beam`: Permission denied");
    }
}

#[test]
fn files_that_are_no_modules() {
    let scratch = Scratch::new("bad-nomodule");
    scratch.file("src.erl", b"-module(src).");
    fails(&scratch, &["build", "src.erl"], 1, "error: `src.erl` is not a module");
    fails(&scratch, &["build", "src.erl"], 1, "hint: lam packs compiled modules");
    scratch.file("empty.beam", b"");
    fails(&scratch, &["build", "empty.beam"], 1, "error: `empty.beam` is not a module: it is empty");
    scratch.file("text.beam", b"hello, this is text");
    fails(&scratch, &["build", "text.beam"], 1, "it does not begin as a .beam file");
}

#[test]
fn truncated_modules() {
    let scratch = Scratch::new("bad-cut");
    let whole = hello();
    for cut in [1, 8, 11, 12, 15, 20, 40, whole.len() / 2, whole.len() - 1] {
        scratch.file("cut.beam", &whole[..cut]);
        fails(&scratch, &["build", "cut.beam"], 1, "error: `cut.beam` is not a module");
    }
}

#[test]
fn wrong_chunk_sizes() {
    let scratch = Scratch::new("bad-chunk");
    let mut bytes = hello();
    bytes[16..20].copy_from_slice(&u32::MAX.to_be_bytes());
    scratch.file("size.beam", &bytes);
    fails(&scratch, &["build", "size.beam"], 1, "says 4294967295 bytes");
    let mut bytes = hello();
    bytes[20..24].copy_from_slice(&0u32.to_be_bytes());
    scratch.file("atoms.beam", &bytes);
    fails(&scratch, &["build", "atoms.beam"], 1, "its atom table is broken");
}

#[test]
fn a_gzip_bomb_is_refused() {
    use std::io::Write;
    let scratch = Scratch::new("bad-gzip");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..300 {
        encoder.write_all(&zeros).expect("to memory");
    }
    scratch.file("bomb.beam", &encoder.finish().expect("to memory"));
    fails(&scratch, &["build", "bomb.beam"], 1, "it unpacks to far more than a module can be");
    scratch.file("broken.beam", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
    fails(&scratch, &["build", "broken.beam"], 1, "its gzip wrapper is broken");
}

/// `hello` with this table of literals: the length that it announces, then a zlib stream of so many megabytes.
fn with_literals(announced: u32, megabytes: usize) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..megabytes {
        encoder.write_all(&zeros).expect("to memory");
    }
    let literals = [announced.to_be_bytes().to_vec(), encoder.finish().expect("to memory")].concat();
    let hello = hello();
    let mut chunks = lam_cli::beam::chunks(&hello).expect("it is a module");
    chunks.retain(|(name, _)| name != "LitT");
    chunks.push(("LitT".into(), &literals));
    let mut body = b"BEAM".to_vec();
    for (name, bytes) in chunks {
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        body.extend_from_slice(bytes);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    [b"FOR1".to_vec(), (body.len() as u32).to_be_bytes().to_vec(), body].concat()
}

#[test]
fn a_bomb_among_the_literals_is_refused() {
    let scratch = Scratch::new("bad-literals");
    for (announced, megabytes) in [(300 << 20, 300), (100, 300), (u32::MAX, 1)] {
        scratch.file("bomb.beam", &with_literals(announced, megabytes));
        fails(&scratch, &["build", "bomb.beam", "-o", "x"], 1, "the compressed data of the literal table is damaged");
    }
    assert!(!scratch.join("x").exists());
}

#[test]
fn two_modules_of_one_name() {
    let scratch = Scratch::new("bad-twice");
    scratch.file("a/hello.beam", &hello());
    scratch.file("b/hello.beam", &other_hello());
    fails(&scratch, &["build", "a", "b", "-o", "x"], 1, "error: two different modules are named `hello`");
    // Equal bytes count once, and consolidated/ wins: what fails then, if anything, is something later.
    scratch.file("c/hello.beam", &hello());
    scratch.file("consolidated/hello.beam", &other_hello());
    for folders in [["a", "c"], ["a", "consolidated"]] {
        let output = lam(&scratch, &["build", folders[0], folders[1], "-o", "x"]);
        assert!(!common::stderr(&output).contains("two different modules"), "{folders:?}");
    }
}

#[test]
fn outputs_that_cannot_be_written() {
    let scratch = Scratch::new("bad-output");
    scratch.file("hello.beam", &hello());
    fails(&scratch, &["build", "hello.beam", "-o", "hello.beam"], 2, "error: the output `hello.beam` is also an input");
    let before = fs::read(scratch.join("hello.beam")).expect("still there");
    assert_eq!(before, hello());
    fails(&scratch, &["build", "hello.beam", "-o", "no/such/hello"], 1, "hint: make it first: mkdir -p no/such");
    fs::create_dir(scratch.join("folder")).expect("writable");
    fails(&scratch, &["build", "hello.beam", "-o", "folder"], 1, "error: cannot write `folder`: it is a folder");
    fails(&scratch, &["build", "hello.beam", "-o", "/dev/null"], 1, "error: cannot write `/dev/null`: it is not a regular file");
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let scratch = Scratch::new("bad-full");
    let full = Path::new("/dev/full");
    if full.exists() {
        let error = fs::write(full, b"x").expect_err("it is full");
        let error = lam_cli::error::Error::io("write", Path::new("out"), &error);
        assert_eq!(error.to_string(), "error: cannot write `out`: No space left on device");
    }
    let path = scratch.file("out", b"old");
    lam_cli::output::write(&path, b"new", true).expect("there is space");
    assert_eq!(fs::read(&path).expect("written"), b"new");
    assert_eq!(fs::read_dir(&scratch.path).expect("ours").count(), 1, "no temporary file stays");
}

#[test]
fn wrong_usage() {
    let scratch = Scratch::new("bad-usage");
    scratch.file("hello.beam", &hello());
    fails(&scratch, &["build"], 2, "required");
    fails(&scratch, &["build", "hello.beam", "-t", "amiga"], 2, "amiga");
    fails(&scratch, &["bild"], 2, "bild");
    fails(&scratch, &["build", "hello.beam", "-o", "x", "--entrypoint", ":main"], 2, "`:main` is not an entry point");
    fails(&scratch, &["build", "hello.beam", "-o", "x", "--entrypoint", "hello:main/many"], 2, "is not an entry point");
    fails(&scratch, &["build", "hello.beam", "-o", "x", "--otp", "/nowhere"], 1, "hint: --otp and LAM_OTP name OTP's root");
    fails(&scratch, &["inspect", "/dev/null"], 1, "is not a module: it is empty");
    fails(&scratch, &["run", "hello.beam", "-t", "web"], 2, "cannot open a browser");
}

#[test]
fn no_or_several_entry_points() {
    let scratch = Scratch::new("bad-entry");
    let hello = hello();
    scratch.file("hello.beam", &hello);
    let renamed = |from: &[u8; 4], to: &[u8; 4]| {
        let mut bytes = hello.clone();
        let at = bytes.windows(4).position(|four| four == from).expect("it is in the atom table");
        bytes[at..at + 4].copy_from_slice(to);
        bytes
    };
    scratch.file("jello.beam", &renamed(b"hell", b"jell"));
    scratch.file("none.beam", &renamed(b"main", b"mian"));
    let no_such = ["build", "hello.beam", "-o", "x", "--entrypoint", "hello:nowhere/0"];
    fails(&scratch, &no_such, 1, "error: `hello` does not export `nowhere/0` or `nowhere/1`");
    let absent = ["build", "hello.beam", "-o", "x", "--entrypoint", "shop"];
    fails(&scratch, &absent, 1, "error: the entry module `shop` is not there");
    fails(&scratch, &["build", "none.beam", "-o", "x"], 1, "error: no given module exports `main/1` or `main/0`");
    fails(&scratch, &["build", "none.beam", "-o", "x"], 1, "hint: name the entry point with --entrypoint");
    let several = "error: several modules could be the entry point: `hello:main/0`, `jello:main/0`";
    fails(&scratch, &["build", "hello.beam", "jello.beam", "-o", "x"], 1, several);
    fails(&scratch, &["build", "hello.beam", "jello.beam", "-o", "x"], 1, "hint: choose one with --entrypoint MODULE");
    fails(&scratch, &["build", "hello.beam", "jello.beam"], 2, "hint: name the file to write with -o OUT");
    assert!(!scratch.join("x").exists());
}
