//! Reading arguments: what several BIFs ask of a term.

use super::{Call, Stop};
use crate::term::word;
use crate::term::{Term, View};

/// Integers of the I/O list rules: a byte, a bitstring, or a list of them (whose tail may be a bitstring).
///
/// Walks without recursion; `visit` gets each bitstring and each byte in order. *Errors*: `None` for anything else.
pub fn walk_iolist<'c>(list: Term<'c>, mut visit: impl FnMut(Part<'c>) -> bool) -> Option<()> {
    let mut pending: Vec<Term<'c>> = Vec::new();
    let mut now = list;
    loop {
        // `now` is a list or the tail of one.
        while let Some(cell) = now.as_cons() {
            let head = cell.head;
            now = cell.tail;
            if let Some(value) = head.as_small() {
                if !visit(Part::Byte(u8::try_from(value).ok()?)) {
                    return None;
                }
            } else if head.is_bitstring() {
                if !visit(Part::Bits(head)) {
                    return None;
                }
            } else if word::is_cons(head.word()) {
                pending.push(now);
                now = head;
            } else if !head.is_nil() {
                return None;
            }
        }
        if now.is_bitstring() {
            if !visit(Part::Bits(now)) {
                return None;
            }
        } else if !now.is_nil() {
            return None;
        }
        match pending.pop() {
            Some(rest) => now = rest,
            None => return Some(()),
        }
    }
}

/// A leaf of an I/O list.
pub enum Part<'c> {
    Byte(u8),
    Bits(Term<'c>),
}

/// The bytes of an I/O list or binary; `None` where it is neither (also for a part that is no whole number of bytes).
pub fn iolist_bytes(term: Term<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    append_iolist(term, &mut bytes)?;
    Some(bytes)
}

/// As `iolist_bytes`, after what is in `bytes`.
pub fn append_iolist(term: Term<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    if term.is_bitstring() {
        bytes.extend_from_slice(&term.to_bytes()?);
        return Some(());
    }
    if !term.is_list() {
        return None;
    }
    walk_iolist(term, |part| match part {
        Part::Byte(byte) => {
            bytes.push(byte);
            true
        }
        Part::Bits(bits) => match bits.to_bytes() {
            Some(slice) => {
                bytes.extend_from_slice(&slice);
                true
            }
            None => false,
        },
    })
}

/// Size in bytes of an I/O list or binary.
pub fn iolist_byte_count(term: Term<'_>) -> Option<usize> {
    let mut count = 0;
    let mut add = |term: Term<'_>| match term.as_bits() {
        Some(bits) if bits.size % 8 == 0 => {
            count += bits.size / 8;
            true
        }
        _ => false,
    };
    if term.is_bitstring() {
        return add(term).then_some(count);
    }
    if !term.is_list() {
        return None;
    }
    let mut single = 0;
    walk_iolist(term, |part| match part {
        Part::Byte(_) => {
            single += 1;
            true
        }
        Part::Bits(bits) => add(bits),
    })?;
    Some(count + single)
}

/// Characters of a flat proper list of code points up to `limit`; `None` where it is none or an element is out of range.
pub fn characters(list: Term<'_>, limit: i64) -> Option<Vec<u32>> {
    let mut text = Vec::new();
    let mut rest = list.iter_list();
    for element in rest.by_ref() {
        let value = element.as_small()?;
        if value < 0 || value > limit {
            return None;
        }
        text.push(value as u32);
    }
    rest.rest.is_nil().then_some(text)
}

/// Bytes of a flat proper list of Latin-1 characters.
pub fn latin1_list(list: Term<'_>) -> Option<Vec<u8>> {
    Some(characters(list, 255)?.into_iter().map(|character| character as u8).collect())
}

/// A 1-based position in something of `size` elements, as an offset.
pub fn one_based(index: Term<'_>, size: usize) -> Option<usize> {
    let index = index.as_usize()?;
    (1..=size).contains(&index).then(|| index - 1)
}

/// The part `(start, length)` of `size` bytes, where a negative length counts backwards.
pub fn part_range(size: usize, start: Term<'_>, length: Term<'_>) -> Option<(usize, usize)> {
    let start = start.as_usize()?;
    let length = length.as_small()?;
    if start > size {
        return None;
    }
    if length >= 0 {
        let length = usize::try_from(length).ok()?;
        (length <= size - start).then_some((start, length))
    } else {
        let length = usize::try_from(length.unsigned_abs()).ok()?;
        (length <= start).then(|| (start - length, length))
    }
}

/// The calling process's pid as a term.
pub fn self_pid<'c>(call: &mut Call<'c>) -> Term<'c> {
    pid_term(call.process().pid)
}

pub use crate::process::pid_term;

/// Whether the term is an integer below 0.
pub fn is_negative_integer(term: Term<'_>) -> bool {
    match term.view() {
        View::Small(value) => value < 0,
        View::Big(big) => big.negative,
        _ => false,
    }
}

/// `badarg` where there is no value.
pub trait OrBadarg<T> {
    fn or_badarg<'c>(self) -> Result<T, Stop<'c>>;
}

impl<T> OrBadarg<T> for Option<T> {
    fn or_badarg<'c>(self) -> Result<T, Stop<'c>> {
        self.ok_or(Stop::BADARG)
    }
}
