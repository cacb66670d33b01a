//! Puts an image into a stub, for each target.

pub mod elf;
mod shake;
pub mod wasm;
pub mod web;

use std::path::{Path, PathBuf};

use crate::args::Target;
use crate::error::{Error, Result};
use crate::plan::BuiltImage;
use crate::{output, parts};

/// A finished program: its main file's bytes and what lies beside it.
#[derive(Debug)]
pub struct Packed {
    main: Vec<u8>,
    executable: bool,
    /// Files beside the main one: extension or whole name, bytes, and whether an existing one is replaced.
    beside: Vec<Beside>,
}

#[derive(Debug)]
struct Beside {
    name: String,
    bytes: Vec<u8>,
    replace: bool,
}

impl Packed {
    /// The size of the main file.
    pub fn main_bytes(&self) -> usize {
        self.main.len()
    }

    /// Writes the main file at `path` and the others beside it.
    pub fn write(&self, path: &Path) -> Result<()> {
        for file in &self.beside {
            let to = output::folder_of(path).join(&file.name);
            if file.replace || !to.exists() {
                output::write(&to, &file.bytes, false)?;
            }
        }
        output::write(path, &self.main, self.executable)
    }
}

/// Puts the image into the stub of `target`; `stem` is the output's name without extension.
pub fn pack(target: Target, built: &BuiltImage, stem: &str) -> Result<Packed> {
    let image = &built.bytes;
    let mut stub = stub(target)?;
    if target != Target::Native {
        stub = shake::shake(&stub, &built.natives)?;
    }
    match target {
        Target::Native => Ok(Packed { main: elf::pack(&stub, image)?, executable: true, beside: Vec::new() }),
        Target::Wasm => Ok(Packed { main: wasm::pack_small(&stub, image)?, executable: false, beside: Vec::new() }),
        Target::Web => {
            let glue = parts::require("web.js", "the web stub")?;
            let glue = String::from_utf8(glue).map_err(|_| Error::bug("the web glue inside `lam` is not text"))?;
            let beside = web::files(&glue, stem)?;
            let beside =
                beside.into_iter().map(|(name, text, replace)| Beside { name, bytes: text.into_bytes(), replace }).collect();
            Ok(Packed { main: wasm::pack(&stub, image)?, executable: false, beside })
        }
    }
}

/// The address that the image gets when nothing is in the way.
pub fn base_address(target: Target) -> Result<u64> {
    match target {
        Target::Native => Ok(lam_vm::machine::NATIVE_BASE as u64),
        Target::Wasm | Target::Web => wasm::base_address(&stub(target)?),
    }
}

/// The image inside a packed file of any target, and its target.
pub fn unpack(file: &[u8]) -> Option<(Target, Vec<u8>)> {
    if let Some(image) = elf::unpack(file) {
        return Some((Target::Native, image.to_vec()));
    }
    let image = wasm::unpack(file)?;
    let target = if wasm::imports_wasi(file) { Target::Wasm } else { Target::Web };
    Some((target, image))
}

/// The file of the program that `path` names: a web build may be named by its folder.
pub fn main_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("js.wasm") } else { path.to_path_buf() }
}

fn stub(target: Target) -> Result<Vec<u8>> {
    match target {
        Target::Native => parts::require("native", "the native stub"),
        Target::Wasm => parts::require("wasm", "the WASI stub"),
        Target::Web => parts::require("web.wasm", "the web stub"),
    }
}
