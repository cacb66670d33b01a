//! Static terms: the image's literals, and areas for what is made static while the machine runs.
//!
//! A static term is never moved by a collection and never copied by a send. Natively the image lies below 4 GB and no heap does,
//! so one comparison tells; areas elsewhere (all of them in wasm) are found in a table.

use super::block::Block;
use super::copy;
use crate::platform::memory::map_low;
use crate::sync::OnceLock;
use crate::sync::global::{Mutex, RwLock};
use crate::term::Term;
use crate::term::word;

/// Natively no heap lies below this address; in wasm every one does.
const LOW_BYTES: u64 = if cfg!(target_pointer_width = "64") { 1 << 32 } else { 0 };

/// Areas that do not lie low; starts and ends.
struct Areas {
    /// Asked first and without a lock: in wasm the image. It stays for ever.
    first: (usize, usize),
    /// In order.
    others: RwLock<Vec<(usize, usize)>>,
}

static AREAS: OnceLock<Areas> = OnceLock::new();

/// Whether a pointer word (cons or boxed) leads to a static term.
#[inline(always)]
pub fn is_static(pointer: u64) -> bool {
    pointer < LOW_BYTES || AREAS.get().is_some_and(|areas| areas.hold(word::pointer_address(pointer)))
}

impl Areas {
    #[inline]
    fn hold(&self, address: usize) -> bool {
        (self.first.0..self.first.1).contains(&address) || is_in(&self.others.read(), address)
    }
}

/// Adds an area that is not low to the table.
fn add(start: usize, end: usize, areas: &Areas) {
    let mut others = areas.others.write();
    let at = others.partition_point(|area| area.0 < start);
    others.insert(at, (start, end));
}

fn is_in(areas: &[(usize, usize)], address: usize) -> bool {
    let after = areas.partition_point(|area| area.0 <= address);
    after > 0 && address < areas[after - 1].1
}

/// Makes the terms in these bytes static for ever: the image's literals, those of code loaded later.
///
/// # Safety
/// What lies there are whole boxes that stay in place, unchanged.
pub unsafe fn register(start: usize, bytes: usize) {
    let end = start + bytes;
    if end as u64 <= LOW_BYTES || bytes == 0 {
        return;
    }
    let areas = AREAS.get_or_init(|| Areas { first: (start, end), others: RwLock::new(Vec::new()) });
    if areas.first != (start, end) {
        add(start, end, areas);
    }
}

/// As `register`, for an area that may go away by `unregister`.
fn register_for_now(start: usize, bytes: usize) {
    if (start + bytes) as u64 > LOW_BYTES && bytes > 0 {
        let areas = AREAS.get_or_init(|| Areas { first: (0, 0), others: RwLock::new(Vec::new()) });
        add(start, start + bytes, areas);
    }
}

/// The area that starts there is static no more.
fn unregister(start: usize) {
    if let Some(areas) = AREAS.get() {
        areas.others.write().retain(|area| area.0 != start);
    }
}

/// Low memory for static terms: a run in use, and what was given back.
#[derive(Default)]
struct LowMemory {
    next: usize,
    end: usize,
    /// Start and words.
    free: Vec<(usize, usize)>,
    /// The host has none.
    is_refused: bool,
}

/// Words that are mapped at once.
const LOW_CHUNK_WORDS: usize = 1 << 15;

impl LowMemory {
    fn take(&mut self, words: usize) -> Option<*mut u64> {
        if let Some(at) = self.free.iter().position(|free| free.1 == words) {
            return Some(self.free.swap_remove(at).0 as *mut u64);
        }
        if (self.end - self.next) / 8 < words {
            if self.is_refused {
                return None;
            }
            let bytes = 8 * words.max(LOW_CHUNK_WORDS);
            let Some(start) = map_low(bytes.next_multiple_of(4096)) else {
                self.is_refused = true;
                return None;
            };
            self.next = start.as_ptr() as usize;
            self.end = self.next + bytes;
        }
        let at = self.next;
        self.next += 8 * words;
        Some(at as *mut u64)
    }
}

static LOW_MEMORY: Mutex<Option<LowMemory>> = Mutex::new(None);

/// A term made static, in an area of its own: no word of it lies in another heap, and its binaries lie in it.
///
/// Dropping it frees the area, so first every process copies what it holds of it (design §4); else it is leaked.
pub struct StaticTerm {
    root: u64,
    start: *mut u64,
    words: usize,
    /// The area's memory where there was no low one.
    block: Option<Block>,
}

// SAFETY: the area never changes after it was made, and what it counts (resources) is shared by atomic counts.
unsafe impl Send for StaticTerm {}
// SAFETY: as above.
unsafe impl Sync for StaticTerm {}

impl StaticTerm {
    pub fn of(term: Term<'_>) -> StaticTerm {
        let words = copy::flat_size_of(term);
        let low = if words == 0 { None } else { LOW_MEMORY.lock().get_or_insert_default().take(words) };
        let block = if low.is_none() { Some(Block::new(words)) } else { None };
        let start = block.as_ref().map_or_else(|| low.unwrap_or(core::ptr::null_mut()), Block::start);
        // SAFETY: there are as many words as the copy takes, and they stay in place while `self` lives.
        unsafe {
            let root = copy::copy_flat_to(term, start);
            register_for_now(start as usize, 8 * words);
            StaticTerm { root, start, words, block }
        }
    }
    /// The area stays for ever.
    pub fn leak(self) -> Term<'static> {
        let root = self.root;
        core::mem::forget(self);
        // SAFETY: the area is never freed.
        unsafe { Term::from_word(root) }
    }
    pub fn term(&self) -> Term<'_> {
        // SAFETY: the area lives as long as `self`.
        unsafe { Term::from_word(self.root) }
    }
    pub fn words(&self) -> usize {
        self.words
    }
    /// Whether a word points into the area.
    pub fn holds(&self, term: u64) -> bool {
        word::is_pointer(term) && word::pointer_address(term).wrapping_sub(self.start as usize) < 8 * self.words
    }
}

impl Drop for StaticTerm {
    fn drop(&mut self) {
        if self.words == 0 {
            return;
        }
        unregister(self.start as usize);
        // SAFETY: the area holds whole boxes, and nothing reads them any more.
        unsafe { copy::release_flat(self.start, self.start.wrapping_add(self.words)) };
        if self.block.is_none() {
            LOW_MEMORY.lock().get_or_insert_default().free.push((self.start as usize, self.words));
        }
    }
}
