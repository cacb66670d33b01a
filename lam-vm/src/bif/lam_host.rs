//! The natives of `lam_host`: standard streams, and what image and host say about the program.

use crate::atom::{self, am};
use crate::bif::args::{self, OrBadarg};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::external_decode::{DecodeOptions, decode};
use crate::image::embedded;
use crate::io::{Reader, StdinAnswer};
use crate::platform::stdio::{self, Stream};
use crate::platform::{self, files};
use crate::system::System;
use crate::term::Term;

bifs! { module "lam_host";
    /// Hands iodata to stdout (1) or stderr (2), which the machine buffers: `ok` or `{error, Posix}`.
    [dirty_io] "write"/2 = write, "";
    /// Reads at most `Max` bytes of stdin: `{ok, Binary}`, `eof`, `{error, Posix}`, or a reference whose message comes later.
    [dirty_io] "read"/1 = read, "";
    /// `{Columns, Rows}` of the terminal, or `error`.
    [plain] "window_size"/1 = window_size, "";
    /// What is known about the program: see `lam_host.erl` for the items; `undefined` for others.
    [plain] "info"/1 = info, "";
}

fn posix_error<'c>(call: &mut Call<'c>, name: &str) -> Term<'c> {
    let name = Term::atom(atom::intern(name).unwrap_or(am::EINVAL));
    call.tuple(&[Term::atom(am::ERROR), name])
}

fn write<'c>(call: &mut Call<'c>, [fd, data]: [Term<'c>; 2]) -> BifResult<'c> {
    let stream = match fd.as_small() {
        Some(1) => Stream::Stdout,
        Some(2) => Stream::Stderr,
        _ => return Err(Stop::BADARG),
    };
    let bytes = args::iolist_bytes(data).or_badarg()?;
    call.bump(1 + bytes.len() as i64 / 1024);
    Ok(match call.system().standard.write(stream, &bytes) {
        Ok(true) => Term::atom(am::OK),
        Ok(false) => posix_error(call, "epipe"),
        Err(error) => posix_error(call, error.name()),
    })
}

fn read<'c>(call: &mut Call<'c>, [max]: [Term<'c>; 1]) -> BifResult<'c> {
    let max_bytes = max.as_usize().filter(|max| *max > 0).or_badarg()?;
    let system = call.system();
    if let Some(answer) = system.standard.read_now(max_bytes) {
        return Ok(answer_term(call, answer));
    }
    let reference = system.unique.reference();
    let pid = call.process().pid;
    system.standard.wait_for_stdin(Reader { pid, reference, max_bytes });
    Ok(call.reference(reference))
}

/// `{ok, Binary}`, `eof` or `{error, Posix}`.
pub fn answer_term<'c>(heap: &mut crate::heap::Heap<'c>, answer: StdinAnswer) -> Term<'c> {
    match answer {
        StdinAnswer::Bytes(bytes) => {
            let bytes = heap.binary(&bytes);
            heap.tuple(&[Term::atom(am::OK), bytes])
        }
        StdinAnswer::Eof => Term::atom(am::EOF),
        StdinAnswer::Failed(error) => {
            let name = Term::atom(atom::intern(error.name()).unwrap_or(am::EINVAL));
            heap.tuple(&[Term::atom(am::ERROR), name])
        }
    }
}

fn window_size<'c>(call: &mut Call<'c>, [fd]: [Term<'c>; 1]) -> BifResult<'c> {
    let is_terminal = match fd.as_small() {
        Some(0) => stdio::stdin_is_terminal(),
        Some(1) => stdio::is_terminal(Stream::Stdout),
        Some(2) => stdio::is_terminal(Stream::Stderr),
        _ => return Err(Stop::BADARG),
    };
    match stdio::window_size().filter(|_| is_terminal) {
        Some(size) => {
            let columns = call.integer(i64::from(size.columns));
            let rows = call.integer(i64::from(size.rows));
            Ok(call.tuple(&[columns, rows]))
        }
        None => Ok(Term::atom(am::ERROR)),
    }
}

fn info<'c>(call: &mut Call<'c>, [item]: [Term<'c>; 1]) -> BifResult<'c> {
    let undefined = Term::atom(am::UNDEFINED);
    let Some(name) = item.as_atom() else { return Ok(pair(call, item).unwrap_or(undefined)) };
    match name.text() {
        "arguments" => {
            let arguments: Vec<Term<'c>> = call.system().arguments.iter().map(|bytes| call.binary(bytes)).collect();
            Ok(call.list(&arguments))
        }
        name @ (embedded::ENVIRONMENTS | embedded::FLAGS | embedded::APPLICATIONS | embedded::CONFIG) => {
            let system = call.system();
            let Some(bytes) = entry(system, name) else { return Ok(undefined) };
            let options = DecodeOptions { safe: false, heap_bits: false };
            Ok(decode(call, bytes, options, &system.code).map_or(undefined, |(term, _)| term))
        }
        embedded::SHELL => Ok(entry(call.system(), embedded::SHELL).map_or(undefined, |_| Term::bool(true))),
        "hostname" => Ok(platform::host_name().map_or(undefined, |name| call.binary(&name))),
        "modules" => {
            let modules: Vec<Term<'c>> =
                call.system().code.all_modules().iter().map(|module| Term::atom(atom::Atom::of_word(module.name))).collect();
            Ok(call.list(&modules))
        }
        "on_load" => {
            // Where a native of the machine stands behind an export there is nothing to load.
            let code = &call.system().code;
            let is_ours = |module: &&crate::image::ModuleRow| code.exports_of(module).iter().any(|export| export.bif != 0);
            let modules = code.modules().iter().filter(|module| module.on_load != 0 && !is_ours(module));
            let modules: Vec<Term<'c>> = modules.map(|module| Term::atom(atom::Atom::of_word(module.name))).collect();
            Ok(call.list(&modules))
        }
        _ => Ok(undefined),
    }
}

/// `{lib_dir, App}`, `{app_file, Name}`
fn pair<'c>(call: &mut Call<'c>, item: Term<'c>) -> Option<Term<'c>> {
    let [what, name] = item.as_tuple_of::<2>()?;
    match what.as_atom()?.text() {
        "lib_dir" => {
            let folder = files::embedded_folder(format!("lib/{}", name.as_atom()?.text()).as_bytes())?;
            Some(call.charlist(core::str::from_utf8(&folder).ok()?))
        }
        "app_file" => {
            let name: String = args::characters(name, 0x10_FFFF)?.into_iter().filter_map(char::from_u32).collect();
            let bytes = entry(call.system(), &format!("{}{name}", embedded::APP_FILES))?;
            Some(call.binary(bytes))
        }
        _ => None,
    }
}

/// An entry of the image's embedded section.
fn entry<'s>(system: &'s System, name: &str) -> Option<&'s [u8]> {
    let entries = system.code.image().map(|image| embedded::decode(image.embedded()))?;
    entries.into_iter().find(|(entry, _)| *entry == name).map(|(_, bytes)| bytes)
}
