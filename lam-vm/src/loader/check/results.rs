//! What calls of the machine's own BIFs give, and what a BIF's success shows of its arguments.
//!
//! A row may stand here only for functions that the machine itself implements; a result from Erlang code is never trusted.

use crate::loader::check::types::{Type, Types, kinds};

/// Functions that never return.
pub fn never_returns(module: &str, function: &str, arity: u8) -> bool {
    module == "erlang" && matches!((function, arity), ("error", 1..=3) | ("exit" | "throw", 1))
}

/// The result of a BIF of `erlang`, whether an instruction or a call; the arguments' types where they are known.
pub fn result(types: &mut Types, module: &str, function: &str, arguments: &[Type]) -> Type {
    if module == "os" {
        return match (function, arguments.len()) {
            ("timestamp", 0) => three_integers(types),
            _ => Type::ANY,
        };
    }
    if module != "erlang" {
        return Type::ANY;
    }
    let all_within = |mask| arguments.iter().all(|argument| argument.is_within(mask));
    match (function, arguments.len()) {
        ("+" | "-" | "*" | "abs", _) if all_within(kinds::INTEGER) => Type::of(kinds::INTEGER),
        ("+" | "-" | "*", _) if arguments.iter().any(|argument| argument.is_within(kinds::FLOAT)) => Type::of(kinds::FLOAT),
        ("+" | "-" | "*" | "abs", _) => Type::of(kinds::NUMBER),
        ("band", 2) if arguments.iter().any(|argument| argument.is_within(kinds::SMALL)) && all_within(kinds::SMALL) => {
            Type::of(kinds::SMALL)
        }
        ("bor" | "bxor", 2) | ("bnot", 1) if all_within(kinds::SMALL) => Type::of(kinds::SMALL),
        ("rem", 2) if arguments[1].is_within(kinds::SMALL) => Type::of(kinds::SMALL),
        ("div" | "rem" | "band" | "bor" | "bxor" | "bsl" | "bsr", 2) | ("bnot" | "round" | "trunc" | "floor" | "ceil", 1) => {
            Type::of(kinds::INTEGER)
        }
        ("length" | "tuple_size" | "map_size" | "byte_size" | "size", 1) => Type::of(kinds::SMALL),
        ("bit_size", 1) | ("binary_to_integer" | "list_to_integer", _) => Type::of(kinds::INTEGER),
        ("/", 2) | ("float", 1) => Type::of(kinds::FLOAT),
        ("=:=" | "=/=" | "==" | "/=" | "<" | ">" | "=<" | ">=" | "and" | "or" | "xor", 2) | ("not", 1) => Type::of(kinds::ATOM),
        (name, 1 | 2) if name.starts_with("is_") => Type::of(kinds::ATOM),
        ("self", 0) => Type::of(kinds::PID),
        ("node", _) | ("binary_to_atom" | "list_to_atom" | "list_to_existing_atom" | "binary_to_existing_atom", _) => {
            Type::of(kinds::ATOM)
        }
        ("make_ref", 0) | ("monitor", _) => Type::of(kinds::REFERENCE),
        (
            "tuple_to_list" | "atom_to_list" | "integer_to_list" | "float_to_list" | "binary_to_list" | "bitstring_to_list"
            | "pid_to_list",
            _,
        ) => Type::of(kinds::LIST),
        (
            "atom_to_binary" | "integer_to_binary" | "float_to_binary" | "term_to_binary" | "iolist_to_binary" | "list_to_binary"
            | "list_to_bitstring",
            _,
        )
        | ("binary_part", _) => Type::of(kinds::BITSTRING),
        ("list_to_tuple", 1) | ("make_tuple", _) => Type::of(kinds::TUPLE),
        ("append_element", 2) => {
            let size = types.min_size(arguments[0]);
            types.sized_tuple(size + 1, false)
        }
        ("now" | "timestamp" | "date" | "time", 0) => three_integers(types),
        ("localtime" | "universaltime", 0) => {
            let date = three_integers(types);
            types.tuple([date, date].into_iter(), 2)
        }
        _ => Type::ANY,
    }
}

fn three_integers(types: &mut Types) -> Type {
    types.tuple([Type::of(kinds::INTEGER); 3].into_iter(), 3)
}

/// A guard BIF of `erlang` that succeeds whatever the values of these types are: compilers leave registers unset on the way of its failure.
pub fn never_fails(name: &str, arguments: &[Type]) -> bool {
    match (name, arguments) {
        ("=:=" | "=/=" | "==" | "/=" | "<" | ">" | "=<" | ">=", [_, _]) | ("self" | "node", []) => true,
        ("is_map_key", [_, map]) | ("map_size", [map]) => map.is_within(kinds::MAP),
        ("hd" | "tl", [list]) => list.is_within(kinds::CONS),
        ("tuple_size", [tuple]) => tuple.is_within(kinds::TUPLE),
        ("byte_size" | "bit_size", [bits]) => bits.is_within(kinds::BITS),
        ("is_function" | "is_record", _) => false,
        (name, [_]) => name.starts_with("is_"),
        _ => false,
    }
}

/// The kinds of its first argument, when a BIF succeeds.
pub fn first_argument_on_success(function: &str, arity: usize) -> u32 {
    match (function, arity) {
        ("hd" | "tl", 1) => kinds::CONS,
        ("length", 1) => kinds::LIST,
        ("tuple_size", 1) => kinds::TUPLE,
        ("map_size", 1) => kinds::MAP,
        ("byte_size" | "bit_size", 1) => kinds::BITS,
        ("size", 1) => kinds::BITS | kinds::TUPLE,
        ("float" | "round" | "trunc" | "floor" | "ceil" | "abs", 1) | ("+" | "-" | "*" | "/", 1 | 2) => kinds::NUMBER,
        ("div" | "rem" | "band" | "bor" | "bxor" | "bsl" | "bsr", 2) | ("bnot", 1) => kinds::INTEGER,
        ("not", 1) | ("and" | "or" | "xor", 2) => kinds::ATOM,
        _ => kinds::ANY,
    }
}

/// The kinds that a type test of `erlang` says yes to: exactly those.
pub fn test_kinds(function: &str) -> Option<u32> {
    Some(match function {
        "is_atom" => kinds::ATOM,
        "is_integer" => kinds::INTEGER,
        "is_float" => kinds::FLOAT,
        "is_number" => kinds::NUMBER,
        "is_list" => kinds::LIST,
        "is_tuple" => kinds::TUPLE,
        "is_map" => kinds::MAP,
        "is_bitstring" => kinds::BITS,
        "is_pid" => kinds::PID,
        "is_port" => kinds::PORT,
        "is_reference" => kinds::REFERENCE,
        _ => return None,
    })
}
