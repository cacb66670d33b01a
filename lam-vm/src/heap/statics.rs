//! Static terms: the image's literals, and areas for what is made static while the machine runs.
//!
//! A static term is never moved by a collection and never copied by a send. Natively the image lies below 4 GB and no heap does,
//! so one comparison tells; areas elsewhere (all of them in wasm) are found in a table.

use super::block::Block;
use super::copy;
use crate::sync::{OnceLock, RwLock};
use crate::term::Term;
use crate::term::word;

/// Natively no heap lies below this address; in wasm every one does.
const LOW_BYTES: u64 = if cfg!(target_pointer_width = "64") { 1 << 32 } else { 0 };

/// Start and end of each area that does not lie low, in order.
static AREAS: OnceLock<RwLock<Vec<(usize, usize)>>> = OnceLock::new();

/// Whether a pointer word (cons or boxed) leads to a static term.
#[inline(always)]
pub fn is_static(pointer: u64) -> bool {
    pointer < LOW_BYTES || AREAS.get().is_some_and(|areas| is_in(&areas.read(), word::pointer_address(pointer)))
}

fn is_in(areas: &[(usize, usize)], address: usize) -> bool {
    let after = areas.partition_point(|area| area.0 <= address);
    after > 0 && address < areas[after - 1].1
}

/// Makes the terms in these bytes static. For the image's literals and for areas below.
///
/// # Safety
/// What lies there are whole boxes that stay in place, unchanged, until `unregister`.
pub unsafe fn register(start: usize, bytes: usize) {
    if (start + bytes) as u64 <= LOW_BYTES || bytes == 0 {
        return;
    }
    let mut areas = AREAS.get_or_init(Default::default).write();
    let at = areas.partition_point(|area| area.0 < start);
    areas.insert(at, (start, start + bytes));
}

/// The area that starts there is static no more.
pub fn unregister(start: usize) {
    if let Some(areas) = AREAS.get() {
        areas.write().retain(|area| area.0 != start);
    }
}

/// A term made static, in an area of its own: no word of it lies in another heap, and its binaries lie in it.
///
/// Dropping it frees the area, so first every process copies what it holds of it (design §4); else it is leaked.
pub struct StaticTerm {
    root: u64,
    block: Block,
}

// SAFETY: the area never changes after it was made, and what it counts (resources) is shared by atomic counts.
unsafe impl Send for StaticTerm {}
// SAFETY: as above.
unsafe impl Sync for StaticTerm {}

impl StaticTerm {
    pub fn of(term: Term<'_>) -> StaticTerm {
        let block = Block::new(copy::flat_size_of(term));
        // SAFETY: the block has room for the copy, and stays in place while `self` lives.
        unsafe {
            let root = copy::copy_flat_to(term, block.start());
            register(block.start() as usize, 8 * block.words());
            StaticTerm { root, block }
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
        self.block.words()
    }
    /// Whether a word points into the area.
    pub fn holds(&self, term: u64) -> bool {
        word::is_pointer(term) && self.block.contains(word::pointer_address(term))
    }
}

impl Drop for StaticTerm {
    fn drop(&mut self) {
        if self.block.words() > 0 {
            unregister(self.block.start() as usize);
            // SAFETY: the area holds whole boxes, and nothing reads them any more.
            unsafe { copy::release_flat(self.block.start(), self.block.end()) };
        }
    }
}
