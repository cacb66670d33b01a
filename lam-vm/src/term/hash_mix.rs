//! Hashes of OTP: the primitive steps, over words and bytes. What walks terms calls these.
//!
//! All arithmetic is modulo 2^32. Source: `make_hash2`, `make_hash`, `make_internal_hash` in `beam/utils.c`,
//! `erl_map.h` (OTP 25).
//!
//! # `phash2`: walking order
//!
//! One running `hash`, from 0, and a stack of terms. A term alone: small, atom or `[]` as below; the same code
//! serves both, for the first step sees hash 0.
//! - atom: `hash` 0 becomes the atom's hash value (`atom_hash`), else `word(hash, value, 3)`.
//! - `[]`: `hash` 0 becomes `NIL_ALONE`, else `word(hash, NIL_NUMBER, 2)`.
//! - small and bignum: `integer`. float: `float`. Bitstring: `bitstring`.
//! - list: bytes at its front are packed four to a word, first byte highest: `word(hash, packed, 4)` for each
//!   four, and for the rest if any (restart the count at each cell that begins a run). The first cell whose
//!   head is no byte: push its tail, go on with its head. When the tail of the last byte's cell is no list, go
//!   on with that tail (`[]` of a string is hashed too).
//! - tuple: `word(hash, arity, 9)`, then its elements, first to last.
//! - map: `word(hash, size, 16)`; if not empty, for each pair a hash from 0 over the key and then the value;
//!   all these are xored from 0 (any order); then with the outer hash: `word(hash, xored, 19)`.
//! - local fun: `pair(hash, free, hash of module's atom, 1)`, `pair(hash, index, old_uniq, 1)`, then its
//!   environment, first to last. Export fun: `pair(hash, arity, hash of module's atom, 1)`,
//!   `word(hash, hash of function's atom, 14)`.
//! - pid: `word(hash, number, 5)`; ref: `word(hash, numbers[0], 7)`; port: `pair(hash, low, high, 6)`.
//!
//! The BIF takes `hash rem 2^27` by default, else `hash rem Range`, where Range is 1 to 2^32.
//!
//! # Hash map nodes
//!
//! Key → `map_hash(key, 0)`, 32 bits. Level 0 takes bits 3..0, each level the next four; level 8 goes on with
//! `map_hash(key, 1)`, level 16 with `map_hash(key, 2)`: at level L the salt is `map_salt(L / 8)` and the shift
//! `4 * (L % 8)`. `map_hash` is `internal hash` with that salt:
//! - start: `internal_start(salt)`; each immediate is `immediate` of OTP's own word (`small_word`, `NIL_WORD`),
//!   but for atoms, pids and ports, where OTP's words are its table numbers: any stable word will do.
//! - list: bytes as `phash2`, but the rest of a run, 1 to 3 bytes, is `pair(hash, packed, count, 22)`; then, if
//!   at a cell: `constant(hash, 17)`, push the tail, and when the tail is no list mark it so that
//!   `constant(hash, 18)` comes before it is hashed; go on with the head.
//! - tuple, bitstring and bignum as `phash2` (a small beyond `OTP_SMALL_BITS` is a bignum there).
//! - float: `internal_float`. Map: `word(hash, size, 16)`, then key and value of each pair in the map's own
//!   order (flat map: of its keys; hash map: nodes and leaves pushed first to last, so taken last to first).
//! - local fun: `pair(hash, free, module, 20)`, `pair(hash, index, old_uniq, 21)`, environment. Ref:
//!   `word(hash, numbers[0], 7)`, `pair(hash, numbers[1], numbers[2], 8)`.
//!
//! Order (recorded): `maps:keys/1`, `values/1`, `to_list/1` and `term_to_binary/1` go from the highest nibble down
//! (they build lists from the end); `maps:next/1`, `maps:fold/3` and printing go from the lowest nibble up.
//!
//! # `phash`
//!
//! A running hash from 0; the primes are `PRIME`. `[]`: `step(h, 3) + 1`. Atom: `step(h, 1) + value`. Integer:
//! `phash_integer`. Bitstring: `phash_bitstring`. Float: `step(h, 6) + (low ^ high)`, -0.0 as 0.0. List: a byte
//! at the front is `step(h, 2) + byte`, anything else is hashed as a term; when the tail is no list it is
//! hashed and then `step(h, 8)`. Tuple: elements, then `step(h, 9) + arity`. Local fun: `step(h, 10) + free`,
//! `step(h, 1) + module`, `step(h, 2) + index`, `step(h, 2) + old_uniq`, environment; export fun:
//! `step(h, 11) + arity`, `step(h, 1) + module`, `step(h, 1) + function`. Map:
//! `step(h, 13) + PRIME[14] + phash2(map)` (all 32 bits). Pid: `phash_word` by 5, then times 6; ref: by 9, then
//! times 10; port: if the high word is not 0 `phash_word` of it by 11, then the low word by 9, times 10.
//! The BIF gives `1 + hash rem Range`.

use crate::term::integer::IntRef;

/// The golden ratio; `golden(n)` is OTP's `HCONST_n`, a different constant for each type.
const fn golden(n: u32) -> u32 {
    0x9e37_79b9u32.wrapping_mul(n)
}

/// `phash2([])`, before the range is taken.
pub const NIL_ALONE: u32 = 3_468_870_702;
/// `[]` inside another term: OTP's number of the type.
pub const NIL_NUMBER: u32 = 2;
/// OTP's word for `[]`.
pub const NIL_WORD: u64 = 0x3b;
/// Smalls have 60 bits in OTP 25; ours have 61.
pub const OTP_SMALL_BITS: u32 = 60;

/// Bob Jenkins' mixing of three words.
const fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    a = a.wrapping_sub(b).wrapping_sub(c) ^ (c >> 13);
    b = b.wrapping_sub(c).wrapping_sub(a) ^ (a << 8);
    c = c.wrapping_sub(a).wrapping_sub(b) ^ (b >> 13);
    a = a.wrapping_sub(b).wrapping_sub(c) ^ (c >> 12);
    b = b.wrapping_sub(c).wrapping_sub(a) ^ (a << 16);
    c = c.wrapping_sub(a).wrapping_sub(b) ^ (b >> 5);
    a = a.wrapping_sub(b).wrapping_sub(c) ^ (c >> 3);
    b = b.wrapping_sub(c).wrapping_sub(a) ^ (a << 10);
    c = c.wrapping_sub(a).wrapping_sub(b) ^ (b >> 15);
    (a, b, c)
}

/// Mixes two words into `hash` under constant `n`.
pub const fn pair(hash: u32, x: u32, y: u32, n: u32) -> u32 {
    mix(golden(n).wrapping_add(x), golden(n).wrapping_add(y), hash).2
}

/// Mixes one word into `hash` under constant `n`.
pub const fn word(hash: u32, x: u32, n: u32) -> u32 {
    pair(hash, x, 0, n)
}

/// An integer, for `phash2`; a bignum, for the internal hash too.
pub fn integer(mut hash: u32, value: IntRef) -> u32 {
    if let IntRef::Small(small @ -0x800_0000..=0x7ff_ffff) = value {
        // Negative ones are mixed twice.
        if small < 0 {
            hash = word(hash, small.unsigned_abs() as u32, 1);
        }
        return word(hash, small as u32, 1);
    }
    let mut buffer = [0];
    let (negative, limbs) = value.parts(&mut buffer);
    let n = if negative { 10 } else { 11 };
    limbs.iter().fold(hash, |hash, &limb| pair(hash, limb as u32, (limb >> 32) as u32, n))
}

/// A float, for `phash2`: high word first.
pub fn float(hash: u32, value: f64) -> u32 {
    let bits = float_bits(value);
    pair(hash, (bits >> 32) as u32, bits as u32, 12)
}

/// A bitstring of `bytes` whole bytes and `last`: count (1 to 7) and value of the bits that follow.
pub fn bitstring(hash: u32, bytes: &[u8], last: Option<(u32, u8)>) -> u32 {
    let start = golden(13).wrapping_add(hash);
    if bytes.is_empty() && last.is_none() {
        return start;
    }
    let mut block = BlockHash::new(start);
    let whole = bytes.len() / 12 * 12;
    block.whole_blocks(&bytes[..whole]);
    let hash = block.finish(&bytes[whole..], bytes.len());
    match last {
        Some((bits, value)) => pair(hash, bits, u32::from(value), 15),
        None => hash,
    }
}

/// The hash of a run of bytes, which may be fed in pieces.
#[derive(Clone, Copy, Debug)]
pub struct BlockHash {
    a: u32,
    b: u32,
    c: u32,
}

impl BlockHash {
    /// `start` is the hash so far.
    pub fn new(start: u32) -> BlockHash {
        BlockHash { a: golden(1), b: golden(1), c: start }
    }

    /// Takes bytes in; their number is a multiple of 12.
    pub fn whole_blocks(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.len().is_multiple_of(12));
        for block in bytes.chunks_exact(12) {
            let (a, b, c) = (le_word(&block[..4]), le_word(&block[4..8]), le_word(&block[8..]));
            (self.a, self.b, self.c) = mix(self.a.wrapping_add(a), self.b.wrapping_add(b), self.c.wrapping_add(c));
        }
    }

    /// Takes the last bytes in, fewer than 12, and the length of all. Past 4 GB OTP counts modulo 2^32.
    pub fn finish(self, rest: &[u8], total_len: usize) -> u32 {
        debug_assert!(rest.len() < 12);
        let part = |from: usize, to: usize| le_word(&rest[from.min(rest.len())..to.min(rest.len())]);
        // The lowest byte of c belongs to the length.
        let c = (part(8, 11) << 8).wrapping_add(total_len as u32);
        mix(self.a.wrapping_add(part(0, 4)), self.b.wrapping_add(part(4, 8)), self.c.wrapping_add(c)).2
    }
}

fn le_word(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte))
}

/// 0.0 and -0.0 are one key.
fn float_bits(value: f64) -> u64 {
    if value == 0.0 { 0 } else { value.to_bits() }
}

/// The salt of the internal hash for each run of eight levels of a hash map.
pub const fn map_salt(depth: u32) -> u32 {
    if depth > 0 { pair(0, depth, 1, 22) } else { 0 }
}

/// The first value of the internal hash.
pub const fn internal_start(salt: u32) -> u32 {
    salt ^ 3_432_918_353
}

/// An immediate, as OTP's word.
pub const fn immediate(hash: u32, word: u64) -> u32 {
    pair(hash, word as u32, (word >> 32) as u32, 1)
}

/// An integer, for the internal hash: where OTP has a small its word, else its limbs.
pub fn internal_integer(hash: u32, value: IntRef) -> u32 {
    const HALF: i64 = 1 << (OTP_SMALL_BITS - 1);
    match value {
        IntRef::Small(small) if (-HALF..HALF).contains(&small) => immediate(hash, small_word(small)),
        IntRef::Small(small) => {
            let limb = small.unsigned_abs();
            pair(hash, limb as u32, (limb >> 32) as u32, if small < 0 { 10 } else { 11 })
        }
        IntRef::Big { .. } => integer(hash, value),
    }
}

/// OTP's word for a small.
pub const fn small_word(value: i64) -> u64 {
    (value as u64) << 4 | 0xf
}

/// A float, for the internal hash: low word first.
pub fn internal_float(hash: u32, value: f64) -> u32 {
    let bits = float_bits(value);
    pair(hash, bits as u32, (bits >> 32) as u32, 12)
}

/// Marks head (17) and improper tail (18) of a cell in the internal hash.
pub const fn constant(hash: u32, n: u32) -> u32 {
    (hash ^ golden(n)).rotate_left(17)
}

/// An atom's hash value, by its UTF-8 text. Source: `atom_hash` in `beam/atom.c`.
pub fn atom_hash(text: &[u8]) -> u32 {
    let (mut hash, mut i) = (0u32, 0);
    while i < text.len() {
        let mut byte = u32::from(text[i]);
        i += 1;
        // Two-byte characters of Latin-1 are hashed as that one byte, as when atoms were Latin-1.
        if byte & 0xfe == 0xc2
            && let Some(&next) = text.get(i)
            && next & 0xc0 == 0x80
        {
            byte = (byte << 6 | u32::from(next) & 0x3f) & 0xff;
            i += 1;
        }
        hash = (hash << 4).wrapping_add(byte);
        let high = hash & 0xf000_0000;
        if high != 0 {
            hash ^= high >> 24;
            hash ^= high;
        }
    }
    hash
}

/// `FUNNY_NUMBERn` of `phash`: primes above 2^28. Index 0 is not used.
pub const PRIME: [u32; 15] = [
    0, 268440163, 268439161, 268435459, 268436141, 268438633, 268437017, 268438039, 268437511, 268439627, 268440479, 268440577,
    268440581, 268440593, 268440611,
];

/// `hash * PRIME[n]`.
pub const fn step(hash: u32, n: usize) -> u32 {
    hash.wrapping_mul(PRIME[n])
}

/// Four bytes of a word, lowest first, by prime `n`.
pub fn phash_word(hash: u32, value: u32, n: usize) -> u32 {
    value.to_le_bytes().iter().fold(hash, |hash, &byte| step(hash, n).wrapping_add(u32::from(byte)))
}

/// An integer, for `phash`: the bytes of its 32-bit words, at least one.
pub fn phash_integer(mut hash: u32, value: IntRef) -> u32 {
    let mut buffer = [0];
    let (negative, limbs) = value.parts(&mut buffer);
    if limbs.is_empty() {
        hash = phash_word(hash, 0, 2);
    }
    for (i, &limb) in limbs.iter().enumerate() {
        hash = phash_word(hash, limb as u32, 2);
        if i + 1 < limbs.len() || limb >> 32 != 0 {
            hash = phash_word(hash, (limb >> 32) as u32, 2);
        }
    }
    step(hash, if negative { 4 } else { 3 })
}

/// A bitstring, for `phash`; arguments as `bitstring`.
pub fn phash_bitstring(hash: u32, bytes: &[u8], last: Option<(u32, u8)>) -> u32 {
    let mut hash = bytes.iter().fold(hash, |hash, &byte| step(hash, 1).wrapping_add(u32::from(byte)));
    if let Some((bits, value)) = last {
        hash = step(step(hash, 1).wrapping_add(u32::from(value)), 12).wrapping_add(bits);
    }
    step(hash, 4).wrapping_add(bytes.len() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::integer::{Integer, bsl, parse};

    fn number(text: &str) -> Integer {
        parse(text.as_bytes(), 10).expect("a number")
    }

    /// Expectations: `erlang:phash2/1` of OTP 25.
    #[test]
    fn phash2_of_leaves() {
        let check = |hash: u32, expected: u32| assert_eq!(hash % (1 << 27), expected);
        let integers = [
            ("0", 88723725),
            ("1", 2614250),
            ("-1", 44071773),
            ("134217727", 112602999),
            ("134217728", 12354923),
            ("-134217728", 69672967),
            ("-134217729", 76739502),
            ("576460752303423488", 26969617),
            ("18446744073709551616", 103122609),
            ("-18446744073709551616", 13457787),
            ("1361129467683753853853498429727072845831", 106277977),
        ];
        for (text, expected) in integers {
            check(integer(0, number(text).as_ref()), expected);
        }
        check(NIL_ALONE, 113427502);
        check(float(0, 1.5), 10380315);
        check(float(0, -0.0), 20875736);
        check(atom_hash(b"a"), 97);
        check(bitstring(0, b"hello world!!", None), 2064796);
        check(bitstring(0, b"", None), 13708901);
        check(bitstring(0, b"", Some((3, 5))), 133543196);
        check(word(0, 0, 9), 87486268);
        // [1, 2, 3, 4, 5], "abcd" and {1, a}
        check(word(word(word(0, 0x01020304, 4), 5, 4), NIL_NUMBER, 2), 66056394);
        check(word(word(0, 0x61626364, 4), NIL_NUMBER, 2), 7922743);
        check(word(integer(word(0, 2, 9), IntRef::Small(1)), 97, 3), 77306708);
    }

    /// Expectations: `erlang:phash(X, 1 bsl 32)` of OTP 25.
    #[test]
    fn phash_of_leaves() {
        let check = |hash: u32, expected: u32| assert_eq!(hash.wrapping_add(1), expected);
        let integers = [
            ("0", 1),
            ("1", 2788898428),
            ("-1", 1680185270),
            ("255", 2499495046),
            ("256", 1920229268),
            ("1099511627776", 1920229268),
            ("18446744073709551616", 2788898428),
            ("-18446744073709551616", 1680185270),
            ("1361129467683753853853498429727072845831", 1486091978),
        ];
        for (text, expected) in integers {
            check(phash_integer(0, number(text).as_ref()), expected);
        }
        check(phash_bitstring(0, b"hello world!!", None), 3968928950);
        check(phash_bitstring(0, b"", Some((3, 5))), 3507216109);
    }

    /// The order of hash map nodes: nibbles of the hash from the lowest up.
    fn node_order(hash: u32) -> u32 {
        (0..8).fold(0, |order, level| order << 4 | hash >> (4 * level) & 0xf)
    }

    /// Positions, from 1, of `keys` in a hash map.
    fn order_of<T: Copy>(keys: &[T], hash: impl Fn(u32, T) -> u32) -> Vec<usize> {
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(node_order(hash(internal_start(map_salt(0)), keys[i]))));
        order.iter().map(|i| i + 1).collect()
    }

    /// Expectations: `maps:keys/1` and `maps:values/1` of OTP 25, which give nodes from the highest nibble down.
    #[test]
    fn hash_map_order_is_otps() {
        let numbers: Vec<i64> = (1..=40).collect();
        let keys: Vec<usize> = vec![
            33, 12, 23, 29, 30, 39, 26, 31, 11, 37, 9, 32, 34, 25, 28, 6, 38, 13, 40, 20, 15, 14, 2, 7, 1, 8, 3, 17, 22, 21, 4,
            36, 24, 10, 35, 27, 19, 5, 18, 16,
        ];
        assert_eq!(order_of(&numbers, |hash, key| internal_integer(hash, IntRef::Small(key))), keys);
        let floats: Vec<f64> = (1..=40).map(|i| f64::from(i) / 2.0).collect();
        let keys: Vec<usize> = vec![
            22, 10, 33, 13, 21, 15, 31, 29, 14, 32, 26, 23, 24, 11, 20, 8, 27, 3, 39, 12, 30, 17, 34, 2, 40, 5, 18, 6, 1, 9, 35,
            7, 16, 36, 37, 28, 19, 25, 4, 38,
        ];
        assert_eq!(order_of(&floats, internal_float), keys);
        let texts: Vec<String> = (1..=40).map(|i| i.to_string()).collect();
        let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        let keys: Vec<usize> = vec![
            7, 27, 25, 14, 8, 36, 20, 31, 5, 6, 3, 33, 34, 26, 21, 15, 23, 12, 11, 17, 10, 40, 18, 39, 38, 35, 32, 28, 29, 30, 2,
            22, 24, 37, 4, 13, 16, 9, 1, 19,
        ];
        assert_eq!(order_of(&texts, |hash, text| bitstring(hash, text, None)), keys);
    }

    /// Keys 2^50 to 2^90, around the border of OTP's smalls.
    #[test]
    fn hash_map_order_of_large_integers_is_otps() {
        let powers: Vec<Integer> = (50..=90).map(|i| bsl(IntRef::Small(1), IntRef::Small(i)).expect("short")).collect();
        let powers: Vec<IntRef> = powers.iter().map(Integer::as_ref).collect();
        let exponents: Vec<usize> = vec![
            74, 63, 81, 77, 80, 58, 65, 50, 76, 72, 71, 67, 82, 68, 79, 73, 83, 61, 55, 52, 62, 85, 66, 70, 75, 56, 69, 57, 89,
            51, 78, 54, 53, 87, 84, 60, 59, 64, 86, 88, 90,
        ];
        let ours: Vec<usize> = order_of(&powers, internal_integer).iter().map(|i| i + 49).collect();
        assert_eq!(ours, exponents);
    }
}
