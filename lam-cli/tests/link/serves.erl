%% A server whose callback leads to the library, and a function that nothing calls.
-module(serves).
-behaviour(gen_server).
-export([main/0, init/1, handle_call/3, handle_cast/2, idle/0]).

main() ->
    {ok, Pid} = open(),
    io:format("~p~n", [gen_server:call(Pid, size)]).

open() -> gen_server:start_link(?MODULE, [a, b], []).

init(Names) -> {ok, gb_sets:from_list(Names)}.
handle_call(size, _, Set) -> {reply, gb_sets:size(Set), Set}.
handle_cast(_, Set) -> {noreply, Set}.

idle() -> queue:reverse(queue:new()).
