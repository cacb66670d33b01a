//! Checks `.beam` files and prints the share of instructions that need checked twins.
//!
//! ```text
//! cargo run -p lam-vm --example check_share -- FILE.beam|DIR…          one line a folder, and the opcodes most often checked
//! cargo run -p lam-vm --example check_share -- --dis FILE.beam [NAME]  generic code with the facts: `!` checked, `-` unreached
//! ```

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a tool reads files and prints")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lam_vm::bif::Bifs;
use lam_vm::isa::generic;
use lam_vm::loader::check::check;
use lam_vm::loader::{BeamFile, dis};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [flag, file, name @ ..] if flag == "--dis" => print_code(Path::new(file), name.first().map(String::as_str)),
        [] => eprintln!("usage: check_share FILE.beam|DIR…"),
        folders => folders.iter().for_each(|folder| print_share(Path::new(folder))),
    }
}

fn print_share(folder: &Path) {
    let mut files = Vec::new();
    find(folder, &mut files);
    let (mut all, mut checked, mut refused) = (0, 0, 0);
    let mut by_opcode: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let started = Instant::now();
    for path in &files {
        let result = std::fs::read(path).map_err(|error| error.to_string()).and_then(|bytes| {
            let file = BeamFile::parse(&bytes).map_err(|error| error.to_string())?;
            let facts = check(&file, &Bifs).map_err(|error| error.to_string())?;
            Ok((file, facts))
        });
        match result {
            Ok((file, facts)) => {
                let counted = facts.count(&file.code);
                all += counted.0;
                checked += counted.1;
                for (index, op) in file.code.ops.iter().enumerate().filter(|(index, _)| facts.is_reached(*index)) {
                    let count = by_opcode.entry(generic::name(op.opcode)).or_default();
                    count.0 += 1;
                    count.1 += usize::from(facts.is_checked(index));
                }
            }
            Err(error) => {
                refused += 1;
                println!("{}: {error}", path.display());
            }
        }
    }
    let share = checked as f64 * 100.0 / f64::from(u32::try_from(all.max(1)).unwrap_or(u32::MAX));
    println!(
        "{}: {} files, {refused} refused, {checked} of {all} instructions checked ({share:.2} %), {:?}",
        folder.display(),
        files.len(),
        started.elapsed()
    );
    for (name, (all, checked)) in by_opcode.iter().filter(|(_, (_, checked))| *checked > 0) {
        println!("  {name}: {checked} of {all}");
    }
}

fn find(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        return files.push(path.into());
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() && !entry.is_symlink() {
            find(&entry, files);
        } else if entry.extension().is_some_and(|extension| extension == "beam") {
            files.push(entry);
        }
    }
}

fn print_code(path: &Path, name: Option<&str>) {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return eprintln!("{}: {error}", path.display()),
    };
    let file = match BeamFile::parse(&bytes) {
        Ok(file) => file,
        Err(error) => return eprintln!("{}: {error}", path.display()),
    };
    let facts = match check(&file, &Bifs) {
        Ok(facts) => Some(facts),
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            None
        }
    };
    for function in &file.code.functions {
        if name.is_some_and(|name| name != file.atom(function.name)) {
            continue;
        }
        println!("{}/{}:", file.atom(function.name), function.arity);
        for index in function.ops() {
            let mark = facts.as_ref().map_or(' ', |facts| match (facts.is_reached(index), facts.is_checked(index)) {
                (false, _) => '-',
                (true, true) => '!',
                (true, false) => ' ',
            });
            println!("{mark}{index:6}  {}", dis::instruction(&file, index));
        }
    }
}
