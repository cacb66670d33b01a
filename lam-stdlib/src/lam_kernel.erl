%% Start and end of a program at the boot levels `kernel` and `app`: OTP's own kernel runs, started as a boot script starts it.
%%
%%     init ──┬── user, standard_error                       lam_user
%%            ├── boot process: what a boot script does, in its order
%%            ├── logger                                     logger_server      ┐ end of one of them
%%            ├── application_controller ── kernel, stdlib, applications        ┘ is the end of all
%%            └── the program's main process; none where an application is the program
%%
%% `init:stop` ends in the opposite order: the controller stops the applications, newest first, and kernel last; then the
%% machine flushes and halts.
-module(lam_kernel).

-export([start/5, boot/1, app/0, shell/0, udp_open/2, udp_close/1, hostname/1, no_host/1]).

%% What the machine calls first, in a process of its own; the arguments are those of `lam_boot:start/5`. Never returns.
-spec start(module(), atom(), 0 | 1, erlang | elixir, [binary()]) -> no_return().
start(Module, Function, Arity, Kind, Args) ->
    lam_boot:become_init(lam_host:info(shell)),
    Boot = spawn_link(?MODULE, boot, [self()]),
    loop(#{boot => Boot, entry => [Module, Function, Arity, Kind, Args], main => none, status => {starting, starting},
           kernel => [], waiting => []}).

%% ---- The boot process -----------------------------------------------------------------------------------------------

-spec boot(pid()) -> ok.
boot(Init) ->
    process_flag(trap_exit, true),
    {[Kernel, Stdlib | Loaded], Started} = lam_host:info(applications),
    kernel_process(Init, logger, logger_server:start_link()),
    kernel_process(Init, application_controller, application_controller:start(Kernel)),
    Init ! {self(), progress, init_kernel_started},
    lists:foreach(fun(App) -> application:load(App) end, [Stdlib | Loaded]),
    Init ! {self(), progress, applications_loaded},
    lists:foreach(fun(Name) -> application:start_boot(Name, permanent) end, [kernel, stdlib | Started]),
    Init ! {self(), progress, started},
    ok.

kernel_process(Init, Name, Result) ->
    Init ! {self(), started, Name, Result},
    receive
        {Init, ok, Pid} -> unlink(Pid);
        {Init, ignore} -> false
    end.

%% The entry of a program that is an application, and of one that is the shell. Nobody calls them.
-spec app() -> ok.
app() -> ok.

-spec shell() -> ok.
shell() -> ok.

%% ---- The process `init` ---------------------------------------------------------------------------------------------

loop(#{boot := Boot, main := Main, status := {Phase, Progress}, kernel := Kernel} = St) ->
    receive
        {Boot, started, Name, {ok, Pid}} ->
            link(Pid),
            Boot ! {self(), ok, Pid},
            loop(St#{kernel := [{Name, Pid} | Kernel]});
        {Boot, started, _, ignore} ->
            Boot ! {self(), ignore},
            loop(St);
        {Boot, started, Name, Result} ->
            erlang:display({"could not start kernel pid", Name, Result}),
            crash("could not start kernel pid", [Name, Result]);
        {Boot, progress, started} ->
            loop(main(tell(St#{status := {Phase, started}})));
        {Boot, progress, New} ->
            loop(St#{status := {Phase, New}});
        {'EXIT', Boot, normal} ->
            loop(tell(St#{status := {started, Progress}}));
        {'EXIT', Boot, Reason} ->
            erlang:display({"init terminating in do_boot", Reason}),
            crash("init terminating in do_boot", [Reason]);
        {'EXIT', Pid, Reason} ->
            ended(Pid, Reason, Kernel),
            loop(St);
        {'DOWN', Ref, process, Pid, Reason} when Main =:= {Pid, Ref} ->
            lam_boot:killed(Reason);
        {stop, How} ->
            stop(How, St);
        Message ->
            loop(other(Message, St))
    end.

main(#{entry := [?MODULE | _]} = St) -> St;
main(#{entry := Entry} = St) -> St#{main := spawn_monitor(lam_boot, main, Entry)}.

%% Who waits for the start hears of it.
tell(#{waiting := Waiting} = St) ->
    lists:foreach(fun(Pid) -> Pid ! {init, started} end, Waiting),
    St#{waiting := []}.

%% Requests of the functions of `init`, and output of processes that have `init` for their group leader.
other({From, get_status}, #{status := Status} = St) -> From ! {init, Status}, St;
other({From, {notify_when_started, Pid}}, #{status := {Phase, Progress}, waiting := Waiting} = St) ->
    case Phase =:= started orelse Progress =:= started of
        true -> From ! {init, started}, St;
        false -> From ! {init, ok}, St#{waiting := [Pid | Waiting]}
    end;
other({io_request, _, _, _} = Request, St) ->
    case whereis(user) of
        undefined -> St;
        User -> User ! Request, St
    end;
other({From, Request}, St) when is_pid(From) -> From ! {init, init:answer(Request)}, St;
other(_, St) -> St.

%% A process that kernel cannot do without took the machine with it.
ended(Pid, Reason, Kernel) ->
    case lists:keyfind(Pid, 2, Kernel) of
        {Name, _} ->
            %% Reports that are under way come out.
            receive after 500 -> ok end,
            lam_boot:flush(),
            erlang:display({"Kernel pid terminated", Name, Reason}),
            crash("Kernel pid terminated", [Name, Reason]);
        false ->
            ok
    end.

%% ---- The end --------------------------------------------------------------------------------------------------------

stop(restart, _) -> restart();
stop({restart, _}, _) -> restart();
stop(How, #{status := {_, Progress}, kernel := Kernel} = St) ->
    lists:foreach(fun({logger, _}) -> ok;
                     ({_, Pid}) -> shut_down(Pid, St#{status := {stopping, Progress}})
                  end, Kernel),
    lam_boot:flush(),
    case How of
        {stop, Status} -> halt(Status);
        _ -> halt(0)
    end.

restart() -> crash("init:restart", [{lam_unsupported, {init, restart, 0}}]).

%% A process started by `boot/1` takes the end of its parent as the order to stop. Requests are served meanwhile.
shut_down(Pid, #{boot := Boot} = St) ->
    Pid ! {'EXIT', Boot, shutdown},
    wait(Pid, St).

wait(Pid, St) ->
    receive
        {'EXIT', Pid, _} -> ok;
        {stop, _} -> wait(Pid, St);
        {'EXIT', _, _} -> wait(Pid, St);
        Message -> wait(Pid, other(Message, St))
    end.

%% The emulator's last words, on stderr; exit code 1.
-spec crash(string(), [term()]) -> no_return().
crash(What, Terms) ->
    Shown = try lists:append([" (" ++ shown(Term, 0) ++ ")" || Term <- Terms])
            catch error:_ -> ""                     % an improper list
            end,
    halt(What ++ Shown).

%% A term as `init` shows it: what lies deeper is cut, what it cannot show is left out.
shown(List, Depth) when is_list(List), Depth < 4 ->
    case flat(List) of
        [_ | _] = Text -> Text;
        _ -> "[" ++ lists:append(lists:join(",", [shown(Part, Depth + 1) || Part <- List])) ++ "]"
    end;
shown(List, _) when is_list(List) -> "[_]";
shown(Atom, _) when is_atom(Atom) -> atom_to_list(Atom);
shown(Pid, _) when is_pid(Pid) -> pid_to_list(Pid);
shown(Float, _) when is_float(Float) -> float_to_list(Float);
shown(Integer, _) when is_integer(Integer) -> integer_to_list(Integer);
shown(Tuple, Depth) when is_tuple(Tuple), Depth < 4 ->
    "{" ++ lists:append(lists:join(",", [shown(Part, Depth + 1) || Part <- tuple_to_list(Tuple)])) ++ "}";
shown(Tuple, _) when is_tuple(Tuple) -> "{_}";
shown(_, _) -> "".

%% A list of printable characters, however nested; else `no`.
flat(List) ->
    try lists:flatten(List) of
        Text ->
            case lists:all(fun(C) -> is_integer(C) andalso (C >= 32 andalso C =< 126 orelse C =:= $\n orelse C =:= $\r orelse C =:= $\t) end,
                           Text) of
                true -> Text;
                false -> no
            end
    catch
        error:_ -> no
    end.

%% ---- The host's name ------------------------------------------------------------------------------------------------

%% `inet` opens a socket only to ask it for the name of the host (REBOUND in `tables.rs`).
-spec udp_open(0, list()) -> {ok, ?MODULE}.
udp_open(0, _) -> {ok, ?MODULE};
udp_open(_, _) -> {error, enotsup}.

-spec udp_close(?MODULE) -> ok.
udp_close(_) -> ok.

-spec hostname(?MODULE) -> {ok, string()}.
hostname(_) ->
    case lam_host:info(hostname) of
        undefined -> {ok, "localhost"};
        Name -> {ok, binary_to_list(Name)}
    end.

%% What a resolver would know of the host's own name.
-spec no_host(string()) -> {error, nxdomain}.
no_host(_) -> {error, nxdomain}.
