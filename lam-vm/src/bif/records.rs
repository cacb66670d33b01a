//! `records`: making and looking into native records (from OTP 29).

use super::args::OrBadarg;
use super::{BifResult, Call, Stop, bifs};
use crate::atom::{Atom, am};
use crate::heap::map::map_get;
use crate::term::map_iter::MapIter;
use crate::term::{Record, Term};

bifs! { module "records";
    /// The value of a field; `badarg` where there is none.
    [plain 29] "get"/2 = get, "erts/emulator/beam/erl_record.c";
    /// The module that declares the record.
    [plain 29] "get_module"/1 = get_module, "erts/emulator/beam/erl_record.c";
    /// The record's name.
    [plain 29] "get_name"/1 = get_name, "erts/emulator/beam/erl_record.c";
    /// The names of its fields as declared; `{badrecord, Term}` for another term.
    [plain 29] "get_field_names"/1 = get_field_names, "erts/emulator/beam/erl_record.c";
    /// Whether other modules may look into it; `{badrecord, Term}` for another term.
    [plain 29] "is_exported"/1 = is_exported, "erts/emulator/beam/erl_record.c";
    /// `create(Module, Name, [{Field, Value}], #{is_exported => boolean()})`, whatever the module declares.
    [plain 29] "create"/4 = create, "erts/emulator/beam/erl_record.c";
    /// `update(Record, Module, Name, #{Field => Value})`; `{badrecord, Name}` where it is no such record.
    [plain 29] "update"/4 = update, "erts/emulator/beam/erl_record.c";
    /// `{#{is_exported => boolean()}, [Field | {Field, Default}]}` as the module declares it.
    [plain 29] "get_definition"/2 = get_definition, "erts/emulator/beam/erl_record.c";
}

fn bad_record<'c>(call: &mut Call<'c>, term: Term<'c>) -> Stop<'c> {
    call.error_with(am::BADRECORD, term)
}

/// `{badfield, {{Module, Name}, Field}}`
fn bad_field<'c>(call: &mut Call<'c>, id: [Term<'c>; 2], field: Term<'c>) -> Stop<'c> {
    let id = call.tuple(&id);
    let place = call.tuple(&[id, field]);
    call.error_with(am::BADFIELD, place)
}

fn record_of<'c>(call: &mut Call<'c>, term: Term<'c>) -> Result<Record<'c>, Stop<'c>> {
    match term.as_record() {
        Some(record) => Ok(record),
        None => Err(bad_record(call, term)),
    }
}

fn get<'c>(_: &mut Call<'c>, [field, record]: [Term<'c>; 2]) -> BifResult<'c> {
    record.as_record().and_then(|record| record.get(field)).or_badarg()
}

fn get_module<'c>(_: &mut Call<'c>, [record]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(record.as_record().or_badarg()?.module())
}

fn get_name<'c>(_: &mut Call<'c>, [record]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(record.as_record().or_badarg()?.name())
}

fn get_field_names<'c>(call: &mut Call<'c>, [record]: [Term<'c>; 1]) -> BifResult<'c> {
    let record = record_of(call, record)?;
    Ok(call.list(record.fields()))
}

fn is_exported<'c>(call: &mut Call<'c>, [record]: [Term<'c>; 1]) -> BifResult<'c> {
    Ok(Term::bool(record_of(call, record)?.is_exported()))
}

fn create<'c>(call: &mut Call<'c>, [module, name, fields, options]: [Term<'c>; 4]) -> BifResult<'c> {
    if module.as_atom().is_none() || name.as_atom().is_none() {
        return Err(bad_record(call, name));
    }
    let Some(map) = options.as_map() else { return Err(call.error_with(am::BADMAP, options)) };
    let exported =
        map_get(&map, Term::atom(am::IS_EXPORTED)).filter(|value| map.len() == 1 && value.as_bool().is_some()).or_badarg()?;
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for pair in fields.list_to_vec().or_badarg()? {
        let [field, value] = pair.as_tuple_of::<2>().or_badarg()?;
        if field.as_atom().is_none() {
            return Err(bad_field(call, [module, name], field));
        }
        names.push(field);
        values.push(value);
    }
    let names = call.tuple(&names);
    let definition = call.tuple(&[module, name, exported, names]);
    call.record(definition, &values).or_badarg()
}

fn update<'c>(call: &mut Call<'c>, [term, module, name, fields]: [Term<'c>; 4]) -> BifResult<'c> {
    let record = record_of(call, term)?;
    let is_right = name.is_atom(am::UNDERSCORE) || (record.module().is_same(module) && record.name().is_same(name));
    if !is_right {
        return Err(bad_record(call, name));
    }
    let Some(map) = fields.as_map() else { return Err(call.error_with(am::BADMAP, fields)) };
    if map.is_empty() {
        return Ok(term);
    }
    let mut values = record.values().to_vec();
    for (field, value) in MapIter::new(&map) {
        match record.position(field) {
            Some(at) => values[at] = value,
            None => return Err(bad_field(call, [record.module(), record.name()], field)),
        }
    }
    Ok(call.record_like(record, &values))
}

fn get_definition<'c>(call: &mut Call<'c>, [module, name]: [Term<'c>; 2]) -> BifResult<'c> {
    let module: Atom = module.as_atom().or_badarg()?;
    name.as_atom().or_badarg()?;
    let templates = call.system().code.records_of(module).or_badarg()?;
    let templates = call.literal(templates);
    let template = |term: Term<'c>| {
        let [record, defaults] = term.as_tuple_of::<2>()?;
        Some((record.as_record().filter(|record| record.name().is_same(name))?, defaults.as_tuple()?.elements))
    };
    let (record, defaults) = templates.iter_list().find_map(template).or_badarg()?;
    let mut fields = Vec::new();
    for ((field, value), has) in record.fields().iter().zip(record.values()).zip(defaults) {
        let has = has.is_atom(am::TRUE);
        fields.push(if has { call.tuple(&[*field, *value]) } else { *field });
    }
    let fields = call.list(&fields);
    let pairs = [(Term::atom(am::IS_EXPORTED), Term::bool(record.is_exported()))];
    let options = call.map_from_unique_pairs(&pairs).expect("one pair");
    Ok(call.tuple(&[options, fields]))
}
