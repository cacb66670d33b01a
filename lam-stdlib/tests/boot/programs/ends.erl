%% One way for a program to end, or to log, named by its argument.
-module(ends).
-export([main/1]).

main(["return"]) -> io:format("~ts~n", [[233, 8364]]);
main(["stop"]) -> io:format("a~n"), init:stop(3), timer:sleep(5000), io:format("never~n");
main(["halt"]) -> io:format("x"), halt(7);
main(["exit_normal"]) -> exit(normal);
main(["throw"]) -> throw({x, "text"});
main(["error"]) -> _ = list_to_integer(lists:reverse("x1")), ok;
main(["link"]) -> spawn_link(fun() -> exit(bad) end), timer:sleep(5000);
main(["log_then_return"]) -> [logger:error("~p", [I]) || I <- lists:seq(1, 3)], spawn(fun() -> error(late) end), timer:sleep(1);
main(["servers"]) ->
    {ok, File} = file:open("/dev/null", [read]),
    eof = file:read_line(File),
    {ok, _} = timer:send_interval(5, tick),
    receive tick -> ok end,
    ok = logger:add_handler(second, logger_std_h, #{config => #{type => standard_error}}),
    {ok, _} = pg:start_link(),
    undefined = application:get_env(kernel, nothing),
    {error, nofile} = code:ensure_loaded(no_such_module),
    io:format("~p~n", [[whereis(N) =/= undefined || N <- [file_server_2, timer_server, logger, logger_sup]]]).
