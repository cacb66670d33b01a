//! Going back: what a matcher kept on its stack is undone, until something else can be tried.

use super::matcher::{Attempt, Entry, Matcher, UNSET};
use super::program::op;

impl Matcher<'_> {
    /// Takes out what may still be tried above `height`; old slots and marks stay.
    pub(super) fn cut(&mut self, height: usize) {
        let from = height.min(self.stack.len());
        let mut keep = from;
        for index in from..self.stack.len() {
            let entry = self.stack[index];
            if matches!(entry, Entry::Slot { .. } | Entry::Mark { .. }) {
                self.stack[keep] = entry;
                keep += 1;
            }
        }
        self.stack.truncate(keep);
    }
    /// Undoes all above `height`.
    pub(super) fn undo(&mut self, height: usize) {
        while self.stack.len() > height {
            match self.stack.pop() {
                Some(Entry::Slot { slot, value }) => self.state.slots[slot] = value,
                Some(Entry::Call) => self.pop_frame(),
                _ => {}
            }
        }
    }
    pub(super) fn pop_frame(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.saved.truncate(frame.saved);
        }
    }
    /// The innermost call returns: its slots are as before, and nothing in it is tried again.
    pub(super) fn return_from_call(&mut self) -> Option<usize> {
        let frame = self.frames.pop()?;
        let keep = self.slots.first().copied().unwrap_or(UNSET);
        let count = self.slots.len();
        let state = &mut *self.state;
        if let Some(saved) = state.saved.get(frame.saved..frame.saved + count) {
            state.slots.copy_from_slice(saved);
        }
        self.saved.truncate(frame.saved);
        self.stack.truncate(frame.height);
        self.set(0, keep);
        Some(frame.back)
    }
    /// Goes back to what is to be tried next.
    pub(super) fn back(&mut self) -> Result<(usize, usize), Attempt> {
        loop {
            let Some(entry) = self.stack.pop() else { return Err(Attempt::Failed) };
            match entry {
                Entry::Slot { slot, value } => self.slots[slot] = value,
                Entry::Branch { pc, at } => return Ok((pc, at)),
                Entry::Look { pc: 0, .. } => {}
                Entry::Look { pc, at, .. } => return Ok((pc, at)),
                Entry::Greedy { pc, next, least, at } => {
                    let shorter = if self.word(pc) & 255 == op::BYTE { at - 1 } else { self.char_before(at).unwrap_or(least) };
                    let shorter = shorter.max(least);
                    if shorter > least {
                        self.stack.push(Entry::Greedy { pc, next, least, at: shorter });
                    }
                    return Ok((next, shorter));
                }
                Entry::Lazy { pc, at, left } => {
                    let Some(longer) = self.single(pc, at) else { continue };
                    if left > 1 {
                        self.stack.push(Entry::Lazy { pc, at: longer, left: left - 1 });
                    }
                    return Ok((pc + self.single_words(pc), longer));
                }
                Entry::Call => self.pop_frame(),
                Entry::Mark { .. } => {}
                Entry::Then { height } if height != UNSET => self.undo(height + 1),
                Entry::SkipTo { mark } => {
                    let found = self.stack.iter().rev().find_map(|entry| match entry {
                        Entry::Mark { mark: known, at } if *known == mark => Some(*at),
                        _ => None,
                    });
                    if let Some(at) = found {
                        self.leave_for_scope(Attempt::SkipTo(at))?;
                    }
                }
                Entry::Commit => self.leave_for_scope(Attempt::Stop)?,
                Entry::Prune | Entry::Then { .. } => self.leave_for_scope(Attempt::Failed)?,
                Entry::Skip { at } => self.leave_for_scope(Attempt::SkipTo(at))?,
            }
        }
    }
    /// Undoes all up to the assertion or call around, whose entry is left on the stack; without one the attempt ends so.
    pub(super) fn leave_for_scope(&mut self, attempt: Attempt) -> Result<(), Attempt> {
        match self.stack.iter().rposition(|entry| matches!(entry, Entry::Look { negative: true, .. } | Entry::Call)) {
            Some(scope) => {
                self.undo(scope + 1);
                Ok(())
            }
            None => Err(attempt),
        }
    }
}
