//! What `.beam` files hold: the generic instructions, each declared once.
//!
//! Numbers, names and arities are those of OTP's `lib/compiler/src/genop.tab` (184 and up: OTP 29). A row is
//!
//! ```text
//! 64 "move" MOVE(src: s, dst: d);            number, name, constant, operands with their kind
//! 70 "put_tuple" PUT_TUPLE removed 2 "21";   no compiler of OTP 22 to 29 emits it: arity, and the last OTP that did
//! ```
//!
//! | letter | operand |
//! |---|---|
//! | `s` | source: X or Y register, integer, atom, `[]`, literal |
//! | `S` | X or Y register that is read |
//! | `d` | X or Y register that is written (read too by `swap`) |
//! | `y` | Y register |
//! | `l` | float register |
//! | `a` | atom |
//! | `f` | label |
//! | `j` | label, or 0: raise instead of jumping |
//! | `u` | plain number |
//! | `H` | heap need: words, or words, floats and funs apart |
//! | `L` | list of operands |
//! | `b`, `e` | index of an import: a BIF, a function |
//! | `F` | index into the table of funs |
//! | `z` | anything; the loader's check of that instruction looks |
//!
//! A typed register (with an index into the `Type` chunk) may stand wherever a register may.

/// The kind of one operand; the letters are explained at the top of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Source,
    Register,
    Destination,
    YRegister,
    FloatRegister,
    Atom,
    Label,
    LabelOrNone,
    Number,
    HeapNeed,
    List,
    Bif,
    Import,
    Lambda,
    Any,
}

/// One operand of a generic instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    pub name: &'static str,
    pub kind: Kind,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct GenericOp {
    pub opcode: u8,
    pub name: &'static str,
    pub arity: u8,
    /// Empty where the instruction was removed.
    pub operands: &'static [Operand],
    /// The last OTP whose compiler emitted it, where no compiler of OTP 22 to 29 does.
    pub removed_after: Option<&'static str>,
}

/// The highest opcode there is.
pub const MAX_OPCODE: u8 = 191;

/// Hands all rows to the macro named.
#[macro_export]
macro_rules! for_each_generic_op {
    ($macro:ident) => {
        $macro! {
            /// Names this place `label`; starts a basic block.
            1 "label" LABEL(label: u);
            /// Raises `function_clause`; names the function that follows.
            2 "func_info" FUNC_INFO(module: a, function: a, arity: u);
            /// Ends the module's code.
            3 "int_code_end" INT_CODE_END();
            /// Calls the local function at `target`.
            4 "call" CALL(arity: u, target: f);
            /// Gives the frame of `deallocate` words back, then tail calls `target`.
            5 "call_last" CALL_LAST(arity: u, target: f, deallocate: u);
            /// Tail calls the local function at `target`, without a frame.
            6 "call_only" CALL_ONLY(arity: u, target: f);
            /// Calls an imported function.
            7 "call_ext" CALL_EXT(arity: u, import: e);
            /// Gives the frame back, then tail calls an imported function.
            8 "call_ext_last" CALL_EXT_LAST(arity: u, import: e, deallocate: u);
            /// `dst` := BIF(); cannot fail.
            9 "bif0" BIF0(bif: b, dst: d);
            /// `dst` := BIF(arg); on failure jumps to `fail`, or raises.
            10 "bif1" BIF1(fail: j, bif: b, arg: s, dst: d);
            /// `dst` := BIF(arg1, arg2); on failure jumps to `fail`, or raises.
            11 "bif2" BIF2(fail: j, bif: b, arg1: s, arg2: s, dst: d);
            /// Makes a frame of `stack` Y registers, not initialised.
            12 "allocate" ALLOCATE(stack: u, live: u);
            /// Makes a frame and ensures heap space.
            13 "allocate_heap" ALLOCATE_HEAP(stack: u, need: H, live: u);
            /// Makes a frame whose Y registers hold `[]` (until OTP 23).
            14 "allocate_zero" ALLOCATE_ZERO(stack: u, live: u);
            /// Makes a frame of `[]` and ensures heap space (until OTP 23).
            15 "allocate_heap_zero" ALLOCATE_HEAP_ZERO(stack: u, need: H, live: u);
            /// Ensures heap space; may collect with `live` X registers.
            16 "test_heap" TEST_HEAP(need: H, live: u);
            /// Y register := `[]` (until OTP 23).
            17 "init" INIT(dst: y);
            /// Gives the frame of `stack` words back.
            18 "deallocate" DEALLOCATE(stack: u);
            /// Returns X0 to the caller.
            19 "return" RETURN();
            /// X0 ! X1; the message stays as result in X0.
            20 "send" SEND();
            /// Takes the current message out of the mailbox and stops the timer.
            21 "remove_message" REMOVE_MESSAGE();
            /// Rewinds the save pointer after a timeout.
            22 "timeout" TIMEOUT();
            /// `dst` := the current message; jumps to `fail` when there is none.
            23 "loop_rec" LOOP_REC(fail: f, dst: d);
            /// Skips the current message and jumps back to the `loop_rec` at `target`.
            24 "loop_rec_end" LOOP_REC_END(target: f);
            /// Sleeps until a message comes, then goes on at `target`.
            25 "wait" WAIT(target: f);
            /// As `wait`, and falls through after `time` ms.
            26 "wait_timeout" WAIT_TIMEOUT(target: f, time: s);
            27 "m_plus" M_PLUS removed 4 "R10";
            28 "m_minus" M_MINUS removed 4 "R10";
            29 "m_times" M_TIMES removed 4 "R10";
            30 "m_div" M_DIV removed 4 "R10";
            31 "int_div" INT_DIV removed 4 "R10";
            32 "int_rem" INT_REM removed 4 "R10";
            33 "int_band" INT_BAND removed 4 "R10";
            34 "int_bor" INT_BOR removed 4 "R10";
            35 "int_bxor" INT_BXOR removed 4 "R10";
            36 "int_bsl" INT_BSL removed 4 "R10";
            37 "int_bsr" INT_BSR removed 4 "R10";
            38 "int_bnot" INT_BNOT removed 3 "R10";
            /// Jumps to `fail` unless arg1 < arg2.
            39 "is_lt" IS_LT(fail: j, arg1: s, arg2: s);
            /// Jumps to `fail` unless arg1 >= arg2.
            40 "is_ge" IS_GE(fail: j, arg1: s, arg2: s);
            /// Jumps to `fail` unless arg1 == arg2.
            41 "is_eq" IS_EQ(fail: j, arg1: s, arg2: s);
            /// Jumps to `fail` unless arg1 /= arg2.
            42 "is_ne" IS_NE(fail: j, arg1: s, arg2: s);
            /// Jumps to `fail` unless arg1 =:= arg2.
            43 "is_eq_exact" IS_EQ_EXACT(fail: j, arg1: s, arg2: s);
            /// Jumps to `fail` unless arg1 =/= arg2.
            44 "is_ne_exact" IS_NE_EXACT(fail: j, arg1: s, arg2: s);
            /// Jumps to `fail` unless `src` is an integer.
            45 "is_integer" IS_INTEGER(fail: j, src: s);
            /// Jumps to `fail` unless `src` is a float.
            46 "is_float" IS_FLOAT(fail: j, src: s);
            /// Jumps to `fail` unless `src` is a number.
            47 "is_number" IS_NUMBER(fail: j, src: s);
            /// Jumps to `fail` unless `src` is an atom.
            48 "is_atom" IS_ATOM(fail: j, src: s);
            /// Jumps to `fail` unless `src` is a pid.
            49 "is_pid" IS_PID(fail: j, src: s);
            /// Jumps to `fail` unless `src` is a reference.
            50 "is_reference" IS_REFERENCE(fail: j, src: s);
            /// Jumps to `fail` unless `src` is a port.
            51 "is_port" IS_PORT(fail: j, src: s);
            /// Jumps to `fail` unless `src` is `[]`.
            52 "is_nil" IS_NIL(fail: j, src: s);
            /// Jumps to `fail` unless `src` is a binary of whole bytes.
            53 "is_binary" IS_BINARY(fail: j, src: s);
            54 "is_constant" IS_CONSTANT removed 2 "R11";
            /// Jumps to `fail` unless `src` is a cons or `[]`.
            55 "is_list" IS_LIST(fail: j, src: s);
            /// Jumps to `fail` unless `src` is a cons.
            56 "is_nonempty_list" IS_NONEMPTY_LIST(fail: j, src: s);
            /// Jumps to `fail` unless `src` is a tuple.
            57 "is_tuple" IS_TUPLE(fail: j, src: s);
            /// Jumps to `fail` unless the tuple `src` has `arity` elements.
            58 "test_arity" TEST_ARITY(fail: j, src: s, arity: u);
            /// Jumps to the label paired with the value of `src`, else to `fail`.
            59 "select_val" SELECT_VAL(src: s, fail: f, list: L);
            /// Jumps to the label paired with the arity of the tuple `src`, else to `fail`.
            60 "select_tuple_arity" SELECT_TUPLE_ARITY(src: s, fail: f, list: L);
            /// Jumps to `target`.
            61 "jump" JUMP(target: f);
            /// Sets up a `catch`: `dst` holds the handler's address.
            62 "catch" CATCH(dst: y, handler: f);
            /// Ends a `catch`; an exception's value is made into X0.
            63 "catch_end" CATCH_END(src: y);
            /// `dst` := `src`.
            64 "move" MOVE(src: s, dst: d);
            /// Takes a cons apart.
            65 "get_list" GET_LIST(src: S, head: d, tail: d);
            /// `dst` := element of the tuple `src`, counted from 0.
            66 "get_tuple_element" GET_TUPLE_ELEMENT(src: S, position: u, dst: d);
            /// Writes an element of a fresh tuple, counted from 0.
            67 "set_tuple_element" SET_TUPLE_ELEMENT(new: s, tuple: S, position: u);
            68 "put_string" PUT_STRING removed 3 "16";
            /// `dst` := `[head | tail]`.
            69 "put_list" PUT_LIST(head: s, tail: s, dst: d);
            70 "put_tuple" PUT_TUPLE removed 2 "21";
            71 "put" PUT removed 1 "21";
            /// Raises `{badmatch, value}`.
            72 "badmatch" BADMATCH(value: s);
            /// Raises `if_clause`.
            73 "if_end" IF_END();
            /// Raises `{case_clause, value}`.
            74 "case_end" CASE_END(value: s);
            /// Calls the fun in X(arity).
            75 "call_fun" CALL_FUN(arity: u);
            76 "make_fun" MAKE_FUN removed 3 "R7";
            /// Jumps to `fail` unless `src` is a fun.
            77 "is_function" IS_FUNCTION(fail: j, src: s);
            /// Tail calls an imported function, without a frame.
            78 "call_ext_only" CALL_EXT_ONLY(arity: u, import: e);
            79 "bs_start_match" BS_START_MATCH removed 2 "R10";
            80 "bs_get_integer" BS_GET_INTEGER removed 5 "R10";
            81 "bs_get_float" BS_GET_FLOAT removed 5 "R10";
            82 "bs_get_binary" BS_GET_BINARY removed 5 "R10";
            83 "bs_skip_bits" BS_SKIP_BITS removed 4 "R10";
            84 "bs_test_tail" BS_TEST_TAIL removed 2 "R10";
            85 "bs_save" BS_SAVE removed 1 "R10";
            86 "bs_restore" BS_RESTORE removed 1 "R10";
            87 "bs_init" BS_INIT removed 2 "R10";
            88 "bs_final" BS_FINAL removed 2 "R10";
            /// Appends an integer to the binary under construction (until OTP 24).
            89 "bs_put_integer" BS_PUT_INTEGER(fail: j, size: s, unit: u, flags: u, src: s);
            /// Appends a binary to the binary under construction (until OTP 24).
            90 "bs_put_binary" BS_PUT_BINARY(fail: j, size: s, unit: u, flags: u, src: s);
            /// Appends a float to the binary under construction (until OTP 24).
            91 "bs_put_float" BS_PUT_FLOAT(fail: j, size: s, unit: u, flags: u, src: s);
            /// Appends `size` bytes of the string table (until OTP 24).
            92 "bs_put_string" BS_PUT_STRING(size: u, offset: u);
            93 "bs_need_buf" BS_NEED_BUF removed 1 "R10";
            /// Clears the float error flag (until OTP 23).
            94 "fclearerror" FCLEARERROR();
            /// Raises when the float error flag is set (until OTP 23).
            95 "fcheckerror" FCHECKERROR(fail: j);
            /// Moves a float between a term and a float register.
            96 "fmove" FMOVE(src: z, dst: z);
            /// Float register := number `src` as a float.
            97 "fconv" FCONV(src: s, dst: l);
            /// `dst` := arg1 + arg2.
            98 "fadd" FADD(fail: j, arg1: l, arg2: l, dst: l);
            /// `dst` := arg1 - arg2.
            99 "fsub" FSUB(fail: j, arg1: l, arg2: l, dst: l);
            /// `dst` := arg1 * arg2.
            100 "fmul" FMUL(fail: j, arg1: l, arg2: l, dst: l);
            /// `dst` := arg1 / arg2.
            101 "fdiv" FDIV(fail: j, arg1: l, arg2: l, dst: l);
            /// `dst` := -arg.
            102 "fnegate" FNEGATE(fail: j, arg: l, dst: l);
            /// X0 := a fun whose environment is X0 and up (until OTP 23).
            103 "make_fun2" MAKE_FUN2(fun: F);
            /// Sets up a `try`: `dst` holds the handler's address.
            104 "try" TRY(dst: y, handler: f);
            /// Ends the protected part of a `try`.
            105 "try_end" TRY_END(src: y);
            /// Starts the handler of a `try`: class, reason and trace are in X0, X1, X2.
            106 "try_case" TRY_CASE(src: y);
            /// Raises `{try_clause, value}`.
            107 "try_case_end" TRY_CASE_END(value: s);
            /// Raises again with the raw stack trace `trace`.
            108 "raise" RAISE(trace: s, value: s);
            /// Starts a binary of `size` bytes (until OTP 24).
            109 "bs_init2" BS_INIT2(fail: j, size: z, need: H, live: u, flags: u, dst: d);
            110 "bs_bits_to_bytes" BS_BITS_TO_BYTES removed 3 "R10";
            /// `dst` := arg1 + arg2 * unit, for sizes (until OTP 24).
            111 "bs_add" BS_ADD(fail: j, arg1: s, arg2: s, unit: u, dst: d);
            /// Calls X(arity):X(arity+1) with `arity` arguments.
            112 "apply" APPLY(arity: u);
            /// As `apply`, as a tail call.
            113 "apply_last" APPLY_LAST(arity: u, deallocate: u);
            /// Jumps to `fail` unless `src` is `true` or `false`.
            114 "is_boolean" IS_BOOLEAN(fail: j, src: s);
            /// Jumps to `fail` unless `src` is a fun of `arity`.
            115 "is_function2" IS_FUNCTION2(fail: j, src: s, arity: s);
            116 "bs_start_match2" BS_START_MATCH2 removed 5 "21";
            /// Matches an integer.
            117 "bs_get_integer2" BS_GET_INTEGER2(fail: j, ctx: S, live: u, size: s, unit: u, flags: u, dst: d);
            /// Matches a float.
            118 "bs_get_float2" BS_GET_FLOAT2(fail: j, ctx: S, live: u, size: s, unit: u, flags: u, dst: d);
            /// Matches a binary; `size` may be `all`.
            119 "bs_get_binary2" BS_GET_BINARY2(fail: j, ctx: S, live: u, size: s, unit: u, flags: u, dst: d);
            /// Skips `size` * `unit` bits.
            120 "bs_skip_bits2" BS_SKIP_BITS2(fail: j, ctx: S, size: s, unit: u, flags: u);
            /// Jumps to `fail` unless exactly `bits` remain.
            121 "bs_test_tail2" BS_TEST_TAIL2(fail: j, ctx: S, bits: z);
            122 "bs_save2" BS_SAVE2 removed 2 "21";
            123 "bs_restore2" BS_RESTORE2 removed 2 "21";
            /// As `bif1`; may collect with `live` X registers.
            124 "gc_bif1" GC_BIF1(fail: j, live: u, bif: b, arg: s, dst: d);
            /// As `bif2`; may collect with `live` X registers.
            125 "gc_bif2" GC_BIF2(fail: j, live: u, bif: b, arg1: s, arg2: s, dst: d);
            126 "bs_final2" BS_FINAL2 removed 2 "R11";
            127 "bs_bits_to_bytes2" BS_BITS_TO_BYTES2 removed 2 "R11";
            128 "put_literal" PUT_LITERAL removed 2 "R11";
            /// Jumps to `fail` unless `src` is a bitstring.
            129 "is_bitstr" IS_BITSTR(fail: j, src: s);
            130 "bs_context_to_binary" BS_CONTEXT_TO_BINARY removed 1 "21";
            /// Jumps to `fail` unless the bits that remain divide by `unit`.
            131 "bs_test_unit" BS_TEST_UNIT(fail: j, ctx: S, unit: u);
            /// Matches `bits` bits of the string table.
            132 "bs_match_string" BS_MATCH_STRING(fail: j, ctx: S, bits: u, offset: u);
            /// X0 := a writable binary of at least X0 bytes.
            133 "bs_init_writable" BS_INIT_WRITABLE();
            /// Starts a binary by appending to `bin` (until OTP 24).
            134 "bs_append" BS_APPEND(fail: j, size: s, need: H, live: u, unit: u, bin: s, flags: u, dst: d);
            /// As `bs_append`; nobody else sees `bin` (until OTP 24).
            135 "bs_private_append" BS_PRIVATE_APPEND(fail: j, size: s, unit: u, bin: s, flags: u, dst: d);
            /// Drops the `words` lowest Y registers of the frame.
            136 "trim" TRIM(words: u, remaining: u);
            /// Starts a bitstring of `size` bits (until OTP 24).
            137 "bs_init_bits" BS_INIT_BITS(fail: j, size: z, need: H, live: u, flags: u, dst: d);
            /// Matches a UTF-8 character.
            138 "bs_get_utf8" BS_GET_UTF8(fail: j, ctx: S, live: u, flags: u, dst: d);
            /// Skips a UTF-8 character.
            139 "bs_skip_utf8" BS_SKIP_UTF8(fail: j, ctx: S, live: u, flags: u);
            /// Matches a UTF-16 character.
            140 "bs_get_utf16" BS_GET_UTF16(fail: j, ctx: S, live: u, flags: u, dst: d);
            /// Skips a UTF-16 character.
            141 "bs_skip_utf16" BS_SKIP_UTF16(fail: j, ctx: S, live: u, flags: u);
            /// Matches a UTF-32 character.
            142 "bs_get_utf32" BS_GET_UTF32(fail: j, ctx: S, live: u, flags: u, dst: d);
            /// Skips a UTF-32 character.
            143 "bs_skip_utf32" BS_SKIP_UTF32(fail: j, ctx: S, live: u, flags: u);
            /// `dst` := bytes of `src` in UTF-8 (until OTP 24).
            144 "bs_utf8_size" BS_UTF8_SIZE(fail: j, src: s, dst: d);
            /// Appends a character in UTF-8 (until OTP 24).
            145 "bs_put_utf8" BS_PUT_UTF8(fail: j, flags: u, src: s);
            /// `dst` := bytes of `src` in UTF-16 (until OTP 24).
            146 "bs_utf16_size" BS_UTF16_SIZE(fail: j, src: s, dst: d);
            /// Appends a character in UTF-16 (until OTP 24).
            147 "bs_put_utf16" BS_PUT_UTF16(fail: j, flags: u, src: s);
            /// Appends a character in UTF-32 (until OTP 24).
            148 "bs_put_utf32" BS_PUT_UTF32(fail: j, flags: u, src: s);
            /// Marks the function before which it stands as the module's `on_load`.
            149 "on_load" ON_LOAD();
            /// Remembers the end of the mailbox for `target` (until OTP 23).
            150 "recv_mark" RECV_MARK(target: f);
            /// Sets the save pointer to what `recv_mark` remembered (until OTP 23).
            151 "recv_set" RECV_SET(target: f);
            /// `dst` := BIF(arg1, arg2, arg3); may collect with `live` X registers.
            152 "gc_bif3" GC_BIF3(fail: j, live: u, bif: b, arg1: s, arg2: s, arg3: s, dst: d);
            /// The source line of what follows.
            153 "line" LINE(location: u);
            /// `dst` := src#{K => V, …}.
            154 "put_map_assoc" PUT_MAP_ASSOC(fail: j, src: s, dst: d, live: u, pairs: L);
            /// `dst` := src#{K := V, …}; on failure jumps to `fail`, or raises.
            155 "put_map_exact" PUT_MAP_EXACT(fail: j, src: s, dst: d, live: u, pairs: L);
            /// Jumps to `fail` unless `src` is a map.
            156 "is_map" IS_MAP(fail: j, src: s);
            /// Jumps to `fail` unless the map `src` has all `keys`.
            157 "has_map_fields" HAS_MAP_FIELDS(fail: j, src: s, keys: L);
            /// Reads values of keys into registers; jumps to `fail` when one is missing.
            158 "get_map_elements" GET_MAP_ELEMENTS(fail: j, src: s, pairs: L);
            /// Jumps to `fail` unless `src` is a tuple of `arity` whose first element is `tag`.
            159 "is_tagged_tuple" IS_TAGGED_TUPLE(fail: j, src: s, arity: u, tag: a);
            /// X0 := the raw stack trace X0 as Erlang sees it.
            160 "build_stacktrace" BUILD_STACKTRACE();
            /// Raises class X0, reason X1, raw stack trace X2; X0 := `badarg` when X0 is no class.
            161 "raw_raise" RAW_RAISE();
            /// `head` := head of a cons.
            162 "get_hd" GET_HD(src: S, head: d);
            /// `tail` := tail of a cons.
            163 "get_tl" GET_TL(src: S, tail: d);
            /// `dst` := a tuple of `elements`.
            164 "put_tuple2" PUT_TUPLE2(dst: d, elements: L);
            /// `dst` := the bits that remain.
            165 "bs_get_tail" BS_GET_TAIL(ctx: S, dst: d, live: u);
            /// `dst` := a match context over the bitstring `src`.
            166 "bs_start_match3" BS_START_MATCH3(fail: j, src: s, live: u, dst: d);
            /// `dst` := the position in the match context.
            167 "bs_get_position" BS_GET_POSITION(ctx: S, dst: d, live: u);
            /// Sets the position in the match context.
            168 "bs_set_position" BS_SET_POSITION(ctx: S, position: s);
            /// Exchanges two registers.
            169 "swap" SWAP(reg1: d, reg2: d);
            /// As `bs_start_match3`; `fail` may be the atom `no_fail` or `resume`.
            170 "bs_start_match4" BS_START_MATCH4(fail: z, live: u, src: s, dst: d);
            /// `dst` := a fun with `environment`.
            171 "make_fun3" MAKE_FUN3(fun: F, dst: d, environment: L);
            /// Y registers := `[]`.
            172 "init_yregs" INIT_YREGS(registers: L);
            /// Ties a reserved receive marker to a reference.
            173 "recv_marker_bind" RECV_MARKER_BIND(marker: S, reference: S);
            /// Drops the receive marker of a reference.
            174 "recv_marker_clear" RECV_MARKER_CLEAR(reference: S);
            /// `dst` := a new receive marker at the end of the mailbox.
            175 "recv_marker_reserve" RECV_MARKER_RESERVE(dst: d);
            /// Sets the save pointer to the marker of a reference.
            176 "recv_marker_use" RECV_MARKER_USE(reference: S);
            /// `dst` := a bitstring of `segments`, six operands each: type, number, unit, flags, value, size.
            177 "bs_create_bin" BS_CREATE_BIN(fail: j, need: H, live: u, unit: u, dst: d, segments: L);
            /// Calls `fun`; `tag` is `safe`, `unsafe` or the index of a local fun.
            178 "call_fun2" CALL_FUN2(tag: z, arity: u, fun: s);
            /// Marks a function that a NIF may replace.
            179 "nif_start" NIF_START();
            /// Raises `{badrecord, value}`.
            180 "badrecord" BADRECORD(value: s);
            /// `dst` := tuple `src` with elements replaced: position, value, … (from OTP 26).
            181 "update_record" UPDATE_RECORD(hint: a, size: u, src: s, dst: d, updates: L);
            /// Runs a list of matching commands (from OTP 26).
            182 "bs_match" BS_MATCH(fail: j, ctx: S, commands: L);
            /// A line that coverage counts (from OTP 27).
            183 "executable_line" EXECUTABLE_LINE(location: u, index: u);
            /// A line that a debugger may stop at (from OTP 28).
            184 "debug_line" DEBUG_LINE(kind: z, location: u, index: u, live: u);
            /// `dst` := BIF(arg1, arg2, arg3) (from OTP 29).
            185 "bif3" BIF3(fail: j, bif: b, arg1: s, arg2: s, arg3: s, dst: d);
            /// Jumps to `fail` unless `src` is a native record (from OTP 29).
            186 "is_any_native_record" IS_ANY_NATIVE_RECORD(fail: j, src: s);
            /// Jumps to `fail` unless `src` is the native record `module`:`name` (from OTP 29).
            187 "is_native_record" IS_NATIVE_RECORD(fail: j, src: s, module: s, name: s);
            /// Reads fields of a native record into registers (from OTP 29).
            188 "get_record_elements" GET_RECORD_ELEMENTS(fail: j, src: s, fields: L);
            /// `dst` := a native record, new or `src` updated (from OTP 29).
            189 "put_record" PUT_RECORD(fail: j, id: s, src: s, dst: d, live: u, fields: L);
            /// Jumps to `fail` unless this module may read the native record `src` (from OTP 29).
            190 "is_record_accessible" IS_RECORD_ACCESSIBLE(fail: j, src: s, scope: s);
            /// `dst` := a field of the native record `src` (from OTP 29).
            191 "get_record_field" GET_RECORD_FIELD(fail: j, src: s, id: s, field: s, dst: d);
        }
    };
}

macro_rules! kind {
    (s) => {
        Kind::Source
    };
    (S) => {
        Kind::Register
    };
    (d) => {
        Kind::Destination
    };
    (y) => {
        Kind::YRegister
    };
    (l) => {
        Kind::FloatRegister
    };
    (a) => {
        Kind::Atom
    };
    (f) => {
        Kind::Label
    };
    (j) => {
        Kind::LabelOrNone
    };
    (u) => {
        Kind::Number
    };
    (H) => {
        Kind::HeapNeed
    };
    (L) => {
        Kind::List
    };
    (b) => {
        Kind::Bif
    };
    (e) => {
        Kind::Import
    };
    (F) => {
        Kind::Lambda
    };
    (z) => {
        Kind::Any
    };
}

macro_rules! row {
    ($number:literal $name:literal ($($operand:ident : $kind:tt),*)) => {
        GenericOp {
            opcode: $number,
            name: $name,
            arity: row!(@count $($operand)*),
            operands: &[$(Operand { name: stringify!($operand), kind: kind!($kind) }),*],
            removed_after: None,
        }
    };
    ($number:literal $name:literal removed $arity:literal $last:literal) => {
        GenericOp { opcode: $number, name: $name, arity: $arity, operands: &[], removed_after: Some($last) }
    };
    (@count) => { 0 };
    (@count $head:ident $($tail:ident)*) => { 1 + row!(@count $($tail)*) };
}

macro_rules! declare {
    ($($(#[$doc:meta])* $number:literal $name:literal $constant:ident $(($($operand:ident : $kind:tt),*))? $(removed $arity:literal $last:literal)?;)*) => {
        /// One constant for each opcode, named as the instruction.
        pub mod op {
            $($(#[$doc])* pub const $constant: u8 = $number;)*
        }

        /// All rows in order: opcode `n` is at `n - 1`.
        pub static GENERIC_OPS: [GenericOp; MAX_OPCODE as usize] = [
            $(row!($number $name $(($($operand : $kind),*))? $(removed $arity $last)?)),*
        ];
    };
}

for_each_generic_op!(declare);

/// The row of an opcode.
pub fn generic_op(opcode: u8) -> Option<&'static GenericOp> {
    GENERIC_OPS.get(usize::from(opcode).checked_sub(1)?)
}

/// The name of an opcode, `"?"` where there is none.
pub fn name(opcode: u8) -> &'static str {
    generic_op(opcode).map_or("?", |row| row.name)
}

/// How many operands an opcode has.
pub fn arity(opcode: u8) -> Option<u8> {
    generic_op(opcode).map(|row| row.arity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_their_opcode() {
        for (index, row) in GENERIC_OPS.iter().enumerate() {
            assert_eq!(usize::from(row.opcode), index + 1, "{}", row.name);
            assert!(row.removed_after.is_some() || row.operands.len() == usize::from(row.arity));
        }
        assert_eq!(name(op::MOVE), "move");
        assert_eq!(arity(op::GET_RECORD_FIELD), Some(5));
        assert_eq!((name(0), arity(192)), ("?", None));
    }
}
