//! Binaries, bitstrings, and the lists of bytes they come from and become.

use crate::bif::args::{self, OrBadarg, Part};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::term::Term;

bifs! { module "erlang";
    /// The bytes of a list of bytes, binaries and such lists, which may end in a binary.
    ///
    /// `erlang:list_to_binary([1, [2, <<3>>]|<<4>>])` => `<<1, 2, 3, 4>>`
    /// `erlang:list_to_binary(<<1>>)` => `error:badarg`
    /// `erlang:list_to_binary([256])` => `error:badarg`
    /// `erlang:list_to_binary([<<1:3>>])` => `error:badarg`
    [plain] "list_to_binary"/1 = list_to_binary, "erts/emulator/beam/binary.c";
    /// As `list_to_binary/1`, and a binary is itself.
    ///
    /// `erlang:iolist_to_binary(<<1>>)` => `<<1>>`
    /// `erlang:iolist_to_binary([1|<<2>>])` => `<<1, 2>>`
    [plain] "iolist_to_binary"/1 = iolist_to_binary, "erts/emulator/beam/binary.c";
    /// Bytes that `iolist_to_binary/1` would give.
    ///
    /// `erlang:iolist_size([1, <<2, 3>>])` => `3`
    /// `erlang:iolist_size([a])` => `error:badarg`
    [plain] "iolist_size"/1 = iolist_size, "erts/emulator/beam/bif.c";
    /// The same bytes as a list of binaries: small ones joined, large ones shared.
    ///
    /// `erlang:iolist_to_iovec([1, <<2>>])` => `[<<1, 2>>]`
    /// `erlang:iolist_to_iovec([])` => `[]`
    [plain] "iolist_to_iovec"/1 = iolist_to_iovec, "erts/emulator/beam/erl_io_queue.c";
    /// The bits of a list of bytes, bitstrings and such lists.
    ///
    /// `erlang:list_to_bitstring([<<1:3>>, <<2:7>>, 5])` => `<<32, 129, 1:2>>`
    /// `erlang:list_to_bitstring(<<1:3>>)` => `error:badarg`
    [plain] "list_to_bitstring"/1 = list_to_bitstring, "erts/emulator/beam/binary.c";
    /// The bytes of a binary as a list.
    ///
    /// `erlang:binary_to_list(<<1, 2>>)` => `[1, 2]`
    /// `erlang:binary_to_list(<<1:3>>)` => `error:badarg`
    [plain] "binary_to_list"/1 = binary_to_list_1, "erts/emulator/beam/binary.c";
    /// The bytes from `Start` to `Stop`, both counted from 1.
    ///
    /// `erlang:binary_to_list(<<1, 2, 3>>, 2, 3)` => `[2, 3]`
    /// `erlang:binary_to_list(<<1, 2, 3>>, 3, 2)` => `error:badarg`
    /// `erlang:binary_to_list(<<1, 2, 3>>, 0, 2)` => `error:badarg`
    [plain] "binary_to_list"/3 = binary_to_list_3, "erts/emulator/beam/binary.c";
    /// The bytes of a bitstring as a list; bits that do not fill a byte come last as a bitstring.
    ///
    /// `erlang:bitstring_to_list(<<1, 2:3>>)` => `[1, <<2:3>>]`
    [plain] "bitstring_to_list"/1 = bitstring_to_list, "erts/emulator/beam/binary.c";
    /// The first `Size` bytes, and the rest.
    ///
    /// `erlang:split_binary(<<1, 2, 3:4>>, 1)` => `{<<1>>, <<2, 3:4>>}`
    /// `erlang:split_binary(<<1, 2>>, 3)` => `error:badarg`
    [plain] "split_binary"/2 = split_binary, "erts/emulator/beam/binary.c";
}

/// Bytes gathered for one reduction.
const BYTES_A_REDUCTION: usize = 500;

fn pay(call: &mut Call<'_>, bytes: usize) {
    call.bump((bytes / BYTES_A_REDUCTION) as i64);
}

pub fn list_to_binary<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    if !list.is_list() {
        return Err(Stop::BADARG);
    }
    let bytes = args::iolist_bytes(list).or_badarg()?;
    pay(call, bytes.len());
    Ok(call.binary(&bytes))
}

fn iolist_to_binary<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    match term.as_bits() {
        Some(bits) if bits.is_binary() => Ok(term),
        Some(_) => Err(Stop::BADARG),
        None => list_to_binary(call, [term]),
    }
}

fn iolist_size<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    let size = args::iolist_byte_count(term).or_badarg()?;
    Ok(call.unsigned(size as u64))
}

/// Below this many bytes a binary is joined with its neighbours. As OTP's `IOL2V_SMALL_BIN_LIMIT`.
const SMALL_BYTES: usize = 256;

/// Binaries of an I/O vector under way.
#[derive(Default)]
struct Vector<'c> {
    joined: Vec<u8>,
    parts: Vec<Term<'c>>,
}

impl<'c> Vector<'c> {
    fn flush(&mut self, call: &mut Call<'c>) {
        if !self.joined.is_empty() {
            let part = call.binary(&self.joined);
            self.parts.push(part);
            self.joined.clear();
        }
    }
    fn add(&mut self, call: &mut Call<'c>, binary: Term<'c>) -> Option<()> {
        let bytes = binary.to_bytes()?;
        if bytes.len() < SMALL_BYTES || (!self.joined.is_empty() && self.joined.len() + bytes.len() < 2 * SMALL_BYTES) {
            self.joined.extend_from_slice(&bytes);
            return Some(());
        }
        let spill = if self.joined.is_empty() { 0 } else { SMALL_BYTES.saturating_sub(self.joined.len()) };
        self.joined.extend_from_slice(&bytes[..spill]);
        self.flush(call);
        let rest = call.sub_bits(binary, 8 * spill, 8 * (bytes.len() - spill));
        self.parts.push(rest);
        Some(())
    }
}

fn iolist_to_iovec<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    let mut vector = Vector::default();
    if let Some(bits) = term.as_bits() {
        return match bits.size {
            0 => Ok(Term::NIL),
            size if size % 8 == 0 => Ok(call.list(&[term])),
            _ => Err(Stop::BADARG),
        };
    }
    if !term.is_list() {
        return Err(Stop::BADARG);
    }
    args::walk_iolist(term, |part| match part {
        Part::Byte(byte) => {
            vector.joined.push(byte);
            true
        }
        Part::Bits(bits) => vector.add(call, bits).is_some(),
    })
    .or_badarg()?;
    vector.flush(call);
    Ok(call.list(&vector.parts))
}

fn list_to_bitstring<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    if !list.is_list() {
        return Err(Stop::BADARG);
    }
    let mut bytes: Vec<u8> = Vec::new();
    let mut size = 0;
    let mut append = |part: &[u8], part_size: usize| {
        let shift = size % 8;
        if shift == 0 {
            bytes.extend_from_slice(part);
        } else {
            for byte in part {
                *bytes.last_mut().expect("bits are there") |= byte >> shift;
                bytes.push(byte << (8 - shift));
            }
        }
        size += part_size;
        bytes.truncate(size.div_ceil(8));
    };
    args::walk_iolist(list, |part| {
        match part {
            Part::Byte(byte) => append(&[byte], 8),
            Part::Bits(term) => {
                let bits = term.as_bits().expect("the walk gives bitstrings");
                append(&bits.to_bytes(), bits.size);
            }
        }
        true
    })
    .or_badarg()?;
    pay(call, bytes.len());
    Ok(call.bitstring(&bytes, size))
}

fn binary_to_list_1<'c>(call: &mut Call<'c>, [binary]: [Term<'c>; 1]) -> BifResult<'c> {
    let bytes = binary.to_bytes().or_badarg()?;
    pay(call, bytes.len());
    Ok(call.byte_list(&bytes, Term::NIL))
}

fn binary_to_list_3<'c>(call: &mut Call<'c>, [binary, start, stop]: [Term<'c>; 3]) -> BifResult<'c> {
    let bits = binary.as_bits().or_badarg()?;
    let size = bits.size / 8;
    let start = args::one_based(start, size).or_badarg()?;
    let stop = args::one_based(stop, size).filter(|stop| *stop >= start).or_badarg()?;
    let bytes = bits.slice(8 * start, 8 * (stop + 1 - start)).to_bytes();
    Ok(call.byte_list(&bytes, Term::NIL))
}

fn bitstring_to_list<'c>(call: &mut Call<'c>, [bits]: [Term<'c>; 1]) -> BifResult<'c> {
    let whole = bits.as_bits().or_badarg()?;
    let rest = whole.size % 8;
    let tail = if rest == 0 {
        Term::NIL
    } else {
        let last = call.sub_bits(bits, whole.size - rest, rest);
        call.list(&[last])
    };
    let bytes = whole.slice(0, whole.size - rest).to_bytes();
    pay(call, bytes.len());
    Ok(call.byte_list(&bytes, tail))
}

fn split_binary<'c>(call: &mut Call<'c>, [binary, at]: [Term<'c>; 2]) -> BifResult<'c> {
    let size = binary.as_bits().or_badarg()?.size;
    let at = at.as_usize().filter(|at| *at <= size / 8).or_badarg()? * 8;
    let first = call.sub_bits(binary, 0, at);
    let second = call.sub_bits(binary, at, size - at);
    Ok(call.tuple(&[first, second]))
}

#[cfg(test)]
mod tests {
    use crate::bif::testing::run;

    #[test]
    fn an_iovec_joins_small_binaries_as_otp() {
        let sizes = run("erlang", "iolist_to_iovec", |heap| {
            let mut part = |size: usize| heap.binary(&vec![9; size]);
            let parts = [part(70), part(1), part(600), part(1), part(300), part(300), part(1)];
            vec![heap.list(&parts)]
        });
        let sizes: Vec<usize> = sizes
            .trim_matches(['[', ']'])
            .split(">>")
            .filter(|part| part.contains('<'))
            .map(|part| part.matches('9').count())
            .collect();
        assert_eq!(sizes, [256, 415, 301, 300, 1]);
    }
}
