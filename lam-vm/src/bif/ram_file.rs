//! `ram_file`: files in memory. OTP talks to a driver through a port; here the functions that do so are natives, and what stands for
//! the port is a reference to the file.
//!
//! A command is its number and big-endian operands, as `ram_file.erl` writes them.

use std::sync::Arc;

use super::args::{OrBadarg, iolist_bytes};
use super::{BifResult, Call, bifs};
use crate::atom::{self, am};
use crate::heap::resource::Resource;
use crate::sync::Mutex;
use crate::term::Term;

bifs! { module "ram_file";
    /// `{ok, File}` with this content and mode (1 to read, 2 to write); options may hold `binary`.
    [plain] "ll_open"/3 = ll_open, "erts/emulator/drivers/common/ram_file_drv.c";
    /// What a command to the file gives.
    [plain] "call_port"/2 = call_port, "erts/emulator/drivers/common/ram_file_drv.c";
    /// `ok`
    [plain] "ll_close"/1 = ll_close, "erts/emulator/drivers/common/ram_file_drv.c";
}

const MODE_READ: u32 = 1;
const MODE_WRITE: u32 = 2;
/// No file is longer.
const SIZE_MAX: usize = i32::MAX as usize;

struct RamFile {
    content: Vec<u8>,
    at: usize,
    mode: u32,
    gives_binaries: bool,
    is_open: bool,
}

/// What a command answers.
enum Answer {
    Ok,
    Number(usize),
    /// These bytes of the content.
    Data(usize, usize),
}

type Answered = Result<Answer, &'static str>;

/// The 32-bit number at the start of a command's operands, and the rest.
fn number(operands: &[u8]) -> Result<(i32, &[u8]), &'static str> {
    let (bytes, rest) = operands.split_first_chunk::<4>().ok_or("einval")?;
    Ok((i32::from_be_bytes(*bytes), rest))
}

impl RamFile {
    fn command(&mut self, code: u8, operands: &[u8]) -> Answered {
        let is_usable = self.mode != 0 && self.is_open;
        match code {
            _ if !self.is_open => Err("einval"),
            // read
            2 => {
                let read = self.read(self.at, number(operands)?.0)?;
                if let Answer::Data(from, count) = read {
                    self.at = from + count;
                }
                Ok(read)
            }
            // lseek
            3 if !is_usable => Err("ebadf"),
            3 => {
                let (offset, rest) = number(operands)?;
                let base = match number(rest)?.0 {
                    0 => 0,
                    1 => self.at,
                    2 => self.content.len(),
                    _ => return Err("einval"),
                };
                self.at = usize::try_from(base as i64 + i64::from(offset)).map_err(|_| "einval")?;
                Ok(Answer::Number(self.at))
            }
            // write
            4 => {
                let count = self.write(self.at, operands)?;
                self.at += count;
                Ok(Answer::Number(count))
            }
            // truncate
            14 if self.mode & MODE_WRITE == 0 => Err("eacces"),
            14 => {
                self.content.resize(self.at, 0);
                Ok(Answer::Ok)
            }
            // pread, pwrite
            17 => {
                let (from, rest) = number(operands)?;
                self.read(usize::try_from(from).map_err(|_| "einval")?, number(rest)?.0)
            }
            18 => {
                let (from, bytes) = number(operands)?;
                self.write(usize::try_from(from).map_err(|_| "einval")?, bytes).map(Answer::Number)
            }
            // the content, its size
            30 => Ok(Answer::Data(0, self.content.len())),
            37 => Ok(Answer::Number(self.content.len())),
            // sync, datasync, advise, allocate
            9 | 19 | 38 | 39 if is_usable => Ok(Answer::Ok),
            9 | 19 | 38 | 39 => Err("ebadf"),
            _ => Err("einval"),
        }
    }
    fn read(&self, from: usize, count: i32) -> Answered {
        if self.mode & MODE_READ == 0 {
            return Err("ebadf");
        }
        let count = usize::try_from(count).map_err(|_| "einval")?;
        Ok(Answer::Data(from, count.min(self.content.len().saturating_sub(from))))
    }
    fn write(&mut self, from: usize, bytes: &[u8]) -> Result<usize, &'static str> {
        if self.mode & MODE_WRITE == 0 {
            return Err("ebadf");
        }
        let end = from.checked_add(bytes.len()).filter(|end| *end <= SIZE_MAX).ok_or("enomem")?;
        if end > self.content.len() && !bytes.is_empty() {
            self.content.resize(end, 0);
        }
        if !bytes.is_empty() {
            self.content[from..end].copy_from_slice(bytes);
        }
        Ok(bytes.len())
    }
}

fn error<'c>(call: &mut Call<'c>, reason: &'static str) -> Term<'c> {
    call.tuple(&[Term::atom(am::ERROR), Term::atom(atom::intern_static(reason))])
}

fn ll_open<'c>(call: &mut Call<'c>, [data, mode, options]: [Term<'c>; 3]) -> BifResult<'c> {
    let mode = mode.as_small().and_then(|mode| u32::try_from(mode).ok()).or_badarg()?;
    let options = options.list_to_vec().or_badarg()?;
    let Some(content) = iolist_bytes(data) else { return Ok(error(call, "badarg")) };
    let gives_binaries = options.iter().any(|option| option.is_atom(am::BINARY));
    let file = Mutex::new(RamFile { content, at: 0, mode, gives_binaries, is_open: true });
    let id = call.system().unique.reference();
    let file = call.resource(Arc::new(Resource { data: Box::new(file) }), id);
    Ok(call.tuple(&[Term::atom(am::OK), file]))
}

fn file_of<'c>(term: Term<'c>) -> Option<&'c Mutex<RamFile>> {
    term.as_reference().and_then(|reference| reference.resource::<Mutex<RamFile>>())
}

fn call_port<'c>(call: &mut Call<'c>, [file, command]: [Term<'c>; 2]) -> BifResult<'c> {
    let Some(command) = iolist_bytes(command) else { return Ok(error(call, "badarg")) };
    let (Some(file), Some((code, operands))) = (file_of(file), command.split_first()) else { return Ok(error(call, "einval")) };
    let mut file = file.lock();
    let value = match file.command(*code, operands) {
        Err(reason) => return Ok(error(call, reason)),
        Ok(Answer::Ok) => return Ok(Term::atom(am::OK)),
        Ok(Answer::Number(number)) => call.unsigned(number as u64),
        Ok(Answer::Data(from, count)) => {
            let bytes = file.content.get(from..from + count).unwrap_or_default();
            let data = if file.gives_binaries { call.binary(bytes) } else { call.byte_list(bytes, Term::NIL) };
            let count = call.unsigned(count as u64);
            call.tuple(&[count, data])
        }
    };
    Ok(call.tuple(&[Term::atom(am::OK), value]))
}

fn ll_close<'c>(_: &mut Call<'c>, [file]: [Term<'c>; 1]) -> BifResult<'c> {
    if let Some(file) = file_of(file) {
        let mut file = file.lock();
        file.is_open = false;
        file.content = Vec::new();
    }
    Ok(Term::atom(am::OK))
}
