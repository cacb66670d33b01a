//! Escripts: what stands before the body, and what the body is.
//!
//! ```text
//! #!/usr/bin/env escript
//! %% a comment                                   optional
//! %%! -escript main shop +S 4                    optional: flags of the emulator
//! an archive, a module, or source
//! ```

use crate::zip;

/// A script taken apart.
#[derive(Debug, PartialEq)]
pub struct Escript<'a> {
    /// The module whose `main/1` is called.
    pub main: Option<String>,
    /// Flags of the emulator, without `-escript …`.
    pub flags: Option<String>,
    pub body: Body<'a>,
}

/// What a script runs.
#[derive(Debug, PartialEq)]
pub enum Body<'a> {
    Archive(&'a [u8]),
    Module(&'a [u8]),
    Source,
}

/// Reads a script; `None` for what is none.
pub fn read(bytes: &[u8]) -> Option<Escript<'_>> {
    let (first, _) = line(bytes);
    if !first.starts_with(b"#!") || !first.windows(7).any(|window| window == b"escript") {
        return None;
    }
    let mut rest = bytes;
    let mut flags = None;
    while rest.starts_with(b"#!") || rest.starts_with(b"%%") {
        let (head, after) = line(rest);
        if let Some(text) = head.strip_prefix(b"%%!") {
            flags = Some(String::from_utf8_lossy(text).trim().to_string());
        }
        rest = after;
    }
    let body = match rest {
        _ if zip::is_archive(rest) => Body::Archive(rest),
        _ if rest.starts_with(b"FOR1") => Body::Module(rest),
        _ => Body::Source,
    };
    let (main, flags) = flags.map_or((None, None), |flags| take_main(&flags));
    Some(Escript { main, flags, body })
}

/// The first line, and what follows it.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

/// Takes `-escript main M` out of the flags.
fn take_main(flags: &str) -> (Option<String>, Option<String>) {
    let words: Vec<&str> = flags.split_whitespace().collect();
    let mut main = None;
    let mut kept = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if let ["-escript", "main", module, ..] = words[at..] {
            main = Some(module.trim_matches('\'').to_string());
            at += 3;
        } else {
            kept.push(words[at]);
            at += 1;
        }
    }
    (main, (!kept.is_empty()).then(|| kept.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_taken_apart() {
        let text = b"#!/usr/bin/env escript\n%% -*- erlang -*-\n%%! -escript main shop +S 4 -shop a 1\nFOR1...";
        let script = read(text).expect("a script");
        assert_eq!(script.main.as_deref(), Some("shop"));
        assert_eq!(script.flags.as_deref(), Some("+S 4 -shop a 1"));
        assert_eq!(script.body, Body::Module(b"FOR1..."));
        let plain = read(b"#!/usr/bin/env escript\nmain(_) -> ok.\n").expect("a script");
        assert_eq!(plain, Escript { main: None, flags: None, body: Body::Source });
        assert_eq!(read(b"#!/bin/sh\necho escript\n"), None);
        assert_eq!(read(b"FOR1"), None);
    }
}
