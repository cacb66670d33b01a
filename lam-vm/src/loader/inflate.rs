//! Compressed input with a bound: a file wrapped by gzip, and the literals' zlib stream.
//!
//! A bomb is refused without taking memory for it: what would grow beyond twice the input and 16 MB is first inflated into nothing, and kept
//! only when that pass shows that the stream ends well, at the length announced.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

use crate::loader::error::LoadError;

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
    bounded(|| GzDecoder::new(bytes), length, bytes.len(), place)
}

/// Inflates a zlib stream that must give exactly `length` bytes.
pub fn inflate(bytes: &[u8], length: u32, place: &'static str) -> Result<Vec<u8>, LoadError> {
    bounded(|| ZlibDecoder::new(bytes), u64::from(length), bytes.len(), place)
}

fn bounded<R: Read>(open: impl Fn() -> R, length: u64, input_bytes: usize, place: &'static str) -> Result<Vec<u8>, LoadError> {
    let error = || LoadError::Inflate { place };
    let free_bytes = 2 * input_bytes as u64 + (8 << 20);
    if length > free_bytes {
        let inflated = std::io::copy(&mut open().take(length + 1), &mut std::io::sink()).map_err(|_| error())?;
        if inflated != length {
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
        assert_eq!(inflate(&stream, 1000, "test").unwrap(), vec![7; 1000]);
        for length in [0, 999, 1001, u32::MAX] {
            assert!(inflate(&stream, length, "test").is_err());
        }
    }
}
