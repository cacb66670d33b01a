//! Modules and functions of the program: what is there, and what it says of itself.

use crate::atom::{self, Atom, am};
use crate::bif::args::OrBadarg;
use crate::bif::{BifResult, Call, Stop, bif_by_name, bifs, bifs_of, rows_of_otp};
use crate::code::{Code, Deleted};
use crate::image::ModuleRow;
use crate::term::Term;

bifs! { module "erlang";
    /// All of `Module:module_info/0`.
    [plain] "get_module_info"/1 = get_module_info_1, "erts/emulator/beam/beam_load.c";
    /// One item of `Module:module_info/1`.
    [plain] "get_module_info"/2 = get_module_info_2, "erts/emulator/beam/beam_load.c";
    /// Whether the module exports the function (BIFs of `erlang` count).
    [plain] "function_exported"/3 = function_exported, "erts/emulator/beam/bif.c";
    /// Whether a module's code is there.
    [plain] "module_loaded"/1 = module_loaded, "erts/emulator/beam/bif.c";
    /// All modules that are there.
    [plain] "loaded"/0 = loaded, "erts/emulator/beam/beam_bif_load.c";
    /// Modules that the machine brings along.
    [plain] "pre_loaded"/0 = pre_loaded, "erts/emulator/beam/bif.c";
    /// Whether the function is a BIF written in the machine's language.
    [plain] "is_builtin"/3 = is_builtin, "erts/emulator/beam/bif.c";
    /// Natives are bound when building: `ok` for a module that has some, else as OTP answers when a library cannot be loaded.
    [plain] "load_nif"/2 = load_nif, "erts/emulator/beam/erl_nif.c";
    /// Runs the module's `on_load` function; its value is the call's. `badarg` when there is none.
    ///
    /// `erlang:call_on_load_function(nope_mod)` => `error:badarg`
    [plain] "call_on_load_function"/1 = call_on_load_function, "erts/emulator/beam/beam_bif_load.c";
    /// Keeps a module whose `on_load` function gave `ok`, takes it back otherwise.
    [plain] "finish_after_on_load"/2 = finish_after_on_load, "erts/emulator/beam/beam_bif_load.c";
    /// Whether there is an older version of the module.
    ///
    /// `erlang:check_old_code(nope)` => `false`
    /// `erlang:check_old_code(1)` => `error:badarg`
    [plain] "check_old_code"/1 = check_old_code, "erts/emulator/beam/beam_bif_load.c";
    /// Makes the module's code old: its exports are undefined, who runs it may go on. `badarg` where there is an older version.
    ///
    /// `erlang:delete_module(nope_mod)` => `undefined`
    /// `erlang:delete_module(1)` => `error:badarg`
    [plain] "delete_module"/1 = delete_module, "erts/emulator/beam/beam_bif_load.c";
}

fn module_row<'c>(call: &Call<'c>, module: Term<'c>) -> Result<&'static ModuleRow, Stop<'c>> {
    let name = module.as_atom().or_badarg()?;
    call.system().code.module(name).or_badarg()
}

fn mfa_pairs<'c>(call: &mut Call<'c>, functions: &[(Atom, usize)]) -> Term<'c> {
    let pairs: Vec<Term<'c>> = functions
        .iter()
        .map(|(name, arity)| {
            let arity = call.unsigned(*arity as u64);
            call.tuple(&[Term::atom(*name), arity])
        })
        .collect();
    call.list(&pairs)
}

fn exports<'c>(call: &mut Call<'c>, row: &'static ModuleRow) -> Term<'c> {
    let list: Vec<(Atom, usize)> =
        call.system().code.exports_of(row).iter().rev().map(|export| (export.function(), export.arity as usize)).collect();
    mfa_pairs(call, &list)
}

fn md5<'c>(call: &mut Call<'c>, row: &ModuleRow) -> Term<'c> {
    let bytes: Vec<u8> = row.md5.iter().flat_map(|half| half.to_le_bytes()).collect();
    call.binary(&bytes)
}

fn item<'c>(call: &mut Call<'c>, row: &'static ModuleRow, item: Atom) -> Option<Term<'c>> {
    Some(match item {
        am::MODULE => Term::atom(Atom::of_word(row.name)),
        am::EXPORTS => exports(call, row),
        am::FUNCTIONS => {
            let functions = call.system().code.functions_of(row);
            mfa_pairs(call, &functions)
        }
        am::ATTRIBUTES | am::COMPILE => {
            let [attributes, compile_info] = call.system().code.attributes_and_compile_info(Atom::of_word(row.name))?;
            call.literal(if item == am::ATTRIBUTES { attributes } else { compile_info })
        }
        am::MD5 => md5(call, row),
        am::NIFS => {
            let natives = natives_of(row);
            mfa_pairs(call, &natives)
        }
        am::NATIVE => Term::bool(false),
        name if name.text() == "native_addresses" => Term::NIL,
        _ => return None,
    })
}

/// Modules whose built-in functions are NIFs in OTP.
const NIF_MODULES: [&str; 4] = ["erl_tracer", "prim_buffer", "prim_file", "zlib"];

fn natives_of(row: &ModuleRow) -> Vec<(Atom, usize)> {
    let module = Atom::of_word(row.name).text();
    let natives = NIF_MODULES.contains(&module).then(|| bifs_of(module));
    // Some of their built-in functions are BIFs there, and some of `zlib` plain Erlang.
    let is_nif = |(name, arity): &(&str, usize)| {
        let is_row = rows_of_otp(u32::MAX).any(|row| row == format!("{module}:{name}/{arity}"));
        !is_row && (module != "zlib" || name.ends_with("_nif"))
    };
    natives.into_iter().flatten().filter(is_nif).map(|(name, arity)| (atom::intern_static(name), arity)).collect()
}

fn get_module_info_1<'c>(call: &mut Call<'c>, [module]: [Term<'c>; 1]) -> BifResult<'c> {
    let row = module_row(call, module)?;
    let mut pairs = Vec::new();
    for name in [am::MODULE, am::EXPORTS, am::ATTRIBUTES, am::COMPILE, am::MD5] {
        let value = item(call, row, name).expect("an item of the list");
        pairs.push(call.tuple(&[Term::atom(name), value]));
    }
    Ok(call.list(&pairs))
}

fn get_module_info_2<'c>(call: &mut Call<'c>, [module, name]: [Term<'c>; 2]) -> BifResult<'c> {
    let row = module_row(call, module)?;
    item(call, row, name.as_atom().or_badarg()?).or_badarg()
}

fn function_exported<'c>(call: &mut Call<'c>, [module, function, arity]: [Term<'c>; 3]) -> BifResult<'c> {
    let (module, function) = (module.as_atom().or_badarg()?, function.as_atom().or_badarg()?);
    let arity = arity.as_small().or_badarg()?;
    let Ok(arity) = usize::try_from(arity) else { return Ok(Term::bool(false)) };
    let found = call.system().code.export(module, function, arity).is_some_and(Code::is_defined)
        || bif_by_name(module.text(), function.text(), arity).is_some();
    Ok(Term::bool(found))
}

fn module_loaded<'c>(call: &mut Call<'c>, [module]: [Term<'c>; 1]) -> BifResult<'c> {
    let module = module.as_atom().or_badarg()?;
    Ok(Term::bool(call.system().code.module(module).is_some()))
}

fn loaded<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let names: Vec<Term<'c>> =
        call.system().code.all_modules().iter().map(|module| Term::atom(Atom::of_word(module.name))).collect();
    Ok(call.list(&names))
}

fn pre_loaded<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    const NAMES: [&str; 18] = [
        "atomics",
        "counters",
        "erl_init",
        "erl_prim_loader",
        "erl_tracer",
        "erlang",
        "erts_code_purger",
        "erts_dirty_process_signal_handler",
        "erts_internal",
        "erts_literal_area_collector",
        "init",
        "persistent_term",
        "prim_buffer",
        "prim_eval",
        "prim_file",
        "prim_inet",
        "prim_zip",
        "zlib",
    ];
    let names: Vec<Term<'c>> = NAMES.iter().map(|name| Term::atom(atom::intern_static(name))).collect();
    Ok(call.list(&names))
}

fn is_builtin<'c>(_: &mut Call<'c>, [module, function, arity]: [Term<'c>; 3]) -> BifResult<'c> {
    let (module, function) = (module.as_atom().or_badarg()?, function.as_atom().or_badarg()?);
    let arity = arity.as_usize().or_badarg()?;
    Ok(Term::bool(bif_by_name(module.text(), function.text(), arity).is_some()))
}

fn call_on_load_function<'c>(call: &mut Call<'c>, [module]: [Term<'c>; 1]) -> BifResult<'c> {
    let code = &call.system().code;
    let row = code.module_to_finish(module.as_atom().or_badarg()?).or_badarg()?;
    let entry = code.on_load_entry(row).or_badarg()?;
    Err(call.trap(entry, &[]))
}

fn finish_after_on_load<'c>(call: &mut Call<'c>, [module, keep]: [Term<'c>; 2]) -> BifResult<'c> {
    let (name, keep) = (module.as_atom().or_badarg()?, keep.as_bool().or_badarg()?);
    let code = &call.system().code;
    if !code.finish_on_load(name, keep) {
        let row = module_row(call, module)?;
        if !keep {
            code.refuse(row);
        }
    }
    Ok(Term::bool(true))
}

fn check_old_code<'c>(call: &mut Call<'c>, [module]: [Term<'c>; 1]) -> BifResult<'c> {
    let name = module.as_atom().or_badarg()?;
    Ok(Term::bool(call.system().code.old_module(name).is_some()))
}

fn delete_module<'c>(call: &mut Call<'c>, [module]: [Term<'c>; 1]) -> BifResult<'c> {
    match call.system().code.delete(module.as_atom().or_badarg()?) {
        Deleted::Done => Ok(Term::bool(true)),
        Deleted::NotThere => Ok(Term::atom(am::UNDEFINED)),
        Deleted::NotPurged => Err(Stop::BADARG),
    }
}

fn load_nif<'c>(call: &mut Call<'c>, [path, _info]: [Term<'c>; 2]) -> BifResult<'c> {
    let path = crate::bif::args::iolist_bytes(path).or_badarg()?;
    // LAM loads no native libraries: they are never found.
    let path = String::from_utf8_lossy(&path);
    let text = format!("Failed to load NIF library: '{path}.so: cannot open shared object file: No such file or directory'");
    let text = call.charlist(&text);
    let reason = call.tuple(&[Term::atom(atom::intern_static("load_failed")), text]);
    Ok(call.tuple(&[Term::atom(am::ERROR), reason]))
}

/// `code`: whether the machine counts what is executed: it does not.
pub mod coverage {
    use super::*;

    bifs! { module "code";
        /// `false`
        [plain 27] "coverage_support"/0 = coverage_support, "erts/emulator/beam/beam_bif_load.c";
        /// `none`
        [plain 27] "get_coverage_mode"/0 = get_coverage_mode, "erts/emulator/beam/beam_bif_load.c";
    }

    fn coverage_support<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
        Ok(Term::bool(false))
    }

    fn get_coverage_mode<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
        Ok(Term::atom(am::NONE))
    }
}
