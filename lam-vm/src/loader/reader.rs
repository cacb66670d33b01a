//! A cursor over bytes of a stranger: every read is checked, every number that the compact encoding of operands allows is read.

use crate::loader::error::LoadError;

/// The low three bits of an operand's first byte.
pub mod tag {
    pub const U: u8 = 0;
    pub const I: u8 = 1;
    pub const A: u8 = 2;
    pub const X: u8 = 3;
    pub const Y: u8 = 4;
    pub const F: u8 = 5;
    // 6 is a character, which no compiler emits.
    pub const Z: u8 = 7;
}

/// The number that follows a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compact<'a> {
    Small(i64),
    /// Big-endian two's complement, more than eight bytes.
    Big(&'a [u8]),
}

#[derive(Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    place: &'static str,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], place: &'static str) -> Reader<'a> {
        Reader { bytes, offset: 0, place }
    }

    pub fn offset(&self) -> usize {
        self.offset
    }

    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }

    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    fn truncated(&self) -> LoadError {
        LoadError::Truncated { place: self.place }
    }

    pub fn corrupt(&self, what: impl Into<String>) -> LoadError {
        LoadError::corrupt(self.place, what)
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], LoadError> {
        let end = self.offset.checked_add(count).ok_or_else(|| self.truncated())?;
        let taken = self.bytes.get(self.offset..end).ok_or_else(|| self.truncated())?;
        self.offset = end;
        Ok(taken)
    }

    pub fn u8(&mut self) -> Result<u8, LoadError> {
        let byte = *self.bytes.get(self.offset).ok_or_else(|| self.truncated())?;
        self.offset += 1;
        Ok(byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub fn u16(&mut self) -> Result<u16, LoadError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, LoadError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub fn i64(&mut self) -> Result<i64, LoadError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    /// A count of items that take at least `item_bytes` each: what cannot fit is refused before anything is allocated for it.
    pub fn count(&mut self, item_bytes: usize) -> Result<usize, LoadError> {
        let count = self.u32()? as usize;
        self.check_count(count, item_bytes)?;
        Ok(count)
    }

    pub fn check_count(&self, count: usize, item_bytes: usize) -> Result<(), LoadError> {
        match count.checked_mul(item_bytes) {
            Some(bytes) if bytes <= self.remaining() => Ok(()),
            _ => Err(self.corrupt(format!("{count} entries do not fit into what is left"))),
        }
    }

    /// One tagged number.
    ///
    /// ```text
    /// vvvv 0 ttt                      0 … 15
    /// vvv 01 ttt, v                   0 … 2047
    /// lll 11 ttt, l+2 bytes           signed, 2 to 8 bytes
    /// 111 11 ttt, tagged n, n+9 bytes signed
    /// ```
    #[inline]
    pub fn compact(&mut self) -> Result<(u8, Compact<'a>), LoadError> {
        let first = self.u8()?;
        let tag = first & 7;
        if first & 8 == 0 {
            return Ok((tag, Compact::Small(i64::from(first >> 4))));
        }
        if first & 16 == 0 {
            let low = self.u8()?;
            return Ok((tag, Compact::Small(i64::from(first >> 5) << 8 | i64::from(low))));
        }
        let length = match first >> 5 {
            // The length is itself a tagged number, of at most eight bytes: it does not nest.
            7 if self.bytes.get(self.offset).is_none_or(|next| next & 0xf8 == 0xf8) => {
                return Err(self.corrupt("a number of impossible length"));
            }
            7 => match self.compact()? {
                (tag::U, Compact::Small(more)) if (0..=1 << 24).contains(&more) => more as usize + 9,
                _ => return Err(self.corrupt("a number of impossible length")),
            },
            short => usize::from(short) + 2,
        };
        let bytes = self.take(length)?;
        Ok((tag, shrink(bytes)))
    }

    /// A tagged number that must have this tag and be a plain unsigned number.
    pub fn compact_unsigned(&mut self, expected: u8) -> Result<u64, LoadError> {
        match self.compact()? {
            (found, Compact::Small(number)) if found == expected && number >= 0 => Ok(number as u64),
            _ => Err(self.corrupt("a plain number was expected")),
        }
    }
}

fn shrink(bytes: &[u8]) -> Compact<'_> {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let (padding, sign) = if negative { (0xff, 0x80) } else { (0, 0) };
    let mut bytes = bytes;
    while let [first, second, ..] = bytes
        && *first == padding
        && second & 0x80 == sign
    {
        bytes = &bytes[1..];
    }
    if bytes.len() > 8 {
        return Compact::Big(bytes);
    }
    let start = if negative { -1i64 } else { 0 };
    Compact::Small(bytes.iter().fold(start, |number, byte| number << 8 | i64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_numbers() {
        let read = |bytes: &'static [u8]| Reader::new(bytes, "test").compact().unwrap();
        assert_eq!(read(&[0x93]), (tag::X, Compact::Small(9)));
        assert_eq!(read(&[0x29, 0x10]), (tag::I, Compact::Small(0x110)));
        assert_eq!(read(&[0x19, 0xff, 0xfe]), (tag::I, Compact::Small(-2)));
        assert_eq!(
            read(&[0xf9, 0x00, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).1,
            Compact::Big(&[0, 255, 255, 255, 255, 255, 255, 255, 255])
        );
        assert_eq!(read(&[0xf9, 0x00, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).1, Compact::Small(i64::MAX));
        assert!(Reader::new(&[0xf9, 0x10, 1], "test").compact().is_err());
        assert!(Reader::new(&[0xf8; 1 << 20], "test").compact().is_err());
    }
}
