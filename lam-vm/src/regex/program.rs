//! A compiled pattern: a header, a table of groups, code and names, all 32-bit words.
//!
//! ```text
//! 0 MAGIC  1 options  2 groups  3 slots  4 has first bytes  5..13 first bytes, a bit each  13 match limit  14 depth limit
//! 15 names begin  16 count of names  17 words in all  18.. where each group's code begins (0 is the whole)  .. code  .. names
//! ```
//! A name is its group, its length and its bytes, four a word; names are sorted. Slots: 0 is where the match begins (`\K` moves
//! it), 3n, 3n + 1 and 3n + 2 are start, end and the start under way of group n; then counters and positions of loops.

use super::emit::Emitter;
use super::errors::Error;
use super::option;
use super::parse::{Node, Parser};

pub const MAGIC: u32 = 0x3145_524C;
pub const HEADER: usize = 18;

pub mod at {
    pub const OPTIONS: usize = 1;
    pub const GROUPS: usize = 2;
    pub const SLOTS: usize = 3;
    pub const HAS_FIRST: usize = 4;
    pub const FIRST: usize = 5;
    pub const MATCH_LIMIT: usize = 13;
    pub const DEPTH_LIMIT: usize = 14;
    pub const NAMES: usize = 15;
    pub const NAME_COUNT: usize = 16;
    pub const WORDS: usize = 17;
}

/// Operations: the low byte of a word; flags and small operands above it, larger ones in the words after.
pub mod op {
    pub const FAIL: u32 = 0;
    pub const END: u32 = 1;
    /// One character: char, in either case, any but newline, all, byte, set.
    pub const CHAR: u32 = 2;
    pub const CHAR_FOLD: u32 = 3;
    pub const ANY: u32 = 4;
    pub const ALL: u32 = 5;
    pub const BYTE: u32 = 6;
    pub const SET: u32 = 7;
    /// Tests without width.
    pub const START: u32 = 10;
    pub const LINE_START: u32 = 11;
    pub const DOLLAR: u32 = 12;
    pub const LINE_END: u32 = 13;
    pub const DOLLAR_END_ONLY: u32 = 14;
    pub const SUBJECT_START: u32 = 15;
    pub const SUBJECT_END: u32 = 16;
    pub const DOLLAR_ANY: u32 = 17;
    pub const FIRST_POSITION: u32 = 18;
    pub const WORD_EDGE: u32 = 19;
    pub const NOT_WORD_EDGE: u32 = 20;
    pub const KEEP: u32 = 21;
    /// More than one character.
    pub const NEWLINE: u32 = 22;
    pub const GRAPHEME: u32 = 23;
    /// group
    pub const OPEN: u32 = 30;
    pub const CLOSE: u32 = 31;
    /// other: goes on, and tries `other` when that fails.
    pub const BRANCH: u32 = 32;
    /// other: goes to `other`, and tries what follows when that fails.
    pub const BRANCH_LAZY: u32 = 33;
    pub const JUMP: u32 = 34;
    /// mode in bits 8..10; min, max, then the one-character operation.
    pub const REPEAT: u32 = 35;
    /// counter slot
    pub const LOOP_INIT: u32 = 36;
    /// mode; counter, min, max, exit
    pub const LOOP: u32 = 37;
    /// counter, min, place slot, the loop's word; leaves the loop when nothing was matched.
    pub const LOOP_END: u32 = 38;
    /// counter, place slot
    pub const LOOP_ENTER: u32 = 56;
    /// slot
    pub const ATOMIC: u32 = 39;
    pub const ATOMIC_END: u32 = 40;
    /// slot, where to go on when the body fails (0: nowhere); bit 8: negative.
    pub const LOOK: u32 = 41;
    /// slot; bit 8: negative, then where to go on (0: fail)
    pub const LOOK_END: u32 = 42;
    /// characters
    pub const BACK: u32 = 43;
    /// else, count of groups, groups
    pub const IF_GROUP: u32 = 44;
    /// else, count of groups (0: any), groups
    pub const IF_CALLED: u32 = 45;
    pub const CALL: u32 = 46;
    /// fold in bit 8; count, groups
    pub const BACKREF: u32 = 47;
    /// slot: notes the height of the stack before alternatives
    pub const ALTERNATIVES: u32 = 48;
    /// look slot or NONE, its end
    pub const ACCEPT: u32 = 49;
    pub const COMMIT: u32 = 50;
    pub const PRUNE: u32 = 51;
    pub const SKIP: u32 = 52;
    /// name number
    pub const SKIP_TO: u32 = 53;
    /// slot of alternatives or NONE
    pub const THEN: u32 = 54;
    /// name number
    pub const MARK: u32 = 55;
    pub const NONE: u32 = u32::MAX;
}

/// Whether nothing may repeat this.
pub fn is_test(node: &Node) -> bool {
    matches!(node, Node::Op(op) if (op::START..=op::KEEP).contains(op))
}

#[derive(Clone)]
pub struct Program {
    pub words: Vec<u32>,
}

impl Program {
    /// A program from what was a binary; `None` for what is none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() || chunks.len() < HEADER {
            return None;
        }
        let words: Vec<u32> = chunks.iter().map(|chunk| u32::from_le_bytes(*chunk)).collect();
        let program = Program { words };
        let groups = program.word(at::GROUPS) as usize;
        let sane = program.word(0) == MAGIC
            && program.word(at::WORDS) as usize == program.words.len()
            && groups <= 0xFFFF
            && program.word(at::SLOTS) as usize >= 3 * (groups + 1)
            && program.word(at::SLOTS) <= 0x10_0000;
        sane.then_some(program)
    }
    pub fn to_bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
    pub fn word(&self, at: usize) -> u32 {
        self.words.get(at).copied().unwrap_or(0)
    }
    pub fn options(&self) -> u32 {
        self.word(at::OPTIONS)
    }
    pub fn groups(&self) -> usize {
        self.word(at::GROUPS) as usize
    }
    /// Names in order, with their groups.
    pub fn names(&self) -> Vec<(Vec<u8>, u32)> {
        let mut out = Vec::new();
        let mut place = self.word(at::NAMES) as usize;
        for _ in 0..self.word(at::NAME_COUNT).min(10000) {
            let group = self.word(place);
            let length = self.word(place.saturating_add(1)).min(32) as usize;
            let bytes = (0..length).map(|i| (self.word(place.saturating_add(2 + i / 4)) >> (8 * (i % 4))) as u8);
            out.push((bytes.collect(), group));
            place = place.saturating_add(2 + length.div_ceil(4));
        }
        out
    }
    pub fn has_repeated_names(&self) -> bool {
        self.options() & (option::DUPNAMES | option::NAMES_REPEAT) != 0
    }
}

/// What a pattern may set for itself before all else.
fn leading_options(parser: &mut Parser<'_>) {
    const WORDS: [(&[u8], u32, u32); 13] = [
        (b"(*UTF8)", 0, option::UTF),
        (b"(*UTF)", 0, option::UTF),
        (b"(*UCP)", 0, option::UCP),
        (b"(*NO_AUTO_POSSESS)", 0, 0),
        (b"(*NO_START_OPT)", 0, option::NO_START_OPTIMIZE),
        (b"(*CR)", option::NEWLINES, option::NEWLINE_CR),
        (b"(*LF)", option::NEWLINES, option::NEWLINE_LF),
        (b"(*CRLF)", option::NEWLINES, option::NEWLINE_CRLF),
        (b"(*ANY)", option::NEWLINES, option::NEWLINE_ANY),
        (b"(*ANYCRLF)", option::NEWLINES, option::NEWLINE_ANYCRLF),
        (b"(*BSR_ANYCRLF)", option::BSR_UNICODE, option::BSR_ANYCRLF),
        (b"(*BSR_UNICODE)", option::BSR_ANYCRLF, option::BSR_UNICODE),
        (b"(*UTF16)", 0, 0),
    ];
    'more: loop {
        for (word, clear, set) in &WORDS[..12] {
            if parser.take(word) {
                parser.options = parser.options & !clear | set;
                continue 'more;
            }
        }
        for (word, depth) in [(&b"(*LIMIT_MATCH="[..], false), (b"(*LIMIT_RECURSION=", true)] {
            let start = parser.at;
            if parser.take(word) {
                let digits = parser.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
                let limit = core::str::from_utf8(&parser.rest()[..digits]).ok().and_then(|digits| digits.parse::<u32>().ok());
                let limit = limit.filter(|limit| *limit <= u32::MAX - 15);
                parser.at += digits;
                if let (Some(limit), true) = (limit, parser.take(b")")) {
                    let slot = if depth { &mut parser.depth_limit } else { &mut parser.match_limit };
                    *slot = Some(slot.map_or(limit, |old| old.min(limit)));
                    continue 'more;
                }
                parser.at = start;
            }
        }
        break;
    }
}

/// Compiles a pattern, which ends at its first zero byte as C's do.
pub fn compile(pattern: &[u8], options: u32) -> Result<Program, Error> {
    let text = pattern.split(|byte| *byte == 0).next().unwrap_or(&[]);
    let mut parser = Parser::new(text, options);
    leading_options(&mut parser);
    if parser.has(option::UTF) {
        if options & option::NEVER_UTF != 0 {
            return Err(Error { code: 78, at: 0 });
        }
        if let Err(error) = core::str::from_utf8(text) {
            return Err(Error { code: 44, at: error.valid_up_to() });
        }
    }
    const BOTH: u32 = option::BSR_ANYCRLF | option::BSR_UNICODE;
    if parser.options & option::NEWLINES > option::NEWLINE_ANYCRLF || parser.options & BOTH == BOTH {
        return Err(Error { code: 56, at: 0 });
    }
    let options = parser.options;
    let tree = parser.pattern()?;
    Emitter::program(&parser, &tree, options | parser.flags)
}
