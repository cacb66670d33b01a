//! `atomics` and `counters`: arrays of 64-bit integers behind a reference, shared by all processes.

use std::sync::Arc;

use super::args::{OrBadarg, one_based};
use super::{BifResult, Call, Stop};
use crate::atom::{self, am};
use crate::heap::arith::int_ref;
use crate::heap::resource::Resource;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::term::{Term, View};

/// The cells of one array.
struct Cells {
    signed: bool,
    cells: Box<[AtomicU64]>,
}

/// Words that a reader of `info` sees besides the cells.
const OVERHEAD_BYTES: usize = 40;

/// Cells that one array may have.
const MAX_CELLS: u64 = 1 << 40;

fn new_array<'c>(call: &mut Call<'c>, size: Term<'c>, signed: bool) -> BifResult<'c> {
    if size.as_big().is_some_and(|size| !size.negative) {
        return Err(Stop::SYSTEM_LIMIT);
    }
    let size = size.as_usize().filter(|size| *size > 0 && (*size as u64) < 1 << 58).or_badarg()?;
    if size as u64 > MAX_CELLS {
        return Err(Stop::SYSTEM_LIMIT);
    }
    let mut cells = Vec::new();
    cells.try_reserve_exact(size).map_err(|_| Stop::SYSTEM_LIMIT)?;
    cells.extend((0..size).map(|_| AtomicU64::new(0)));
    let id = call.system().unique.reference();
    let data = Cells { signed, cells: cells.into_boxed_slice() };
    Ok(call.resource(Arc::new(Resource { data: Box::new(data) }), id))
}

fn array_of<'c>(reference: Term<'c>) -> Result<&'c Cells, Stop<'c>> {
    let View::Ref(reference) = reference.view() else { return Err(Stop::BADARG) };
    reference.resource::<Cells>().or_badarg()
}

fn cell_of<'c>(reference: Term<'c>, index: Term<'c>) -> Result<(&'c Cells, &'c AtomicU64), Stop<'c>> {
    let array = array_of(reference)?;
    let at = one_based(index, array.cells.len()).or_badarg()?;
    Ok((array, &array.cells[at]))
}

impl Cells {
    /// A value that the cells can hold.
    fn value<'c>(&self, term: Term<'c>) -> Result<u64, Stop<'c>> {
        let value = int_ref(term).or_badarg()?;
        if self.signed { value.to_i64().map(|value| value as u64).or_badarg() } else { value.to_u64().or_badarg() }
    }
    fn term<'c>(&self, call: &mut Call<'c>, value: u64) -> Term<'c> {
        if self.signed { call.integer(value as i64) } else { call.unsigned(value) }
    }
}

/// What to add: any integer of 64 bits, signed or not; sums wrap.
fn increment<'c>(term: Term<'c>) -> Result<u64, Stop<'c>> {
    let value = int_ref(term).or_badarg()?;
    value.to_i64().map(|value| value as u64).or(value.to_u64()).or_badarg()
}

fn info_map<'c>(call: &mut Call<'c>, pairs: &[(&'static str, Term<'c>)]) -> Term<'c> {
    let pairs: Vec<(Term<'c>, Term<'c>)> =
        pairs.iter().map(|(key, value)| (Term::atom(atom::intern_static(key)), *value)).collect();
    call.map_from_pairs(&pairs)
}

fn info_of<'c>(call: &mut Call<'c>, array: &Cells) -> [(&'static str, Term<'c>); 2] {
    let memory = call.unsigned((OVERHEAD_BYTES + 8 * array.cells.len()) as u64);
    let size = call.unsigned(array.cells.len() as u64);
    [("memory", memory), ("size", size)]
}

/// The natives of `atomics`.
pub mod natives {
    use super::*;
    use crate::bif::bifs;

    bifs! { module "atomics";
        /// The value of a cell, counted from 1.
        ///
        /// `atomics:get(a, 1)` => `error:badarg`
        [plain] "get"/2 = get, "erts/emulator/beam/erl_bif_atomics.c";
        /// Sets a cell.
        [plain] "put"/3 = put, "erts/emulator/beam/erl_bif_atomics.c";
        /// Adds to a cell, wrapping.
        [plain] "add"/3 = add, "erts/emulator/beam/erl_bif_atomics.c";
        /// Adds to a cell and gives the sum.
        [plain] "add_get"/3 = add_get, "erts/emulator/beam/erl_bif_atomics.c";
        /// Sets a cell and gives what it held.
        [plain] "exchange"/3 = exchange, "erts/emulator/beam/erl_bif_atomics.c";
        /// Sets a cell that holds what is expected: `ok`, else what it holds.
        [plain] "compare_exchange"/4 = compare_exchange, "erts/emulator/beam/erl_bif_atomics.c";
        /// Size, memory and range of the cells.
        [plain] "info"/1 = info, "erts/emulator/beam/erl_bif_atomics.c";
    }

    pub fn get<'c>(call: &mut Call<'c>, [array, index]: [Term<'c>; 2]) -> BifResult<'c> {
        let (array, cell) = cell_of(array, index)?;
        Ok(array.term(call, cell.load(Ordering::SeqCst)))
    }
    pub fn put<'c>(_: &mut Call<'c>, [array, index, value]: [Term<'c>; 3]) -> BifResult<'c> {
        let (array, cell) = cell_of(array, index)?;
        cell.store(array.value(value)?, Ordering::SeqCst);
        Ok(Term::atom(am::OK))
    }
    pub fn add<'c>(_: &mut Call<'c>, [array, index, value]: [Term<'c>; 3]) -> BifResult<'c> {
        let (_, cell) = cell_of(array, index)?;
        cell.fetch_add(increment(value)?, Ordering::SeqCst);
        Ok(Term::atom(am::OK))
    }
    fn add_get<'c>(call: &mut Call<'c>, [array, index, value]: [Term<'c>; 3]) -> BifResult<'c> {
        let (array, cell) = cell_of(array, index)?;
        let value = increment(value)?;
        let sum = cell.fetch_add(value, Ordering::SeqCst).wrapping_add(value);
        Ok(array.term(call, sum))
    }
    fn exchange<'c>(call: &mut Call<'c>, [array, index, value]: [Term<'c>; 3]) -> BifResult<'c> {
        let (array, cell) = cell_of(array, index)?;
        let old = cell.swap(array.value(value)?, Ordering::SeqCst);
        Ok(array.term(call, old))
    }
    fn compare_exchange<'c>(call: &mut Call<'c>, [array, index, expected, value]: [Term<'c>; 4]) -> BifResult<'c> {
        let (array, cell) = cell_of(array, index)?;
        let (expected, value) = (array.value(expected)?, array.value(value)?);
        match cell.compare_exchange(expected, value, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => Ok(Term::atom(am::OK)),
            Err(held) => Ok(array.term(call, held)),
        }
    }
    fn info<'c>(call: &mut Call<'c>, [array]: [Term<'c>; 1]) -> BifResult<'c> {
        let array = array_of(array)?;
        let (max, min) = if array.signed {
            (call.integer(i64::MAX), call.integer(i64::MIN))
        } else {
            (call.unsigned(u64::MAX), call.unsigned(0))
        };
        let [memory, size] = info_of(call, array);
        Ok(info_map(call, &[("max", max), memory, ("min", min), size]))
    }
}

/// The natives behind `atomics:new/2` and `counters`.
pub mod internal {
    use super::*;
    use crate::bif::bifs;

    bifs! { module "erts_internal";
        /// A new array; bit 0 of `Options`: signed.
        ///
        /// `erts_internal:atomics_new(0, 1)` => `error:badarg`
        [plain] "atomics_new"/2 = atomics_new, "erts/emulator/beam/erl_bif_atomics.c";
        /// A new array of counters for many writers.
        ///
        /// `erts_internal:counters_new(a)` => `error:badarg`
        [plain] "counters_new"/1 = counters_new, "erts/emulator/beam/erl_bif_counters.c";
        /// A counter's value.
        [plain] "counters_get"/2 = super::natives::get, "erts/emulator/beam/erl_bif_counters.c";
        /// Adds to a counter, wrapping.
        [plain] "counters_add"/3 = super::natives::add, "erts/emulator/beam/erl_bif_counters.c";
        /// Sets a counter.
        [plain] "counters_put"/3 = super::natives::put, "erts/emulator/beam/erl_bif_counters.c";
        /// Size and memory of the counters.
        [plain] "counters_info"/1 = counters_info, "erts/emulator/beam/erl_bif_counters.c";
    }

    fn atomics_new<'c>(call: &mut Call<'c>, [size, options]: [Term<'c>; 2]) -> BifResult<'c> {
        let options = options.as_small().or_badarg()?;
        new_array(call, size, options & 1 == 1)
    }
    fn counters_new<'c>(call: &mut Call<'c>, [size]: [Term<'c>; 1]) -> BifResult<'c> {
        new_array(call, size, true)
    }
    fn counters_info<'c>(call: &mut Call<'c>, [array]: [Term<'c>; 1]) -> BifResult<'c> {
        let array = array_of(array)?;
        let pairs = info_of(call, array);
        Ok(info_map(call, &pairs))
    }
}
