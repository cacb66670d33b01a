//! Opening a mapped image: checks of header and tables, relocation where it lies elsewhere than bound.

use crate::image::format::{BootInfo, END, Header, LineRow, MAGIC, ModuleRow, Section, content_checksum, tables_checksum};
use crate::platform::bundle::index as bundle;
use crate::platform::env;
use crate::term::{Export, FunEntry};

/// Why an image cannot be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    NotAnImage,
    OtherMachine,
    Truncated,
    BadSection(Section),
    /// Header and tables are not what was written.
    BadTables,
    /// Literals and code are not.
    BadContent,
    /// An embedded file is not.
    BadFiles,
}

impl core::fmt::Display for OpenError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            OpenError::NotAnImage => write!(f, "the embedded program is damaged: it does not start as an image"),
            OpenError::OtherMachine => write!(f, "the embedded program was made for another version of the machine"),
            OpenError::Truncated => write!(f, "the embedded program is damaged: it is shorter than its header says"),
            OpenError::BadSection(section) => write!(f, "the embedded program is damaged: its section {section:?} lies outside"),
            OpenError::BadTables => write!(f, "the embedded program is damaged: its tables do not give their checksum"),
            OpenError::BadFiles => write!(f, "the embedded program is damaged: a file in it does not give its checksum"),
            OpenError::BadContent => {
                write!(f, "the embedded program is damaged: its code and literals do not give their checksum")
            }
        }
    }
}

/// An image in memory, for the rest of the process's life.
#[derive(Clone, Copy)]
pub struct Image {
    base: *mut u8,
    header: &'static Header,
}

// SAFETY: tables are read-only but for entries, which are changed under `Code`'s lock.
unsafe impl Send for Image {}
// SAFETY: as above.
unsafe impl Sync for Image {}

/// Whether code and literals are looked at too: natively that would read pages which nothing else needs, so only where it is asked for.
fn verifies() -> bool {
    cfg!(target_family = "wasm") || asks_to_verify()
}

/// Embedded files are looked at only where it is asked for.
fn asks_to_verify() -> bool {
    env::get(b"LAM_VERIFY").is_some_and(|value| value == b"1")
}

impl Image {
    /// Opens the image at `base`, made for the machine of this fingerprint.
    ///
    /// # Safety
    /// `length` bytes from `base` (8-aligned) are readable and writable and stay so for ever; nothing else uses them.
    pub unsafe fn open(base: *mut u8, length: usize, machine: u64) -> Result<Image, OpenError> {
        if length < size_of::<Header>() {
            return Err(OpenError::Truncated);
        }
        // SAFETY: promised by the caller; any bytes are a valid header.
        let header = unsafe { &*base.cast::<Header>() };
        if header.magic != MAGIC {
            return Err(OpenError::NotAnImage);
        }
        if header.machine != machine {
            return Err(OpenError::OtherMachine);
        }
        let total = header.total_bytes;
        if total > length as u64 || total % 8 != 0 || total < size_of::<Header>() as u64 {
            return Err(OpenError::Truncated);
        }
        // SAFETY: the last word of `total` bytes, all of them readable and aligned.
        if unsafe { base.add(total as usize - 8).cast::<u64>().read() } != END {
            return Err(OpenError::Truncated);
        }
        let image = Image { base, header };
        for section in SECTIONS {
            let [offset, bytes] = header.sections[section as usize];
            if offset % 8 != 0 || offset.checked_add(bytes).is_none_or(|end| end > header.total_bytes) {
                return Err(OpenError::BadSection(section));
            }
        }
        // SAFETY: promised by the caller; nothing writes before the image is relocated.
        let bytes = unsafe { core::slice::from_raw_parts(base.cast_const(), header.total_bytes as usize) };
        if tables_checksum(bytes, &header.sections) != header.checksums[0] {
            return Err(OpenError::BadTables);
        }
        if verifies() && content_checksum(bytes, &header.sections) != header.checksums[1] {
            return Err(OpenError::BadContent);
        }
        if asks_to_verify() && !bundle::damaged(image.slice(Section::FileIndex), image.slice(Section::FileBytes)).is_empty() {
            return Err(OpenError::BadFiles);
        }
        let delta = (base as usize as u64).wrapping_sub(header.base);
        if delta != 0 {
            image.relocate(delta);
        }
        Ok(image)
    }
    fn relocate(&self, delta: u64) {
        let bitmap: &[u8] = self.slice(Section::Relocations);
        for (index, byte) in bitmap.iter().enumerate() {
            let mut bits = *byte;
            while bits != 0 {
                let word = 8 * index + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if (word as u64 + 1) * 8 <= self.header.total_bytes {
                    // SAFETY: within the image, which is ours.
                    unsafe {
                        let at = self.base.cast::<u64>().add(word);
                        *at = (*at).wrapping_add(delta);
                    }
                }
            }
        }
    }
    pub fn base(&self) -> usize {
        self.base as usize
    }
    pub fn total_bytes(&self) -> usize {
        self.header.total_bytes as usize
    }
    pub fn boot(&self) -> &'static BootInfo {
        &self.header.boot
    }
    fn slice<T>(&self, section: Section) -> &'static [T] {
        let [offset, bytes] = self.header.sections[section as usize];
        // SAFETY: `open` checked bounds and alignment; the records are plain data, valid for any bytes.
        unsafe { core::slice::from_raw_parts(self.base.add(offset as usize).cast(), bytes as usize / size_of::<T>()) }
    }
    pub fn modules(&self) -> &'static [ModuleRow] {
        self.slice(Section::Modules)
    }
    pub fn functions(&self) -> &'static [u32] {
        self.slice(Section::Functions)
    }
    pub fn lines(&self) -> &'static [LineRow] {
        self.slice(Section::Lines)
    }
    pub fn files(&self) -> &'static [u64] {
        self.slice(Section::Files)
    }
    pub fn exports(&self) -> &'static [Export] {
        self.slice(Section::Exports)
    }
    pub fn funs(&self) -> &'static [FunEntry] {
        self.slice(Section::Funs)
    }
    pub fn export_index(&self) -> &'static [u32] {
        self.slice(Section::ExportIndex)
    }
    pub fn embedded(&self) -> &'static [u8] {
        self.slice(Section::Embedded)
    }
    /// The index of embedded files, and their bytes.
    pub fn embedded_files(&self) -> [&'static [u8]; 2] {
        [self.slice(Section::FileIndex), self.slice(Section::FileBytes)]
    }
    /// The atoms after the well-known ones; `None` when the table is damaged.
    pub fn atoms(&self) -> Option<Vec<&'static str>> {
        let bytes: &'static [u8] = self.slice(Section::Atoms);
        let numbers: &'static [u32] = self.slice(Section::Atoms);
        let count = *numbers.first()? as usize;
        let offsets = numbers.get(1..count.checked_add(2)?)?;
        let text = bytes.get(4 * (count + 2)..)?;
        offsets.windows(2).map(|pair| core::str::from_utf8(text.get(pair[0] as usize..pair[1] as usize)?).ok()).collect()
    }
}

const SECTIONS: [Section; crate::image::format::SECTION_COUNT] = [
    Section::Atoms,
    Section::Literals,
    Section::Code,
    Section::Exports,
    Section::Funs,
    Section::Modules,
    Section::Functions,
    Section::Lines,
    Section::Files,
    Section::ExportIndex,
    Section::Embedded,
    Section::Relocations,
    Section::FileIndex,
    Section::FileBytes,
];
