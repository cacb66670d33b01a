//! Runs every program of `fixtures/` through `lam build` and compares it with what real `erl` did.
//!
//! One test for each target and area, natively by each dispatcher; web builds run in a headless browser (`fixtures/browser.rs`). A case is `fixtures/AREA/CASE.beam` with `.out` (stdout), `.exit` (exit code
//! when not 0), `.err` (stderr when not empty) and `.in` (stdin), recorded as `fixtures/README.md` says.
//! Where real `erl` is undefined, `.no_oracle` stands in place of `.out`, written by hand.
//! A case that cannot pass yet has a line in `fixtures/pending.txt`; a pending case that passes fails its test.
//!
//! - `FIXTURES=arith/` or `FIXTURES=arith/small` runs the cases whose name starts so.
//! - `LAM_BIN` names the `lam` to test, else cargo's; `WASM_RUN` the command that runs a WASI module
//!   (default `wasmtime run --dir=. --env TZ=UTC --env LC_ALL=C.UTF-8`).
//! - `LAM_MATCH_PARTS` names a folder with a native stub that dispatches by `match` (`scripts/variant match`). Programs of the other
//!   dispatcher than a test names are not run, which the test says.
//! - `LAM_COVERAGE` names a folder for reports `AREA.CASE` of what was executed (`scripts/variant coverage`).
//! - The tests of the web are ignored but by `scripts/test-web`, which has what they need. Without a browser they do not run, and a
//!   line says so.
//! - `FIXTURE_TIMEOUT` is in seconds, 60 by default.
//! - `FIXTURE_SCHEDULERS="1 2 4"` and `FIXTURE_ROUNDS=5` run each program with each of those, so often; a case that fails says in which
//!   (`scripts/rounds`).
//! - Cases in `fixtures/needs-otp.txt` are linked with the OTP of their release where `scripts/fixture-otp` finds it
//!   (`LAM_FIXTURE_OTP27`, `LAM_FIXTURE_OTP29`). Where not, they do not run, and a line says so.
#![forbid(unsafe_code)]

#[path = "fixtures/browser.rs"]
mod browser;
mod common;
#[path = "../../targets/parts/src/server.rs"]
mod server;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use browser::Browser;

/// One test for each area on each target; `every_area_is_run` compares the list with the folders.
macro_rules! areas {
    ($($area:ident)*) => {
        const AREAS: &[&str] = &[$(stringify!($area)),*];
        mod native_tail { $(#[test] fn $area() { super::run_area(stringify!($area), Host::Tail) })* use super::Host; }
        mod native_match { $(#[test] fn $area() { super::run_area(stringify!($area), Host::Match) })* use super::Host; }
        mod wasm { $(#[test] fn $area() { super::run_area(stringify!($area), Host::Wasm) })* use super::Host; }
        mod web {
            $(#[test] #[ignore = "scripts/test-web runs it"] fn $area() { super::run_area(stringify!($area), Host::Web) })*
            use super::Host;
        }
    };
}

areas! {
    arith atoms basic behaviours bifs binaries bitsyntax code crashes etf ets exceptions funs guards
    hello io isa kernel limits lists maps messages order otp27 otp29 ports processes programs storage strings tuples twins
}

/// What runs a case.
#[derive(Clone, Copy, PartialEq)]
enum Host {
    /// Natively by tail-called handlers.
    Tail,
    /// Natively by one `match`.
    Match,
    Wasm,
    Web,
}

impl Host {
    fn target(self) -> &'static str {
        match self {
            Host::Wasm => "wasm",
            Host::Web => "web",
            _ => "native",
        }
    }
    fn name(self) -> &'static str {
        match self {
            Host::Tail => "native, tail calls",
            Host::Match => "native, match",
            _ => self.target(),
        }
    }
    /// Whether the program is of this dispatcher, as the launcher's note says.
    fn is_of(self, program: &Path) -> bool {
        let note = match self {
            Host::Tail => b"\x04\0\0\0\x04\0\0\0\x01\0\0\0LAM\0tail",
            Host::Match => b"\x04\0\0\0\x04\0\0\0\x01\0\0\0LAM\0loop",
            Host::Wasm | Host::Web => return true,
        };
        fs::read(program).is_ok_and(|bytes| bytes.windows(note.len()).any(|window| window == note))
    }
}

/// How a case ended.
enum Verdict {
    Passed,
    Failed(String),
    /// The program has the other dispatcher.
    OtherDispatcher,
}

#[test]
fn every_area_is_run() {
    let mut folders: Vec<String> = fs::read_dir(fixtures())
        .expect("fixtures/ is in the repository")
        .filter_map(|entry| entry.ok())
        .filter(|entry| has_beam(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|folder| folder != "tools") // Run by `tests/tools.rs`.
        .collect();
    folders.sort();
    let mut listed: Vec<String> = AREAS.iter().map(|area| area.to_string()).collect();
    listed.sort();
    assert_eq!(folders, listed, "folders of fixtures/ that hold .beam files (left) and areas! of this file (right)");
}

#[test]
fn every_case_that_needs_an_otp_exists() {
    for case in needs_otp() {
        assert!(
            fixtures().join(&case).with_extension("beam").exists(),
            "fixtures/needs-otp.txt names `{case}`, which is not there"
        );
    }
}

/// Cases that only the library of their own OTP can pass.
fn needs_otp() -> Vec<String> {
    let text = fs::read_to_string(fixtures().join("needs-otp.txt")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split(' ').next()).map(str::to_string).collect()
}

/// Root of the OTP that an area's cases are linked with; `None` for the one that `lam` takes by itself.
fn otp_of(area: &str) -> Option<&'static Path> {
    static FOUND: [OnceLock<Option<PathBuf>>; 2] = [const { OnceLock::new() }; 2];
    let (release, found) = match area {
        "otp27" => ("27", &FOUND[0]),
        "otp29" => ("29", &FOUND[1]),
        _ => return None,
    };
    let find = || {
        let script = fixtures().parent()?.join("scripts/fixture-otp");
        let ran = Command::new(script).arg(release).stderr(Stdio::inherit()).output().ok()?;
        let root = PathBuf::from(String::from_utf8(ran.stdout).ok()?.trim_end());
        (ran.status.success() && root.is_dir()).then_some(root)
    };
    found.get_or_init(find).as_deref()
}

#[test]
fn every_pending_case_exists() {
    for pending in pending() {
        let beam = fixtures().join(&pending.case).with_extension("beam");
        assert!(beam.exists(), "fixtures/pending.txt names `{}`, which is not there", pending.case);
        assert!(!pending.reason.is_empty(), "fixtures/pending.txt gives no reason for `{}`", pending.case);
    }
}

/// A line `AREA/CASE TARGET REASON…`; target `*` is all.
struct Pending {
    case: String,
    target: String,
    reason: String,
}

fn pending() -> Vec<Pending> {
    let text = fs::read_to_string(fixtures().join("pending.txt")).unwrap_or_default();
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut parts = line.splitn(3, ' ').map(str::to_string);
            let mut next = || parts.next().unwrap_or_default();
            Pending { case: next(), target: next(), reason: next() }
        })
        .collect()
}

/// Why a case need not pass on a host.
fn excuse<'a>(pending: &'a [Pending], case: &str, host: Host) -> Option<&'a Pending> {
    pending.iter().find(|p| p.case == case && (p.target == "*" || p.target == host.target()))
}

fn fixtures() -> PathBuf {
    common::repository("fixtures")
}

fn has_beam(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.path().extension().is_some_and(|e| e == "beam")))
    })
}

/// The browser of the tests of the web; `None` where the system has none.
fn browser() -> Option<&'static Browser> {
    Browser::get().unwrap_or_else(|why| panic!("{why}"))
}

/// The `lam` under test.
fn lam() -> PathBuf {
    std::env::var_os("LAM_BIN")
        .map(PathBuf::from)
        .or_else(|| option_env!("CARGO_BIN_EXE_lam").map(PathBuf::from))
        .expect("cargo gives the path of `lam` to its tests, or LAM_BIN names it")
}

fn run_area(area: &str, host: Host) {
    if host == Host::Web && browser().is_none() {
        return;
    }
    let filter = std::env::var("FIXTURES").unwrap_or_default();
    let mut cases: Vec<String> = fs::read_dir(fixtures().join(area))
        .expect("every_area_is_run compares areas with folders")
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let stem = path.file_stem()?.to_string_lossy().into_owned();
            (path.extension()? == "beam").then(|| format!("{area}/{stem}"))
        })
        .filter(|case| case.starts_with(&filter))
        .collect();
    cases.sort();
    let pending = pending();
    let needs_otp = if otp_of(area).is_none() { needs_otp() } else { Vec::new() };
    let mut report = String::new();
    let (mut passed, mut waiting) = (0, 0);
    let mut skipped = String::new();
    for case in &cases {
        if needs_otp.contains(case) {
            let _ = write!(skipped, " {case}");
            continue;
        }
        match (run_case(case, host), excuse(&pending, case, host)) {
            (Verdict::Passed, None) => passed += 1,
            (Verdict::Failed(_), Some(_)) => waiting += 1,
            (Verdict::Passed, Some(_)) => {
                let _ = writeln!(report, "-- {case} ({}) passes: take its line out of fixtures/pending.txt", host.name());
            }
            (Verdict::Failed(why), None) => {
                let _ = writeln!(report, "-- {case} ({}): {why}", host.name());
            }
            (Verdict::OtherDispatcher, _) => {
                return println!("{area} on {}: NOT RUN, programs of this `lam` have the other dispatcher", host.name());
            }
        }
    }
    if !skipped.is_empty() {
        let line = format!("NOT RUN on {}, for `scripts/fixture-otp` finds no OTP of that release:{skipped}\n", host.name());
        // Past the capture of a passing test's output.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }
    println!("{area} on {}: {passed} of {} passed, {waiting} pending", host.name(), cases.len());
    assert!(report.is_empty(), "\n{report}{passed} of {} passed, {waiting} pending", cases.len());
}

/// Builds and runs one case in a folder of its own.
fn run_case(case: &str, host: Host) -> Verdict {
    let name = format!("lam-fixtures-{}-{}-{}", std::process::id(), host as u8, case.replace('/', "-"));
    let scratch = match host {
        Host::Web => browser().expect("run_area has looked").folder_of(case),
        _ => std::env::temp_dir().join(name),
    };
    let program = scratch.join(match host {
        Host::Wasm => "case.wasm",
        Host::Web => "js.wasm",
        _ => "case",
    });
    let made = fs::create_dir_all(&scratch).map_err(|e| format!("cannot make `{}`: {e}", scratch.display()));
    let built = made.and_then(|()| build(case, host, &scratch, &program));
    let verdict = match built {
        Ok(()) if !host.is_of(&program) => Verdict::OtherDispatcher,
        Ok(()) => match rounds(case, host, &scratch, &program) {
            why if why.is_empty() => Verdict::Passed,
            why => Verdict::Failed(why),
        },
        Err(why) => Verdict::Failed(why),
    };
    let _ = fs::remove_dir_all(&scratch);
    verdict
}

/// Runs the program once, or as often as `FIXTURE_SCHEDULERS` and `FIXTURE_ROUNDS` say; why it failed, if it did.
fn rounds(case: &str, host: Host, scratch: &Path, program: &Path) -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let schedulers = variable("FIXTURE_SCHEDULERS").unwrap_or_default();
    let schedulers: Vec<Option<&str>> =
        if schedulers.is_empty() { vec![None] } else { schedulers.split_whitespace().map(Some).collect() };
    let count = variable("FIXTURE_ROUNDS").and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut report = String::new();
    for round in 1..=count {
        for schedulers in &schedulers {
            let cwd = scratch.join("run");
            let ran = fs::create_dir_all(&cwd).map_err(|e| format!("cannot make `{}`: {e}", cwd.display()));
            let compared = ran.and_then(|()| compare(case, host, scratch, program, &cwd, *schedulers));
            // The next round finds an empty folder again.
            let _ = fs::remove_dir_all(&cwd);
            let Err(why) = compared else { continue };
            if count > 1 || schedulers.is_some() {
                let _ = writeln!(report, "round {round}, {} schedulers: {case}", schedulers.unwrap_or("default"));
            }
            let _ = writeln!(report, "{why}");
        }
    }
    report.trim_end().to_string()
}

fn build(case: &str, host: Host, scratch: &Path, program: &Path) -> Result<(), String> {
    let beam = fixtures().join(case).with_extension("beam");
    let mut build = Command::new(lam());
    build.arg("build").arg(&beam).arg("-o").arg(program).args(["-t", host.target()]);
    for (suffix, option) in [("app", None), ("config", Some("--config"))] {
        let beside = beam.with_extension(suffix);
        if beside.exists() {
            build.args(option).arg(beside);
        }
    }
    build.args(fs::read_to_string(beam.with_extension("build")).unwrap_or_default().split_whitespace());
    if let (Host::Match, Some(folder)) = (host, std::env::var_os("LAM_MATCH_PARTS")) {
        build.env("LAM_PARTS_DIR", folder);
    }
    let needs_otp = needs_otp().iter().any(|other| other == case);
    if let Some(root) = otp_of(case.split('/').next().unwrap_or_default()).filter(|_| needs_otp) {
        build.arg("--otp").arg(root);
    }
    let built = run(build, None, scratch, "build", timeout())?;
    if built.code != Some(0) || !program.exists() {
        return Err(format!("`lam build` ended with {}\n{}{}", built.end(), tail(&built.out), tail(&built.err)));
    }
    Ok(())
}

fn compare(case: &str, host: Host, scratch: &Path, program: &Path, cwd: &Path, schedulers: Option<&str>) -> Result<(), String> {
    let beam = fixtures().join(case).with_extension("beam");
    let ran = if host == Host::Web {
        browser().expect("run_area has looked").run(case, &beam.with_extension("in"), limit(case, host))?
    } else {
        run_program(case, host, scratch, program, cwd, schedulers)?
    };
    let expected = |extension: &str| fs::read(beam.with_extension(extension)).unwrap_or_default();
    let mut why = String::new();
    let code: i32 = String::from_utf8_lossy(&expected("exit")).trim().parse().unwrap_or(0);
    if ran.code != Some(code) {
        let _ = writeln!(why, "ended with {}, not exit code {code}", ran.end());
    }
    let out = if beam.with_extension("no_oracle").exists() { expected("no_oracle") } else { expected("out") };
    for (name, expected, got) in [("stdout", out, &ran.out), ("stderr", expected("err"), &ran.err)] {
        let got = normal(got);
        let expected = if host == Host::Web { browser::on_the_console(&expected) } else { expected };
        if expected != got {
            let _ = writeln!(why, "{name} differs{}", difference(&expected, &got));
        }
    }
    if why.is_empty() { Ok(()) } else { Err(why.trim_end().to_string()) }
}

/// Runs a native or WASI program.
fn run_program(
    case: &str,
    host: Host,
    scratch: &Path,
    program: &Path,
    cwd: &Path,
    schedulers: Option<&str>,
) -> Result<Ran, String> {
    let mut command = match host {
        Host::Wasm => {
            let run = std::env::var("WASM_RUN")
                .unwrap_or_else(|_| "wasmtime run --dir=. --env TZ=UTC --env LC_ALL=C.UTF-8 --env FIXTURE=yes".into());
            let mut words = run.split_whitespace();
            let mut command = Command::new(words.next().unwrap_or("wasmtime"));
            command.args(words).arg(program);
            command
        }
        _ => Command::new(program),
    };
    command.current_dir(cwd).env("LC_ALL", "C.UTF-8").env("LANG", "C.UTF-8").env("TZ", "UTC").env("FIXTURE", "yes");
    if let Some(folder) = std::env::var_os("LAM_COVERAGE") {
        command.env("LAM_COVERAGE", Path::new(&folder).join(case.replace('/', ".")));
    }
    if let Some(schedulers) = schedulers {
        command.env("LAM_SCHEDULERS", schedulers);
    }
    run(command, Some(&fixtures().join(case).with_extension("in")), scratch, "run", limit(case, host))
}

struct Ran {
    code: Option<i32>,
    late: bool,
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Ran {
    fn end(&self) -> String {
        match self.code {
            _ if self.late => "a timeout".into(),
            Some(code) => format!("exit code {code}"),
            None => "a signal".into(),
        }
    }
}

/// How long the program of a case may take: one that cannot pass yet is not waited for.
fn limit(case: &str, host: Host) -> Duration {
    let excused = excuse(&pending(), case, host).is_some();
    if excused { timeout().min(Duration::from_secs(10)) } else { timeout() }
}

/// How long a case may take.
fn timeout() -> Duration {
    Duration::from_secs(std::env::var("FIXTURE_TIMEOUT").ok().and_then(|text| text.parse().ok()).unwrap_or(60))
}

/// Runs `command` with its output in files, so that a program that prints much cannot block.
fn run(mut command: Command, stdin: Option<&Path>, scratch: &Path, what: &str, limit: Duration) -> Result<Ran, String> {
    let fail = |e: std::io::Error| format!("cannot {what}: {e}");
    let (out, err) = (scratch.join(format!("{what}.out")), scratch.join(format!("{what}.err")));
    let input = match stdin.filter(|path| path.exists()) {
        Some(path) => Stdio::from(fs::File::open(path).map_err(fail)?),
        None => Stdio::null(),
    };
    command.stdin(input);
    command.stdout(fs::File::create(&out).map_err(fail)?).stderr(fs::File::create(&err).map_err(fail)?);
    let mut child = command.spawn().map_err(fail)?;
    let end = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    let (code, late) = loop {
        match child.try_wait().map_err(fail)? {
            Some(status) => break (status.code(), false),
            None if Instant::now() >= end => {
                let _ = child.kill();
                let _ = child.wait();
                break (None, true);
            }
            None => std::thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    };
    Ok(Ran { code, late, out: fs::read(&out).map_err(fail)?, err: fs::read(&err).map_err(fail)? })
}

/// Takes out what differs between two runs, as `fixtures/record` does: pids, refs, dates and sizes of reports.
fn normal(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let (new, taken): (&[u8], usize) = if let Some(n) = numbered(rest, b"<", Some(3)) {
            (b"<pid>", n)
        } else if let Some(n) = numbered(rest, b"#Ref<", None) {
            (b"#Ref<ref>", n)
        } else if let Some(n) = date(rest) {
            (b" REPORT==== DATE ===", n)
        } else if let Some(n) = sized(rest) {
            text.extend_from_slice(&rest[..n]);
            rest = &rest[n + rest[n..].iter().take_while(|byte| byte.is_ascii_digit()).count()..];
            (b"N", 0)
        } else {
            (std::slice::from_ref(&first), 1)
        };
        text.extend_from_slice(new);
        rest = &rest[taken..];
    }
    text
}

/// Length of `OPEN N.N.N >` at the start of `text`; `parts` numbers where given.
fn numbered(text: &[u8], open: &[u8], parts: Option<usize>) -> Option<usize> {
    let body = text.strip_prefix(open)?;
    let end = body.iter().position(|byte| !(byte.is_ascii_digit() || *byte == b'.'))?;
    let numbers: Vec<&[u8]> = body[..end].split(|byte| *byte == b'.').collect();
    let right = numbers.iter().all(|n| !n.is_empty()) && parts.is_none_or(|count| numbers.len() == count);
    (right && body[end] == b'>').then_some(open.len() + end + 1)
}

/// Length of ` REPORT==== 1-Jan-2000::00:00:00.000000 ===` at the start of `text`.
fn date(text: &[u8]) -> Option<usize> {
    let open = b" REPORT==== ";
    let body = text.strip_prefix(open)?;
    let end = body.iter().position(|byte| *byte == b' ')?;
    body[end..].starts_with(b" ===").then_some(open.len() + end + 4)
}

/// Length of what stands before a size in a crash report at the start of `text`.
fn sized(text: &[u8]) -> Option<usize> {
    let keys: [&[u8]; 3] = [b"    heap_size: ", b"    stack_size: ", b"    reductions: "];
    keys.iter()
        .find(|key| text.starts_with(key))
        .map(|key| key.len())
        .filter(|length| text.get(*length).is_some_and(u8::is_ascii_digit))
}

/// The first lines that differ, cut short.
fn difference(expected: &[u8], got: &[u8]) -> String {
    let (expected, got) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(got));
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), got.lines().collect());
    let mut shown = String::new();
    let (mut different, longest) = (0, old.len().max(new.len()));
    for at in 0..longest {
        let (a, b) = (old.get(at).copied(), new.get(at).copied());
        if a != b {
            different += 1;
            if different <= 4 {
                let _ = write!(shown, "\n   line {}\n     erl {}\n     lam {}", at + 1, cut(a), cut(b));
            }
        }
    }
    format!(" in {different} of {longest} lines{shown}")
}

fn cut(line: Option<&str>) -> String {
    match line {
        Some(line) if line.chars().count() > 240 => line.chars().take(240).collect::<String>() + "…",
        Some(line) => line.to_string(),
        None => "(nothing)".to_string(),
    }
}

fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].iter().map(|line| format!("     {line}\n")).collect()
}

#[test]
fn pids_refs_and_dates_are_taken_out() {
    let check = |text: &str, expected: &str| assert_eq!(String::from_utf8_lossy(&normal(text.as_bytes())), expected);
    check("a <0.81.0>, #Ref<0.1.2.3>.", "a <pid>, #Ref<ref>.");
    check("<<1,2>> <1.2> <a> <0.1.", "<<1,2>> <1.2> <a> <0.1.");
    check("    heap_size: 233\n    reductions: x", "    heap_size: N\n    reductions: x");
    check("=ERROR REPORT==== 1-Jan-2026::10:11:12.345678 ===\nx", "=ERROR REPORT==== DATE ===\nx");
}
