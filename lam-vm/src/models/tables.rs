//! ETS: the locks of the registry and the tables, when owners end, give away, rename and delete.

use super::{World, explore, must_find, start};
use crate::atom::{Atom, am};
use crate::ets::Tables;
use crate::ets::table::{FixedSince, Heir, Kind, Options, Protection, Table, WriteConcurrency};
use crate::sync::Arc;
use crate::sync::fault::Fault;

const OPTIONS: Options = Options {
    kind: Kind::OrderedSet,
    key_position: 0,
    is_named: true,
    is_compressed: false,
    read_concurrency: false,
    write_concurrency: WriteConcurrency::Off,
    decentralized_counters: false,
};

/// Ends `pid` as the driver does, tables first.
fn end(world: &World, tables: &Tables, pid: u64) {
    world.control(pid).transition_to_exiting();
    tables.process_ended(pid, &world.table);
    world.end(pid, am::NORMAL);
}

fn create(world: &World, tables: &Tables, owner: u64, heir: Option<Heir>) -> Arc<Table> {
    tables.create(world.table.new_reference(), OPTIONS, am::ERROR, owner, Protection::Public, heir).expect("the name is free")
}

/// A table is given to a process that ends: it stays with its owner, or goes; nobody dead owns it.
#[test]
fn giving() {
    explore("ETS: give away against end", || {
        let world = World::new(1, 4);
        let tables = Arc::new(Tables::default());
        let (owner, other) = (world.awake(), world.awake());
        let table = create(&world, &tables, owner, None);
        let ender = {
            let (world, tables) = (world.clone(), tables.clone());
            start(move || end(&world, &tables, other))
        };
        let given = tables.give_away(&table, owner, other, &world.table);
        ender.join().expect("it ends");
        assert_eq!(tables.count(), usize::from(!given));
        assert_eq!(tables.by_name(am::ERROR).is_some(), !given);
        end(&world, &tables, owner);
        assert_eq!(tables.count(), 0);
    });
}

#[test]
fn nobody_dead_is_given_a_table() {
    must_find("tables::giving", Fault::GiveAwayUnlocked);
}

/// Owner and heir end at the same time, while another holds the table fixed.
#[test]
fn inheriting() {
    explore("ETS: heir against end", || {
        let world = World::new(1, 4);
        let tables = Arc::new(Tables::default());
        let (owner, heir, reader) = (world.awake(), world.awake(), world.awake());
        let table = create(&world, &tables, owner, Some(Heir { pid: heir, data: super::small(0) }));
        let enders = [owner, heir].map(|pid| {
            let (world, tables) = (world.clone(), tables.clone());
            start(move || end(&world, &tables, pid))
        });
        tables.fix(&table, reader, FixedSince::default());
        for ender in enders {
            ender.join().expect("it ends");
        }
        tables.unfix(&table, reader);
        assert_eq!(tables.count(), 0);
        assert!(tables.by_name(am::ERROR).is_none() && table.body.read().is_deleted);
        assert!(!table.body.read().is_fixed());
        end(&world, &tables, reader);
    });
}

/// A table is renamed and deleted at once: no name leads to what is deleted.
#[test]
fn renaming() {
    explore("ETS: rename against delete", || {
        let world = World::new(1, 4);
        let tables = Arc::new(Tables::default());
        let owner = world.awake();
        let table = create(&world, &tables, owner, None);
        let renamer = {
            let (tables, table) = (tables.clone(), table.clone());
            start(move || tables.rename(&table, am::NORMAL).is_ok())
        };
        let reader = {
            let tables = tables.clone();
            start(move || {
                let look = |name: Atom| tables.by_name(name).is_none_or(|table| table.id[1] != 0);
                assert!(look(am::ERROR) && look(am::NORMAL));
            })
        };
        assert!(tables.delete(&table));
        assert!(renamer.join().expect("it ends"));
        reader.join().expect("it ends");
        assert!(tables.by_name(am::ERROR).is_none() && tables.by_name(am::NORMAL).is_none());
        assert_eq!(tables.count(), 0);
        assert!(!tables.delete(&table));
    });
}
