//! An image made small for a file: WASI hosts load modules as they are, so nobody else would compress it.
//!
//! ```text
//! "LAMPACK\0" | u64 bytes of the image | u64 bytes of all this | u64 bytes of its tail | the tail | zlib stream of what stands before it
//! ```
//! The second length finds every cut, also one through the stream's last bytes, which an inflater that has all its output never asks for.
//!
//! A launcher inflates it straight to where the image will lie. The tail, embedded files, is taken as it is: they may be many, and
//! a program reads few of them.

use std::io::{Read, Write};

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::format::{Header, Section};

pub const MAGIC: [u8; 8] = *b"LAMPACK\0";
pub const HEADER_BYTES: usize = 24;
const PACKED_BYTES: core::ops::Range<usize> = 16..24;
/// No image is longer, so that a broken length asks for no more.
const MAX_BYTES: u64 = 1 << 31;

/// The image made small.
pub fn pack(image: &[u8]) -> Vec<u8> {
    let mut packed = MAGIC.to_vec();
    packed.extend_from_slice(&(image.len() as u64).to_le_bytes());
    packed.extend_from_slice(&[0; PACKED_BYTES.end - PACKED_BYTES.start]);
    let (image, tail) = image.split_at(tail_at(image));
    packed.extend_from_slice(&(tail.len() as u64).to_le_bytes());
    packed.extend_from_slice(tail);
    let mut encoder = ZlibEncoder::new(packed, flate2::Compression::best());
    let mut packed = encoder.write_all(image).and_then(|()| encoder.finish()).expect("memory takes every byte");
    let length = packed.len() as u64;
    packed[PACKED_BYTES].copy_from_slice(&length.to_le_bytes());
    packed
}

/// Where the bytes of embedded files begin: the last section. Everything, where there are none.
fn tail_at(image: &[u8]) -> usize {
    let at = core::mem::offset_of!(Header, sections) + 16 * Section::FileBytes as usize;
    let number = |at: usize| Some(u64::from_le_bytes(image.get(at..at + 8)?.try_into().ok()?) as usize);
    match (number(at), number(at + 8)) {
        (Some(offset), Some(length)) if length > 0 && offset <= image.len() => offset,
        _ => image.len(),
    }
}

/// The length of the image behind the header of `packed_bytes` bytes; `None` where it is no header of as many.
pub fn image_bytes(header: &[u8], packed_bytes: usize) -> Option<usize> {
    let number = |range: core::ops::Range<usize>| Some(u64::from_le_bytes(header.get(range)?.try_into().ok()?));
    let length = number(MAGIC.len()..PACKED_BYTES.start)?;
    let is_header = header.starts_with(&MAGIC) && length <= MAX_BYTES && number(PACKED_BYTES)? == packed_bytes as u64;
    is_header.then_some(length as usize)
}

/// Fills `image` from what follows the header; whether that gave every byte.
pub fn unpack_into(mut stream: impl Read, image: &mut [u8]) -> bool {
    let mut length = [0; 8];
    if stream.read_exact(&mut length).is_err() {
        return false;
    }
    let head_bytes = usize::try_from(u64::from_le_bytes(length)).ok().and_then(|length| image.len().checked_sub(length));
    let Some((head, tail)) = head_bytes.and_then(|bytes| image.split_at_mut_checked(bytes)) else { return false };
    stream.read_exact(tail).is_ok() && ZlibDecoder::new(stream).read_exact(head).is_ok()
}

/// The image of a whole file; `None` where it is broken.
pub fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let length = image_bytes(packed, packed.len())?;
    let (tail_bytes, rest) = packed[HEADER_BYTES..].split_at_checked(8)?;
    let tail_bytes = usize::try_from(u64::from_le_bytes(tail_bytes.try_into().ok()?)).ok()?;
    let (tail, rest) = rest.split_at_checked(tail_bytes)?;
    let head_bytes = length.checked_sub(tail_bytes)?;
    let mut image = Vec::new();
    ZlibDecoder::new(rest).take(head_bytes as u64).read_to_end(&mut image).ok()?;
    image.extend_from_slice(tail);
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
        for cut in (0..packed.len()).step_by(97).chain(packed.len() - 8..packed.len()) {
            assert_eq!(unpack(&packed[..cut]), None);
        }
        let mut lying = packed.clone();
        lying[15] = 0xFF;
        assert_eq!(unpack(&lying), None);
    }
}
