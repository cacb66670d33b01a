//! Loading modules while the machine runs: `erts_internal:prepare_loading/2`, `erlang:finish_loading/1` and their kin.
//!
//! Preparing is all the work of the loader: the file is taken apart, checked and made specific. Finishing puts it into memory and makes
//! it current.

use std::sync::Arc;

use crate::atom::{self, am};
use crate::bif::args::OrBadarg;
use crate::bif::{BifResult, Bifs, Call, Stop, bifs};
use crate::code::LoadRefusal;
use crate::heap::external::VERSION;
use crate::heap::external_scan;
use crate::heap::resource::Resource;
use crate::isa::emit::ModuleCode;
use crate::loader::{self, BeamFile, LoadError, beam_file, specialise};
use crate::term::Term;

bifs! { module "erlang";
    /// Makes prepared modules current: `ok`, or `{not_purged, Modules}`, `{duplicated, Modules}`, `{on_load, Modules}` and none is.
    /// `system_limit` where one of several has an `on_load` function.
    ///
    /// `erlang:finish_loading([])` => `ok`
    /// `erlang:finish_loading([a])` => `error:badarg`
    [plain] "finish_loading"/1 = finish_loading, "erts/emulator/beam/beam_bif_load.c";
    /// Whether a prepared module has an `on_load` function.
    ///
    /// `erlang:has_prepared_code_on_load(a)` => `error:badarg`
    [plain] "has_prepared_code_on_load"/1 = has_prepared_code_on_load, "erts/emulator/beam/beam_bif_load.c";
}

/// `erts_internal`
pub mod internal {
    use super::{beamfile_chunk, beamfile_module_md5, bifs, prepare_loading, purge_module_2};

    bifs! { module "erts_internal";
        /// A reference to the module, checked and ready, or `{error, badfile}`.
        ///
        /// `erts_internal:prepare_loading(a, <<>>)` => `{error, badfile}`
        /// `erts_internal:prepare_loading(1, <<>>)` => `error:badarg`
        [plain] "prepare_loading"/2 = prepare_loading, "erts/emulator/beam/beam_bif_load.c";
        /// A chunk of a `.beam` file by its name, or `undefined`.
        ///
        /// `erts_internal:beamfile_chunk(<<>>, "Code")` => `undefined`
        /// `erts_internal:beamfile_chunk(a, b)` => `error:badarg`
        [plain] "beamfile_chunk"/2 = beamfile_chunk, "erts/emulator/beam/beam_bif_load.c";
        /// The checksum of the module in a `.beam` file, or `undefined`.
        ///
        /// `erts_internal:beamfile_module_md5(<<>>)` => `undefined`
        /// `erts_internal:beamfile_module_md5(a)` => `error:badarg`
        [plain] "beamfile_module_md5"/1 = beamfile_module_md5, "erts/emulator/beam/beam_bif_load.c";
        /// Drops a module's old code (`complete`), whoever runs it: no other process but the purger may call it in OTP.
        ///
        /// `erts_internal:purge_module(nope, x)` => `error:notsup`
        [plain] "purge_module"/2 = purge_module_2, "erts/emulator/beam/beam_bif_load.c";
    }
}

/// A module that waits to be put into memory.
struct Prepared {
    file: BeamFile,
    code: ModuleCode,
}

/// What one reduction pays for.
const BYTES_A_REDUCTION: usize = 64;

/// Whether a chunk that holds a term is empty or starts with one, which is not compressed.
fn is_term_or_empty(chunk: &[u8]) -> bool {
    match chunk.split_first() {
        Some((&VERSION, body)) => external_scan::is_term(body),
        Some(_) => false,
        None => true,
    }
}

fn prepare(bytes: &[u8]) -> Result<Prepared, LoadError> {
    let file = BeamFile::parse(bytes)?;
    for (what, chunk) in [("the attributes", &file.attributes), ("the compilation information", &file.compile_info)] {
        if !is_term_or_empty(chunk) {
            return Err(LoadError::corrupt(what, "no external term"));
        }
    }
    let facts = loader::check(&file, &Bifs)?;
    let code = specialise::transform(&file, &Bifs, &facts, &|_| true)?;
    Ok(Prepared { file, code })
}

fn prepare_loading<'c>(call: &mut Call<'c>, [module, bytes]: [Term<'c>; 2]) -> BifResult<'c> {
    let name = module.as_atom().or_badarg()?;
    let bytes = bytes.to_bytes().or_badarg()?;
    call.bump((bytes.len() / BYTES_A_REDUCTION) as i64);
    match prepare(&bytes) {
        Ok(prepared) if prepared.file.module() == name.text() => {
            let id = call.system().unique.reference();
            Ok(call.resource(Arc::new(Resource { data: Box::new(prepared) }), id))
        }
        _ => Ok(call.tuple(&[Term::atom(am::ERROR), Term::atom(atom::intern_static("badfile"))])),
    }
}

fn prepared_of<'c>(term: Term<'c>) -> Result<&'c Prepared, Stop<'c>> {
    term.as_reference().and_then(|reference| reference.resource::<Prepared>()).or_badarg()
}

fn has_on_load(prepared: &Prepared) -> bool {
    prepared.file.code.functions.iter().any(|function| function.is_on_load)
}

fn has_prepared_code_on_load<'c>(_: &mut Call<'c>, [prepared]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(Term::bool(has_on_load(prepared_of(prepared)?)))
}

/// `{Why, Modules}`
fn refusal<'c>(call: &mut Call<'c>, why: &'static str, modules: &[&Prepared]) -> BifResult<'c> {
    let names: Vec<Term<'c>> = modules.iter().filter_map(|one| atom::intern(one.file.module()).ok()).map(Term::atom).collect();
    let names = call.list(&names);
    Ok(call.tuple(&[Term::atom(atom::intern_static(why)), names]))
}

fn finish_loading<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    let terms = list.list_to_vec().or_badarg()?;
    let modules = terms.iter().map(|term| prepared_of(*term)).collect::<Result<Vec<&Prepared>, _>>()?;
    let is_again = |index: &usize| modules[..*index].iter().any(|other| other.file.module() == modules[*index].file.module());
    let duplicated: Vec<&Prepared> = (0..modules.len()).filter(is_again).map(|index| modules[index]).collect();
    if !duplicated.is_empty() {
        return refusal(call, "duplicated", &duplicated);
    }
    let with_on_load: Vec<&Prepared> = modules.iter().copied().filter(|one| has_on_load(one)).collect();
    if modules.len() > 1 && !with_on_load.is_empty() {
        return Err(Stop::SYSTEM_LIMIT);
    }
    let code = &call.system().code;
    let has_old = |one: &&Prepared| atom::lookup(one.file.module()).is_some_and(|name| code.would_lose_old(name));
    let not_purged: Vec<&Prepared> = modules.iter().copied().filter(has_old).collect();
    if !not_purged.is_empty() {
        return refusal(call, "not_purged", &not_purged);
    }
    for one in modules {
        match code.load(&one.file, &one.code) {
            Some(Ok(())) => {}
            Some(Err(LoadRefusal::NotPurged)) => return refusal(call, "not_purged", &[one]),
            Some(Err(LoadRefusal::OnLoad)) => return refusal(call, "on_load", &[one]),
            None => return Err(Stop::BADARG),
        }
    }
    Ok(Term::atom(am::OK))
}

fn purge_module_2<'c>(call: &mut Call<'c>, [module, step]: [Term<'c>; 2]) -> BifResult<'c> {
    let name = module.as_atom().or_badarg()?;
    match step.as_atom() {
        Some(step) if step.text() == "complete" => Ok(Term::bool(call.system().code.purge(name))),
        _ => Err(Stop::Error(Term::atom(atom::intern_static("notsup")))),
    }
}

/// A name of four Latin-1 characters.
fn chunk_name(name: Term<'_>) -> Option<[u8; 4]> {
    let bytes = name
        .list_to_vec()?
        .iter()
        .map(|byte| byte.as_small().and_then(|byte| u8::try_from(byte).ok()))
        .collect::<Option<Vec<u8>>>()?;
    bytes.try_into().ok()
}

fn beamfile_chunk<'c>(call: &mut Call<'c>, [bytes, name]: [Term<'c>; 2]) -> BifResult<'c> {
    let (bytes, name) = (bytes.to_bytes().or_badarg()?, chunk_name(name).or_badarg()?);
    match beam_file::chunk(&bytes, name) {
        Ok(Some(data)) => Ok(call.binary(data)),
        _ => Ok(Term::atom(am::UNDEFINED)),
    }
}

fn beamfile_module_md5<'c>(call: &mut Call<'c>, [bytes]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = bytes.to_bytes().or_badarg()?;
    match beam_file::module_md5(&bytes) {
        Ok(md5) => Ok(call.binary(&md5)),
        Err(_) => Ok(Term::atom(am::UNDEFINED)),
    }
}
