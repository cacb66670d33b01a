//! Images in stubs: they go in, come out again, and a stub alone says that it is one. `program.rs` runs whole programs.
//!
//! The stubs are those of `LAM_PARTS`, else of `target/dev-bin/parts`; a stub that was not built is skipped with a line.

mod common;

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use common::Scratch;
use lam_cli::pack::{elf, wasm, web};
use lam_vm::machine::IMAGE_MAGIC;

fn stub(name: &str) -> Option<Vec<u8>> {
    let folder = env::var_os("LAM_PARTS").map_or_else(|| common::repository("target/dev-bin/parts"), PathBuf::from);
    let bytes = fs::read(folder.join(name)).ok();
    if bytes.is_none() {
        eprintln!("skipped: no stub `{}`", folder.join(name).display());
    }
    bytes
}

fn executable(scratch: &Scratch, name: &str, bytes: &[u8]) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = scratch.file(name, bytes);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
    path
}

/// Bytes that look like an image from outside; no stub would run them.
fn image() -> Vec<u8> {
    let mut bytes = vec![7; 8192];
    bytes[..8].copy_from_slice(&IMAGE_MAGIC);
    bytes[8..16].copy_from_slice(&8192u64.to_le_bytes());
    bytes
}

#[test]
fn native_goes_in_and_comes_out() {
    let Some(stub) = stub("native") else { return };
    let packed = elf::pack(&stub, &image()).expect("the stub has a slot");
    assert_eq!(elf::unpack(&packed), Some(image().as_slice()));
    assert_eq!(elf::unpack(&stub), None);
}

#[test]
fn a_stub_alone_says_so() {
    let Some(stub) = stub("native") else { return };
    let scratch = Scratch::new("pack-alone");
    let output = Command::new(executable(&scratch, "stub", &stub)).output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn packing_is_deterministic() {
    let image = image();
    for name in ["wasm", "web.wasm"] {
        let Some(stub) = stub(name) else { continue };
        let packed = wasm::pack(&stub, &image).expect("one place for the image");
        assert_eq!(wasm::unpack(&packed), Some(image.clone()));
        assert_eq!(wasm::pack(&stub, &image).expect("as before"), packed);
        let small = wasm::pack_small(&stub, &image).expect("as before");
        assert_eq!(wasm::unpack(&small), Some(image.clone()));
        assert!(small.len() < packed.len());
    }
}

#[test]
fn hostile_elf_files_are_refused() {
    let Some(stub) = stub("native") else { return };
    let packed = elf::pack(&stub, &image()).expect("the stub has a slot");
    for cut in (0..packed.len()).step_by(997) {
        let _ = elf::unpack(&packed[..cut]);
    }
    let mut broken = stub.clone();
    for at in 0..64 {
        let old = std::mem::replace(&mut broken[at], 0xff);
        let _ = elf::unpack(&broken);
        broken[at] = old;
    }
}

/// With `LAM_WEB_OUT` the page stays there, to be opened in a browser.
#[test]
fn web_files_name_each_other() {
    let (Some(stub), Some(glue)) = (stub("web.wasm"), stub("web.js")) else { return };
    let packed = wasm::pack(&stub, &image()).expect("one place for the image");
    assert!(!wasm::imports_wasi(&packed));
    let glue = String::from_utf8(glue).expect("text");
    let files = web::files(&glue, "js").expect("the glue is as expected");
    let names: Vec<&str> = files.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["js.js", "js.d.ts", "index.html"]);
    assert!(files[0].1.contains("new URL(\"js.wasm\", import.meta.url)"));
    assert!(!files[0].1.contains("eval(") && !files[0].1.contains("new Function"));
    let renamed = web::files(&glue, "shop").expect("as before");
    assert!(renamed[0].1.contains("new URL(\"shop.wasm\", import.meta.url)") && renamed[2].1.contains("src=\"shop.js\""));
    assert!(web::files(&glue, "a b\"").is_err());
    if let Some(folder) = env::var_os("LAM_WEB_OUT").map(PathBuf::from) {
        fs::create_dir_all(&folder).expect("writable");
        fs::write(folder.join("js.wasm"), &packed).expect("writable");
        for (name, text, _) in &files {
            fs::write(folder.join(name), text).expect("writable");
        }
    }
}
