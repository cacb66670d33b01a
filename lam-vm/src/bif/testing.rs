//! Calling BIFs by name on a scratch process, with terms written in Erlang syntax.
//!
//! `check("lists", "reverse", "[1, 2], [3]", "[2, 1, 3]")` reads the arguments, calls until there is an outcome, and compares
//! its text. `examples` runs the `=>` lines of all rows that this small reader understands.

use super::{Bif, BifResult, Call, Stop, TABLES};
use crate::heap::{Alloc, Heap};
use crate::process::{Process, ProcessHeap};
use crate::system::System;
use crate::term::{Map, Term, View};

/// The row of this name and arity.
pub fn find(module: &str, name: &str, arity: usize) -> Option<&'static Bif> {
    let tables = TABLES.iter().filter(|table| table.module == module);
    tables.flat_map(|table| table.rows).find(|row| row.name == name && usize::from(row.arity) == arity)
}

/// A call's outcome as text: a term, or `class:Reason`.
pub fn run(module: &str, name: &str, args: impl for<'c> FnOnce(&mut Heap<'c>) -> Vec<Term<'c>>) -> String {
    let process: &'static mut Process = Box::leak(Box::new(Process::new(Term::local_pid(1, 0).word(), ProcessHeap::new(4096))));
    let system: &'static System = Box::leak(Box::default());
    let mut alloc = Alloc::default();
    alloc.with_owned(|mut heap| {
        let mut args = args(&mut heap);
        let row = find(module, name, args.len()).unwrap_or_else(|| panic!("no row {module}:{name}/{}", args.len()));
        let mut call = Call::new(heap, process, system, 4000);
        loop {
            match (row.function)(&mut call, &args) {
                Err(Stop::Again) => {
                    args = call.next_args().to_vec();
                    call.bump(call.reductions_left() - 4000);
                }
                outcome => return show_outcome(outcome, &call),
            }
        }
    })
}

/// Calls with arguments in Erlang syntax, separated by commas.
pub fn eval(module: &str, name: &str, args: &str) -> String {
    let args = args.to_owned();
    run(module, name, move |heap| Reader::new(&args).arguments(heap).unwrap_or_else(|| panic!("cannot read {args}")))
}

#[track_caller]
pub fn check(module: &str, name: &str, args: &str, expected: &str) {
    let got = eval(module, name, args);
    assert_eq!(got, normal(expected), "{module}:{name}({args})");
}

/// Text of an outcome that is no term.
fn is_class(text: &str) -> bool {
    ["error:", "exit:", "throw:", "apply:"].iter().any(|class| text.starts_with(class))
}

/// Whether the small reader knows all of these terms.
fn is_readable(text: &str) -> bool {
    let text = text.to_owned();
    Alloc::default().with(move |heap| Reader::new(&text).arguments(heap).is_some())
}

/// The expectation's text as `show` writes it.
fn normal(text: &str) -> String {
    if let Some((class, reason)) = text.split_once(':').filter(|_| is_class(text)) {
        return if class == "apply" { text.to_owned() } else { format!("{class}:{}", normal(reason)) };
    }
    let mut alloc = Alloc::default();
    alloc.with(|heap| Reader::new(text).whole(heap).map(show)).unwrap_or_else(|| panic!("cannot read {text}"))
}

fn show_outcome<'c>(outcome: BifResult<'c>, call: &Call<'c>) -> String {
    match outcome {
        Ok(term) => show(term),
        Err(Stop::Error(reason) | Stop::ErrorCause { reason, .. } | Stop::ErrorArgs { reason, .. }) => {
            format!("error:{}", show(reason))
        }
        Err(Stop::Exit(reason)) => format!("exit:{}", show(reason)),
        Err(Stop::Throw(reason)) => format!("throw:{}", show(reason)),
        Err(Stop::Trap(export)) => format!("trap:{:?}:{:?}", export.module(), export.function()),
        Err(Stop::Apply { module, function }) => {
            let args: Vec<String> = call.next_args().iter().map(|arg| show(*arg)).collect();
            format!("apply:{}:{}({})", show(module), show(function), args.join(","))
        }
        Err(Stop::Yield(value) | Stop::Collect(_, value)) => show(value),
        Err(_) => "stop".to_owned(),
    }
}

/// A term as text: Erlang's syntax where it has one.
pub fn show(term: Term<'_>) -> String {
    let join = |terms: &[Term<'_>]| terms.iter().map(|term| show(*term)).collect::<Vec<_>>().join(",");
    match term.view() {
        View::Small(value) => value.to_string(),
        View::Big(big) => {
            let digits: Vec<String> = big.limbs.iter().rev().map(|limb| format!("{limb:016x}")).collect();
            format!("{}16#{}", if big.negative { "-" } else { "" }, digits.concat().trim_start_matches('0'))
        }
        View::Float(value) => format!("{value:?}"),
        View::Atom(atom) if is_plain(atom.text()) => atom.text().to_owned(),
        View::Atom(atom) => format!("'{}'", atom.text()),
        View::Nil => "[]".to_owned(),
        View::Cons(_) => {
            let mut list = term.iter_list();
            let elements: Vec<Term<'_>> = list.by_ref().collect();
            if list.rest.is_nil() {
                format!("[{}]", join(&elements))
            } else {
                format!("[{}|{}]", join(&elements), show(list.rest))
            }
        }
        View::Tuple(tuple) => format!("{{{}}}", join(tuple.elements)),
        View::Map(Map::Flat { keys, values }) => {
            let pairs: Vec<String> =
                keys.iter().zip(values).map(|(key, value)| format!("{}=>{}", show(*key), show(*value))).collect();
            format!("#{{{}}}", pairs.join(","))
        }
        View::Bits(bits) => {
            let bytes = bits.to_bytes();
            let mut parts: Vec<String> = bytes.iter().map(u8::to_string).collect();
            if bits.size % 8 != 0 {
                let last = bytes[bytes.len() - 1] >> (8 - bits.size % 8);
                *parts.last_mut().expect("a part") = format!("{last}:{}", bits.size % 8);
            }
            format!("<<{}>>", parts.join(","))
        }
        View::Pid(_) => "#Pid".to_owned(),
        View::Ref(_) => "#Ref".to_owned(),
        _ => "#other".to_owned(),
    }
}

fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '@')
}

/// Reads terms in Erlang syntax; what it does not know gives `None`.
pub struct Reader<'t> {
    text: &'t [u8],
}

impl<'t> Reader<'t> {
    pub fn new(text: &'t str) -> Self {
        Reader { text: text.as_bytes() }
    }
    fn skip(&mut self) {
        self.text = self.text.trim_ascii_start();
    }
    fn eat(&mut self, token: &str) -> bool {
        self.skip();
        match self.text.strip_prefix(token.as_bytes()) {
            Some(rest) => {
                self.text = rest;
                true
            }
            None => false,
        }
    }
    pub fn whole<'c>(&mut self, heap: &mut Heap<'c>) -> Option<Term<'c>> {
        let term = self.term(heap)?;
        self.skip();
        self.text.is_empty().then_some(term)
    }
    pub fn arguments<'c>(&mut self, heap: &mut Heap<'c>) -> Option<Vec<Term<'c>>> {
        self.skip();
        if self.text.is_empty() {
            return Some(Vec::new());
        }
        let terms = self.terms(heap)?;
        self.skip();
        self.text.is_empty().then_some(terms)
    }
    fn terms<'c>(&mut self, heap: &mut Heap<'c>) -> Option<Vec<Term<'c>>> {
        let mut terms = vec![self.term(heap)?];
        while self.eat(",") {
            terms.push(self.term(heap)?);
        }
        Some(terms)
    }
    fn word(&mut self, accept: impl Fn(u8) -> bool) -> &'t str {
        let end = self.text.iter().position(|byte| !accept(*byte)).unwrap_or(self.text.len());
        let (word, rest) = self.text.split_at(end);
        self.text = rest;
        core::str::from_utf8(word).expect("cut at ASCII bytes")
    }
    fn quoted(&mut self, quote: u8) -> Option<String> {
        let mut bytes = Vec::new();
        loop {
            let (byte, rest) = self.text.split_first()?;
            self.text = rest;
            match *byte {
                b if b == quote => return String::from_utf8(bytes).ok(),
                b'\\' => {
                    let (escaped, rest) = self.text.split_first()?;
                    self.text = rest;
                    bytes.push(match escaped {
                        b'n' => b'\n',
                        b't' => b'\t',
                        b'r' => b'\r',
                        other => *other,
                    });
                }
                b => bytes.push(b),
            }
        }
    }
    pub fn term<'c>(&mut self, heap: &mut Heap<'c>) -> Option<Term<'c>> {
        self.skip();
        let first = *self.text.first()?;
        if self.eat("<<") {
            return self.bits(heap);
        }
        match first {
            b'{' => {
                self.eat("{");
                if self.eat("}") {
                    return Some(heap.tuple(&[]));
                }
                let elements = self.terms(heap)?;
                self.eat("}").then(|| heap.tuple(&elements))
            }
            b'[' => {
                self.eat("[");
                if self.eat("]") {
                    return Some(Term::NIL);
                }
                let elements = self.terms(heap)?;
                let tail = if self.eat("|") { self.term(heap)? } else { Term::NIL };
                self.eat("]").then(|| heap.list_with_tail(&elements, tail))
            }
            b'"' => {
                self.eat("\"");
                let text = self.quoted(b'"')?;
                Some(heap.charlist(&text))
            }
            b'\'' => {
                self.eat("'");
                let text = self.quoted(b'\'')?;
                Some(Term::atom(crate::atom::intern(&text).ok()?))
            }
            b'$' => {
                let value = *self.text.get(1)?;
                self.text = &self.text[2..];
                Term::small(i64::from(value))
            }
            b'a'..=b'z' => {
                let text = self.word(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'@');
                Some(Term::atom(crate::atom::intern(text).ok()?))
            }
            b'-' | b'0'..=b'9' => self.number(heap),
            b'#' if self.eat("#{") => self.map(heap),
            _ => None,
        }
    }
    fn map<'c>(&mut self, heap: &mut Heap<'c>) -> Option<Term<'c>> {
        let mut pairs = Vec::new();
        while !self.eat("}") {
            let key = self.term(heap)?;
            if !self.eat("=>") {
                return None;
            }
            pairs.push((key, self.term(heap)?));
            self.eat(",");
        }
        Some(heap.map_from_pairs(&pairs))
    }
    fn number<'c>(&mut self, heap: &mut Heap<'c>) -> Option<Term<'c>> {
        let negative = self.eat("-");
        let digits = self.word(|byte| byte.is_ascii_digit());
        if self.text.first() == Some(&b'#') {
            let radix: u32 = digits.parse().ok()?;
            self.text = &self.text[1..];
            let digits = self.word(|byte| byte.is_ascii_alphanumeric());
            return integer(heap, negative, digits, radix);
        }
        if self.text.first() == Some(&b'.') && self.text.get(1).is_some_and(u8::is_ascii_digit) {
            self.text = &self.text[1..];
            let fraction = self.word(|byte| byte.is_ascii_digit());
            let mut text = format!("{}{digits}.{fraction}", if negative { "-" } else { "" });
            if matches!(self.text.first(), Some(b'e' | b'E')) {
                text.push('e');
                self.text = &self.text[1..];
                text.push_str(self.word(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'+'));
            }
            return Some(heap.float(text.parse().ok()?));
        }
        integer(heap, negative, digits, 10)
    }
    fn bits<'c>(&mut self, heap: &mut Heap<'c>) -> Option<Term<'c>> {
        let mut bits: Vec<bool> = Vec::new();
        let mut push = |value: u64, size: usize| bits.extend((0..size).rev().map(|bit| value >> bit & 1 == 1));
        if !self.eat(">>") {
            loop {
                if self.eat("\"") {
                    for byte in self.quoted(b'"')?.bytes() {
                        push(u64::from(byte), 8);
                    }
                    self.eat("/utf8");
                } else {
                    self.skip();
                    let value: u64 = self.word(|byte| byte.is_ascii_digit()).parse().ok()?;
                    let size = if self.eat(":") { self.word(|byte| byte.is_ascii_digit()).parse().ok()? } else { 8 };
                    push(value, size);
                }
                if self.eat(">>") {
                    break;
                }
                if !self.eat(",") {
                    return None;
                }
            }
        }
        let bytes: Vec<u8> = bits
            .chunks(8)
            .map(|chunk| chunk.iter().enumerate().fold(0, |byte, (bit, set)| byte | u8::from(*set) << (7 - bit)))
            .collect();
        Some(heap.bitstring(&bytes, bits.len()))
    }
}

fn integer<'c>(heap: &mut Heap<'c>, negative: bool, digits: &str, radix: u32) -> Option<Term<'c>> {
    let mut limbs: Vec<u64> = Vec::new();
    if digits.is_empty() {
        return None;
    }
    for digit in digits.chars() {
        let mut carry = u128::from(digit.to_digit(radix)?);
        for limb in &mut limbs {
            let sum = u128::from(*limb) * u128::from(radix) + carry;
            *limb = sum as u64;
            carry = sum >> 64;
        }
        if carry > 0 {
            limbs.push(carry as u64);
        }
    }
    Some(heap.big_integer(negative, &limbs))
}

/// The `=>` lines of a row's documentation: call and outcome.
fn examples_of(doc: &str) -> impl Iterator<Item = (&str, &str)> {
    doc.lines().filter_map(|line| {
        let (call, outcome) = line.split_once("` =>")?;
        Some((call.trim().strip_prefix('`')?, outcome.trim().strip_prefix('`')?.split('`').next()?))
    })
}

#[test]
fn examples_are_true() {
    let mut count = 0;
    for table in TABLES {
        for row in table.rows {
            for (call, outcome) in examples_of(row.doc) {
                let Some((head, args)) = call.split_once('(') else { continue };
                // Operators and calls with nested calls are for the fixtures, which have a reader of all of Erlang.
                let (Some((module, name)), Some(args)) = (head.split_once(':'), args.strip_suffix(')')) else { continue };
                if !is_readable(args) || !(is_class(outcome) || is_readable(outcome)) {
                    continue;
                }
                check(module, name.trim_matches('\''), args, outcome);
                count += 1;
            }
        }
    }
    assert!(count > 100, "only {count} examples were found");
}
