//! Loops inside a function. Erlang has none but those of `receive`: whatever else goes round does so by calls, which count reductions. So
//! code that goes round by jumps, falls or handlers alone is no compiler's, would never let go of its scheduler, and is refused.

use crate::isa::generic::op;
use crate::loader::check::Facts;
use crate::loader::ir::{Arg, Code, Op};

/// Ways through the blocks of a module that cost no reduction.
#[derive(Default)]
pub struct Ways {
    /// From a block to another, sorted when all are there.
    edges: Vec<(u32, u32)>,
}

impl Ways {
    /// All but those by which one block falls into the next.
    pub fn of(code: &Code, facts: &Facts, blocks: impl Iterator<Item = (u32, u32)>, block_of_label: &[u32]) -> Ways {
        let mut ways = Ways::default();
        for (block, (first_op, end_op)) in (0..).zip(blocks) {
            for op_index in first_op..end_op {
                let op = code.ops[op_index as usize];
                if !facts.is_reached(op_index as usize) || !jumps_freely(op) {
                    continue;
                }
                let args = code.args(op);
                let listed = args.iter().flat_map(|arg| code.list_of(*arg));
                let targets = args.iter().chain(listed).filter_map(|arg: &Arg| arg.label());
                ways.edges.extend(targets.map(|label| (block, block_of_label[label as usize])));
            }
        }
        ways
    }

    pub fn add(&mut self, from: u32, to: u32) {
        self.edges.push((from, to));
    }

    /// A block that leads to itself, where there is one.
    pub fn loop_at(mut self) -> Option<u32> {
        if self.edges.iter().all(|(from, to)| from < to) {
            return None;
        }
        self.edges.sort_unstable();
        self.edges.dedup();
        let edges = &self.edges;
        let first_of = |block: u32| edges.partition_point(|(from, _)| *from < block);
        let blocks = edges.iter().map(|(from, to)| from.max(to) + 1).max().unwrap_or(0) as usize;
        // 0: not seen, 1: on the way here, 2: leads to no loop.
        let mut colours = vec![0u8; blocks];
        let mut path: Vec<(u32, usize)> = Vec::new();
        for root in 0..blocks as u32 {
            if colours[root as usize] == 0 {
                colours[root as usize] = 1;
                path.push((root, first_of(root)));
            }
            while let Some((block, next)) = path.last_mut() {
                let Some((_, to)) = edges.get(*next).filter(|(from, _)| from == block) else {
                    colours[*block as usize] = 2;
                    path.pop();
                    continue;
                };
                *next += 1;
                match colours[*to as usize] {
                    0 => {
                        colours[*to as usize] = 1;
                        path.push((*to, first_of(*to)));
                    }
                    1 => return Some(*to),
                    _ => {}
                }
            }
        }
        None
    }
}

/// Calls count reductions where they arrive, `loop_rec_end` counts one, waiting hands over; markers of `receive` jump nowhere.
fn jumps_freely(op: Op) -> bool {
    !matches!(
        op.opcode,
        op::LABEL
            | op::CALL
            | op::CALL_LAST
            | op::CALL_ONLY
            | op::LOOP_REC_END
            | op::WAIT
            | op::WAIT_TIMEOUT
            | op::RECV_MARK
            | op::RECV_SET
    )
}
