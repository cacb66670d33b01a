//! `lam build`: reads, links, packs, writes, and says what it made.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::{BuildArgs, ProgramArgs, Target};
use crate::error::{Error, Result, warn};
use crate::input::{self, Inputs};
use crate::otp::Otp;
use crate::plan::{BuildInput, BuiltImage, Entry, Library, Options};
use crate::{elixir, embed, link, output, pack};

/// Runs the command.
pub fn command(args: &BuildArgs) -> Result<ExitCode> {
    let inputs = input::read(&args.program.inputs)?;
    let target_path = output_path(args, &inputs)?;
    refuse_overwriting(&target_path, &inputs)?;
    output::check(&target_path)?;
    let built = image(&args.program, &inputs, args.target, args.quiet)?;
    let packed = pack::pack(args.target, &built, &stem(&target_path))?;
    packed.write(&target_path)?;
    if !args.quiet {
        report(&target_path, packed.main_bytes(), &built);
    }
    if args.report {
        let text = crate::report::text(&built);
        std::io::stdout().lock().write_all(text.as_bytes()).map_err(|error| Error::stdout(&error))?;
    }
    print_missing(&built);
    if !built.missing.is_empty() {
        eprintln!("{} will fail at run time (lam inspect {} --missing)", calls(built.missing.len()), target_path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Links the program of these arguments; prints warnings and, unless `quiet`, which OTP it uses.
pub fn image(args: &ProgramArgs, inputs: &Inputs, target: Target, quiet: bool) -> Result<BuiltImage> {
    let built = with_input(args, inputs, target, quiet, &link::build_image)?;
    if built.bytes.len() % 4096 != 0 {
        return Err(Error::bug("the image's length is not a multiple of 4096"));
    }
    for warning in &built.warnings {
        warn(warning);
    }
    if args.strict && !built.missing.is_empty() {
        print_missing(&built);
        let error = Error::new(format!("{} would fail at run time", calls(built.missing.len())));
        return Err(error.hint("without --strict these are warnings"));
    }
    Ok(built)
}

/// Hands what the linker needs to `act`; prints warnings and, unless `quiet`, which OTP it is.
pub fn with_input<R>(
    args: &ProgramArgs,
    inputs: &Inputs,
    target: Target,
    quiet: bool,
    act: &dyn Fn(&BuildInput<'_>) -> Result<R>,
) -> Result<R> {
    if args.shell && target != Target::Native {
        return Err(Error::usage(format!("the shell runs natively only, not with -t {}", target.name())));
    }
    if inputs.modules.is_empty() && !args.shell {
        return Err(Error::new("no module was given").hint("name at least one .beam file"));
    }
    let mut otp = Otp::discover(args.otp.as_deref())?;
    if !quiet {
        eprintln!("using OTP {}", otp.origin());
    }
    let options = options(args, inputs)?;
    let mut inputs = inputs.clone();
    let entry = match &options.entry {
        Entry::Function(module, ..) => Some(module.as_str()),
        _ => None,
    };
    if let Some(origin) = elixir::add_to(&mut otp, &mut inputs, &args.lib, entry)?.filter(|_| !quiet) {
        eprintln!("using Elixir {origin}");
    }
    let inputs = &inputs;
    inputs.warnings.iter().for_each(|warning| warn(warning));
    let mut given_modules = Vec::with_capacity(inputs.modules.len());
    for given in &inputs.modules {
        let library = otp.module(&given.name);
        // OTP's own copy of such a module needs an emulator's servers, which an image has not.
        if library.as_ref().is_some_and(|file| file.app == "lam") {
            warn(&format!("`{}` is left out: LAM has its own module `{}`", given.path.display(), given.name));
            continue;
        }
        given_modules.push(given.clone());
        if otp.has_otp_module(&given.name) && library.is_none_or(|file| file.bytes != given.bytes) {
            warn(&format!("`{}` replaces OTP's module `{}`", given.path.display(), given.name));
        }
    }
    act(&BuildInput {
        given: given_modules,
        apps: inputs.apps.clone(),
        files: embed::collect(inputs, &args.include)?,
        library: &otp,
        options,
        target,
        base_address: pack::base_address(target)?,
    })
}

fn options(args: &ProgramArgs, inputs: &Inputs) -> Result<Options> {
    let entry = match (&args.entrypoint, &args.app) {
        (Some(entry), _) => parse_entry(entry)?,
        (None, Some(app)) => Entry::App(app.clone()),
        (None, None) if args.shell => Entry::Shell,
        (None, None) => match &inputs.entry {
            Some((module, arity)) => Entry::Function(module.clone(), Some("main".into()), Some(*arity)),
            None => Entry::Default,
        },
    };
    let mut vm_args = match &args.vm_args {
        None => Vec::new(),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))?;
            let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
            lines.filter(|line| !line.is_empty()).map(str::to_string).collect()
        }
    };
    vm_args.extend(inputs.flags.iter().cloned());
    let config = link::read_config(&args.config)?;
    Ok(Options { entry, keep: args.keep.clone(), shake: args.shake, boot: args.boot, config, vm_args, strict: args.strict })
}

/// Reads `M`, `M:F`, `M:F/A`.
fn parse_entry(text: &str) -> Result<Entry> {
    let wrong =
        || Error::usage(format!("`{text}` is not an entry point")).hint("write M, M:F or M:F/A, as in --entrypoint shop:main/1");
    let (module, rest) = match text.split_once(':') {
        None => (text, None),
        Some((module, rest)) => (module, Some(rest)),
    };
    let (function, arity) = match rest.map(|rest| rest.split_once('/').ok_or(rest)) {
        None => (None, None),
        Some(Err(function)) => (Some(function), None),
        Some(Ok((function, arity))) => (Some(function), Some(arity.parse::<u8>().map_err(|_| wrong())?)),
    };
    if module.is_empty() || function.is_some_and(str::is_empty) {
        return Err(wrong());
    }
    Ok(Entry::Function(module.to_string(), function.map(str::to_string), arity))
}

/// `-o`, else a name after the entry's module, else after the only given module, else after the folder.
fn output_path(args: &BuildArgs, inputs: &Inputs) -> Result<PathBuf> {
    if let Some(path) = &args.output {
        return Ok(path.clone());
    }
    let named = args.program.app.clone().or_else(|| Some(args.program.entrypoint.as_ref()?.split(':').next()?.to_string()));
    let named = named.or_else(|| args.program.shell.then(|| "shell".to_string()));
    let named = named.or_else(|| inputs.entry.as_ref().map(|(module, _)| module.clone()));
    let only = || match inputs.modules.as_slice() {
        [module] => Some(module.name.clone()),
        _ => inputs.modules.iter().find(|module| module.name == "main").map(|module| module.name.clone()),
    };
    let app = || match inputs.apps.as_slice() {
        [app] => Some(app.name.clone()),
        _ => None,
    };
    let name = named.or_else(only).or_else(app).ok_or_else(|| {
        Error::usage("several modules were given and none names the output").hint("name the file to write with -o OUT")
    })?;
    let name = name.strip_prefix("Elixir.").unwrap_or(&name).replace(['/', '\0'], "_");
    Ok(match args.target {
        Target::Native => PathBuf::from(name),
        Target::Wasm => PathBuf::from(format!("{name}.wasm")),
        Target::Web => {
            fs::create_dir_all(&name).map_err(|error| Error::io("make", Path::new(&name), &error))?;
            Path::new(&name).join("js.wasm")
        }
    })
}

/// An output never replaces one of its inputs.
fn refuse_overwriting(target: &Path, inputs: &Inputs) -> Result<()> {
    let Ok(target_real) = fs::canonicalize(target) else { return Ok(()) };
    for input in &inputs.files {
        if fs::canonicalize(input).is_ok_and(|input| input == target_real) {
            return Err(
                Error::usage(format!("the output `{}` is also an input", target.display())).hint("name another file with -o OUT")
            );
        }
    }
    Ok(())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn report(path: &Path, total_bytes: usize, built: &BuiltImage) {
    let given = built.modules.iter().filter(|module| module.given).count();
    eprintln!("boot level {}", built.boot);
    eprintln!(
        "{}: {}, entry {}, {} given and {} library modules, image {}",
        path.display(),
        size(total_bytes as u64),
        built.entry,
        given,
        built.modules.len() - given,
        size(built.bytes.len() as u64)
    );
    if !built.sections.is_empty() {
        let sections = built.sections.iter().filter(|(_, bytes)| *bytes > 0);
        let parts: Vec<String> = sections.map(|(name, bytes)| format!("{name} {}", size(*bytes))).collect();
        eprintln!("  {}", parts.join(", "));
    }
}

/// How many calls that only the library leads to are told.
const FAR_CALLS_TOLD: usize = 3;
/// A call path of at most so many steps is near to given code, and told whole.
const NEAR: usize = 4;

/// Tells what is missing: all that is near to given code, a few of the others with the ends of their paths.
fn print_missing(built: &BuiltImage) {
    let (near, far): (Vec<_>, Vec<_>) = built.missing.iter().partition(|missing| missing.path.len() <= NEAR);
    for missing in near.iter().chain(far.iter().take(FAR_CALLS_TOLD)) {
        warn(&missing.what);
        let steps = &missing.path;
        let hidden = if steps.len() <= NEAR { 0..0 } else { 2..steps.len() - 2 };
        for (depth, step) in steps.iter().enumerate() {
            if depth == hidden.start && !hidden.is_empty() {
                eprintln!("     from {} others", hidden.len());
            }
            if !hidden.contains(&depth) {
                eprintln!("  {}{step}", if depth == 0 { "called by " } else { "     from " });
            }
        }
    }
    if far.len() > FAR_CALLS_TOLD {
        warn(&format!("{} more that only the library leads to", calls(far.len() - FAR_CALLS_TOLD)));
    }
}

fn calls(count: usize) -> String {
    if count == 1 { "1 call".into() } else { format!("{count} calls") }
}

/// Bytes for people: `12 KB`, `1.4 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} KB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
