%% compile_otp LIB FILE...: compiles each source to a binary and prints its name, size and checksum. LIB is a folder of applications,
%% whose `ebin` are put on the path, so that `-include_lib` finds them.
-module(compile_otp).
-export([main/1]).

main([Lib | Files]) ->
    code:add_pathsz(filelib:wildcard(filename:join([Lib, "*", "ebin"]))),
    lists:foreach(fun one/1, Files).

one(File) ->
    Include = filename:join(filename:dirname(filename:dirname(File)), "include"),
    Result =
        try compile:file(File, [binary, deterministic, debug_info, return, {i, Include}]) of
            {ok, _, Beam, _} -> io_lib:format("~b ~s", [byte_size(Beam), hex(erlang:md5(Beam))]);
            Other -> io_lib:format("~0tP", [Other, 30])
        catch
            Class:Reason:Stack -> io_lib:format("~0tP", [{Class, Reason, Stack}, 60])
        end,
    io:format("~ts ~ts~n", [filename:basename(File, ".erl"), Result]).

hex(Bytes) -> [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bytes].
