%% An application with a dependency; both have a `priv`.
-module(shop).
-export([main/1, main/0]).

main() -> main(["none"]).

main(Args) ->
    {ok, Names} = file:consult(filename:join(code:priv_dir(shop), "names")),
    io:format("~p ~p ~ts ~p~n", [till:sum([1, 2]), Names, lists:join(",", Args), till:state()]).
