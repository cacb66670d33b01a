%% The natives of `lam_host`, played by a real emulator: ports on the standard streams. For tests/boot/run only.
-module(lam_host).
-export([write/2, read/1, window_size/1, info/1, prepare/0]).

prepare() ->
    Self = self(),
    register(stub_host, spawn(fun() ->
        P1 = open_port({fd, 0, 1}, [out, binary]),
        P2 = open_port({fd, 2, 2}, [out, binary]),
        persistent_term:put(stub_ports, {P1, P2}),
        Self ! ready,
        idle()
    end)),
    receive ready -> ok end.

idle() ->
    receive
        {read, From, Ref} ->
            Port = case get(port) of
                       undefined -> P = open_port({fd, 0, 0}, [in, eof, binary]), put(port, P), P;
                       P -> P
                   end,
            receive
                {Port, {data, Data}} -> From ! {lam_stdin, Ref, {ok, Data}};
                {Port, eof} -> self() ! {Port, eof}, From ! {lam_stdin, Ref, eof}
            end,
            idle()
    end.

write(Fd, Data) ->
    true = port_command(element(Fd, persistent_term:get(stub_ports)), Data),
    ok.

read(Max) when is_integer(Max), Max > 0 ->
    Ref = make_ref(),
    stub_host ! {read, self(), Ref},
    Ref.

window_size(_) -> error.

info(arguments) -> persistent_term:get(stub_args);
info(_) -> undefined.
