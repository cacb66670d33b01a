//! The modules of a program, taken apart as they are asked for.

use std::collections::{BTreeMap, HashMap};

use lam_stdlib::{REBOUND, Rebound};
use lam_vm::loader::BeamFile;
use lam_vm::loader::tables::Import;

use crate::error::{Error, Result};
use crate::plan::BuildInput;

/// A function: index of its module in the program, and of itself in the module.
pub type Place = (usize, usize);

/// A module of the program.
pub struct Module {
    pub name: String,
    /// The application it belongs to; empty for given ones.
    pub app: String,
    pub file: BeamFile,
    pub is_given: bool,
    /// Functions by name, in rising order of arity.
    exports: HashMap<String, Vec<(u8, usize)>>,
}

/// Modules in the order in which they were first asked for.
pub struct Program<'a> {
    pub input: &'a BuildInput<'a>,
    pub modules: Vec<Module>,
    by_name: BTreeMap<String, Option<usize>>,
}

impl<'a> Program<'a> {
    pub fn new(input: &'a BuildInput<'a>) -> Program<'a> {
        Program { input, modules: Vec::new(), by_name: BTreeMap::new() }
    }
    /// Takes the given modules apart.
    pub fn read_given(&mut self) -> Result<()> {
        let input = self.input;
        let mut read = Vec::new();
        for given in &input.given {
            let file = BeamFile::parse(&given.bytes)
                .map_err(|error| Error::new(format!("cannot read `{}`: {error}", given.path.display())))?;
            // A file equal to the library's is the library's.
            let library = input.library.module(&given.name).filter(|library| library.bytes == given.bytes);
            read.push((given, file, library));
        }
        let asks = read.iter().any(|(_, file, library)| library.is_none() && crate::link::folder::is_asked_for(file));
        for (given, mut file, library) in read {
            let is_entry = matches!(&input.options.entry, crate::plan::Entry::Function(module, ..) if *module == given.name);
            let is_given = library.is_none() || is_entry;
            if library.is_none() && !asks {
                crate::link::folder::forget(&mut file);
            }
            self.add(&given.name, library.map_or(String::new(), |library| library.app), file, is_given);
        }
        // Where everything given is the library's, it is all there is.
        if self.modules.iter().all(|module| !module.is_given) {
            self.modules.iter_mut().for_each(|module| module.is_given = true);
        }
        Ok(())
    }
    fn add(&mut self, name: &str, app: String, file: BeamFile, is_given: bool) -> usize {
        let mut exports: HashMap<String, Vec<(u8, usize)>> = HashMap::new();
        for export in &file.exports {
            if let Some(function) = file.function_of_label(export.label) {
                exports.entry(file.atom(export.function).to_string()).or_default().push((export.arity, function));
            }
        }
        exports.values_mut().for_each(|arities| arities.sort_unstable());
        let index = self.modules.len();
        self.modules.push(Module { name: name.to_string(), app, file, is_given, exports });
        self.by_name.insert(name.to_string(), Some(index));
        index
    }
    /// The index of a module, taken apart now if it is the library's; `None` when nobody has it.
    pub fn load(&mut self, name: &str) -> Result<Option<usize>> {
        if let Some(index) = self.by_name.get(name) {
            return Ok(*index);
        }
        let Some(library) = self.input.library.module(name) else {
            self.by_name.insert(name.to_string(), None);
            return Ok(None);
        };
        let mut file = BeamFile::parse(&library.bytes)
            .map_err(|error| Error::new(format!("cannot read `{name}` of {}: {error}", self.input.library.origin())))?;
        for row in REBOUND.iter().filter(|row| row.module == name) {
            rebind(&mut file, row);
        }
        Ok(Some(self.add(name, library.app, file, false)))
    }
    /// The exported function of a module.
    pub fn exported(&self, module: usize, function: &str, arity: u8) -> Option<Place> {
        let arities = self.modules[module].exports.get(function)?;
        arities.iter().find(|(number, _)| *number == arity).map(|(_, index)| (module, *index))
    }
    /// The exported functions of a name.
    pub fn exported_all(&self, module: usize, function: &str) -> Vec<Place> {
        let arities = self.modules[module].exports.get(function);
        arities.into_iter().flatten().map(|(_, index)| (module, *index)).collect()
    }
    pub fn find(&self, name: &str) -> Option<&Module> {
        self.by_name.get(name).copied().flatten().map(|index| &self.modules[index])
    }
    /// Whether a module that is loaded exports the function.
    pub fn exports(&self, module: &str, function: &str, arity: u8) -> bool {
        let index = self.by_name.get(module).copied().flatten();
        index.is_some_and(|index| self.exported(index, function, arity).is_some())
    }
    /// `M:F/A` of a function.
    pub fn name(&self, (module, function): Place) -> String {
        let module = &self.modules[module];
        let function = &module.file.code.functions[function];
        format!("{}:{}/{}", module.name, module.file.atom(function.name), function.arity)
    }
    /// Module, function and arity.
    pub fn mfa(&self, (module, function): Place) -> (&str, &str, u8) {
        let module = &self.modules[module];
        let function = &module.file.code.functions[function];
        (&module.name, module.file.atom(function.name), function.arity)
    }
}

/// Lets a module call one of our functions in the place of one of OTP's.
fn rebind(file: &mut BeamFile, row: &Rebound) {
    let (module, function, arity) = row.call;
    let is_it =
        |import: &Import| file.atom(import.module) == module && file.atom(import.function) == function && import.arity == arity;
    let Some(index) = file.tables.imports.iter().position(is_it) else { return };
    let first = file.tables.atoms.len() as u32;
    file.tables.atoms.extend([row.to.0.into(), row.to.1.into()]);
    file.tables.imports[index] = Import { module: first, function: first + 1, arity };
}
