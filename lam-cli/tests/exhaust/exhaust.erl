%% Takes one thing until there is no more.
-module(exhaust).
-export([main/1]).

main(["list"]) -> list([]);
main(["binaries"]) -> binaries([]);
main(["one_binary"]) -> byte_size(binary:copy(<<0>>, 1 bsl 40));
main(["processes"]) -> spawn_on();
main(["table"]) -> table(ets:new(table, []), 0);
main(["messages"]) -> messages(spawn(fun() -> receive never -> ok end end), lists:seq(1, 10000));
main(["dictionary"]) -> dictionary(0);
main(["atoms"]) -> atoms(0);
main(["decoded_atoms"]) -> decoded_atoms(0).

list(List) -> list([lists:seq(1, 10000) | List]).

binaries(List) -> binaries([binary:copy(<<1>>, 10000000) | List]).

spawn_on() -> spawn(fun() -> receive never -> ok end end), spawn_on().

table(Table, N) -> ets:insert(Table, {N, lists:seq(1, 1000)}), table(Table, N + 1).

messages(Pid, Message) -> Pid ! Message, messages(Pid, Message).

dictionary(N) -> put(N, {N, lists:seq(1, 100)}), dictionary(N + 1).

atoms(N) -> _ = list_to_atom("atom_" ++ integer_to_list(N)), atoms(N + 1).

decoded_atoms(N) ->
    Text = integer_to_binary(N),
    _ = binary_to_term(<<131, 119, (byte_size(Text)), Text/binary>>),
    decoded_atoms(N + 1).
