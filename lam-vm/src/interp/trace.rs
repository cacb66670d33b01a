//! Stack traces: saved raw when raised, made into terms when somebody asks.
//!
//! ```text
//! TRACE  [class][first: {M, F, Args} or []][info: [] | {bif, Cause | none} | error_info map][given: list, or no list yet = 0]
//!        [code address, 8-aligned] …
//! ```
//! Code addresses read as smalls, so the collector walks the box like any other. A return address stands for the call before it, so
//! places are looked up one word lower.

use super::Scheduler;
use super::raise::Info;
use crate::atom::{Atom, am};
use crate::heap::Heap;
use crate::term::Term;
use crate::term::word::{self, NIL, TAG_HEADER, kind};

const FIXED_WORDS: usize = 4;

/// Saves the trace of an exception raised at `pc`.
///
/// `first`: a frame before all. `at`: the address that stands for the current function (`pc` when `None`). `skip_current`: the
/// current function is `first` itself or not on the stack, so the next frame is the caller's.
pub unsafe fn save(
    s: &mut Scheduler,
    class: Atom,
    first: Option<Term<'_>>,
    info: Info<'_>,
    at: Option<u64>,
    skip_current: bool,
) -> u64 {
    // SAFETY: at an instruction.
    unsafe {
        let mut depth = s.system().backtrace_depth();
        if first.is_some() {
            depth = depth.saturating_sub(1);
        }
        let mut addresses = Vec::with_capacity(depth);
        let current = at.unwrap_or(s.pc as usize as u64);
        // Stubs of entries lie in no function.
        if !skip_current && s.system().code.locate(current).is_some() {
            addresses.push(current + 8);
        }
        collect_addresses(s, &mut addresses, depth);
        let mut heap = s.heap();
        let info = match info {
            Info::None => Term::NIL,
            Info::Bif(cause) => {
                let cause = cause.map_or(Term::atom(am::NONE), |cause| Term::from_word(cause.word()));
                heap.tuple(&[Term::atom(am::LAM_HOST), cause])
            }
            Info::Given(map) => Term::from_word(map.word()),
        };
        let first = first.map_or(NIL, |first| first.word());
        let at = if skip_current { at } else { None };
        new_trace(&mut heap, class, first, info.word(), at.unwrap_or(0), &addresses)
    }
}

fn new_trace(heap: &mut Heap<'_>, class: Atom, first: u64, info: u64, first_address: u64, addresses: &[u64]) -> u64 {
    let mut words = vec![class.word(), first, info, word::small((first_address >> 3) as i64)];
    words.extend_from_slice(addresses);
    heap.boxed(word::header(kind::TRACE, words.len()), &words).word()
}

/// Return addresses up the stack, without repetitions in a row, as OTP has it.
unsafe fn collect_addresses(s: &mut Scheduler, addresses: &mut Vec<u64>, depth: usize) {
    // SAFETY: the stack is between stop and end.
    unsafe {
        let heap = &s.process().heap;
        let (mut at, end) = (heap.stop, heap.end);
        let mut previous = addresses.last().copied().unwrap_or(0);
        while at < end && addresses.len() < depth {
            let word = *at;
            if word & word::TAG_MASK == TAG_HEADER {
                let address = word & !7;
                if address != previous {
                    addresses.push(address);
                    previous = address;
                }
            }
            at = at.add(1);
        }
    }
}

/// `erlang:raise/3`: the list given is the trace.
pub unsafe fn given(s: &mut Scheduler, class: Atom, stacktrace: Term<'_>) -> u64 {
    // SAFETY: at an instruction.
    unsafe {
        let mut heap = s.heap();
        let words = [class.word(), NIL, NIL, stacktrace.word()];
        heap.boxed(word::header(kind::TRACE, FIXED_WORDS), &words).word()
    }
}

/// The trace of `erlang:error(Reason, Args, Options)`: the caller's frame shows `args` where they are a list.
pub unsafe fn save_with_args(s: &mut Scheduler, args: Term<'_>, info: Info<'_>) -> u64 {
    // SAFETY: at an instruction.
    unsafe {
        let class = am::ERROR;
        if !args.is_list() {
            return match info {
                Info::None => save(s, class, None, info, None, false),
                _ => first_of_current(s, class, None, info),
            };
        }
        first_of_current(s, class, Some(args), info)
    }
}

/// The current function's own frame becomes `first`, with these arguments (or its arity).
unsafe fn first_of_current(s: &mut Scheduler, class: Atom, args: Option<Term<'_>>, info: Info<'_>) -> u64 {
    // SAFETY: at an instruction.
    unsafe {
        let mut at = s.pc as usize as u64;
        if s.system().code.locate(at).is_none() {
            // Called through an entry: the caller's return word lies on top of the stack, and stands for it once.
            let top = s.process().heap.stop;
            at = (*top & !7) - 8;
            // The frame that is looked at from now on is the caller's.
            s.pc = at as usize as *const u64;
            let heap = &mut s.process().heap;
            if heap.stop.add(1) < heap.end {
                heap.stop = heap.stop.add(1);
            }
        }
        let place = s.system().code.locate(at);
        let mut heap = s.heap();
        let first = place.map(|place| {
            let args = args
                .map_or_else(|| Term::small(place.arity as i64).expect("an arity is small"), |args| Term::from_word(args.word()));
            heap.tuple(&[Term::atom(place.module), Term::atom(place.function), args])
        });
        save(s, class, first, info, Some(at), true)
    }
}

fn parts<'c>(trace: Term<'c>) -> Option<&'c [Term<'c>]> {
    trace.trace_words()
}

/// The class of a raw trace; `None` for anything else.
pub fn class_of(trace: Term<'_>) -> Option<Atom> {
    parts(trace).map(|words| words[0].as_atom().unwrap_or(am::ERROR))
}

/// The trace in x(2) of `raw_raise`, with the class that is raised now; a list (or anything else) is taken as given.
pub unsafe fn with_class(s: &mut Scheduler, class: Atom) -> u64 {
    // SAFETY: x(2) is live.
    unsafe {
        let trace: Term<'_> = Term::from_word(s.x[2]);
        match parts(trace) {
            Some(words) => {
                let mut words: Vec<u64> = words.iter().map(|word| word.word()).collect();
                words[0] = class.word();
                s.heap().boxed(word::header(kind::TRACE, words.len()), &words).word()
            }
            None => given(s, class, trace),
        }
    }
}

/// The trace as a list of `{M, F, Arity | Args, Location}`.
pub unsafe fn build<'c>(s: &mut Scheduler, trace: u64) -> Term<'c> {
    // SAFETY: the trace is live and nothing collects here.
    unsafe {
        let trace: Term<'c> = Term::from_word(trace);
        let Some(words) = parts(trace) else {
            return if trace.is_list() { trace } else { Term::NIL };
        };
        if words[3].is_list() {
            return words[3];
        }
        let mut heap = s.heap();
        let mut frames = Vec::new();
        if let Some([module, function, args]) = words[1].as_tuple_of() {
            let address = (words[3].as_small().unwrap_or(0) as u64) << 3;
            let mut location = Vec::new();
            if address != 0 {
                push_location(s, &mut heap, address, &mut location);
            }
            if let Some(info) = info_term(&mut heap, words[2], module) {
                let pair = heap.tuple(&[Term::atom(am::ERROR_INFO), info]);
                location.push(pair);
            }
            let location = heap.list(&location);
            let frame = heap.tuple(&[module, function, args, location]);
            frames.push(frame);
        }
        for address in &words[FIXED_WORDS..] {
            let address = address.word() - 8;
            let Some(place) = s.system().code.locate(address) else { continue };
            let mut location = Vec::new();
            push_location(s, &mut heap, address, &mut location);
            let location = heap.list(&location);
            let arity = Term::small(place.arity as i64).expect("an arity is small");
            let frame = heap.tuple(&[Term::atom(place.module), Term::atom(place.function), arity, location]);
            frames.push(frame);
        }
        heap.list(&frames)
    }
}

unsafe fn push_location<'c>(s: &Scheduler, heap: &mut Heap<'c>, address: u64, location: &mut Vec<Term<'c>>) {
    if let Some((file, line)) = s.system().code.locate(address).and_then(|place| place.line) {
        // SAFETY: file names are literals.
        let file = unsafe { Term::from_word(file) };
        let file = heap.tuple(&[Term::atom(am::FILE), file]);
        let line = Term::small(i64::from(line)).expect("a line is small");
        let line = heap.tuple(&[Term::atom(am::LINE), line]);
        location.extend([file, line]);
    }
}

/// The `error_info` map that goes with the first frame.
fn info_term<'c>(heap: &mut Heap<'c>, info: Term<'c>, module: Term<'c>) -> Option<Term<'c>> {
    if info.is_map() {
        return Some(info);
    }
    let [_, cause] = info.as_tuple_of()?;
    let formatter = formatter_of(module.as_atom()?)?;
    let mut pairs = vec![(Term::atom(am::MODULE), Term::atom(formatter))];
    if !cause.is_atom(am::NONE) {
        pairs.push((Term::atom(am::CAUSE), cause));
    }
    Some(heap.map_from_pairs(&pairs))
}

/// The module whose `format_error/2` explains errors of BIFs of `module`.
fn formatter_of(module: Atom) -> Option<Atom> {
    Some(match module.text() {
        "records" => return None,
        "erlang" | "persistent_term" | "atomics" | "counters" | "erts_internal" | "erts_debug" => am::ERL_ERTS_ERRORS,
        "os" | "code" | "erl_ddll" => am::ERL_KERNEL_ERRORS,
        _ => am::ERL_STDLIB_ERRORS,
    })
}

/// The `error_info` among the options of `erlang:error/3`.
pub fn option_error_info(options: Term<'_>) -> Option<Term<'_>> {
    options.iter_list().find_map(|option| {
        let [key, value] = option.as_tuple_of()?;
        key.is_atom(am::ERROR_INFO).then_some(value)
    })
}
