//! The interpreter: two dispatchers over one table of instructions (`isa::specific`).
//!
//! An instruction word is `op:16 a:16 b:16 c:16`, extension words follow. A slot names a register by byte offset: X registers from
//! the start of `Scheduler` (even), Y registers from E (bit 0 set).
//!
//! Hot state lives in machine registers (`Machine`): pc, E, H, reductions. A *fast* body works on those alone; a *slow* body is
//! entered with everything stored in `Scheduler` and the process. Whatever ends a run of instructions (collection, yielding,
//! waiting, the end of the process) is an `Exit` to the driver in `sched/`, which is the only place that collects or schedules.
//!
//! An instruction checks everything before its first side effect, so that it can run again after a collection.

mod arith;
mod bif;
mod bs_build;
mod bs_bytes;
mod bs_match;
mod bs_put;
mod bs_room;
mod calls;
pub mod coverage;
mod data;
mod dispatch;
mod floats;
mod funs;
pub mod harness;
mod maps;
mod moves;
pub(crate) mod raise;
mod receive;
mod records;
mod select;
mod tests;
pub(crate) mod trace;

pub use bs_room::UnderConstruction;
pub use dispatch::{DISPATCHER, LENGTHS, run, run_with_match, run_with_tail_calls};

use crate::heap::Heap;
use crate::isa::{F_COUNT, SCRATCH_COUNT, X_COUNT};
use crate::process::{Process, STACK_RESERVE_WORDS};
use crate::system::System;
use crate::term::Term;

/// What a running process has besides its own block. X first, so that a slot is an offset from the start.
#[repr(C)]
pub struct Scheduler {
    pub x: [u64; X_COUNT + SCRATCH_COUNT],
    pub process: *mut Process,
    /// Instruction under way, stored by slow paths and exits.
    pub pc: *const u64,
    /// Reductions left in this slice, stored likewise.
    pub reductions: i64,
    /// Live X registers at an exit; words wanted by a collection.
    pub live: usize,
    pub need: usize,
    pub system: *const System,
    pub f: [f64; F_COUNT],
    /// What an exit tells the driver besides its code.
    pub outcome: Outcome,
    /// The bitstring that `bs_put` instructions write to; forgotten at every exit.
    pub building: UnderConstruction,
}

/// Why a run of instructions ended; the number that dispatch returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Exit {
    /// Collect `need` words with `live` X registers, then run `pc` again.
    Collect = 1,
    /// Time slice used up; go on at `pc` with `live` X registers.
    Yield = 2,
    /// Wait for a message or the timer of the receive; go on at `pc`.
    Wait = 3,
    /// The process ended; `outcome` says how.
    Died = 4,
    /// The machine ends; `outcome` has the code.
    Halt = 5,
}

/// Details of an exit.
#[derive(Debug, Clone, Copy)]
pub enum Outcome {
    None,
    /// Uncaught exception: words of class, reason and trace.
    Uncaught {
        class: u64,
        reason: u64,
        trace: u64,
    },
    /// The first function returned, or the process took an exit signal on itself.
    Finished {
        reason: u64,
    },
    Halt(i32),
    /// A full collection is wanted.
    FullCollect,
}

/// How a fast body ends.
#[derive(Clone, Copy)]
pub enum Step {
    /// The next instruction in line.
    Next,
    /// `pc` is set.
    Jump,
    /// Store everything, run this, go on.
    Slow(SlowBody),
}

/// How a slow body ends.
#[derive(Clone, Copy)]
pub enum Control {
    Next,
    Jump,
    Exit(Exit),
}

pub type SlowBody = unsafe fn(&mut Scheduler) -> Control;

/// The state that dispatch keeps in machine registers.
pub struct Machine {
    pub pc: *const u64,
    pub s: *mut Scheduler,
    pub e: *mut u64,
    pub h: *mut u64,
    pub r: i64,
}

/// Kinds of slots, for bodies made for one of them.
pub const ANY: u8 = 0;
pub const X: u8 = 1;
pub const Y: u8 = 2;

#[inline(always)]
pub const fn slot_a(w: u64) -> usize {
    (w >> 16) as u16 as usize
}
#[inline(always)]
pub const fn slot_b(w: u64) -> usize {
    (w >> 32) as u16 as usize
}
#[inline(always)]
pub const fn slot_c(w: u64) -> usize {
    (w >> 48) as usize
}
/// Short jump offset in words, in slot c.
#[inline(always)]
pub const fn jump_c(w: u64) -> isize {
    (w as i64 >> 48) as isize
}
/// Long jump offset in words, in slots b and c.
#[inline(always)]
pub const fn jump_bc(w: u64) -> isize {
    (w as i64 >> 32) as isize
}
/// Offset of slot `index` of a list of slots packed four a word from `words`.
///
/// # Safety
/// The list holds at least `index + 1` slots.
#[inline(always)]
pub unsafe fn packed_slot(words: *const u64, index: usize) -> usize {
    // SAFETY: the emitter packed at least that many; little-endian hosts only.
    unsafe { *words.cast::<u16>().add(index) as usize }
}

// The bodies' common ground: reading and writing registers. All of it is unsafe in the same way: code words come from the
// loader, which checked slots and frame sizes, and the words in registers are valid terms.
#[allow(clippy::missing_safety_doc)]
impl Machine {
    #[inline(always)]
    fn place<const K: u8>(&self, slot: usize) -> *mut u64 {
        let base = match K {
            X => self.s.cast::<u8>(),
            Y => self.e.cast::<u8>().wrapping_sub(1),
            _ => {
                if slot & 1 == 0 {
                    self.s.cast::<u8>()
                } else {
                    self.e.cast::<u8>().wrapping_sub(1)
                }
            }
        };
        base.wrapping_add(slot).cast()
    }
    #[inline(always)]
    pub unsafe fn get<const K: u8>(&self, slot: usize) -> u64 {
        // SAFETY: the loader checked the slot.
        unsafe { *self.place::<K>(slot) }
    }
    #[inline(always)]
    pub unsafe fn set<const K: u8>(&mut self, slot: usize, value: u64) {
        // SAFETY: the loader checked the slot.
        unsafe { *self.place::<K>(slot) = value }
    }
    #[inline(always)]
    pub unsafe fn x(&self, index: usize) -> u64 {
        // SAFETY: X registers come first in the scheduler; callers name live ones.
        unsafe { *self.s.cast::<u64>().add(index) }
    }
    #[inline(always)]
    pub unsafe fn set_x(&mut self, index: usize, value: u64) {
        // SAFETY: as `x`.
        unsafe { *self.s.cast::<u64>().add(index) = value }
    }
    /// Extension word `index` (from 1) of this instruction.
    #[inline(always)]
    pub unsafe fn ext(&self, index: usize) -> u64 {
        // SAFETY: the emitter wrote as many as the instruction has.
        unsafe { *self.pc.add(index) }
    }
    #[inline(always)]
    pub fn jump(&mut self, words: isize) -> Step {
        self.pc = self.pc.wrapping_offset(words);
        Step::Jump
    }
    /// Whether `words` fit between heap and stack, with the reserve.
    #[inline(always)]
    pub fn has_room(&self, words: usize) -> bool {
        // SAFETY: the scheduler runs a process.
        if cfg!(feature = "gc_zeal") && unsafe { (*(*self.s).process).heap.zeal_denies_room() } {
            return false;
        }
        (self.e as usize).wrapping_sub(self.h as usize) as isize >= (8 * (words + STACK_RESERVE_WORDS)) as isize
    }
    /// Leaves to the driver for a collection; the instruction runs again afterwards.
    #[inline(always)]
    pub unsafe fn collect(&mut self, need: usize, live: usize) -> Step {
        // SAFETY: `s` is the running scheduler.
        unsafe {
            (*self.s).need = need;
            (*self.s).live = live;
        }
        Step::Slow(exit_collect)
    }
}

unsafe fn exit_collect(_: &mut Scheduler) -> Control {
    Control::Exit(Exit::Collect)
}

/// Leaves to the driver at `pc`, with `live` set: the time slice is used up.
pub(crate) unsafe fn exit_yield(_: &mut Scheduler) -> Control {
    Control::Exit(Exit::Yield)
}

#[allow(clippy::missing_safety_doc)]
impl Scheduler {
    #[inline(always)]
    pub fn process(&mut self) -> &mut Process {
        // SAFETY: the driver sets the process before it runs instructions, and it stays alive while they run.
        unsafe { &mut *self.process }
    }
    #[inline(always)]
    pub fn system(&self) -> &'static System {
        // SAFETY: a machine's system outlives its schedulers; the driver drops them first.
        unsafe { &*self.system }
    }
    #[inline(always)]
    fn place(&mut self, slot: usize) -> *mut u64 {
        if slot & 1 == 0 {
            (&raw mut self.x).cast::<u8>().wrapping_add(slot).cast()
        } else {
            self.process().heap.stop.cast::<u8>().wrapping_add(slot - 1).cast()
        }
    }
    #[inline(always)]
    pub unsafe fn get(&mut self, slot: usize) -> u64 {
        // SAFETY: the loader checked the slot.
        unsafe { *self.place(slot) }
    }
    #[inline(always)]
    pub unsafe fn set(&mut self, slot: usize, value: u64) {
        // SAFETY: the loader checked the slot.
        unsafe { *self.place(slot) = value }
    }
    /// The term in a slot, for as long as nothing collects.
    pub unsafe fn term<'c>(&mut self, slot: usize) -> Term<'c> {
        // SAFETY: registers hold valid terms; the caller keeps 'c within this instruction.
        unsafe { Term::from_word(self.get(slot)) }
    }
    /// The instruction word under way.
    #[inline(always)]
    pub unsafe fn word(&self) -> u64 {
        // SAFETY: pc is at an instruction.
        unsafe { *self.pc }
    }
    #[inline(always)]
    pub unsafe fn ext(&self, index: usize) -> u64 {
        // SAFETY: the emitter wrote as many as the instruction has.
        unsafe { *self.pc.add(index) }
    }
    pub fn jump(&mut self, words: isize) -> Control {
        self.pc = self.pc.wrapping_offset(words);
        Control::Jump
    }
    /// The process's heap, for building within this instruction; what does not fit goes to a fragment.
    pub unsafe fn heap<'c>(&mut self) -> Heap<'c> {
        let process = self.process;
        // SAFETY: the process is ours while it runs; the caller keeps 'c within this instruction.
        unsafe {
            (*process).heap.sync_limit();
            Heap::of(&mut (*process).heap.alloc)
        }
    }
    /// Whether `words` fit between heap and stack, with the reserve.
    pub fn has_room(&mut self, words: usize) -> bool {
        let heap = &mut self.process().heap;
        if heap.zeal_denies_room() {
            return false;
        }
        (heap.stop as usize).wrapping_sub(heap.alloc.top as usize) as isize >= (8 * (words + STACK_RESERVE_WORDS)) as isize
    }
    pub fn collect(&mut self, need: usize, live: usize) -> Control {
        self.need = need;
        self.live = live;
        Control::Exit(Exit::Collect)
    }
}

static FINISH: [u64; 1] = [crate::isa::specific::number::Finish as u64];
static APPLY_LIST: [u64; 1] = [crate::isa::specific::number::ApplyList as u64];

/// The instruction at the bottom of every stack.
pub fn finish_address() -> *const u64 {
    FINISH.as_ptr()
}
/// An instruction that applies x(0):x(1) to the list in x(2), as a tail call.
pub fn apply_entry() -> *const u64 {
    APPLY_LIST.as_ptr()
}
