//! What characters are: newlines, POSIX classes in Latin-1, categories, scripts, case and grapheme clusters.

use super::class::item;
use super::option;
use super::tables::{CATEGORIES, Runs, SCRIPT_NAMES, SCRIPTS};

/// Properties as a set's item holds them.
pub mod property {
    pub const ANY: u32 = 0;
    /// `\p{L&}`
    pub const CASED: u32 = 1;
    /// First of the seven general classes, in the order of `CLASSES`.
    pub const CLASS: u32 = 2;
    pub const L: u32 = 3;
    pub const ALNUM: u32 = 9;
    pub const SPACE: u32 = 10;
    pub const WORD: u32 = 11;
    pub const NAMED: u32 = 12;
    pub const GRAPH: u32 = 13;
    pub const PRINT: u32 = 14;
    pub const PUNCT: u32 = 15;
    pub const CATEGORY: u32 = 16;
    pub const CC: u32 = CATEGORY;
    pub const LL: u32 = CATEGORY + 5;
    pub const LT: u32 = CATEGORY + 8;
    pub const LU: u32 = CATEGORY + 9;
    pub const ND: u32 = CATEGORY + 13;
    pub const HORIZONTAL: u32 = 48;
    pub const VERTICAL: u32 = 49;
    pub const SCRIPT: u32 = 64;
}

/// Categories by number, two letters each.
const CATEGORY_NAMES: &[u8] = b"CcCfCnCoCsLlLmLoLtLuMcMeMnNdNlNoPcPdPePfPiPoPsScSkSmSoZlZpZs";
/// First categories of the general classes C, L, M, N, P, S, Z.
const CLASS_STARTS: [u32; 8] = [0, 5, 10, 13, 16, 23, 27, 30];
const CLASS_NAMES: &[u8] = b"CLMNPSZ";
const CF: u32 = 1;
const LT: u32 = 8;

/// Characters with more than one other case.
const CASELESS_SETS: [&[u32]; 23] = [
    &[0x4B, 0x6B, 0x212A],
    &[0x53, 0x73, 0x17F],
    &[0xC5, 0xE5, 0x212B],
    &[0xB5, 0x39C, 0x3BC],
    &[0x1C4, 0x1C5, 0x1C6],
    &[0x1C7, 0x1C8, 0x1C9],
    &[0x1CA, 0x1CB, 0x1CC],
    &[0x1F1, 0x1F2, 0x1F3],
    &[0x345, 0x399, 0x3B9, 0x1FBE],
    &[0x392, 0x3B2, 0x3D0],
    &[0x395, 0x3B5, 0x3F5],
    &[0x398, 0x3B8, 0x3D1, 0x3F4],
    &[0x39A, 0x3BA, 0x3F0],
    &[0x3A0, 0x3C0, 0x3D6],
    &[0x3A1, 0x3C1, 0x3F1],
    &[0x3A3, 0x3C2, 0x3C3],
    &[0x3A6, 0x3C6, 0x3D5],
    &[0x3A9, 0x3C9, 0x2126],
    &[0x1E60, 0x1E61, 0x1E9B],
    &[0xDF, 0x1E9E],
    &[0x1F80, 0x1F88],
    &[0x1FB3, 0x1FBC],
    &[0x1FC3, 0x1FCC],
];

/// The character at a place and its length; a stray byte is itself.
pub fn decode(text: &[u8], at: usize) -> (u32, usize) {
    let byte = |ahead: usize| text.get(at + ahead).map_or(0, |byte| u32::from(*byte));
    let first = byte(0);
    let tail = |ahead: usize| byte(ahead) & 0x3F;
    let (c, length) = match first {
        0xC0..0xE0 => ((first & 0x1F) << 6 | tail(1), 2),
        0xE0..0xF0 => ((first & 0x0F) << 12 | tail(1) << 6 | tail(2), 3),
        0xF0..0xF8 => ((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4),
        _ => (first, 1),
    };
    (c, length.min(text.len().saturating_sub(at)).max(1))
}

/// Bytes of the newline that begins here; 0 for none.
pub fn newline_length(text: &[u8], at: usize, options: u32) -> usize {
    let Some(byte) = text.get(at) else { return 0 };
    let crlf = *byte == 13 && text.get(at + 1) == Some(&10);
    match options & option::NEWLINES {
        option::NEWLINE_CR => usize::from(*byte == 13),
        option::NEWLINE_CRLF => 2 * usize::from(crlf),
        option::NEWLINE_ANYCRLF => usize::from(*byte == 10 || *byte == 13) + usize::from(crlf),
        option::NEWLINE_ANY => any_newline(text, at, options),
        _ => usize::from(*byte == 10),
    }
}

/// Bytes of what Unicode calls a newline.
pub fn any_newline(text: &[u8], at: usize, options: u32) -> usize {
    let rest = text.get(at..).unwrap_or(&[]);
    match rest {
        [13, 10, ..] => 2,
        [10..=13, ..] => 1,
        [0x85, ..] if options & option::UTF == 0 => 1,
        [0xC2, 0x85, ..] if options & option::UTF != 0 => 2,
        [0xE2, 0x80, 0xA8 | 0xA9, ..] if options & option::UTF != 0 => 3,
        _ => 0,
    }
}

/// Whether a newline ends here.
pub fn ends_newline(text: &[u8], at: usize, options: u32) -> bool {
    let before = text.get(..at).unwrap_or(&[]);
    match options & option::NEWLINES {
        option::NEWLINE_CR => before.ends_with(&[13]),
        option::NEWLINE_CRLF => before.ends_with(&[13, 10]),
        option::NEWLINE_ANYCRLF => before.ends_with(&[10]) || before.ends_with(&[13]),
        option::NEWLINE_ANY => (1..=3).any(|back| back <= at && any_newline(before, at - back, options) == back),
        _ => before.ends_with(&[10]),
    }
}

#[derive(Copy, Clone, PartialEq, Eq)]
pub enum Posix {
    Alpha,
    Lower,
    Upper,
    Alnum,
    Ascii,
    Blank,
    Cntrl,
    Digit,
    Graph,
    Print,
    Punct,
    Space,
    Word,
    Xdigit,
}

pub fn posix_by_name(name: &[u8]) -> Option<Posix> {
    Some(match name {
        b"alpha" => Posix::Alpha,
        b"lower" => Posix::Lower,
        b"upper" => Posix::Upper,
        b"alnum" => Posix::Alnum,
        b"ascii" => Posix::Ascii,
        b"blank" => Posix::Blank,
        b"cntrl" => Posix::Cntrl,
        b"digit" => Posix::Digit,
        b"graph" => Posix::Graph,
        b"print" => Posix::Print,
        b"punct" => Posix::Punct,
        b"space" => Posix::Space,
        b"word" => Posix::Word,
        b"xdigit" => Posix::Xdigit,
        _ => return None,
    })
}

fn is_upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || matches!(byte, 192..=214 | 216..=222)
}
fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || matches!(byte, 170 | 181 | 186 | 223..=246 | 248..=255)
}

/// Classes of Latin-1.
pub fn is_posix(kind: Posix, byte: u8) -> bool {
    let alnum = || is_upper(byte) || is_lower(byte) || byte.is_ascii_digit();
    let graph = || matches!(byte, 33..=126 | 160..);
    match kind {
        Posix::Alpha => is_upper(byte) || is_lower(byte),
        Posix::Lower => is_lower(byte),
        Posix::Upper => is_upper(byte),
        Posix::Alnum => alnum(),
        Posix::Ascii => byte < 128,
        Posix::Blank => byte == 9 || byte == 32,
        Posix::Cntrl => matches!(byte, 0..=31 | 127..=159),
        Posix::Digit => byte.is_ascii_digit(),
        Posix::Graph => graph(),
        Posix::Print => graph() || byte == 32,
        Posix::Punct => graph() && !alnum(),
        Posix::Space => matches!(byte, 9..=13 | 32),
        Posix::Word => alnum() || byte == b'_',
        Posix::Xdigit => byte.is_ascii_hexdigit(),
    }
}

/// The one other case of a character, or itself.
pub fn other_case(c: u32, utf: bool) -> u32 {
    if c < 128 || !utf {
        let byte = c as u8;
        return match byte {
            b'A'..=b'Z' | 192..=214 | 216..=222 => c + 32,
            b'a'..=b'z' | 224..=246 | 248..=254 => c - 32,
            _ => c,
        };
    }
    let Some(character) = char::from_u32(c) else { return c };
    let mut lower = character.to_lowercase();
    if let (Some(one), None) = (lower.next(), lower.next())
        && one != character
    {
        return u32::from(one);
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => u32::from(one),
        _ => c,
    }
}

/// Characters that are equal but for case, `c` among them.
pub fn cases(c: u32, utf: bool) -> [u32; 4] {
    if utf {
        for set in CASELESS_SETS {
            if set.contains(&c) {
                let mut out = [c; 4];
                out[..set.len()].copy_from_slice(set);
                return out;
            }
        }
    }
    let other = other_case(c, utf);
    [c, other, c, c]
}

pub fn equal_but_case(a: u32, b: u32, utf: bool) -> bool {
    a == b || cases(a, utf).contains(&b)
}

fn look_up(runs: &Runs, c: u32) -> (u32, u8) {
    let block = runs.index.partition_point(|(first, _)| *first <= c).saturating_sub(1);
    let (mut first, at) = runs.index[block];
    let mut at = usize::from(at);
    loop {
        let (mut length, mut shift) = (0u32, 0);
        while let Some(byte) = runs.data.get(at) {
            at += 1;
            length |= u32::from(byte & 127) << shift;
            shift += 7;
            if byte & 128 == 0 {
                break;
            }
        }
        let Some(value) = runs.data.get(at) else { return (first, 255) };
        if c - first <= length {
            return (first, *value);
        }
        at += 1;
        first += length + 1;
    }
}

fn category(c: u32) -> u32 {
    match look_up(&CATEGORIES, c.min(0x10_FFFF)) {
        (first, 30) => {
            if (c - first).is_multiple_of(2) {
                9
            } else {
                5
            }
        }
        (_, value) => u32::from(value),
    }
}

fn class_of(category: u32) -> usize {
    CLASS_STARTS.iter().rposition(|first| *first <= category).unwrap_or(0)
}

pub fn property_by_name(name: &[u8]) -> Option<u32> {
    let special = match name {
        b"Any" => Some(property::ANY),
        b"L&" => Some(property::CASED),
        b"Xan" => Some(property::ALNUM),
        b"Xsp" | b"Xps" => Some(property::SPACE),
        b"Xwd" => Some(property::WORD),
        b"Xuc" => Some(property::NAMED),
        _ => None,
    };
    if special.is_some() {
        return special;
    }
    if let [letter] = name {
        return CLASS_NAMES.iter().position(|class| class == letter).map(|class| property::CLASS + class as u32);
    }
    if name.len() == 2
        && let Some(at) = CATEGORY_NAMES.chunks(2).position(|category| category == name)
    {
        return Some(property::CATEGORY + at as u32);
    }
    SCRIPT_NAMES.split(' ').position(|script| script.as_bytes() == name).map(|script| property::SCRIPT + script as u32)
}

fn is_horizontal(c: u32) -> bool {
    matches!(c, 9 | 32 | 160 | 0x1680 | 0x180E | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000)
}

/// Whether a character has the property of a set's item, before `NEGATIVE`.
pub fn has_property(c: u32, wanted: u32) -> bool {
    let wanted = wanted & item::VALUE;
    match wanted {
        property::ANY => return true,
        property::HORIZONTAL => return is_horizontal(c),
        property::VERTICAL => return matches!(c, 10..=13 | 0x85 | 0x2028 | 0x2029),
        property::NAMED => return matches!(c, 0x24 | 0x40 | 0x60 | 0xA0..=0xD7FF | 0xE000..),
        property::SCRIPT.. => return u32::from(look_up(&SCRIPTS, c.min(0x10_FFFF)).1) == wanted - property::SCRIPT,
        _ => {}
    }
    let category = category(c);
    let class = class_of(category);
    let alnum = class == 1 || class == 3;
    let hidden = class == 0 && (category != CF || matches!(c, 0x61C | 0x180E | 0x2066..=0x2069));
    match wanted {
        property::CASED => matches!(category, 5 | LT | 9),
        property::ALNUM => alnum,
        property::SPACE => class == 6 || matches!(c, 9..=13 | 0x85 | 0x180E),
        property::WORD => alnum || c == 95,
        property::GRAPH => class != 6 && !hidden,
        property::PRINT => !hidden && !matches!(category, 27 | 28),
        property::PUNCT => class == 4 || (c < 128 && class == 5),
        property::CATEGORY.. => category == wanted - property::CATEGORY,
        _ => class as u32 == wanted - property::CLASS,
    }
}

/// Parts of grapheme clusters.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Break {
    Control,
    Extend,
    Spacing,
    L,
    V,
    T,
    Lv,
    Lvt,
    Regional,
    Other,
}

fn break_of(c: u32) -> Break {
    match c {
        0x1100..=0x115F | 0xA960..=0xA97C => return Break::L,
        0x1160..=0x11A7 | 0xD7B0..=0xD7C6 => return Break::V,
        0x11A8..=0x11FF | 0xD7CB..=0xD7FB => return Break::T,
        0xAC00..=0xD7A3 => return if (c - 0xAC00).is_multiple_of(28) { Break::Lv } else { Break::Lvt },
        0x1F1E6..=0x1F1FF => return Break::Regional,
        0x200C
        | 0x200D
        | 0xFF9E
        | 0xFF9F
        | 0x9BE
        | 0x9D7
        | 0xB3E
        | 0xB57
        | 0xBBE
        | 0xBD7
        | 0xCC2
        | 0xCD5
        | 0xCD6
        | 0xD3E
        | 0xD57
        | 0xDCF
        | 0xDDF
        | 0x302E
        | 0x302F
        | 0x1D165
        | 0x1D16E..=0x1D172 => return Break::Extend,
        0xE33 | 0xEB3 => return Break::Spacing,
        0x102B | 0x102C | 0x1038 | 0x1062..=0x1064 | 0x1067..=0x106D | 0x1083 | 0x1087..=0x108C | 0x108F | 0x109A..=0x109C => {
            return Break::Other;
        }
        _ => {}
    }
    match category(c) {
        10 => Break::Spacing,
        11 | 12 => Break::Extend,
        0 | 1 | 4 | 27 | 28 => Break::Control,
        _ => Break::Other,
    }
}

/// Where the grapheme cluster that begins here ends.
pub fn grapheme_end(text: &[u8], at: usize, utf: bool) -> usize {
    let read = |at: usize| if utf { decode(text, at) } else { (u32::from(text[at]), 1) };
    let (c, length) = read(at);
    let mut at = at + length;
    if c == 13 && text.get(at) == Some(&10) {
        return at + 1;
    }
    let mut left = break_of(c);
    while at < text.len() {
        let (c, length) = read(at);
        let right = break_of(c);
        let joins = match (left, right) {
            (Break::Control, _) | (_, Break::Control) => false,
            (_, Break::Extend | Break::Spacing) => true,
            (Break::L, Break::L | Break::V | Break::Lv | Break::Lvt) => true,
            (Break::V | Break::Lv, Break::V | Break::T) => true,
            (Break::T | Break::Lvt, Break::T) => true,
            (Break::Regional, Break::Regional) => true,
            _ => false,
        };
        if !joins {
            break;
        }
        left = right;
        at += length;
    }
    at
}
