%% Calls natives that the machine does not have; the failure names them.
-module(lacks).
-export([main/0]).

main() ->
    Drivers = try erl_ddll:loaded_drivers() catch error:R1 -> R1 end,
    There = [erlang:function_exported(erl_ddll, loaded_drivers, 0), erlang:function_exported(lists, reverse, 2)],
    Undefined = try nobody:there() catch error:R2 -> R2 end,
    io:format("~p ~p ~p~n", [Drivers, There, Undefined]).
