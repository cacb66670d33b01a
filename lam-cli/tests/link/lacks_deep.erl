%% Reaches a native that the machine does not have, by way of a function of its own and of the library.
-module(lacks_deep).
-export([main/0]).

main() -> start().

start() -> socket:open(local, stream).
