//! Exit storms: a mesh of linked processes falls, and each end is told once.

use super::stage::{Stage, Step, dice, messages_about};
use super::{explore, must_find};
use crate::atom::am;
use crate::process::spawn::MonitorOptions;
use crate::process::{AliasMode, OwnedTerm, SignalKind};
use crate::sync::fault::Fault;
use crate::term::Term;

const MESH: usize = 4;

/// Everyone links with everyone; two get an exit signal at any time; an observer gets one `'DOWN'` of each.
#[test]
fn mesh() {
    explore("exit storms", || {
        let stage = Stage::new(3);
        let observer = stage.world.asleep();
        let mesh: [u64; MESH] = core::array::from_fn(|_| stage.world.asleep());
        for (index, pid) in mesh.into_iter().enumerate() {
            let mut others = mesh.into_iter().skip(index + 1);
            stage.give(pid, move |stage, process| match others.next() {
                None => Step::Wait,
                Some(other) => match stage.world.table.link(process, other) {
                    Ok(()) => Step::Yield,
                    // As the BIF's error.
                    Err(_) => Step::End(am::NOPROC),
                },
            });
        }
        let (mut watched, mut struck) = (Vec::new(), 0);
        stage.give(observer, move |stage, process| {
            let table = &stage.world.table;
            if watched.len() < MESH {
                let options = MonitorOptions { alias: AliasMode::None, tag: None };
                watched.push(table.monitor(process, Some(mesh[watched.len()]), None, options));
                return Step::Yield;
            }
            if struck < MESH {
                // Each link may have been refused to who died before: every one is struck, in any order and twice over.
                let reason = if dice(2) == 0 { am::KILL } else { am::BADARG };
                let reason = OwnedTerm::immediate(Term::atom(reason));
                let at = if dice(2) == 0 { struck } else { dice(MESH as u64) as usize };
                struck += usize::from(at == struck);
                table.send(mesh[at], SignalKind::Exit { from: process.pid, reason, by_link: false });
                return Step::Yield;
            }
            let downs: Vec<usize> = watched.iter().map(|id| messages_about(process, 5, 1, *id)).collect();
            assert!(downs.iter().all(|downs| *downs <= 1), "{downs:?}");
            if downs.iter().sum::<usize>() == MESH { Step::End(am::NORMAL) } else { Step::Wait }
        });
        let mut all = mesh.to_vec();
        all.push(observer);
        stage.play(&all);
    });
}

/// One falls of a chain of links made beforehand, and all fall with it.
#[test]
fn chain() {
    explore("a chain of links", || {
        let stage = Stage::new(2);
        let chain: [u64; 5] = core::array::from_fn(|_| stage.world.asleep());
        for (index, pid) in chain.into_iter().enumerate() {
            let next = chain.get(index + 1).copied();
            let mut linked = false;
            stage.give(pid, move |stage, process| {
                let Some(next) = next else {
                    // The last one falls when it has a link.
                    return if process.ties.links.is_empty() { Step::Wait } else { Step::End(am::BADARG) };
                };
                if !linked {
                    linked = true;
                    if stage.world.table.link(process, next).is_err() {
                        return Step::End(am::NOPROC);
                    }
                }
                Step::Wait
            });
        }
        stage.play(&chain);
    });
}

#[test]
fn exits_wake() {
    must_find("storms::chain", Fault::ExitWakes);
}
