//! Generic code as text, for `lam inspect` and golden tests.
//!
//! ```text
//! reverse/2:
//!     12  is_nonempty_list f5 x0
//!     13  get_list x0 x2 x3
//! ```

use std::fmt::{self, Write};

use crate::isa::generic::{self, Kind, op};
use crate::loader::beam_file::BeamFile;
use crate::loader::ir::{Arg, Reg};

/// One function, an instruction a line with its op index.
pub fn function(file: &BeamFile, function_index: usize) -> String {
    let mut text = String::new();
    let Some(function) = file.code.functions.get(function_index) else {
        return text;
    };
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{}/{}:", Atom(file.atom(function.name)), function.arity);
    for op_index in function.ops() {
        let _ = writeln!(text, "{op_index:6}  {}", instruction(file, op_index));
    }
    text
}

/// The whole module.
pub fn module(file: &BeamFile) -> String {
    (0..file.code.functions.len()).map(|index| function(file, index)).collect::<Vec<_>>().join("\n")
}

/// One instruction, without its index.
pub fn instruction(file: &BeamFile, op_index: usize) -> String {
    let mut text = String::new();
    let Some(&op) = file.code.ops.get(op_index) else {
        return text;
    };
    if op.opcode == op::LABEL {
        let _ = write!(text, "label {}", file.code.args(op)[0].unsigned().unwrap_or(0));
        return text;
    }
    text.push_str(generic::name(op.opcode));
    let kinds = generic::generic_op(op.opcode).map_or(&[][..], |row| row.operands);
    for (arg, operand) in file.code.args(op).iter().zip(kinds) {
        text.push(' ');
        let _ = operand_text(&mut text, file, *arg, operand.kind);
    }
    if matches!(op.opcode, op::LINE | op::EXECUTABLE_LINE)
        && let Some(index) = file.code.args(op)[0].unsigned()
        && let Some((name, line)) = file.location(index as u32)
    {
        let _ = write!(text, "  % {name}:{line}");
    }
    text
}

fn operand_text(text: &mut String, file: &BeamFile, arg: Arg, kind: Kind) -> fmt::Result {
    match (arg, kind) {
        (Arg::Unsigned(index), Kind::Bif | Kind::Import) => {
            let import = file.import(index as u32);
            write!(text, "{}:{}/{}", Atom(file.atom(import.module)), Atom(file.atom(import.function)), import.arity)
        }
        (Arg::Unsigned(index), Kind::Lambda) => write!(text, "fun {index}"),
        (Arg::List(span), _) => {
            text.push('[');
            for (position, element) in file.code.list(span).iter().enumerate() {
                if position > 0 {
                    text.push(' ');
                }
                operand_text(text, file, *element, Kind::Any)?;
            }
            text.push(']');
            Ok(())
        }
        _ => write!(text, "{}", Operand(file, arg)),
    }
}

struct Operand<'a>(&'a BeamFile, Arg);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Arg::X(x) => write!(f, "x{x}"),
            Arg::Y(y) => write!(f, "y{y}"),
            Arg::F(number) => write!(f, "fr{number}"),
            Arg::Int(number) => write!(f, "{number}"),
            Arg::Big(index) => {
                let big = &self.0.code.bigs[index as usize];
                f.write_str(if big.negative { "-16#" } else { "16#" })?;
                big.magnitude.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Arg::Atom(atom) => write!(f, "{}", Atom(self.0.atom(atom))),
            Arg::Nil => f.write_str("[]"),
            Arg::Label(0) => f.write_str("-"),
            Arg::Label(label) => write!(f, "f{label}"),
            Arg::Literal(index) => write!(f, "literal({index})"),
            Arg::Unsigned(number) => write!(f, "#{number}"),
            Arg::Alloc { words, floats, funs } => write!(f, "#{words}+{floats}floats+{funs}funs"),
            Arg::Typed { reg, type_index } => match reg {
                Reg::X(x) => write!(f, "x{x}:t{type_index}"),
                Reg::Y(y) => write!(f, "y{y}:t{type_index}"),
            },
            Arg::List(_) => f.write_str("[…]"),
        }
    }
}

/// An atom, quoted where Erlang quotes it.
struct Atom<'a>(&'a str);

impl fmt::Display for Atom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0.starts_with(|c: char| c.is_ascii_lowercase())
            && self.0.chars().all(|c| c.is_ascii_alphanumeric() || "_@".contains(c));
        if plain {
            return f.write_str(self.0);
        }
        f.write_char('\'')?;
        for c in self.0.chars() {
            match c {
                '\'' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\x{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('\'')
    }
}
