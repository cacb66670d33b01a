//! `lam build --report`: what went in, in bytes by application and module, and what was left out.
//!
//! ```text
//! application or module     modules      functions        code    literals
//! stdlib                   12 of 98    410 of 5010       81232       10936
//!   io_lib                               40 of 121        9120         880
//! ```
//! Literals that several modules share count for the first of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::plan::{BuiltImage, ModuleReport};

/// Sums over the modules of an application.
#[derive(Default)]
struct App<'a> {
    modules: Vec<&'a ModuleReport>,
    functions: (u64, u64),
    code: u64,
    literals: u64,
}

/// The whole report.
pub fn text(built: &BuiltImage) -> String {
    let mut apps: BTreeMap<&str, App<'_>> = BTreeMap::new();
    for module in &built.modules {
        let app = apps.entry(&module.app).or_default();
        app.modules.push(module);
        app.functions.0 += u64::from(module.functions.0);
        app.functions.1 += u64::from(module.functions.1);
        app.code += module.code_bytes;
        app.literals += module.literal_bytes;
    }
    let mut apps: Vec<(&str, App<'_>)> = apps.into_iter().collect();
    apps.sort_by_key(|(_, app)| std::cmp::Reverse(app.code + app.literals));
    let mut text = row("application or module", "modules", "functions", "code", "literals");
    for (name, app) in &mut apps {
        let left_out = built.left_out.get(*name).map_or(0, Vec::len);
        let modules = of(app.modules.len() as u64, (app.modules.len() + left_out) as u64);
        text += &row(name, &modules, &of(app.functions.0, app.functions.1), &app.code.to_string(), &app.literals.to_string());
        app.modules.sort_by_key(|module| (std::cmp::Reverse(module.code_bytes + module.literal_bytes), &module.name));
        for module in &app.modules {
            let functions = of(module.functions.0.into(), module.functions.1.into());
            let (code, literals) = (module.code_bytes.to_string(), module.literal_bytes.to_string());
            text += &row(&format!("  {}", module.name), "", &functions, &code, &literals);
        }
    }
    text += "\nsection          bytes\n";
    for (name, bytes) in built.sections.iter().filter(|(_, bytes)| *bytes > 0) {
        let _ = writeln!(text, "{name:<12} {bytes:>9}");
    }
    let _ = writeln!(text, "{:<12} {:>9}", "image", built.bytes.len());
    text += "\nleft out\n";
    let is_touched = |app: &str| apps.iter().any(|(name, _)| *name == app);
    for (app, modules) in built.left_out.iter().filter(|(app, _)| is_touched(app)) {
        let _ = writeln!(text, "  {} of {app}: {}", count(modules.len(), "module"), modules.join(", "));
    }
    let whole: Vec<&str> = built.left_out.keys().map(String::as_str).filter(|app| !is_touched(app)).collect();
    if !whole.is_empty() {
        let _ = writeln!(text, "  {} with all modules: {}", count(whole.len(), "application"), whole.join(", "));
    }
    let functions =
        built.modules.iter().map(|module| u64::from(module.functions.1.saturating_sub(module.functions.0))).sum::<u64>();
    let _ = writeln!(
        text,
        "  {} of the modules that went in (lam why M:F/A FILES… says why one is there)",
        count(functions as usize, "function")
    );
    text
}

fn row(name: &str, modules: &str, functions: &str, code: &str, literals: &str) -> String {
    format!("{name:<32} {modules:>12} {functions:>14} {code:>10} {literals:>10}\n")
}

fn of(some: u64, all: u64) -> String {
    format!("{some} of {all}")
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_what_is_left_out_are_told() {
        let module = |name: &str, app: &str, code_bytes| ModuleReport {
            name: name.into(),
            app: app.into(),
            code_bytes,
            literal_bytes: 8,
            functions: (2, 5),
            given: app == "given",
        };
        let built = BuiltImage {
            modules: vec![module("io", "stdlib", 80), module("lists", "stdlib", 800), module("shop", "given", 40)],
            left_out: BTreeMap::from([("stdlib".into(), vec!["dets".into()]), ("ssh".into(), vec!["ssh".into()])]),
            sections: vec![("code", 920), ("file_index", 0)],
            ..BuiltImage::default()
        };
        let text = text(&built);
        let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[1], ["stdlib", "2", "of", "3", "4", "of", "10", "880", "16"]);
        assert_eq!(words[2], ["lists", "2", "of", "5", "800", "8"]);
        assert_eq!(words[4], ["given", "1", "of", "1", "2", "of", "5", "40", "8"]);
        assert!(text.contains("\n  1 module of stdlib: dets\n  1 application with all modules: ssh\n  9 functions of"), "{text}");
        assert!(!text.contains("file_index"), "{text}");
    }
}
