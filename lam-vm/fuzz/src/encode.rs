//! Decoded code back to a `Code` chunk: the way back of `loader/decode.rs`.

use lam_vm::isa::generic::MAX_OPCODE;
use lam_vm::loader::ir::{Arg, Code, Reg};

/// The chunk, with these operands instead of `code.args` and `code.lists` where an instruction was changed.
pub fn code_chunk(code: &Code, ops: &[Instruction]) -> Vec<u8> {
    let words = [16, 0, u32::from(MAX_OPCODE), code.labels.len() as u32, code.functions.len() as u32];
    let mut out: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    for op in ops {
        out.push(op.opcode);
        for operand in &op.operands {
            match operand {
                Operand::Plain(arg) => put(&mut out, code, *arg),
                Operand::List(list) => {
                    number(&mut out, 7, 1);
                    number(&mut out, 0, list.len() as i64);
                    list.iter().for_each(|arg| put(&mut out, code, *arg));
                }
            }
        }
    }
    out
}

/// An instruction that owns its operands.
#[derive(Clone, Debug)]
pub struct Instruction {
    pub opcode: u8,
    pub operands: Vec<Operand>,
}

#[derive(Clone, Debug)]
pub enum Operand {
    Plain(Arg),
    List(Vec<Arg>),
}

/// All instructions of a module.
pub fn instructions(code: &Code) -> Vec<Instruction> {
    let operand = |arg: &Arg| match arg {
        Arg::List(span) => Operand::List(code.list(*span).to_vec()),
        arg => Operand::Plain(*arg),
    };
    code.ops.iter().map(|op| Instruction { opcode: op.opcode, operands: code.args(*op).iter().map(operand).collect() }).collect()
}

fn put(out: &mut Vec<u8>, code: &Code, arg: Arg) {
    match arg {
        Arg::X(x) => number(out, 3, x.into()),
        Arg::Y(y) => number(out, 4, y.into()),
        Arg::Int(value) => number(out, 1, value),
        Arg::Atom(atom) => number(out, 2, i64::from(atom) + 1),
        Arg::Nil => number(out, 2, 0),
        Arg::Label(label) => number(out, 5, label.into()),
        Arg::Unsigned(value) => match i64::try_from(value) {
            Ok(value) => number(out, 0, value),
            Err(_) => {
                out.extend([0xf8, 0]);
                out.push(0);
                out.extend(value.to_be_bytes());
            }
        },
        Arg::F(register) => {
            number(out, 7, 2);
            number(out, 0, register.into());
        }
        Arg::Alloc { words, floats, funs } => {
            number(out, 7, 3);
            number(out, 0, 3);
            for (kind, count) in [(0, i64::from(words)), (1, floats.into()), (2, funs.into())] {
                number(out, 0, kind);
                number(out, 0, count);
            }
        }
        Arg::Literal(index) => {
            number(out, 7, 4);
            number(out, 0, index.into());
        }
        Arg::Typed { reg, type_index } => {
            number(out, 7, 5);
            match reg {
                Reg::X(x) => number(out, 3, x.into()),
                Reg::Y(y) => number(out, 4, y.into()),
            }
            number(out, 0, type_index.into());
        }
        Arg::Big(index) => big(out, code, index),
        Arg::List(_) => number(out, 2, 0),
    }
}

/// Two's complement, big-endian, in at least nine bytes.
fn big(out: &mut Vec<u8>, code: &Code, index: u32) {
    let Some(big) = code.bigs.get(index as usize) else { return number(out, 1, 0) };
    let mut bytes = big.magnitude.to_vec();
    bytes.resize((bytes.len() + 1).max(9), 0);
    if big.negative {
        let mut carry = true;
        for byte in &mut bytes {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    out.push(0xf9);
    number(out, 0, bytes.len() as i64 - 9);
    out.extend(bytes.iter().rev());
}

fn number(out: &mut Vec<u8>, tag: u8, number: i64) {
    match number {
        0..16 => out.push((number as u8) << 4 | tag),
        16..2048 => out.extend([(number >> 3) as u8 & 0xe0 | 8 | tag, number as u8]),
        _ => {
            out.push(6 << 5 | 0x18 | tag);
            out.extend(number.to_be_bytes());
        }
    }
}
