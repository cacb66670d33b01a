//! Mutants of modules.
//!
//! Most change a few operands or instructions of the decoded code, and load: the compiler's claims no longer hold, its type tests are
//! gone, its registers are others. The rest damage bytes, chunks and tables, and are mostly refused.

use lam_vm::isa::generic::{generic_op, op};
use lam_vm::loader::BeamFile;
use lam_vm::loader::ir::{Arg, Reg};

use crate::chunks::Chunks;
use crate::encode::{Instruction, Operand, code_chunk, instructions};
use crate::random::Random;

/// A module that mutants are made of.
pub struct Base {
    /// `25/lists`
    pub name: String,
    pub file: BeamFile,
    pub chunks: Chunks,
}

/// What can be done to a module, with its share of a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Instructions,
    Chunks,
    Literals,
    Truncated,
    Swapped,
    Bytes,
}

const SHARES: [(Kind, usize, &str); 6] = [
    (Kind::Instructions, 72, "with other instructions or operands"),
    (Kind::Chunks, 8, "with bytes of a chunk damaged"),
    (Kind::Literals, 6, "with other literals"),
    (Kind::Truncated, 4, "cut, or with a chunk cut or left out"),
    (Kind::Swapped, 5, "with chunks swapped or another module's"),
    (Kind::Bytes, 5, "with bytes damaged anywhere"),
];

/// The modules of a mutant, its own and another, and what is done to it.
fn begin(random: &mut Random, modules: usize) -> (usize, usize, Kind) {
    let (own, other) = (random.below(modules), random.below(modules));
    let mut at = random.below(100);
    let row = SHARES.iter().find(|(_, share, _)| {
        let is_it = at < *share;
        at = at.wrapping_sub(*share);
        is_it
    });
    (own, other, row.map_or(Kind::Bytes, |(kind, ..)| *kind))
}

/// Mutant `number` of a run: what was done to it, and its bytes.
pub fn mutant(bases: &[Base], seed: u64, number: u64) -> (String, Vec<u8>) {
    let random = &mut Random::of(seed, number);
    let (own, other, kind) = begin(random, bases.len());
    let (base, other) = (&bases[own], &bases[other]);
    let (what, bytes) = match kind {
        Kind::Instructions => code_mutant(base, random),
        Kind::Chunks => damaged_chunk(base, random),
        Kind::Literals => damaged_literal(base, random),
        Kind::Truncated => truncated(base, random),
        Kind::Swapped => swapped(base, other, random),
        Kind::Bytes => damaged_bytes(base, random),
    };
    (format!("{}: {what}", base.name), bytes)
}

/// How many of these mutants are of which kind.
pub fn shares(seed: u64, modules: usize, numbers: std::ops::Range<u64>) -> String {
    let mut counts = [0u64; SHARES.len()];
    for number in numbers {
        let (_, _, kind) = begin(&mut Random::of(seed, number), modules);
        counts[kind as usize] += 1;
    }
    let told: Vec<String> = SHARES.iter().zip(counts).map(|((.., words), count)| format!("{count} {words}")).collect();
    told.join(", ")
}

fn damaged_bytes(base: &Base, random: &mut Random) -> (String, Vec<u8>) {
    let mut bytes = base.chunks.bytes();
    random.damage(&mut bytes);
    ("bytes".into(), bytes)
}

fn damaged_chunk(base: &Base, random: &mut Random) -> (String, Vec<u8>) {
    let mut chunks = base.chunks.clone();
    let (id, data) = &mut chunks.0[random.below(base.chunks.0.len())];
    random.damage(data);
    (format!("bytes of {}", String::from_utf8_lossy(id)), chunks.bytes())
}

/// The literals again, not compressed, some of them damaged or others.
fn damaged_literal(base: &Base, random: &mut Random) -> (String, Vec<u8>) {
    let tables = &base.file.tables;
    let mut literals: Vec<Vec<u8>> =
        tables.literals.iter().map(|(at, size)| tables.literal_bytes[*at as usize..(*at + *size) as usize].to_vec()).collect();
    let mut chunks = base.chunks.clone();
    if literals.is_empty() {
        return damaged_bytes(base, random);
    }
    if random.percent(50) {
        let at = random.below(literals.len());
        random.damage(literals[at].get_mut(1..).unwrap_or_default());
    } else {
        for _ in 0..=random.below(4) {
            let (one, two) = (random.below(literals.len()), random.below(literals.len()));
            literals.swap(one, two);
        }
    }
    let mut data = vec![0; 4];
    data.extend((literals.len() as u32).to_be_bytes());
    for literal in literals {
        data.extend((literal.len() as u32).to_be_bytes());
        data.extend(literal);
    }
    chunks.0.retain(|(id, _)| id != b"LitT");
    chunks.0.push((*b"LitT", data));
    ("literals".into(), chunks.bytes())
}

fn truncated(base: &Base, random: &mut Random) -> (String, Vec<u8>) {
    let mut chunks = base.chunks.clone();
    match random.below(3) {
        0 => {
            let mut bytes = chunks.bytes();
            bytes.truncate(random.below(bytes.len()));
            ("cut".into(), bytes)
        }
        1 => {
            let (id, data) = &mut chunks.0[random.below(base.chunks.0.len())];
            data.truncate(random.below(data.len()));
            (format!("{} cut", String::from_utf8_lossy(id)), chunks.bytes())
        }
        _ => {
            let (id, _) = chunks.0.remove(random.below(base.chunks.0.len()));
            (format!("{} left out", String::from_utf8_lossy(&id)), chunks.bytes())
        }
    }
}

fn swapped(base: &Base, other: &Base, random: &mut Random) -> (String, Vec<u8>) {
    let mut chunks = base.chunks.clone();
    let at = random.below(chunks.0.len());
    let (id, data) = &mut chunks.0[at];
    let id = *id;
    let from = other.chunks.0.iter().find(|(found, _)| *found == id);
    match from {
        Some((_, theirs)) if random.percent(80) => *data = theirs.clone(),
        _ => {
            let to = random.below(chunks.0.len());
            let (one, two) = (chunks.0[at].0, chunks.0[to].0);
            (chunks.0[at].0, chunks.0[to].0) = (two, one);
        }
    }
    (format!("{} of {}", String::from_utf8_lossy(&id), other.name), chunks.bytes())
}

/// One to four changes of decoded instructions, close to each other.
fn code_mutant(base: &Base, random: &mut Random) -> (String, Vec<u8>) {
    let mut ops = instructions(&base.file.code);
    let mut told = Vec::new();
    let place = random.below(ops.len());
    let wanted = 1 + [0, 0, 0, 1, 2, 3][random.below(6)];
    for _ in 0..wanted * 8 {
        if told.len() == wanted {
            break;
        }
        let at = (place + random.below(12)).min(ops.len().saturating_sub(2));
        if matches!(ops[at].opcode, op::LABEL | op::FUNC_INFO | op::LINE | op::INT_CODE_END) && !random.percent(2) {
            continue;
        }
        if let Some(what) = change(base, &mut ops, at, random) {
            told.push(format!("{at}: {what}"));
        }
    }
    let mut chunks = base.chunks.clone();
    if let Some(data) = chunks.get(b"Code") {
        *data = code_chunk(&base.file.code, &ops);
    }
    (told.join(", "), chunks.bytes())
}

fn name(opcode: u8) -> &'static str {
    generic_op(opcode).map_or("?", |row| row.name)
}

fn change(base: &Base, ops: &mut Vec<Instruction>, at: usize, random: &mut Random) -> Option<String> {
    match random.below(100) {
        // Its test, its move or its frame is gone.
        0..22 => {
            let gone = ops.remove(at);
            Some(format!("no {}", name(gone.opcode)))
        }
        22..30 => {
            let twice = ops[at].clone();
            let what = format!("{} again", name(twice.opcode));
            ops.insert((at + random.below(4)).min(ops.len() - 1), twice);
            Some(what)
        }
        30..36 => {
            let to = (at + 1).min(ops.len() - 2);
            ops.swap(at, to);
            Some(format!("{} later", name(ops[to].opcode)))
        }
        36..44 => {
            let from = random.below(ops.len());
            let other = ops[from].clone();
            if matches!(other.opcode, op::LABEL | op::FUNC_INFO | op::INT_CODE_END) {
                return None;
            }
            let what = format!("{} of {from}", name(other.opcode));
            ops.insert(at, other);
            Some(what)
        }
        44..60 => {
            let opcode = other_opcode(&ops[at], random)?;
            let what = format!("{} as {}", name(ops[at].opcode), name(opcode));
            ops[at].opcode = opcode;
            Some(what)
        }
        _ => {
            let count = ops[at].operands.len();
            if count == 0 {
                return None;
            }
            let index = random.below(count);
            let before = ops[at].operands[index].clone();
            let after = other_operand(base, &before, random);
            let what = format!("{} {before:?} -> {after:?}", name(ops[at].opcode));
            ops[at].operands[index] = after;
            Some(what)
        }
    }
}

/// Another instruction that takes operands of the same kinds, or sometimes just as many.
fn other_opcode(op: &Instruction, random: &mut Random) -> Option<u8> {
    let kinds = |opcode: u8| generic_op(opcode).map(|row| row.operands.iter().map(|operand| operand.kind).collect::<Vec<_>>());
    let own = kinds(op.opcode)?;
    let strict = random.percent(90);
    let fits = |opcode: &u8| match (*opcode != op.opcode).then(|| kinds(*opcode)).flatten() {
        Some(other) => other == own || (!strict && other.len() == own.len()),
        None => false,
    };
    let others: Vec<u8> =
        (2..=191).filter(fits).filter(|opcode| generic_op(*opcode).is_some_and(|row| row.removed_after.is_none())).collect();
    random.pick(&others)
}

fn other_operand(base: &Base, operand: &Operand, random: &mut Random) -> Operand {
    match operand {
        Operand::Plain(arg) => Operand::Plain(other_arg(base, *arg, random)),
        Operand::List(list) => {
            let mut list = list.clone();
            let at = random.below(list.len());
            match random.below(6) {
                0 if !list.is_empty() => drop(list.remove(at)),
                1 if !list.is_empty() => list.insert(at, list[at]),
                2 if !list.is_empty() => {
                    let to = random.below(list.len());
                    list.swap(at, to);
                }
                3 if list.len() > 1 => drop(list.drain(at & !1..(at & !1) + 2.min(list.len() - (at & !1)))),
                _ if !list.is_empty() => list[at] = other_arg(base, list[at], random),
                _ => list.push(Arg::X(0)),
            }
            Operand::List(list)
        }
    }
}

fn other_arg(base: &Base, arg: Arg, random: &mut Random) -> Arg {
    let tables = &base.file.tables;
    let near = |number: u16, random: &mut Random| match random.below(8) {
        0 => random.number(number.into()).clamp(0, 1023) as u16,
        1..3 => number.saturating_add(1),
        3..5 => number.saturating_sub(1),
        _ => random.below(6) as u16,
    };
    let any_source = |random: &mut Random| match random.below(6) {
        0 => Arg::Int(random.number(0)),
        1 => Arg::Nil,
        2 => Arg::Atom(random.below(tables.atoms.len()) as u32),
        3 if !tables.literals.is_empty() => Arg::Literal(random.below(tables.literals.len()) as u32),
        4 => Arg::Y(random.below(3) as u16),
        _ => Arg::X(random.below(5) as u16),
    };
    let is_wild = random.percent(12);
    match arg {
        Arg::X(_) | Arg::Y(_) | Arg::Int(_) | Arg::Atom(_) | Arg::Nil | Arg::Literal(_) | Arg::Big(_) | Arg::Typed { .. }
            if is_wild =>
        {
            any_source(random)
        }
        _ if random.percent(1) => Arg::Unsigned(random.number(0) as u64),
        Arg::X(x) => Arg::X(near(x, random)),
        Arg::Y(y) => Arg::Y(near(y, random)),
        Arg::F(f) => Arg::F(near(f, random)),
        Arg::Int(value) => Arg::Int(random.number(value)),
        Arg::Big(_) => Arg::Int(random.number(1 << 60)),
        Arg::Atom(_) => Arg::Atom(random.below(tables.atoms.len()) as u32),
        Arg::Nil => any_source(random),
        Arg::Literal(_) => Arg::Literal(random.below(tables.literals.len().max(1)) as u32),
        Arg::Label(label) => match random.below(8) {
            0 => Arg::Label(0),
            1 => Arg::Label(random.below(base.file.code.labels.len()) as u32),
            _ => Arg::Label((label + random.below(9) as u32).saturating_sub(4).min(base.file.code.labels.len() as u32 - 1)),
        },
        Arg::Unsigned(value) => Arg::Unsigned(match random.below(3) {
            0 => random.number(value as i64) as u64,
            1 => value.wrapping_add(1),
            _ => value.saturating_sub(1),
        }),
        Arg::Alloc { words, floats, funs } => match random.below(3) {
            0 => Arg::Alloc { words: random.number(words.into()) as u32, floats, funs },
            1 => Arg::Alloc { words, floats: floats.wrapping_sub(1), funs },
            _ => Arg::Alloc { words: 0, floats: 0, funs: 0 },
        },
        Arg::Typed { reg, type_index } => match random.below(3) {
            0 => Arg::Typed { reg, type_index: random.below(tables.types.len() + 1) as u32 },
            _ => {
                let reg = match reg {
                    Reg::X(x) => Reg::X(near(x, random)),
                    Reg::Y(y) => Reg::Y(near(y, random)),
                };
                Arg::Typed { reg, type_index }
            }
        },
        Arg::List(span) => Arg::List(span),
    }
}
