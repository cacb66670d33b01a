//! A first pass over an external term, which allocates nothing: is it whole and well-formed, and where does it end?
//!
//! It makes hostile input cheap: what this pass refuses was never built, and what it accepts gives a term of a size in proportion
//! to its bytes. It reads a slice or a stream that is being inflated. Terms are only counted, so depth is no matter.

use std::io::Read;

use super::external::tag;
use super::external_decode::{ATOM_CHARACTERS_MAX, DecodeError};
use crate::term::identity::{REF_FIRST_BITS, REF_NUMBERS_MAX};
use crate::term::integer::LIMBS_MAX;

/// OTP's limit of a tuple's size.
const ARITY_MAX: u32 = (1 << 24) - 1;

/// Bytes to scan.
pub trait Source {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError>;
    fn skip(&mut self, count: u64) -> Result<(), DecodeError>;
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
}

/// A stream, as the inflated part of a compressed term.
pub struct Stream<R>(pub R);

impl<R: Read> Source for Stream<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
        self.0.read_exact(bytes).map_err(|_| DecodeError::Truncated)
    }
    fn skip(&mut self, count: u64) -> Result<(), DecodeError> {
        let skipped =
            std::io::copy(&mut self.0.by_ref().take(count), &mut std::io::sink()).map_err(|_| DecodeError::Truncated)?;
        if skipped == count { Ok(()) } else { Err(DecodeError::Truncated) }
    }
}

fn u8_of(source: &mut impl Source) -> Result<u8, DecodeError> {
    let mut bytes = [0; 1];
    source.fill(&mut bytes)?;
    Ok(bytes[0])
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

/// Reads one term; an error where `decode` would find one, but for names it does not know and keys that are equal.
pub fn scan(source: &mut impl Source) -> Result<(), DecodeError> {
    let mut terms: u64 = 1;
    while terms > 0 {
        terms -= 1;
        let kind = u8_of(source)?;
        terms += one(source, kind)?;
    }
    Ok(())
}

/// Reads the term of this tag up to the terms within, and gives their number.
fn one(source: &mut impl Source, kind: u8) -> Result<u64, DecodeError> {
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
        tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8 => atom(source, kind)?,
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
            any_atom(source)?;
            source.skip(9)?;
        }
        tag::NEW_PID => {
            any_atom(source)?;
            source.skip(12)?;
        }
        tag::PORT => {
            any_atom(source)?;
            source.skip(5)?;
        }
        tag::NEW_PORT => {
            any_atom(source)?;
            source.skip(8)?;
        }
        tag::V4_PORT => {
            any_atom(source)?;
            source.skip(12)?;
        }
        tag::REFERENCE => {
            any_atom(source)?;
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
            any_atom(source)?;
            let creation_bytes = if kind == tag::NEW_REFERENCE { 1 } else { 4 };
            source.skip(creation_bytes + 4 * u64::from(count))?;
        }
        tag::EXPORT => {
            any_atom(source)?;
            any_atom(source)?;
            integer(source)?;
        }
        tag::NEW_FUN => {
            source.skip(4 + 1 + 16 + 4)?;
            let free = u32_of(source)?;
            any_atom(source)?;
            integer(source)?;
            integer(source)?;
            let kind = u8_of(source)?;
            if kind != tag::PID && kind != tag::NEW_PID {
                return Err(DecodeError::Invalid);
            }
            one(source, kind)?;
            return Ok(u64::from(free));
        }
        _ => return Err(DecodeError::Invalid),
    }
    Ok(0)
}

fn integer(source: &mut impl Source) -> Result<(), DecodeError> {
    match u8_of(source)? {
        kind @ (tag::SMALL_INTEGER | tag::INTEGER | tag::SMALL_BIG) => one(source, kind).map(|_| ()),
        _ => Err(DecodeError::Invalid),
    }
}

fn any_atom(source: &mut impl Source) -> Result<(), DecodeError> {
    match u8_of(source)? {
        kind @ (tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8) => atom(source, kind),
        _ => Err(DecodeError::Invalid),
    }
}

fn atom(source: &mut impl Source, kind: u8) -> Result<(), DecodeError> {
    let length = match kind {
        tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8 => usize::from(u8_of(source)?),
        _ => usize::from(u16_of(source)?),
    };
    let mut buffer = [0; 4 * ATOM_CHARACTERS_MAX];
    let text = buffer.get_mut(..length).ok_or(DecodeError::Invalid)?;
    source.fill(text)?;
    let characters = match kind {
        tag::ATOM | tag::SMALL_ATOM => length,
        _ => core::str::from_utf8(text).map_err(|_| DecodeError::Invalid)?.chars().count(),
    };
    if characters > ATOM_CHARACTERS_MAX { Err(DecodeError::Invalid) } else { Ok(()) }
}
