//! Every `.beam` at hand passes, with few checked twins; changed bytes never panic.

use std::time::Instant;

use super::*;
use crate::loader::tests::{beam_folders, beams};

#[test]
fn every_beam_passes_with_few_twins() {
    for folder in beam_folders() {
        let mut found = Vec::new();
        beams(&folder, &mut found);
        let (mut all, mut checked, mut failures) = (0, 0, Vec::new());
        let started = Instant::now();
        for path in &found {
            let file = BeamFile::parse(&std::fs::read(path).unwrap()).unwrap();
            match check(&file, &ErlangOnly) {
                Ok(facts) => {
                    let counted = facts.count(&file.code);
                    all += counted.0;
                    checked += counted.1;
                }
                Err(error) => failures.push(format!("{}: {error}", path.display())),
            }
        }
        eprintln!(
            "{}: {} files, {checked} of {all} instructions checked ({:.2} %), {:?}",
            folder.display(),
            found.len(),
            checked as f64 * 100.0 / all.max(1) as f64,
            started.elapsed()
        );
        assert!(failures.is_empty(), "{} refused:\n{}", failures.len(), failures[..failures.len().min(20)].join("\n"));
        assert!(checked * 100 <= all * 2, "more than 2 % are checked");
    }
}
