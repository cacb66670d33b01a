//! `lam-fuzz`: mutants of modules, of external terms and of images, and what the machine makes of them. `scripts/fuzz` runs it.
//!
//! ```text
//! lam-fuzz code   --program P --folder D --otp ROOT[,ROOT…] [--seed N --from N --count N --jobs N --batch N --resume yes]
//! lam-fuzz terms  --program P --folder D --corpus terms.txt [the same]
//! lam-fuzz oracle --program P --folder D --corpus terms.txt --beams DIR [the same]     what `erl` makes of the same terms
//! lam-fuzz images --program P --folder D [--step N --jobs N]                           the program's own file, damaged
//! ```
//! A seed and a number give the same mutant again. Exit code 1: something was found.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a tool reads files, runs programs and prints"
)]

mod batch;
mod chunks;
mod encode;
mod images;
mod mutate;
mod parts;
mod random;
mod terms;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use lam_vm::loader::BeamFile;

use crate::batch::{Finding, Outcome, Run};
use crate::chunks::Chunks;
use crate::mutate::Base;

/// The modules of OTP that mutants are made of, where an OTP has them.
const MODULES: [&str; 22] = [
    "lists",
    "maps",
    "dict",
    "gb_trees",
    "queue",
    "string",
    "base64",
    "array",
    "digraph_utils",
    "sofs",
    "io_lib_format",
    "io_lib_pretty",
    "erl_scan",
    "calendar",
    "rand",
    "uri_string",
    "proplists",
    "gen_server",
    "erl_bits",
    "sets",
    "binary",
    "json",
];

struct Options(BTreeMap<String, String>);

impl Options {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
    fn number(&self, name: &str, default: u64) -> u64 {
        self.0.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let mut options = Options(BTreeMap::new());
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        options.0.insert(name.trim_start_matches("--").to_string(), value);
    }
    let result = match &*what {
        "code" => code(&options),
        "terms" => terms(&options),
        "oracle" => oracle(&options),
        "images" => images(&options),
        _ => Err("usage: lam-fuzz code|terms|oracle|images --program P --folder D … (see scripts/fuzz)".to_string()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// The modules at hand of these roots.
fn bases(roots: &str) -> Vec<Base> {
    let mut bases = Vec::new();
    for (index, root) in roots.split(',').filter(|root| !root.is_empty()).enumerate() {
        let Some(ebin) = stdlib_of(Path::new(root)) else { continue };
        for name in MODULES {
            let Ok(bytes) = fs::read(ebin.join(format!("{name}.beam"))) else { continue };
            let Ok(file) = BeamFile::parse(&bytes) else { continue };
            let Some(chunks) = Chunks::of(&bytes, &file) else { continue };
            bases.push(Base { name: format!("{index}/{name}"), file, chunks });
        }
    }
    bases
}

/// `ROOT/lib/stdlib-V/ebin`
fn stdlib_of(root: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(root.join("lib")).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<PathBuf> = entries
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("stdlib-")))
        .map(|path| path.join("ebin"))
        .collect();
    found.sort();
    found.pop()
}

fn code(options: &Options) -> Result<bool, String> {
    let bases = bases(options.text("otp"));
    if bases.is_empty() {
        return Err(format!("no module of OTP under `{}`", options.text("otp")));
    }
    let seed = options.number("seed", 1);
    let make = |number: u64| {
        let (what, bytes) = mutate::mutant(&bases, seed, number);
        let mut entry = (bytes.len() as u32).to_be_bytes().to_vec();
        entry.extend((number as u32 & 0x3fff_ffff).to_be_bytes());
        entry.extend(bytes);
        (what, entry)
    };
    let outcome = parts::run(run_of(options, seed, 100, &make)?, "code", options.text("resume") == "yes")?;
    let [loaded, refused, killed] = outcome.counts[..] else { return Err("no batch came to its end".to_string()) };
    let share = 100.0 * loaded as f64 / (loaded + refused).max(1) as f64;
    println!(
        "code: {} mutants of {} modules in {:.0} s: {loaded} loaded ({share:.1} %), {refused} refused, {killed} killed",
        loaded + refused + outcome.findings.len() as u64,
        bases.len(),
        outcome.took.as_secs_f64(),
    );
    let numbers = options.number("from", 0)..options.number("from", 0) + options.number("count", 1000);
    println!("code: {}", mutate::shares(seed, bases.len(), numbers));
    Ok(told(&outcome))
}

fn corpus(options: &Options) -> Result<Vec<Vec<u8>>, String> {
    let path = options.text("corpus");
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    Ok(terms::corpus(&text))
}

/// As it stands in a batch.
fn term_entry(corpus: &[Vec<u8>], seed: u64, number: u64) -> (String, Vec<u8>) {
    let (what, bytes) = terms::mutant(corpus, seed, number);
    (what, [&(bytes.len() as u32).to_be_bytes()[..], &bytes].concat())
}

fn terms(options: &Options) -> Result<bool, String> {
    let corpus = corpus(options)?;
    let seed = options.number("seed", 1);
    let make = |number: u64| term_entry(&corpus, seed, number);
    let outcome = parts::run(run_of(options, seed, 2000, &make)?, "terms", options.text("resume") == "yes")?;
    let [accepted, refused] = outcome.counts[..] else { return Err("no batch came to its end".to_string()) };
    println!(
        "terms: {} mutants in {:.0} s: {accepted} accepted, {refused} refused",
        accepted + refused + outcome.findings.len() as u64,
        outcome.took.as_secs_f64(),
    );
    Ok(told(&outcome))
}

/// The same terms by the machine and by `erl`: the same verdict, hash, size and text of each. Where `erl` dies there is nothing to compare.
fn oracle(options: &Options) -> Result<bool, String> {
    let corpus = corpus(options)?;
    let (seed, from, count) = (options.number("seed", 1), options.number("from", 0), options.number("count", 1000));
    let folder = PathBuf::from(options.text("folder"));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let folder = folder.canonicalize().map_err(|error| error.to_string())?;
    let path = folder.join("batch.told");
    let mut left: Vec<(u64, u64)> =
        (from..from + count).step_by(100).map(|first| (first, (first + 100).min(from + count))).collect();
    let (mut compared, mut accepted, mut other, mut died) = (0, 0, 0, 0);
    while let Some((first, end)) = left.pop() {
        let all: Vec<u8> = (first..end).flat_map(|number| term_entry(&corpus, seed, number).1).collect();
        fs::write(&path, all).map_err(|error| error.to_string())?;
        let theirs = batch::run_erl(Path::new(options.text("beams")), &path, &folder);
        if theirs.counts().is_none() {
            if end - first > 1 {
                left.extend([(first, (first + end) / 2), ((first + end) / 2, end)]);
            } else {
                died += 1;
            }
            continue;
        }
        let ours = batch::run_program(Path::new(options.text("program")), &path, &folder, true);
        let Some(counts) = ours.counts() else { return Err(format!("terms {first} to {end}: {}", ours.signature())) };
        accepted += counts[0];
        compared += end - first;
        let verdict = |line: &str| line.split_once(' ').map_or(String::new(), |(_, text)| terms::without_nodes(text));
        for (number, (our, their)) in (first..end).zip(ours.stdout.lines().zip(theirs.stdout.lines())) {
            let (what, bytes) = terms::mutant(&corpus, seed, number);
            let (our, their) = (verdict(our), verdict(their));
            if our != their && !terms::may_differ(&our, &their, &bytes) {
                other += 1;
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                println!("found: --seed {seed} --from {number} --count 1, {what}: {hex}\n  lam {our}\n  erl {their}");
            }
        }
    }
    println!("oracle: {compared} terms, {accepted} accepted, {other} otherwise than by erl; {died} more killed erl itself");
    Ok(other == 0 && compared > 0)
}

/// Native programs alone; `images.mjs` damages the others.
fn images(options: &Options) -> Result<bool, String> {
    let folder = PathBuf::from(options.text("folder"));
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make `{}`: {error}", folder.display()))?;
    let (step, jobs) = (options.number("step", 1) as usize, options.number("jobs", 2) as usize);
    let outcome = images::run(Path::new(options.text("program")), &folder, step, jobs)?;
    outcome.wrong.iter().take(8).for_each(|line| println!("found: {line}"));
    println!(
        "images, native: {} bytes flipped, {} cuts of the file, {} of them refused by the kernel: {} not found, in {:.0} s",
        outcome.flips,
        outcome.cuts,
        outcome.refused,
        outcome.wrong.len(),
        outcome.took.as_secs_f64(),
    );
    Ok(outcome.wrong.is_empty())
}

fn run_of<'a>(
    options: &'a Options,
    seed: u64,
    batch: u64,
    make: &'a (dyn Fn(u64) -> (String, Vec<u8>) + Sync),
) -> Result<Run<'a>, String> {
    let folder = PathBuf::from(options.text("folder"));
    fs::create_dir_all(&folder).map_err(|error| format!("cannot make `{}`: {error}", folder.display()))?;
    Ok(Run {
        program: Path::new(options.text("program")),
        folder: folder.canonicalize().map_err(|error| error.to_string())?,
        seed,
        from: options.number("from", 0),
        count: options.number("count", 1000),
        batch: options.number("batch", batch),
        jobs: options.number("jobs", 2) as usize,
        make,
    })
}

/// Tells the findings by what they have in common; true where there is none.
fn told(outcome: &Outcome) -> bool {
    let mut kinds: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    outcome.findings.iter().for_each(|finding| kinds.entry(&finding.signature).or_default().push(finding));
    for (signature, findings) in &kinds {
        println!("{} × {signature}\n    first: {}: {}", findings.len(), findings[0].number, findings[0].what);
    }
    kinds.is_empty()
}
