//! Writing what was built: whole or not at all.
//!
//! The bytes go to a temporary file in the same folder, which is then renamed; a full disk or a stop half-way leaves the old file.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Whether `path` can be an output, before any work is done for it.
pub fn check(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::new(format!("cannot write `{}`: it is a folder", path.display())).hint("-o names the file to write"));
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        let error = Error::new(format!("cannot write `{}`: the folder `{}` does not exist", path.display(), folder.display()));
        return Err(error.hint(format!("make it first: mkdir -p {}", folder.display())));
    }
    // Renaming would put a file in the place of a device or a pipe.
    if path.exists() && !path.is_file() {
        return Err(
            Error::new(format!("cannot write `{}`: it is not a regular file", path.display())).hint("-o names the file to write")
        );
    }
    let temporary = temporary_beside(path);
    let made = fs::File::create(&temporary).and_then(|_| fs::remove_file(&temporary));
    made.map_err(|error| Error::io("write", path, &error))
}

/// Writes `bytes` to `path`, executable or not.
pub fn write(path: &Path, bytes: &[u8], executable: bool) -> Result<()> {
    check(path)?;
    let temporary = temporary_beside(path);
    let written = write_new(&temporary, bytes, executable).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Error::io("write", path, &error)
    })
}

/// The folder that holds `path`.
pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    folder_of(path).join(name)
}

fn write_new(path: &Path, bytes: &[u8], executable: bool) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if executable { 0o777 } else { 0o666 });
    #[cfg(not(unix))]
    let _ = executable;
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.flush()
}
