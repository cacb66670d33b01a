//! Deflates (RFC 1951) all at once, byte for byte as zlib does: files that Erlang writes (`.beam` chunks, compressed terms) come out the
//! same here as under OTP.
//!
//! ```text
//! bytes ─► matches by hash chains (`Matcher`) ─► symbols of a block ─► code lengths (`Tree`) ─► the shortest of three forms (`Block`)
//! ```
//! What may not change, for it decides which of many right outputs comes out: the hash (who shares a chain), the bounds of `LEVELS`, how
//! chains are followed, the order in the heap of `Tree::build`, and how many symbols a block holds.

use super::checksum::{adler32, crc32};

const WINDOW_BYTES: usize = 1 << 15;
const MATCH_MIN: usize = 3;
const MATCH_MAX: usize = 258;
/// No match lies farther back.
const DISTANCE_MAX: usize = WINDOW_BYTES - (MATCH_MAX + MATCH_MIN + 1);
/// A match of three bytes farther back costs more than the bytes.
const TOO_FAR: usize = 4096;
const BLOCK_SYMBOLS: usize = (1 << 14) - 1;
const HASH_BITS: u32 = 15;

/// How much a level tries.
struct Effort {
    /// A match this long lets chains be followed a quarter as far.
    good: usize,
    /// Up to this length of a match the next place is looked at too; a level that never does puts only places of matches up to this
    /// length into the chains.
    lazy: usize,
    /// Long enough to stop.
    nice: usize,
    chain: usize,
    is_lazy: bool,
}

const fn effort(good: usize, lazy: usize, nice: usize, chain: usize, is_lazy: bool) -> Effort {
    Effort { good, lazy, nice, chain, is_lazy }
}

/// From level 1 on.
const LEVELS: [Effort; 9] = [
    effort(4, 4, 8, 4, false),
    effort(4, 5, 16, 8, false),
    effort(4, 6, 32, 32, false),
    effort(4, 4, 16, 16, true),
    effort(8, 16, 32, 32, true),
    effort(8, 16, 128, 128, true),
    effort(8, 32, 128, 256, true),
    effort(32, 128, 258, 1024, true),
    effort(32, 258, 258, 4096, true),
];

/// The raw stream of these bytes; `level` is 1 to 9.
pub fn deflate(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut matcher = Matcher {
        bytes,
        effort: &LEVELS[level.clamp(1, 9) as usize - 1],
        heads: vec![0; 1 << HASH_BITS],
        chains: vec![0; WINDOW_BYTES],
        block: Block::new(),
        block_start: 0,
    };
    if matcher.effort.is_lazy {
        matcher.run_lazily();
    } else {
        matcher.run_fast();
    }
    matcher.end_block(bytes.len(), true);
    matcher.block.out.bytes
}

/// The same with zlib's header and checksum (RFC 1950).
pub fn zlib(bytes: &[u8], level: u32) -> Vec<u8> {
    let strength: u16 = match level {
        0..=1 => 0,
        2..=5 => 1,
        6 => 2,
        _ => 3,
    };
    let head = 0x7800 | strength << 6;
    let mut out = (head + (31 - head % 31)).to_be_bytes().to_vec();
    out.extend(deflate(bytes, level));
    out.extend(adler32(1, bytes).to_be_bytes());
    out
}

/// The same as a file of gzip's, written on Unix, without name or time (RFC 1952).
pub fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    out.extend(deflate(bytes, level));
    out.extend(crc32(0, bytes).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

struct Matcher<'a> {
    bytes: &'a [u8],
    effort: &'a Effort,
    /// The last place of each hash, and before each place the one before it; 0 is none (the first byte starts no match).
    heads: Vec<u32>,
    chains: Vec<u32>,
    block: Block,
    block_start: usize,
}

impl Matcher<'_> {
    /// Notes the place, which has three bytes; the last one of its hash before.
    fn insert(&mut self, at: usize) -> usize {
        let [a, b, c] = [self.bytes[at], self.bytes[at + 1], self.bytes[at + 2]].map(usize::from);
        let hash = (a << 10 ^ b << 5 ^ c) & ((1 << HASH_BITS) - 1);
        let before = self.heads[hash];
        self.chains[at % WINDOW_BYTES] = before;
        self.heads[hash] = at as u32;
        before as usize
    }

    fn insert_if_room(&mut self, at: usize) -> usize {
        if at + MATCH_MIN <= self.bytes.len() { self.insert(at) } else { 0 }
    }

    /// The longest match at a place that is longer than `than`, and where it starts; `than` where there is none.
    fn longest(&self, at: usize, first: usize, than: usize) -> (usize, usize) {
        let scan = &self.bytes[at..self.bytes.len().min(at + MATCH_MAX)];
        let nice = self.effort.nice.min(scan.len());
        let mut left = if than >= self.effort.good { self.effort.chain >> 2 } else { self.effort.chain };
        let limit = at.saturating_sub(DISTANCE_MAX);
        let (mut best, mut start, mut place) = (than, 0, first);
        if than >= scan.len() {
            return (than, start);
        }
        loop {
            let other = &self.bytes[place..place + scan.len()];
            if other[best] == scan[best] && other[best - 1] == scan[best - 1] && other[..2] == scan[..2] {
                let length = scan.iter().zip(other).take_while(|(a, b)| a == b).count();
                if length > best {
                    (best, start) = (length, place);
                    if length >= nice {
                        break;
                    }
                }
            }
            place = self.chains[place % WINDOW_BYTES] as usize;
            left -= 1;
            if place <= limit || left == 0 {
                break;
            }
        }
        (best, start)
    }

    /// The best match at each place, unless the next place has a longer one.
    fn run_lazily(&mut self) {
        let size = self.bytes.len();
        let (mut at, mut length, mut start, mut is_waiting) = (0, MATCH_MIN - 1, 0, false);
        while at < size {
            let head = self.insert_if_room(at);
            let (before, before_start) = (length, start);
            length = MATCH_MIN - 1;
            if head != 0 && before < self.effort.lazy && at - head <= DISTANCE_MAX {
                (length, start) = self.longest(at, head, before);
                if length == MATCH_MIN && at - start > TOO_FAR {
                    length = MATCH_MIN - 1;
                }
            }
            if before >= MATCH_MIN && length <= before {
                self.block.matched(at - 1 - before_start, before);
                for inside in at + 1..at - 1 + before {
                    self.insert_if_room(inside);
                }
                at += before - 1;
                (length, is_waiting) = (MATCH_MIN - 1, false);
                self.end_block_if_full(at);
            } else {
                if is_waiting {
                    self.block.literal(self.bytes[at - 1]);
                    self.end_block_if_full(at);
                }
                is_waiting = true;
                at += 1;
            }
        }
        if is_waiting {
            self.block.literal(self.bytes[size - 1]);
        }
    }

    /// The best match at each place at once.
    fn run_fast(&mut self) {
        let size = self.bytes.len();
        let mut at = 0;
        while at < size {
            let head = self.insert_if_room(at);
            let (mut length, mut start) = (0, 0);
            if head != 0 && at - head <= DISTANCE_MAX {
                (length, start) = self.longest(at, head, MATCH_MIN - 1);
            }
            if length >= MATCH_MIN {
                self.block.matched(at - start, length);
                if length <= self.effort.lazy && size - at - length >= MATCH_MIN {
                    for inside in at + 1..at + length {
                        self.insert(inside);
                    }
                }
                at += length;
            } else {
                self.block.literal(self.bytes[at]);
                at += 1;
            }
            self.end_block_if_full(at);
        }
    }

    fn end_block_if_full(&mut self, at: usize) {
        if self.block.symbols.len() == BLOCK_SYMBOLS {
            self.end_block(at, false);
        }
    }

    fn end_block(&mut self, at: usize, is_last: bool) {
        let plain = &self.bytes[self.block_start..at];
        self.block.write(plain, is_last);
        self.block_start = at;
    }
}

const LITERAL_CODES: usize = 286;
const DISTANCE_CODES: usize = 30;
const LENGTH_CODES: usize = 19;
const END_OF_BLOCK: usize = 256;
const NODES_MAX: usize = 2 * LITERAL_CODES + 1;
const CODE_BITS_MAX: usize = 15;

const LITERAL_EXTRA: [u8; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_EXTRA: [u8; 30] =
    [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
const LENGTH_EXTRA: [u8; 19] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7];
/// The order in which lengths of codes of lengths are written.
const LENGTH_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The code of a value below these bases: the last base that is not above it, and what is left.
fn code_of(value: usize, extra: &[u8]) -> (usize, usize) {
    let mut base = 0;
    for (code, bits) in extra.iter().enumerate() {
        if value < base + (1 << bits) {
            return (code, value - base);
        }
        base += 1 << bits;
    }
    (extra.len() - 1, 0)
}

/// The code of a match's length, and what is left; 258 has a code of its own.
fn length_code(length: usize) -> (usize, usize) {
    if length == MATCH_MAX { (28, 0) } else { code_of(length - MATCH_MIN, &LITERAL_EXTRA) }
}

fn distance_code(distance: usize) -> (usize, usize) {
    code_of(distance - 1, &DISTANCE_EXTRA)
}

/// A byte, or a match: distance and length.
#[derive(Clone, Copy)]
struct Symbol {
    distance: u16,
    length: u16,
}

/// Bits, the lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: usize, count: u32) {
        self.held |= (value as u64) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }
    fn fill_byte(&mut self) {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
    }
}

/// How often each symbol comes, and its code.
#[derive(Clone)]
struct Tree {
    counts: Vec<u32>,
    lengths: Vec<u8>,
    codes: Vec<u16>,
    /// The last symbol that comes.
    last: usize,
}

/// What the code of a tree must keep to.
struct Shape<'a> {
    codes: usize,
    extra: &'a [u8],
    extra_from: usize,
    bits_max: usize,
    fixed: Option<&'a [u8]>,
}

/// Bits of a block, headers left out.
#[derive(Default)]
struct Cost {
    own: u64,
    fixed: u64,
}

impl Tree {
    fn new(codes: usize) -> Tree {
        Tree { counts: vec![0; NODES_MAX], lengths: vec![0; NODES_MAX], codes: vec![0; codes], last: 0 }
    }

    /// Makes the code, and adds what all symbols cost.
    fn build(&mut self, shape: &Shape, cost: &mut Cost) {
        let mut depths = [0u8; NODES_MAX];
        let mut heap: Vec<usize> = vec![0];
        // Sums begin below zero: what is made up below is not written.
        let (mut own, mut fixed) = (0i64, 0i64);
        self.lengths.fill(0);
        let mut last = None;
        for symbol in 0..shape.codes {
            if self.counts[symbol] != 0 {
                heap.push(symbol);
                last = Some(symbol);
            }
        }
        // Two codes at least.
        while heap.len() < 3 {
            let symbol = match last {
                None => 0,
                Some(0) => 1,
                Some(1) => 2,
                Some(_) => 0,
            };
            if last.is_none_or(|last| last < 2) {
                last = Some(symbol);
            }
            heap.push(symbol);
            self.counts[symbol] = 1;
            own -= 1;
            fixed -= shape.fixed.map_or(0, |lengths| i64::from(lengths[symbol]));
        }
        self.last = last.unwrap_or(0);
        for at in (1..=(heap.len() - 1) / 2).rev() {
            self.sift(&mut heap, &depths, at);
        }
        // Nodes, children before parents.
        let (mut order, mut parents) = (Vec::with_capacity(NODES_MAX), [0usize; NODES_MAX]);
        let mut node = shape.codes;
        loop {
            let least = heap[1];
            let end = heap.pop().unwrap_or(0);
            heap[1] = end;
            self.sift(&mut heap, &depths, 1);
            let next = heap[1];
            order.extend([least, next]);
            self.counts[node] = self.counts[least] + self.counts[next];
            depths[node] = depths[least].max(depths[next]) + 1;
            (parents[least], parents[next]) = (node, node);
            heap[1] = node;
            node += 1;
            self.sift(&mut heap, &depths, 1);
            if heap.len() < 3 {
                break;
            }
        }
        order.push(heap[1]);
        let per_length = self.measure(&order, &parents, shape, &mut own, &mut fixed);
        self.number(&per_length, shape.codes);
        self.counts[shape.codes..].fill(0);
        cost.own = cost.own.wrapping_add_signed(own);
        cost.fixed = cost.fixed.wrapping_add_signed(fixed);
    }

    fn sift(&self, heap: &mut [usize], depths: &[u8; NODES_MAX], mut at: usize) {
        let is_less = |a: usize, b: usize| (self.counts[a], depths[a]) <= (self.counts[b], depths[b]);
        let moved = heap[at];
        let mut below = 2 * at;
        while below < heap.len() {
            if below + 1 < heap.len() && is_less(heap[below + 1], heap[below]) {
                below += 1;
            }
            if is_less(moved, heap[below]) {
                break;
            }
            heap[at] = heap[below];
            at = below;
            below *= 2;
        }
        heap[at] = moved;
    }

    /// The length of each code, none above the bound; how many there are of each.
    fn measure(
        &mut self,
        order: &[usize],
        parents: &[usize; NODES_MAX],
        shape: &Shape,
        own: &mut i64,
        fixed: &mut i64,
    ) -> [u16; CODE_BITS_MAX + 1] {
        let mut per_length = [0u16; CODE_BITS_MAX + 1];
        let mut overflow = 0i32;
        let mut from_root = order.iter().rev();
        if let Some(&root) = from_root.next() {
            self.lengths[root] = 0;
        }
        for &node in from_root {
            let mut bits = usize::from(self.lengths[parents[node]]) + 1;
            if bits > shape.bits_max {
                bits = shape.bits_max;
                overflow += 1;
            }
            self.lengths[node] = bits as u8;
            if node > self.last {
                continue;
            }
            per_length[bits] += 1;
            let extra = node.checked_sub(shape.extra_from).map_or(0, |at| i64::from(shape.extra[at]));
            let count = i64::from(self.counts[node]);
            *own += count * (bits as i64 + extra);
            *fixed += shape.fixed.map_or(0, |lengths| count * (i64::from(lengths[node]) + extra));
        }
        if overflow == 0 {
            return per_length;
        }
        while overflow > 0 {
            let mut bits = shape.bits_max - 1;
            while per_length[bits] == 0 {
                bits -= 1;
            }
            per_length[bits] -= 1;
            per_length[bits + 1] += 2;
            per_length[shape.bits_max] -= 1;
            overflow -= 2;
        }
        // The rarest symbols stand first in the order: they get the longest codes.
        let mut leaves = order.iter().filter(|node| **node <= self.last);
        for bits in (1..=shape.bits_max).rev() {
            for _ in 0..per_length[bits] {
                let Some(&leaf) = leaves.next() else { break };
                *own += (bits as i64 - i64::from(self.lengths[leaf])) * i64::from(self.counts[leaf]);
                self.lengths[leaf] = bits as u8;
            }
        }
        per_length
    }

    /// The codes of these lengths, the highest bit first.
    fn number(&mut self, per_length: &[u16; CODE_BITS_MAX + 1], codes: usize) {
        let mut next = [0u16; CODE_BITS_MAX + 1];
        for bits in 1..=CODE_BITS_MAX {
            next[bits] = (next[bits - 1] + per_length[bits - 1]) << 1;
        }
        for symbol in 0..codes {
            let length = self.lengths[symbol];
            if length != 0 {
                let code = &mut next[usize::from(length)];
                self.codes[symbol] = code.reverse_bits() >> (16 - u32::from(length));
                *code = code.wrapping_add(1);
            }
        }
    }

    /// Runs of equal lengths: the symbol of the code of lengths, its extra bits and their number.
    fn runs(&self, mut tell: impl FnMut(usize, usize, u32)) {
        let lengths = &self.lengths[..=self.last];
        let (mut at, mut before) = (0, None);
        while at < lengths.len() {
            let length = lengths[at];
            let same = lengths[at..].iter().take_while(|other| **other == length).count();
            // A run that goes on after its longest form has the same length before it.
            let (most, least) = match (length, before == Some(length)) {
                (0, _) => (138, 3),
                (_, true) => (6, 3),
                (_, false) => (7, 4),
            };
            let mut count = same.min(most);
            at += count;
            if count < least {
                (0..count).for_each(|_| tell(usize::from(length), 0, 0));
            } else if length != 0 {
                if before != Some(length) {
                    tell(usize::from(length), 0, 0);
                    count -= 1;
                }
                tell(16, count - 3, 2);
            } else if count <= 10 {
                tell(17, count - 3, 3);
            } else {
                tell(18, count - 11, 7);
            }
            before = Some(length);
        }
    }
}

struct Block {
    out: Bits,
    symbols: Vec<Symbol>,
    literals: Tree,
    distances: Tree,
    /// Codes of the form that is the same for every block.
    fixed: (Tree, Tree),
}

fn fixed_trees() -> (Tree, Tree) {
    let (mut literals, mut distances) = (Tree::new(LITERAL_CODES + 2), Tree::new(DISTANCE_CODES));
    let mut per_length = [0u16; CODE_BITS_MAX + 1];
    for symbol in 0..LITERAL_CODES + 2 {
        let length = match symbol {
            0..=143 | 280.. => 8,
            144..=255 => 9,
            _ => 7,
        };
        literals.lengths[symbol] = length;
        per_length[usize::from(length)] += 1;
    }
    literals.number(&per_length, LITERAL_CODES + 2);
    distances.lengths[..DISTANCE_CODES].fill(5);
    let mut per_length = [0u16; CODE_BITS_MAX + 1];
    per_length[5] = DISTANCE_CODES as u16;
    distances.number(&per_length, DISTANCE_CODES);
    (literals, distances)
}

impl Block {
    fn new() -> Block {
        let (literals, distances) = (Tree::new(LITERAL_CODES), Tree::new(DISTANCE_CODES));
        let mut block =
            Block { out: Bits::default(), symbols: Vec::with_capacity(BLOCK_SYMBOLS), literals, distances, fixed: fixed_trees() };
        block.clear();
        block
    }

    fn clear(&mut self) {
        self.symbols.clear();
        self.literals.counts.fill(0);
        self.distances.counts.fill(0);
        self.literals.counts[END_OF_BLOCK] = 1;
    }

    fn literal(&mut self, byte: u8) {
        self.literals.counts[usize::from(byte)] += 1;
        self.symbols.push(Symbol { distance: 0, length: u16::from(byte) });
    }

    fn matched(&mut self, distance: usize, length: usize) {
        self.literals.counts[END_OF_BLOCK + 1 + length_code(length).0] += 1;
        self.distances.counts[distance_code(distance).0] += 1;
        self.symbols.push(Symbol { distance: distance as u16, length: length as u16 });
    }

    /// Writes what was gathered in its shortest form: plain, with the fixed codes, or with its own.
    fn write(&mut self, plain: &[u8], is_last: bool) {
        let mut cost = Cost::default();
        let (fixed_literals, fixed_distances) = (&self.fixed.0.lengths[..], &self.fixed.1.lengths[..]);
        let shape = Shape {
            codes: LITERAL_CODES,
            extra: &LITERAL_EXTRA,
            extra_from: END_OF_BLOCK + 1,
            bits_max: CODE_BITS_MAX,
            fixed: Some(fixed_literals),
        };
        self.literals.build(&shape, &mut cost);
        let shape = Shape {
            codes: DISTANCE_CODES,
            extra: &DISTANCE_EXTRA,
            extra_from: 0,
            bits_max: CODE_BITS_MAX,
            fixed: Some(fixed_distances),
        };
        self.distances.build(&shape, &mut cost);
        let mut lengths = Tree::new(LENGTH_CODES);
        for tree in [&self.literals, &self.distances] {
            tree.runs(|symbol, _, _| lengths.counts[symbol] += 1);
        }
        let shape = Shape { codes: LENGTH_CODES, extra: &LENGTH_EXTRA, extra_from: 0, bits_max: 7, fixed: None };
        lengths.build(&shape, &mut cost);
        let written = LENGTH_ORDER.iter().rposition(|symbol| lengths.lengths[*symbol] != 0).unwrap_or(0).max(3) + 1;
        let own = (cost.own + 3 * written as u64 + 14 + 10) / 8;
        let fixed = (cost.fixed + 10) / 8;
        if plain.len() as u64 + 4 <= own.min(fixed) && plain.len() <= usize::from(u16::MAX) {
            self.out.put(usize::from(is_last), 3);
            self.out.fill_byte();
            let size = plain.len() as u16;
            self.out.bytes.extend(size.to_le_bytes().into_iter().chain((!size).to_le_bytes()));
            self.out.bytes.extend_from_slice(plain);
        } else if fixed <= own {
            self.out.put(1 << 1 | usize::from(is_last), 3);
            write_symbols(&mut self.out, &self.symbols, &self.fixed.0, &self.fixed.1);
        } else {
            self.out.put(2 << 1 | usize::from(is_last), 3);
            self.out.put(self.literals.last + 1 - 257, 5);
            self.out.put(self.distances.last, 5);
            self.out.put(written - 4, 4);
            for symbol in &LENGTH_ORDER[..written] {
                self.out.put(usize::from(lengths.lengths[*symbol]), 3);
            }
            for tree in [&self.literals, &self.distances] {
                tree.runs(|symbol, value, bits| {
                    self.out.put(usize::from(lengths.codes[symbol]), u32::from(lengths.lengths[symbol]));
                    self.out.put(value, bits);
                });
            }
            write_symbols(&mut self.out, &self.symbols, &self.literals, &self.distances);
        }
        self.clear();
        if is_last {
            self.out.fill_byte();
        }
    }
}

fn write_symbols(out: &mut Bits, symbols: &[Symbol], literals: &Tree, distances: &Tree) {
    let mut put = |tree: &Tree, symbol: usize, extra: usize, bits: u8| {
        out.put(usize::from(tree.codes[symbol]), u32::from(tree.lengths[symbol]));
        out.put(extra, u32::from(bits));
    };
    for symbol in symbols {
        let length = usize::from(symbol.length);
        if symbol.distance == 0 {
            put(literals, length, 0, 0);
        } else {
            let (code, rest) = length_code(length);
            put(literals, END_OF_BLOCK + 1 + code, rest, LITERAL_EXTRA[code]);
            let (code, rest) = distance_code(usize::from(symbol.distance));
            put(distances, code, rest, DISTANCE_EXTRA[code]);
        }
    }
    put(literals, END_OF_BLOCK, 0, 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn inflate(bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut plain).expect("a whole stream");
        plain
    }

    /// Bytes that repeat themselves now and then.
    fn sample(size: usize, letters: u32) -> Vec<u8> {
        let mut seed = 1u32;
        let mut next = move || {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
            seed >> 16
        };
        let mut bytes: Vec<u8> = Vec::new();
        while bytes.len() < size {
            if next() % 3 == 0 && bytes.len() > 4 {
                let start = next() as usize % bytes.len();
                let end = bytes.len().min(start + 3 + next() as usize % 300);
                bytes.extend_from_within(start..end);
            } else {
                bytes.push((next() % letters) as u8);
            }
        }
        bytes.truncate(size);
        bytes
    }

    #[test]
    fn what_goes_in_comes_out() {
        for level in 1..=9 {
            for size in [0, 1, 2, 3, 4, 100, 70_000, 200_000] {
                for letters in [1, 2, 20, 256] {
                    let bytes = sample(size, letters);
                    assert!(inflate(&zlib(&bytes, level)) == bytes, "{level} {size} {letters}");
                }
            }
        }
    }

    /// Checksums of what zlib 1.2.13 makes of the same.
    #[test]
    fn as_zlib_does() {
        let made: Vec<u32> = (1..=9).map(|level| crc32(0, &zlib(&sample(200_000, 20), level))).collect();
        assert_eq!(made, AS_ZLIB);
    }

    const AS_ZLIB: [u32; 9] =
        [0xfbe8_12e8, 0xeef1_64ce, 0xb210_cb29, 0xfd34_f74b, 0xbae0_db93, 0xf6ec_b34f, 0xb6ea_8660, 0xdc7a_bc42, 0xa24c_589d];
}
