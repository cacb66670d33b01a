//! Run queues: pids that wait for a scheduler, by priority.
//!
//! As OTP has it: *max* goes before *high* before the rest; of *normal* and *low* one in eight turns is low's.

use std::collections::VecDeque;

use super::Priority;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};

const LOW_TURN: u32 = 8;

#[derive(Default)]
struct Queues {
    by_priority: [VecDeque<u64>; 4],
    normal_turns: u32,
}

/// The queues of one scheduler.
#[derive(Default)]
pub struct RunQueues {
    queues: Mutex<Queues>,
    count: AtomicUsize,
}

impl RunQueues {
    pub fn push(&self, pid: u64, priority: Priority) {
        let mut queues = self.queues.lock();
        queues.by_priority[priority as usize].push_back(pid);
        self.count.fetch_add(1, Ordering::Release);
    }
    pub fn pop(&self) -> Option<u64> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut queues = self.queues.lock();
        let pid = queues.pop()?;
        self.count.fetch_sub(1, Ordering::Release);
        Some(pid)
    }
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Queues {
    fn pop(&mut self) -> Option<u64> {
        for priority in [Priority::Max, Priority::High] {
            if let Some(pid) = self.by_priority[priority as usize].pop_front() {
                return Some(pid);
            }
        }
        self.normal_turns += 1;
        let order = if self.normal_turns.is_multiple_of(LOW_TURN) {
            [Priority::Low, Priority::Normal]
        } else {
            [Priority::Normal, Priority::Low]
        };
        order.into_iter().find_map(|priority| self.by_priority[priority as usize].pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn higher_goes_first_and_low_gets_its_turn() {
        let queues = RunQueues::default();
        for pid in 0..9 {
            queues.push(pid, Priority::Normal);
        }
        queues.push(100, Priority::Low);
        queues.push(200, Priority::Max);
        let order: Vec<u64> = core::iter::from_fn(|| queues.pop()).collect();
        assert_eq!(order, [200, 0, 1, 2, 3, 4, 5, 6, 100, 7, 8]);
        assert!(queues.is_empty());
    }
}
