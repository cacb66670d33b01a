//! Heaps: allocation, heap fragments, what hangs outside, copying and collection.

mod alloc;
pub mod arith;
pub mod map;
pub mod off_heap;
pub mod resource;

pub use alloc::{Alloc, Fragment, HEAP_BITS_MAX_BYTES, Heap, SMALL_SLICE_BYTES};
