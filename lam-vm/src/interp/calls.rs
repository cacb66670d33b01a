//! Calls and returns. A call pushes its return word; reductions are counted here, at the entry of the callee.

use super::{Control, Exit, Machine, Outcome, Scheduler, Step, exit_yield, jump_bc, raise, slot_a};
use crate::atom::{Atom, am};
use crate::term::word::{self, TAG_HEADER};
use crate::term::{Export, FunEntry, Term};

/// Goes to a function's entry, or yields there. The word before an entry is the function's arity.
#[inline(always)]
unsafe fn enter(m: &mut Machine, entry: *const u64) -> Step {
    m.pc = entry;
    m.r -= 1;
    if m.r > 0 {
        return Step::Jump;
    }
    // SAFETY: every function entry has `func_info` before it, whose last word is the arity; the scheduler runs.
    unsafe { (*m.s).live = *entry.sub(1) as usize };
    Step::Slow(exit_yield)
}

/// Pushes the address of the instruction `words` after this one.
#[inline(always)]
unsafe fn push_return(m: &mut Machine, words: usize) {
    // SAFETY: the reserve below E has room for one word.
    unsafe {
        m.e = m.e.sub(1);
        *m.e = m.pc.add(words) as usize as u64 | TAG_HEADER;
    }
}

#[inline(always)]
pub unsafe fn call(m: &mut Machine, w: u64) -> Step {
    // SAFETY: see the helpers; the loader checked the label.
    unsafe {
        push_return(m, 1);
        let entry = m.pc.wrapping_offset(jump_bc(w));
        enter(m, entry)
    }
}

#[inline(always)]
pub unsafe fn call_only(m: &mut Machine, w: u64) -> Step {
    // SAFETY: as `call`.
    unsafe {
        let entry = m.pc.wrapping_offset(jump_bc(w));
        enter(m, entry)
    }
}

/// Drops a bytes of frame first.
#[inline(always)]
pub unsafe fn call_last(m: &mut Machine, w: u64) -> Step {
    // SAFETY: as `call`; the loader checked the frame size.
    unsafe {
        m.e = m.e.byte_add(slot_a(w));
        call_only(m, w)
    }
}

#[inline(always)]
unsafe fn enter_export(m: &mut Machine, export: *const Export) -> Step {
    // SAFETY: entries are never freed; `code` always points at an instruction. Stubs have no arity word before them, so a yield
    // there is counted but taken later.
    unsafe {
        m.pc = (*export).code as usize as *const u64;
        m.r -= 1;
        if m.r > 0 || m.pc == (&raw const (*export).stub).cast() {
            return Step::Jump;
        }
        (*m.s).live = (*export).arity as usize;
        Step::Slow(exit_yield)
    }
}

#[inline(always)]
pub unsafe fn call_ext(m: &mut Machine, _: u64) -> Step {
    // SAFETY: the extension word is the address of an entry.
    unsafe {
        let export = m.ext(1) as usize as *const Export;
        push_return(m, 2);
        enter_export(m, export)
    }
}

#[inline(always)]
pub unsafe fn call_ext_only(m: &mut Machine, _: u64) -> Step {
    // SAFETY: as `call_ext`.
    unsafe {
        let export = m.ext(1) as usize as *const Export;
        enter_export(m, export)
    }
}

#[inline(always)]
pub unsafe fn call_ext_last(m: &mut Machine, w: u64) -> Step {
    // SAFETY: as `call_ext` and `call_last`.
    unsafe {
        m.e = m.e.byte_add(slot_a(w));
        call_ext_only(m, w)
    }
}

#[inline(always)]
pub unsafe fn return_(m: &mut Machine, _: u64) -> Step {
    // SAFETY: E is at the return word, as the loader checked; it holds the address of an instruction.
    unsafe {
        m.pc = (*m.e & !7) as usize as *const u64;
        m.e = m.e.add(1);
    }
    Step::Jump
}

#[inline(always)]
pub unsafe fn deallocate_return(m: &mut Machine, w: u64) -> Step {
    // SAFETY: as `return_`; the loader checked the frame size.
    unsafe {
        m.e = m.e.byte_add(slot_a(w));
        return_(m, w)
    }
}

/// The bottom of every stack: the process's first function returned.
pub unsafe fn finish(s: &mut Scheduler) -> Control {
    s.outcome = Outcome::Finished { reason: am::NORMAL.word() };
    Control::Exit(Exit::Died)
}

/// What an export entry's stub does while no module defines the function: `error_handler:undefined_function(M, F, Args)`.
pub unsafe fn undefined(s: &mut Scheduler) -> Control {
    // SAFETY: the stub's extension word is the entry's address; its arity of X registers are live.
    unsafe {
        let export = &*(s.ext(1) as usize as *const Export);
        let arity = export.arity as usize;
        let mut heap = s.heap();
        let args: Vec<Term<'_>> = s.x[..arity].iter().map(|x| Term::from_word(*x)).collect();
        let args = heap.list(&args);
        let handler_module = s.process().error_handler;
        match s.system().code.export(handler_module, am::UNDEFINED_FUNCTION, 3) {
            Some(handler) if handler.code != handler.stub.as_ptr() as usize as u64 => {
                s.x[0] = export.module;
                s.x[1] = export.function;
                s.x[2] = args.word();
                s.pc = handler.code as usize as *const u64;
                Control::Jump
            }
            _ => {
                let first = heap.tuple(&[Term::from_word(export.module), Term::from_word(export.function), args]);
                raise::error_with_first(s, Term::atom(am::UNDEF), first)
            }
        }
    }
}

/// The code of a fun that no module has: `error_handler:undefined_lambda(M, Fun, Args)`.
pub unsafe fn undefined_fun(s: &mut Scheduler) -> Control {
    // SAFETY: the stub's extension word is the entry's address; its arguments and environment are in the X registers.
    unsafe {
        let entry = &*(s.ext(1) as usize as *const FunEntry);
        let (arity, live) = (entry.arity as usize, (entry.arity + entry.free_count) as usize);
        let mut heap = s.heap();
        let words: Vec<Term<'_>> = s.x[..live].iter().map(|x| Term::from_word(*x)).collect();
        let creator = Term::from_word(s.process().pid);
        let fun = heap.fun(entry, creator, &words[arity..]);
        let args = heap.list(&words[..arity]);
        let handler_module = s.process().error_handler;
        match s.system().code.export(handler_module, am::UNDEFINED_LAMBDA, 3) {
            Some(handler) if handler.code != handler.stub.as_ptr() as usize as u64 => {
                s.x[0] = entry.module;
                s.x[1] = fun.word();
                s.x[2] = args.word();
                s.pc = handler.code as usize as *const u64;
                Control::Jump
            }
            _ => {
                let first = heap.tuple(&[fun, args, Term::NIL]);
                raise::error_with_first(s, Term::atom(am::UNDEF), first)
            }
        }
    }
}

/// The body of a function whose native LAM lacks: `{lam_unsupported, {Module, Function, Arity}}`.
pub unsafe fn lacking(s: &mut Scheduler) -> Control {
    // SAFETY: the emitter wrote three words.
    unsafe {
        let (module, function, arity) = (s.ext(1), s.ext(2), s.ext(3));
        raise_lacking(s, module, function, arity)
    }
}

/// The same through an export entry.
pub unsafe fn lacking_entry(s: &mut Scheduler) -> Control {
    // SAFETY: the stub's extension word is the entry's address.
    unsafe {
        let export = &*(s.ext(1) as usize as *const Export);
        raise_lacking(s, export.module, export.function, export.arity)
    }
}

/// A guard BIF that LAM lacks: the same, but its arguments are not at hand.
pub unsafe fn lacking_bif(s: &mut Scheduler) -> Control {
    // SAFETY: the emitter wrote the address of an entry.
    unsafe {
        let export = &*(s.ext(1) as usize as *const Export);
        let mut heap = s.heap();
        let arity = heap.integer(export.arity as i64);
        let name = heap.tuple(&[Term::from_word(export.module), Term::from_word(export.function), arity]);
        let reason = heap.tuple(&[Term::atom(am::LAM_UNSUPPORTED), name]);
        raise::error(s, reason)
    }
}

unsafe fn raise_lacking(s: &mut Scheduler, module: u64, function: u64, arity: u64) -> Control {
    // SAFETY: at the first instruction of a function, whose arity of X registers are live.
    unsafe {
        let mut heap = s.heap();
        let (module, function) = (Term::from_word(module), Term::from_word(function));
        let args: Vec<Term<'_>> = s.x[..arity as usize].iter().map(|x| Term::from_word(*x)).collect();
        let args = heap.list(&args);
        let first = heap.tuple(&[module, function, args]);
        let arity = heap.integer(arity as i64);
        let name = heap.tuple(&[module, function, arity]);
        let reason = heap.tuple(&[Term::atom(am::LAM_UNSUPPORTED), name]);
        raise::error_with_first(s, reason, first)
    }
}

/// Entered when a function's clauses do not match; the words behind are module, function and arity.
pub unsafe fn func_info(s: &mut Scheduler) -> Control {
    // SAFETY: the emitter wrote three words; arity X registers are live.
    unsafe {
        let (module, function, arity) = (s.ext(1), s.ext(2), s.ext(3) as usize);
        let mut heap = s.heap();
        let args: Vec<Term<'_>> = s.x[..arity].iter().map(|x| Term::from_word(*x)).collect();
        let args = heap.list(&args);
        let first = heap.tuple(&[Term::from_word(module), Term::from_word(function), args]);
        raise::function_clause(s, first)
    }
}

/// The entry of `Module:Function/Arity`, made (undefined) where there is none yet.
pub fn resolve(s: &Scheduler, module: Atom, function: Atom, arity: usize) -> &'static Export {
    s.system().code.export_or_undefined(module, function, arity)
}

/// Continues at an entry with its arguments in place: by a tail call, or pushing a return to `return_to`.
pub unsafe fn goto_export(s: &mut Scheduler, export: &Export, return_to: Option<*const u64>) -> Control {
    // SAFETY: the reserve below the stack has room for a return word.
    unsafe {
        if let Some(address) = return_to {
            push_return_slow(s, address);
        }
    }
    s.pc = export.code as usize as *const u64;
    s.reductions -= 1;
    Control::Jump
}

/// # Safety
/// `address` is an instruction's; the reserve below the stack is free.
pub unsafe fn push_return_slow(s: &mut Scheduler, address: *const u64) {
    let heap = &mut s.process().heap;
    // SAFETY: promised by the caller.
    unsafe {
        heap.stop = heap.stop.sub(1);
        *heap.stop = address as usize as u64 | TAG_HEADER;
    }
}

/// `apply/3` with module and function in the X registers behind the arguments (count in slot a): common part.
unsafe fn apply_common(s: &mut Scheduler, return_to: Option<*const u64>) -> Control {
    // SAFETY: the loader checked that the X registers are live.
    unsafe {
        let arity = slot_a(s.word());
        let (module, function) = (s.x[arity], s.x[arity + 1]);
        if !word::is_atom(module) || !word::is_atom(function) {
            let mut heap = s.heap();
            let args: Vec<Term<'_>> = s.x[..arity].iter().map(|x| Term::from_word(*x)).collect();
            let args = heap.list(&args);
            let first = heap.tuple(&[
                Term::atom(am::ERLANG),
                Term::atom(am::APPLY),
                heap_list3(&mut s.heap(), Term::from_word(module), Term::from_word(function), args),
            ]);
            return raise::error_with_first(s, Term::atom(am::BADARG), first);
        }
        let export = resolve(s, Atom::of_word(module), Atom::of_word(function), arity);
        if return_to.is_none() {
            keep_caller(s, export);
        }
        goto_export(s, export, return_to)
    }
}

/// Before a tail call by name: where it goes to `error`, `exit` or `throw`, which show their caller's frame, the instruction under way
/// is kept on the stack.
pub unsafe fn keep_caller(s: &mut Scheduler, export: &Export) {
    let raises = export.module() == am::ERLANG
        && matches!((export.function(), export.arity), (am::ERROR, 1..=3) | (am::EXIT | am::THROW, 1));
    if raises {
        // SAFETY: the word after an instruction stands for it, as with any return word; nothing returns there. One word of the reserve.
        unsafe { push_return_slow(s, s.pc.add(1)) };
    }
}

fn heap_list3<'c>(heap: &mut crate::heap::Heap<'c>, a: Term<'c>, b: Term<'c>, c: Term<'c>) -> Term<'c> {
    heap.list(&[a, b, c])
}

pub unsafe fn apply(s: &mut Scheduler) -> Control {
    let next = s.pc.wrapping_add(1);
    // SAFETY: as `apply_common`.
    unsafe { apply_common(s, Some(next)) }
}

/// Drops slot b bytes of frame first.
pub unsafe fn apply_last(s: &mut Scheduler) -> Control {
    // SAFETY: as `apply_common`; the loader checked the frame size.
    unsafe {
        let bytes = super::slot_b(s.word());
        let heap = &mut s.process().heap;
        heap.stop = heap.stop.byte_add(bytes);
        apply_common(s, None)
    }
}

/// x(0):x(1) applied to the list in x(2), as a tail call.
pub unsafe fn apply_list(s: &mut Scheduler) -> Control {
    // SAFETY: whoever goes here has set and checked the three registers.
    unsafe {
        let (module, function, list) = (Atom::of_word(s.x[0]), Atom::of_word(s.x[1]), Term::from_word(s.x[2]));
        let mut arity = 0;
        for argument in list.iter_list() {
            s.x[arity] = argument.word();
            arity += 1;
        }
        let export = resolve(s, module, function, arity);
        goto_export(s, export, None)
    }
}
