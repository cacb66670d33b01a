//! `ets` by its BIFs: one table in one scratch machine.

use crate::bif::testing::{Reader, find, show};
use crate::bif::{Call, Stop};
use crate::heap::Alloc;
use crate::process::{Process, ProcessHeap};
use crate::system::System;
use crate::term::Term;

/// Runs calls `name(Args)` on one machine, `T` standing for the table made by `ets:new(t, Options)`, and compares outcomes.
fn script(options: &str, lines: &[(&str, &str)]) {
    let process: &'static mut Process = Box::leak(Box::new(Process::new(Term::local_pid(1, 0).word(), ProcessHeap::new(4096))));
    let system: &'static System = Box::leak(Box::default());
    let new = format!("new(t, [named_table | {options}])");
    let lines: Vec<(String, String)> =
        core::iter::once((new.as_str(), "t")).chain(lines.iter().copied()).map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    Alloc::default().with_owned(|heap| {
        let mut call = Call::new(heap, process, system, 1 << 40);
        for (line, expected) in &lines {
            let (name, args) = line.split_once('(').expect("a call");
            let args = args.strip_suffix(')').expect("a call");
            let args = Reader::new(args).arguments(&mut call).unwrap_or_else(|| panic!("cannot read {args}"));
            let row = find("ets", name, args.len()).unwrap_or_else(|| panic!("no row {name}"));
            let got = match (row.function)(&mut call, &args) {
                Ok(term) => show(term),
                Err(Stop::ErrorCause { reason, cause }) => format!("{}:{}", show(reason), show(cause)),
                Err(Stop::Error(reason)) => show(reason),
                Err(_) => "stop".to_owned(),
            };
            let expected = if expected.contains(':') && !expected.contains('{') {
                expected.clone()
            } else {
                show(Reader::new(expected).whole(&mut call).unwrap_or_else(|| panic!("cannot read {expected}")))
            };
            assert_eq!(got, expected, "{line}");
        }
    });
}

#[test]
fn objects_of_a_set() {
    script(
        "[]",
        &[
            ("insert(t, [{a, 1}, {b, 2}, {1, one}, {1.0, uno}])", "true"),
            ("lookup(t, a)", "[{a, 1}]"),
            ("lookup(t, 1)", "[{1, one}]"),
            ("insert(t, {a, [x]})", "true"),
            ("lookup(t, a)", "[{a, [x]}]"),
            ("insert_new(t, [{c, 1}, {a, 1}])", "false"),
            ("member(t, c)", "false"),
            ("lookup_element(t, b, 2)", "2"),
            ("lookup_element(t, b, 3)", "badarg"),
            ("lookup_element(t, zz, 1)", "badarg:badkey"),
            ("insert(t, x)", "badarg"),
            ("insert(t, {})", "badarg"),
            ("insert(u, {a})", "badarg:id"),
            ("insert(1, {a})", "badarg:type"),
            ("take(t, b)", "[{b, 2}]"),
            ("delete_object(t, {a, [y]})", "true"),
            ("delete_object(t, {a, [x]})", "true"),
            ("info(t, size)", "2"),
            ("next(t, nokey)", "badarg"),
            ("internal_delete_all(t, undefined)", "2"),
            ("first(t)", "'$end_of_table'"),
            ("rename(t, u)", "u"),
            ("info(t)", "undefined"),
            ("delete(u)", "true"),
            ("delete(u)", "badarg:id"),
        ],
    );
}

#[test]
fn counters_and_elements() {
    script(
        "[{keypos, 1}]",
        &[
            ("insert(t, [{c, 10, 20}, {d, 576460752303423488, a}])", "true"),
            ("update_counter(t, c, 1)", "11"),
            ("update_counter(t, c, {3, 5})", "25"),
            ("update_counter(t, c, {2, 100, 50, 0})", "0"),
            ("update_counter(t, c, {2, -100, -50, 7})", "7"),
            ("update_counter(t, c, [{2, 1}, {3, -1}, {2, 1}])", "[8, 24, 9]"),
            ("update_counter(t, c, [])", "[]"),
            ("update_counter(t, d, 4611686018427387904)", "5188146770730811392"),
            ("update_counter(t, d, -5188146770730811391)", "1"),
            ("lookup(t, d)", "[{d, 1, a}]"),
            ("update_counter(t, zz, 1)", "badarg:badkey"),
            ("update_counter(t, zz, 1, {x, 5})", "6"),
            ("lookup(t, zz)", "[{zz, 6}]"),
            ("update_counter(t, c, {9, 1})", "badarg:position"),
            ("update_counter(t, c, {1, 1})", "badarg:keypos"),
            ("update_counter(t, d, {3, 1})", "badarg"),
            ("update_element(t, c, [{2, [n]}, {3, m}])", "true"),
            ("lookup(t, c)", "[{c, [n], m}]"),
            ("update_element(t, nokey, {2, x})", "false"),
            ("update_element(t, c, {1, x})", "badarg:keypos"),
            ("update_element(t, c, {4, x})", "badarg"),
        ],
    );
}

#[test]
fn bags_keep_the_order_of_insertion() {
    script(
        "[bag]",
        &[
            ("insert(t, [{a, 2}, {a, 1}, {a, 2}, {b, 1}])", "true"),
            ("lookup(t, a)", "[{a, 2}, {a, 1}]"),
            ("lookup_element(t, a, 2)", "[2, 1]"),
            ("match_object(t, {a, '_'})", "[{a, 2}, {a, 1}]"),
            ("update_counter(t, a, 1)", "badarg:table_type"),
            ("delete_object(t, {a, 2})", "true"),
            ("lookup(t, a)", "[{a, 1}]"),
            ("info(t, size)", "2"),
        ],
    );
}

#[test]
fn an_ordered_set_compares_arithmetically() {
    script(
        "[ordered_set]",
        &[
            ("insert(t, [{3}, {1}, {2.0}, {a}, {2}])", "true"),
            ("select(t, [{'_', [], ['$_']}])", "[{1}, {2}, {3}, {a}]"),
            ("select_reverse(t, [{{'$1'}, [], ['$1']}])", "[a, 3, 2, 1]"),
            ("lookup(t, 2.0)", "[{2}]"),
            ("match(t, {2.0})", "[]"),
            ("next(t, 2.5)", "3"),
            ("prev(t, 1)", "'$end_of_table'"),
            ("last(t)", "a"),
            ("slot(t, 0)", "[{1}]"),
            ("slot(t, 4)", "'$end_of_table'"),
            ("slot(t, 5)", "badarg"),
        ],
    );
}

#[test]
fn match_specifications() {
    script(
        "[ordered_set]",
        &[
            ("insert(t, [{1, a, [x]}, {2, b, #{k => 5}}, {3, a, {y, 3}}])", "true"),
            ("match(t, {'$1', a, '_'})", "[[1], [3]]"),
            ("match(t, {'$5', '$0', '_'})", "[[a, 1], [b, 2], [a, 3]]"),
            ("match(t, {'$1', '_', {y, '$1'}})", "[[3]]"),
            ("match(t, {'_', '_', #{k => '$1'}})", "[[5]]"),
            ("select(t, [{{'$1', '$2', '_'}, [{'>', '$1', 1}], [{{'$2', {'+', '$1', 1}}}]}])", "[{b, 3}, {a, 4}]"),
            ("select(t, [{{'$1', '_', '$2'}, [{'=:=', {hd, '$2'}, x}], ['$$']}])", "[[1, [x]]]"),
            ("select(t, [{{1, '_', '_'}, [], [{'+', a, 1}]}])", "['EXIT']"),
            ("select(t, [{{1, '_', '_'}, [], []}])", "badarg"),
            ("select(t, [{'_', [{zork}], ['$_']}])", "badarg"),
            ("select(t, [{'_', [], ['$1']}])", "badarg"),
            ("select(t, [])", "[]"),
            ("select_count(t, [{{'_', a, '_'}, [], [true]}])", "2"),
            ("select_replace(t, [{{'$1', b, '_'}, [], [{{'$1', c}}]}])", "1"),
            ("select_replace(t, [{{'$1', '_'}, [], [{{x, '$1'}}]}])", "badarg"),
            ("lookup(t, 2)", "[{2, c}]"),
            ("internal_select_delete(t, [{{'$1', a, '_'}, [{'<', '$1', 3}], [true]}])", "1"),
            ("select(t, [{{'$1', '_', '_'}, [], ['$1']}, {{'$1', '_'}, [], [{const, {x}}]}])", "[{x}, 3]"),
        ],
    );
}
