//! Boot levels (design §2): which one a program has, why, and what is loaded at it.
//!
//! ```text
//! --boot, --app ───────────────────────────────────────────┐
//! --config, --vm-args ─► a setting of kernel ──────────────┼─► none │ kernel │ app ─► roots, applications
//! kept functions of given code ─► a service of kernel ─────┘   (`RAISES`)
//! ```

use super::app_file::Constant;
use super::apps::{Applications, Texts};
use super::reach::Asked;
use super::{config, flags};
use crate::plan::{Boot, BuildInput, Entry};

/// Whether a service that is asked for raises the level by itself. OTP's own suites are to be run so before it does.
const RAISES: bool = false;

/// How a program starts.
pub struct Start {
    pub level: Boot,
    /// What decided it.
    why: String,
    pub applications: Applications,
    /// `.app` files that the program may load by name.
    pub texts: Texts,
}

impl Default for Start {
    fn default() -> Start {
        Start { level: Boot::None, why: String::new(), applications: Applications::default(), texts: Texts::new() }
    }
}

/// The level that the command line names.
pub fn asked(input: &BuildInput<'_>) -> Option<Boot> {
    match input.options.entry {
        Entry::App(_) => Some(Boot::App),
        Entry::Shell => input.options.boot.or(Some(Boot::Kernel)),
        _ => input.options.boot,
    }
}

/// The level that is asked for; else kernel's, where a setting is meant for it or the program asks one of its services. And why.
pub fn level(input: &BuildInput<'_>, services: &[Asked]) -> (Boot, String) {
    if let Some(level) = asked(input) {
        return (level, "as asked".to_string());
    }
    if let Some(setting) = setting(input) {
        return (Boot::Kernel, setting);
    }
    match services.iter().find(|asked| asked.is_there) {
        Some(asked) if RAISES => return (Boot::Kernel, asked.text()),
        Some(asked) => return (Boot::None, format!("{}; --boot kernel starts it", asked.text())),
        None => {}
    }
    (Boot::None, "nothing that the program calls asks for a server of kernel".to_string())
}

/// A setting that kernel's own start reads.
fn setting(input: &BuildInput<'_>) -> Option<String> {
    let of_kernel = |(app, pairs): (String, Vec<Constant>)| if app == "kernel" { pairs } else { Vec::new() };
    let key = |pair: &Constant| match pair {
        Constant::Tuple(parts) => match parts.first() {
            Some(Constant::Atom(key)) => Some(key.clone()),
            _ => None,
        },
        _ => None,
    };
    let pairs: Vec<Constant> = config::settings(&input.options.config).into_iter().flat_map(of_kernel).collect();
    if let Some(key) = pairs.iter().find_map(key) {
        return Some(format!("the configuration sets `{key}` of `kernel`"));
    }
    let flags = flags::read(&input.options.vm_args);
    let flag = flags.iter().find(|flag| flag.name == "kernel")?;
    Some(format!("the emulator flag `-kernel {}` is given", flag.values.join(" ")))
}

impl Start {
    pub fn new(level: Boot, why: String, applications: Applications, texts: Texts) -> Start {
        Start { level, why, applications, texts }
    }

    /// What the first process runs.
    pub fn function(&self) -> (&'static str, &'static str) {
        if self.level == Boot::None { ("lam_boot", "start") } else { ("lam_kernel", "start") }
    }

    /// The level and why, for the report.
    pub fn text(&self) -> String {
        match self.why.as_str() {
            "as asked" => format!("{}, as asked", self.level.name()),
            why => format!("{}: {why}", self.level.name()),
        }
    }
}

/// Services that are asked for and will not be there.
pub fn warnings(start: &Start, services: &[Asked]) -> Vec<String> {
    let warning = |asked: &Asked| match (asked.is_there, start.level) {
        (false, _) => Some(format!("{}, which is not there yet, so it will not answer", asked.text())),
        (true, Boot::None) => Some(format!("{}; without --boot kernel it will not answer", asked.text())),
        _ => None,
    };
    services.iter().filter_map(warning).collect()
}

impl Asked {
    fn text(&self) -> String {
        let steps: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        format!("`{}` (by way of {}) asks kernel's `{}`", self.function, steps.join(" > "), self.server)
    }
}
