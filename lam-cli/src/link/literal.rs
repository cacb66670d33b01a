//! What literals of a module say of names: external terms, read without decoding them into a machine.
//!
//! Broken bytes say nothing here; whoever lays the literal out refuses the module.

use std::rc::Rc;

use super::value::Value;

/// Deeper terms, and those after so many others, are unknown values.
const MAX_DEPTH: usize = 12;
const MAX_TERMS: usize = 20_000;

/// What `walk` meets.
pub enum Met<'a> {
    Atom(&'a str),
    /// An export fun: module, function, arity.
    Fun(&'a str, &'a str, u8),
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
    fn u8(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }
    fn u16(&mut self) -> Option<usize> {
        self.take(2).map(|bytes| usize::from(bytes[0]) << 8 | usize::from(bytes[1]))
    }
    fn u32(&mut self) -> Option<usize> {
        self.take(4).map(|bytes| bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }
    /// The text of an atom whose tag was read; `None` for another tag.
    fn atom(&mut self, tag: u8) -> Option<&'a str> {
        let length = match tag {
            100 | 118 => self.u16()?,
            115 | 119 => usize::from(self.u8()?),
            _ => return None,
        };
        std::str::from_utf8(self.take(length)?).ok()
    }
    fn fun(&mut self) -> Option<(&'a str, &'a str, u8)> {
        let tag = self.u8()?;
        let module = self.atom(tag)?;
        let tag = self.u8()?;
        let function = self.atom(tag)?;
        (self.u8()? == 97).then_some(())?;
        Some((module, function, self.u8()?))
    }
}

/// Calls `visit` for every atom and export fun of a literal, in order, whatever its depth.
pub fn walk<'a>(bytes: &'a [u8], visit: &mut dyn FnMut(Met<'a>)) -> Option<()> {
    let mut reader = Reader(bytes);
    (reader.u8()? == 131).then_some(())?;
    let mut pending = 1usize;
    while pending > 0 {
        pending -= 1;
        match reader.u8()? {
            97 => drop(reader.take(1)?),
            98 => drop(reader.take(4)?),
            70 => drop(reader.take(8)?),
            99 => drop(reader.take(31)?),
            106 => {}
            107 => {
                let length = reader.u16()?;
                reader.take(length)?;
            }
            tag @ (100 | 115 | 118 | 119) => visit(Met::Atom(reader.atom(tag)?)),
            104 => pending += usize::from(reader.u8()?),
            105 => pending = pending.checked_add(reader.u32()?)?,
            108 => pending = pending.checked_add(reader.u32()? + 1)?,
            67 => {
                let count = reader.u32()?;
                reader.take(1)?;
                pending = pending.checked_add(2 * count + 2)?;
            }
            116 => pending = pending.checked_add(2 * reader.u32()?)?,
            109 => {
                let length = reader.u32()?;
                reader.take(length)?;
            }
            77 => {
                let length = reader.u32()?;
                reader.take(length + 1)?;
            }
            110 => {
                let length = usize::from(reader.u8()?);
                reader.take(length + 1)?;
            }
            111 => {
                let length = reader.u32()?;
                reader.take(length + 1)?;
            }
            113 => {
                let (module, function, arity) = reader.fun()?;
                visit(Met::Fun(module, function, arity));
            }
            _ => return None,
        }
    }
    Some(())
}

/// The literal as a value, as far as names matter.
pub fn value(bytes: &[u8]) -> Value {
    let mut reader = Reader(bytes);
    if reader.u8() != Some(131) {
        return Value::Unknown;
    }
    let mut left = MAX_TERMS;
    term(&mut reader, 0, &mut left).unwrap_or(Value::Unknown)
}

fn term(reader: &mut Reader<'_>, depth: usize, left: &mut usize) -> Option<Value> {
    *left = left.checked_sub(1)?;
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match reader.u8()? {
        97 => Value::Int(i64::from(reader.u8()?)),
        98 => Value::Int(i64::from(reader.u32()? as u32 as i32)),
        106 => Value::Nil,
        tag @ (100 | 115 | 118 | 119) => Value::atom(reader.atom(tag)?),
        107 => {
            let length = reader.u16()?;
            reader.take(length)?;
            Value::Data
        }
        tag @ (104 | 105) => {
            let count = if tag == 104 { usize::from(reader.u8()?) } else { reader.u32()? };
            let mut elements = Vec::new();
            for _ in 0..count {
                elements.push(term(reader, depth + 1, left)?);
            }
            Value::Tuple(elements.into())
        }
        108 => {
            let count = reader.u32()?;
            let mut elements = Vec::new();
            for _ in 0..count {
                elements.push(term(reader, depth + 1, left)?);
            }
            let tail = term(reader, depth + 1, left)?;
            elements.into_iter().rev().fold(tail, |tail, head| Value::Cons(Rc::new((head, tail))))
        }
        116 => {
            // Keys and values stand where elements of tuples would, so that what lies in them is looked at.
            let count = reader.u32()?;
            let mut pairs = Vec::new();
            for _ in 0..count {
                pairs.push((term(reader, depth + 1, left)?, term(reader, depth + 1, left)?));
            }
            Value::Map(pairs.into())
        }
        // A native record: its values count, as elements of a tuple would.
        67 => {
            let count = reader.u32()?;
            reader.u8()?;
            let mut parts = Vec::new();
            for _ in 0..2 + 2 * count {
                parts.push(term(reader, depth + 1, left)?);
            }
            Value::Tuple(parts.into())
        }
        113 => {
            reader.fun()?;
            Value::Data
        }
        tag @ (70 | 99 | 109 | 77 | 110 | 111) => {
            let length = match tag {
                70 => 8,
                99 => 31,
                109 => reader.u32()?,
                110 => usize::from(reader.u8()?) + 1,
                _ => reader.u32()? + 1,
            };
            reader.take(length)?;
            Value::Data
        }
        _ => return None,
    })
}
