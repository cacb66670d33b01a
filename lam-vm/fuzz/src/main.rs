//! `lam-fuzz`: mutants of modules, of external terms and of images, and what the machine makes of them. `scripts/fuzz` runs it.
//!
//! ```text
//! lam-fuzz code  --program P --folder D --otp ROOT[,ROOT…] [--seed N --from N --count N --jobs N --batch N]
//! ```
//! A seed and a number give the same mutant again. Exit code 1: something was found.

mod batch;
mod chunks;
mod encode;
mod mutate;
mod random;

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
        _ => Err("usage: lam-fuzz code --program P --folder D --otp ROOT,… [--seed N] [--from N] [--count N]".to_string()),
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
    let outcome = run_of(options, seed, 100, &make)?.run();
    let [loaded, refused, killed] = outcome.counts[..] else { return Err("no batch came to its end".to_string()) };
    let share = 100.0 * loaded as f64 / (loaded + refused).max(1) as f64;
    println!(
        "code: {} mutants of {} modules in {:.0} s: {loaded} loaded ({share:.1} %), {refused} refused, {killed} killed",
        loaded + refused + outcome.findings.len() as u64,
        bases.len(),
        outcome.took.as_secs_f64(),
    );
    Ok(told(&outcome))
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
