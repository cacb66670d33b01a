//! Looks over inflated data as it streams by, so that a bomb is found out before memory is taken for it.
//!
//! A walker takes bytes and says where the format breaks; it keeps a few words whatever the length of the stream.

use std::io::{Error, ErrorKind, Write};

/// Collects headers that may be cut anywhere.
#[derive(Default)]
struct Header {
    bytes: [u8; 12],
    count: usize,
}

impl Header {
    /// Takes bytes until `wanted` are there.
    fn fill(&mut self, input: &mut &[u8], wanted: usize) -> bool {
        let taken = (wanted - self.count).min(input.len());
        self.bytes[self.count..self.count + taken].copy_from_slice(&input[..taken]);
        self.count += taken;
        *input = &input[taken..];
        self.count == wanted
    }

    fn u32_at(&self, offset: usize) -> u32 {
        self.bytes[offset..offset + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
    }
}

fn broken() -> Error {
    Error::from(ErrorKind::InvalidData)
}

/// Skips bytes whose content does not matter.
fn skip(input: &mut &[u8], left: &mut u64) {
    let taken = (input.len() as u64).min(*left);
    *input = &input[taken as usize..];
    *left -= taken;
}

/// `FOR1 size BEAM`, then chunks one after another.
#[derive(Default)]
pub struct ChunkWalker {
    header: Header,
    has_begun: bool,
    skipped: u64,
}

impl Write for ChunkWalker {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let mut input = bytes;
        while !input.is_empty() {
            skip(&mut input, &mut self.skipped);
            let wanted = if self.has_begun { 8 } else { 12 };
            if input.is_empty() || !self.header.fill(&mut input, wanted) {
                break;
            }
            if !self.has_begun {
                if &self.header.bytes[8..12] != b"BEAM" {
                    return Err(broken());
                }
                self.has_begun = true;
            } else {
                if !self.header.bytes[..4].iter().all(u8::is_ascii_graphic) {
                    return Err(broken());
                }
                self.skipped = u64::from(self.header.u32_at(4)).next_multiple_of(4);
            }
            self.header.count = 0;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let ends_well = self.has_begun && self.header.count == 0 && self.skipped < 4;
        if ends_well { Ok(()) } else { Err(broken()) }
    }
}

/// The literal table: a count, then each literal's size and its term in the external format.
#[derive(Default)]
pub struct LiteralWalker {
    header: Header,
    phase: Phase,
    literals_left: u32,
    /// Bytes left in this literal, after what the header holds.
    bytes_left: u64,
    terms_left: u64,
    skipped: u64,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Phase {
    #[default]
    Count,
    Size,
    Version,
    Tag,
    /// The bytes that follow a tag and say how long the term is.
    Length,
    Done,
}

impl LiteralWalker {
    fn step(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
        let wanted = match self.phase {
            Phase::Count | Phase::Size => 4,
            Phase::Version | Phase::Tag => 1,
            Phase::Length => 1 + length_bytes(self.header.bytes[0]).ok_or_else(broken)?,
            Phase::Done => return Err(broken()),
        };
        if !self.header.fill(input, wanted) {
            return Ok(false);
        }
        match self.phase {
            Phase::Count => {
                self.literals_left = self.header.u32_at(0);
                self.next_literal();
            }
            Phase::Size => {
                self.bytes_left = u64::from(self.header.u32_at(0));
                self.start(Phase::Version);
            }
            Phase::Version => {
                self.use_bytes(1)?;
                if self.header.bytes[0] != 131 {
                    return Err(broken());
                }
                self.terms_left = 1;
                self.start(Phase::Tag);
            }
            // The tag stays in the header; what tells the length joins it.
            Phase::Tag => self.phase = Phase::Length,
            Phase::Length => {
                self.use_bytes(wanted as u64)?;
                let (payload, terms) = extent(&self.header);
                self.use_bytes(payload)?;
                self.skipped = payload;
                self.terms_left = self.terms_left - 1 + terms;
                // Each term takes a byte at least.
                if self.terms_left > self.bytes_left {
                    return Err(broken());
                }
                self.start(Phase::Tag);
                if self.terms_left == 0 {
                    if self.bytes_left != 0 {
                        return Err(broken());
                    }
                    self.next_literal();
                }
            }
            Phase::Done => {}
        }
        Ok(true)
    }

    fn start(&mut self, phase: Phase) {
        self.phase = phase;
        self.header.count = 0;
    }

    fn next_literal(&mut self) {
        self.start(if self.literals_left == 0 { Phase::Done } else { Phase::Size });
        self.literals_left = self.literals_left.saturating_sub(1);
    }

    fn use_bytes(&mut self, count: u64) -> Result<(), Error> {
        self.bytes_left = self.bytes_left.checked_sub(count).ok_or_else(broken)?;
        Ok(())
    }
}

impl Write for LiteralWalker {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let mut input = bytes;
        loop {
            skip(&mut input, &mut self.skipped);
            // A term without length bytes is complete with its tag.
            let needs_input = !(self.phase == Phase::Length && length_bytes(self.header.bytes[0]) == Some(0));
            if (input.is_empty() && needs_input) || !self.step(&mut input)? {
                return Ok(bytes.len());
            }
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.phase == Phase::Done && self.skipped == 0 { Ok(()) } else { Err(broken()) }
    }
}

/// How many bytes after a tag tell the term's length.
fn length_bytes(tag: u8) -> Option<usize> {
    Some(match tag {
        70 | 97 | 98 | 99 | 106 | 113 => 0,
        104 | 110 | 115 | 119 => 1,
        100 | 107 | 118 => 2,
        105 | 108 | 109 | 111 | 116 => 4,
        77 => 4,
        _ => return None,
    })
}

/// Bytes and terms that follow a tag and its length.
fn extent(header: &Header) -> (u64, u64) {
    let byte = u64::from(header.bytes[1]);
    let short = byte << 8 | u64::from(header.bytes[2]);
    let long = u64::from(header.u32_at(1));
    match header.bytes[0] {
        70 => (8, 0),
        97 => (1, 0),
        98 => (4, 0),
        99 => (31, 0),
        113 => (0, 3),
        104 => (0, byte),
        110 => (byte + 1, 0),
        115 | 119 => (byte, 0),
        100 | 107 | 118 => (short, 0),
        105 => (0, long),
        108 => (0, long + 1),
        109 => (long, 0),
        77 | 111 => (long + 1, 0),
        116 => (0, 2 * long),
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a walker takes bytes that come in pieces of any size.
    fn takes(bytes: &[u8]) -> bool {
        let results: Vec<bool> = [1, 2, 3, 7, 1000]
            .map(|size| {
                let mut walker = LiteralWalker::default();
                bytes.chunks(size).all(|piece| walker.write(piece).is_ok()) && walker.flush().is_ok()
            })
            .to_vec();
        assert!(results.iter().all(|result| *result == results[0]));
        results[0]
    }

    #[test]
    fn literal_tables() {
        assert!(takes(&[0, 0, 0, 0]));
        // [] and {1, <<"ab">>, [a | 3.0]}
        let tuple = [131, 104, 3, 97, 1, 109, 0, 0, 0, 2, 97, 98, 108, 0, 0, 0, 1, 119, 1, 97, 70, 64, 8, 0, 0, 0, 0, 0, 0];
        let mut table = vec![0, 0, 0, 2, 0, 0, 0, 2, 131, 106, 0, 0, 0, tuple.len() as u8];
        table.extend(tuple);
        assert!(takes(&table));
        assert!(!takes(&table[..table.len() - 1]));
        table.push(0);
        assert!(!takes(&table));
        assert!(!takes(&[0, 0, 0, 1, 0, 0, 0, 2, 131, 0]));
    }
}
