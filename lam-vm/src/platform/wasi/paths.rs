//! The current directory, and which preopened directory a path lies in.
//!
//! WASI has no current directory: ours begins at `/`, and every path is made absolute against it, `.` and `..` taken out
//! by their text. A preopen named `.` or empty stands at `/`, so `--dir=.` makes `x` and `/x` the same file. The longest
//! preopen that begins the path takes it; the host sees what is left.

use super::abi::{self, At, Fd};
use crate::platform::posix::{Posix, Result};
use crate::sync::OnceLock;
use crate::sync::global::Mutex;

static CWD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// First descriptor after the standard streams.
const FIRST_PREOPEN: Fd = 3;

/// Names without the slash at their head, and their descriptors.
fn preopens() -> &'static [(Vec<u8>, Fd)] {
    static PREOPENS: OnceLock<Vec<(Vec<u8>, Fd)>> = OnceLock::new();
    PREOPENS
        .get_or_init(|| (FIRST_PREOPEN..).map_while(|fd| abi::preopen_name(fd).ok().map(|name| (normal(&name), fd))).collect())
}

/// A path without its first slash, `.`, `..` and doubled slashes.
fn normal(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                kept.pop();
            }
            name => kept.push(name),
        }
    }
    kept.join(&b'/')
}

fn absolute(path: &[u8]) -> Result<Vec<u8>> {
    if path.is_empty() {
        return Err(Posix::Enoent);
    }
    if path.contains(&0) {
        return Err(Posix::Einval);
    }
    if path.starts_with(b"/") {
        return Ok(normal(path));
    }
    let mut whole = CWD.lock().clone();
    whole.push(b'/');
    whole.extend_from_slice(path);
    Ok(normal(&whole))
}

/// Where the host looks for `path`.
pub fn locate(path: &[u8]) -> Result<At> {
    let whole = absolute(path)?;
    let fitting = |name: &[u8]| {
        let rest = whole.strip_prefix(name)?;
        match rest.strip_prefix(b"/") {
            Some(rest) => Some(rest),
            None if rest.is_empty() || name.is_empty() => Some(rest),
            None => None,
        }
    };
    let (_, fd, rest) = preopens()
        .iter()
        .filter_map(|(name, fd)| fitting(name).map(|rest| (name.len(), *fd, rest)))
        .max_by_key(|(bytes, ..)| *bytes)
        .ok_or(Posix::Enoent)?;
    let mut rest = if rest.is_empty() { b".".to_vec() } else { rest.to_vec() };
    if path.ends_with(b"/") && rest != b"." {
        rest.push(b'/');
    }
    Ok(At { fd, path: rest })
}

/// The current directory.
pub fn get_cwd() -> Result<Vec<u8>> {
    let mut path = b"/".to_vec();
    path.extend_from_slice(&CWD.lock());
    Ok(path)
}

/// Changes the current directory; it must be one. `/` is one even when nothing is preopened there.
pub fn set_cwd(path: &[u8]) -> Result<()> {
    const DIRECTORY: u8 = 3;
    let whole = absolute(path)?;
    if !whole.is_empty() {
        let stat = abi::stat(&locate(path)?, true)?;
        if stat[2] as u8 != DIRECTORY {
            return Err(Posix::Enotdir);
        }
    }
    *CWD.lock() = whole;
    Ok(())
}
