//! `ets`: tables. What several of its files ask: finding a table, and whether the caller may do what it wants.
//!
//! Errors are `badarg` with the causes that OTP's `erl_stdlib_errors` knows. A table argument that is not right is blamed first.

pub mod binaries;
pub mod counters;
pub mod info;
pub mod matching;
pub mod objects;
mod scan;
pub mod tables;
#[cfg(test)]
mod tests;

use core::ops::Deref;

use super::{Call, Stop};
use crate::atom::am;
use crate::ets::{Body, Table, TableHandle};
use crate::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};
use crate::term::Term;

/// A table found: by the caller's reference, which holds it, or by name.
pub(super) enum Found<'c> {
    Held(&'c Arc<Table>),
    Named(Arc<Table>),
}

impl Deref for Found<'_> {
    type Target = Arc<Table>;
    fn deref(&self) -> &Arc<Table> {
        match self {
            Found::Held(table) => table,
            Found::Named(table) => table,
        }
    }
}

/// Why there is no table.
pub(super) enum Lack {
    /// It is neither a name nor a reference of a table: `type`.
    Type,
    /// No such table (any more): `id`.
    Id,
}

impl Lack {
    pub(super) fn stop<'c>(self, call: &mut Call<'c>) -> Stop<'c> {
        call.badarg_cause(match self {
            Lack::Type => am::TYPE,
            Lack::Id => am::ID,
        })
    }
}

/// The table that a term names. It may be deleted already, which only its lock tells.
pub(super) fn find<'c>(call: &Call<'c>, table: Term<'c>) -> Result<Found<'c>, Lack> {
    if let Some(name) = table.as_atom() {
        return call.system().ets.by_name(name).map(Found::Named).ok_or(Lack::Id);
    }
    let reference = table.as_reference().ok_or(Lack::Type)?;
    if let Some(handle) = reference.resource::<TableHandle>() {
        return Ok(Found::Held(&handle.0));
    }
    // A reference that was written as text or bytes and read again holds nothing.
    call.system().ets.by_id(reference.id).map(Found::Named).ok_or(Lack::Type)
}

/// As `find`, raising.
pub(super) fn table<'c>(call: &mut Call<'c>, table: Term<'c>) -> Result<Found<'c>, Stop<'c>> {
    match find(call, table) {
        Ok(found) => Ok(found),
        Err(lack) => Err(lack.stop(call)),
    }
}

fn refusal<'c>(call: &mut Call<'c>, body: &Body) -> Stop<'c> {
    call.badarg_cause(if body.is_deleted { am::ID } else { am::ACCESS })
}

/// The table's body, to be read.
#[inline]
pub(super) fn read<'t, 'c>(call: &mut Call<'c>, table: &'t Table) -> Result<RwLockReadGuard<'t, Body>, Stop<'c>> {
    let body = table.body.read();
    let may_read = body.may_read(call.process().pid) || call.process().rare.settings.ets_super_user;
    if body.is_deleted || !may_read {
        return Err(refusal(call, &body));
    }
    Ok(body)
}

/// The table's body, to be changed.
#[inline]
pub(super) fn write<'t, 'c>(call: &mut Call<'c>, table: &'t Table) -> Result<RwLockWriteGuard<'t, Body>, Stop<'c>> {
    let body = table.body.write();
    if body.is_deleted || !body.may_write(call.process().pid) {
        return Err(refusal(call, &body));
    }
    Ok(body)
}

/// `'$end_of_table'`
pub(super) const fn end<'c>() -> Term<'c> {
    Term::atom(am::DOLLAR_END_OF_TABLE)
}
