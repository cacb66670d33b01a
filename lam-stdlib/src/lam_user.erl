%% The I/O servers of the standard streams: the processes `user` (also the group leader of a program at boot level
%% `none`) and `standard_error`. They speak the whole I/O protocol as OTP's `user` does under `-noshell`.
%%
%%     program --io_request--> user --bytes--> lam_host:write(1, …)
%%                                  <--bytes-- lam_host:read(Max), in chunks of 64 KB or what the request asks
%%
%% Input stays a binary in the stream's encoding until a request takes its part of it, so a line costs the line and not
%% the chunk it came in. While a request waits for input, requests for output and options are served; other requests
%% for input wait in the mailbox.
%%
%% OTP differs: the encoding is `unicode` from the start (design.md §8), a character cut by the end of a chunk is kept
%% for the next one, and two readers at the same time are served one after the other.
-module(lam_user).

-export([start/2, server/3]).

-define(CHUNK, 65536).
-define(MAX_CHUNK, 1048576).

%% One state for both streams. `fd` is where output goes; `input` is false for `standard_error`.
-record(st, {fd            :: 1 | 2,
             input         :: boolean(),
             mode = list   :: list | binary,
             enc = unicode :: unicode | latin1,
             buf = <<>>    :: binary(),            % input not yet taken, in the stream's encoding
             eof = false   :: boolean()}).

%% Starts and registers a server; answers when its name is there.
-spec start(user | standard_error, pid()) -> pid().
start(Name, Parent) ->
    Pid = spawn(?MODULE, server, [Name, Parent, group_leader()]),
    true = register(Name, Pid),
    Pid.

-spec server(user | standard_error, pid(), pid()) -> no_return().
server(user, _Parent, _) ->
    process_flag(trap_exit, true),
    loop(#st{fd = 1, input = true});
server(standard_error, _Parent, _) ->
    process_flag(trap_exit, true),
    loop(#st{fd = 2, input = false}).

loop(St0) ->
    receive
        {io_request, From, ReplyAs, Request} when is_pid(From) ->
            {Reply, St} = request(Request, St0),
            From ! {io_reply, ReplyAs, Reply},
            loop(St);
        _Other ->
            loop(St0)
    end.

%% ---- Requests -------------------------------------------------------------------------------------------------------

request({put_chars, Enc, Chars}, St) when Enc =:= unicode; Enc =:= latin1 ->
    {put_chars(Enc, Chars, St), St};
request({put_chars, Enc, M, F, A}, St) when Enc =:= unicode; Enc =:= latin1 ->
    {put_chars(Enc, M, F, A, St), St};
request({requests, Requests}, St) ->
    requests(Requests, ok, St);
request(getopts, #st{input = false, enc = Enc} = St) ->
    {[{encoding, Enc}], St};
request(getopts, #st{mode = Mode, enc = Enc} = St) ->
    {[{binary, Mode =:= binary}, {encoding, Enc}], St};
request({setopts, Opts}, St) when is_list(Opts) ->
    setopts(Opts, St);
request({get_geometry, What}, St) when What =:= columns; What =:= rows ->
    {geometry(What, St), St};
request({get_line, Enc, Prompt}, #st{input = true} = St) when Enc =:= unicode; Enc =:= latin1 ->
    input(Prompt, get_line, St, fun(S) -> get_line(S, Enc, Prompt) end);
request({get_chars, Enc, Prompt, N}, #st{input = true} = St) when Enc =:= unicode; Enc =:= latin1 ->
    input(Prompt, get_chars, St, fun(S) -> get_chars(S, Enc, Prompt, N) end);
request({get_until, Enc, Prompt, M, F, A}, #st{input = true} = St) when Enc =:= unicode; Enc =:= latin1 ->
    input(Prompt, get_chars, St, fun(S) -> get_until(S, Enc, Prompt, {M, F, A}) end);
%% The forms that were used before encodings were known.
request({put_chars, Chars}, St) ->
    request({put_chars, latin1, Chars}, St);
request({put_chars, M, F, A}, St) ->
    request({put_chars, latin1, M, F, A}, St);
request({get_chars, Prompt, N}, #st{input = true} = St) ->
    request({get_chars, latin1, Prompt, N}, St);
request({get_line, Prompt}, #st{input = true} = St) ->
    request({get_line, latin1, Prompt}, St);
request({get_until, Prompt, M, F, A}, #st{input = true} = St) ->
    request({get_until, latin1, Prompt, M, F, A}, St);
request(Request, St) ->
    {{error, {request, Request}}, St}.

%% A batch stops at its first error; its answer is the last one.
requests([Request | Rest], _Last, St0) ->
    case request(Request, St0) of
        {{error, _} = Error, St} -> {Error, St};
        {Reply, St} -> requests(Rest, Reply, St)
    end;
requests([], Last, St) ->
    {Last, St};
requests(Other, _Last, St) ->
    {{error, {request, {requests, Other}}}, St}.

%% ---- Output ---------------------------------------------------------------------------------------------------------

put_chars(Enc, M, F, A, St) ->
    try apply(M, F, A) of
        Chars when is_list(Chars); is_binary(Chars) -> put_chars(Enc, Chars, St);
        _ -> {error, put_chars}
    catch
        _:_ -> {error, put_chars}
    end.

put_chars(Enc, Chars, #st{enc = Enc} = St) when is_binary(Chars) ->
    write(Chars, St);
put_chars(From, Chars, #st{enc = To} = St) ->
    case encode(Chars, From, To) of
        Bytes when is_binary(Bytes) -> write(Bytes, St);
        error -> {error, put_chars}
    end.

write(<<>>, _St) ->
    ok;
write(Bytes0, #st{fd = Fd}) ->
    Bytes = returns(Fd, Bytes0),
    case lam_host:write(Fd, Bytes) of
        ok -> ok;
        {error, epipe} -> halt(0, [{flush, false}]);
        {error, _} = Error -> Error
    end.

%% A terminal that `user_drv` has takes a line end for no return.
returns(2, Bytes) ->
    case whereis(user_drv) of
        undefined -> Bytes;
        _ -> << <<(returned(C))/binary>> || <<C>> <= Bytes >>
    end;
returns(1, Bytes) -> Bytes.

returned($\n) -> <<"\r\n">>;
returned(C) -> <<C>>.

%% Characters as bytes of encoding To. What `latin1` cannot hold is written as `\x{1F600}`. OTP converts lists to
%% latin1 in Erlang code, character by character; through UTF-8 it is a BIF, and nothing more for plain ASCII.
encode(Chars, latin1, latin1) ->
    try iolist_to_binary(Chars) catch _:_ -> error end;
encode(Chars, unicode, latin1) ->
    case encode(Chars, unicode, unicode) of
        error -> error;
        Utf8 ->
            case unicode:characters_to_binary(Utf8, unicode, latin1) of
                Bytes when is_binary(Bytes) -> Bytes;
                _ -> escape(Utf8)
            end
    end;
encode(Chars, From, unicode) ->
    try unicode:characters_to_binary(Chars, From) of
        Bytes when is_binary(Bytes) -> Bytes;
        _ -> error
    catch
        _:_ -> error
    end.

escape(Utf8) ->
    list_to_binary([if C > 255 -> ["\\x{", integer_to_list(C, 16), $}]; true -> C end
                    || C <- unicode:characters_to_list(Utf8)]).

prompt('', _St) -> ok;
prompt("", _St) -> ok;
prompt(<<>>, _St) -> ok;
prompt(Prompt, #st{enc = Enc} = St) ->
    put_chars(unicode, io_lib:format_prompt(Prompt, Enc), St).

%% ---- Options --------------------------------------------------------------------------------------------------------

setopts(Opts, St) ->
    try setopts_1(proplists:unfold(proplists:substitute_negations([{list, binary}], [expand(O) || O <- Opts])), St)
    catch _:_ -> {{error, enotsup}, St}
    end.

expand(latin1) -> {encoding, latin1};
expand(unicode) -> {encoding, unicode};
expand(utf8) -> {encoding, unicode};
expand(Opt) -> Opt.

%% The first mention of an option counts, as in a property list; any that is not known refuses them all.
setopts_1(Opts, #st{input = Input} = St) ->
    lists:foreach(
      fun({binary, _}) when Input -> ok;
         ({encoding, E}) when E =:= latin1; E =:= unicode; E =:= utf8 -> ok
      end, Opts),
    Enc = case lists:keyfind(encoding, 1, Opts) of
              false -> St#st.enc;
              {_, latin1} -> latin1;
              {_, _} -> unicode
          end,
    Mode = case lists:keyfind(binary, 1, Opts) of
               {_, true} -> binary;
               {_, false} -> list;
               _ -> St#st.mode
           end,
    {ok, St#st{enc = Enc, mode = Mode}}.

geometry(What, #st{fd = Fd}) ->
    case lam_host:window_size(Fd) of
        {Columns, _} when What =:= columns -> Columns;
        {_, Rows} when What =:= rows -> Rows;
        error -> {error, enotsup}
    end.

%% ---- Input ----------------------------------------------------------------------------------------------------------

%% Prints the prompt, then lets Take have what it asks; at the end of input the answer is `eof`.
input(Prompt, ErrorTag, #st{buf = Buf, eof = Eof} = St, Take) ->
    case prompt(Prompt, St) of
        ok when Eof, Buf =:= <<>> -> {eof, St};
        ok -> Take(St);
        {error, _} -> {{error, ErrorTag}, St}
    end.

get_line(#st{buf = Buf} = St, Enc, Prompt) ->
    get_line(Buf, 0, [], St, Enc, Prompt).

%% Bin is the chunk at hand; Acc holds chunks before it that have no line end, newest first.
get_line(Bin, Size, Acc, St0, Enc, Prompt) ->
    case binary:match(Bin, <<"\n">>) of
        {At, 1} ->
            <<Line:(At + 1)/binary, Rest/binary>> = Bin,
            line(Line, Acc, Enc, St0#st{buf = Rest});
        nomatch ->
            case more(St0#st{buf = <<>>}, ?CHUNK, Prompt) of
                {{ok, Data}, St} ->
                    get_line(Data, Size + byte_size(Bin), push(Bin, Acc), St, Enc, Prompt);
                {eof, St} ->
                    case push(Bin, Acc) of
                        [] -> {eof, St};
                        Chunks -> cast(join(Chunks), Enc, collect_line, St)
                    end;
                {Error, St} ->
                    {Error, St}
            end
    end.

push(<<>>, Acc) -> Acc;
push(Bin, Acc) -> [Bin | Acc].

join([Bin]) -> Bin;
join(Chunks) -> iolist_to_binary(lists:reverse(Chunks)).

%% `\r\n` reads as `\n`.
line(Line, [], Enc, St) ->
    Before = byte_size(Line) - 2,
    case Line of
        <<Text:Before/binary, "\r\n">> -> cast(<<Text/binary, "\n">>, Enc, collect_line, St);
        _ -> cast(Line, Enc, collect_line, St)
    end;
line(Line, Acc, Enc, St) ->
    line(join([Line | Acc]), [], Enc, St).

%% N characters, or what there is before the end of input.
get_chars(#st{buf = Buf} = St, Enc, Prompt, N) when is_integer(N), N > 0 ->
    get_chars(Buf, N, [], St#st{buf = <<>>}, Enc, Prompt);
get_chars(#st{mode = binary} = St, _Enc, _Prompt, 0) ->
    {<<>>, St};
get_chars(#st{mode = list} = St, _Enc, _Prompt, 0) ->
    {[], St};
get_chars(St, _Enc, _Prompt, _N) ->
    {{error, collect_chars}, St}.

get_chars(Bin, N, Acc, #st{enc = StreamEnc} = St0, Enc, Prompt) ->
    case take(Bin, N, StreamEnc) of
        {all, Bytes} ->
            <<Part:Bytes/binary, Rest/binary>> = Bin,
            cast(join([Part | Acc]), Enc, collect_chars, St0#st{buf = Rest});
        {some, Left, Bytes} ->
            <<Part:Bytes/binary, Cut/binary>> = Bin,
            case more(St0#st{buf = <<>>}, Left, Prompt) of
                {{ok, Data}, St} ->
                    Next = if Cut =:= <<>> -> Data; true -> <<Cut/binary, Data/binary>> end,
                    get_chars(Next, Left, push(Part, Acc), St, Enc, Prompt);
                {eof, St} ->
                    case push(Cut, push(Part, Acc)) of
                        [] -> {eof, St};
                        Chunks -> cast(join(Chunks), Enc, collect_chars, St)
                    end;
                {Error, St} ->
                    {Error, St}
            end
    end.

%% How many bytes hold N characters: `{all, Bytes}`, or `{some, CharactersLeft, Bytes}` when Bin ends before.
take(Bin, N, latin1) when byte_size(Bin) >= N -> {all, N};
take(Bin, N, latin1) -> {some, N - byte_size(Bin), byte_size(Bin)};
take(Bin, N, unicode) -> take_utf8(Bin, N, byte_size(Bin)).

take_utf8(Rest, 0, Size) -> {all, Size - byte_size(Rest)};
take_utf8(<<C, Rest/binary>>, N, Size) when C < 128 -> take_utf8(Rest, N - 1, Size);
take_utf8(<<_/utf8, Rest/binary>>, N, Size) -> take_utf8(Rest, N - 1, Size);
take_utf8(Rest, N, Size) ->
    case Rest of
        <<C, Tail/binary>> when C < 16#C0; C >= 16#F0, byte_size(Rest) >= 4;
                                C >= 16#E0, C < 16#F0, byte_size(Rest) >= 3; C < 16#E0, byte_size(Rest) >= 2 ->
            take_utf8(Tail, N - 1, Size);           % no character; `cast` tells
        _ ->
            {some, N, Size - byte_size(Rest)}
    end.

%% Feeds lines to a function of io_lib's continuation protocol (`io:read`, `io:fread`, …) until it is done.
get_until(St, Enc, Prompt, {_, F, _} = Xa) ->
    try get_until(St, Enc, Prompt, Xa, start)
    catch
        throw:{reply, Reply, St1} -> {Reply, St1};
        _:_ -> {{error, F}, St#st{buf = <<>>}}
    end.

get_until(#st{buf = <<>>} = St0, Enc, Prompt, Xa, State) ->
    case more(St0, ?CHUNK, Prompt) of
        {{ok, Data}, St} -> get_until(St#st{buf = Data}, Enc, Prompt, Xa, State);
        {eof, St} when State =:= start -> {eof, St};
        {eof, St} -> until_step(eof, St, Enc, Prompt, Xa, State);
        {Error, St} -> {Error, St}
    end;
get_until(#st{buf = Buf, enc = StreamEnc} = St0, Enc, Prompt, Xa, State) ->
    {Part, Rest} = case binary:match(Buf, <<"\n">>) of
                       {At, 1} -> split_binary(Buf, At + 1);
                       nomatch when StreamEnc =:= latin1 -> {Buf, <<>>};
                       nomatch -> split_binary(Buf, whole_utf8(Buf))
                   end,
    case Part of
        <<>> ->                                      % only the beginning of a character is here
            case more(St0#st{buf = <<>>}, ?CHUNK, Prompt) of
                {{ok, Data}, St} -> get_until(St#st{buf = <<Rest/binary, Data/binary>>}, Enc, Prompt, Xa, State);
                {eof, St} -> until_cast(Rest, St, Enc, Prompt, Xa, State);
                {Error, St} -> {Error, St}
            end;
        _ ->
            until_cast(Part, St0#st{buf = Rest}, Enc, Prompt, Xa, State)
    end.

%% Bytes of Bin up to its last whole character.
whole_utf8(Bin) ->
    case unicode:characters_to_binary(Bin, unicode, unicode) of
        {incomplete, Good, _} -> byte_size(Good);
        _ -> byte_size(Bin)
    end.

until_cast(Part, St, Enc, Prompt, Xa, State) ->
    case cast(Part, Enc, get_until, St) of
        {{error, _}, _} -> {_, F, _} = Xa, {{error, F}, St#st{buf = <<>>}};
        {Data, _} -> until_step(Data, St, Enc, Prompt, Xa, State)
    end.

until_step(Data, #st{buf = Buf} = St, Enc, Prompt, Xa, State0) ->
    case io_lib:get_until(State0, Data, Enc, Xa) of
        {stop, Result, Rest} when Rest =:= eof; Rest =:= []; Rest =:= <<>> ->
            {Result, St};
        {stop, Result, Rest} ->
            Bytes = encode(Rest, if is_binary(Rest) -> Enc; true -> unicode end, St#st.enc),
            {Result, St#st{buf = if Buf =:= <<>> -> Bytes; true -> <<Bytes/binary, Buf/binary>> end}};
        State ->
            get_until(St, Enc, Prompt, Xa, State)
    end.

%% Bytes of the stream as the answer to a request: a list or binary in the encoding it asks for. What cannot be
%% said in it is an error named as OTP names it, and the rest of the input at hand is dropped with it.
cast(Bytes, Enc, _Tag, #st{mode = binary, enc = Enc} = St) ->
    {Bytes, St};
cast(Bytes, Enc, Tag, #st{mode = binary, enc = StreamEnc} = St) ->
    case unicode:characters_to_binary(Bytes, StreamEnc, Enc) of
        Data when is_binary(Data) -> {Data, St};
        _ -> {{error, Tag}, St#st{buf = <<>>}}
    end;
cast(Bytes, _Enc, _Tag, #st{mode = list, enc = latin1} = St) ->
    {binary_to_list(Bytes), St};
cast(Bytes, Enc, Tag, #st{mode = list, enc = unicode} = St) ->
    case unicode:characters_to_list(Bytes, unicode) of
        List when is_list(List), Enc =:= unicode -> {List, St};
        List when is_list(List) ->
            case lists:any(fun(C) -> C > 255 end, List) of
                true -> {{error, Tag}, St#st{buf = <<>>}};
                false -> {List, St}
            end;
        _ -> {{error, Tag}, St#st{buf = <<>>}}
    end.

%% More input, Want bytes if they are there. While it waits, other requests than input are served; the prompt is then
%% printed again.
more(#st{eof = true} = St, _Want, _Prompt) ->
    {eof, St};
more(St, Want, Prompt) ->
    case lam_host:read(min(max(Want, ?CHUNK), ?MAX_CHUNK)) of
        Ref when is_reference(Ref) -> wait(Ref, St, Prompt);
        Answer -> got(Answer, St)
    end.

got({ok, _} = Data, St) -> {Data, St};
got(eof, St) -> {eof, St#st{eof = true}};
got({error, _} = Error, St) -> {Error, St#st{eof = true}}.

wait(Ref, St0, Prompt) ->
    receive
        {lam_stdin, Ref, Answer} ->
            got(Answer, St0);
        {io_request, From, ReplyAs, Request}
          when is_pid(From), Request =/= {}, element(1, Request) =/= get_line, element(1, Request) =/= get_chars,
               element(1, Request) =/= get_until, element(1, Request) =/= requests;
               is_pid(From), is_atom(Request) ->
            {Reply, St} = request(Request, St0),
            From ! {io_reply, ReplyAs, Reply},
            case is_tuple(Request) andalso element(1, Request) =:= get_geometry of
                true -> ok;
                false -> prompt(Prompt, St)
            end,
            wait(Ref, St, Prompt)
    end.
