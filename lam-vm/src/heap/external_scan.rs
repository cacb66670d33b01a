//! A first pass over an external term, which allocates nothing: is it whole and well-formed, and where does it end?
//!
//! It makes hostile input cheap: what this pass refuses was never built, and what it accepts gives a term of a size in proportion
//! to its bytes. It reads a slice or a stream that is being inflated. Terms are only counted, so depth is no matter. Where new
//! atoms are forbidden it looks them up, so that they too cost nothing.

use std::io::Read;

use super::external::tag;
use super::external_decode::{ATOM_CHARACTERS_MAX, DecodeError};
use crate::atom;
use crate::term::identity::{REF_FIRST_BITS, REF_NUMBERS_MAX};
use crate::term::integer::LIMBS_MAX;

/// OTP's limit of a tuple's size.
const ARITY_MAX: u32 = (1 << 24) - 1;

/// Bytes to scan.
pub trait Source {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError>;
    fn skip(&mut self, count: u64) -> Result<(), DecodeError>;
    fn byte(&mut self) -> Result<u8, DecodeError>;
}

impl Source for &[u8] {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        let (head, rest) = self.split_at_checked(bytes.len()).ok_or(DecodeError::Truncated)?;
        bytes.copy_from_slice(head);
        *self = rest;
        Ok(())
    }
    fn skip(&mut self, count: u64) -> Result<(), DecodeError> {
        let count = usize::try_from(count).map_err(|_| DecodeError::Truncated)?;
        *self = self.get(count..).ok_or(DecodeError::Truncated)?;
        Ok(())
    }
    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.split_first().ok_or(DecodeError::Truncated)?;
        *self = rest;
        Ok(*first)
    }
}

/// A stream, as the inflated part of a compressed term.
pub struct Stream<R> {
    reader: R,
    buffer: Box<[u8; STREAM_BYTES]>,
    at: usize,
    end: usize,
    /// Bytes that came from the reader.
    total: u64,
}

const STREAM_BYTES: usize = 1 << 14;

impl<R: Read> Stream<R> {
    pub fn new(reader: R) -> Stream<R> {
        Stream { reader, buffer: Box::new([0; STREAM_BYTES]), at: 0, end: 0, total: 0 }
    }
    /// Reads to the end; how many bytes there were in all.
    pub fn drain(mut self) -> Result<u64, DecodeError> {
        while self.refill()? {}
        Ok(self.total)
    }
    /// Reads on when nothing is left; false at the end.
    fn refill(&mut self) -> Result<bool, DecodeError> {
        loop {
            match self.reader.read(&mut self.buffer[..]) {
                Ok(count) => {
                    (self.at, self.end) = (0, count);
                    self.total += count as u64;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(DecodeError::Truncated),
            }
        }
    }
    /// Some bytes that are there, at most `most`.
    fn some(&mut self, most: u64) -> Result<&[u8], DecodeError> {
        if self.at == self.end && !self.refill()? {
            return Err(DecodeError::Truncated);
        }
        let count = most.min((self.end - self.at) as u64) as usize;
        self.at += count;
        Ok(&self.buffer[self.at - count..self.at])
    }
}

impl<R: Read> Source for Stream<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        let mut done = 0;
        while done < bytes.len() {
            let some = self.some((bytes.len() - done) as u64)?;
            bytes[done..done + some.len()].copy_from_slice(some);
            done += some.len();
        }
        Ok(())
    }
    fn skip(&mut self, mut count: u64) -> Result<(), DecodeError> {
        while count > 0 {
            count -= self.some(count)?.len() as u64;
        }
        Ok(())
    }
    #[inline]
    fn byte(&mut self) -> Result<u8, DecodeError> {
        if self.at == self.end && !self.refill()? {
            return Err(DecodeError::Truncated);
        }
        self.at += 1;
        Ok(self.buffer[self.at - 1])
    }
}

fn u8_of(source: &mut impl Source) -> Result<u8, DecodeError> {
    source.byte()
}

fn u16_of(source: &mut impl Source) -> Result<u16, DecodeError> {
    let mut bytes = [0; 2];
    source.fill(&mut bytes)?;
    Ok(u16::from_be_bytes(bytes))
}

fn u32_of(source: &mut impl Source) -> Result<u32, DecodeError> {
    let mut bytes = [0; 4];
    source.fill(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

/// Reads one term; an error where `decode` would find one, but for functions it does not know and keys that are equal.
/// With `safe`, atoms that are not there are an error.
pub fn scan(source: &mut impl Source, safe: bool) -> Result<(), DecodeError> {
    let mut terms: u64 = 1;
    while terms > 0 {
        terms -= 1;
        let kind = u8_of(source)?;
        terms += one(source, kind, safe)?;
    }
    Ok(())
}

/// Whether the bytes start with a term (without version byte); atoms and functions may be any.
pub fn is_term(mut bytes: &[u8]) -> bool {
    scan(&mut bytes, false).is_ok()
}

/// Reads the term of this tag up to the terms within, and gives their number.
fn one(source: &mut impl Source, kind: u8, safe: bool) -> Result<u64, DecodeError> {
    match kind {
        tag::SMALL_INTEGER => source.skip(1)?,
        tag::INTEGER => source.skip(4)?,
        tag::SMALL_BIG => {
            let length = u8_of(source)?;
            source.skip(1 + u64::from(length))?;
        }
        tag::LARGE_BIG => {
            let length = u32_of(source)?;
            if length as usize > 8 * LIMBS_MAX {
                return Err(DecodeError::Invalid);
            }
            source.skip(1 + u64::from(length))?;
        }
        tag::NEW_FLOAT => {
            let mut bytes = [0; 8];
            source.fill(&mut bytes)?;
            if !f64::from_be_bytes(bytes).is_finite() {
                return Err(DecodeError::Invalid);
            }
        }
        tag::FLOAT => source.skip(31)?,
        tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8 => read_atom(source, kind, safe)?,
        tag::NIL => {}
        tag::STRING => {
            let length = u16_of(source)?;
            source.skip(u64::from(length))?;
        }
        tag::LIST => return Ok(u64::from(u32_of(source)?) + 1),
        tag::SMALL_TUPLE => return Ok(u64::from(u8_of(source)?)),
        tag::LARGE_TUPLE => {
            let arity = u32_of(source)?;
            return if arity <= ARITY_MAX { Ok(u64::from(arity)) } else { Err(DecodeError::Invalid) };
        }
        tag::RECORD => {
            let count = u32_of(source)?;
            if count > ARITY_MAX || u8_of(source)? > 1 {
                return Err(DecodeError::Invalid);
            }
            for _ in 0..2 + count {
                any_atom(source, safe)?;
            }
            return Ok(u64::from(count));
        }
        tag::MAP => return Ok(2 * u64::from(u32_of(source)?)),
        tag::BINARY => {
            let length = u32_of(source)?;
            source.skip(u64::from(length))?;
        }
        tag::BIT_BINARY => {
            let length = u32_of(source)?;
            let bits = u8_of(source)?;
            if (bits == 0) != (length == 0) || bits > 8 {
                return Err(DecodeError::Invalid);
            }
            source.skip(u64::from(length))?;
        }
        tag::PID => {
            any_atom(source, safe)?;
            source.skip(9)?;
        }
        tag::NEW_PID => {
            any_atom(source, safe)?;
            source.skip(12)?;
        }
        tag::PORT => {
            any_atom(source, safe)?;
            source.skip(5)?;
        }
        tag::NEW_PORT => {
            any_atom(source, safe)?;
            source.skip(8)?;
        }
        tag::V4_PORT => {
            any_atom(source, safe)?;
            source.skip(12)?;
        }
        tag::REFERENCE => {
            any_atom(source, safe)?;
            if u32_of(source)? >> REF_FIRST_BITS != 0 {
                return Err(DecodeError::Invalid);
            }
            source.skip(1)?;
        }
        tag::NEW_REFERENCE | tag::NEWER_REFERENCE => {
            let count = u16_of(source)?;
            if count == 0 || usize::from(count) > REF_NUMBERS_MAX {
                return Err(DecodeError::Invalid);
            }
            any_atom(source, safe)?;
            let creation_bytes = if kind == tag::NEW_REFERENCE { 1 } else { 4 };
            source.skip(creation_bytes + 4 * u64::from(count))?;
        }
        tag::EXPORT => {
            any_atom(source, safe)?;
            any_atom(source, safe)?;
            integer(source)?;
        }
        tag::NEW_FUN => {
            source.skip(4 + 1 + 16 + 4)?;
            let free = u32_of(source)?;
            any_atom(source, safe)?;
            integer(source)?;
            integer(source)?;
            let kind = u8_of(source)?;
            if kind != tag::PID && kind != tag::NEW_PID {
                return Err(DecodeError::Invalid);
            }
            one(source, kind, safe)?;
            return Ok(u64::from(free));
        }
        _ => return Err(DecodeError::Invalid),
    }
    Ok(0)
}

fn integer(source: &mut impl Source) -> Result<(), DecodeError> {
    match u8_of(source)? {
        kind @ (tag::SMALL_INTEGER | tag::INTEGER | tag::SMALL_BIG) => one(source, kind, false).map(|_| ()),
        _ => Err(DecodeError::Invalid),
    }
}

fn any_atom(source: &mut impl Source, safe: bool) -> Result<(), DecodeError> {
    match u8_of(source)? {
        kind @ (tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8) => read_atom(source, kind, safe),
        _ => Err(DecodeError::Invalid),
    }
}

fn read_atom(source: &mut impl Source, kind: u8, safe: bool) -> Result<(), DecodeError> {
    let length = match kind {
        tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8 => usize::from(u8_of(source)?),
        _ => usize::from(u16_of(source)?),
    };
    let mut buffer = [0; 4 * ATOM_CHARACTERS_MAX];
    let text = buffer.get_mut(..length).ok_or(DecodeError::Invalid)?;
    source.fill(text)?;
    let wide: String;
    let text = match kind {
        tag::ATOM | tag::SMALL_ATOM if !text.is_ascii() => {
            wide = text.iter().map(|byte| char::from(*byte)).collect();
            &wide[..]
        }
        _ => core::str::from_utf8(text).map_err(|_| DecodeError::Invalid)?,
    };
    if text.len() > ATOM_CHARACTERS_MAX && text.chars().count() > ATOM_CHARACTERS_MAX {
        return Err(DecodeError::Invalid);
    }
    if safe && atom::lookup(text).is_none() { Err(DecodeError::Unsafe) } else { Ok(()) }
}
