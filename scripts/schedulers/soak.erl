%% Nothing lost: `soak PROCESSES MESSAGES SPAWNS [DRIFT]`.
%%
%% 1. Each of PROCESSES sends to ten others, MESSAGES in all, numbered for each pair. Whoever gets one looks that it is the next of
%%    its sender, and at the end that nothing is missing and nothing more comes. Memory is looked at between ten rounds, everyone
%%    having collected: after the first three it grows by no more than a twentieth, or DRIFT percent.
%% 2. SPAWNS processes are killed, or end, or both at once, watched by monitors and links: exactly one DOWN and one EXIT for each,
%%    and none after `demonitor` with flush and `unlink`.
%%
%% Prints two lines and ends with 0, or fails with what was wrong.
-module(soak).
-export([main/1]).

-define(ROUNDS, 10).
-define(OFFSETS, [1, 2, 3, 7, 19, 61, 127, 251, 509, 863]).
-define(PATIENCE, 30000).

main(Args) ->
    [Processes, Messages, Spawns | Rest] = [list_to_integer(Arg) || Arg <- Args],
    Most = case Rest of [] -> 5; [Drift] -> Drift end,
    process_flag(trap_exit, true),
    messages(Processes, Messages div (Processes * length(?OFFSETS) * ?ROUNDS), Most),
    spawns(Spawns, 8),
    nothing_more(500).

nothing_more(Ms) ->
    receive More -> exit({more, More}) after Ms -> ok end.

%% --- messages

messages(Processes, Each, Most) ->
    Me = self(),
    Pids = list_to_tuple([spawn_link(fun() -> talker(Me) end) || _ <- lists:seq(1, Processes)]),
    Places = lists:seq(1, Processes),
    [element(I, Pids) ! {partners, [element((I + Offset - 1) rem Processes + 1, Pids) || Offset <- ?OFFSETS]} || I <- Places],
    Sizes = [begin
                 all(Pids, {round, Each}, done),
                 all(Pids, collect, collected),
                 garbage_collect(),
                 memory()
             end || _ <- lists:seq(1, ?ROUNDS)],
    Taken = lists:sum(all(Pids, finish, finished)),
    Sent = Processes * Each * length(?OFFSETS) * ?ROUNDS,
    Sent =:= Taken orelse exit({sent, Sent, taken, Taken}),
    [receive {'EXIT', Pid, normal} -> ok after ?PATIENCE -> exit({no_exit, Pid}) end || Pid <- tuple_to_list(Pids)],
    Warm = lists:nth(3, Sizes),
    Drift = (lists:max(lists:nthtail(3, Sizes)) - Warm) * 100 / Warm,
    io:format("~w messages between ~w processes, each taken once and in order; ~w MB, drift ~.1f %~n",
              [Taken, Processes, Warm div 1000000, Drift]),
    %% A small program's memory is a few pages more or less.
    Drift =< Most orelse Warm < 30000000 orelse exit({memory, Sizes}).

%% Says something to all, and waits for the answer of each.
all(Pids, What, Tag) ->
    Me = self(),
    [Pid ! {What, Me} || Pid <- tuple_to_list(Pids)],
    [receive
         {Tag, Pid, Answer} -> Answer;
         {'EXIT', _, Reason} when Reason =/= normal -> exit(Reason)
     after ?PATIENCE -> exit({no_answer, What, Pid, process_info(Pid, [status, message_queue_len, messages])})
     end || Pid <- tuple_to_list(Pids)].

%% What the program takes, as Linux counts it; else as the machine does.
memory() ->
    case file:read_file("/proc/self/statm") of
        {ok, Text} -> binary_to_integer(lists:nth(2, binary:split(Text, <<" ">>, [global]))) * 4096;
        {error, _} -> erlang:memory(total)
    end.

talker(Main) ->
    link(Main),
    receive {partners, Partners} -> talk(Partners, 0, #{}, 0) end.

%% `Next` has the number that is to come next from each sender.
talk(Partners, Number, Next, Taken) ->
    receive
        {{round, Each}, Main} ->
            {Next1, Taken1} = turn(Partners, Number, Number + Each, Next, Taken, (Number + Each) * length(Partners)),
            Main ! {done, self(), ok},
            talk(Partners, Number + Each, Next1, Taken1);
        {collect, Main} ->
            garbage_collect(),
            Main ! {collected, self(), ok},
            talk(Partners, Number, Next, Taken);
        {finish, Main} ->
            [Number] =:= lists:usort(maps:values(Next)) orelse exit({missing, Next, Number}),
            nothing_more(0),
            Main ! {finished, self(), Taken};
        %% Others may have begun the next round before this one.
        {Number1, From, Load} ->
            talk(Partners, Number, next(Number1, From, Load, Next), Taken + 1)
    end.

turn(Partners, Number, Last, Next, Taken, All) when Number < Last ->
    [Pid ! {Number, self(), load(Number)} || Pid <- Partners],
    {Next1, Taken1} = take(Next, Taken, All, 0),
    turn(Partners, Number + 1, Last, Next1, Taken1, All);
turn(_, _, _, Next, Taken, All) ->
    take(Next, Taken, All, ?PATIENCE).

%% Takes what is there, and with patience what is still to come.
take(Next, All, All, _) -> {Next, All};
take(Next, Taken, All, Patience) ->
    receive
        {Number, From, Load} when is_integer(Number) -> take(next(Number, From, Load, Next), Taken + 1, All, Patience)
    after Patience ->
            Patience =:= 0 orelse exit({lost, All - Taken, Next}),
            {Next, Taken}
    end.

next(Number, From, Load, Next) ->
    Load =:= load(Number) orelse exit({damaged, Number, Load}),
    case maps:get(From, Next, 0) of
        Number -> Next#{From => Number + 1};
        Other -> exit({number, Number, not_next, Other})
    end.

load(N) ->
    case N rem 5 of
        0 -> N;
        1 -> {N, "a list", 1.5 * N};
        2 -> binary:copy(<<N>>, 10);
        3 -> binary:copy(<<N>>, 100);
        4 -> [N, N * N * 1000000007 * 1000000007, #{n => N}]
    end.

%% --- ends

spawns(Spawns, Spawners) ->
    Killer = spawn(fun killer/0),
    Each = Spawns div Spawners,
    Started = [spawn_monitor(fun() ->
                                     process_flag(trap_exit, true),
                                     exit({counted, spawner(Each, Killer, 0, 0)})
                             end) || _ <- lists:seq(1, Spawners)],
    Counts = [receive {'DOWN', Ref, process, Pid, {counted, Count}} -> Count;
                      {'DOWN', Ref, process, Pid, Reason} -> exit(Reason)
              end || {Pid, Ref} <- Started],
    exit(Killer, kill),
    {Downs, Exits} = lists:unzip(Counts),
    io:format("~w processes ended, ~w DOWN and ~w EXIT, one each~n", [Each * Spawners, lists:sum(Downs), lists:sum(Exits)]).

killer() ->
    receive {kill, Pid} -> exit(Pid, kill), killer() end.

spawner(0, _, Downs, Exits) ->
    nothing_more(500),
    {Downs, Exits};
spawner(Left, Killer, Downs, Exits) ->
    Batch = min(Left, 100),
    Expected = [start(Kind rem 6, Killer) || Kind <- lists:seq(1, Batch)],
    {Downs1, Exits1} = lists:foldl(fun one_each/2, {Downs, Exits}, Expected),
    nothing_more(0),
    spawner(Left - Batch, Killer, Downs1, Exits1).

wait() -> receive never -> ok end.

%% Starts a process and its end; what is to come of it, and with which reasons.
start(0, _) ->
    {Pid, Ref} = spawn_monitor(fun wait/0),
    exit(Pid, kill),
    {Pid, [Ref], false, [killed]};
start(1, _) ->
    Pid = spawn_link(fun wait/0),
    exit(Pid, kill),
    {Pid, [], true, [killed]};
start(2, Killer) ->
    {Pid, Ref} = spawn_opt(fun wait/0, [link, monitor]),
    Killer ! {kill, Pid},
    {Pid, [Ref, monitor(process, Pid)], true, [killed, noproc]};
start(3, Killer) ->
    %% It ends while it is killed.
    {Pid, Ref} = spawn_opt(fun() -> ok end, [link, monitor]),
    Killer ! {kill, Pid},
    {Pid, [Ref], true, [normal, killed]};
start(4, Killer) ->
    %% Nothing may come of these two.
    {Pid, Ref} = spawn_opt(fun wait/0, [link, monitor]),
    Killer ! {kill, Pid},
    demonitor(Ref, [flush]),
    unlink(Pid),
    receive {'EXIT', Pid, _} -> ok after 0 -> ok end,
    {Pid, [], false, []};
start(5, _) ->
    %% One that dies of another's end.
    Me = self(),
    {Pid, Ref} = spawn_opt(fun() -> Child = spawn_link(fun wait/0), Me ! {child, self(), Child}, exit(gone) end, [link, monitor]),
    Child = receive {child, Pid, C} -> C end,
    {Pid, [Ref, monitor(process, Child)], true, [gone, noproc]}.

one_each({Pid, Refs, Linked, Reasons}, {Downs, Exits}) ->
    [receive
         {'DOWN', Ref, process, _, Reason} -> lists:member(Reason, Reasons) orelse exit({reason, Reason, not_of, Reasons})
     after ?PATIENCE -> exit({no_down, Reasons})
     end || Ref <- Refs],
    case Linked of
        true -> receive
                    {'EXIT', Pid, Reason} -> lists:member(Reason, Reasons) orelse exit({reason, Reason, not_of, Reasons})
                after ?PATIENCE -> exit({no_exit, Reasons})
                end,
                {Downs + length(Refs), Exits + 1};
        false -> {Downs + length(Refs), Exits}
    end.
