//! The module `erlang`, split by subject.

pub mod hash;
