//! Heaps: allocation, heap fragments, what hangs outside, copying and collection.

mod alloc;
pub mod arith;
mod block;
pub mod collect;
pub mod copy;
pub mod external;
pub mod external_decode;
pub mod external_scan;
#[cfg(test)]
mod external_tests;
pub mod map;
pub mod off_heap;
mod owned;
pub mod persistent;
mod process_heap;
pub mod resource;
mod shift;
mod sizes;
#[cfg(all(test, unix))]
mod speed;
pub mod statics;
#[cfg(test)]
mod tests;

pub use alloc::{Alloc, Fragment, HEAP_BITS_MAX_BYTES, Heap, SMALL_SLICE_BYTES};
pub use block::HEAP_BYTES;
pub use collect::{Collected, Kind, Roots};
pub use owned::OwnedTerm;
pub use process_heap::{FIRST_WORDS, HeapInfo, OldHeap, ProcessHeap, STACK_RESERVE_WORDS};
pub use sizes::next_heap_size;
