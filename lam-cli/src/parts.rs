//! The parts that lie inside `lam`, each compressed: stubs, the embedded OTP, our own modules, licences, facts about the build.
//!
//! A `lam` made by `make dev` has none inside and finds them in `parts/` beside its own file. Tests of the machine name a folder with
//! parts that go before all others (`LAM_PARTS_DIR`).

use std::borrow::Cow;
use std::fs;
use std::io::Read;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// Name and zstd-compressed bytes of each part that was there when `lam` was built.
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/parts.rs"));

/// No part unpacks to more than this.
const PART_LIMIT_BYTES: u64 = 256 << 20;

/// A part's bytes; `None` when this `lam` was built without it.
pub fn find(name: &str) -> Option<Vec<u8>> {
    if let Some(folder) = std::env::var_os("LAM_PARTS_DIR")
        && let Ok(bytes) = fs::read(PathBuf::from(folder).join(name))
    {
        return Some(bytes);
    }
    if let Some((_, packed)) = EMBEDDED.iter().find(|(part, _)| *part == name) {
        let mut bytes = Vec::new();
        let decoder = zstd::stream::read::Decoder::new(*packed).ok()?;
        decoder.take(PART_LIMIT_BYTES).read_to_end(&mut bytes).ok()?;
        return Some(bytes);
    }
    fs::read(beside()?.join(name)).ok()
}

/// A part's bytes, or the error that says what this `lam` lacks.
pub fn require(name: &str, what: &str) -> Result<Vec<u8>> {
    find(name).ok_or_else(|| {
        Error::new(format!("this `lam` was built without {what}")).hint("`make build` in LAM's source puts every part into `lam`")
    })
}

/// Facts about the build, `key value` a line.
pub fn fact(key: &str) -> Option<String> {
    let text = String::from_utf8(find("facts")?).ok()?;
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ').map(str::to_string))
}

/// What `lam --version` says: the version, then what the parts are.
pub fn version() -> String {
    let mut text = Cow::from(env!("CARGO_PKG_VERSION"));
    let mut say = |key: &str, words: &str| {
        if let Some(value) = fact(key) {
            text.to_mut().push_str(&format!("\n{words} {value}"));
        }
    };
    say("libc", "native programs: static,");
    say("otp", "embedded OTP:");
    say("targets", "targets:");
    text.into_owned()
}

fn beside() -> Option<PathBuf> {
    Some(std::env::current_exe().ok()?.parent()?.join("parts"))
}
