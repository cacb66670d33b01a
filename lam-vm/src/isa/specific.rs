//! What the machine executes: every specific instruction, declared once.
//!
//! A row is `speed Name "text" [words] ("operands") = body;`. *Fast* bodies work on machine registers, *slow* ones on what is stored
//! in the scheduler. `words` is the length, 0 where the instruction holds it. Operand letters, for the disassembler, in the order
//! a, b, c, then the extension words after `|`: `s` slot read, `d` slot written, `y` Y slot, `n` number, `l` float register,
//! `j` short jump (in c), `J` long jump (in b and c), `q` term, `e` export entry, `f` fun entry, `F` fail offset and live,
//! `*` packed operands.
//!
//! The order is the number in an image of one machine version; nothing else depends on it.

/// Hands all rows to the macro named.
macro_rules! for_each_specific_op {
    ($macro:ident) => {
        $macro! {
            /// Entered when no clause matches; module, function, arity behind it.
            slow FuncInfo "func_info" [4] ("|qqn") = calls::func_info;
            fast Move "move" [1] ("sd") = moves::move_::<0, 0>;
            fast MoveXX "move_x_x" [1] ("sd") = moves::move_::<1, 1>;
            fast MoveXY "move_x_y" [1] ("sd") = moves::move_::<1, 2>;
            fast MoveYX "move_y_x" [1] ("sd") = moves::move_::<2, 1>;
            fast MoveConstant "move_constant" [2] ("d|q") = moves::move_constant::<0>;
            fast MoveConstantX "move_constant_x" [2] ("d|q") = moves::move_constant::<1>;
            fast MoveSmall "move_small" [1] ("dN") = moves::move_small::<0>;
            fast Swap "swap" [1] ("ss") = moves::swap;
            fast InitYregs "init_yregs" [0] ("n|*") = moves::init_yregs;
            fast Allocate "allocate" [1] ("nnn") = moves::allocate;
            fast AllocateZero "allocate_zero" [1] ("nnn") = moves::allocate_zero;
            fast TestHeap "test_heap" [1] ("nn") = moves::test_heap;
            fast TestHeapFar "test_heap_far" [2] ("nn|n") = moves::test_heap_far;
            fast Deallocate "deallocate" [1] ("n") = moves::deallocate;
            fast Jump "jump" [1] ("nJ") = moves::jump;
            fast Call "call" [1] ("nJ") = calls::call;
            fast CallOnly "call_only" [1] ("nJ") = calls::call_only;
            fast CallLast "call_last" [1] ("nJ") = calls::call_last;
            fast CallExt "call_ext" [2] ("|e") = calls::call_ext;
            fast CallExtOnly "call_ext_only" [2] ("|e") = calls::call_ext_only;
            fast CallExtLast "call_ext_last" [2] ("n|e") = calls::call_ext_last;
            fast Return "return" [1] ("") = calls::return_;
            fast DeallocateReturn "deallocate_return" [1] ("n") = calls::deallocate_return;
            /// The bottom of every stack.
            slow Finish "finish" [1] ("") = calls::finish;
            /// An export entry's stub while nothing defines it.
            slow Undefined "undefined" [2] ("|e") = calls::undefined;
            /// The code of a fun that no module here has.
            slow UndefinedFun "undefined_fun" [2] ("|e") = calls::undefined_fun;
            /// The body of a function whose native the machine lacks; module, function, arity behind it.
            slow Lacking "lacking" [4] ("|qqn") = calls::lacking;
            /// As above, the stub of its export entry.
            slow LackingEntry "lacking_entry" [2] ("|e") = calls::lacking_entry;
            slow Apply "apply" [1] ("n") = calls::apply;
            slow ApplyLast "apply_last" [1] ("nn") = calls::apply_last;
            /// Applies x(0):x(1) to the list in x(2), as a tail call: a process woken from hibernation.
            slow ApplyList "apply_list" [1] ("") = calls::apply_list;
            slow CallBif "call_bif" [2] ("nn|e") = bif::call_bif;
            slow CallBifOnly "call_bif_only" [2] ("nn|e") = bif::call_bif_only;
            /// In a guard BIF's place where the machine lacks it.
            slow LackingBif "lacking_bif" [2] ("|e") = calls::lacking_bif;
            slow Bif0 "bif0" [1] ("dn") = bif::bif0;
            slow Bif1 "bif1" [2] ("snd|F") = bif::bif1;
            slow Bif2 "bif2" [2] ("ssd|F") = bif::bif2;
            slow Bif3 "bif3" [3] ("ssd|Fs") = bif::bif3;
            /// Guard BIFs with a quick way: else they are `bif1` and `bif2`, whose words they have.
            fast ByteSize "byte_size" [2] ("snd|F") = bif::byte_size;
            fast ExactlyEqual "exactly_equal" [2] ("ssd|F") = bif::exactly_equal::<true>;
            fast NotExactlyEqual "not_exactly_equal" [2] ("ssd|F") = bif::exactly_equal::<false>;
            fast SelfPid "self" [1] ("d") = bif::self_;
            fast CallFun "call_fun" [1] ("ns") = funs::call_fun;
            /// As above, in the place of the current function, whose frame has c bytes.
            fast CallFunLast "call_fun_last" [1] ("nsn") = funs::call_fun_last;
            slow MakeFun "make_fun" [0] ("dnn|f*") = funs::make_fun;
            slow IsFunction2 "is_function2" [1] ("ssj") = funs::is_function2;

            fast PutList "put_list" [1] ("ssd") = data::put_list::<0, 0, 0>;
            fast PutListXXX "put_list_x_x_x" [1] ("ssd") = data::put_list::<1, 1, 1>;
            fast PutTuple "put_tuple" [0] ("dnn|*") = data::put_tuple;
            /// Twins: where no heap need was asked for.
            slow PutListChecked "put_list_checked" [1] ("ssd") = data::put_list_checked;
            slow PutTupleChecked "put_tuple_checked" [0] ("dnn|*") = data::put_tuple_checked;
            fast GetList "get_list" [1] ("sdd") = data::get_list::<0, 0, 0>;
            fast GetListXXX "get_list_x_x_x" [1] ("sdd") = data::get_list::<1, 1, 1>;
            fast GetHd "get_hd" [1] ("sd") = data::get_hd::<0, 0>;
            fast GetTl "get_tl" [1] ("sd") = data::get_tl::<0, 0>;
            /// Twin of the three above.
            slow GetListChecked "get_list_checked" [1] ("sdd") = data::get_list_checked;
            fast GetTupleElement "get_tuple_element" [1] ("sdn") = data::get_tuple_element::<0, 0>;
            fast GetTupleElementXX "get_tuple_element_x_x" [1] ("sdn") = data::get_tuple_element::<1, 1>;
            fast GetTwoTupleElements "get_two_tuple_elements" [2] ("sdn|s") = data::get_two_tuple_elements;
            slow GetTupleElementChecked "get_tuple_element_checked" [1] ("sdn") = data::get_tuple_element_checked;
            fast SetTupleElement "set_tuple_element" [1] ("ssn") = data::set_tuple_element;
            slow SetTupleElementChecked "set_tuple_element_checked" [1] ("ssn") = data::set_tuple_element_checked;
            slow UpdateRecord "update_record" [0] ("dsn|n*") = data::update_record;

            fast IsNonemptyList "is_nonempty_list" [1] ("snj") = tests::is_nonempty_list::<0>;
            fast IsNonemptyListX "is_nonempty_list_x" [1] ("snj") = tests::is_nonempty_list::<1>;
            fast IsNil "is_nil" [1] ("snj") = tests::is_nil::<0>;
            fast IsList "is_list" [1] ("snj") = tests::is_list::<0>;
            fast IsAtom "is_atom" [1] ("snj") = tests::is_atom::<0>;
            fast IsBoolean "is_boolean" [1] ("snj") = tests::is_boolean::<0>;
            fast IsInteger "is_integer" [1] ("snj") = tests::is_integer::<0>;
            fast IsFloat "is_float" [1] ("snj") = tests::is_float::<0>;
            fast IsNumber "is_number" [1] ("snj") = tests::is_number::<0>;
            fast IsTuple "is_tuple" [1] ("snj") = tests::is_tuple::<0>;
            fast IsMap "is_map" [1] ("snj") = tests::is_map::<0>;
            fast IsAnyNativeRecord "is_any_native_record" [1] ("snj") = tests::is_any_native_record::<0>;
            fast IsPid "is_pid" [1] ("snj") = tests::is_pid::<0>;
            fast IsPort "is_port" [1] ("snj") = tests::is_port::<0>;
            fast IsReference "is_reference" [1] ("snj") = tests::is_reference::<0>;
            fast IsFunction "is_function" [1] ("snj") = tests::is_function::<0>;
            fast IsBitstring "is_bitstring" [1] ("snj") = tests::is_bitstring::<0>;
            fast IsBinary "is_binary" [1] ("snj") = tests::is_binary::<0>;
            fast TestArity "test_arity" [1] ("snj") = tests::test_arity;
            fast IsTaggedTuple "is_tagged_tuple" [2] ("snj|q") = tests::is_tagged_tuple;
            fast IsImmediate "is_immediate" [2] ("snj|q") = tests::is_immediate::<0>;
            fast IsNotImmediate "is_not_immediate" [2] ("snj|q") = tests::is_not_immediate::<0>;
            fast IsEqExact "is_eq_exact" [1] ("ssj") = tests::is_eq_exact;
            fast IsNeExact "is_ne_exact" [1] ("ssj") = tests::is_ne_exact;
            fast IsEq "is_eq" [1] ("ssj") = tests::is_eq;
            fast IsNe "is_ne" [1] ("ssj") = tests::is_ne;
            fast IsLt "is_lt" [1] ("ssj") = tests::is_lt;
            fast IsGe "is_ge" [1] ("ssj") = tests::is_ge;
            fast IsLtConstant "is_lt_constant" [2] ("snj|q") = tests::is_lt_constant;
            fast IsGeConstant "is_ge_constant" [2] ("snj|q") = tests::is_ge_constant;
            fast IsGtConstant "is_gt_constant" [2] ("snj|q") = tests::is_gt_constant;
            fast IsLeConstant "is_le_constant" [2] ("snj|q") = tests::is_le_constant;
            fast SelectVal "select_val" [0] ("sJ|n") = select::select_val;
            fast SelectTupleArity "select_tuple_arity" [0] ("sJ|n") = select::select_tuple_arity;
            fast SelectRange "select_range" [0] ("sJ|n") = select::select_range;
            fast JumpOnValue "jump_on_value" [0] ("sJ|nn") = select::jump_on_value;

            fast Add "add" [2] ("ssd|F") = arith::add;
            fast Subtract "subtract" [2] ("ssd|F") = arith::subtract;
            fast AddConstant "add_constant" [3] ("snd|Fq") = arith::add_constant;
            fast SubtractConstant "subtract_constant" [3] ("snd|Fq") = arith::subtract_constant;
            fast Multiply "multiply" [2] ("ssd|F") = arith::multiply;
            fast IntDiv "int_div" [2] ("ssd|F") = arith::int_div;
            fast Rem "rem" [2] ("ssd|F") = arith::rem;
            fast Band "band" [2] ("ssd|F") = arith::band;
            fast Bor "bor" [2] ("ssd|F") = arith::bor;
            fast Bxor "bxor" [2] ("ssd|F") = arith::bxor;
            fast Bsl "bsl" [2] ("ssd|F") = arith::bsl;
            fast Bsr "bsr" [2] ("ssd|F") = arith::bsr;

            fast FloatAdd "fadd" [1] ("lll") = floats::fadd;
            fast FloatSubtract "fsub" [1] ("lll") = floats::fsub;
            fast FloatMultiply "fmul" [1] ("lll") = floats::fmul;
            fast FloatDivide "fdiv" [1] ("lll") = floats::fdiv;
            fast FloatNegate "fnegate" [1] ("ll") = floats::fnegate;
            fast FloatLoad "float_load" [1] ("sl") = floats::load;
            fast FloatStore "float_store" [1] ("ld") = floats::store;
            /// Twin: where no heap need was asked for, or the register may hold none.
            slow FloatStoreChecked "float_store_checked" [1] ("ld") = floats::store_checked;
            fast FloatConvert "float_convert" [1] ("sl") = floats::convert;

            slow PutMapAssoc "put_map_assoc" [0] ("sdn|F*") = maps::put_map_assoc;
            slow PutMapExact "put_map_exact" [0] ("sdn|F*") = maps::put_map_exact;
            fast HasMapFields "has_map_fields" [0] ("snn|F*") = maps::has_map_fields;
            fast GetMapElements "get_map_elements" [0] ("snn|F*") = maps::get_map_elements;

            slow IsNativeRecord "is_native_record" [0] ("snn|F*") = records::is_native_record;
            slow IsRecordAccessible "is_record_accessible" [0] ("snn|F*") = records::is_record_accessible;
            slow GetRecordElements "get_record_elements" [0] ("snn|F*") = records::get_record_elements;
            slow GetRecordField "get_record_field" [0] ("sdn|F*") = records::get_record_field;
            slow CreateRecord "create_record" [0] ("dnn|F*") = records::create_record;
            slow UpdateNativeRecord "update_native_record" [0] ("sdn|F*") = records::update_native_record;

            /// Twin of every instruction on a match context: stands before it.
            slow BsCheckContext "bs_check_context" [1] ("s") = bs_match::check_context;
            fast BsStartMatch "bs_start_match" [2] ("sd|F") = bs_match::start_match;
            /// As above, and the byte of the `bs_get_integer_8` that follows to slot c; then on behind it. Its words are there still: where
            /// the context is new, or its bytes are not whole or not enough, they do the work.
            fast BsStartByte "bs_start_byte" [2] ("sdd|F") = bs_bytes::start_byte::<1, false>;
            /// The same with a `bs_ensure` before or behind the `bs_get_integer_8`.
            fast BsStartByteTested "bs_start_byte_tested" [2] ("sdd|F") = bs_bytes::start_byte::<3, false>;
            /// The same two with a `bs_get_position` before that.
            fast BsStartByteAt "bs_start_byte_at" [2] ("sdd|F") = bs_bytes::start_byte::<1, true>;
            fast BsStartByteTestedAt "bs_start_byte_tested_at" [2] ("sdd|F") = bs_bytes::start_byte::<3, true>;
            /// As the four above, at a function's entry: the bytes in the set behind the fail word lead back here with nothing changed, and
            /// are passed by.
            fast BsSkipBytes "bs_skip_bytes" [6] ("sdd|Fnnnn") = bs_bytes::skip_bytes::<1, false>;
            fast BsSkipBytesTested "bs_skip_bytes_tested" [6] ("sdd|Fnnnn") = bs_bytes::skip_bytes::<3, false>;
            fast BsSkipBytesAt "bs_skip_bytes_at" [6] ("sdd|Fnnnn") = bs_bytes::skip_bytes::<1, true>;
            fast BsSkipBytesTestedAt "bs_skip_bytes_tested_at" [6] ("sdd|Fnnnn") = bs_bytes::skip_bytes::<3, true>;
            /// At a function's entry: each byte adds one to the end of the bitstring in the register of ext 2, or none, or stops the loop, as
            /// the table behind it says (16 bits each). Asked for by `grep -i` of fixtures/tools.
            fast BsMapBytes "bs_map_bytes" [67] ("sdd|Fs*") = bs_bytes::map_bytes;
            fast BsGetPosition "bs_get_position" [1] ("sd") = bs_match::get_position;
            fast BsSetPosition "bs_set_position" [1] ("ss") = bs_match::set_position_to;
            fast BsGetInteger8 "bs_get_integer_8" [1] ("sdj") = bs_match::get_integer_8;
            fast BsGetInteger16 "bs_get_integer_16" [1] ("sdj") = bs_match::get_integer_16;
            fast BsGetInteger32 "bs_get_integer_32" [1] ("sdj") = bs_match::get_integer_32;
            fast BsGetIntegerSmall "bs_get_integer_small" [2] ("sdj|n") = bs_match::get_integer_small;
            slow BsGetInteger "bs_get_integer" [4] ("ssd|Fnq") = bs_match::get_integer;
            slow BsGetFloat "bs_get_float" [4] ("ssd|Fnq") = bs_match::get_float;
            fast BsGetBinary "bs_get_binary" [4] ("ssd|Fnq") = bs_match::get_binary;
            slow BsGetBinaryAll "bs_get_binary_all" [3] ("sd|Fn") = bs_match::get_binary_all;
            fast BsGetTail "bs_get_tail" [1] ("sdn") = bs_match::get_tail;
            fast BsSkip "bs_skip" [1] ("snj") = bs_match::skip;
            fast BsSkipBits "bs_skip_bits" [4] ("ss|Fnq") = bs_match::skip_bits;
            fast BsSkipAll "bs_skip_all" [2] ("snj|n") = bs_match::skip_all;
            fast BsTestTail "bs_test_tail" [1] ("snj") = bs_match::test_tail;
            fast BsTestTailFar "bs_test_tail_far" [2] ("snj|n") = bs_match::test_tail_far;
            fast BsEnsure "bs_ensure" [2] ("snj|n") = bs_match::ensure;
            fast BsMatchBits "bs_match_bits" [2] ("snj|n") = bs_match::match_bits;
            fast BsMatchString "bs_match_string" [0] ("snn|F*") = bs_match::match_string;
            fast BsGetUtf8 "bs_get_utf8" [1] ("sdj") = bs_match::get_utf8;
            slow BsGetUtf16 "bs_get_utf16" [2] ("sdj|n") = bs_match::get_utf16;
            slow BsGetUtf32 "bs_get_utf32" [2] ("sdj|n") = bs_match::get_utf32;

            slow BsCreateBin "bs_create_bin" [0] ("dnn|Fn*") = bs_build::create_bin;
            fast BsCreateIntegers "bs_create_integers" [0] ("dnn|Fn*") = bs_build::create_integers;
            fast BsAppendIntegers "bs_append_integers" [0] ("dnn|Fn*") = bs_build::append_integers;
            slow BsInit "bs_init" [4] ("dsn|Fnq") = bs_put::init;
            slow BsAppend "bs_append" [5] ("dss|Fnqq") = bs_put::append_old;
            slow BsPutInteger "bs_put_integer" [5] ("ssn|Fnqq") = bs_put::put_integer_old;
            slow BsPutFloat "bs_put_float" [5] ("ssn|Fnqq") = bs_put::put_float_old;
            slow BsPutBinary "bs_put_binary" [5] ("ssn|Fnqq") = bs_put::put_binary_old;
            slow BsPutString "bs_put_string" [0] ("nnn|n*") = bs_put::put_string;
            slow BsPutUtf "bs_put_utf" [2] ("snn|F") = bs_put::put_utf;
            slow BsUtfSize "bs_utf_size" [1] ("sdn") = bs_put::utf_size;
            slow BsAdd "bs_add" [3] ("ssd|Fn") = bs_put::add;
            slow BsInitWritable "bs_init_writable" [1] ("") = bs_put::init_writable;

            slow LoopRec "loop_rec" [1] ("dJ") = receive::loop_rec;
            slow LoopRecEnd "loop_rec_end" [1] ("nJ") = receive::loop_rec_end;
            slow RemoveMessage "remove_message" [1] ("") = receive::remove_message;
            slow Wait "wait" [1] ("nJ") = receive::wait;
            slow WaitTimeout "wait_timeout" [1] ("sJ") = receive::wait_timeout;
            slow Timeout "timeout" [1] ("") = receive::timeout;
            slow RecvMarkerReserve "recv_marker_reserve" [1] ("d") = receive::marker_reserve;
            slow RecvMarkerBind "recv_marker_bind" [1] ("ss") = receive::marker_bind;
            slow RecvMarkerClear "recv_marker_clear" [1] ("s") = receive::marker_clear;
            slow RecvMarkerUse "recv_marker_use" [1] ("s") = receive::marker_use;

            slow Badmatch "badmatch" [1] ("s") = raise::badmatch;
            slow CaseEnd "case_end" [1] ("s") = raise::case_end;
            slow TryCaseEnd "try_case_end" [1] ("s") = raise::try_case_end;
            slow IfEnd "if_end" [1] ("") = raise::if_end;
            slow BadRecord "badrecord" [1] ("s") = raise::badrecord;
            fast Catch "catch" [1] ("yJ") = raise::catch;
            fast TryEnd "try_end" [1] ("y") = raise::try_end;
            fast TryCase "try_case" [1] ("y") = raise::try_end;
            /// Twin: where the unwinder may not have been.
            slow TryCaseChecked "try_case_checked" [1] ("y") = raise::try_case_checked;
            slow CatchEnd "catch_end" [1] ("y") = raise::catch_end;
            slow Raise "raise" [1] ("ss") = raise::raise;
            slow RawRaise "raw_raise" [1] ("") = raise::raw_raise;
            slow BuildStacktrace "build_stacktrace" [1] ("") = raise::build_stacktrace;
            /// An instruction that LAM does not have: raises `{lam_unsupported, Name}`.
            slow Unsupported "unsupported" [2] ("|q") = raise::unsupported;
            /// In the place of code that nothing leads to.
            slow Unreached "unreached" [1] ("") = raise::unreached;
        }
    };
}
pub(crate) use for_each_specific_op;

macro_rules! numbers {
    ($($(#[$doc:meta])* $speed:ident $name:ident $text:literal [$len:literal] ($format:literal) = $body:expr;)*) => {
        #[repr(u16)]
        enum Numbers { $($name),* }
        /// Numbers of the instructions.
        #[allow(non_upper_case_globals)]
        pub mod number {
            use super::Numbers;
            $(pub const $name: u16 = Numbers::$name as u16;)*
        }
        /// Name, length and operands of each instruction.
        pub const ROWS: &[Row] = &[$(Row { name: $text, words: $len, operands: $format }),*];
    };
}

/// What the disassembler knows of an instruction.
pub struct Row {
    pub name: &'static str,
    /// 0: the instruction holds its length.
    pub words: u8,
    pub operands: &'static str,
}

for_each_specific_op!(numbers);
