//! The embedded section: names with their bytes.
//!
//! ```text
//! u32 count | { u32 name length, u32 content length }* | { name, content }*
//! ```
//! Facts for tools and for the program itself; its files have sections of their own.

/// The calls that will fail at run time, as `lam inspect --missing` prints them.
pub const MISSING: &str = "missing";

/// For each module a line: its name, a tab, and what `lam inspect` says of where it comes from.
pub const MODULES: &str = "modules";

/// Environments of applications, `[{App, [{Key, Value}]}]` in the external term format.
pub const ENVIRONMENTS: &str = "app_env";

/// Emulator flags, one a line; there only where some were given.
pub const VM_ARGS: &str = "vm_args";

/// Emulator flags given when building, `[{Flag, [Text]}]` in the external term format; absent where none were.
pub const FLAGS: &str = "flags";

/// What is loaded and started at boot levels `kernel` and `app`, `{[{application, Name, Keys}], [Name]}` in the external term format.
pub const APPLICATIONS: &str = "applications";

/// There, and empty, where the program is OTP's shell.
pub const SHELL: &str = "shell";

/// Configuration files, `[{Name, Text}]` in the external term format; absent where none were given.
pub const CONFIG: &str = "config";

/// The text of each `.app` file that the program may load by name: this, then the file's name.
pub const APP_FILES: &str = "app/";

/// The section's bytes.
pub fn encode(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let number = |length: usize| (length as u32).to_le_bytes();
    let mut bytes = number(entries.len()).to_vec();
    for (name, content) in entries {
        bytes.extend(number(name.len()));
        bytes.extend(number(content.len()));
    }
    for (name, content) in entries {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(content);
    }
    bytes
}

/// The entries of a section; nothing where it is broken.
pub fn decode(bytes: &[u8]) -> Vec<(&str, &[u8])> {
    try_decode(bytes).unwrap_or_default()
}

fn try_decode(bytes: &[u8]) -> Option<Vec<(&str, &[u8])>> {
    let number = |at: usize| {
        bytes.get(at..at.checked_add(4)?).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize)
    };
    let count = number(0)?;
    let mut at = count.checked_mul(8)?.checked_add(4).filter(|at| *at <= bytes.len())?;
    let mut entries = Vec::new();
    for index in 0..count {
        let (name_length, length) = (number(4 + 8 * index)?, number(8 + 8 * index)?);
        let name = std::str::from_utf8(bytes.get(at..at.checked_add(name_length)?)?).ok()?;
        at += name_length;
        entries.push((name, bytes.get(at..at.checked_add(length)?)?));
        at += length;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let entries: [(&str, &[u8]); 2] = [("missing", b"one"), ("/priv/a", b"")];
        let bytes = encode(&entries);
        assert_eq!(decode(&bytes), entries);
        assert!(decode(&bytes[..bytes.len() - 1]).is_empty());
        assert!(decode(&[255; 12]).is_empty());
        assert!(decode(&[]).is_empty());
    }
}
