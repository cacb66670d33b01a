%% Called from the boot script: puts our modules in place of the emulator's and starts the program as the machine would.
-module(stub_start).
-export([start/1]).

start([Dir]) ->
    {ok, Args} = init:get_argument(lam),
    [M | Rest] = lists:append(Args),
    Arity = case Rest of ["-0" | _] -> 0; _ -> 1 end,
    Bins = [unicode:characters_to_binary(A) || A <- Rest, A =/= "-0"],
    persistent_term:put(stub_args, Bins),
    lam_host:prepare(),
    Module = list_to_atom(M),
    {ok, Beam} = prim_file:read_file(M ++ ".beam"),
    {module, Module} = erlang:load_module(Module, Beam),
    [begin {ok, B} = prim_file:read_file(Dir ++ "/" ++ N ++ ".beam"),
           {module, _} = erlang:load_module(list_to_atom(N), B)
     end || N <- ["init", "erl_prim_loader"]],
    unregister(init),
    [unregister(N) || N <- registered(), N =:= logger],
    spawn(lam_boot, start, [Module, main, Arity, erlang, Bins]),
    receive never -> ok end.
