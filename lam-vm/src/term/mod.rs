//! Terms: the word, the boxes it points to, and how they compare, hash and print.
//!
//! `Term<'c>` is a word that is valid while `'c` lasts: a BIF call, a driver step, the making of a literal area. Nothing collects
//! within `'c`, so a term and the slices read from it may be kept as long as the borrow checker allows, and no longer.

mod buffer;
pub mod compare;
pub mod entry;
pub mod float_text;
pub mod hash;
pub mod hash_mix;
pub mod identity;
pub mod integer;
pub mod map_iter;
pub mod otp;
pub mod print;
pub mod view;
pub mod word;

pub use buffer::{BUFFER_BYTES, Buffer};
pub use entry::{Export, FunEntry};
pub use view::{BigRef, Bits, Cons, Counted, Fun, ListIter, Map, Record, Reference, Term, Tuple, View};
