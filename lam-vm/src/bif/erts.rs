//! Natives of the runtime system's own modules: `erts_internal`, `erts_debug`, and single ones of library modules.

use super::args::OrBadarg;
use super::{BifResult, Call, Stop, bifs};
use crate::atom::{self, am};
use crate::isa::specific::ROWS;
use crate::term::compare;
use crate::term::word::{self, kind};
use crate::term::{Map, Term, View, print};

bifs! { module "erts_internal";
    /// The text of `erlang:display/1`, whole (`undefined`) or cut after about so many bytes.
    [plain 27] "term_to_string"/2 = term_to_string, "erts/emulator/beam/bif.c";
    /// Exact order of two terms as -1, 0 or 1: an integer comes before an equal float.
    ///
    /// `erts_internal:cmp_term(1, 1.0)` => `-1`
    /// `erts_internal:cmp_term(b, a)` => `1`
    [plain] "cmp_term"/2 = cmp_term, "erts/emulator/beam/erl_bif_info.c";
    /// The kind of box or immediate that a term is.
    ///
    /// `erts_internal:term_type(1)` => `fixnum`
    /// `erts_internal:term_type([])` => `nil`
    /// `erts_internal:term_type({})` => `tuple`
    [plain] "term_type"/1 = term_type, "erts/emulator/beam/erl_bif_info.c";
    /// Native time units in a second.
    ///
    /// `erts_internal:time_unit()` => `1000000000`
    [plain] "time_unit"/0 = time_unit, "erts/emulator/beam/erl_time_sup.c";
    /// Units of `os:perf_counter/0` in a second.
    ///
    /// `erts_internal:perf_counter_unit()` => `1000000000`
    [plain] "perf_counter_unit"/0 = time_unit, "erts/emulator/beam/erl_time_sup.c";
    /// Threads that do the machine's own work.
    [plain] "no_aux_work_threads"/0 = no_aux_work_threads, "erts/emulator/beam/erl_bif_info.c";
    /// This node's creation number, `undefined` without distribution.
    ///
    /// `erts_internal:get_creation()` => `undefined`
    [plain] "get_creation"/0 = get_creation, "erts/emulator/beam/dist.c";
    /// Whether it is a process of the machine's own. There are none.
    ///
    /// `erts_internal:is_system_process(a)` => `error:badarg`
    [plain] "is_system_process"/1 = is_system_process, "erts/emulator/beam/bif.c";
    /// Waits until schedulers are done with what they do: with one they are.
    ///
    /// `erts_internal:system_check(schedulers)` => `ok`
    /// `erts_internal:system_check(a)` => `error:badarg`
    [plain] "system_check"/1 = system_check, "erts/emulator/beam/erl_bif_info.c";
    /// Whether the scheduler's wall time was measured before. It is not.
    ///
    /// `erts_internal:scheduler_wall_time(true)` => `false`
    [plain] "scheduler_wall_time"/1 = scheduler_wall_time, "erts/emulator/beam/erl_bif_info.c";
    /// Whether carriers are told about: our memory has none.
    ///
    /// `erts_internal:gather_carrier_info(a)` => `error:badarg`
    [plain] "gather_carrier_info"/1 = refused, "erts/emulator/beam/erl_alloc_util.c";
    /// Whether allocations are told about.
    ///
    /// `erts_internal:gather_alloc_histograms(a)` => `error:badarg`
    [plain] "gather_alloc_histograms"/1 = refused, "erts/emulator/beam/erl_alloc_util.c";
    /// Whether a process runs dirty code. Ours never do so by themselves.
    ///
    /// `erts_internal:is_process_executing_dirty(a)` => `error:badarg`
    [plain] "is_process_executing_dirty"/1 = is_system_process, "erts/emulator/beam/beam_bif_load.c";
}

fn term_to_string<'c>(call: &mut Call<'c>, [term, limit]: [Term<'c>; 2]) -> BifResult<'c> {
    let text = if limit.is_atom(am::UNDEFINED) {
        print::display(term)
    } else {
        let limit = limit.as_usize().filter(|limit| *limit >= 2).or_badarg()?;
        let (mut text, is_cut) = print::display_up_to(term, limit);
        if is_cut {
            text.extend_from_slice(b"... ");
        }
        text
    };
    call.bump((text.len() / 20) as i64);
    Ok(call.byte_list(&text, Term::NIL))
}

fn atom_named<'c>(text: &'static str) -> Term<'c> {
    Term::atom(atom::intern_static(text))
}

fn cmp_term<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
    Term::small(compare::compare_exact(a, b) as i64).or_badarg()
}

fn term_type<'c>(_: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    let name = match term.view() {
        View::Small(_) => "fixnum",
        View::Big(_) => "bignum",
        View::Float(_) => "hfloat",
        View::Atom(_) => "atom",
        View::Nil => "nil",
        View::Cons(_) => "list",
        View::Tuple(_) => "tuple",
        View::Record(_) => "record",
        View::Map(Map::Flat { .. }) => "flatmap",
        View::Map(Map::Hash { .. }) => "hashmap",
        View::Bits(bits) => match term.kind() {
            kind::SUBBITS | kind::MATCHCTX => "sub_binary",
            kind::REFCBITS => "refc_binary",
            _ if bits.size % 8 != 0 => "sub_binary",
            _ => "heap_binary",
        },
        View::Fun(_) => "fun",
        View::Export(_) => "export",
        View::Pid(_) => "pid",
        View::Port(_) => "port",
        View::Ref(_) => "reference",
        View::ExternalPid(_) => "external_pid",
        View::ExternalPort(_) => "external_port",
        View::ExternalRef(_) => "external_reference",
        View::Other => return Err(Stop::BADARG),
    };
    Ok(atom_named(name))
}

fn time_unit<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(call.integer(super::erlang::time::UNITS_A_SECOND))
}

fn no_aux_work_threads<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    // Besides the caller's: `erlang:memory/0` waits for so many answers less one.
    Ok(call.integer(2))
}

fn get_creation<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(Term::atom(am::UNDEFINED))
}

fn is_system_process<'c>(_: &mut Call<'c>, [pid]: [Term<'c>; 1]) -> BifResult<'c> {
    if pid.is_local_pid() { Ok(Term::bool(false)) } else { Err(Stop::BADARG) }
}

fn system_check<'c>(_: &mut Call<'c>, [what]: [Term<'c>; 1]) -> BifResult<'c> {
    if what.is_atom(am::SCHEDULERS) { Ok(Term::atom(am::OK)) } else { Err(Stop::BADARG) }
}

fn scheduler_wall_time<'c>(_: &mut Call<'c>, [on]: [Term<'c>; 1]) -> BifResult<'c> {
    // Anything but the two atoms turns nothing on.
    let _ = on;
    Ok(Term::bool(false))
}

fn refused<'c>(_: &mut Call<'c>, [_]: [Term<'c>; 1]) -> BifResult<'c> {
    Err(Stop::BADARG)
}

/// `erts_debug`.
pub mod debug {
    use super::*;

    bifs! { module "erts_debug";
        /// Whether two terms are the same box.
        ///
        /// `erts_debug:same(a, a)` => `true`
        /// `erts_debug:same([a], [a])` => `false`
        [plain] "same"/2 = same, "erts/emulator/beam/erl_debug.c";
        /// Words that a term takes on a heap, shared parts counted each time.
        ///
        /// `erts_debug:flat_size(1)` => `0`
        /// `erts_debug:flat_size({[a], 1})` => `5`
        /// `erts_debug:flat_size(576460752303423487)` => `0`
        /// `erts_debug:flat_size(576460752303423488)` => `2`
        [plain] "flat_size"/1 = flat_size, "erts/emulator/beam/erl_debug.c";
        /// Words that a term takes on a heap, shared parts counted once.
        ///
        /// `erts_debug:size_shared([a, b])` => `4`
        [plain] "size_shared"/1 = size_shared, "erts/emulator/beam/erl_debug.c";
        /// A copy that keeps what is shared: only the real machine's own tests have it.
        ///
        /// `erts_debug:copy_shared([a], [])` => `error:badarg`
        [plain] "copy_shared"/2 = no_copy, "erts/emulator/beam/erl_debug.c";
        /// Writes a term to standard output as `erlang:display/1`, and gives what was written.
        [plain] "display"/1 = display, "erts/emulator/beam/bif.c";
        /// Names of the instructions that the machine executes, in the order of their numbers.
        [plain] "instructions"/0 = instructions, "erts/emulator/beam/beam_debug.c";
        /// Size of the interpreter's code: not told.
        ///
        /// `erts_debug:interpreter_size()` => `0`
        [plain] "interpreter_size"/0 = interpreter_size, "erts/emulator/beam/beam_debug.c";
        /// What is shown of a map's inside: `{badmap, Term}` for what is none, `badarg` for maps, for ours have another inside.
        ///
        /// `erts_debug:map_info(a)` => `error:{badmap, a}`
        [plain] "map_info"/1 = map_info, "erts/emulator/beam/erl_map.c";
    }

    fn same<'c>(_: &mut Call<'c>, [a, b]: [Term<'c>; 2]) -> BifResult<'c> {
        Ok(Term::bool(a.is_same(b)))
    }

    /// Words that an immediate of ours takes where OTP boxes it: integers beyond its 60 bits, floats.
    fn boxed_words(term: Term<'_>) -> usize {
        match term.view() {
            View::Small(value) if !(-(1 << 59)..1 << 59).contains(&value) => 2,
            View::Float(_) => 2,
            _ => 0,
        }
    }

    /// Words of all boxes and cells, each visit counted unless `visited` says it was seen.
    fn words<'c>(term: Term<'c>, mut is_new: impl FnMut(Term<'c>) -> bool) -> usize {
        let mut total = 0;
        let mut pending = vec![term];
        while let Some(term) = pending.pop() {
            if !word::is_pointer(term.word()) {
                total += boxed_words(term);
                continue;
            }
            if !is_new(term) {
                continue;
            }
            if let Some(cell) = term.as_cons() {
                total += 2;
                pending.push(cell.head);
                pending.push(cell.tail);
                continue;
            }
            total += words_of_box(term);
            match term.view() {
                View::Tuple(tuple) => pending.extend_from_slice(tuple.elements),
                View::Fun(fun) => pending.extend_from_slice(fun.env),
                View::Record(record) => pending.extend_from_slice(record.values()),
                View::Map(Map::Flat { keys, values }) => {
                    // The tuple of keys: its header, and they.
                    total += 1 + keys.len();
                    pending.extend_from_slice(keys);
                    pending.extend_from_slice(values);
                }
                View::Map(Map::Hash { children, .. }) => pending.extend_from_slice(children),
                View::Bits(_) if term.kind() == kind::SUBBITS => pending.push(crate::binary::base_and_offset(term).0),
                _ => {
                    if let Some((_, children)) = term.as_hash_node() {
                        pending.extend_from_slice(children);
                    }
                }
            }
        }
        total
    }

    /// Words of one box as OTP counts them where ours is laid out otherwise.
    fn words_of_box(term: Term<'_>) -> usize {
        match term.view() {
            // Header, definition, values; the definition with the fields, and the order of these.
            View::Record(record) => match record.values().len() {
                0 => 8,
                count => 9 + 3 * count,
            },
            // Header, size, keys; the values.
            View::Map(Map::Flat { keys, .. }) => 3 + keys.len(),
            // Header, size, bytes; a counted binary has six words.
            View::Bits(bits) if term.kind() != kind::SUBBITS && bits.size % 8 == 0 => {
                if bits.size > 8 * 64 {
                    6
                } else {
                    2 + bits.size.div_ceil(64)
                }
            }
            _ => 1 + word::header_words(term.header()),
        }
    }

    fn flat_size<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
        let total = words(term, |_| true);
        call.bump(total as i64 / 100);
        Ok(call.unsigned(total as u64))
    }

    fn size_shared<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
        let mut seen = std::collections::HashSet::new();
        // Literals lie on no heap.
        let total = words(term, |term| !crate::heap::statics::is_static(term.word()) && seen.insert(term.word()));
        call.bump(total as i64 / 50);
        Ok(call.unsigned(total as u64))
    }

    fn display<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
        let mut text = crate::term::print::display(term);
        text.push(b'\n');
        crate::bif::erlang::info::write(call, crate::platform::stdio::Stream::Stdout, &text)?;
        Ok(call.byte_list(&text, Term::NIL))
    }

    fn no_copy<'c>(_: &mut Call<'c>, [_, _]: [Term<'c>; 2]) -> BifResult<'c> {
        Err(Stop::BADARG)
    }

    fn map_info<'c>(call: &mut Call<'c>, [map]: [Term<'c>; 1]) -> BifResult<'c> {
        if map.is_map() { Err(Stop::BADARG) } else { Err(call.error_with(am::BADMAP, map)) }
    }

    fn instructions<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
        let names: Vec<Term<'c>> = ROWS.iter().map(|row| call.byte_list(row.name.as_bytes(), Term::NIL)).collect();
        Ok(call.list(&names))
    }

    fn interpreter_size<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
        Ok(call.integer(0))
    }
}

/// `io`.
pub mod io {
    use super::*;

    bifs! { module "io";
        /// Which characters may be shown as text: `unicode` or `latin1`. Started without a terminal's flag it is `latin1`.
        ///
        /// `io:printable_range()` => `latin1`
        [plain] "printable_range"/0 = printable_range, "erts/emulator/beam/erl_bif_info.c";
    }

    fn printable_range<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
        Ok(Term::atom(am::LATIN1))
    }
}

/// `error_logger`.
pub mod error_logger {
    use super::*;

    bifs! { module "error_logger";
        /// What warnings are logged as.
        ///
        /// `error_logger:warning_map()` => `warning`
        [plain] "warning_map"/0 = warning_map, "erts/emulator/beam/utils.c";
    }

    fn warning_map<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
        Ok(atom_named("warning"))
    }
}

/// `net_kernel`.
pub mod net_kernel {
    use super::*;

    bifs! { module "net_kernel";
        /// Whether a pid's node takes Unicode I/O requests: this one does.
        ///
        /// `net_kernel:dflag_unicode_io(a)` => `error:badarg`
        [plain] "dflag_unicode_io"/1 = dflag_unicode_io, "erts/emulator/beam/erl_unicode.c";
    }

    fn dflag_unicode_io<'c>(_: &mut Call<'c>, [pid]: [Term<'c>; 1]) -> BifResult<'c> {
        if pid.is_pid() { Ok(Term::bool(true)) } else { Err(Stop::BADARG) }
    }
}

/// Tags of dynamic tracing: without it there are none.
pub mod dynamic_trace {
    use super::*;

    bifs! { module "erlang";
        /// Sets the tag and gives the old one.
        ///
        /// `erlang:dt_put_tag(undefined)` => `undefined`
        [plain] "dt_put_tag"/1 = no_tag, "erts/emulator/beam/bif.c";
        /// The tag.
        ///
        /// `erlang:dt_get_tag()` => `undefined`
        [plain] "dt_get_tag"/0 = get_tag, "erts/emulator/beam/bif.c";
        /// The tag's data.
        ///
        /// `erlang:dt_get_tag_data()` => `undefined`
        [plain] "dt_get_tag_data"/0 = get_tag, "erts/emulator/beam/bif.c";
        /// Starts or stops spreading the tag.
        ///
        /// `erlang:dt_spread_tag(true)` => `true`
        [plain] "dt_spread_tag"/1 = always_true, "erts/emulator/beam/bif.c";
        /// Goes back to an older state.
        ///
        /// `erlang:dt_restore_tag(true)` => `true`
        [plain] "dt_restore_tag"/1 = always_true, "erts/emulator/beam/bif.c";
        /// The data with the tag before it: without tags itself.
        ///
        /// `erlang:dt_prepend_vm_tag_data(<<"a">>)` => `<<"a">>`
        [plain] "dt_prepend_vm_tag_data"/1 = itself, "erts/emulator/beam/bif.c";
        /// The data with the tag after it: without tags itself.
        ///
        /// `erlang:dt_append_vm_tag_data(<<"a">>)` => `<<"a">>`
        [plain] "dt_append_vm_tag_data"/1 = itself, "erts/emulator/beam/bif.c";
    }

    fn no_tag<'c>(_: &mut Call<'c>, [_]: [Term<'c>; 1]) -> BifResult<'c> {
        Ok(Term::atom(am::UNDEFINED))
    }
    fn get_tag<'c>(_: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
        Ok(Term::atom(am::UNDEFINED))
    }
    fn always_true<'c>(_: &mut Call<'c>, [_]: [Term<'c>; 1]) -> BifResult<'c> {
        Ok(Term::bool(true))
    }
    fn itself<'c>(_: &mut Call<'c>, [data]: [Term<'c>; 1]) -> BifResult<'c> {
        Ok(data)
    }
}
