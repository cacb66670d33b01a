//! `zlib`: the functions that take all data at once, each in one native call (streams: `zlib_stream`).
//!
//! OTP builds these from its stream natives; here they are natives themselves, so that no stream is kept for them.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::args::{OrBadarg, iolist_bytes};
use super::{BifResult, Call, Stop, bifs};
use crate::atom;
use crate::term::Term;
use crate::util::deflate;

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

/// As zlib does when nobody asks for another.
const LEVEL: u32 = 6;

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

fn deflated<'c>(call: &mut Call<'c>, bytes: &[u8], make: fn(&[u8], u32) -> Vec<u8>) -> Term<'c> {
    let output = make(bytes, LEVEL);
    call.bump(1 + ((bytes.len() + output.len()) / BYTES_A_REDUCTION) as i64);
    call.binary(&output)
}

fn data_error<'c>() -> Stop<'c> {
    Stop::Error(Term::atom(atom::intern_static("data_error")))
}

fn compress<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = iolist_bytes(data).or_badarg()?;
    Ok(deflated(call, &bytes, deflate::zlib))
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
    Ok(deflated(call, &bytes, deflate::deflate))
}

fn unzip<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = iolist_bytes(data).or_badarg()?;
    through(call, &bytes, DeflateDecoder::new(&bytes[..]))
}

fn gzip<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = iolist_bytes(data).or_badarg()?;
    Ok(deflated(call, &bytes, deflate::gzip))
}

fn gunzip<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = iolist_bytes(data).or_badarg()?;
    through(call, &bytes, MultiGzDecoder::new(&bytes[..]))
}
