//! From given modules and a library to an image: closed world, specialise, lay out.
//!
//! ```text
//! given, library ─► program (modules taken apart) ─► reach (what is kept) ─► specific code ─► image
//! ```

mod app_file;
mod apps;
mod boot;
mod config;
mod flags;
mod folder;
mod inspect;
mod literal;
mod natives;
mod program;
mod reach;
mod scan;
mod sites;
mod value;
mod why;

use std::collections::BTreeMap;

pub use config::read as read_config;

pub use inspect::{inspect_image, inspect_module};
use lam_vm::bif::machine_fingerprint;
pub use why::{why, why_boot};

use lam_vm::image::{LayoutInput, LayoutModule, View, embedded, layout_and_measure};
use lam_vm::isa::generic;
use lam_vm::loader::check::check;
use lam_vm::loader::specialise::transform_partly;

use crate::error::{Error, Result};
use crate::plan::{Boot, BuildInput, BuiltImage, Entry, Missing, ModuleReport};

/// Links the program and lays out its image.
pub fn build_image(input: &BuildInput<'_>) -> Result<BuiltImage> {
    let natives = natives::NativeTable::new(input.library.major());
    let mut program = program::Program::new(input);
    program.read_given()?;
    let entry = entry(input, &program)?;
    let mut reached = reach::reach(&mut program, &natives, &entry)?;
    let mut codes = Vec::new();
    for kept in &reached.kept {
        let module = &program.modules[kept.module];
        let cannot_load = |error| Error::new(format!("cannot load `{}`: {error}", module.name));
        let facts = check(&module.file, &natives).map_err(cannot_load)?;
        let code = transform_partly(&module.file, &natives, &facts, &|index| kept.functions[index], &|index| {
            kept.dormant.contains(&index)
        })
        .map_err(cannot_load)?;
        for op_index in &code.unsupported {
            let Some(function) = module.file.code.function_at(*op_index) else { continue };
            let place = (kept.module, function);
            let instruction = generic::name(module.file.code.ops[*op_index as usize].opcode);
            let what = format!("`{}` uses the instruction `{instruction}`, which LAM does not have yet", program.name(place));
            let path = reached.path(&program, reached.parents.get(&place).copied().flatten());
            if reached.missing.iter().all(|one| one.what != what) {
                reached.missing.push(Missing { what, path });
            }
        }
        codes.push(code);
    }
    let modules: Vec<LayoutModule<'_>> = reached
        .kept
        .iter()
        .zip(&codes)
        .map(|(kept, code)| LayoutModule { file: &program.modules[kept.module].file, code })
        .collect();
    let kind = if entry.0.starts_with("Elixir.") { "elixir" } else { "erlang" };
    let files: Vec<(String, Option<&[u8]>)> = input.files.iter().map(|file| (file.path.clone(), file.bytes.as_deref())).collect();
    let (bytes, literal_bytes) = layout_and_measure(&LayoutInput {
        modules: &modules,
        base: input.base_address,
        start: reached.start.function(),
        entry: (&entry.0, &entry.1, entry.2),
        kind,
        otp_release: input.library.major(),
        embedded: &embedded_facts(input, &program, &mut reached),
        files: &files,
        machine: machine_fingerprint(),
        natives: &natives,
    })
    .map_err(|error| Error::new(format!("cannot lay out the program: {error}")))?;
    let modules = reached
        .kept
        .iter()
        .zip(&codes)
        .zip(&literal_bytes)
        .map(|((kept, code), literal_bytes)| ModuleReport {
            name: program.modules[kept.module].name.clone(),
            app: app_of(input, &program.modules[kept.module]),
            code_bytes: 8 * code.words.len() as u64,
            literal_bytes: *literal_bytes,
            functions: (code.functions.len() as u32, kept.functions.len() as u32),
            given: program.modules[kept.module].is_given,
        })
        .collect::<Vec<_>>();
    let sections = View::open(&bytes).map_err(|why| Error::bug(format!("the image is broken: {why}")))?.section_sizes();
    Ok(BuiltImage {
        bytes,
        natives: natives.called(&reached.unseen_natives),
        sections,
        left_out: left_out(input, &modules),
        entry: match &input.options.entry {
            Entry::App(name) => format!("application {name}"),
            Entry::Shell => "the shell".into(),
            _ => format!("{}:{}/{}", entry.0, entry.1, entry.2),
        },
        boot: reached.start.text(),
        modules,
        missing: reached.missing,
        warnings: reached.warnings,
    })
}

/// The application of a module, by its place in the library, or by the `ebin` folder that it was given in.
fn app_of(input: &BuildInput<'_>, module: &program::Module) -> String {
    if !module.app.is_empty() {
        return module.app.clone();
    }
    let given = input.given.iter().find(|given| given.name == module.name);
    let app = given.and_then(|given| input.apps.iter().find(|app| app.path.parent() == given.path.parent()));
    app.map_or("given".into(), |app| app.name.clone())
}

/// The library's modules of which nothing is kept, by application.
fn left_out(input: &BuildInput<'_>, kept: &[ModuleReport]) -> BTreeMap<String, Vec<String>> {
    let mut left_out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in input.library.module_names() {
        if kept.binary_search_by(|module| module.name.cmp(&name)).is_err() {
            left_out.entry(input.library.app_of(&name).unwrap_or_default()).or_default().push(name);
        }
    }
    left_out
}

/// Module, function and arity where the program begins.
fn entry(input: &BuildInput<'_>, program: &program::Program<'_>) -> Result<(String, String, u8)> {
    let with = |function: &str, arity: u8| -> Vec<String> {
        input.given.iter().filter(|given| program.exports(&given.name, function, arity)).map(|given| given.name.clone()).collect()
    };
    match &input.options.entry {
        Entry::App(name) if input.options.boot.is_some_and(|boot| boot != Boot::App) => {
            Err(Error::usage(format!("application `{name}` starts at boot level `app` only")).hint("leave out --boot"))
        }
        Entry::App(_) => Ok(("lam_kernel".into(), "app".into(), 0)),
        Entry::Shell if input.options.boot == Some(Boot::None) => {
            Err(Error::usage("the shell runs at boot level `kernel` or `app`").hint("leave out --boot"))
        }
        Entry::Shell if input.library.major() > 25 => {
            Err(Error::new("the shell of OTP 26 and later asks for the natives of `prim_tty`, which LAM does not have yet")
                .hint("link with an OTP 25: --otp DIR"))
        }
        Entry::Shell => Ok(("lam_kernel".into(), "shell".into(), 0)),
        Entry::Function(module, function, arity) => {
            let given = [module.clone(), format!("Elixir.{module}")].into_iter().find(|name| program.find(name).is_some());
            let Some(module) = given else {
                return Err(Error::new(format!("the entry module `{module}` is not there")).hint("give its .beam file"));
            };
            let function = function.clone().unwrap_or_else(|| "main".into());
            let arities = arity.map_or(vec![1, 0], |arity| vec![arity]);
            match arities.into_iter().find(|arity| program.exports(&module, &function, *arity)) {
                Some(arity @ (0 | 1)) => Ok((module, function, arity)),
                Some(arity) => {
                    Err(Error::new(format!("`{module}:{function}/{arity}` cannot be an entry point: it takes {arity} arguments"))
                        .hint("an entry point takes none, or one: the list of the program's arguments"))
                }
                None => Err(Error::new(format!("`{module}` does not export `{function}/0` or `{function}/1`"))),
            }
        }
        Entry::Default => {
            for arity in [1, 0] {
                let names = with("main", arity);
                match &names[..] {
                    [] => {}
                    [name] => return Ok((name.clone(), "main".into(), arity)),
                    several => {
                        let list: Vec<String> = several.iter().map(|name| format!("`{name}:main/{arity}`")).collect();
                        return Err(Error::new(format!("several modules could be the entry point: {}", list.join(", ")))
                            .hint("choose one with --entrypoint MODULE"));
                    }
                }
            }
            Err(Error::new("no given module exports `main/1` or `main/0`")
                .hint("name the entry point with --entrypoint M[:F[/A]]"))
        }
    }
}

/// What the image says of the program: to tools, and to the program itself.
fn embedded_facts(input: &BuildInput<'_>, program: &program::Program<'_>, reached: &mut reach::Reached) -> Vec<u8> {
    let flags = flags::read(&input.options.vm_args);
    for value in flags::refused_process_counts(&input.options.vm_args) {
        let text = format!("`+P {value}` of --vm-args is not a number from 1024 to 134217727, so it does not count");
        reached.warnings.push(text);
    }
    let environments = environments(input, &flags, &mut reached.warnings);
    let missing = missing_text(&reached.missing);
    let modules = modules_text(program, reached);
    let mut facts = vec![
        (embedded::MISSING, missing.as_bytes()),
        (embedded::MODULES, modules.as_bytes()),
        (embedded::ENVIRONMENTS, &environments[..]),
    ];
    let encoded = flags::encode(&flags);
    let applications = reached.start.applications.encode();
    if reached.start.level != Boot::None {
        facts.push((embedded::APPLICATIONS, &applications));
    }
    if input.options.entry == Entry::Shell {
        facts.push((embedded::SHELL, &[]));
    }
    let config = config::encode(&input.options.config);
    if !input.options.config.named.is_empty() {
        facts.push((embedded::CONFIG, &config));
    }
    let texts: Vec<_> = reached.start.texts.iter().map(|(name, text)| (format!("{}{name}", embedded::APP_FILES), text)).collect();
    facts.extend(texts.iter().map(|(name, text)| (name.as_str(), &text[..])));
    let vm_args = input.options.vm_args.join("\n");
    if !vm_args.is_empty() {
        facts.push((embedded::VM_ARGS, vm_args.as_bytes()));
    }
    if !flags.is_empty() {
        facts.push((embedded::FLAGS, &encoded));
    }
    embedded::encode(&facts)
}

/// What `application:get_env` reads: the environments of kernel, stdlib and the given `.app` files, with `-App Key Value` of the
/// flags before them.
fn environments(input: &BuildInput<'_>, flags: &[flags::Flag], warnings: &mut Vec<String>) -> Vec<u8> {
    let mut apps = Vec::new();
    for name in ["kernel", "stdlib"] {
        let is_given = input.apps.iter().any(|app| app.name == name);
        let env = input.library.app_file(name).filter(|_| !is_given).and_then(|file| app_file::environment(&file.bytes));
        apps.extend(env.map(|env| (name.to_string(), env)));
    }
    for app in &input.apps {
        match app_file::environment(&app.bytes) {
            Some(env) => apps.push((app.name.clone(), env)),
            None => warnings.push(format!("`{}` is not an application file, so its environment is empty", app.path.display())),
        }
    }
    for (name, pairs) in config::settings(&input.options.config) {
        // What nothing loads is not seen by anybody.
        if let Some((_, env)) = apps.iter_mut().find(|(app, _)| *app == name) {
            pairs.into_iter().for_each(|pair| app_file::set(env, pair));
        }
    }
    for (name, env) in &mut apps {
        for flag in flags.iter().filter(|flag| flag.name == *name) {
            match flag.setting() {
                Some(setting) => app_file::set(env, setting),
                None => warnings.push(format!("`-{}` of --vm-args does not set a key to a term", flag.text())),
            }
        }
    }
    apps.retain(|(_, env)| !env.is_empty());
    app_file::encode_environments(&apps)
}

/// The calls that will fail, as `lam inspect --missing` prints them.
fn missing_text(missing: &[Missing]) -> String {
    let mut text = String::new();
    for one in missing {
        text += &format!("{}\n", one.what);
        for (depth, step) in one.path.iter().enumerate() {
            text += &format!("  {}{step}\n", if depth == 0 { "called by " } else { "     from " });
        }
    }
    text
}

/// Where each module comes from: its name, then what `lam inspect` says of it.
fn modules_text(program: &program::Program<'_>, reached: &reach::Reached) -> String {
    let mut text = String::new();
    for kept in &reached.kept {
        let module = &program.modules[kept.module];
        let app = match (module.is_given, &*module.app) {
            (true, _) => "given",
            (_, app) => app,
        };
        let version = module.file.compiler_version().unwrap_or("?");
        let release = module.file.otp_release().map_or(String::new(), |release| format!(" (OTP {release})"));
        text += &format!("{}\t, {app}, compiler {version}{release}\n", module.name);
    }
    text
}
