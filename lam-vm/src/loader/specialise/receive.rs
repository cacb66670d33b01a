//! Receive instructions, generic to specific.

use crate::isa::generic::op;
use crate::isa::specific::number;
use crate::loader::ir::{Arg, Op};
use crate::loader::specialise::{Transformer, label};

impl Transformer<'_> {
    /// Emits a receive instruction; false for any other.
    pub(crate) fn receive(&mut self, op: Op, args: &[Arg]) -> bool {
        match op.opcode {
            op::LOOP_REC => {
                let dst = self.slot(args[1]);
                self.out.op_long(number::LoopRec, dst, label(args[0]));
            }
            op::LOOP_REC_END => self.out.op_long(number::LoopRecEnd, 0, label(args[0])),
            op::REMOVE_MESSAGE => self.out.op(number::RemoveMessage, [0; 3]),
            op::WAIT => self.out.op_long(number::Wait, 0, label(args[0])),
            op::WAIT_TIMEOUT => {
                let timeout = self.source(args[1]);
                self.out.op_long(number::WaitTimeout, timeout, label(args[0]));
            }
            op::TIMEOUT => self.out.op(number::Timeout, [0; 3]),
            op::RECV_MARKER_RESERVE => {
                let marker = self.slot(args[0]);
                self.out.op(number::RecvMarkerReserve, [marker, 0, 0]);
            }
            op::RECV_MARKER_BIND => {
                let slots = [self.slot(args[0]), self.slot(args[1]), 0];
                self.out.op(number::RecvMarkerBind, slots);
            }
            op::RECV_MARKER_CLEAR => {
                let reference = self.slot(args[0]);
                self.out.op(number::RecvMarkerClear, [reference, 0, 0]);
            }
            op::RECV_MARKER_USE => {
                let reference = self.slot(args[0]);
                self.out.op(number::RecvMarkerUse, [reference, 0, 0]);
            }
            // OTP 22 and 23: a mark made before a request and set before its receive; an old mailbox is scanned instead.
            op::RECV_MARK | op::RECV_SET => {}
            _ => return false,
        }
        true
    }
}
