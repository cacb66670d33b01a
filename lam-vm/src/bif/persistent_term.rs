//! `persistent_term`: a table of terms for all processes, read without copying.

use super::args::OrBadarg;
use super::{BifResult, Call, Stop, bifs};
use crate::atom::{self, am};
use crate::term::Term;

bifs! { module "persistent_term";
    /// Sets the value of a key.
    ///
    /// `persistent_term:put({lam, test}, [1, "x"])` => `ok`
    [plain] "put"/2 = put, "erts/emulator/beam/erl_bif_persistent.c";
    /// As `put/2` for a new key, or the same value; `badarg` for a key that has another.
    [plain 28] "put_new"/2 = put_new, "erts/emulator/beam/erl_bif_persistent.c";
    /// The value of a key; `badarg` without.
    ///
    /// `persistent_term:get(no_such_key)` => `error:badarg`
    [plain] "get"/1 = get_1, "erts/emulator/beam/erl_bif_persistent.c";
    /// The value of a key, or the default.
    ///
    /// `persistent_term:get(no_such_key, 1)` => `1`
    [plain] "get"/2 = get_2, "erts/emulator/beam/erl_bif_persistent.c";
    /// All keys with their values.
    [plain] "get"/0 = get_0, "erts/emulator/beam/erl_bif_persistent.c";
    /// Removes a key; whether it was there.
    ///
    /// `persistent_term:erase(no_such_key)` => `false`
    [plain] "erase"/1 = erase, "erts/emulator/beam/erl_bif_persistent.c";
    /// `#{count => Count, memory => Bytes}`
    [plain] "info"/0 = info, "erts/emulator/beam/erl_bif_persistent.c";
}

fn put<'c>(call: &mut Call<'c>, [key, value]: [Term<'c>; 2]) -> BifResult<'c> {
    call.system().persistent_terms.put(call, key, value);
    Ok(Term::atom(am::OK))
}

fn put_new<'c>(call: &mut Call<'c>, [key, value]: [Term<'c>; 2]) -> BifResult<'c> {
    let is_put = call.system().persistent_terms.put_new(call, key, value);
    if is_put { Ok(Term::atom(am::OK)) } else { Err(Stop::BADARG) }
}

fn get_1<'c>(call: &mut Call<'c>, [key]: [Term<'c>; 1]) -> BifResult<'c> {
    call.system().persistent_terms.get(call, key).or_badarg()
}

fn get_2<'c>(call: &mut Call<'c>, [key, default]: [Term<'c>; 2]) -> BifResult<'c> {
    Ok(call.system().persistent_terms.get(call, key).unwrap_or(default))
}

fn get_0<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let all = call.system().persistent_terms.all(call);
    let pairs: Vec<Term<'c>> = all.into_iter().map(|(key, value)| call.tuple(&[key, value])).collect();
    Ok(call.list(&pairs))
}

fn erase<'c>(call: &mut Call<'c>, [key]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(Term::bool(call.system().persistent_terms.erase(key)))
}

fn info<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let (count, words) = call.system().persistent_terms.totals();
    let count = call.unsigned(count as u64);
    let memory = call.unsigned(8 * words as u64);
    let name = |text| Term::atom(atom::intern_static(text));
    Ok(call.map_from_pairs(&[(name("count"), count), (name("memory"), memory)]))
}

/// What tests of OTP use.
pub mod internal {
    use super::*;

    bifs! { module "erts_internal";
        /// Removes all persistent terms.
        [plain] "erase_persistent_terms"/0 = erase_all, "erts/emulator/beam/erl_bif_persistent.c";
    }

    fn erase_all<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
        call.system().persistent_terms.clear();
        Ok(Term::bool(true))
    }
}

#[cfg(test)]
mod tests {
    use crate::bif::{BifResult, Call};
    use crate::heap::Alloc;
    use crate::process::{Process, ProcessHeap};
    use crate::system::System;
    use crate::term::Term;

    fn with_call(test: impl for<'c> FnOnce(&mut Call<'c>) -> BifResult<'c>) {
        let process: &'static mut Process =
            Box::leak(Box::new(Process::new(Term::local_pid(1, 0).word(), ProcessHeap::new(4096))));
        let system: &'static System = Box::leak(Box::default());
        Alloc::default().with_owned(|heap| assert!(test(&mut Call::new(heap, process, system, 4000)).is_ok()));
    }

    #[test]
    fn a_value_is_shared_and_replaced() {
        with_call(|call| {
            let key = call.charlist("key");
            let value = call.charlist("value");
            super::put(call, [key, value])?;
            let other_key = call.charlist("key");
            let (first, second) = (super::get_1(call, [other_key])?, super::get_1(call, [key])?);
            assert!(first.is_same(second) && !first.is_same(value));
            super::put(call, [key, Term::NIL])?;
            assert!(super::get_1(call, [key])?.is_nil());
            assert_eq!(call.system().persistent_terms.totals().0, 1);
            assert_eq!(super::erase(call, [key])?.as_bool(), Some(true));
            super::get_2(call, [key, Term::NIL])
        });
    }
}
