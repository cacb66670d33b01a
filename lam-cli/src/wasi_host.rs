//! The WASI host inside `lam`: wasmtime with preview 1, the current folder open to the program.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use wasmtime::{Config, Engine, Linker, Module, Store};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtxBuilder};

use crate::error::{Error, Result};

/// Runs a WASI command; the exit code is the program's.
pub fn run(bytes: &[u8], path: &Path, args: &[OsString], dirs: &[String]) -> Result<ExitCode> {
    let refused = |why: String| Error::new(format!("cannot run `{}`: {why}", path.display()));
    let mut config = Config::new();
    config.wasm_tail_call(true).max_wasm_stack(1 << 20);
    let engine = Engine::new(&config).map_err(|error| Error::bug(format!("wasmtime does not start: {error:#}")))?;
    let module = Module::new(&engine, bytes).map_err(|error| refused(format!("it is not a WebAssembly module ({error})")))?;
    let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |context| context).map_err(|error| Error::bug(format!("{error:#}")))?;

    let mut context = WasiCtxBuilder::new();
    context
        .inherit_stdio()
        .inherit_env()
        .allow_blocking_current_thread(true)
        .arg(path.file_name().unwrap_or_default().to_string_lossy());
    for arg in args {
        let text = arg.to_str().ok_or_else(|| Error::usage("wasmtime takes only arguments that are UTF-8"))?;
        context.arg(text);
    }
    let open = |context: &mut WasiCtxBuilder, host: &str, guest: &str| {
        let opened = context.preopened_dir(host, guest, FsPerms::ReadWrite);
        opened.map(|_| ()).map_err(|error| Error::new(format!("cannot open the folder `{host}` for the program: {error}")))
    };
    open(&mut context, ".", ".")?;
    for dir in dirs {
        let (host, guest) = dir.split_once("::").unwrap_or((dir, dir));
        open(&mut context, host, guest)?;
    }
    let mut store = Store::new(&engine, context.build_p1());
    let instance = linker.instantiate(&mut store, &module).map_err(|error| refused(format!("{error:#}")))?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start");
    let start = start.map_err(|_| refused("it is not a WASI command".into()).hint("a web build runs in a browser"))?;
    match start.call(&mut store, ()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(ExitCode::from(exit.0 as u8)),
            None => Err(Error::stopped(format!("`{}` was stopped: {error:?}", path.display()))),
        },
    }
}
