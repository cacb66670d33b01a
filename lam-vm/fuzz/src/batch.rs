//! Mutants run in batches, each batch in a child process: what ends one is found out, told, and kept.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// What a child may take: address space in KiB, seconds of processor time, seconds in all.
pub const MEMORY_KIB: u64 = 256 * 1024;
const SECONDS: u64 = 20;
/// A busy machine is no finding; what hangs without work is found all the same.
const SECONDS_IN_ALL: u64 = 120;

/// How a child ended.
pub struct Ended {
    /// The exit code; `None`: a signal, or its time was up.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// The numbers after `done` on the last line of stdout.
    pub fn counts(&self) -> Option<Vec<u64>> {
        if self.code != Some(0) {
            return None;
        }
        let line = self.stdout.lines().last()?.strip_prefix("done ")?;
        line.split(' ').map(|word| word.parse().ok()).collect()
    }

    /// The words that tell one finding from another.
    pub fn signature(&self) -> String {
        let loud = |line: &&str| line.contains("panicked at") || line.contains("error:") || line.contains("fuzz:");
        let first = self.stderr.lines().find(loud).or(self.stderr.lines().next()).unwrap_or("it said nothing");
        let code = self.code.map_or("ended by a signal or by its time".to_string(), |code| format!("exit code {code}"));
        format!("{code}: {first}")
    }
}

/// Runs a program with the path of a file, in a folder of its own, with limits.
pub fn run_program(program: &Path, file: &Path, folder: &Path, limits: bool) -> Ended {
    let memory = if limits { format!("ulimit -v {MEMORY_KIB}; ") } else { String::new() };
    let script = format!("ulimit -c 0; {memory}ulimit -t {SECONDS}; exec timeout -s KILL {SECONDS_IN_ALL} \"$0\" \"$1\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(program).arg(file).current_dir(folder).env("TZ", "UTC");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match command.output() {
        Ok(output) => Ended {
            // A shell tells of a signal by a number above 128.
            code: output.status.code().filter(|code| *code < 128),
            stdout: String::from_utf8_lossy(&output.stdout).into(),
            stderr: String::from_utf8_lossy(&output.stderr).into(),
        },
        Err(error) => Ended { code: None, stdout: String::new(), stderr: error.to_string() },
    }
}

/// Runs the same program by the OTP at hand.
pub fn run_erl(beams: &Path, file: &Path, folder: &Path) -> Ended {
    let mut command = Command::new("erl");
    command
        .args(["-noshell", "-pa"])
        .arg(beams)
        .args(["-eval", "io:setopts([{encoding, utf8}]), [P] = init:get_plain_arguments(), fuzz_terms:main([P]), halt()."]);
    command.arg("-extra").arg(file).current_dir(folder).stdin(Stdio::null());
    match command.output() {
        Ok(output) => Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into(),
            stderr: String::from_utf8_lossy(&output.stderr).into(),
        },
        Err(error) => Ended { code: None, stdout: String::new(), stderr: format!("cannot run `erl`: {error}") },
    }
}

/// A finding: the mutant and how it ended.
pub struct Finding {
    pub number: u64,
    pub what: String,
    pub signature: String,
}

/// A run of mutants `from`, `from + 1`, … of a seed.
#[derive(Clone)]
pub struct Run<'a> {
    pub program: &'a Path,
    /// Where batches, and mutants that were found, are written.
    pub folder: PathBuf,
    pub seed: u64,
    pub from: u64,
    pub count: u64,
    pub batch: u64,
    pub jobs: usize,
    /// What was done to a mutant, and its bytes as they stand in a batch.
    pub make: &'a (dyn Fn(u64) -> (String, Vec<u8>) + Sync),
}

/// What came of it: the sums of what the program counted, and the findings.
pub struct Outcome {
    pub counts: Vec<u64>,
    pub findings: Vec<Finding>,
    pub took: Duration,
}

impl Run<'_> {
    pub fn run(&self) -> Outcome {
        let started = Instant::now();
        let next = AtomicU64::new(self.from);
        let end = self.from + self.count;
        let counts = Mutex::new(Vec::new());
        let findings = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for job in 0..self.jobs {
                let (next, counts, findings) = (&next, &counts, &findings);
                scope.spawn(move || {
                    loop {
                        let first = next.fetch_add(self.batch, Ordering::Relaxed);
                        if first >= end {
                            return;
                        }
                        let (found, sums) = self.batch_of(first..(first + self.batch).min(end), job);
                        add(&mut counts.lock().expect("no thread panics"), &sums);
                        findings.lock().expect("no thread panics").extend(found);
                    }
                });
            }
        });
        let mut findings = findings.into_inner().expect("no thread panics");
        findings.sort_by_key(|finding| finding.number);
        Outcome { counts: counts.into_inner().expect("no thread panics"), findings, took: started.elapsed() }
    }

    fn batch_of(&self, numbers: std::ops::Range<u64>, job: usize) -> (Vec<Finding>, Vec<u64>) {
        let mutants: Vec<(u64, String, Vec<u8>)> = numbers
            .map(|number| {
                let (what, bytes) = (self.make)(number);
                (number, what, bytes)
            })
            .collect();
        let all: Vec<&[u8]> = mutants.iter().map(|(_, _, bytes)| &bytes[..]).collect();
        let ended = self.child(&all, job);
        if let Some(counts) = ended.counts() {
            return (Vec::new(), counts);
        }
        let mut findings = Vec::new();
        let mut sums = Vec::new();
        for (number, what, bytes) in &mutants {
            let alone = self.child(&[bytes], job);
            match alone.counts() {
                Some(counts) => add(&mut sums, &counts),
                None => findings.push(self.finding(*number, what.clone(), bytes, &alone)),
            }
        }
        if findings.is_empty() {
            let numbers = format!("only together with the {} before it", mutants.len());
            let last = mutants.last().map_or(self.from, |(number, ..)| *number);
            findings.push(self.finding(last, numbers, &all.concat(), &ended));
        }
        (findings, sums)
    }

    fn child(&self, mutants: &[&[u8]], job: usize) -> Ended {
        let path = self.folder.join(format!("batch-{job}"));
        if let Err(error) = fs::File::create(&path).and_then(|mut file| mutants.iter().try_for_each(|one| file.write_all(one))) {
            return Ended { code: None, stdout: String::new(), stderr: format!("cannot write {}: {error}", path.display()) };
        }
        run_program(self.program, &path, &self.folder, true)
    }

    /// Keeps the batch file of one mutant, and tells at once.
    fn finding(&self, number: u64, what: String, bytes: &[u8], ended: &Ended) -> Finding {
        let signature = ended.signature();
        let path = self.folder.join(format!("found-{}-{number}", self.seed));
        let _ = fs::write(&path, bytes);
        println!("found: --seed {} --from {number} --count 1 ({}): {signature}\n  {what}", self.seed, path.display());
        Finding { number, what, signature }
    }
}

/// Adds to sums, which are as long as they have to be.
pub fn add(sums: &mut Vec<u64>, counts: &[u64]) {
    sums.resize(sums.len().max(counts.len()), 0);
    sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
}
