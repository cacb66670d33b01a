//! Terms from Erlang's external format.
//!
//! The bytes come from anywhere: `external_scan` looks them over before anything is built. Then terms are put on a stack of
//! values, and each list, tuple, map and fun takes its own off when the last of them is there.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::Heap;
use super::external::{VERSION, tag};
use super::external_scan::{Stream, scan};
use crate::atom::{self, Atom};
use crate::platform::failure;
use crate::term::identity::{REF_FIRST_BITS, REF_NUMBERS_MAX, id_of_numbers, local_node};
use crate::term::integer::{self, Endian, Integer};
use crate::term::word::{self, kind};
use crate::term::{Export, FunEntry, Term, float_text};

pub const ATOM_CHARACTERS_MAX: usize = 255;

/// Why bytes are no term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They end too early.
    Truncated,
    /// A tag or number that may not stand there.
    Invalid,
    /// A new atom or function, which `safe` forbids.
    Unsafe,
    /// The atom table is full.
    AtomLimit,
    /// A fun of a module that is not here.
    UnknownFun,
}

/// Finds entries of code by name.
pub trait Links {
    /// The entry of a name; with `existing`, only where it is defined.
    fn export(&self, module: Atom, function: Atom, arity: usize, existing: bool) -> Option<&'static Export>;
    fn fun(&self, module: Atom, index: u32, old_uniq: u32, uniq: [u8; 16]) -> Option<&'static FunEntry>;
    /// The entry of a fun that no module here has; `None` where such are refused.
    fn unknown_fun(&self, _: UnknownFun) -> Option<&'static FunEntry> {
        None
    }
}

/// What an external term says of a fun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownFun {
    pub module: Atom,
    pub index: u32,
    pub old_uniq: u32,
    pub uniq: [u8; 16],
    pub arity: u8,
    pub free_count: u32,
}

/// No code is known.
pub struct NoLinks;

impl Links for NoLinks {
    fn export(&self, _: Atom, _: Atom, _: usize, _: bool) -> Option<&'static Export> {
        None
    }
    fn fun(&self, _: Atom, _: u32, _: u32, _: [u8; 16]) -> Option<&'static FunEntry> {
        None
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct DecodeOptions {
    /// No new atoms and no functions that are not there.
    pub safe: bool,
    /// Binaries of any size as heap bits, as literals have them.
    pub heap_bits: bool,
}

/// Decodes the term that `bytes` start with, version and all; how many of them it took.
pub fn decode<'c>(
    heap: &mut Heap<'c>,
    bytes: &[u8],
    options: DecodeOptions,
    links: &dyn Links,
) -> Result<(Term<'c>, usize), DecodeError> {
    let Some((&VERSION, body)) = bytes.split_first() else { return Err(DecodeError::Invalid) };
    if let [tag::COMPRESSED, a, b, c, d, deflated @ ..] = body {
        let (inflated, taken) = inflate(deflated, u64::from(u32::from_be_bytes([*a, *b, *c, *d])), options.safe)?;
        let (term, _) = decode_body(heap, &inflated, options, links)?;
        return Ok((term, 6 + taken));
    }
    let (term, used) = decode_body(heap, body, options, links)?;
    Ok((term, 1 + used))
}

/// As `decode`, without version byte and compression, as literals and messages have it.
pub fn decode_body<'c>(
    heap: &mut Heap<'c>,
    bytes: &[u8],
    options: DecodeOptions,
    links: &dyn Links,
) -> Result<(Term<'c>, usize), DecodeError> {
    scan(&mut { bytes }, options.safe)?;
    let reader = Reader { bytes, at: 0 };
    let mut decoder = Decoder { heap, reader, options, links, values: Vec::new(), frames: Vec::new(), funs: Vec::new() };
    let term = decoder.run()?;
    Ok((term, decoder.reader.at))
}

/// Exactly `length` bytes, and how many deflated ones they took. What is much longer than its source is scanned first as it is
/// inflated, so that a bomb is refused before memory is taken for it.
fn inflate(deflated: &[u8], length: u64, safe: bool) -> Result<(Vec<u8>, usize), DecodeError> {
    if length > 2 * deflated.len() as u64 + (8 << 20) {
        let mut stream = Stream::new(ZlibDecoder::new(deflated).take(length + 1));
        scan(&mut stream, safe)?;
        if stream.drain()? != length {
            return Err(DecodeError::Invalid);
        }
    }
    let mut zlib = ZlibDecoder::new(deflated);
    let mut inflated = Vec::new();
    let capacity = usize::try_from(length + 1).map_err(|_| DecodeError::Invalid)?;
    if !failure::try_reserve(&mut inflated, capacity) {
        return Err(DecodeError::Invalid);
    }
    zlib.by_ref().take(length + 1).read_to_end(&mut inflated).map_err(|_| DecodeError::Truncated)?;
    if inflated.len() as u64 != length {
        return Err(DecodeError::Invalid);
    }
    let taken = usize::try_from(zlib.total_in()).map_err(|_| DecodeError::Invalid)?;
    Ok((inflated, taken))
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], DecodeError> {
        let end = self.at.checked_add(count).ok_or(DecodeError::Truncated)?;
        let taken = self.bytes.get(self.at..end).ok_or(DecodeError::Truncated)?;
        self.at = end;
        Ok(taken)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        self.take(N)?.try_into().map_err(|_| DecodeError::Truncated)
    }
    fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }
    fn u16(&mut self) -> Result<usize, DecodeError> {
        Ok(usize::from(u16::from_be_bytes(self.array()?)))
    }
    fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array()?))
    }
    fn length(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.u32()?).map_err(|_| DecodeError::Invalid)
    }
}

#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    List,
    Tuple,
    Map,
    /// Its definition is the first part.
    Record,
    /// Its entry and creator are the newest of `funs`.
    Fun,
}

/// A term whose parts are being read. Small, for of terms that are nested deep there are many.
struct Frame {
    /// Where its parts start among the values.
    start: usize,
    /// Parts still to come, times 8, plus the kind.
    missing: u64,
}

const KINDS: [Kind; 5] = [Kind::List, Kind::Tuple, Kind::Map, Kind::Record, Kind::Fun];

impl Frame {
    fn kind(&self) -> Kind {
        KINDS[(self.missing & 7) as usize]
    }
}

struct Decoder<'h, 'b, 'l, 'c> {
    heap: &'h mut Heap<'c>,
    reader: Reader<'b>,
    options: DecodeOptions,
    links: &'l dyn Links,
    values: Vec<Term<'c>>,
    frames: Vec<Frame>,
    funs: Vec<(&'static FunEntry, Term<'c>)>,
}

impl<'c> Decoder<'_, '_, '_, 'c> {
    fn run(&mut self) -> Result<Term<'c>, DecodeError> {
        loop {
            let Some(mut term) = self.one()? else { continue };
            // Give it to the innermost open term; when that is whole, it is the next to be given.
            loop {
                let Some(frame) = self.frames.last_mut() else { return Ok(term) };
                self.values.push(term);
                frame.missing -= 8;
                if frame.missing >= 8 {
                    break;
                }
                let frame = self.frames.pop().expect("just looked at");
                term = self.close(frame)?;
            }
        }
    }

    /// Opens a term of `parts` parts; one without parts is made at once.
    fn open(&mut self, kind: Kind, parts: u64) -> Result<Option<Term<'c>>, DecodeError> {
        let frame = Frame { start: self.values.len(), missing: parts << 3 | kind as u64 };
        if parts == 0 {
            return self.close(frame).map(Some);
        }
        self.frames.push(frame);
        Ok(None)
    }

    fn close(&mut self, frame: Frame) -> Result<Term<'c>, DecodeError> {
        let parts = &self.values[frame.start..];
        let term = match frame.kind() {
            Kind::List => {
                let (tail, elements) = parts.split_last().ok_or(DecodeError::Invalid)?;
                self.heap.list_with_tail(elements, *tail)
            }
            Kind::Tuple => self.heap.tuple(parts),
            Kind::Map => {
                let pairs: Vec<_> = parts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
                self.heap.map_from_unique_pairs(&pairs).ok_or(DecodeError::Invalid)?
            }
            Kind::Record => {
                let (definition, values) = parts.split_first().ok_or(DecodeError::Invalid)?;
                self.heap.record(*definition, values).ok_or(DecodeError::Invalid)?
            }
            Kind::Fun => {
                let (entry, creator) = self.funs.pop().ok_or(DecodeError::Invalid)?;
                self.heap.fun(entry, creator, parts)
            }
        };
        self.values.truncate(frame.start);
        Ok(term)
    }

    /// The next term, or `None` where it has parts that come first.
    fn one(&mut self) -> Result<Option<Term<'c>>, DecodeError> {
        let term = match self.reader.u8()? {
            tag::SMALL_INTEGER => {
                let value = self.reader.u8()?;
                self.heap.integer(i64::from(value))
            }
            tag::INTEGER => {
                let value = i32::from_be_bytes(self.reader.array()?);
                self.heap.integer(i64::from(value))
            }
            tag::SMALL_BIG => {
                let length = usize::from(self.reader.u8()?);
                self.big(length)?
            }
            tag::LARGE_BIG => {
                let length = self.reader.length()?;
                self.big(length)?
            }
            tag::NEW_FLOAT => {
                let value = f64::from_be_bytes(self.reader.array()?);
                if !value.is_finite() {
                    return Err(DecodeError::Invalid);
                }
                self.heap.float(value)
            }
            tag::FLOAT => {
                let text: [u8; 31] = self.reader.array()?;
                let length = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
                let value = float_text::parse(&text[..length]).ok_or(DecodeError::Invalid)?;
                self.heap.float(value)
            }
            kind @ (tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8) => Term::atom(self.atom(kind)?),
            tag::NIL => Term::NIL,
            tag::STRING => {
                let length = self.reader.u16()?;
                let bytes = self.reader.take(length)?;
                self.heap.byte_list(bytes, Term::NIL)
            }
            tag::LIST => {
                let length = u64::from(self.reader.u32()?);
                return self.open(Kind::List, length + 1);
            }
            tag::SMALL_TUPLE => {
                let arity = u64::from(self.reader.u8()?);
                return self.open(Kind::Tuple, arity);
            }
            tag::LARGE_TUPLE => {
                let arity = u64::from(self.reader.u32()?);
                return self.open(Kind::Tuple, arity);
            }
            tag::MAP => {
                let size = u64::from(self.reader.u32()?);
                return self.open(Kind::Map, 2 * size);
            }
            tag::RECORD => return self.record(),
            tag::BINARY => {
                let length = self.reader.length()?;
                let bytes = self.reader.take(length)?;
                self.bits(bytes, 8 * length)
            }
            tag::BIT_BINARY => {
                let length = self.reader.length()?;
                let bits = usize::from(self.reader.u8()?);
                if (bits == 0) != (length == 0) || bits > 8 {
                    return Err(DecodeError::Invalid);
                }
                let bytes = self.reader.take(length)?;
                self.bits(bytes, 8 * length.saturating_sub(1) + bits)
            }
            kind @ (tag::PID | tag::NEW_PID) => self.pid(kind)?,
            kind @ (tag::PORT | tag::NEW_PORT | tag::V4_PORT) => self.port(kind)?,
            kind @ (tag::REFERENCE | tag::NEW_REFERENCE | tag::NEWER_REFERENCE) => self.reference(kind)?,
            tag::EXPORT => self.export()?,
            tag::NEW_FUN => return self.fun(),
            _ => return Err(DecodeError::Invalid),
        };
        Ok(Some(term))
    }

    fn record(&mut self) -> Result<Option<Term<'c>>, DecodeError> {
        let count = self.reader.length()?;
        let is_exported = match self.reader.u8()? {
            flag @ 0..=1 => Term::bool(flag == 1),
            _ => return Err(DecodeError::Invalid),
        };
        let (module, name) = (Term::atom(self.any_atom()?), Term::atom(self.any_atom()?));
        let mut fields = Vec::new();
        for _ in 0..count {
            fields.push(Term::atom(self.any_atom()?));
        }
        let fields = self.heap.tuple(&fields);
        let definition = self.heap.tuple(&[module, name, is_exported, fields]);
        let frame = Frame { start: self.values.len(), missing: (count as u64) << 3 | Kind::Record as u64 };
        self.values.push(definition);
        if count == 0 {
            return self.close(frame).map(Some);
        }
        self.frames.push(frame);
        Ok(None)
    }

    fn big(&mut self, length: usize) -> Result<Term<'c>, DecodeError> {
        let negative = self.reader.u8()? != 0;
        let bytes = self.reader.take(length)?;
        match integer::from_magnitude(bytes, Endian::Little, negative) {
            Ok(Integer::Small(value)) => Ok(self.heap.integer(value)),
            Ok(Integer::Big { negative, limbs }) => Ok(self.heap.big_integer(negative, &limbs)),
            Err(_) => Err(DecodeError::Invalid),
        }
    }

    fn bits(&mut self, bytes: &[u8], size: usize) -> Term<'c> {
        // Bits after the end are zero in ours.
        let spare = 8 * bytes.len() - size;
        if spare > 0 && bytes.last().is_some_and(|last| last & !(0xFF << spare) != 0) {
            let mut clean = bytes.to_vec();
            if let Some(last) = clean.last_mut() {
                *last &= 0xFF << spare;
            }
            return self.clean_bits(&clean, size);
        }
        self.clean_bits(bytes, size)
    }
    fn clean_bits(&mut self, bytes: &[u8], size: usize) -> Term<'c> {
        if self.options.heap_bits { self.heap.heap_bits(bytes, size) } else { self.heap.bitstring(bytes, size) }
    }

    fn atom(&mut self, kind: u8) -> Result<Atom, DecodeError> {
        let length = match kind {
            tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8 => usize::from(self.reader.u8()?),
            _ => self.reader.u16()?,
        };
        let bytes = self.reader.take(length)?;
        if matches!(kind, tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8) || bytes.is_ascii() {
            return self.named(core::str::from_utf8(bytes).map_err(|_| DecodeError::Invalid)?);
        }
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        self.named(&text)
    }
    fn named(&self, text: &str) -> Result<Atom, DecodeError> {
        if text.len() > ATOM_CHARACTERS_MAX && text.chars().count() > ATOM_CHARACTERS_MAX {
            return Err(DecodeError::Invalid);
        }
        if self.options.safe {
            return atom::lookup(text).ok_or(DecodeError::Unsafe);
        }
        atom::intern(text).map_err(|_| DecodeError::AtomLimit)
    }
    fn any_atom(&mut self) -> Result<Atom, DecodeError> {
        match self.reader.u8()? {
            kind @ (tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8) => self.atom(kind),
            _ => Err(DecodeError::Invalid),
        }
    }

    /// One byte in the old tags, four in the new.
    fn creation(&mut self, old: bool) -> Result<u32, DecodeError> {
        if old {
            return match self.reader.u8()? {
                creation @ 0..=3 => Ok(u32::from(creation)),
                _ => Err(DecodeError::Invalid),
            };
        }
        self.reader.u32()
    }

    fn pid(&mut self, kind_of_pid: u8) -> Result<Term<'c>, DecodeError> {
        let node = self.any_atom()?;
        let (id, serial) = (self.reader.u32()?, self.reader.u32()?);
        let creation = self.creation(kind_of_pid == tag::PID)?;
        if (node, creation) == local_node() {
            if id >> 28 != 0 || serial >> 28 != 0 {
                return Err(DecodeError::Invalid);
            }
            return Ok(Term::local_pid(id, serial));
        }
        let words = [node.word(), u64::from(id), u64::from(serial) << 32 | u64::from(creation)];
        Ok(self.heap.boxed(word::header(kind::EXTPID, 3), &words))
    }

    fn port(&mut self, kind_of_port: u8) -> Result<Term<'c>, DecodeError> {
        let node = self.any_atom()?;
        let number = match kind_of_port {
            tag::V4_PORT => u64::from_be_bytes(self.reader.array()?),
            _ => u64::from(self.reader.u32()?),
        };
        let creation = self.creation(kind_of_port == tag::PORT)?;
        if (node, creation) == local_node() {
            if number >> 56 != 0 {
                return Err(DecodeError::Invalid);
            }
            return Ok(Term::local_port((number & 0xFFF_FFFF) as u32, (number >> 28) as u32));
        }
        let words = [node.word(), number, u64::from(creation)];
        Ok(self.heap.boxed(word::header(kind::EXTPORT, 3), &words))
    }

    fn reference(&mut self, kind_of_ref: u8) -> Result<Term<'c>, DecodeError> {
        let count = if kind_of_ref == tag::REFERENCE { 1 } else { self.reader.u16()? };
        if count == 0 || count > REF_NUMBERS_MAX {
            return Err(DecodeError::Invalid);
        }
        let node = self.any_atom()?;
        let mut numbers = [0u32; REF_NUMBERS_MAX + 1];
        let creation = if kind_of_ref == tag::REFERENCE {
            numbers[0] = self.reader.u32()?;
            self.creation(true)?
        } else {
            let creation = self.creation(kind_of_ref == tag::NEW_REFERENCE)?;
            for number in &mut numbers[..count] {
                *number = self.reader.u32()?;
            }
            creation
        };
        let wide = numbers[0] >> REF_FIRST_BITS != 0;
        if wide && kind_of_ref != tag::NEWER_REFERENCE {
            return Err(DecodeError::Invalid);
        }
        if (node, creation) == local_node() {
            if wide || numbers[3..].iter().any(|number| *number != 0) || count > 3 {
                return Err(DecodeError::Invalid);
            }
            return Ok(self.heap.reference(id_of_numbers([numbers[0], numbers[1], numbers[2]])));
        }
        let mut words = vec![node.word(), u64::from(creation), count as u64];
        words.extend(numbers[..count.next_multiple_of(2)].chunks_exact(2).map(|two| u64::from(two[1]) << 32 | u64::from(two[0])));
        Ok(self.heap.boxed(word::header(kind::EXTREF, words.len()), &words))
    }

    fn small(&mut self) -> Result<i64, DecodeError> {
        // Only an integer's tag: anything else could open terms without end.
        match self.reader.bytes.get(self.reader.at) {
            Some(&(tag::SMALL_INTEGER | tag::INTEGER | tag::SMALL_BIG)) => {}
            _ => return Err(DecodeError::Invalid),
        }
        self.one()?.and_then(Term::as_small).ok_or(DecodeError::Invalid)
    }

    fn export(&mut self) -> Result<Term<'c>, DecodeError> {
        let (module, function) = (self.any_atom()?, self.any_atom()?);
        // No function has more than 255 arguments; a fun that says so is only never called. As OTP.
        let arity = u32::try_from(self.small()?).map_err(|_| DecodeError::Invalid)? as usize;
        let export = self.links.export(module, function, arity, self.options.safe).ok_or(DecodeError::Unsafe)?;
        Ok(self.heap.export_fun(export))
    }

    fn fun(&mut self) -> Result<Option<Term<'c>>, DecodeError> {
        self.reader.take(4)?;
        let arity = self.reader.u8()?;
        let uniq: [u8; 16] = self.reader.array()?;
        let index = self.reader.u32()?;
        let free = u64::from(self.reader.u32()?);
        let module = self.any_atom()?;
        let _old_index = self.small()?;
        let old_uniq = self.small()?;
        let creator = match self.reader.u8()? {
            kind @ (tag::PID | tag::NEW_PID) => self.pid(kind)?,
            _ => return Err(DecodeError::Invalid),
        };
        let (old_uniq, free_count) = (old_uniq as u32, free as u32);
        let entry = (self.links.fun(module, index, old_uniq, uniq))
            .or_else(|| self.links.unknown_fun(UnknownFun { module, index, old_uniq, uniq, arity, free_count }))
            .ok_or(DecodeError::UnknownFun)?;
        if entry.arity != u64::from(arity) || entry.free_count != free {
            return Err(DecodeError::Invalid);
        }
        self.funs.push((entry, creator));
        self.open(Kind::Fun, free)
    }
}
