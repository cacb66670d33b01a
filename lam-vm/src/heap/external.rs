//! Terms as bytes in Erlang's external term format, version 131.
//!
//! The tags are below, as `erts/doc/src/erl_ext_dist.xml` describes them. A list's length is written when its end is reached, a
//! fun's size when its environment is. A stack of its own walks the term.

use crate::atom::Atom;
use crate::term::compare::compare_exact;
use crate::term::hash::integer_of;
use crate::term::identity::{external_ref_numbers, local_node};
use crate::term::integer::{self, Endian, IntRef};
use crate::term::map_iter::MapIter;
use crate::term::{Bits, Fun, Map, Term, View, otp, word};
use crate::util::deflate;

pub const VERSION: u8 = 131;

/// Tags of the external format.
pub mod tag {
    /// A native record (from OTP 29): count, is exported, module, name, fields, values.
    pub const RECORD: u8 = 67;
    pub const NEW_FLOAT: u8 = 70;
    pub const BIT_BINARY: u8 = 77;
    pub const COMPRESSED: u8 = 80;
    pub const NEW_PID: u8 = 88;
    pub const NEW_PORT: u8 = 89;
    pub const NEWER_REFERENCE: u8 = 90;
    pub const SMALL_INTEGER: u8 = 97;
    pub const INTEGER: u8 = 98;
    pub const FLOAT: u8 = 99;
    pub const ATOM: u8 = 100;
    pub const REFERENCE: u8 = 101;
    pub const PORT: u8 = 102;
    pub const PID: u8 = 103;
    pub const SMALL_TUPLE: u8 = 104;
    pub const LARGE_TUPLE: u8 = 105;
    pub const NIL: u8 = 106;
    pub const STRING: u8 = 107;
    pub const LIST: u8 = 108;
    pub const BINARY: u8 = 109;
    pub const SMALL_BIG: u8 = 110;
    pub const LARGE_BIG: u8 = 111;
    pub const NEW_FUN: u8 = 112;
    pub const EXPORT: u8 = 113;
    pub const NEW_REFERENCE: u8 = 114;
    pub const SMALL_ATOM: u8 = 115;
    pub const MAP: u8 = 116;
    pub const ATOM_UTF8: u8 = 118;
    pub const SMALL_ATOM_UTF8: u8 = 119;
    pub const V4_PORT: u8 = 120;
}

/// Options of `term_to_binary/2`.
#[derive(Clone, Copy, Debug)]
pub struct EncodeOptions {
    /// Floats as text (`minor_version` 0).
    pub text_floats: bool,
    /// All atoms as UTF-8 (`minor_version` 2).
    pub utf8_atoms: bool,
    /// Large maps in the order of their keys.
    pub deterministic: bool,
    /// Level of compression, 0 to 9.
    pub compressed: u32,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        EncodeOptions { text_floats: false, utf8_atoms: otp::release() >= 26, deterministic: false, compressed: 0 }
    }
}

/// zlib's own choice of level.
pub const DEFAULT_LEVEL: u32 = 6;
/// Strings may have this many bytes.
const STRING_MAX: usize = 0xFFFF;

/// The term's bytes, from the version on.
pub fn encode(term: Term<'_>, options: EncodeOptions) -> Vec<u8> {
    let mut encoder = Encoder { out: vec![VERSION], counted: None, options, stack: Vec::new() };
    encoder.run(term);
    let plain = encoder.out;
    if options.compressed == 0 || plain.len() < 6 {
        return plain;
    }
    compress(&plain, options.compressed).unwrap_or(plain)
}

/// The size that `encode` without compression has; nothing is written.
pub fn encoded_size(term: Term<'_>, options: EncodeOptions) -> usize {
    let mut encoder = Encoder { out: Vec::new(), counted: Some(1), options, stack: Vec::new() };
    encoder.run(term);
    encoder.counted.unwrap_or(0)
}

/// The compressed form where it is not longer than the plain one.
fn compress(plain: &[u8], level: u32) -> Option<Vec<u8>> {
    let size = u32::try_from(plain.len() - 1).ok()?;
    let mut out = vec![VERSION, tag::COMPRESSED];
    out.extend_from_slice(&size.to_be_bytes());
    out.extend(deflate::zlib(&plain[1..], level));
    (out.len() <= plain.len()).then_some(out)
}

enum Todo<'c> {
    Term(Term<'c>),
    /// What follows `count` elements of a list whose length stands at `length_at`.
    Tail {
        rest: Term<'c>,
        length_at: usize,
        count: u32,
    },
    Elements(&'c [Term<'c>]),
    /// The fun whose size stands at this place ends here.
    FunEnd(usize),
}

struct Encoder<'c> {
    out: Vec<u8>,
    /// Where bytes are only counted.
    counted: Option<usize>,
    options: EncodeOptions,
    stack: Vec<Todo<'c>>,
}

impl<'c> Encoder<'c> {
    fn put(&mut self, bytes: &[u8]) {
        match &mut self.counted {
            Some(count) => *count += bytes.len(),
            None => self.out.extend_from_slice(bytes),
        }
    }
    fn byte(&mut self, byte: u8) {
        self.put(&[byte]);
    }
    fn u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }
    fn u32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }
    fn place(&self) -> usize {
        self.out.len()
    }
    fn patch(&mut self, at: usize, value: u32) {
        if self.counted.is_none() {
            self.out[at..at + 4].copy_from_slice(&value.to_be_bytes());
        }
    }

    fn run(&mut self, term: Term<'c>) {
        self.stack.push(Todo::Term(term));
        while let Some(todo) = self.stack.pop() {
            match todo {
                Todo::Term(term) => self.one(term),
                Todo::Tail { rest, length_at, count } => match rest.as_cons() {
                    Some(cell) => {
                        self.stack.push(Todo::Tail { rest: cell.tail, length_at, count: count + 1 });
                        self.one(cell.head);
                    }
                    None => {
                        self.patch(length_at, count);
                        self.one(rest);
                    }
                },
                Todo::Elements([first, rest @ ..]) => {
                    if !rest.is_empty() {
                        self.stack.push(Todo::Elements(rest));
                    }
                    self.one(*first);
                }
                Todo::Elements([]) => {}
                Todo::FunEnd(at) => {
                    let size = self.place().wrapping_sub(at) as u32;
                    self.patch(at, size);
                }
            }
        }
    }

    fn one(&mut self, term: Term<'c>) {
        let view = term.view();
        match &view {
            View::Nil => self.byte(tag::NIL),
            View::Atom(atom) => self.atom(*atom),
            View::Small(_) | View::Big(_) => self.integer(integer_of(&view)),
            View::Float(value) => self.float(*value),
            View::Cons(cell) => match string_length(term) {
                Some(length) => {
                    self.byte(tag::STRING);
                    self.u16(length as u16);
                    for byte in term.iter_list().filter_map(Term::as_small) {
                        self.byte(byte as u8);
                    }
                }
                None => {
                    self.byte(tag::LIST);
                    let length_at = self.place();
                    self.u32(0);
                    self.stack.push(Todo::Tail { rest: cell.tail, length_at, count: 1 });
                    self.stack.push(Todo::Term(cell.head));
                }
            },
            View::Tuple(tuple) => {
                match u8::try_from(tuple.elements.len()) {
                    Ok(arity) => self.put(&[tag::SMALL_TUPLE, arity]),
                    Err(_) => {
                        self.byte(tag::LARGE_TUPLE);
                        self.u32(tuple.elements.len() as u32);
                    }
                }
                self.stack.push(Todo::Elements(tuple.elements));
            }
            View::Record(record) => {
                self.byte(tag::RECORD);
                self.u32(record.values().len() as u32);
                self.byte(u8::from(record.is_exported()));
                for atom in [record.module(), record.name()].iter().chain(record.fields()).filter_map(|name| name.as_atom()) {
                    self.atom(atom);
                }
                self.stack.push(Todo::Elements(record.values()));
            }
            View::Map(map) => self.map(map),
            View::Bits(bits) => self.bits(bits),
            View::Fun(fun) => self.fun(fun),
            View::Export(export) => {
                self.byte(tag::EXPORT);
                self.atom(export.module());
                self.atom(export.function());
                self.integer(IntRef::Small(export.arity as i64));
            }
            View::Pid(_) | View::ExternalPid(_) => self.pid(term),
            View::Port(_) => {
                let (node, creation) = local_node();
                self.port(node, term.word() >> 8, creation);
            }
            View::ExternalPort(words) => self.port(Atom::of_word(words[0]), words[1], words[2] as u32),
            View::Ref(reference) => {
                let (node, creation) = local_node();
                self.reference(node, creation, &reference.numbers());
            }
            View::ExternalRef(words) => {
                let (numbers, count) = external_ref_numbers(words);
                self.reference(Atom::of_word(words[0]), words[1] as u32, &numbers[..count]);
            }
            // Stack traces never get here: `build_stacktrace` makes them lists first.
            View::Other => self.byte(tag::NIL),
        }
    }

    fn atom(&mut self, atom: Atom) {
        let text = atom.text();
        let latin1 = !self.options.utf8_atoms && text.chars().all(|c| u32::from(c) < 256);
        if latin1 {
            self.byte(tag::ATOM);
            self.u16(text.chars().count() as u16);
            if text.is_ascii() {
                self.put(text.as_bytes());
            } else {
                let bytes: Vec<u8> = text.chars().map(|c| c as u8).collect();
                self.put(&bytes);
            }
            return;
        }
        match u8::try_from(text.len()) {
            Ok(length) => self.put(&[tag::SMALL_ATOM_UTF8, length]),
            Err(_) => {
                self.byte(tag::ATOM_UTF8);
                self.u16(text.len() as u16);
            }
        }
        self.put(text.as_bytes());
    }

    fn integer(&mut self, value: IntRef<'_>) {
        if let IntRef::Small(small) = value {
            if let Ok(byte) = u8::try_from(small) {
                return self.put(&[tag::SMALL_INTEGER, byte]);
            }
            if let Ok(int) = i32::try_from(small) {
                self.byte(tag::INTEGER);
                return self.put(&int.to_be_bytes());
            }
        }
        let length = integer::magnitude_byte_len(value);
        match u8::try_from(length) {
            Ok(length) => self.put(&[tag::SMALL_BIG, length]),
            Err(_) => {
                self.byte(tag::LARGE_BIG);
                self.u32(length as u32);
            }
        }
        self.byte(u8::from(value.is_negative()));
        if let Some(count) = &mut self.counted {
            *count += length;
            return;
        }
        let at = self.out.len();
        self.out.resize(at + length, 0);
        integer::write_magnitude(value, Endian::Little, &mut self.out[at..]);
    }

    fn float(&mut self, value: f64) {
        if self.options.text_floats {
            self.byte(tag::FLOAT);
            let mut text = [0; 31];
            let digits = c_scientific(value);
            text[..digits.len()].copy_from_slice(digits.as_bytes());
            return self.put(&text);
        }
        self.byte(tag::NEW_FLOAT);
        self.put(&value.to_bits().to_be_bytes());
    }

    fn map(&mut self, map: &Map<'c>) {
        self.byte(tag::MAP);
        self.u32(map.len() as u32);
        let mut pairs: Vec<(Term<'c>, Term<'c>)> = MapIter::new(map).collect();
        if let Map::Hash { .. } = map {
            if self.options.deterministic {
                pairs.sort_by(|a, b| compare_exact(a.0, b.0));
            } else {
                pairs.reverse();
            }
        }
        for (key, value) in pairs.into_iter().rev() {
            self.stack.extend([Todo::Term(value), Todo::Term(key)]);
        }
    }

    fn bits(&mut self, bits: &Bits<'c>) {
        let rest = bits.size % 8;
        let bytes = bits.size.div_ceil(8);
        self.byte(if rest == 0 { tag::BINARY } else { tag::BIT_BINARY });
        self.u32(bytes as u32);
        if rest > 0 {
            self.byte(rest as u8);
        }
        match &mut self.counted {
            Some(count) => *count += bytes,
            None => self.out.extend_from_slice(&bits.to_bytes()),
        }
    }

    fn fun(&mut self, fun: &Fun<'c>) {
        self.byte(tag::NEW_FUN);
        let at = self.place();
        self.stack.push(Todo::FunEnd(at));
        self.u32(0);
        self.byte(fun.entry.arity as u8);
        self.put(&fun.entry.uniq_bytes());
        self.u32(fun.entry.index as u32);
        self.u32(fun.env.len() as u32);
        self.atom(fun.entry.module());
        self.integer(IntRef::Small(fun.entry.index as i64));
        self.integer(IntRef::Small(fun.entry.old_uniq as i64));
        self.pid(fun.creator);
        self.stack.push(Todo::Elements(fun.env));
    }

    fn pid(&mut self, pid: Term<'c>) {
        let (node, id, serial, creation) = match pid.view() {
            View::ExternalPid(words) => (Atom::of_word(words[0]), words[1] as u32, (words[2] >> 32) as u32, words[2] as u32),
            _ => {
                let (node, creation) = local_node();
                (node, word::pid_slot(pid.word()), word::pid_generation(pid.word()), creation)
            }
        };
        self.byte(tag::NEW_PID);
        self.atom(node);
        self.u32(id);
        self.u32(serial);
        self.u32(creation);
    }

    fn port(&mut self, node: Atom, number: u64, creation: u32) {
        // The older tag where the number fits 28 bits.
        let short = number < 1 << 28;
        self.byte(if short { tag::NEW_PORT } else { tag::V4_PORT });
        self.atom(node);
        if short {
            self.u32(number as u32);
        } else {
            self.put(&number.to_be_bytes());
        }
        self.u32(creation);
    }

    fn reference(&mut self, node: Atom, creation: u32, numbers: &[u32]) {
        self.byte(tag::NEWER_REFERENCE);
        self.u16(numbers.len() as u16);
        self.atom(node);
        self.u32(creation);
        for number in numbers {
            self.u32(*number);
        }
    }
}

/// Length of a proper list of bytes that a string may hold.
fn string_length(list: Term<'_>) -> Option<usize> {
    let mut cells = list.iter_list();
    let mut length = 0;
    for head in cells.by_ref() {
        length += 1;
        if length > STRING_MAX || !matches!(head.as_small(), Some(0..=255)) {
            return None;
        }
    }
    cells.rest.is_nil().then_some(length)
}

/// C's `%.20e`.
fn c_scientific(value: f64) -> String {
    let text = format!("{value:.20e}");
    let (mantissa, exponent) = text.split_once('e').expect("an exponent is always written");
    match exponent.strip_prefix('-') {
        Some(digits) => format!("{mantissa}e-{digits:0>2}"),
        None => format!("{mantissa}e+{exponent:0>2}"),
    }
}
