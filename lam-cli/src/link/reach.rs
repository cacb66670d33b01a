//! What of the program is kept.

use std::collections::BTreeSet;

use lam_stdlib::{ROOTS, SERVERS};

use super::program::Program;
use crate::error::Result;
use crate::plan::BuildInput;

/// A module that goes into the image.
pub struct Kept {
    pub name: String,
    /// For each function of the file, whether it is kept.
    pub functions: Vec<bool>,
    pub given: bool,
}

/// The given modules, what the machine calls, and every module that a kept one calls.
pub fn reach(input: &BuildInput<'_>, program: &mut Program<'_>) -> Result<Vec<Kept>> {
    let given: BTreeSet<&str> = input.given.iter().map(|given| &*given.name).collect();
    let mut kept: BTreeSet<String> = BTreeSet::new();
    let mut todo: Vec<String> = given.iter().map(|name| name.to_string()).collect();
    todo.extend(ROOTS.iter().map(|root| root.mfa.0.to_string()));
    todo.extend(SERVERS.iter().flat_map(|server| server.keep).map(|mfa| mfa.0.to_string()));
    todo.extend(input.options.keep.iter().map(|keep| keep.split(':').next().unwrap_or(keep).to_string()));
    while let Some(name) = todo.pop() {
        if kept.contains(&name) || !program.load(&name)? {
            continue;
        }
        let tables = &program.get(&name).tables;
        todo.extend(tables.imports.iter().map(|import| tables.atoms[import.module as usize].to_string()));
        kept.insert(name);
    }
    Ok(kept
        .into_iter()
        .map(|name| Kept { functions: vec![true; program.get(&name).code.functions.len()], given: given.contains(&*name), name })
        .collect())
}
