//! Searching bytes for one pattern or several.
//!
//! Several: an automaton after Aho and Corasick. A node is a prefix of some pattern; reading a byte goes to the longest suffix of
//! what was read that is such a prefix. The leftmost match wins, of several there the longest: once a match is known, the search goes
//! on only while the current prefix begins no later.

use memchr::memmem;

/// Patterns made ready.
pub enum Pattern {
    Single(Box<memmem::Finder<'static>>),
    Several(Automaton),
}

pub struct Automaton {
    nodes: Vec<Node>,
}

struct Node {
    /// Sorted by byte.
    children: Vec<(u8, u32)>,
    /// The longest proper suffix that is a node.
    fail: u32,
    depth: u32,
    /// Length of the longest pattern that ends here, 0 without.
    matched: u32,
}

impl Pattern {
    /// `patterns` are neither none nor empty.
    pub fn new(mut patterns: Vec<Vec<u8>>) -> Pattern {
        if let [single] = &patterns[..] {
            return Pattern::Single(Box::new(memmem::Finder::new(single).into_owned()));
        }
        patterns.sort();
        patterns.dedup();
        Pattern::Several(Automaton::new(&patterns))
    }
    /// What `binary:compile_pattern/1` tags it with, after OTP's algorithms.
    pub fn tag(&self) -> &'static str {
        match self {
            Pattern::Single(_) => "bm",
            Pattern::Several(_) => "ac",
        }
    }
    /// Start and length of the first match at `from` or later.
    pub fn find(&self, subject: &[u8], from: usize) -> Option<(usize, usize)> {
        match self {
            Pattern::Single(finder) => finder.find(&subject[from..]).map(|at| (from + at, finder.needle().len())),
            Pattern::Several(automaton) => automaton.find(subject, from),
        }
    }
    /// All matches that do not overlap, from the left.
    pub fn find_all(&self, subject: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut from = 0;
        while let Some((at, length)) = self.find(subject, from) {
            found.push((at, length));
            from = at + length;
        }
        found
    }
}

impl Automaton {
    fn new(patterns: &[Vec<u8>]) -> Automaton {
        let mut automaton = Automaton { nodes: vec![Node { children: Vec::new(), fail: 0, depth: 0, matched: 0 }] };
        for pattern in patterns {
            automaton.insert(pattern);
        }
        automaton.link();
        automaton
    }
    fn child(&self, node: u32, byte: u8) -> Option<u32> {
        let children = &self.nodes[node as usize].children;
        children.binary_search_by_key(&byte, |child| child.0).ok().map(|at| children[at].1)
    }
    fn insert(&mut self, pattern: &[u8]) {
        let mut node = 0;
        for byte in pattern {
            node = match self.child(node, *byte) {
                Some(child) => child,
                None => {
                    let new = u32::try_from(self.nodes.len()).expect("patterns are shorter than 4 GB");
                    let depth = self.nodes[node as usize].depth + 1;
                    self.nodes.push(Node { children: Vec::new(), fail: 0, depth, matched: 0 });
                    let children = &mut self.nodes[node as usize].children;
                    let at = children.partition_point(|child| child.0 < *byte);
                    children.insert(at, (*byte, new));
                    new
                }
            };
        }
        let end = &mut self.nodes[node as usize];
        end.matched = end.depth;
    }
    /// Finds each node's longest suffix, from the shortest nodes on.
    fn link(&mut self) {
        let mut queue = std::collections::VecDeque::from([0u32]);
        while let Some(node) = queue.pop_front() {
            for (byte, child) in self.nodes[node as usize].children.clone() {
                let fail = if node == 0 { 0 } else { self.step(self.nodes[node as usize].fail, byte) };
                let inherited = self.nodes[fail as usize].matched;
                let next = &mut self.nodes[child as usize];
                next.fail = fail;
                next.matched = next.matched.max(inherited);
                queue.push_back(child);
            }
        }
    }
    fn step(&self, mut node: u32, byte: u8) -> u32 {
        loop {
            if let Some(child) = self.child(node, byte) {
                return child;
            }
            if node == 0 {
                return 0;
            }
            node = self.nodes[node as usize].fail;
        }
    }
    fn find(&self, subject: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut best: Option<(usize, usize)> = None;
        let mut node = 0;
        for (at, byte) in subject.iter().enumerate().skip(from) {
            node = self.step(node, *byte);
            let Node { depth, matched, .. } = self.nodes[node as usize];
            if best.is_some_and(|(start, _)| at + 1 - depth as usize > start) {
                return best;
            }
            if matched > 0 {
                let (start, length) = (at + 1 - matched as usize, matched as usize);
                if best.is_none_or(|(known, longest)| start < known || (start == known && length > longest)) {
                    best = Some((start, length));
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By trying every place and pattern.
    fn slow(patterns: &[Vec<u8>], subject: &[u8], from: usize) -> Option<(usize, usize)> {
        (from..subject.len()).find_map(|at| {
            let longest = patterns.iter().filter(|pattern| subject[at..].starts_with(pattern)).map(Vec::len).max()?;
            Some((at, longest))
        })
    }

    #[test]
    fn the_automaton_agrees_with_trying_all() {
        let mut seed = 7u32;
        let mut next = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % below
        };
        for _ in 0..2000 {
            let patterns: Vec<Vec<u8>> =
                (0..2 + next(4)).map(|_| (0..1 + next(4)).map(|_| b'a' + next(2) as u8).collect()).collect();
            let subject: Vec<u8> = (0..next(12)).map(|_| b'a' + next(3) as u8).collect();
            let ready = Pattern::new(patterns.clone());
            for from in 0..=subject.len() {
                assert_eq!(ready.find(&subject, from), slow(&patterns, &subject, from), "{patterns:?} {subject:?} {from}");
            }
        }
    }
}
