//! The matcher: runs a program's code at each place of a subject, with a stack of what to try when it fails.
//!
//! ```text
//! stack:  [old slot] [branch] [look ▸ …its branches…] [call ▸ …its branches…] …   top
//! ```
//! An atomic group notes the height of the stack and, when left, takes out what it could still try; old slots stay, so that going
//! back further undoes them. A call keeps a copy of all slots and gives them back when it returns; it is atomic too.
//! Every word of code is read with a check, for the program may be hostile: a wrong one fails to match.

use super::option;
use super::program::{HEADER, Program, at, op};
use super::unicode;

/// A slot that holds no position.
pub const UNSET: usize = usize::MAX;
/// Steps back when nobody says otherwise.
const MATCH_LIMIT: u64 = 10_000_000;
/// Entries that the stack may have; more counts as the match limit.
const MAX_STACK: usize = 4 << 20;
const MAX_SAVED: usize = 16 << 20;

#[derive(Copy, Clone, Default)]
pub struct Limits {
    pub matches: Option<u32>,
    pub depth: Option<u32>,
}

pub enum Ended {
    /// Start and end of each group; `UNSET` twice for one that took no part.
    Match(Vec<(usize, usize)>),
    NoMatch,
    MatchLimit,
    DepthLimit,
    /// The subject is not UTF-8, or the offset is within a character.
    BadUtf,
    /// The offset is beyond the subject.
    BadOffset,
    /// The budget is used up.
    Paused,
}

/// What to do when matching fails.
#[derive(Copy, Clone)]
pub(super) enum Entry {
    /// Go on there.
    Branch {
        pc: usize,
        at: usize,
    },
    /// A slot's value before.
    Slot {
        slot: usize,
        value: usize,
    },
    /// A greedy repeat of one character may give some back, down to `least`.
    Greedy {
        pc: usize,
        next: usize,
        least: usize,
        at: usize,
    },
    /// A lazy repeat may take one more.
    Lazy {
        pc: usize,
        at: usize,
        left: u32,
    },
    /// An assertion or condition begins: where it goes on when its body fails.
    Look {
        pc: usize,
        at: usize,
        negative: bool,
    },
    /// A call begins.
    Call,
    Commit,
    Prune,
    Skip {
        at: usize,
    },
    SkipTo {
        mark: u32,
    },
    Then {
        height: usize,
    },
    Mark {
        mark: u32,
        at: usize,
    },
}

pub(super) struct Frame {
    pub(super) group: u32,
    pub(super) back: usize,
    pub(super) at: usize,
    pub(super) height: usize,
    pub(super) saved: usize,
}

/// How one attempt at one place ended.
pub(super) enum Attempt {
    Matched(usize),
    Failed,
    /// Try next from here.
    SkipTo(usize),
    /// Do not try further.
    Stop,
    Limit,
    DepthLimit,
    Pause,
}

/// A search under way, without program and subject: those must be the same each time it goes on.
pub struct State {
    pub(super) options: u32,
    pub(super) utf: bool,
    pub(super) offset: usize,
    /// Where the present attempt began, and the last place where one may.
    pub(super) start: usize,
    pub(super) last: usize,
    /// Within an attempt: its next operation and place.
    pub(super) now: Option<(usize, usize)>,
    pub(super) slots: Vec<usize>,
    pub(super) stack: Vec<Entry>,
    pub(super) frames: Vec<Frame>,
    pub(super) saved: Vec<usize>,
    pub(super) steps: u64,
    pub(super) pause: u64,
    pub(super) step_limit: u64,
    pub(super) depth_limit: usize,
}

pub(super) struct Matcher<'p> {
    pub(super) words: &'p [u32],
    pub(super) text: &'p [u8],
    pub(super) state: &'p mut State,
}

impl core::ops::Deref for Matcher<'_> {
    type Target = State;
    #[inline]
    fn deref(&self) -> &State {
        self.state
    }
}
impl core::ops::DerefMut for Matcher<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut State {
        self.state
    }
}

impl State {
    /// A search from `offset` on.
    ///
    /// *Errors*: how it ended at once.
    pub fn new(program: &Program, text: &[u8], offset: usize, options: u32, limits: Limits) -> Result<State, Ended> {
        let mut own = program.options();
        if options & option::NEWLINES != 0 {
            own &= !option::NEWLINES;
        }
        if options & (option::BSR_ANYCRLF | option::BSR_UNICODE) != 0 {
            own &= !(option::BSR_ANYCRLF | option::BSR_UNICODE);
        }
        let options = own | options;
        let utf = options & option::UTF != 0;
        if offset > text.len() {
            return Err(Ended::BadOffset);
        }
        if utf && options & option::NO_UTF_CHECK == 0 && core::str::from_utf8(text).is_err() {
            return Err(Ended::BadUtf);
        }
        if utf && text.get(offset).is_some_and(|byte| byte & 0xC0 == 0x80) {
            return Err(Ended::BadUtf);
        }
        let limit = |given: Option<u32>, own: u32| u64::from(given.unwrap_or(u32::MAX).min(own)).min(MATCH_LIMIT);
        let mut state = State {
            options,
            utf,
            offset,
            start: offset,
            last: text.len(),
            now: None,
            slots: vec![UNSET; program.word(at::SLOTS) as usize],
            stack: Vec::new(),
            frames: Vec::new(),
            saved: Vec::new(),
            steps: 0,
            pause: 0,
            step_limit: limit(limits.matches, program.word(at::MATCH_LIMIT)),
            depth_limit: limit(limits.depth, program.word(at::DEPTH_LIMIT)) as usize,
        };
        if options & option::FIRSTLINE != 0 {
            let mut last = offset;
            while last < text.len() && unicode::newline_length(text, last, options) == 0 {
                last += if utf { unicode::decode(text, last).1 } else { 1 };
            }
            state.last = last;
        }
        Ok(state)
    }

    /// Goes on for `budget` steps or until the end; the steps made.
    pub fn run(&mut self, program: &Program, text: &[u8], budget: u64) -> (Ended, u64) {
        let before = self.steps;
        self.pause = before + budget.max(1);
        let ended = Matcher { words: &program.words, text, state: self }.search(program);
        (ended, self.steps - before)
    }
}

impl Matcher<'_> {
    pub(super) fn has(&self, option: u32) -> bool {
        self.options & option != 0
    }
    pub(super) fn word(&self, pc: usize) -> u32 {
        self.words.get(pc).copied().unwrap_or(op::FAIL)
    }

    fn search(&mut self, program: &Program) -> Ended {
        let has_first = program.word(at::HAS_FIRST) != 0;
        let last = self.last.min(self.text.len());
        loop {
            let mut start = self.start;
            if self.now.is_none() {
                if has_first && !self.has(option::ANCHORED) {
                    while let Some(byte) = self.text.get(start) {
                        if program.word(at::FIRST + usize::from(byte / 32)) >> (byte % 32) & 1 != 0 || start >= last {
                            break;
                        }
                        start += 1;
                    }
                    if start >= self.text.len() {
                        return Ended::NoMatch;
                    }
                }
                if start > last {
                    return Ended::NoMatch;
                }
                self.steps += ((start - self.start) / 16) as u64;
                self.start = start;
                self.begin(start);
            }
            match self.attempt() {
                Attempt::Matched(end) => {
                    let groups = (1..=program.groups()).map(|group| (self.slots[3 * group], self.slots[3 * group + 1]));
                    let mut found = vec![(self.slots[0], end)];
                    found.extend(groups);
                    return Ended::Match(found);
                }
                Attempt::Pause => return Ended::Paused,
                Attempt::Stop => return Ended::NoMatch,
                Attempt::Limit => return Ended::MatchLimit,
                Attempt::DepthLimit => return Ended::DepthLimit,
                Attempt::SkipTo(next) if next > start && !self.has(option::ANCHORED) => {
                    self.start = next;
                    continue;
                }
                Attempt::Failed | Attempt::SkipTo(_) => {}
            }
            if self.has(option::ANCHORED) || start >= self.text.len() {
                return Ended::NoMatch;
            }
            let after_cr = self.text.get(start) == Some(&13);
            start += self.length_at(start);
            let wide =
                matches!(self.options & option::NEWLINES, option::NEWLINE_CRLF | option::NEWLINE_ANY | option::NEWLINE_ANYCRLF);
            if after_cr && wide && self.text.get(start) == Some(&10) && !self.has(option::HAS_CR_OR_LF) {
                start += 1;
            }
            self.start = start;
        }
    }

    pub(super) fn set(&mut self, slot: usize, value: usize) {
        let state = &mut *self.state;
        if let Some(old) = state.slots.get_mut(slot) {
            state.stack.push(Entry::Slot { slot, value: *old });
            *old = value;
        }
    }
    pub(super) fn slot(&self, slot: u32) -> usize {
        self.slots.get(slot as usize).copied().unwrap_or(UNSET)
    }

    /// Makes ready for an attempt at `start`.
    fn begin(&mut self, start: usize) {
        self.slots.fill(UNSET);
        self.stack.clear();
        self.frames.clear();
        self.saved.clear();
        if let Some(slot) = self.slots.first_mut() {
            *slot = start;
        }
        self.now = Some((self.word(HEADER) as usize, start));
    }

    fn attempt(&mut self) -> Attempt {
        let (mut pc, mut here) = self.now.take().unwrap_or((0, 0));
        loop {
            match self.step(&mut pc, &mut here) {
                Ok(true) => {}
                Ok(false) => {
                    self.steps += 1;
                    if self.steps > self.step_limit {
                        return Attempt::Limit;
                    }
                    match self.back() {
                        Ok(next) => (pc, here) = next,
                        Err(attempt) => return attempt,
                    }
                }
                Err(attempt) => return attempt,
            }
            if self.steps >= self.pause {
                self.now = Some((pc, here));
                return Attempt::Pause;
            }
        }
    }

    /// Counts an entry into a group or the like, which PCRE would call itself for.
    fn count(&mut self) -> Result<(), Attempt> {
        self.steps += 1;
        if self.steps > self.step_limit || self.stack.len() > MAX_STACK || self.saved.len() > MAX_SAVED {
            return Err(Attempt::Limit);
        }
        if self.stack.len() > self.depth_limit {
            return Err(Attempt::DepthLimit);
        }
        Ok(())
    }

    /// One operation: whether it went well.
    fn step(&mut self, pc: &mut usize, here: &mut usize) -> Result<bool, Attempt> {
        let word = self.word(*pc);
        let a = self.word(*pc + 1);
        let flag = word >> 8 & 1 != 0;
        match word & 255 {
            op::CHAR | op::CHAR_FOLD | op::ANY | op::ALL | op::BYTE | op::SET => {
                let Some(next) = self.single(*pc, *here) else { return Ok(false) };
                *here = next;
                *pc += self.single_words(*pc);
            }
            operation @ op::START..=op::NOT_WORD_EDGE => {
                if !self.test(operation, *here) {
                    return Ok(false);
                }
                *pc += 1;
            }
            op::KEEP => {
                self.set(0, *here);
                *pc += 1;
            }
            op::NEWLINE => {
                let length = unicode::any_newline(self.text, *here, self.options);
                let plain = matches!(self.text.get(*here), Some(10 | 13));
                if length == 0 || (self.has(option::BSR_ANYCRLF) && !plain) {
                    return Ok(false);
                }
                *here += length;
                *pc += 1;
            }
            op::GRAPHEME => {
                if *here >= self.text.len() {
                    return Ok(false);
                }
                *here = unicode::grapheme_end(self.text, *here, self.utf);
                *pc += 1;
            }
            op::END => {
                if self.frames.last().is_some_and(|frame| frame.group == 0) {
                    *pc = self.return_from_call().unwrap_or(0);
                    return Ok(true);
                }
                return self.end(*here);
            }
            op::OPEN => {
                self.count()?;
                self.set(3 * (a as usize) + 2, *here);
                *pc += 2;
            }
            op::CLOSE => {
                if !flag && self.frames.last().is_some_and(|frame| frame.group == a) {
                    *pc = self.return_from_call().unwrap_or(0);
                    return Ok(true);
                }
                let group = 3 * (a as usize);
                let start = self.slots.get(group + 2).copied().unwrap_or(UNSET);
                self.set(group, start);
                self.set(group + 1, *here);
                *pc += 2;
            }
            op::BRANCH => {
                self.count()?;
                self.stack.push(Entry::Branch { pc: a as usize, at: *here });
                *pc += 2;
            }
            op::BRANCH_LAZY => {
                self.count()?;
                self.stack.push(Entry::Branch { pc: *pc + 2, at: *here });
                *pc = a as usize;
            }
            op::JUMP => {
                self.count()?;
                *pc = a as usize;
            }
            op::REPEAT => return self.repeat(word >> 8, pc, here),
            op::LOOP_INIT => {
                self.set(a as usize, 0);
                *pc += 2;
            }
            op::LOOP => self.enter_loop(word >> 8 & 3, pc, *here)?,
            op::LOOP_ENTER => {
                let count = self.slot(a);
                self.set(a as usize, count.saturating_add(1));
                self.set(self.word(*pc + 2) as usize, *here);
                *pc += 3;
            }
            op::LOOP_END => {
                self.count()?;
                let count = self.slot(a);
                let empty = self.word(*pc + 3) != op::NONE && self.slot(self.word(*pc + 3)) == *here;
                let head = self.word(*pc + 4) as usize;
                *pc = if empty && count >= self.word(*pc + 2) as usize { *pc + 5 } else { head };
            }
            op::ATOMIC => {
                self.count()?;
                let height = self.stack.len() + 1;
                self.set(a as usize, height);
                *pc += 2;
            }
            op::ATOMIC_END => {
                self.cut(self.slot(a));
                *pc += 2;
            }
            op::LOOK => {
                self.count()?;
                let height = self.stack.len() + 1;
                self.set(a as usize, height);
                let otherwise = self.word(*pc + 2) as usize;
                self.stack.push(Entry::Look { pc: otherwise, at: *here, negative: flag });
                *pc += 3;
            }
            op::LOOK_END => return Ok(self.end_look(flag, a, pc, here)),
            op::BACK => {
                for _ in 0..a {
                    let Some(before) = self.char_before(*here) else { return Ok(false) };
                    *here = before;
                }
                *pc += 2;
            }
            op::IF_GROUP => {
                self.count()?;
                let groups = self.groups(*pc + 2);
                let found = groups.iter().any(|group| self.slot(group.saturating_mul(3).saturating_add(1)) != UNSET);
                *pc = if found { *pc + 3 + groups.len() } else { a as usize };
            }
            op::IF_CALLED => {
                self.count()?;
                let groups = self.groups(*pc + 2);
                let found = self.frames.last().is_some_and(|frame| groups.is_empty() || groups.contains(&frame.group));
                *pc = if found { *pc + 3 + groups.len() } else { a as usize };
            }
            op::CALL => self.call(a, pc, *here)?,
            op::BACKREF => {
                let groups = self.groups(*pc + 1);
                let group = groups.iter().find(|group| self.slot(group.saturating_mul(3).saturating_add(1)) != UNSET);
                let Some(group) = group else { return Ok(false) };
                let (start, end) = (self.slot(3 * group), self.slot(3 * group + 1));
                let Some(next) = self.same_text(start, end, *here, flag) else { return Ok(false) };
                *here = next;
                *pc += 2 + groups.len();
            }
            op::ALTERNATIVES => {
                let height = self.stack.len() + 1;
                self.set(a as usize, height);
                *pc += 2;
            }
            op::ACCEPT => {
                self.count()?;
                let in_look =
                    a != op::NONE && self.frames.last().is_none_or(|frame| self.slot(a) != UNSET && self.slot(a) >= frame.height);
                if in_look {
                    *pc = self.word(*pc + 2) as usize;
                } else if self.frames.is_empty() {
                    return self.end(*here);
                } else {
                    *pc = self.return_from_call().unwrap_or(0);
                }
            }
            verb @ op::COMMIT..=op::MARK => {
                let (entry, words) = match verb {
                    op::COMMIT => (Entry::Commit, 1),
                    op::PRUNE => (Entry::Prune, 1),
                    op::SKIP => (Entry::Skip { at: *here }, 1),
                    op::SKIP_TO => (Entry::SkipTo { mark: a }, 2),
                    op::THEN => (Entry::Then { height: self.slot(a) }, 2),
                    _ => (Entry::Mark { mark: a, at: *here }, 2),
                };
                self.stack.push(entry);
                *pc += words;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The groups listed at `pc`, their count first.
    fn groups(&self, pc: usize) -> Vec<u32> {
        let count = (self.word(pc) as usize).min(self.words.len());
        self.words.get(pc + 1..pc + 1 + count).unwrap_or(&[]).to_vec()
    }

    /// The end of the pattern: a match, unless an empty one is not wanted.
    fn end(&mut self, here: usize) -> Result<bool, Attempt> {
        let start = self.slots.first().copied().unwrap_or(0);
        let refused = self.has(option::NOTEMPTY) || (self.has(option::NOTEMPTY_ATSTART) && start == self.offset);
        if here == start && refused { Ok(false) } else { Err(Attempt::Matched(here)) }
    }

    fn repeat(&mut self, mode: u32, pc: &mut usize, here: &mut usize) -> Result<bool, Attempt> {
        let (min, max) = (self.word(*pc + 1), self.word(*pc + 2));
        let single = *pc + 3;
        for _ in 0..min {
            let Some(next) = self.single(single, *here) else { return Ok(false) };
            *here = next;
        }
        let next = single + self.single_words(single);
        if mode == 1 {
            if max > min {
                self.stack.push(Entry::Lazy { pc: single, at: *here, left: max - min });
            }
        } else {
            let least = *here;
            let mut left = max.saturating_sub(min);
            while left > 0 {
                let Some(next) = self.single(single, *here) else { break };
                *here = next;
                left -= 1;
            }
            if mode == 0 && *here > least {
                self.stack.push(Entry::Greedy { pc: single, next, least, at: *here });
            }
        }
        self.count()?;
        *pc = next;
        Ok(true)
    }

    fn enter_loop(&mut self, mode: u32, pc: &mut usize, here: usize) -> Result<(), Attempt> {
        self.count()?;
        let counter = self.word(*pc + 1);
        let (min, max) = (self.word(*pc + 2) as usize, self.word(*pc + 3) as usize);
        let exit = self.word(*pc + 4) as usize;
        let count = self.slot(counter);
        let body = *pc + 5;
        if count >= max {
            *pc = exit;
            return Ok(());
        }
        if count >= min {
            let (later, now) = if mode == 1 { (body, exit) } else { (exit, body) };
            self.stack.push(Entry::Branch { pc: later, at: here });
            *pc = now;
        } else {
            *pc = body;
        }
        Ok(())
    }

    fn end_look(&mut self, negative: bool, slot: u32, pc: &mut usize, here: &mut usize) -> bool {
        let height = self.slot(slot);
        let Some(Entry::Look { at, .. }) = self.stack.get(height).copied() else { return false };
        if !negative {
            *here = at;
            self.cut(height);
            *pc += 3;
            return true;
        }
        self.undo(height);
        *here = at;
        match self.word(*pc + 2) {
            0 => false,
            otherwise => {
                *pc = otherwise as usize;
                true
            }
        }
    }

    fn call(&mut self, group: u32, pc: &mut usize, here: usize) -> Result<(), Attempt> {
        self.count()?;
        let looping = self.frames.iter().rev().take_while(|frame| frame.at == here).any(|frame| frame.group == group);
        if looping || group as usize > self.word(at::GROUPS) as usize {
            return Err(Attempt::Stop);
        }
        let frame = Frame { group, back: *pc + 2, at: here, height: self.stack.len(), saved: self.saved.len() };
        self.frames.push(frame);
        let state = &mut *self.state;
        state.saved.extend_from_slice(&state.slots);
        self.stack.push(Entry::Call);
        *pc = self.word(HEADER + group as usize) as usize;
        Ok(())
    }
}
