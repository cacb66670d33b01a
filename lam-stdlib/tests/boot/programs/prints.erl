%% Prints the same things in every form of the protocol, in the encoding named.
-module(prints).
-export([main/1]).

main([Encoding]) ->
    ok = io:setopts([{encoding, list_to_atom(Encoding)}]),
    Data = ["plain\n", <<"bin\n">>, [233, $\n], [8364, $\n], <<"\x{e9}\x{20ac}\n"/utf8>>, ["a", [<<"b">>, 200], 16#1F600, $\n], <<255, $\n>>,
            [256, $\n], [-1], atom, [<<"x">> | <<"y\n">>]],
    Requests = [F(D) || D <- Data,
                        F <- [fun(X) -> {put_chars, unicode, X} end, fun(X) -> {put_chars, latin1, X} end,
                              fun(X) -> {put_chars, X} end, fun(X) -> {put_chars, unicode, io_lib, format, ["~ts", [X]]} end,
                              fun(X) -> {put_chars, latin1, erlang, hd, [[X]]} end]],
    Answers = [request(R) || R <- Requests],
    io:format("~n~p~n", [Answers]),
    io:format("~p~n", [[request(R) || R <- [{requests, [{put_chars, unicode, "1"}, {put_chars, unicode, [-1]}, {put_chars, unicode, "2"}]},
                                            {requests, []}, {setopts, [list]}, {setopts, [{list, false}]}, {setopts, [nonsense]},
                                            getopts, {setopts, [binary, {encoding, latin1}, {encoding, unicode}]}, getopts, {foo, 1}, bar]]]).

request(Request) ->
    Ref = make_ref(),
    group_leader() ! {io_request, self(), Ref, Request},
    receive {io_reply, Ref, Answer} -> Answer after 2000 -> none end.
