//! `ets`: making, naming, owning, fixing and removing tables.

use super::{find, read, table, write};
use crate::atom::{Atom, am};
use crate::bif::args::OrBadarg;
use crate::bif::erlang::time;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::ets::{self, FixedSince, Heir, Kind, Options, Protection, WriteConcurrency};
use crate::process::OwnedTerm;
use crate::term::Term;

bifs! { module "ets";
    /// Makes a table of these options; its name when it is a named one, else a reference.
    ///
    /// `ets:new(lam_new, [named_table, bag])` => `lam_new`
    /// `ets:new(lam_new, [bad])` => `error:badarg`
    [plain] "new"/2 = new, "erts/emulator/beam/erl_db.c";
    /// Removes a table.
    ///
    /// `ets:delete(no_such_table)` => `error:badarg`
    [plain] "delete"/1 = delete, "erts/emulator/beam/erl_db.c";
    /// Gives a table another name.
    [plain] "rename"/2 = rename, "erts/emulator/beam/erl_db.c";
    /// The reference of a named table, or `undefined`.
    ///
    /// `ets:whereis(no_such_table)` => `undefined`
    /// `ets:whereis(1)` => `error:badarg`
    [plain] "whereis"/1 = whereis, "erts/emulator/beam/erl_db.c";
    /// Sets heir or protection.
    [plain] "setopts"/2 = setopts, "erts/emulator/beam/erl_db.c";
    /// Makes another process the owner, which gets `{'ETS-TRANSFER', Table, From, GiftData}`.
    [plain] "give_away"/3 = give_away, "erts/emulator/beam/erl_db.c";
    /// Begins or ends a fixation: while there is one, a traversal meets each object that stays exactly once.
    [plain] "safe_fixtable"/2 = safe_fixtable, "erts/emulator/beam/erl_db.c";
    /// Removes all objects; how many they were.
    [plain] "internal_delete_all"/2 = internal_delete_all, "erts/emulator/beam/erl_db.c";
    /// Sends `{Ref, Tables}` to the caller; the reference.
    [plain] "internal_request_all"/0 = internal_request_all, "erts/emulator/beam/erl_db.c";
}

/// The key of the option with a number of locks, and the greatest.
pub(super) const FIXED_LOCKS: &str = "debug_hash_fixed_number_of_locks";
const MAX_LOCKS: usize = 32_768;

/// What `new/2` may be given. Later options count, but what is so by default takes nothing back: `[bag, set]` is a bag.
struct Wanted<'c> {
    options: Options,
    protection: Protection,
    heir: Option<(u64, Term<'c>)>,
    /// What the options said of counters.
    decentralized: Option<bool>,
    /// What follows for counters from other options.
    decentralized_by_default: bool,
}

fn heir_of<'c>(pid: Term<'c>, data: Term<'c>) -> Option<(u64, Term<'c>)> {
    pid.is_local_pid().then(|| (pid.word(), data))
}

/// The heir that is set; one that is gone already is none.
fn owned_heir(call: &mut Call<'_>, heir: Option<(u64, Term<'_>)>) -> Option<Heir> {
    let (pid, data) = heir?;
    let is_there = pid == call.process().pid || call.system().processes.is_alive(pid);
    is_there.then(|| Heir { pid, data: OwnedTerm::of(data) })
}

fn protection_of(atom: Atom) -> Option<Protection> {
    match atom {
        am::PUBLIC => Some(Protection::Public),
        am::PROTECTED => Some(Protection::Protected),
        am::PRIVATE => Some(Protection::Private),
        _ => None,
    }
}

impl<'c> Wanted<'c> {
    fn of(list: Term<'c>) -> Option<Wanted<'c>> {
        let options = Options {
            kind: Kind::Set,
            key_position: 0,
            is_named: false,
            is_compressed: false,
            read_concurrency: false,
            write_concurrency: WriteConcurrency::Off,
            decentralized_counters: false,
        };
        let mut wanted = Wanted {
            options,
            protection: Protection::Protected,
            heir: None,
            decentralized: None,
            decentralized_by_default: false,
        };
        let mut rest = list.iter_list();
        for option in rest.by_ref() {
            match option.as_atom() {
                Some(atom) => wanted.flag(atom)?,
                None => wanted.pair(option.as_tuple()?.elements)?,
            }
        }
        if !rest.rest.is_nil() {
            return None;
        }
        wanted.settle()?;
        Some(wanted)
    }
    fn flag(&mut self, atom: Atom) -> Option<()> {
        let options = &mut self.options;
        match atom {
            am::SET | am::PROTECTED => {}
            am::ORDERED_SET => {
                options.kind = Kind::OrderedSet;
                self.decentralized_by_default = true;
            }
            am::BAG => options.kind = Kind::Bag,
            am::DUPLICATE_BAG => options.kind = Kind::DuplicateBag,
            am::NAMED_TABLE => options.is_named = true,
            am::COMPRESSED => options.is_compressed = true,
            other => self.protection = protection_of(other)?,
        }
        Some(())
    }
    fn pair(&mut self, option: &[Term<'c>]) -> Option<()> {
        match *option {
            [key, pid, data] if key.is_atom(am::HEIR) => self.heir = Some(heir_of(pid, data)?),
            [key, value] => match key.as_atom()? {
                am::KEYPOS => self.options.key_position = value.as_usize()?.checked_sub(1)?,
                am::HEIR if value.is_atom(am::NONE) => self.heir = None,
                am::READ_CONCURRENCY => self.options.read_concurrency = value.as_bool()?,
                am::DECENTRALIZED_COUNTERS => self.decentralized = Some(value.as_bool()?),
                am::WRITE_CONCURRENCY => self.write_concurrency(value)?,
                _ => return None,
            },
            _ => return None,
        }
        Some(())
    }
    fn write_concurrency(&mut self, value: Term<'c>) -> Option<()> {
        self.options.write_concurrency = match value.as_atom() {
            Some(am::TRUE) => {
                self.decentralized_by_default &= self.options.kind == Kind::OrderedSet;
                WriteConcurrency::On
            }
            Some(am::FALSE) => WriteConcurrency::Off,
            Some(am::AUTO) => {
                self.decentralized_by_default = true;
                WriteConcurrency::Auto
            }
            Some(_) => return None,
            None => {
                self.decentralized_by_default = true;
                WriteConcurrency::FixedLocks(fixed_locks(value)?)
            }
        };
        Some(())
    }
    /// What follows from options together; `None` where they contradict each other.
    fn settle(&mut self) -> Option<()> {
        let options = &mut self.options;
        if options.kind == Kind::OrderedSet && matches!(options.write_concurrency, WriteConcurrency::FixedLocks(_)) {
            return None;
        }
        if self.protection == Protection::Private {
            options.write_concurrency = WriteConcurrency::Off;
            options.read_concurrency = false;
        }
        let is_fine = options.write_concurrency != WriteConcurrency::Off;
        options.decentralized_counters = is_fine && self.decentralized.unwrap_or(self.decentralized_by_default);
        Some(())
    }
}

fn new<'c>(call: &mut Call<'c>, [name, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let atom = name.as_atom().or_badarg()?;
    let wanted = Wanted::of(options).or_badarg()?;
    let system = call.system();
    let owner = call.process().pid;
    let heir = owned_heir(call, wanted.heir);
    let created = system.ets.create(system.unique.reference(), wanted.options, atom, owner, wanted.protection, heir);
    match created {
        Ok(_) if wanted.options.is_named => Ok(name),
        Ok(table) => Ok(ets::reference(call, &table)),
        Err(_) => Err(call.badarg_cause(am::ALREADY_EXISTS)),
    }
}

fn delete<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    let table = table(call, name)?;
    let count = write(call, &table)?.store.len();
    call.system().ets.delete(&table);
    call.bump(count as i64 / 100);
    Ok(Term::bool(true))
}

fn rename<'c>(call: &mut Call<'c>, [name, new_name]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    drop(write(call, &table)?);
    let new_atom = new_name.as_atom().or_badarg()?;
    call.system().ets.rename(&table, new_atom).map_err(|_| Stop::BADARG)?;
    Ok(if table.options.is_named { new_name } else { name })
}

fn whereis<'c>(call: &mut Call<'c>, [name]: [Term<'c>; 1]) -> BifResult<'c> {
    name.as_atom().or_badarg()?;
    match find(call, name) {
        Ok(table) => Ok(ets::reference(call, &table)),
        Err(_) => Ok(Term::atom(am::UNDEFINED)),
    }
}

fn setopts<'c>(call: &mut Call<'c>, [name, options]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let mut body = write(call, &table)?;
    let (mut heir, mut protection) = (None, None);
    let list = if options.as_tuple().is_some() { vec![options] } else { options.list_to_vec().or_badarg()? };
    for option in list {
        match *option.as_tuple().or_badarg()?.elements {
            [key, value] if key.is_atom(am::HEIR) && value.is_atom(am::NONE) && heir.is_none() => heir = Some(None),
            [key, pid, data] if key.is_atom(am::HEIR) && heir.is_none() => heir = Some(Some(heir_of(pid, data).or_badarg()?)),
            [key, value] if key.is_atom(am::PROTECTION) && protection.is_none() => {
                protection = Some(value.as_atom().and_then(protection_of).or_badarg()?);
            }
            _ => return Err(Stop::BADARG),
        }
    }
    if body.owner != call.process().pid {
        return Err(Stop::BADARG);
    }
    if let Some(protection) = protection {
        body.protection = protection;
    }
    if let Some(heir) = heir {
        body.heir = owned_heir(call, heir);
    }
    Ok(Term::bool(true))
}

fn give_away<'c>(call: &mut Call<'c>, [name, pid, data]: [Term<'c>; 3]) -> BifResult<'c> {
    let table = table(call, name)?;
    let owner = write(call, &table)?.owner;
    let system = call.system();
    if !pid.is_local_pid() || !(pid.word() == call.process().pid || system.processes.is_alive(pid.word())) {
        return Err(Stop::BADARG);
    }
    let from = call.process().pid;
    if owner != from {
        return Err(call.badarg_cause(am::NOT_OWNER));
    }
    if pid.word() == from {
        return Err(call.badarg_cause(am::OWNER));
    }
    if !system.ets.give_away(&table, from, pid.word(), &system.processes) {
        return Err(Stop::BADARG);
    }
    system.ets.send_transfer(&table, from, pid.word(), &OwnedTerm::of(data), &system.processes);
    Ok(Term::bool(true))
}

fn safe_fixtable<'c>(call: &mut Call<'c>, [name, on]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    drop(read(call, &table)?);
    let on = on.as_bool().or_badarg()?;
    let pid = call.process().pid;
    if on {
        let now = FixedSince { monotonic_ns: time::monotonic_ns(), system_us: time::system_ns() / 1000 };
        call.system().ets.fix(&table, pid, now);
    } else {
        call.system().ets.unfix(&table, pid);
    }
    Ok(Term::bool(true))
}

/// Notes that a table which many may write is to stand in several parts; false for any other.
pub fn force_split<'c>(call: &mut Call<'c>, name: Term<'c>, on: bool) -> bool {
    let Ok(table) = find(call, name) else { return false };
    let is_fine = table.options.kind == Kind::OrderedSet && table.options.write_concurrency != WriteConcurrency::Off;
    if is_fine && on {
        table.body.write().is_split = true;
    }
    is_fine
}

fn internal_delete_all<'c>(call: &mut Call<'c>, [name, _]: [Term<'c>; 2]) -> BifResult<'c> {
    let table = table(call, name)?;
    let mut body = write(call, &table)?;
    let is_fixed = body.is_fixed();
    let count = body.store.clear(is_fixed);
    call.bump(count as i64 / 100);
    Ok(call.unsigned(count as u64))
}

fn internal_request_all<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let system = call.system();
    let id = system.unique.reference();
    let pid = call.process().pid;
    let tables = system.ets.all();
    let message = OwnedTerm::build(|heap| {
        let tables: Vec<Term<'_>> = tables.iter().map(|table| ets::identity(heap, table)).collect();
        let list = heap.list(&tables);
        let reference = heap.reference(id);
        heap.tuple(&[reference, list])
    });
    system.processes.send_message(pid, pid, message);
    // `ets:all/0` waits for as many answers as there are schedulers: the first one's holds all tables.
    for _ in 1..system.processes.run_queues.schedulers() {
        system.processes.send_reply(pid, pid, id, Term::NIL);
    }
    Ok(call.reference(id))
}

/// `{debug_hash_fixed_number_of_locks, Count}`: an option of OTP's tests. How many locks there are tells nobody anything here.
fn fixed_locks(value: Term<'_>) -> Option<usize> {
    let [name, count] = value.as_tuple_of()?;
    name.as_atom().filter(|name| name.text() == FIXED_LOCKS)?;
    // A power of two.
    count.as_usize().filter(|count| (1..=MAX_LOCKS).contains(count)).map(|count| 1 << count.ilog2())
}
