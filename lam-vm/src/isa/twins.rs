//! The checked twins: what is executed where the loader did not prove what an instruction trusts.
//!
//! Each stands in the instruction's place, or before it (`BsCheckContext`). What the others trust stands at the top of `loader/check`.
//! `lam-cli/tests/twins.rs` sees that the list is whole.

use crate::isa::generic::op;
use crate::isa::specific::number;

/// A generic instruction and its twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twin {
    pub opcode: u8,
    /// Number of the specific instruction.
    pub row: u16,
    /// Whether it raises `badarg` where the trust was misplaced; else it does the same work without the trust.
    pub can_fail: bool,
}

const fn raises(opcode: u8, row: u16) -> Twin {
    Twin { opcode, row, can_fail: true }
}

const fn works(opcode: u8, row: u16) -> Twin {
    Twin { opcode, row, can_fail: false }
}

/// All of them.
pub const TWINS: &[Twin] = &[
    works(op::ALLOCATE, number::AllocateZero),
    works(op::ALLOCATE_HEAP, number::AllocateZero),
    works(op::PUT_LIST, number::PutListChecked),
    works(op::PUT_TUPLE2, number::PutTupleChecked),
    works(op::FMOVE, number::FloatStoreChecked),
    raises(op::GET_LIST, number::GetListChecked),
    raises(op::GET_HD, number::GetListChecked),
    raises(op::GET_TL, number::GetListChecked),
    raises(op::GET_TUPLE_ELEMENT, number::GetTupleElementChecked),
    raises(op::SET_TUPLE_ELEMENT, number::SetTupleElementChecked),
    raises(op::TRY_CASE, number::TryCaseChecked),
    raises(op::BS_START_MATCH4, number::BsStartMatch),
    raises(op::BS_GET_INTEGER2, number::BsCheckContext),
    raises(op::BS_GET_FLOAT2, number::BsCheckContext),
    raises(op::BS_GET_BINARY2, number::BsCheckContext),
    raises(op::BS_GET_UTF8, number::BsCheckContext),
    raises(op::BS_GET_UTF16, number::BsCheckContext),
    raises(op::BS_GET_UTF32, number::BsCheckContext),
    raises(op::BS_SKIP_UTF8, number::BsCheckContext),
    raises(op::BS_SKIP_UTF16, number::BsCheckContext),
    raises(op::BS_SKIP_UTF32, number::BsCheckContext),
    raises(op::BS_SKIP_BITS2, number::BsCheckContext),
    raises(op::BS_TEST_TAIL2, number::BsCheckContext),
    raises(op::BS_TEST_UNIT, number::BsCheckContext),
    raises(op::BS_MATCH_STRING, number::BsCheckContext),
    raises(op::BS_GET_TAIL, number::BsCheckContext),
    raises(op::BS_GET_POSITION, number::BsCheckContext),
    raises(op::BS_SET_POSITION, number::BsCheckContext),
    raises(op::BS_MATCH, number::BsCheckContext),
];
