//! What the external term format of a literal shows of its type, without decoding it.
//!
//! Wrong bytes give `ANY`: whoever decodes the literal refuses the file.

use crate::loader::check::types::{Type, Types, kinds};
use crate::loader::reader::Reader;

const SMALL_BITS: u32 = 60;
/// Elements of tuples are looked at to this depth.
const MAX_DEPTH: u8 = 3;

pub fn literal_type(types: &mut Types, bytes: &[u8], atom_index: &dyn Fn(&str) -> Option<u32>) -> Type {
    let mut reader = Reader::new(bytes, "a literal");
    if !matches!(reader.u8(), Ok(131)) {
        return Type::ANY;
    }
    term(types, &mut reader, 0, atom_index).unwrap_or(Type::ANY)
}

fn term(types: &mut Types, reader: &mut Reader, depth: u8, atom_index: &dyn Fn(&str) -> Option<u32>) -> Option<Type> {
    let start = reader.clone();
    let kind = match reader.u8().ok()? {
        97 => kinds::SMALL,
        98 => kinds::SMALL,
        70 | 99 => kinds::FLOAT,
        110 | 111 => big(&mut start.clone())?,
        106 => kinds::NIL,
        // Without elements it is `[]`, or the tail.
        107 if matches!(reader.clone().u16(), Ok(1..)) => kinds::CONS,
        108 if matches!(reader.clone().u32(), Ok(1..)) => kinds::CONS,
        107 | 108 => kinds::ANY,
        116 => kinds::MAP,
        67 => kinds::RECORD,
        77 | 109 => kinds::BITSTRING,
        112 | 113 => kinds::FUN,
        tag @ (100 | 115 | 118 | 119) => {
            let length = if matches!(tag, 100 | 118) { usize::from(reader.u16().ok()?) } else { usize::from(reader.u8().ok()?) };
            let bytes = reader.take(length).ok()?;
            // The old tags hold latin1.
            let is_utf8 = matches!(tag, 118 | 119) || bytes.is_ascii();
            let text = std::str::from_utf8(bytes).ok().filter(|_| is_utf8);
            return Some(text.and_then(atom_index).map_or(Type::of(kinds::ATOM), Type::atom));
        }
        tag @ (104 | 105) => {
            let size = if tag == 104 { u32::from(reader.u8().ok()?) } else { reader.u32().ok()? };
            if depth >= MAX_DEPTH || size > 24 {
                skip(&mut start.clone()).and_then(|end| reader.take(end - reader.offset()).ok())?;
                return Some(types.sized_tuple(size, true));
            }
            let mut elements = Vec::with_capacity(size as usize);
            for _ in 0..size {
                elements.push(term(types, reader, depth + 1, atom_index)?);
            }
            return Some(types.tuple(elements.into_iter(), size));
        }
        _ => kinds::ANY,
    };
    let end = skip(&mut start.clone())?;
    reader.take(end - reader.offset()).ok()?;
    Some(Type::of(kind))
}

fn big(reader: &mut Reader) -> Option<u32> {
    let tag = reader.u8().ok()?;
    let length = if tag == 110 { usize::from(reader.u8().ok()?) } else { reader.u32().ok()? as usize };
    reader.u8().ok()?;
    let magnitude = reader.take(length).ok()?;
    let bits: u32 =
        magnitude.iter().rposition(|byte| *byte != 0).map_or(0, |top| top as u32 * 8 + 8 - magnitude[top].leading_zeros());
    // The least small integer has one bit more than the others.
    Some(match bits {
        0..=SMALL_BITS => kinds::SMALL,
        bits if bits == SMALL_BITS + 1 => kinds::INTEGER,
        _ => kinds::BIG,
    })
}

/// The offset after one term; no recursion, whatever the depth.
fn skip(reader: &mut Reader) -> Option<usize> {
    let mut pending: u64 = 1;
    while pending > 0 {
        pending -= 1;
        match reader.u8().ok()? {
            97 => drop(reader.take(1).ok()?),
            98 => drop(reader.take(4).ok()?),
            70 => drop(reader.take(8).ok()?),
            99 => drop(reader.take(31).ok()?),
            106 => {}
            100 | 118 | 107 => {
                let length = usize::from(reader.u16().ok()?);
                reader.take(length).ok()?;
            }
            115 | 119 => {
                let length = usize::from(reader.u8().ok()?);
                reader.take(length).ok()?;
            }
            104 => pending += u64::from(reader.u8().ok()?),
            105 => pending += u64::from(reader.u32().ok()?),
            108 => pending += u64::from(reader.u32().ok()?) + 1,
            67 => {
                let count = u64::from(reader.u32().ok()?);
                reader.take(1).ok()?;
                pending += 2 + 2 * count;
            }
            116 => pending += 2 * u64::from(reader.u32().ok()?),
            109 => {
                let length = reader.u32().ok()? as usize;
                reader.take(length).ok()?;
            }
            77 => {
                let length = reader.u32().ok()? as usize;
                reader.take(length.checked_add(1)?).ok()?;
            }
            110 => {
                let length = usize::from(reader.u8().ok()?);
                reader.take(length + 1).ok()?;
            }
            111 => {
                let length = reader.u32().ok()? as usize;
                reader.take(length.checked_add(1)?).ok()?;
            }
            // An export fun: module, function, arity.
            113 => pending += 3,
            _ => return None,
        }
    }
    Some(reader.offset())
}
