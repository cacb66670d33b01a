//! Terms to and from the external format.

use crate::atom::{Atom, am};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::code::Code;
use crate::heap::external::{self, DEFAULT_LEVEL, EncodeOptions};
use crate::heap::external_decode::{self, DecodeError, DecodeOptions, Links, UnknownFun};
use crate::term::{Export, FunEntry, Term};

bifs! { module "erlang";
    /// The term as a binary in the external format.
    ///
    /// `erlang:term_to_binary([])` => `<<131, 106>>`
    [plain] "term_to_binary"/1 = term_to_binary, "erts/emulator/beam/external.c";
    /// As `term_to_binary/1`, with `compressed`, `{compressed, 0..9}`, `{minor_version, 0..2}`, `deterministic`.
    ///
    /// `erlang:term_to_binary(a, [{minor_version, 2}])` => `<<131, 119, 1, 97>>`
    [plain] "term_to_binary"/2 = term_to_binary_options, "erts/emulator/beam/external.c";
    /// The external format as a list of binaries.
    [plain] "term_to_iovec"/1 = term_to_iovec, "erts/emulator/beam/external.c";
    /// As `term_to_iovec/1`, with options as `term_to_binary/2`.
    [plain] "term_to_iovec"/2 = term_to_iovec_options, "erts/emulator/beam/external.c";
    /// The term of a binary in the external format; bytes after it are ignored.
    ///
    /// `erlang:binary_to_term(<<131, 97, 7>>)` => `7`
    [plain] "binary_to_term"/1 = binary_to_term, "erts/emulator/beam/external.c";
    /// As `binary_to_term/1`; `safe` makes no atoms, `used` gives `{Term, Used}`.
    ///
    /// `erlang:binary_to_term(<<131, 97, 7, 0>>, [used])` => `{7, 3}`
    [plain] "binary_to_term"/2 = binary_to_term_options, "erts/emulator/beam/external.c";
    /// The size that `term_to_binary/1` gives.
    ///
    /// `erlang:external_size([])` => `2`
    [plain] "external_size"/1 = external_size, "erts/emulator/beam/external.c";
    /// As `external_size/1`, with `{minor_version, 0..2}`.
    [plain] "external_size"/2 = external_size_options, "erts/emulator/beam/external.c";
}

/// Bytes that one reduction pays for.
const BYTES_A_REDUCTION: usize = 256;

impl Links for Code {
    fn export(&self, module: Atom, function: Atom, arity: usize, existing: bool) -> Option<&'static Export> {
        if existing {
            return Code::export(self, module, function, arity).filter(|export| Code::is_defined(export));
        }
        Some(self.export_or_undefined(module, function, arity))
    }
    fn fun(&self, module: Atom, index: u32, old_uniq: u32, _uniq: [u8; 16]) -> Option<&'static FunEntry> {
        Code::fun(self, module, index, old_uniq)
    }
    fn unknown_fun(&self, fun: UnknownFun) -> Option<&'static FunEntry> {
        Code::unknown_fun(self, fun)
    }
}

fn encode<'c>(call: &mut Call<'c>, term: Term<'c>, options: EncodeOptions) -> Term<'c> {
    let bytes = external::encode(term, options);
    call.bump((bytes.len() / BYTES_A_REDUCTION) as i64);
    call.binary(&bytes)
}

/// A `{minor_version, N}`, applied; `None` for anything else.
fn minor_version(option: Term<'_>, options: &mut EncodeOptions) -> Option<()> {
    let [name, version] = option.as_tuple_of::<2>()?;
    if !name.is_atom(am::MINOR_VERSION) {
        return None;
    }
    (options.text_floats, options.utf8_atoms) = match version.as_small()? {
        0 => (true, false),
        1 => (false, false),
        2 => (false, true),
        _ => return None,
    };
    Some(())
}

fn encode_option(option: Term<'_>, options: &mut EncodeOptions) -> Option<()> {
    if option.is_atom(am::COMPRESSED) {
        options.compressed = DEFAULT_LEVEL;
        return Some(());
    }
    if option.is_atom(am::DETERMINISTIC) {
        options.deterministic = true;
        return Some(());
    }
    if let Some([name, level]) = option.as_tuple_of::<2>()
        && name.is_atom(am::COMPRESSED)
    {
        options.compressed = level.as_small().filter(|level| (0..10).contains(level))? as u32;
        return Some(());
    }
    minor_version(option, options)
}

fn options_of<'c>(list: Term<'c>, apply: fn(Term<'_>, &mut EncodeOptions) -> Option<()>) -> Result<EncodeOptions, Stop<'c>> {
    let mut options = EncodeOptions::default();
    let mut elements = list.iter_list();
    let all = elements.by_ref().try_for_each(|option| apply(option, &mut options));
    if all.is_some() && elements.rest.is_nil() { Ok(options) } else { Err(Stop::BADARG) }
}

fn term_to_binary<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(encode(call, term, EncodeOptions::default()))
}

fn term_to_binary_options<'c>(call: &mut Call<'c>, [term, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let options = options_of(options, encode_option)?;
    Ok(encode(call, term, options))
}

fn term_to_iovec<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    let binary = encode(call, term, EncodeOptions::default());
    Ok(call.list(&[binary]))
}

fn term_to_iovec_options<'c>(call: &mut Call<'c>, [term, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let options = options_of(options, encode_option)?;
    let binary = encode(call, term, options);
    Ok(call.list(&[binary]))
}

fn decode<'c>(call: &mut Call<'c>, binary: Term<'c>, options: DecodeOptions) -> Result<(Term<'c>, usize), Stop<'c>> {
    let bytes = binary.to_bytes().ok_or(Stop::BADARG)?;
    call.bump((bytes.len() / BYTES_A_REDUCTION) as i64);
    let system = call.system();
    external_decode::decode(call, &bytes, options, &system.code).map_err(|error| match error {
        DecodeError::AtomLimit => super::atoms::table_full(call),
        _ => Stop::BADARG,
    })
}

fn binary_to_term<'c>(call: &mut Call<'c>, [binary]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(decode(call, binary, DecodeOptions::default())?.0)
}

fn binary_to_term_options<'c>(call: &mut Call<'c>, [binary, list]: [Term<'c>; 2]) -> BifResult<'c> {
    let mut options = DecodeOptions::default();
    let mut wants_used = false;
    let mut elements = list.iter_list();
    let all_known = elements.by_ref().all(|option| {
        options.safe |= option.is_atom(am::SAFE);
        wants_used |= option.is_atom(am::USED);
        option.is_atom(am::SAFE) || option.is_atom(am::USED)
    });
    if !all_known || !elements.rest.is_nil() {
        return Err(call.badarg_cause(am::BADOPT));
    }
    let (term, used) = decode(call, binary, options)?;
    if !wants_used {
        return Ok(term);
    }
    let used = call.integer(used as i64);
    Ok(call.tuple(&[term, used]))
}

fn external_size<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    let size = external::encoded_size(term, EncodeOptions::default());
    Ok(call.integer(size as i64))
}

fn external_size_options<'c>(call: &mut Call<'c>, [term, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let options = options_of(options, minor_version)?;
    let size = external::encoded_size(term, options);
    Ok(call.integer(size as i64))
}
