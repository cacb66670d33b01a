%% Prints what its application's environment holds.
-module(shop_env).
-export([main/0]).

main() ->
    io:format("~p~n", [[application:get_env(shop_env, port), application:get_env(shop_env, opts),
                        application:get_env(shop_env, none), application:get_env(shop_env, none, 7),
                        application:get_env(kernel, logger_level)]]).
