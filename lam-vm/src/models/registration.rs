//! Names, registered and given up by several while the named one ends.

use super::stage::{Stage, Step, dice};
use super::{explore, must_find};
use crate::atom::am;
use crate::process::names::Register;
use crate::sync::fault::Fault;

/// A process is registered by others under two names while it ends: no name stays behind (`Stage::play` looks).
#[test]
fn of_who_ends() {
    explore("registration of who ends", || {
        let stage = Stage::new(2);
        let named = stage.world.asleep();
        let names = [am::ERROR, am::NORMAL];
        let registrars = names.map(|name| {
            let mut left = 2;
            stage.cast(move |stage, _| {
                if left == 0 {
                    return Step::End(am::NORMAL);
                }
                left -= 1;
                let world = &stage.world;
                match world.names.register(name, named, &world.table) {
                    Register::Done if dice(3) == 0 => {
                        // Its end may have come first.
                        let whom = world.names.unregister(name);
                        assert!(whom.is_none_or(|pid| pid == named));
                    }
                    Register::Done | Register::NotAlive | Register::HasName => {}
                    Register::Taken => assert_eq!(world.names.whereis(name).unwrap_or(named), named),
                }
                Step::Yield
            })
        });
        let mut left = dice(3);
        stage.give(named, move |_, _| {
            left = left.saturating_sub(1);
            if left > 0 { Step::Yield } else { Step::End(am::NORMAL) }
        });
        stage.play(&[named, registrars[0], registrars[1]]);
    });
}

/// Three want one name: it is one's at a time, for as long as that one lives, and everyone gets it in the end.
#[test]
fn in_turn() {
    explore("registration in turn", || {
        let stage = Stage::new(3);
        let pids: [u64; 3] = core::array::from_fn(|_| {
            let mut has = false;
            stage.cast(move |stage, process| {
                let world = &stage.world;
                if has {
                    assert_eq!(world.names.whereis(am::ERROR), Some(process.pid));
                    assert_eq!(world.names.name_of(process.pid), Some(am::ERROR));
                    return Step::End(am::NORMAL);
                }
                has = match world.names.register(am::ERROR, process.pid, &world.table) {
                    Register::Done => true,
                    Register::Taken => false,
                    other => panic!("{other:?}"),
                };
                Step::Yield
            })
        });
        stage.play(&pids);
    });
}

#[test]
fn nobody_dead_has_a_name() {
    must_find("registration::of_who_ends", Fault::RegisterUnlocked);
}
