//! Aliases: which replies still count.

use super::stage::{Stage, Step, dice, is_alive};
use super::{explore, must_find, small};
use crate::atom::am;
use crate::process::spawn::MonitorOptions;
use crate::process::{AliasMode, RefId, SignalKind};
use crate::sync::Arc;
use crate::sync::fault::Fault;
use crate::sync::global::Mutex;

/// Sends to an alias (`alias` is never locked over what a schedule may interrupt), once it is known, and ends.
fn replies(stage: &Stage, owner: u64, alias: &Arc<Mutex<Option<RefId>>>, times: usize) -> u64 {
    let (alias, mut left) = (alias.clone(), times);
    stage.cast(move |stage, process| {
        let Some(id) = *alias.lock() else { return Step::Yield };
        if left == 0 {
            return Step::End(am::NORMAL);
        }
        left -= 1;
        stage.world.table.send(owner, SignalKind::AliasMessage { from: process.pid, alias: id, message: small(1) });
        Step::Yield
    })
}

/// A call: a monitor whose reference is an alias for one reply. Of two replies and a `'DOWN'` one comes.
#[test]
fn one_reply() {
    explore("aliases for one reply", || {
        let stage = Stage::new(2);
        let alias = Arc::new(Mutex::new(None));
        let caller = stage.world.asleep();
        let server = replies(&stage, caller, &alias, 2);
        stage.give(caller, move |stage, process| {
            if alias.lock().is_none() {
                let options = MonitorOptions { alias: AliasMode::Reply, tag: None };
                *alias.lock() = Some(stage.world.table.monitor(process, Some(server), None, options));
            }
            assert!(process.mailbox.len() <= 1, "one answer");
            let over = process.mailbox.len() == 1 && !is_alive(stage, server) && process.ties.monitors.is_empty();
            if over { Step::End(am::NORMAL) } else { Step::Yield }
        });
        stage.play(&[caller, server]);
    });
}

/// After `unalias` nothing comes; what came before stays.
#[test]
fn ended() {
    explore("aliases that end", || {
        let stage = Stage::new(3);
        let alias = Arc::new(Mutex::new(None));
        let owner = stage.world.asleep();
        let clients = [replies(&stage, owner, &alias, 2), replies(&stage, owner, &alias, 1)];
        let mut at_end = None;
        stage.give(owner, move |stage, process| {
            let known = *alias.lock();
            let id = known.unwrap_or_else(|| {
                let id = stage.world.table.new_reference();
                process.ties.add_alias(id, AliasMode::ExplicitUnalias);
                id
            });
            *alias.lock() = Some(id);
            let count = process.mailbox.len();
            match at_end {
                None if dice(4) == 0 => {
                    assert!(process.ties.unalias(id) && !process.ties.unalias(id));
                    at_end = Some(count);
                }
                None => {}
                Some(at_end) => assert_eq!(count, at_end, "nothing comes after the end of the alias"),
            }
            let over = at_end.is_some() && clients.iter().all(|client| !is_alive(stage, *client));
            if over { Step::End(am::NORMAL) } else { Step::Yield }
        });
        stage.play(&[owner, clients[0], clients[1]]);
    });
}

#[test]
fn one_reply_is_one() {
    must_find("aliases::one_reply", Fault::ReplyAliasStays);
}
