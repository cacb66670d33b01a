//! `zlib`: the functions that take all data at once, each in one native call (streams: `zlib_stream`).
//!
//! OTP builds these from its stream natives; here they are natives themselves, so that no stream is kept for them.

use std::io::Read;

use flate2::read::{DeflateDecoder, DeflateEncoder, GzEncoder, MultiGzDecoder, ZlibDecoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};

use super::args::{OrBadarg, iolist_bytes};
use super::{BifResult, Call, Stop, bifs};
use crate::atom;
use crate::term::Term;

bifs! { module "zlib";
    /// Data with zlib's header and checksum.
    /// Cost: one reduction for 256 bytes.
    ///
    /// `zlib:compress(a)` => `error:badarg`
    [plain] "compress"/1 = compress, "erts/preloaded/src/zlib.erl";
    /// What `compress/1` made of it. *Errors*: `badarg` for what is no iodata, `data_error` for what is no whole stream.
    ///
    /// `zlib:uncompress(<<120, 156, 75, 4, 0, 0, 98, 0, 98>>)` => `<<"a">>`
    /// `zlib:uncompress(<<120, 156, 75, 4, 0, 0, 98, 0>>)` => `error:data_error`
    /// `zlib:uncompress(<<1, 2, 3>>)` => `error:data_error`
    /// `zlib:uncompress(a)` => `error:badarg`
    [plain] "uncompress"/1 = uncompress, "erts/preloaded/src/zlib.erl";
    /// Data without header or checksum.
    ///
    /// `zlib:zip(a)` => `error:badarg`
    [plain] "zip"/1 = zip, "erts/preloaded/src/zlib.erl";
    /// What `zip/1` made of it.
    ///
    /// `zlib:unzip(<<75, 4, 0>>)` => `<<"a">>`
    [plain] "unzip"/1 = unzip, "erts/preloaded/src/zlib.erl";
    /// Data with gzip's header and checksum.
    ///
    /// `zlib:gzip(a)` => `error:badarg`
    [plain] "gzip"/1 = gzip, "erts/preloaded/src/zlib.erl";
    /// The data of all members of a gzip file.
    ///
    /// `zlib:gunzip(<<1, 2, 3>>)` => `error:data_error`
    [plain] "gunzip"/1 = gunzip, "erts/preloaded/src/zlib.erl";
}

/// What one reduction pays for.
const BYTES_A_REDUCTION: usize = 256;

/// The value that gzip's header has for Unix, as OTP writes it.
const GZIP_UNIX: u8 = 3;

/// All that a reader of `flate2` gives for this data; `data_error` when it refuses.
fn through<'c, R: Read>(call: &mut Call<'c>, bytes: &[u8], mut reader: R) -> BifResult<'c> {
    let mut output = Vec::new();
    let read = reader.read_to_end(&mut output);
    call.bump(1 + ((bytes.len() + output.len()) / BYTES_A_REDUCTION) as i64);
    match read {
        Ok(_) => Ok(call.binary(&output)),
        Err(_) => Err(data_error()),
    }
}

fn data_error<'c>() -> Stop<'c> {
    Stop::Error(Term::atom(atom::intern_static("data_error")))
}

fn compress<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = iolist_bytes(data).or_badarg()?;
    through(call, &bytes, ZlibEncoder::new(&bytes[..], Compression::default()))
}

fn uncompress<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = iolist_bytes(data).or_badarg()?;
    // No stream is shorter.
    if bytes.len() < 8 {
        return Err(data_error());
    }
    through(call, &bytes, ZlibDecoder::new(&bytes[..]))
}

fn zip<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = iolist_bytes(data).or_badarg()?;
    through(call, &bytes, DeflateEncoder::new(&bytes[..], Compression::default()))
}

fn unzip<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = iolist_bytes(data).or_badarg()?;
    through(call, &bytes, DeflateDecoder::new(&bytes[..]))
}

fn gzip<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = iolist_bytes(data).or_badarg()?;
    let encoder: GzEncoder<&[u8]> = GzBuilder::new().operating_system(GZIP_UNIX).read(&bytes[..], Compression::default());
    through(call, &bytes, encoder)
}

fn gunzip<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = iolist_bytes(data).or_badarg()?;
    through(call, &bytes, MultiGzDecoder::new(&bytes[..]))
}
