%% Purging old code without a process that waits for it: each purge is a process of its own, for it may have to kill
%% who asked. Replaces OTP's module because its process would lie in every program.
-module(erts_code_purger).

-export([purge/1, soft_purge/1, pending_purge_lambda/3, finish_after_on_load/2]).

%% `{WasOld, DidKill}`: whether there was an old version, and whether a process that ran it was killed.
purge(Module) when is_atom(Module) ->
    case erlang:check_old_code(Module) of
        false -> {false, false};
        true -> in_another(fun() -> kill_users(Module) end)
    end.

%% False where a process runs the old version, which stays then.
soft_purge(Module) when is_atom(Module) ->
    case erlang:check_old_code(Module) of
        false -> true;
        true -> in_another(fun() -> purge_unused(Module) end)
    end.

%% A fun of a module that is being purged: by now there is another version, or none.
pending_purge_lambda(_Module, Fun, Arguments) -> apply(Fun, Arguments).

finish_after_on_load(Module, Keep) ->
    erlang:finish_after_on_load(Module, Keep),
    ok.

in_another(Work) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({?MODULE, Work()}) end),
    receive
        {'DOWN', Ref, process, Pid, {?MODULE, Result}} -> Result;
        {'DOWN', Ref, process, Pid, Reason} -> exit(Reason)
    end.

kill_users(Module) ->
    Refs = [begin Ref = monitor(process, P), exit(P, kill), Ref end || P <- users(Module)],
    lists:foreach(fun(Ref) -> receive {'DOWN', Ref, process, _, _} -> ok end end, Refs),
    {erts_internal:purge_module(Module, complete), Refs =/= []}.

purge_unused(Module) ->
    case users(Module) of
        [] -> erts_internal:purge_module(Module, complete), true;
        _ -> false
    end.

users(Module) -> [P || P <- processes(), P =/= self(), erlang:check_process_code(P, Module)].
