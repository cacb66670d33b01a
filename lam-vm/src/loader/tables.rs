//! The small chunks: atoms, imports, exports, funs, literals, lines, types. Every count is checked against the bytes that are there.

use crate::loader::error::LoadError;
use crate::loader::inflate;
use crate::loader::reader::{Compact, Reader, tag};

/// An atom's text is at most this many characters.
const MAX_ATOM_CHARACTERS: usize = 255;
/// What `erlang:apply` and `fun` allow.
pub const MAX_ARITY: u32 = 255;

/// An imported function: indexes into `BeamFile::atoms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Import {
    pub module: u32,
    pub function: u32,
    pub arity: u8,
}

/// An exported or local function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export {
    /// An index into `BeamFile::atoms`.
    pub function: u32,
    pub arity: u8,
    /// The entry label.
    pub label: u32,
}

/// A row of the fun table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lambda {
    /// The function that holds the fun's body: an index into `BeamFile::atoms`.
    pub function: u32,
    /// The body's arity: the fun's and its environment's.
    pub arity: u8,
    pub label: u32,
    pub index: u32,
    /// How many terms the environment holds.
    pub free_count: u8,
    pub old_uniq: u32,
}

/// Where the parts of the code come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineTable {
    /// File 0 is `MODULE.erl`; file `n` is `files[n - 1]`.
    pub files: Vec<Box<str>>,
    /// (file, line) for each index of a `line` instruction, from 1: entry 0 is "unknown".
    pub lines: Vec<(u32, u32)>,
    /// Bit 0: the module has `executable_line`; bit 1: lines should be counted.
    pub flags: u32,
}

/// What the compiler claims of a register: a set of kinds, in OTP 29's numbering, with bounds of integers and unit of bitstrings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeHint {
    pub kinds: u16,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub unit: u16,
}

/// Bits of `TypeHint::kinds`.
pub mod kinds {
    pub const ATOM: u16 = 1 << 0;
    pub const BITSTRING: u16 = 1 << 1;
    pub const CONS: u16 = 1 << 2;
    pub const FLOAT: u16 = 1 << 3;
    pub const FUN: u16 = 1 << 4;
    pub const INTEGER: u16 = 1 << 5;
    pub const MAP: u16 = 1 << 6;
    pub const NIL: u16 = 1 << 7;
    pub const PID: u16 = 1 << 8;
    pub const PORT: u16 = 1 << 9;
    pub const REFERENCE: u16 = 1 << 10;
    pub const TUPLE: u16 = 1 << 11;
    pub const RECORD: u16 = 1 << 12;
    pub const ALL: u16 = (1 << 13) - 1;
}

impl TypeHint {
    pub const ANY: TypeHint = TypeHint { kinds: kinds::ALL, min: None, max: None, unit: 1 };
}

/// `AtU8`: a count, then each atom with its length in one byte; a negative count announces lengths in the compact form.
pub fn parse_atoms(chunk: &[u8], latin1: bool) -> Result<Vec<Box<str>>, LoadError> {
    let mut reader = Reader::new(chunk, "the atom table");
    let announced = reader.u32()? as i32;
    let has_long_lengths = announced < 0 && !latin1;
    let count = announced.unsigned_abs() as usize;
    if announced < 0 && latin1 {
        return Err(reader.corrupt("a negative count"));
    }
    reader.check_count(count, 1)?;
    let mut atoms = Vec::with_capacity(count);
    for _ in 0..count {
        let length = if has_long_lengths { reader.compact_unsigned(tag::U)? as usize } else { usize::from(reader.u8()?) };
        let bytes = reader.take(length)?;
        let text: Box<str> = if latin1 {
            bytes.iter().map(|byte| char::from(*byte)).collect()
        } else {
            std::str::from_utf8(bytes).map_err(|_| reader.corrupt("an atom is not UTF-8"))?.into()
        };
        if length > MAX_ATOM_CHARACTERS && text.chars().count() > MAX_ATOM_CHARACTERS {
            return Err(reader.corrupt("an atom of more than 255 characters"));
        }
        atoms.push(text);
    }
    if atoms.is_empty() {
        return Err(reader.corrupt("it holds no module name"));
    }
    Ok(atoms)
}

fn atom_index(reader: &mut Reader, atom_count: usize) -> Result<u32, LoadError> {
    match reader.u32()? {
        index if index >= 1 && index as usize <= atom_count => Ok(index - 1),
        index => Err(reader.corrupt(format!("there is no atom {index}"))),
    }
}

fn arity(reader: &mut Reader) -> Result<u8, LoadError> {
    let arity = reader.u32()?;
    if arity > MAX_ARITY {
        return Err(reader.corrupt(format!("an arity of {arity}")));
    }
    Ok(arity as u8)
}

pub fn parse_imports(chunk: &[u8], atom_count: usize) -> Result<Vec<Import>, LoadError> {
    let mut reader = Reader::new(chunk, "the import table");
    let count = reader.count(12)?;
    (0..count)
        .map(|_| {
            Ok(Import {
                module: atom_index(&mut reader, atom_count)?,
                function: atom_index(&mut reader, atom_count)?,
                arity: arity(&mut reader)?,
            })
        })
        .collect()
}

pub fn parse_exports(chunk: &[u8], atom_count: usize, place: &'static str) -> Result<Vec<Export>, LoadError> {
    let mut reader = Reader::new(chunk, place);
    let count = reader.count(12)?;
    (0..count)
        .map(|_| Ok(Export { function: atom_index(&mut reader, atom_count)?, arity: arity(&mut reader)?, label: reader.u32()? }))
        .collect()
}

pub fn parse_lambdas(chunk: &[u8], atom_count: usize) -> Result<Vec<Lambda>, LoadError> {
    let mut reader = Reader::new(chunk, "the fun table");
    let count = reader.count(24)?;
    (0..count)
        .map(|_| {
            let function = atom_index(&mut reader, atom_count)?;
            let arity = arity(&mut reader)?;
            let (label, index, free_count, old_uniq) = (reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?);
            if free_count > u32::from(arity) {
                return Err(reader.corrupt("a fun with an environment larger than its arity"));
            }
            Ok(Lambda { function, arity, label, index, free_count: free_count as u8, old_uniq })
        })
        .collect()
}

/// Bytes, and where each literal lies in them (from, to).
pub type Literals = (Vec<u8>, Vec<(u32, u32)>);

/// The literals of the chunk, each in the external term format.
pub fn parse_literals(chunk: &[u8]) -> Result<Literals, LoadError> {
    let place = "the literal table";
    let mut reader = Reader::new(chunk, place);
    let length = reader.u32()?;
    let rest = reader.take(reader.remaining())?;
    // OTP 28 and newer store the table as it is, with 0 for the length.
    let bytes = if length == 0 { rest.to_vec() } else { inflate::inflate_literals(rest, length, place)? };
    let mut reader = Reader::new(&bytes, place);
    let count = reader.count(4)?;
    let mut literals = Vec::with_capacity(count);
    for _ in 0..count {
        let size = reader.u32()?;
        literals.push((reader.offset() as u32, size));
        reader.take(size as usize)?;
    }
    if !reader.is_empty() {
        return Err(reader.corrupt("something follows the last literal"));
    }
    Ok((bytes, literals))
}

/// `Line`: version, flags, instructions, lines, files; then lines (a tagged file number changes the file), then file names.
pub fn parse_lines(chunk: &[u8]) -> Result<LineTable, LoadError> {
    let mut reader = Reader::new(chunk, "the line table");
    let version = reader.u32()?;
    if version != 0 {
        return Ok(LineTable { lines: vec![(0, 0)], ..LineTable::default() });
    }
    let flags = reader.u32()?;
    let _instruction_count = reader.u32()?;
    let (line_count, file_count) = (reader.u32()? as usize, reader.u32()? as usize);
    reader.check_count(line_count, 1)?;
    reader.check_count(file_count, 2)?;
    let mut lines = Vec::with_capacity(line_count + 1);
    lines.push((0, 0));
    let mut file = 0;
    while lines.len() <= line_count {
        match reader.compact()? {
            (tag::I, Compact::Small(line)) if (0..=i64::from(u32::MAX)).contains(&line) => lines.push((file, line as u32)),
            (tag::A, Compact::Small(number)) if (0..=file_count as i64).contains(&number) => file = number as u32,
            _ => return Err(reader.corrupt("neither a line nor a file")),
        }
    }
    let mut files = Vec::with_capacity(file_count);
    for _ in 0..file_count {
        let length = usize::from(reader.u16()?);
        files.push(String::from_utf8_lossy(reader.take(length)?).into());
    }
    Ok(LineTable { files, lines, flags })
}

/// `Type`, versions 1 (OTP 25) to 4 (OTP 29); another version claims nothing.
pub fn parse_types(chunk: &[u8]) -> Result<Vec<TypeHint>, LoadError> {
    let mut reader = Reader::new(chunk, "the type table");
    let version = reader.u32()?;
    let count = reader.u32()? as usize;
    if !(1..=4).contains(&version) {
        return Ok(Vec::new());
    }
    reader.check_count(count, 2)?;
    (0..count).map(|_| parse_type(&mut reader, version)).collect()
}

fn parse_type(reader: &mut Reader, version: u32) -> Result<TypeHint, LoadError> {
    let bits = reader.u16()?;
    // Versions 1 and 2 tell bitstrings and match contexts apart (bits 1, 2); version 4 has native records (bit 12).
    let without_contexts = |bits: u16| bits & 1 | (bits >> 1) & 2 | (bits & 2) | (bits >> 1) & !3;
    if version == 1 {
        let (min, max) = (reader.i64()?, reader.i64()?);
        let kinds = without_contexts(bits & 0x1fff) & (kinds::ALL >> 1);
        let has_range = min <= max;
        return Ok(TypeHint { kinds, min: has_range.then_some(min), max: has_range.then_some(max), unit: 1 });
    }
    let bits = match version {
        2 => without_contexts(bits),
        _ => bits,
    };
    let bits = if version < 4 { bits & 0x0fff | (bits << 1) & 0xe000 } else { bits };
    let min = if bits & 1 << 13 != 0 { Some(reader.i64()?) } else { None };
    let max = if bits & 1 << 14 != 0 { Some(reader.i64()?) } else { None };
    let unit = if bits & 1 << 15 != 0 { u16::from(reader.u8()?) + 1 } else { 1 };
    Ok(TypeHint { kinds: bits & kinds::ALL, min, max, unit })
}
