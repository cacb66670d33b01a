//! Modules loaded while the machine runs: literals made static, words filled in, entries pointed at the new code.
//!
//! ```text
//! BeamFile + ModuleCode ─► literals (one static area) ─► funs, words ─► LoadedModule ─► entries (when it becomes current)
//! ```
//! Code, literals and entries made here are never freed, so that an address on a stack stays good whatever is purged. Each name has
//! at most one current and one old version; `versions` says which.

use std::collections::HashMap;

use crate::atom::{self, Atom};
use crate::code::Code;
use crate::heap::Alloc;
use crate::heap::external_decode::{DecodeOptions, Links, decode};
use crate::heap::statics::StaticTerm;
use crate::image::format::{LineRow, ModuleRow};
use crate::image::layout::sort_table;
use crate::image::literals::templates_of;
use crate::isa::emit::{Fix, ModuleCode};
use crate::loader::BeamFile;
use crate::sync::RwLock;
use crate::term::{Export, FunEntry, Term};

/// A module in memory that is not of the image.
pub(super) struct LoadedModule {
    pub row: ModuleRow,
    pub functions: Vec<u32>,
    pub lines: Vec<LineRow>,
    pub files: Vec<u64>,
    /// Entries and where their code is.
    pub exports: Vec<(&'static Export, u64)>,
    pub funs: Vec<&'static FunEntry>,
}

/// Which code a name stands for.
#[derive(Default)]
pub(super) struct Versions {
    tables: RwLock<Tables>,
}

#[derive(Default)]
struct Tables {
    /// In rising order of code; none ever goes away.
    loaded: Vec<&'static LoadedModule>,
    /// Names whose current version is not the image's: `None` where there is none.
    current: HashMap<u64, Option<&'static ModuleRow>>,
    old: HashMap<u64, &'static ModuleRow>,
    /// Not current before their `on_load` function has said `ok`.
    pending: HashMap<u64, &'static LoadedModule>,
}

/// Why a module does not become current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadRefusal {
    /// There is an old version, and a current one that would have to take its place.
    NotPurged,
    /// It waits for `on_load`.
    OnLoad,
}

/// What the deletion of a module says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    Done,
    NotThere,
    NotPurged,
}

impl Versions {
    /// `None`: the image's module of that name is meant.
    pub fn current(&self, name: u64) -> Option<Option<&'static ModuleRow>> {
        self.tables.read().current.get(&name).copied()
    }
    pub fn pending(&self, name: u64) -> Option<&'static ModuleRow> {
        self.tables.read().pending.get(&name).map(|module| &module.row)
    }
    /// Names with a version that is not the image's, and that version, else the old one.
    pub fn all(&self) -> Vec<(u64, Option<&'static ModuleRow>)> {
        let tables = self.tables.read();
        tables.current.iter().map(|(name, row)| (*name, row.or_else(|| tables.old.get(name).copied()))).collect()
    }
    pub fn old(&self, name: u64) -> Option<&'static ModuleRow> {
        self.tables.read().old.get(&name).copied()
    }
    /// The loaded module whose code an address lies in.
    pub fn at(&self, address: u64) -> Option<&'static LoadedModule> {
        let tables = self.tables.read();
        let index = tables.loaded.partition_point(|module| module.row.code_start <= address).checked_sub(1)?;
        let module = tables.loaded[index];
        (address < module.row.code_end).then_some(module)
    }
    pub fn fun(&self, module: u64, index: u32, old_uniq: u32) -> Option<&'static FunEntry> {
        let tables = self.tables.read();
        let funs = tables.loaded.iter().rev().filter(|loaded| loaded.row.name == module).flat_map(|loaded| &loaded.funs);
        let mut funs = funs.copied();
        funs.find(|fun| fun.index == u64::from(index) && fun.old_uniq == u64::from(old_uniq))
    }
}

/// Finds entries for literals.
struct LiteralLinks<'a>(&'a Code);

impl Links for LiteralLinks<'_> {
    fn export(&self, module: Atom, function: Atom, arity: usize, _: bool) -> Option<&'static Export> {
        Some(self.0.export_or_undefined(module, function, arity))
    }
    fn fun(&self, module: Atom, index: u32, old_uniq: u32, _: [u8; 16]) -> Option<&'static FunEntry> {
        self.0.fun(module, index, old_uniq)
    }
}

impl Code {
    /// Puts a module into memory and makes it current, its former version old; `None` where a literal or an atom cannot be made.
    pub fn load(&self, file: &BeamFile, code: &ModuleCode) -> Option<Result<(), LoadRefusal>> {
        let name = atom::intern(file.module()).ok()?.word();
        if self.would_lose_old(Atom::of_word(name)) {
            return Some(Err(LoadRefusal::NotPurged));
        }
        let module: &'static LoadedModule = Box::leak(Box::new(self.place(file, code)?));
        let mut tables = self.versions.tables.write();
        let at = tables.loaded.partition_point(|other| other.row.code_start < module.row.code_start);
        tables.loaded.insert(at, module);
        if module.row.on_load != 0 {
            tables.pending.insert(name, module);
            return Some(Err(LoadRefusal::OnLoad));
        }
        drop(tables);
        self.make_current(module);
        Some(Ok(()))
    }

    /// What becomes of a module whose `on_load` function has run; false where none waits.
    pub fn finish_on_load(&self, name: Atom, keep: bool) -> bool {
        let Some(module) = self.versions.tables.write().pending.remove(&name.word()) else { return false };
        if keep {
            self.make_current(module);
        }
        true
    }

    /// Makes the current version of a name old.
    pub fn delete(&self, name: Atom) -> Deleted {
        if self.old_module(name).is_some() {
            return Deleted::NotPurged;
        }
        let Some(row) = self.module(name) else {
            // A name that once had code stays known.
            return if self.versions.current(name.word()).is_some() { Deleted::Done } else { Deleted::NotThere };
        };
        let mut tables = self.versions.tables.write();
        tables.old.insert(row.name, row);
        tables.current.insert(row.name, None);
        drop(tables);
        self.exports_of(row).into_iter().for_each(set_undefined);
        Deleted::Done
    }

    /// Forgets the old version of a name; its memory stays. False where there is none.
    pub fn purge(&self, name: Atom) -> bool {
        self.versions.tables.write().old.remove(&name.word()).is_some()
    }

    /// Whether another version cannot become current before the old one is purged.
    pub fn would_lose_old(&self, name: Atom) -> bool {
        self.old_module(name).is_some() && self.module(name).is_some()
    }

    pub fn old_module(&self, name: Atom) -> Option<&'static ModuleRow> {
        self.versions.old(name.word())
    }

    fn make_current(&self, module: &'static LoadedModule) {
        let name = Atom::of_word(module.row.name);
        let before = self.module(name);
        let mut tables = self.versions.tables.write();
        if let Some(before) = before {
            tables.old.insert(before.name, before);
        }
        tables.current.insert(module.row.name, Some(&module.row));
        drop(tables);
        if let Some(before) = before {
            let is_left = |export: &&Export| module.exports.iter().all(|(other, _)| !core::ptr::eq(*other, *export));
            self.exports_of(before).into_iter().filter(is_left).for_each(set_undefined);
        }
        for (export, code) in &module.exports {
            set_code(export, *code);
        }
    }

    /// Fills in a module's words.
    fn place(&self, file: &BeamFile, code: &ModuleCode) -> Option<LoadedModule> {
        let atoms = file.tables.atoms.iter().map(|text| atom::intern(text).ok()).collect::<Option<Vec<Atom>>>()?;
        let literals = self.literals(file, code)?;
        let words: &'static mut [u64] = code.words.clone().leak();
        let start = words.as_ptr() as usize as u64;
        let address_of = |label: u32| match code.labels.get(label as usize) {
            Some(&at) if at != u32::MAX => start + 8 * u64::from(at),
            _ => 0,
        };
        let funs = self.funs(file, &atoms, &address_of);
        for (at, fix) in &code.fixups {
            words[*at as usize] = match fix {
                Fix::Atom(index) => atoms[*index as usize].word(),
                Fix::Import(index) => {
                    let import = file.import(*index);
                    let (module, function) = (atoms[import.module as usize], atoms[import.function as usize]);
                    let export = self.export_or_undefined(module, function, usize::from(import.arity));
                    export as *const Export as usize as u64
                }
                Fix::Lambda(index) => funs[*index as usize] as *const FunEntry as usize as u64,
                Fix::Literal(_) | Fix::Big(_) | Fix::Integer(_) => literals.fixes[at],
            };
        }
        for (first, count) in &code.sorts {
            sort_table(words, *first as usize, *count as usize);
        }
        let exports = file.exports.iter().filter(|export| !code.lacking.contains(&export.label)).filter_map(|export| {
            let at = address_of(export.label);
            let entry = self.export_or_undefined(atoms[0], atoms[export.function as usize], usize::from(export.arity));
            (at != 0).then_some((entry, at))
        });
        let lines = code.lines.iter().map(|(offset, line)| {
            let (file, line) = file.lines.lines.get(*line as usize).copied().unwrap_or((0, 0));
            LineRow::new(*offset, file, line)
        });
        let on_load = file.code.functions.iter().find(|function| function.is_on_load);
        let half = |from: usize| u64::from_le_bytes(file.md5[from..from + 8].try_into().expect("eight bytes"));
        Some(LoadedModule {
            row: ModuleRow {
                name: atoms[0].word(),
                code_start: start,
                code_end: start + 8 * code.words.len() as u64,
                functions: [0; 2],
                lines: [0; 2],
                files: 0,
                exports: [0; 2],
                attributes: literals.attributes,
                compile_info: literals.compile_info,
                md5: [half(0), half(8)],
                on_load: on_load.map_or(0, |function| address_of(function.entry_label)),
                records: literals.records,
            },
            functions: code.functions.iter().map(|function| function.info).collect(),
            lines: lines.collect(),
            files: literals.files,
            exports: exports.collect(),
            funs,
        })
    }

    fn funs(&self, file: &BeamFile, atoms: &[Atom], address_of: &dyn Fn(u32) -> u64) -> Vec<&'static FunEntry> {
        let half = |from: usize| u64::from_le_bytes(file.md5[from..from + 8].try_into().expect("eight bytes"));
        let funs = file.tables.lambdas.iter().map(|lambda| FunEntry {
            code: address_of(lambda.label),
            native: 0,
            module: atoms[0].word(),
            function: atoms[lambda.function as usize].word(),
            arity: u64::from(lambda.arity) - u64::from(lambda.free_count),
            free_count: u64::from(lambda.free_count),
            index: u64::from(lambda.index),
            old_uniq: u64::from(lambda.old_uniq),
            uniq: [half(0), half(8)],
        });
        funs.map(|fun| &*Box::leak(Box::new(fun))).collect()
    }

    /// All terms of a module, in one area that stays.
    fn literals(&self, file: &BeamFile, code: &ModuleCode) -> Option<LiteralWords> {
        let links = LiteralLinks(self);
        let mut area = Alloc::default();
        let root = area.with(|heap| {
            let options = DecodeOptions { safe: false, heap_bits: true };
            let external = |heap: &mut crate::heap::Heap<'_>, bytes: &[u8]| {
                decode(heap, bytes, options, &links).ok().map(|(term, _)| term.word())
            };
            let mut words = Vec::new();
            for (_, fix) in &code.fixups {
                words.push(match fix {
                    Fix::Literal(index) => external(heap, file.literal(*index))?,
                    Fix::Big(index) => {
                        let big = &file.code.bigs[*index as usize];
                        let limbs = big.magnitude.chunks(8);
                        let limbs: Vec<u64> =
                            limbs.map(|bytes| bytes.iter().rev().fold(0, |limb, byte| limb << 8 | u64::from(*byte))).collect();
                        heap.big_integer(big.negative, &limbs).word()
                    }
                    Fix::Integer(value) => heap.integer(*value).word(),
                    _ => continue,
                });
            }
            words.push(external(heap, &file.attributes).unwrap_or(Term::NIL.word()));
            words.push(external(heap, &file.compile_info).unwrap_or(Term::NIL.word()));
            words.push(external(heap, &templates_of(file))?);
            words.push(heap.charlist(&format!("{}.erl", file.module())).word());
            words.extend(file.lines.files.iter().map(|name| heap.charlist(name).word()));
            let terms: Vec<Term<'_>> = words
                .into_iter()
                // SAFETY: each was built on this heap just now.
                .map(|word| unsafe { Term::from_word(word) })
                .collect();
            let tuple = heap.tuple(&terms);
            Some(StaticTerm::of(tuple).leak())
        })?;
        let mut words = root.as_tuple().expect("just built").elements.iter().map(|term| term.word());
        let is_literal = |fix: &Fix| matches!(fix, Fix::Literal(_) | Fix::Big(_) | Fix::Integer(_));
        let mut next = || words.next().unwrap_or(Term::NIL.word());
        let fixes = code.fixups.iter().filter(|(_, fix)| is_literal(fix)).map(|(at, _)| (*at, next())).collect();
        let (attributes, compile_info, records) = (next(), next(), next());
        Some(LiteralWords { fixes, attributes, compile_info, records, files: words.collect() })
    }
}

/// Words of a module's literals: those of the code by their place in it.
struct LiteralWords {
    fixes: HashMap<u32, u64>,
    attributes: u64,
    compile_info: u64,
    records: u64,
    /// The module's own source first.
    files: Vec<u64>,
}

/// Calls of the entry run the code at this address from now on.
fn set_code(export: &'static Export, code: u64) {
    // SAFETY: entries lie in the image's RW section or were leaked; calls read the aligned word whole, before or after.
    unsafe { (&raw const export.code).cast_mut().write_volatile(code) };
}

pub(super) fn set_undefined(export: &'static Export) {
    set_code(export, export.stub.as_ptr() as usize as u64);
}
