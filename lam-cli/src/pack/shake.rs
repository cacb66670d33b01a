//! Takes out of a wasm launcher what its program never calls.
//!
//! ```text
//! launcher   data: … magic │ f0 f1 f2 … │ …     table: … f1's code …     functions: f1's code, what only that calls
//! shaken     data: … magic │ f0  0 f2 … │ …     table: … a trap …        gone
//! ```
//!
//! The machine's functions stand behind one table in its data (`lam_vm::bif::Functions`), so that a launcher holds them all. The linker
//! knows which a program may call: the others become null there, their bodies a trap, and what nothing else leads to is collected.

use std::collections::{BTreeMap, BTreeSet};

use lam_vm::bif::{FUNCTIONS_MAGIC, ROW_COUNT};
use walrus::ir::Value;
use walrus::{ConstExpr, ElementItems, ElementKind, FunctionBuilder, FunctionId, FunctionKind, Module, ModuleConfig};

use crate::error::{Error, Result};

/// Bytes of a function's number in the table.
const ENTRY: usize = 4;

/// The launcher with no functions of the machine but these.
pub fn shake(stub: &[u8], called: &BTreeSet<u16>) -> Result<Vec<u8>> {
    let unexpected = |why: String| Error::bug(format!("the wasm stub inside `lam` is not as expected: {why}"));
    let mut config = ModuleConfig::new();
    config.generate_producers_section(false);
    let mut module = config.parse(stub).map_err(|why| unexpected(why.to_string()))?;
    let slots = take_from_data(&mut module, called).map_err(unexpected)?;
    let code = table_code(&module);
    let functions = |slots: &[u32]| -> BTreeSet<FunctionId> { slots.iter().filter_map(|slot| code.get(slot).copied()).collect() };
    // Equal functions are one in a launcher.
    let kept = functions(&slots.kept);
    for function in functions(&slots.taken).difference(&kept) {
        trap(&mut module, *function);
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// Places in the function table.
struct Slots {
    kept: Vec<u32>,
    taken: Vec<u32>,
}

/// Makes null in the machine's table what is not called.
fn take_from_data(module: &mut Module, called: &BTreeSet<u16>) -> std::result::Result<Slots, String> {
    let mut found = None;
    let segments: Vec<_> = module.data.iter().map(|data| data.id()).collect();
    for segment in segments {
        let data = module.data.get_mut(segment);
        let Some(at) = data.value.windows(FUNCTIONS_MAGIC.len()).position(|window| window == FUNCTIONS_MAGIC) else { continue };
        let from = at + FUNCTIONS_MAGIC.len();
        let entries = data.value.get_mut(from..from + ENTRY * ROW_COUNT).ok_or("the table of functions is cut")?;
        let mut slots = Slots { kept: Vec::new(), taken: Vec::new() };
        for (number, entry) in entries.chunks_exact_mut(ENTRY).enumerate() {
            let slot = u32::from_le_bytes(entry.try_into().expect("four bytes"));
            if called.contains(&(number as u16)) {
                slots.kept.push(slot);
            } else {
                entry.fill(0);
                slots.taken.push(slot);
            }
        }
        if found.replace(slots).is_some() {
            return Err("two tables of functions".into());
        }
    }
    found.ok_or_else(|| "no table of functions".into())
}

/// What each place of the function table holds.
fn table_code(module: &Module) -> BTreeMap<u32, FunctionId> {
    let mut code = BTreeMap::new();
    for element in module.elements.iter() {
        let ElementKind::Active { offset: ConstExpr::Value(Value::I32(offset)), .. } = element.kind else { continue };
        let ElementItems::Functions(functions) = &element.items else { continue };
        code.extend(functions.iter().enumerate().map(|(index, function)| (offset as u32 + index as u32, *function)));
    }
    code
}

fn trap(module: &mut Module, function: FunctionId) {
    let FunctionKind::Local(local) = &module.funcs.get(function).kind else { return };
    let (params, results) = module.types.params_results(local.ty());
    let (params, results) = (params.to_vec(), results.to_vec());
    let args = params.iter().map(|param| module.locals.add(*param)).collect();
    let mut body = FunctionBuilder::new(&mut module.types, &params, &results);
    body.func_body().unreachable();
    module.funcs.get_mut(function).kind = FunctionKind::Local(body.local_func(args));
}
