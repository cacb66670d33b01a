//! The WASI launcher: a preview 1 command that runs the program `lam build` put into it.

#![cfg_attr(target_family = "wasm", feature(asm_experimental_arch))]

#[cfg(target_family = "wasm")]
mod archive;
#[cfg(target_family = "wasm")]
mod launch;

#[cfg(target_family = "wasm")]
fn main() {
    launch::launch()
}

#[cfg(not(target_family = "wasm"))]
fn main() {
    eprintln!("error: this launcher is for WASI hosts");
    std::process::exit(2);
}
