//! The index of embedded files, as it lies in an image.
//!
//! ```text
//! u32 count │ u32 0 │ count × { u32 path at, u32 path length, u64 place, u64 length, u32 CRC-32, u32 kind } │ paths
//! kind: 0 file (its bytes lie at `place` of the section of contents), 1 folder
//! ```
//! Paths are relative (`lib/shop/priv/a.txt`), sorted by bytes; each folder has a row, the root's path is empty. All numbers are
//! little-endian. Broken bytes give fewer rows, or contents that are not there; never a panic.

use std::collections::BTreeMap;

use crate::util::checksum::crc32;

const HEADER_BYTES: usize = 8;
const ROW_BYTES: usize = 32;
const FOLDER: u32 = 1;

/// A file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Relative to the root, without slashes at its ends.
    pub path: &'a [u8],
    /// Place, length and checksum of a file's bytes; `None` for a folder.
    pub file: Option<(u64, u64, u32)>,
}

/// The rows of an index.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Index<'a> {
    /// Reads the header; an empty section has no rows.
    pub fn new(bytes: &'a [u8]) -> Index<'a> {
        let room = bytes.len().saturating_sub(HEADER_BYTES) / ROW_BYTES;
        let count = u32_at(bytes, 0).map_or(0, |count| count as usize).min(room);
        Index { bytes, count }
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// A row by its number.
    pub fn row(&self, number: usize) -> Option<Row<'a>> {
        if number >= self.count {
            return None;
        }
        let at = HEADER_BYTES + number * ROW_BYTES;
        let (path_at, path_length) = (u32_at(self.bytes, at)? as usize, u32_at(self.bytes, at + 4)? as usize);
        let path = self.bytes.get(path_at..path_at.checked_add(path_length)?)?;
        let file = (u64_at(self.bytes, at + 8)?, u64_at(self.bytes, at + 16)?, u32_at(self.bytes, at + 24)?);
        Some(Row { path, file: (u32_at(self.bytes, at + 28)? != FOLDER).then_some(file) })
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let index = *self;
        (0..index.count).map_while(move |number| index.row(number))
    }

    /// The number of the first row whose path is not before `path`.
    pub fn lower_bound(&self, path: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.row(middle) {
                Some(row) if row.path < path => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// The number and the row of a path.
    pub fn find(&self, path: &[u8]) -> Option<(usize, Row<'a>)> {
        let number = self.lower_bound(path);
        self.row(number).filter(|row| row.path == path).map(|row| (number, row))
    }
}

/// The bytes of a file in the section of contents; `None` where the row lies.
pub fn content(contents: &[u8], (place, length, _): (u64, u64, u32)) -> Option<&[u8]> {
    let place = usize::try_from(place).ok()?;
    contents.get(place..place.checked_add(usize::try_from(length).ok()?)?)
}

/// The files whose bytes do not give their checksums.
pub fn damaged<'a>(index: &'a [u8], contents: &[u8]) -> Vec<&'a [u8]> {
    let is_good = |file: (u64, u64, u32)| content(contents, file).is_some_and(|bytes| crc32(0, bytes) == file.2);
    let rows = Index::new(index).rows().filter(|row| row.file.is_some_and(|file| !is_good(file)));
    rows.map(|row| row.path).collect()
}

/// The index and the contents of these files and folders (`None`), with the folders above them. Nothing gives nothing.
pub fn encode(entries: &[(String, Option<&[u8]>)]) -> (Vec<u8>, Vec<u8>) {
    let mut rows: BTreeMap<&[u8], Option<&[u8]>> = BTreeMap::new();
    for (path, content) in entries {
        let path = path.as_bytes();
        rows.insert(b"", None);
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            rows.insert(&path[..at], None);
        }
        rows.entry(path).and_modify(|old| *old = old.or(*content)).or_insert(*content);
    }
    if rows.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let (mut index, mut contents) = (Vec::new(), Vec::new());
    index.extend((rows.len() as u32).to_le_bytes());
    index.extend(0u32.to_le_bytes());
    let mut path_at = HEADER_BYTES + ROW_BYTES * rows.len();
    for (path, content) in &rows {
        index.extend((path_at as u32).to_le_bytes());
        index.extend((path.len() as u32).to_le_bytes());
        index.extend((contents.len() as u64).to_le_bytes());
        index.extend((content.map_or(0, <[u8]>::len) as u64).to_le_bytes());
        index.extend(content.map_or(0, |bytes| crc32(0, bytes)).to_le_bytes());
        index.extend(u32::from(content.is_none()).to_le_bytes());
        contents.extend_from_slice(content.unwrap_or_default());
        contents.resize(contents.len().next_multiple_of(8), 0);
        path_at += path.len();
    }
    rows.keys().for_each(|path| index.extend_from_slice(path));
    (index, contents)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let entries = [("lib/b/priv/x".to_string(), Some(&b"bytes"[..])), ("lib/a/priv".to_string(), None)];
        let (index, contents) = encode(&entries);
        let rows = Index::new(&index);
        let paths: Vec<&[u8]> = rows.rows().map(|row| row.path).collect();
        assert_eq!(paths, [&b""[..], b"lib", b"lib/a", b"lib/a/priv", b"lib/b", b"lib/b/priv", b"lib/b/priv/x"]);
        let (number, row) = rows.find(b"lib/b/priv/x").expect("it was written");
        assert_eq!((number, content(&contents, row.file.expect("a file"))), (6, Some(&b"bytes"[..])));
        assert!(rows.find(b"lib/c").is_none() && rows.find(b"lib/a/priv").expect("a folder").1.file.is_none());
        assert!(damaged(&index, &contents).is_empty());
        assert_eq!(damaged(&index, &[0; 8]), [b"lib/b/priv/x"]);
        assert_eq!(encode(&[]), (Vec::new(), Vec::new()));
        for cut in 0..index.len() {
            let rows = Index::new(&index[..cut]);
            assert!(rows.rows().count() <= rows.count() && rows.find(b"lib/b/priv/y").is_none(), "{cut}");
        }
    }
}
