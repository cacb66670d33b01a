//! The two dispatchers, made from one table.
//!
//! *Tail calls*: each instruction is a function of six register arguments that ends in a jump to the next; a slow path is a jump
//! to `slow`, so that no handler has a frame. That LLVM makes these jumps is not promised by the language: a test runs millions of
//! them on a small stack. *Match*: one loop over one `match`, for wasm, debug builds and sanitizers.

use super::{Control, Machine, Scheduler, SlowBody, Step};
use super::{
    arith, bif, bs_build, bs_bytes, bs_match, bs_put, calls, data, floats, funs, maps, moves, raise, receive, records, select,
    tests,
};
use crate::isa::specific::for_each_specific_op;

macro_rules! lengths {
    ($($(#[$doc:meta])* $speed:ident $name:ident $text:literal [$len:literal] ($format:literal) = $body:expr;)*) => {
        /// Words of each instruction; 0 for those whose length is in the instruction (they set `pc` themselves).
        pub static LENGTHS: &[u8] = &[$($len),*];
    };
}
for_each_specific_op!(lengths);

/// Stores the hot state where slow bodies look for it.
#[inline(always)]
unsafe fn store(m: &Machine) {
    // SAFETY: the scheduler runs its process now.
    unsafe {
        let s = &mut *m.s;
        s.pc = m.pc;
        s.reductions = m.r;
        let heap = &mut (*s.process).heap;
        heap.stop = m.e;
        heap.alloc.top = m.h;
    }
}

#[inline(always)]
unsafe fn load(s: *mut Scheduler) -> Machine {
    // SAFETY: as `store`.
    unsafe {
        let heap = &(*(*s).process).heap;
        Machine { pc: (*s).pc, s, e: heap.stop, h: heap.alloc.top, r: (*s).reductions }
    }
}

/// Runs a slow body with everything stored; `None` to go on, else the exit's number.
#[inline(always)]
unsafe fn run_slow(body: SlowBody, s: *mut Scheduler) -> Option<u64> {
    // SAFETY: `store` came first; the body leaves `pc` at an instruction.
    unsafe {
        let op = *(*s).pc as u16 as usize;
        match body(&mut *s) {
            Control::Next => (*s).pc = (*s).pc.add(LENGTHS[op] as usize),
            Control::Jump => {}
            Control::Exit(exit) => {
                (*s).building = super::UnderConstruction::NONE;
                return Some(exit as u64);
            }
        }
        None
    }
}

mod tail {
    use super::*;

    pub type Handler = unsafe extern "C" fn(*const u64, u64, *mut Scheduler, *mut u64, *mut u64, i64) -> u64;

    macro_rules! handlers {
        ($($(#[$doc:meta])* $speed:ident $name:ident $text:literal [$len:literal] ($format:literal) = $body:expr;)*) => {
            pub static HANDLERS: &[Handler] = &[$({
                unsafe extern "C" fn handler(pc: *const u64, w: u64, s: *mut Scheduler, e: *mut u64, h: *mut u64, r: i64) -> u64 {
                    handlers!(@$speed $body, $len, pc, w, s, e, h, r)
                }
                handler
            }),*];
        };
        (@fast $body:expr, $len:literal, $pc:ident, $w:ident, $s:ident, $e:ident, $h:ident, $r:ident) => {{
            let mut m = Machine { pc: $pc, s: $s, e: $e, h: $h, r: $r };
            // SAFETY: dispatch runs only code that the loader made, for the process of this scheduler.
            unsafe {
                match $body(&mut m, $w) {
                    Step::Next => next(m.pc.add($len), m.s, m.e, m.h, m.r),
                    Step::Jump => next(m.pc, m.s, m.e, m.h, m.r),
                    Step::Slow(body) => slow(m.pc, body as usize as u64, m.s, m.e, m.h, m.r),
                }
            }
        }};
        (@slow $body:expr, $len:literal, $pc:ident, $w:ident, $s:ident, $e:ident, $h:ident, $r:ident) => {{
            let _ = $w;
            let body: SlowBody = $body;
            // SAFETY: as above.
            unsafe { slow($pc, body as usize as u64, $s, $e, $h, $r) }
        }};
    }
    for_each_specific_op!(handlers);

    #[inline(always)]
    pub unsafe fn next(pc: *const u64, s: *mut Scheduler, e: *mut u64, h: *mut u64, r: i64) -> u64 {
        // SAFETY: the loader emits only numbers of the table.
        unsafe {
            let w = *pc;
            crate::interp::coverage::executed(pc, w);
            let handler = *HANDLERS.as_ptr().add(w as u16 as usize);
            handler(pc, w, s, e, h, r)
        }
    }

    /// Stores, runs a slow body (its address comes in `w`'s place), loads, goes on.
    #[cold]
    #[inline(never)]
    unsafe extern "C" fn slow(pc: *const u64, body: u64, s: *mut Scheduler, e: *mut u64, h: *mut u64, r: i64) -> u64 {
        // SAFETY: `body` is the address of a `SlowBody`; the rest as in the handlers.
        unsafe {
            let body: SlowBody = core::mem::transmute(body as usize);
            store(&Machine { pc, s, e, h, r });
            if let Some(exit) = run_slow(body, s) {
                return exit;
            }
            let m = load(s);
            next(m.pc, m.s, m.e, m.h, m.r)
        }
    }
}

/// Wasm has no tail calls that are fast, and code that is hardly optimised none at all.
const BY_MATCH: bool = cfg!(any(target_family = "wasm", debug_assertions));

/// The dispatcher of this build: `tail` or `loop`.
pub const DISPATCHER: &[u8; 4] = if BY_MATCH { b"loop" } else { b"tail" };

/// Runs the scheduler's process from its `pc` until an exit, whose number it returns, by the dispatcher of this build.
///
/// # Safety
/// As `run_with_tail_calls`.
pub unsafe fn run(s: *mut Scheduler) -> u64 {
    // SAFETY: promised by the caller.
    unsafe { if BY_MATCH { run_with_match(s) } else { run_with_tail_calls(s) } }
}

/// Runs the scheduler's process from its `pc` until an exit, whose number it returns (`Exit`), by tail-called handlers.
///
/// # Safety
/// `s` has a process with valid registers, and `pc` is at an instruction that the loader made.
pub unsafe fn run_with_tail_calls(s: *mut Scheduler) -> u64 {
    // SAFETY: promised by the caller.
    unsafe {
        let m = load(s);
        tail::next(m.pc, m.s, m.e, m.h, m.r)
    }
}

/// As `run_with_tail_calls`, by one `match`.
///
/// # Safety
/// As `run_with_tail_calls`.
pub unsafe fn run_with_match(s: *mut Scheduler) -> u64 {
    macro_rules! dispatch_loop {
        ($($(#[$doc:meta])* $speed:ident $name:ident $text:literal [$len:literal] ($format:literal) = $body:expr;)*) => {{
            use crate::isa::specific::number;
            // SAFETY: promised by the caller.
            let mut m = unsafe { load(s) };
            loop {
                // SAFETY: pc is at an instruction.
                let w = unsafe { *m.pc };
                crate::interp::coverage::executed(m.pc, w);
                // SAFETY: dispatch runs only code that the loader made, for the process of this scheduler.
                let body: SlowBody = unsafe {
                    match w as u16 {
                        $(number::$name => dispatch_loop!(@$speed $body, $len, m, w),)*
                        other => unreachable!("no instruction has number {other}"),
                    }
                };
                // SAFETY: as above.
                unsafe {
                    store(&m);
                    if let Some(exit) = run_slow(body, s) {
                        return exit;
                    }
                    m = load(s);
                }
            }
        }};
        (@fast $body:expr, $len:literal, $m:ident, $w:ident) => {
            match $body(&mut $m, $w) {
                Step::Next => { $m.pc = $m.pc.add($len); continue }
                Step::Jump => continue,
                Step::Slow(body) => body,
            }
        };
        (@slow $body:expr, $len:literal, $m:ident, $w:ident) => { $body };
    }
    for_each_specific_op!(dispatch_loop)
}
