//! The archive of library files inside `lam`: one record after another, sorted by name.
//!
//! ```text
//! record   u16 length, application │ u16 length, file name │ u32 length, bytes        numbers are little-endian
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::LibraryFile;

/// Files by name (`lists.beam`, `kernel.app`).
pub type Files = BTreeMap<String, LibraryFile>;

/// Reads an archive; `None` when it is broken.
pub fn read(mut bytes: &[u8]) -> Option<Files> {
    let mut files = Files::new();
    while !bytes.is_empty() {
        let app = text(&mut bytes)?;
        let name = text(&mut bytes)?;
        let length = u32::from_le_bytes(take(&mut bytes, 4)?.try_into().ok()?);
        let content = take(&mut bytes, length as usize)?;
        files.insert(name, LibraryFile { app, bytes: Arc::from(content) });
    }
    Some(files)
}

/// Writes an archive.
pub fn write(files: &Files) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, file) in files {
        for text in [&file.app, name] {
            let length = u16::try_from(text.len()).expect("names of modules and applications are at most 255 characters");
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        let length = u32::try_from(file.bytes.len()).expect("no library file is 4 GB");
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&file.bytes);
    }
    out
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    let length = u16::from_le_bytes(take(bytes, 2)?.try_into().ok()?);
    String::from_utf8(take(bytes, length.into())?.to_vec()).ok()
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let file = |app: &str, bytes: &[u8]| LibraryFile { app: app.into(), bytes: Arc::from(bytes) };
        let files = Files::from([("a.beam".into(), file("stdlib", b"FOR1")), ("b.app".into(), file("kernel", b""))]);
        let bytes = write(&files);
        let again = read(&bytes).expect("it was just written");
        assert_eq!(again.keys().collect::<Vec<_>>(), ["a.beam", "b.app"]);
        assert_eq!(&*again["a.beam"].bytes, b"FOR1");
        assert!((1..bytes.len()).filter(|&cut| read(&bytes[..cut]).is_some()).count() <= 1);
    }
}
