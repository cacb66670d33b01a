%% Reads the files of its application in every way, and tries to write: `stock read`, `stock write`.
-module(stock).
-export([main/1]).

-include_lib("kernel/include/file.hrl").

main(["read"]) -> read(code:priv_dir(stock));
main(["write"]) -> write(code:priv_dir(stock));
main(["where"]) ->
    io:format("~p~n~p~n~p~n", [code:priv_dir(stock), code:lib_dir(stock, ebin), code:priv_dir(nobody)]).

read(Priv) ->
    In = fun(Name) -> filename:join(Priv, Name) end,
    show(list_dir, sorted(file:list_dir(Priv))),
    show(prim_list_dir, sorted(prim_file:list_dir(In("deep")))),
    show(read_file, file:read_file(In("a.txt"))),
    show(prim_read_file, prim_file:read_file(In("deep/../a.txt"))),
    show(empty, file:read_file(In("deep/empty"))),
    show(consult, file:consult(In("terms"))),
    show(wildcard, [lists:nthtail(length(Priv) + 1, Name) || Name <- filelib:wildcard(In("**/*"))]),
    show(fold, lists:sort(filelib:fold_files(Priv, "", true, fun(Name, Names) -> [filename:basename(Name) | Names] end, []))),
    show(is, [filelib:is_dir(Priv), filelib:is_file(In("a.txt")), filelib:is_regular(In("deep")), filelib:is_file(In("none"))]),
    show(size, filelib:file_size(In("a.txt"))),
    {ok, #file_info{size = Size, type = Type}} = file:read_file_info(In("a.txt")),
    {ok, #file_info{type = Folder}} = file:read_file_info(In("deep"), [raw]),
    {ok, #file_info{type = Linked}} = file:read_link_info(In("deep/")),
    show(info, {Size, Type, Folder, Linked}),
    {ok, Raw} = file:open(In("a.txt"), [read, raw, binary]),
    show(pread, file:pread(Raw, 1, 3)),
    show(preads, file:pread(Raw, [{0, 2}, {4, 9}, {99, 1}])),
    show(read, [file:read(Raw, 2), file:position(Raw, {eof, -2}), file:read(Raw, 9), file:read(Raw, 1)]),
    show(sync, [file:sync(Raw), file:advise(Raw, 0, 0, sequential), file:close(Raw), file:read(Raw, 1)]),
    {ok, Served} = file:open(In("lines"), [read, {encoding, utf8}]),
    show(lines, [io:get_line(Served, ""), io:get_line(Served, ""), io:get_line(Served, "")]),
    show(close, file:close(Served)),
    {ok, Compressed} = file:open(In("a.txt"), [read, compressed, binary]),
    show(compressed, file:read(Compressed, 99)),
    show(copy, file:copy(In("a.txt"), "copied")),
    show(copied, [file:read_file("copied"), file:delete("copied")]),
    show(errors, [file:read_file(In("none")), file:read_file(In("none/deeper")), file:read_file(In("a.txt/b")), file:read_file(Priv),
                  file:list_dir(In("a.txt")), file:list_dir(In("none")), file:open(In("deep"), [read]), file:read_link(In("a.txt")),
                  file:read_link(In("none")), file:read_file(In("a.txt/")), file:read_file_info(In("none"))]),
    show(only_read, begin {ok, F} = file:open(In("a.txt"), [read, raw]), R = file:write(F, "x"), file:close(F), R end).

write(Priv) ->
    In = fun(Name) -> filename:join(Priv, Name) end,
    show(write_file, [file:write_file(In("a.txt"), "x"), file:write_file(In("new"), "x"), file:write_file(In("none/new"), "x")]),
    show(open, [file:open(In("a.txt"), [write]), file:open(In("a.txt"), [append, raw]), file:open(In("a.txt"), [read, write]),
                file:open(In("a.txt"), [write, exclusive]), file:open(In("deep"), [write])]),
    show(make_dir, [file:make_dir(In("new")), file:make_dir(In("deep")), file:make_dir(In("none/new")), filelib:ensure_dir(In("x/y"))]),
    show(delete, [file:delete(In("a.txt")), file:del_dir(In("deep")), file:delete(In("none/new"))]),
    show(rename, [file:rename(In("a.txt"), In("b.txt")), file:rename(In("a.txt"), "here"), file:rename("here", In("a.txt"))]),
    show(link, [file:make_symlink("x", In("new")), file:make_link(In("a.txt"), In("new")), file:make_link(In("a.txt"), "here")]),
    show(change, [file:change_mode(In("a.txt"), 8#777), file:change_time(In("a.txt"), {{2020, 1, 1}, {0, 0, 0}}),
                  file:change_owner(In("a.txt"), 0), file:change_mode(In("none"), 8#777)]),
    show(set_cwd, [file:set_cwd(Priv), file:set_cwd(In("a.txt")), file:set_cwd(In("none"))]),
    {ok, #file_info{access = Access, mode = Mode}} = file:read_file_info(In("a.txt")),
    show(info, {Access, Mode band 8#777}).

sorted({ok, Names}) -> {ok, lists:sort(Names)};
sorted(Error) -> Error.

show(What, Value) -> io:format("~p: ~p~n", [What, Value]).
