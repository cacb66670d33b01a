%% An application that waits for the end; started by `--app` it prints what it was configured with.
-module(waits).
-behaviour(application).
-export([start/2, stop/1, init/1, start_link/0, handle_call/3, handle_cast/2, terminate/2, main/0]).

main() ->
    {ok, _} = application:ensure_all_started(?MODULE),
    receive never -> ok end.

start(_, _) -> supervisor:start_link(?MODULE, sup).
stop(_) -> io:format("stopped~n").

init(sup) -> {ok, {#{}, [#{id => worker, start => {?MODULE, start_link, []}}]}};
init(worker) ->
    process_flag(trap_exit, true),
    io:format("ready ~p~n", [application:get_all_env()]),
    {ok, none}.

start_link() -> gen_server:start_link(?MODULE, worker, []).
handle_call(_, _, S) -> {reply, ok, S}.
handle_cast(_, S) -> {noreply, S}.
terminate(Reason, _) -> timer:sleep(50), io:format("worker ends: ~p~n", [Reason]).
