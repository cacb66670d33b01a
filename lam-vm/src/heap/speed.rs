//! Figures of collector and copies, for those who change them: `cargo test --release -p lam-vm heap::speed -- --ignored --nocapture`.

use super::*;
use crate::term::Term;
use crate::term::word::{self, NIL, kind};

fn room(heap: &mut ProcessHeap, roots: &mut Vec<u64>, words: usize, count: &mut usize) {
    if heap.free_words() < words + STACK_RESERVE_WORDS {
        let words = words % 1000;
        // SAFETY: the roots are valid, and the heap is at rest.
        unsafe { collect::collect(heap, roots, words, Kind::Minor) };
        *count += 1;
    }
}

fn push(heap: &mut ProcessHeap, words: &[u64]) -> usize {
    let at = heap.alloc.top;
    heap.alloc.top = at.wrapping_add(words.len());
    // SAFETY: the caller asked for room.
    unsafe { core::ptr::copy_nonoverlapping(words.as_ptr(), at, words.len()) };
    at as usize
}

#[allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a measurement by hand")]
fn measure(what: &str, unit: f64, run: impl FnOnce() -> String) {
    let now = || {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
    };
    let begin = now();
    let note = run();
    let nanos = now() - begin;
    println!("{what:32} {:8.2} ns a word {:8.1} ms  {note}", nanos / unit, nanos / 1e6);
}

fn list(heap: &mut ProcessHeap, roots: &mut Vec<u64>, cells: usize, keep: usize) -> usize {
    let mut count = 0;
    for index in 0..cells {
        if index % keep == 0 {
            roots[0] = NIL;
        }
        room(heap, roots, 2, &mut count);
        roots[0] = word::cons_at(push(heap, &[word::small(index as i64), roots[0]]));
    }
    count
}

/// A tree of `{Left, Right}`, built as a recursive function does, with its live terms on a stack of roots.
fn tree(heap: &mut ProcessHeap, roots: &mut Vec<u64>, depth: usize, count: &mut usize) {
    if depth == 0 {
        roots.push(NIL);
        return;
    }
    tree(heap, roots, depth - 1, count);
    tree(heap, roots, depth - 1, count);
    room(heap, roots, 3, count);
    let right = roots.pop().expect("pushed above");
    let left = roots.pop().expect("pushed above");
    roots.push(word::boxed_at(push(heap, &[word::header(kind::TUPLE, 2), left, right])));
}

#[test]
#[ignore = "a measurement, not a test"]
fn speed() {
    let mut kept = (ProcessHeap::new(233), vec![NIL; 4]);
    measure("list of 5 M, all kept", 1e7, || format!("{} collections", list(&mut kept.0, &mut kept.1, 5_000_000, usize::MAX)));
    for kind in [Kind::Full, Kind::Full, Kind::Compact] {
        measure("  collected again", 1e7, || {
            // SAFETY: the roots are valid, and the heap is at rest.
            let done = unsafe { collect::collect(&mut kept.0, &mut kept.1, 0, kind) };
            format!("{:?}, {} words", done.kind, done.moved_words)
        });
    }
    // SAFETY: the root is alive.
    measure("  copied", 1e7, || format!("{} words", OwnedTerm::of(unsafe { Term::from_word(kept.1[0]) }).words()));
    drop(kept);
    for keep in [10, 100, 1000, 100_000] {
        let mut heap = ProcessHeap::new(233);
        let mut roots = vec![NIL; 4];
        measure(&format!("lists of {keep}, dropped"), 1e8, || {
            let count = list(&mut heap, &mut roots, 50_000_000, keep);
            format!("{count} collections, {} words", heap.block_words())
        });
    }
    let mut trees = ProcessHeap::new(233);
    let mut roots = Vec::new();
    measure("20 trees of depth 18", 20.0 * 3.0 * 262_144.0, || {
        let mut count = 0;
        for _ in 0..20 {
            roots.clear();
            tree(&mut trees, &mut roots, 18, &mut count);
        }
        format!("{count} collections, {} + {} words", trees.block_words(), trees.old.block_words())
    });
    let mut heap = ProcessHeap::new(1000);
    let mut roots = vec![NIL];
    list(&mut heap, &mut roots, 20, 100);
    measure("messages of 40 words", 4e7, || {
        for _ in 0..1_000_000 {
            // SAFETY: the root is alive.
            std::hint::black_box(OwnedTerm::of(unsafe { Term::from_word(roots[0]) }));
        }
        String::new()
    });
    measure("  and received", 4e7, || {
        let mut to = ProcessHeap::new(233);
        let mut count = 0;
        let mut received = vec![NIL];
        for _ in 0..1_000_000 {
            if to.wants_collection() {
                room(&mut to, &mut received, 1_000_000_000, &mut count);
            }
            // SAFETY: the root is alive.
            received[0] = OwnedTerm::of(unsafe { Term::from_word(roots[0]) }).attach_to(&mut to);
        }
        format!("{count} collections")
    });
}
