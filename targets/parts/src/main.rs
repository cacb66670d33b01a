//! Makes the parts that lie inside `lam`; runs only when LAM itself is built.
//!
//! ```text
//! lam-parts stdlib EBIN OUT         our own modules → archive
//! lam-parts otp ROOT OUT            the OTP at ROOT → archive of what `lam` embeds; prints its version
//! lam-parts web STUB.wasm DIR       wasm-bindgen's work → DIR/web.wasm, DIR/web.js
//! lam-parts serve DIR COMMAND…    serves DIR on a free port; runs COMMAND with {} replaced by its URL
//! lam-parts licenses OUT LIBC OTP   licences of everything inside an output
//! ```

#![forbid(unsafe_code)]

mod licenses;
mod otp;
mod serve;
mod server;
#[cfg(feature = "web")]
mod web;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["stdlib", ebin, out] => otp::pack_folder(Path::new(ebin), Path::new(out)),
        ["otp", root, out] => otp::pack_root(Path::new(root), Path::new(out)),
        #[cfg(feature = "web")]
        ["web", stub, folder] => web::bind(Path::new(stub), Path::new(folder)),
        ["licenses", out, libc, otp] => licenses::collect(Path::new(out), libc, otp),
        ["serve", folder, command @ ..] if !command.is_empty() => return serve::run(Path::new(folder), command),
        _ => Err("usage: lam-parts stdlib|otp|web|serve|licenses …".to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
