//! Raising, applying, and asking about funs.

use crate::atom::am;
use crate::bif::args::OrBadarg;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::term::{FunEntry, Term};

bifs! { module "erlang";
    /// Calls `Fun` with the elements of `Args`.
    [plain] "apply"/2 = apply_2, "erts/emulator/beam/bif.tab";
    /// Calls `Module:Function` with the elements of `Args`.
    [plain] "apply"/3 = apply_3, "erts/emulator/beam/bif.tab";
    /// Raises `error:Reason`.
    ///
    /// `erlang:error(x)` => `error:x`
    [plain] "error"/1 = error_1, "erts/emulator/beam/bif.c";
    /// As `error/1`, and the caller's frame shows `Args`.
    [plain] "error"/2 = error_2, "erts/emulator/beam/bif.c";
    /// As `error/2`, with options such as `{error_info, Map}`.
    [plain] "error"/3 = error_3, "erts/emulator/beam/bif.c";
    /// Raises `throw:Term`.
    ///
    /// `erlang:throw(x)` => `throw:x`
    [plain] "throw"/1 = throw, "erts/emulator/beam/bif.c";
    /// Raises `exit:Reason`.
    ///
    /// `erlang:exit(x)` => `exit:x`
    [plain] "exit"/1 = exit, "erts/emulator/beam/bif.c";
    /// Raises with a stack trace given; `badarg` (as a value) when an argument is not right.
    [plain] "raise"/3 = raise, "erts/emulator/beam/bif.c";
    /// What a native's Erlang body does when the native is not there.
    [plain] "nif_error"/1 = nif_error_1, "erts/emulator/beam/bif.c";
    /// As `nif_error/1`, with arguments.
    [plain] "nif_error"/2 = nif_error_2, "erts/emulator/beam/bif.c";
    /// One item of information about a fun.
    [plain] "fun_info"/2 = fun_info, "erts/emulator/beam/erl_bif_info.c";
    /// `{Module, Name, Arity}` of a local fun.
    [plain] "fun_info_mfa"/1 = fun_info_mfa, "erts/emulator/beam/erl_bif_info.c";
    /// `fun Module:Function/Arity`
    [plain] "make_fun"/3 = make_fun, "erts/emulator/beam/bif.c";
}

fn apply_2<'c>(call: &mut Call<'c>, [fun, args]: [Term<'c>; 2]) -> BifResult<'c> {
    let list = args;
    let args = args.list_to_vec().or_badarg()?;
    if args.len() > 255 {
        if !fun.is_fun() {
            return Err(call.error_with(am::BADFUN, fun));
        }
        let pair = call.tuple(&[fun, list]);
        return Err(call.error_with(am::BADARITY, pair));
    }
    Err(call.apply_fun(fun, &args))
}

fn apply_3<'c>(call: &mut Call<'c>, [module, function, args]: [Term<'c>; 3]) -> BifResult<'c> {
    let args = args.list_to_vec().or_badarg()?;
    if module.as_atom().is_none() || function.as_atom().is_none() {
        return Err(Stop::BADARG);
    }
    if args.len() > 255 {
        // No function has so many arguments.
        let args = call.list(&args);
        let frame = call.tuple(&[module, function, args, Term::NIL]);
        let stacktrace = call.list(&[frame]);
        return Err(Stop::Raise { class: am::ERROR, reason: Term::atom(am::UNDEF), stacktrace });
    }
    Err(call.apply(module, function, &args))
}

fn error_1<'c>(_: &mut Call<'c>, [reason]: [Term<'c>; 1]) -> BifResult<'c> {
    Err(Stop::ErrorArgs { reason, args: Term::atom(am::NONE), options: Term::NIL })
}

fn error_2<'c>(_: &mut Call<'c>, [reason, args]: [Term<'c>; 2]) -> BifResult<'c> {
    Err(Stop::ErrorArgs { reason, args, options: Term::NIL })
}

fn error_3<'c>(_: &mut Call<'c>, [reason, args, options]: [Term<'c>; 3]) -> BifResult<'c> {
    let mut list = options.iter_list();
    let options_fit = list.by_ref().all(|option| {
        option.as_tuple_of().is_some_and(|[key, value]: [Term<'c>; 2]| key.is_atom(am::ERROR_INFO) && value.is_map())
    });
    // Options that are not right are as good as none.
    let options = if options_fit && list.rest.is_nil() { options } else { Term::NIL };
    Err(Stop::ErrorArgs { reason, args, options })
}

/// Unlike `error`, its own frame stands first.
fn nif_error_1<'c>(_: &mut Call<'c>, [reason]: [Term<'c>; 1]) -> BifResult<'c> {
    Err(Stop::Error(reason))
}

fn nif_error_2<'c>(_: &mut Call<'c>, [reason, _]: [Term<'c>; 2]) -> BifResult<'c> {
    Err(Stop::Error(reason))
}

fn throw<'c>(_: &mut Call<'c>, [reason]: [Term<'c>; 1]) -> BifResult<'c> {
    Err(Stop::Throw(reason))
}

fn exit<'c>(_: &mut Call<'c>, [reason]: [Term<'c>; 1]) -> BifResult<'c> {
    Err(Stop::Exit(reason))
}

fn raise<'c>(call: &mut Call<'c>, [class, reason, stacktrace]: [Term<'c>; 3]) -> BifResult<'c> {
    let class = match class.as_atom() {
        Some(class @ (am::ERROR | am::EXIT | am::THROW)) => class,
        _ => return Ok(Term::atom(am::BADARG)),
    };
    let Some(frames) = stacktrace.list_to_vec() else { return Ok(Term::atom(am::BADARG)) };
    let mut checked = Vec::with_capacity(frames.len());
    for frame in frames {
        match checked_frame(call, frame) {
            Some(frame) => checked.push(frame),
            None => return Ok(Term::atom(am::BADARG)),
        }
    }
    checked.truncate(call.system().backtrace_depth());
    let stacktrace = call.list(&checked);
    Err(Stop::Raise { class, reason, stacktrace })
}

/// A frame as stack traces have them: `{M, F, A}` and `{Fun, Args}` get an empty location.
fn checked_frame<'c>(call: &mut Call<'c>, frame: Term<'c>) -> Option<Term<'c>> {
    let elements = frame.as_tuple()?.elements;
    match elements {
        [module, function, arity] if function.as_atom().is_some() => {
            valid_mfa(*module, *function, *arity)?;
            Some(call.tuple(&[*module, *function, *arity, Term::NIL]))
        }
        [module, function, arity, location] => {
            valid_mfa(*module, *function, *arity)?;
            location.list_length()?;
            Some(frame)
        }
        [fun, args] if fun.is_fun() => {
            args.list_length()?;
            Some(call.tuple(&[*fun, *args, Term::NIL]))
        }
        [fun, args, location] if fun.is_fun() => {
            args.list_length()?;
            location.list_length()?;
            Some(frame)
        }
        _ => None,
    }
}

fn valid_mfa<'c>(module: Term<'c>, function: Term<'c>, arity: Term<'c>) -> Option<()> {
    module.as_atom()?;
    function.as_atom()?;
    (arity.as_small().is_some_and(|arity| arity >= 0) || arity.list_length().is_some()).then_some(())
}

fn fun_info<'c>(call: &mut Call<'c>, [fun, item]: [Term<'c>; 2]) -> BifResult<'c> {
    let item = item.as_atom().or_badarg()?;
    let name = Term::atom(item);
    let value = if let Some(local) = fun.as_fun() {
        let entry = local.entry;
        match item.text() {
            "type" => Term::atom(am::LOCAL),
            "pid" => local.creator,
            "module" => Term::atom(entry.module()),
            "name" if entry.function == FunEntry::NO_NAME => Term::NIL,
            "name" => Term::atom(entry.function()),
            "arity" => call.unsigned(entry.arity),
            "env" => call.list(local.env),
            "index" | "new_index" => call.unsigned(entry.index),
            "uniq" => call.unsigned(entry.old_uniq),
            "new_uniq" => {
                let bytes: Vec<u8> = entry.uniq.iter().flat_map(|half| half.to_le_bytes()).collect();
                call.binary(&bytes)
            }
            "refc" => Term::small(1).expect("small"),
            _ => return Err(Stop::BADARG),
        }
    } else {
        let export = fun.as_export().or_badarg()?;
        match item.text() {
            "type" => Term::atom(am::EXTERNAL),
            "module" => Term::atom(export.module()),
            "name" => Term::atom(export.function()),
            "arity" => call.unsigned(export.arity),
            "env" => Term::NIL,
            "pid" | "index" | "new_index" | "uniq" | "new_uniq" | "refc" => Term::atom(am::UNDEFINED),
            _ => return Err(Stop::BADARG),
        }
    };
    Ok(call.tuple(&[name, value]))
}

fn fun_info_mfa<'c>(call: &mut Call<'c>, [fun]: [Term<'c>; 1]) -> BifResult<'c> {
    let (module, function, arity) = match (fun.as_fun(), fun.as_export()) {
        (Some(local), _) if local.entry.function == FunEntry::NO_NAME => (local.entry.module(), Term::NIL, local.entry.arity),
        (Some(local), _) => (local.entry.module(), Term::atom(local.entry.function()), local.entry.arity),
        (_, Some(export)) => (export.module(), Term::atom(export.function()), export.arity),
        _ => return Err(Stop::BADARG),
    };
    let arity = call.unsigned(arity);
    Ok(call.tuple(&[Term::atom(module), function, arity]))
}

fn make_fun<'c>(call: &mut Call<'c>, [module, function, arity]: [Term<'c>; 3]) -> BifResult<'c> {
    let (module, function) = (module.as_atom().or_badarg()?, function.as_atom().or_badarg()?);
    let arity = arity.as_usize().filter(|arity| *arity <= 255).or_badarg()?;
    let export = call.system().code.export_or_undefined(module, function, arity);
    Ok(call.export_fun(export))
}
