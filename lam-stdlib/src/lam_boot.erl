%% Start and end of a program at boot level `none`: no kernel process runs, the servers below stand in for the few that
%% a program may ask for.
%%
%%     first process ── init ──┬── user, standard_error            lam_user
%%                             ├── logger, logger_std_h_default    lam_logger, asleep
%%                             ├── file_server_2, timer_server,    OTP's own, asleep, where the linker kept them
%%                             │   logger_sup, kernel_safe_sup
%%                             └── the program's main process
%%
%% *Asleep*: a hibernated process that holds the name; its first message wakes it, and it becomes the real server with
%% that message still in its mailbox. A program that never calls the server pays one spawn.
-module(lam_boot).

-export([start/2, start/5, become_init/1, load_and_main/5, main/5, on_load_all/1, controller/0, idle/0, global/0, adopt/2, sleep/3, wake/3, flush/0, stop/1, killed/1, call_on_load/1, init/1]).

-define(SYNC_MS, 5000).

%% What the machine calls first, in a process of its own. `Args` are the program's arguments as raw bytes; `Kind` says
%% whether `main/1` gets charlists or binaries. Never returns.
-spec start(module(), atom(), 0 | 1, erlang | elixir, [binary()]) -> no_return().
start(Module, Function, Arity, Kind, Args) ->
    become_init(undefined),
    application_table(),
    case erlang:function_exported(lam_logger, start, 0) of
        true -> apply(lam_logger, start, []);
        false -> ok
    end,
    asleep(file_server_2, file_server, []),
    asleep(timer_server, timer, []),
    asleep_controller(),
    asleep_supervisor(logger_sup, logger_sup, []),
    asleep_supervisor(kernel_safe_sup, kernel, safe),
    asleep_kernel_sup(),
    asleep_global(),
    {Main, Ref} = spawn_monitor(?MODULE, load_and_main, [Module, Function, Arity, Kind, Args]),
    init:serve(Main, Ref).

%% At every level the first process is `init`, and has the standard streams for all that follow.
-spec become_init(Shell :: true | undefined) -> pid().
become_init(Shell) ->
    true = register(init, self()),
    process_flag(trap_exit, true),
    true = group_leader(leader(Shell), self()),
    lam_user:start(standard_error, self()).

%% `user`, which is there before kernel is; where the program is the shell, OTP's comes with kernel (`user_sup`), and `init` hands on
%% to it.
leader(undefined) -> lam_user:start(user, self());
leader(true) -> self().

%% ---- The program ----------------------------------------------------------------------------------------------------

load_and_main(Module, Function, Arity, Kind, Args) ->
    ok = on_load_all(lam_host:info(on_load)),
    main(Module, Function, Arity, Kind, Args).

%% The main process once everything else is there.
-spec main(module(), atom(), 0 | 1, erlang | elixir, [binary()]) -> no_return().
main(Module, Function, Arity, Kind, Args) ->
    try run(Module, Function, Arity, Kind, Args) of
        _ -> stop(0)
    catch
        Class:Reason:Stack -> fail(Class, Reason, Stack)
    end.

run(Module, Function, 0, _, _) -> Module:Function();
run(Module, Function, 1, elixir, Args) -> Module:Function(Args);
run(Module, Function, 1, erlang, Args) -> Module:Function([init:to_charlist(Arg) || Arg <- Args]).

%% `on_load` functions run before the program, each in a process of its own, as the code server has it.
-spec on_load_all([module()] | undefined) -> ok.
on_load_all([Module | Modules]) -> on_load(Module), on_load_all(Modules);
on_load_all(_) -> ok.

on_load(Module) ->
    {Pid, Ref} = spawn_monitor(?MODULE, call_on_load, [Module]),
    receive
        {'DOWN', Ref, process, Pid, {?MODULE, ok}} ->
            erlang:finish_after_on_load(Module, true);
        {'DOWN', Ref, process, Pid, _} ->
            erlang:finish_after_on_load(Module, false)
    end.

%% One that fails says nothing of its own.
call_on_load(Module) ->
    exit({?MODULE, try erlang:call_on_load_function(Module) catch _:_ -> failed end}).

%% Flushes what other processes were asked to write, then ends the machine.
-spec stop(term()) -> no_return().
stop(Status) ->
    flush(),
    halt(Status).

%% The report of a program that failed, on stderr; exit code 1.
-spec fail(error | exit | throw, term(), list()) -> no_return().
fail(Class, Reason, Stack0) ->
    flush(),
    Stack = [Frame || Frame <- Stack0, element(1, Frame) =/= ?MODULE],
    _ = lam_host:write(2, report(Class, Reason, Stack)),
    halt(1).

%% The main process died by a signal, which no `try` sees.
-spec killed(term()) -> no_return().
killed(Reason) ->
    flush(),
    _ = lam_host:write(2, [<<"main process: ">>, lam_text(Reason), $\n]),
    halt(1).

report(Class, Reason, Stack) ->
    try unicode:characters_to_binary([erl_error:format_exception(Class, Reason, Stack), $\n]) of
        Text when is_binary(Text) -> Text;
        _ -> plain_report(Class, Reason, Stack)
    catch
        _:_ -> plain_report(Class, Reason, Stack)
    end.

%% For a report that could not be formatted: the linker left the formatter out, or the reason broke it.
plain_report(Class, Reason, Stack) ->
    ["exception ", atom_to_list(Class), ": ", lam_text(Reason), "\n  ", lam_text(Stack), "\n"].

lam_text(Term) ->
    try unicode:characters_to_binary(io_lib:format("~0tp", [Term]))
    catch _:_ -> term_to_binary(Term)
    end.

%% ---- Flushing -------------------------------------------------------------------------------------------------------

%% Waits until log events and output that were sent before are handed to the machine.
-spec flush() -> ok.
flush() ->
    case erlang:function_exported(lam_logger, flush, 0) of
        true -> try apply(lam_logger, flush, []) catch _:_ -> ok end;
        false -> ok
    end,
    sync(whereis(user)),
    sync(whereis(standard_error)).

sync(Pid) when is_pid(Pid), Pid =/= self() ->
    Ref = monitor(process, Pid),
    Pid ! {io_request, self(), Ref, {get_geometry, columns}},
    receive
        {io_reply, Ref, _} -> demonitor(Ref, [flush]), ok;
        {'DOWN', Ref, _, _, _} -> ok
    after ?SYNC_MS -> ok
    end;
sync(_) ->
    ok.

%% ---- Servers --------------------------------------------------------------------------------------------------------

%% `application:get_env/2,3` read this table; it holds what the image's `.app` files and config say.
application_table() ->
    case erlang:function_exported(application_controller, get_env, 2) of
        true ->
            ac_tab = ets:new(ac_tab, [set, public, named_table, {read_concurrency, true}]),
            case lam_host:info(app_env) of
                undefined -> ok;
                Apps -> ets:insert(ac_tab, [{{env, App, Key}, Value} || {App, Env} <- Apps, {Key, Value} <- Env])
            end;
        false ->
            ok
    end.

%% A gen_server `Module` of OTP under its name, started by its first message; nothing where the linker left it out.
asleep(Name, Module, Arg) ->
    case erlang:function_exported(Module, handle_call, 3) andalso erlang:function_exported(?MODULE, sleep, 3) of
        true -> true = register(Name, spawn(?MODULE, sleep, [Name, Module, Arg]));
        false -> ok
    end.

%% The same for a supervisor whose children `Module:init(Arg)` tells.
asleep_supervisor(Name, Module, Arg) ->
    case erlang:function_exported(Module, init, 1) of
        true -> asleep(Name, supervisor, {{local, Name}, Module, Arg});
        false -> ok
    end.

-spec sleep(atom(), module(), term()) -> no_return().
sleep(Name, Module, Arg) ->
    erlang:hibernate(?MODULE, wake, [Name, Module, Arg]).

%% The process dictionary is what `proc_lib` would have made.
-spec wake(atom(), module(), term()) -> no_return().
wake(Name, Module, Arg) ->
    put('$ancestors', [whereis(init)]),
    put('$initial_call', {Module, init, 1}),
    State = case Module:init(Arg) of
                {ok, State0} -> State0;
                {ok, State0, _} -> State0           % supervisors of OTP 27 and later ask to hibernate
            end,
    gen_server:enter_loop(Module, [], State, {local, Name}).

%% The application controller, started by its first message. OTP's makes a process of its own, so that the one that held the
%% name hands on what came to it. `kernel` and `stdlib` count as running: what they start is here, or asleep.
asleep_controller() ->
    case erlang:function_exported(application_controller, start, 1) of
        true -> true = register(application_controller, spawn(erlang, hibernate, [?MODULE, controller, []]));
        false -> ok
    end.

-spec controller() -> no_return().
controller() ->
    true = unregister(application_controller),
    Env = ets:tab2list(ac_tab),
    true = ets:delete(ac_tab),
    {ok, Pid} = apply(application_controller, start, [app(kernel, [{mod, {?MODULE, []}}])]),
    true = ets:insert(ac_tab, Env),
    ok = application:load(app(stdlib, [])),
    ok = application:start_boot(kernel, permanent),
    ok = application:start_boot(stdlib, permanent),
    hand_on(Pid).

hand_on(Pid) ->
    receive Message -> Pid ! Message end,
    hand_on(Pid).

app(Name, More) ->
    {application, Name, [{description, ""}, {vsn, "1"}, {modules, []}, {registered, []}, {applications, []}, {env, []} | More]}.

%% `kernel` as an application has no tree of its own: a process that only waits.
start(normal, []) -> {ok, spawn_link(?MODULE, idle, [])}.

-spec idle() -> no_return().
idle() -> receive _ -> idle() end.

%% `kernel_sup` takes children that ask for it at run time (`timer:start/0`); what OTP's has from the start is here, or asleep.
asleep_kernel_sup() ->
    case erlang:function_exported(?MODULE, init, 1) of
        true -> asleep(kernel_sup, supervisor, {{local, kernel_sup}, ?MODULE, []});
        false -> ok
    end.

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    Timer = #{id => timer_server, start => {?MODULE, adopt, [timer_server, timer]}, modules => [timer]},
    {ok, {#{strategy => one_for_all, intensity => 0}, [Timer || is_pid(whereis(timer_server))]}}.

%% A server that is there already, asleep or not, as a child.
-spec adopt(atom(), module()) -> {ok, pid()}.
adopt(Name, Module) ->
    case whereis(Name) of
        undefined -> apply(Module, start_link, []);
        Pid -> true = link(Pid), {ok, Pid}
    end.

%% Names that are looked up come straight from a table, so it is there from the start; the server that wakes makes its own.
asleep_global() ->
    case erlang:function_exported(global, whereis_name, 1) of
        true ->
            global_names = ets:new(global_names, [set, public, named_table, {read_concurrency, true}]),
            case erlang:function_exported(global, handle_call, 3) of
                true -> true = register(global_name_server, spawn(erlang, hibernate, [?MODULE, global, []]));
                false -> ok
            end;
        false ->
            ok
    end.

-spec global() -> no_return().
global() ->
    true = ets:delete(global_names),
    wake(global_name_server, global, []).
