//! A terminal as OTP's driver `tty_sl` offers it: commands that edit a line go in, what is typed comes out as UTF-8.
//!
//! ```text
//! {0 | 5, Text} put (5: and say so)   {1, N:16} move   {2, Text} insert   {3, N:16} delete   {4} beep
//! ```
//! An interrupt (Ctrl-C) makes the terminal what it was before, and shows a menu; what is typed then is read line by line.

use super::line::{Act, Line};
use crate::platform::posix::Result;
use crate::platform::stdio::{self, WindowSize};
use crate::platform::types::RawMode;
use crate::platform::{self, env, terminal};

/// What `port_control` is asked, as OTP's drivers number it.
pub const GET_WINDOW_SIZE: i64 = 0x018b_0900 + 100;
const GET_UNICODE: i64 = GET_WINDOW_SIZE + 1;
const SET_UNICODE: i64 = GET_WINDOW_SIZE + 2;

/// Output that waits when a command that asks for an answer gets it.
pub(super) const ANSWERED_BYTES: usize = 1024;

const MENU: &str = "BREAK: (a)bort (A)bort with dump (c)ontinue (p)roc info (i)nfo\n       \
                    (l)oaded (v)ersion (k)ill (D)b-tables (d)istribution\n";

/// The terminal of a port.
pub struct Terminal {
    line: Line,
    /// The beginning of a character.
    partial: Vec<u8>,
    shows_menu: bool,
}

impl Terminal {
    /// Takes the terminal as the words behind the driver's name say: `-c -e`.
    pub fn open(line: &[u8]) -> Result<Terminal> {
        let has = |word: &[u8]| line.split(|byte| *byte == b' ').any(|other| other == word);
        let mode =
            RawMode { is_unbuffered: has(b"-c"), is_unprocessed: has(b"-c"), is_silent: has(b"-e"), notes_interrupts: true };
        let variable = |name: &[u8]| env::get(name).filter(|value| !value.is_empty());
        let kind = variable(b"TERM").ok_or(platform::Posix::Einval)?;
        if matches!(&kind[..], b"dumb" | b"unknown") {
            return Err(platform::Posix::Einval);
        }
        terminal::take(mode)?;
        let locale = [&b"LC_ALL"[..], b"LC_CTYPE", b"LANG"].into_iter().find_map(variable);
        let is_unicode = locale.is_none_or(|locale| locale.to_ascii_uppercase().windows(3).any(|part| part == b"UTF"));
        Ok(Terminal { line: Line::new(is_unicode), partial: Vec::new(), shows_menu: false })
    }
    /// What a command makes of the screen, and whether it wants to be answered.
    pub(super) fn command(&mut self, command: &[u8]) -> (Vec<u8>, bool) {
        let Some((code, rest)) = command.split_first() else { return (Vec::new(), false) };
        let number = || rest.first_chunk().map_or(0, |two| i16::from_be_bytes(*two));
        let act = match code {
            0 | 5 => Act::Put(rest),
            1 => Act::Move(number()),
            2 => Act::Insert(rest),
            3 => Act::Delete(number()),
            4 => Act::Beep,
            _ => return (Vec::new(), false),
        };
        (self.line.act(act, size().columns as usize), *code == 5)
    }
    /// What was typed, in whole characters.
    pub(super) fn typed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.partial.extend_from_slice(bytes);
        if self.line.is_unicode {
            match core::str::from_utf8(&self.partial) {
                Ok(_) => return core::mem::take(&mut self.partial),
                Err(error) if error.error_len().is_none() => {
                    let rest = self.partial.split_off(error.valid_up_to());
                    return core::mem::replace(&mut self.partial, rest);
                }
                // As OTP: such a terminal speaks Latin-1.
                Err(_) => self.line.is_unicode = false,
            }
        }
        let text: String = core::mem::take(&mut self.partial).into_iter().map(char::from).collect();
        text.into_bytes()
    }
    /// What `port_control` answers.
    pub(super) fn control(&mut self, operation: i64, data: &[u8]) -> Option<Vec<u8>> {
        let was_unicode = u8::from(self.line.is_unicode);
        match operation {
            GET_WINDOW_SIZE => {
                let size = size();
                Some([size.columns.to_ne_bytes(), size.rows.to_ne_bytes()].concat())
            }
            GET_UNICODE => Some(vec![was_unicode]),
            SET_UNICODE => {
                let Some(new) = data.first() else { return Some(Vec::new()) };
                self.line.is_unicode = *new != 0;
                Some(vec![was_unicode])
            }
            _ => None,
        }
    }

    // --- the menu

    /// An interrupt: what the terminal shows; `None` where it is the second one, which ends the program.
    pub(super) fn interrupt(&mut self) -> Option<String> {
        if self.shows_menu {
            return None;
        }
        self.shows_menu = true;
        terminal::pause();
        Some(format!("\n{MENU}"))
    }
    /// Whether what is typed is for the menu.
    pub(super) fn shows_menu(&self) -> bool {
        self.shows_menu
    }
    /// Does what a line says; what the terminal shows.
    pub(super) fn choose(&mut self, line: &[u8]) -> String {
        match line.first() {
            Some(b'a' | b'A' | b'q' | b'*') | None => end(0),
            Some(b'c') => {
                self.shows_menu = false;
                terminal::resume();
                String::new()
            }
            Some(b'v') => format!("LAM {}\n", env!("CARGO_PKG_VERSION")),
            Some(b'\n') => String::new(),
            Some(other) => {
                let shown = char::from(*other).escape_default();
                format!("LAM has no option '{shown}' here. Please enter one of (a)bort, (c)ontinue, (v)ersion\n")
            }
        }
    }
}

/// Ends the program at once: nothing is flushed, as in OTP.
pub(super) fn end(code: i32) -> ! {
    platform::exit(code)
}

fn size() -> WindowSize {
    stdio::window_size().filter(|size| size.columns > 0).unwrap_or(WindowSize { columns: 80, rows: 24 })
}

impl Drop for Terminal {
    fn drop(&mut self) {
        terminal::give_back();
    }
}
