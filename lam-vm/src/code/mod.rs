//! Code in memory: finding entries by name, functions and lines by address.
//!
//! Entries never move and are never freed. Those of the image are found through its index; those made while running (names that code
//! or `apply` mentions and nothing defines) are in a table behind a lock.

mod image;
mod load;

pub use image::{Image, OpenError};
pub use load::{Deleted, LoadRefusal};

use std::collections::HashMap;

use crate::atom::Atom;
use crate::heap::external_decode::UnknownFun;
use crate::image::format::{LineRow, ModuleRow, export_hash};
use crate::isa::emit::INFO_WORDS;
use crate::isa::specific::number;
use crate::sync::Mutex;
use crate::term::{Export, FunEntry, Term};

/// A function has no more arguments, those of its environment counted.
const MAX_CALL_WORDS: u64 = 255;

/// All code of a machine.
pub struct Code {
    image: Option<Image>,
    made: Mutex<HashMap<(u32, u32, u32), &'static Export>>,
    /// Names of modules whose `on_load` failed: as good as not loaded.
    refused: Mutex<Vec<u64>>,
    versions: load::Versions,
    natives: FindNative,
    /// Entries of funs that came from outside and that no module here has.
    unknown_funs: Mutex<HashMap<UnknownFun, &'static FunEntry>>,
}

/// An entry whose calls go to the error handler: the instruction, and before it the X registers live at its start, as before any function.
#[repr(C)]
struct UnknownEntry {
    entry: FunEntry,
    live: u64,
    stub: [u64; 2],
}

/// The number of a BIF by name: entries of BIFs that no code mentions are made when they are asked for.
pub type FindNative = fn(&str, &str, usize) -> Option<u16>;

/// The function (and line) that an address belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub module: Atom,
    pub function: Atom,
    pub arity: usize,
    /// Words from the function's `func_info`.
    pub offset: u32,
    /// File name (a literal's word) and line.
    pub line: Option<(u64, u32)>,
}

impl Default for Code {
    fn default() -> Self {
        Code {
            image: None,
            made: Mutex::new(HashMap::new()),
            refused: Mutex::new(Vec::new()),
            natives: |_, _, _| None,
            unknown_funs: Mutex::new(HashMap::new()),
            versions: load::Versions::default(),
        }
    }
}

impl Code {
    pub fn new(image: Image, natives: FindNative) -> Code {
        Code { image: Some(image), natives, ..Code::default() }
    }
    pub fn image(&self) -> Option<&Image> {
        self.image.as_ref()
    }
    /// The entry of a name, if there is one (which does not say that it is defined).
    pub fn export(&self, module: Atom, function: Atom, arity: usize) -> Option<&'static Export> {
        if let Some(export) = self.image_export(module, function, arity) {
            return Some(export);
        }
        let made = self.made.lock();
        made.get(&(module.0, function.0, arity as u32)).copied()
    }
    fn image_export(&self, module: Atom, function: Atom, arity: usize) -> Option<&'static Export> {
        let image = self.image.as_ref()?;
        let (index, exports) = (image.export_index(), image.exports());
        let mask = index.len().checked_sub(1)?;
        let mut slot = export_hash(module.0, function.0, arity as u32) as usize & mask;
        for _ in 0..index.len() {
            let export = exports.get((index[slot] as usize).checked_sub(1)?)?;
            if export.module == module.word() && export.function == function.word() && export.arity == arity as u64 {
                return Some(export);
            }
            slot = (slot + 1) & mask;
        }
        None
    }
    /// The entry of a name, made (undefined) where there is none.
    pub fn export_or_undefined(&self, module: Atom, function: Atom, arity: usize) -> &'static Export {
        if let Some(export) = self.image_export(module, function, arity) {
            return export;
        }
        let mut made = self.made.lock();
        made.entry((module.0, function.0, arity as u32)).or_insert_with(|| {
            let export = Box::leak(Box::new(Export {
                code: 0,
                native: 0,
                module: module.word(),
                function: function.word(),
                arity: arity as u64,
                stub: [0; 2],
                bif: 0,
            }));
            export.stub = [u64::from(number::Undefined), export as *const Export as usize as u64];
            if let Some(bif) = (self.natives)(module.text(), function.text(), arity) {
                export.stub[0] = u64::from(number::CallBifOnly) | (arity as u64) << 16 | u64::from(bif) << 32;
                export.bif = u64::from(bif) + 1;
            }
            export.code = export.stub.as_ptr() as usize as u64;
            export
        })
    }
    /// Whether calling the entry runs Erlang code or a BIF.
    pub fn is_defined(export: &Export) -> bool {
        export.code != export.stub.as_ptr() as usize as u64 || export.bif != 0
    }
    pub fn module(&self, name: Atom) -> Option<&'static ModuleRow> {
        if let Some(current) = self.versions.current(name.word()) {
            return current;
        }
        // Modules lie in order of code; names are few enough to look through.
        let found = self.image.as_ref()?.modules().iter().find(|module| module.name == name.word())?;
        (!self.refused.lock().contains(&found.name)).then_some(found)
    }
    /// A module that waits for its `on_load` function, else the current one.
    pub fn module_to_finish(&self, name: Atom) -> Option<&'static ModuleRow> {
        self.versions.pending(name.word()).or_else(|| self.module(name))
    }
    /// Every module that is current, or has old code.
    pub fn all_modules(&self) -> Vec<&'static ModuleRow> {
        let versions = self.versions.all();
        let of_image = self.modules().iter().filter(|row| versions.iter().all(|(name, _)| *name != row.name));
        of_image.chain(versions.iter().filter_map(|(_, row)| *row)).collect()
    }
    /// An entry, found by no name, that runs the module's `on_load` function.
    pub fn on_load_entry(&self, module: &ModuleRow) -> Option<&'static Export> {
        if module.on_load == 0 {
            return None;
        }
        let (_, name, _) = info_at(module.on_load - 8 * u64::from(INFO_WORDS));
        let entry = Export {
            code: module.on_load,
            native: 0,
            module: module.name,
            function: name.word(),
            arity: 0,
            stub: [0; 2],
            bif: 0,
        };
        Some(Box::leak(Box::new(entry)))
    }
    /// Takes a module's exports back, for its `on_load` failed.
    pub fn refuse(&self, module: &ModuleRow) {
        self.refused.lock().push(module.name);
        self.exports_of(module).into_iter().for_each(load::set_undefined);
    }
    pub fn modules(&self) -> &'static [ModuleRow] {
        self.image.as_ref().map_or(&[], Image::modules)
    }
    /// Exports defined by a module.
    pub fn exports_of(&self, module: &ModuleRow) -> Vec<&'static Export> {
        if let Some(loaded) = self.versions.at(module.code_start) {
            return loaded.exports.iter().map(|(export, _)| *export).collect();
        }
        let [first, count] = module.exports;
        self.image
            .as_ref()
            .and_then(|image| image.exports().get(first as usize..(first + count) as usize))
            .unwrap_or(&[])
            .iter()
            .collect()
    }
    /// The fun entry of a module by index and uniq (as external terms name it).
    pub fn fun(&self, module: Atom, index: u32, old_uniq: u32) -> Option<&'static FunEntry> {
        let of_image = self.image.as_ref().map_or(&[][..], Image::funs);
        let of_image = of_image
            .iter()
            .find(|fun| fun.module == module.word() && fun.index == u64::from(index) && fun.old_uniq == u64::from(old_uniq));
        of_image.or_else(|| self.versions.fun(module.word(), index, old_uniq))
    }
    /// The entry of a fun that no module has, made where there is none; `None` when its arguments and environment do not fit the registers.
    pub fn unknown_fun(&self, fun: UnknownFun) -> Option<&'static FunEntry> {
        let live = u64::from(fun.arity) + u64::from(fun.free_count);
        if live > MAX_CALL_WORDS {
            return None;
        }
        let mut made = self.unknown_funs.lock();
        Some(made.entry(fun).or_insert_with(|| {
            let half = |range: core::ops::Range<usize>| u64::from_le_bytes(fun.uniq[range].try_into().expect("8 bytes"));
            let entry = FunEntry {
                code: 0,
                native: 0,
                module: fun.module.word(),
                function: FunEntry::NO_NAME,
                arity: u64::from(fun.arity),
                free_count: u64::from(fun.free_count),
                index: u64::from(fun.index),
                old_uniq: u64::from(fun.old_uniq),
                uniq: [half(0..8), half(8..16)],
            };
            let made = Box::leak(Box::new(UnknownEntry { entry, live, stub: [u64::from(number::UndefinedFun), 0] }));
            made.stub[1] = &raw const made.entry as usize as u64;
            made.entry.code = made.stub.as_ptr() as usize as u64;
            &made.entry
        }))
    }
    /// Name and arity of every function of a module, in the order of its code.
    pub fn functions_of(&self, module: &ModuleRow) -> Vec<(Atom, usize)> {
        let loaded = self.versions.at(module.code_start);
        let Some(image) = &self.image else { return Vec::new() };
        let [first, count] = module.functions;
        let of_image = || image.functions().get(first as usize..(first + count) as usize);
        let Some(offsets) = loaded.map(|loaded| &loaded.functions[..]).or_else(of_image) else { return Vec::new() };
        offsets.iter().map(|offset| info_at(module.code_start + 8 * u64::from(*offset))).map(|info| (info.1, info.2)).collect()
    }
    /// What the code address belongs to; `None` outside the code of modules.
    pub fn locate(&self, address: u64) -> Option<Place> {
        let (row, info, loaded) = self.function_at(address)?;
        let offset = ((address - row.code_start) / 8) as u32;
        let (module, function, arity) = info_at(info);
        let line = match loaded {
            Some(loaded) => line_in(&loaded.lines, &loaded.files, offset),
            None => self.line(self.image.as_ref()?, row, offset),
        };
        Some(Place { module, function, arity, offset: ((address - info) / 8) as u32, line })
    }
    /// The module and the address of the `func_info` of the function that a code address lies in.
    fn function_at(&self, address: u64) -> Option<(&'static ModuleRow, u64, Option<&'static load::LoadedModule>)> {
        if let Some((row, info)) = self.function_in_image(address) {
            return Some((row, info, None));
        }
        let loaded = self.versions.at(address)?;
        Some((&loaded.row, info_address(&loaded.row, &loaded.functions, address)?, Some(loaded)))
    }
    fn function_in_image(&self, address: u64) -> Option<(&'static ModuleRow, u64)> {
        let image = self.image.as_ref()?;
        let modules = image.modules();
        let index = modules.partition_point(|module| module.code_start <= address).checked_sub(1)?;
        let module = &modules[index];
        if address >= module.code_end {
            return None;
        }
        let [first, count] = module.functions;
        let functions = image.functions().get(first as usize..(first + count) as usize)?;
        Some((module, info_address(module, functions, address)?))
    }
    /// Whether two code addresses lie in one function.
    pub fn are_of_one_function(&self, a: u64, b: u64) -> bool {
        let start = |address| self.function_at(address).map(|(_, info, _)| info);
        start(a).is_some_and(|found| Some(found) == start(b))
    }
    /// `module_info(attributes)` and `module_info(compile)` of a module.
    pub fn attributes_and_compile_info(&self, name: Atom) -> Option<[Term<'static>; 2]> {
        let row = self.module(name)?;
        // SAFETY: literals of the image and of code loaded later stay in place for ever.
        Some([row.attributes, row.compile_info].map(|word| unsafe { Term::from_word(word) }))
    }
    /// Templates of the native records that a module declares.
    pub fn records_of(&self, name: Atom) -> Option<Term<'static>> {
        let row = self.module(name)?;
        // SAFETY: as above.
        Some(unsafe { Term::from_word(row.records) })
    }
    /// What the first process is told: the entry's module, function and arity, and its kind.
    pub fn entry(&self) -> Option<[Term<'static>; 4]> {
        let boot = self.image.as_ref()?.boot();
        let words = [boot.entry_module, boot.entry_function, boot.entry_arity, boot.kind];
        // SAFETY: as above; they are atoms and a small.
        Some(words.map(|word| unsafe { Term::from_word(word) }))
    }
    fn line(&self, image: &Image, module: &ModuleRow, offset: u32) -> Option<(u64, u32)> {
        let [first, count] = module.lines;
        let lines: &[LineRow] = image.lines().get(first as usize..(first + count) as usize)?;
        line_in(lines, image.files().get(module.files as usize..)?, offset)
    }
}

/// Where the `func_info` of the function is that an address of a module lies in.
fn info_address(module: &ModuleRow, functions: &[u32], address: u64) -> Option<u64> {
    let offset = ((address - module.code_start) / 8) as u32;
    let function = functions.partition_point(|start| *start <= offset).checked_sub(1)?;
    Some(module.code_start + 8 * u64::from(functions[function]))
}

/// File and line of a word offset from a module's start.
fn line_in(lines: &[LineRow], files: &[u64], offset: u32) -> Option<(u64, u32)> {
    let row = &lines[lines.partition_point(|row| row.offset <= offset).checked_sub(1)?];
    let (file, line) = row.place()?;
    Some((*files.get(file as usize)?, line))
}

/// Module, function and arity in the words behind a `func_info`.
fn info_at(address: u64) -> (Atom, Atom, usize) {
    let at = address as usize as *const u64;
    // SAFETY: the functions table names `func_info` instructions, each followed by three words.
    unsafe { (Atom::of_word(*at.add(1)), Atom::of_word(*at.add(2)), *at.add(INFO_WORDS as usize - 1) as usize) }
}
