%% N processes alive at once; each is asked for a number, answers and ends. Rounds of it, one after the other.
%%
%% many N ROUNDS   prints the sum, nanoseconds for each process, and bytes of memory for each while all wait
-module(many).
-export([main/1]).

main([A, B]) ->
    {N, Rounds} = {list_to_integer(A), list_to_integer(B)},
    Before = resident(),
    {Sum, Us, Resident} = rounds(Rounds, N, 0, 0, 0),
    io:format("sum ~b~nns_each ~b~nbytes_each ~b~n", [Sum, Us * 1000 div (N * Rounds), (Resident - Before) div N]).

rounds(0, _, Sum, Us, Resident) -> {Sum, Us, Resident};
rounds(Left, N, Sum, Us, Most) ->
    T0 = erlang:monotonic_time(microsecond),
    Pids = start(N, self(), []),
    % The last one has run when it answers, and so have all before it.
    Last = hd(Pids),
    Last ! {here, self()},
    receive here -> ok end,
    T1 = erlang:monotonic_time(microsecond),
    Resident = resident(),
    T2 = erlang:monotonic_time(microsecond),
    ask(Pids, self()),
    Got = collect(N, 0),
    T3 = erlang:monotonic_time(microsecond),
    rounds(Left - 1, N, Sum + Got, Us + (T1 - T0) + (T3 - T2), max(Most, Resident)).

start(0, _, Pids) -> Pids;
start(N, Parent, Pids) -> start(N - 1, Parent, [spawn(fun() -> idle(N) end) | Pids]).

idle(N) ->
    receive
        {here, From} -> From ! here, idle(N);
        {ask, From} -> From ! {answer, N}
    end.

ask([], _) -> ok;
ask([Pid | Pids], Self) -> Pid ! {ask, Self}, ask(Pids, Self).

collect(0, Sum) -> Sum;
collect(N, Sum) -> receive {answer, X} -> collect(N - 1, Sum + X) end.

%% Bytes of this program in memory, as the kernel counts them.
resident() ->
    {ok, Text} = prim_file:read_file("/proc/self/statm"),
    [_, Pages | _] = binary:split(Text, <<" ">>, [global]),
    4096 * binary_to_integer(Pages).
