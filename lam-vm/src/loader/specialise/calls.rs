//! Calls of other modules, BIFs (also in guards), and the making of funs.

use crate::isa::emit::{Constant, Fix, x_slot};
use crate::isa::generic::op;
use crate::isa::specific::number;
use crate::loader::LoadError;
use crate::loader::ir::Arg;
use crate::term::word;

use super::{Transformer, arithmetic, frame_bytes, number_of};

impl<'a> Transformer<'a> {
    /// A call of a fun. Before a return it is a tail call, so that loops through funs take no room.
    pub(super) fn call_fun(&mut self, arity: u16, fun: u16) -> usize {
        let (code, next) = (&self.file.code, self.index + 1);
        if let [deallocate, return_, ..] = code.ops[next..]
            && (deallocate.opcode, return_.opcode) == (op::DEALLOCATE, op::RETURN)
        {
            self.out.op(number::CallFunLast, [arity, fun, frame_bytes(code.args(deallocate)[0])]);
            return 3;
        }
        self.out.op(number::CallFun, [arity, fun, 0]);
        1
    }

    pub(super) fn import(&self, arg: Arg) -> (&'a str, &'a str, usize, u32) {
        let index = arg.unsigned().expect("the decoder checked the operand kinds") as u32;
        let tables = &self.file.tables;
        let import = &tables.imports[index as usize];
        (&tables.atoms[import.module as usize], &tables.atoms[import.function as usize], usize::from(import.arity), index)
    }

    /// `last`: frame bytes to drop when it is a tail call.
    pub(super) fn call_ext(&mut self, import: Arg, last: Option<u16>) {
        let (module, function, arity, index) = self.import(import);
        let entry = Constant::Fix(Fix::Import(index));
        if let Some(bif) = self.natives.bif(module, function, arity) {
            if let Some(bytes @ 1..) = last
                && !crate::loader::check::never_returns(module, function, arity as u8)
            {
                self.out.op(number::Deallocate, [bytes, 0, 0]);
            }
            let number = if last.is_some() { number::CallBifOnly } else { number::CallBif };
            self.out.op(number, [arity as u16, bif, 0]);
            self.out.constant(entry);
            return;
        }
        match last {
            None => self.out.op(number::CallExt, [0; 3]),
            Some(0) => self.out.op(number::CallExtOnly, [0; 3]),
            Some(bytes) => self.out.op(number::CallExtLast, [bytes, 0, 0]),
        }
        self.out.constant(entry);
    }

    /// A call of a BIF that an instruction stands for; it has no import, so no entry either.
    pub(super) fn native_call(&mut self, module: &str, function: &str, arity: usize) {
        let bif = self.natives.bif(module, function, arity).expect("the machine has the BIFs that instructions stand for");
        self.out.op(number::CallBif, [arity as u16, bif, 0]);
        self.out.word(0);
    }

    pub(super) fn bif0(&mut self, import: Arg, dst: u16) {
        let (module, function, arity, index) = self.import(import);
        if function == "self" {
            return self.out.op(number::SelfPid, [dst, 0, 0]);
        }
        match self.natives.bif(module, function, arity) {
            Some(bif) => self.out.op(number::Bif0, [dst, bif, 0]),
            None => self.missing_bif(index),
        }
    }

    pub(super) fn missing_bif(&mut self, import: u32) {
        // Not in our tables: it says which, loudly, when it is run.
        self.out.op(number::LackingBif, [0; 3]);
        self.out.constant(Constant::Fix(Fix::Import(import)));
    }

    pub(super) fn guard_bif(&mut self, fail: u32, live: u16, import: Arg, args: &[Arg], dst: Arg) -> Result<(), LoadError> {
        let (module, function, arity, index) = self.import(import);
        let dst = self.slot(dst);
        if let [left, right] = args
            && module == "erlang"
            && let Some(op) = arithmetic(function)
        {
            let right_constant = self.constant(*right);
            if let Some(constant @ Constant::Word(word)) = right_constant
                && word::is_small(word)
                && self.constant(*left).is_none()
                && matches!(function, "+" | "-")
            {
                let op = if function == "+" { number::AddConstant } else { number::SubtractConstant };
                let left = self.slot(*left);
                self.out.op(op, [left, 0, dst]);
                self.out.fail_word(fail, u32::from(live));
                self.out.constant(constant);
                return Ok(());
            }
            if let Some(constant @ Constant::Word(word)) = self.constant(*left)
                && word::is_small(word)
                && right_constant.is_none()
                && function == "+"
            {
                // Slot b says that the constant stood on the left.
                let right = self.slot(*right);
                self.out.op(number::AddConstant, [right, 1, dst]);
                self.out.fail_word(fail, u32::from(live));
                self.out.constant(constant);
                return Ok(());
            }
            let slots = [self.source(*left), self.source(*right), dst];
            self.out.op(op, slots);
            self.out.fail_word(fail, u32::from(live));
            return Ok(());
        }
        if let [only] = args
            && (module, function) == ("erlang", "+")
            && self.constant(*only).is_none()
        {
            // Slot b says that there was one operand.
            let only = self.slot(*only);
            self.out.op(number::AddConstant, [only, 2, dst]);
            self.out.fail_word(fail, u32::from(live));
            self.out.constant(Constant::Word(word::small(0)));
            return Ok(());
        }
        let Some(bif) = self.natives.bif(module, function, arity) else {
            self.missing_bif(index);
            return Ok(());
        };
        let high = u32::from(live) | u32::from(bif) << 16;
        let slots: Vec<u16> = args.iter().map(|arg| self.source(*arg)).collect();
        match slots[..] {
            [a] => {
                let number = if (module, function) == ("erlang", "byte_size") { number::ByteSize } else { number::Bif1 };
                self.out.op(number, [a, 0, dst]);
                self.out.fail_word(fail, high);
            }
            [a, b] => {
                let number = match (module, function) {
                    ("erlang", "=:=") => number::ExactlyEqual,
                    ("erlang", "=/=") => number::NotExactlyEqual,
                    _ => number::Bif2,
                };
                self.out.op(number, [a, b, dst]);
                self.out.fail_word(fail, high);
            }
            [a, b, c] => {
                self.out.op(number::Bif3, [a, b, dst]);
                self.out.fail_word(fail, high);
                self.out.word(u64::from(c));
            }
            _ => unreachable!("guard BIFs have one to three arguments"),
        }
        Ok(())
    }

    pub(super) fn make_fun(&mut self, args: &[Arg]) {
        let lambda = number_of(args[0]);
        let env = self.file.code.list_of(args[2]);
        let dst = self.slot(args[1]);
        self.emit_fun(u32::from(lambda), dst, env);
    }

    /// OTP 22 and 23: the environment is in the first X registers, the fun goes to x(0).
    pub(super) fn make_fun_old(&mut self, lambda: Arg) {
        let lambda = lambda.unsigned().expect("the decoder checked the operand kinds") as u32;
        let free = self.file.tables.lambdas[lambda as usize].free_count;
        let env: Vec<Arg> = (0..u16::from(free)).map(Arg::X).collect();
        self.emit_fun(lambda, x_slot(0), &env);
    }

    pub(super) fn emit_fun(&mut self, lambda: u32, dst: u16, env: &[Arg]) {
        let (slots, constants) = self.packed(env);
        self.out.op(number::MakeFun, [dst, env.len() as u16, 0]);
        self.out.constant(Constant::Fix(Fix::Lambda(lambda)));
        self.out.packed(&slots, &constants);
    }
}
