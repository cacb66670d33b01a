//! Compressed input with a bound: a file wrapped by gzip, and the literals' zlib stream.
//!
//! A bomb is refused without taking memory for it: what would grow beyond twice the input and 8 MB is first inflated past a walker that
//! looks at its form (`walk.rs`), and kept only when that pass shows a file, or a table of terms, of the length announced.

use std::io::{Read, Write};

use flate2::read::{GzDecoder, ZlibDecoder};

use crate::loader::error::LoadError;
use crate::loader::walk::{ChunkWalker, LiteralWalker};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&GZIP_MAGIC)
}

/// The `.beam` file inside a gzip wrapper; its own header says how long it is.
pub fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    let place = "the gzip wrapper";
    let mut header = [0; 8];
    GzDecoder::new(bytes).read_exact(&mut header).map_err(|_| LoadError::Inflate { place })?;
    let [b'F', b'O', b'R', b'1', a, b, c, d] = header else {
        return Err(LoadError::NotBeam);
    };
    let length = u64::from(u32::from_be_bytes([a, b, c, d])) + 8;
    bounded(|| GzDecoder::new(bytes), ChunkWalker::default(), length, bytes.len(), place)
}

/// Inflates the zlib stream of a literal table that must give exactly `length` bytes.
pub fn inflate_literals(bytes: &[u8], length: u32, place: &'static str) -> Result<Vec<u8>, LoadError> {
    bounded(|| ZlibDecoder::new(bytes), LiteralWalker::default(), u64::from(length), bytes.len(), place)
}

fn bounded<R: Read>(
    open: impl Fn() -> R,
    mut walker: impl Write,
    length: u64,
    input_bytes: usize,
    place: &'static str,
) -> Result<Vec<u8>, LoadError> {
    let error = || LoadError::Inflate { place };
    let free_bytes = 2 * input_bytes as u64 + (8 << 20);
    if length > free_bytes {
        let inflated = std::io::copy(&mut open().take(length + 1), &mut walker).map_err(|_| error())?;
        if inflated != length || walker.flush().is_err() {
            return Err(error());
        }
    }
    let mut output = Vec::with_capacity(usize::try_from(length).map_err(|_| error())?);
    open().take(length + 1).read_to_end(&mut output).map_err(|_| error())?;
    if output.len() as u64 != length {
        return Err(error());
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn announced_length_must_be_true() {
        let stream = deflate(&[7; 1000]);
        assert_eq!(inflate_literals(&stream, 1000, "test").unwrap(), vec![7; 1000]);
        for length in [0, 999, 1001, u32::MAX] {
            assert!(inflate_literals(&stream, length, "test").is_err());
        }
    }

    #[test]
    fn bombs_are_refused_before_they_grow() {
        // 1 GB of zeros as a literal table: no literal begins so.
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        let zeros = vec![0; 1 << 20];
        for _ in 0..1024 {
            encoder.write_all(&zeros).unwrap();
        }
        let bomb = encoder.finish().unwrap();
        assert!(inflate_literals(&bomb, 1 << 30, "test").is_err());
    }

    #[test]
    fn gzip_wraps_a_file() {
        let mut file = crate::loader::asm::Asm::new(&["f"]);
        file.function("f", 1, 2, true);
        file.op(crate::isa::generic::op::RETURN, &[]);
        let bytes = file.finish();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&bytes).unwrap();
        let wrapped = encoder.finish().unwrap();
        assert_eq!(gunzip(&wrapped).unwrap(), bytes);
        assert!(crate::loader::BeamFile::parse(&wrapped).is_ok());
        for length in 0..wrapped.len() {
            assert!(crate::loader::BeamFile::parse(&wrapped[..length]).is_err());
        }
    }
}
