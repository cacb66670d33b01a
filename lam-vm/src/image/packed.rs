//! An image made small for a file: WASI hosts load modules as they are, so nobody else would compress it.
//!
//! ```text
//! "LAMPACK\0" | u64 bytes of the image | zlib stream
//! ```
//! A launcher inflates it straight to where the image will lie.

use std::io::{Read, Write};

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

pub const MAGIC: [u8; 8] = *b"LAMPACK\0";
pub const HEADER_BYTES: usize = 16;
/// No image is longer, so that a broken length asks for no more.
const MAX_BYTES: u64 = 1 << 31;

/// The image made small.
pub fn pack(image: &[u8]) -> Vec<u8> {
    let mut packed = MAGIC.to_vec();
    packed.extend_from_slice(&(image.len() as u64).to_le_bytes());
    let mut encoder = ZlibEncoder::new(packed, flate2::Compression::best());
    encoder.write_all(image).and_then(|()| encoder.finish()).expect("memory takes every byte")
}

/// The length of the image behind a header; `None` where the bytes are no such header.
pub fn image_bytes(header: &[u8]) -> Option<usize> {
    let length = header.strip_prefix(&MAGIC)?.get(..8)?;
    let length = u64::from_le_bytes(length.try_into().ok()?);
    usize::try_from(length).ok().filter(|_| length <= MAX_BYTES)
}

/// Fills `image` from what follows the header; whether that gave every byte.
pub fn unpack_into(stream: impl Read, image: &mut [u8]) -> bool {
    ZlibDecoder::new(stream).read_exact(image).is_ok()
}

/// The image of a whole file; `None` where it is broken.
pub fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let length = image_bytes(packed)?;
    let mut image = Vec::new();
    ZlibDecoder::new(&packed[HEADER_BYTES..]).take(length as u64).read_to_end(&mut image).ok()?;
    (image.len() == length).then_some(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_out_as_it_went_in() {
        let image: Vec<u8> = (0..100_000u32).map(|number| (number / 7) as u8).collect();
        let packed = pack(&image);
        assert!(packed.len() < image.len() / 2);
        assert_eq!(unpack(&packed).as_deref(), Some(&image[..]));
        let mut room = vec![0; image.len()];
        assert!(unpack_into(&packed[HEADER_BYTES..], &mut room));
        assert_eq!(room, image);
        for cut in (0..packed.len()).step_by(97) {
            assert_eq!(unpack(&packed[..cut]), None);
        }
        let mut lying = packed.clone();
        lying[15] = 0xFF;
        assert_eq!(unpack(&lying), None);
    }
}
