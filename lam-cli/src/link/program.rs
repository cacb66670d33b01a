//! The modules of a program, taken apart as they are asked for.

use std::collections::BTreeMap;

use lam_vm::loader::BeamFile;

use crate::error::{Error, Result};
use crate::plan::BuildInput;

/// Modules by name.
pub struct Program<'a> {
    input: &'a BuildInput<'a>,
    files: BTreeMap<String, BeamFile>,
}

impl<'a> Program<'a> {
    pub fn new(input: &'a BuildInput<'a>) -> Program<'a> {
        Program { input, files: BTreeMap::new() }
    }
    /// Takes the given modules apart.
    pub fn read_given(&mut self) -> Result<()> {
        for given in &self.input.given {
            let file = BeamFile::parse(&given.bytes)
                .map_err(|error| Error::new(format!("cannot read `{}`: {error}", given.path.display())))?;
            self.files.insert(given.name.clone(), file);
        }
        Ok(())
    }
    /// Takes a module of the library apart, if there is one; false when nobody has it.
    pub fn load(&mut self, name: &str) -> Result<bool> {
        if self.files.contains_key(name) {
            return Ok(true);
        }
        let Some(library) = self.input.library.module(name) else { return Ok(false) };
        let file = BeamFile::parse(&library.bytes)
            .map_err(|error| Error::new(format!("cannot read `{name}` of {}: {error}", self.input.library.origin())))?;
        self.files.insert(name.to_string(), file);
        Ok(true)
    }
    pub fn find(&self, name: &str) -> Option<&BeamFile> {
        self.files.get(name)
    }
    pub fn get(&self, name: &str) -> &BeamFile {
        &self.files[name]
    }
    /// Whether a module that is loaded exports the function.
    pub fn exports(&self, module: &str, function: &str, arity: u8) -> bool {
        self.find(module).is_some_and(|file| {
            file.exports.iter().any(|export| export.arity == arity && &*file.tables.atoms[export.function as usize] == function)
        })
    }
}
