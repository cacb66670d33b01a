//! The embedded OTP and our own modules, as archives.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use lam_cli::archive::{self, Files};
use lam_cli::otp::Otp;
use lam_cli::plan::{Library, LibraryFile};

/// The applications inside `lam`.
const APPS: [&str; 8] = ["kernel", "stdlib", "erts", "compiler", "sasl", "syntax_tools", "parsetools", "runtime_tools"];

/// Chunks that no program reads at run time: debug information and documentation.
const LEFT_OUT: [&str; 5] = ["Dbgi", "Docs", "Abst", "ExDp", "ExDc"];

/// Packs the `.beam` files of one folder as application `lam`.
pub fn pack_folder(ebin: &Path, out: &Path) -> Result<(), String> {
    let mut files = Files::new();
    for entry in fs::read_dir(ebin).map_err(|error| format!("{}: {error}", ebin.display()))?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|end| end == "beam" || end == "app") {
            let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            files.insert(name, LibraryFile { app: "lam".into(), bytes: Arc::from(stripped(&bytes)) });
        }
    }
    fs::write(out, archive::write(&files)).map_err(|error| format!("{}: {error}", out.display()))
}

/// Packs the wanted applications of the OTP at `root` and prints its release.
pub fn pack_root(root: &Path, out: &Path) -> Result<(), String> {
    let otp = Otp::from_folder(root, "").map_err(|error| error.to_string())?;
    let mut files = Files::new();
    for name in otp.module_names() {
        if let Some(file) = otp.module(&name).filter(|file| APPS.contains(&file.app.as_str())) {
            let bytes = Arc::from(stripped(&file.bytes));
            files.insert(format!("{name}.beam"), LibraryFile { app: file.app, bytes });
        }
    }
    for app in APPS {
        if let Some(file) = otp.app_file(app) {
            files.insert(format!("{app}.app"), file);
        }
    }
    fs::write(out, archive::write(&files)).map_err(|error| format!("{}: {error}", out.display()))?;
    println!("{}", otp.release());
    Ok(())
}

/// A module without the chunks that are left out; anything else unchanged.
fn stripped(bytes: &[u8]) -> Vec<u8> {
    let Ok(plain) = lam_cli::beam::unwrapped(bytes) else { return bytes.to_vec() };
    let Ok(chunks) = lam_cli::beam::chunks(&plain) else { return bytes.to_vec() };
    let mut body = b"BEAM".to_vec();
    for (name, content) in chunks.iter().filter(|(name, _)| !LEFT_OUT.contains(&name.as_str())) {
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(&(content.len() as u32).to_be_bytes());
        body.extend_from_slice(content);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let mut out = b"FOR1".to_vec();
    out.extend_from_slice(&(body.len() as u32).to_be_bytes());
    out.extend_from_slice(&body);
    out
}
