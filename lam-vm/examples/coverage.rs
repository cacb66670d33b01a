//! What the fixtures execute, and what none of them does (`make coverage`).
//!
//! ```text
//! cargo run -p lam-vm --example coverage -- FIXTURES REPORTS
//! ```
//!
//! `FIXTURES/AREA/CASE.beam` was run by a machine with the feature `coverage`, which left `REPORTS/AREA.CASE` (see
//! `interp::coverage`). Specific instructions and BIFs count wherever they were executed, generic instructions only in a fixture's
//! own module: the loader says which specific code each became. A checked twin (`isa::twins`) succeeds when it is executed and does not
//! raise.
//!
//! `FIXTURES/exceptions.txt` excuses what no fixture can execute: lines `generic|specific|twin|refusal NAME…` and `bif M F/A…`,
//! their reason in a comment above. An excuse that is not needed is named.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a tool reads files and prints")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use lam_vm::bif::{Bifs, TABLES};
use lam_vm::isa::emit::ModuleCode;
use lam_vm::isa::generic::{self, GENERIC_OPS};
use lam_vm::isa::twins::TWINS;
use lam_vm::isa::{dis, specific};
use lam_vm::loader::BeamFile;
use lam_vm::loader::check::check;
use lam_vm::loader::specialise::transform;

/// Kinds of what is counted, as `exceptions.txt` names them.
const KINDS: [(&str, &str); 5] = [
    ("generic", "generic instructions"),
    ("specific", "specific instructions"),
    ("bif", "BIFs"),
    ("twin", "checked twins that succeed"),
    ("refusal", "checked twins that refuse"),
];

/// Names of each kind: all there are, and those executed.
#[derive(Default)]
struct Coverage {
    all: BTreeMap<&'static str, BTreeSet<String>>,
    done: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Coverage {
    fn add_name(&mut self, kind: &'static str, name: &str) {
        self.all.entry(kind).or_default().insert(name.into());
    }
    fn add_done(&mut self, kind: &'static str, name: &str) {
        self.done.entry(kind).or_default().insert(name.into());
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [fixtures, reports] = &arguments[..] else {
        eprintln!("usage: coverage FIXTURES REPORTS");
        return ExitCode::from(2);
    };
    let mut coverage = Coverage::default();
    for row in GENERIC_OPS.iter().filter(|row| row.removed_after.is_none()) {
        coverage.add_name("generic", row.name);
    }
    for row in specific::ROWS {
        coverage.add_name("specific", row.name);
    }
    for (table, row) in TABLES.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row))) {
        coverage.add_name("bif", &format!("{}:{}/{}", table.module, row.name, row.arity));
    }
    for twin in TWINS {
        coverage.add_name("twin", generic::name(twin.opcode));
        if twin.can_fail {
            coverage.add_name("refusal", generic::name(twin.opcode));
        }
    }
    let (mut runs, mut lost) = (0, Vec::new());
    for beam in beams(Path::new(fixtures)) {
        let name = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let case = format!("{}.{}", name(beam.parent().and_then(Path::file_name)), name(beam.file_stem()));
        let report = fs::read_to_string(Path::new(reports).join(&case));
        runs += usize::from(report.is_ok());
        if report.is_err() {
            lost.push(case);
        }
        let report = report.unwrap_or_default();
        if let Err(why) = add_case(&mut coverage, &beam, &report) {
            println!("{}: {why}", beam.display());
        }
    }
    println!("{runs} cases left a report");
    if !lost.is_empty() {
        println!("none from: {}", lost.join(" "));
    }
    let excuses = fs::read_to_string(Path::new(fixtures).join("exceptions.txt")).unwrap_or_default();
    if compare(&coverage, &read_excuses(&excuses)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn beams(fixtures: &Path) -> Vec<std::path::PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let files = entries(fixtures).flat_map(|area| entries(&area).collect::<Vec<_>>());
    let mut beams: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "beam")).collect();
    beams.sort();
    beams
}

/// How often an address was executed, and raised.
type Counts = BTreeMap<u32, (u64, u64)>;

fn add_case(coverage: &mut Coverage, beam: &Path, report: &str) -> Result<(), String> {
    let bytes = fs::read(beam).map_err(|error| error.to_string())?;
    let file = BeamFile::parse(&bytes).map_err(|error| error.to_string())?;
    let facts = check(&file, &Bifs).map_err(|error| error.to_string())?;
    let code = transform(&file, &Bifs, &facts, &|_| true).map_err(|error| error.to_string())?;
    let opcode = |op: u32| file.code.ops[op as usize].opcode;
    let mut counts = Counts::new();
    for line in report.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match &words[..] {
            ["op", name] => coverage.add_done("specific", name),
            ["bif", name] => coverage.add_done("bif", name),
            ["at", offset, executed, raised, arity, name @ ..] => {
                let name = name.join(" ");
                let mut functions = code.functions.iter();
                let function = functions.find(|f| file.atom(f.name) == name && arity.parse() == Ok(f.arity));
                let number = |text: &str| text.parse::<u64>().map_err(|_| format!("its report is broken: {line}"));
                let function = function.ok_or_else(|| format!("its report is of another module: {line}"))?;
                counts.insert(function.info + number(offset)? as u32, (number(executed)?, number(raised)?));
            }
            _ => return Err(format!("its report is broken: {line}")),
        }
    }
    for (ops, offset, end) in origins(&code) {
        let executed = counts.get(&offset).map_or(0, |count| count.0);
        let raised: u64 = counts.range(offset..end).map(|(_, count)| count.1).sum();
        let rows = op_numbers(&code, offset, end);
        for op in ops.filter(|_| executed > 0) {
            let name = generic::name(opcode(op));
            coverage.add_done("generic", name);
            let is_twin = TWINS.iter().any(|twin| twin.opcode == opcode(op) && rows.contains(&twin.row));
            if is_twin && facts.is_checked(op as usize) {
                if executed > raised {
                    coverage.add_done("twin", name);
                }
                if raised > 0 {
                    coverage.add_done("refusal", name);
                }
            }
        }
    }
    Ok(())
}

/// Generic instructions (more than one where one took its neighbour's work), and from where to where their code lies.
fn origins(code: &ModuleCode) -> impl Iterator<Item = (std::ops::Range<u32>, u32, u32)> + '_ {
    let ends = code.origins.iter().skip(1).copied().chain([(u32::MAX, u32::MAX)]);
    code.origins.iter().zip(ends).map(|(&(op, offset), (next, end))| {
        let function_end = code.functions.iter().map(|function| function.end).find(|end| *end > offset).unwrap_or(offset);
        // A function without code of its own (a BIF) has no origins.
        let taken = if next.saturating_sub(op) <= 2 { next } else { op + 1 };
        (op..taken, offset, end.min(function_end))
    })
}

/// The specific instructions from `start` to `end`.
fn op_numbers(code: &ModuleCode, start: u32, end: u32) -> Vec<u16> {
    let (mut at, mut numbers) = (start as usize, Vec::new());
    while at < end as usize {
        numbers.push(code.words[at] as u16);
        let Some(length) = dis::length(&code.words[at..end as usize]) else { break };
        at += length.max(1);
    }
    numbers
}

/// Kind and name of each excuse.
fn read_excuses(text: &str) -> BTreeSet<(String, String)> {
    let mut excuses = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace().map(str::to_string);
        let Some(kind) = words.next() else { continue };
        let module = if kind == "bif" { words.next() } else { None };
        excuses
            .extend(words.map(|name| (kind.clone(), module.as_ref().map_or(name.clone(), |module| format!("{module}:{name}")))));
    }
    excuses
}

/// Prints what is left; whether that is nothing.
fn compare(coverage: &Coverage, excuses: &BTreeSet<(String, String)>) -> bool {
    let (mut good, none) = (true, BTreeSet::new());
    let mut known = BTreeSet::new();
    for (kind, title) in KINDS {
        let all = coverage.all.get(kind).unwrap_or(&none);
        let done = coverage.done.get(kind).unwrap_or(&none);
        let excused = |name: &str| excuses.contains(&(kind.to_string(), name.to_string()));
        let missing: Vec<&str> = all.difference(done).map(String::as_str).filter(|name| !excused(name)).collect();
        let count = all.iter().filter(|name| excused(name)).count();
        println!(
            "{title}: {} of {} executed, {count} excused, {} missing",
            all.intersection(done).count(),
            all.len(),
            missing.len()
        );
        for names in missing.chunks(6) {
            println!("    {}", names.join(" "));
        }
        good &= missing.is_empty();
        known.extend(all.difference(done).map(|name| (kind.to_string(), name.clone())));
    }
    let idle: Vec<String> = excuses.difference(&known).map(|(kind, name)| format!("{kind} {name}")).collect();
    if !idle.is_empty() {
        println!("take out of exceptions.txt, for they are executed or are no names: {}", idle.join(", "));
    }
    good
}
