//! The natives of `prim_file`: files by the host's own calls.
//!
//! Paths are raw bytes as `internal_name2native/1` makes them, with a zero at the end. Answers are OTP's: `{ok, _}`, `ok`, `eof`,
//! `{error, Posix}`; a closed handle is `einval`, what is no handle `badarg`.

use std::sync::Arc;

use crate::atom::{self, am};
use crate::bif::args::{self, OrBadarg};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::resource::Resource;
use crate::platform::files::{self, File};
use crate::platform::posix::{Posix, Result as PosixResult};
use crate::platform::types::{Advice, FileInfo, Modes, Whence};
use crate::sync::Mutex;
use crate::term::{Term, View};

bifs! { module "prim_file";
    /// The raw bytes of a file name, with a zero at the end.
    [plain] "internal_name2native"/1 = name_to_native, "erts/emulator/beam/erl_unicode.c";
    /// The name that raw bytes stand for: characters, or the binary where it is no UTF-8.
    [plain] "internal_native2name"/1 = native_to_name, "erts/emulator/beam/erl_unicode.c";
    /// The characters of UTF-8 bytes.
    [plain] "internal_normalize_utf8"/1 = normalize_utf8, "erts/emulator/beam/erl_unicode.c";
    /// Whether a raw name can be said in characters.
    [plain] "is_translatable"/1 = is_translatable, "erts/emulator/beam/erl_unicode.c";
    /// `{ok, Ref}`
    [dirty_io] "open_nif"/2 = open, "erts/emulator/nifs/common/prim_file_nif.c";
    /// A handle on a descriptor that is open already; LAM has none to give.
    [dirty_io] "file_desc_to_ref_nif"/1 = from_descriptor, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "close_nif"/1 = close, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "delayed_close_nif"/1 = close, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `{ok, Bin}` or `eof`
    [dirty_io] "read_nif"/2 = read, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "write_nif"/2 = write, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `{ok, Bin}` or `eof`
    [dirty_io] "pread_nif"/3 = pread, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "pwrite_nif"/3 = pwrite, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `{ok, Position}`
    [dirty_io] "seek_nif"/3 = seek, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`; 1: data only.
    [dirty_io] "sync_nif"/2 = sync, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "truncate_nif"/1 = truncate, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "allocate_nif"/3 = allocate, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "advise_nif"/4 = advise, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `{ok, {Size, Pointer, Bin | eof}}` or `eof`
    [dirty_io] "ipread_s32bu_p32bu_nif"/3 = ipread, "erts/emulator/nifs/common/prim_file_nif.c";
    /// The descriptor's number as a native int.
    [dirty_io] "get_handle_nif"/1 = get_handle, "erts/emulator/nifs/common/prim_file_nif.c";
    /// A `file_info` tuple of an open file.
    [dirty_io] "read_handle_info_nif"/1 = read_handle_info, "erts/emulator/nifs/common/prim_file_nif.c";
    /// A `file_info` tuple; 1 follows links.
    [dirty_io] "read_info_nif"/2 = read_info, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "set_permissions_nif"/2 = set_permissions, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`; -1 keeps.
    [dirty_io] "set_owner_nif"/3 = set_owner, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`; POSIX seconds.
    [dirty_io] "set_time_nif"/4 = set_time, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `{ok, RawBytes}`
    [dirty_io] "read_link_nif"/1 = read_link, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `{ok, [RawBytes]}`
    [dirty_io] "list_dir_nif"/1 = list_dir, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `{ok, Bin}`
    [dirty_io] "read_file_nif"/1 = read_file, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `{ok, RawBytes}`
    [dirty_io] "get_cwd_nif"/0 = get_cwd, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `{error, enotsup}`
    [dirty_io] "get_device_cwd_nif"/1 = get_device_cwd, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "set_cwd_nif"/1 = set_cwd, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "make_dir_nif"/1 = make_dir, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "del_dir_nif"/1 = del_dir, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "del_file_nif"/1 = del_file, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "rename_nif"/2 = rename, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "make_hard_link_nif"/2 = make_hard_link, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `ok`
    [dirty_io] "make_soft_link_nif"/2 = make_soft_link, "erts/emulator/nifs/common/prim_file_nif.c";
    /// `{error, enotsup}`
    [dirty_io] "altname_nif"/1 = altname, "erts/emulator/nifs/common/prim_file_nif.c";
}

/// `file`
pub mod file {
    use super::{bifs, native_name_encoding};

    bifs! { module "file";
        /// `file:native_name_encoding()` => `utf8`
        [plain] "native_name_encoding"/0 = native_name_encoding, "erts/emulator/beam/erl_unicode.c";
    }
}

fn native_name_encoding<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(Term::atom(atom::intern_static("utf8")))
}

/// An open file; `None` once closed.
type Handle = Mutex<Option<File>>;

fn error<'c>(call: &mut Call<'c>, error: Posix) -> BifResult<'c> {
    let name = Term::atom(atom::intern_static(error.name()));
    Ok(call.tuple(&[Term::atom(am::ERROR), name]))
}

fn ok_or_error<'c>(call: &mut Call<'c>, result: PosixResult<()>) -> BifResult<'c> {
    match result {
        Ok(()) => Ok(Term::atom(am::OK)),
        Err(reason) => error(call, reason),
    }
}

fn ok_with<'c>(call: &mut Call<'c>, value: Term<'c>) -> BifResult<'c> {
    Ok(call.tuple(&[Term::atom(am::OK), value]))
}

fn bytes_or_error<'c>(call: &mut Call<'c>, result: PosixResult<Vec<u8>>) -> BifResult<'c> {
    match result {
        Ok(bytes) => {
            let bytes = call.binary(&bytes);
            ok_with(call, bytes)
        }
        Err(reason) => error(call, reason),
    }
}

/// `{ok, Bin}`, or `eof` for no bytes, also where none were asked for.
fn data_or_eof<'c>(call: &mut Call<'c>, result: PosixResult<Vec<u8>>) -> BifResult<'c> {
    match result {
        Ok(bytes) if bytes.is_empty() => Ok(Term::atom(am::EOF)),
        other => bytes_or_error(call, other),
    }
}

/// A path without its final zero; a zero within is `badarg`.
fn path<'c>(term: Term<'c>) -> Result<Vec<u8>, Stop<'c>> {
    let mut bytes = term.to_bytes().or_badarg()?.into_owned();
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.contains(&0) { Err(Stop::BADARG) } else { Ok(bytes) }
}

fn handle<'c>(term: Term<'c>) -> Result<&'c Handle, Stop<'c>> {
    term.as_reference().and_then(|reference| reference.resource::<Handle>()).or_badarg()
}

/// Runs `act` on the open file; a closed one is `einval`.
fn with_file<R>(handle: &Handle, act: impl FnOnce(&File) -> PosixResult<R>) -> PosixResult<R> {
    handle.lock().as_ref().map_or(Err(Posix::Einval), act)
}

// --- names

fn name_to_native<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut bytes = Vec::new();
    if let Some(bits) = name.as_bits() {
        // Bits beyond the last whole byte count for nothing.
        bytes.extend_from_slice(&bits.to_bytes()[..bits.size / 8]);
    } else {
        if !name.is_list() {
            return Err(Stop::BADARG);
        }
        deep_characters(name, &mut bytes).or_badarg()?;
    }
    bytes.push(0);
    Ok(call.binary(&bytes))
}

/// The UTF-8 of a deep list of code points.
pub(in crate::bif) fn deep_characters(name: Term<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    let mut pending = vec![name];
    while let Some(term) = pending.pop() {
        match term.view() {
            View::Nil => {}
            View::Cons(cell) if cell.tail.is_list() => {
                pending.push(cell.tail);
                pending.push(cell.head);
            }
            View::Small(character) => {
                let character = char::from_u32(u32::try_from(character).ok()?)?;
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
    }
    Some(())
}

fn native_to_name<'c>(call: &mut Call<'c>, [native]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = native.to_bytes().or_badarg()?;
    match core::str::from_utf8(&bytes) {
        Ok(text) => Ok(call.charlist(text)),
        Err(_) => Ok(native),
    }
}

fn normalize_utf8<'c>(call: &mut Call<'c>, [bytes]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = bytes.to_bytes().or_badarg()?;
    let text = core::str::from_utf8(&bytes).ok().or_badarg()?;
    Ok(call.charlist(text))
}

fn is_translatable<'c>(_: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = name.to_bytes().or_badarg()?;
    Ok(Term::bool(core::str::from_utf8(&bytes).is_ok()))
}

// --- open files

fn open<'c>(call: &mut Call<'c>, [name, modes]: [Term<'c>; 2]) -> BifResult<'c> {
    let name = path(name)?;
    let mut flags = Modes::default();
    for mode in modes.list_to_vec().or_badarg()? {
        let flag = match mode.as_atom().map(|mode| mode.text()) {
            Some("read") => Modes::READ,
            Some("write") => Modes::WRITE,
            Some("append") => Modes::APPEND.with(Modes::WRITE),
            Some("exclusive") => Modes::EXCLUSIVE.with(Modes::WRITE),
            Some("sync") => Modes::SYNC,
            Some("skip_type_check") => Modes::SKIP_TYPE_CHECK,
            Some("directory") => Modes::DIRECTORY,
            _ => Modes::default(),
        };
        flags = flags.with(flag);
    }
    if !flags.has(Modes::READ) && !flags.has(Modes::WRITE) {
        flags = flags.with(Modes::READ);
    }
    match File::open(&name, flags) {
        Ok(file) => {
            let id = call.system().unique.reference();
            let data: Handle = Mutex::new(Some(file));
            let reference = call.resource(Arc::new(Resource { data: Box::new(data) }), id);
            ok_with(call, reference)
        }
        Err(reason) => error(call, reason),
    }
}

fn from_descriptor<'c>(call: &mut Call<'c>, [descriptor]: [Term<'c>; 1]) -> BifResult<'c> {
    descriptor.as_small().or_badarg()?;
    error(call, Posix::Enotsup)
}

fn close<'c>(call: &mut Call<'c>, [file]: [Term<'c>; 1]) -> BifResult<'c> {
    let result = handle(file)?.lock().take().map_or(Err(Posix::Einval), File::close);
    ok_or_error(call, result)
}

fn read_vec(wanted: usize, read: impl FnOnce(&mut [u8]) -> PosixResult<usize>) -> PosixResult<Vec<u8>> {
    let mut buffer = vec![0; wanted];
    let count = read(&mut buffer)?;
    buffer.truncate(count);
    Ok(buffer)
}

fn read<'c>(call: &mut Call<'c>, [file, size]: [Term<'c>; 2]) -> BifResult<'c> {
    let handle = handle(file)?;
    let size = size.as_usize().or_badarg()?;
    let result = with_file(handle, |file| read_vec(size, |buffer| file.read(buffer)));
    call.bump(1 + size as i64 / 4096);
    data_or_eof(call, result)
}

fn pread<'c>(call: &mut Call<'c>, [file, offset, size]: [Term<'c>; 3]) -> BifResult<'c> {
    let handle = handle(file)?;
    let (Some(offset), size) = (offset.as_small(), size.as_usize().or_badarg()?) else { return Err(Stop::BADARG) };
    let Ok(offset) = u64::try_from(offset) else { return error(call, Posix::Einval) };
    let result = with_file(handle, |file| read_vec(size, |buffer| file.pread(offset, buffer)));
    data_or_eof(call, result)
}

fn write<'c>(call: &mut Call<'c>, [file, data]: [Term<'c>; 2]) -> BifResult<'c> {
    let handle = handle(file)?;
    let bytes = args::iolist_bytes(data).or_badarg()?;
    call.bump(1 + bytes.len() as i64 / 4096);
    let result = with_file(handle, |file| file.write(&bytes));
    ok_or_error(call, result)
}

fn pwrite<'c>(call: &mut Call<'c>, [file, offset, data]: [Term<'c>; 3]) -> BifResult<'c> {
    let handle = handle(file)?;
    let offset = offset.as_small().or_badarg()?;
    let bytes = args::iolist_bytes(data).or_badarg()?;
    let Ok(offset) = u64::try_from(offset) else { return error(call, Posix::Einval) };
    let result = with_file(handle, |file| file.pwrite(offset, &bytes));
    ok_or_error(call, result)
}

fn seek<'c>(call: &mut Call<'c>, [file, mark, offset]: [Term<'c>; 3]) -> BifResult<'c> {
    let handle = handle(file)?;
    let whence = match mark.as_atom() {
        Some(am::BOF) => Whence::Start,
        Some(am::CUR) => Whence::Current,
        Some(am::EOF) => Whence::End,
        _ => return Err(Stop::BADARG),
    };
    let offset = offset.as_small().or_badarg()?;
    match with_file(handle, |file| file.seek(whence, offset)) {
        Ok(position) => {
            let position = call.unsigned(position);
            ok_with(call, position)
        }
        Err(reason) => error(call, reason),
    }
}

fn sync<'c>(call: &mut Call<'c>, [file, data_only]: [Term<'c>; 2]) -> BifResult<'c> {
    let handle = handle(file)?;
    let data_only = data_only.as_small().or_badarg()? != 0;
    let result = with_file(handle, |file| if data_only { file.datasync() } else { file.sync() });
    ok_or_error(call, result)
}

fn truncate<'c>(call: &mut Call<'c>, [file]: [Term<'c>; 1]) -> BifResult<'c> {
    let result = with_file(handle(file)?, File::truncate);
    ok_or_error(call, result)
}

fn allocate<'c>(call: &mut Call<'c>, [file, offset, length]: [Term<'c>; 3]) -> BifResult<'c> {
    let handle = handle(file)?;
    let (offset, length) = (offset.as_small().or_badarg()?, length.as_small().or_badarg()?);
    let result = with_file(handle, |file| file.allocate(offset, length));
    ok_or_error(call, result)
}

fn advise<'c>(call: &mut Call<'c>, [file, offset, length, advice]: [Term<'c>; 4]) -> BifResult<'c> {
    let handle = handle(file)?;
    let (offset, length) = (offset.as_small().or_badarg()?, length.as_small().or_badarg()?);
    let advice = match advice.as_atom().or_badarg()?.text() {
        "normal" => Advice::Normal,
        "random" => Advice::Random,
        "sequential" => Advice::Sequential,
        "will_need" => Advice::WillNeed,
        "dont_need" => Advice::DontNeed,
        "no_reuse" => Advice::NoReuse,
        _ => return error(call, Posix::Einval),
    };
    let result = with_file(handle, |file| file.advise(offset, length, advice));
    ok_or_error(call, result)
}

/// Reads size and place at `offset`, then that many bytes there.
fn ipread<'c>(call: &mut Call<'c>, [file, offset, max]: [Term<'c>; 3]) -> BifResult<'c> {
    let handle = handle(file)?;
    let offset = offset.as_small().or_badarg()?;
    let max = max.as_usize().or_badarg()?;
    let Ok(offset) = u64::try_from(offset) else { return error(call, Posix::Einval) };
    let header = match with_file(handle, |file| read_vec(8, |buffer| file.pread(offset, buffer))) {
        Ok(header) => header,
        Err(reason) => return error(call, reason),
    };
    let Ok(header) = <[u8; 8]>::try_from(header) else { return Ok(Term::atom(am::EOF)) };
    let half = |from: usize| u32::from_be_bytes([header[from], header[from + 1], header[from + 2], header[from + 3]]);
    let (size, place) = (half(0), half(4));
    if size as usize > max {
        return Ok(Term::atom(am::EOF));
    }
    let data = match with_file(handle, |file| read_vec(size as usize, |buffer| file.pread(u64::from(place), buffer))) {
        Ok(data) if data.is_empty() => Term::atom(am::EOF),
        Ok(data) => call.binary(&data),
        Err(reason) => return error(call, reason),
    };
    let (size, place) = (call.unsigned(u64::from(size)), call.unsigned(u64::from(place)));
    let answer = call.tuple(&[size, place, data]);
    ok_with(call, answer)
}

fn get_handle<'c>(call: &mut Call<'c>, [file]: [Term<'c>; 1]) -> BifResult<'c> {
    match with_file(handle(file)?, |file| Ok(file.handle())) {
        Ok(descriptor) => Ok(call.binary(&descriptor.to_ne_bytes())),
        Err(reason) => error(call, reason),
    }
}

// --- information

fn info_tuple<'c>(call: &mut Call<'c>, result: PosixResult<FileInfo>) -> BifResult<'c> {
    let info = match result {
        Ok(info) => info,
        Err(reason) => return error(call, reason),
    };
    let file_type = Term::atom(atom::intern_static(info.file_type.name()));
    let access = Term::atom(atom::intern_static(info.access.name()));
    let mut elements = vec![Term::atom(am::FILE_INFO), call.integer(info.size), file_type, access];
    for time in [info.atime, info.mtime, info.ctime] {
        elements.push(call.integer(time));
    }
    for number in [info.mode, info.links, info.major_device, info.minor_device, info.inode, info.uid, info.gid] {
        elements.push(call.integer(i64::from(number)));
    }
    Ok(call.tuple(&elements))
}

fn read_handle_info<'c>(call: &mut Call<'c>, [file]: [Term<'c>; 1]) -> BifResult<'c> {
    let result = with_file(handle(file)?, File::info);
    info_tuple(call, result)
}

fn read_info<'c>(call: &mut Call<'c>, [name, follow]: [Term<'c>; 2]) -> BifResult<'c> {
    let name = path(name)?;
    let follow = follow.as_small().or_badarg()? != 0;
    let result = if follow { files::read_info(&name) } else { files::link_info(&name) };
    info_tuple(call, result)
}

fn number<'c, T: TryFrom<i64>>(term: Term<'c>) -> Result<T, Stop<'c>> {
    term.as_small().and_then(|value| T::try_from(value).ok()).or_badarg()
}

fn set_permissions<'c>(call: &mut Call<'c>, [name, mode]: [Term<'c>; 2]) -> BifResult<'c> {
    let result = files::set_permissions(&path(name)?, number(mode)?);
    ok_or_error(call, result)
}

fn set_owner<'c>(call: &mut Call<'c>, [name, uid, gid]: [Term<'c>; 3]) -> BifResult<'c> {
    let result = files::set_owner(&path(name)?, number(uid)?, number(gid)?);
    ok_or_error(call, result)
}

fn set_time<'c>(call: &mut Call<'c>, [name, atime, mtime, ctime]: [Term<'c>; 4]) -> BifResult<'c> {
    let result = files::set_time(&path(name)?, number(atime)?, number(mtime)?, number(ctime)?);
    ok_or_error(call, result)
}

fn read_link<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let result = files::read_link(&path(name)?);
    bytes_or_error(call, result)
}

fn list_dir<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    match files::list_dir(&path(name)?) {
        Ok(names) => {
            // Consed as they come, so the last is first, as OTP has it.
            let names: Vec<Term<'c>> = names.iter().rev().map(|name| call.binary(name)).collect();
            let names = call.list(&names);
            ok_with(call, names)
        }
        Err(reason) => error(call, reason),
    }
}

fn read_file<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let result = files::read_file(&path(name)?);
    bytes_or_error(call, result)
}

fn get_cwd<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    bytes_or_error(call, files::get_cwd())
}

fn get_device_cwd<'c>(call: &mut Call<'c>, [_]: [Term<'c>; 1]) -> BifResult<'c> {
    error(call, Posix::Enotsup)
}

fn altname<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let result = files::altname(&path(name)?);
    bytes_or_error(call, result)
}

/// Natives that take one path, or two, and do one thing.
macro_rules! acts {
    ($($name:ident($($path:ident),*) = $act:path;)*) => {$(
        fn $name<'c>(call: &mut Call<'c>, [$($path),*]: [Term<'c>; acts!(@count $($path)*)]) -> BifResult<'c> {
            let result = $act($(&path($path)?),*);
            ok_or_error(call, result)
        }
    )*};
    (@count $one:ident) => { 1 };
    (@count $one:ident $two:ident) => { 2 };
}

acts! {
    set_cwd(name) = files::set_cwd;
    make_dir(name) = files::make_dir;
    del_dir(name) = files::del_dir;
    del_file(name) = files::del_file;
    rename(from, to) = files::rename;
    make_hard_link(existing, new) = files::make_hard_link;
    make_soft_link(existing, new) = files::make_soft_link;
}
