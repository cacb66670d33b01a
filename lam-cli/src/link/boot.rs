//! Boot levels (design §2): which one a program has, why, and what is loaded at it.
//!
//! ```text
//! --boot, --app ───────────────────────────────────────────┐
//! kept functions of given code ─► a service of kernel ─────┴─► none │ kernel │ app ─► roots, applications
//! ```

use super::apps::{Applications, Texts};
use super::reach::Asked;
use crate::plan::{Boot, BuildInput, Entry};

/// Whether a service that is asked for raises the level by itself.
const RAISES: bool = false;

/// How a program starts.
pub struct Start {
    pub level: Boot,
    /// Whether the command line says so.
    pub is_asked: bool,
    pub applications: Applications,
    /// `.app` files that the program may load by name.
    pub texts: Texts,
}

impl Default for Start {
    fn default() -> Start {
        Start { level: Boot::None, is_asked: false, applications: Applications::default(), texts: Texts::new() }
    }
}

/// The level that the command line names.
pub fn asked(input: &BuildInput<'_>) -> Option<Boot> {
    match input.options.entry {
        Entry::App(_) => Some(Boot::App),
        _ => input.options.boot,
    }
}

/// The level that is asked for; else kernel's, where the program asks one of its services.
pub fn level(asked: Option<Boot>, services: &[Asked]) -> Boot {
    let by_itself = if RAISES && services.iter().any(|asked| asked.is_there) { Boot::Kernel } else { Boot::None };
    asked.unwrap_or(by_itself)
}

impl Start {
    /// What the first process runs.
    pub fn function(&self) -> (&'static str, &'static str) {
        if self.level == Boot::None { ("lam_boot", "start") } else { ("lam_kernel", "start") }
    }

    /// The level and why, for the report.
    pub fn text(&self, services: &[Asked]) -> String {
        let name = self.level.name();
        match services.iter().find(|asked| asked.is_there) {
            _ if self.is_asked => format!("{name}, as asked"),
            Some(asked) if self.level != Boot::None => format!("{name}: {}", asked.text()),
            Some(_) => name.to_string(),
            None => format!("{name}: nothing that the program calls asks for a server of kernel"),
        }
    }
}

/// Services that are asked for and will not be there.
pub fn warnings(start: &Start, services: &[Asked]) -> Vec<String> {
    let warning = |asked: &Asked| match (asked.is_there, start.level, start.is_asked) {
        (false, ..) => Some(format!("{}, which is not there yet, so it will not answer", asked.text())),
        (true, Boot::None, false) => Some(format!("{}; without --boot kernel it will not answer", asked.text())),
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
