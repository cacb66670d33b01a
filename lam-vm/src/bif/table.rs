//! Rows of BIFs and the macro that declares them.

use super::{BifResult, Call};
use crate::term::Term;

/// How a BIF may be called, after OTP's `bif.tab`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BifKind {
    /// Pure; allowed in guards.
    Guard,
    Plain,
    /// Counts reductions and may go on later.
    Yields,
    /// Must know where it was called from.
    Caller,
    DirtyCpu,
    DirtyIo,
}

/// The uniform shape; `args.len()` is the row's arity.
pub type Function = for<'c> fn(&mut Call<'c>, &[Term<'c>]) -> BifResult<'c>;

/// One row.
pub struct Bif {
    pub name: &'static str,
    pub arity: u8,
    pub kind: BifKind,
    /// The release of OTP that brought it; 0 for what every release has.
    pub since: u32,
    pub function: Function,
    /// For tests, which run its examples; a launcher need not carry it.
    #[cfg(test)]
    pub doc: &'static str,
}

/// The rows of one Erlang module (or of one subject of `erlang`).
pub struct BifTable {
    pub module: &'static str,
    pub rows: &'static [Bif],
}

/// The loader checked the arity. One place for all rows, for each would take bytes in every program.
#[cold]
pub fn wrong_arity() -> ! {
    unreachable!("a BIF is called with its row's arity")
}

/// Declares `pub static TABLE`: rows of docs, `[kind] "name"/arity = function, "OTP source";`. A release of OTP after the kind
/// (`[plain 27]`) is the first that has the row: with an older library it is not there.
///
/// Each function has the shape `fn f<'c>(call: &mut Call<'c>, args: [Term<'c>; ARITY]) -> BifResult<'c>`; another arity does
/// not compile.
macro_rules! bifs {
    (module $module:literal; $($(#[doc = $doc:literal])* [$kind:ident $($since:literal)?] $name:literal / $arity:literal = $function:path, $source:literal;)*) => {
        pub static TABLE: $crate::bif::BifTable = $crate::bif::BifTable {
            module: $module,
            rows: &[$({
                fn checked<'c>(call: &mut $crate::bif::Call<'c>, args: &[$crate::term::Term<'c>]) -> $crate::bif::BifResult<'c> {
                    let Ok(args) = <[$crate::term::Term<'c>; $arity]>::try_from(args) else { $crate::bif::table::wrong_arity() };
                    $function(call, args)
                }
                $crate::bif::Bif {
                    name: $name,
                    arity: $arity,
                    kind: $crate::bif::bifs!(@kind $kind),
                    since: 0 $(+ $since)?,
                    function: checked,
                    #[cfg(test)]
                    doc: concat!($($doc, "\n"),*),
                }
            }),*],
        };
    };
    (@kind guard) => { $crate::bif::BifKind::Guard };
    (@kind plain) => { $crate::bif::BifKind::Plain };
    (@kind yields) => { $crate::bif::BifKind::Yields };
    (@kind caller) => { $crate::bif::BifKind::Caller };
    (@kind dirty_cpu) => { $crate::bif::BifKind::DirtyCpu };
    (@kind dirty_io) => { $crate::bif::BifKind::DirtyIo };
}
pub(crate) use bifs;
