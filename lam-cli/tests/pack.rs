//! The thin line without a linker: an image that prints a greeting, put into each stub and run.
//!
//! The stubs are those of `LAM_PARTS`, else of `target/dev-bin/parts`; a stub that was not built is skipped with a line.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use lam_cli::pack::{elf, wasm, web};
use lam_vm::machine::greeting_image;

fn stub(name: &str) -> Option<Vec<u8>> {
    let folder = env::var_os("LAM_PARTS").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dev-bin/parts"));
    let bytes = fs::read(folder.join(name)).ok();
    if bytes.is_none() {
        eprintln!("skipped: no stub `{}`", folder.join(name).display());
    }
    bytes
}

/// A folder of this test's own, removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = env::temp_dir().join(format!("lam-pack-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder is writable");
        Scratch(path)
    }

    fn executable(&self, name: &str, bytes: &[u8]) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn prints_greeting(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Hello, Joe!\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn native_runs_as_it_is_renamed_and_stripped() {
    let Some(stub) = stub("native") else { return };
    let image = greeting_image("Hello, Joe!\n");
    let packed = elf::pack(&stub, &image).expect("the stub has a slot");
    assert_eq!(elf::unpack(&packed), Some(image.as_slice()));
    assert_eq!(elf::unpack(&stub), None);
    let scratch = Scratch::new("native");
    let path = scratch.executable("hello", &packed);
    prints_greeting(&mut Command::new(&path));
    let renamed = scratch.0.join("other name");
    fs::rename(&path, &renamed).expect("same folder");
    prints_greeting(&mut Command::new(&renamed));
    if Command::new("strip").arg("--version").output().is_ok() {
        let stripped = Command::new("strip").arg(&renamed).output().expect("strip starts");
        assert_eq!(String::from_utf8_lossy(&stripped.stderr), "");
        prints_greeting(&mut Command::new(&renamed));
        let bytes = fs::read(&renamed).expect("it ran");
        assert_eq!(elf::unpack(&bytes), Some(image.as_slice()));
    }
}

/// Only a static stub runs where nothing else is; needs root for chroot.
#[test]
fn native_runs_in_an_empty_chroot() {
    let Some(stub) = stub("native").filter(|stub| elf::is_static_pie(stub)) else { return };
    let packed = elf::pack(&stub, &greeting_image("Hello, Joe!\n")).expect("the stub has a slot");
    let scratch = Scratch::new("chroot");
    scratch.executable("hello", &packed);
    let mut command = Command::new("chroot");
    command.arg(&scratch.0).arg("/hello");
    match command.output() {
        Ok(output) if output.status.code() == Some(125) => eprintln!("skipped: chroot needs root"),
        Ok(_) => prints_greeting(&mut command),
        Err(error) => eprintln!("skipped: chroot: {error}"),
    }
}

#[test]
fn a_stub_alone_says_so() {
    let Some(stub) = stub("native") else { return };
    let scratch = Scratch::new("alone");
    let output = Command::new(scratch.executable("stub", &stub)).output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn packing_is_deterministic() {
    let image = greeting_image("Hello, Joe!\n");
    for name in ["wasm", "web.wasm"] {
        let Some(stub) = stub(name) else { continue };
        let packed = wasm::pack(&stub, &image).expect("one place for the image");
        assert_eq!(wasm::unpack(&packed), Some(image.clone()));
        assert_eq!(wasm::pack(&stub, &image).expect("as before"), packed);
    }
}

#[test]
fn hostile_elf_files_are_refused() {
    let Some(stub) = stub("native") else { return };
    let packed = elf::pack(&stub, &greeting_image("x")).expect("the stub has a slot");
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

#[test]
fn wasi_runs_under_wasmtime() {
    let Some(stub) = stub("wasm") else { return };
    let packed = wasm::pack(&stub, &greeting_image("Hello, Joe!\n")).expect("one place for the image");
    assert!(wasm::imports_wasi(&packed));
    let scratch = Scratch::new("wasi");
    let path = scratch.0.join("hello.wasm");
    fs::write(&path, &packed).expect("writable");
    if let Some(lam) = env::var_os("LAM_BIN") {
        prints_greeting(Command::new(lam).arg("run").arg(&path));
    }
    match Command::new("wasmtime").arg("--version").output() {
        Ok(_) => prints_greeting(Command::new("wasmtime").arg(&path)),
        Err(error) => eprintln!("skipped: wasmtime: {error}"),
    }
}

/// With `LAM_WEB_OUT` the page stays there, to be opened in a browser.
#[test]
fn web_files_name_each_other() {
    let (Some(stub), Some(glue)) = (stub("web.wasm"), stub("web.js")) else { return };
    let packed = wasm::pack(&stub, &greeting_image("Hello, Joe!\n")).expect("one place for the image");
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
