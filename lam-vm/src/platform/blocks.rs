//! Small blocks of memory by classes of size: most of what a machine of many processes takes and gives back.
//!
//! ```text
//! thread    a list of free blocks for each class       no lock
//!   ↕ some dozens at a time
//! class     chunks with free blocks, under a lock      a chunk whose blocks are all free goes on to
//! pool      free chunks, of any class again            the host's memory under all but a few is given back
//! ```
//! A block has no header: who frees it says its size. Its chunk is found by its address, for chunks are aligned to their size.
//! A chunk's pages are touched when blocks are first taken from them.
//!
//! Why not the C library's: musl's takes one lock for every call, and rounds 400 bytes up to 496.

use core::cell::UnsafeCell;
use core::ptr::null_mut;
use std::alloc::{GlobalAlloc, Layout, System};

use crate::sync::OnceLock;
use crate::sync::global::Mutex;

/// Larger ones are the host's. 376 words fit, the second size of a heap.
pub const LARGEST_BYTES: usize = 3072;
/// Whether small blocks come from here.
pub const SERVES: bool = true;
/// Alignment of every block.
pub const ALIGNMENT: usize = 16;

const CHUNK_BYTES: usize = 256 << 10;
/// Chunks that are taken from the host at once.
const ARENA_CHUNKS: usize = 16;
/// Free chunks whose memory is kept.
const WARM_CHUNKS: usize = 32;
const HEADER_BYTES: usize = 64;
/// Bytes and blocks that go between a thread and a class at once.
const BATCH_BYTES: usize = 8192;
const BATCH_MOST: usize = 32;

const CLASSES: usize = 52;
const CLASS_BYTES: [u16; CLASSES] = {
    let mut sizes = [0; CLASSES];
    let (mut class, mut size) = (0, 0);
    while class < CLASSES {
        // A sixteenth is lost at most beyond 512 bytes, and an eighth beyond 2048.
        size += if size < 512 {
            16
        } else if size < 1024 {
            64
        } else if size < 2048 {
            128
        } else {
            256
        };
        sizes[class] = size as u16;
        class += 1;
    }
    sizes
};
const _: () = assert!(CLASS_BYTES[CLASSES - 1] as usize == LARGEST_BYTES && size_of::<Chunk>() <= HEADER_BYTES);

/// By size in sixteens of bytes, rounded up.
const CLASS_OF: [u8; LARGEST_BYTES / 16 + 1] = {
    let mut classes = [0; LARGEST_BYTES / 16 + 1];
    let (mut index, mut class) = (0, 0);
    while index < classes.len() {
        if 16 * index > CLASS_BYTES[class] as usize {
            class += 1;
        }
        classes[index] = class as u8;
        index += 1;
    }
    classes
};

#[inline(always)]
fn class_of(bytes: usize) -> usize {
    usize::from(CLASS_OF[bytes.div_ceil(16)])
}
/// Blocks that go between a thread and a class at once; a thread keeps twice as many at most.
const BATCH: [u8; CLASSES] = {
    let mut batches = [0; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let count = BATCH_BYTES / CLASS_BYTES[class] as usize;
        batches[class] = if count > BATCH_MOST { BATCH_MOST as u8 } else { count as u8 };
        class += 1;
    }
    batches
};
const _: () = assert!(BATCH[CLASSES - 1] >= 2);

#[inline(always)]
fn batch(class: usize) -> usize {
    usize::from(BATCH[class])
}

/// What a free block holds.
struct Free {
    next: *mut Free,
}

/// Free blocks, linked.
#[derive(Clone, Copy)]
struct List {
    head: *mut Free,
    count: usize,
}

impl List {
    const EMPTY: List = List { head: null_mut(), count: 0 };

    /// # Safety
    /// `block` is free, and nobody else knows of it.
    #[inline(always)]
    unsafe fn push(&mut self, block: *mut Free) {
        // SAFETY: a free block is ours to write, and has room for a link.
        unsafe { (*block).next = self.head };
        self.head = block;
        self.count += 1;
    }
    #[inline(always)]
    fn pop(&mut self) -> Option<*mut Free> {
        let block = self.head;
        if block.is_null() {
            return None;
        }
        // SAFETY: blocks of the list are free, and hold their links.
        self.head = unsafe { (*block).next };
        self.count -= 1;
        Some(block)
    }
}

/// What one thread keeps. Lists of free blocks, and whether they will be handed back when it ends.
struct Cache {
    lists: [List; CLASSES],
    hands_back: bool,
}

std::thread_local! {
    // Nothing to drop, so it can be used until the thread is gone.
    static CACHE: UnsafeCell<Cache> = const { UnsafeCell::new(Cache { lists: [List::EMPTY; CLASSES], hands_back: false }) };
    static HAND_BACK: HandBack = const { HandBack };
}

struct HandBack;

impl Drop for HandBack {
    fn drop(&mut self) {
        for class in 0..CLASSES {
            let list = with_list(class, |list| core::mem::replace(list, List::EMPTY));
            central().give(class, list);
        }
    }
}

#[inline(always)]
fn with_list<R>(class: usize, act: impl FnOnce(&mut List) -> R) -> R {
    // SAFETY: the cache is this thread's, and no `act` allocates, frees or comes back here.
    CACHE.with(|cache| act(unsafe { &mut (&mut (*cache.get()).lists)[class] }))
}

/// A block of at least so many bytes, not initialised; null where the host has no memory.
#[inline]
pub fn alloc(bytes: usize) -> *mut u8 {
    let class = class_of(bytes);
    match with_list(class, List::pop) {
        Some(block) => block.cast(),
        None => refill(class),
    }
}

/// Takes a block back.
///
/// # Safety
/// `alloc` gave it for a size of the same class, and nobody uses it any more.
#[inline]
pub unsafe fn free(block: *mut u8, bytes: usize) {
    let class = class_of(bytes);
    let is_full = with_list(class, |list| {
        // SAFETY: promised by the caller.
        unsafe { list.push(block.cast()) };
        list.count >= 2 * batch(class)
    });
    if is_full {
        hand_over(class);
    }
}

/// Whether a block for one size serves for the other.
pub fn same_class(bytes: usize, other_bytes: usize) -> bool {
    class_of(bytes) == class_of(other_bytes)
}

/// Bytes of blocks that are in use or in a thread's lists.
pub fn bytes_in_use() -> usize {
    let bytes = |class: usize| central().classes[class].lock().taken * usize::from(CLASS_BYTES[class]);
    (0..CLASSES).map(bytes).sum()
}

#[cold]
fn refill(class: usize) -> *mut u8 {
    // SAFETY: a flag of this thread's own; nothing refers to the cache here.
    let first = CACHE.with(|cache| unsafe { !core::mem::replace(&mut (*cache.get()).hands_back, true) });
    if first {
        // May allocate by itself, and finds the flag set.
        let _ = HAND_BACK.try_with(|_| ());
    }
    let mut taken = central().take(class, batch(class));
    let Some(block) = taken.pop() else { return null_mut() };
    // The list was empty, unless the line above allocated.
    while let Some(more) = taken.pop() {
        // SAFETY: the class gave it to this thread alone.
        with_list(class, |list| unsafe { list.push(more) });
    }
    block.cast()
}

#[cold]
fn hand_over(class: usize) {
    let given = with_list(class, |list| {
        let mut given = List::EMPTY;
        for block in core::iter::from_fn(|| list.pop()).take(batch(class)) {
            // SAFETY: the block was in this thread's list.
            unsafe { given.push(block) };
        }
        given
    });
    central().give(class, given);
}

/// The head of a chunk. Touched by who holds its class's lock, or the pool's when it is free.
struct Chunk {
    next: *mut Chunk,
    previous: *mut Chunk,
    free: List,
    /// Blocks that are not in `free`, of those that were ever taken.
    taken: usize,
    /// Where blocks begin that were never taken, from the chunk's start.
    fresh: usize,
    is_listed: bool,
}

/// Chunks of one class.
struct Class {
    /// With blocks to give, linked both ways.
    listed: *mut Chunk,
    taken: usize,
}

struct Pool {
    /// Linked by `next`.
    free: *mut Chunk,
    free_count: usize,
    /// Chunks never used.
    fresh: *mut u8,
    fresh_count: usize,
}

struct Central {
    classes: [Mutex<Class>; CLASSES],
    pool: Mutex<Pool>,
}

// SAFETY: a class's chunks are reached with its lock held, the pool's with the pool's.
unsafe impl Sync for Central {}
// SAFETY: as above; the memory belongs to no thread.
unsafe impl Send for Central {}

fn central() -> &'static Central {
    static CENTRAL: OnceLock<Central> = OnceLock::new();
    CENTRAL.get_or_init(|| Central {
        classes: core::array::from_fn(|_| Mutex::new(Class { listed: null_mut(), taken: 0 })),
        pool: Mutex::new(Pool { free: null_mut(), free_count: 0, fresh: null_mut(), fresh_count: 0 }),
    })
}

impl Central {
    /// So many free blocks, or as many as there is memory for.
    fn take(&self, class: usize, count: usize) -> List {
        let mut list = List::EMPTY;
        let bytes = usize::from(CLASS_BYTES[class]);
        let mut own = self.classes[class].lock();
        while list.count < count {
            if own.listed.is_null() {
                let chunk = self.pool.lock().take();
                if chunk.is_null() {
                    break;
                }
                // SAFETY: the pool gave the chunk away, so it is ours; it is large and aligned enough for its head.
                unsafe {
                    let head = Chunk {
                        next: null_mut(),
                        previous: null_mut(),
                        free: List::EMPTY,
                        taken: 0,
                        fresh: HEADER_BYTES,
                        is_listed: false,
                    };
                    chunk.write(head);
                    own.link(chunk);
                }
            }
            // SAFETY: listed chunks belong to the class, whose lock is held.
            unsafe {
                let chunk = &mut *own.listed;
                let block = match chunk.free.pop() {
                    Some(block) => Some(block),
                    None if chunk.fresh + bytes <= CHUNK_BYTES => {
                        chunk.fresh += bytes;
                        Some((&raw mut *chunk).byte_add(chunk.fresh - bytes).cast::<Free>())
                    }
                    None => None,
                };
                match block {
                    Some(block) => {
                        chunk.taken += 1;
                        list.push(block);
                    }
                    None => {
                        let full = own.listed;
                        own.unlink(full);
                    }
                }
            }
        }
        own.taken += list.count;
        list
    }
    /// Takes free blocks back; a chunk that has only free ones, and is not the class's last, goes to the pool.
    fn give(&self, class: usize, mut list: List) {
        let mut emptied: *mut Chunk = null_mut();
        let mut own = self.classes[class].lock();
        own.taken -= list.count;
        while let Some(block) = list.pop() {
            let chunk = block.map_addr(|address| address & !(CHUNK_BYTES - 1)).cast::<Chunk>();
            // SAFETY: every block lies in a chunk of its class, whose lock is held.
            unsafe {
                (*chunk).free.push(block);
                (*chunk).taken -= 1;
                if !(*chunk).is_listed {
                    own.link(chunk);
                }
                let is_alone = (*chunk).next.is_null() && (*chunk).previous.is_null();
                if (*chunk).taken == 0 && !is_alone {
                    own.unlink(chunk);
                    (*chunk).next = emptied;
                    emptied = chunk;
                }
            }
        }
        drop(own);
        while !emptied.is_null() {
            // SAFETY: unlinked above, with no block in use: it is ours until the pool has it.
            unsafe {
                let next = (*emptied).next;
                self.pool.lock().give(emptied);
                emptied = next;
            }
        }
    }
}

impl Class {
    /// # Safety
    /// The chunk is of this class and not listed.
    unsafe fn link(&mut self, chunk: *mut Chunk) {
        // SAFETY: chunks of the class are ours to write; its lock is held.
        unsafe {
            (*chunk).next = self.listed;
            (*chunk).previous = null_mut();
            (*chunk).is_listed = true;
            if !self.listed.is_null() {
                (*self.listed).previous = chunk;
            }
        }
        self.listed = chunk;
    }
    /// # Safety
    /// The chunk is listed here.
    unsafe fn unlink(&mut self, chunk: *mut Chunk) {
        // SAFETY: as `link`; its neighbours are listed chunks.
        unsafe {
            let (next, previous) = ((*chunk).next, (*chunk).previous);
            if previous.is_null() {
                self.listed = next;
            } else {
                (*previous).next = next;
            }
            if !next.is_null() {
                (*next).previous = previous;
            }
            (*chunk).next = null_mut();
            (*chunk).previous = null_mut();
            (*chunk).is_listed = false;
        }
    }
}

impl Pool {
    fn take(&mut self) -> *mut Chunk {
        if !self.free.is_null() {
            let chunk = self.free;
            // SAFETY: free chunks are linked through their heads.
            self.free = unsafe { (*chunk).next };
            self.free_count -= 1;
            return chunk;
        }
        if self.fresh_count == 0 {
            for count in [ARENA_CHUNKS, 1] {
                let layout = Layout::from_size_align(count * CHUNK_BYTES, CHUNK_BYTES).expect("a power of two");
                // SAFETY: the layout is not empty. It is never given back, only the pages under it.
                self.fresh = unsafe { System.alloc(layout) };
                if !self.fresh.is_null() {
                    self.fresh_count = count;
                    break;
                }
            }
            if self.fresh.is_null() {
                return null_mut();
            }
        }
        let chunk = self.fresh;
        self.fresh = chunk.wrapping_add(CHUNK_BYTES);
        self.fresh_count -= 1;
        chunk.cast()
    }
    /// # Safety
    /// No block of the chunk is in use, and nobody else has it.
    unsafe fn give(&mut self, chunk: *mut Chunk) {
        // SAFETY: promised by the caller; the pages hold nothing that anybody reads.
        unsafe {
            if self.free_count >= WARM_CHUNKS {
                super::memory::give_back(chunk.cast(), CHUNK_BYTES);
            }
            (*chunk).next = self.free;
        }
        self.free = chunk;
        self.free_count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_hold_their_sizes() {
        for bytes in 0..=LARGEST_BYTES {
            let class = class_of(bytes);
            let size = usize::from(CLASS_BYTES[class]);
            assert!(size >= bytes && size.is_multiple_of(ALIGNMENT));
            assert!(class == 0 || usize::from(CLASS_BYTES[class - 1]) < bytes.next_multiple_of(16), "{bytes}");
        }
    }

    /// Takes and frees at random; every block holds its own pattern all the while.
    fn churn(seed: u64, mut held: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
        let mut seed = seed;
        for _ in 0..100_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let random = (seed >> 33) as usize;
            if held.len() < 20 || (random & 1 == 0 && held.len() < 3000) {
                let bytes = 8 + (random >> 1) % (LARGEST_BYTES - 8);
                let at = alloc(bytes);
                assert!(!at.is_null() && (at as usize).is_multiple_of(ALIGNMENT));
                // SAFETY: the block has so many bytes.
                unsafe { at.write_bytes(at as usize as u8 ^ bytes as u8, bytes) };
                held.push((at as usize, bytes));
            } else {
                let (at, bytes) = held.swap_remove((random >> 1) % held.len());
                let block = at as *mut u8;
                // SAFETY: ours since `alloc`, and freed once.
                unsafe {
                    let own = core::slice::from_raw_parts(block, bytes);
                    assert!(own.iter().all(|byte| *byte == at as u8 ^ bytes as u8), "nobody wrote into it");
                    free(block, bytes);
                }
            }
        }
        held
    }

    #[test]
    fn blocks_are_apart_and_wander_between_threads() {
        let before = bytes_in_use();
        let mut held: Vec<Vec<(usize, usize)>> = vec![Vec::new(); 4];
        for round in 0..3 {
            let threads: Vec<_> = held
                .into_iter()
                .enumerate()
                .map(|(index, held)| std::thread::spawn(move || churn(round * 7 + index as u64, held)))
                .collect();
            held = threads.into_iter().map(|thread| thread.join().expect("no assertion failed")).collect();
            held.rotate_left(1);
        }
        for (at, bytes) in held.into_iter().flatten() {
            // SAFETY: ours, and freed once.
            unsafe { free(at as *mut u8, bytes) };
        }
        // This thread keeps some; those that ended handed back all they had.
        let most: usize = (0..CLASSES).map(|class| 2 * batch(class) * usize::from(CLASS_BYTES[class])).sum();
        assert!(bytes_in_use() <= before + most);
    }
}
