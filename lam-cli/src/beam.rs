//! The outer form of a `.beam` file: enough to name the module and to show its chunks; the loader reads the rest.
//!
//! ```text
//! "FOR1" │ u32 length │ "BEAM" │ chunk: 4-byte name │ u32 length │ bytes │ pad to 4        numbers are big-endian
//! atoms  u32 count (negative: lengths are tagged) │ length │ text …                        atom 1 is the module
//! ```

use std::borrow::Cow;
use std::io::Read;

/// What a gzip-wrapped module may unpack to, at most.
const UNPACKED_LIMIT_BYTES: usize = 256 << 20;

/// The file's bytes without a gzip wrapper.
pub fn unwrapped(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut plain = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(UNPACKED_LIMIT_BYTES as u64 + 1);
    reader.read_to_end(&mut plain).map_err(|error| format!("its gzip wrapper is broken ({error})"))?;
    // A module of machine code and text deflates to a tenth; a thousandth is a bomb.
    let limit = (bytes.len().saturating_mul(200) + (16 << 20)).min(UNPACKED_LIMIT_BYTES);
    if plain.len() > limit {
        return Err("it unpacks to far more than a module can be".into());
    }
    Ok(Cow::Owned(plain))
}

/// Name and bytes of every chunk.
pub fn chunks(bytes: &[u8]) -> Result<Vec<(String, &[u8])>, String> {
    if bytes.is_empty() {
        return Err("it is empty".into());
    }
    if bytes.len() < 12 || &bytes[..4] != b"FOR1" || &bytes[8..12] != b"BEAM" {
        return Err("it does not begin as a .beam file".into());
    }
    let length = u32_at(bytes, 4).expect("twelve bytes are there") as usize;
    if length < 4 || bytes.len() < length + 8 {
        return Err(format!("it is cut short: {} bytes of {}", bytes.len(), length + 8));
    }
    let mut chunks = Vec::new();
    let mut rest = &bytes[12..length + 8];
    while !rest.is_empty() {
        let size = u32_at(rest, 4).ok_or("its last chunk is cut short")? as usize;
        let name = String::from_utf8_lossy(&rest[..4]).into_owned();
        let Some(body) = rest.get(8..size.saturating_add(8)) else {
            return Err(format!("its chunk `{}` says {size} bytes, but {} are left", name.escape_default(), rest.len() - 8));
        };
        chunks.push((name, body));
        rest = rest.get(8 + size.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(chunks)
}

/// The module's name.
pub fn module_name(bytes: &[u8]) -> Result<String, String> {
    let bytes = unwrapped(bytes)?;
    let chunks = chunks(&bytes)?;
    let atoms = chunks.iter().find(|(name, _)| name == "AtU8" || name == "Atom").ok_or("it has no atom table")?;
    if !chunks.iter().any(|(name, _)| name == "Code") {
        return Err("it has no code".into());
    }
    let latin1 = atoms.0 == "Atom";
    let atoms = atoms.1;
    let broken = || "its atom table is broken".to_string();
    let count = u32_at(atoms, 0).ok_or_else(broken)? as i32;
    let (length, at) = if count < 0 {
        let first = *atoms.get(4).ok_or_else(broken)?;
        match first & 0x1f {
            0 | 8 if first & 8 == 0 => ((first >> 4) as usize, 5),
            8 => ((first as usize >> 5 << 8) | *atoms.get(5).ok_or_else(broken)? as usize, 6),
            _ if first & 0x0f == 0 => ((first >> 4) as usize, 5),
            _ => return Err(broken()),
        }
    } else {
        (*atoms.get(4).ok_or_else(broken)? as usize, 5)
    };
    let text = atoms.get(at..at + length).filter(|_| count != 0).ok_or_else(broken)?;
    if latin1 {
        return Ok(text.iter().map(|&byte| byte as char).collect());
    }
    String::from_utf8(text.to_vec()).map_err(|_| broken())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beam(atoms: &[u8]) -> Vec<u8> {
        let mut body = b"BEAM".to_vec();
        for (name, bytes) in [(b"AtU8", atoms), (b"Code", b"".as_slice())] {
            body.extend_from_slice(name);
            body.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
            body.extend_from_slice(bytes);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut file = b"FOR1".to_vec();
        file.extend_from_slice(&(body.len() as u32).to_be_bytes());
        file.extend_from_slice(&body);
        file
    }

    #[test]
    fn both_forms_of_atom_tables_name_the_module() {
        assert_eq!(module_name(&beam(b"\0\0\0\x01\x02hi")).as_deref(), Ok("hi"));
        assert_eq!(module_name(&beam(b"\xff\xff\xff\xff\x20hi")).as_deref(), Ok("hi"));
        let long = "m".repeat(200);
        let mut atoms = b"\xff\xff\xff\xff\x08\xc8".to_vec();
        atoms.extend_from_slice(long.as_bytes());
        assert_eq!(module_name(&beam(&atoms)).as_deref(), Ok(long.as_str()));
    }

    #[test]
    fn every_cut_is_named() {
        let file = beam(b"\0\0\0\x01\x02hi");
        for cut in 0..file.len() {
            assert!(module_name(&file[..cut]).is_err(), "{cut}");
        }
    }
}
