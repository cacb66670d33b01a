//! A reader of zip archives, as `.ez` files and escripts hold them: stored and deflated entries, no encryption, nothing over 4 GB.
//!
//! ```text
//! (anything) │ { local header, bytes }* │ central directory: { header, name }* │ end record: where the directory is
//! ```
//! Offsets count from the archive's own start, which is found from its end.

use std::io::Read;

/// No entry, and no archive, unpacks to more.
const LIMIT_BYTES: usize = 256 << 20;

const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;

/// A file of an archive.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// With `/` between its parts.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Whether the bytes begin as an archive does.
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL_HEADER)
}

/// The files of an archive that `is_wanted` by name, in its order; folders are none.
pub fn read(bytes: &[u8], is_wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Entry>, String> {
    let cut = || "it is cut short".to_string();
    let end = (0..=bytes.len().saturating_sub(END_BYTES)).rev().take(1 << 16).find(|at| bytes[*at..].starts_with(END));
    let end = end.ok_or("it has no directory")?;
    let number = |at: usize| u32_at(bytes, at).ok_or_else(cut);
    let (length, offset) = (number(end + 12)? as usize, number(end + 16)? as usize);
    let start = end.checked_sub(length).and_then(|at| at.checked_sub(offset)).ok_or_else(cut)?;
    let mut at = start + offset;
    let mut entries = Vec::new();
    let mut total = 0usize;
    while at < end && bytes[at..].starts_with(DIRECTORY_ENTRY) {
        let short = |from: usize| u16_at(bytes, at + from).map(usize::from).ok_or_else(cut);
        let (flags, method, name_length) = (short(8)?, short(10)?, short(28)?);
        let (checksum, packed, unpacked) = (number(at + 16)?, number(at + 20)? as usize, number(at + 24)? as usize);
        let name = bytes.get(at + 46..at + 46 + name_length).ok_or_else(cut)?;
        let name = std::str::from_utf8(name).map_err(|_| "a name in it is not UTF-8".to_string())?;
        let local = start.checked_add(number(at + 42)? as usize).ok_or_else(cut)?;
        at += 46 + name_length + short(30)? + short(32)?;
        if name.ends_with('/') || !is_wanted(name) {
            continue;
        }
        if flags & 1 != 0 {
            return Err(format!("`{name}` in it is encrypted"));
        }
        total = total.saturating_add(unpacked);
        if total > LIMIT_BYTES {
            return Err("it unpacks to more than 256 MB".into());
        }
        if !bytes.get(local..).is_some_and(|rest| rest.starts_with(LOCAL_HEADER)) {
            return Err(cut());
        }
        let header = 30
            + usize::from(u16_at(bytes, local + 26).ok_or_else(cut)?)
            + usize::from(u16_at(bytes, local + 28).ok_or_else(cut)?);
        let body = (local + header).checked_add(packed).and_then(|end| bytes.get(local + header..end)).ok_or_else(cut)?;
        let content = match method {
            0 => body.to_vec(),
            8 => inflate(body, unpacked).ok_or_else(|| format!("`{name}` in it is broken"))?,
            _ => return Err(format!("`{name}` in it is packed by a method that lam does not know")),
        };
        let mut sum = flate2::Crc::new();
        sum.update(&content);
        if content.len() != unpacked || sum.sum() != checksum {
            return Err(format!("`{name}` in it is broken"));
        }
        entries.push(Entry { name: name.to_string(), bytes: content });
    }
    Ok(entries)
}

fn inflate(body: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    flate2::read::DeflateDecoder::new(body).take(length as u64 + 1).read_to_end(&mut content).ok()?;
    Some(content)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// One stored and one deflated entry.
    fn archive() -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, content, method) in [("a/ebin/x", b"stored".to_vec(), 0u16), ("a/priv/y", vec![b'z'; 5000], 8)] {
            let mut sum = flate2::Crc::new();
            sum.update(&content);
            let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            deflate.write_all(&content).expect("memory");
            let packed = if method == 8 { deflate.finish().expect("memory") } else { content.clone() };
            let mut sizes = sum.sum().to_le_bytes().to_vec();
            sizes.extend((packed.len() as u32).to_le_bytes());
            sizes.extend((content.len() as u32).to_le_bytes());
            sizes.extend((name.len() as u16).to_le_bytes());
            sizes.extend([0, 0]);
            let local = out.len() as u32;
            let common = |version: &[u8]| [version, &[0, 0], &method.to_le_bytes()[..], &[0; 4], &sizes[..]].concat();
            out.extend([LOCAL_HEADER, &common(&[20, 0])[..], name.as_bytes(), &packed[..]].concat());
            directory.extend(
                [DIRECTORY_ENTRY, &common(&[20, 0, 20, 0])[..], &[0; 10], &local.to_le_bytes(), name.as_bytes()].concat(),
            );
        }
        let at = out.len() as u32;
        let length = directory.len() as u32;
        out.extend(directory);
        out.extend([END, &[0; 4], &[2, 0, 2, 0], &length.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat());
        out
    }

    #[test]
    fn entries_are_read() {
        let archive = archive();
        let entries = read(&archive, &|_| true).expect("it is whole");
        assert_eq!(
            entries.iter().map(|entry| (&*entry.name, entry.bytes.len())).collect::<Vec<_>>(),
            [("a/ebin/x", 6), ("a/priv/y", 5000)]
        );
        assert_eq!(read(&archive, &|name| name.contains("priv")).expect("it is whole").len(), 1);
        // Behind a script's first lines.
        let script = [b"#!/usr/bin/env escript\n", &archive[..]].concat();
        assert_eq!(read(&script, &|_| true), Ok(entries));
    }

    #[test]
    fn broken_archives_are_refused() {
        let archive = archive();
        for cut in 0..archive.len() {
            assert!(read(&archive[..cut], &|_| true).is_err(), "{cut}");
        }
        for at in 0..archive.len() {
            let mut changed = archive.clone();
            changed[at] ^= 0x55;
            let _ = read(&changed, &|_| true);
        }
    }
}
