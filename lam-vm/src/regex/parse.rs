//! A pattern to a tree: sequences, alternatives and quantifiers. Groups are read in `groups`, escapes in `escape`, classes in
//! `class`.
//!
//! Groups nest at most `MAX_DEPTH` deep, so recursion here and in `emit` is bounded.

use super::class::Set;
use super::errors::Error;
use super::option;

/// Groups inside groups that a pattern may have.
pub const MAX_DEPTH: u32 = 250;
/// No upper bound of a repeat.
pub const FOREVER: u32 = u32::MAX;

pub type Parsed<T> = Result<T, Error>;

#[derive(Copy, Clone, PartialEq, Eq)]
pub enum Mode {
    Greedy,
    Lazy,
    Possessive,
}

/// A group meant by number, or by a name that may come later; `at` is where an error would be.
#[derive(Clone)]
pub enum Ref {
    Number(u32, usize),
    Name(Vec<u8>, usize),
}

pub enum Condition {
    Group(Ref),
    /// Inside a call: of anything, or of this group.
    Recursion(Option<Ref>),
    Define,
    Look {
        negative: bool,
        behind: bool,
        body: Box<Node>,
    },
}

#[derive(Copy, Clone, PartialEq, Eq)]
pub enum Verb {
    Accept,
    Commit,
    Prune,
    Skip,
    SkipTo,
    Then,
    Mark,
}

pub enum Node {
    Empty,
    Fail,
    Char(u32, bool),
    Set(Box<Set>),
    /// A test or step whose number is its whole code (`program::op`).
    Op(u32),
    Backref(Ref, bool),
    Call(Ref),
    Sequence(Vec<Node>),
    Alternatives(Vec<Node>),
    Capture(u32, Box<Node>),
    Atomic(Box<Node>),
    Look {
        negative: bool,
        behind: bool,
        body: Box<Node>,
        at: usize,
    },
    Condition(Condition, Box<Node>, Box<Node>),
    Repeat {
        min: u32,
        max: u32,
        mode: Mode,
        body: Box<Node>,
    },
    Verb(Verb, Vec<u8>),
}

pub struct Parser<'p> {
    pub text: &'p [u8],
    pub at: usize,
    pub options: u32,
    pub groups: u32,
    /// Names with their groups, in order of appearance.
    pub names: Vec<(Vec<u8>, u32)>,
    pub depth: u32,
    /// Between `\Q` and `\E`.
    pub quoting: bool,
    pub has_verbs: bool,
    pub has_then: bool,
    pub match_limit: Option<u32>,
    pub depth_limit: Option<u32>,
    pub flags: u32,
}

impl<'p> Parser<'p> {
    pub fn new(text: &'p [u8], options: u32) -> Self {
        Parser {
            text,
            at: 0,
            options,
            groups: 0,
            names: Vec::new(),
            depth: 0,
            quoting: false,
            has_verbs: false,
            has_then: false,
            match_limit: None,
            depth_limit: None,
            flags: 0,
        }
    }

    pub fn has(&self, option: u32) -> bool {
        self.options & option != 0
    }
    pub fn fail<T>(&self, code: u8) -> Parsed<T> {
        Err(Error { code, at: self.at.min(self.text.len()) })
    }
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
    pub fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }
    pub fn rest(&self) -> &'p [u8] {
        self.text.get(self.at..).unwrap_or(&[])
    }
    pub fn take(&mut self, wanted: &[u8]) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }
    /// The next character; the pattern is known to be UTF-8 under that option.
    pub fn next_char(&mut self) -> Option<u32> {
        let first = self.peek()?;
        let (c, length) = if self.has(option::UTF) { super::unicode::decode(self.text, self.at) } else { (u32::from(first), 1) };
        self.at += length;
        Some(c)
    }
    /// Decimal digits; more than an `i32` holds is error 61.
    pub fn number(&mut self) -> Parsed<Option<u32>> {
        let mut value = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let more = value.unwrap_or(0u32).checked_mul(10).and_then(|v| v.checked_add(u32::from(digit - b'0')));
            match more {
                Some(more) if more <= i32::MAX as u32 => value = Some(more),
                _ => return self.fail(61),
            }
            self.at += 1;
        }
        Ok(value)
    }

    pub fn pattern(&mut self) -> Parsed<Node> {
        let body = self.alternatives(false)?;
        if self.peek().is_some() {
            return self.fail(22);
        }
        Ok(body)
    }

    /// Alternatives up to a closing parenthesis or the end. With `reset` each of them numbers its groups alike.
    pub fn alternatives(&mut self, reset: bool) -> Parsed<Node> {
        let first_group = self.groups;
        let mut most = first_group;
        let mut branches = Vec::new();
        loop {
            branches.push(self.sequence()?);
            most = most.max(self.groups);
            if self.peek() != Some(b'|') {
                break;
            }
            self.at += 1;
            if reset {
                self.groups = first_group;
            }
        }
        self.groups = most;
        Ok(if branches.len() == 1 { branches.pop().unwrap_or(Node::Empty) } else { Node::Alternatives(branches) })
    }

    /// Skips what extended syntax ignores; true when something was.
    fn skip_ignored(&mut self) -> bool {
        if !self.has(option::EXTENDED) {
            return false;
        }
        match self.peek() {
            Some(b' ' | 9..=13) => self.at += 1,
            Some(b'#') => {
                while self.at < self.text.len() {
                    let length = super::unicode::newline_length(self.text, self.at, self.options);
                    if length > 0 {
                        self.at += length;
                        break;
                    }
                    self.at += 1;
                }
            }
            _ => return false,
        }
        true
    }

    /// Skips `(?#…)` where it is closed.
    fn skip_comment(&mut self) -> bool {
        if !self.rest().starts_with(b"(?#") {
            return false;
        }
        let end = self.rest().iter().position(|byte| *byte == b')');
        self.at += end.map_or(0, |end| end + 1);
        end.is_some()
    }

    fn sequence(&mut self) -> Parsed<Node> {
        let mut out: Vec<Node> = Vec::new();
        let mut repeatable = false;
        loop {
            if self.quoting {
                if self.take(b"\\E") {
                    self.quoting = false;
                } else if let Some(c) = self.next_char() {
                    out.push(self.literal(c));
                    repeatable = true;
                } else {
                    self.quoting = false;
                    break;
                }
                continue;
            }
            if self.skip_ignored() {
                continue;
            }
            let start = self.at;
            let Some(byte) = self.peek() else { break };
            match byte {
                b'|' | b')' => break,
                b'*' | b'+' | b'?' => {
                    if !repeatable {
                        return self.fail(9);
                    }
                    self.at += 1;
                    let (min, max) = match byte {
                        b'*' => (0, FOREVER),
                        b'+' => (1, FOREVER),
                        _ => (0, 1),
                    };
                    self.quantify(&mut out, min, max);
                    repeatable = false;
                }
                b'{' if self.is_counted() => {
                    let (min, max) = self.counts()?;
                    if !repeatable {
                        self.at -= 1;
                        return self.fail(9);
                    }
                    self.quantify(&mut out, min, max);
                    repeatable = false;
                }
                b'^' => {
                    self.at += 1;
                    out.push(Node::Op(if self.has(option::MULTILINE) {
                        super::program::op::LINE_START
                    } else {
                        super::program::op::START
                    }));
                    repeatable = false;
                }
                b'$' => {
                    self.at += 1;
                    out.push(Node::Op(self.dollar()));
                    repeatable = false;
                }
                b'.' => {
                    self.at += 1;
                    out.push(Node::Op(if self.has(option::DOTALL) { super::program::op::ALL } else { super::program::op::ANY }));
                    repeatable = true;
                }
                b'[' => {
                    out.push(self.class()?);
                    repeatable = !matches!(out.last(), Some(Node::Look { .. } | Node::Sequence(_)));
                }
                b'(' => {
                    if self.skip_comment() {
                        continue;
                    }
                    if self.rest().starts_with(b"(?#") {
                        self.at = self.text.len();
                        return self.fail(18);
                    }
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return self.fail(82);
                    }
                    let node = self.group()?;
                    self.depth -= 1;
                    repeatable = node.is_some() && !matches!(node, Some(Node::Verb(..)));
                    if let Some(node) = node {
                        repeatable &= !(matches!(node, Node::Fail) && self.text[start..].starts_with(b"(*"));
                        out.push(node);
                    }
                }
                b'\\' => {
                    if self.take(b"\\E") {
                        continue;
                    }
                    if self.take(b"\\Q") {
                        self.quoting = true;
                        continue;
                    }
                    let node = self.escaped()?;
                    repeatable = !super::program::is_test(&node);
                    out.push(node);
                }
                _ => {
                    let Some(c) = self.next_char() else { break };
                    out.push(self.literal(c));
                    repeatable = true;
                }
            }
        }
        Ok(if out.len() == 1 { out.pop().unwrap_or(Node::Empty) } else { Node::Sequence(out) })
    }

    fn dollar(&self) -> u32 {
        use super::program::op;
        match (self.has(option::MULTILINE), self.has(option::DOLLAR_ENDONLY)) {
            (true, _) => op::LINE_END,
            (false, true) => op::DOLLAR_END_ONLY,
            (false, false) => op::DOLLAR,
        }
    }

    pub fn literal(&mut self, c: u32) -> Node {
        if c == 10 || c == 13 {
            self.flags |= option::HAS_CR_OR_LF;
        }
        Node::Char(c, self.has(option::CASELESS))
    }

    /// Whether the brace here begins a quantifier; if not it is a literal.
    pub fn is_counted(&self) -> bool {
        let rest = &self.rest()[1..];
        let digits = |from: usize| rest[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let first = digits(0);
        if first == 0 {
            return false;
        }
        match rest.get(first) {
            Some(b'}') => true,
            Some(b',') => rest.get(first + 1 + digits(first + 1)) == Some(&b'}'),
            _ => false,
        }
    }

    fn counts(&mut self) -> Parsed<(u32, u32)> {
        self.at += 1;
        let min = self.count()?;
        let max = if self.take(b",") { if self.peek() == Some(b'}') { FOREVER } else { self.count()? } } else { min };
        if max < min {
            return self.fail(4);
        }
        self.at += 1;
        Ok((min, max))
    }

    fn count(&mut self) -> Parsed<u32> {
        let mut value = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value * 10 + u32::from(digit - b'0');
            self.at += 1;
            if value > 65535 {
                return self.fail(5);
            }
        }
        Ok(value)
    }

    fn quantify(&mut self, out: &mut Vec<Node>, min: u32, max: u32) {
        while self.skip_ignored() || self.skip_comment() {}
        let ungreedy = self.has(option::UNGREEDY);
        let mode = match self.peek() {
            Some(b'+') => Mode::Possessive,
            Some(b'?') if ungreedy => Mode::Greedy,
            Some(b'?') => Mode::Lazy,
            _ if ungreedy => Mode::Lazy,
            _ => Mode::Greedy,
        };
        if matches!(self.peek(), Some(b'+' | b'?')) {
            self.at += 1;
        }
        if let Some(body) = out.pop() {
            let body = Box::new(body);
            out.push(match *body {
                // An assertion says the same each time.
                Node::Look { .. } => Node::Repeat { min: min.min(1), max: max.min(1), mode, body },
                _ => Node::Repeat { min, max, mode, body },
            });
        }
    }
}
