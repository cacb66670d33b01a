//! Every `.beam` at hand passes, with few checked twins; what is not proved is checked; what cannot be valid is refused.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "these tests read files and say what they skip")]

use std::time::Instant;

use super::*;
use crate::isa::generic::op;
use crate::loader::asm::Asm;
use crate::loader::ir::Arg;
use crate::loader::tests::{beam_folders, beams};

pub(super) const F0: Arg = Arg::Label(0);

pub(super) fn u(number: u64) -> Arg {
    Arg::Unsigned(number)
}

fn run(asm: Asm) -> Result<(BeamFile, Facts), LoadError> {
    let file = BeamFile::parse(&asm.finish())?;
    check(&file, &ErlangOnly).map(|facts| (file, facts))
}

/// The names of the instructions that are checked.
fn checked(asm: Asm) -> Vec<&'static str> {
    let (file, facts) = run(asm).expect("the code is valid");
    (0..file.code.ops.len()).filter(|index| facts.is_checked(*index)).map(|index| file.code.name(index)).collect()
}

/// An exported function `f` of this arity and body, entered at label 2.
pub(super) fn function(arity: u32, body: &[(u8, &[Arg])]) -> Asm {
    let mut asm = Asm::new(&["f", "g", "ok", "error", "erlang", "true", "false"]);
    asm.function("f", arity, 2, true);
    body.iter().for_each(|(opcode, args)| asm.op(*opcode, args));
    asm
}

fn refused(asm: Asm) -> String {
    run(asm).map(|_| ()).expect_err("the code is not valid").to_string()
}

#[test]
fn every_beam_passes_with_few_twins() {
    for folder in beam_folders() {
        let mut found = Vec::new();
        beams(&folder, &mut found);
        let (mut all, mut checked, mut failures) = (0, 0, Vec::new());
        let started = Instant::now();
        for path in &found {
            let file = BeamFile::parse(&std::fs::read(path).unwrap()).unwrap();
            match check(&file, &ErlangOnly) {
                Ok(facts) => {
                    let counted = facts.count(&file.code);
                    all += counted.0;
                    checked += counted.1;
                }
                Err(error) => failures.push(format!("{}: {error}", path.display())),
            }
        }
        eprintln!(
            "{}: {} files, {checked} of {all} instructions checked ({:.2} %), {:?}",
            folder.display(),
            found.len(),
            checked as f64 * 100.0 / all.max(1) as f64,
            started.elapsed()
        );
        assert!(failures.is_empty(), "{} refused:\n{}", failures.len(), failures[..failures.len().min(20)].join("\n"));
        assert!(checked * 100 <= all * 2, "more than 2 % are checked");
    }
}

#[test]
fn changed_bytes_never_panic() {
    let mut found = Vec::new();
    beams(std::path::Path::new("/usr/lib/erlang"), &mut found);
    let files = found.iter().filter_map(|path| std::fs::read(path).ok()).filter(|bytes| (4000..9000).contains(&bytes.len()));
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let (mut passed, mut refused) = (0, 0);
    for bytes in files.take(20) {
        let code = bytes.windows(4).position(|window| window == b"Code").unwrap();
        let size = u32::from_be_bytes(bytes[code + 4..code + 8].try_into().unwrap()) as usize;
        for _ in 0..500 {
            let mut changed = bytes.clone();
            for _ in 0..=next() % 2 {
                changed[code + 28 + next() as usize % (size - 20)] = next() as u8;
            }
            match BeamFile::parse(&changed).and_then(|file| check(&file, &ErlangOnly)) {
                Ok(_) => passed += 1,
                Err(_) => refused += 1,
            }
        }
    }
    eprintln!("{passed} passed, {refused} refused");
}

#[test]
fn a_test_proves_what_follows() {
    let get = [Arg::X(0), u(1), Arg::X(0)];
    assert_eq!(checked(function(1, &[(op::GET_TUPLE_ELEMENT, &get), (op::RETURN, &[])])), ["get_tuple_element"]);
    let with_tests: &[(u8, &[Arg])] = &[
        (op::IS_TUPLE, &[Arg::Label(1), Arg::X(0)]),
        (op::TEST_ARITY, &[Arg::Label(1), Arg::X(0), u(2)]),
        (op::GET_TUPLE_ELEMENT, &get),
        (op::RETURN, &[]),
    ];
    assert!(checked(function(1, with_tests)).is_empty());
    let too_small: &[(u8, &[Arg])] = &[
        (op::IS_TUPLE, &[Arg::Label(1), Arg::X(0)]),
        (op::TEST_ARITY, &[Arg::Label(1), Arg::X(0), u(1)]),
        (op::GET_TUPLE_ELEMENT, &get),
        (op::RETURN, &[]),
    ];
    assert_eq!(checked(function(1, too_small)), ["get_tuple_element"]);
    // What is known of a value holds for its copies.
    let copied: &[(u8, &[Arg])] = &[
        (op::MOVE, &[Arg::X(0), Arg::X(1)]),
        (op::IS_NONEMPTY_LIST, &[Arg::Label(1), Arg::X(1)]),
        (op::GET_LIST, &[Arg::X(0), Arg::X(0), Arg::X(1)]),
        (op::RETURN, &[]),
    ];
    assert!(checked(function(1, copied)).is_empty());
}

#[test]
fn calls_inside_the_module_are_known() {
    let caller = |is_exported: bool| {
        let mut asm = function(0, &[(op::ALLOCATE, &[u(0), u(0)]), (op::TEST_HEAP, &[u(2), u(0)])]);
        asm.op(op::PUT_LIST, &[Arg::Nil, Arg::Nil, Arg::X(0)]);
        asm.op(op::CALL, &[u(1), Arg::Label(4)]);
        asm.op(op::GET_TUPLE_ELEMENT, &[Arg::X(0), u(1), Arg::X(0)]);
        asm.op(op::DEALLOCATE, &[u(0)]);
        asm.op(op::RETURN, &[]);
        asm.function("g", 1, 4, is_exported);
        asm.op(op::GET_HD, &[Arg::X(0), Arg::X(0)]);
        asm.op(op::TEST_HEAP, &[u(3), u(1)]);
        let ok = Arg::Atom(asm.atom("ok"));
        asm.op_with_list(op::PUT_TUPLE2, &[Arg::X(0)], &[ok, Arg::X(0)]);
        asm.op(op::RETURN, &[]);
        asm
    };
    assert!(checked(caller(false)).is_empty());
    assert_eq!(checked(caller(true)), ["get_hd"]);
}

#[test]
fn promised_heap_is_counted() {
    let body = |words| {
        [(op::TEST_HEAP, vec![u(words), u(1)]), (op::PUT_LIST, vec![Arg::X(0), Arg::Nil, Arg::X(0)]), (op::RETURN, vec![])]
    };
    let make = |words| {
        let mut asm = function(1, &[]);
        body(words).iter().for_each(|(opcode, args)| asm.op(*opcode, args));
        asm
    };
    assert!(checked(make(2)).is_empty());
    assert_eq!(checked(make(1)), ["put_list"]);
}

#[test]
fn unwritten_y_registers_make_allocate_clear_the_frame() {
    let body: &[(u8, &[Arg])] =
        &[(op::ALLOCATE, &[u(1), u(1)]), (op::CALL, &[u(1), Arg::Label(2)]), (op::DEALLOCATE, &[u(1)]), (op::RETURN, &[])];
    assert_eq!(checked(function(1, body)), ["allocate"]);
    let body: &[(u8, &[Arg])] = &[
        (op::ALLOCATE, &[u(1), u(1)]),
        (op::MOVE, &[Arg::X(0), Arg::Y(0)]),
        (op::CALL, &[u(1), Arg::Label(2)]),
        (op::DEALLOCATE, &[u(1)]),
        (op::RETURN, &[]),
    ];
    assert!(checked(function(1, body)).is_empty());
}

#[test]
fn handlers_are_entered_with_what_holds_everywhere_inside() {
    // The tuple in y1 is replaced inside of the try, so the handler knows nothing of it.
    let body = |replaces: bool| {
        let mut asm =
            function(1, &[(op::IS_TUPLE, &[Arg::Label(1), Arg::X(0)]), (op::TEST_ARITY, &[Arg::Label(1), Arg::X(0), u(2)])]);
        asm.op(op::ALLOCATE, &[u(2), u(1)]);
        asm.op(op::MOVE, &[Arg::X(0), Arg::Y(1)]);
        asm.op(op::TRY, &[Arg::Y(0), Arg::Label(3)]);
        asm.op(op::CALL, &[u(1), Arg::Label(2)]);
        if replaces {
            asm.op(op::MOVE, &[Arg::X(0), Arg::Y(1)]);
            asm.op(op::CALL, &[u(1), Arg::Label(2)]);
        }
        asm.op(op::TRY_END, &[Arg::Y(0)]);
        asm.op(op::DEALLOCATE, &[u(2)]);
        asm.op(op::RETURN, &[]);
        asm.op(op::LABEL, &[u(3)]);
        asm.op(op::TRY_CASE, &[Arg::Y(0)]);
        asm.op(op::GET_TUPLE_ELEMENT, &[Arg::Y(1), u(0), Arg::X(0)]);
        asm.op(op::DEALLOCATE, &[u(2)]);
        asm.op(op::RETURN, &[]);
        asm
    };
    assert!(checked(body(false)).is_empty());
    assert_eq!(checked(body(true)), ["get_tuple_element"]);
}

#[test]
fn only_fresh_tuples_are_written_in_place() {
    let body = |collects: bool| {
        let mut asm = function(1, &[(op::TEST_HEAP, &[u(2), u(1)])]);
        asm.op_with_list(op::PUT_TUPLE2, &[Arg::X(0)], &[Arg::X(0)]);
        if collects {
            asm.op(op::TEST_HEAP, &[u(2), u(1)]);
        }
        asm.op(op::SET_TUPLE_ELEMENT, &[Arg::Nil, Arg::X(0), u(0)]);
        asm.op(op::RETURN, &[]);
        asm
    };
    assert!(checked(body(false)).is_empty());
    assert_eq!(checked(body(true)), ["set_tuple_element"]);
}

#[test]
fn what_cannot_be_valid_is_refused() {
    type Case<'a> = (&'a str, &'a [(u8, &'a [Arg])]);
    let cases: &[Case<'_>] = &[
        ("x1, which holds nothing", &[(op::MOVE, &[Arg::X(1), Arg::X(0)]), (op::RETURN, &[])]),
        ("x0 holds nothing", &[(op::CALL_ONLY, &[u(2), Arg::Label(2)])]),
        ("frame", &[(op::ALLOCATE, &[u(1), u(1)]), (op::RETURN, &[])]),
        ("frame 2 words", &[(op::ALLOCATE, &[u(1), u(1)]), (op::DEALLOCATE, &[u(2)]), (op::RETURN, &[])]),
        ("y0, which is outside", &[(op::MOVE, &[Arg::Y(0), Arg::X(0)]), (op::RETURN, &[])]),
        ("y0, which is outside", &[(op::MOVE, &[Arg::X(0), Arg::Y(0)]), (op::RETURN, &[])]),
        (
            "catch word",
            &[
                (op::ALLOCATE, &[u(1), u(1)]),
                (op::CATCH, &[Arg::Y(0), Arg::Label(3)]),
                (op::MOVE, &[Arg::Y(0), Arg::X(0)]),
                (op::LABEL, &[u(3)]),
                (op::CATCH_END, &[Arg::Y(0)]),
                (op::DEALLOCATE, &[u(1)]),
                (op::RETURN, &[]),
            ],
        ),
        ("its handler", &[(op::ALLOCATE, &[u(1), u(1)]), (op::CATCH, &[Arg::Y(0), Arg::Label(2)]), (op::RETURN, &[])]),
        ("belongs to another function", &[(op::MOVE, &[Arg::Nil, Arg::X(0)])]),
        (
            "string table",
            &[
                (op::BS_START_MATCH3, &[Arg::Label(1), Arg::X(0), u(1), Arg::X(0)]),
                (op::BS_MATCH_STRING, &[F0, Arg::X(0), u(8), u(0)]),
                (op::RETURN, &[]),
            ],
        ),
        ("arguments to a function", &[(op::CALL_ONLY, &[u(0), Arg::Label(2)])]),
        ("no function", &[(op::CALL_ONLY, &[u(1), Arg::Label(1)])]),
    ];
    for (what, body) in cases {
        let arity = if what.starts_with("x0") { 0 } else { 1 };
        let message = refused(function(arity, body));
        assert!(message.contains(what), "{message} does not say {what}");
    }
}

#[test]
fn tangled_code_ends() {
    // 1,000 X registers alive over many jumps in every direction.
    let mut asm = function(255, &[]);
    for x in 255..1000 {
        asm.op(op::MOVE, &[Arg::X(0), Arg::X(x)]);
    }
    for label in 3..3000u32 {
        asm.op(op::LABEL, &[u(label.into())]);
        asm.op(op::IS_TUPLE, &[Arg::Label(3 + label * 7919 % 2997), Arg::X((label % 255) as u16)]);
        asm.op(op::GET_TUPLE_ELEMENT, &[Arg::X((label % 255) as u16), u(1), Arg::X((label % 255) as u16)]);
    }
    asm.op(op::RETURN, &[]);
    let started = Instant::now();
    let _ = run(asm);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
