//! What ships above the machine: our Erlang modules, and the tables that tell the linker what the machine itself needs.
//!
//! ```text
//!   src/*.erl ──(erlc when LAM is built)──► modules of every image      MODULES, REPLACED
//!   link ──► starts from what the machine calls                         ROOTS
//!        ──► leaves out what these reach and never run                  DORMANT, REBOUND
//!        ──► keeps a sleeping server when a caller of it is kept         SERVERS
//!        ──► chooses boot level `kernel` when a service is reached       SERVICES
//! ```
//!
//! The natives that the Erlang side asks for stand, with their specs, in `src/lam_host.erl`; `docs/level-none.md` says
//! which modules of OTP run unmodified and what they ask of the machine.

#![forbid(unsafe_code)]

mod tables;

pub use tables::{DORMANT, KERNEL_MODULES, KERNEL_ROOTS, REBOUND, ROOTS, SERVERS, SERVICES};

/// `M:F/A` by name.
pub type Mfa = (&'static str, &'static str, u8);

/// An Erlang module of ours.
#[derive(Debug, Clone, Copy)]
pub struct Module {
    pub name: &'static str,
    pub source: &'static str,
}

/// A function that the machine calls, or that is reached only through names known at run time.
#[derive(Debug, Clone, Copy)]
pub struct Root {
    pub mfa: Mfa,
    pub why: &'static str,
}

/// A process of kernel that `lam_boot` puts to sleep under its name: kept, with `keep`, when one of `callers` is kept.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    /// The registered name.
    pub name: &'static str,
    /// Functions that send it requests.
    pub callers: &'static [Mfa],
    /// What it runs; all of them are reached through `gen_server` only.
    pub keep: &'static [Mfa],
}

/// A service of kernel's supervision tree; a kept function of given code that calls one of `functions` raises the boot
/// level to `kernel`. A function `*` stands for all of the module's.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    pub server: &'static str,
    /// Whether the level brings it; the others are not there yet.
    pub is_there: bool,
    pub functions: &'static [(&'static str, &'static str)],
}

/// What the machine's own needs (`ROOTS`) reach but run only after the program called one of `woken_by`: functions by module and
/// name, `*` for all of the module's. What given code reaches by itself is kept whatever stands here.
#[derive(Debug, Clone, Copy)]
pub struct Dormant {
    pub why: &'static str,
    pub woken_by: &'static [Mfa],
    pub functions: &'static [(&'static str, &'static str)],
}

/// A call in a module of OTP that goes to a function of ours.
#[derive(Debug, Clone, Copy)]
pub struct Rebound {
    pub module: &'static str,
    pub call: Mfa,
    pub to: (&'static str, &'static str),
    pub why: &'static str,
}

macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        &[$(Module { name: $name, source: include_str!(concat!($name, ".erl")) }),*]
    };
}

/// Our Erlang modules, sorted by name. All are compiled with `+deterministic`.
pub const MODULES: &[Module] = modules![
    "code",
    "erl_prim_loader",
    "erts_code_purger",
    "init",
    "lam_boot",
    "lam_host",
    "lam_kernel",
    "lam_logger",
    "lam_user",
    "standard_error",
    "user_sup"
];

/// Modules of OTP that ours replace, and why.
pub const REPLACED: &[(&str, &str)] = &[
    ("code", "OTP's asks a server that works with boot scripts, archives and folders of an installation"),
    ("erl_prim_loader", "OTP's loads the boot files of an emulator and looks into code archives; an image has neither"),
    ("erts_code_purger", "OTP's is a process that waits for requests; here each purge is one"),
    ("init", "OTP's reads the emulator's arguments, loads code and starts kernel: done when building, or the host's"),
    ("standard_error", "OTP's opens a port; the process of `lam_user` is there before kernel is"),
    ("user_sup", "OTP's looks for the emulator's flags; the process of `lam_user` is there before kernel is, but for the shell"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_erlang_file_is_listed() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .expect("the source folder is there")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".erl").map(str::to_owned))
            .collect();
        names.sort();
        let listed: Vec<&str> = MODULES.iter().map(|module| module.name).collect();
        assert_eq!(names, listed);
    }

    #[test]
    fn each_source_declares_its_name() {
        for module in MODULES {
            assert!(module.source.contains(&format!("\n-module({}).", module.name)), "{}", module.name);
        }
    }

    #[test]
    fn replaced_modules_are_ours() {
        for (name, why) in REPLACED {
            assert!(MODULES.iter().any(|module| module.name == *name), "{name}");
            assert!(!why.is_empty());
        }
    }

    #[test]
    fn roots_name_each_function_once() {
        for (i, root) in ROOTS.iter().enumerate() {
            assert!(ROOTS.iter().skip(i + 1).all(|other| other.mfa != root.mfa), "{:?}", root.mfa);
        }
    }
}
