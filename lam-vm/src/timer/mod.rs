//! A hierarchical timer wheel: setting and cancelling a timer costs the same however many there are.
//!
//! ```text
//! level 0   64 slots of 1 ms        a timer stands on the level of the highest base-64 digit in which its
//! level 1   64 slots of 64 ms       deadline differs from `elapsed`; within that level its digit is its slot
//! level 2   64 slots of 4096 ms …   level 10 reaches the last bits of a u64
//! ```
//!
//! Invariants: every timer on a level agrees with `elapsed` in all higher digits, so the lowest level that holds a timer
//! holds the earliest one; above level 0 its digit is greater than that of `elapsed`. Timers of one slot are in the order
//! they were set, and timers of one deadline share a slot at any time, so they fire in that order.
//!
//! Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987, in the form of tokio's `time/wheel`.

pub mod table;
#[cfg(test)]
mod tests;

pub use table::{Destination, Expired, Timers};

const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
const LEVELS: usize = 64usize.div_ceil(SLOT_BITS as usize);
/// No entry: the end of a list.
const NONE: u32 = u32::MAX;
/// `next_deadline` reads at most this many timers of a slot; of a longer one it tells the slot's begin.
const MAX_SCANNED: usize = 32;

/// Names a timer until it fires or is cancelled, and never another one after that (2^32 reuses of its slot aside).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimerHandle {
    index: u32,
    generation: u32,
}

impl TimerHandle {
    /// The handle in one word, for a term or a table.
    pub fn to_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    /// The handle behind a word of `to_bits`.
    pub fn from_bits(bits: u64) -> TimerHandle {
        TimerHandle { index: bits as u32, generation: (bits >> 32) as u32 }
    }
}

/// Timers with a payload each. Times are milliseconds of one clock that the caller chooses.
#[derive(Debug)]
pub struct TimerWheel<T> {
    /// Everything that was due before this has fired.
    elapsed_ms: u64,
    levels: Box<[Level; LEVELS]>,
    entries: Vec<Entry<T>>,
    first_free: u32,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    /// Bit i is set when slot i holds a timer.
    occupied: u64,
    slots: [List; SLOTS],
}

/// A doubly linked list through `entries`.
#[derive(Clone, Copy, Debug)]
struct List {
    first: u32,
    last: u32,
}

const EMPTY: List = List { first: NONE, last: NONE };

#[derive(Debug)]
struct Entry<T> {
    /// What was asked for; the past is kept as it was.
    deadline_ms: u64,
    /// What places it: the deadline, or `elapsed` when that was later.
    due_ms: u64,
    next: u32,
    previous: u32,
    generation: u32,
    level: u8,
    slot: u8,
    /// `None`: free, and `next` leads to the next free one.
    payload: Option<T>,
}

impl<T> TimerWheel<T> {
    /// A wheel at `now_ms`.
    pub fn new(now_ms: u64) -> Self {
        TimerWheel {
            elapsed_ms: now_ms,
            levels: Box::new([Level { occupied: 0, slots: [EMPTY; SLOTS] }; LEVELS]),
            entries: Vec::new(),
            first_free: NONE,
            count: 0,
        }
    }

    /// How many timers wait.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Sets a timer; one that is due already fires at the next `expire`. `None` when 2^32 - 1 of them wait.
    pub fn insert(&mut self, deadline_ms: u64, payload: T) -> Option<TimerHandle> {
        let index = self.take_free()?;
        let elapsed_ms = self.elapsed_ms;
        let entry = &mut self.entries[index as usize];
        entry.deadline_ms = deadline_ms;
        entry.due_ms = deadline_ms.max(elapsed_ms);
        entry.payload = Some(payload);
        let generation = entry.generation;
        self.count += 1;
        self.place(index);
        Some(TimerHandle { index, generation })
    }

    /// Takes a timer out before it fires; `None` when it has fired or was cancelled.
    pub fn cancel(&mut self, handle: TimerHandle) -> Option<T> {
        self.entry(handle)?;
        self.unlink(handle.index);
        Some(self.release(handle.index).1)
    }

    /// When a timer fires; `None` when it has fired or was cancelled.
    pub fn deadline(&self, handle: TimerHandle) -> Option<u64> {
        self.entry(handle).map(|entry| entry.deadline_ms)
    }

    /// The payload of a timer that still waits.
    pub fn get(&self, handle: TimerHandle) -> Option<&T> {
        self.entry(handle).and_then(|entry| entry.payload.as_ref())
    }

    /// When to look again: never after the earliest timer is due, and exactly then unless its slot is crowded, where
    /// the answer may be earlier (and `expire` then sorts the slot out). `None` when no timer waits.
    pub fn next_deadline(&self) -> Option<u64> {
        let (level, slot) = self.first_slot()?;
        let mut earliest = u64::MAX;
        let mut at = self.levels[level].slots[slot].first;
        for _ in 0..MAX_SCANNED {
            if at == NONE {
                return Some(earliest);
            }
            let entry = &self.entries[at as usize];
            earliest = earliest.min(entry.due_ms);
            at = entry.next;
        }
        Some(if at == NONE { earliest } else { self.slot_start(level, slot) })
    }

    /// Calls `fire` for every timer that is due at `now_ms`, the earliest first, with its deadline.
    pub fn expire(&mut self, now_ms: u64, mut fire: impl FnMut(u64, T)) {
        while let Some((deadline_ms, payload)) = self.pop_expired(now_ms) {
            fire(deadline_ms, payload);
        }
    }

    /// Takes the earliest timer that is due at `now_ms`, with its deadline. For callers that set timers in between.
    pub fn pop_expired(&mut self, now_ms: u64) -> Option<(u64, T)> {
        while let Some((level, slot)) = self.first_slot() {
            let start = self.slot_start(level, slot);
            if start > now_ms {
                break;
            }
            self.elapsed_ms = self.elapsed_ms.max(start);
            if level == 0 {
                let index = self.levels[0].slots[slot].first;
                self.unlink(index);
                return Some(self.release(index));
            }
            self.spread(level, slot);
        }
        self.elapsed_ms = self.elapsed_ms.max(now_ms);
        None
    }

    /// Moves the timers of a slot whose time has begun to lower levels, in their order.
    fn spread(&mut self, level: usize, slot: usize) {
        let mut at = std::mem::replace(&mut self.levels[level].slots[slot], EMPTY).first;
        self.levels[level].occupied &= !(1 << slot);
        while at != NONE {
            let next = self.entries[at as usize].next;
            self.place(at);
            at = next;
        }
    }

    /// The slot of the earliest timer.
    fn first_slot(&self) -> Option<(usize, usize)> {
        let level = self.levels.iter().position(|level| level.occupied != 0)?;
        Some((level, self.levels[level].occupied.trailing_zeros() as usize))
    }

    /// The first millisecond of a slot.
    fn slot_start(&self, level: usize, slot: usize) -> u64 {
        let shift = SLOT_BITS * level as u32;
        let above = shift + SLOT_BITS;
        let higher = if above >= u64::BITS { 0 } else { self.elapsed_ms >> above << above };
        higher | (slot as u64) << shift
    }

    /// Appends an entry to the slot that its due time has now.
    fn place(&mut self, index: u32) {
        let due_ms = self.entries[index as usize].due_ms;
        let differing = (due_ms ^ self.elapsed_ms) | 1;
        let level = (differing.ilog2() / SLOT_BITS) as usize;
        let slot = (due_ms >> (SLOT_BITS * level as u32)) as usize & (SLOTS - 1);
        let list = &mut self.levels[level].slots[slot];
        let previous = std::mem::replace(&mut list.last, index);
        if previous == NONE {
            list.first = index;
        } else {
            self.entries[previous as usize].next = index;
        }
        self.levels[level].occupied |= 1 << slot;
        let entry = &mut self.entries[index as usize];
        (entry.previous, entry.next, entry.level, entry.slot) = (previous, NONE, level as u8, slot as u8);
    }

    fn unlink(&mut self, index: u32) {
        let Entry { next, previous, level, slot, .. } = self.entries[index as usize];
        let level = &mut self.levels[usize::from(level)];
        let list = &mut level.slots[usize::from(slot)];
        if previous == NONE {
            list.first = next;
        } else {
            self.entries[previous as usize].next = next;
        }
        if next == NONE {
            list.last = previous;
        } else {
            self.entries[next as usize].previous = previous;
        }
        if list.first == NONE {
            level.occupied &= !(1 << slot);
        }
    }

    fn entry(&self, handle: TimerHandle) -> Option<&Entry<T>> {
        let entry = self.entries.get(handle.index as usize)?;
        (entry.generation == handle.generation && entry.payload.is_some()).then_some(entry)
    }

    fn take_free(&mut self) -> Option<u32> {
        if self.first_free != NONE {
            let index = self.first_free;
            self.first_free = self.entries[index as usize].next;
            return Some(index);
        }
        let index = u32::try_from(self.entries.len()).ok().filter(|index| *index != NONE)?;
        self.entries.push(Entry {
            deadline_ms: 0,
            due_ms: 0,
            next: NONE,
            previous: NONE,
            generation: 0,
            level: 0,
            slot: 0,
            payload: None,
        });
        Some(index)
    }

    fn release(&mut self, index: u32) -> (u64, T) {
        let entry = &mut self.entries[index as usize];
        let payload = entry.payload.take().expect("an entry in a slot has its payload");
        entry.generation = entry.generation.wrapping_add(1);
        entry.next = self.first_free;
        self.first_free = index;
        self.count -= 1;
        (entry.deadline_ms, payload)
    }
}
