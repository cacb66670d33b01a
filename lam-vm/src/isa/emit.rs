//! Specific code of one module under construction: words, and what is still to be filled in.
//!
//! Jumps are resolved here (they are relative); atoms, literals and entries are left as fixups, for only the layout of an image or
//! the loading into a machine knows their words.

use crate::isa::specific::{ROWS, number};
use crate::term::word;

/// What a word of code becomes when the module is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fix {
    /// The atom word of an index of the file's atoms.
    Atom(u32),
    /// The term of a literal of the file.
    Literal(u32),
    /// The term of an index of `Code::bigs`.
    Big(u32),
    /// An integer of 64 bits that is no small.
    Integer(i64),
    /// The address of the export entry of an import.
    Import(u32),
    /// The address of the fun entry of a lambda.
    Lambda(u32),
}

/// A constant operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    Word(u64),
    Fix(Fix),
}

/// Specific code of one module.
#[derive(Default, Debug)]
pub struct ModuleCode {
    pub words: Vec<u64>,
    pub fixups: Vec<(u32, Fix)>,
    /// Tables of `select_val` to be sorted when placed: offset of the first value and count; offsets follow the values.
    pub sorts: Vec<(u32, u32)>,
    /// Word offset of each label, `u32::MAX` where there is none.
    pub labels: Vec<u32>,
    pub functions: Vec<FunctionCode>,
    /// From this word offset on, this index of the file's line table (0: no place).
    pub lines: Vec<(u32, u32)>,
    /// Entry labels of functions whose natives the machine lacks.
    pub lacking: Vec<u32>,
    /// For each generic instruction taken: its op index, and the word offset of what it became.
    pub origins: Vec<(u32, u32)>,
    /// Op indexes of instructions that the machine lacks.
    pub unsupported: Vec<u32>,
    /// How many instructions were emitted, and how many of them as checked twins.
    pub instruction_count: u32,
    pub checked_count: u32,
}

/// Where a function's code is.
#[derive(Clone, Copy, Debug)]
pub struct FunctionCode {
    /// An index of the file's atoms.
    pub name: u32,
    pub arity: u8,
    /// Offset of `func_info`; the entry is 4 words on.
    pub info: u32,
    /// Offset after the last word.
    pub end: u32,
}

/// Words from `func_info` to the entry.
pub const INFO_WORDS: u32 = 4;

/// Where a jump's offset stands.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Slot c, 16 bits.
    Short,
    /// Slots b and c, 32 bits.
    Long,
    /// Low half of an extension word (an offset of 0 means: raise).
    Extension(u32),
    /// Entry of a jump table: word and half.
    Table(u32, u32),
}

struct Patch {
    instruction: u32,
    place: Place,
    label: u32,
}

/// Appends instructions.
#[derive(Default)]
pub struct Emitter {
    pub code: ModuleCode,
    /// Jumps within the current function.
    local: Vec<Patch>,
    /// Calls, resolved when all functions are there.
    calls: Vec<Patch>,
    /// Start of the instruction being emitted.
    start: u32,
    scratch: usize,
    /// Whether tests of this function jump through a long jump of their own.
    pub far: bool,
    /// An instruction has more words or constants than it can say.
    is_too_long: bool,
}

pub const fn x_slot(index: u16) -> u16 {
    index * 8
}
pub const fn y_slot(index: u16) -> u16 {
    index * 8 + 1
}

impl Emitter {
    pub fn offset(&self) -> u32 {
        self.code.words.len() as u32
    }
    /// Starts an instruction; slots may be filled in by `set_*`.
    pub fn op(&mut self, op: u16, slots: [u16; 3]) {
        self.start = self.offset();
        self.code.instruction_count += 1;
        let [a, b, c] = slots.map(u64::from);
        self.code.words.push(u64::from(op) | a << 16 | b << 32 | c << 48);
    }
    /// An instruction with a long jump in b and c.
    pub fn op_long(&mut self, op: u16, a: u16, label: u32) {
        self.op(op, [a, 0, 0]);
        self.local.push(Patch { instruction: self.start, place: Place::Long, label });
    }
    /// As `op_long`, to the entry of any function of the module.
    pub fn op_call(&mut self, op: u16, a: u16, label: u32) {
        self.op(op, [a, 0, 0]);
        self.calls.push(Patch { instruction: self.start, place: Place::Long, label });
    }
    /// A test with a short jump in c and `ext` constant words.
    pub fn test(&mut self, op: u16, a: u16, b: u16, label: u32, ext: &[Constant]) {
        self.op(op, [a, b, 0]);
        for constant in ext {
            self.constant(*constant);
        }
        if self.far {
            // test → far; jump over; far: jump label
            let length = self.offset() - self.start;
            let instruction = self.start as usize;
            self.code.words[instruction] |= u64::from(length as u16 + 1) << 48;
            self.op(number::Jump, [0, 2, 0]);
            self.op_long(number::Jump, 0, label);
        } else {
            self.local.push(Patch { instruction: self.start, place: Place::Short, label });
        }
    }
    /// Extension word with a fail offset (label 0: raise) in its low half and `high` in the other.
    pub fn fail_word(&mut self, label: u32, high: u32) {
        let at = self.offset();
        self.code.words.push(u64::from(high) << 32);
        if label != 0 {
            self.local.push(Patch { instruction: self.start, place: Place::Extension(at), label });
        }
    }
    pub fn word(&mut self, word: u64) {
        self.code.words.push(word);
    }
    pub fn constant(&mut self, constant: Constant) {
        match constant {
            Constant::Word(word) => self.code.words.push(word),
            Constant::Fix(fix) => {
                let at = self.offset();
                self.code.fixups.push((at, fix));
                self.code.words.push(word::NIL);
            }
        }
    }
    /// Offsets of a jump table, two a word.
    pub fn table(&mut self, labels: &[u32]) {
        for (index, label) in labels.iter().enumerate() {
            if index % 2 == 0 {
                self.code.words.push(0);
            }
            let at = self.offset() - 1;
            self.local.push(Patch { instruction: self.start, place: Place::Table(at, (index % 2) as u32), label: *label });
        }
    }
    /// Slots packed four a word, then their constants; slots with bit 1 set carry an index into `constants` (shifted by 3).
    /// Sets slot c to the instruction's length.
    pub fn packed(&mut self, slots: &[u16], constants: &[Constant]) {
        let slot_words = slots.len().div_ceil(4) as u32;
        let first_constant = self.offset() + slot_words - self.start;
        // A slot has 13 bits to say where its constant lies.
        self.is_too_long |= !constants.is_empty() && first_constant as usize + constants.len() > 1 << 13;
        self.is_too_long |= slots.len() > usize::from(u16::MAX);
        let place = |slot: u16| if slot & 7 == 2 { slot.wrapping_add((first_constant << 3) as u16) } else { slot };
        for group in slots.chunks(4) {
            let mut word = 0;
            for (index, slot) in group.iter().enumerate() {
                word |= u64::from(place(*slot)) << (16 * index);
            }
            self.code.words.push(word);
        }
        for constant in constants {
            self.constant(*constant);
        }
        self.close();
    }
    /// Slots packed four a word, without constants; the length follows from their count.
    pub fn packed_plain(&mut self, slots: &[u16]) {
        self.is_too_long |= slots.len() > usize::from(u16::MAX);
        for group in slots.chunks(4) {
            let word = group.iter().enumerate().fold(0, |word, (index, slot)| word | u64::from(*slot) << (16 * index));
            self.code.words.push(word);
        }
    }
    /// Writes the instruction's length into slot c.
    pub fn close(&mut self) {
        let length = self.offset() - self.start;
        self.is_too_long |= length > u32::from(u16::MAX);
        let at = self.start as usize;
        self.code.words[at] = (self.code.words[at] & 0xFFFF_FFFF_FFFF) | u64::from(length) << 48;
    }
    /// Whether an instruction was too long for its own numbers.
    pub fn is_too_long(&self) -> bool {
        self.is_too_long
    }
    pub fn refuse_as_too_long(&mut self) {
        self.is_too_long = true;
    }
    /// Starts afresh with scratch registers, for a new generic instruction.
    pub fn reset_scratch(&mut self) {
        self.scratch = 0;
    }
    /// Puts a constant into a scratch X register and gives its slot.
    pub fn scratch(&mut self, constant: Constant) -> u16 {
        let slot = x_slot((crate::isa::SCRATCH_BASE + self.scratch) as u16);
        self.scratch += 1;
        assert!(self.scratch <= crate::isa::SCRATCH_COUNT, "an instruction has few plain operands");
        self.op(number::MoveConstantX, [slot, 0, 0]);
        self.code.instruction_count -= 1;
        self.constant(constant);
        slot
    }
    pub fn bind(&mut self, label: u32) {
        let at = self.offset();
        if let Some(place) = self.code.labels.get_mut(label as usize) {
            *place = at;
        }
    }
    /// Where to go back to when a function must be emitted again.
    pub fn mark(&self) -> Mark {
        Mark {
            words: self.code.words.len(),
            fixups: self.code.fixups.len(),
            sorts: self.code.sorts.len(),
            lines: self.code.lines.len(),
            calls: self.calls.len(),
            origins: self.code.origins.len(),
            counts: (self.code.instruction_count, self.code.checked_count),
        }
    }
    pub fn rewind(&mut self, mark: &Mark) {
        self.code.words.truncate(mark.words);
        self.code.fixups.truncate(mark.fixups);
        self.code.sorts.truncate(mark.sorts);
        self.code.lines.truncate(mark.lines);
        self.calls.truncate(mark.calls);
        self.code.origins.truncate(mark.origins);
        (self.code.instruction_count, self.code.checked_count) = mark.counts;
        self.local.clear();
    }
    /// Resolves the jumps of the function just emitted; false when a short one does not reach, or one leads nowhere.
    pub fn end_function(&mut self) -> bool {
        let patches = core::mem::take(&mut self.local);
        patches.iter().all(|patch| self.patch(patch))
    }
    /// Resolves the calls.
    pub fn finish(mut self) -> ModuleCode {
        for patch in core::mem::take(&mut self.calls) {
            self.patch(&patch);
        }
        debug_assert!(self.code.words.iter().all(|_| ROWS.len() < usize::from(u16::MAX)));
        self.code
    }
    fn patch(&mut self, patch: &Patch) -> bool {
        let target = self.code.labels[patch.label as usize];
        if target == u32::MAX {
            return false;
        }
        let offset = i64::from(target) - i64::from(patch.instruction);
        let word = &mut self.code.words;
        let at = patch.instruction as usize;
        match patch.place {
            Place::Short => {
                let Ok(short) = i16::try_from(offset) else { return false };
                word[at] |= u64::from(short as u16) << 48;
            }
            Place::Long => word[at] |= u64::from(offset as i32 as u32) << 32,
            Place::Extension(ext) => word[ext as usize] |= u64::from(offset as i32 as u32),
            Place::Table(ext, half) => word[ext as usize] |= u64::from(offset as i32 as u32) << (32 * half),
        }
        true
    }
}

/// A place in the code to go back to.
pub struct Mark {
    words: usize,
    fixups: usize,
    sorts: usize,
    lines: usize,
    calls: usize,
    origins: usize,
    counts: (u32, u32),
}

impl Mark {
    /// Word offset of the place.
    pub fn words(&self) -> usize {
        self.words
    }
}
