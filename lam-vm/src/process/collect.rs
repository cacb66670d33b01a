//! What a process keeps outside heap and stack, as the collector sees it.

use super::{Dictionary, Mailbox, Process};
use crate::heap::collect::collect;
use crate::heap::{Collected, Kind, Roots};

/// Every word outside heap and stack that may point into the heap.
struct Kept<'a> {
    x: &'a mut [u64],
    saved_x: &'a mut [u64],
    dictionary: Option<&'a mut Dictionary>,
    mailbox: &'a mut Mailbox,
    trace: &'a mut u64,
    group_leader: &'a mut u64,
}

impl Roots for Kept<'_> {
    fn visit_roots(&mut self, visit: &mut dyn FnMut(&mut [u64])) {
        visit(self.x);
        visit(self.saved_x);
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.visit_roots(visit);
        }
        visit(core::slice::from_mut(self.trace));
        visit(core::slice::from_mut(self.group_leader));
        self.mailbox.for_each_root(|word| visit(core::slice::from_mut(word)));
    }
}

impl Process {
    /// Collects, and makes room for `need_words`. `x` are the live registers of a running process.
    ///
    /// # Safety
    /// Heap top and stack top are stored in the heap; no terms of the process are held anywhere else.
    pub unsafe fn collect(&mut self, x: &mut [u64], need_words: usize, kind: Kind) -> Collected {
        let Process { heap, saved_x, dictionary, mailbox, trace, group_leader, .. } = self;
        let mut kept = Kept { x, saved_x, dictionary: dictionary.written(), mailbox, trace, group_leader };
        // SAFETY: promised by the caller; `Kept` names everything else that a process keeps.
        unsafe { collect(heap, &mut kept, need_words, kind) }
    }
}
