%% A call whose target no one can know; given code names `gb_trees`.
-module(unknown).
-export([main/1]).

main([Name]) ->
    Module = list_to_atom(Name),
    Function = list_to_atom("empty"),
    io:format("~p ~p~n", [Module:Function(), gb_trees]);
main([]) ->
    io:format("nothing~n").
