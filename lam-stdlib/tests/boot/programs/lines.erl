%% Reads the standard input in one way until its end, and prints each answer: MODE ENCODING HOW.
-module(lines).
-export([main/1]).

main([Mode, Encoding, How]) ->
    ok = io:setopts([{binary, Mode =:= "binary"}, {encoding, list_to_atom(Encoding)}]),
    loop(list_to_atom(How), 0).

loop(_, 50) -> ok;
loop(How, N) ->
    Answer = read(How),
    io:format("~w~n", [Answer]),
    case Answer of
        eof -> ok;
        _ -> loop(How, N + 1)
    end.

read(line) -> io:get_line('');
read(prompt) -> io:get_line("p> ");
read(file_line) -> file:read_line(standard_io);
read(chars) -> io:get_chars("", 3);
read(bytes) -> file:read(standard_io, 5);
read(fread) -> io:fread("", "~d");
read(term) -> io:read('');
read(unknown) -> io:request(standard_io, {get_password, unicode});
read(batch) -> io:requests([{put_chars, unicode, "a\n"}, {get_line, unicode, "x"}, nl]).
