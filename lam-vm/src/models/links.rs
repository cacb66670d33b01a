//! Links made and taken down from both sides while one side ends.

use super::stage::{Stage, Step, dice};
use super::{explore, must_find};
use crate::atom::am;
use crate::process::Process;
use crate::sync::fault::Fault;

/// One step of linking and unlinking; whether the last act was a link that was made.
fn toss(stage: &Stage, process: &mut Process, other: u64) -> bool {
    if dice(2) == 0 {
        return stage.world.table.link(process, other).is_ok();
    }
    stage.world.table.unlink(process, other);
    false
}

/// Both sides link and unlink at will, one ends: no half of a link stays with the other.
#[test]
fn both_sides() {
    explore("links from both sides", || {
        let stage = Stage::new(2);
        let (one, other) = (stage.world.asleep(), stage.world.asleep());
        let mut left = 4;
        stage.give(one, move |stage, process| {
            process.trap_exit = true;
            if left > 0 {
                left -= 1;
                toss(stage, process, other);
                return Step::Yield;
            }
            if process.ties.links.is_empty() { Step::End(am::NORMAL) } else { Step::Wait }
        });
        let mut left = 3;
        stage.give(other, move |stage, process| {
            process.trap_exit = true;
            if left > 0 {
                left -= 1;
                toss(stage, process, one);
                return Step::Yield;
            }
            Step::End(am::BADARG)
        });
        stage.play(&[one, other]);
    });
}

/// One side links and unlinks, the other ends: the link that stands brings one exit, a link taken down brings none.
#[test]
fn one_side() {
    explore("links from one side", || {
        let stage = Stage::new(2);
        let (one, other) = (stage.world.asleep(), stage.world.asleep());
        let (mut left, mut stands, mut before, mut failed) = (4, false, 0, false);
        stage.give(one, move |stage, process| {
            process.trap_exit = true;
            // A failed link sends nothing here: that message is the BIF's.
            let exits = process.mailbox.len();
            assert!(exits - before <= usize::from(stands), "{exits} exits, {before} before, link {stands}");
            if left > 0 && !failed {
                left -= 1;
                if dice(2) == 0 {
                    match stage.world.table.link(process, other) {
                        Ok(()) if stands => {}
                        Ok(()) => (stands, before) = (true, exits),
                        Err(_) => (stands, before, failed) = (false, exits, true),
                    }
                } else {
                    stage.world.table.unlink(process, other);
                    (stands, before) = (false, exits);
                }
                return Step::Yield;
            }
            let told = exits == before + usize::from(stands);
            if told && process.ties.links.is_empty() { Step::End(am::NORMAL) } else { Step::Wait }
        });
        let mut left = dice(4);
        stage.give(other, move |_, _| {
            left = left.saturating_sub(1);
            if left > 0 { Step::Yield } else { Step::End(am::BADARG) }
        });
        stage.play(&[one, other]);
    });
}

#[test]
fn late_links_are_answered() {
    must_find("links::one_side", Fault::LateLink);
}
