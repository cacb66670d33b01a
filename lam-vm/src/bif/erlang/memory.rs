//! What `erlang:memory/0,1` adds up.
//!
//! OTP's own code asks each thread for the blocks of its allocators, and the machine for areas beside them. Here one answer tells
//! of all threads: blocks of processes, of binaries, of tables; and what else there is comes as an area.

use crate::atom;
use crate::bif::Call;
use crate::heap::HEAP_BYTES;
use crate::platform::failure;
use crate::process::control::Control;
use crate::process::{OwnedTerm, Process};
use crate::system::System;
use crate::term::{BUFFER_BYTES, Term};

/// Bytes that an atom takes, about: its text, its rows in the table.
const ATOM_BYTES: i64 = 40;

/// Bytes of processes, of binaries off-heap, of tables.
fn parts(system: &System) -> [(&'static str, i64); 3] {
    let rows = system.processes.count() * (size_of::<Process>() + size_of::<Control>());
    let tables: usize = system.ets.all().iter().map(|table| 8 * table.body.read().store.words()).sum();
    [("eheap_alloc", HEAP_BYTES.sum() + rows as i64), ("binary_alloc", BUFFER_BYTES.sum()), ("ets_alloc", tables as i64)]
}

/// Sends the caller `{Ref, 0, Allocators}`, in the shape of one thread's answer to `memory_internal`.
pub fn answer<'c>(call: &mut Call<'c>, reference: Term<'c>) {
    let system = call.system();
    let pid = call.process().pid;
    let parts = parts(system);
    let reference = OwnedTerm::of(reference);
    let message = OwnedTerm::build(|heap| {
        let atom = |name: &'static str| Term::atom(atom::intern_static(name));
        let allocators = parts.map(|(name, bytes)| {
            let bytes = heap.integer(bytes.max(0));
            let size = heap.tuple(&[atom("size"), bytes]);
            let sizes = heap.list(&[size]);
            let kind = heap.tuple(&[atom(name), sizes]);
            let kinds = heap.list(&[kind]);
            let blocks = heap.tuple(&[atom("blocks"), kinds]);
            let blocks = heap.list(&[blocks]);
            let carriers = heap.tuple(&[atom("mbcs"), blocks]);
            let carriers = heap.list(&[carriers]);
            let zero = heap.integer(0);
            heap.tuple(&[atom(name), zero, carriers])
        });
        let (reference, zero, allocators) = (heap.copy(reference.term()), heap.integer(0), heap.list(&allocators));
        heap.tuple(&[reference, zero, allocators])
    });
    system.processes.send_message(pid, pid, message);
}

/// Areas beside those: `external_alloc` is what the machine holds and no part names.
pub fn allocated_areas<'c>(call: &mut Call<'c>) -> Term<'c> {
    let atoms = i64::from(atom::count()) * ATOM_BYTES;
    let (_, persistent_words) = call.system().persistent_terms.totals();
    let persistent = 8 * persistent_words as i64;
    let told: i64 = parts(call.system()).iter().map(|part| part.1).sum();
    let rest = (failure::bytes_in_use() as i64 - told).max(atoms + persistent);
    let mut list: Vec<Term<'c>> = Vec::new();
    for (name, bytes) in [("external_alloc", rest), ("persistent_terms", persistent)] {
        let bytes = call.integer(bytes);
        list.push(call.tuple(&[Term::atom(atom::intern_static(name)), bytes]));
    }
    let used = call.integer(atoms);
    list.push(call.tuple(&[Term::atom(atom::intern_static("atom_space")), used, used]));
    call.list(&list)
}
