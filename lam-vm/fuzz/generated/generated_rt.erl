%% What each generated program shares: runs its steps, prints what each gave in a form that is the same on every machine.
%%
%% A step prints `STEP value TEXT`, or the class, the reason and the stack above this module. Pids, references and ports are printed as
%% such, maps above 32 keys sorted; long texts are cut, with a hash of all of it.
-module(generated_rt).
-export([order/1, run/2, step/3, id/1, unaligned/1, sub/1, clean/1, drain/1, table/1, twice/1, deep/2, worker/1, pool/1, text/1]).

%% Runs programs one after another, each in a process of its own; the last one's number is the exit code.
run(Programs, Code) ->
    ok = logger:set_primary_config(level, none),
    lists:foreach(fun run/1, Programs),
    io:put_chars(["end ", integer_to_list(Code), $\n]),
    halt(Code).

run({Name, Main}) ->
    io:put_chars(["program ", Name, $\n]),
    {Pid, Ref} = spawn_monitor(fun() -> put(program, Name), Main() end),
    receive
        {'DOWN', Ref, process, Pid, normal} -> ok;
        {'DOWN', Ref, process, Pid, Reason} -> io:put_chars(["ended ", text(clean(Reason)), $\n])
    after 15000 ->
        io:put_chars("hangs\n"),
        exit(Pid, kill)
    end.

step(Number, Style, Body) ->
    Text =
        try Body() of
            Value -> ["value ", show(Style, clean(Value))]
        catch
            Class:Reason:Stack ->
                Above = above(Stack),
                [
                    atom_to_list(Class), $\s, show(Style, clean(Reason)), "\n    ", text(Above)
                    | report(Style, Class, Reason, Above)
                ]
        end,
    io:put_chars([integer_to_list(Number), $\s, Text, $\n]),
    forget().

%% What a step leaves behind does not reach the next one.
forget() ->
    process_flag(trap_exit, false),
    _ = [erase(Key) || {Key, _} <- get(), is_tuple(Key), element(1, Key) =:= key],
    drain(10000).

drain(0) -> ok;
drain(N) ->
    receive
        _ -> drain(N - 1)
    after 0 -> ok
    end.

above(Stack) -> above(Stack, []).

%% OTP's preloaded modules know no lines; inside zlib the frames are the library's own.
above([{?MODULE, _, _, _} | _], Above) -> lists:reverse(Above);
above([{zlib, F, _, _} | Rest], _) -> above(Rest, case Rest of [{zlib, _, _, _} | _] -> []; _ -> [{zlib, F, 0, []}] end);
above([{erlang, F, A, Where} | Rest], Above) -> above(Rest, [{erlang, F, A, [W || {error_info, _} = W <- Where]} | Above]);
above([{M, F, A, Where} | Rest], Above) -> above(Rest, [{M, F, A, Where} | Above]);
above(_, Above) -> lists:reverse(Above).

%% The report names the bad argument; pids in it are made alike by the reader of the output.
report(x, Class, Reason, Stack) ->
    Text = unicode:characters_to_list(erl_error:format_exception(Class, Reason, lists:sublist(Stack, 2))),
    ["\n", cut(Text)];
report(_, _, _, _) ->
    [].

show(p, Term) -> cut(lists:flatten(io_lib:format("~p", [Term])));
show(tp, Term) -> cut(lists:flatten(io_lib:format("~tp", [Term])));
show(w, Term) -> cut(lists:flatten(io_lib:format("~w", [Term])));
show(tw, Term) -> cut(lists:flatten(io_lib:format("~tw", [Term])));
show('P', Term) -> cut(lists:flatten(io_lib:format("~tP", [Term, 12])));
show('W', Term) -> cut(lists:flatten(io_lib:format("~W", [Term, 9])));
show('40p', Term) -> cut(lists:flatten(io_lib:format("~40p", [Term])));
show(_, Term) -> text(Term).

text(Term) -> cut(lists:flatten(io_lib:format("~0tp", [Term]))).

cut(Text) ->
    case length(Text) of
        Long when Long > 1200 ->
            [lists:sublist(Text, 1000), " ... ", integer_to_list(Long), $\s, integer_to_list(erlang:crc32(unicode:characters_to_binary([surely(C) || C <- Text])))];
        _ ->
            [surely(C) || C <- Text]
    end.

%% No surrogates, which no stream takes.
surely(C) when C >= 16#D800, C =< 16#DFFF -> $?;
surely(C) -> C.

%% A term in which nothing depends on numbering.
clean(Term) when is_pid(Term) -> '<pid>';
clean(Term) when is_reference(Term) -> '<reference>';
clean(Term) when is_port(Term) -> '<port>';
clean({re_pattern, Groups, Unicode, _, _}) -> {re_pattern, Groups, Unicode};
clean([Head | Tail]) -> clean_list(Tail, [clean(Head)]);
clean(Term) when is_tuple(Term) -> list_to_tuple(clean(tuple_to_list(Term)));
clean(Term) when is_map(Term), map_size(Term) > 32 -> {map, order([{clean(K), clean(V)} || {K, V} <- maps:to_list(Term)])};
clean(Term) when is_map(Term) -> maps:from_list([{clean(K), clean(V)} || {K, V} <- maps:to_list(Term)]);
clean(Term) -> Term.

clean_list([Head | Tail], Done) -> clean_list(Tail, [clean(Head) | Done]);
clean_list([], Done) -> lists:reverse(Done);
clean_list(Tail, Done) -> lists:reverse(Done, clean(Tail)).

%% Hides a value from the compiler.
id(X) -> X.

%% The same bitstring, off a byte's border.
unaligned(Bits) when is_bitstring(Bits) ->
    <<_:3, Same/bits>> = id(<<5:3, Bits/bits>>),
    Same;
unaligned(Other) ->
    Other.

%% The same bitstring as part of a larger one.
sub(Bits) when is_bitstring(Bits) ->
    Size = bit_size(Bits),
    <<_:8, Same:Size/bits, _/bits>> = id(<<77, Bits/bits, 3:5>>),
    Same;
sub(Other) ->
    Other.

%% Sorted, so that 1 and 1.0 too have their places.
order(List) when is_list(List) ->
    lists:sort(fun(A, B) -> A < B orelse (A == B andalso term_to_binary(clean(A)) =< term_to_binary(clean(B))) end, List);
order(Other) ->
    Other.

twice(X) -> [X | X].

deep(0, X) -> X;
deep(N, X) -> deep(N - 1, case N rem 3 of 0 -> [X]; 1 -> {X, N}; 2 -> #{N => X} end).

%% A large map without atoms, whose order is the same everywhere.
table(N) -> maps:from_list([{I * 7 - 50, I} || I <- lists:seq(1, N)]).

worker(Fun) ->
    Self = self(),
    Ref = make_ref(),
    {Pid, Monitor} = spawn_monitor(fun() -> Self ! {Ref, Fun()} end),
    receive
        {Ref, Value} ->
            receive {'DOWN', Monitor, process, Pid, Reason} -> {Value, Reason} end;
        {'DOWN', Monitor, process, Pid, Reason} ->
            {down, case Reason of {R, S} when is_list(S) -> {R, clean(above(S))}; _ -> Reason end}
    end.

pool(numbers) ->
    [
        0, 1, -1, 2, 3, -7, 10, 63, 64, 255, 256, -256, 65535, 65536, 134217727, 134217728, -134217729, 2147483647, 2147483648,
        4294967295, 4294967296, 9007199254740991, 9007199254740992, 9007199254740993, 576460752303423487, 576460752303423488,
        -576460752303423488, -576460752303423489, 1152921504606846975, 1152921504606846976, -1152921504606846976,
        -1152921504606846977, 2305843009213693951, 2305843009213693952, 4611686018427387904, 9223372036854775807,
        9223372036854775808, -9223372036854775808, -9223372036854775809, 18446744073709551615, 18446744073709551616,
        -18446744073709551616, 340282366920938463463374607431768211455, 1000000000000000000000000000000,
        -123456789012345678901234567890, 0.0, -0.0, 1.0, -1.5, 2.5, 0.1, 1.0e10, 9007199254740992.0, 1.8446744073709552e19,
        4.9406564584124654e-324, 1.7976931348623157e308, -1.0e300, 1.0e-300, 3.0e-77, 3.0e77
    ];
pool(terms) ->
    [
        0, 1, 1.0, -1, -0.0, 0.0, 18446744073709551616, 1.8446744073709552e19, a, b, '', true, [], [a], [a | b], [1], [1.0], [a, b], {}, {a}, {1},
        {1.0}, {a, b}, #{}, #{a => 1}, #{a => 1.0}, #{1 => a}, #{1.0 => a}, #{b => 1}, #{a => 1, b => 2}, <<>>, <<0>>, <<1:1>>, <<"a">>, <<"ab">>,
        <<97, 1:1>>, fun lists:sort/1, fun lists:map/2, "abc", table(33), table(40), {[], []}, [[]], [[], []], <<255>>, 1.5, 2, [{}], #{[] => {}}
    ].
