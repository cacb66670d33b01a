%% Calls natives that the machine does not have; the failure names them.
-module(lacks).
-export([main/0]).

main() ->
    Port = try open_port({spawn, "true"}, []) catch error:R1 -> R1 end,
    There = [erlang:function_exported(erts_internal, open_port, 2), erlang:function_exported(lists, reverse, 2)],
    Undefined = try nobody:there() catch error:R2 -> R2 end,
    io:format("~p ~p ~p~n", [Port, There, Undefined]).
