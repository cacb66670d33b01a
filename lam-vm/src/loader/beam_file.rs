//! A `.beam` file, taken apart.
//!
//! ```text
//! [gzip] FOR1 size BEAM { chunk id, size, bytes, padding to 4 }*
//! ```
//!
//! `AtU8` or `Atom`, `Code`, `StrT`, `ImpT`, `ExpT` must be there; `FunT`, `LocT`, `LitT`, `Line`, `Type`, `Meta`, `Recs`, `Attr`, `CInf`
//! may be; others are left alone.

use md5::{Digest, Md5};

use crate::loader::decode;
use crate::loader::error::LoadError;
use crate::loader::inflate;
use crate::loader::ir::{Arg, Code};
use crate::loader::reader::Reader;
use crate::loader::records::{self, RecordDef};
use crate::loader::tables::{self, Export, Import, Lambda, LineTable, TypeHint};

/// What the code's operands index into.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Atom 0 is the module's name.
    pub atoms: Vec<Box<str>>,
    pub imports: Vec<Import>,
    pub lambdas: Vec<Lambda>,
    /// Offset and length in `literal_bytes`.
    pub literals: Vec<(u32, u32)>,
    pub literal_bytes: Vec<u8>,
    /// Empty where the `Type` chunk is absent or of a version we do not know.
    pub types: Vec<TypeHint>,
    /// What `bs_match_string` and `bs_put_string` point into.
    pub strings: Box<[u8]>,
}

/// A module as its file holds it.
#[derive(Clone, Debug)]
pub struct BeamFile {
    pub tables: Tables,
    pub exports: Vec<Export>,
    /// The functions that are not exported, where the file tells.
    pub locals: Vec<Export>,
    pub lines: LineTable,
    pub code: Code,
    /// OTP 29's native records, as this module declares them.
    pub records: Vec<RecordDef>,
    /// Attributes, compile information and `Meta`, in the external term format.
    pub attributes: Box<[u8]>,
    pub compile_info: Box<[u8]>,
    pub meta: Box<[u8]>,
    /// What `Module:module_info(md5)` gives.
    pub md5: [u8; 16],
}

#[derive(Default)]
struct Chunks<'a> {
    atoms: Option<&'a [u8]>,
    latin1_atoms: Option<&'a [u8]>,
    code: Option<&'a [u8]>,
    strings: Option<&'a [u8]>,
    imports: Option<&'a [u8]>,
    exports: Option<&'a [u8]>,
    lambdas: Option<&'a [u8]>,
    locals: Option<&'a [u8]>,
    literals: Option<&'a [u8]>,
    lines: Option<&'a [u8]>,
    types: Option<&'a [u8]>,
    meta: Option<&'a [u8]>,
    records: Option<&'a [u8]>,
    attributes: Option<&'a [u8]>,
    compile_info: Option<&'a [u8]>,
}

impl<'a> Chunks<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Chunks<'a>, LoadError> {
        let mut chunks = Chunks::default();
        let mut reader = chunks_of(bytes)?;
        while !reader.is_empty() {
            let id = reader.take(4)?;
            let size = reader.u32()? as usize;
            let data = reader.take(size)?;
            reader.take(((4 - size % 4) % 4).min(reader.remaining()))?;
            let Some(slot) = chunks.slot(id) else {
                continue;
            };
            if slot.is_some() {
                return Err(reader.corrupt(format!("`{}` is there twice", String::from_utf8_lossy(id))));
            }
            *slot = Some(data);
        }
        Ok(chunks)
    }

    fn slot(&mut self, id: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        Some(match id {
            b"AtU8" => &mut self.atoms,
            b"Atom" => &mut self.latin1_atoms,
            b"Code" => &mut self.code,
            b"StrT" => &mut self.strings,
            b"ImpT" => &mut self.imports,
            b"ExpT" => &mut self.exports,
            b"FunT" => &mut self.lambdas,
            b"LocT" => &mut self.locals,
            b"LitT" => &mut self.literals,
            b"Line" => &mut self.lines,
            b"Type" => &mut self.types,
            b"Meta" => &mut self.meta,
            b"Recs" => &mut self.records,
            b"Attr" => &mut self.attributes,
            b"CInf" => &mut self.compile_info,
            _ => return None,
        })
    }

    /// The checksum covers what the module does, in this order; the fun table without its last column.
    fn md5(&self) -> [u8; 16] {
        let mut md5 = Md5::new();
        for chunk in [self.atoms.or(self.latin1_atoms), self.code, self.strings, self.imports, self.exports] {
            md5.update(chunk.unwrap_or_default());
        }
        if let Some((count, rows)) = self.lambdas.unwrap_or_default().split_first_chunk::<4>() {
            md5.update(count);
            for row in rows.chunks_exact(24) {
                md5.update(&row[..20]);
                md5.update([0; 4]);
            }
        }
        for chunk in [self.literals, self.meta, self.records] {
            md5.update(chunk.unwrap_or_default());
        }
        md5.finalize().into()
    }
}

/// The bytes of one chunk of a file that is not compressed; `None` where it has none of this name.
pub fn chunk(bytes: &[u8], name: [u8; 4]) -> Result<Option<&[u8]>, LoadError> {
    let mut reader = chunks_of(bytes)?;
    while !reader.is_empty() {
        let id = reader.take(4)?;
        let size = reader.u32()? as usize;
        let data = reader.take(size)?;
        if id == name {
            return Ok(Some(data));
        }
        reader.take(((4 - size % 4) % 4).min(reader.remaining()))?;
    }
    Ok(None)
}

/// The checksum of what the module does; an error where a chunk that every module has is missing.
pub fn module_md5(bytes: &[u8]) -> Result<[u8; 16], LoadError> {
    let chunks = Chunks::parse(bytes)?;
    let is_there = |chunk: Option<&[u8]>, name: &'static str| chunk.map(drop).ok_or(LoadError::MissingChunk { chunk: name });
    is_there(chunks.atoms.or(chunks.latin1_atoms), "AtU8")?;
    is_there(chunks.code, "Code")?;
    is_there(chunks.strings, "StrT")?;
    is_there(chunks.imports, "ImpT")?;
    is_there(chunks.exports, "ExpT")?;
    Ok(chunks.md5())
}

/// A reader of the chunks in a file.
fn chunks_of(bytes: &[u8]) -> Result<Reader<'_>, LoadError> {
    let place = "the file";
    if bytes.len() < 12 && b"FOR1".starts_with(&bytes[..bytes.len().min(4)]) {
        return Err(LoadError::Truncated { place });
    }
    let mut reader = Reader::new(bytes, place);
    if reader.take(4).ok() != Some(b"FOR1") {
        return Err(LoadError::NotBeam);
    }
    let size = reader.u32()? as usize;
    if reader.take(4)? != b"BEAM" {
        return Err(LoadError::NotBeam);
    }
    let body = reader.take(size.checked_sub(4).ok_or(LoadError::Truncated { place })?)?;
    Ok(Reader::new(body, "a chunk"))
}

impl BeamFile {
    /// Takes a file apart; everything in it is checked but what instructions mean together (`check/`) and the terms of literals.
    pub fn parse(bytes: &[u8]) -> Result<BeamFile, LoadError> {
        if inflate::is_gzip(bytes) {
            return BeamFile::parse_plain(&inflate::gunzip(bytes)?);
        }
        BeamFile::parse_plain(bytes)
    }

    fn parse_plain(bytes: &[u8]) -> Result<BeamFile, LoadError> {
        let chunks = Chunks::parse(bytes)?;
        let needed = |chunk: Option<&'static str>, data| match (data, chunk) {
            (Some(data), _) => Ok(data),
            (None, chunk) => Err(LoadError::MissingChunk { chunk: chunk.unwrap_or("?") }),
        };
        let atoms = match (chunks.atoms, chunks.latin1_atoms) {
            (Some(chunk), _) => tables::parse_atoms(chunk, false)?,
            (None, chunk) => tables::parse_atoms(needed(Some("AtU8"), chunk)?, true)?,
        };
        let atom_count = atoms.len();
        let (literal_bytes, literals) = chunks.literals.map(tables::parse_literals).transpose()?.unwrap_or_default();
        let mut tables = Tables {
            imports: tables::parse_imports(needed(Some("ImpT"), chunks.imports)?, atom_count)?,
            lambdas: chunks.lambdas.map(|chunk| tables::parse_lambdas(chunk, atom_count)).transpose()?.unwrap_or_default(),
            literals,
            literal_bytes,
            types: chunks.types.map(tables::parse_types).transpose()?.unwrap_or_default(),
            strings: needed(Some("StrT"), chunks.strings)?.into(),
            atoms,
        };
        let exports = tables::parse_exports(needed(Some("ExpT"), chunks.exports)?, atom_count, "the export table")?;
        let locals = chunks.locals.map(|chunk| tables::parse_exports(chunk, atom_count, "the table of local functions"));
        let code = decode::decode(needed(Some("Code"), chunks.code)?, &tables)?;
        let records = chunks.records.map(|chunk| records::parse_records(chunk, &mut tables)).transpose()?.unwrap_or_default();
        let file = BeamFile {
            exports,
            locals: locals.transpose()?.unwrap_or_default(),
            lines: chunks.lines.map(tables::parse_lines).transpose()?.unwrap_or_default(),
            code,
            records,
            attributes: chunks.attributes.unwrap_or_default().into(),
            compile_info: chunks.compile_info.unwrap_or_default().into(),
            meta: chunks.meta.unwrap_or_default().into(),
            md5: chunks.md5(),
            tables,
        };
        file.check_entries()?;
        Ok(file)
    }

    /// Exports, funs and calls must name functions by their entry label, with their arity.
    fn check_entries(&self) -> Result<(), LoadError> {
        for export in &self.exports {
            let found = self.function_of_label(export.label).map(|index| &self.code.functions[index]);
            if found.is_none_or(|function| function.name != export.function || function.arity != export.arity) {
                let what = format!("it points `{}/{}` elsewhere", self.atom(export.function), export.arity);
                return Err(LoadError::corrupt("the export table", what));
            }
        }
        for lambda in &self.tables.lambdas {
            let found = self.function_of_label(lambda.label).map(|index| &self.code.functions[index]);
            if found.is_none_or(|function| function.arity != lambda.arity) {
                let what = format!("it points `{}/{}` elsewhere", self.atom(lambda.function), lambda.arity);
                return Err(LoadError::corrupt("the fun table", what));
            }
        }
        Ok(())
    }

    pub fn module(&self) -> &str {
        &self.tables.atoms[0]
    }

    /// The text of an atom of this file.
    pub fn atom(&self, index: u32) -> &str {
        &self.tables.atoms[index as usize]
    }

    /// A literal in the external term format.
    pub fn literal(&self, index: u32) -> &[u8] {
        let (offset, length) = self.tables.literals[index as usize];
        &self.tables.literal_bytes[offset as usize..offset as usize + length as usize]
    }

    pub fn import(&self, index: u32) -> Import {
        self.tables.imports[index as usize]
    }

    /// What the compiler claims of a typed operand; `ANY` where it claims nothing.
    pub fn type_hint(&self, arg: Arg) -> TypeHint {
        match arg {
            Arg::Typed { type_index, .. } => self.tables.types.get(type_index as usize).copied().unwrap_or(TypeHint::ANY),
            _ => TypeHint::ANY,
        }
    }

    /// The function whose entry a label is.
    pub fn function_of_label(&self, label: u32) -> Option<usize> {
        let op = self.code.label_op(label)?;
        let index = self.code.function_at(op)?;
        (self.code.functions[index].entry_label == label).then_some(index)
    }

    /// The function of this name and arity.
    pub fn function_named(&self, name: &str, arity: u8) -> Option<usize> {
        self.code.functions.iter().position(|function| function.arity == arity && self.atom(function.name) == name)
    }

    /// Where the code at a line index comes from: file and line; `None` where the compiler did not say.
    pub fn location(&self, line_index: u32) -> Option<(String, u32)> {
        let (file, line) = *self.lines.lines.get(line_index as usize).filter(|_| line_index != 0)?;
        let file = match file {
            0 => format!("{}.erl", self.module()),
            number => self.lines.files.get(number as usize - 1)?.to_string(),
        };
        Some((file, line))
    }

    /// The version of the compiler application that made the file, such as `8.2.3`.
    pub fn compiler_version(&self) -> Option<&str> {
        // {version, "…"}: the atom in either encoding, then STRING_EXT with two bytes of length.
        let name = self.compile_info.windows(8).position(|window| window == b"versionk")?;
        let rest = &self.compile_info[name + 8..];
        let (length, rest) = rest.split_first_chunk::<2>()?;
        std::str::from_utf8(rest.get(..usize::from(u16::from_be_bytes(*length)))?).ok()
    }

    /// The OTP release whose compiler made the file: the compiler's major version tells.
    pub fn otp_release(&self) -> Option<u32> {
        let major: u32 = self.compiler_version()?.split('.').next()?.parse().ok()?;
        // compiler 7.4 and 7.5 came with OTP 22, 7.6 with 23, 8.0 and 8.1 with 24, 8.2 with 25, 8.3 and 8.4 with 26, 8.5 with 27.
        let minor: u32 = self.compiler_version()?.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
        match (major, minor) {
            (7, 0..=3) => Some(21),
            (7, 4..=5) => Some(22),
            (7, _) => Some(23),
            (8, 0..=1) => Some(24),
            (8, 2) => Some(25),
            (8, 3..=4) => Some(26),
            (8, _) => Some(27),
            (9, _) => Some(28),
            (10, _) => Some(29),
            _ => None,
        }
    }
}
