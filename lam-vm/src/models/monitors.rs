//! Monitors made and ended while watcher or watched ends.

use super::stage::{Stage, Step, dice, is_alive, messages_about};
use super::{explore, must_find};
use crate::atom::am;
use crate::process::spawn::MonitorOptions;
use crate::process::{AliasMode, RefId};
use crate::sync::fault::Fault;

const PLAIN: MonitorOptions = MonitorOptions { alias: AliasMode::None, tag: None };

/// Each monitor brings one `'DOWN'`; one that was ended in time none.
#[test]
fn once() {
    explore("monitors", || {
        let stage = Stage::new(2);
        let (watcher, watched) = (stage.world.asleep(), stage.world.asleep());
        let mut made: Vec<(RefId, bool)> = Vec::new();
        stage.give(watcher, move |stage, process| {
            let table = &stage.world.table;
            if made.len() < 3 {
                made.push((table.monitor(process, Some(watched), None, PLAIN), true));
                return Step::Yield;
            }
            if let Some((id, stands)) = made.iter_mut().find(|(_, stands)| *stands)
                && dice(3) == 0
                && table.demonitor(process, *id)
            {
                *stands = false;
                return Step::Yield;
            }
            let downs: Vec<usize> = made.iter().map(|(id, _)| messages_about(process, 5, 1, *id)).collect();
            let expected = || made.iter().map(|(_, stands)| usize::from(*stands));
            assert!(downs.iter().zip(expected()).all(|(downs, expected)| *downs <= expected), "{downs:?} {made:?}");
            if !downs.into_iter().eq(expected()) {
                // What is owed comes, and wakes.
                return Step::Wait;
            }
            if is_alive(stage, watched) { Step::Yield } else { Step::End(am::NORMAL) }
        });
        let mut left = dice(4);
        stage.give(watched, move |_, _| {
            left = left.saturating_sub(1);
            if left > 0 { Step::Yield } else { Step::End(am::BADARG) }
        });
        stage.play(&[watcher, watched]);
    });
}

/// A watcher that ends takes its monitors away.
#[test]
fn watcher_ends() {
    explore("end of a watcher", || {
        let stage = Stage::new(2);
        let (watcher, watched) = (stage.world.asleep(), stage.world.asleep());
        let mut left = 2;
        stage.give(watcher, move |stage, process| {
            if left == 0 {
                return Step::End(am::NORMAL);
            }
            left -= 1;
            stage.world.table.monitor(process, Some(watched), None, PLAIN);
            Step::Yield
        });
        stage.give(watched, move |stage, process| {
            let gone = !is_alive(stage, watcher) && process.ties.watchers.is_empty();
            if gone && !stage.world.control(process.pid).has_signals() { Step::End(am::NORMAL) } else { Step::Yield }
        });
        stage.play(&[watcher, watched]);
    });
}

#[test]
fn late_monitors_are_answered() {
    must_find("monitors::once", Fault::LateMonitor);
}
