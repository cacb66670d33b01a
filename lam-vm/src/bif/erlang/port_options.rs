//! What `open_port/2` is given: the port's name and its options.

use std::collections::BTreeMap;

use crate::atom::{Atom, am};
use crate::bif::args;
use crate::bif::os::host_text;
use crate::bif::prim_file::deep_characters;
use crate::io::ports::Framing;
use crate::platform;
use crate::platform::launch::{FileUse, Launch, What};
use crate::term::{Term, View};

/// Bytes of a line where `line` says no number.
const LINE_BYTES: usize = 512;
/// Waiting output from which a port is busy, and below which it is no more.
const BUSY_LIMITS: (usize, usize) = (4096, 8192);
/// Drivers of OTP that it takes in place of programs of these names; LAM has none of these.
const DRIVERS: [&[u8]; 3] = [b"tcp_inet", b"udp_inet", b"ram_file_drv"];

/// The second argument.
pub struct Options {
    packet_bytes: usize,
    line_bytes: usize,
    pub binary: bool,
    pub soft_eof: bool,
    pub exit_status: bool,
    pub parallelism: bool,
    pub busy_limits: (usize, usize),
    reads: bool,
    writes: bool,
    by_stdio: bool,
    stderr_to_stdout: bool,
    environment: BTreeMap<Vec<u8>, Vec<u8>>,
    folder: Option<Vec<u8>>,
    /// Of a folder that is none: told after the name was looked at.
    bad_folder: bool,
    own_name: Option<Vec<u8>>,
    arguments: Option<Vec<Vec<u8>>>,
}

/// The first argument.
pub enum Source {
    Program(Box<Launch>),
    Given {
        input: i32,
        output: i32,
    },
    /// OTP's driver `tty_sl`, with what stands behind its name.
    Terminal {
        line: Vec<u8>,
    },
    File {
        path: Vec<u8>,
        file_use: FileUse,
    },
}

/// Why there is no port: atoms of `erts_internal:open_port/2`.
#[derive(Debug)]
pub enum Refused {
    Badarg,
    Named(&'static str),
}

/// A name for the host: an atom, a binary or a deep list of characters, without zeros.
fn host_name(term: Term<'_>) -> Option<Vec<u8>> {
    let bytes = match term.view() {
        View::Atom(name) => name.text().as_bytes().to_vec(),
        _ if term.is_bitstring() => term.to_bytes()?.into_owned(),
        _ if term.is_list() => {
            let mut bytes = Vec::new();
            deep_characters(term, &mut bytes)?;
            bytes
        }
        _ => return None,
    };
    (!bytes.contains(&0)).then_some(bytes)
}

impl Options {
    /// `None` where one is wrong.
    pub fn of(list: Term<'_>) -> Option<Options> {
        let mut options = Options {
            packet_bytes: 0,
            line_bytes: 0,
            binary: false,
            soft_eof: false,
            exit_status: false,
            parallelism: false,
            busy_limits: BUSY_LIMITS,
            reads: false,
            writes: false,
            by_stdio: true,
            stderr_to_stdout: false,
            environment: platform::env::all().into_iter().collect(),
            folder: None,
            bad_folder: false,
            own_name: None,
            arguments: None,
        };
        for option in list.list_to_vec()? {
            match option.as_tuple_of() {
                Some([key, value]) => options.set(key.as_atom()?, value)?,
                None => options.set_flag(option.as_atom()?)?,
            }
        }
        if !options.reads && !options.writes {
            (options.reads, options.writes) = (true, true);
        }
        let exclude = (options.line_bytes > 0 && options.packet_bytes > 0) || (options.stderr_to_stdout && !options.by_stdio);
        (!exclude).then_some(options)
    }
    fn set_flag(&mut self, flag: Atom) -> Option<()> {
        match flag {
            am::STREAM => self.packet_bytes = 0,
            am::LINE => self.line_bytes = LINE_BYTES,
            am::BINARY => self.binary = true,
            am::EOF => self.soft_eof = true,
            am::EXIT_STATUS => self.exit_status = true,
            am::IN => self.reads = true,
            am::OUT => self.writes = true,
            // Of other systems.
            am::HIDE => {}
            _ => match flag.text() {
                "use_stdio" => self.by_stdio = true,
                "nouse_stdio" => self.by_stdio = false,
                "stderr_to_stdout" => self.stderr_to_stdout = true,
                "overlapped_io" => {}
                _ => return None,
            },
        }
        Some(())
    }
    fn set(&mut self, key: Atom, value: Term<'_>) -> Option<()> {
        match key {
            am::PACKET => self.packet_bytes = value.as_usize().filter(|bytes| matches!(bytes, 1 | 2 | 4))?,
            am::LINE => self.line_bytes = value.as_usize().filter(|bytes| *bytes > 0)?,
            am::ENV => self.environment = environment(value)?,
            am::ARGS => self.arguments = Some(value.list_to_vec()?.into_iter().map(host_name).collect::<Option<_>>()?),
            am::ARG0 => self.own_name = Some(host_name(value)?),
            am::CD => {
                self.folder = host_name(value);
                self.bad_folder = self.folder.is_none();
            }
            am::PARALLELISM => self.parallelism = value.as_bool()?,
            _ => match key.text() {
                "busy_limits_port" => self.busy_limits = limits(value)?,
                // Signals take effect at once, so none ever waits.
                "busy_limits_msgq" => {
                    limits(value)?;
                }
                _ => return None,
            },
        }
        Some(())
    }
    pub fn framing(&self) -> Framing {
        match (self.packet_bytes, self.line_bytes) {
            (0, 0) => Framing::Stream,
            (0, line_bytes) => Framing::lines(line_bytes),
            (packet_bytes, _) => Framing::packets(packet_bytes),
        }
    }
    pub fn reads(&self) -> bool {
        self.reads
    }
    pub fn writes(&self) -> bool {
        self.writes
    }
    /// What is to be opened, and its name.
    pub fn source(&mut self, name: Term<'_>) -> Result<(Source, Vec<u8>), Refused> {
        let (source, shown) = self.source_of(name).ok_or(Refused::Badarg)?;
        let is_file = matches!(&source, Source::Program(launch) if matches!(launch.what, What::File { .. }));
        let has_vector = self.arguments.is_some() || self.own_name.is_some();
        let is_program = matches!(source, Source::Program(_));
        if (has_vector && !is_file) || self.bad_folder || (self.exit_status && !is_program) {
            return Err(Refused::Badarg);
        }
        if let Source::Program(launch) = &source
            && let What::Line(line) = &launch.what
        {
            let first = line.split(|byte| *byte == b' ').next().unwrap_or_default();
            if line.is_empty() {
                return Err(Refused::Badarg);
            }
            if first == b"tty_sl" {
                let line = line.clone();
                return Ok((Source::Terminal { line }, shown));
            }
            if DRIVERS.contains(&first) {
                return Err(Refused::Named("enotsup"));
            }
        }
        Ok((source, shown))
    }
    fn source_of(&mut self, name: Term<'_>) -> Option<(Source, Vec<u8>)> {
        let file = match name.view() {
            View::Atom(name) => Some(name.text().as_bytes().to_vec()),
            _ => args::latin1_list(name).filter(|name| !name.is_empty()),
        };
        if let Some(path) = file {
            let file_use = match (self.reads, self.writes) {
                (true, true) => FileUse::Both,
                (_, true) => FileUse::Write,
                _ => FileUse::Read,
            };
            return Some((Source::File { path: path.clone(), file_use }, path));
        }
        if let Some([kind, input, output]) = name.as_tuple_of() {
            let number = |term: Term<'_>| term.as_small().map(|number| number as i32);
            let (input, output) = (number(input)?, number(output)?);
            return kind.is_atom(am::FD).then(|| (Source::Given { input, output }, format!("{input}/{output}").into_bytes()));
        }
        let [kind, name] = name.as_tuple_of()?;
        let name = host_name(name)?;
        let what = match kind.as_atom()? {
            am::SPAWN => What::Line(name.clone()),
            kind if kind.text() == "spawn_executable" => {
                let own_name = self.own_name.clone().unwrap_or_else(|| name.clone());
                What::File { path: name.clone(), name: own_name, arguments: self.arguments.clone().unwrap_or_default() }
            }
            _ => return None,
        };
        let launch = Launch {
            what,
            environment: core::mem::take(&mut self.environment).into_iter().collect(),
            folder: self.folder.clone().filter(|folder| !folder.is_empty()),
            by_stdio: self.by_stdio,
            stderr_to_stdout: self.stderr_to_stdout,
            reads: self.reads,
            writes: self.writes,
        };
        Some((Source::Program(Box::new(launch)), name))
    }
}

/// The machine's environment with these changes; `false` and `[]` take a variable out.
fn environment(changes: Term<'_>) -> Option<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut environment: BTreeMap<_, _> = platform::env::all().into_iter().collect();
    for change in changes.list_to_vec()? {
        let [name, value] = change.as_tuple_of()?;
        let name = host_text(name).ok().filter(|name| !name.contains(&b'='))?;
        if value.is_nil() || value.is_atom(am::FALSE) {
            environment.remove(&name);
        } else {
            environment.insert(name, host_text(value).ok()?);
        }
    }
    Some(environment)
}

/// `{Low, High}` or `disabled`.
fn limits(value: Term<'_>) -> Option<(usize, usize)> {
    if value.is_atom(am::DISABLED) {
        return Some((usize::MAX, usize::MAX));
    }
    let [low, high] = value.as_tuple_of()?;
    let number = |term: Term<'_>| term.as_usize().filter(|number| *number > 0);
    let (low, high) = (number(low)?, number(high)?);
    Some((low.min(high), high))
}
