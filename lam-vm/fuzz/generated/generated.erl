%% Random Erlang programs: a seed is a program.
%%
%%     erl -noshell -pa DIR -run generated make FROM TO FOLDER
%%
%% writes g<SEED>.erl and .beam for each seed, and batch.erl and .beam, whose main/0 runs them all (generated_rt:run/2) and halts with a code
%% that depends on the seeds (below 126: no WASI host takes more).
%%
%% A program is some twenty steps. Steps, expressions, patterns and guards come from grammar.txt: each type has templates, leaves where
%% depth is used up. About one argument in thirty is of a wrong type, so that what is called raises. Numbers come from our own generator,
%% so that a seed means the same under every OTP.
-module(generated).
-export([make/1, text/1]).

-define(STEPS, 24).

make([From, To, Folder]) ->
    try make(list_to_integer(From), list_to_integer(To), Folder) of
        ok -> halt(0)
    catch
        Class:Reason:Stack ->
            io:format(standard_error, "~p: ~tp~n~tp~n", [Class, Reason, Stack]),
            halt(1)
    end.

make(From, To, Folder) ->
    Seeds = lists:seq(From, To),
    lists:foreach(fun(Seed) -> write(Folder, name(Seed), text(Seed)) end, Seeds),
    Runs = lists:join(",\n    ", [["{\"", name(S), "\", fun ", name(S), ":main/0}"] || S <- Seeds]),
    write(Folder, "batch", ["-module(batch).\n-export([main/0]).\nmain() -> generated_rt:run([\n    ", Runs, "], ", integer_to_list(To rem 126), ").\n"]).

name(Seed) -> [$g | integer_to_list(Seed)].

%% Writes a module and compiles it.
write(Folder, Name, Text) ->
    Path = filename:join(Folder, Name),
    ok = file:write_file(Path ++ ".erl", unicode:characters_to_binary(Text)),
    case compile:file(Path ++ ".erl", [deterministic, return, nowarn_deprecated_function, {outdir, Folder}]) of
        {ok, _, _} -> ok;
        {error, Errors, _} -> error({does_not_compile, Name, Errors})
    end.

%% The source of a program.
text(Seed) ->
    put(random, (Seed * 16#9E3779B97F4A7C15 + 16#1234567) band 16#FFFFFFFFFFFFFFFF bor 1),
    put(names, 0),
    put(functions, []),
    grammar(),
    [random(2) || _ <- lists:seq(1, 8)],
    Steps = [step(Number) || Number <- lists:seq(1, ?STEPS)],
    Calls = [["    step_", integer_to_list(N), "(),\n"] || N <- lists:seq(1, ?STEPS)],
    [
        "%% Generated: seed ", integer_to_list(Seed), ".\n-module(", name(Seed), ").\n-export([main/0]).\n",
        "-import(generated_rt, [id/1, unaligned/1, sub/1, table/1, twice/1, worker/1, pool/1, order/1]).\n",
        "-compile([nowarn_unused_vars]).\n-record(point, {x = 0, y = [], z}).\n\nmain() ->\n", Calls, "    ok.\n\n",
        "ints_of(L) -> [X || X <- L, is_integer(X)].\n\n",
        lists:reverse(get(functions)), Steps
    ].

step(Number) ->
    put(variables, []),
    Style = pick(["p", "tp", "w", "tw", "'P'", "'W'", "'40p'", "x", "x", "x", "x", "t"]),
    Text = expand("step", 4),
    N = integer_to_list(Number),
    ["step_", N, "() ->\n    generated_rt:step(", N, ", ", Style, ", fun() ->\n        ", Text, "\n    end).\n\n"].

%% --- the grammar -------------------------------------------------------------------------------------------------------------------

grammar() ->
    case get(grammar) of
        undefined ->
            Path = filename:join(filename:dirname(code:which(?MODULE)), "grammar.txt"),
            {ok, Bytes} = file:read_file(Path),
            Lines = string:split(unicode:characters_to_list(Bytes), "\n", all),
            Rows = [row(Line) || Line <- Lines, Line =/= [], hd(Line) =/= $#],
            Table = lists:foldr(fun({Type, W, T}, M) -> maps:update_with(Type, fun(L) -> [{W, T} | L] end, [{W, T}], M) end, #{}, Rows),
            put(grammar, maps:map(fun(_, All) -> {[R || {_, T} = R <- All, is_leaf(T)], [R || {_, T} = R <- All, not is_leaf(T)]} end, Table));
        _ ->
            ok
    end.

row(Line) ->
    [Head, Template] = string:split(Line, " "),
    case string:split(Head, "*") of
        [Type, Weight] -> {Type, list_to_integer(Weight), Template};
        [Type] -> {Type, 1, Template}
    end.

is_leaf(Template) -> not (lists:member($`, Template) orelse hd(Template) =:= $$).

%% Types whose templates use the variables of the template around them.
-define(SHARED(Type), (Type =:= "unary" orelse Type =:= "guardx" orelse Type =:= "gv")).
%% Where another type would make a text that does not compile, or a number too big.
-define(FIXED, [
    "pos", "shift", "step", "raise", "pred", "cmp", "arith", "compare", "unary", "guard", "guardx", "guard0", "glit", "patguard", "gv", "one", "unit8", "fend", "lit",
    "qop", "op2", "number", "stable", "smap", "bmap", "nkey", "key", "wrong", "class", "base", "flip", "efun", "format", "list0", "fw", "fb", "norm", "endian",
    "dir", "msop", "msop2", "infokey", "packet", "reopt", "regex", "cap", "t2b", "b2t", "utf", "utf16", "reret"
]).

expand(Type, Depth) -> expand(Type, Depth, #{}).

expand("gv", _, _) ->
    case get(variables) of
        [] -> weighed(element(1, maps:get("stable1", get(grammar), {[{1, "1"}, {1, "a"}], []})));
        Variables ->
            case random(4) of
                0 -> pick(["1", "a", "<<\"a\">>", "2.0", "[]", "0", "{}", "b"]);
                _ -> element(1, pick(Variables))
            end
    end;
expand(Type, Depth, Names) ->
    Wrong = not lists:member(Type, ?FIXED) andalso random(30) =:= 0,
    Hurt = lists:member(Type, ["pos", "base", "key"]) andalso random(40) =:= 0,
    if
        Wrong, Depth < 4 -> expand_type("term", Depth - 1, Names);
        Hurt -> hidden("wrong", expand_type("wrong", 0, Names));
        true -> known(Type, Depth, Names)
    end.

%% In parentheses, wherever it may stand.
enclosed(Type, Text) ->
    case lists:member(Type, ["int", "float", "num", "number", "char", "byte", "bin", "bits", "pos", "term", "raise", "map", "bmap", "smap", "stable", "bool"]) of
        true -> ["(", Text, ")"];
        false -> Text
    end.

%% Now and then a variable in sight.
known(Type, Depth, Names) when Type =:= "glit"; Type =:= "lit"; Type =:= "fw" ->
    expand_type(Type, Depth, Names);
known(Type, Depth, Names) ->
    Fits = [V || {V, T} <- get(variables), T =:= Type orelse Type =:= "term" orelse (T =:= "int" andalso lists:member(Type, ["num", "key"]))],
    case Fits =/= [] andalso random(3) =/= 0 of
        true -> pick(Fits);
        false -> expand_type(Type, Depth, Names)
    end.

expand_type(Type, Depth, Names) ->
    case maps:find(Type, get(grammar)) of
        {ok, {Leaves, Others}} ->
            Leaf = Others =:= [] orelse (Leaves =/= [] andalso (Depth =< 0 orelse random(10) < 3)),
            case Leaf of
                true -> hidden(Type, element(1, fill(weighed(Leaves), Depth, names(Type, Names))));
                false when Depth < -12 -> "0";
                false ->
                    Kept = get(variables),
                    {Text, _} = fill(weighed(Others), Depth - 1, names(Type, Names)),
                    put(variables, Kept),
                    Text
            end;
        error ->
            error({no_type, Type})
    end.

names(Type, Names) when ?SHARED(Type) -> Names;
names(_, _) -> #{}.

%% What the compiler would compute is hidden from it most of the time.
hidden(Type, Text) ->
    Plain = ["pos", "int", "float", "atom", "bin", "bits", "str", "list", "ints", "pairs", "tuple", "map", "bmap", "smap", "wrong", "bool", "iolist", "chardata", "char", "byte"],
    case lists:member(Type, Plain) of
        true ->
            case random(10) of
                N when N < 6 -> ["id(", Text, ")"];
                _ when hd(Text) =:= $- -> ["(", Text, ")"];
                _ when Type =:= "bin"; Type =:= "bits" -> ["(", Text, ")"];
                _ -> Text
            end;
        false ->
            Text
    end.

fill([$$ | Scenario], Depth, Names) -> {scenario(Scenario, Depth), Names};
fill(Template, Depth, Names) -> fill(Template, Depth, Names, []).

fill([$`, ${ | Rest], Depth, Names, Done) ->
    {Type, [$} | After]} = word(Rest),
    fill(After, Depth, Names, [expand(Type, Depth, Names) | Done]);
fill([$` | Rest], Depth, Names, Done) ->
    {Type, After} = word(Rest),
    fill(After, Depth, Names, [enclosed(Type, expand(Type, Depth, Names)) | Done]);
fill([$^, $+ | Rest], Depth, Names, Done) ->
    {Name, [$: | Typed]} = word(Rest),
    {Type, After} = word(Typed),
    {Variable, Names1} = variable(Name, fresh, Names),
    put(variables, [{Variable, Type} | get(variables)]),
    fill(After, Depth, Names1, [Variable | Done]);
fill([$^, $= | Rest], Depth, Names, Done) ->
    {Name, After} = word(Rest),
    {_, Names1} = variable(Name, fresh, Names),
    fill(After, Depth, Names1, Done);
fill([$^, $! | Rest], Depth, Names, Done) ->
    {Name, [$: | Typed]} = word(Rest),
    {Type, After} = word(Typed),
    {Variable, Names1} = variable(Name, fresh, Names),
    put(variables, [{Variable, Type} | get(variables)]),
    fill(After, Depth, Names1, Done);
fill([$^, $- | Rest], Depth, Names, Done) ->
    {Name, After} = word(Rest),
    {Variable, _} = variable(Name, known, Names),
    put(variables, lists:keydelete(Variable, 1, get(variables))),
    fill(After, Depth, Names, Done);
fill([$^, C | Rest], Depth, Names, Done) when C >= $A, C =< $Z ->
    {Name, After} = word([C | Rest]),
    {Variable, Names1} = variable(Name, known, Names),
    fill(After, Depth, Names1, [Variable | Done]);
fill([C | Rest], Depth, Names, Done) ->
    fill(Rest, Depth, Names, [C | Done]);
fill([], _, Names, Done) ->
    {lists:reverse(Done), Names}.

variable(Name, known, Names) when is_map_key(Name, Names) -> {maps:get(Name, Names), Names};
variable(Name, _, Names) ->
    Variable = Name ++ integer_to_list(fresh()),
    {Variable, Names#{Name => Variable}}.

fresh() ->
    N = get(names) + 1,
    put(names, N),
    N.

word(Text) -> lists:splitwith(fun(C) -> C >= $a andalso C =< $z orelse C >= $A andalso C =< $Z orelse C >= $0 andalso C =< $9 orelse C =:= $_ end, Text).

%% --- numbers -----------------------------------------------------------------------------------------------------------------------

%% xorshift64*.
random(N) ->
    X0 = get(random),
    X1 = X0 bxor (X0 bsr 12),
    X2 = (X1 bxor (X1 bsl 25)) band 16#FFFFFFFFFFFFFFFF,
    X3 = X2 bxor (X2 bsr 27),
    put(random, X3),
    (((X3 * 16#2545F4914F6CDD1D) band 16#FFFFFFFFFFFFFFFF) bsr 33) rem N.

pick(List) -> lists:nth(random(length(List)) + 1, List).

weighed(Rows) ->
    weighed(Rows, random(lists:sum([W || {W, _} <- Rows]))).

weighed([{W, Text} | Rest], N) ->
    if
        N < W -> Text;
        true -> weighed(Rest, N - W)
    end.

few(Least, Most, Make) -> [Make(I) || I <- lists:seq(1, Least + random(Most - Least + 1))].

n(N) -> integer_to_list(N).

define(Text) -> put(functions, [[Text, "\n\n"] | get(functions)]).

%% --- what grammar.txt cannot say ---------------------------------------------------------------------------------------------------

%% A bitstring built from random segments, and taken apart by random patterns.
scenario("bits", Depth) ->
    F = "bits_" ++ n(fresh()),
    Segments = few(1, 5, fun(_) -> segment(Depth) end),
    Clauses = few(2, 4, fun(_) -> bits_clause() end),
    Function = [F, "(<<>>) -> empty;\n", [[F, C, ";\n"] || C <- Clauses], F, "(Other) -> {other, Other}."],
    define(Function),
    Built = ["<<", lists:join(", ", Segments), ">>"],
    Wrap = pick(["id", "unaligned", "sub", "id"]),
    Tail = pick(["", [", [{I, catch ", F, "(binary_part(B, 0, I))} || I <- lists:seq(0, min(9, byte_size(B)))]"], [", ", F, "(unaligned(B))"]]),
    ["B = ", Wrap, "(", Built, "), {B, ", F, "(B)", Tail, "}"];

%% A function of several clauses with guards, called with many values.
scenario("defun", Depth) ->
    F = "fun_" ++ n(fresh()),
    Clauses = few(2, 5, fun(_) ->
        Kept = get(variables),
        Clause = clause(F, Depth),
        put(variables, Kept),
        Clause
    end),
    define([lists:join(";\n", Clauses), "."]),
    case random(3) of
        0 -> ["[catch ", F, "(A, B) || A <- pool(", pick(["terms", "numbers"]), "), B <- [", expand("stable", 1), ", ", expand("stable", 1), "]]"];
        1 -> [F, "(", expand("term", Depth - 1), ", ", expand("term", Depth - 1), ")"];
        2 -> ["{[(catch ", F, "(A, A)) || A <- pool(terms)], ", F, "(", expand("stable", 1), ", ", expand("stable", 1), ")}"]
    end;

scenario("ets", _) ->
    Type = pick(["set", "ordered_set", "bag", "duplicate_bag", "ordered_set", "set"]),
    More = pick(["", "", ", {keypos, 2}", ", compressed", ", {read_concurrency, true}", ", {write_concurrency, true}", ", {decentralized_counters, true}"]),
    Sorted = case Type of "ordered_set" -> ""; _ -> "order" end,
    Name = pick(["table", "[]", "other"]),
    Acts = few(8, 20, fun(_) -> ["    R(fun() -> ", ets_act(Sorted), " end)"] end),
    [
        "T = ets:new(table, [", Type, ", public", More, pick([", named_table", "", ""]), "]), _ = ", Name, ",\n",
        "        R = fun(F) -> try F() catch C:E -> {C, E} end end,\n        Rs = [\n",
        lists:join(",\n", Acts), "],\n        {Rs, ", Sorted, "(ets:tab2list(T)), ets:info(T, size), ets:delete(T)}"
    ];

scenario("process", Depth) ->
    process(random(14), Depth);

%% The same random acts on a module of dictionaries.
scenario("dict", _) ->
    Acts = few(6, 25, fun(_) ->
        K = dict_key(),
        pick([["{store, ", K, ", ", n(random(9)), "}"], ["{erase, ", K, "}"], ["{find, ", K, "}"], ["{store, ", K, ", ", expand("stable", 1), "}"]])
    end),
    Module = pick(["dict", "orddict", "gb_trees", "maps", "sets", "gb_sets", "ordsets", "array", "ets"]),
    ["A = [", lists:join(", ", Acts), "],\n        ", dict(Module)];

scenario("exceptions", Depth) ->
    [A, B, C] = ["raise_" ++ n(fresh()) || _ <- [1, 2, 3]],
    Raise = expand("raise", Depth - 1),
    Catch = pick(["error:_ -> again(C)", "throw:T -> {thrown, T}", "exit:R:S -> erlang:raise(error, R, S)", "error:R:S -> erlang:raise(exit, {was, R}, S)", "error:badarg -> badarg"]),
    define([
        A, "(X) -> Y = ", B, "(X), {a, Y}.\n", B, "(X) ->\n    Z = try ", C, "(X) of V -> {b, V} catch ",
        string:replace(Catch, "again(C)", ["{again, catch ", C, "(X)}"]), " after put({key, after_it}, X) end,\n    [Z].\n", C, "(X) -> _ = id(X), W = ", Raise, ", [W, X]."
    ]),
    pick([
        [A, "(", expand("stable", 1), ")"],
        ["[catch ", A, "(X) || X <- [1, 2]]"],
        ["try ", A, "(1) catch Cl:Re:St -> {Cl, Re, [{M, F, if is_list(Ar) -> length(Ar); true -> Ar end, proplists:get_value(line, L)} || {M, F, Ar, L} <- St, M =/= generated_rt]} end"],
        ["(catch ", A, "(a)), get({key, after_it})"],
        ["{Pid, M} = spawn_monitor(fun() -> process_flag(trap_exit, true), ", A, "(1) end), receive {'DOWN', M, process, Pid, {R, [{Mo, Fu, _, _} | _]}} -> {R, Mo, Fu}; {'DOWN', M, process, Pid, R} -> R end"]
    ]);

scenario("record", Depth) ->
    P = ["#point{x = ", expand("term", Depth - 2), ", z = ", expand("term", Depth - 2), "}"],
    pick([
        ["P = id(", P, "), {P#point.x, P#point{y = ", expand("term", 1), "}, is_record(P, point), #point.z}"],
        ["P = ", expand("tuple", 2), ", [catch P#point.y, catch P#point{x = 1}, catch (P#point{x = 1, y = 2, z = 3})]"],
        ["lists:foldl(fun(I, #point{x = X} = P) -> P#point{x = X + I, y = [I | P#point.y]} end, #point{}, lists:seq(1, ", n(random(40)), "))"],
        ["lists:keysort(#point.x, [#point{x = X} || X <- ", expand("list", 2), "])"]
    ]);

%% Data that grows over many turns, so that the collector runs.
scenario("accumulate", Depth) ->
    F = "grow_" ++ n(fresh()),
    N = n(50 + random(3000)),
    Small = expand("stable", Depth - 2),
    {Start, Next, End} = pick([
        {"<<>>", "<<A/binary, N:16>>", "erlang:md5(A)"},
        {"<<>>", "<<A/bits, N:7>>", "{bit_size(A), erlang:phash2(A)}"},
        {"[]", ["[{N, ", Small, "} | A]"], "{length(A), erlang:phash2(A)}"},
        {"#{}", ["A#{N rem 97 => ", Small, "}"], "order(maps:keys(A))"},
        {"#{}", "A#{{N, <<N:24>>} => N, N => [N]}", "{map_size(A), erlang:phash2(A), lists:sum([V || {_, V} <- maps:keys(A), is_binary(V)] ++ [map_size(A)])}"},
        {"1", "A * N", "erlang:phash2(A)"},
        {"1", "(A * 31 + N) band 16#FFFFFFFFFFFFFFFF", "A"},
        {"0.0", "A + 1.0 / N", "A"},
        {"{}", "erlang:append_element(case tuple_size(A) > 60 of true -> {A}; false -> A end, {N, [N]})", "{tuple_size(A), erts_debug:flat_size(A) > 10, erlang:external_size(tuple_size(A))}"},
        {"[<<>>]", "[<<(hd(A))/binary, N:32/little>> | case N rem 10 of 0 -> []; _ -> A end]", "erlang:phash2(A)"},
        {"gb_trees:empty()", "gb_trees:enter((N * 7919) rem 1009, N, A)", "erlang:phash2(gb_trees:to_list(A))"},
        {"[]", "case N rem 3 of 0 -> lists:reverse(A); 1 -> [N / 3 | A]; 2 -> [N * 1000000007000000000 | A] end", "erlang:phash2(A)"},
        {"[]", "binary_to_list(iolist_to_binary([N rem 256 | lists:sublist(A, 90)]))", "A"},
        {"<<>>", "list_to_binary([N rem 256, binary:part(A, 0, min(70, byte_size(A)))])", "A"}
    ]),
    define([F, "(0, A) -> A;\n", F, "(N, A) -> ", F, "(N - 1, ", Next, ")."]),
    ["A = ", F, "(", N, ", ", Start, "), ", End];

scenario("atomics", _) ->
    Value = fun() -> expand("int", 0) end,
    Index = fun() -> pick(["1", "2", "3", "0", "4", "1"]) end,
    Acts = few(5, 12, fun(_) ->
        pick([
            ["atomics:put(A, ", Index(), ", ", Value(), ")"], ["atomics:add(A, ", Index(), ", ", Value(), ")"], ["atomics:add_get(A, ", Index(), ", ", Value(), ")"],
            ["atomics:exchange(A, ", Index(), ", ", Value(), ")"], ["atomics:compare_exchange(A, ", Index(), ", ", Value(), ", ", Value(), ")"], ["atomics:sub_get(A, ", Index(), ", 5)"],
            ["atomics:get(A, ", Index(), ")"], ["counters:add(C, ", Index(), ", ", Value(), ")"], ["counters:sub(C, ", Index(), ", ", Value(), ")"], ["counters:get(C, ", Index(), ")"],
            ["counters:put(C, ", Index(), ", ", Value(), ")"], ["persistent_term:put({key, 1}, ", expand("stable", 2), ")"], "persistent_term:get({key, 1})", "persistent_term:erase({key, 1})",
            "persistent_term:get({key, 1}, none)", ["maps:remove(memory, atomics:info(A))"], ["maps:get(size, counters:info(C))"]
        ])
    end),
    [
        "A = atomics:new(3, [{signed, ", pick(["true", "false"]), "}]), C = counters:new(3, [", pick(["", "atomics", "write_concurrency"]), "]),\n        [try F() catch K:E -> {K, E} end || F <- [",
        lists:join(",\n        ", [["fun() -> ", Act, " end"] || Act <- Acts]), "]]"
    ];

scenario("files", _) ->
    Name = ["\"g_", n(fresh()), "_", n(random(1000000)), "\""],
    Acts = few(3, 10, fun(_) ->
        pick([
            ["file:write(D, ", expand("iolist", 1), ")"], ["file:pwrite(D, ", expand("pos", 0), ", ", expand("iolist", 1), ")"], ["file:pread(D, ", expand("pos", 0), ", ", expand("pos", 0), ")"],
            ["file:position(D, ", pick(["bof", "eof", "0", "{bof, 3}", "{cur, -1}", "{eof, -2}", "{bof, -1}", "nope", "5"]), ")"], ["file:read(D, ", expand("pos", 0), ")"],
            "file:truncate(D)", "file:read_line(D)", ["file:pread(D, [{0, 2}, {1, ", expand("pos", 0), "}])"], "file:sync(D)", "file:read(D, 100)", "file:datasync(D)"
        ])
    end),
    Do = ["[try F() catch K:E -> {K, E} end || F <- [", lists:join(",\n        ", [["fun() -> ", Act, " end"] || Act <- Acts]), "]]"],
    case random(3) of
        0 -> ["{ok, D} = file:open(", expand("bin", 0), ", [ram, read, write, binary]), {", Do, ", file:close(D)}"];
        1 -> ["_ = file:delete(", Name, "), {ok, D} = file:open(", Name, ", [read, write, raw, binary]), R = {", Do, ", file:close(D), file:read_file(", Name, ")}, {R, file:delete(", Name, "), file:read_file(", Name, ")}"];
        2 ->
            Other = pick(["file:list_dir(\"none\")", "file:read_file_info(\"none\")", "file:make_dir(\"\")", "file:rename(\"none\", \"other\")", "filelib:is_file(\"none\")", "file:read_link(\"none\")",
                "file:del_dir(\"none\")", "file:open(\"none/none\", [write])", "file:read_file(a)", ["file:read_file(", expand("str", 0), ")"], "file:consult(\"none\")", "filelib:wildcard(\"none*\")",
                "file:write_file(\"none/none\", \"a\")", "file:list_dir(<<\"a\",0>>)", "file:open(\"none\", [bad])"]),
            Other
    end;

%% The same text by the evaluator.
scenario("evaluate", Depth) ->
    Text = unicode:characters_to_list(lists:flatten(["fun(Id, Table) -> ", "[", expand("int", Depth - 2), ", ", expand("str", 1), ", ", expand("bool", Depth - 2), "] end."])),
    Plain = re:replace(Text, "\\b(id|unaligned|sub|table|ints_of|pool|twice|worker)\\(", "generated_rt:\\1(", [global, unicode, {return, list}]),
    Literal = io_lib:format("~tp", [Plain]),
    ["{ok, Ts, _} = erl_scan:string(", Literal, "), {ok, Es} = erl_parse:parse_exprs(Ts), {value, F, _} = erl_eval:exprs(Es, erl_eval:new_bindings()), F(1, 2)"];

scenario("comprehension", Depth) ->
    A = "A" ++ n(fresh()),
    B = "B" ++ n(fresh()),
    Kept = get(variables),
    put(variables, []),
    First = pick([[A, " <- ", expand("list", Depth - 2)], [A, " <- ", expand("ints", Depth - 2)], ["<<", A, ":", expand("one", 0), ">> <= ", expand("bits", Depth - 2)], ["{", A, ", _} <- ", expand("pairs", Depth - 2)]]),
    put(variables, [{A, "int"}]),
    Second = pick([[B, " <- [", A, ", ", expand("stable", 1), "]"], ["<<", B, ":", expand("one", 0), "/", pick(["signed", "little", "bits", "unsigned-big"]), ">> <= ", expand("bits", 1)], [B, " <- lists:seq(1, ", n(random(4)), ")"]]),
    put(variables, [{A, "int"}, {B, "int"}]),
    Filter = pick([expand("bool", 2), [A, " > ", B], ["is_integer(", A, ")"], [A, " rem 2 =:= 0"], expand("guard0", 1)]),
    Body = pick([["{", A, ", ", B, "}"], expand("term", 2), [A, " + ", B]]),
    Bits = pick([["<<", A, ":", expand("one", 0), ">>"], ["<<(catch ", A, " + 1):16/little, ", B, "/bits>>"], ["<<", A, "/utf8>>"]]),
    put(variables, Kept),
    pick([["[", Body, " || ", First, ", ", Second, ", ", Filter, "]"], ["[", Body, " || ", First, ", is_integer(", A, "), ", Second, "]"], ["<< ", Bits, " || ", First, ", ", Second, ", ", Filter, " >>"]]);

scenario("zlib", _) ->
    Data = expand("iolist", 2),
    Level = pick(["default", "none", "best_speed", "best_compression", "5", "17", "nope"]),
    pick([
        ["Z = zlib:open(), ok = zlib:deflateInit(Z, ", Level, "), D = iolist_to_binary([zlib:deflate(Z, ", Data, "), zlib:deflate(Z, \"more\", finish)]), ok = zlib:deflateEnd(Z), zlib:close(Z), zlib:uncompress(D)"],
        ["Z = zlib:open(), ok = zlib:inflateInit(Z), D = (catch zlib:inflate(Z, zlib:compress(", Data, "))), {D, catch zlib:inflateEnd(Z), zlib:close(Z), catch zlib:close(Z)}"],
        ["Z = zlib:open(), ok = zlib:inflateInit(Z), {catch zlib:inflate(Z, ", expand("bin", 1), "), zlib:close(Z)}"],
        ["Z = zlib:open(), ok = zlib:inflateInit(Z), zlib:safeInflate(Z, zlib:compress(", Data, "))"],
        ["zlib:unzip(zlib:zip(", Data, "))"]
    ]);

scenario("system", _) ->
    pick([
        "erlang:system_info(wordsize)", "erlang:system_info(nope)", "is_integer(erlang:system_time())", "erlang:convert_time_unit(123456789, native, second)",
        "erlang:convert_time_unit(123456, 1000, 7)", "erlang:convert_time_unit(1, a, b)", "erlang:system_time(a)", "erlang:monotonic_time(0)", "erlang:statistics(nope)", "is_tuple(erlang:statistics(runtime))",
        "calendar:local_time_to_universal_time_dst({{2024,3,31},{2,30,0}})", "erlang:universaltime_to_localtime({{2024,2,30},{0,0,0}})", "erlang:localtime_to_universaltime({{1970,1,1},{0,0,0}})",
        "os:getenv(\"NO_SUCH_VARIABLE\")", "os:putenv(\"G_X\", \"å\"), R = os:getenv(\"G_X\"), {R, os:unsetenv(\"G_X\"), os:getenv(\"G_X\")}", "os:putenv(\"A=B\", \"\")", "os:getenv(a)", "is_list(os:getenv())",
        "erlang:process_flag(nope, 1)", "erlang:process_flag(priority, high), erlang:process_flag(priority, normal)", "erlang:process_flag(min_heap_size, a)", "erlang:garbage_collect()", "erlang:garbage_collect(a)",
        "erlang:check_process_code(self(), lists)", "erlang:module_loaded(lists)", "erlang:module_loaded(1)", "erlang:get_module_info(a, b)", "code:is_loaded(no_such)", "erlang:delete_module(no_such)",
        "erlang:purge_module(no_such)", "erlang:load_module(g, <<1,2,3>>)", "erlang:open_port(a, [])", "erlang:open_port({spawn, 1}, [])", "erlang:port_info(a)", "erlang:port_close(nope)", "erlang:port_command(nope, [])",
        "lists:member(nope, erlang:ports())", "erlang:port_connect(a, b)", "erlang:port_control(a, 1, [])", "erlang:ports() =:= erlang:ports()", "erlang:nodes()", "node()", "erlang:is_alive()", "erlang:set_cookie(1, 2)", "erlang:monitor_node(1, 2)",
        "erlang:trace(self(), a, [])", "erlang:trace_info(a, b)", "erlang:trace_pattern({a, b, c}, true, [nope])", "erlang:memory(nope)", "erlang:memory(1)", "is_integer(erlang:memory(total))", "erlang:halt(a)", "erlang:register(undefined, self())",
        "erlang:fun_to_list(fun lists:map/2)", "erlang:make_fun(lists, map, 2)", "erlang:fun_info(fun lists:map/2)", "erlang:match_spec_test({1, 2}, [{{'$1', '$2'}, [], ['$1']}], table)", "erlang:match_spec_test([1, 2], [{['$1', '$2'], [], [{message, '$1'}, {return_trace}]}], trace)", "erlang:match_spec_test(1, a, table)",
        "erlang:posixtime_to_universaltime(1700000000)", "erlang:universaltime_to_posixtime({{2024,1,1},{0,0,0}})", "erlang:bump_reductions(1)", "erlang:yield()", "erlang:unique_integer([positive, a])", "is_integer(erlang:unique_integer([monotonic]))",
        "erlang:list_to_pid(\"<0.1.0>\")", "erlang:list_to_pid(\"nope\")", "erlang:list_to_ref(\"#Ref<0.1.2.3>\")", "erlang:list_to_port(\"a\")", "erlang:list_to_pid(pid_to_list(self())) =:= self()", "erlang:list_to_ref(ref_to_list(make_ref()))",
        "erts_debug:same([1], [1])", "erts_internal:cmp_term(1, 1.0)", "erlang:suspend_process(self())", "erlang:resume_process(self())", "erlang:decode_packet(4, <<0,0,0,2,1>>, [])", "erlang:display_string(a)", "init:get_argument(nope)",
        "erlang:setnode(a, b)", "erlang:dist_ctrl_get_data(a)", "erlang:get_cookie()", "erlang:process_display(self(), a)", "erlang:system_flag(nope, 1)", "erlang:system_profile(a, b)", "erlang:seq_trace(a, b)", "erlang:dt_put_tag(a)", "erlang:hibernate(a, b, c)",
        "lists:sort([is_atom(M) || M <- [erlang:system_info(otp_release)]])", "prim_buffer:size(prim_buffer:new())", "B = prim_buffer:new(), prim_buffer:write(B, [<<\"abc\">>, <<\"def\">>]), {prim_buffer:size(B), prim_buffer:read(B, 2), prim_buffer:skip(B, 1), prim_buffer:find_byte_index(B, $e), prim_buffer:read(B, 9)}",
        "B = prim_buffer:new(), prim_buffer:write(B, [<<\"abc\">>]), prim_buffer:peek_head(B)", "tuple_to_list(erlang:timestamp()) =/= []", "erlang:raise(error, a, b)", "file:get_cwd(a)", "erlang:external_size(a, [b])"
    ]).

dict_key() -> pick(["1", "2", "1.0", "3", "17", "a", "b", "\"k\"", "<<\"k\">>", "{1, 2}", n(random(30)), n(random(30))]).

dict("dict") -> "order(dict:to_list(lists:foldl(fun({store, K, V}, D) -> dict:store(K, V, D); ({erase, K}, D) -> dict:erase(K, D); ({find, K}, D) -> dict:update_counter({find, dict:is_key(K, D)}, 1, D) end, dict:new(), A)))";
dict("orddict") -> "lists:foldl(fun({store, K, V}, D) -> orddict:store(K, V, D); ({erase, K}, D) -> orddict:erase(K, D); ({find, K}, D) -> orddict:append(found, orddict:find(K, D), D) end, [], A)";
dict("gb_trees") -> "lists:foldl(fun({store, K, V}, D) -> gb_trees:enter(K, V, D); ({erase, K}, D) -> gb_trees:delete_any(K, D); ({find, K}, D) -> gb_trees:enter({found, K}, gb_trees:lookup(K, D), D) end, gb_trees:empty(), A)";
dict("maps") -> "order(maps:to_list(lists:foldl(fun({store, K, V}, D) -> D#{K => V}; ({erase, K}, D) -> maps:remove(K, D); ({find, K}, D) -> D#{{found, K} => maps:find(K, D)} end, #{}, A)))";
dict("sets") -> "order(sets:to_list(lists:foldl(fun({store, K, V}, D) -> sets:add_element({K, V}, D); ({erase, K}, D) -> sets:filter(fun({X, _}) -> X =/= K; (_) -> true end, D); ({find, K}, D) -> sets:add_element(sets:is_element(K, D), D) end, sets:new(), A)))";
dict("gb_sets") -> "gb_sets:to_list(lists:foldl(fun({store, K, V}, D) -> gb_sets:add({K, V}, D); ({erase, K}, D) -> gb_sets:delete_any({K, 1}, D); ({find, K}, D) -> gb_sets:add(gb_sets:is_member(K, D), D) end, gb_sets:new(), A))";
dict("ordsets") -> "lists:foldl(fun({store, K, V}, D) -> ordsets:add_element({K, V}, ordsets:add_element(V, D)); ({erase, K}, D) -> ordsets:del_element(K, D); ({find, K}, D) -> ordsets:add_element({ordsets:is_element(K, D)}, D) end, [], A)";
dict("array") -> "array:to_orddict(lists:foldl(fun({store, K, V}, D) when is_integer(K) -> array:set(K, V, D); ({erase, K}, D) when is_integer(K) -> array:reset(K, D); ({find, K}, D) when is_integer(K) -> array:set(0, array:get(K, D), D); (_, D) -> D end, array:new(), A))";
dict("ets") -> "T = ets:new(t, [ordered_set]), lists:foreach(fun({store, K, V}) -> ets:insert(T, {K, V}); ({erase, K}) -> ets:delete(T, K); ({find, K}) -> ets:insert(T, {{found, K}, ets:lookup(T, K)}) end, A), {ets:tab2list(T), ets:delete(T)}".

segment(Depth) ->
    Size = pick(["1", "3", "7", "8", "13", "16", "24", "32", "33", "60", "64", "65", "128", "0"]),
    End = pick(["big", "little", "native"]),
    Value = expand("int", max(0, Depth - 3)),
    pick([
        ["(", Value, "):", Size, "/", End], ["(", Value, "):", Size, "/signed"], ["(", Value, "):(id(", Size, "))/", End], ["(", Value, "):", pick(["1", "2", "3"]), "/unit:", pick(["4", "7", "8", "16"])],
        ["(", expand("float", 1), "):", pick(["64", "32", "16"]), "/float-", End], ["(", expand("num", 1), "):", pick(["64", "32", "16"]), "/float"], ["(", expand("char", 0), ")/", pick(["utf8", "utf16", "utf32", "utf16-little", "utf32-little"])],
        ["(", expand("bin", 1), ")/binary"], ["(", expand("bits", 1), ")/bits"], ["(", expand("bin", 0), "):", pick(["1", "2", "0", "(id(1))"]), "/binary"], ["(", expand("bits", 0), "):", pick(["1", "3", "9", "(id(5))"]), "/bits"],
        ["\"", pick(["abc", "", "x"]), "\""], ["\"åб\"/utf", pick(["8", "16", "32"])], ["(", expand("bin", 0), "):", pick(["1", "(id(2))"]), "/binary-unit:", pick(["3", "8", "16"])]
    ]).

bits_clause() ->
    Parts = few(1, 4, fun(I) -> bits_pattern("V" ++ n(I), I) end),
    {Patterns, Variables} = lists:unzip(Parts),
    Tail = pick(["", ", Rest/bits", ", Rest/binary", ", _/bits", ", Rest/bits"]),
    Names = [V || V <- Variables, V =/= ""] ++ [R || R <- ["Rest"], string:find(Tail, "Rest") =/= nomatch],
    Guard = case Names of [] -> ""; _ -> pick(["", "", "", [" when ", hd(Names), " > 5"], [" when is_float(", hd(Names), ")"], [" when ", lists:last(Names), " =/= <<>>"]]) end,
    ["(<<", lists:join(", ", Patterns), Tail, ">>)", Guard, " -> {", lists:join(", ", Names), "}"].

bits_pattern(V, I) ->
    Size = pick(["1", "3", "4", "8", "12", "16", "32", "33", "64", "72"]),
    Earlier = case I > 1 of true -> pick(["3", "5", "1"]); false -> "2" end,
    pick([
        {[V, ":", Size], V}, {[V, ":", Size, "/signed"], V}, {[V, ":", Size, "/little"], V}, {[V, ":", Size, "/little-signed"], V}, {[V, ":64/float"], V}, {[V, ":32/float-little"], V}, {[V, ":16/float"], V},
        {[V, "/utf8"], V}, {[V, "/utf16"], V}, {[V, "/utf32-little"], V}, {[V, "/utf16-little"], V}, {[V, ":", Earlier, "/binary"], V}, {[V, ":", Size, "/bits"], V}, {["_:", Size], ""}, {["_:", Earlier, "/binary"], ""}, {[n(random(256))], ""}, {["\"abc\""], ""},
        {["S", V, ":4, ", V, ":S", V, "/bits"], V}, {["S", V, ":3, ", V, ":S", V, "/unit:8-signed"], V}, {["S", V, ":2, ", V, ":(S", V, "+1)/binary"], V}, {["_/utf8"], ""}, {[n(random(8)), ":3"], ""}, {["S", V, ":8, _:S", V, ", ", V, ":1"], V}
    ]).

clause(F, Depth) ->
    {First, Vars1} = pattern("A"),
    {Second, Vars2} = pattern("B"),
    put(variables, Vars1 ++ Vars2),
    Guard = pick(["", [" when ", expand("guard", 1)], [" when ", expand("guard", 1)]]),
    [F, "(", First, ", ", Second, ")", Guard, " -> ", expand("term", max(1, Depth - 2))].

pattern(P) ->
    V = P ++ n(fresh()),
    W = P ++ n(fresh()),
    pick([
        {V, [{V, "int"}]}, {V, [{V, "int"}]}, {["{", V, ", ", W, "}"], [{V, "int"}, {W, "int"}]}, {["[", V, " | ", W, "]"], [{V, "int"}, {W, "list"}]}, {["#{a := ", V, "}"], [{V, "int"}]}, {["#{1 := ", V, ", a := _}"], [{V, "int"}]},
        {["<<", V, ", ", W, "/bits>>"], [{V, "int"}, {W, "bits"}]}, {["<<", V, ":3/bits, _/bits>>"], [{V, "bits"}]}, {["[]"], []}, {["{}"], []}, {["1"], []}, {["a"], []}, {["18446744073709551616"], []}, {["1.0"], []}, {["{a}"], []}, {["\"abc\""], []},
        {["[", V, ", ", W, "]"], [{V, "int"}, {W, "int"}]}, {["{{", V, "}}"], [{V, "int"}]}, {["<<>>"], []}, {["#{} = ", V], [{V, "map"}]}, {["true"], []}, {["b"], []}, {["0"], []}, {["-1"], []}, {["255"], []}
    ]).

ets_key() -> pick(["1", "2", "3", "1.0", "a", "b", "{1, 2}", "<<\"k\">>", "[]", "18446744073709551616", "2.0", "c"]).

ets_object() ->
    K = ets_key(),
    pick([["{", K, ", ", ets_key(), "}"], ["{", K, ", ", n(random(10)), ", ", expand("stable", 1), "}"], ["{", K, ", ", n(random(5)), "}"], ["{", K, ", ", n(random(5)), "}"]]).

ets_pattern() ->
    pick([["{", ets_key(), ", '$1'}"], "{'$1', '$2'}", "{'$1', '$2', '_'}", "'_'", ["{'_', ", ets_key(), "}"], "{'$1', '$1'}", ["{", ets_key(), ", '_', '$2'}"], "'$1'", "{'$2', '$1'}"]).

ets_spec(Body) ->
    Guard = pick(["", "{'>', '$1', 1}", "{is_integer, '$2'}", ["{'=:=', '$1', ", pick(["1", "a", "1.0"]), "}"], "{'<', '$1', '$2'}", "{is_atom, '$1'}", "{'not', {is_number, '$2'}}", "{'==', {'+', '$2', 1}, 3}", "{'andalso', {is_number, '$1'}, {'<', '$1', 3}}"]),
    ["[{", pick(["{'$1', '$2'}", "{'$1', '$2', '$3'}", "{'$1', '$2'}", ["{", ets_key(), ", '$2'}"]]), ", [", Guard, "], [", Body, "]}]"].

ets_act(Sorted) ->
    K = ets_key(),
    pick([
        ["ets:insert(T, ", ets_object(), ")"], ["ets:insert(T, ", ets_object(), ")"], ["ets:insert(T, ", ets_object(), ")"], ["ets:insert(T, [", ets_object(), ", ", ets_object(), ", ", ets_object(), "])"],
        ["ets:insert_new(T, ", ets_object(), ")"], ["ets:insert_new(T, [", ets_object(), ", ", ets_object(), "])"], ["order(ets:lookup(T, ", K, "))"], ["ets:lookup_element(T, ", K, ", ", pick(["1", "2", "3"]), ")"],
        ["ets:member(T, ", K, ")"], ["ets:delete(T, ", K, ")"], ["ets:delete_object(T, ", ets_object(), ")"], ["ets:update_counter(T, ", K, ", ", pick(["1", "{2, 5}", "{2, -1, 0, 7}", "[{2, 1}, {2, 3}]", "{1, 1}", "a"]), ")"],
        ["ets:update_counter(T, ", K, ", {2, 3}, {", ets_key(), ", 10})"], ["ets:update_element(T, ", K, ", ", pick(["{2, x}", "{3, y}", "[{2, 1}, {2, 2}]", "{1, z}"]), ")"], ["order(ets:take(T, ", K, "))"],
        [Sorted, "(ets:match(T, ", ets_pattern(), "))"], [Sorted, "(ets:match_object(T, ", ets_pattern(), "))"], ["ets:match_delete(T, ", ets_pattern(), ")"],
        [Sorted, "(ets:select(T, ", ets_spec(pick(["'$_'", "'$1'", "{{'$2', '$1'}}", "'$$'", "{'+', '$2', 1}"])), "))"], ["ets:select_count(T, ", ets_spec("true"), ")"], ["ets:select_delete(T, ", ets_spec(pick(["true", "false", "{is_atom, '$2'}"])), ")"],
        ["ets:select_replace(T, [{{'$1', '$2'}, [{is_integer, '$2'}], [{{'$1', {'*', '$2', 2}}}]}])"], ["ets:select_replace(T, ", ets_spec("{{'$1', b}}"), ")"],
        ["order(ets:foldl(fun(X, A) -> [element(1, X) | A] end, [], T))"], [Sorted, "(ets:select_reverse(T, ", ets_spec("'$_'"), "))"],
        case Sorted of
            "" -> pick([["ets:next(T, ", K, ")"], ["ets:prev(T, ", K, ")"], "ets:first(T)", "ets:last(T)", "ets:foldr(fun(X, A) -> [X | A] end, [], T)", ["ets:slot(T, ", n(random(6)), ")"],
                ["{L, C} = ets:select(T, ", ets_spec("'$_'"), ", 2), {L, catch element(1, ets:select(C))}"], ["{L, C} = ets:match(T, ", ets_pattern(), ", 1), {L, catch element(1, ets:match(C))}"], ["element(1, ets:select_reverse(T, ", ets_spec("'$_'"), ", 2))"]]);
            _ -> pick(["ets:info(T, type)", "ets:safe_fixtable(T, true), ets:safe_fixtable(T, false)", ["order(element(1, ets:select(T, ", ets_spec("'$_'"), ", 1000)))"], "ets:first(T) =/= x", "order(ets:tab2list(T))"])
        end,
        "ets:info(T, size)", ["ets:info(T, ", pick(["keypos", "protection", "compressed", "named_table", "nope", "type", "write_concurrency", "fixed"]), ")"], "ets:delete_all_objects(T)", "ets:whereis(table) =:= T", "ets:insert(T, [{1, 2} | {3}])",
        "ets:insert(T, {})", "ets:insert(T, a)", "ets:rename(T, other_name) =/= a, ets:rename(T, table) =/= a", "ets:new(a, [nope])", "ets:lookup(nope, 1)", "ets:setopts(T, {protection, public})", "ets:give_away(T, self(), a)", ["ets:is_compiled_ms(ets:match_spec_compile(", ets_spec("'$1'"), "))"],
        ["ets:test_ms({1, 2}, ", ets_spec("{{'$1', '$_'}}"), ")"], "T2 = ets:new(x, []), ets:from_dets(T2, nope)", "ets:insert(T, {1, make_ref()}), ets:delete(T, 1)", "ets:init_table(T, fun(read) -> {[{9, 9}], fun(read) -> end_of_input; (close) -> ok end}; (close) -> ok end)"
    ]).

process(0, Depth) ->
    ["worker(fun() -> ", expand("term", Depth - 1), " end)"];
process(1, Depth) ->
    N = n(2 + random(20)),
    ["S = self(), Ps = [spawn(fun() -> receive {go, X} -> S ! {self(), catch {X, I, ", expand("term", Depth - 2), "}} end end) || I <- lists:seq(1, ", N, ")], [P ! {go, a} || P <- Ps], [receive {P, V} -> V end || P <- Ps]"];
process(2, Depth) ->
    Exit = pick([["exit(", expand("stable", 1), ")"], expand("raise", Depth - 2), "exit(normal)", "exit(self(), kill)", "exit(kill)", "ok", ["throw(", expand("stable", 1), ")"]]),
    ["process_flag(trap_exit, ", pick(["true", "true", "true"]), "), P = spawn_link(fun() -> ", Exit, " end), receive {'EXIT', P, {R, [_ | _]}} -> {failed, R}; {'EXIT', P, R} -> R end"];
process(3, _) ->
    Reason = pick(["normal", "kill", "killed", "shutdown", "{a, b}", "[]", "noproc"]),
    Trap = pick(["true", "false"]),
    ["process_flag(trap_exit, true), S = self(), P = spawn_link(fun() -> process_flag(trap_exit, ", Trap, "), S ! up, receive {'EXIT', S, R} -> S ! {got, R}, exit(done) end end), receive up -> ok end, exit(P, ", Reason,
     "), A = case {", Trap, ", ", Reason, "} of {false, normal} -> exit(P, kill), forced; _ -> ok end, receive {'EXIT', P, R} -> {A, R, receive {got, G} -> {got, G} after 0 -> none end} end"];
process(4, _) ->
    Ms = lists:join(", ", few(4, 12, fun(_) -> pick([["{a, ", n(random(5)), "}"], "b", ["{b, ", n(random(5)), "}"], ["[", n(random(5)), "]"], expand("stable", 0)]) end)),
    Clause = fun() -> pick(["{a, X} -> {first, X}", "{b, X} when X > 2 -> {large, X}", "[X] -> {list, X}", "b -> b", "{_, X} -> {any, X}", "X when is_number(X) -> {number, X}"]) end,
    F = "take_" ++ n(fresh()),
    define([F, "(0) -> [];\n", F, "(N) ->\n    M = receive ", Clause(), "; ", Clause(), "; ", Clause(), " after 0 -> none end,\n    [M | ", F, "(N - 1)]."]),
    ["S = self(), [S ! M || M <- [", Ms, "]], {", F, "(", n(3 + random(8)), "), process_info(self(), message_queue_len), process_info(self(), messages)}"];
process(5, _) ->
    T = pick(["0", "1", "5", "20"]),
    pick([
        ["T = erlang:send_after(", T, ", self(), hello), receive hello -> {got, erlang:cancel_timer(T), erlang:read_timer(T)} end"],
        ["T = erlang:start_timer(", T, ", self(), a), receive {timeout, T, M} -> M end"],
        "T = erlang:send_after(1000000, self(), never), {is_integer(erlang:read_timer(T)), is_integer(erlang:cancel_timer(T)), erlang:cancel_timer(T), receive X -> X after 0 -> none end}",
        "erlang:send_after(-1, self(), a)", "erlang:send_after(a, self(), a)", "erlang:start_timer(1, nope, b, [bad])", "erlang:cancel_timer(make_ref())", "erlang:cancel_timer(a)", "erlang:send_after(1, {a}, a)",
        ["receive never -> 1 after ", T, " -> timeout end"], "receive never -> 1 after a -> 2 end", "receive a -> 1 after -1 -> 2 end", "receive a -> 1 after 1.0 -> 2 end", "receive a -> 1 after 1 bsl 64 -> 2 end",
        ["timer:sleep(", T, ")"], "[receive X -> X end || _ <- [begin erlang:send_after(40, self(), b), erlang:send_after(1, self(), a), 1 end, 2]]", "T = erlang:send_after(1000000, self(), a, []), erlang:cancel_timer(T, [{async, true}]), receive {cancel_timer, T, R} -> is_integer(R) end",
        "T = erlang:start_timer(1 bsl 40, self(), a), is_integer(erlang:cancel_timer(T, [{info, true}]))", "{ok, T} = timer:send_after(1, x), receive x -> {x, element(1, timer:cancel(T))} end"
    ]);
process(6, _) ->
    pick([
        "P = spawn(fun() -> receive stop -> ok end end), M = monitor(process, P), P ! stop, receive {'DOWN', M, process, P, R} -> {R, demonitor(M), demonitor(M, [flush, info])} end",
        "P = spawn(fun() -> ok end), M = monitor(process, P), receive {'DOWN', M, _, _, R} when R =:= normal; R =:= noproc -> ended end, monitor(process, P), receive {'DOWN', _, process, P, R2} -> R2 end",
        "M = monitor(process, no_such_name), receive {'DOWN', M, process, W, R} -> {W, R} end", "M = monitor(process, self()), demonitor(M, [flush])", "demonitor(a)", "demonitor(make_ref(), [bad])", "monitor(nope, self())", "monitor(time_offset, clock_service) =/= a",
        "A = alias(), A ! hello, R = receive hello -> got after 0 -> none end, {R, unalias(A), A ! again, receive again -> got after 0 -> none end}", "A = alias([reply]), A ! 1, A ! 2, [receive X -> X after 0 -> none end || _ <- [1, 2]]",
        "M = monitor(process, spawn(fun() -> receive never -> ok end end), [{alias, demonitor}]), M ! via, R = receive via -> got after 0 -> none end, demonitor(M), M ! more, {R, receive more -> got after 0 -> none end}",
        "{P, M} = spawn_opt(fun() -> exit(a) end, [monitor, {min_heap_size, 1000}]), receive {'DOWN', M, process, P, R} -> R end", "spawn_opt(fun() -> ok end, [nope])", "spawn_opt(fun() -> ok end, a)", "spawn(a)", "spawn(a, b, c)", "spawn_link(a, b, [c|d])", "spawn_monitor(1)",
        "R = spawn_request(fun() -> ok end, [{reply_tag, tag}]), receive {tag, R, ok, P} -> is_pid(P) end", "{P, M} = spawn_monitor(no_module, f, [1]), receive {'DOWN', M, process, P, {R, [F | _]}} -> {R, F} end", "{P, M} = spawn_monitor(fun() -> process_flag(max_heap_size, #{size => 5000, kill => true, error_logger => false}), lists:seq(1, 1000000) end), receive {'DOWN', M, process, P, R} -> R end"
    ]);
process(7, _) ->
    pick([
        "register(g_name, self()), R = {whereis(g_name) =:= self(), process_info(self(), registered_name), catch register(g_name, self()), g_name ! x, lists:member(g_name, registered())}, unregister(g_name), {R, whereis(g_name), receive x -> x after 0 -> none end}",
        "register(a, b)", "register(undefined, self())", "unregister(no_such)", "whereis(1)", "no_such ! x", "{no_such, node()} ! x", "1 ! 2", "erlang:send(no_such, a)", "erlang:send({no_such, node()}, a, [noconnect])", "erlang:send(self(), a, [b])", "{a, 'b@c'} ! x",
        "P = spawn(fun() -> receive stop -> ok end end), register(g_other, P), P ! stop, M = monitor(process, P), receive {'DOWN', M, _, _, _} -> ok end, {whereis(g_other), catch g_other ! x}"
    ]);
process(8, _) ->
    Item = pick(["message_queue_len", "links", "trap_exit", "dictionary", "registered_name", "status", "current_function", "initial_call", "priority", "nope", "monitors", "monitored_by", "error_handler", "suspending", "[links, trap_exit]", "[]", "messages", "group_leader", "catchlevel", "fullsweep_after", "min_heap_size", "{dictionary, a}", "parent"]),
    pick([["R = process_info(self(), ", Item, "), case R of {dictionary, _} -> dictionary; _ -> R end"], ["P = spawn(fun() -> put(k, v), receive stop -> ok end end), R = process_info(P, ", pick(["message_queue_len", "links", "dictionary", "trap_exit", "priority"]), "), P ! stop, element(1, R)"], "process_info(a)", "process_info(self(), 1)", "is_list(process_info(self()))"]);
process(9, Depth) ->
    ["put({key, 1}, 1), put({key, b}, ", expand("stable", Depth - 2), "), {get({key, 1}), put({key, 1}, 2), get({key, none}), lists:sort([K || {key, _} = K <- get_keys()]), lists:sort(get_keys(2)), erase({key, b}), erase({key, b})}"];
process(10, _) ->
    N = n(3 + random(300)),
    ["S = self(), L = lists:foldl(fun(_, P) -> spawn(fun() -> receive N -> P ! N + 1 end end) end, S, lists:seq(1, ", N, ")), L ! ", n(random(1000)), ", receive X -> X end"];
process(11, Depth) ->
    Big = expand("stable", Depth - 1),
    ["S = self(), T = [", Big, ", table(40), binary:copy(<<7>>, 100), unaligned(binary:copy(<<9>>, 80))], P = spawn(fun() -> receive {S, M} -> S ! {self(), M, erlang:phash2(M)} end end), P ! {S, T}, receive {P, M, H} -> {M =:= T, M == T, H =:= erlang:phash2(T), H} end"];
process(12, _) ->
    pick([
        "process_flag(trap_exit, true), P = spawn_link(fun() -> receive stop -> ok end end), unlink(P), P ! stop, receive {'EXIT', P, R} -> R after 10 -> none end", "link(self())", "link(a)", "unlink(a)", "process_flag(trap_exit, true), P = spawn(fun() -> ok end), timer:sleep(5), link(P), receive {'EXIT', P, R} -> R end", "exit(a, b)", "exit(self(), normal), exit",
        "process_flag(trap_exit, true), exit(self(), normal), receive {'EXIT', P, R} -> {P =:= self(), R} end", "process_flag(trap_exit, 1)", "process_flag(trap_exit, true), [spawn_link(fun() -> exit(I) end) || I <- lists:seq(1, 5)], lists:sort([receive {'EXIT', _, R} -> R end || _ <- lists:seq(1, 5)])",
        "{P, M} = spawn_monitor(fun() -> spawn_link(fun() -> exit(inner) end), receive never -> ok end end), receive {'DOWN', M, process, P, R} -> R end", "{P, M} = spawn_monitor(fun() -> erlang:hibernate(lists, reverse, [[1, 2]]) end), P ! wake, receive {'DOWN', M, process, P, R} -> R end",
        "{P, M} = spawn_monitor(fun() -> group_leader(self(), self()) end), receive {'DOWN', M, process, P, R} -> R end", "group_leader(a, self())", "is_process_alive(a)", "is_pid(group_leader())", "lists:member(self(), processes())", "erlang:process_info(self(), current_stacktrace) =/= a"
    ]);
process(13, _) ->
    F = "server_" ++ n(fresh()),
    Acts = lists:join(", ", few(3, 10, fun(_) -> pick([["{put, ", ets_key(), ", ", expand("stable", 1), "}"], ["{get, ", ets_key(), "}"], "size", "crash", "list"]) end)),
    define([F, "(State) ->\n    receive\n        {From, Ref, {put, K, V}} -> From ! {Ref, ok}, ", F, "(State#{K => V});\n        {From, Ref, {get, K}} -> From ! {Ref, maps:find(K, State)}, ", F, "(State);\n",
        "        {From, Ref, size} -> From ! {Ref, map_size(State)}, ", F, "(State);\n        {From, Ref, list} -> From ! {Ref, order(maps:to_list(State))}, ", F, "(State);\n        {_, _, crash} -> error({crashed, map_size(State)})\n    end."]),
    ["P = spawn(fun() -> ", F, "(#{}) end), Call = fun(Q) -> M = monitor(process, P), P ! {self(), M, Q}, receive {M, A} -> demonitor(M, [flush]), A; {'DOWN', M, process, P, {R, [{Mo, Fu, _, _} | _]}} -> {down, R, Mo, Fu}; {'DOWN', M, process, P, R} -> {down, R} end end, Rs = [Call(Q) || Q <- [", Acts, "]], exit(P, kill), Rs"].
