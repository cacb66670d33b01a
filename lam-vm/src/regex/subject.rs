//! What a matcher asks of its subject: characters, sets, tests that take no room, text equal to a group's.

use super::class::item;
use super::matcher::Matcher;
use super::option;
use super::program::op;
use super::unicode::{self, Posix};

impl Matcher<'_> {
    pub(super) fn length_at(&self, at: usize) -> usize {
        if self.utf { unicode::decode(self.text, at).1 } else { 1 }
    }
    pub(super) fn char_at(&self, at: usize) -> (u32, usize) {
        if self.utf { unicode::decode(self.text, at) } else { (self.text.get(at).map_or(0, |byte| u32::from(*byte)), 1) }
    }
    pub(super) fn char_before(&self, at: usize) -> Option<usize> {
        let mut at = at.checked_sub(1)?;
        while self.utf && at > 0 && self.text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80) {
            at -= 1;
        }
        Some(at)
    }
    pub(super) fn is_word(&self, at: usize) -> bool {
        let (c, _) = self.char_at(at);
        if self.has(option::UCP) {
            return unicode::has_property(c, unicode::property::WORD);
        }
        u8::try_from(c).is_ok_and(|byte| unicode::is_posix(Posix::Word, byte))
    }
    /// Matches one character by the operation at `pc`.
    #[inline]
    pub(super) fn single(&self, pc: usize, at: usize) -> Option<usize> {
        let byte = *self.text.get(at)?;
        let word = self.word(pc);
        match word & 255 {
            op::CHAR if byte < 128 || !self.utf => (u32::from(byte) == self.word(pc + 1)).then_some(at + 1),
            op::CHAR => {
                let (c, length) = self.char_at(at);
                (c == self.word(pc + 1)).then_some(at + length)
            }
            op::CHAR_FOLD => {
                let (c, length) = self.char_at(at);
                unicode::equal_but_case(c, self.word(pc + 1), self.utf).then_some(at + length)
            }
            op::ANY => (unicode::newline_length(self.text, at, self.options) == 0).then(|| at + self.length_at(at)),
            op::ALL => Some(at + self.length_at(at)),
            op::BYTE => Some(at + 1),
            op::SET => {
                let (c, length) = self.char_at(at);
                self.in_set(pc, c).then_some(at + length)
            }
            _ => None,
        }
    }
    pub(super) fn in_set(&self, pc: usize, c: u32) -> bool {
        let negated = self.word(pc) >> 8 & 1 != 0;
        if c < 256 && self.word(pc + 1 + (c / 32) as usize) >> (c % 32) & 1 != 0 {
            return !negated;
        }
        let count = self.word(pc + 9) as usize;
        let items = self.words.get(pc + 10..).unwrap_or(&[]);
        let found = items.chunks_exact(2).take(count).any(|pair| {
            let (first, last) = (pair[0], pair[1]);
            if first & item::PROPERTY != 0 {
                return unicode::has_property(c, first) != (first & item::NEGATIVE != 0);
            }
            let range = first & item::VALUE..=last;
            if first & item::FOLD != 0 {
                unicode::cases(c, self.utf).iter().any(|c| range.contains(c))
            } else {
                range.contains(&c)
            }
        });
        found != negated
    }
    /// Words of the one-character operation at `pc`.
    pub(super) fn single_words(&self, pc: usize) -> usize {
        match self.word(pc) & 255 {
            op::CHAR | op::CHAR_FOLD => 2,
            op::SET => 10 + 2 * (self.word(pc + 9) as usize).min(self.words.len()),
            _ => 1,
        }
    }
    pub(super) fn test(&self, operation: u32, at: usize) -> bool {
        let end = self.text.len();
        match operation {
            op::START => at == 0 && !self.has(option::NOTBOL),
            op::LINE_START if at == 0 => !self.has(option::NOTBOL),
            op::LINE_START => at != end && unicode::ends_newline(self.text, at, self.options),
            op::LINE_END if at == end => !self.has(option::NOTEOL),
            op::LINE_END => unicode::newline_length(self.text, at, self.options) > 0,
            op::DOLLAR_END_ONLY => at == end && !self.has(option::NOTEOL),
            op::DOLLAR => !self.has(option::NOTEOL) && self.at_last_newline(at),
            op::DOLLAR_ANY => self.at_last_newline(at),
            op::SUBJECT_START => at == 0,
            op::SUBJECT_END => at == end,
            op::FIRST_POSITION => at == self.offset,
            _ => {
                let before = self.char_before(at).is_some_and(|before| self.is_word(before));
                let after = at < end && self.is_word(at);
                (before != after) == (operation == op::WORD_EDGE)
            }
        }
    }
    pub(super) fn at_last_newline(&self, at: usize) -> bool {
        let length = unicode::newline_length(self.text, at, self.options);
        at == self.text.len() || (length > 0 && at + length == self.text.len())
    }
    /// Where the text of a group, repeated here, ends.
    pub(super) fn same_text(&self, start: usize, end: usize, here: usize, fold: bool) -> Option<usize> {
        let wanted = self.text.get(start..end)?;
        if !fold {
            return self.text.get(here..)?.starts_with(wanted).then_some(here + wanted.len());
        }
        let (mut from, mut at) = (start, here);
        while from < end {
            if at >= self.text.len() {
                return None;
            }
            let (a, a_length) = self.char_at(from);
            let (b, b_length) = self.char_at(at);
            if !unicode::equal_but_case(a, b, self.utf) {
                return None;
            }
            from += a_length;
            at += b_length;
        }
        Some(at)
    }
}
