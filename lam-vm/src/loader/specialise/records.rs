//! Instructions on native records (OTP 29). All look at what they are given, so none has a twin.

use crate::isa::generic::op;
use crate::isa::specific::number;
use crate::loader::ir::Arg;
use crate::loader::specialise::{Transformer, label};

pub(super) fn emit(t: &mut Transformer<'_>, opcode: u8, args: &[Arg]) {
    let fail = label(args[0]);
    match opcode {
        // fail, source, module, name
        op::IS_NATIVE_RECORD => packed(t, number::IsNativeRecord, [args[1], args[1]], fail, &args[2..4]),
        // fail, source, scope: and the module under way
        op::IS_RECORD_ACCESSIBLE => packed(t, number::IsRecordAccessible, [args[1], args[1]], fail, &[args[2], Arg::Atom(0)]),
        op::GET_RECORD_ELEMENTS => {
            let list = t.file.code.list_of(args[2]);
            packed(t, number::GetRecordElements, [args[1], args[1]], fail, list);
        }
        // fail, id, source, destination, live, fields
        op::PUT_RECORD => {
            let list = t.file.code.list_of(args[5]);
            match args[2] {
                Arg::Nil => {
                    let operands: Vec<Arg> = [template(t, args[1])].iter().chain(list).copied().collect();
                    packed(t, number::CreateRecord, [args[3], args[3]], fail, &operands);
                }
                _ => packed(t, number::UpdateNativeRecord, [args[2], args[3]], fail, list),
            }
        }
        // fail, source, id, field, destination
        _ => packed(t, number::GetRecordField, [args[1], args[4]], fail, &args[2..4]),
    }
}

fn packed(t: &mut Transformer<'_>, number: u16, slots: [Arg; 2], fail: u32, operands: &[Arg]) {
    let first = t.source(slots[0]);
    let second = if slots[1].reg().is_some() { t.slot(slots[1]) } else { 0 };
    let (packed, constants) = t.packed(operands);
    t.out.op(number, [first, second, 0]);
    t.out.fail_word(fail, operands.len() as u32);
    t.out.packed(&packed, &constants);
}

/// What a record of this module is made from; the name itself where nothing declares it.
fn template(t: &Transformer<'_>, id: Arg) -> Arg {
    let Arg::Atom(name) = id else { return id };
    let declared = t.file.records.iter().find(|record| t.file.atom(record.name) == t.file.atom(name));
    declared.map_or(id, |record| Arg::Literal(record.template))
}
