//! Every checked twin is emitted in a fixture that records its success, and in one for its failure where it can fail.
#![forbid(unsafe_code)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lam_vm::bif::Bifs;
use lam_vm::isa::dis;
use lam_vm::isa::emit::ModuleCode;
use lam_vm::isa::generic;
use lam_vm::isa::specific::ROWS;
use lam_vm::isa::twins::TWINS;
use lam_vm::loader::BeamFile;
use lam_vm::loader::check::{Facts, check};
use lam_vm::loader::specialise::{Proofs, transform};

/// As if all that is reached were proved.
struct Trusting<'a>(&'a Facts);

impl Proofs for Trusting<'_> {
    fn is_proved(&self, _: usize) -> bool {
        true
    }
    fn is_reached(&self, op_index: usize) -> bool {
        self.0.is_reached(op_index)
    }
}

fn fixtures() -> PathBuf {
    common::repository("fixtures")
}

/// The rows that stand for each generic instruction.
fn rows(file: &BeamFile, code: &ModuleCode) -> Vec<(usize, BTreeSet<u16>)> {
    let ends = code.origins.iter().skip(1).map(|(_, offset)| *offset).chain([code.words.len() as u32]);
    let spans = code.origins.iter().zip(ends).map(|((op_index, start), end)| (*op_index as usize, *start as usize, end as usize));
    spans
        .filter(|(op_index, ..)| !matches!(file.code.ops[*op_index].opcode, generic::op::LABEL | generic::op::LINE))
        .map(|(op_index, start, end)| {
            let mut at = start;
            let mut found = BTreeSet::new();
            while at < end {
                found.insert(code.words[at] as u16);
                let Some(length) = dis::length(&code.words[at..end]) else { break };
                at += length;
            }
            (op_index, found)
        })
        .collect()
}

/// Opcode and row of each twin in a module: what is there because of what was not proved.
fn twins_in(beam: &Path) -> BTreeSet<(u8, u16)> {
    let file = BeamFile::parse(&fs::read(beam).expect("a fixture's `.beam`")).expect("a module");
    let facts = check(&file, &Bifs).expect("a module that passes");
    let made = transform(&file, &Bifs, &facts, &|_| true).expect("code");
    let trusting = transform(&file, &Bifs, &Trusting(&facts), &|_| true).expect("code");
    let trusting: std::collections::HashMap<usize, BTreeSet<u16>> = rows(&file, &trusting).into_iter().collect();
    let mut found = BTreeSet::new();
    for (op_index, rows) in rows(&file, &made).into_iter().filter(|(op_index, _)| facts.is_checked(*op_index)) {
        let opcode = file.code.ops[op_index].opcode;
        // An instruction that its neighbour took in is not there when trusted.
        let trusted = trusting.get(&op_index).cloned().unwrap_or_default();
        found.extend(rows.difference(&trusted).map(|row| (opcode, *row)));
    }
    found
}

fn shown(twins: impl IntoIterator<Item = (u8, u16)>) -> Vec<String> {
    twins.into_iter().map(|(opcode, row)| format!("{} as {}", generic::name(opcode), ROWS[usize::from(row)].name)).collect()
}

#[test]
fn every_twin_succeeds_and_fails_in_a_fixture() {
    let emitted = |names: [&str; 2]| -> BTreeSet<(u8, u16)> {
        names.iter().flat_map(|name| twins_in(&fixtures().join(name).with_extension("beam"))).collect()
    };
    let succeeding = emitted(["twins/succeeding", "otp27/twins27"]);
    let failing = emitted(["twins/failing", "otp27/twins27_failing"]);
    let without = |found: &BTreeSet<(u8, u16)>, all: bool| {
        let wanted = TWINS.iter().filter(|twin| all || twin.can_fail).map(|twin| (twin.opcode, twin.row));
        shown(wanted.filter(|twin| !found.contains(twin)))
    };
    assert_eq!(without(&succeeding, true), [""; 0], "twins in no fixture of success");
    assert_eq!(without(&failing, false), [""; 0], "twins in no fixture of failure");
}

#[test]
fn the_list_of_twins_is_whole() {
    let listed: BTreeSet<(u8, u16)> = TWINS.iter().map(|twin| (twin.opcode, twin.row)).collect();
    let mut unlisted = BTreeSet::new();
    for area in fs::read_dir(fixtures()).expect("fixtures/ is in the repository").filter_map(|entry| entry.ok()) {
        let Ok(cases) = fs::read_dir(area.path()) else { continue };
        for case in cases.filter_map(|case| case.ok()).filter(|case| case.path().extension().is_some_and(|e| e == "beam")) {
            unlisted.extend(twins_in(&case.path()).difference(&listed));
        }
    }
    assert_eq!(shown(unlisted), [""; 0], "twins that `isa/twins.rs` does not list");
}
