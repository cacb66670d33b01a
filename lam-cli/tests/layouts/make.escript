#!/usr/bin/env escript
%% Makes the files of this folder that are not text: modules, an archive, escripts. Run in this folder.
main([]) ->
    [{ok, _} = compile:file(File, [deterministic]) || File <- ["shop", "till"]],
    {ok, Shop} = file:read_file("shop.beam"),
    {ok, Till} = file:read_file("till.beam"),
    App = fun(Name) -> list_to_binary(io_lib:format("{application, ~s, [{vsn, \"1.0\"}, {modules, [~s]}]}.~n", [Name, Name])) end,
    Files = [{"shop-1.0/ebin/shop.beam", Shop}, {"shop-1.0/ebin/shop.app", App(shop)}, {"shop-1.0/priv/names", <<"a.\nb.\n">>},
             {"till/ebin/till.beam", Till}, {"till/ebin/till.app", App(till)}, {"till/priv/deep/state", <<"open">>}],
    {ok, {_, Archive}} = zip:create("shop.ez", Files, [memory]),
    ok = file:write_file("shop-1.0.ez", Archive),
    ok = escript:create("packed", [shebang, comment, {emu_args, "-escript main shop -shop greeting hi"}, {archive, Archive}]),
    ok = escript:create("till_script", [shebang, {beam, Till}]),
    ok.
