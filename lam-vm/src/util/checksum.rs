//! CRC-32, Adler-32 and MD5 as Erlang's BIFs use them: continued from a value, and joined.

/// CRC-32 of `bytes`, going on from `crc` (0 at first).
pub fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(crc);
    hasher.update(bytes);
    hasher.finalize()
}

/// CRC-32 of two pieces joined, from that of each and the length of the second.
pub fn crc32_combine(first: u32, second: u32, second_len: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(first);
    hasher.combine(&crc32fast::Hasher::new_with_initial_len(second, second_len));
    hasher.finalize()
}

/// Adler-32 of `bytes`, going on from `adler` (1 at first).
pub fn adler32(adler: u32, bytes: &[u8]) -> u32 {
    let mut hasher = simd_adler32::Adler32::from_checksum(adler);
    hasher.write(bytes);
    hasher.finish()
}

/// Adler-32 of two pieces joined, from that of each and the length of the second.
pub fn adler32_combine(first: u32, second: u32, second_len: u64) -> u32 {
    const MODULUS: u64 = 65521;
    let (a1, b1) = (u64::from(first & 0xffff), u64::from(first >> 16));
    let (a2, b2) = (u64::from(second & 0xffff), u64::from(second >> 16));
    // Both sums begin with a 1; the joined one has it once.
    let a = (a1 + a2 + MODULUS - 1) % MODULUS;
    let len = second_len % MODULUS;
    let b = (b1 + b2 + len * (a1 + MODULUS - 1)) % MODULUS;
    (b << 16 | a) as u32
}

/// An MD5 in progress. `to_bytes` and `from_bytes` are the binary of `erlang:md5_init/0`.
///
/// ```text
/// bytes  0..16  four state words, little end first
///       16..24  bits so far, little end first
///       24..88  the piece of a block that waits
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Md5 {
    state: [u32; 4],
    bits: u64,
    block: [u8; 64],
}

/// Size of a context as a binary; as OTP's on 64-bit Linux.
pub const MD5_CONTEXT_BYTES: usize = 88;

impl Default for Md5 {
    fn default() -> Md5 {
        Md5 { state: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476], bits: 0, block: [0; 64] }
    }
}

impl Md5 {
    /// The digest of `bytes`.
    pub fn digest(bytes: &[u8]) -> [u8; 16] {
        let mut md5 = Md5::default();
        md5.update(bytes);
        md5.finish()
    }

    /// Takes more bytes in.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let held = self.held();
        self.bits = self.bits.wrapping_add((bytes.len() as u64).wrapping_mul(8));
        if held + bytes.len() < 64 {
            self.block[held..held + bytes.len()].copy_from_slice(bytes);
            return;
        }
        if held > 0 {
            let (head, rest) = bytes.split_at(64 - held);
            self.block[held..].copy_from_slice(head);
            self.state = compress(self.state, &self.block);
            bytes = rest;
        }
        let mut blocks = bytes.chunks_exact(64);
        for block in &mut blocks {
            self.state = compress(self.state, block);
        }
        let rest = blocks.remainder();
        self.block[..rest.len()].copy_from_slice(rest);
    }

    /// The digest of what was taken in.
    pub fn finish(mut self) -> [u8; 16] {
        let bits = self.bits;
        let mut padding = [0u8; 72];
        padding[0] = 0x80;
        let zeros = (119 - self.held()) % 64;
        padding[1 + zeros..9 + zeros].copy_from_slice(&bits.to_le_bytes());
        self.update(&padding[..9 + zeros]);
        let mut digest = [0; 16];
        for (out, word) in digest.chunks_exact_mut(4).zip(self.state) {
            out.copy_from_slice(&word.to_le_bytes());
        }
        digest
    }

    pub fn to_bytes(&self) -> [u8; MD5_CONTEXT_BYTES] {
        let mut bytes = [0; MD5_CONTEXT_BYTES];
        for (out, word) in bytes.chunks_exact_mut(4).zip(self.state) {
            out.copy_from_slice(&word.to_le_bytes());
        }
        bytes[16..24].copy_from_slice(&self.bits.to_le_bytes());
        bytes[24..].copy_from_slice(&self.block);
        bytes
    }

    /// `None` when the size is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Option<Md5> {
        let bytes: &[u8; MD5_CONTEXT_BYTES] = bytes.try_into().ok()?;
        let mut md5 = Md5::default();
        for (word, piece) in md5.state.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes(piece.try_into().ok()?);
        }
        md5.bits = u64::from_le_bytes(bytes[16..24].try_into().ok()?);
        md5.block.copy_from_slice(&bytes[24..]);
        Some(md5)
    }

    /// Bytes that wait for the rest of their block.
    fn held(&self) -> usize {
        (self.bits / 8 % 64) as usize
    }
}

/// One block. Source: RFC 1321.
fn compress(state: [u32; 4], block: &[u8]) -> [u32; 4] {
    const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let word = |i: usize| u32::from_le_bytes([block[4 * i], block[4 * i + 1], block[4 * i + 2], block[4 * i + 3]]);
    let [mut a, mut b, mut c, mut d] = state;
    for i in 0..64 {
        let (f, k) = match i / 16 {
            0 => (b & c | !b & d, i),
            1 => (d & b | !d & c, (5 * i + 1) % 16),
            2 => (b ^ c ^ d, (3 * i + 5) % 16),
            _ => (c ^ (b | !d), 7 * i % 16),
        };
        let sum = a.wrapping_add(f).wrapping_add(SINES[i]).wrapping_add(word(k));
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(SHIFTS[i / 16][i % 4]));
    }
    [state[0].wrapping_add(a), state[1].wrapping_add(b), state[2].wrapping_add(c), state[3].wrapping_add(d)]
}

/// `floor(2^32 * abs(sin(i + 1)))`.
const SINES: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af,
    0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa,
    0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8,
    0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244, 0x432aff97,
    0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1,
    0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn digests_of_the_rfc() {
        assert_eq!(hex(&Md5::digest(b"")), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex(&Md5::digest(b"message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
        let long = "1234567890".repeat(8);
        assert_eq!(hex(&Md5::digest(long.as_bytes())), "57edf4a22be3c955ac49da2e2107b67a");
    }

    #[test]
    fn pieces_give_the_digest_of_the_whole() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| (i * 7) as u8).collect();
        for cut in [0, 1, 55, 56, 63, 64, 65, 500, 1000] {
            let mut md5 = Md5::default();
            md5.update(&bytes[..cut]);
            let mut md5 = Md5::from_bytes(&md5.to_bytes()).expect("a context");
            md5.update(&bytes[cut..]);
            assert_eq!(md5.finish(), Md5::digest(&bytes));
            let (first, second) = bytes.split_at(cut);
            let len = second.len() as u64;
            assert_eq!(crc32_combine(crc32(0, first), crc32(0, second), len), crc32(0, &bytes));
            assert_eq!(adler32_combine(adler32(1, first), adler32(1, second), len), adler32(1, &bytes));
        }
    }

    #[test]
    fn known_sums() {
        assert_eq!(crc32(0, b"123456789"), 0xcbf43926);
        assert_eq!(adler32(1, b"Wikipedia"), 0x11e60398);
    }
}
