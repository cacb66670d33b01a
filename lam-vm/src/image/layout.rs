//! Laying out an image: numbers for entries, addresses for code and literals, all fixups resolved.
//!
//! ```text
//! modules (specific code, literals as bytes) ─► literals as terms in one area ─► sections at their addresses ─► words filled in
//! ```
//! The result depends on the input alone: modules are taken in the order given, atoms are numbered as they are first met.

use std::collections::{HashMap, HashSet};

use md5::{Digest, Md5};

use super::format::{
    BootInfo, END, Header, LineRow, MAGIC, SECTION_COUNT, Section, content_checksum, export_hash, tables_checksum,
};
use super::literals::{Literals, ModuleLiterals, templates_of};
use crate::atom::{self, Atom};
use crate::isa::emit::{Fix, ModuleCode};
use crate::isa::specific::number;
use crate::loader::BeamFile;
use crate::platform::bundle::index as bundle;
use crate::term::word;

/// One module to be laid out.
pub struct LayoutModule<'a> {
    pub file: &'a BeamFile,
    pub code: &'a ModuleCode,
}

pub struct LayoutInput<'a> {
    pub modules: &'a [LayoutModule<'a>],
    /// Address that the image will have when running.
    pub base: u64,
    /// `(module, function)` that the first process runs.
    pub start: (&'a str, &'a str),
    pub entry: (&'a str, &'a str, u8),
    pub kind: &'a str,
    pub otp_release: u32,
    pub embedded: &'a [u8],
    /// Embedded files by path, and folders (`None`); see `platform::bundle`.
    pub files: &'a [(String, Option<&'a [u8]>)],
    /// Number of a BIF by name.
    pub natives: &'a dyn crate::loader::specialise::Natives,
    /// `bif::machine_fingerprint()`
    pub machine: u64,
}

/// What cannot be laid out.
#[derive(Debug, Clone)]
pub enum LayoutError {
    /// A literal of this module is not a valid external term.
    BadLiteral {
        module: String,
        index: usize,
    },
    TooManyAtoms,
    TooBig,
}

impl core::fmt::Display for LayoutError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            LayoutError::BadLiteral { module, index } => write!(f, "literal {index} of `{module}` is not a valid external term"),
            LayoutError::TooManyAtoms => write!(f, "the program has more atoms than fit the table"),
            LayoutError::TooBig => write!(f, "the program is too big for one image"),
        }
    }
}

/// From `machine::NATIVE_BASE` on, all of an image lies below 2 GB.
const MAX_BYTES: u64 = 3 << 29;

/// A key of an export: numbers of module and function, arity.
pub(super) type Key = (u32, u32, u32);

struct Layout<'a> {
    input: &'a LayoutInput<'a>,
    bytes: Vec<u8>,
    sections: [[u64; 2]; SECTION_COUNT],
    /// Word indexes of the image that hold addresses.
    addresses: Vec<u32>,
    literals: Literals,
    exports: Vec<Key>,
    export_numbers: HashMap<Key, u32>,
    /// Label of the export's code in its module, by export number; module index.
    defined: Vec<Option<(usize, u32)>>,
    /// Exports whose natives the machine lacks, by number.
    lacking: HashSet<u32>,
    module_exports: Vec<(u64, u64)>,
    literal_bytes: Vec<u64>,
}

/// Lays out the program.
pub fn layout(input: &LayoutInput<'_>) -> Result<Vec<u8>, LayoutError> {
    layout_and_measure(input).map(|(bytes, _)| bytes)
}

/// As `layout`, with the bytes of literals that each module brought; what several share is the first one's.
pub fn layout_and_measure(input: &LayoutInput<'_>) -> Result<(Vec<u8>, Vec<u64>), LayoutError> {
    let mut layout = Layout {
        input,
        bytes: vec![0; size_of::<Header>()],
        sections: [[0; 2]; SECTION_COUNT],
        addresses: Vec::new(),
        literals: Literals::default(),
        exports: Vec::new(),
        export_numbers: HashMap::new(),
        defined: Vec::new(),
        lacking: HashSet::new(),
        module_exports: Vec::new(),
        literal_bytes: Vec::new(),
    };
    layout.run()?;
    if layout.bytes.len() as u64 > MAX_BYTES {
        return Err(LayoutError::TooBig);
    }
    Ok((layout.bytes, layout.literal_bytes))
}

fn intern(text: &str) -> Result<Atom, LayoutError> {
    atom::intern(text).map_err(|_| LayoutError::TooManyAtoms)
}

impl<'a> Layout<'a> {
    fn run(&mut self) -> Result<(), LayoutError> {
        let input = self.input;
        // Numbers first: atoms, exports, literal terms; then sections whose places follow from the sizes.
        let mut atoms = Vec::new();
        for module in input.modules {
            let needed = needed_atoms(module);
            let texts = module.file.tables.atoms.iter().zip(needed);
            // What nothing in the image names keeps the module's number, so that it takes no room.
            let name = intern(module.file.module())?;
            atoms.push(
                texts.map(|(text, needed)| if needed { intern(text) } else { Ok(name) }).collect::<Result<Vec<Atom>, _>>()?,
            );
        }
        let boot = self.boot()?;
        self.number_exports(&atoms)?;
        let literals = self.decode_literals()?;
        for key in self.literals.links.keys() {
            self.export(key, None);
        }
        self.place_literals();
        let code_starts = self.place_code();
        let exports_at = self.write_exports(&code_starts);
        self.write_literals(exports_at);
        let funs_at = self.write_funs(&atoms, &code_starts);
        self.write_code(&atoms, &literals, &code_starts, exports_at, &funs_at);
        self.write_modules(&atoms, &literals, &code_starts);
        self.write_index();
        self.section(Section::Embedded, input.embedded);
        self.write_atoms();
        self.write_relocations();
        let (index, contents) = bundle::encode(input.files);
        self.section(Section::FileIndex, &index);
        self.section(Section::FileBytes, &contents);
        self.write_end();
        self.write_header(boot);
        self.write_build_id();
        self.write_checksums();
        Ok(())
    }

    fn boot(&self) -> Result<BootInfo, LayoutError> {
        let input = self.input;
        Ok(BootInfo {
            start_module: intern(input.start.0)?.word(),
            start_function: intern(input.start.1)?.word(),
            entry_module: intern(input.entry.0)?.word(),
            entry_function: intern(input.entry.1)?.word(),
            entry_arity: word::small(i64::from(input.entry.2)),
            kind: intern(input.kind)?.word(),
            otp_release: u64::from(input.otp_release),
        })
    }

    // --- exports

    fn number_exports(&mut self, atoms: &[Vec<Atom>]) -> Result<(), LayoutError> {
        for (index, module) in self.input.modules.iter().enumerate() {
            let name = atoms[index][0].0;
            let first = self.exports.len() as u64;
            for export in &module.file.exports {
                if module.code.labels.get(export.label as usize).is_some_and(|at| *at != u32::MAX) {
                    let key = (name, atoms[index][export.function as usize].0, u32::from(export.arity));
                    let number = self.export(key, Some((index, export.label)));
                    if module.code.lacking.contains(&export.label) {
                        self.lacking.insert(number);
                    }
                }
            }
            self.module_exports.push((first, self.exports.len() as u64 - first));
        }
        for (index, module) in self.input.modules.iter().enumerate() {
            for (_, fix) in &module.code.fixups {
                if let Fix::Import(import) = fix {
                    let import = &module.file.tables.imports[*import as usize];
                    let key = (
                        atoms[index][import.module as usize].0,
                        atoms[index][import.function as usize].0,
                        u32::from(import.arity),
                    );
                    self.export(key, None);
                }
            }
        }
        let start = (intern(self.input.start.0)?.0, intern(self.input.start.1)?.0, 5);
        self.export(start, None);
        Ok(())
    }
    fn export(&mut self, key: Key, defined: Option<(usize, u32)>) -> u32 {
        if let Some(number) = self.export_numbers.get(&key) {
            return *number;
        }
        let number = self.exports.len() as u32;
        self.exports.push(key);
        self.defined.push(defined);
        self.export_numbers.insert(key, number);
        number
    }

    // --- literals

    /// For each module, the word of each literal (relative to the literals' area), then of each big integer.
    fn decode_literals(&mut self) -> Result<Vec<ModuleLiterals>, LayoutError> {
        let mut all = Vec::new();
        for module in self.input.modules {
            let file = module.file;
            let words_before = self.literals.word_count();
            let mut words = ModuleLiterals::default();
            let mut needed = vec![false; file.tables.literals.len()];
            let mut needed_bigs = vec![false; file.code.bigs.len()];
            for (_, fix) in &module.code.fixups {
                match fix {
                    Fix::Literal(index) => needed[*index as usize] = true,
                    Fix::Big(index) => needed_bigs[*index as usize] = true,
                    _ => {}
                }
            }
            for (index, (offset, length)) in file.tables.literals.iter().enumerate() {
                let term = if needed[index] {
                    let bytes = &file.tables.literal_bytes[*offset as usize..(*offset + *length) as usize];
                    let bad = || LayoutError::BadLiteral { module: file.tables.atoms[0].to_string(), index };
                    self.literals.external(bytes).ok_or_else(bad)?
                } else {
                    word::NIL
                };
                words.terms.push(term);
            }
            for (big, needed) in file.code.bigs.iter().zip(needed_bigs) {
                words.bigs.push(if needed { self.literals.big(big.negative, &big.magnitude) } else { word::NIL });
            }
            for (_, fix) in &module.code.fixups {
                if let Fix::Integer(value) = fix {
                    words.integers.insert(*value, self.literals.integer(*value));
                }
            }
            // Only `module_info` shows them, and they are large: what was compiled where, character by character.
            let shows_info = file
                .exports
                .iter()
                .any(|export| file.atom(export.function) == "module_info" && is_kept(module.code, export.label));
            let mut info = |bytes: &[u8]| if shows_info { self.literals.external(bytes).unwrap_or(word::NIL) } else { word::NIL };
            words.attributes = info(&file.attributes);
            words.compile_info = info(&file.compile_info);
            words.records = self.literals.external(&templates_of(file)).unwrap_or(word::NIL);
            for name in &file.lines.files {
                words.files.push(self.literals.charlist(name));
            }
            words.source = self.literals.charlist(&format!("{}.erl", file.tables.atoms[0]));
            self.literal_bytes.push(8 * (self.literals.word_count() - words_before) as u64);
            all.push(words);
        }
        Ok(all)
    }
    fn place_literals(&mut self) {
        self.align();
        let start = self.bytes.len();
        self.literals.base = self.input.base + start as u64;
        let bytes = 8 * self.literals.word_count();
        self.bytes.resize(start + bytes, 0);
        self.sections[Section::Literals as usize] = [start as u64, bytes as u64];
    }
    fn write_literals(&mut self, exports_at: u64) {
        let start = self.sections[Section::Literals as usize][0] as usize;
        let numbers = &self.export_numbers;
        let (words, addresses) = self.literals.words(&|key| exports_at + 64 * u64::from(numbers[&key]));
        for (word, place) in words.iter().zip(self.bytes[start..].chunks_exact_mut(8)) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        self.addresses.extend(addresses.iter().map(|index| (start / 8) as u32 + index));
    }

    // --- code

    fn place_code(&mut self) -> Vec<u64> {
        self.align();
        let start = self.bytes.len();
        let mut starts = Vec::new();
        let mut at = start;
        for module in self.input.modules {
            starts.push(self.input.base + at as u64);
            at += 8 * module.code.words.len();
        }
        self.bytes.resize(at, 0);
        self.sections[Section::Code as usize] = [start as u64, (at - start) as u64];
        starts
    }
    fn write_code(
        &mut self,
        atoms: &[Vec<Atom>],
        literals: &[ModuleLiterals],
        starts: &[u64],
        exports_at: u64,
        funs_at: &[Vec<u64>],
    ) {
        for (index, module) in self.input.modules.iter().enumerate() {
            let mut words = module.code.words.clone();
            let first_word = ((starts[index] - self.input.base) / 8) as u32;
            for (at, fix) in &module.code.fixups {
                let value = match fix {
                    Fix::Atom(atom) => atoms[index][*atom as usize].word(),
                    Fix::Literal(literal) => self.literals.final_word(literals[index].terms[*literal as usize]),
                    Fix::Big(big) => self.literals.final_word(literals[index].bigs[*big as usize]),
                    Fix::Integer(value) => self.literals.final_word(literals[index].integers[value]),
                    Fix::Import(import) => {
                        let import = &module.file.tables.imports[*import as usize];
                        let key = (
                            atoms[index][import.module as usize].0,
                            atoms[index][import.function as usize].0,
                            u32::from(import.arity),
                        );
                        exports_at + 64 * u64::from(self.export_numbers[&key])
                    }
                    Fix::Lambda(lambda) => funs_at[index][*lambda as usize],
                };
                let is_address = match fix {
                    Fix::Import(_) | Fix::Lambda(_) => true,
                    _ => word::is_pointer(value),
                };
                if is_address {
                    self.addresses.push(first_word + at);
                }
                words[*at as usize] = value;
            }
            for (first, count) in &module.code.sorts {
                sort_table(&mut words, *first as usize, *count as usize);
            }
            let start = (starts[index] - self.input.base) as usize;
            for (word, place) in words.iter().zip(self.bytes[start..].chunks_exact_mut(8)) {
                place.copy_from_slice(&word.to_le_bytes());
            }
        }
    }
    fn label_address(&self, starts: &[u64], module: usize, label: u32) -> Option<u64> {
        let at = *self.input.modules[module].code.labels.get(label as usize)?;
        (at != u32::MAX).then(|| starts[module] + 8 * u64::from(at))
    }

    /// Returns the address of the first entry.
    fn write_exports(&mut self, starts: &[u64]) -> u64 {
        self.align();
        let start = self.bytes.len();
        let address = self.input.base + start as u64;
        for number in 0..self.exports.len() {
            let (module, function, arity) = self.exports[number];
            let at = address + 64 * number as u64;
            let stub_at = at + 40;
            let names = [Atom(module).text(), Atom(function).text()];
            let bif = self.input.natives.bif(names[0], names[1], arity as usize);
            let is_lacking = self.lacking.contains(&(number as u32));
            let code = self.defined[number]
                .filter(|_| !is_lacking)
                .and_then(|(module, label)| self.label_address(starts, module, label));
            let stub = match bif {
                None if is_lacking => u64::from(number::LackingEntry),
                Some(bif) => u64::from(number::CallBifOnly) | u64::from(arity) << 16 | u64::from(bif) << 32,
                None => u64::from(number::Undefined),
            };
            let bif_word = bif.map_or(0, |bif| u64::from(bif) + 1);
            let code = if bif.is_some() { stub_at } else { code.unwrap_or(stub_at) };
            let words = [code, 0, Atom(module).word(), Atom(function).word(), u64::from(arity), stub, at, bif_word];
            let first = (self.bytes.len() / 8) as u32;
            self.addresses.extend([first, first + 6]);
            for word in words {
                self.bytes.extend_from_slice(&word.to_le_bytes());
            }
        }
        self.sections[Section::Exports as usize] = [start as u64, (self.bytes.len() - start) as u64];
        address
    }

    /// Addresses of the fun entries, by module and lambda.
    fn write_funs(&mut self, atoms: &[Vec<Atom>], starts: &[u64]) -> Vec<Vec<u64>> {
        self.align();
        let start = self.bytes.len();
        let mut all = Vec::new();
        for (index, module) in self.input.modules.iter().enumerate() {
            let mut addresses = Vec::new();
            for lambda in &module.file.tables.lambdas {
                let Some(code) = self.label_address(starts, index, lambda.label) else {
                    addresses.push(0);
                    continue;
                };
                let md5 = &module.file.md5;
                let half = |from: usize| u64::from_le_bytes(md5[from..from + 8].try_into().expect("eight bytes"));
                let words = [
                    code,
                    0,
                    atoms[index][0].word(),
                    atoms[index][lambda.function as usize].word(),
                    u64::from(lambda.arity) - u64::from(lambda.free_count),
                    u64::from(lambda.free_count),
                    u64::from(lambda.index),
                    u64::from(lambda.old_uniq),
                    half(0),
                    half(8),
                ];
                addresses.push(self.input.base + self.bytes.len() as u64);
                self.addresses.push((self.bytes.len() / 8) as u32);
                for word in words {
                    self.bytes.extend_from_slice(&word.to_le_bytes());
                }
            }
            all.push(addresses);
        }
        self.sections[Section::Funs as usize] = [start as u64, (self.bytes.len() - start) as u64];
        all
    }

    // --- tables

    fn write_modules(&mut self, atoms: &[Vec<Atom>], literals: &[ModuleLiterals], starts: &[u64]) {
        let mut functions: Vec<u32> = Vec::new();
        let mut lines: Vec<LineRow> = Vec::new();
        let mut files: Vec<u64> = Vec::new();
        let mut rows: Vec<[u64; 16]> = Vec::new();
        for (index, module) in self.input.modules.iter().enumerate() {
            let code = module.code;
            let first = [functions.len() as u64, code.functions.len() as u64];
            functions.extend(code.functions.iter().map(|function| function.info));
            let first_line = lines.len() as u64;
            for (offset, line) in &code.lines {
                // File 0 is the module's own source.
                let row = module.file.lines.lines.get(*line as usize);
                let (file, line) = row.map_or((0, 0), |(file, line)| (*file, *line));
                let row = LineRow::new(*offset, file, line);
                // What follows from the row before says nothing, as does a place behind which no instruction begins.
                if lines[first_line as usize..].last().is_some_and(|last| last.offset == row.offset) {
                    lines.pop();
                }
                if lines[first_line as usize..].last().is_none_or(|last| last.place != row.place) {
                    lines.push(row);
                }
            }
            let first_file = files.len() as u64;
            files.push(self.literals.final_word(literals[index].source));
            files.extend(literals[index].files.iter().map(|file| self.literals.final_word(*file)));
            let md5 = &module.file.md5;
            let half = |from: usize| u64::from_le_bytes(md5[from..from + 8].try_into().expect("eight bytes"));
            let on_load = module.file.code.functions.iter().find(|function| function.is_on_load);
            let on_load = on_load.and_then(|function| self.label_address(starts, index, function.entry_label));
            let (exports, export_count) = self.module_exports[index];
            rows.push([
                atoms[index][0].word(),
                starts[index],
                starts[index] + 8 * code.words.len() as u64,
                first[0],
                first[1],
                first_line,
                lines.len() as u64 - first_line,
                first_file,
                exports,
                export_count,
                self.literals.final_word(literals[index].attributes),
                self.literals.final_word(literals[index].compile_info),
                half(0),
                half(8),
                on_load.unwrap_or(0),
                self.literals.final_word(literals[index].records),
            ]);
        }
        self.align();
        let start = self.bytes.len();
        for row in &rows {
            let first = (self.bytes.len() / 8) as u32;
            for (index, word) in row.iter().enumerate() {
                let is_address = match index {
                    1 | 2 => true,
                    10 | 11 | 15 => word::is_pointer(*word),
                    14 => *word != 0,
                    _ => false,
                };
                if is_address {
                    self.addresses.push(first + index as u32);
                }
                self.bytes.extend_from_slice(&word.to_le_bytes());
            }
        }
        self.sections[Section::Modules as usize] = [start as u64, (self.bytes.len() - start) as u64];
        let numbers: Vec<u8> = functions.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        self.section(Section::Functions, &numbers);
        let rows: Vec<u8> = lines.iter().flat_map(|row| [row.offset, row.place]).flat_map(u32::to_le_bytes).collect();
        self.section(Section::Lines, &rows);
        self.align();
        let first = (self.bytes.len() / 8) as u32;
        self.addresses
            .extend(files.iter().enumerate().filter(|(_, word)| word::is_pointer(**word)).map(|(index, _)| first + index as u32));
        let names: Vec<u8> = files.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.section(Section::Files, &names);
    }
    fn write_index(&mut self) {
        let slots = (2 * self.exports.len()).next_power_of_two().max(2);
        let mut index = vec![0u32; slots];
        for (number, (module, function, arity)) in self.exports.iter().enumerate() {
            let mut slot = export_hash(*module, *function, *arity) as usize & (slots - 1);
            while index[slot] != 0 {
                slot = (slot + 1) & (slots - 1);
            }
            index[slot] = number as u32 + 1;
        }
        let bytes: Vec<u8> = index.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.section(Section::ExportIndex, &bytes);
    }
    fn write_atoms(&mut self) {
        let texts = &atom::all()[atom::well_known_count() as usize..];
        let mut bytes = (texts.len() as u32).to_le_bytes().to_vec();
        let mut offset = 0u32;
        for text in texts {
            bytes.extend_from_slice(&offset.to_le_bytes());
            offset += text.len() as u32;
        }
        bytes.extend_from_slice(&offset.to_le_bytes());
        for text in texts {
            bytes.extend_from_slice(text.as_bytes());
        }
        self.section(Section::Atoms, &bytes);
    }
    fn write_relocations(&mut self) {
        let mut bitmap = vec![0u8; (self.bytes.len() / 8).div_ceil(8)];
        for word in &self.addresses {
            bitmap[*word as usize / 8] |= 1 << (word % 8);
        }
        self.section(Section::Relocations, &bitmap);
    }
    /// Up to a whole page, whose last word is `END`.
    fn write_end(&mut self) {
        self.bytes.extend([0; 8]);
        self.align_to(4096);
        let at = self.bytes.len() - 8;
        self.bytes[at..].copy_from_slice(&END.to_le_bytes());
    }
    fn write_header(&mut self, boot: BootInfo) {
        let mut words = vec![MAGIC, self.bytes.len() as u64, self.input.machine, 0, 0, self.input.base];
        words.extend([
            boot.start_module,
            boot.start_function,
            boot.entry_module,
            boot.entry_function,
            boot.entry_arity,
            boot.kind,
            boot.otp_release,
        ]);
        words.extend(self.sections.iter().flatten());
        for (word, place) in words.iter().zip(self.bytes.chunks_exact_mut(8)) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }
    /// A hash of all the bytes, those of the build id and the checksums being 0.
    fn write_build_id(&mut self) {
        let hash = Md5::digest(&self.bytes);
        let at = core::mem::offset_of!(Header, build_id);
        self.bytes[at..at + 16].copy_from_slice(&hash);
    }
    fn write_checksums(&mut self) {
        let at = core::mem::offset_of!(Header, checksums);
        let content = content_checksum(&self.bytes, &self.sections);
        self.bytes[at + 4..at + 8].copy_from_slice(&content.to_le_bytes());
        let tables = tables_checksum(&self.bytes, &self.sections);
        self.bytes[at..at + 4].copy_from_slice(&tables.to_le_bytes());
    }
    fn section(&mut self, section: Section, content: &[u8]) {
        self.align();
        self.sections[section as usize] = [self.bytes.len() as u64, content.len() as u64];
        self.bytes.extend_from_slice(content);
        self.align();
    }
    fn align(&mut self) {
        self.align_to(8);
    }
    fn align_to(&mut self, bytes: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(bytes), 0);
    }
}

/// Which atoms of its file a module's code, exports and funs name.
fn needed_atoms(module: &LayoutModule<'_>) -> Vec<bool> {
    let (tables, code) = (&module.file.tables, module.code);
    let mut needed = vec![false; tables.atoms.len()];
    let mut need = |atom: u32| needed[atom as usize] = true;
    need(0);
    for (_, fix) in &code.fixups {
        match fix {
            Fix::Atom(atom) => need(*atom),
            Fix::Import(import) => {
                let import = &tables.imports[*import as usize];
                need(import.module);
                need(import.function);
            }
            _ => {}
        }
    }
    module.file.exports.iter().filter(|export| is_kept(code, export.label)).for_each(|export| need(export.function));
    tables.lambdas.iter().filter(|lambda| is_kept(code, lambda.label)).for_each(|lambda| need(lambda.function));
    needed
}

/// Whether the function of an entry label is in the code.
fn is_kept(code: &ModuleCode, label: u32) -> bool {
    code.labels.get(label as usize).is_some_and(|at| *at != u32::MAX)
}

/// Sorts the values of a `select_val` table and their offsets with them.
pub fn sort_table(words: &mut [u64], first: usize, count: usize) {
    let offset_at = |words: &[u64], index: usize| (words[first + count + index / 2] >> (32 * (index % 2))) as u32;
    let mut rows: Vec<(i64, u32)> = (0..count).map(|index| (words[first + index] as i64, offset_at(words, index))).collect();
    // Where a value stands twice the first one counts.
    rows.sort_by_key(|row| row.0);
    for (index, (value, offset)) in rows.iter().enumerate() {
        words[first + index] = *value as u64;
        let place = &mut words[first + count + index / 2];
        let shift = 32 * (index % 2);
        *place = (*place & !(0xFFFF_FFFF << shift)) | u64::from(*offset) << shift;
    }
}
