//! Built-in functions: one file for each Erlang module (`erlang` split by subject), declared once each by `bifs!`.
//!
//! A BIF takes terms and returns a term or a `Stop`. It never collects, never runs Erlang code, never switches process, and is
//! never run again from its start: long work counts reductions and goes on by `Call::again`.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use crate::atom::am;
use crate::sync::OnceLock;
use crate::term::Term;

mod args;
mod atomics;
mod binary;
mod call;
#[cfg(test)]
mod coverage;
mod deflate;
mod erl_tracer;
pub mod erlang;
mod erts;
pub mod ets;
mod internal_state;
pub mod lam_host;
mod lists;
pub mod maps;
pub mod match_spec;
mod math;
mod os;
mod packet;
mod persistent_term;
mod prim_buffer;
mod prim_file;
mod ram_file;
mod re;
mod records;
mod search;
mod table;
#[cfg(test)]
pub mod testing;
mod unicode;
mod zlib;
mod zlib_stream;

pub use call::{BifResult, Call, Stop};
pub(crate) use table::bifs;
pub use table::{Bif, BifKind, BifTable, Function};

/// All tables; a BIF's number is its place in them, one after the other.
pub const TABLES: &[&BifTable] = &[
    &erlang::external::TABLE,
    &erlang::hash::TABLE,
    &erlang::identity::TABLE,
    &erlang::dictionary::TABLE,
    &erlang::links::TABLE,
    &erlang::messages::TABLE,
    &erlang::names::TABLE,
    &erlang::process_info::TABLE,
    &erlang::processes::TABLE,
    &erlang::processes::internal::TABLE,
    &erlang::spawning::TABLE,
    &erlang::spawning::internal::TABLE,
    &erlang::timers::TABLE,
    &erlang::tracing::TABLE,
    &erlang::tracing::internal::TABLE,
    &erlang::ports::TABLE,
    &erlang::ports::internal::TABLE,
    &erlang::distribution::TABLE,
    &erlang::distribution::internal::TABLE,
    &maps::TABLE,
    &maps::guards::TABLE,
    &maps::internal::TABLE,
    &ram_file::TABLE,
    &re::TABLE,
    &records::TABLE,
    &atomics::internal::TABLE,
    &atomics::natives::TABLE,
    &binary::TABLE,
    &erlang::atoms::TABLE,
    &erlang::code::TABLE,
    &erlang::control::TABLE,
    &erlang::decode_packet::TABLE,
    &erlang::guards::TABLE,
    &erlang::info::TABLE,
    &erlang::loading::TABLE,
    &erlang::loading::internal::TABLE,
    &erlang::iolists::TABLE,
    &erlang::numbers::TABLE,
    &erlang::numbers::string::TABLE,
    &erlang::numbers::internal::TABLE,
    &erlang::names::internal::TABLE,
    &erlang::code::coverage::TABLE,
    &erlang::operators::TABLE,
    &erlang::time::TABLE,
    &erlang::tuples::TABLE,
    &lam_host::TABLE,
    &erl_tracer::TABLE,
    &erts::TABLE,
    &erts::debug::TABLE,
    &internal_state::TABLE,
    &erts::dynamic_trace::TABLE,
    &erts::error_logger::TABLE,
    &erts::io::TABLE,
    &erts::net_kernel::TABLE,
    &ets::counters::TABLE,
    &ets::info::TABLE,
    &ets::matching::TABLE,
    &ets::objects::TABLE,
    &ets::binaries::TABLE,
    &ets::tables::TABLE,
    &lists::TABLE,
    &match_spec::test::TABLE,
    &math::TABLE,
    &prim_buffer::TABLE,
    &prim_file::TABLE,
    &prim_file::file::TABLE,
    &os::TABLE,
    &persistent_term::TABLE,
    &persistent_term::internal::TABLE,
    &unicode::TABLE,
    &zlib::TABLE,
    &zlib_stream::TABLE,
];

/// How many rows there are.
pub const ROW_COUNT: usize = {
    let (mut count, mut table) = (0, 0);
    while table < TABLES.len() {
        count += TABLES[table].rows.len();
        table += 1;
    }
    count
};

/// The functions of all rows by number, apart from the rows and findable in a launcher: `lam build` takes out of a wasm launcher what
/// its program cannot call (`lam-cli/src/pack/shake.rs`).
#[repr(C)]
pub struct Functions {
    magic: [u8; 16],
    functions: [Option<Function>; ROW_COUNT],
}

/// What `Functions` begins with.
pub const FUNCTIONS_MAGIC: [u8; 16] = *b"\x9dLAM functions\xf2\x17";

#[used]
static FUNCTIONS: Functions = {
    let mut functions = [None; ROW_COUNT];
    let (mut number, mut table) = (0, 0);
    while table < TABLES.len() {
        let rows = TABLES[table].rows;
        let mut row = 0;
        while row < rows.len() {
            functions[number] = Some(rows[row].function);
            number += 1;
            row += 1;
        }
        table += 1;
    }
    Functions { magic: FUNCTIONS_MAGIC, functions }
};

/// A row as the machine calls it.
pub struct Row {
    pub bif: &'static Bif,
    pub module: &'static str,
    pub function: Function,
    /// False where `lam build` took the function out.
    is_here: bool,
}

/// Every row by number.
fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        // Not for the compiler to see through: a launcher is changed after it.
        let functions = &core::hint::black_box(&FUNCTIONS).functions;
        let rows = TABLES.iter().flat_map(|table| table.rows.iter().map(|row| (row, table.module)));
        let row = |((bif, module), function): ((&'static Bif, &'static str), &Option<Function>)| Row {
            bif,
            module,
            function: function.unwrap_or(left_out),
            is_here: function.is_some(),
        };
        rows.zip(functions).map(row).collect()
    })
}

/// In the place of a function that the program was said not to call.
fn left_out<'c>(call: &mut Call<'c>, _: &[Term<'c>]) -> BifResult<'c> {
    Err(call.error_with(am::LAM_UNSUPPORTED, Term::NIL))
}

/// The natives of OTP by name, `M:F/A` and the release that brought it a line: those that LAM lacks are told from functions that
/// nobody has.
const OTP_ROWS: &str = include_str!("otp_rows.txt");

/// The natives that a release of OTP has, as `M:F/A`.
pub fn rows_of_otp(release: u32) -> impl Iterator<Item = &'static str> {
    let rows = OTP_ROWS.lines().filter(|line| !line.starts_with('#')).map(str::split_whitespace);
    rows.filter_map(move |mut words| {
        let name = words.next()?;
        let since = words.next().map_or(0, |since| since.parse().unwrap_or(u32::MAX));
        (since <= release).then_some(name)
    })
}

/// The row of a BIF number, and its module.
#[inline]
pub fn bif_by_id(id: usize) -> &'static Row {
    &rows()[id]
}

/// Name and arity of the rows of a module, in their order.
pub fn bifs_of(module: &str) -> impl Iterator<Item = (&'static str, usize)> {
    let rows = rows().iter().filter(move |row| row.module == module);
    rows.map(|row| (row.bif.name, usize::from(row.bif.arity)))
}

/// The number of a BIF by name, where the linked OTP has it.
pub fn bif_by_name(module: &str, function: &str, arity: usize) -> Option<u16> {
    type Numbers = HashMap<(&'static str, &'static str, usize), u16>;
    static NUMBERS: OnceLock<Numbers> = OnceLock::new();
    let numbers = NUMBERS.get_or_init(|| {
        let release = crate::term::otp::release();
        let is_there = |row: &Row| row.is_here && row.bif.since <= release;
        let rows = rows().iter().enumerate().filter(|(_, row)| is_there(row));
        rows.map(|(id, row)| ((row.module, row.bif.name, usize::from(row.bif.arity)), id as u16)).collect()
    });
    numbers.get(&(module, function, arity)).copied()
}

/// Fingerprint of this machine: an image made for another one is refused.
pub fn machine_fingerprint() -> u64 {
    let version = [env!("CARGO_PKG_VERSION"), "layout 2"];
    let instructions = crate::isa::specific::ROWS.iter().flat_map(|row| [row.name, row.operands]);
    let atoms = crate::atom::well_known_texts().iter().copied();
    let bifs = rows().iter().flat_map(|row| [row.module, row.bif.name]);
    crate::image::format::fingerprint(version.into_iter().chain(instructions).chain(atoms).chain(bifs))
}

/// The BIFs as the loader asks for them.
pub struct Bifs;

impl crate::loader::check::Natives for Bifs {
    fn is_bif(&self, module: &str, function: &str, arity: u8) -> bool {
        bif_by_name(module, function, usize::from(arity)).is_some()
    }
}

impl crate::loader::specialise::Natives for Bifs {
    fn bif(&self, module: &str, function: &str, arity: usize) -> Option<u16> {
        bif_by_name(module, function, arity)
    }
    fn is_native_of_otp(&self, module: &str, function: &str, arity: usize) -> bool {
        let name = format!("{module}:{function}/{arity}");
        rows_of_otp(crate::term::otp::release()).any(|row| row == name)
    }
}
