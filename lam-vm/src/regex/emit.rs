//! The tree of a pattern to code.

use super::errors::Error;
use super::option;
use super::parse::{Condition, FOREVER, Mode, Node, Parsed, Parser, Ref, Verb};
use super::program::{HEADER, MAGIC, Program, at, op};
use super::unicode;

/// Words that a program may have.
const MAX_WORDS: usize = 1 << 20;

/// Where in the pattern a node lies, for the verbs.
#[derive(Clone)]
struct Place {
    /// Captures around, the innermost last.
    open: Vec<u32>,
    /// The assertion around: its slot.
    look: Option<u32>,
    /// The alternatives around: their slot.
    alternatives: Option<u32>,
}

pub struct Emitter<'t> {
    words: Vec<u32>,
    tree: &'t Node,
    names: &'t [(Vec<u8>, u32)],
    groups: u32,
    slots: u32,
    options: u32,
    has_then: bool,
    marks: Vec<&'t [u8]>,
    /// Words to hold the end of the assertion with this slot.
    accepts: Vec<(u32, usize)>,
    end: usize,
}

impl<'t> Emitter<'t> {
    pub fn program(parser: &'t Parser<'_>, tree: &'t Node, options: u32) -> Parsed<Program> {
        let groups = parser.groups;
        let mut words = vec![0; HEADER + groups as usize + 1];
        words[HEADER] = words.len() as u32;
        let mut emitter = Emitter {
            words,
            tree,
            names: &parser.names,
            groups,
            slots: 3 * (groups + 1),
            options,
            has_then: parser.has_then,
            marks: Vec::new(),
            accepts: Vec::new(),
            end: parser.text.len(),
        };
        let place = Place { open: Vec::new(), look: None, alternatives: None };
        emitter.node(tree, &place)?;
        emitter.check_calls(tree, &mut vec![(0, true)])?;
        emitter.words.push(op::END);
        let names_at = emitter.words.len() as u32;
        let mut names = parser.names.clone();
        names.sort();
        for (name, group) in &names {
            emitter.words.push(*group);
            emitter.words.push(name.len() as u32);
            for chunk in name.chunks(4) {
                let word = chunk.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
                emitter.words.push(word);
            }
        }
        let mut first = [0u32; 8];
        let simple = first_bytes(tree, &mut first, options);
        let bits: u32 = first.iter().map(|word| word.count_ones()).sum();
        let useful =
            simple && bits < 256 && (!parser.has_verbs || is_one_letter(&first)) && options & option::NO_START_OPTIMIZE == 0;
        let mut words = emitter.words;
        words[0] = MAGIC;
        words[at::OPTIONS] = options;
        words[at::GROUPS] = groups;
        words[at::SLOTS] = emitter.slots;
        words[at::HAS_FIRST] = u32::from(useful);
        words[at::FIRST..at::FIRST + 8].copy_from_slice(&first);
        words[at::MATCH_LIMIT] = parser.match_limit.unwrap_or(u32::MAX);
        words[at::DEPTH_LIMIT] = parser.depth_limit.unwrap_or(u32::MAX);
        words[at::NAMES] = names_at;
        words[at::NAME_COUNT] = names.len() as u32;
        words[at::WORDS] = words.len() as u32;
        Ok(Program { words })
    }

    fn slot(&mut self) -> u32 {
        self.slots += 1;
        self.slots - 1
    }
    fn here(&self) -> u32 {
        self.words.len() as u32
    }
    /// Pushes words; the place of the last.
    fn push(&mut self, words: &[u32]) -> usize {
        self.words.extend_from_slice(words);
        self.words.len() - 1
    }
    fn patch(&mut self, place: usize) {
        self.words[place] = self.here();
    }

    /// The groups that a reference means.
    fn resolve(&self, reference: &Ref) -> Parsed<Vec<u32>> {
        match reference {
            Ref::Number(number, _) if *number <= self.groups => Ok(vec![*number]),
            Ref::Number(_, at) => Err(Error { code: 15, at: *at }),
            Ref::Name(name, at) => {
                let found: Vec<u32> = self.names.iter().filter(|(known, _)| known == name).map(|(_, group)| *group).collect();
                if found.is_empty() { Err(Error { code: 15, at: *at }) } else { Ok(found) }
            }
        }
    }

    fn mark(&mut self, name: &'t [u8]) -> u32 {
        if let Some(known) = self.marks.iter().position(|mark| *mark == name) {
            return known as u32;
        }
        self.marks.push(name);
        self.marks.len() as u32 - 1
    }

    fn node(&mut self, node: &'t Node, place: &Place) -> Parsed<()> {
        if self.words.len() > MAX_WORDS {
            return Err(Error { code: 20, at: self.end });
        }
        match node {
            Node::Empty => {}
            Node::Fail => {
                self.push(&[op::FAIL]);
            }
            Node::Char(..) | Node::Set(_) => {
                self.single(node);
            }
            Node::Op(op) => {
                self.push(&[*op]);
            }
            Node::Backref(reference, fold) => {
                let mut groups = match (self.resolve(reference), reference) {
                    (Err(_), Ref::Number(..)) => return Err(Error { code: 15, at: self.end }),
                    (groups, _) => groups?,
                };
                groups.sort_unstable();
                self.push(&[op::BACKREF | u32::from(*fold) << 8, groups.len() as u32]);
                self.push(&groups);
            }
            Node::Call(reference) => {
                let group = self.resolve(reference)?[0];
                self.push(&[op::CALL, group]);
            }
            Node::Sequence(nodes) => {
                for node in nodes {
                    self.node(node, place)?;
                }
            }
            Node::Alternatives(branches) => self.alternatives(branches, place)?,
            Node::Capture(group, body) => {
                let mut place = place.clone();
                place.open.push(*group);
                // A group that refers to itself is atomic.
                if self.mentions(body, *group) {
                    return self.atomic(|this| this.capture(*group, body, &place));
                }
                self.capture(*group, body, &place)?;
            }
            Node::Atomic(body) => self.atomic(|this| this.node(body, place))?,
            Node::Look { negative, behind, body, at } => {
                let slot = self.slot();
                let flag = u32::from(*negative) << 8;
                let after = self.push(&[op::LOOK | flag, slot, 0]);
                self.look_body(*behind, body, slot, *at, place)?;
                self.push(&[op::LOOK_END | flag, slot, 0]);
                if *negative {
                    self.patch(after);
                }
            }
            Node::Condition(test, yes, no) => self.condition(test, yes, no, place)?,
            Node::Repeat { min, max, mode, body } => self.repeat(*min, *max, *mode, body, place)?,
            Node::Verb(verb, name) => self.verb(*verb, name, place),
        }
        Ok(())
    }

    fn capture(&mut self, group: u32, body: &'t Node, place: &Place) -> Parsed<()> {
        if self.words[HEADER + group as usize] == 0 {
            self.words[HEADER + group as usize] = self.here();
        }
        self.push(&[op::OPEN, group]);
        self.node(body, place)?;
        self.push(&[op::CLOSE, group]);
        Ok(())
    }

    /// Whether a back reference to the group is within.
    fn mentions(&self, node: &Node, group: u32) -> bool {
        match node {
            Node::Backref(reference, _) => self.resolve(reference).is_ok_and(|groups| groups.contains(&group)),
            Node::Sequence(nodes) | Node::Alternatives(nodes) => nodes.iter().any(|node| self.mentions(node, group)),
            Node::Capture(_, body) | Node::Atomic(body) | Node::Look { body, .. } | Node::Repeat { body, .. } => {
                self.mentions(body, group)
            }
            Node::Condition(_, yes, no) => self.mentions(yes, group) || self.mentions(no, group),
            _ => false,
        }
    }

    /// Refuses a call that is made again before anything was matched. `open` holds the groups around and whether nothing may have
    /// been matched in each yet. A call under a condition may always be made.
    fn check_calls(&self, node: &Node, open: &mut Vec<(u32, bool)>) -> Parsed<()> {
        match node {
            Node::Call(reference) => {
                let (Ref::Number(_, at) | Ref::Name(_, at)) = reference;
                if let Ok(groups) = self.resolve(reference)
                    && open.contains(&(groups[0], true))
                {
                    return Err(Error { code: 40, at: *at });
                }
            }
            Node::Sequence(nodes) => {
                for node in nodes {
                    self.check_calls(node, open)?;
                    if !self.may_be_empty(node, 0) {
                        open.iter_mut().for_each(|group| group.1 = false);
                    }
                }
            }
            Node::Alternatives(branches) => {
                for branch in branches {
                    self.check_calls(branch, &mut open.clone())?;
                }
            }
            Node::Capture(group, body) => {
                let mut inner = open.clone();
                inner.push((*group, true));
                self.check_calls(body, &mut inner)?;
            }
            Node::Atomic(body) | Node::Look { body, .. } | Node::Repeat { body, .. } => {
                self.check_calls(body, &mut open.clone())?
            }
            _ => {}
        }
        Ok(())
    }

    fn may_be_empty(&self, node: &Node, depth: u32) -> bool {
        match node {
            Node::Char(..) | Node::Set(_) => false,
            Node::Op(op::ANY | op::ALL | op::BYTE | op::NEWLINE | op::GRAPHEME) => false,
            Node::Sequence(nodes) => nodes.iter().all(|node| self.may_be_empty(node, depth)),
            Node::Alternatives(branches) => branches.iter().any(|node| self.may_be_empty(node, depth)),
            Node::Capture(_, body) | Node::Atomic(body) => self.may_be_empty(body, depth),
            Node::Repeat { min, body, .. } => *min == 0 || self.may_be_empty(body, depth),
            Node::Condition(_, yes, no) => self.may_be_empty(yes, depth) || self.may_be_empty(no, depth),
            Node::Call(reference) if depth < 5 => match self.resolve(reference) {
                Ok(groups) => find_group(self.tree, groups[0]).is_none_or(|body| self.may_be_empty(body, depth + 1)),
                Err(_) => true,
            },
            _ => true,
        }
    }

    /// One character's operation; false when the node is more.
    fn single(&mut self, node: &Node) -> bool {
        match node {
            Node::Char(c, fold) => {
                let utf = self.options & option::UTF != 0;
                let fold = *fold && unicode::cases(*c, utf).iter().any(|other| other != c);
                self.push(&[if fold { op::CHAR_FOLD } else { op::CHAR }, *c]);
            }
            Node::Set(set) => set.words(&mut self.words),
            Node::Op(op @ (op::ANY | op::ALL | op::BYTE)) => {
                self.push(&[*op]);
            }
            Node::Sequence(nodes) if nodes.len() == 1 => return self.single(&nodes[0]),
            _ => return false,
        }
        true
    }

    fn atomic(&mut self, body: impl FnOnce(&mut Self) -> Parsed<()>) -> Parsed<()> {
        let slot = self.slot();
        self.push(&[op::ATOMIC, slot]);
        body(self)?;
        self.push(&[op::ATOMIC_END, slot]);
        Ok(())
    }

    fn alternatives(&mut self, branches: &'t [Node], place: &Place) -> Parsed<()> {
        let mut place = place.clone();
        if self.has_then {
            let slot = self.slot();
            self.push(&[op::ALTERNATIVES, slot]);
            place.alternatives = Some(slot);
        }
        let mut ends = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if index + 1 == branches.len() && !self.has_then {
                self.node(branch, &place)?;
                break;
            }
            let next = self.push(&[op::BRANCH, 0]);
            self.node(branch, &place)?;
            ends.push(self.push(&[op::JUMP, 0]));
            self.patch(next);
        }
        if self.has_then {
            // What the last alternative's verb goes back to.
            self.push(&[op::FAIL]);
        }
        for end in ends {
            self.patch(end);
        }
        Ok(())
    }

    fn look_body(&mut self, behind: bool, body: &'t Node, slot: u32, at: usize, place: &Place) -> Parsed<()> {
        let mut place = place.clone();
        let around = core::mem::take(&mut place.open);
        place.look = Some(slot);
        place.alternatives = Some(slot);
        let first_accept = self.accepts.len();
        if behind {
            let branches = match body {
                Node::Alternatives(branches) => branches.as_slice(),
                body => core::slice::from_ref(body),
            };
            let mut ends = Vec::new();
            for (index, branch) in branches.iter().enumerate() {
                let last = index + 1 == branches.len();
                let next = if last { 0 } else { self.push(&[op::BRANCH, 0]) };
                let length = self.length(branch, 0, &around).map_err(|(code, own)| Error { code, at: own.unwrap_or(at) })?;
                self.push(&[op::BACK, length]);
                self.node(branch, &place)?;
                if !last {
                    ends.push(self.push(&[op::JUMP, 0]));
                    self.patch(next);
                }
            }
            for end in ends {
                self.patch(end);
            }
        } else {
            self.node(body, &place)?;
        }
        let end = self.here();
        for (_, word) in self.accepts.drain(first_accept..) {
            self.words[word] = end;
        }
        Ok(())
    }

    /// Characters that a node matches; error 25 when that varies.
    fn length(&self, node: &Node, depth: u32, around: &[u32]) -> Result<u32, (u8, Option<usize>)> {
        Ok(match node {
            Node::Empty | Node::Fail | Node::Look { .. } | Node::Verb(..) => 0,
            Node::Char(..) | Node::Set(_) => 1,
            Node::Op(op::NEWLINE | op::GRAPHEME) => return Err((25, None)),
            Node::Op(op::BYTE) if self.options & option::UTF != 0 => return Err((36, None)),
            Node::Op(op::ANY | op::ALL | op::BYTE) => 1,
            Node::Op(_) => 0,
            Node::Backref(..) => return Err((25, None)),
            Node::Call(reference) => {
                let group = self.resolve(reference).map_err(|error| (error.code, Some(error.at)))?[0];
                let varies = (25, Some(self.end));
                match find_group(self.tree, group) {
                    Some(body) if depth < 20 && group != 0 && !around.contains(&group) => {
                        self.length(body, depth + 1, around).map_err(|_| varies)?
                    }
                    _ => return Err(varies),
                }
            }
            Node::Sequence(nodes) => {
                let mut sum = 0u32;
                for node in nodes {
                    if matches!(node, Node::Verb(Verb::Accept, _)) {
                        break;
                    }
                    sum = sum.saturating_add(self.length(node, depth, around)?);
                }
                sum
            }
            Node::Alternatives(branches) => {
                let first = self.length(&branches[0], depth, around)?;
                for branch in &branches[1..] {
                    if self.length(branch, depth, around)? != first {
                        return Err((25, None));
                    }
                }
                first
            }
            Node::Capture(_, body) | Node::Atomic(body) => self.length(body, depth, around)?,
            Node::Condition(Condition::Define, ..) => 0,
            Node::Condition(_, yes, no) => {
                let length = self.length(yes, depth, around)?;
                if self.length(no, depth, around)? != length {
                    return Err((25, None));
                }
                length
            }
            Node::Repeat { min, max, body, .. } if min == max => self.length(body, depth, around)?.saturating_mul(*min),
            Node::Repeat { .. } => return Err((25, None)),
        })
    }

    fn condition(&mut self, test: &'t Condition, yes: &'t Node, no: &'t Node, place: &Place) -> Parsed<()> {
        let otherwise = match test {
            Condition::Define => self.push(&[op::JUMP, 0]),
            Condition::Group(reference) => {
                let groups = self.resolve(reference)?;
                let start = self.push(&[op::IF_GROUP, 0, groups.len() as u32]);
                self.push(&groups);
                start - 1
            }
            Condition::Recursion(reference) => {
                let groups = match reference {
                    Some(Ref::Number(number, _)) => vec![*number],
                    Some(reference) => self.resolve(reference)?,
                    None => Vec::new(),
                };
                let start = self.push(&[op::IF_CALLED, 0, groups.len() as u32]);
                self.push(&groups);
                start - 1
            }
            Condition::Look { negative: false, behind, body } => {
                let slot = self.slot();
                let otherwise = self.push(&[op::LOOK, slot, 0]);
                self.look_body(*behind, body, slot, self.end, place)?;
                self.push(&[op::LOOK_END, slot, 0]);
                otherwise
            }
            Condition::Look { negative: true, behind, body } => {
                let slot = self.slot();
                let found = self.push(&[op::LOOK | 1 << 8, slot, 0]);
                self.look_body(*behind, body, slot, self.end, place)?;
                let otherwise = self.push(&[op::LOOK_END | 1 << 8, slot, 0]);
                self.patch(found);
                otherwise
            }
        };
        self.node(yes, place)?;
        let end = self.push(&[op::JUMP, 0]);
        self.patch(otherwise);
        self.node(no, place)?;
        self.patch(end);
        Ok(())
    }

    fn repeat(&mut self, min: u32, max: u32, mode: Mode, body: &'t Node, place: &Place) -> Parsed<()> {
        let code = match mode {
            Mode::Greedy => 0,
            Mode::Lazy => 1,
            Mode::Possessive => 2,
        };
        let start = self.words.len();
        self.push(&[op::REPEAT | code << 8, min, max]);
        if self.single(body) {
            return Ok(());
        }
        self.words.truncate(start);
        if mode == Mode::Possessive {
            return self.atomic(|this| this.repeat(min, max, Mode::Greedy, body, place));
        }
        if max == 0 {
            // Never entered, but perhaps called.
            let end = self.push(&[op::JUMP, 0]);
            self.node(body, place)?;
            self.patch(end);
            return Ok(());
        }
        if (min, max) == (1, 1) {
            return self.node(body, place);
        }
        if (min, max) == (0, 1) {
            let end = if mode == Mode::Lazy { op::BRANCH_LAZY } else { op::BRANCH };
            let end = self.push(&[end, 0]);
            self.node(body, place)?;
            self.patch(end);
            return Ok(());
        }
        let counter = self.slot();
        let position = self.slot();
        self.push(&[op::LOOP_INIT, counter]);
        let head = self.here();
        let exit = self.push(&[op::LOOP | code << 8, counter, min, max, 0]);
        self.push(&[op::LOOP_ENTER, counter, position]);
        self.node(body, place)?;
        let check = if max == FOREVER { position } else { op::NONE };
        self.push(&[op::LOOP_END, counter, min, check, head]);
        self.patch(exit);
        Ok(())
    }

    fn verb(&mut self, verb: Verb, name: &'t [u8], place: &Place) {
        if verb == Verb::Mark {
            let mark = self.mark(name);
            self.push(&[op::MARK, mark]);
        }
        match verb {
            Verb::Accept => {
                for group in place.open.iter().rev() {
                    self.push(&[op::CLOSE | 1 << 8, *group]);
                }
                let end = self.push(&[op::ACCEPT, place.look.unwrap_or(op::NONE), 0]);
                if let Some(slot) = place.look {
                    self.accepts.push((slot, end));
                }
            }
            Verb::Commit => {
                self.push(&[op::COMMIT]);
            }
            Verb::Prune => {
                self.push(&[op::PRUNE]);
            }
            Verb::Skip => {
                self.push(&[op::SKIP]);
            }
            Verb::SkipTo => {
                let mark = self.mark(name);
                self.push(&[op::SKIP_TO, mark]);
            }
            Verb::Then => {
                self.push(&[op::THEN, place.alternatives.unwrap_or(op::NONE)]);
            }
            Verb::Mark => {}
        }
    }
}

/// Whether it is one byte, or one letter in both cases.
fn is_one_letter(first: &[u32; 8]) -> bool {
    let mut bytes = (0..256).filter(|byte| first[byte / 32] >> (byte % 32) & 1 != 0);
    match (bytes.next(), bytes.next(), bytes.next()) {
        (Some(_), None, _) => true,
        (Some(a), Some(b), None) => a + 32 == b,
        _ => false,
    }
}

fn find_group(node: &Node, group: u32) -> Option<&Node> {
    match node {
        Node::Capture(number, body) => {
            if *number == group {
                return Some(body);
            }
            find_group(body, group)
        }
        Node::Sequence(nodes) | Node::Alternatives(nodes) => nodes.iter().find_map(|node| find_group(node, group)),
        Node::Atomic(body) | Node::Look { body, .. } | Node::Repeat { body, .. } => find_group(body, group),
        Node::Condition(_, yes, no) => find_group(yes, group).or_else(|| find_group(no, group)),
        _ => None,
    }
}

/// Notes the bytes that a match may begin with; false when it may be empty or anything.
fn first_bytes(node: &Node, first: &mut [u32; 8], options: u32) -> bool {
    let utf = options & option::UTF != 0;
    let mut add = |c: u32| {
        let byte = match char::from_u32(c) {
            Some(character) if utf => u32::from(character.encode_utf8(&mut [0; 4]).as_bytes()[0]),
            _ => c & 255,
        };
        first[(byte / 32) as usize] |= 1 << (byte % 32);
    };
    match node {
        Node::Char(c, fold) => {
            add(*c);
            if *fold {
                unicode::cases(*c, utf).iter().for_each(|other| add(*other));
            }
            true
        }
        Node::Set(set) if !utf && !set.negated && set.items.is_empty() => {
            (0..256).filter(|c| set.bits[(c / 32) as usize] >> (c % 32) & 1 != 0).for_each(add);
            true
        }
        Node::Sequence(nodes) => {
            for node in nodes {
                match node {
                    Node::Op(op) if (op::START..=op::NOT_WORD_EDGE).contains(op) => {}
                    Node::Look { .. } => {}
                    Node::Verb(verb, _) if *verb != Verb::Accept => {}
                    node => return first_bytes(node, first, options),
                }
            }
            false
        }
        Node::Alternatives(branches) => branches.iter().all(|branch| first_bytes(branch, first, options)),
        Node::Capture(_, body) | Node::Atomic(body) => first_bytes(body, first, options),
        Node::Repeat { min: 1.., body, .. } => first_bytes(body, first, options),
        _ => false,
    }
}
