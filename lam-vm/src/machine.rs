//! The machine's public face: a launcher maps an image, boots a machine on it and drives it until it ends.
//!
//! ```text
//! image:  0  "LAMIMG\0\0"      8  u64 total length (a multiple of 4096)      16 …  the header of `image`
//! ```
//!
//! The same three calls serve every host: `boot`, then `run` (native, WASI: returns the exit code) or `run_for` (web: returns to
//! the page's event loop whenever the budget is spent or nothing can run).

use std::ptr::NonNull;

/// The first eight bytes of every image.
pub const IMAGE_MAGIC: [u8; 8] = *b"LAMIMG\0\0";

/// Where a native image lies when running; below 2 GB so that addresses fit 32-bit immediates.
pub const NATIVE_BASE: usize = 0x1000_0000;

/// An image in memory: readable and writable, alive until the process ends.
#[derive(Debug)]
pub struct MappedImage {
    base: NonNull<u8>,
    length_bytes: usize,
}

// SAFETY: the image is owned memory that nothing else holds; moving the handle to another thread moves the ownership.
unsafe impl Send for MappedImage {}

impl MappedImage {
    /// Takes over `length_bytes` bytes at `base`; `None` when no image can be there (null, or shorter than its fixed header).
    ///
    /// # Safety
    /// The bytes are mapped readable and writable, nothing else uses them, and they stay mapped for the rest of the process.
    pub unsafe fn new(base: *mut u8, length_bytes: usize) -> Option<MappedImage> {
        let base = NonNull::new(base)?;
        (length_bytes >= 16).then_some(MappedImage { base, length_bytes })
    }

    /// The address of the first byte.
    pub fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// The length in bytes.
    pub fn length_bytes(&self) -> usize {
        self.length_bytes
    }

    /// The image's bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `new` took over exactly this range, mapped for the rest of the process.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.length_bytes) }
    }
}

/// What the host hands to a program: nothing here is interpreted by LAM.
#[derive(Debug, Default)]
pub struct Host {
    /// The program's own arguments, without the program's name.
    pub args: Vec<Vec<u8>>,
}

/// What a machine says when `run_for` returns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// Processes are waiting for the next turn.
    Runnable,
    /// Nothing can run before that moment, in milliseconds of the host's monotonic clock.
    SleepUntil(f64),
    /// Nothing can run until an event arrives.
    Idle,
    /// The program has ended with this code; the machine may be dropped.
    Exited(i32),
}

/// Why an image was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootError(pub String);

impl std::fmt::Display for BootError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BootError {}

/// One machine: the program in an image, its processes and tables.
#[derive(Debug)]
pub struct Machine {
    image: MappedImage,
    #[allow(dead_code)]
    host: Host,
}

impl Machine {
    /// Checks the image's header and tables and makes a machine ready to run its entry.
    pub fn boot(image: MappedImage, host: Host) -> Result<Machine, BootError> {
        let bytes = image.bytes();
        if bytes[..8] != IMAGE_MAGIC {
            return Err(BootError("this is not a LAM image".into()));
        }
        if bytes[8..16] != (bytes.len() as u64).to_le_bytes() {
            return Err(BootError("the image is cut short".into()));
        }
        Ok(Machine { image, host })
    }

    /// Runs until the program ends; its exit code.
    pub fn run(mut self) -> i32 {
        loop {
            if let Outcome::Exited(code) = self.run_for(1000) {
                return code;
            }
        }
    }

    /// Runs for about `budget_us` microseconds.
    pub fn run_for(&mut self, _budget_us: u32) -> Outcome {
        use crate::platform::stdio;
        let bytes = self.image.bytes();
        let length = u32::from_le_bytes(bytes[16..20].try_into().expect("four bytes")) as usize;
        let text = bytes.get(20..20 + length).unwrap_or_default();
        let _ = stdio::write_all(stdio::Stream::Stdout, text);
        Outcome::Exited(0)
    }
}

/// An image that only prints `text`: it proves the line from `lam build` to a running file.
pub fn greeting_image(text: &str) -> Vec<u8> {
    let mut bytes = Vec::from(IMAGE_MAGIC);
    bytes.extend_from_slice(&[0; 8]);
    bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(4096), 0);
    let length = bytes.len() as u64;
    bytes[8..16].copy_from_slice(&length.to_le_bytes());
    bytes
}
