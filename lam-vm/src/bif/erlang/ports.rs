//! Ports, of which LAM has none yet.

use crate::atom::am;
use crate::bif::{BifResult, Call, bifs};
use crate::term::Term;

bifs! { module "erlang";
    /// `erlang:ports()` => `[]`
    [plain] "ports"/0 = ports, "erts/emulator/beam/erl_bif_port.c";
}

/// `erts_internal`
pub mod internal {
    use super::{bifs, port_info};

    bifs! { module "erts_internal";
        /// What is known of a port: there is none.
        [plain] "port_info"/1 = port_info, "erts/emulator/beam/erl_bif_port.c";
    }
}

fn ports<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(Term::NIL)
}

fn port_info<'c>(_: &mut Call<'c>, [port]: [Term<'c>; 1]) -> BifResult<'c> {
    let is_port = port.as_atom().is_some() || port.is_port();
    Ok(Term::atom(if is_port { am::UNDEFINED } else { am::BADARG }))
}
