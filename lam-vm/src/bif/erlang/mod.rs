//! The module `erlang`, split by subject.

pub mod atoms;
pub mod code;
pub mod control;
pub mod decode_packet;
pub mod guards;
pub mod external;
pub mod hash;
pub mod identity;
pub mod info;
pub mod iolists;
pub mod numbers;
pub mod operators;
pub mod time;
pub mod tuples;
pub mod dictionary;
pub mod links;
pub mod messages;
pub mod names;
pub mod process_info;
pub mod processes;
pub mod spawning;
pub mod timers;
pub mod unused;
