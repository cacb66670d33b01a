%% The place of the standard streams in kernel's tree: the process `user` of `lam_user` is there before kernel is, and stays until the
%% machine ends. Replaces OTP's module, which opens a port or a terminal.
-module(user_sup).
-behaviour(supervisor_bridge).

-export([start/0, init/1, terminate/2]).

start() -> supervisor_bridge:start_link(?MODULE, []).

init([]) ->
    User = whereis(user),
    {ok, User, User}.

terminate(_Reason, _User) -> ok.
