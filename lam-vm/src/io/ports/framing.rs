//! Cutting what a program writes into messages: as it comes, by lengths before each packet, or by lines.

/// What one message holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    Bytes(Vec<u8>),
    /// A line without its end, or (`ends` false) a part of one.
    Line {
        text: Vec<u8>,
        ends: bool,
    },
}

/// How a port cuts, and what it holds back until more comes.
#[derive(Debug)]
pub enum Framing {
    Stream,
    /// A length of so many bytes before each packet.
    Packet {
        head_bytes: usize,
        held: Vec<u8>,
    },
    Lines(Lines),
}

/// Lines end by a newline, with or without a carriage return before it.
#[derive(Debug)]
pub struct Lines {
    /// Bytes of a line that go into one message.
    limit: usize,
    held: Vec<u8>,
    state: LineState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineState {
    Within,
    /// As many bytes as fit are held: the next one shows whether the line ends here.
    Full,
    /// A carriage return came, which is not held yet.
    ReturnWithin,
    ReturnAfterFull,
}

impl Framing {
    pub fn packets(head_bytes: usize) -> Framing {
        Framing::Packet { head_bytes, held: Vec::new() }
    }
    pub fn lines(limit: usize) -> Framing {
        Framing::Lines(Lines { limit, held: Vec::new(), state: LineState::Within })
    }
    /// The pieces that are whole with these bytes.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Piece> {
        match self {
            Framing::Stream => vec![Piece::Bytes(bytes.to_vec())],
            Framing::Packet { head_bytes, held } => packets(*head_bytes, held, bytes),
            Framing::Lines(lines) => lines.feed(bytes),
        }
    }
    /// Nothing more comes: what is left of a line. A packet that is not whole is nobody's.
    pub fn end(&mut self) -> Vec<Piece> {
        match self {
            Framing::Lines(lines) => lines.end(),
            _ => Vec::new(),
        }
    }
    /// What goes before `count` bytes to the program; `None` where they are too many for it.
    pub fn head(&self, count: usize) -> Option<Vec<u8>> {
        let Framing::Packet { head_bytes, .. } = self else { return Some(Vec::new()) };
        let count = u32::try_from(count).ok()?;
        let head = count.to_be_bytes();
        let (over, kept) = head.split_at(head.len() - head_bytes);
        over.iter().all(|byte| *byte == 0).then(|| kept.to_vec())
    }
}

fn packets(head_bytes: usize, held: &mut Vec<u8>, bytes: &[u8]) -> Vec<Piece> {
    held.extend_from_slice(bytes);
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(head) = held.get(at..at + head_bytes) {
        let length = head.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let begin = at + head_bytes;
        let Some(packet) = begin.checked_add(length).and_then(|end| held.get(begin..end)) else { break };
        pieces.push(Piece::Bytes(packet.to_vec()));
        at = begin + length;
    }
    held.drain(..at);
    pieces
}

impl Lines {
    fn feed(&mut self, bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for byte in bytes {
            self.take(*byte, &mut pieces);
        }
        pieces
    }
    fn take(&mut self, byte: u8, pieces: &mut Vec<Piece>) {
        if byte == b'\n' {
            self.state = LineState::Within;
            pieces.push(self.piece(true));
            return;
        }
        loop {
            match self.state {
                LineState::Within if self.held.len() == self.limit => self.state = LineState::Full,
                LineState::Within if byte == b'\r' => return self.state = LineState::ReturnWithin,
                LineState::Within => return self.held.push(byte),
                LineState::Full if byte == b'\r' => return self.state = LineState::ReturnAfterFull,
                LineState::Full => {
                    pieces.push(self.piece(false));
                    self.state = LineState::Within;
                }
                LineState::ReturnWithin => {
                    self.held.push(b'\r');
                    self.state = LineState::Within;
                }
                LineState::ReturnAfterFull => {
                    pieces.push(self.piece(false));
                    self.state = LineState::ReturnWithin;
                }
            }
        }
    }
    fn end(&mut self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if self.state == LineState::ReturnAfterFull {
            pieces.push(self.piece(false));
            self.state = LineState::ReturnWithin;
        }
        if self.state == LineState::ReturnWithin {
            self.held.push(b'\r');
        }
        self.state = LineState::Within;
        if !self.held.is_empty() {
            pieces.push(self.piece(false));
        }
        pieces
    }
    fn piece(&mut self, ends: bool) -> Piece {
        Piece::Line { text: core::mem::take(&mut self.held), ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(mut framing: Framing, parts: &[&str]) -> Vec<String> {
        let mut pieces: Vec<Piece> = parts.iter().flat_map(|part| framing.feed(part.as_bytes())).collect();
        pieces.extend(framing.end());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let show = |piece| match piece {
            Piece::Bytes(bytes) => text(bytes),
            Piece::Line { text: line, ends } => text(line) + if ends { "$" } else { "…" },
        };
        pieces.into_iter().map(show).collect()
    }

    #[test]
    fn packets_come_whole() {
        assert_eq!(cut(Framing::packets(1), &["\x03abc\x02d", "e\0\x01"]), ["abc", "de", ""]);
        assert_eq!(cut(Framing::packets(2), &["\0", "\x03ab", "c\0"]), ["abc"]);
        assert_eq!(Framing::packets(1).head(256), None);
        assert_eq!(Framing::packets(2).head(258), Some(vec![1, 2]));
        assert_eq!(Framing::packets(4).head(1), Some(vec![0, 0, 0, 1]));
        assert_eq!(Framing::Stream.head(9), Some(vec![]));
    }

    #[test]
    fn lines_end_and_overflow() {
        assert_eq!(cut(Framing::lines(3), &["abcdefgh\nij\n"]), ["abc…", "def…", "gh$", "ij$"]);
        assert_eq!(cut(Framing::lines(3), &["abc\n", "def"]), ["abc$", "def…"]);
        assert_eq!(cut(Framing::lines(9), &["a\r", "\nb\rc\r\n\r\n"]), ["a$", "b\rc$", "$"]);
        assert_eq!(cut(Framing::lines(3), &["abc\r\nde\r"]), ["abc$", "de\r…"]);
        assert_eq!(cut(Framing::lines(3), &["abc\rdef"]), ["abc…", "\rde…", "f…"]);
        assert_eq!(cut(Framing::lines(3), &["abc\r"]), ["abc…", "\r…"]);
    }
}
