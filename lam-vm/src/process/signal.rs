//! Signals: every effect of one process on another.

use super::OwnedTerm;
use crate::atom::Atom;
use crate::sync::cell::UnsafeCell;

/// Identity of a reference of this node.
pub type RefId = [u64; 2];

/// One signal in a mailbox. `next` belongs to the mailbox.
pub struct Signal {
    next: UnsafeCell<*mut Signal>,
    pub kind: SignalKind,
}

/// What a signal says. Pids are words.
pub enum SignalKind {
    Message {
        from: u64,
        message: OwnedTerm,
    },
    /// A message that counts only while the alias is active.
    AliasMessage {
        from: u64,
        alias: RefId,
        message: OwnedTerm,
    },
    Link {
        from: u64,
    },
    Unlink {
        from: u64,
        id: u64,
    },
    UnlinkAck {
        from: u64,
        id: u64,
    },
    /// Over a link, or (`by_link` false) by `exit/2`.
    Exit {
        from: u64,
        reason: OwnedTerm,
        by_link: bool,
    },
    /// `name`: monitored by this name.
    Monitor {
        from: u64,
        id: RefId,
        name: Option<Atom>,
    },
    Demonitor {
        id: RefId,
    },
    Down {
        id: RefId,
        reason: OwnedTerm,
    },
    /// `reply`: who gets `{Ref, true}`.
    GroupLeader {
        leader: u64,
        reply: Option<(u64, RefId)>,
    },
    /// Something that the driver does in the process's name.
    Request(Box<Request>),
    /// The answer to `Request::Info` or `Request::IsAlive` of this number.
    Reply {
        number: u64,
        answer: OwnedTerm,
    },
    /// The timer of the receive with this number.
    Timeout {
        number: u64,
    },
    /// Answer `{Ref, true}` and count one suspension more.
    Suspend {
        from: u64,
        reply: Option<RefId>,
    },
    Resume,
    /// Answer `{Ref, true}`.
    Ping {
        from: u64,
        reference: RefId,
    },
    /// Only wakes.
    Wake,
}

/// What one process asks of another one, and the driver answers.
pub enum Request {
    /// `process_info/1,2`: items as a list of atoms; `list`: an item list was given.
    Info {
        from: u64,
        number: u64,
        items: Vec<Atom>,
        form: InfoForm,
    },
    IsAlive {
        from: u64,
        number: u64,
    },
    /// `{garbage_collect, Id, Result}` or the like to `from`; `id` is the request's own term.
    Collect {
        from: u64,
        id: OwnedTerm,
        full: bool,
    },
    /// `{check_process_code, Id, boolean()}`
    CheckCode {
        from: u64,
        id: OwnedTerm,
        module: Atom,
    },
    /// `{copy_literals, Id, ok}`
    CopyLiterals {
        from: u64,
        id: OwnedTerm,
    },
}

/// The shape of `process_info`'s answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InfoForm {
    /// `{Item, Value}`, or `[]` for a process without a registered name.
    One,
    /// A list of them.
    List,
    /// As `process_info/1`: an empty registered name is left out.
    All,
}

impl Signal {
    pub fn new(kind: SignalKind) -> Box<Signal> {
        Box::new(Signal { next: UnsafeCell::new(core::ptr::null_mut()), kind })
    }
    /// The signal behind it, while the caller holds both.
    pub(super) fn next(&self) -> *mut Signal {
        // SAFETY: who may follow the link has taken it from a mailbox, which publishes what was written before the push.
        self.next.with(|next| unsafe { *next })
    }
    /// Puts `next` behind it; the caller alone holds this one.
    pub(super) fn set_next(&mut self, next: *mut Signal) {
        // SAFETY: `&mut self`.
        self.next.with_mut(|at| unsafe { *at = next });
    }
}
