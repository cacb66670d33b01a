//! Making and calling funs.

use super::{Control, Machine, Scheduler, Step, calls, raise, slot_a, slot_b, slot_c};
use crate::atom::{Atom, am};
use crate::term::word::{self, TAG_HEADER, kind};
use crate::term::{Export, FunEntry, Term};

/// Calls a local fun of matching arity: environment behind the arguments, on to its entry; `None` for anything else.
#[inline(always)]
unsafe fn call_common(m: &mut Machine, fun: u64, arity: usize, push: Option<usize>) -> Option<Step> {
    if !word::is_boxed(fun) {
        return None;
    }
    // SAFETY: a boxed term has a header; kinds tell the words behind it. Environments fit the X registers, as the loader checked.
    unsafe {
        let at = word::boxed_address(fun) as *const u64;
        let header = *at;
        if word::header_kind(header) != kind::FUN || word::header_extra_of(header) as usize != arity {
            return None;
        }
        let entry = &*(*at.add(1) as usize as *const FunEntry);
        for index in 0..word::header_words(header) - 2 {
            m.set_x(arity + index, *at.add(3 + index));
        }
        if let Some(words) = push {
            m.e = m.e.sub(1);
            *m.e = m.pc.add(words) as usize as u64 | TAG_HEADER;
        }
        m.pc = entry.code as usize as *const u64;
        m.r -= 1;
        if m.r > 0 {
            return Some(Step::Jump);
        }
        (*m.s).live = *m.pc.sub(1) as usize;
        Some(Step::Slow(super::exit_yield))
    }
}

/// `call_fun`: arity in a, the fun in slot b.
#[inline(always)]
pub unsafe fn call_fun(m: &mut Machine, w: u64) -> Step {
    // SAFETY: the slot is checked by the loader.
    unsafe {
        let fun = m.get::<0>(slot_b(w));
        match call_common(m, fun, slot_a(w), Some(1)) {
            Some(step) => step,
            None => Step::Slow(call_fun_slow),
        }
    }
}

unsafe fn call_fun_slow(s: &mut Scheduler) -> Control {
    // SAFETY: as `call_fun`.
    unsafe {
        let w = s.word();
        let fun = s.term(slot_b(w));
        let next = s.pc.add(1);
        goto_fun(s, fun, slot_a(w), Some(next))
    }
}

/// `call_fun` in tail position: the frame, c bytes, goes first.
#[inline(always)]
pub unsafe fn call_fun_last(m: &mut Machine, w: u64) -> Step {
    // SAFETY: slot and frame size are checked by the loader; the fun is read before its frame goes.
    unsafe {
        let fun = m.get::<0>(slot_b(w));
        let frame = m.e;
        m.e = m.e.byte_add(slot_c(w));
        match call_common(m, fun, slot_a(w), None) {
            Some(step) => step,
            None => {
                m.e = frame;
                Step::Slow(call_fun_last_slow)
            }
        }
    }
}

unsafe fn call_fun_last_slow(s: &mut Scheduler) -> Control {
    // SAFETY: as `call_fun_last`.
    unsafe {
        let w = s.word();
        let fun = s.term(slot_b(w));
        let arity = fun.as_fun().map(|local| local.entry.arity).or(fun.as_export().map(|export| export.arity));
        // What cannot be called is told from the current function.
        if arity == Some(slot_a(w) as u64) {
            let heap = &mut s.process().heap;
            heap.stop = heap.stop.byte_add(slot_c(w));
        }
        goto_fun(s, fun, slot_a(w), None)
    }
}

/// Calls any fun whose arguments are in X registers; raises `badfun` or `badarity`.
pub unsafe fn goto_fun(s: &mut Scheduler, fun: Term<'_>, arity: usize, return_to: Option<*const u64>) -> Control {
    // SAFETY: the X registers below `arity` are live; the environment fits behind them.
    unsafe {
        if let Some(local) = fun.as_fun() {
            if local.entry.arity as usize == arity {
                for (index, word) in local.env.iter().enumerate() {
                    s.x[arity + index] = word.word();
                }
                if let Some(address) = return_to {
                    calls::push_return_slow(s, address);
                }
                s.pc = local.entry.code as usize as *const u64;
                s.reductions -= 1;
                return Control::Jump;
            }
        } else if let Some(export) = fun.as_export() {
            if export.arity as usize == arity {
                return calls::goto_export(s, export, return_to);
            }
        } else {
            let mut heap = s.heap();
            let reason = heap.tuple(&[Term::atom(am::BADFUN), Term::from_word(fun.word())]);
            return raise::error(s, reason);
        }
        let mut heap = s.heap();
        let args: Vec<Term<'_>> = s.x[..arity].iter().map(|x| Term::from_word(*x)).collect();
        let args = heap.list(&args);
        let call = heap.tuple(&[Term::from_word(fun.word()), args]);
        let reason = heap.tuple(&[Term::atom(am::BADARITY), call]);
        raise::error(s, reason)
    }
}

/// `make_fun3`: destination a, free count b, length of the instruction c; ext 1 the entry, then operands (`data::operand`).
pub unsafe fn make_fun(s: &mut Scheduler) -> Control {
    // SAFETY: the emitter wrote entry and slots.
    unsafe {
        let w = s.word();
        let (dst, count) = (slot_a(w), slot_b(w));
        let entry = &*(s.ext(1) as usize as *const FunEntry);
        let slots = s.pc.add(2);
        let mut env = Vec::with_capacity(count);
        for index in 0..count {
            env.push(super::data::operand(s, slots, index));
        }
        let creator = Term::from_word(s.process().pid);
        let fun = s.heap().fun(entry, creator, &env);
        s.set(dst, fun.word());
        s.jump(slot_c(w) as isize)
    }
}

/// `is_function2`: fails unless slot a is a fun of the arity in slot b; fail in c.
pub unsafe fn is_function2(s: &mut Scheduler) -> Control {
    // SAFETY: slots are checked by the loader.
    unsafe {
        let w = s.word();
        let (fun, arity) = (s.term(slot_a(w)), s.term(slot_b(w)));
        let has = fun.as_fun().map(|f| f.entry.arity).or(fun.as_export().map(|e| e.arity));
        if has.is_some() && arity.as_small() == has.map(|a| a as i64) { Control::Next } else { s.jump(super::jump_c(w)) }
    }
}

/// Continues in an entry found by name.
pub unsafe fn goto_mfa(s: &mut Scheduler, module: Atom, function: Atom, arity: usize, return_to: Option<*const u64>) -> Control {
    let export: &Export = calls::resolve(s, module, function, arity);
    // SAFETY: as `goto_export`; an `apply` in tail position is an instruction of the current function.
    unsafe {
        if return_to.is_none() {
            calls::keep_caller(s, export);
        }
        calls::goto_export(s, export, return_to)
    }
}
