//! Mutants of external terms, made of those of `testdata/terms.txt` and of some that OTP's writer does not make.

use crate::random::Random;

/// Terms in forms that only older or other nodes write, without their version byte.
const OTHERS: [&[u8]; 22] = [
    // Local and foreign pids, ports and references, old and new.
    &[103, 119, 13, b'n', b'o', b'n', b'o', b'd', b'e', b'@', b'n', b'o', b'h', b'o', b's', b't', 0, 0, 0, 90, 0, 0, 0, 0, 0],
    &[88, 119, 3, b'a', b'@', b'b', 0, 0, 0, 90, 0, 0, 0, 7, 0, 0, 0, 1],
    &[102, 119, 3, b'a', b'@', b'b', 0, 0, 0, 9, 1],
    &[89, 119, 3, b'a', b'@', b'b', 0, 0, 0, 9, 0, 0, 0, 1],
    &[120, 119, 3, b'a', b'@', b'b', 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1],
    &[114, 0, 3, 119, 3, b'a', b'@', b'b', 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
    &[90, 0, 3, 119, 3, b'a', b'@', b'b', 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
    &[101, 119, 3, b'a', b'@', b'b', 0, 0, 0, 9, 1],
    // Atoms in Latin-1 and long.
    &[100, 0, 3, b'f', 0xe5, b'o'],
    &[115, 2, b'o', b'k'],
    &[118, 0, 2, 0xce, 0xbb],
    // Floats as text, bitstrings, big integers in odd lengths.
    b"c1.50000000000000000000e+00\0\0\0\0\0",
    &[77, 0, 0, 0, 2, 3, 0xaa, 0xa0],
    &[110, 3, 1, 1, 2, 0],
    &[111, 0, 0, 0, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    // Funs.
    &[113, 119, 5, b'l', b'i', b's', b't', b's', 119, 3, b'm', b'a', b'p', 97, 2],
    &[
        112, 0, 0, 0, 58, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0, 0, 0, 0, 0, 0, 1, 119, 1, b'm', 97, 0,
        97, 5, 88, 119, 3, b'a', b'@', b'b', 0, 0, 0, 90, 0, 0, 0, 7, 0, 0, 0, 1, 97, 1,
    ],
    // A map with two keys, a list that is a string, an improper list, a tuple of the long form.
    &[116, 0, 0, 0, 2, 97, 1, 97, 2, 97, 3, 97, 4],
    &[107, 0, 3, 1, 2, 3],
    &[108, 0, 0, 0, 1, 97, 1, 97, 2],
    &[105, 0, 0, 0, 2, 97, 1, 97, 2],
    // Compressed: `[]`.
    &[80, 0, 0, 0, 1, 0x78, 0x9c, 0xcb, 0x02, 0x00, 0x00, 0x6b, 0x00, 0x6b],
];

/// The terms that mutants are made of, each with its version byte.
pub fn corpus(text: &str) -> Vec<Vec<u8>> {
    let hex = |word: &str| {
        let pairs = word.as_bytes().chunks_exact(2);
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect::<Option<Vec<u8>>>()
    };
    let written = text.lines().filter_map(|line| hex(line.split(' ').next()?)).filter(|bytes| bytes.len() < 4000);
    let written = written.filter(|bytes| bytes.first() == Some(&131));
    written.chain(OTHERS.iter().map(|body| [&[131], *body].concat())).collect()
}

/// Mutant `number` of a run: what was done, and its bytes.
pub fn mutant(corpus: &[Vec<u8>], seed: u64, number: u64) -> (String, Vec<u8>) {
    let random = &mut Random::of(seed, number);
    let at = random.below(corpus.len());
    let mut bytes = corpus[at].clone();
    let other = &corpus[random.below(corpus.len())];
    for _ in 0..=random.below(3) {
        match random.below(10) {
            0..4 => random.damage(&mut bytes[1..]),
            // Another tag where one may stand.
            4..6 => {
                const TAGS: &[u8] = b"FMPXYZabcdefghijklmnopqrstuvwxy\x6a";
                let at = 1 + random.below(bytes.len() - 1).min(random.below(bytes.len()));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = TAGS[random.below(TAGS.len())];
                }
            }
            6 => bytes.truncate(1 + random.below(bytes.len())),
            // Part of another term, in the middle or at the end.
            7..9 => {
                let from = 1 + random.below(other.len() - 1);
                let size = random.below(other.len() - from).min(40);
                let at = 1 + random.below(bytes.len());
                let tail = bytes.split_off(at.min(bytes.len()));
                bytes.extend(&other[from..from + size]);
                bytes.extend(&tail[random.below(tail.len() + 1).min(size)..]);
            }
            // Inside of a list, a tuple or a map.
            _ => {
                let body = bytes.split_off(1);
                match random.below(3) {
                    0 => bytes.extend([&[104, 2], &body[..], &other[1..]].concat()),
                    1 => bytes.extend([&[108, 0, 0, 0, 2], &body[..], &other[1..], &[106]].concat()),
                    _ => bytes.extend([&[116, 0, 0, 0, 2], &body[..], &body, &other[1..], &body].concat()),
                }
            }
        }
        if bytes.len() < 2 {
            bytes.push(106);
        }
    }
    (format!("of term {at}"), bytes)
}

/// Two verdicts that differ for a reason: forms that OTP writes for its tables alone and yet reads wherever they come from (they may
/// kill it) are refused here; a fun of no module at hand has one index, where OTP keeps two that only forgery makes different.
pub fn may_differ(ours: &str, theirs: &str, bytes: &[u8]) -> bool {
    let is_internal = ours == "refused" && bytes.iter().any(|byte| (b'I'..=b'L').contains(byte));
    is_internal || (ours.contains("#Fun<") && theirs.contains("#Fun<"))
}

/// A text in which other nodes have no numbers: those are each machine's own.
pub fn without_nodes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && rest[digits..].starts_with('.') && &rest[..digits] != "0" {
            out.push('N');
            rest = &rest[digits..];
        }
    }
    out + rest
}
