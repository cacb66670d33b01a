%% The place of `standard_error` in kernel's tree: the process of `lam_user` is there before kernel is, and stays until the machine
%% ends. Replaces OTP's module, which opens a port.
-module(standard_error).
-behaviour(supervisor_bridge).

-export([start_link/0, init/1, terminate/2]).

start_link() -> supervisor_bridge:start_link({local, standard_error_sup}, ?MODULE, []).

init([]) ->
    Pid = whereis(standard_error),
    {ok, Pid, Pid}.

terminate(_Reason, _Pid) -> ok.
