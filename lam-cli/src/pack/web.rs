//! The files beside a web build: the ES module, its types, and a page.
//!
//! The glue is wasm-bindgen's output for plain scripts, an expression that makes one instance; wrapped in a function it makes as
//! many as there are machines on a page, and they share nothing.

use crate::error::{Error, Result};

const MODULE: &str = include_str!("../../../web-shim/lam.js");
const TYPES: &str = include_str!("../../../web-shim/lam.d.ts");
const PAGE: &str = include_str!("../../../web-shim/index.html");

/// Name, text, and whether an existing file is replaced.
pub fn files(glue: &str, stem: &str) -> Result<Vec<(String, String, bool)>> {
    if !stem.chars().all(|c| c.is_alphanumeric() || "._-+@".contains(c)) {
        return Err(Error::usage(format!("`{stem}` cannot be part of a URL")).hint("use letters, digits, `.`, `_` and `-` in -o"));
    }
    let glue = glue
        .trim()
        .strip_prefix("let wasm_bindgen =")
        .ok_or_else(|| Error::bug("the web glue inside `lam` is not as expected"))?;
    let module = MODULE
        .replace("\"js.wasm\"", &format!("\"{stem}.wasm\""))
        .replace("content=\"js\"", &format!("content=\"{stem}\""))
        .replace("__GLUE__", glue.trim().trim_end_matches(';'));
    let page = PAGE.replace("js.js", &format!("{stem}.js")).replace("content=\"js\"", &format!("content=\"{stem}\""));
    Ok(vec![
        (format!("{stem}.js"), module, true),
        (format!("{stem}.d.ts"), TYPES.to_string(), true),
        ("index.html".to_string(), page, false),
    ])
}
