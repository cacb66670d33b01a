//! The module `erlang`, split by subject.

pub mod atoms;
pub mod code;
pub mod control;
pub mod decode_packet;
pub mod dictionary;
pub mod distribution;
pub mod external;
pub mod guards;
pub mod hash;
pub mod identity;
pub mod info;
pub mod iolists;
pub mod links;
pub mod loading;
pub mod messages;
pub mod names;
pub mod numbers;
pub mod operators;
pub mod ports;
pub mod process_info;
pub mod processes;
pub mod spawning;
pub mod time;
pub mod timers;
pub mod tracing;
pub mod tuples;
