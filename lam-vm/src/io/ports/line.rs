//! The line that a terminal shows under the cursor, as OTP's driver `tty_sl` keeps it: commands change it, and the bytes that show the
//! change come out.
//!
//! ```text
//! cells:  1 > f o o ( \t . . . ^ A        a character, or the parts of what is shown as several
//!                 ↑ at                    commands move over cells, what is moved on the screen are columns
//! ```
//! It assumes a terminal that waits at the last column (all that are in use do), goes up by `ESC [ A`, right by `ESC [ C`, left by a
//! backspace and down by a line feed, which is no return.
//! *Source*: erts/emulator/drivers/unix/ttsl_drv.c.

use super::width;

/// Longer lines are ended.
const LINE_CELLS: usize = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Char(char),
    Tab,
    Escape,
    /// A control character, shown as two.
    Control(u8),
    /// A character that the terminal cannot show: `\` and this text, one cell for each of its letters.
    Escaped(char),
    /// The rest of the one before.
    Rest,
}

/// What a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act<'a> {
    /// Puts characters over what is there.
    Put(&'a [u8]),
    Move(i16),
    Insert(&'a [u8]),
    /// Deletes characters after the cursor, or before it.
    Delete(i16),
    Beep,
}

/// The line, and where the cursor is in it.
#[derive(Debug)]
pub struct Line {
    cells: Vec<Cell>,
    at: usize,
    columns: usize,
    /// The terminal shows Unicode; else Latin-1.
    pub is_unicode: bool,
    out: Vec<u8>,
}

impl Line {
    pub fn new(is_unicode: bool) -> Line {
        Line { cells: Vec::new(), at: 0, columns: 80, is_unicode, out: Vec::new() }
    }
    /// What the terminal gets. It has so many columns now.
    pub fn act(&mut self, act: Act<'_>, columns: usize) -> Vec<u8> {
        self.columns = columns.max(1);
        if self.at > LINE_CELLS {
            self.put(b"\n");
        }
        match act {
            Act::Put(text) => self.put(text),
            Act::Move(count) => {
                let to = self.stepped(count);
                self.move_cursor(self.column(self.at), self.column(to));
                self.at = to;
            }
            Act::Insert(text) => self.insert(text),
            Act::Delete(count) => self.delete(count),
            Act::Beep => self.out.push(7),
        }
        core::mem::take(&mut self.out)
    }

    fn put(&mut self, text: &[u8]) {
        let from = self.take_in(text);
        self.show(from, self.at, false);
    }

    fn insert(&mut self, text: &[u8]) {
        let rest = self.cells.split_off(self.at.min(self.cells.len()));
        let from = self.take_in(text);
        self.cells.extend(rest);
        self.show(from, self.cells.len(), false);
        self.move_cursor(self.column(self.cells.len()), self.column(self.at));
    }

    fn delete(&mut self, count: i16) {
        let to = self.stepped(count);
        let (first, end) = (self.at.min(to), self.at.max(to));
        if first == end {
            return;
        }
        let gone = self.column(end) - self.column(first);
        if to < self.at {
            self.move_cursor(self.column(self.at), self.column(to));
        }
        self.cells.drain(first..end);
        self.at = first;
        self.show(first, self.cells.len(), false);
        self.out.extend(core::iter::repeat_n(b' ', gone));
        let shown = self.column(self.cells.len()) + gone;
        if shown.is_multiple_of(self.columns) {
            self.out.extend(b" \x08");
        }
        self.move_cursor(shown, self.column(first));
    }

    /// The place so many characters further, or before.
    fn stepped(&self, count: i16) -> usize {
        let mut at = self.at;
        for _ in 0..count.max(0) {
            at = (at + 1).min(self.cells.len());
            while self.cells.get(at) == Some(&Cell::Rest) {
                at += 1;
            }
        }
        for _ in count.min(0)..0 {
            at = at.saturating_sub(1);
            while at > 0 && self.cells[at] == Cell::Rest {
                at -= 1;
            }
        }
        at
    }

    /// Writes text over the cells at the cursor; where what is not shown yet begins. A line end shows what is before it, and the line
    /// goes on with what comes after.
    fn take_in(&mut self, mut text: &[u8]) -> usize {
        let mut from = self.at;
        while !text.is_empty() {
            let (letter, length) = letter_of(text);
            text = &text[length..];
            match letter {
                ' '..='~' => self.cell(Cell::Char(letter)),
                '\t' => {
                    self.cell(Cell::Tab);
                    while !self.at.is_multiple_of(8) {
                        self.cell(Cell::Rest);
                    }
                }
                '\x1b' => self.cell(Cell::Escape),
                '\n' | '\r' => {
                    self.show(from, self.at, true);
                    self.out.push(b'\r');
                    if letter == '\n' {
                        self.out.push(b'\n');
                    }
                    self.cells.drain(..self.at.min(self.cells.len()));
                    (self.at, from) = (0, 0);
                }
                '\0'..='\x7f' => {
                    self.cell(Cell::Control(letter as u8));
                    self.cell(Cell::Rest);
                }
                _ if self.is_unicode || ('\u{a0}'..='\u{ff}').contains(&letter) => self.cell(Cell::Char(letter)),
                _ => {
                    self.cell(Cell::Escaped(letter));
                    (0..escaped(letter).len()).for_each(|_| self.cell(Cell::Rest));
                }
            }
        }
        from
    }

    fn cell(&mut self, cell: Cell) {
        match self.cells.get_mut(self.at) {
            Some(there) => *there = cell,
            None => self.cells.push(cell),
        }
        self.at += 1;
    }

    /// Writes the cells. `before_end`: what comes next is a line end, so a full last line needs no help.
    fn show(&mut self, from: usize, end: usize, before_end: bool) {
        let start = self.out.len();
        let mut last = 0;
        for index in from..end {
            last = self.out.len();
            match self.cells[index] {
                Cell::Char(letter) if self.is_unicode => {
                    self.out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Cell::Char(letter) => self.out.push(u32::from(letter) as u8),
                Cell::Tab => self.out.push(b' '),
                Cell::Escape => self.out.push(0x1b),
                Cell::Control(code) => self.out.extend([b'^', if code == 0x7f { b'?' } else { code | 0x40 }]),
                Cell::Escaped(letter) => {
                    self.out.push(b'\\');
                    self.out.extend(escaped(letter).bytes());
                }
                // Of a tab; of the others it is shown already.
                Cell::Rest if self.is_of_tab(index) => self.out.push(b' '),
                Cell::Rest => {}
            }
        }
        let column = self.column(end);
        if before_end || self.out.len() == start || column == 0 || !column.is_multiple_of(self.columns) {
            return;
        }
        // The cursor waits at the end of a full line: it goes to the next one by something that is shown there.
        if end >= self.cells.len() {
            self.out.push(b' ');
        } else {
            self.out.extend_from_within(last..);
        }
        self.out.push(8);
    }

    fn is_of_tab(&self, index: usize) -> bool {
        self.cells[..index].iter().rev().find(|cell| **cell != Cell::Rest) == Some(&Cell::Tab)
    }

    /// Columns that are shown before a cell. What only sets colours takes none.
    fn column(&self, end: usize) -> usize {
        let (mut index, mut column) = (0, 0);
        while index < end.min(self.cells.len()) {
            let cell = self.cells[index];
            if cell == Cell::Escape {
                index += self.escape_cells(index);
                continue;
            }
            column += match cell {
                Cell::Char(letter) => width::columns(letter),
                _ => 1,
            };
            index += 1;
        }
        column + end.saturating_sub(self.cells.len())
    }

    /// Cells of `ESC [ 1 ; 32 m`, or of what begins like it.
    fn escape_cells(&self, index: usize) -> usize {
        if self.cells.get(index + 1) != Some(&Cell::Char('[')) {
            return 2;
        }
        let is_number = |cell: &&Cell| matches!(cell, Cell::Char('0'..='9' | ';'));
        3 + self.cells[index + 2..].iter().take_while(is_number).count()
    }

    fn move_cursor(&mut self, from: usize, to: usize) {
        let place = |column: usize| (column / self.columns, column % self.columns);
        let ((from_row, from_column), (to_row, to_column)) = (place(from), place(to));
        let mut repeat = |text: &[u8], count: usize| (0..count).for_each(|_| self.out.extend_from_slice(text));
        repeat(b"\n", to_row.saturating_sub(from_row));
        repeat(b"\x1b[A", from_row.saturating_sub(to_row));
        repeat(b"\x1b[C", to_column.saturating_sub(from_column));
        repeat(b"\x08", from_column.saturating_sub(to_column));
    }
}

/// The first character of UTF-8 and its bytes; a byte that begins none stands for itself.
fn letter_of(text: &[u8]) -> (char, usize) {
    let longest = text.len().min(4);
    let found = (1..=longest).find_map(|length| core::str::from_utf8(&text[..length]).ok());
    match found.and_then(|found| found.chars().next()) {
        Some(letter) => (letter, letter.len_utf8()),
        None => (char::from(text[0]), 1),
    }
}

/// Three octal digits, or `x{…}`.
fn escaped(letter: char) -> String {
    let code = u32::from(letter);
    if code < 0o1000 { format!("{code:03o}") } else { format!("x{{{code:X}}}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &mut Line, act: Act<'_>) -> String {
        String::from_utf8(line.act(act, 10)).expect("it is UTF-8")
    }

    #[test]
    fn text_is_put_and_edited() {
        let mut line = Line::new(true);
        assert_eq!(shown(&mut line, Act::Put(b"1> ")), "1> ");
        assert_eq!(shown(&mut line, Act::Insert(b"ac")), "ac");
        assert_eq!(shown(&mut line, Act::Move(-1)), "\x08");
        assert_eq!(shown(&mut line, Act::Insert(b"b")), "bc\x08");
        assert_eq!(shown(&mut line, Act::Delete(-2)), "\x08\x08c  \x08\x08\x08");
        assert_eq!(shown(&mut line, Act::Move(9)), "\x1b[C");
        assert_eq!(shown(&mut line, Act::Beep), "\x07");
        assert_eq!(shown(&mut line, Act::Put(b"\nx")), "\r\nx");
    }

    #[test]
    fn lines_wrap() {
        let mut line = Line::new(true);
        assert_eq!(shown(&mut line, Act::Put(b"0123456789")), "0123456789 \x08");
        assert_eq!(shown(&mut line, Act::Insert(b"ab")), "ab");
        assert_eq!(shown(&mut line, Act::Move(-3)), "\x1b[A\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C");
        assert_eq!(shown(&mut line, Act::Move(3)), "\n\x08\x08\x08\x08\x08\x08\x08");
    }

    #[test]
    fn wide_control_and_coloured_characters_have_their_columns() {
        let mut line = Line::new(true);
        assert_eq!(shown(&mut line, Act::Put("日a".as_bytes())), "日a");
        assert_eq!(shown(&mut line, Act::Move(-2)), "\x08\x08\x08");
        let mut line = Line::new(true);
        assert_eq!(shown(&mut line, Act::Put(b"\x1b[1;32mok\x01")), "\x1b[1;32mok^A");
        assert_eq!(shown(&mut line, Act::Move(-3)), "\x08\x08\x08\x08");
        let mut line = Line::new(false);
        assert_eq!(line.act(Act::Put("é\u{85}日".as_bytes()), 80), b"\xe9\\205\\x{65E5}");
    }
}
