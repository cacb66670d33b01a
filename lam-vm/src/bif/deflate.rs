//! Streams of deflated data: raw, zlib's and gzip's, each written and read in pieces.
//!
//! The compressor under it makes raw streams only, on every host the same; headers, checksums and trailers are made and checked here
//! (RFC 1950, RFC 1952).

use std::collections::VecDeque;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::util::checksum::{adler32, crc32};

/// What stands around the raw stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Raw,
    Zlib,
    Gzip,
    /// Zlib's or gzip's, as the first byte shows.
    Either,
}

impl Format {
    /// As zlib packs the format into the number of window bits; `None` for a number that it refuses.
    pub fn of_window_bits(bits: i64, writes: bool) -> Option<Format> {
        match bits {
            -15..=-9 => Some(Format::Raw),
            -8 if !writes => Some(Format::Raw),
            8..=15 => Some(Format::Zlib),
            0 if !writes => Some(Format::Zlib),
            24..=31 => Some(Format::Gzip),
            40..=47 if !writes => Some(Format::Either),
            _ => None,
        }
    }
}

/// Why a stream cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// The data is damaged.
    Data,
    /// The call does not fit the stream's state.
    Stream,
}

/// Input that waits.
#[derive(Default)]
pub struct Queue {
    pieces: VecDeque<Vec<u8>>,
    gone: usize,
}

impl Queue {
    pub fn push(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.pieces.push_back(bytes.to_vec());
        }
    }
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
    pub fn clear(&mut self) {
        *self = Queue::default();
    }
    fn front(&self) -> &[u8] {
        self.pieces.front().map_or(&[], |piece| &piece[self.gone..])
    }
    fn take(&mut self, count: usize) {
        self.gone += count;
        if self.pieces.front().is_some_and(|piece| self.gone == piece.len()) {
            self.pieces.pop_front();
            self.gone = 0;
        }
    }
    fn next(&mut self) -> Option<u8> {
        let byte = *self.front().first()?;
        self.take(1);
        Some(byte)
    }
}

/// One that writes.
pub struct Deflater {
    raw: Compress,
    format: Format,
    level: Compression,
    /// Header or trailer still to be written.
    frame: VecDeque<u8>,
    has_started: bool,
    has_ended: bool,
    dictionary: Option<u32>,
    check: u32,
    total: u32,
}

fn level_of(level: i64) -> Option<Compression> {
    match level {
        -1 => Some(Compression::default()),
        0..=9 => Some(Compression::new(level as u32)),
        _ => None,
    }
}

impl Deflater {
    pub fn new(level: i64, format: Format) -> Option<Deflater> {
        let level = level_of(level)?;
        Some(Deflater {
            raw: Compress::new(level, false),
            format,
            level,
            frame: VecDeque::new(),
            has_started: false,
            has_ended: false,
            dictionary: None,
            check: if format == Format::Zlib { 1 } else { 0 },
            total: 0,
        })
    }
    pub fn reset(&mut self) {
        if let Some(fresh) = Deflater::new(i64::from(self.level.level()), self.format) {
            *self = fresh;
        }
    }
    /// Another level from here on, for what follows.
    pub fn set_level(&mut self, level: i64) -> bool {
        let Some(level) = level_of(level) else { return false };
        self.level = level;
        let _ = self.raw.set_level(level);
        true
    }
    /// The checksum of the dictionary, as the header tells it.
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Result<u32, StreamError> {
        if self.has_started || self.format == Format::Gzip {
            return Err(StreamError::Stream);
        }
        self.raw.set_dictionary(dictionary).map_err(|_| StreamError::Stream)?;
        let check = adler32(if self.format == Format::Raw { 0 } else { 1 }, dictionary);
        self.dictionary = Some(check);
        Ok(check)
    }
    fn header(&mut self) {
        match self.format {
            Format::Zlib => {
                let strength: u16 = match self.level.level() {
                    0..=1 => 0,
                    2..=5 => 1,
                    6 => 2,
                    _ => 3,
                };
                let head = 0x7800 | strength << 6 | if self.dictionary.is_some() { 0x20 } else { 0 };
                self.frame.extend((head + (31 - head % 31)).to_be_bytes());
                self.frame.extend(self.dictionary.into_iter().flat_map(u32::to_be_bytes));
            }
            Format::Gzip => {
                let strength = match self.level.level() {
                    9 => 2,
                    0..=1 => 4,
                    _ => 0,
                };
                self.frame.extend([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, strength, 3]);
            }
            _ => {}
        }
    }
    fn trailer(&mut self) {
        match self.format {
            Format::Zlib => self.frame.extend(self.check.to_be_bytes()),
            Format::Gzip => self.frame.extend(self.check.to_le_bytes().into_iter().chain(self.total.to_le_bytes())),
            _ => {}
        }
    }
    /// Writes at most `limit` bytes of what the input gives; a flush (zlib's numbers) when it is used up.
    pub fn run(&mut self, input: &mut Queue, limit: usize, flush: i64) -> Result<Vec<u8>, StreamError> {
        let flush = match flush {
            0 => FlushCompress::None,
            1 => FlushCompress::Partial,
            2 => FlushCompress::Sync,
            3 => FlushCompress::Full,
            4 => FlushCompress::Finish,
            _ => return Err(StreamError::Stream),
        };
        if !self.has_started {
            self.has_started = true;
            self.header();
        }
        let mut out = vec![0; limit];
        let mut used = 0;
        loop {
            while used < limit
                && let Some(byte) = self.frame.pop_front()
            {
                out[used] = byte;
                used += 1;
            }
            if used == limit || self.has_ended {
                break;
            }
            let now = input.front();
            let is_last = now.is_empty();
            let (before_in, before_out) = (self.raw.total_in(), self.raw.total_out());
            let status = self.raw.compress(now, &mut out[used..], if is_last { flush } else { FlushCompress::None });
            let status = status.map_err(|_| StreamError::Stream)?;
            let taken = (self.raw.total_in() - before_in) as usize;
            let made = (self.raw.total_out() - before_out) as usize;
            let bytes = &now[..taken];
            self.check = if self.format == Format::Zlib { adler32(self.check, bytes) } else { crc32(self.check, bytes) };
            self.total = self.total.wrapping_add(taken as u32);
            input.take(taken);
            used += made;
            if status == Status::StreamEnd {
                self.has_ended = true;
                self.trailer();
            } else if is_last && used < limit || (taken == 0 && made == 0) {
                break;
            }
        }
        out.truncate(used);
        Ok(out)
    }
    /// Whether something was written and not finished.
    pub fn is_busy(&self) -> bool {
        self.has_started && !self.has_ended
    }
    /// The CRC of what a raw stream took.
    pub fn crc(&self) -> u32 {
        if self.format == Format::Raw { self.check } else { 0 }
    }
}

enum Place {
    /// Bytes of the header so far.
    Header(Vec<u8>),
    NeedsDictionary,
    Body,
    Trailer(Vec<u8>),
    End,
}

/// One that reads.
pub struct Inflater {
    raw: Decompress,
    format: Format,
    /// Zlib's or gzip's, once known.
    actual: Format,
    place: Place,
    check: u32,
    total: u32,
    dictionary_id: u32,
    /// The dictionary was given and nothing read since: it may be given again.
    may_set_again: bool,
    crc: u32,
    /// The last bytes that came out; the start of what may follow refers to them.
    window: Vec<u8>,
}

const WINDOW_BYTES: usize = 32768;

/// What came out of an `Inflater`.
pub struct Inflated {
    pub bytes: Vec<u8>,
    /// The dictionary that the stream asks for, by its checksum.
    pub needs: Option<u32>,
}

impl Inflater {
    pub fn new(format: Format) -> Inflater {
        let place = if format == Format::Raw { Place::Body } else { Place::Header(Vec::new()) };
        Inflater {
            raw: Decompress::new(false),
            format,
            actual: format,
            place,
            check: 0,
            total: 0,
            dictionary_id: 0,
            may_set_again: false,
            crc: 0,
            window: Vec::new(),
        }
    }
    pub fn reset(&mut self) {
        *self = Inflater::new(self.format);
    }
    pub fn has_ended(&self) -> bool {
        matches!(self.place, Place::End)
    }
    pub fn crc(&self) -> u32 {
        self.crc
    }
    pub fn dictionary(&self) -> &[u8] {
        &self.window[self.window.len().saturating_sub(WINDOW_BYTES)..]
    }
    pub fn set_dictionary(&mut self, dictionary: &[u8]) -> Result<(), StreamError> {
        let is_asked = matches!(self.place, Place::NeedsDictionary) || self.may_set_again;
        match self.place {
            _ if is_asked && adler32(1, dictionary) != self.dictionary_id => return Err(StreamError::Data),
            _ if is_asked => self.may_set_again = true,
            Place::Body if self.format == Format::Raw => {}
            _ => return Err(StreamError::Stream),
        }
        self.raw.set_dictionary(dictionary).map_err(|_| StreamError::Stream)?;
        self.window.extend_from_slice(dictionary);
        self.place = Place::Body;
        Ok(())
    }
    /// Reads until `limit` bytes came out, the input is used up, or the stream ends.
    pub fn run(&mut self, input: &mut Queue, limit: usize) -> Result<Inflated, StreamError> {
        self.may_set_again = false;
        let mut out = vec![0; limit];
        let mut used = 0;
        let mut needs = None;
        loop {
            match &mut self.place {
                Place::Header(bytes) => {
                    let Some(byte) = input.next() else { break };
                    bytes.push(byte);
                    self.header()?;
                }
                Place::NeedsDictionary => {
                    needs = Some(self.dictionary_id);
                    break;
                }
                Place::Body => {
                    let now = input.front();
                    if used == limit {
                        break;
                    }
                    let (before_in, before_out) = (self.raw.total_in(), self.raw.total_out());
                    let status = self.raw.decompress(now, &mut out[used..], FlushDecompress::None);
                    let status = status.map_err(|_| StreamError::Data)?;
                    let taken = (self.raw.total_in() - before_in) as usize;
                    let made = (self.raw.total_out() - before_out) as usize;
                    let trailer = match self.actual {
                        Format::Raw => usize::MAX,
                        Format::Gzip => 8,
                        _ => 4,
                    };
                    let reads_trailer = status == Status::StreamEnd && now.len() - taken >= trailer;
                    input.take(taken);
                    self.note(&out[used..used + made], !reads_trailer);
                    used += made;
                    if status == Status::StreamEnd {
                        self.place = if self.actual == Format::Raw { Place::End } else { Place::Trailer(Vec::new()) };
                    } else if taken == 0 && made == 0 {
                        break;
                    }
                }
                Place::Trailer(bytes) => {
                    let Some(byte) = input.next() else { break };
                    bytes.push(byte);
                    self.trailer()?;
                }
                Place::End => break,
            }
        }
        out.truncate(used);
        Ok(Inflated { bytes: out, needs })
    }
    /// What comes out with the trailer goes into no window: zlib leaves it out too.
    fn note(&mut self, bytes: &[u8], is_for_window: bool) {
        match self.actual {
            Format::Zlib => self.check = adler32(self.check, bytes),
            Format::Gzip => self.check = crc32(self.check, bytes),
            _ => self.crc = crc32(self.crc, bytes),
        }
        self.total = self.total.wrapping_add(bytes.len() as u32);
        if is_for_window {
            self.window.extend_from_slice(bytes);
        }
        if self.window.len() > 4 * WINDOW_BYTES {
            self.window.drain(..self.window.len() - WINDOW_BYTES);
        }
    }
    fn header(&mut self) -> Result<(), StreamError> {
        let Place::Header(bytes) = &self.place else { return Ok(()) };
        if self.actual == Format::Either {
            self.actual = if bytes[0] == 0x1f { Format::Gzip } else { Format::Zlib };
        }
        if self.actual == Format::Gzip {
            if gzip_header_is_whole(bytes)? {
                (self.check, self.place) = (0, Place::Body);
            }
            return Ok(());
        }
        match bytes[..] {
            [head, flags] => {
                if u16::from_be_bytes([head, flags]) % 31 != 0 || head & 15 != 8 || head >> 4 > 7 {
                    return Err(StreamError::Data);
                }
                if flags & 0x20 == 0 {
                    (self.check, self.place) = (1, Place::Body);
                }
            }
            [_, _, a, b, c, d] => {
                self.dictionary_id = u32::from_be_bytes([a, b, c, d]);
                (self.check, self.place) = (1, Place::NeedsDictionary);
            }
            _ => {}
        }
        Ok(())
    }
    fn trailer(&mut self) -> Result<(), StreamError> {
        let Place::Trailer(bytes) = &self.place else { return Ok(()) };
        let is_right = match (self.actual, &bytes[..]) {
            (Format::Zlib, [a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]) == self.check,
            (Format::Gzip, [a, b, c, d, e, f, g, h]) => {
                u32::from_le_bytes([*a, *b, *c, *d]) == self.check && u32::from_le_bytes([*e, *f, *g, *h]) == self.total
            }
            _ => return Ok(()),
        };
        self.place = Place::End;
        if is_right { Ok(()) } else { Err(StreamError::Data) }
    }
}

/// Whether these bytes are all of a gzip header.
fn gzip_header_is_whole(bytes: &[u8]) -> Result<bool, StreamError> {
    let starts_well =
        bytes[0] == 0x1f && bytes.get(1).is_none_or(|byte| *byte == 0x8b) && bytes.get(2).is_none_or(|byte| *byte == 8);
    let Some(&flags) = bytes.get(3).filter(|_| starts_well) else {
        return if starts_well { Ok(false) } else { Err(StreamError::Data) };
    };
    if flags & 0xE0 != 0 {
        return Err(StreamError::Data);
    }
    let mut at = 10;
    if flags & 4 != 0 {
        let Some(length) = bytes.get(at..at + 2) else { return Ok(false) };
        at += 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let Some(length) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == 0)) else { return Ok(false) };
            at += length + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    Ok(bytes.len() >= at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Through a stream in pieces of `piece` bytes, both ways.
    fn there_and_back(format: Format, data: &[u8], piece: usize) {
        let mut deflater = Deflater::new(-1, format).expect("a level of zlib");
        let (mut queue, mut deflated) = (Queue::default(), Vec::new());
        data.chunks(piece).for_each(|bytes| queue.push(bytes));
        loop {
            let out = deflater.run(&mut queue, piece, 4).expect("it goes on");
            deflated.extend_from_slice(&out);
            if out.len() < piece {
                break;
            }
        }
        let mut inflater = Inflater::new(format);
        deflated.chunks(piece).for_each(|bytes| queue.push(bytes));
        queue.push(b"after");
        let mut back = Vec::new();
        loop {
            let out = inflater.run(&mut queue, piece).expect("it is whole");
            back.extend_from_slice(&out.bytes);
            if out.bytes.len() < piece {
                break;
            }
        }
        assert!(back == data && inflater.has_ended());
        assert_eq!(queue.front(), b"after");
    }

    #[test]
    fn streams_come_back() {
        let data: Vec<u8> = (0..5000u32).flat_map(|number| (number % 251 * number % 7).to_le_bytes()).collect();
        for format in [Format::Raw, Format::Zlib, Format::Gzip] {
            for piece in [1, 7, 100, 100_000] {
                there_and_back(format, &data, piece);
                there_and_back(format, b"", piece);
            }
        }
    }

    #[test]
    fn damage_is_seen() {
        let mut queue = Queue::default();
        queue.push(&[120, 156, 75, 4, 0, 0, 98, 0, 99]);
        assert_eq!(Inflater::new(Format::Zlib).run(&mut queue, 100).map(|_| ()), Err(StreamError::Data));
        for bad in [&[1u8, 2][..], &[0x1f, 0x8c], &[0x1f, 0x8b, 9]] {
            queue.clear();
            queue.push(bad);
            assert_eq!(Inflater::new(Format::Either).run(&mut queue, 100).map(|_| ()), Err(StreamError::Data));
        }
    }
}
