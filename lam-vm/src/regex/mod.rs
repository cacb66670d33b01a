//! Regular expressions as OTP 25's `re` understands them: patterns of PCRE 8.44, matched by backtracking on a stack of our own.
//!
//! `compile` turns a pattern into a `Program`: words of code, which travel as bytes inside `{re_pattern, …}` and may come back
//! hostile; so the matcher checks each word it reads and counts each step it makes. Nothing here knows of terms.
//! Source: PCRE's documentation (pcrepattern, pcreapi); behaviour checked against `erl`.

#![forbid(unsafe_code)]

mod backtrack;
mod class;
mod emit;
mod errors;
mod escape;
mod groups;
mod matcher;
mod parse;
mod program;
mod subject;
mod tables;
mod unicode;

pub use errors::{Error, message};
pub use matcher::{Ended, Limits, State, UNSET};
pub use program::{Program, compile};

/// Options of a pattern and of a run, as bits.
pub mod option {
    pub const CASELESS: u32 = 1;
    pub const MULTILINE: u32 = 1 << 1;
    pub const DOTALL: u32 = 1 << 2;
    pub const EXTENDED: u32 = 1 << 3;
    pub const ANCHORED: u32 = 1 << 4;
    pub const DOLLAR_ENDONLY: u32 = 1 << 5;
    pub const UNGREEDY: u32 = 1 << 6;
    pub const UTF: u32 = 1 << 7;
    pub const UCP: u32 = 1 << 8;
    pub const NO_AUTO_CAPTURE: u32 = 1 << 9;
    pub const FIRSTLINE: u32 = 1 << 10;
    pub const DUPNAMES: u32 = 1 << 11;
    pub const NO_START_OPTIMIZE: u32 = 1 << 12;
    pub const NEVER_UTF: u32 = 1 << 13;
    pub const BSR_ANYCRLF: u32 = 1 << 14;
    pub const BSR_UNICODE: u32 = 1 << 15;
    pub const NEWLINE_CR: u32 = 1 << 16;
    pub const NEWLINE_LF: u32 = 2 << 16;
    pub const NEWLINE_CRLF: u32 = 3 << 16;
    pub const NEWLINE_ANY: u32 = 4 << 16;
    pub const NEWLINE_ANYCRLF: u32 = 5 << 16;
    pub const NEWLINES: u32 = 7 << 16;
    pub const NOTBOL: u32 = 1 << 19;
    pub const NOTEOL: u32 = 1 << 20;
    pub const NOTEMPTY: u32 = 1 << 21;
    pub const NOTEMPTY_ATSTART: u32 = 1 << 22;
    /// The subject is known to be UTF-8.
    pub const NO_UTF_CHECK: u32 = 1 << 23;
    /// Found in the pattern: it says CR or LF itself.
    pub const HAS_CR_OR_LF: u32 = 1 << 24;
    /// Found in the pattern: names may repeat by `(?J)`.
    pub const NAMES_REPEAT: u32 = 1 << 25;
    /// As PCRE2: `\p{Lu}`, `\p{Ll}` and `\p{Lt}` ignore case where the pattern does.
    pub const PROPERTIES_FOLD: u32 = 1 << 26;
}
