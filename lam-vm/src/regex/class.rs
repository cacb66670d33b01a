//! Classes of characters: `[…]`, `\d` and the like, as a bit for each of the first 256 and a list of ranges and properties.
//!
//! In a program a set is `10 + 2n` words: its op, 8 words of bits, `n`, and `n` pairs. A pair is a range `(first | FOLD, last)` or
//! `(PROPERTY | NEGATIVE | kind and value, 0)`.

use super::option;
use super::parse::{Node, Parsed, Parser};
use super::{escape::Escape, unicode};

/// Marks of a pair's first word.
pub mod item {
    pub const PROPERTY: u32 = 1 << 31;
    pub const NEGATIVE: u32 = 1 << 30;
    pub const FOLD: u32 = 1 << 29;
    pub const VALUE: u32 = 0x1F_FFFF;

    pub fn property(property: u32, negative: bool) -> u32 {
        PROPERTY | if negative { NEGATIVE } else { 0 } | property
    }
}

#[derive(Clone)]
pub struct Set {
    pub negated: bool,
    pub bits: [u32; 8],
    pub items: Vec<(u32, u32)>,
    wide: bool,
}

impl Set {
    pub fn new(options: u32) -> Self {
        Set { negated: false, bits: [0; 8], items: Vec::new(), wide: options & (option::UTF | option::UCP) != 0 }
    }

    pub fn of_item(property: u32, options: u32) -> Self {
        let mut set = Set::new(options);
        set.items.push((folded(property, options), 0));
        set
    }

    pub fn add_byte(&mut self, byte: u32) {
        if byte < 256 {
            self.bits[(byte / 32) as usize] |= 1 << (byte % 32);
        }
    }

    fn add_bytes(&mut self, test: impl Fn(u8) -> bool) {
        for byte in 0..=255u8 {
            if test(byte) {
                self.add_byte(u32::from(byte));
            }
        }
    }

    /// Literals, in both cases when the pattern ignores case.
    pub fn add_range(&mut self, first: u32, last: u32, options: u32) {
        let fold = options & option::CASELESS != 0;
        let utf = options & option::UTF != 0;
        for c in first..=last.min(255) {
            self.add_byte(c);
            if fold {
                self.add_byte(unicode::other_case(c, utf));
            }
        }
        if utf && (last > 255 || fold) {
            self.items.push((first | if fold { item::FOLD } else { 0 }, last));
        }
    }

    /// `\d`, `\w`, `\s`, `\h`, `\v` or, as capitals, all else.
    pub fn add_escape(&mut self, letter: u8, options: u32) {
        let negative = letter.is_ascii_uppercase();
        let ucp = options & option::UCP != 0;
        let kind = match letter.to_ascii_lowercase() {
            b'd' if ucp => return self.items.push((item::property(unicode::property::ND, negative), 0)),
            b'w' if ucp => return self.items.push((item::property(unicode::property::WORD, negative), 0)),
            b's' if ucp => return self.items.push((item::property(unicode::property::SPACE, negative), 0)),
            b'h' => return self.items.push((item::property(unicode::property::HORIZONTAL, negative), 0)),
            b'v' => return self.items.push((item::property(unicode::property::VERTICAL, negative), 0)),
            b'd' => unicode::Posix::Digit,
            b'w' => unicode::Posix::Word,
            _ => unicode::Posix::Space,
        };
        self.add_posix(kind, negative);
    }

    fn add_posix(&mut self, kind: unicode::Posix, negative: bool) {
        self.add_bytes(|byte| unicode::is_posix(kind, byte) != negative);
        if negative && self.wide {
            self.items.push((256, 0x10_FFFF));
        }
    }

    fn add_posix_by_options(&mut self, kind: unicode::Posix, negative: bool, options: u32) {
        use unicode::{Posix, property};
        let caseless = options & option::CASELESS != 0 && matches!(kind, Posix::Lower | Posix::Upper);
        if options & option::UCP != 0 {
            let property = match kind {
                Posix::Lower | Posix::Upper if caseless && options & option::PROPERTIES_FOLD == 0 => Some(property::CASED),
                Posix::Alpha => Some(property::L),
                Posix::Lower => Some(property::LL),
                Posix::Upper => Some(property::LU),
                Posix::Alnum => Some(property::ALNUM),
                Posix::Space => Some(property::SPACE),
                Posix::Blank => Some(property::HORIZONTAL),
                Posix::Cntrl => Some(property::CC),
                Posix::Digit => Some(property::ND),
                Posix::Word => Some(property::WORD),
                Posix::Graph => Some(property::GRAPH),
                Posix::Print => Some(property::PRINT),
                Posix::Punct => Some(property::PUNCT),
                Posix::Ascii | Posix::Xdigit => None,
            };
            if let Some(property) = property {
                self.items.push((item::property(property, negative), 0));
                return;
            }
        }
        self.add_posix(if caseless { Posix::Alpha } else { kind }, negative);
    }

    /// The set's words in a program, its op first.
    pub fn words(&self, out: &mut Vec<u32>) {
        out.push(super::program::op::SET | u32::from(self.negated) << 8);
        out.extend_from_slice(&self.bits);
        out.push(self.items.len() as u32);
        for (first, last) in &self.items {
            out.push(*first);
            out.push(*last);
        }
    }
}

/// Case properties mean any case in patterns that ignore it, where `PROPERTIES_FOLD` says so.
fn folded(property: u32, options: u32) -> u32 {
    use unicode::property::{CASED, LL, LT, LU};
    let value = property & item::VALUE;
    const BOTH: u32 = option::CASELESS | option::PROPERTIES_FOLD;
    if options & BOTH == BOTH && [LU, LL, LT].contains(&value) { property & !item::VALUE | CASED } else { property }
}

impl Parser<'_> {
    /// The name of a POSIX class that begins here as `[:name:]`: its length with brackets.
    fn posix_syntax(&self) -> Option<usize> {
        let rest = self.rest();
        let mark = *rest.get(1)?;
        if !matches!(mark, b':' | b'.' | b'=') {
            return None;
        }
        let mut at = 2;
        while let Some(byte) = rest.get(at) {
            match *byte {
                b'\\' if matches!(rest.get(at + 1), Some(b']' | b'\\')) => at += 1,
                b'[' if rest.get(at + 1) == Some(&mark) => return None,
                b']' => return None,
                byte if byte == mark && rest.get(at + 1) == Some(&b']') => return Some(at + 2),
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// A class; its bracket is next.
    pub fn class(&mut self) -> Parsed<Node> {
        use super::program::op;
        for (text, edge) in [(&b"[[:<:]]"[..], false), (b"[[:>:]]", true)] {
            if self.take(text) {
                let look = |behind: bool, negative: bool| {
                    let mut set = Set::new(self.options);
                    set.add_escape(b'w', self.options);
                    Node::Look { negative, behind, body: Box::new(Node::Set(Box::new(set))), at: self.at }
                };
                let edge = look(edge, false);
                return Ok(Node::Sequence(vec![Node::Op(op::WORD_EDGE), edge]));
            }
        }
        if let Some(length) = self.posix_syntax() {
            let code = if self.peek_at(1) == Some(b':') { 13 } else { 31 };
            let _ = length;
            return self.fail(code);
        }
        self.at += 1;
        let mut set = Set::new(self.options);
        while self.take(b"\\E") || self.take(b"\\Q\\E") {}
        if self.take(b"^") {
            set.negated = true;
        }
        let mut first = true;
        let mut quoting = false;
        loop {
            if quoting {
                if self.take(b"\\E") {
                    quoting = false;
                    continue;
                }
            } else if self.take(b"\\E") {
                continue;
            } else if self.take(b"\\Q") {
                quoting = true;
                continue;
            }
            let Some(byte) = self.peek() else { return self.fail(6) };
            if byte == b']' && !first && !quoting {
                self.at += 1;
                break;
            }
            first = false;
            if byte == b'['
                && !quoting
                && let Some(length) = self.posix_syntax()
            {
                self.posix_class(length, &mut set)?;
                continue;
            }
            let c = if byte == b'\\' && !quoting {
                match self.class_escape(&mut set)? {
                    Some(c) => c,
                    None => {
                        self.literal_hyphen(&mut set);
                        continue;
                    }
                }
            } else {
                self.next_char().unwrap_or(0)
            };
            if c == 10 || c == 13 {
                self.flags |= option::HAS_CR_OR_LF;
            }
            let mut last = c;
            let mut ahead = self.at;
            let mut still_quoting = quoting;
            while self.text.get(ahead..).is_some_and(|rest| rest.starts_with(b"\\E")) {
                ahead += 2;
                still_quoting = false;
            }
            if !still_quoting && self.text.get(ahead) == Some(&b'-') {
                self.at = ahead + 1;
                quoting = false;
                while self.take(b"\\E") {}
                if self.take(b"\\Q") && !self.take(b"\\E") {
                    quoting = true;
                }
                match self.peek() {
                    None => return self.fail(6),
                    Some(b']') if !quoting => self.at = ahead,
                    Some(b'\\') if !quoting => match self.class_escape(&mut set)? {
                        Some(c) => last = c,
                        None => return self.fail_before(83),
                    },
                    Some(b'[') if !quoting && self.posix_syntax().is_some() => {
                        return self.fail(83);
                    }
                    Some(_) => last = self.next_char().unwrap_or(0),
                }
            }
            if last < c {
                return self.fail_before(8);
            }
            set.add_range(c, last, self.options);
        }
        Ok(Node::Set(Box::new(set)))
    }

    pub fn fail_before<T>(&mut self, code: u8) -> Parsed<T> {
        self.at -= 1;
        self.fail(code)
    }

    /// An escape within a class: a character, or nothing when it was added whole.
    fn class_escape(&mut self, set: &mut Set) -> Parsed<Option<u32>> {
        match self.escape(true)? {
            Escape::Char(c) => return Ok(Some(c)),
            Escape::Letter(letter) => set.add_escape(letter, self.options),
            Escape::Property(property) => set.items.push((folded(property, self.options), 0)),
            Escape::Backref(_) | Escape::Call(_) => return self.fail(7),
        }
        Ok(None)
    }

    fn posix_class(&mut self, length: usize, set: &mut Set) -> Parsed<()> {
        let text = self.rest();
        if text[1] != b':' {
            return self.fail(31);
        }
        let mut name = &text[2..length - 2];
        let negative = name.first() == Some(&b'^');
        if negative {
            name = &name[1..];
        }
        let Some(kind) = unicode::posix_by_name(name) else {
            self.at += 2 + usize::from(negative);
            return self.fail(30);
        };
        set.add_posix_by_options(kind, negative, self.options);
        self.at += length;
        self.literal_hyphen(set);
        Ok(())
    }

    /// A hyphen after a class within a class begins no range.
    fn literal_hyphen(&mut self, set: &mut Set) {
        if self.peek() == Some(b'-') && self.peek_at(1) != Some(b']') {
            self.at += 1;
            set.add_byte(u32::from(b'-'));
        }
    }
}
