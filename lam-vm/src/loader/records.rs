//! `Recs`: the native records that a module of OTP 29 declares.
//!
//! ```text
//! version 0, records, fields; then for each record one encoded instruction: name, exported, [field, default | none, …]
//! ```

use crate::isa::generic::op;
use crate::loader::beam_file::Tables;
use crate::loader::decode;
use crate::loader::error::LoadError;
use crate::loader::ir::Arg;
use crate::loader::reader::Reader;

/// A native record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordDef {
    /// An index into `BeamFile::atoms`.
    pub name: u32,
    pub is_exported: bool,
    /// Field names (indexes into `BeamFile::atoms`) with their default, a constant operand.
    pub fields: Vec<(u32, Option<Arg>)>,
}

pub fn parse_records(chunk: &[u8], tables: &Tables) -> Result<Vec<RecordDef>, LoadError> {
    let place = "the record table";
    let mut reader = Reader::new(chunk, place);
    if reader.u32()? != 0 {
        return Err(reader.corrupt("its version is unknown"));
    }
    let count = reader.count(4)?;
    let _field_count = reader.u32()?;
    let mut records = Vec::with_capacity(count);
    for _ in 0..count {
        if reader.u8()? != op::CALL_LAST {
            return Err(reader.corrupt("a record does not start as it should"));
        }
        let (args, lists) = decode::decode_args(&mut reader, tables, 3)?;
        let [Arg::Atom(name), Arg::Atom(exported), Arg::List(fields)] = args[..] else {
            return Err(reader.corrupt("a record of an unknown shape"));
        };
        let fields = lists[fields.range()]
            .chunks(2)
            .map(|pair| match *pair {
                [Arg::Atom(field), Arg::Unsigned(_)] => Ok((field, None)),
                [Arg::Atom(field), default @ (Arg::Atom(_) | Arg::Int(_) | Arg::Nil | Arg::Literal(_))] => {
                    Ok((field, Some(default)))
                }
                _ => Err(reader.corrupt("a field of an unknown shape")),
            })
            .collect::<Result<_, _>>()?;
        records.push(RecordDef { name, is_exported: &*tables.atoms[exported as usize] == "true", fields });
    }
    Ok(records)
}
