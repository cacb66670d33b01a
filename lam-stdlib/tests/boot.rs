//! Boot level `none` on a real emulator: `tests/boot/run` puts our modules in kernel's place, with `lam_host` played by
//! ports. Input is compared with plain `erl -noshell`; ends and reports with what the design says.
//!
//! Skips, loudly, where there is no `erl`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The folder with compiled programs, or nothing where `erl` is missing.
fn work(test: &str, name: &str) -> Option<PathBuf> {
    if Command::new("erl").arg("-version").output().is_err() {
        eprintln!("SKIPPED: boot level `none` was not tried, there is no `erl` on the path");
        return None;
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&dir).expect("the target folder can be written");
    let source = format!("{name}.erl");
    let done = Command::new("erlc")
        .arg("-o")
        .arg(&dir)
        .arg(source)
        .current_dir(self::source("programs"))
        .status()
        .expect("`erlc` stands beside `erl`");
    assert!(done.success());
    Some(dir)
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/boot").join(name)
}

fn run(mut command: Command, dir: &Path, input: &[u8]) -> Output {
    let file = dir.join("input");
    std::fs::write(&file, input).expect("the target folder can be written");
    let input = std::fs::File::open(&file).expect("it was just written");
    command.current_dir(dir).stdin(Stdio::from(input)).env("LAM_BOOT_WORK", dir.join("boot"));
    command.output().expect("the program starts")
}

fn ours(module: &str, args: &[&str], dir: &Path, input: &[u8]) -> Output {
    let mut command = Command::new(source("run"));
    command.arg(module).args(args);
    run(command, dir, input)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn input_is_served_as_by_erl() {
    let Some(dir) = work("boot-input", "lines") else {
        return;
    };
    let cases: &[(&[&str], &[u8])] = &[
        (&["list", "latin1", "line"], b"ab\r\ncd\n\nlast"),
        (&["binary", "unicode", "line"], "\u{e9}\u{20ac}\r\n\u{1f600}x\n".as_bytes()),
        (&["list", "unicode", "line"], b"a\xffb\nc\n"),
        (&["list", "unicode", "prompt"], b"1\n2"),
        (&["binary", "latin1", "file_line"], b"a\xe9b\nc"),
        (&["list", "unicode", "chars"], "\u{e9}\u{20ac}\n\u{1f600}x\nabc\n".as_bytes()),
        (&["binary", "latin1", "bytes"], b"0123456789\n01"),
        (&["list", "latin1", "fread"], b"12 34\n5\n x\n7\n"),
        (&["list", "unicode", "term"], b"{a,b}.\n[1,\n2]. foo. \"x\".\n1 +.\n{}.\n"),
        (&["list", "latin1", "unknown"], b""),
        (&["list", "unicode", "batch"], b"one\ntwo"),
        (&["binary", "unicode", "line"], b""),
    ];
    for (args, input) in cases {
        let mut erl = Command::new("erl");
        erl.args(["-noshell", "-run", "lines", "main"]).args(*args).args(["-s", "erlang", "halt"]);
        let expected = run(erl, &dir, input);
        let got = ours("lines", args, &dir, input);
        assert_eq!(text(&got.stdout), text(&expected.stdout), "{args:?}");
        assert_eq!(got.status.code(), Some(0), "{args:?}");
    }
}

#[test]
fn output_is_taken_as_by_erl() {
    let Some(dir) = work("boot-output", "prints") else {
        return;
    };
    for encoding in ["latin1", "unicode"] {
        let mut erl = Command::new("erl");
        erl.args(["-noshell", "-run", "prints", "main", encoding, "-s", "erlang", "halt"]);
        let expected = run(erl, &dir, b"");
        let got = ours("prints", &[encoding], &dir, b"");
        assert_eq!(text(&got.stdout), text(&expected.stdout), "{encoding}");
        assert_ne!(got.stdout.len(), 0);
    }
}

#[test]
fn a_program_ends_as_the_design_says() {
    let Some(dir) = work("boot-ends", "ends") else {
        return;
    };
    let cases: &[(&str, i32, &str, &str)] = &[
        ("return", 0, "\u{e9}\u{20ac}\n", ""),
        ("stop", 3, "a\n", ""),
        ("halt", 7, "x", ""),
        ("exit_normal", 1, "", "exception exit: normal\n  in function  ends:main/1 (ends.erl, line 8)\n"),
        ("throw", 1, "", "exception throw: {x,\"text\"}\n  in function  ends:main/1 (ends.erl, line 9)\n"),
        ("link", 1, "", "main process: bad\n"),
        ("servers", 0, "[true,true,true,true]\n", ""),
    ];
    for (how, code, stdout, stderr) in cases {
        let got = ours("ends", &[how], &dir, b"");
        assert_eq!((text(&got.stdout).as_str(), text(&got.stderr).as_str()), (*stdout, *stderr), "{how}");
        assert_eq!(got.status.code(), Some(*code), "{how}");
    }
}

#[test]
fn a_failed_bif_is_explained() {
    let Some(dir) = work("boot-error", "ends") else {
        return;
    };
    let got = ours("ends", &["error"], &dir, b"");
    let report = text(&got.stderr);
    assert_eq!(got.status.code(), Some(1));
    assert!(report.starts_with("exception error: bad argument\n  in function  list_to_integer/1\n"), "{report}");
    assert!(report.contains("*** argument 1: not a textual representation of an integer"), "{report}");
    assert!(!report.contains("lam_boot"), "{report}");
}

#[test]
fn log_events_come_out_before_the_end() {
    let Some(dir) = work("boot-log", "ends") else {
        return;
    };
    let got = ours("ends", &["log_then_return"], &dir, b"");
    let log = text(&got.stdout);
    let heads = log.lines().filter(|line| line.starts_with("=ERROR REPORT==== ") && line.ends_with(" ===")).count();
    assert_eq!(heads, 4, "{log}");
    assert!(log.contains("\nError in process <0."), "{log}");
    assert_eq!(got.status.code(), Some(0));
}
