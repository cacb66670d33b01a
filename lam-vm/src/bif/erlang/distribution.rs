//! Distribution, which LAM does not do yet: this node has no name and no connection.

use crate::atom;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::term::Term;

bifs! { module "erlang";
    /// Names this node: `badarg`, for the machine has no distribution.
    [plain] "setnode"/2 = setnode, "erts/emulator/beam/dist.c";
    /// Counts of a connection: there is none.
    [plain] "dist_get_stat"/1 = dist_get_stat, "erts/emulator/beam/dist.c";
}

/// `erts_internal`
pub mod internal {
    use super::{bifs, get_dflags};

    bifs! { module "erts_internal";
        /// What a connection could do.
        [plain] "get_dflags"/0 = get_dflags, "erts/emulator/beam/dist.c";
    }
}

fn setnode<'c>(_: &mut Call<'c>, [_, _]: [Term<'c>; 2]) -> BifResult<'c> {
    Err(Stop::BADARG)
}

fn dist_get_stat<'c>(_: &mut Call<'c>, [_]: [Term<'c>; 1]) -> BifResult<'c> {
    Err(Stop::BADARG)
}

fn get_dflags<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let none = call.integer(0);
    Ok(call.tuple(&[Term::atom(atom::intern_static("erts_dflags")), none, none, none, none, none]))
}
