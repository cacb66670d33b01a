//! The glue of the web stub: wasm-bindgen's work, done once when LAM is built.

use std::fs;
use std::path::Path;

/// Writes `web.wasm` and `web.js` for the stub that rustc made.
pub fn bind(stub: &Path, folder: &Path) -> Result<(), String> {
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen
        .input_path(stub)
        .typescript(false)
        .omit_default_module_path(true)
        .remove_producers_section(true)
        .remove_name_section(true);
    bindgen.no_modules(true).map_err(|error| format!("{error:#}"))?;
    let mut output = bindgen.generate_output().map_err(|error| format!("{error:#}"))?;
    let script = output.js().to_string();
    let wasm = output.wasm_mut().emit_wasm();
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (name, bytes) in [("web.wasm", wasm.as_slice()), ("web.js", script.as_bytes())] {
        fs::write(folder.join(name), bytes).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}
