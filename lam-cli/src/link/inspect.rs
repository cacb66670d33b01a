//! What `lam inspect` shows: modules of an image, code of functions, calls that will fail, and what is broken.

use std::collections::BTreeMap;

use lam_vm::image::{Section, View, embedded};
use lam_vm::isa::dis as specific;
use lam_vm::isa::emit::{Fix, ModuleCode};
use lam_vm::loader::check::check;
use lam_vm::loader::specialise::transform;
use lam_vm::loader::{BeamFile, dis};

use super::natives::NativeTable;
use crate::args::InspectArgs;
use crate::build::size;
use crate::error::{Error, Result};

/// What `lam inspect` shows of an image, after its target and sizes.
pub fn inspect_image(args: &InspectArgs, image: &[u8]) -> Result<String> {
    let view = View::open(image).map_err(|why| Error::new(format!("the program is damaged: {why}")))?;
    let mut text = String::new();
    let entries = embedded::decode(view.section(Section::Embedded));
    if args.missing {
        let missing = entries.iter().find(|(name, _)| *name == embedded::MISSING).map_or(&[][..], |(_, content)| content);
        let missing = String::from_utf8_lossy(missing);
        return Ok(if missing.is_empty() { "nothing is missing\n".into() } else { missing.into_owned() });
    }
    if let Some(wanted) = &args.function {
        let (module_name, function_name, arity) = parse_function(wanted)?;
        let module = view.modules().into_iter().find(|module| module.name == module_name);
        let functions = module.map(|module| view.functions(&module)).unwrap_or_default();
        let function = functions.iter().find(|function| function.name == function_name && function.arity == u64::from(arity));
        let function = function.ok_or_else(|| Error::new(format!("`{wanted}` is not in the program")))?;
        return Ok(format!("{wanted}\n{}", view.disassemble(function)));
    }
    let [high, low] = view.build_id();
    text +=
        &format!("entry {}\notp {}\nbuild id {high:016x}{low:016x}\nbase {:#x}\n", view.entry(), view.otp_release(), view.base());
    for (name, bytes) in view.section_sizes() {
        text += &format!("section {name} {bytes} bytes\n");
    }
    let origins = entries.iter().find(|(name, _)| *name == embedded::MODULES).map_or(&[][..], |(_, content)| content);
    let origins = String::from_utf8_lossy(origins);
    let origins: BTreeMap<&str, &str> = origins.lines().filter_map(|line| line.split_once('\t')).collect();
    let mut modules = view.modules();
    modules.sort_by_key(|module| std::cmp::Reverse(module.code_bytes));
    for module in &modules {
        let origin = origins.get(&*module.name).copied().unwrap_or_default();
        text += &format!(
            "module {} {}, {} functions, {} exported{origin}\n",
            module.name,
            size(module.code_bytes),
            module.functions,
            module.exports
        );
    }
    for (path, bytes) in view.files() {
        text += &format!("embedded {path} {bytes} bytes\n");
    }
    if args.verify {
        let wrong = view.verify();
        if !wrong.is_empty() {
            return Err(Error::new(format!("the program is damaged: {}", wrong.join("; "))));
        }
        text += "verified: tables, code, literals and files are sound\n";
    }
    Ok(text)
}

/// What `lam inspect` shows of a module (not gzip-wrapped), after its chunks.
pub fn inspect_module(args: &InspectArgs, bytes: &[u8]) -> Result<String> {
    let file = BeamFile::parse(bytes).map_err(|error| Error::new(format!("cannot read the module: {error}")))?;
    let natives = NativeTable::new(u32::MAX);
    let facts = check(&file, &natives).map_err(|error| Error::new(format!("cannot load the module: {error}")))?;
    let code =
        transform(&file, &natives, &facts, &|_| true).map_err(|error| Error::new(format!("cannot load the module: {error}")))?;
    if let Some(wanted) = &args.function {
        let (_, name, arity) = parse_function(wanted)?;
        let index = file.function_named(&name, arity).ok_or_else(|| Error::new(format!("`{wanted}` is not in the module")))?;
        return Ok(side_by_side(&file, &code, index));
    }
    let mut text = String::new();
    if let (Some(version), Some(release)) = (file.compiler_version(), file.otp_release()) {
        text += &format!("compiler {version} (OTP {release})\n");
    }
    let names = |atom: u32, arity: u8| format!("{}/{arity}", file.atom(atom));
    text += &format!(
        "{} functions, {} exported, {} instructions, {} of them checked twins\n",
        file.code.functions.len(),
        file.exports.len(),
        code.instruction_count,
        code.checked_count
    );
    for function in &file.code.functions {
        text += &format!("function {}\n", names(function.name, function.arity));
    }
    if args.missing {
        for op_index in &code.unsupported {
            text += &format!("lacks the instruction `{}`\n", file.code.name(*op_index as usize));
        }
        for label in &code.lacking {
            if let Some(function) = file.function_of_label(*label).map(|index| &file.code.functions[index]) {
                text += &format!("lacks the native `{}`\n", names(function.name, function.arity));
            }
        }
    }
    if args.verify {
        text += "verified: the module loads\n";
    }
    Ok(text)
}

/// Generic instructions on the left, what each became on the right.
fn side_by_side(file: &BeamFile, code: &ModuleCode, index: usize) -> String {
    let function = &file.code.functions[index];
    let mut text = format!("{}:{}/{}\n", file.module(), file.atom(function.name), function.arity);
    let place = code.functions.iter().find(|place| place.name == function.name && place.arity == function.arity);
    let Some(place) = place else { return text };
    let origins: Vec<(u32, u32)> =
        code.origins.iter().copied().filter(|(op, _)| function.ops().contains(&(*op as usize))).collect();
    if origins.is_empty() {
        // A BIF or a native that is lacking: its own instructions count for nothing.
        for line in specifics(file, code, place.info as usize, place.end as usize) {
            text += &format!("{:<48} {line}\n", "");
        }
        return text;
    }
    let ends = origins.iter().skip(1).map(|(_, offset)| *offset).chain([place.end]);
    for ((op, start), end) in origins.iter().zip(ends) {
        // An instruction that took its neighbour's work too leaves nothing for it.
        let right = specifics(file, code, *start as usize, end as usize);
        let left = dis::instruction(file, *op as usize);
        for row in 0..right.len().max(1) {
            let left = if row == 0 { left.as_str() } else { "" };
            text += format!("{left:<48} {}", right.get(row).map_or("", String::as_str)).trim_end();
            text.push('\n');
        }
    }
    text
}

fn specifics(file: &BeamFile, code: &ModuleCode, start: usize, end: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut at = start;
    while at < end {
        let Some(length) = specific::length(&code.words[at..end]) else { break };
        let name = |index: usize, word: u64| {
            let fix = code.fixups.binary_search_by_key(&((at + index) as u32), |(offset, _)| *offset);
            fix.map_or_else(|_| plain(word), |fix| fix_name(file, code.fixups[fix].1))
        };
        lines.push(format!("{at:5} {}", specific::instruction(&code.words[at..at + length], &name)));
        at += length;
    }
    lines
}

fn fix_name(file: &BeamFile, fix: Fix) -> String {
    match fix {
        Fix::Atom(atom) => file.atom(atom).to_string(),
        Fix::Literal(index) => format!("literal({index})"),
        Fix::Big(index) => format!("integer({index})"),
        Fix::Integer(value) => value.to_string(),
        Fix::Import(index) => {
            let import = file.import(index);
            format!("{}:{}/{}", file.atom(import.module), file.atom(import.function), import.arity)
        }
        Fix::Lambda(index) => format!("fun {index}"),
    }
}

fn plain(word: u64) -> String {
    use lam_vm::term::word;
    match word {
        word::NIL => "[]".into(),
        _ if word::is_small(word) => word::small_value(word).to_string(),
        _ => format!("#{word}"),
    }
}

/// Reads `M:F/A`.
fn parse_function(text: &str) -> Result<(String, String, u8)> {
    let wrong = || Error::usage(format!("`{text}` is not a function")).hint("write M:F/A, as in --function lists:reverse/2");
    let (module, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (function, arity) = rest.rsplit_once('/').ok_or_else(wrong)?;
    Ok((module.into(), function.into(), arity.parse().map_err(|_| wrong())?))
}
