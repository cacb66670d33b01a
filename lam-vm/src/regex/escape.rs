//! What a backslash begins: characters by number, classes, tests, references.

use super::class::{Set, item};
use super::option;
use super::parse::{Node, Parsed, Parser, Ref};
use super::program::op;

/// A backslash and what follows, read.
pub enum Escape {
    Char(u32),
    /// A letter that says more than itself.
    Letter(u8),
    /// `\p` or `\P`: the item that a set would hold.
    Property(u32),
    Backref(Ref),
    Call(Ref),
}

impl Parser<'_> {
    /// An escape outside a class as a node; the backslash is next.
    pub fn escaped(&mut self) -> Parsed<Node> {
        let escape = self.escape(false)?;
        let fold = self.has(option::CASELESS);
        Ok(match escape {
            Escape::Char(c) => self.literal(c),
            Escape::Backref(reference) => Node::Backref(reference, fold),
            Escape::Call(reference) => Node::Call(reference),
            Escape::Property(property) => Node::Set(Box::new(Set::of_item(property, self.options))),
            Escape::Letter(letter) => Node::Op(match letter {
                b'A' => op::SUBJECT_START,
                b'G' => op::FIRST_POSITION,
                b'K' => op::KEEP,
                b'B' => op::NOT_WORD_EDGE,
                b'b' => op::WORD_EDGE,
                b'Z' => op::DOLLAR_ANY,
                b'z' => op::SUBJECT_END,
                b'N' => op::ANY,
                b'R' => op::NEWLINE,
                b'X' => op::GRAPHEME,
                b'C' => op::BYTE,
                _ => {
                    let mut set = Set::new(self.options);
                    set.add_escape(letter, self.options);
                    return Ok(Node::Set(Box::new(set)));
                }
            }),
        })
    }

    /// Reads an escape; the backslash is next.
    pub fn escape(&mut self, in_class: bool) -> Parsed<Escape> {
        self.at += 1;
        let Some(c) = self.next_char() else { return self.fail(1) };
        let Ok(byte) = u8::try_from(c) else { return Ok(Escape::Char(c)) };
        Ok(match byte {
            b'a' => Escape::Char(7),
            b'e' => Escape::Char(27),
            b'f' => Escape::Char(12),
            b'n' => Escape::Char(10),
            b'r' => Escape::Char(13),
            b't' => Escape::Char(9),
            b'b' if in_class => Escape::Char(8),
            b'0'..=b'9' => return self.digits(byte, in_class),
            b'o' => return self.braced_number(8),
            b'x' => return self.hexadecimal(),
            b'c' => {
                let Some(control) = self.peek() else { return self.fail(2) };
                if control > 127 {
                    return self.fail(68);
                }
                self.at += 1;
                Escape::Char(u32::from(control.to_ascii_uppercase() ^ 0x40))
            }
            b'g' if !in_class => return self.reference_g(),
            b'k' if !in_class => return self.reference_k(),
            b'L' | b'l' | b'U' | b'u' => return self.fail_before(37),
            b'N' if in_class => return self.fail_before(71),
            b'N' if self.peek() == Some(b'{') && !self.is_counted() => return self.fail_before(37),
            b'p' | b'P' => return self.property(byte == b'P'),
            b'D' | b'd' | b'H' | b'h' | b'S' | b's' | b'V' | b'v' | b'W' | b'w' => Escape::Letter(byte),
            b'A' | b'G' | b'K' | b'B' | b'b' | b'Z' | b'z' | b'N' | b'R' | b'X' | b'C' if !in_class => Escape::Letter(byte),
            _ => Escape::Char(c),
        })
    }

    fn digits(&mut self, first: u8, in_class: bool) -> Parsed<Escape> {
        if first != b'0' && !in_class {
            let start = self.at;
            self.at -= 1;
            let Some(number) = self.number()? else { return self.fail(61) };
            if number < 8 || number <= self.groups {
                return Ok(Escape::Backref(Ref::Number(number, self.at)));
            }
            self.at = start;
        }
        if first >= b'8' {
            return Ok(Escape::Char(u32::from(first)));
        }
        let mut value = u32::from(first - b'0');
        for _ in 0..2 {
            let Some(digit @ b'0'..=b'7') = self.peek() else { break };
            value = value * 8 + u32::from(digit - b'0');
            self.at += 1;
        }
        if value > 255 && !self.has(option::UTF) {
            return self.fail(51);
        }
        Ok(Escape::Char(value))
    }

    fn hexadecimal(&mut self) -> Parsed<Escape> {
        if self.peek() == Some(b'{') {
            return self.braced_number(16);
        }
        let mut value = 0;
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else { break };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(Escape::Char(value))
    }

    fn braced_number(&mut self, base: u32) -> Parsed<Escape> {
        if !self.take(b"{") {
            return self.fail_before(81);
        }
        if self.peek() == Some(b'}') {
            self.at -= if base == 8 { 2 } else { 0 };
            return self.fail(86);
        }
        let mut value = 0u32;
        let largest = if self.has(option::UTF) { 0x10_FFFF } else { 0xFF };
        while let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(base)) {
            value = value * base + digit;
            self.at += 1;
            if value > largest {
                while self.peek().is_some_and(|byte| char::from(byte).is_digit(base)) {
                    self.at += 1;
                }
                return self.fail(34);
            }
        }
        if !self.take(b"}") {
            return self.fail(if base == 8 { 80 } else { 79 });
        }
        if self.has(option::UTF) && (0xD800..0xE000).contains(&value) {
            self.at -= 1;
            return self.fail(73);
        }
        Ok(Escape::Char(value))
    }

    /// `\g`: a reference backwards by number or name, or a call in angle brackets or quotes.
    fn reference_g(&mut self) -> Parsed<Escape> {
        if let Some(open @ (b'<' | b'\'')) = self.peek() {
            self.at += 1;
            let close = if open == b'<' { b'>' } else { b'\'' };
            return match self.peek() {
                Some(b'0'..=b'9' | b'+' | b'-') => {
                    let start = self.at;
                    let number = self.relative_number()?;
                    if self.peek() != Some(close) {
                        self.at = start - 1;
                        return self.fail(57);
                    }
                    self.at += 1;
                    Ok(Escape::Call(Ref::Number(number, self.at)))
                }
                _ => {
                    let name = self.name(close)?;
                    Ok(Escape::Call(Ref::Name(name, self.at)))
                }
            };
        }
        let braced = self.take(b"{");
        if braced && !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            let name = self.name(b'}')?;
            return Ok(Escape::Backref(Ref::Name(name, self.at - 1)));
        }
        let back = self.take(b"-");
        let start = self.at;
        let Some(number) = self.number()? else {
            return if self.peek().is_none() || back { self.fail_before(58) } else { self.fail_before(57) };
        };
        if braced && self.peek().is_some_and(|byte| byte == b'_' || byte.is_ascii_alphabetic()) {
            self.at = start;
            return self.fail(84);
        }
        if number == 0 {
            return self.fail(58);
        }
        if braced && !self.take(b"}") {
            return self.fail_before(57);
        }
        let number = match (back, number > self.groups) {
            (true, true) => return self.fail_before(15),
            (true, false) => self.groups + 1 - number,
            _ => number,
        };
        Ok(Escape::Backref(Ref::Number(number, self.at)))
    }

    fn reference_k(&mut self) -> Parsed<Escape> {
        let close = match self.peek() {
            Some(b'{') => b'}',
            Some(b'<') => b'>',
            Some(b'\'') => b'\'',
            _ => return self.fail_before(69),
        };
        self.at += 1;
        let name = self.name(close)?;
        Ok(Escape::Backref(Ref::Name(name, self.at - 1)))
    }

    /// A group's number, or how many groups from here with a sign.
    pub fn relative_number(&mut self) -> Parsed<u32> {
        let sign = self.peek();
        if matches!(sign, Some(b'+' | b'-')) {
            self.at += 1;
        }
        let Some(number) = self.number()? else { return self.fail(63) };
        match sign {
            Some(b'+' | b'-') if number == 0 => self.fail(58),
            Some(b'+') => Ok(self.groups.saturating_add(number)),
            Some(b'-') if number > self.groups => self.fail(15),
            Some(b'-') => Ok(self.groups + 1 - number),
            _ => Ok(number),
        }
    }

    fn property(&mut self, negative: bool) -> Parsed<Escape> {
        let mut negative = negative;
        let name: &[u8] = if self.take(b"{") {
            if self.take(b"^") {
                negative = !negative;
            }
            let rest = self.rest();
            let Some(length) = rest.iter().position(|byte| *byte == b'}') else {
                self.at = self.text.len();
                return self.fail(46);
            };
            self.at += length + 1;
            &rest[..length]
        } else {
            let rest = self.rest();
            if rest.is_empty() {
                return self.fail(46);
            }
            self.at += 1;
            &rest[..1]
        };
        match super::unicode::property_by_name(name) {
            Some(property) => Ok(Escape::Property(item::property(property, negative))),
            None => self.fail_before(47),
        }
    }
}
