//! Random term graphs are collected and copied, and must read as before.

use super::*;
use crate::term::word::{self, kind};
use crate::term::{Buffer, Term};
use std::sync::Arc;

/// A small generator of numbers, the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// What a term reads as, box by box: equal for equal structures wherever they lie.
fn reading(root: u64) -> Vec<u64> {
    let mut read = Vec::new();
    let mut pending = vec![root];
    while let Some(term) = pending.pop() {
        // SAFETY: the tests keep what they read alive.
        let term: Term<'_> = unsafe { Term::from_word(term) };
        if !word::is_pointer(term.word()) {
            read.push(term.word());
        } else if let Some(cons) = term.as_cons() {
            read.push(1);
            pending.extend([cons.tail.word(), cons.head.word()]);
        } else if let Some(bits) = term.as_bits() {
            read.extend([2, bits.size as u64]);
            let mut bytes = bits.to_bytes().into_owned();
            if let (Some(last), spare @ 1..) = (bytes.last_mut(), (8 - bits.size % 8) % 8) {
                *last &= 0xFF << spare;
            }
            read.extend(bytes.iter().map(|byte| u64::from(*byte)));
        } else {
            let header = term.header();
            let at = word::boxed_address(term.word()) as *const u64;
            // SAFETY: the header says how many words follow.
            let words = unsafe { core::slice::from_raw_parts(at.add(1), word::header_words(header)) };
            read.push(header);
            if word::header_is_off_heap(header) {
                read.extend(&words[1..]);
            } else if word::header_is_raw(header) {
                read.extend(words);
            } else {
                pending.extend(words.iter().rev());
            }
        }
    }
    read
}

/// Every pointer in the heap leads into it, and none from the old generation to the young.
fn check_spaces(heap: &ProcessHeap, roots: &[u64]) {
    let in_block = |address: usize| address.wrapping_sub(heap.start as usize) < heap.alloc.top as usize - heap.start as usize;
    let check = |from: *const u64, to: *const u64, is_old: bool| {
        let mut at = from;
        while at < to {
            // SAFETY: between start and top of a space.
            let value = unsafe { *at };
            let raw = word::is_header(value) && word::header_is_raw(value);
            at = at.wrapping_add(1 + if raw { word::header_words(value) } else { 0 });
            if word::is_pointer(value) && !statics::is_static(value) {
                let address = word::pointer_address(value);
                assert!(heap.contains(address), "{value:#x} leads nowhere");
                assert!(!is_old || !in_block(address), "an old box points to a young one");
            }
        }
    };
    check(heap.start, heap.alloc.top, false);
    check(heap.old.start, heap.old.top, true);
    for retired in &heap.old.retired {
        check(retired.block.start(), retired.block.start().wrapping_add(retired.used_words), true);
    }
    check(heap.stop, heap.end, false);
    check(roots.as_ptr(), roots.as_ptr().wrapping_add(roots.len()), false);
}

struct World {
    heap: ProcessHeap,
    roots: Vec<u64>,
    models: Vec<Vec<u64>>,
    stack_models: Vec<Option<Vec<u64>>>,
    buffers: Vec<Buffer>,
    random: Random,
}

impl World {
    fn new(seed: u64, words: usize) -> World {
        World {
            heap: ProcessHeap::new(words),
            roots: vec![word::NIL; 12],
            models: vec![vec![word::NIL]; 12],
            stack_models: Vec::new(),
            buffers: Vec::new(),
            random: Random(seed),
        }
    }
    fn collect(&mut self, kind: Kind) -> Collected {
        let need = self.random.below(60);
        // SAFETY: roots and stack hold valid words, and the heap is at rest.
        let done = unsafe { collect::collect(&mut self.heap, &mut self.roots, need, kind) };
        assert!(self.heap.free_words() >= need + STACK_RESERVE_WORDS, "the room promised");
        self.check();
        done
    }
    fn check(&self) {
        check_spaces(&self.heap, &self.roots);
        for (root, model) in self.roots.iter().zip(&self.models) {
            assert!(reading(*root) == *model, "a root reads differently");
        }
        for (depth, model) in self.stack_models.iter().enumerate() {
            // SAFETY: the stack is as deep as the models.
            let value = unsafe { *self.heap.end.sub(depth + 1) };
            match model {
                Some(model) => assert!(reading(value) == *model, "a stack word reads differently"),
                None => assert_eq!(value, 0x1234_5670 | word::TAG_HEADER),
            }
        }
    }
    fn push(&mut self) {
        if self.heap.free_words() <= STACK_RESERVE_WORDS {
            self.collect(Kind::Minor);
        }
        let (value, model) = match self.random.below(3) {
            0 => (0x1234_5670 | word::TAG_HEADER, None),
            _ => {
                let index = self.random.below(self.roots.len());
                (self.roots[index], Some(self.models[index].clone()))
            }
        };
        self.heap.stop = self.heap.stop.wrapping_sub(1);
        // SAFETY: there is room below the stack.
        unsafe { *self.heap.stop = value };
        self.stack_models.push(model);
    }
    fn pop(&mut self) {
        if self.stack_models.pop().is_some() {
            self.heap.stop = self.heap.stop.wrapping_add(1);
        }
    }
    /// Builds something new of the roots and puts it in place of one of them.
    fn mutate(&mut self) {
        let pick = |random: &mut Random| random.below(12);
        let (a, b, to) = (pick(&mut self.random), pick(&mut self.random), pick(&mut self.random));
        let choice = self.random.below(16);
        let number = self.random.below(200);
        self.heap.sync_limit();
        let (left, right) = (self.roots[a], self.roots[b]);
        let too_big = self.models[a].len() + self.models[b].len() > 3000;
        if choice == 15 {
            // SAFETY: the root is alive while it is copied.
            let owned = OwnedTerm::of(unsafe { Term::from_word(left) });
            assert_eq!(reading(owned.word()), self.models[a]);
            self.roots[to] = owned.attach_to(&mut self.heap);
            self.models[to] = self.models[a].clone();
            return;
        }
        let buffers = &mut self.buffers;
        let made = self.heap.alloc.with(|heap| {
            // SAFETY: the roots are alive, and nothing collects meanwhile.
            let (left, right) = unsafe { (Term::from_word(left), Term::from_word(right)) };
            let bytes: Vec<u8> = (0..number).map(|index| (index * 7) as u8).collect();
            let made = match choice {
                _ if too_big => Term::NIL,
                0..=3 => heap.cons(left, right),
                4 => heap.tuple(&[left, right, Term::NIL]),
                5 => heap.tuple(&[]),
                6 => heap.binary(&bytes),
                7 => {
                    let buffer = Buffer::from_bytes(&[5; 300]);
                    buffers.push(buffer.clone());
                    let whole = heap.refc_bits(buffer, 2400);
                    let slice = heap.sub_bits(whole, number, 600 + number);
                    heap.cons(slice, left)
                }
                8 => heap.integer(i64::MAX - number as i64),
                9 => heap.boxed(word::header(kind::FLOAT, 1), &[f64::to_bits(number as f64)]),
                10 => heap.reference([number as u64, 77]),
                11 => heap.resource(Arc::new(resource::Resource { data: Box::new(number) }), [1, 2]),
                12 => heap.list(&[left, right, left]),
                13 => heap.tuple(&vec![Term::NIL; number]),
                _ => Term::NIL,
            };
            made.word()
        });
        self.roots[to] = made;
        self.models[to] = reading(made);
    }
}

fn run(seed: u64, words: usize, fullsweep_after: u32) {
    let mut world = World::new(seed, words);
    world.heap.fullsweep_after = fullsweep_after;
    for _ in 0..1500 {
        match world.random.below(20) {
            0..=11 => world.mutate(),
            12..=14 => world.push(),
            15 | 16 => world.pop(),
            17 | 18 => drop(world.collect(Kind::Minor)),
            _ => {
                let kind = [Kind::Full, Kind::Compact][world.random.below(2)];
                world.collect(kind);
            }
        }
    }
    world.roots.fill(word::NIL);
    world.models.fill(vec![word::NIL]);
    while !world.stack_models.is_empty() {
        world.pop();
    }
    world.collect(Kind::Full);
    assert_eq!(world.heap.used_words() + world.heap.old.used_words(), 0, "nothing lives");
    assert!(world.heap.alloc.off_heap.is_empty() && world.heap.old.off_heap.is_empty());
    assert!(world.buffers.iter().all(|buffer| buffer.count() == 1), "every count was given back");
}

#[test]
fn graphs_survive_collections() {
    for seed in 1..40 {
        run(seed * 0x9E37_79B9, 16 + 40 * seed as usize, 65535);
        run(seed * 0x7F4A_7C15, 233, seed as u32 % 4);
    }
}

#[test]
fn a_dropped_heap_gives_back_its_counts() {
    let mut world = World::new(99, 64);
    for step in 0..400 {
        world.mutate();
        if step % 50 == 0 {
            world.collect(Kind::Minor);
        }
    }
    let buffers = core::mem::take(&mut world.buffers);
    drop(world);
    assert!(buffers.iter().all(|buffer| buffer.count() == 1));
}

/// Conses `count` cells as a process does, collecting when there is no room.
fn build_list(heap: &mut ProcessHeap, count: usize, nested: bool) -> Vec<u64> {
    let mut roots = vec![word::NIL];
    for index in 0..count {
        if heap.free_words() < 2 + STACK_RESERVE_WORDS {
            // SAFETY: the one root is valid, and the heap is at rest.
            unsafe { collect::collect(heap, &mut roots, 2, Kind::Minor) };
        }
        let at = heap.alloc.top;
        heap.alloc.top = at.wrapping_add(2);
        let (head, tail) = if nested { (roots[0], word::NIL) } else { (word::small(index as i64), roots[0]) };
        // SAFETY: there is room for two words.
        unsafe {
            *at = head;
            *at.add(1) = tail;
        }
        roots[0] = word::cons_at(at as usize);
    }
    roots
}

#[test]
fn deep_terms_are_only_slow() {
    for nested in [false, true] {
        let mut heap = ProcessHeap::new(233);
        let mut roots = build_list(&mut heap, 1_000_000, nested);
        assert!(cfg!(feature = "gc_zeal") || !heap.old.retired.is_empty(), "the old generation grew by blocks");
        check_spaces(&heap, &roots);
        // SAFETY: as in `build_list`.
        unsafe { collect::collect(&mut heap, &mut roots, 0, Kind::Full) };
        assert_eq!(heap.used_words() + heap.old.used_words(), 2_000_000);
        // SAFETY: the root is alive.
        let owned = OwnedTerm::of(unsafe { Term::from_word(roots[0]) });
        assert_eq!(owned.words(), 2_000_000);
        let mut other = ProcessHeap::new(233);
        roots[0] = owned.attach_to(&mut other);
        assert!(other.wants_collection());
        // SAFETY: as above.
        unsafe { collect::collect(&mut other, &mut roots, 0, Kind::Compact) };
        assert_eq!(other.used_words(), 2_000_000);
    }
}

#[test]
fn copies_of_slices_share_or_are_small() {
    let mut heap = ProcessHeap::new(400);
    let buffer = Buffer::from_bytes(&(0..=255).collect::<Vec<u8>>());
    let shared = buffer.clone();
    let (small, large) = heap.alloc.with(|heap| {
        let whole = heap.refc_bits(shared, 8 * 256);
        (heap.sub_bits(whole, 3, 8 * 20).word(), heap.sub_bits(whole, 80, 8 * 100 + 3).word())
    });
    // SAFETY: the heap keeps both.
    let (small, large): (Term<'_>, Term<'_>) = unsafe { (Term::from_word(small), Term::from_word(large)) };
    let copies = (OwnedTerm::of(small), OwnedTerm::of(large));
    assert_eq!((copies.0.words(), copies.1.words()), (2 + 3, 4 + 4));
    assert_eq!(buffer.count(), 3);
    let flat = statics::StaticTerm::of(large);
    assert_eq!(flat.words(), 2 + 13);
    assert_eq!(reading(flat.term().word()), reading(large.word()));
    assert_eq!(copy::size_of(flat.term()), 0, "static terms are shared");
    assert_eq!(reading(copies.1.word()), reading(large.word()));
    drop(copies);
    assert_eq!(buffer.count(), 2);
    drop(heap);
    assert_eq!(buffer.count(), 1);
}

#[test]
fn collections_follow_their_triggers() {
    let mut heap = ProcessHeap::new(233);
    assert!(!heap.wants_collection());
    heap.sync_limit();
    let _ = heap.alloc.with(|heap| heap.tuple(&vec![Term::NIL; 300]).word());
    assert!(heap.wants_collection(), "a fragment larger than what is free");
    // SAFETY: no roots but the empty stack.
    let done = unsafe { collect::collect(&mut heap, &mut (), 0, Kind::Minor) };
    let kind = if cfg!(feature = "gc_zeal") { Kind::Full } else { Kind::Minor };
    assert_eq!((done.kind, done.moved_words, done.reclaimed_words), (kind, 0, 301));
    assert!(!heap.wants_collection());
    let bytes = vec![0; 100_000];
    for _ in 0..4 {
        let _ = heap.alloc.with(|heap| heap.binary(&bytes).word());
    }
    assert!(heap.wants_collection(), "binaries of more than the virtual heap's words");
    heap.max_words = 100;
    // SAFETY: as above.
    let done = unsafe { collect::collect(&mut heap, &mut (), 5000, Kind::Minor) };
    assert!(!heap.wants_collection() && heap.free_words() >= 5000);
    assert_eq!(done.over_limit, Some(heap.total_words()));
}
