//! What ties a process to others: links, monitors in both directions, aliases.
//!
//! A link is kept on both sides. Removing one sends `Unlink`, and until its acknowledgement comes, what arrives over that link counts no
//! more (the link protocol of OTP 24).

use std::collections::BTreeMap;

use super::OwnedTerm;
use super::signal::RefId;
use crate::atom::Atom;
use crate::sync::fault::{self, Fault};
use crate::util::rarely::Part;

/// One link.
#[derive(Default, Clone, Copy)]
pub struct Link {
    /// Number of the `Unlink` that waits for its acknowledgement.
    pub unlinking: Option<u64>,
}

/// When an alias ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasMode {
    /// No alias.
    None,
    ExplicitUnalias,
    Demonitor,
    /// With the first message.
    Reply,
}

/// What a reference of this process stands for.
pub enum Watch {
    /// An alias alone.
    Alias,
    /// A process or port, by its word or (`name`) by the name it had; 0 where there was none.
    Process {
        pid: u64,
        name: Option<Atom>,
    },
    TimeOffset,
}

/// A monitor or alias that this process made.
pub struct Monitor {
    pub watch: Watch,
    pub alias: AliasMode,
    /// Whether the reference names its owner.
    pub owned_ref: bool,
    /// Takes the place of `'DOWN'`.
    pub tag: Option<OwnedTerm>,
}

/// A monitor that another process has on this one.
#[derive(Clone, Copy)]
pub struct Watcher {
    pub pid: u64,
    pub name: Option<Atom>,
}

/// All ties of one process.
#[derive(Default)]
pub struct Ties {
    pub links: BTreeMap<u64, Link>,
    pub monitors: BTreeMap<RefId, Monitor>,
    pub watchers: BTreeMap<RefId, Watcher>,
    /// Processes that this one suspended, and how often.
    pub suspending: BTreeMap<u64, u32>,
    pub next_unlink: u64,
}

impl Part for Ties {
    fn unwritten() -> &'static Ties {
        static NONE: Ties = Ties {
            links: BTreeMap::new(),
            monitors: BTreeMap::new(),
            watchers: BTreeMap::new(),
            suspending: BTreeMap::new(),
            next_unlink: 0,
        };
        &NONE
    }
    fn fresh() -> Ties {
        Ties::default()
    }
}

impl Ties {
    /// Pids of links that count.
    pub fn linked(&self) -> impl Iterator<Item = u64> {
        self.links.iter().filter(|(_, link)| link.unlinking.is_none()).map(|(pid, _)| *pid)
    }
    pub fn is_linked(&self, pid: u64) -> bool {
        self.links.get(&pid).is_some_and(|link| link.unlinking.is_none())
    }
    /// Whether a message to this alias is delivered; an alias for one reply ends with it, and its monitor, which is returned.
    pub fn use_alias(&mut self, id: RefId) -> Result<Option<Monitor>, NoAlias> {
        let monitor = self.monitors.get_mut(&id).ok_or(NoAlias)?;
        match monitor.alias {
            AliasMode::None => Err(NoAlias),
            AliasMode::Reply if fault::is_seeded(Fault::ReplyAliasStays) => Ok(None),
            AliasMode::Reply => Ok(self.monitors.remove(&id)),
            AliasMode::ExplicitUnalias | AliasMode::Demonitor => Ok(None),
        }
    }
}

/// The reference is no active alias.
#[derive(Debug)]
pub struct NoAlias;
