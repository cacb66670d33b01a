%% How many processes there may be, and what happens beyond.
-module(limit).
-export([main/1]).

main(_) ->
    Limit = erlang:system_info(process_limit),
    io:format("limit ~p~n", [Limit]),
    Limit =< 10000 andalso fill(Limit).

fill(Limit) ->
    Before = erlang:system_info(process_count),
    {Why, Pids} = spawn_all([]),
    io:format("~p ~p~n", [Why, length(Pids) =:= Limit - Before]),
    [exit(Pid, kill) || Pid <- Pids],
    io:format("~p~n", [again(100)]).

spawn_all(Pids) ->
    try spawn(fun() -> receive never -> ok end end) of
        Pid -> spawn_all([Pid | Pids])
    catch
        Class:Reason -> {{Class, Reason}, Pids}
    end.

%% Those that were killed end soon.
again(0) -> full;
again(N) ->
    try spawn_monitor(fun() -> ok end) of
        {Pid, Ref} -> receive {'DOWN', Ref, process, Pid, Why} -> Why end
    catch
        error:system_limit -> timer:sleep(10), again(N - 1)
    end.
