//! Limits that end the machine, and memory that hostile input takes: what cannot be a fixture, for `erl` leaves crash dumps.

#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Output};

use common::{Scratch, stderr, stdout};

/// A folder with `program`, built of a module of the repository; `None` where this `lam` has no native stub.
fn built(name: &str, beam: &str, entry: &[&str]) -> Option<Scratch> {
    let scratch = Scratch::new(name);
    let beam = common::repository(beam).display().to_string();
    scratch.builds(&[&[&*beam, "-o", "program"], entry].concat()).then_some(scratch)
}

/// Runs a program with so much address space, and ends it if it does not end itself.
fn run_with(path: &Path, megabytes: usize, arg: &str) -> Output {
    let script = format!("ulimit -c 0; ulimit -v {}; exec timeout 100 \"$0\" {arg}", megabytes * 1024);
    Command::new("sh").arg("-c").arg(script).arg(path).output().expect("a shell is there")
}

#[test]
fn refused_terms_take_little_memory() {
    let Some(scratch) = built("hostile", "fixtures/etf/hostile.beam", &["--entrypoint", "hostile:memory"]) else { return };
    let output = run_with(&scratch.join("program"), 4096, "");
    let text = stdout(&output);
    // One line: how many were tried. Each that took too much has a line of its own.
    assert!(text.lines().count() == 1 && text.contains(" terms"), "{text}{}", stderr(&output));
}

#[test]
fn what_is_exhausted_ends_the_machine_with_a_report() {
    let Some(scratch) = built("exhaust", "lam-cli/tests/exhaust/exhaust.beam", &[]) else { return };
    for what in ["list", "binaries", "processes", "table", "one_binary", "messages", "dictionary"] {
        let output = run_with(&scratch.join("program"), 600, what);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{what}: {text}");
        assert!(text.starts_with("error: out of memory: the host refused "), "{what}: {text}");
    }
    for what in ["atoms", "decoded_atoms"] {
        let output = run_with(&scratch.join("program"), 2048, what);
        let text = stderr(&output);
        assert_eq!((output.status.code(), &*text), (Some(1), "no more index entries in atom_tab (max=1048576)\n"), "{what}");
    }
}

#[test]
fn a_process_that_waits_takes_less_than_a_kilobyte() {
    let Some(scratch) = built("many", "lam-cli/tests/many/many.beam", &[]) else { return };
    let output = run_with(&scratch.join("program"), 4096, "100000 1");
    let text = stdout(&output);
    let figure = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().parse().ok()).unwrap_or_else(|| panic!("{name}: {text}{}", stderr(&output)))
    };
    assert_eq!(figure("sum "), 5_000_050_000);
    let bytes = figure("bytes_each ");
    // 760 natively: struct 400, first block 320, table 24, the list of pids 16.
    assert!((300..=900).contains(&bytes), "{text}");
    // What `erlang:memory` tells is the most of that, and when all have ended most of it is the host's again.
    assert!((bytes / 2..=bytes + bytes / 4).contains(&figure("told_each ")), "{text}");
    // 16 MB of heaps and 8 MB of small blocks are kept for what comes next.
    assert!(figure("left_each ") <= bytes / 2, "{text}");
}

#[test]
fn as_many_processes_as_asked_for() {
    let Some(scratch) = built("limit", "lam-cli/tests/limit/limit.beam", &[]) else { return };
    let shown = |variable: Option<&str>| {
        let mut command = Command::new(scratch.join("program"));
        command.env_remove("LAM_PROCESS_LIMIT").envs(variable.map(|limit| ("LAM_PROCESS_LIMIT", limit)));
        stdout(&command.output().expect("it starts"))
    };
    assert_eq!(shown(None), "limit 16777216\n");
    assert_eq!(shown(Some("1000")), "limit 16777216\n");
    let full = "{error,system_limit} true\nnormal\n";
    assert_eq!(shown(Some("1024")), format!("limit 1024\n{full}"));
    // As OTP: the next power of two.
    fs::write(scratch.join("vm.args"), "+P 5000\n").expect("writable");
    assert!(scratch.builds(&[
        &*common::repository("lam-cli/tests/limit/limit.beam").display().to_string(),
        "-o",
        "program",
        "--vm-args",
        "vm.args"
    ]));
    assert_eq!(shown(None), format!("limit 8192\n{full}"));
    assert_eq!(shown(Some("2000")), format!("limit 2048\n{full}"));
}

/// Every byte of the header and every 97th of the tables natively: found before user code runs. With `LAM_VERIFY=1` code and literals too.
#[test]
fn damaged_programs_do_not_start() {
    let Some(scratch) = built("damaged", "fixtures/hello/hello.beam", &[]) else { return };
    let path = scratch.join("program");
    let bytes = fs::read(&path).expect("just built");
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")) as usize;
    let mut starts = (0..bytes.len() - 512).step_by(8).filter(|at| bytes[*at..].starts_with(b"LAMIMG\0\0"));
    let image = starts.rfind(|at| word(at + 8) > 4096 && word(at + 8) <= bytes.len() - at).expect("an image");
    let sections: Vec<(usize, usize)> =
        (0..14).map(|number| (word(image + 104 + 16 * number), word(image + 112 + 16 * number))).collect();
    let content = [1, 2, 13];
    let header = (0..104 + 14 * 16 + 8).map(|at| (at, false));
    let tables = sections.iter().enumerate().flat_map(|(number, (offset, length))| {
        let is_content = content.contains(&number);
        (*offset..offset + length).step_by(if is_content { 4999 } else { 97 }).map(move |at| (at, is_content))
    });
    let mut found = 0;
    for (at, verify) in header.chain(tables) {
        let put = |byte: u8| {
            let mut file = fs::OpenOptions::new().write(true).open(&path).expect("the program can be written");
            file.seek(SeekFrom::Start((image + at) as u64)).and_then(|_| file.write_all(&[byte])).expect("it is long enough");
        };
        put(bytes[image + at] ^ 1 << (at % 8));
        let mut command = Command::new(&path);
        command.env_remove("LAM_VERIFY");
        if verify {
            command.env("LAM_VERIFY", "1");
        }
        // Another test may be between fork and exec, with our file still open.
        let output = (0..100).find_map(|_| command.output().ok()).expect("the launcher starts");
        put(bytes[image + at]);
        let text = String::from_utf8_lossy(&output.stderr);
        // Without its magic word it is no program at all.
        let named = match at {
            0..8 => output.status.code() == Some(2) && text.contains("a launcher without a program"),
            _ => output.status.code() == Some(101) && text.starts_with("error: cannot start: the embedded program "),
        };
        assert!(named && output.stdout.is_empty(), "byte {at}: {:?} {text}", output.status);
        found += 1;
    }
    assert!(found > 500, "{found}");
}

/// A file that lost its end says so, wherever that was inside the program: `scripts/fuzz full images` tries every length on three hosts.
#[test]
fn programs_cut_short_say_so() {
    let Some(scratch) = built("cut", "fixtures/hello/hello.beam", &[]) else { return };
    let path = scratch.join("program");
    let bytes = fs::read(&path).expect("just built");
    let whole = bytes.len();
    let mut starts = (0..whole - 512).step_by(8).rev();
    let is_image = |at: &usize| bytes[*at..].starts_with(b"LAMIMG\0\0") && bytes[*at + 8..*at + 16] == (whole - at).to_le_bytes();
    let image = starts.find(is_image).expect("the image is the last thing in the file");
    let edges = [whole - 1, whole - 8, whole - 9, whole - 4095, whole - 4096, whole - 4097];
    let steps = (image..whole - 5000).rev().step_by(20_011);
    for length in edges.into_iter().chain(steps).chain([image + 4096, image + 1, image, image - 1]) {
        let file = fs::OpenOptions::new().write(true).open(&path).expect("the program can be written");
        file.set_len(length as u64).expect("it gets shorter");
        drop(file);
        let output = (0..100).find_map(|_| Command::new(&path).output().ok()).expect("the launcher starts");
        let text = stderr(&output);
        let is_named =
            output.status.code() == Some(101) && text.starts_with("error: cannot start: the embedded program is damaged: ");
        assert!(is_named && output.stdout.is_empty(), "{length} of {whole}: {:?} {text}", output.status);
    }
}
