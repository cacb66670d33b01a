//! Hashes of terms and checksums of bytes.

use crate::bif::{BifResult, Call, Stop, bifs};
use crate::term::{Term, hash};
use crate::util::checksum::{self, Md5};

bifs! { module "erlang";
    /// A hash in `1..Range` that is the same on every machine and version.
    ///
    /// `erlang:phash([], 1000)` => `2`
    [plain] "phash"/2 = phash, "erts/emulator/beam/bif.c";
    /// A hash in `0..2^27 - 1` that is the same on every machine and version.
    ///
    /// `erlang:phash2(1)` => `2614250`
    [plain] "phash2"/1 = phash2, "erts/emulator/beam/bif.c";
    /// As `phash2/1`, in `0..Range - 1`.
    ///
    /// `erlang:phash2(1, 1000)` => `162`
    [plain] "phash2"/2 = phash2_range, "erts/emulator/beam/bif.c";
    /// MD5 of iodata.
    [plain] "md5"/1 = md5, "erts/emulator/beam/erl_bif_chksum.c";
    /// An MD5 context that has taken nothing in.
    [plain] "md5_init"/0 = md5_init, "erts/emulator/beam/erl_bif_chksum.c";
    /// The context after more iodata.
    [plain] "md5_update"/2 = md5_update, "erts/emulator/beam/erl_bif_chksum.c";
    /// The digest of what a context has taken in.
    [plain] "md5_final"/1 = md5_final, "erts/emulator/beam/erl_bif_chksum.c";
    /// CRC-32 of iodata.
    ///
    /// `erlang:crc32(<<"abc">>)` => `891568578`
    [plain] "crc32"/1 = crc32, "erts/emulator/beam/erl_bif_chksum.c";
    /// CRC-32 that goes on from another.
    [plain] "crc32"/2 = crc32_from, "erts/emulator/beam/erl_bif_chksum.c";
    /// CRC-32 of two pieces by their own and the second's size.
    [plain] "crc32_combine"/3 = crc32_combine, "erts/emulator/beam/erl_bif_chksum.c";
    /// Adler-32 of iodata.
    ///
    /// `erlang:adler32(<<"abc">>)` => `38600999`
    [plain] "adler32"/1 = adler32, "erts/emulator/beam/erl_bif_chksum.c";
    /// Adler-32 that goes on from another.
    [plain] "adler32"/2 = adler32_from, "erts/emulator/beam/erl_bif_chksum.c";
    /// Adler-32 of two pieces by their own and the second's size.
    [plain] "adler32_combine"/3 = adler32_combine, "erts/emulator/beam/erl_bif_chksum.c";
}

/// A range of `1..2^32`.
fn range_of(term: Term<'_>) -> Result<u64, Stop<'_>> {
    match term.as_small() {
        Some(range @ 1..=0x1_0000_0000) => Ok(range as u64),
        _ => Err(Stop::BADARG),
    }
}

fn phash<'c>(call: &mut Call<'c>, [term, range]: [Term<'c>; 2]) -> BifResult<'c> {
    let range = range_of(range)?;
    let hash = u64::from(hash::phash(term));
    Ok(call.integer((1 + hash % range) as i64))
}

fn phash2<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(call.integer(i64::from(hash::phash2(term))))
}

fn phash2_range<'c>(call: &mut Call<'c>, [term, range]: [Term<'c>; 2]) -> BifResult<'c> {
    let range = range_of(range)?;
    let hash = u64::from(hash::phash2_full(term));
    Ok(call.integer((hash % range) as i64))
}

/// Gives the bytes of iodata piece by piece; badarg where it is none.
fn each_piece<'c>(call: &mut Call<'c>, data: Term<'c>, mut take: impl FnMut(&[u8])) -> Result<(), Stop<'c>> {
    if !data.is_list() && !data.is_bitstring() {
        return Err(Stop::BADARG);
    }
    let mut stack = vec![data];
    let mut bytes: Vec<u8> = Vec::new();
    let mut count = 0;
    while let Some(mut list) = stack.pop() {
        loop {
            if let Some(cell) = list.as_cons() {
                if let Some(byte @ 0..=255) = cell.head.as_small() {
                    bytes.push(byte as u8);
                    list = cell.tail;
                    continue;
                }
                stack.push(cell.tail);
                list = cell.head;
                continue;
            }
            if list.is_nil() {
                break;
            }
            let piece = list.to_bytes().ok_or(Stop::BADARG)?;
            if !bytes.is_empty() {
                take(&bytes);
                count += bytes.len();
                bytes.clear();
            }
            take(&piece);
            count += piece.len();
            break;
        }
        if bytes.len() >= 1 << 12 {
            take(&bytes);
            count += bytes.len();
            bytes.clear();
        }
    }
    if !bytes.is_empty() {
        take(&bytes);
    }
    call.bump((count + bytes.len()) as i64 / 1000);
    Ok(())
}

fn md5<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut md5 = Md5::default();
    each_piece(call, data, |bytes| md5.update(bytes))?;
    Ok(call.binary(&md5.finish()))
}

fn md5_init<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(call.binary(&Md5::default().to_bytes()))
}

fn context_of(term: Term<'_>) -> Result<Md5, Stop<'_>> {
    term.to_bytes().and_then(|bytes| Md5::from_bytes(&bytes)).ok_or(Stop::BADARG)
}

fn md5_update<'c>(call: &mut Call<'c>, [context, data]: [Term<'c>; 2]) -> BifResult<'c> {
    let mut md5 = context_of(context)?;
    each_piece(call, data, |bytes| md5.update(bytes))?;
    Ok(call.binary(&md5.to_bytes()))
}

fn md5_final<'c>(call: &mut Call<'c>, [context]: [Term<'c>; 1]) -> BifResult<'c> {
    let digest = context_of(context)?.finish();
    Ok(call.binary(&digest))
}

fn u32_of(term: Term<'_>) -> Result<u32, Stop<'_>> {
    term.as_small().and_then(|value| u32::try_from(value).ok()).ok_or(Stop::BADARG)
}

fn summed<'c>(call: &mut Call<'c>, start: u32, data: Term<'c>, sum: fn(u32, &[u8]) -> u32) -> BifResult<'c> {
    let mut value = start;
    each_piece(call, data, |bytes| value = sum(value, bytes))?;
    Ok(call.integer(i64::from(value)))
}

fn combined<'c>(call: &mut Call<'c>, args: [Term<'c>; 3], combine: fn(u32, u32, u64) -> u32) -> BifResult<'c> {
    let [first, second, size] = args;
    let (first, second, size) = (u32_of(first)?, u32_of(second)?, u32_of(size)?);
    Ok(call.integer(i64::from(combine(first, second, u64::from(size)))))
}

fn crc32<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    summed(call, 0, data, checksum::crc32)
}

fn crc32_from<'c>(call: &mut Call<'c>, [start, data]: [Term<'c>; 2]) -> BifResult<'c> {
    summed(call, u32_of(start)?, data, checksum::crc32)
}

fn crc32_combine<'c>(call: &mut Call<'c>, args: [Term<'c>; 3]) -> BifResult<'c> {
    combined(call, args, checksum::crc32_combine)
}

fn adler32<'c>(call: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
    summed(call, 1, data, checksum::adler32)
}

fn adler32_from<'c>(call: &mut Call<'c>, [start, data]: [Term<'c>; 2]) -> BifResult<'c> {
    summed(call, u32_of(start)?, data, checksum::adler32)
}

fn adler32_combine<'c>(call: &mut Call<'c>, args: [Term<'c>; 3]) -> BifResult<'c> {
    combined(call, args, checksum::adler32_combine)
}
