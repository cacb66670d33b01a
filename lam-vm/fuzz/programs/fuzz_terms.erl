%% Decodes each external term of a batch file, and does with what is accepted what a program may do.
%%
%% A batch is mutants one after another: <<Size:32, Term:Size/binary>>. The last line says how it went; whatever else ends the machine
%% is a finding. From a file whose name ends in `.told` each term's verdict is a line of its own, for comparison with OTP's.
-module(fuzz_terms).
-export([main/1]).

main([Path]) ->
    {ok, Batch} = prim_file:read_file(Path),
    Tells = lists:suffix(".told", Path),
    {Accepted, Refused} = batch(Batch, Tells, 0, {0, 0}),
    io:put_chars(["done ", integer_to_list(Accepted), $\s, integer_to_list(Refused), $\n]).

batch(<<Size:32, Bytes:Size/binary, Rest/binary>>, Tells, Number, {Accepted, Refused}) ->
    Safe = decode(Bytes, [safe]),
    case decode(Bytes, []) of
        refused ->
            refused = Safe,
            tell(Tells, Number, "refused"),
            batch(Rest, Tells, Number + 1, {Accepted, Refused + 1});
        {accepted, Term} ->
            Facts = use(Term),
            agree(Safe, Term),
            tell(Tells, Number, Facts),
            batch(Rest, Tells, Number + 1, {Accepted + 1, Refused})
    end;
batch(<<>>, _, _, Counts) ->
    Counts.

decode(Bytes, Options) ->
    try {accepted, binary_to_term(Bytes, Options)}
    catch error:badarg -> refused
    end.

agree(refused, _) -> ok;
agree({accepted, Safe}, Term) -> true = Safe =:= Term.

%% What a program can see of a term.
use(Term) ->
    Copy = binary_to_term(term_to_binary(Term)),
    true = Copy =:= Term,
    true = Copy == Term,
    false = Copy < Term,
    Hash = erlang:phash2(Term),
    Hash = erlang:phash2(Copy),
    Size = byte_size(term_to_binary(Term)),
    true = erlang:external_size(Term) > 0,
    [Term, Copy] = lists:sort([Copy, Term, #{}, [], {}]) -- [#{}, [], {}],
    Flat = erts_debug:flat_size(Term),
    self() ! {Term, Flat},
    receive {Got, Flat} -> true = Got =:= Term end,
    Text = case Size < 20000 of
        true -> unicode:characters_to_binary(io_lib:format("~0tp", [Term]));
        false -> <<"long">>
    end,
    [integer_to_list(Hash), $\s, integer_to_list(Size), $\s, Text].

tell(false, _, _) -> ok;
tell(true, Number, Text) -> io:put_chars([integer_to_list(Number), $\s, Text, $\n]).
