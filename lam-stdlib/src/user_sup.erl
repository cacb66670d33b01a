%% The place of the standard streams in kernel's tree: the process `user` of `lam_user` is there before kernel is, and stays until the
%% machine ends. Where the program is the shell there is none yet: OTP's own comes, as `user_drv` makes it (by the terminal, or by
%% descriptors 0 and 1). Replaces OTP's module, which looks for the emulator's flags.
-module(user_sup).
-behaviour(supervisor_bridge).

-export([start/0, init/1, terminate/2]).

-define(LOOKS, 1000).

start() -> supervisor_bridge:start_link(?MODULE, []).

init([]) ->
    case whereis(user) of
        undefined -> shell();
        User -> {ok, User, User}
    end.

%% `-user M`, as OTP has it, names who makes `user` instead (iex does).
shell() ->
    Module = case init:get_argument(user) of
                 {ok, [[Name]]} -> list_to_atom(Name);
                 _ -> user_drv
             end,
    case apply(Module, start, []) of
        {error, _} = Error -> Error;
        _ -> wait_for_user(?LOOKS)
    end.

%% It is registered some time after its start.
wait_for_user(0) -> {error, nouser};
wait_for_user(Looks) ->
    case whereis(user) of
        undefined -> receive after 2 -> wait_for_user(Looks - 1) end;
        User -> link(User), {ok, User, User}
    end.

terminate(_Reason, _User) -> ok.
