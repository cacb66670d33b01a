//! TZif files (RFC 8536): a header, a block with 32-bit times, and from version 2 a header, a block with 64-bit times and
//! a POSIX rule between newlines.
//!
//! ```text
//! "TZif" version:8 zeros:15×8 | isutcnt isstdcnt leapcnt timecnt typecnt charcnt : 32 each
//! times timecnt×(4|8) · kinds timecnt×1 · typecnt×(offset:32 dst:8 name:8) · charcnt · leapcnt×(4|8 + 4) · isstdcnt · isutcnt
//! ```
//!
//! Every count is checked against the bytes that are left; leap seconds are ignored, as POSIX time does.

use super::{LocalOffset, Zone, rule};

/// Reads a file; `None` when it is not one.
pub(super) fn parse(bytes: &[u8]) -> Option<Zone> {
    let mut input = Input(bytes);
    let header = Header::read(&mut input)?;
    if header.version < b'2' {
        return read_block(&mut input, &header, 4);
    }
    input.take(header.block_bytes(4)?)?;
    let header = Header::read(&mut input)?;
    let mut zone = read_block(&mut input, &header, 8)?;
    let footer = input.0.strip_prefix(b"\n")?;
    let end = footer.iter().position(|&byte| byte == b'\n')?;
    zone.rule = rule::parse(&footer[..end]);
    Some(zone)
}

struct Header {
    version: u8,
    isut: usize,
    isstd: usize,
    leaps: usize,
    times: usize,
    kinds: usize,
    chars: usize,
}

impl Header {
    fn read(input: &mut Input) -> Option<Header> {
        if input.take(4)? != b"TZif" {
            return None;
        }
        let version = input.take(16)?[0];
        let mut count = || input.be_u32().map(|count| count as usize);
        Some(Header {
            version,
            isut: count()?,
            isstd: count()?,
            leaps: count()?,
            times: count()?,
            kinds: count()?,
            chars: count()?,
        })
    }

    fn block_bytes(&self, time_bytes: usize) -> Option<usize> {
        let mut sum = self.times.checked_mul(time_bytes + 1)?;
        for part in [self.kinds.checked_mul(6)?, self.chars, self.leaps.checked_mul(time_bytes + 4)?, self.isstd, self.isut] {
            sum = sum.checked_add(part)?;
        }
        Some(sum)
    }
}

fn read_block(input: &mut Input, header: &Header, time_bytes: usize) -> Option<Zone> {
    let mut block = Input(input.take(header.block_bytes(time_bytes)?)?);
    let times = block.take(header.times * time_bytes)?;
    let indices = block.take(header.times)?;
    let transitions =
        times.chunks_exact(time_bytes).zip(indices).map(|(time, &kind)| (be_signed(time), kind)).collect::<Vec<_>>();
    if !transitions.is_sorted_by_key(|&(from, _)| from) {
        return None;
    }
    let mut kinds = Vec::with_capacity(header.kinds);
    for _ in 0..header.kinds {
        let seconds = i32::from_be_bytes(block.take(4)?.try_into().ok()?);
        // No clock on Earth is more than a day off; a larger claim would overflow sums elsewhere.
        if seconds.unsigned_abs() > 93_600 {
            return None;
        }
        let flags = block.take(2)?;
        kinds.push(LocalOffset { seconds, is_dst: flags[0] != 0 });
    }
    if kinds.is_empty() || indices.iter().any(|&kind| usize::from(kind) >= kinds.len()) {
        return None;
    }
    Some(Zone { transitions, kinds, rule: None })
}

/// A big-endian signed number of 4 or 8 bytes.
fn be_signed(bytes: &[u8]) -> i64 {
    let start = if bytes[0] & 0x80 != 0 { -1 } else { 0 };
    bytes.iter().fold(start, |sum: i64, &byte| (sum << 8) | i64::from(byte))
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn be_u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(version: u8, times: u32, kinds: u32, chars: u32) -> Vec<u8> {
        let mut bytes = b"TZif".to_vec();
        bytes.push(version);
        bytes.extend([0; 15]);
        for count in [0, 0, 0, times, kinds, chars] {
            bytes.extend(count.to_be_bytes());
        }
        bytes
    }

    fn sample() -> Vec<u8> {
        let mut bytes = header(b'2', 0, 1, 1);
        bytes.extend([0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(header(b'2', 2, 2, 4));
        bytes.extend((-100i64).to_be_bytes());
        bytes.extend(1000i64.to_be_bytes());
        bytes.extend([1, 0]);
        bytes.extend(3600i32.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(7200i32.to_be_bytes());
        bytes.extend([1, 0]);
        bytes.extend(b"ABC\0");
        bytes.extend(b"\nCET-1\n");
        bytes
    }

    #[test]
    fn transitions_then_rule() {
        let zone = parse(&sample()).expect("a good file");
        assert_eq!(zone.at(-101).seconds, 3600);
        assert_eq!(zone.at(-100), LocalOffset { seconds: 7200, is_dst: true });
        assert_eq!(zone.at(999).seconds, 7200);
        assert_eq!(zone.at(1000).seconds, 3600);
    }

    #[test]
    fn every_cut_and_every_changed_byte_is_refused_or_read() {
        let good = sample();
        for cut in 0..good.len() {
            assert_eq!(parse(&good[..cut]), None, "cut at {cut}");
        }
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                if let Some(zone) = parse(&bad) {
                    zone.at(i64::MIN);
                    zone.at(i64::MAX);
                }
            }
        }
    }
}
