//! Damaged native programs: every byte of header and tables flipped, code and literals too, and the file cut short. What is damaged is
//! found before user code runs, with a named error. `images.mjs` does the same for WASI and the web.
//!
//! ```text
//! file:  stub │ section headers │ pad │ image        a cut inside the stub is refused by the kernel, which has no words for it
//! ```

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const MAGIC: &[u8; 8] = b"LAMIMG\0\0";
const SECTIONS_AT: usize = 104;
const SECTIONS: usize = 14;
const HEADER_BYTES: usize = SECTIONS_AT + 16 * SECTIONS + 8;
/// Literals, code and the bytes of files: looked at with `LAM_VERIFY=1` only, and found by one checksum, so that a part of their bytes tells as much as all.
const CONTENT: [usize; 3] = [1, 2, 13];
const CONTENT_STEP: usize = 101;

/// A native program, its parts by their places in the file.
struct Program {
    bytes: Vec<u8>,
    image_at: usize,
    /// Where the last byte ends that the kernel maps for the stub.
    stub_end: usize,
}

#[derive(Clone, Copy)]
enum Damage {
    /// A bit of the byte at this place of the image.
    Flip { at: usize, verify: bool },
    /// The file is this long.
    Cut(usize),
}

/// What came of all damages.
pub struct Outcome {
    pub flips: usize,
    pub cuts: usize,
    /// Cuts that the kernel refused, without words.
    pub refused: usize,
    pub wrong: Vec<String>,
    pub took: Duration,
}

/// Damages copies of `program` in `folder` at every `step`-th place.
pub fn run(program: &Path, folder: &Path, step: usize, jobs: usize) -> Result<Outcome, String> {
    let began = Instant::now();
    let program = Program::read(program)?;
    let damages = program.damages(step.max(1));
    let flips = damages.iter().filter(|damage| matches!(damage, Damage::Flip { .. })).count();
    let (next, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    let jobs: Vec<PathBuf> = (0..jobs.max(1)).map(|job| folder.join(format!("damaged-{job}"))).collect();
    for path in &jobs {
        fs::write(path, &program.bytes).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
        fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;
        let whole = ended(path, true)?;
        if whole.status.code() != Some(0) {
            return Err(format!("what is whole does not run: {}", told(&whole)));
        }
    }
    thread::scope(|scope| {
        for path in &jobs {
            let (program, damages, next, refused, wrong) = (&program, &damages, &next, &refused, &wrong);
            scope.spawn(move || {
                while let Some(damage) = damages.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match program.look(path, *damage) {
                        Ok(Found::ByName) => {}
                        Ok(Found::ByKernel) => {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(why) => wrong.lock().expect("no thread panics").push(why),
                    }
                }
            });
        }
    });
    jobs.iter().for_each(|path| drop(fs::remove_file(path)));
    Ok(Outcome {
        flips,
        cuts: damages.len() - flips,
        refused: refused.into_inner(),
        wrong: wrong.into_inner().expect("no thread panics"),
        took: began.elapsed(),
    })
}

enum Found {
    ByName,
    ByKernel,
}

impl Program {
    fn read(path: &Path) -> Result<Program, String> {
        let bytes = fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        let mut starts = (0..bytes.len().saturating_sub(HEADER_BYTES)).step_by(8).rev();
        let is_image = |at: &usize| bytes[*at..].starts_with(MAGIC) && word(&bytes, at + 8) == Some(bytes.len() - at);
        let image_at = starts.find(is_image).ok_or("no image at the end of this file")?;
        let (table, count) = (word(&bytes, 32).unwrap_or(0), usize::from(bytes[56]));
        // Offset and length of what is mapped, of the stub's own.
        let loads = (0..count).filter_map(|row| {
            let at = table + 56 * row;
            let is_load = bytes.get(at..at + 4)? == 1u32.to_le_bytes();
            let (offset, length) = (word(&bytes, at + 8)?, word(&bytes, at + 32)?);
            (is_load && offset != image_at).then_some(offset + length)
        });
        let stub_end = loads.max().ok_or("no program headers")?;
        Ok(Program { bytes, image_at, stub_end })
    }

    fn damages(&self, step: usize) -> Vec<Damage> {
        let flip = |at: usize, verify: bool| Damage::Flip { at, verify };
        let image = &self.bytes[self.image_at..];
        let mut all: Vec<Damage> = (0..HEADER_BYTES).map(|at| flip(at, false)).collect();
        for row in 0..SECTIONS {
            let place = |half: usize| word(image, SECTIONS_AT + 16 * row + half).unwrap_or(0);
            let (at, length, is_content) = (place(0), place(8), CONTENT.contains(&row));
            let step = if is_content { CONTENT_STEP * step } else { step };
            all.extend((at..at + length).step_by(step).map(|at| flip(at, is_content)));
        }
        all.extend((image.len() - 8..image.len()).map(|at| flip(at, false)));
        // From the end, so that each copy is only ever made shorter; the stub's part is the kernel's.
        all.extend((self.stub_end..self.bytes.len()).rev().step_by(step).map(Damage::Cut));
        all.extend((0..self.stub_end).rev().step_by(257 * step).map(Damage::Cut));
        all
    }

    /// Damages the copy, runs it, and looks how it ended; makes a flip undone.
    fn look(&self, path: &Path, damage: Damage) -> Result<Found, String> {
        let open = || OpenOptions::new().write(true).open(path).map_err(|error| error.to_string());
        match damage {
            Damage::Flip { at, verify } => {
                let place = self.image_at + at;
                let put = |byte: u8| open()?.write_all_at(&[byte], place as u64).map_err(|error| error.to_string());
                put(self.bytes[place] ^ 1 << (at % 8))?;
                let output = ended(path, verify);
                put(self.bytes[place])?;
                let output = output?;
                let text = String::from_utf8_lossy(&output.stderr);
                // Without its magic word it is no program at all.
                let is_named = match at {
                    0..8 => output.status.code() == Some(2) && text.contains("a launcher without a program"),
                    _ => is_named(&output),
                };
                if is_named && output.stdout.is_empty() {
                    return Ok(Found::ByName);
                }
                Err(format!("byte {at} of the image flipped: {}", told(&output)))
            }
            Damage::Cut(length) => {
                open()?.set_len(length as u64).map_err(|error| error.to_string())?;
                let output = match ended(path, false) {
                    Ok(output) => output,
                    // What has no whole header is no program for the kernel.
                    Err(_) if length < self.stub_end => return Ok(Found::ByKernel),
                    Err(why) => return Err(format!("the file cut to {length}: {why}")),
                };
                if is_named(&output) && output.stdout.is_empty() {
                    return Ok(Found::ByName);
                }
                if length < self.stub_end && output.status.code() != Some(0) && output.stdout.is_empty() {
                    return Ok(Found::ByKernel);
                }
                Err(format!("the file cut to {length} of {}: {}", self.bytes.len(), told(&output)))
            }
        }
    }
}

fn is_named(output: &Output) -> bool {
    output.status.code() == Some(101) && output.stderr.starts_with(b"error: cannot start: the embedded program ")
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let eight = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(eight.try_into().expect("eight bytes")) as usize)
}

fn ended(path: &Path, verify: bool) -> Result<Output, String> {
    // Another thread may be between fork and exec, with our file still open.
    const BUSY: i32 = 26;
    for _ in 0..1000 {
        let mut command = Command::new(path);
        command.env("LAM_VERIFY", if verify { "1" } else { "0" }).stdin(Stdio::null());
        match command.output() {
            Err(error) if error.raw_os_error() == Some(BUSY) => thread::sleep(Duration::from_micros(100)),
            other => return other.map_err(|error: io::Error| error.to_string()),
        }
    }
    Err("its file stays busy".into())
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().take(200).collect::<String>();
    format!("{}, stdout {:?}, stderr {:?}", output.status, text(&output.stdout), text(&output.stderr))
}
