//! What a parenthesis begins: groups and their kinds, names, conditions, calls, options and verbs.

use super::errors::Error;
use super::option;
use super::parse::{Condition, Node, Parsed, Parser, Ref, Verb};

impl Parser<'_> {
    /// A group; its parenthesis is next. Nothing for what only sets options or says nothing.
    pub fn group(&mut self) -> Parsed<Option<Node>> {
        if self.peek_at(1) == Some(b'*') && self.peek_at(2).is_some_and(|byte| byte == b':' || byte.is_ascii_alphabetic()) {
            return self.verb().map(Some);
        }
        self.at += 1;
        let saved = self.options;
        let node = if self.peek() != Some(b'?') {
            if self.has(option::NO_AUTO_CAPTURE) { self.body(false)? } else { self.capture()? }
        } else {
            self.at += 1;
            match self.special()? {
                Some(node) => node,
                None => return Ok(None),
            }
        };
        self.options = saved;
        Ok(Some(node))
    }

    /// Alternatives and the closing parenthesis.
    fn body(&mut self, reset: bool) -> Parsed<Node> {
        let node = self.alternatives(reset)?;
        if !self.take(b")") {
            return self.fail(14);
        }
        // A group stays a group: what follows repeats all of it.
        Ok(match node {
            Node::Sequence(_) | Node::Alternatives(_) => node,
            node => Node::Sequence(vec![node]),
        })
    }

    fn capture(&mut self) -> Parsed<Node> {
        self.groups += 1;
        let group = self.groups;
        Ok(Node::Capture(group, Box::new(self.body(false)?)))
    }

    fn look(&mut self, negative: bool, behind: bool) -> Parsed<Node> {
        if negative && !behind && self.take(b")") {
            return Ok(Node::Fail);
        }
        let body = Box::new(self.body(false)?);
        Ok(Node::Look { negative, behind, body, at: self.at - 1 })
    }

    /// What follows `(?`.
    fn special(&mut self) -> Parsed<Option<Node>> {
        let Some(byte) = self.peek() else { return self.fail(12) };
        let node = match byte {
            b':' => {
                self.at += 1;
                self.body(false)?
            }
            b'|' => {
                self.at += 1;
                self.body(true)?
            }
            b'>' => {
                self.at += 1;
                Node::Atomic(Box::new(self.body(false)?))
            }
            b'=' | b'!' => {
                self.at += 1;
                self.look(byte == b'!', false)?
            }
            b'<' if matches!(self.peek_at(1), Some(b'=' | b'!')) => {
                let negative = self.peek_at(1) == Some(b'!');
                self.at += 2;
                self.look(negative, true)?
            }
            b'<' => {
                self.at += 1;
                if !self.peek().is_some_and(is_word) {
                    return self.fail(24);
                }
                self.named(b'>')?
            }
            b'\'' => {
                self.at += 1;
                self.named(b'\'')?
            }
            b'P' => {
                self.at += 2;
                match self.text.get(self.at - 1) {
                    Some(b'<') => self.named(b'>')?,
                    Some(b'=') => {
                        let name = self.name(b')')?;
                        Node::Backref(Ref::Name(name, self.at - 1), self.has(option::CASELESS))
                    }
                    Some(b'>') => {
                        let name = self.name(b')')?;
                        Node::Call(Ref::Name(name, self.at - 1))
                    }
                    _ => return self.fail_before(41),
                }
            }
            b'&' => {
                self.at += 1;
                let name = self.name(b')')?;
                Node::Call(Ref::Name(name, self.at - 1))
            }
            b'R' => {
                self.at += 1;
                if !self.take(b")") {
                    return self.fail(29);
                }
                Node::Call(Ref::Number(0, self.at - 1))
            }
            b'C' => return self.callout(),
            b'(' => self.condition()?,
            b'0'..=b'9' | b'+' => self.numbered_call()?,
            b'-' if self.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()) => self.numbered_call()?,
            _ => return self.set_options(),
        };
        Ok(Some(node))
    }

    fn numbered_call(&mut self) -> Parsed<Node> {
        let number = self.relative_number()?;
        if !self.take(b")") {
            return self.fail(29);
        }
        Ok(Node::Call(Ref::Number(number, self.at - 1)))
    }

    /// Points for a debugger to stop at: nobody does.
    fn callout(&mut self) -> Parsed<Option<Node>> {
        self.at += 1;
        let number = self.number()?.unwrap_or(0);
        if self.peek() != Some(b')') {
            return self.fail(39);
        }
        if number > 255 {
            return self.fail(38);
        }
        self.at += 1;
        Ok(None)
    }

    /// A name up to `close`, which is read too.
    pub fn name(&mut self, close: u8) -> Parsed<Vec<u8>> {
        let start = self.at;
        if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.fail(84);
        }
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
        let name = self.text[start..self.at].to_vec();
        if name.is_empty() {
            return self.fail(62);
        }
        if self.peek() != Some(close) {
            return self.fail(42);
        }
        if name.len() > 32 {
            return self.fail(48);
        }
        self.at += 1;
        Ok(name)
    }

    fn named(&mut self, close: u8) -> Parsed<Node> {
        let name = self.name(close)?;
        let group = self.groups + 1;
        self.at -= 1;
        for (known, number) in &self.names {
            if *known == name && *number != group && !self.has(option::DUPNAMES) {
                return self.fail(43);
            }
            if *number == group && *known != name {
                return self.fail(65);
            }
        }
        self.at += 1;
        if !self.names.iter().any(|(known, number)| *known == name && *number == group) {
            self.names.push((name, group));
            if self.names.len() > 10000 {
                return self.fail(49);
            }
        }
        self.capture()
    }

    fn condition(&mut self) -> Parsed<Node> {
        self.at += 1;
        if self.rest().starts_with(b"?C") {
            self.at += 1;
            self.callout()?;
            if !self.rest().starts_with(b"(?") {
                return self.fail(28);
            }
            self.at += 1;
        }
        let test = match self.peek() {
            Some(b'?') => {
                let start = self.at;
                self.at += 1;
                let negative = matches!(self.rest(), [b'!', ..] | [b'<', b'!', ..]);
                let behind = self.peek() == Some(b'<');
                if !matches!(self.rest(), [b'=' | b'!', ..] | [b'<', b'=' | b'!', ..]) {
                    self.at = start;
                    return self.fail(28);
                }
                self.at += 1 + usize::from(behind);
                let saved = self.options;
                let body = Box::new(self.body(false)?);
                self.options = saved;
                Condition::Look { negative, behind, body }
            }
            _ => self.condition_name()?,
        };
        let body = self.alternatives(false)?;
        if !self.take(b")") {
            return self.fail(14);
        }
        let mut branches = match body {
            Node::Alternatives(branches) => branches,
            body => vec![body],
        };
        if branches.len() > 1 && matches!(test, Condition::Define) {
            return self.fail_before(54);
        }
        if branches.len() > 2 {
            return self.fail_before(27);
        }
        let no = if branches.len() == 2 { branches.pop() } else { None };
        let yes = branches.pop().unwrap_or(Node::Empty);
        Ok(Node::Condition(test, Box::new(yes), Box::new(no.unwrap_or(Node::Empty))))
    }

    fn condition_name(&mut self) -> Parsed<Condition> {
        if self.take(b"R&") {
            let name = self.name(b')')?;
            return Ok(Condition::Recursion(Some(Ref::Name(name, self.at))));
        }
        let quoted = match self.peek() {
            Some(b'<') => Some(b'>'),
            Some(b'\'') => Some(b'\''),
            _ => None,
        };
        if let Some(close) = quoted {
            self.at += 1;
            let name = match self.name(close) {
                Err(Error { code: 62, at }) => return Err(Error { code: 28, at }),
                Err(Error { code: 42, at }) => return Err(Error { code: 26, at }),
                name => name?,
            };
            if !self.take(b")") {
                return self.fail(26);
            }
            return Ok(Condition::Group(Ref::Name(name, self.at)));
        }
        if matches!(self.peek(), Some(b'0'..=b'9' | b'+' | b'-')) {
            let signed = !self.peek().is_some_and(|byte| byte.is_ascii_digit());
            let plus = self.peek() == Some(b'+');
            if signed && !self.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()) {
                self.at += 1;
                return self.fail(if plus { 63 } else { 26 });
            }
            let number = self.relative_number()?;
            if number == 0 {
                self.at += 1;
                return self.fail(35);
            }
            if !self.take(b")") {
                return self.fail(26);
            }
            return Ok(Condition::Group(Ref::Number(number, self.at)));
        }
        let start = self.at;
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
        let name = self.text[start..self.at].to_vec();
        if name.is_empty() {
            return self.fail(28);
        }
        if !self.take(b")") {
            return self.fail(26);
        }
        if !self.names.iter().any(|(known, _)| *known == name) {
            if name == b"DEFINE" {
                return Ok(Condition::Define);
            }
            if name[0] == b'R' {
                let digits = &name[1..];
                if digits.is_empty() {
                    return Ok(Condition::Recursion(None));
                }
                if digits.iter().all(u8::is_ascii_digit) {
                    let number =
                        digits.iter().fold(0u32, |n, digit| n.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
                    return Ok(Condition::Recursion(Some(Ref::Number(number, self.at))));
                }
            }
        }
        Ok(Condition::Group(Ref::Name(name, self.at)))
    }

    /// `(?i-m)` for the rest of the group, or `(?i:…)`.
    fn set_options(&mut self) -> Parsed<Option<Node>> {
        let mut on = true;
        let mut options = self.options;
        loop {
            let Some(byte) = self.peek() else { return self.fail(14) };
            self.at += 1;
            let bit = match byte {
                b'-' => {
                    on = false;
                    continue;
                }
                b'i' => option::CASELESS,
                b'm' => option::MULTILINE,
                b's' => option::DOTALL,
                b'x' => option::EXTENDED,
                b'U' => option::UNGREEDY,
                b'J' => {
                    self.flags |= option::NAMES_REPEAT;
                    option::DUPNAMES
                }
                b'X' => 0,
                b')' => {
                    self.options = options;
                    return Ok(None);
                }
                b':' => {
                    self.options = options;
                    return self.body(false).map(Some);
                }
                _ => return self.fail_before(12),
            };
            if on {
                options |= bit;
            } else {
                options &= !bit;
            }
        }
    }

    fn verb(&mut self) -> Parsed<Node> {
        self.at += 2;
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        let mut arg: &[u8] = &[];
        let mut has_arg = false;
        if self.take(b":") {
            has_arg = true;
            let start = self.at;
            while self.peek().is_some_and(|byte| byte != b')') {
                self.at += 1;
            }
            arg = &self.text[start..self.at];
            if arg.len() > 255 {
                return self.fail(75);
            }
        }
        if self.peek() != Some(b')') {
            return self.fail(60);
        }
        let verb = match word {
            b"ACCEPT" => Verb::Accept,
            b"COMMIT" => Verb::Commit,
            b"F" | b"FAIL" => {
                if !arg.is_empty() {
                    return self.fail(59);
                }
                self.at += 1;
                return Ok(Node::Fail);
            }
            b"" | b"MARK" if !arg.is_empty() => Verb::Mark,
            b"" | b"MARK" => return self.fail(66),
            b"PRUNE" => Verb::Prune,
            b"SKIP" if has_arg && !arg.is_empty() => Verb::SkipTo,
            b"SKIP" => Verb::Skip,
            b"THEN" => Verb::Then,
            _ => return self.fail(60),
        };
        if matches!(verb, Verb::Accept | Verb::Commit) && !arg.is_empty() {
            return self.fail(59);
        }
        self.at += 1;
        self.has_verbs = true;
        self.has_then |= verb == Verb::Then;
        Ok(Node::Verb(verb, arg.to_vec()))
    }
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}
