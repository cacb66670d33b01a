//! The natives of `zlib.erl`: streams that are opened, fed and emptied in pieces.

use std::sync::Arc;

use super::args::OrBadarg;
use super::deflate::{Deflater, Format, Inflater, Queue, StreamError};
use super::{BifResult, Call, Stop, bifs};
use crate::atom::{self, am};
use crate::bif::args::iolist_bytes;
use crate::heap::OwnedTerm;
use crate::heap::resource::Resource;
use crate::sync::{Mutex, MutexGuard};
use crate::term::Term;

bifs! { module "zlib";
    /// A stream that belongs to the caller.
    [plain] "open_nif"/0 = open, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "close_nif"/1 = close, "erts/emulator/nifs/common/zlib_nif.c";
    /// Gives the stream to another process.
    [plain] "set_controller_nif"/2 = set_controller, "erts/emulator/nifs/common/zlib_nif.c";
    /// Level, method, window bits, memory level, strategy. The last three but the window's sign only tune.
    [plain] "deflateInit_nif"/6 = deflate_init, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "deflateSetDictionary_nif"/2 = deflate_set_dictionary, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "deflateReset_nif"/1 = deflate_reset, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "deflateEnd_nif"/1 = deflate_end, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "deflateParams_nif"/3 = deflate_params, "erts/emulator/nifs/common/zlib_nif.c";
    /// `{finished | continue, [Binary]}`
    [plain] "deflate_nif"/4 = deflate, "erts/emulator/nifs/common/zlib_nif.c";
    /// Window bits; what to do with input after the end: 0 refuse it, 1 begin again, 2 drop it.
    [plain] "inflateInit_nif"/3 = inflate_init, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "inflateSetDictionary_nif"/2 = inflate_set_dictionary, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "inflateGetDictionary_nif"/1 = inflate_get_dictionary, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "inflateReset_nif"/1 = inflate_reset, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "inflateEnd_nif"/1 = inflate_end, "erts/emulator/nifs/common/zlib_nif.c";
    /// As `deflate_nif/4`, or `{need_dictionary, Checksum, [Binary]}`.
    [plain] "inflate_nif"/4 = inflate, "erts/emulator/nifs/common/zlib_nif.c";
    /// The CRC of a raw stream's plain data.
    [plain] "crc32_nif"/1 = crc, "erts/emulator/nifs/common/zlib_nif.c";
    /// A term that the stream keeps between calls of `zlib.erl`.
    [plain] "getStash_nif"/1 = get_stash, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "clearStash_nif"/1 = clear_stash, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "setStash_nif"/2 = set_stash, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "getBufSize_nif"/1 = get_buf_size, "erts/emulator/nifs/common/zlib_nif.c";
    [plain] "setBufSize_nif"/2 = set_buf_size, "erts/emulator/nifs/common/zlib_nif.c";
    /// Puts binaries behind the input that waits.
    [plain] "enqueue_nif"/2 = enqueue, "erts/emulator/nifs/common/zlib_nif.c";
}

enum Codec {
    None,
    Closed,
    Deflate(Box<Deflater>),
    Inflate(Box<Inflater>),
}

struct Stream {
    owner: u64,
    codec: Codec,
    input: Queue,
    after_end: i64,
    stash: Option<OwnedTerm>,
    buffer_bytes: i64,
}

const AFTER_END_CUT: i64 = 2;
const AFTER_END_ERROR: i64 = 0;
/// Of one call; more comes by the next.
const OUTPUT_MAX: usize = 1 << 24;
/// What one reduction pays for.
const BYTES_A_REDUCTION: usize = 256;

fn named<'c>(name: &'static str) -> Term<'c> {
    Term::atom(atom::intern_static(name))
}

fn fail<'c>(name: &'static str) -> Stop<'c> {
    Stop::Error(named(name))
}

impl From<StreamError> for Stop<'_> {
    fn from(error: StreamError) -> Self {
        fail(match error {
            StreamError::Data => "data_error",
            StreamError::Stream => "stream_error",
        })
    }
}

fn stream<'c>(call: &mut Call<'c>, term: Term<'c>) -> Result<MutexGuard<'c, Stream>, Stop<'c>> {
    let stream = term.as_reference().and_then(|reference| reference.resource::<Mutex<Stream>>()).or_badarg()?.lock();
    if stream.owner != call.process().pid {
        return Err(fail("not_on_controlling_process"));
    }
    Ok(stream)
}

fn integer<'c>(term: Term<'c>) -> Result<i64, Stop<'c>> {
    term.as_small().filter(|value| i32::try_from(*value).is_ok()).or_badarg()
}

impl Stream {
    fn deflater<'c>(&mut self) -> Result<(&mut Deflater, &mut Queue), Stop<'c>> {
        match &mut self.codec {
            Codec::Deflate(deflater) => Ok((deflater, &mut self.input)),
            _ => Err(fail("not_initialized")),
        }
    }
    fn inflater<'c>(&mut self) -> Result<(&mut Inflater, &mut Queue), Stop<'c>> {
        match &mut self.codec {
            Codec::Inflate(inflater) => Ok((inflater, &mut self.input)),
            _ => Err(fail("not_initialized")),
        }
    }
    /// Ends the codec; whether input was left.
    fn end(&mut self) -> bool {
        self.codec = Codec::None;
        let had_input = !self.input.is_empty();
        self.clear();
        had_input
    }
    /// Drops the input that waits, and with it what `zlib.erl` keeps: the output of input before.
    fn clear(&mut self) {
        self.input.clear();
        self.stash = None;
    }
}

fn ok<'c>() -> BifResult<'c> {
    Ok(Term::atom(am::OK))
}

fn open<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let owner = call.process().pid;
    let stream =
        Stream { owner, codec: Codec::None, input: Queue::default(), after_end: AFTER_END_CUT, stash: None, buffer_bytes: 4000 };
    let id = call.system().unique.reference();
    Ok(call.resource(Arc::new(Resource { data: Box::new(Mutex::new(stream)) }), id))
}

fn close<'c>(call: &mut Call<'c>, [z]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut stream = stream(call, z)?;
    if matches!(stream.codec, Codec::Closed) {
        return Err(fail("not_initialized"));
    }
    stream.end();
    stream.codec = Codec::Closed;
    stream.stash = None;
    ok()
}

fn set_controller<'c>(call: &mut Call<'c>, [z, pid]: [Term<'c>; 2]) -> BifResult<'c> {
    if !pid.is_local_pid() {
        return Err(Stop::BADARG);
    }
    stream(call, z)?.owner = pid.word();
    ok()
}

fn deflate_init<'c>(call: &mut Call<'c>, [z, level, method, window, memory, strategy]: [Term<'c>; 6]) -> BifResult<'c> {
    let [level, method, window, memory, strategy] = [level, method, window, memory, strategy].map(integer);
    let (level, method, window, memory, strategy) = (level?, method?, window?, memory?, strategy?);
    let mut stream = stream(call, z)?;
    if !matches!(stream.codec, Codec::None) {
        return Err(fail("already_initialized"));
    }
    let is_right = method == 8 && (1..=9).contains(&memory) && (0..=4).contains(&strategy);
    let deflater = Format::of_window_bits(window, true).filter(|_| is_right).and_then(|format| Deflater::new(level, format));
    stream.codec = Codec::Deflate(Box::new(deflater.ok_or_else(|| fail("stream_error"))?));
    ok()
}

fn deflate_set_dictionary<'c>(call: &mut Call<'c>, [z, dictionary]: [Term<'c>; 2]) -> BifResult<'c> {
    let dictionary = iolist_bytes(dictionary).or_badarg()?;
    let mut stream = stream(call, z)?;
    let check = stream.deflater()?.0.set_dictionary(&dictionary)?;
    Ok(call.integer(i64::from(check as i32)))
}

fn deflate_reset<'c>(call: &mut Call<'c>, [z]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut stream = stream(call, z)?;
    stream.deflater()?.0.reset();
    stream.clear();
    ok()
}

fn deflate_end<'c>(call: &mut Call<'c>, [z]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut stream = stream(call, z)?;
    let is_busy = stream.deflater()?.0.is_busy();
    // What was written without an end is lost.
    if stream.end() || is_busy { Err(fail("data_error")) } else { ok() }
}

fn deflate_params<'c>(call: &mut Call<'c>, [z, level, strategy]: [Term<'c>; 3]) -> BifResult<'c> {
    let (level, strategy) = (integer(level)?, integer(strategy)?);
    let mut stream = stream(call, z)?;
    let (deflater, _) = stream.deflater()?;
    if !(0..=4).contains(&strategy) || !deflater.set_level(level) {
        return Err(fail("stream_error"));
    }
    ok()
}

/// `{finished | continue, [Binary]}`
fn answer<'c>(call: &mut Call<'c>, bytes: &[u8], limit: usize, has_input: bool) -> Term<'c> {
    call.bump(1 + (bytes.len() / BYTES_A_REDUCTION) as i64);
    let state = named(if !has_input && bytes.len() < limit { "finished" } else { "continue" });
    let output = output(call, bytes);
    call.tuple(&[state, output])
}

fn output<'c>(call: &mut Call<'c>, bytes: &[u8]) -> Term<'c> {
    if bytes.is_empty() {
        return Term::NIL;
    }
    let binary = call.binary(bytes);
    call.list(&[binary])
}

fn limit<'c>(size: Term<'c>) -> Result<usize, Stop<'c>> {
    usize::try_from(integer(size)?).map(|size| size.clamp(1, OUTPUT_MAX)).ok().or_badarg()
}

fn deflate<'c>(call: &mut Call<'c>, [z, chunk, size, flush]: [Term<'c>; 4]) -> BifResult<'c> {
    integer(chunk)?;
    let (limit, flush) = (limit(size)?, integer(flush)?);
    let mut stream = stream(call, z)?;
    let (deflater, input) = stream.deflater()?;
    let bytes = deflater.run(input, limit, flush)?;
    if bytes.is_empty() && !input.is_empty() {
        return Err(fail("data_error"));
    }
    let has_input = !input.is_empty();
    Ok(answer(call, &bytes, limit, has_input))
}

fn inflate_init<'c>(call: &mut Call<'c>, [z, window, after_end]: [Term<'c>; 3]) -> BifResult<'c> {
    let (window, after_end) = (integer(window)?, integer(after_end)?);
    let mut stream = stream(call, z)?;
    if !matches!(stream.codec, Codec::None) {
        return Err(fail("already_initialized"));
    }
    let format = Format::of_window_bits(window, false).ok_or_else(|| fail("stream_error"))?;
    stream.codec = Codec::Inflate(Box::new(Inflater::new(format)));
    stream.after_end = after_end;
    ok()
}

fn inflate_set_dictionary<'c>(call: &mut Call<'c>, [z, dictionary]: [Term<'c>; 2]) -> BifResult<'c> {
    let dictionary = iolist_bytes(dictionary).or_badarg()?;
    stream(call, z)?.inflater()?.0.set_dictionary(&dictionary)?;
    ok()
}

fn inflate_get_dictionary<'c>(call: &mut Call<'c>, [z]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut stream = stream(call, z)?;
    let (inflater, _) = stream.inflater()?;
    Ok(call.binary(inflater.dictionary()))
}

fn inflate_reset<'c>(call: &mut Call<'c>, [z]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut stream = stream(call, z)?;
    stream.inflater()?.0.reset();
    stream.clear();
    ok()
}

fn inflate_end<'c>(call: &mut Call<'c>, [z]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut stream = stream(call, z)?;
    let has_ended = stream.inflater()?.0.has_ended();
    if stream.end() || !has_ended { Err(fail("data_error")) } else { ok() }
}

fn inflate<'c>(call: &mut Call<'c>, [z, chunk, size, flush]: [Term<'c>; 4]) -> BifResult<'c> {
    integer(chunk)?;
    integer(flush)?;
    let limit = limit(size)?;
    let mut stream = stream(call, z)?;
    let after_end = stream.after_end;
    let (inflater, input) = stream.inflater()?;
    if inflater.has_ended() && !input.is_empty() {
        match after_end {
            AFTER_END_CUT => stream.clear(),
            AFTER_END_ERROR => return Err(fail("data_error")),
            _ => inflater.reset(),
        }
    }
    let (inflater, input) = stream.inflater()?;
    let out = inflater.run(input, limit)?;
    let has_input = !input.is_empty();
    if let Some(check) = out.needs {
        let output = output(call, &out.bytes);
        let check = call.integer(i64::from(check as i32));
        return Ok(call.tuple(&[named("need_dictionary"), check, output]));
    }
    if out.bytes.is_empty() && has_input && !inflater.has_ended() {
        return Err(fail("data_error"));
    }
    Ok(answer(call, &out.bytes, limit, has_input))
}

fn crc<'c>(call: &mut Call<'c>, [z]: [Term<'c>; 1]) -> BifResult<'c> {
    let crc = match &stream(call, z)?.codec {
        Codec::Deflate(deflater) => deflater.crc(),
        Codec::Inflate(inflater) => inflater.crc(),
        _ => return Err(fail("not_initialized")),
    };
    Ok(call.unsigned(u64::from(crc)))
}

fn get_stash<'c>(call: &mut Call<'c>, [z]: [Term<'c>; 1]) -> BifResult<'c> {
    let stream = stream(call, z)?;
    let Some(stash) = &stream.stash else { return Ok(named("empty")) };
    let stash = call.copy(stash.term());
    Ok(call.tuple(&[Term::atom(am::OK), stash]))
}

fn clear_stash<'c>(call: &mut Call<'c>, [z]: [Term<'c>; 1]) -> BifResult<'c> {
    if stream(call, z)?.stash.take().is_some() { ok() } else { Err(fail("error")) }
}

fn set_stash<'c>(call: &mut Call<'c>, [z, term]: [Term<'c>; 2]) -> BifResult<'c> {
    let mut stream = stream(call, z)?;
    if stream.stash.is_some() {
        return Err(fail("error"));
    }
    stream.stash = Some(OwnedTerm::of(term));
    ok()
}

fn get_buf_size<'c>(call: &mut Call<'c>, [z]: [Term<'c>; 1]) -> BifResult<'c> {
    let size = stream(call, z)?.buffer_bytes;
    Ok(call.integer(size))
}

fn set_buf_size<'c>(call: &mut Call<'c>, [z, size]: [Term<'c>; 2]) -> BifResult<'c> {
    let mut stream = stream(call, z)?;
    stream.buffer_bytes = integer(size)?;
    ok()
}

fn enqueue<'c>(call: &mut Call<'c>, [z, pieces]: [Term<'c>; 2]) -> BifResult<'c> {
    let mut stream = stream(call, z)?;
    if !matches!(stream.codec, Codec::Deflate(_) | Codec::Inflate(_)) {
        return Err(fail("not_initialized"));
    }
    for piece in pieces.list_to_vec().or_badarg()? {
        stream.input.push(&piece.to_bytes().or_badarg()?);
    }
    ok()
}
