//! `os`: environment, process number, and the host's clocks as they are.

use super::args::OrBadarg;
use super::erlang::time::{UNITS_A_SECOND, in_unit, stamp};
use super::{BifResult, Call, Stop, bifs};
use crate::atom::am;
use crate::platform;
use crate::platform::types::Disposition;
use crate::term::Term;

bifs! { module "os";
    /// The value of an environment variable as characters, or `false`.
    ///
    /// `os:getenv("LAM_NO_SUCH_VARIABLE")` => `false`
    /// `os:getenv(a)` => `error:badarg`
    [plain] "getenv"/1 = getenv, "erts/emulator/beam/erl_bif_os.c";
    /// Sets an environment variable. `badarg` where the name holds `=`, or either holds a zero.
    ///
    /// `os:putenv("LAM=X", "1")` => `error:badarg`
    /// `os:putenv("LAM_TEST_PUTENV", "1")` => `true`
    [plain] "putenv"/2 = putenv, "erts/emulator/beam/erl_bif_os.c";
    /// Forgets an environment variable.
    ///
    /// `os:unsetenv("LAM_TEST_UNSETENV")` => `true`
    /// `os:unsetenv("A=")` => `error:badarg`
    [plain] "unsetenv"/1 = unsetenv, "erts/emulator/beam/erl_bif_os.c";
    /// All environment variables as `{Name, Value}`.
    [plain] "env"/0 = env, "erts/emulator/beam/erl_bif_os.c";
    /// The host's number of this program, as characters.
    [plain] "getpid"/0 = getpid, "erts/emulator/beam/erl_bif_os.c";
    /// The host's system time as `{MegaSeconds, Seconds, MicroSeconds}`.
    [plain] "timestamp"/0 = timestamp, "erts/emulator/beam/erl_bif_os.c";
    /// The host's system time in nanoseconds.
    [plain] "system_time"/0 = system_time_0, "erts/emulator/beam/erl_bif_os.c";
    /// The host's system time in this unit.
    ///
    /// `os:system_time(x)` => `error:badarg`
    [plain] "system_time"/1 = system_time_1, "erts/emulator/beam/erl_bif_os.c";
    /// The host's performance counter, in nanoseconds.
    [plain] "perf_counter"/0 = perf_counter, "erts/emulator/beam/erl_bif_os.c";
    /// What to do with a signal of the host: `handle`, `default` or `ignore`.
    ///
    /// `os:set_signal(sigterm, handle)` => `ok`
    /// `os:set_signal(sigfoo, handle)` => `error:badarg`
    [plain] "set_signal"/2 = set_signal, "erts/emulator/beam/erl_bif_os.c";
}

/// Text for the host: UTF-8 of a flat list of characters without zeros.
pub(in crate::bif) fn host_text<'c>(list: Term<'c>) -> Result<Vec<u8>, Stop<'c>> {
    let characters = super::args::characters(list, 0x10_FFFF).or_badarg()?;
    let text: String =
        characters.into_iter().map(|value| char::from_u32(value).filter(|c| *c != '\0')).collect::<Option<_>>().or_badarg()?;
    Ok(text.into_bytes())
}

/// Text from the host: characters where it is UTF-8, else its bytes.
fn from_host<'c>(call: &mut Call<'c>, bytes: &[u8]) -> Term<'c> {
    match core::str::from_utf8(bytes) {
        Ok(text) => call.charlist(text),
        Err(_) => call.byte_list(bytes, Term::NIL),
    }
}

/// The name of a variable.
fn name_of<'c>(name: Term<'c>) -> Result<Vec<u8>, Stop<'c>> {
    let name = host_text(name)?;
    if name.contains(&b'=') { Err(Stop::BADARG) } else { Ok(name) }
}

fn getenv<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    match platform::env::get(&name_of(name)?) {
        Some(value) => Ok(from_host(call, &value)),
        None => Ok(Term::bool(false)),
    }
}

fn putenv<'c>(_: &mut Call<'c>, [name, value]: [Term<'c>; 2]) -> BifResult<'c> {
    let name = name_of(name)?;
    let value = host_text(value)?;
    platform::env::put(&name, &value);
    Ok(Term::bool(true))
}

fn unsetenv<'c>(_: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    platform::env::unset(&name_of(name)?);
    Ok(Term::bool(true))
}

fn env<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let mut pairs = Vec::new();
    for (name, value) in platform::env::all() {
        let name = from_host(call, &name);
        let value = from_host(call, &value);
        pairs.push(call.tuple(&[name, value]));
    }
    Ok(call.list(&pairs))
}

fn getpid<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let text = platform::process_id().to_string();
    Ok(call.charlist(&text))
}

fn timestamp<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(stamp(call, platform::system_ns().div_euclid(UNITS_A_SECOND / 1_000_000)))
}

fn system_time_0<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(call.integer(platform::system_ns()))
}

fn system_time_1<'c>(call: &mut Call<'c>, [unit]: [Term<'c>; 1]) -> BifResult<'c> {
    in_unit(call, platform::system_ns(), unit)
}

fn perf_counter<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(call.unsigned(platform::monotonic_ns()))
}

const SIGNALS: &[&str] =
    &["sigabrt", "sigalrm", "sigchld", "sighup", "sigquit", "sigstop", "sigterm", "sigusr1", "sigusr2", "sigtstp"];

/// A signal that is handled comes to `erl_signal_server` as `{notify, Signal}` (`machine.rs`). Hosts without signals take the request.
fn set_signal<'c>(_: &mut Call<'c>, [signal, option]: [Term<'c>; 2]) -> BifResult<'c> {
    let signal = signal.as_atom().or_badarg()?;
    let option = option.as_atom().or_badarg()?;
    let disposition = match option.text() {
        "handle" => Disposition::Handle,
        "default" => Disposition::Default,
        "ignore" => Disposition::Ignore,
        _ => return Err(Stop::BADARG),
    };
    if !SIGNALS.contains(&signal.text()) {
        return Err(Stop::BADARG);
    }
    platform::set_signal(signal.text(), disposition);
    Ok(Term::atom(am::OK))
}
