//! Makes small `.beam` files for tests, also such as no compiler makes.

use crate::isa::generic::op;
use crate::loader::ir::{Arg, Reg};

/// A module `m` with atoms, imports and funs; each function is its name's atom, arity and body.
#[derive(Default)]
pub struct Asm {
    pub atoms: Vec<&'static str>,
    pub imports: Vec<(u32, u32, u32)>,
    pub exports: Vec<(u32, u32, u32)>,
    pub lambdas: Vec<[u32; 6]>,
    pub strings: &'static [u8],
    code: Vec<u8>,
    label_count: u32,
    function_count: u32,
}

impl Asm {
    pub fn new(atoms: &[&'static str]) -> Asm {
        let mut all = vec!["m"];
        all.extend_from_slice(atoms);
        Asm { atoms: all, label_count: 1, ..Asm::default() }
    }

    /// The index of an atom.
    pub fn atom(&self, text: &str) -> u32 {
        self.atoms.iter().position(|atom| *atom == text).expect("the test names its atoms") as u32
    }

    /// Starts a function: labels `entry - 1` and `entry`.
    pub fn function(&mut self, name: &str, arity: u32, entry: u32, is_exported: bool) {
        let name = self.atom(name);
        self.op(op::LABEL, &[Arg::Unsigned(u64::from(entry) - 1)]);
        self.op(op::FUNC_INFO, &[Arg::Atom(0), Arg::Atom(name), Arg::Unsigned(u64::from(arity))]);
        self.op(op::LABEL, &[Arg::Unsigned(u64::from(entry))]);
        self.function_count += 1;
        if is_exported {
            self.exports.push((name, arity, entry));
        }
    }

    pub fn op(&mut self, opcode: u8, args: &[Arg]) {
        self.code.push(opcode);
        if opcode == op::LABEL {
            self.label_count = self.label_count.max(args[0].unsigned().unwrap_or(0) as u32 + 1);
        }
        args.iter().for_each(|arg| self.arg(*arg));
    }

    /// An instruction whose last operand is a list.
    pub fn op_with_list(&mut self, opcode: u8, args: &[Arg], list: &[Arg]) {
        self.op(opcode, args);
        self.number(7, 1);
        self.number(0, list.len() as i64);
        list.iter().for_each(|arg| self.arg(*arg));
    }

    fn arg(&mut self, arg: Arg) {
        match arg {
            Arg::X(x) | Arg::Typed { reg: Reg::X(x), .. } => self.number(3, x.into()),
            Arg::Y(y) | Arg::Typed { reg: Reg::Y(y), .. } => self.number(4, y.into()),
            Arg::F(register) => {
                self.number(7, 2);
                self.number(0, register.into());
            }
            Arg::Int(number) => self.number(1, number),
            Arg::Atom(atom) => self.number(2, i64::from(atom) + 1),
            Arg::Nil => self.number(2, 0),
            Arg::Label(label) => self.number(5, label.into()),
            Arg::Unsigned(number) => self.number(0, number as i64),
            other => panic!("the assembler has no {other:?}"),
        }
    }

    fn number(&mut self, tag: u8, number: i64) {
        match number {
            0..16 => self.code.push((number as u8) << 4 | tag),
            16..2048 => self.code.extend([(number >> 3) as u8 & 0xe0 | 8 | tag, number as u8]),
            _ => {
                self.code.push(6 << 5 | 0x18 | tag);
                self.code.extend(number.to_be_bytes());
            }
        }
    }

    /// The file's bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.code.push(op::INT_CODE_END);
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        let mut atoms = words(&[self.atoms.len() as u32]);
        for atom in &self.atoms {
            atoms.push(atom.len() as u8);
            atoms.extend(atom.bytes());
        }
        let mut code = words(&[16, 0, op::GET_RECORD_FIELD.into(), self.label_count, self.function_count]);
        code.extend(&self.code);
        let mut imports = words(&[self.imports.len() as u32]);
        self.imports.iter().for_each(|(module, function, arity)| imports.extend(words(&[module + 1, function + 1, *arity])));
        let mut exports = words(&[self.exports.len() as u32]);
        self.exports.iter().for_each(|(function, arity, label)| exports.extend(words(&[function + 1, *arity, *label])));
        let mut lambdas = words(&[self.lambdas.len() as u32]);
        self.lambdas.iter().for_each(|[function, rest @ ..]| {
            lambdas.extend(words(&[function + 1]));
            lambdas.extend(words(rest));
        });
        let mut body = b"BEAM".to_vec();
        let chunks = [
            (b"AtU8", atoms),
            (b"Code", code),
            (b"StrT", self.strings.to_vec()),
            (b"ImpT", imports),
            (b"ExpT", exports),
            (b"FunT", lambdas),
        ];
        for (id, data) in chunks {
            body.extend(id);
            body.extend((data.len() as u32).to_be_bytes());
            let padding = (4 - data.len() % 4) % 4;
            body.extend(data);
            body.extend(&[0; 3][..padding]);
        }
        let mut file = b"FOR1".to_vec();
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(body);
        file
    }
}
