%% N processes alive at once; each is asked for a number, answers and ends. Rounds of it, one after the other.
%%
%% many N ROUNDS   prints the sum and nanoseconds for each process; bytes of memory for each while all wait, as the kernel counts
%%                 them and as erlang:memory(processes) tells; and what the kernel still counts for each after all have ended
-module(many).
-export([main/1]).

main([A, B]) ->
    {N, Rounds} = {list_to_integer(A), list_to_integer(B)},
    {Resident0, Told0} = {resident(), erlang:memory(processes)},
    {Sum, Us, Resident, Told} = rounds(Rounds, N, {0, 0, 0, 0}),
    erlang:garbage_collect(),
    io:format("sum ~b~nns_each ~b~nbytes_each ~b~ntold_each ~b~nleft_each ~b~n",
              [Sum, Us * 1000 div (N * Rounds), (Resident - Resident0) div N, (Told - Told0) div N, (resident() - Resident0) div N]).

rounds(0, _, Done) -> Done;
rounds(Left, N, {Sum, Us, Resident, Told}) ->
    T0 = erlang:monotonic_time(microsecond),
    Pids = start(N, self(), []),
    % The last one has run when it answers, and so have all before it.
    hd(Pids) ! {here, self()},
    receive here -> ok end,
    T1 = erlang:monotonic_time(microsecond),
    {NowResident, NowTold} = {resident(), erlang:memory(processes)},
    T2 = erlang:monotonic_time(microsecond),
    ask(Pids, self()),
    Got = collect(N, 0),
    T3 = erlang:monotonic_time(microsecond),
    rounds(Left - 1, N, {Sum + Got, Us + (T1 - T0) + (T3 - T2), max(Resident, NowResident), max(Told, NowTold)}).

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
