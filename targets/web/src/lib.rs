//! The web launcher: a wasm-bindgen module that `web-shim/lam.js` drives from the page's event loop.
//!
//! ```text
//! page            boot(host, args, env)      run(budget_us) → [0] runnable · [1, until_ms] sleep · [2] idle · [3, code] exited
//! machine         host.write(fd, bytes)      host.read(length)         host.exit(code) throws
//! ```
//!
//! One module instance holds one machine; several machines on a page are several instances.

#![cfg(target_family = "wasm")]
#![feature(asm_experimental_arch)]

#[path = "../../wasm/src/archive.rs"]
mod archive;
mod page;

use std::cell::RefCell;

use lam_vm::machine::{Host, Machine, Outcome};
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static MACHINE: RefCell<Option<Machine>> = const { RefCell::new(None) };
}

/// Makes the machine; an error's text where that fails.
#[wasm_bindgen]
pub fn boot(host: page::Page, args: js_sys::Array, env: js_sys::Array) -> Option<String> {
    let image = archive::map();
    let args = page::bytes_of(&args);
    page::register(host, &args, page::bytes_of(&env));
    std::panic::set_hook(Box::new(|info| {
        let text = format!("error: LAM stopped: {info}\n\nhint: this is a fault in LAM; please report it\n");
        page::write(2, text.as_bytes());
        page::exit(101)
    }));
    let image = match image {
        Ok(image) => image,
        Err(why) => return Some(why.to_string()),
    };
    match Machine::boot(image, Host { args }) {
        Ok(machine) => {
            MACHINE.set(Some(machine));
            None
        }
        Err(error) => Some(error.to_string()),
    }
}

/// Runs for about `budget_us` microseconds; the answer is the file's picture.
#[wasm_bindgen]
pub fn run(budget_us: u32) -> Vec<f64> {
    let outcome = MACHINE.with_borrow_mut(|machine| machine.as_mut().map(|machine| machine.run_for(budget_us)));
    match outcome {
        Some(Outcome::Runnable) => vec![0.0],
        Some(Outcome::SleepUntil(moment_ms)) => vec![1.0, moment_ms],
        Some(Outcome::Idle) => vec![2.0],
        Some(Outcome::Exited(code)) => vec![3.0, f64::from(code)],
        None => vec![3.0, 101.0],
    }
}

/// Gives the program bytes of stdin.
#[wasm_bindgen]
pub fn push_stdin(bytes: &[u8]) {
    lam_vm::platform::web::push_stdin(bytes);
}

/// Ends the program's stdin.
#[wasm_bindgen]
pub fn close_stdin() {
    lam_vm::platform::web::close_stdin();
}
