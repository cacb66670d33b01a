//! The process dictionary.

use crate::atom::am;
use crate::bif::{BifResult, Call, bifs};
use crate::term::Term;
use crate::term::compare::exact_eq;

bifs! { module "erlang";
    /// Puts `Value` under `Key` and gives what was there, or `undefined`.
    [plain] "put"/2 = put, "erts/emulator/beam/erl_process_dict.c";
    /// The whole dictionary as a list of pairs.
    [plain] "get"/0 = get_0, "erts/emulator/beam/erl_process_dict.c";
    /// The value under a key, or `undefined`.
    [plain] "get"/1 = get_1, "erts/emulator/beam/erl_process_dict.c";
    /// All keys.
    [plain] "get_keys"/0 = get_keys_0, "erts/emulator/beam/erl_process_dict.c";
    /// The keys whose value is this.
    [plain] "get_keys"/1 = get_keys_1, "erts/emulator/beam/erl_process_dict.c";
    /// Empties the dictionary and gives what was there.
    [plain] "erase"/0 = erase_0, "erts/emulator/beam/erl_process_dict.c";
    /// Removes a key and gives its value, or `undefined`.
    [plain] "erase"/1 = erase_1, "erts/emulator/beam/erl_process_dict.c";
}

fn or_undefined<'c>(call: &mut Call<'c>, word: Option<u64>) -> BifResult<'c> {
    let (heap, process) = call.parts();
    Ok(word.map_or(Term::atom(am::UNDEFINED), |word| process.term(heap, word)))
}

fn put<'c>(call: &mut Call<'c>, [key, value]: [Term<'c>; 2]) -> BifResult<'c> {
    let old = call.process().dictionary.put(key, value);
    or_undefined(call, old)
}

fn get_1<'c>(call: &mut Call<'c>, [key]: [Term<'c>; 1]) -> BifResult<'c> {
    let value = call.process().dictionary.get(key);
    or_undefined(call, value)
}

fn erase_1<'c>(call: &mut Call<'c>, [key]: [Term<'c>; 1]) -> BifResult<'c> {
    let old = call.process().dictionary.written().and_then(|dictionary| dictionary.erase(key));
    or_undefined(call, old)
}

fn pairs<'c>(call: &mut Call<'c>) -> Vec<(Term<'c>, Term<'c>)> {
    let (heap, process) = call.parts();
    process.dictionary.pairs(heap)
}

fn get_0<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let pairs = pairs(call);
    let pairs: Vec<Term<'c>> = pairs.into_iter().map(|(key, value)| call.tuple(&[key, value])).collect();
    Ok(call.list(&pairs))
}

fn erase_0<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let all = get_0(call, [])?;
    call.process().dictionary.clear();
    Ok(all)
}

fn get_keys_0<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let keys: Vec<Term<'c>> = pairs(call).into_iter().map(|(key, _)| key).collect();
    Ok(call.list(&keys))
}

fn get_keys_1<'c>(call: &mut Call<'c>, [value]: [Term<'c>; 1]) -> BifResult<'c> {
    let all = pairs(call);
    let keys: Vec<Term<'c>> = all.into_iter().filter(|pair| exact_eq(pair.1, value)).map(|(key, _)| key).collect();
    Ok(call.list(&keys))
}
