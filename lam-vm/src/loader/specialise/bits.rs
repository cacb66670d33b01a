//! Bit syntax instructions, generic to specific.
//!
//! The twin of an instruction on a match context is the same instruction behind a `bs_check_context`. Instructions that construct
//! check all they need, so they have no twins. Constants stand in extension words behind a slot `NO_SLOT`, for an instruction that
//! may collect runs again. `bs_match` becomes one instruction for each command; what its `ensure_*` claim is tested once more.

use crate::isa::SCRATCH_BASE;
use crate::isa::emit::{Constant, x_slot};
use crate::isa::generic::op;
use crate::isa::segment::{NO_SLOT, SEGMENT_WORDS, Segment, SegmentKind, SizeForm};
use crate::isa::specific::number;
use crate::loader::LoadError;
use crate::loader::ir::{Arg, Op, Reg};
use crate::loader::specialise::{FLOAT_WORDS, FUN_WORDS, Transformer, label, number_of};

const LITTLE: u64 = 2;
const SIGNED: u64 = 4;
const NATIVE: u64 = 16;
/// Fields up to this many bits are always small integers.
const SMALL_FIELD_BITS: u64 = 60;
/// Sizes in bits above this are never given as a number.
const MAX_CONSTANT_BITS: u64 = 1 << 56;

impl<'a> Transformer<'a> {
    /// Emits a bit syntax instruction; false for any other.
    pub(crate) fn bit_syntax(&mut self, op: Op, args: &[Arg]) -> Result<bool, LoadError> {
        match op.opcode {
            op::BS_START_MATCH3 => self.start_match(label(args[0]), args[1], args[2], args[3]),
            op::BS_START_MATCH4 => return self.start_match4(args),
            op::BS_GET_INTEGER2 => {
                let fail = self.match_fail(args[0])?;
                let ctx = self.context(args[1]);
                self.get_integer(fail, ctx, number_of(args[2]), args[3], unsigned(args[4])?, flags(args[5])?, args[6]);
            }
            op::BS_GET_FLOAT2 | op::BS_GET_BINARY2 => {
                let fail = self.match_fail(args[0])?;
                let ctx = self.context(args[1]);
                if op.opcode == op::BS_GET_FLOAT2 {
                    self.get_sized(
                        number::BsGetFloat,
                        fail,
                        ctx,
                        number_of(args[2]),
                        args[3],
                        unsigned(args[4])?,
                        flags(args[5])?,
                        args[6],
                    );
                } else {
                    self.get_binary(fail, ctx, number_of(args[2]), args[3], unsigned(args[4])?, args[6]);
                }
            }
            op::BS_SKIP_BITS2 => {
                let fail = self.match_fail(args[0])?;
                let ctx = self.context(args[1]);
                self.skip_bits(fail, ctx, args[2], unsigned(args[3])?);
            }
            op::BS_TEST_TAIL2 => {
                let fail = self.match_fail(args[0])?;
                let ctx = self.context(args[1]);
                self.test_tail(fail, ctx, unsigned(args[2])?);
            }
            op::BS_TEST_UNIT => {
                let fail = self.match_fail(args[0])?;
                let ctx = self.context(args[1]);
                self.ensure(fail, ctx, 0, unsigned(args[2])?);
            }
            op::BS_MATCH_STRING => {
                let fail = self.match_fail(args[0])?;
                let ctx = self.context(args[1]);
                self.match_string(fail, ctx, unsigned(args[2])?, unsigned(args[3])?)?;
            }
            op::BS_GET_TAIL => {
                let ctx = self.context(args[0]);
                let dst = self.slot(args[1]);
                self.out.op(number::BsGetTail, [ctx, dst, number_of(args[2])]);
            }
            op::BS_GET_POSITION => {
                let ctx = self.context(args[0]);
                let dst = self.slot(args[1]);
                self.out.op(number::BsGetPosition, [ctx, dst, 0]);
            }
            op::BS_SET_POSITION => {
                let ctx = self.context(args[0]);
                let position = self.source(args[1]);
                self.out.op(number::BsSetPosition, [ctx, position, 0]);
            }
            op::BS_GET_UTF8 | op::BS_GET_UTF16 | op::BS_GET_UTF32 => self.get_utf(op.opcode, args, Some(args[4]))?,
            op::BS_SKIP_UTF8 | op::BS_SKIP_UTF16 | op::BS_SKIP_UTF32 => self.get_utf(op.opcode, args, None)?,
            op::BS_MATCH => self.bs_match(args)?,
            _ => return self.construction(op, args),
        }
        Ok(true)
    }

    // --- operands

    /// The label to go to when a match fails; there must be one.
    fn match_fail(&self, arg: Arg) -> Result<u32, LoadError> {
        arg.label().ok_or_else(|| self.refuse("it has no label to go to when it fails"))
    }
    /// The slot of a match context; what was not proved to be one is tested first.
    fn context(&mut self, arg: Arg) -> u16 {
        let slot = self.slot(arg);
        if self.twin() {
            self.out.op(number::BsCheckContext, [slot, 0, 0]);
        }
        slot
    }
    /// A slot, or `NO_SLOT` and a constant for an extension word.
    fn operand(&self, arg: Arg) -> (u16, Constant) {
        match self.constant(arg) {
            Some(constant) => (NO_SLOT, constant),
            None => (self.slot(arg), Constant::Word(0)),
        }
    }
    fn spare_slot(&self) -> u16 {
        x_slot(SCRATCH_BASE as u16)
    }
    pub(super) fn atom_text(&self, arg: Arg) -> Option<&'a str> {
        let tables = &self.file.tables;
        arg.atom().map(|atom| &*tables.atoms[atom as usize])
    }
    /// `size` * `unit` bits where both are numbers.
    fn constant_bits(&self, size: Arg, unit: u64) -> Option<u64> {
        let size = match size {
            Arg::Int(size) => u64::try_from(size).ok()?,
            Arg::Unsigned(size) => size,
            _ => return None,
        };
        size.checked_mul(unit).filter(|bits| *bits <= MAX_CONSTANT_BITS)
    }
    /// The flags that a list of atoms names: `[]` or a literal.
    pub(super) fn list_flags(&self, arg: Arg) -> Result<u64, LoadError> {
        let Arg::Literal(literal) = arg else {
            return if arg == Arg::Nil { Ok(0) } else { flags(arg).map_err(|_| self.refuse("its flags are no list")) };
        };
        let tables = &self.file.tables;
        let (offset, size) = tables.literals[literal as usize];
        let bytes = &tables.literal_bytes[offset as usize..offset as usize + size as usize];
        flags_of_literal(bytes).ok_or_else(|| self.refuse("its flags are no list of atoms"))
    }

    // --- matching

    fn start_match(&mut self, fail: u32, source: Arg, live: Arg, dst: Arg) {
        let (number, byte, words) = self.start_of_match(source, dst);
        let source = self.source(source);
        let dst = self.slot(dst);
        self.out.op(number, [source, dst, byte]);
        self.out.fail_word(fail, u32::from(number_of(live)));
        for word in words {
            self.out.word(word);
        }
    }
    fn start_match4(&mut self, args: &[Arg]) -> Result<bool, LoadError> {
        match (args[0], self.atom_text(args[0])) {
            (Arg::Label(fail), _) => self.start_match(fail, args[2], args[1], args[3]),
            (_, Some("no_fail")) => self.start_match(0, args[2], args[1], args[3]),
            (_, Some("resume")) if self.twin() || self.reads_byte(args[2], args[3]) => {
                self.start_match(0, args[2], args[1], args[3]);
            }
            (_, Some("resume")) => {
                let (from, to) = (self.source(args[2]), self.slot(args[3]));
                if from != to {
                    self.out.op(number::Move, [from, to, 0]);
                }
            }
            _ => return Err(self.refuse("its fail operand is neither a label, `no_fail` nor `resume`")),
        }
        Ok(true)
    }
    #[allow(clippy::too_many_arguments)]
    fn get_integer(&mut self, fail: u32, ctx: u16, live: u16, size: Arg, unit: u64, flags: u64, dst: Arg) {
        let to = self.slot(dst);
        match self.constant_bits(size, unit) {
            Some(bits @ (8 | 16 | 32)) if flags & SIGNED == 0 && (flags & LITTLE == 0 || bits == 8) => {
                let number = match bits {
                    8 => number::BsGetInteger8,
                    16 => number::BsGetInteger16,
                    _ => number::BsGetInteger32,
                };
                self.out.test(number, ctx, to, fail, &[]);
            }
            Some(bits @ 0..=SMALL_FIELD_BITS) => {
                self.out.test(number::BsGetIntegerSmall, ctx, to, fail, &[Constant::Word(bits | flags << 32)]);
            }
            _ => self.get_sized(number::BsGetInteger, fail, ctx, live, size, unit, flags, dst),
        }
    }
    #[allow(clippy::too_many_arguments)]
    fn get_sized(&mut self, number: u16, fail: u32, ctx: u16, live: u16, size: Arg, unit: u64, flags: u64, dst: Arg) {
        let (size, constant) = self.operand(size);
        let dst = self.slot(dst);
        self.out.op(number, [ctx, size, dst]);
        self.out.fail_word(fail, u32::from(live));
        self.out.word(unit & 0xFFFF_FFFF | flags << 32);
        self.out.constant(constant);
    }
    fn get_binary(&mut self, fail: u32, ctx: u16, live: u16, size: Arg, unit: u64, dst: Arg) {
        if self.atom_text(size) == Some("all") {
            let dst = self.slot(dst);
            self.out.op(number::BsGetBinaryAll, [ctx, dst, 0]);
            self.out.fail_word(fail, u32::from(live));
            self.out.word(unit);
            return;
        }
        self.get_sized(number::BsGetBinary, fail, ctx, live, size, unit, 0, dst);
    }
    fn skip_bits(&mut self, fail: u32, ctx: u16, size: Arg, unit: u64) {
        if self.atom_text(size) == Some("all") {
            let dst = self.spare_slot();
            self.out.test(number::BsSkipAll, ctx, dst, fail, &[Constant::Word(unit)]);
            return;
        }
        match self.constant_bits(size, unit).and_then(|bits| u16::try_from(bits).ok()) {
            Some(0) => {}
            Some(bits) => self.out.test(number::BsSkip, ctx, bits, fail, &[]),
            None => {
                let (size, constant) = self.operand(size);
                self.out.op(number::BsSkipBits, [ctx, size, 0]);
                self.out.fail_word(fail, 0);
                self.out.word(unit);
                self.out.constant(constant);
            }
        }
    }
    fn test_tail(&mut self, fail: u32, ctx: u16, bits: u64) {
        match u16::try_from(bits) {
            Ok(bits) => self.out.test(number::BsTestTail, ctx, bits, fail, &[]),
            Err(_) => self.out.test(number::BsTestTailFar, ctx, 0, fail, &[Constant::Word(bits)]),
        }
    }
    /// At least `bits`, and what is left then divides by `unit`.
    fn ensure(&mut self, fail: u32, ctx: u16, bits: u64, unit: u64) {
        match u16::try_from(unit) {
            Ok(0 | 1) => self.out.test(number::BsEnsure, ctx, 1, fail, &[Constant::Word(bits)]),
            Ok(unit) => self.out.test(number::BsEnsure, ctx, unit, fail, &[Constant::Word(bits)]),
            // No compiler has such units; then only what is left over entirely divides.
            Err(_) => self.test_tail(fail, ctx, bits),
        }
    }
    fn match_string(&mut self, fail: u32, ctx: u16, bits: u64, offset: u64) -> Result<(), LoadError> {
        let bytes = self.string(offset, bits.div_ceil(8))?;
        let bits = u32::try_from(bits).map_err(|_| self.refuse("its string is too long"))?;
        let length = 2 + bytes.len().div_ceil(8);
        self.out.op(number::BsMatchString, [ctx, 0, length.min(0xFFFF) as u16]);
        self.out.fail_word(fail, bits);
        self.bytes(&bytes);
        Ok(())
    }
    fn string(&self, offset: u64, size: u64) -> Result<Vec<u8>, LoadError> {
        let end = offset.checked_add(size).and_then(|end| usize::try_from(end).ok());
        let bytes = end.and_then(|end| self.file.tables.strings.get(offset as usize..end));
        bytes.map(<[u8]>::to_vec).ok_or_else(|| self.refuse("it points outside of the string table"))
    }
    /// Bytes, eight a word.
    fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.out.word(u64::from_le_bytes(word));
        }
    }
    fn get_utf(&mut self, opcode: u8, args: &[Arg], dst: Option<Arg>) -> Result<(), LoadError> {
        let fail = self.match_fail(args[0])?;
        let ctx = self.context(args[1]);
        let flags = flags(args[3])?;
        let dst = dst.map_or(self.spare_slot(), |dst| self.slot(dst));
        match opcode {
            op::BS_GET_UTF8 | op::BS_SKIP_UTF8 => self.out.test(number::BsGetUtf8, ctx, dst, fail, &[]),
            op::BS_GET_UTF16 | op::BS_SKIP_UTF16 => self.out.test(number::BsGetUtf16, ctx, dst, fail, &[Constant::Word(flags)]),
            _ => self.out.test(number::BsGetUtf32, ctx, dst, fail, &[Constant::Word(flags)]),
        }
        Ok(())
    }
    fn bs_match(&mut self, args: &[Arg]) -> Result<(), LoadError> {
        let fail = self.match_fail(args[0])?;
        let ctx = self.context(args[1]);
        let mut commands = self.file.code.list_of(args[2]);
        while let [name, rest @ ..] = commands {
            let name = self.atom_text(*name).unwrap_or("");
            let (taken, dst) = match (name, rest) {
                ("ensure_at_least", [bits, unit, ..]) => {
                    self.ensure(fail, ctx, unsigned(*bits)?, unsigned(*unit)?);
                    (2, None)
                }
                ("ensure_exactly", [bits, ..]) => {
                    self.test_tail(fail, ctx, unsigned(*bits)?);
                    (1, None)
                }
                ("skip", [bits, ..]) => {
                    self.skip_bits(fail, ctx, Arg::Unsigned(unsigned(*bits)?), 1);
                    (1, None)
                }
                ("=:=", [_, bits, value, ..]) => {
                    self.match_value(fail, ctx, unsigned(*bits)?, *value)?;
                    (3, None)
                }
                ("integer", [live, flags, size, unit, dst, ..]) if dst.reg().is_some() => {
                    let flags = native(self.list_flags(*flags)?);
                    let size = Arg::Unsigned(unsigned(*size)?);
                    self.get_integer(fail, ctx, live_count(*live)?, size, unsigned(*unit)?, flags, *dst);
                    (5, Some(*dst))
                }
                ("binary", [live, _, size, unit, dst, ..]) if dst.reg().is_some() => {
                    let size = Arg::Unsigned(unsigned(*size)?);
                    self.get_binary(fail, ctx, live_count(*live)?, size, unsigned(*unit)?, *dst);
                    (5, Some(*dst))
                }
                ("get_tail", [live, _, dst, ..]) if dst.reg().is_some() => {
                    let to = self.slot(*dst);
                    self.out.op(number::BsGetTail, [ctx, to, live_count(*live)?]);
                    (3, Some(*dst))
                }
                _ => return Err(self.refuse("one of its commands is unknown or has other operands")),
            };
            commands = &rest[taken..];
            if dst.is_some_and(|dst| self.slot(dst) == ctx) && !commands.is_empty() {
                return Err(self.refuse("a command overwrites its match context"));
            }
        }
        Ok(())
    }
    fn match_value(&mut self, fail: u32, ctx: u16, bits: u64, value: Arg) -> Result<(), LoadError> {
        let value = match value {
            Arg::Int(value) => value as u64,
            Arg::Unsigned(value) => value,
            Arg::Big(index) => {
                let big = &self.file.code.bigs[index as usize];
                let mut bytes = [0; 8];
                match bytes.get_mut(..big.magnitude.len()) {
                    Some(low) if !big.negative => low.copy_from_slice(&big.magnitude),
                    _ => return Err(self.refuse("it compares with too big a number")),
                }
                u64::from_le_bytes(bytes)
            }
            _ => return Err(self.refuse("it compares with something that is no integer")),
        };
        if bits > 64 {
            return Err(self.refuse("it compares more bits than an integer has"));
        }
        self.out.test(number::BsMatchBits, ctx, bits as u16, fail, &[Constant::Word(value)]);
        Ok(())
    }

    // --- construction

    fn construction(&mut self, op: Op, args: &[Arg]) -> Result<bool, LoadError> {
        match op.opcode {
            op::BS_CREATE_BIN => self.create_bin(args)?,
            op::BS_INIT2 | op::BS_INIT_BITS => {
                let unit = if op.opcode == op::BS_INIT2 { 8 } else { 1 };
                let size = match args[1] {
                    Arg::Unsigned(size) => Arg::Int(i64::try_from(size).unwrap_or(i64::MAX)),
                    size if self.constant(size).is_some() || size.reg().is_some() => size,
                    _ => return Err(self.refuse("its size is neither a number nor a term")),
                };
                let (size, constant) = self.operand(size);
                let dst = self.slot(args[5]);
                self.out.op(number::BsInit, [dst, size, unit]);
                self.out.fail_word(label(args[0]), u32::from(number_of(args[3])));
                self.out.word(need(args[2]));
                self.out.constant(constant);
            }
            op::BS_APPEND => {
                self.append(args[0], args[1], need(args[2]), u32::from(number_of(args[3])), args[4], args[5], args[7])?
            }
            op::BS_PRIVATE_APPEND => self.append(args[0], args[1], 0, u32::MAX, args[2], args[3], args[5])?,
            op::BS_PUT_INTEGER => self.put(number::BsPutInteger, args)?,
            op::BS_PUT_BINARY => self.put(number::BsPutBinary, args)?,
            op::BS_PUT_FLOAT => self.put(number::BsPutFloat, args)?,
            op::BS_PUT_STRING => {
                let bytes = self.string(unsigned(args[1])?, unsigned(args[0])?)?;
                let length = 2 + bytes.len().div_ceil(8);
                self.out.op(number::BsPutString, [0, 0, length.min(0xFFFF) as u16]);
                self.out.word(bytes.len() as u64);
                self.bytes(&bytes);
            }
            op::BS_PUT_UTF8 | op::BS_PUT_UTF16 | op::BS_PUT_UTF32 => {
                let form = match op.opcode {
                    op::BS_PUT_UTF8 => 8,
                    op::BS_PUT_UTF16 => 16,
                    _ => 32,
                };
                let value = self.source(args[2]);
                self.out.op(number::BsPutUtf, [value, form, flags(args[1])? as u16]);
                self.out.fail_word(label(args[0]), 0);
            }
            op::BS_UTF8_SIZE | op::BS_UTF16_SIZE => {
                let value = self.source(args[1]);
                let dst = self.slot(args[2]);
                let form = if op.opcode == op::BS_UTF8_SIZE { 8 } else { 16 };
                self.out.op(number::BsUtfSize, [value, dst, form]);
            }
            op::BS_ADD => {
                let slots = [self.source(args[1]), self.source(args[2]), self.slot(args[4])];
                self.out.op(number::BsAdd, slots);
                self.out.fail_word(label(args[0]), 0);
                self.out.word(unsigned(args[3])?);
            }
            op::BS_INIT_WRITABLE => self.out.op(number::BsInitWritable, [0; 3]),
            _ => return Ok(false),
        }
        Ok(true)
    }
    #[allow(clippy::too_many_arguments)]
    fn append(&mut self, fail: Arg, size: Arg, need: u64, live: u32, unit: Arg, bin: Arg, dst: Arg) -> Result<(), LoadError> {
        let (size, size_constant) = self.operand(size);
        let (bin, bin_constant) = self.operand(bin);
        let dst = self.slot(dst);
        self.out.op(number::BsAppend, [dst, size, bin]);
        self.out.fail_word(label(fail), live);
        self.out.word(need & 0xFFFF_FFFF | unsigned(unit)? << 32);
        self.out.constant(size_constant);
        self.out.constant(bin_constant);
        Ok(())
    }
    /// fail, size, unit, flags, source
    fn put(&mut self, number: u16, args: &[Arg]) -> Result<(), LoadError> {
        let all = u64::from(number == number::BsPutBinary && self.atom_text(args[1]) == Some("all"));
        let (size, size_constant) = self.operand(args[1]);
        let (value, value_constant) = self.operand(args[4]);
        self.out.op(number, [value, size, flags(args[3])? as u16]);
        self.out.fail_word(label(args[0]), 0);
        self.out.word(unsigned(args[2])? & 0xFFFF_FFFF | all << 32);
        self.out.constant(value_constant);
        self.out.constant(size_constant);
        Ok(())
    }
    /// fail, need, live, unit, destination, segments of six operands: kind, number, unit, flags, value, size
    fn create_bin(&mut self, args: &[Arg]) -> Result<(), LoadError> {
        let list = self.file.code.list_of(args[5]);
        let count = list.len() / 6;
        if !list.len().is_multiple_of(6) || count == 0 || count > usize::from(u16::MAX) {
            return Err(self.refuse("its segments do not have six operands each"));
        }
        let mut segments = Vec::with_capacity(count);
        let mut strings: Vec<u8> = Vec::new();
        let strings_at = 3 + SEGMENT_WORDS * count;
        for (index, operands) in list.chunks_exact(6).enumerate() {
            segments.push(self.segment(index, operands, &mut strings, strings_at)?);
        }
        let length = strings_at + strings.len().div_ceil(8);
        let need = need(args[1]);
        if length > u32::MAX as usize || need > u64::from(u32::MAX) {
            return Err(self.refuse("it is too long"));
        }
        let dst = self.slot(args[4]);
        let (number, fast_bits) = fast_form(&segments);
        self.out.op(number, [dst, count as u16, length.min(0xFFFF) as u16]);
        self.out.fail_word(label(args[0]), u32::from(number_of(args[2])));
        self.out.word(need | (length as u64) << 32);
        for (index, (segment, value, size)) in segments.into_iter().enumerate() {
            let [first, second] = segment.to_words();
            self.out.word(first);
            self.out.word(if index == 0 { second | fast_bits << 48 } else { second });
            self.out.constant(value);
            self.out.constant(size);
        }
        self.bytes(&strings);
        Ok(())
    }
    fn segment(
        &self,
        index: usize,
        operands: &[Arg],
        strings: &mut Vec<u8>,
        strings_at: usize,
    ) -> Result<(Segment, Constant, Constant), LoadError> {
        let [kind, position, unit, flags, value, size] = *operands else { unreachable!("chunks of six") };
        let name = self.atom_text(kind).unwrap_or("");
        let unit = unsigned(unit)?;
        let flags = native(self.list_flags(flags)?) as u8;
        let kind = match name {
            "append" | "private_append" if index == 0 => SegmentKind::Append,
            "binary" => SegmentKind::Binary,
            "integer" => SegmentKind::Integer,
            "float" => SegmentKind::Float,
            "string" => SegmentKind::String,
            "utf8" => SegmentKind::Utf8,
            "utf16" => SegmentKind::Utf16,
            "utf32" => SegmentKind::Utf32,
            _ => return Err(self.refuse("the kind of a segment is unknown")),
        };
        let mut segment = Segment {
            kind,
            flags,
            unit: u16::try_from(unit).map_err(|_| self.refuse("the unit of a segment is too big"))?,
            value_slot: NO_SLOT,
            size_slot: NO_SLOT,
            number: unsigned(position).unwrap_or(0) as u32,
            size_form: SizeForm::Bits,
        };
        if kind == SegmentKind::String {
            let count = unsigned(size)?;
            // Each string starts at a word.
            strings.resize(strings.len().next_multiple_of(8), 0);
            let at = strings_at + strings.len() / 8;
            strings.extend(self.string(unsigned(value)?, count)?);
            return Ok((segment, Constant::Word(at as u64), Constant::Word(8 * count)));
        }
        if self.constant(value).is_none() && value.reg().is_none() {
            return Err(self.refuse("the value of a segment is no term"));
        }
        let (value_slot, value_constant) = self.operand(value);
        segment.value_slot = value_slot;
        let size_constant = match kind {
            SegmentKind::Utf32 => Constant::Word(32),
            SegmentKind::Utf8 | SegmentKind::Utf16 => Constant::Word(0),
            SegmentKind::Append => {
                segment.size_form = SizeForm::All;
                Constant::Word(0)
            }
            SegmentKind::Binary if self.atom_text(size) == Some("all") => {
                segment.size_form = SizeForm::All;
                Constant::Word(0)
            }
            _ => match self.constant_bits(size, unit) {
                Some(bits) => Constant::Word(bits),
                None if self.constant(size).is_some() || size.reg().is_some() => {
                    segment.size_form = SizeForm::Term;
                    let (size_slot, constant) = self.operand(size);
                    segment.size_slot = size_slot;
                    constant
                }
                None => return Err(self.refuse("the size of a segment is no term")),
            },
        };
        Ok((segment, value_constant, size_constant))
    }
}

/// The instruction for these segments; of a fast form also the bits that it writes: fixed integers of at most 64 bits each and 64
/// bytes in all, appended or alone.
fn fast_form(segments: &[(Segment, Constant, Constant)]) -> (u16, u64) {
    let appends = segments[0].0.kind == SegmentKind::Append;
    let mut bits = 0u64;
    for (segment, _, size) in &segments[usize::from(appends)..] {
        let Constant::Word(size @ 0..=64) = *size else { return (number::BsCreateBin, 0) };
        if segment.kind != SegmentKind::Integer || segment.size_form != SizeForm::Bits {
            return (number::BsCreateBin, 0);
        }
        bits += size;
    }
    match (bits, appends) {
        (1..=512, true) => (number::BsAppendIntegers, bits),
        (1..=512, false) => (number::BsCreateIntegers, bits),
        _ => (number::BsCreateBin, 0),
    }
}

pub(super) fn unsigned(arg: Arg) -> Result<u64, LoadError> {
    match arg {
        Arg::Unsigned(number) => Ok(number),
        Arg::Int(number) if number >= 0 => Ok(number as u64),
        _ => Err(LoadError::corrupt("the code", "a bit syntax operand is no number")),
    }
}
fn live_count(arg: Arg) -> Result<u16, LoadError> {
    u16::try_from(unsigned(arg)?)
        .ok()
        .filter(|live| usize::from(*live) <= crate::isa::X_COUNT)
        .ok_or_else(|| LoadError::corrupt("the code", "too many live registers"))
}
/// Flags as a number, without `native`.
pub(super) fn flags(arg: Arg) -> Result<u64, LoadError> {
    unsigned(arg).map(|flags| native(flags) & (LITTLE | SIGNED))
}
/// The X register that gets an unsigned byte; `None` for any other field.
pub(super) fn byte_field(size: Arg, unit: Arg, flags: u64, dst: Arg) -> Option<u16> {
    let bits = unsigned(size).ok()?.checked_mul(unsigned(unit).ok()?)?;
    let Some(Reg::X(byte)) = dst.reg() else { return None };
    (bits == 8 && flags & SIGNED == 0).then_some(byte)
}
/// The machine is little-endian on every host.
fn native(flags: u64) -> u64 {
    if flags & NATIVE != 0 { (flags | LITTLE) & !NATIVE } else { flags }
}
fn need(arg: Arg) -> u64 {
    arg.heap_words(FLOAT_WORDS, FUN_WORDS).unwrap_or(0)
}

/// Flags in a literal in the external format: a list of atoms, or `[]`.
fn flags_of_literal(bytes: &[u8]) -> Option<u64> {
    let mut rest = bytes.strip_prefix(&[131])?;
    if rest == [106] {
        return Some(0);
    }
    rest = rest.strip_prefix(&[108])?;
    let count = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
    rest = &rest[4..];
    let mut flags = 0;
    for _ in 0..count {
        let (size, text) = match *rest {
            [100 | 118, high, low, ref text @ ..] => (usize::from(u16::from_be_bytes([high, low])), text),
            [115 | 119, size, ref text @ ..] => (usize::from(size), text),
            _ => return None,
        };
        flags |= match text.get(..size)? {
            b"little" => LITTLE,
            b"signed" => SIGNED,
            b"native" => NATIVE,
            _ => 0,
        };
        rest = &text[size..];
    }
    Some(flags)
}
