//! Puts the parts of `LAM_PARTS` (stubs, library, licences) into `lam`, compressed.
//!
//! A part that is absent stays out; `lam` then looks for it in `parts/` beside its own file (as `make dev` lays it out).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Every part there is; `lam_cli::parts` names them.
const PARTS: [&str; 8] = ["native", "wasm", "web.wasm", "web.js", "otp", "stdlib", "licenses", "facts"];

fn main() {
    println!("cargo::rerun-if-env-changed=LAM_PARTS");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let parts = env::var_os("LAM_PARTS").map(PathBuf::from);
    let mut table = String::from("&[\n");
    for part in PARTS {
        let Some(source) = parts.as_deref().map(|dir| dir.join(part)) else { continue };
        println!("cargo::rerun-if-changed={}", source.display());
        if let Some(packed) = compress(&source, &out) {
            writeln!(table, "    ({part:?}, include_bytes!({packed:?})),").expect("writing to a string");
        }
    }
    table.push(']');
    fs::write(out.join("parts.rs"), table).expect("OUT_DIR is writable");
}

fn compress(source: &Path, out: &Path) -> Option<PathBuf> {
    let bytes = fs::read(source).ok()?;
    let packed = zstd::bulk::compress(&bytes, 19).expect("zstd compresses");
    let to = out.join(format!("{}.zst", source.file_name()?.to_str()?));
    fs::write(&to, packed).expect("OUT_DIR is writable");
    Some(to)
}
