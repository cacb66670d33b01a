//! Instructions that are one of ours: operators, and tests of a term's type.

use crate::isa::generic::op;
use crate::isa::specific::number;

/// The instruction of an operator of `erlang`.
pub(super) fn arithmetic(function: &str) -> Option<u16> {
    Some(match function {
        "+" => number::Add,
        "-" => number::Subtract,
        "*" => number::Multiply,
        "div" => number::IntDiv,
        "rem" => number::Rem,
        "band" => number::Band,
        "bor" => number::Bor,
        "bxor" => number::Bxor,
        "bsl" => number::Bsl,
        "bsr" => number::Bsr,
        _ => return None,
    })
}
/// The instruction of a type test.
pub(super) fn type_test(opcode: u8) -> Option<u16> {
    Some(match opcode {
        op::IS_INTEGER => number::IsInteger,
        op::IS_FLOAT => number::IsFloat,
        op::IS_NUMBER => number::IsNumber,
        op::IS_ATOM => number::IsAtom,
        op::IS_PID => number::IsPid,
        op::IS_REFERENCE => number::IsReference,
        op::IS_PORT => number::IsPort,
        op::IS_NIL => number::IsNil,
        op::IS_BINARY => number::IsBinary,
        op::IS_LIST => number::IsList,
        op::IS_NONEMPTY_LIST => number::IsNonemptyList,
        op::IS_TUPLE => number::IsTuple,
        op::IS_FUNCTION => number::IsFunction,
        op::IS_BOOLEAN => number::IsBoolean,
        op::IS_BITSTR => number::IsBitstring,
        op::IS_MAP => number::IsMap,
        op::IS_ANY_NATIVE_RECORD => number::IsAnyNativeRecord,
        _ => return None,
    })
}
