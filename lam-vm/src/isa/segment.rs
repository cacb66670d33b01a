//! Segments of `bs_create_bin`, as the loader writes them and the machine reads them: four words each.
//!
//! ```text
//! word 0   kind (bits 0..7) · flags (8..15) · unit (16..31) · value slot (32..47) · size slot (48..63)
//! word 1   number of the segment in the source, for error reports (0..31) · how the size is given (32..39);
//!          in the fast forms, of the first segment: bits of all that is written (48..63)
//! word 2   the value, where its slot is NO_SLOT; of a string the word offset of its bytes from the start of the instruction
//! word 3   the size: bits, or a term, where its slot is NO_SLOT
//! ```

/// A slot operand that names no register.
pub const NO_SLOT: u16 = 0xFFFF;
pub const SEGMENT_WORDS: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum SegmentKind {
    /// The binary that is appended to; only as the first segment.
    Append,
    Binary,
    Integer,
    Float,
    String,
    Utf8,
    Utf16,
    Utf32,
}

impl SegmentKind {
    const ALL: [SegmentKind; 8] = [
        SegmentKind::Append,
        SegmentKind::Binary,
        SegmentKind::Integer,
        SegmentKind::Float,
        SegmentKind::String,
        SegmentKind::Utf8,
        SegmentKind::Utf16,
        SegmentKind::Utf32,
    ];
}

/// How the size of a segment is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum SizeForm {
    /// A term in a slot, or in word 3.
    Term,
    /// So many bits, in word 3; also for kinds whose size follows from the value.
    Bits,
    /// The whole value.
    All,
}

/// Words 0 and 1 of a segment.
#[derive(Clone, Copy)]
pub struct Segment {
    pub kind: SegmentKind,
    pub flags: u8,
    pub unit: u16,
    pub value_slot: u16,
    pub size_slot: u16,
    pub number: u32,
    pub size_form: SizeForm,
}

impl Segment {
    pub fn to_words(self) -> [u64; 2] {
        let first = self.kind as u64
            | u64::from(self.flags) << 8
            | u64::from(self.unit) << 16
            | u64::from(self.value_slot) << 32
            | u64::from(self.size_slot) << 48;
        [first, u64::from(self.number) | (self.size_form as u64) << 32]
    }
    #[inline(always)]
    pub fn from_words([first, second]: [u64; 2]) -> Segment {
        Segment {
            kind: SegmentKind::ALL[(first & 7) as usize],
            flags: (first >> 8) as u8,
            unit: (first >> 16) as u16,
            value_slot: (first >> 32) as u16,
            size_slot: (first >> 48) as u16,
            number: second as u32,
            size_form: match (second >> 32) as u8 {
                0 => SizeForm::Term,
                1 => SizeForm::Bits,
                _ => SizeForm::All,
            },
        }
    }
}
