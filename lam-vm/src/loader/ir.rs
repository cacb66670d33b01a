//! Generic code as the loader holds it: instructions over two arenas of operands, and the functions they make.
//!
//! ```text
//! Code.ops        Op { opcode, args: span of Code.args }
//! Code.args       operands, one after another; a list is a span of Code.lists
//! Code.lists      operands of lists (lists do not nest)
//! Code.labels     label number → op index of its `label` instruction (NO_LABEL where it is not defined)
//! Code.functions  in the file's order; each from the first op of its header to the next
//! ```

use crate::isa::generic::{self, op};

/// A run of entries in an arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub count: u32,
}

impl Span {
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.count as usize
    }
}

/// An X or Y register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reg {
    X(u16),
    Y(u16),
}

/// One operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    X(u16),
    Y(u16),
    /// A float register.
    F(u16),
    Int(i64),
    /// An index into `Code::bigs`.
    Big(u32),
    /// An index into `BeamFile::atoms`.
    Atom(u32),
    Nil,
    /// A label number; 0 is "none".
    Label(u32),
    /// An index into `BeamFile::literals`.
    Literal(u32),
    /// A plain number: arity, live, unit, index, …
    Unsigned(u64),
    /// Heap need told apart by kind.
    Alloc {
        words: u32,
        floats: u16,
        funs: u16,
    },
    /// A register with an index into `BeamFile::types`: the compiler's claim, never a proof.
    Typed {
        reg: Reg,
        type_index: u32,
    },
    /// Operands in `Code::lists`.
    List(Span),
}

const _: () = assert!(size_of::<Arg>() <= 16);

impl Arg {
    /// The register read or written, typed or not.
    pub fn reg(self) -> Option<Reg> {
        match self {
            Arg::X(x) => Some(Reg::X(x)),
            Arg::Y(y) => Some(Reg::Y(y)),
            Arg::Typed { reg, .. } => Some(reg),
            _ => None,
        }
    }

    /// The same operand without the compiler's claim.
    pub fn untyped(self) -> Arg {
        match self {
            Arg::Typed { reg: Reg::X(x), .. } => Arg::X(x),
            Arg::Typed { reg: Reg::Y(y), .. } => Arg::Y(y),
            other => other,
        }
    }

    pub fn unsigned(self) -> Option<u64> {
        match self {
            Arg::Unsigned(number) => Some(number),
            _ => None,
        }
    }

    /// The label, where it is one and not 0.
    pub fn label(self) -> Option<u32> {
        match self {
            Arg::Label(label) if label != 0 => Some(label),
            _ => None,
        }
    }

    pub fn atom(self) -> Option<u32> {
        match self {
            Arg::Atom(atom) => Some(atom),
            _ => None,
        }
    }

    /// Heap words of a need: `words_per_float` and `words_per_fun` are the machine's.
    pub fn heap_words(self, words_per_float: u64, words_per_fun: u64) -> Option<u64> {
        match self {
            Arg::Unsigned(words) => Some(words),
            Arg::Alloc { words, floats, funs } => {
                Some(u64::from(words) + u64::from(floats) * words_per_float + u64::from(funs) * words_per_fun)
            }
            _ => None,
        }
    }
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    pub opcode: u8,
    pub args: Span,
}

/// An integer that does not fit 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Big {
    pub negative: bool,
    /// Little-endian, the highest byte is not 0.
    pub magnitude: Box<[u8]>,
}

/// One function of the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// An index into `BeamFile::atoms`.
    pub name: u32,
    pub arity: u8,
    /// The label that calls name, just after `func_info`.
    pub entry_label: u32,
    /// The op index of that label.
    pub entry_op: u32,
    /// The op index of `func_info`.
    pub func_info_op: u32,
    /// The ops from the `label` before `func_info` up to the next function.
    pub first_op: u32,
    pub end_op: u32,
    /// `on_load` stands in its body.
    pub is_on_load: bool,
    /// `nif_start` stands at its start.
    pub is_nif: bool,
}

impl Function {
    pub fn ops(&self) -> std::ops::Range<usize> {
        self.first_op as usize..self.end_op as usize
    }
}

/// What `Code::labels` holds for a number that no `label` defines.
pub const NO_LABEL: u32 = u32::MAX;

/// The code of a module.
#[derive(Clone, Debug, Default)]
pub struct Code {
    pub ops: Vec<Op>,
    pub args: Vec<Arg>,
    pub lists: Vec<Arg>,
    pub bigs: Vec<Big>,
    pub labels: Vec<u32>,
    pub functions: Vec<Function>,
}

impl Code {
    /// The operands of an instruction.
    #[inline]
    pub fn args(&self, op: Op) -> &[Arg] {
        &self.args[op.args.range()]
    }

    /// The operands of the instruction at an index.
    #[inline]
    pub fn args_at(&self, op_index: usize) -> &[Arg] {
        &self.args[self.ops[op_index].args.range()]
    }

    #[inline]
    pub fn list(&self, span: Span) -> &[Arg] {
        &self.lists[span.range()]
    }

    /// The elements of a list operand; empty for another kind.
    #[inline]
    pub fn list_of(&self, arg: Arg) -> &[Arg] {
        match arg {
            Arg::List(span) => self.list(span),
            _ => &[],
        }
    }

    /// The op index of a label's `label` instruction.
    #[inline]
    pub fn label_op(&self, label: u32) -> Option<u32> {
        match self.labels.get(label as usize) {
            Some(&op) if op != NO_LABEL => Some(op),
            _ => None,
        }
    }

    /// The function that holds the instruction at an index.
    pub fn function_at(&self, op_index: u32) -> Option<usize> {
        let after = self.functions.partition_point(|function| function.first_op <= op_index);
        let index = after.checked_sub(1)?;
        (op_index < self.functions[index].end_op).then_some(index)
    }

    /// The Y register that the handler at a label clears: `catch_end` and `try_case` name it.
    pub fn handler_register(&self, label: u32) -> Option<Reg> {
        let first = self.handler_op(label)?;
        matches!(first.opcode, op::CATCH_END | op::TRY_CASE).then(|| self.args(first)[0].reg())?
    }

    /// The first instruction of a handler.
    pub fn handler_op(&self, label: u32) -> Option<Op> {
        let start = self.label_op(label)? as usize;
        let is_mark = |op: &&Op| matches!(op.opcode, op::LABEL | op::LINE | op::EXECUTABLE_LINE | op::DEBUG_LINE);
        self.ops[start..].iter().find(|op| !is_mark(op)).copied()
    }

    pub fn name(&self, op_index: usize) -> &'static str {
        generic::name(self.ops[op_index].opcode)
    }
}
