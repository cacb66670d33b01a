%% Calls through the table of known sites.
-module(known).
-export([main/0]).

main() ->
    Pid = spawn(queue, new, []),
    {_, _} = spawn_monitor(erlang, apply, [ordsets, from_list, [[1]]]),
    io:format("~p~n", [{is_pid(Pid), apply(orddict, store, [a, 1, []])}]),
    Spec = {id, {gb_sets, empty, []}, permanent},
    element(2, Spec).
