%% Prints its arguments, a line each, and ends with their number.
-module(args).
-export([main/1]).

main(Args) ->
    [io:format("~ts~n", [Arg]) || Arg <- Args],
    halt(length(Args)).
