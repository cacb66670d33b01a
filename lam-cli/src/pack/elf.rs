//! Puts an image into the native stub.
//!
//! ```text
//! before   ELF header │ program headers │ … │ section headers
//! after    the same bytes │ section names + ".lam" │ section headers + .lam │ pad │ image
//!          PT_NOTE has become the last PT_LOAD; e_shoff and e_shnum point behind the stub
//! ```
//!
//! The image needs both a segment, so that the kernel maps it, and a section, so that `strip` keeps it. It stands last, so that a file
//! that was cut short lacks a part of it, which the launcher sees.

use crate::error::{Error, Result};

const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const PF_RW: u32 = 6;
const SHT_PROGBITS: u32 = 1;
const SHF_WRITE_ALLOC: u64 = 3;
const ET_DYN: u16 = 3;
const PAGE: u64 = 4096;
const PHDR_BYTES: u64 = 56;
const SHDR_BYTES: u64 = 64;

/// The stub with `image` in it.
pub fn pack(stub: &[u8], image: &[u8]) -> Result<Vec<u8>> {
    pack_checked(stub, image).ok_or_else(|| Error::bug("the native stub inside `lam` is not as expected"))
}

/// The image inside a packed file; `None` when there is none.
pub fn unpack(file: &[u8]) -> Option<&[u8]> {
    let headers = Headers::read(file)?;
    let last = headers.segments.iter().filter(|s| s.kind == PT_LOAD).max_by_key(|s| s.address)?;
    let image = file.get(last.offset as usize..last.offset.checked_add(last.file_bytes)? as usize)?;
    image.starts_with(&lam_vm::machine::IMAGE_MAGIC).then_some(image)
}

/// Whether the stub is what the design wants: position-independent and without a dynamic loader.
pub fn is_static_pie(stub: &[u8]) -> bool {
    const PT_INTERP: u32 = 3;
    Headers::read(stub).is_some_and(|headers| headers.kind == ET_DYN && headers.segments.iter().all(|s| s.kind != PT_INTERP))
}

struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    file_bytes: u64,
    memory_bytes: u64,
}

struct Headers {
    kind: u16,
    segments_at: u64,
    segments: Vec<Segment>,
    sections_at: u64,
    section_count: u64,
    names_index: u64,
}

impl Headers {
    fn read(file: &[u8]) -> Option<Headers> {
        if !file.starts_with(b"\x7fELF\x02\x01") {
            return None;
        }
        let segments_at = u64_at(file, 32)?;
        let count = u64::from(u16_at(file, 56)?);
        let mut segments = Vec::new();
        for index in 0..count {
            let at = segments_at.checked_add(index * PHDR_BYTES)?;
            segments.push(Segment {
                kind: u32_at(file, at)?,
                offset: u64_at(file, at + 8)?,
                address: u64_at(file, at + 16)?,
                file_bytes: u64_at(file, at + 32)?,
                memory_bytes: u64_at(file, at + 40)?,
            });
        }
        Some(Headers {
            kind: u16_at(file, 16)?,
            segments_at,
            segments,
            sections_at: u64_at(file, 40)?,
            section_count: u64::from(u16_at(file, 60)?),
            names_index: u64::from(u16_at(file, 62)?),
        })
    }
}

fn pack_checked(stub: &[u8], image: &[u8]) -> Option<Vec<u8>> {
    let headers = Headers::read(stub)?;
    let slot = headers.segments.iter().rposition(|segment| segment.kind == PT_NOTE)?;
    let loads = || headers.segments.iter().filter(|segment| segment.kind == PT_LOAD);
    // The stub reads its program headers in memory: they must lie in the first segment.
    if !loads().any(|s| s.offset == 0 && headers.segments_at < s.file_bytes) || headers.kind != ET_DYN {
        return None;
    }
    let address = loads().map(|s| s.address.saturating_add(s.memory_bytes)).max()?.next_multiple_of(PAGE);
    let mut out = stub.to_vec();
    let length = image.len() as u64;
    let sections = add_section(stub, &headers, &mut out)?;
    out.resize(out.len().next_multiple_of(PAGE as usize), 0);
    let offset = out.len() as u64;
    sections.put_place(&mut out, [address, offset, length])?;
    out.extend_from_slice(image);

    let slot_at = (headers.segments_at + slot as u64 * PHDR_BYTES) as usize;
    let mut segment = Vec::new();
    segment.extend_from_slice(&PT_LOAD.to_le_bytes());
    segment.extend_from_slice(&PF_RW.to_le_bytes());
    for field in [offset, address, address, length, length, PAGE] {
        segment.extend_from_slice(&field.to_le_bytes());
    }
    out.get_mut(slot_at..slot_at + PHDR_BYTES as usize)?.copy_from_slice(&segment);
    Some(out)
}

/// Where the header of `.lam` stands, whose fields follow from what comes behind it.
struct Added {
    header_at: usize,
}

impl Added {
    /// Says in the header where the image lies.
    fn put_place(&self, out: &mut [u8], [address, offset, length]: [u64; 3]) -> Option<()> {
        let fields = [SHF_WRITE_ALLOC, address, offset, length];
        let places = out.get_mut(self.header_at + 8..self.header_at + 40)?.chunks_exact_mut(8);
        places.zip(fields).for_each(|(place, field)| place.copy_from_slice(&field.to_le_bytes()));
        Some(())
    }
}

/// Appends the section names and headers, with `.lam` as the last section.
fn add_section(stub: &[u8], headers: &Headers, out: &mut Vec<u8>) -> Option<Added> {
    let names_header_at = headers.sections_at + headers.names_index * SHDR_BYTES;
    let old_names_at = u64_at(stub, names_header_at + 24)? as usize;
    let old_names_bytes = u64_at(stub, names_header_at + 32)? as usize;
    let names_at = out.len() as u64;
    out.extend_from_slice(stub.get(old_names_at..old_names_at + old_names_bytes)?);
    out.extend_from_slice(b".lam\0");
    let names_bytes = out.len() as u64 - names_at;
    out.resize(out.len().next_multiple_of(8), 0);

    let sections_at = out.len() as u64;
    let from = headers.sections_at as usize;
    out.extend_from_slice(stub.get(from..from + (headers.section_count * SHDR_BYTES) as usize)?);
    let header_at = out.len();
    out.extend_from_slice(&(old_names_bytes as u32).to_le_bytes());
    out.extend_from_slice(&SHT_PROGBITS.to_le_bytes());
    // Flags, address, offset and length: see `put_place`.
    for field in [0, 0, 0, 0, 0, PAGE, 0] {
        out.extend_from_slice(&u64::to_le_bytes(field));
    }
    let names_header = (sections_at + headers.names_index * SHDR_BYTES) as usize;
    out[names_header + 24..names_header + 32].copy_from_slice(&names_at.to_le_bytes());
    out[names_header + 32..names_header + 40].copy_from_slice(&names_bytes.to_le_bytes());
    out[40..48].copy_from_slice(&sections_at.to_le_bytes());
    out[60..62].copy_from_slice(&(headers.section_count as u16 + 1).to_le_bytes());
    Some(Added { header_at })
}

fn u16_at(bytes: &[u8], at: u64) -> Option<u16> {
    let at = usize::try_from(at).ok()?;
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: u64) -> Option<u32> {
    let at = usize::try_from(at).ok()?;
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: u64) -> Option<u64> {
    let at = usize::try_from(at).ok()?;
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}
