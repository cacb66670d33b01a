//! What the tests of `lam` share: which `lam` they test, files of the repository, a folder of a test's own.

// Each file of `tests/` is a program by itself, and none uses all of this.
#![allow(dead_code)]
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// The `lam` under test: what `LAM_BIN` names, else that of `make dev`, which has the native stub, else cargo's, which has none.
pub fn lam_path() -> PathBuf {
    if let Some(path) = env::var_os("LAM_BIN") {
        return path.into();
    }
    let dev = repository("target/dev-bin/lam");
    if dev.exists() { dev } else { env!("CARGO_BIN_EXE_lam").into() }
}

/// A file or folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").join(path)
}

/// The program that prints `Hello, Joe!`.
pub fn hello() -> PathBuf {
    repository("fixtures/hello/hello.beam")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Says loudly that a test, or a part of it, was not done: past the capture of a passing test's output.
pub fn skipped(why: &str) {
    let _ = writeln!(io::stderr(), "######## SKIPPED: {why} ########");
}

/// Whether a build failed because this `lam` has no stub for the target, which it says then.
pub fn lacks_stub(words: &str) -> bool {
    let lacks = words.contains("was built without");
    if lacks {
        eprintln!("skipped: {}", words.lines().next().unwrap_or_default());
    }
    lacks
}

/// The program prints `Hello, Joe!` and nothing else.
pub fn greets(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert_eq!(stderr(&output), "");
    assert_eq!(stdout(&output), "Hello, Joe!\n");
    assert_eq!(output.status.code(), Some(0));
}

/// A folder of this test's own, removed when dropped.
pub struct Scratch {
    pub path: PathBuf,
}

impl Scratch {
    /// An empty folder; no other test of the same file takes that name.
    pub fn new(name: &str) -> Scratch {
        let path = env::temp_dir().join(format!("lam-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder is writable");
        Scratch { path }
    }

    /// A folder with copies of these files of the repository.
    pub fn with(name: &str, files: &[&str]) -> Scratch {
        let scratch = Scratch::new(name);
        for file in files.iter().map(|file| repository(file)) {
            fs::copy(&file, scratch.path.join(file.file_name().expect("a file"))).expect("it is in the repository");
        }
        scratch
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A folder in it.
    pub fn folder(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::create_dir_all(&path).expect("writable");
        path
    }

    /// A file in it.
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("writable");
        fs::write(&path, bytes).expect("writable");
        path
    }

    /// `lam` with these arguments, in this folder.
    pub fn lam(&self, args: &[&str]) -> Output {
        Command::new(lam_path()).args(args).current_dir(&self.path).output().expect("lam starts")
    }

    /// What `lam build` with these arguments says when it is done; `None` where this `lam` lacks the stub.
    pub fn build(&self, args: &[&str]) -> Option<String> {
        let output = self.lam(&[&["build"], args].concat());
        let words = stderr(&output);
        if lacks_stub(&words) {
            return None;
        }
        assert_eq!(output.status.code(), Some(0), "{args:?}: {words}");
        Some(words)
    }

    /// As `build`: whether it was done.
    pub fn builds(&self, args: &[&str]) -> bool {
        self.build(args).is_some()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
