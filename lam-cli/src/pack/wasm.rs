//! Puts an image into a wasm stub.
//!
//! The stub carries one function `lam_archive(dst, off, len) -> i32` written in assembly, whose body answers a magic number. Here
//! the one body with exactly those bytes is replaced by `memory.init SEGMENT; LENGTH`, and the image is appended as a passive
//! segment. An active segment at a fixed address would collide with stack and heap, a custom section cannot be read by a WASI
//! program.

use lam_vm::image::packed;
use wasm_encoder::{CodeSection, DataCountSection, DataSection, DataSegment, DataSegmentMode, Function, Instruction, Module};
use wasmparser::{Parser, Payload};

use crate::error::{Error, Result};

/// What `targets/wasm/src/archive.rs` answers where there is no image.
const NO_ARCHIVE: i32 = 0x4c41_4d00;
const PAGE: u64 = 65536;

/// The stub with `image` in it.
pub fn pack(stub: &[u8], image: &[u8]) -> Result<Vec<u8>> {
    rewrite(stub, image).map_err(|why| Error::bug(format!("the wasm stub inside `lam` is not as expected: {why}")))
}

/// The stub with `image` in it, made small: for hosts that take files as they are.
pub fn pack_small(stub: &[u8], image: &[u8]) -> Result<Vec<u8>> {
    pack(stub, &packed::pack(image))
}

/// Where the image comes to lie: the stub grows its memory before anything else does.
pub fn base_address(stub: &[u8]) -> Result<u64> {
    let pages = Parser::new(0).parse_all(stub).find_map(|payload| match payload {
        Ok(Payload::MemorySection(reader)) => reader.into_iter().next()?.ok().map(|memory| memory.initial),
        _ => None,
    });
    let pages = pages.ok_or_else(|| Error::bug("the wasm stub inside `lam` has no memory"))?;
    Ok(pages * PAGE)
}

/// The image inside a packed module: its last segment, if that begins as one, packed or not.
pub fn unpack(file: &[u8]) -> Option<Vec<u8>> {
    if !file.starts_with(b"\0asm") {
        return None;
    }
    let mut found = None;
    for payload in Parser::new(0).parse_all(file) {
        if let Payload::DataSection(reader) = payload.ok()? {
            for segment in reader {
                let segment = segment.ok()?;
                if !matches!(segment.kind, wasmparser::DataKind::Passive) {
                    continue;
                }
                if segment.data.starts_with(&lam_vm::machine::IMAGE_MAGIC) {
                    found = Some(segment.data.to_vec());
                } else if segment.data.starts_with(&packed::MAGIC) {
                    found = packed::unpack(segment.data);
                }
            }
        }
    }
    found
}

/// Whether a module is a WASI program, and not one for the web.
pub fn imports_wasi(file: &[u8]) -> bool {
    Parser::new(0).parse_all(file).any(|payload| match payload {
        Ok(Payload::ImportSection(reader)) => {
            reader.into_imports().any(|import| import.is_ok_and(|import| import.module == "wasi_snapshot_preview1"))
        }
        _ => false,
    })
}

/// The bytes of the placeholder's body, locals included:
/// `local.get 0; local.get 1; local.get 2; memory.copy; i32.const NO_ARCHIVE`.
fn placeholder() -> Vec<u8> {
    let mut body = vec![0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 10, 0, 0, 0x41];
    let mut value = i64::from(NO_ARCHIVE);
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 && byte & 0x40 == 0 {
            body.push(byte);
            break;
        }
        body.push(byte | 0x80);
    }
    body.push(0x0b);
    body
}

struct Rewriter {
    placeholder: Vec<u8>,
    segment: u32,
    length: i32,
    matches: u32,
}

impl Rewriter {
    /// The real body in the placeholder's place; `None` for every other function.
    fn replacement(&mut self, body: &[u8]) -> Option<Function> {
        if body != self.placeholder {
            return None;
        }
        self.matches += 1;
        let mut function = Function::new([]);
        for index in 0..3 {
            function.instruction(&Instruction::LocalGet(index));
        }
        function.instruction(&Instruction::MemoryInit { mem: 0, data_index: self.segment });
        function.instruction(&Instruction::I32Const(self.length));
        function.instruction(&Instruction::End);
        Some(function)
    }
}

fn rewrite(stub: &[u8], image: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let say = |error: wasmparser::BinaryReaderError| error.to_string();
    let mut segments = 0;
    for payload in Parser::new(0).parse_all(stub) {
        if let Payload::DataSection(reader) = payload.map_err(say)? {
            segments = reader.count();
        }
    }
    let length = i32::try_from(image.len()).map_err(|_| "the image is bigger than 2 GB".to_string())?;
    let mut rewriter = Rewriter { placeholder: placeholder(), segment: segments, length, matches: 0 };
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut counted = false;
    for payload in Parser::new(0).parse_all(stub) {
        let payload = payload.map_err(say)?;
        match &payload {
            Payload::DataCountSection { .. } => {}
            Payload::CodeSectionStart { .. } => {
                module.section(&DataCountSection { count: segments + 1 });
                counted = true;
            }
            Payload::CodeSectionEntry(body) => {
                let bytes = slice(stub, body.range())?;
                match rewriter.replacement(bytes) {
                    Some(function) => code.function(&function),
                    None => code.raw(bytes),
                };
            }
            Payload::DataSection(reader) => {
                module.section(&code);
                let mut data = DataSection::new();
                for segment in reader.clone() {
                    data.raw(slice(stub, segment.map_err(say)?.range)?);
                }
                data.segment(DataSegment { mode: DataSegmentMode::Passive, data: image.iter().copied() });
                module.section(&data);
            }
            _ => {
                if let Some((id, range)) = payload.as_section() {
                    module.section(&wasm_encoder::RawSection { id, data: slice(stub, range)? });
                }
            }
        }
    }
    match (rewriter.matches, counted) {
        (1, true) if segments > 0 => Ok(module.finish()),
        (found, _) => Err(format!("{found} places for the image, {segments} segments")),
    }
}

fn slice(stub: &[u8], range: std::ops::Range<u64>) -> std::result::Result<&[u8], String> {
    stub.get(range.start as usize..range.end as usize).ok_or_else(|| "a section ends behind the file".to_string())
}
