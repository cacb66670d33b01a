//! A long run in parts, each written down when it is done, so that one that was ended goes on where it stood (`--resume yes`).

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::batch::{self, Outcome, Run};

/// Mutants in a part.
const PART: u64 = 10_000;

/// Runs all of `run` part by part; `what` names the file in its folder that tells of what is done.
pub fn run(run: Run<'_>, what: &str, resume: bool) -> Result<Outcome, String> {
    let path = run.folder.join(format!("done-{what}-{}", run.seed));
    if !resume {
        let _ = fs::remove_file(&path);
    }
    let done = read(&path);
    let (from, end) = (run.from, run.from + run.count);
    let mut all = Outcome { counts: Vec::new(), findings: Vec::new(), took: Duration::ZERO };
    for first in (from..end).step_by(PART as usize) {
        let count = PART.min(end - first);
        if let Some(counts) = done.get(&(first, count)) {
            batch::add(&mut all.counts, counts);
            continue;
        }
        let part = Run { from: first, count, ..run.clone() }.run();
        // What found something is looked at again.
        if part.findings.is_empty() {
            write(&path, first, count, &part.counts).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
        }
        batch::add(&mut all.counts, &part.counts);
        all.findings.extend(part.findings);
        all.took += part.took;
        if run.count > PART {
            eprintln!("{what}: {} of {} in {:.0} s", first + count - from, end - from, all.took.as_secs_f64());
        }
    }
    Ok(all)
}

/// Lines `FIRST COUNT SUM…`.
fn read(path: &Path) -> BTreeMap<(u64, u64), Vec<u64>> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let row = |line: &str| {
        let numbers: Vec<u64> = line.split(' ').map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let (key, counts) = numbers.split_first_chunk::<2>()?;
        Some(((key[0], key[1]), counts.to_vec()))
    };
    text.lines().filter_map(row).collect()
}

fn write(path: &Path, first: u64, count: u64, counts: &[u64]) -> std::io::Result<()> {
    let words: Vec<String> = [first, count].iter().chain(counts).map(u64::to_string).collect();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{}", words.join(" "))
}
