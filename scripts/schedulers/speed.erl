%% What a second scheduler gains and costs: `speed NAME SIZE` runs one program and prints
%%     NAME WALL_US BUSIEST_US ALL_US
%% the time that passed, and what the busiest thread and all threads together took of the processor since the start of the work.
-module(speed).
-export([main/1, init/1, handle_call/3, handle_cast/2]).

main([Name, Size]) ->
    N = list_to_integer(Size),
    Run = prepare(Name, N),
    Before = threads(),
    Start = erlang:monotonic_time(microsecond),
    Run(),
    End = erlang:monotonic_time(microsecond),
    Spent = [Ns - proplists:get_value(Thread, Before, 0) || {Thread, Ns} <- threads()],
    io:format("~s ~w ~w ~w~n", [Name, End - Start, lists:max(Spent) div 1000, lists:sum(Spent) div 1000]).

%% Nanoseconds on a processor of each thread of this program (Linux).
threads() ->
    {ok, Threads} = file:list_dir("/proc/self/task"),
    lists:append([case file:read_file("/proc/self/task/" ++ Thread ++ "/schedstat") of
                      {ok, Text} -> [{Thread, binary_to_integer(hd(binary:split(Text, <<" ">>)))}];
                      {error, _} -> []
                  end || Thread <- Threads]).

prepare("wordcount", N) ->
    Files = wordcount:make("speed", 16, 250 * N),
    fun() -> Counts = wordcount:count(Files, 8), true = map_size(Counts) > 1000, [file:delete(File) || File <- Files] end;
prepare("pmap", N) ->
    fun() -> 64 = length(pmap:pmap(fun pmap:fib/1, [N || _ <- lists:seq(1, 64)])) end;
prepare("pmap_lists", N) ->
    fun() -> 64 = length(pmap:pmap(fun(I) -> lists:sum(lists:sort([X * 7919 rem 65537 || X <- lists:seq(I, 20000 * N)])) end, lists:seq(1, 64))) end;
prepare("ring", N) ->
    fun() -> ring(1000, N) end;
prepare("pingpong", N) ->
    fun() -> pingpong(N) end;
prepare("gen_server", N) ->
    fun() ->
            {ok, Pid} = gen_server:start_link(?MODULE, [], []),
            N = calls(N, Pid, 0),
            gen_server:stop(Pid)
    end.

ring(Size, Rounds) ->
    Me = self(),
    First = lists:foldl(fun(_, Next) -> spawn_link(fun() -> pass(Next) end) end, Me, lists:seq(1, Size)),
    turn(First, Rounds),
    First ! stop,
    receive stop -> ok end.

turn(_, 0) -> ok;
turn(First, N) -> First ! N, receive N -> turn(First, N - 1) end.

pass(Next) ->
    receive
        stop -> Next ! stop;
        N -> Next ! N, pass(Next)
    end.

pingpong(N) ->
    Me = self(),
    Pong = spawn_link(fun() -> pong(Me) end),
    ping(Pong, N),
    Pong ! stop.

ping(_, 0) -> ok;
ping(Pong, N) -> Pong ! {ping, N}, receive {pong, N} -> ping(Pong, N - 1) end.

pong(Ping) ->
    receive
        stop -> ok;
        {ping, N} -> Ping ! {pong, N}, pong(Ping)
    end.

calls(0, _, Sum) -> Sum;
calls(N, Pid, Sum) -> calls(N - 1, Pid, Sum + gen_server:call(Pid, one)).

init([]) -> {ok, 0}.
handle_call(one, _From, N) -> {reply, 1, N + 1}.
handle_cast(_, N) -> {noreply, N}.
