%% Names what it calls; one target nobody has.
-module(direct).
-export([main/0]).

main() ->
    [3, 2, 1] = lists:reverse(lists:seq(1, 3)),
    Map = fun string:titlecase/1,
    io:put_chars([Map("done"), $\n]),
    catch nobody:there(1),
    ok.
