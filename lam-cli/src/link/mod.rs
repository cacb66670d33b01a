//! From given modules and a library to an image: closed world, specialise, lay out.

use crate::args::InspectArgs;
use crate::error::{Error, Result};
use crate::plan::{BuildInput, BuiltImage};

/// Links the program and lays out its image.
pub fn build_image(_input: &BuildInput<'_>) -> Result<BuiltImage> {
    Err(Error::new("cannot build: this `lam` has no linker yet"))
}

/// What `lam inspect` shows of an image, after its target and sizes.
pub fn inspect_image(_args: &InspectArgs, _image: &[u8]) -> Result<String> {
    Ok(String::new())
}

/// What `lam inspect` shows of a module (not gzip-wrapped), after its chunks.
pub fn inspect_module(_args: &InspectArgs, _bytes: &[u8]) -> Result<String> {
    Ok(String::new())
}
