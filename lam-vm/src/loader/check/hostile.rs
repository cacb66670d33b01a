//! Modules that no compiler makes: each is refused with an error that says why, or loads with its wrongs out of reach; none panics.

use super::tests::{F0, function, u};
use super::*;
use crate::isa::generic::op;
use crate::loader::asm::Asm;
use crate::loader::ir::Arg;
use crate::loader::specialise::{self, transform};

/// The machine has no natives, but those that instructions stand for.
struct NoNatives;

impl specialise::Natives for NoNatives {
    fn bif(&self, module: &str, function: &str, arity: usize) -> Option<u16> {
        ((module, function, arity) == ("erlang", "send", 2)).then_some(0)
    }
}

fn load(asm: Asm) -> Result<(), LoadError> {
    let file = BeamFile::parse(&asm.finish())?;
    let facts = check(&file, &ErlangOnly)?;
    transform(&file, &NoNatives, &facts, &|_| true).map(|_| ())
}

/// The error of `f/1` with this body, which must say `what`.
fn refuses(what: &str, body: &[(u8, &[Arg])]) {
    refuses_module(what, function(1, body));
}

fn refuses_module(what: &str, asm: Asm) {
    match load(asm) {
        Err(error) => assert!(error.to_string().contains(what), "`{error}` does not say `{what}`"),
        Ok(()) => panic!("loaded, but should say `{what}`"),
    }
}

const X0: Arg = Arg::X(0);
const Y0: Arg = Arg::Y(0);
const RETURN: (u8, &[Arg]) = (op::RETURN, &[]);

#[test]
fn frames_that_do_not_fit() {
    refuses("x1 holds nothing", &[(op::TEST_HEAP, &[u(2), u(2)]), RETURN]);
    refuses("it needs 1024 X registers", &[(op::TEST_HEAP, &[u(2), u(1024)]), RETURN]);
    refuses("outside of the frame", &[(op::ALLOCATE, &[u(2), u(1)]), (op::MOVE, &[Arg::Y(2), X0]), RETURN]);
    refuses("outside of the frame", &[(op::ALLOCATE, &[u(2), u(1)]), (op::TRIM, &[u(1), u(1)]), (op::MOVE, &[X0, Arg::Y(1)])]);
    refuses("more than 1024 words", &[(op::ALLOCATE, &[u(1 << 20), u(1)]), RETURN]);
    refuses("it needs the frame none", &[(op::ALLOCATE, &[u(1), u(1)]), (op::ALLOCATE, &[u(1), u(1)])]);
    refuses("it needs the frame 3 words", &[(op::ALLOCATE, &[u(1), u(1)]), (op::TRIM, &[u(1), u(2)])]);
    refuses("it needs the frame 2 words", &[(op::ALLOCATE, &[u(1), u(1)]), (op::CALL_LAST, &[u(1), Arg::Label(2), u(2)])]);
    refuses("operand `need`", &[(op::TEST_HEAP, &[u(u32::MAX.into()), u(1)]), RETURN]);
    refuses("operand `need`", &[(op::ALLOCATE_HEAP, &[u(1), u(1 << 30), u(1)]), RETURN]);
    // Nothing would look for room on the stack.
    refuses("without a frame", &[(op::CALL, &[u(1), Arg::Label(2)]), RETURN]);
    refuses("without a frame", &[(op::MOVE, &[X0, Arg::X(1)]), (op::CALL_FUN, &[u(1)]), RETURN]);
    // A frame on one of two ways.
    refuses(
        "depends on the way here",
        &[
            (op::IS_TUPLE, &[Arg::Label(3), X0]),
            (op::ALLOCATE, &[u(1), u(1)]),
            (op::LABEL, &[u(3)]),
            (op::DEALLOCATE, &[u(1)]),
            RETURN,
        ],
    );
    refuses(
        "writes y0 of a frame that depends on the way here",
        &[
            (op::IS_TUPLE, &[Arg::Label(3), X0]),
            (op::ALLOCATE, &[u(1), u(1)]),
            (op::JUMP, &[Arg::Label(4)]),
            (op::LABEL, &[u(3)]),
            (op::ALLOCATE, &[u(2), u(1)]),
            (op::LABEL, &[u(4)]),
            (op::MOVE, &[X0, Y0]),
            (op::IF_END, &[]),
        ],
    );
}

#[test]
fn handlers_that_do_not_fit() {
    let handled = |catch: &[(u8, &[Arg])], handler: (u8, &[Arg])| {
        let mut asm = function(1, &[(op::ALLOCATE, &[u(3), u(1)]), (op::INIT, &[Y0]), (op::INIT, &[Arg::Y(1)])]);
        catch.iter().for_each(|(opcode, args)| asm.op(*opcode, args));
        asm.op(op::IF_END, &[]);
        asm.op(op::LABEL, &[u(3)]);
        asm.op(handler.0, handler.1);
        asm.op(op::DEALLOCATE, &[u(3)]);
        asm.op(op::RETURN, &[]);
        asm
    };
    let y2 = Arg::Y(2);
    let end_of_2: (u8, &[Arg]) = (op::CATCH_END, &[y2]);
    assert!(load(handled(&[(op::CATCH, &[y2, Arg::Label(3)])], end_of_2)).is_ok());
    refuses_module("its handler does not begin", handled(&[(op::CATCH, &[Arg::Y(1), Arg::Label(3)])], end_of_2));
    refuses_module("its handler does not begin", handled(&[(op::TRY, &[y2, Arg::Label(3)])], end_of_2));
    refuses_module("its handler does not begin", handled(&[(op::CATCH, &[y2, Arg::Label(3)])], (op::MOVE, &[X0, X0])));
    refuses_module("reads a catch word", handled(&[(op::CATCH, &[y2, Arg::Label(3)]), (op::MOVE, &[y2, Y0])], end_of_2));
    refuses_module("reads a catch word", handled(&[(op::CATCH, &[y2, Arg::Label(3)]), (op::SWAP, &[y2, Y0])], end_of_2));
    refuses_module("moves a catch word", handled(&[(op::CATCH, &[y2, Arg::Label(3)]), (op::TRIM, &[u(1), u(2)])], end_of_2));
    refuses("operand `handler`", &[(op::ALLOCATE, &[u(1), u(1)]), (op::CATCH, &[Y0, Arg::Nil]), RETURN]);
    refuses("operand `handler`", &[(op::ALLOCATE, &[u(1), u(1)]), (op::CATCH, &[Y0, F0]), RETURN]);
    // The handler is another function's.
    let mut asm = function(1, &[(op::ALLOCATE, &[u(1), u(1)]), (op::CATCH, &[Y0, Arg::Label(5)]), (op::IF_END, &[])]);
    asm.function("g", 1, 4, true);
    asm.op(op::ALLOCATE, &[u(1), u(1)]);
    asm.op(op::CATCH, &[Y0, Arg::Label(5)]);
    asm.op(op::LABEL, &[u(5)]);
    asm.op(op::CATCH_END, &[Y0]);
    asm.op(op::DEALLOCATE, &[u(1)]);
    asm.op(op::RETURN, &[]);
    refuses_module("another function", asm);
}

#[test]
fn loops_without_a_call() {
    let round = "goes round without a call";
    refuses(round, &[(op::LABEL, &[u(3)]), (op::JUMP, &[Arg::Label(3)])]);
    refuses(round, &[(op::LABEL, &[u(3)]), (op::IS_TUPLE, &[Arg::Label(3), X0]), RETURN]);
    refuses(
        round,
        &[
            (op::LABEL, &[u(3)]),
            (op::LABEL, &[u(4)]),
            (op::IS_TUPLE, &[Arg::Label(5), X0]),
            RETURN,
            (op::LABEL, &[u(5)]),
            (op::JUMP, &[Arg::Label(3)]),
        ],
    );
    // By way of a handler, and by a `receive` that looks at the same message for ever.
    refuses(
        round,
        &[
            (op::ALLOCATE, &[u(1), u(1)]),
            (op::INIT, &[Y0]),
            (op::LABEL, &[u(3)]),
            (op::CATCH, &[Y0, Arg::Label(4)]),
            (op::IF_END, &[]),
            (op::LABEL, &[u(4)]),
            (op::CATCH_END, &[Y0]),
            (op::JUMP, &[Arg::Label(3)]),
        ],
    );
    let receive = |again: (u8, &[Arg])| {
        let body = &[(op::LABEL, &[u(3)][..]), (op::LOOP_REC, &[Arg::Label(4), X0]), (op::IS_TUPLE, &[Arg::Label(5), X0])];
        let mut asm = function(1, body);
        asm.op(op::REMOVE_MESSAGE, &[]);
        asm.op(op::RETURN, &[]);
        asm.op(op::LABEL, &[u(5)]);
        asm.op(again.0, again.1);
        asm.op(op::LABEL, &[u(4)]);
        asm.op(op::WAIT, &[Arg::Label(3)]);
        asm
    };
    assert!(load(receive((op::LOOP_REC_END, &[Arg::Label(3)]))).is_ok());
    refuses_module(round, receive((op::JUMP, &[Arg::Label(3)])));
    // Back, but not round.
    let back: &[(u8, &[Arg])] =
        &[(op::JUMP, &[Arg::Label(4)]), (op::LABEL, &[u(3)]), RETURN, (op::LABEL, &[u(4)]), (op::JUMP, &[Arg::Label(3)])];
    assert!(load(function(1, back)).is_ok());
}

#[test]
fn jumps_to_nowhere() {
    refuses("no label to go to", &[(op::IS_TUPLE, &[F0, X0]), RETURN]);
    refuses("no label to go to", &[(op::IS_EQ_EXACT, &[F0, X0, Arg::Nil]), RETURN]);
    refuses("no label to go to", &[(op::TEST_ARITY, &[F0, X0, u(2)]), RETURN]);
    refuses("operand `target`", &[(op::JUMP, &[F0])]);
    refuses("nowhere", &[(op::JUMP, &[Arg::Label(3)]), (op::LABEL, &[u(4)]), RETURN]);
    refuses("defined twice", &[(op::LABEL, &[u(2)]), RETURN]);
    // Into the middle of another function.
    let mut asm = function(1, &[(op::JUMP, &[Arg::Label(5)])]);
    asm.function("g", 1, 4, true);
    asm.op(op::LABEL, &[u(5)]);
    asm.op(op::RETURN, &[]);
    refuses_module("another function", asm);
    // A call of what is no entry.
    let mut asm = function(1, &[(op::CALL_ONLY, &[u(1), Arg::Label(5)])]);
    asm.function("g", 1, 4, true);
    asm.op(op::LABEL, &[u(5)]);
    asm.op(op::RETURN, &[]);
    refuses_module("no function", asm);
    let list = |opcode: u8, args: &[Arg], list: &[Arg]| {
        let mut asm = function(1, &[]);
        asm.op_with_list(opcode, args, list);
        asm.op(op::LABEL, &[u(3)]);
        asm.op(op::RETURN, &[]);
        asm
    };
    let one = Arg::Int(1);
    refuses_module("operand `fail`", list(op::SELECT_VAL, &[X0, F0], &[one, Arg::Label(3)]));
    refuses_module("no list of pairs", list(op::SELECT_VAL, &[X0, Arg::Label(3)], &[one]));
    refuses_module("no list of values", list(op::SELECT_VAL, &[X0, Arg::Label(3)], &[one, F0]));
    refuses_module("no list of values", list(op::SELECT_VAL, &[X0, Arg::Label(3)], &[X0, Arg::Label(3)]));
    refuses_module("no list of sizes", list(op::SELECT_TUPLE_ARITY, &[X0, Arg::Label(3)], &[u(2), F0]));
    refuses_module("no list of sizes", list(op::SELECT_TUPLE_ARITY, &[X0, Arg::Label(3)], &[u(2)]));
    refuses_module("no list of sizes", list(op::SELECT_TUPLE_ARITY, &[X0, Arg::Label(3)], &[u(1 << 40), Arg::Label(3)]));
    refuses_module("no label to go to", list(op::GET_MAP_ELEMENTS, &[F0, X0], &[one, X0]));
    refuses_module("no label to go to", list(op::HAS_MAP_FIELDS, &[F0, X0], &[one]));
    refuses_module("no register", list(op::GET_MAP_ELEMENTS, &[Arg::Label(3), X0], &[one, one]));
    refuses_module("no list of pairs", list(op::GET_MAP_ELEMENTS, &[Arg::Label(3), X0], &[one]));
    assert!(load(list(op::SELECT_VAL, &[X0, Arg::Label(3)], &[one, Arg::Label(3), one, Arg::Label(3)])).is_ok());
}

#[test]
fn lists_that_are_too_long() {
    let long = |opcode: u8, args: &[Arg], element: Arg, count: usize| {
        let mut asm = function(1, &[(op::ALLOCATE_HEAP, &[u(1), u(1 << 20), u(1)])]);
        asm.op_with_list(opcode, args, &vec![element; count]);
        asm.op(op::DEALLOCATE, &[u(1)]);
        asm.op(op::RETURN, &[]);
        asm
    };
    assert!(load(long(op::PUT_TUPLE2, &[X0], X0, 60_000)).is_ok());
    assert!(load(long(op::PUT_TUPLE2, &[X0], Arg::Int(1), 4000)).is_ok());
    refuses_module("more operands", long(op::PUT_TUPLE2, &[X0], X0, 300_000));
    refuses_module("more operands", long(op::PUT_TUPLE2, &[X0], X0, 70_000));
    refuses_module("more operands", long(op::PUT_TUPLE2, &[X0], Arg::Int(1), 8192));
    refuses_module("more operands", long(op::INIT_YREGS, &[], Y0, 70_000));
    refuses_module("no Y register", long(op::INIT_YREGS, &[], X0, 1));
    refuses_module("stands where a term is expected", long(op::PUT_TUPLE2, &[X0], Arg::Label(2), 1));
    refuses_module("stands where a term is expected", long(op::PUT_TUPLE2, &[X0], u(2), 1));
}

#[test]
fn matching_that_is_none() {
    let matching = |commands: &dyn Fn(&Asm) -> Vec<Arg>| {
        let mut asm = Asm::new(&["f", "ensure_at_least", "integer", "skip", "nonsense", "get_tail", "binary"]);
        asm.function("f", 1, 2, true);
        asm.op(op::BS_START_MATCH3, &[Arg::Label(1), X0, u(1), Arg::X(1)]);
        let commands = commands(&asm);
        asm.op_with_list(op::BS_MATCH, &[Arg::Label(1), Arg::X(1)], &commands);
        asm.op(op::RETURN, &[]);
        asm
    };
    let atom = |asm: &Asm, text| Arg::Atom(asm.atom(text));
    let integer = |live: u64, dst: Arg| move |asm: &Asm| vec![atom(asm, "integer"), u(live), Arg::Nil, u(8), u(1), dst];
    assert!(load(matching(&integer(2, X0))).is_ok());
    refuses_module("is unknown", matching(&|asm| vec![atom(asm, "nonsense")]));
    refuses_module("is unknown", matching(&|asm| vec![atom(asm, "integer"), u(2)]));
    refuses_module("is unknown", matching(&|asm| vec![atom(asm, "ensure_at_least"), u(8), u(0)]));
    refuses_module("without name", matching(&|_| vec![u(8)]));
    refuses_module("X registers", matching(&integer(3, X0)));
    refuses_module("X registers", matching(&integer(u64::from(u32::MAX), X0)));
    refuses_module("is unknown", matching(&integer(2, Arg::Nil)));
    refuses_module("overwrites its match context", matching(&|asm| [integer(2, Arg::X(1))(asm), integer(2, X0)(asm)].concat()));
    let context = |then: (u8, &[Arg])| {
        let mut asm = function(1, &[(op::BS_START_MATCH3, &[Arg::Label(1), X0, u(1), X0])]);
        asm.op(then.0, then.1);
        asm.op(op::RETURN, &[]);
        asm
    };
    refuses_module("no label to go to", context((op::BS_GET_UTF8, &[F0, X0, u(1), u(0), X0])));
    refuses_module("no label to go to", context((op::BS_SKIP_BITS2, &[F0, X0, Arg::Int(8), u(1), u(0)])));
    refuses_module("it needs 2 X registers", context((op::BS_GET_UTF8, &[Arg::Label(1), X0, u(2), u(0), X0])));
    refuses_module("string table", context((op::BS_MATCH_STRING, &[Arg::Label(1), X0, u(8), u(1 << 31)])));
    refuses("neither a label", &[(op::BS_START_MATCH4, &[Arg::Nil, u(1), X0, X0]), RETURN]);
}

#[test]
fn tables_that_point_elsewhere() {
    let mut asm = function(1, &[RETURN]);
    asm.exports.push((asm.atom("g"), 1, 2));
    refuses_module("the export table", asm);
    let mut asm = function(1, &[RETURN]);
    asm.exports[0].1 = 2;
    refuses_module("the export table", asm);
    let mut asm = function(1, &[RETURN]);
    asm.lambdas.push([asm.atom("f"), 2, 2, 0, 1, 0]);
    refuses_module("the fun table", asm);
    let mut asm = function(1, &[RETURN]);
    asm.lambdas.push([asm.atom("f"), 1, 2, 0, 2, 0]);
    refuses_module("larger than its arity", asm);
    let environment = |list: &[Arg]| {
        let mut asm = function(1, &[]);
        asm.lambdas.push([asm.atom("f"), 1, 2, 0, 1, 0]);
        asm.op_with_list(op::MAKE_FUN3, &[u(0), X0], list);
        asm.op(op::RETURN, &[]);
        asm
    };
    assert!(load(environment(&[X0])).is_ok());
    refuses_module("environment", environment(&[X0, X0]));
    refuses_module("x3, which holds nothing", environment(&[Arg::X(3)]));
    let imported = |opcode: u8, args: &[Arg]| {
        let mut asm = function(1, &[]);
        asm.imports.push((asm.atom("erlang"), asm.atom("g"), 2));
        asm.op(opcode, args);
        asm.op(op::RETURN, &[]);
        asm
    };
    refuses_module("it passes 1 arguments to a function of 2", imported(op::BIF1, &[F0, u(0), X0, X0]));
    refuses_module("it passes 1 arguments to a function of 2", imported(op::CALL_EXT_ONLY, &[u(1), u(0)]));
    refuses_module("no such import", imported(op::CALL_EXT_ONLY, &[u(1), u(1)]));
    refuses_module("x1 holds nothing", imported(op::CALL_EXT_ONLY, &[u(2), u(0)]));
}

#[test]
fn what_nothing_leads_to_is_not_looked_at() {
    let unreached: &[(u8, &[Arg])] = &[
        (op::DEALLOCATE, &[u(60_000)]),
        (op::ALLOCATE, &[u(60_000), u(60_000)]),
        (op::CALL, &[u(200), Arg::Label(1)]),
        (op::CALL_LAST, &[u(1), Arg::Label(3), u(50_000)]),
        (op::GET_TUPLE_ELEMENT, &[X0, u(70_000), X0]),
        (op::MOVE, &[Arg::Y(1000), Arg::X(1000)]),
        (op::IS_TUPLE, &[F0, X0]),
        (op::JUMP, &[Arg::Label(1)]),
        (op::CATCH, &[Y0, Arg::Label(3)]),
        (op::TRY_CASE, &[Y0]),
        (op::BS_GET_TAIL, &[X0, X0, u(5000)]),
        (op::BS_MATCH_STRING, &[F0, X0, u(8), u(8)]),
    ];
    for (opcode, args) in unreached {
        let mut asm = function(1, &[RETURN]);
        asm.op(*opcode, args);
        asm.op(op::LABEL, &[u(3)]);
        asm.op(op::BADMATCH, &[X0]);
        assert!(load(asm).is_ok(), "{opcode}");
    }
    let mut asm = function(1, &[RETURN]);
    asm.op_with_list(op::PUT_TUPLE2, &[X0], &[Arg::Label(2); 3]);
    asm.op_with_list(op::SELECT_VAL, &[X0, Arg::Label(1)], &[Arg::Label(2)]);
    asm.op_with_list(op::BS_MATCH, &[F0, X0], &[Arg::Label(2)]);
    assert!(load(asm).is_ok());
}

#[test]
fn literals_in_odd_forms() {
    let kinds_of = |bytes: &[u8]| {
        let mut types = types::Types::default();
        literal::literal_type(&mut types, &[&[131], bytes].concat(), &|text| (text == "\u{e9}").then_some(7))
    };
    assert_eq!(kinds_of(&[107, 0, 1, b'a']).kinds, kinds::CONS);
    // `[]` as a string, and as a list that is all tail.
    assert!(kinds_of(&[107, 0, 0]).may_be(kinds::NIL));
    assert!(kinds_of(&[108, 0, 0, 0, 0, 97, 1]).may_be(kinds::SMALL));
    // Bytes that are UTF-8 by accident.
    assert_eq!(kinds_of(&[119, 2, 0xc3, 0xa9]).known_atom(), Some(7));
    assert_eq!(kinds_of(&[115, 2, 0xc3, 0xa9]).known_atom(), None);
    // -2^60 is the least small integer, 2^60 no small one.
    let power = |sign| [110, 8, sign, 0, 0, 0, 0, 0, 0, 0, 16];
    assert!(kinds_of(&power(1)).may_be(kinds::SMALL));
    assert!(kinds_of(&power(0)).may_be(kinds::BIG));
}
