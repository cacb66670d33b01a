//! Where a process is: addresses on its stack, and what they are called. Words that stand in a process, as terms.

use super::{Process, RefId};
use crate::atom::{Atom, am};
use crate::code::Code;
use crate::heap::Heap;
use crate::term::Term;
use crate::term::word::{self, TAG_HEADER, TAG_MASK};

impl Process {
    /// A word that this process keeps, as a term of `heap`, which is this process's own.
    pub fn term<'c>(&self, _heap: &Heap<'c>, word: u64) -> Term<'c> {
        // SAFETY: `Call` and the driver pair process and heap; nothing collects within 'c.
        unsafe { Term::from_word(word) }
    }
    /// All messages taken in, in order of arrival.
    pub fn messages<'c>(&mut self, heap: &Heap<'c>) -> Vec<Term<'c>> {
        let words = self.mailbox.all(&mut self.heap);
        words.into_iter().map(|word| self.term(heap, word)).collect()
    }
    /// A reference of this process as its monitors and aliases know it.
    pub fn reference<'c>(&self, heap: &mut Heap<'c>, id: RefId, owned: bool) -> Term<'c> {
        if owned { heap.owned_reference(id, super::pid_term(self.pid)) } else { heap.reference(id) }
    }
    /// Code addresses of where it is and to where it returns, at most `depth`; each lies within the instruction meant.
    pub fn addresses(&self, depth: usize) -> Vec<u64> {
        let mut addresses = vec![self.pc as usize as u64];
        let mut at = self.heap.stop;
        while at < self.heap.end && addresses.len() <= depth {
            // SAFETY: the stack lies between stop and end.
            let word = unsafe { *at };
            if word & TAG_MASK == TAG_HEADER {
                addresses.push((word & !TAG_MASK) - 8);
            }
            at = at.wrapping_add(1);
        }
        addresses
    }
    /// Whether it is in, or returns to, the old version of a module.
    pub fn runs_old_code(&self, code: &Code, module: Atom) -> bool {
        let Some(old) = code.old_module(module) else { return false };
        let range = old.code_start..old.code_end;
        self.addresses(usize::MAX - 1).iter().any(|address| range.contains(address))
    }
    /// How many handlers of exceptions it has set up.
    pub fn catch_count(&self) -> usize {
        let mut count = 0;
        let mut at = self.heap.stop;
        while at < self.heap.end {
            // SAFETY: the stack lies between stop and end.
            count += usize::from(word::is_catch(unsafe { *at }));
            at = at.wrapping_add(1);
        }
        count
    }
    /// The function that it is in: module, function, arity.
    pub fn current_function(&self, code: &Code) -> (Atom, Atom, usize) {
        if let Some(start) = self.start {
            return (start.0, start.1, start.2 as usize);
        }
        if self.hibernates {
            return (am::ERLANG, am::HIBERNATE, 3);
        }
        let place = self.addresses(8).into_iter().find_map(|address| code.locate(address));
        let (module, function, arity) = self.initial_call;
        place.map_or((module, function, arity as usize), |place| (place.module, place.function, place.arity))
    }
}

/// `[{file, File}, {line, Line}]` of a code address, or `[]`.
pub fn location<'c>(code: &Code, heap: &mut Heap<'c>, address: u64) -> Term<'c> {
    let Some((file, line)) = code.locate(address).and_then(|place| place.line) else { return Term::NIL };
    // SAFETY: file names are literals.
    let file = unsafe { Term::from_word(file) };
    let file = heap.tuple(&[Term::atom(am::FILE), file]);
    let line = heap.integer(i64::from(line));
    let line = heap.tuple(&[Term::atom(am::LINE), line]);
    heap.list(&[file, line])
}

/// `{M, F, Arity, Location}` of a code address.
pub fn frame<'c>(code: &Code, heap: &mut Heap<'c>, address: u64) -> Option<Term<'c>> {
    let place = code.locate(address)?;
    let location = location(code, heap, address);
    let arity = heap.integer(place.arity as i64);
    Some(heap.tuple(&[Term::atom(place.module), Term::atom(place.function), arity, location]))
}
