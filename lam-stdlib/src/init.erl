%% `init` where LAM starts the program: OTP's interface, without the boot script and the code loading. Replaces OTP's module because
%% what it does (read the emulator's arguments, load code, start kernel) is done when building, or is the host's. The process
%% `init` runs `serve/2` at boot level `none`, `lam_kernel` at the others.
-module(init).

-export([restart/0, restart/1, reboot/0, stop/0, stop/1, boot/1,
         get_status/0, get_arguments/0, get_plain_arguments/0, get_argument/1, script_id/0, script_name/0,
         run_on_load_handlers/0, fetch_loaded/0, ensure_loaded/1, make_permanent/2,
         notify_when_started/1, wait_until_started/0,
         objfile_extension/0, archive_extension/0, code_path_choice/0, get_configfd/1, set_configfd/2]).
-export([serve/2, answer/1, to_charlist/1]).

%% The loop of the process `init`. The machine sends `{stop, stop}` on SIGTERM.
-spec serve(pid(), reference()) -> no_return().
serve(Main, Ref) ->
    receive
        {stop, stop} -> lam_boot:stop(0);
        {stop, {stop, Status}} -> lam_boot:stop(Status);
        {'DOWN', Ref, process, Main, Reason} -> lam_boot:killed(Reason);
        {From, Request} when is_pid(From) -> From ! {init, answer(Request)}, serve(Main, Ref);
        _ -> serve(Main, Ref)
    end.

%% What a request of another process gets; the functions below answer in the caller where they can.
answer(get_status) -> {started, started};
answer({notify_when_started, _}) -> started;
answer({ensure_loaded, _}) -> not_allowed;
answer({get_argument, Flag}) -> get_argument(Flag);
answer(get_arguments) -> get_arguments();
answer(get_plain_arguments) -> get_plain_arguments();
answer(script_id) -> script_id();
answer(fetch_loaded) -> fetch_loaded();
answer(_) -> error.

stop() -> stop_with(stop).

stop(Status) when is_integer(Status), Status >= 0 -> stop_with({stop, Status});
stop(Status) when is_list(Status) ->
    case lists:all(fun(C) -> is_integer(C) andalso C >= 0 andalso C < 256 end, Status) of
        true -> stop_with({stop, Status});
        false -> error(badarg)
    end;
stop(_) -> error(badarg).

stop_with(How) ->
    init ! {stop, How},
    ok.

restart() -> error({lam_unsupported, {init, restart, 0}}).
restart(_) -> error({lam_unsupported, {init, restart, 1}}).
reboot() -> error({lam_unsupported, {init, reboot, 0}}).
boot(_) -> error({lam_unsupported, {init, boot, 1}}).

get_status() -> request(get_status).

request(Request) ->
    init ! {self(), Request},
    receive {init, Answer} -> Answer end.

get_arguments() ->
    Emulators = [{root, [code:root_dir()]}, {progname, ["erl"]}, {home, [home()]}],
    Flags = case {lam_host:info(flags), lam_host:info(shell)} of
                {undefined, undefined} -> Emulators ++ [{noshell, []}];
                {undefined, true} -> Emulators;
                {Given, undefined} -> Given;
                {Given, true} -> Emulators ++ Given
            end,
    case lam_host:info(config) of
        undefined -> Flags;
        Files -> Flags ++ [{config, [File]} || {File, _, true} <- Files]
    end.

home() ->
    case os:getenv("HOME") of
        false -> "/";
        Home -> Home
    end.

get_plain_arguments() ->
    case lam_host:info(arguments) of
        undefined -> [];
        Args -> [to_charlist(Arg) || Arg <- Args]
    end.

get_argument(Flag) ->
    case [Values || {F, Values} <- get_arguments(), F =:= Flag] of
        [] -> error;
        Found -> {ok, Found}
    end.

%% An argument's bytes as characters: UTF-8 where they are, else one character a byte.
to_charlist(Bytes) ->
    case unicode:characters_to_list(Bytes, unicode) of
        List when is_list(List) -> List;
        _ -> binary_to_list(Bytes)
    end.

script_id() -> {"LAM", "1"}.
script_name() -> code:root_dir() ++ "/bin/start".

fetch_loaded() -> code:all_loaded().

ensure_loaded(Module) when is_atom(Module) ->
    case code:ensure_loaded(Module) of
        {module, Module} -> {module, Module};
        _ -> not_allowed
    end.

%% Kernel asks for it once it can serve what such a function may want; at level `none` they ran before the program.
run_on_load_handlers() ->
    case get_status() of
        {starting, _} -> lam_boot:on_load_all(lam_host:info(on_load));
        _ -> ok
    end.

make_permanent(_Boot, _Config) -> {error, {make_permanent, not_supported}}.
notify_when_started(Pid) -> request({notify_when_started, Pid}).
wait_until_started() -> receive {init, started} -> ok end.
objfile_extension() -> ".beam".
archive_extension() -> ".ez".
code_path_choice() -> relaxed.
get_configfd(_) -> none.
set_configfd(_, _) -> ok.
