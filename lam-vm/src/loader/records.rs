//! `Recs`: the native records that a module of OTP 29 declares.
//!
//! ```text
//! version 0, records, fields; then for each record one encoded instruction: name, exported, [field, default | none, …]
//! ```
//! Each also becomes a literal of the module, its *template* `{Record, {HasDefault, …}}`: the record with its defaults (`[]` where there
//! is none), and which fields have one.

use crate::isa::generic::op;
use crate::loader::beam_file::Tables;
use crate::loader::decode;
use crate::loader::error::LoadError;
use crate::loader::ir::{Arg, Code};
use crate::loader::reader::Reader;

/// A native record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordDef {
    /// An index into `BeamFile::atoms`.
    pub name: u32,
    pub is_exported: bool,
    /// Field names (indexes into `BeamFile::atoms`), and which have a default.
    pub fields: Vec<(u32, bool)>,
    /// The literal that records are made from.
    pub template: u32,
}

/// Templates may repeat what literals hold; together they are not longer than this.
const TEMPLATE_BYTES_MAX: usize = 16 << 20;

/// Reads the chunk; templates are put behind the module's literals.
pub fn parse_records(chunk: &[u8], tables: &mut Tables) -> Result<Vec<RecordDef>, LoadError> {
    let place = "the record table";
    let mut reader = Reader::new(chunk, place);
    if reader.u32()? != 0 {
        return Err(reader.corrupt("its version is unknown"));
    }
    let count = reader.count(4)?;
    let _field_count = reader.u32()?;
    let mut records = Vec::with_capacity(count);
    let first_byte = tables.literal_bytes.len();
    for _ in 0..count {
        if reader.u8()? != op::CALL_LAST {
            return Err(reader.corrupt("a record does not start as it should"));
        }
        let (args, code) = decode::decode_args(&mut reader, tables, 3)?;
        let [Arg::Atom(name), Arg::Atom(exported), Arg::List(list)] = args[..] else {
            return Err(reader.corrupt("a record of an unknown shape"));
        };
        let is_exported = &*tables.atoms[exported as usize] == "true";
        let (mut fields, mut defaults) = (Vec::new(), Vec::new());
        for pair in code.lists[list.range()].chunks(2) {
            let &[Arg::Atom(field), default] = pair else { return Err(reader.corrupt("a field of an unknown shape")) };
            fields.push((field, !matches!(default, Arg::Unsigned(_))));
            if !put_default(&mut defaults, default, &code, tables) {
                return Err(reader.corrupt("a field of an unknown shape"));
            }
            if tables.literal_bytes.len() - first_byte + defaults.len() > TEMPLATE_BYTES_MAX {
                return Err(LoadError::corrupt(place, "its defaults are too big"));
            }
        }
        let template = template(name, is_exported, &fields, &defaults, tables);
        let record = RecordDef { name, is_exported, fields, template: tables.literals.len() as u32 };
        tables.literals.push((tables.literal_bytes.len() as u32, template.len() as u32));
        tables.literal_bytes.extend_from_slice(&template);
        records.push(record);
    }
    Ok(records)
}

/// The record with its defaults, and which fields have one.
fn template(name: u32, is_exported: bool, fields: &[(u32, bool)], defaults: &[u8], tables: &Tables) -> Vec<u8> {
    let count = (fields.len() as u32).to_be_bytes();
    let mut out = vec![131, 104, 2, 67];
    out.extend_from_slice(&count);
    out.push(u8::from(is_exported));
    let names = [0, name];
    names.iter().chain(fields.iter().map(|(name, _)| name)).for_each(|name| put_atom(&mut out, &tables.atoms[*name as usize]));
    out.extend_from_slice(defaults);
    out.push(105);
    out.extend_from_slice(&count);
    fields.iter().for_each(|(_, has_default)| put_atom(&mut out, if *has_default { "true" } else { "false" }));
    out
}

/// A default as an external term, `[]` for none; false for what is no constant.
fn put_default(out: &mut Vec<u8>, default: Arg, code: &Code, tables: &Tables) -> bool {
    match default {
        Arg::Unsigned(_) | Arg::Nil => out.push(106),
        Arg::Atom(atom) => put_atom(out, &tables.atoms[atom as usize]),
        Arg::Int(value) => put_integer(out, value < 0, &value.unsigned_abs().to_le_bytes()),
        Arg::Big(index) => match code.bigs.get(index as usize) {
            Some(big) => put_integer(out, big.negative, &big.magnitude),
            None => return false,
        },
        Arg::Literal(index) => {
            let (offset, length) = tables.literals[index as usize];
            let bytes = &tables.literal_bytes[offset as usize..(offset + length) as usize];
            out.extend_from_slice(bytes.get(1..).unwrap_or_default());
        }
        _ => return false,
    }
    true
}

fn put_atom(out: &mut Vec<u8>, text: &str) {
    out.push(118);
    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_integer(out: &mut Vec<u8>, is_negative: bool, magnitude: &[u8]) {
    out.push(111);
    out.extend_from_slice(&(magnitude.len() as u32).to_be_bytes());
    out.push(u8::from(is_negative));
    out.extend_from_slice(magnitude);
}
