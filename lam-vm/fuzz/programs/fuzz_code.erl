%% Loads each module of a batch file and calls what it exports with small arguments.
%%
%% A batch is mutants one after another: <<Size:32, Seed:32, Module:Size/binary>>. The last line says how it went; whatever else ends
%% the machine is a finding.
-module(fuzz_code).
-export([main/1]).

-define(MUTANT, fuzz_mutant).
-define(CALLS, 40).
-define(RUN_MS, 8).
-define(END_MS, 10000).
-define(HEAP_WORDS, 1000000).

main([Path]) ->
    {ok, Batch} = prim_file:read_file(Path),
    process_flag(trap_exit, true),
    Known = processes(),
    {Loaded, Refused, Killed} = batch(Batch, Known, {0, 0, 0}),
    io:put_chars(["done ", integer_to_list(Loaded), $\s, integer_to_list(Refused), $\s, integer_to_list(Killed), $\n]).

batch(<<Size:32, Seed:32, Module:Size/binary, Rest/binary>>, Known, {Loaded, Refused, Killed}) ->
    case load(Module) of
        refused ->
            batch(Rest, Known, {Loaded, Refused + 1, Killed});
        loaded ->
            Ended = run(Seed),
            clear(Known),
            unload(),
            batch(Rest, Known, {Loaded + 1, Refused, Killed + Ended})
    end;
batch(<<>>, _, Counts) ->
    Counts.

load(Module) ->
    case erts_internal:prepare_loading(?MUTANT, Module) of
        {error, badfile} ->
            refused;
        Prepared ->
            case catch erlang:finish_loading([Prepared]) of
                ok -> loaded;
                {on_load, _} -> refused;
                {'EXIT', {badarg, _}} -> refused
            end
    end.

unload() ->
    catch erlang:delete_module(?MUTANT),
    catch erts_internal:purge_module(?MUTANT, complete),
    ok.

%% Calls in a process of their own, which is killed when its time is up: 1 where that was needed.
run(Seed) ->
    Exports = [Function || {Name, _} = Function <- erlang:get_module_info(?MUTANT, exports), Name =/= module_info],
    Heap = #{size => ?HEAP_WORDS, kill => true, error_logger => false},
    {Pid, Ref} = spawn_opt(fun() -> calls(Exports, Seed) end, [monitor, {max_heap_size, Heap}]),
    receive
        {'DOWN', Ref, process, Pid, _} -> 0
    after ?RUN_MS ->
        exit(Pid, kill),
        receive
            {'DOWN', Ref, process, Pid, _} -> 1
        after ?END_MS ->
            fail("a process that exit(Pid, kill) does not end")
        end
    end.

%% Ends what the calls left behind, and forgets what they sent.
clear(Known) ->
    case processes() -- Known of
        [] -> flush();
        Others ->
            [kill(Other) || Other <- Others],
            clear(Known)
    end.

kill(Pid) ->
    Ref = monitor(process, Pid),
    exit(Pid, kill),
    receive
        {'DOWN', Ref, process, Pid, _} -> ok
    after ?END_MS ->
        fail("a process that was left behind and exit(Pid, kill) does not end")
    end.

flush() ->
    receive
        _ -> flush()
    after 0 -> ok
    end.

fail(Text) ->
    io:put_chars(standard_error, ["fuzz: ", Text, $\n]),
    erlang:halt(3).

calls([], _) -> ok;
calls(Exports, Seed) ->
    process_flag(trap_exit, Seed rem 2 =:= 0),
    calls(?CALLS, list_to_tuple(Exports), Seed, pool()).

calls(0, _, _, _) -> ok;
calls(Left, Exports, Seed0, Pool0) ->
    {Name, Arity} = element(Seed0 rem tuple_size(Exports) + 1, Exports),
    {Args, Seed} = args(Arity, next(Seed0), Pool0, []),
    Pool = case catch apply(?MUTANT, Name, Args) of
        {'EXIT', _} -> Pool0;
        Result -> keep(Result, Seed, Pool0)
    end,
    calls(Left - 1, Exports, next(Seed), Pool).

args(0, Seed, _, Args) -> {Args, Seed};
args(Left, Seed, Pool, Args) ->
    args(Left - 1, next(Seed), Pool, [element(Seed rem tuple_size(Pool) + 1, Pool) | Args]).

%% What a call gave is an argument of later ones, where it is small.
keep(Result, Seed, Pool) ->
    case small(Result, 300) of
        0 -> Pool;
        _ -> setelement(Seed rem tuple_size(Pool) + 1, Pool, Result)
    end.

%% What is left of the budget; a term that shares its parts may be huge.
small(_, 0) -> 0;
small([Head | Tail], Budget) -> small(Tail, small(Head, Budget - 1));
small(Tuple, Budget) when is_tuple(Tuple) -> small(tuple_to_list(Tuple), Budget - 1);
small(Map, Budget) when is_map(Map), map_size(Map) < 40 -> small(maps:to_list(Map), Budget - 1);
small(Map, _) when is_map(Map) -> 0;
small(Bits, _) when bit_size(Bits) > 10000 -> 0;
small(_, Budget) -> Budget - 1.

next(Seed) -> (Seed * 1103515245 + 12345) band 16#7fffffff.

pool() ->
    {0, 1, 2, 5, -1, 1 bsl 70, -(1 bsl 64), 1.5, -0.0, a, b, true, false, undefined, [], [1, 2, 3], [3, 1, 2], "abc", "1 + x.",
     [{a, 1}, {b, 2}], [a, b], [[1], [2]], [1 | 2], {}, {a, 1}, {1, 2, 3}, {a, b, c, d}, #{}, #{a => 1}, #{1 => a, b => []},
     <<>>, <<"abc">>, <<"YWJj">>, <<1:3>>, <<0:2000>>, binary:part(<<"hello world">>, 2, 7), fun(X) -> X end,
     fun(X, Y) -> X < Y end, fun(_, Y, Z) -> [Y | Z] end, fun lists:reverse/1, self(), make_ref(), gb_trees:from_orddict([{a, 1}]),
     queue:from_list([1, 2]), maps:iterator(#{x => y}), array:from_list([1, 2, 3]), dict:from_list([{k, v}]), sets:from_list([1]),
     {2023, 2, 28}, {{2024, 1, 1}, {12, 30, 0}}, "http://a.b/c?d=e"}.
