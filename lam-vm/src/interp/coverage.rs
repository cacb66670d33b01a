//! What a run executed, for `make coverage`; all of it is empty without the feature `coverage`.
//!
//! The variable `LAM_COVERAGE` names a file, to which the machine writes when it ends:
//!
//! ```text
//! op NAME                                    a specific instruction was executed
//! bif M:F/A                                  a BIF was run
//! at OFFSET EXECUTED RAISED ARITY FUNCTION   an instruction of the program's own module: words from the function's `func_info`,
//!                                            how often it was executed, and how often it raised
//! ```

use crate::code::Code;

#[cfg(feature = "coverage")]
pub use on::{begin, bif, executed, raised, write};

/// The image's code is counted from now on.
#[cfg(not(feature = "coverage"))]
pub fn begin(_: &Code) {}
/// The instruction `word` at `pc` is executed.
#[cfg(not(feature = "coverage"))]
#[inline(always)]
pub fn executed(_: *const u64, _: u64) {}
/// The instruction at `pc` raises.
#[cfg(not(feature = "coverage"))]
#[inline(always)]
pub fn raised(_: *const u64) {}
/// The BIF of this number is run.
#[cfg(not(feature = "coverage"))]
#[inline(always)]
pub fn bif(_: usize) {}
/// The machine ends.
#[cfg(not(feature = "coverage"))]
pub fn write(_: &Code) {}

#[cfg(feature = "coverage")]
mod on {
    use std::fmt::Write;

    use super::Code;
    use crate::atom::Atom;
    use crate::bif::bif_by_id;
    use crate::isa::specific::ROWS;
    use crate::platform::env;
    use crate::platform::files::{File, Modes};
    use crate::sync::OnceLock;
    use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};

    /// Counts of the image's words, and of what has no place in it.
    struct Counts {
        base: usize,
        executed: Vec<AtomicU32>,
        raised: Vec<AtomicU32>,
        ops: Vec<AtomicU32>,
        bifs: Vec<AtomicU32>,
    }

    static COUNTS: OnceLock<Counts> = OnceLock::new();

    fn zeros(count: usize) -> Vec<AtomicU32> {
        (0..count).map(|_| AtomicU32::new(0)).collect()
    }
    fn add(counts: &[AtomicU32], index: usize) {
        if let Some(count) = counts.get(index) {
            count.fetch_add(1, Relaxed);
        }
    }

    pub fn begin(code: &Code) {
        let Some(image) = code.image() else { return };
        let words = image.total_bytes() / 8;
        let bifs = usize::from(u16::MAX) + 1;
        let counts = Counts {
            base: image.base(),
            executed: zeros(words),
            raised: zeros(words),
            ops: zeros(ROWS.len()),
            bifs: zeros(bifs),
        };
        let _ = COUNTS.set(counts);
    }
    pub fn executed(pc: *const u64, word: u64) {
        if let Some(counts) = COUNTS.get() {
            add(&counts.ops, word as u16 as usize);
            add(&counts.executed, (pc as usize).wrapping_sub(counts.base) / 8);
        }
    }
    pub fn raised(pc: *const u64) {
        if let Some(counts) = COUNTS.get() {
            add(&counts.raised, (pc as usize).wrapping_sub(counts.base) / 8);
        }
    }
    pub fn bif(number: usize) {
        if let Some(counts) = COUNTS.get() {
            add(&counts.bifs, number);
        }
    }

    pub fn write(code: &Code) {
        let (Some(counts), Some(path)) = (COUNTS.get(), env::get(b"LAM_COVERAGE")) else { return };
        let text = text(counts, code);
        // A report that cannot be written is missed by the tool that reads it.
        if let Ok(file) = File::open(&path, Modes::WRITE) {
            let _ = file.write(text.as_bytes());
        }
    }
    fn text(counts: &Counts, code: &Code) -> String {
        let mut text = String::new();
        let some = |counts: &[AtomicU32]| -> Vec<usize> {
            counts.iter().enumerate().filter(|(_, count)| count.load(Relaxed) > 0).map(|(index, _)| index).collect()
        };
        for op in some(&counts.ops) {
            let _ = writeln!(text, "op {}", ROWS[op].name);
        }
        for number in some(&counts.bifs) {
            let row = bif_by_id(number);
            let _ = writeln!(text, "bif {}:{}/{}", row.module, row.bif.name, row.bif.arity);
        }
        let own = code.image().map(|image| Atom::of_word(image.boot().entry_module));
        for index in some(&counts.executed) {
            let Some(place) = code.locate((counts.base + 8 * index) as u64).filter(|place| Some(place.module) == own) else {
                continue;
            };
            let (executed, raised) = (counts.executed[index].load(Relaxed), counts.raised[index].load(Relaxed));
            let _ = writeln!(text, "at {} {executed} {raised} {} {}", place.offset, place.arity, place.function.text());
        }
        text
    }
}
