//! The fixpoint: blocks, their states, and the calls between functions of the module.
//!
//! A block runs from one `label` to the next. Its state is what holds whenever it is entered; it starts unknown ("nobody comes here") and
//! only loses knowledge, so the analysis ends. A function that is neither exported nor made into a fun is entered only by calls that are
//! seen here; a local call goes on only when the function called is seen to return, with the type of what it returns.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::isa::generic::op;
use crate::loader::LoadError;
use crate::loader::beam_file::BeamFile;
use crate::loader::check::literal;
use crate::loader::check::loops::Ways;
use crate::loader::check::state::{self, DEAD, Frame, NO_SITE, State, UNINIT, ValueId};
use crate::loader::check::types::{ANY_ATOM, Type, Types, kinds};
use crate::loader::check::{Facts, Natives};
use crate::loader::ir::{Arg, NO_LABEL, Op, Reg};

/// After so many visits of a block its tuples keep only their sizes.
const WIDEN_AFTER: u32 = 24;

/// Limits against code made to be slow. Compilers' code needs 16 units of work an operand and 60 bytes an instruction at most (all of OTP 25,
/// 27, 29 and Elixir).
const FREE_WORK: u64 = 100_000_000;
const WORK_PER_OPERAND: u64 = 2_000;
const MAX_STATE_BYTES: usize = 512 << 20;

pub(super) struct Block {
    pub first_op: u32,
    pub end_op: u32,
    pub state: Option<State>,
    visits: u32,
    is_queued: bool,
}

#[derive(Default)]
pub(super) struct Summary {
    /// What the function returns; `None` when it is not seen to return.
    pub result: Option<Type>,
    /// Blocks that go on with the result.
    callers: Vec<u32>,
}

pub(super) struct Flow<'a> {
    pub file: &'a BeamFile,
    pub natives: &'a dyn Natives,
    pub types: Types,
    pub blocks: Vec<Block>,
    /// Label number → block.
    block_of_label: Vec<u32>,
    pub functions: Vec<Summary>,
    literal_types: Vec<Option<Type>>,
    /// For each import, whether the machine implements it; asked once.
    pub bif_imports: Vec<bool>,
    atoms: HashMap<&'a str, u32>,
    /// `allocate`s that clear their frame.
    pub zeroing: Vec<bool>,
    queue: BinaryHeap<Reverse<u32>>,
    /// The block and function being run.
    pub block: u32,
    pub function: usize,
    /// The Y registers changed since the handlers were told.
    pub handlers_told: bool,
    /// Set while facts are written down: nothing flows any more.
    pub facts: Option<Facts>,
    pub error: Option<LoadError>,
    /// What joins cost so far, and what the states take.
    work: u64,
    state_bytes: usize,
    /// The module loads natives: each of its functions may be replaced by one.
    pub loads_nifs: bool,
}

impl<'a> Flow<'a> {
    pub fn new(file: &'a BeamFile, natives: &'a dyn Natives) -> Flow<'a> {
        let code = &file.code;
        let mut block_of_label = vec![NO_LABEL; code.labels.len()];
        let mut blocks: Vec<Block> = Vec::new();
        let last_op = code.ops.len() as u32 - 1;
        for (op_index, op) in code.ops.iter().enumerate() {
            if op.opcode != op::LABEL {
                continue;
            }
            if let Some(block) = blocks.last_mut() {
                block.end_op = op_index as u32;
            }
            let label = code.args(*op)[0].unsigned().unwrap_or(0) as usize;
            block_of_label[label] = blocks.len() as u32;
            blocks.push(Block { first_op: op_index as u32, end_op: last_op, state: None, visits: 0, is_queued: false });
        }
        let imports = &file.tables.imports;
        let loads_nifs =
            imports.iter().any(|import| file.atom(import.module) == "erlang" && file.atom(import.function) == "load_nif");
        Flow {
            file,
            natives,
            types: Types::default(),
            blocks,
            block_of_label,
            functions: code.functions.iter().map(|_| Summary::default()).collect(),
            bif_imports: (file.tables.imports.iter())
                .map(|import| natives.is_bif(file.atom(import.module), file.atom(import.function), import.arity))
                .collect(),
            literal_types: vec![None; file.tables.literals.len()],
            atoms: HashMap::new(),
            zeroing: vec![false; code.ops.len()],
            queue: BinaryHeap::new(),
            block: 0,
            function: 0,
            handlers_told: false,
            facts: None,
            error: None,
            work: 0,
            state_bytes: 0,
            loads_nifs,
        }
    }

    /// Runs to the fixpoint, then once more over each block to write down what is proved.
    pub fn run(mut self) -> Result<Facts, LoadError> {
        self.enter_roots();
        let code = &self.file.code;
        let work_limit = FREE_WORK + WORK_PER_OPERAND * (code.ops.len() + code.lists.len()) as u64;
        while let Some(Reverse(block)) = self.queue.pop() {
            self.blocks[block as usize].is_queued = false;
            self.run_block(block);
            if self.work > work_limit || self.state_bytes > MAX_STATE_BYTES {
                return Err(LoadError::TooComplex);
            }
        }
        self.facts = Some(Facts::new(&self.file.code, &self.zeroing));
        let mut falls = Vec::new();
        for block in 0..self.blocks.len() as u32 {
            if self.run_block(block) {
                falls.push(block);
            }
            if let Some(error) = self.error.take() {
                return Err(error);
            }
        }
        let facts = self.facts.take().unwrap_or_default();
        let blocks = self.blocks.iter().map(|block| (block.first_op, block.end_op));
        let mut ways = Ways::of(&self.file.code, &facts, blocks, &self.block_of_label);
        falls.into_iter().for_each(|block| ways.add(block, block + 1));
        match ways.loop_at().map(|block| self.blocks[block as usize].first_op) {
            None => Ok(facts),
            Some(op_index) => {
                let what = "the code after it goes round without a call".to_string();
                Err(crate::loader::decode::invalid(code, &self.file.tables, "label", op_index as usize, what))
            }
        }
    }

    /// Exports, funs, the function of `on_load`, and what a native may replace are entered with anything.
    fn enter_roots(&mut self) {
        let mut is_root = vec![false; self.file.code.functions.len()];
        let exports = self.file.exports.iter().map(|export| export.label);
        let lambdas = self.file.tables.lambdas.iter().map(|lambda| lambda.label);
        for label in exports.chain(lambdas) {
            if let Some(function) = self.file.function_of_label(label) {
                is_root[function] = true;
            }
        }
        for (index, function) in self.file.code.functions.iter().enumerate() {
            // A body that calls `nif_error` stands for a native.
            let is_stub = |op: &Op| {
                matches!(op.opcode, op::CALL_EXT | op::CALL_EXT_LAST | op::CALL_EXT_ONLY) && {
                    let import = self.file.import(self.file.code.args(*op)[1].unsigned().unwrap_or(0) as u32);
                    self.file.atom(import.function) == "nif_error" && self.file.atom(import.module) == "erlang"
                }
            };
            let is_native =
                self.loads_nifs || self.natives.is_bif(self.file.module(), self.file.atom(function.name), function.arity);
            if is_root[index] || function.is_on_load || function.is_nif {
                let state = State::entry((0..function.arity).map(|_| Type::ANY));
                self.enter(function.entry_label, &state);
            }
            if is_native || function.is_nif || self.file.code.ops[function.ops()].iter().any(is_stub) {
                self.functions[index].result = Some(Type::ANY);
            }
        }
    }

    /// Whether it falls into the next block.
    fn run_block(&mut self, block: u32) -> bool {
        let Block { first_op, end_op, ref state, .. } = self.blocks[block as usize];
        let Some(mut state) = state.clone() else { return false };
        self.block = block;
        self.function = self.file.code.function_at(first_op).unwrap_or(0);
        self.handlers_told = false;
        for op_index in first_op..end_op {
            if !self.step(&mut state, op_index) || self.error.is_some() {
                return false;
            }
        }
        let next = self.blocks.get(block as usize + 1).map(|next| next.first_op);
        if next.and_then(|next| self.file.code.function_at(next)) != Some(self.function) {
            self.fail(end_op - 1, "the code after it belongs to another function");
        } else if self.facts.is_none() {
            self.merge_into(block + 1, &state);
        }
        true
    }

    fn queue(&mut self, block: u32) {
        let entry = &mut self.blocks[block as usize];
        if !entry.is_queued {
            entry.is_queued = true;
            self.queue.push(Reverse(block));
        }
    }

    /// A jump to a label of this function.
    pub fn branch(&mut self, label: u32, state: &State) {
        let block = self.block_of_label[label as usize];
        if self.facts.is_some() {
            let target = self.blocks[block as usize].first_op;
            if self.file.code.function_at(target) != Some(self.function) {
                self.fail(self.blocks[self.block as usize].first_op, "a jump leads into another function");
            }
            return;
        }
        self.merge_into(block, state);
    }

    /// A call of a function.
    pub fn enter(&mut self, label: u32, state: &State) {
        if self.facts.is_none() {
            self.merge_into(self.block_of_label[label as usize], state);
        }
    }

    fn merge_into(&mut self, block: u32, state: &State) {
        let mut sites = Vec::new();
        self.leave_clear_frame(block, state);
        let target = &mut self.blocks[block as usize];
        let joined = match &target.state {
            Some(old) => state::join(&mut self.types, old, state, target.visits > WIDEN_AFTER, &mut sites),
            None => state::join(&mut self.types, state, state, false, &mut sites),
        };
        for site in sites {
            self.clear_site(site);
        }
        let target = &mut self.blocks[block as usize];
        self.work += (state.x.len() + state.y.len() + state.values.len()) as u64;
        if target.state.as_ref() != Some(&joined) {
            self.state_bytes += joined.bytes();
            self.state_bytes -= target.state.as_ref().map_or(0, State::bytes);
            target.state = Some(joined);
            target.visits += 1;
            self.queue(block);
        }
    }

    /// Where frames of different sizes meet, only their common part is seen from then on, so handlers are told what holds before.
    fn leave_clear_frame(&mut self, block: u32, state: &State) {
        let Some(old) = &self.blocks[block as usize].state else { return };
        if old.frame == state.frame {
            return;
        }
        let old = old.clone();
        for state in [&old, state] {
            if state.frame != Frame::Unclear && !state.handlers.is_empty() {
                let mut state = state.clone();
                self.clear_frame(&mut state);
                self.tell_handlers(&state);
            }
        }
    }

    /// From now on an `allocate` clears its frame.
    fn clear_site(&mut self, site: u32) {
        if site == NO_SITE || std::mem::replace(&mut self.zeroing[site as usize], true) {
            return;
        }
        let block = self.blocks.partition_point(|block| block.first_op <= site) - 1;
        self.queue(block as u32);
    }

    /// Y registers that were not written are about to be seen by the collector, an exception, or a reader.
    pub fn clear_frame(&mut self, state: &mut State) {
        if !state.has_uninit_y() {
            return;
        }
        self.clear_site(state.site);
        let value = state.add(state::Value::of(Type::of(kinds::NIL)));
        for slot in &mut state.y {
            if *slot == UNINIT {
                *slot = value;
            }
        }
    }

    /// An exception may come from here: the unwinder looks for a catch word from y0 up, so it sees the frame even where nothing here
    /// catches; the handlers around are told what holds.
    pub fn raise(&mut self, state: &mut State) {
        self.clear_frame(state);
        if self.handlers_told {
            return;
        }
        // Where the frame is unclear they were told before.
        if state.frame != Frame::Unclear {
            self.tell_handlers(state);
        }
        self.handlers_told = true;
    }

    fn tell_handlers(&mut self, state: &State) {
        if state.handlers.is_empty() || self.facts.is_some() {
            return;
        }
        let targets = exception_targets(state);
        let mut thrown = state.clone();
        // Collections may lie between here and the handler.
        thrown.values.iter_mut().for_each(|value| value.is_fresh = false);
        let class = thrown.add(state::Value::of(Type::of(kinds::ATOM)));
        let reason = thrown.add(state::Value::of(Type::ANY));
        let trace = thrown.add(state::Value::of(Type::of(kinds::TRACE)));
        thrown.x = vec![class, reason, trace];
        (thrown.floats, thrown.need, thrown.has_message, thrown.is_building) = (0, state::Need::default(), false, false);
        for label in targets {
            self.enter_handler(label, &mut thrown);
        }
    }

    /// The unwinder leaves its mark in the place of the catch word; the handler's first instruction says where that is.
    fn enter_handler(&mut self, label: u32, state: &mut State) {
        let Some(Reg::Y(y)) = self.file.code.handler_register(label) else { return };
        let Some(&old) = state.y.get(usize::from(y)) else { return };
        let caught = state.add(state::Value::of(Type::of(kinds::CAUGHT)));
        state.y[usize::from(y)] = caught;
        self.branch(label, state);
        state.y[usize::from(y)] = old;
    }

    /// The current function returns a value of this type.
    pub fn returns(&mut self, ty: Type) {
        if self.facts.is_some() {
            return;
        }
        let summary = &mut self.functions[self.function];
        let old = summary.result.unwrap_or(Type::of(0));
        let mut joined = self.types.join(old, ty.restrict(kinds::ANY));
        if self.functions[self.function].callers.len() > 4096 {
            joined = self.types.flat(joined);
        }
        if joined != old || self.functions[self.function].result.is_none() {
            self.functions[self.function].result = Some(joined);
            for caller in self.functions[self.function].callers.clone() {
                self.queue(caller);
            }
        }
    }

    /// The result of a local function, as far as it is known; asks to run this block again when it changes.
    pub fn result_of(&mut self, function: usize) -> Option<Type> {
        let block = self.block;
        let summary = &mut self.functions[function];
        if self.facts.is_none() && summary.callers.last() != Some(&block) && !summary.callers.contains(&block) {
            summary.callers.push(block);
        }
        summary.result
    }

    pub fn type_of_value(&self, state: &State, value: ValueId) -> Type {
        match value {
            DEAD => Type::ANY,
            UNINIT => Type::of(kinds::NIL),
            value => state.values[value as usize].ty,
        }
    }

    /// What is known of an operand, without looking whether it may be read.
    pub fn type_of(&mut self, state: &State, arg: Arg) -> Type {
        match arg {
            Arg::Int(number) => Type::of(if (-(1 << 60)..1 << 60).contains(&number) { kinds::SMALL } else { kinds::BIG }),
            Arg::Big(_) => Type::of(kinds::BIG),
            Arg::Atom(atom) => Type::atom(atom),
            Arg::Nil => Type::of(kinds::NIL),
            Arg::Literal(index) => self.type_of_literal(index),
            _ => match arg.reg() {
                Some(reg) => self.type_of_value(state, state.value_of(reg)),
                None => Type::ANY,
            },
        }
    }

    fn type_of_literal(&mut self, index: u32) -> Type {
        if let Some(ty) = self.literal_types[index as usize] {
            return ty;
        }
        let file = self.file;
        if self.atoms.is_empty() {
            self.atoms = file.tables.atoms.iter().zip(0..).map(|(atom, index)| (&**atom, index)).collect();
        }
        let atoms = &self.atoms;
        let ty = literal::literal_type(&mut self.types, file.literal(index), &|text| atoms.get(text).copied());
        self.literal_types[index as usize] = Some(ty);
        ty
    }

    /// An error of structure; only the last pass knows for certain.
    pub fn fail(&mut self, op_index: u32, what: impl Into<String>) {
        if self.facts.is_none() || self.error.is_some() {
            return;
        }
        let code = &self.file.code;
        let name = code.name(op_index as usize);
        self.error = Some(crate::loader::decode::invalid(code, &self.file.tables, name, op_index as usize, what.into()));
    }

    /// The frame must be there with this many words, or absent.
    pub fn expect_frame(&mut self, op_index: u32, state: &State, expected: Frame) -> bool {
        if state.frame == expected {
            return true;
        }
        let text = |frame| match frame {
            Frame::None => "none".to_string(),
            Frame::Words(words) => format!("{words} words"),
            Frame::Unclear => "one that depends on the way here".to_string(),
        };
        self.fail(op_index, format!("it needs the frame {}, but there is {}", text(expected), text(state.frame)));
        false
    }

    /// X registers 0 to `live` - 1 must hold something.
    pub fn expect_live(&mut self, op_index: u32, state: &State, live: usize) {
        if self.facts.is_some() && state.live_x() < live {
            self.fail(op_index, format!("it needs {live} X registers, but x{} holds nothing", state.live_x()));
        }
    }

    /// The value in a register that is read.
    pub fn read(&mut self, op_index: u32, state: &mut State, reg: Reg) -> ValueId {
        let value = state.value_of(reg);
        match (value, reg) {
            (DEAD, Reg::X(x)) => self.fail(op_index, format!("it reads x{x}, which holds nothing")),
            (DEAD, Reg::Y(y)) => self.fail(op_index, format!("it reads y{y}, which is outside of the frame")),
            (UNINIT, _) => {
                self.clear_frame(state);
                return state.value_of(reg);
            }
            _ if state.values[value as usize].ty.may_be(kinds::CATCH | kinds::CAUGHT) => {
                self.fail(op_index, "it reads a catch word")
            }
            _ => return value,
        }
        state.add(state::Value::of(Type::ANY))
    }
}

/// The handlers that an exception here may reach: of the first Y register that surely holds a catch word, and of those before it that may.
fn exception_targets(state: &State) -> Vec<u32> {
    let mut targets = Vec::new();
    for value in &state.y {
        let Some(ty) = state.values.get(*value as usize).map(|value| value.ty).filter(|ty| ty.may_be(kinds::CATCH)) else {
            continue;
        };
        if ty.atom == ANY_ATOM {
            targets.clone_from(&state.handlers);
        } else if !targets.contains(&ty.atom) {
            targets.push(ty.atom);
        }
        if ty.is_within(kinds::CATCH) {
            return targets;
        }
    }
    targets
}
