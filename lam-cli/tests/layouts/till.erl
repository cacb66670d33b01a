%% The dependency.
-module(till).
-export([sum/1, state/0]).

sum(Numbers) -> lists:sum(Numbers).

state() ->
    {ok, State} = file:read_file(filename:join([code:priv_dir(till), "deep", "state"])),
    State.
