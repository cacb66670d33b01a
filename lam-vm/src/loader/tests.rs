//! Every `.beam` of the OTPs at hand loads; what is cut or changed gives an error and never a panic.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "these tests read files and say what they skip")]

use std::path::{Path, PathBuf};

use super::*;

/// `LAM_TEST_BEAMS` names more folders, apart by `:`; absent ones are skipped with a line.
pub(crate) fn beam_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ["/usr/lib/erlang", "/usr/lib/elixir"].map(PathBuf::from).into();
    let trees = std::env::var("OTP_TREES").unwrap_or_else(|_| "/var/tmp/otp-trees".into());
    for version in ["27", "29"] {
        for library in ["erlang", "elixir"] {
            folders.push(Path::new(&trees).join(version).join("usr/lib").join(library));
        }
    }
    folders.extend(std::env::var("LAM_TEST_BEAMS").iter().flat_map(std::env::split_paths));
    folders.retain(|folder| {
        let is_there = folder.is_dir();
        if !is_there {
            eprintln!("SKIPPED: {} is not there", folder.display());
        }
        is_there
    });
    folders
}

pub(crate) fn beams(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.is_symlink() {
            beams(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "beam") {
            found.push(path);
        }
    }
}

/// A small module of the OTP at hand, if there is one.
fn small_beam() -> Option<Vec<u8>> {
    let mut found = Vec::new();
    beams(Path::new("/usr/lib/erlang"), &mut found);
    let files = found.iter().filter_map(|path| std::fs::read(path).ok());
    files.filter(|bytes| (1500..2500).contains(&bytes.len())).min_by_key(Vec::len)
}

#[test]
fn every_beam_parses() {
    for folder in beam_folders() {
        let (mut found, mut op_count) = (Vec::new(), 0);
        beams(&folder, &mut found);
        for path in &found {
            let bytes = std::fs::read(path).unwrap();
            match BeamFile::parse(&bytes) {
                Ok(file) => {
                    op_count += file.code.ops.len();
                    assert!(!dis::module(&file).is_empty() || file.code.functions.is_empty());
                }
                Err(error) => panic!("{}: {error}", path.display()),
            }
        }
        eprintln!("{}: {} files, {op_count} instructions", folder.display(), found.len());
    }
}

#[test]
fn truncated_files_are_refused() {
    let Some(bytes) = small_beam() else {
        return eprintln!("SKIPPED: no OTP at hand");
    };
    for length in 0..bytes.len() {
        assert!(BeamFile::parse(&bytes[..length]).is_err(), "{length}");
    }
}

#[test]
fn changed_bytes_never_panic() {
    let Some(bytes) = small_beam() else {
        return eprintln!("SKIPPED: no OTP at hand");
    };
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for _ in 0..20_000 {
        let mut changed = bytes.clone();
        for _ in 0..=next() % 3 {
            let place = next() as usize % changed.len();
            changed[place] = next() as u8;
        }
        if let Ok(file) = BeamFile::parse(&changed) {
            dis::module(&file);
        }
    }
}

#[test]
fn removed_instructions_are_named() {
    let Some(bytes) = small_beam() else {
        return eprintln!("SKIPPED: no OTP at hand");
    };
    let code = bytes.windows(4).position(|window| window == b"Code").unwrap();
    let mut changed = bytes.clone();
    changed[code + 28] = crate::isa::generic::op::PUT_TUPLE;
    let error = BeamFile::parse(&changed).unwrap_err();
    assert_eq!(error, LoadError::RemovedOpcode { name: "put_tuple", opcode: 70, last: "21" });
    assert!(error.to_string().contains("no compiler since OTP 21"));
}
