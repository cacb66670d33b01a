//! The records of an image, as they lie in memory.

use crate::util::checksum::crc32;

pub const MAGIC: u64 = u64::from_le_bytes(*b"LAMIMG\0\0");
/// The last word of an image, without a zero byte: whatever is cut off its end is missed.
pub const END: u64 = u64::from_le_bytes(*b"LAM-END.");
/// Mixes texts into a fingerprint (FNV-1a). An image holds the fingerprint of the machine it was made for: instructions, BIF numbers,
/// well-known atoms and layouts; another machine refuses it.
pub fn fingerprint<'t>(texts: impl Iterator<Item = &'t str>) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325u64;
    for text in texts {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
    }
    hash
}

/// What lies where; the order is that of the section table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Section {
    /// `u32` count, count + 1 `u32` offsets, UTF-8 text: the atoms after the well-known ones.
    Atoms,
    /// Terms in final form.
    Literals,
    Code,
    /// `term::Export`, those of a module's own functions first, module by module.
    Exports,
    /// `term::FunEntry`
    Funs,
    /// `ModuleRow`, in rising order of code.
    Modules,
    /// `u32` each: word offset of a function's `func_info` from its module's code.
    Functions,
    /// `LineRow`
    Lines,
    /// Term words: file names as lists.
    Files,
    /// `u32` each: open addressing over the exports, number + 1, 0 where empty; a power of two of slots.
    ExportIndex,
    /// `embedded`: facts about the program, by name.
    Embedded,
    /// One bit a word of the image up to this section.
    Relocations,
    /// `platform::bundle::index`: names and places of embedded files.
    FileIndex,
    /// Their bytes, the last section: the index holds a checksum of each file, looked at only when somebody verifies.
    FileBytes,
}

pub const SECTION_COUNT: usize = 14;

/// First bytes of an image.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub magic: u64,
    pub total_bytes: u64,
    pub machine: u64,
    pub build_id: [u64; 2],
    pub base: u64,
    pub boot: BootInfo,
    /// Offset and length in bytes.
    pub sections: [[u64; 2]; SECTION_COUNT],
    /// CRC-32 of the header without itself and of all sections but literals, code and the bytes of files; CRC-32 of literals and code.
    pub checksums: [u32; 2],
}

/// Where the two checksums stand.
const CHECKSUMS: usize = core::mem::offset_of!(Header, checksums);

/// The checksum of header and tables of an image's bytes, whose sections lie inside.
pub fn tables_checksum(bytes: &[u8], sections: &[[u64; 2]; SECTION_COUNT]) -> u32 {
    let header = crc32(crc32(0, &bytes[..CHECKSUMS]), &bytes[CHECKSUMS + 4..CHECKSUMS + 8]);
    let is_table = |number: usize| !is_content(number) && number != Section::FileBytes as usize;
    numbered(bytes, sections).filter(|(number, _)| is_table(*number)).fold(header, |sum, (_, section)| crc32(sum, section))
}

/// The checksum of literals and code.
pub fn content_checksum(bytes: &[u8], sections: &[[u64; 2]; SECTION_COUNT]) -> u32 {
    numbered(bytes, sections).filter(|(number, _)| is_content(*number)).fold(0, |sum, (_, section)| crc32(sum, section))
}

fn is_content(section: usize) -> bool {
    section == Section::Literals as usize || section == Section::Code as usize
}

fn numbered<'b>(bytes: &'b [u8], sections: &[[u64; 2]; SECTION_COUNT]) -> impl Iterator<Item = (usize, &'b [u8])> {
    sections.iter().map(|[offset, length]| &bytes[*offset as usize..(*offset + *length) as usize]).enumerate()
}

/// How the program starts. Words are terms.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BootInfo {
    /// The function that the first process runs, with entry module, function, arity, kind and arguments for arguments.
    pub start_module: u64,
    pub start_function: u64,
    pub entry_module: u64,
    pub entry_function: u64,
    pub entry_arity: u64,
    /// An atom for the boot code: `erlang`, `elixir`, …
    pub kind: u64,
    /// Major release of the linked OTP.
    pub otp_release: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ModuleRow {
    /// Atom word.
    pub name: u64,
    /// Addresses.
    pub code_start: u64,
    pub code_end: u64,
    /// Index and count in `Functions`.
    pub functions: [u64; 2],
    /// Index and count in `Lines`.
    pub lines: [u64; 2],
    /// Index of the first file name of the module in `Files`.
    pub files: u64,
    /// Index and count in `Exports`.
    pub exports: [u64; 2],
    /// Terms.
    pub attributes: u64,
    pub compile_info: u64,
    pub md5: [u64; 2],
    /// Address of the `on_load` function's entry, 0 without.
    pub on_load: u64,
    /// List of templates `{Record, {HasDefault, …}}` of the native records that the module declares.
    pub records: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LineRow {
    /// Word offset from the module's code from which on it holds.
    pub offset: u32,
    /// Bits 31..24: index from the module's first file name; 23..0: line. 0: no place known.
    pub place: u32,
}

impl LineRow {
    /// What does not fit is no place, as in OTP.
    pub fn new(offset: u32, file: u32, line: u32) -> LineRow {
        LineRow { offset, place: if file < 1 << 8 && line < 1 << 24 { file << 24 | line } else { 0 } }
    }
    /// File and line.
    pub fn place(&self) -> Option<(u32, u32)> {
        (self.place & 0xFF_FFFF != 0).then_some((self.place >> 24, self.place & 0xFF_FFFF))
    }
}

/// Where a function is looked up in `ExportIndex` first.
pub fn export_hash(module: u32, function: u32, arity: u32) -> u32 {
    let mut hash = module.wrapping_mul(0x9E37_79B1) ^ function.wrapping_mul(0x85EB_CA77) ^ arity.wrapping_mul(0xC2B2_AE3D);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x2C1B_3C6D);
    hash ^ (hash >> 13)
}

const _: () = assert!(size_of::<Header>().is_multiple_of(8) && size_of::<ModuleRow>() == 16 * 8 && size_of::<LineRow>() == 8);
