%% OTP's logger at boot level `none`: the same table, configuration, filters, formatter and handler as after kernel's
%% start, so every report reads as OTP prints it; only its processes sleep until the first event.
%%
%%     a client, or the emulator's `{log, …}` to `logger`
%%        └── logger_backend ── table `logger` ──> handler `default` = logger_std_h
%%                                                    └── logger_std_h_default (logger_olp) ── standard_io
%%
%% Facts of OTP 25 to 29 that this leans on: the names and shapes in `logger_config`, the state record of
%% `logger_server`, the reference `{Name, Pid, {logger_olp, Name}}` of `logger_olp`. `tests/boot.sh` checks them.
-module(lam_logger).

-export([start/0, flush/0, server/1, wake/1, handler/0, wake_handler/1, enter_loop/3, named/5, unnamed/4, uppercase/1]).

-define(TABLE, logger).
-define(HANDLER, logger_std_h_default).

%% Makes the table and the two sleeping processes. Returns when logging works.
-spec start() -> ok.
start() ->
    Handler = spawn(?MODULE, handler, []),
    {_, Ref} = spawn_monitor(?MODULE, server, [{self(), Handler}]),
    receive
        {lam_logger, ready} -> demonitor(Ref, [flush]), ok;
        {'DOWN', Ref, process, _, Reason} -> error({logger, Reason})
    end.

%% The process `logger` owns the table.
server({Starter, Handler}) ->
    true = register(logger, self()),
    Tid = logger_config:new(?TABLE),
    logger_config:create(Tid, proxy, logger_proxy:get_default_config()),
    logger_config:create(Tid, primary,
                         #{level => notice, metadata => #{}, filters => [], filter_default => log,
                           handlers => [default]}),
    logger_config:create(Tid, default, default_handler(Handler)),
    Starter ! {lam_logger, ready},
    erlang:hibernate(?MODULE, wake, [Tid]).

wake(Tid) ->
    process_flag(trap_exit, true),
    proc_lib_dictionary(logger_server),
    put('$logger_cb_process', true),
    enter_loop(logger_server, [], {state, Tid, undefined, queue:new(), undefined}).

default_handler(Pid) ->
    #{id => default, module => logger_std_h, level => all, filter_default => stop,
      filters => [{remote_gl, {fun logger_filters:remote_gl/2, stop}},
                  {domain, {fun logger_filters:domain/2, {log, super, [otp, sasl]}}},
                  {no_domain, {fun logger_filters:domain/2, {log, undefined, []}}}],
      formatter => {logger_formatter, #{legacy_header => true, single_line => false}},
      config => (config())#{olp => {?HANDLER, Pid, {logger_olp, ?HANDLER}}}}.

config() ->
    (logger_olp:get_default_opts())#{type => standard_io, filesync_repeat_interval => no_repeat}.

%% The process of the default handler. It takes its name when it wakes.
handler() ->
    erlang:hibernate(?MODULE, wake_handler, [whereis(init)]).

wake_handler(Parent) ->
    proc_lib_dictionary(logger_olp),
    put('$ancestors', [Parent]),
    Handler = maps:with([id, module, config], (default_handler(self()))#{config => config()}),
    logger_olp:init([?HANDLER, logger_h_common, Handler, logger_olp:get_default_opts()]).

proc_lib_dictionary(Module) ->
    put('$ancestors', [whereis(init)]),
    put('$initial_call', {Module, init, 1}).

%% Waits until events sent before are handed to the group leader: first the server (crash reports of the emulator pass
%% through it), then the handler. Processes still asleep have had none.
-spec flush() -> ok.
flush() ->
    Self = self(),
    case whereis(logger) of
        undefined -> ok;
        Self -> ok;
        Pid ->
            asleep(Pid) orelse (catch gen:call(Pid, system, {?MODULE, flush}, 5000)),
            case logger_config:get(?TABLE, default) of
                {ok, #{module := logger_std_h, config := #{olp := {_, Olp, _}}}} ->
                    asleep(Olp) orelse (catch logger_std_h:filesync(default)),
                    ok;
                _ ->
                    ok
            end
    end.

%% What `logger` and the handler run. Where nobody can ask for another configuration the linker leaves `gen_server` out (SERVERS
%% in `tables.rs`), and a loop without names, debugging and termination does.
-spec enter_loop(module(), list(), term()) -> no_return().
enter_loop(Module, Options, State) ->
    case erlang:function_exported(logger_server, handle_call, 3) of
        true when Module =:= logger_server -> named(gen_server, Module, Options, State, {local, logger});
        true -> unnamed(gen_server, Module, Options, State);
        false -> loop(Module, State, infinity)
    end.

%% Exported, so that neither the compiler nor the linker sees which module is called here.
named(Server, Module, Options, State, Name) -> Server:enter_loop(Module, Options, State, Name).
unnamed(Server, Module, Options, State) -> Server:enter_loop(Module, Options, State).

loop(Module, State, Time) ->
    receive
        {'$gen_call', From, Request} ->
            answered(Module, From, Module:handle_call(Request, From, State));
        {'$gen_cast', Message} ->
            answered(Module, none, Module:handle_cast(Message, State));
        {system, From, Request} ->
            gen:reply(From, {unknown_system_msg, Request}),
            loop(Module, State, Time);
        Message ->
            answered(Module, none, Module:handle_info(Message, State))
    after Time ->
        answered(Module, none, Module:handle_info(timeout, State))
    end.

answered(Module, From, {reply, Reply, State}) -> answered(Module, From, {reply, Reply, State, infinity});
answered(Module, From, {reply, Reply, State, Time}) -> gen:reply(From, Reply), loop(Module, State, Time);
answered(Module, _, {noreply, State}) -> loop(Module, State, infinity);
answered(Module, _, {noreply, State, Time}) -> loop(Module, State, Time).

%% `string:uppercase/1` for the names of levels (REBOUND in `tables.rs`).
-spec uppercase(string()) -> string().
uppercase(Text) ->
    [if C >= $a, C =< $z -> C - 32; true -> C end || C <- Text].

asleep(Pid) ->
    case process_info(Pid, [current_function, message_queue_len]) of
        [{_, {erlang, hibernate, 3}}, {_, 0}] -> true;
        _ -> false
    end.
