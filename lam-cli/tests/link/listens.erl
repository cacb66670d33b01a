%% Asks for a server of kernel.
-module(listens).
-export([main/0]).

main() -> listen(0).

listen(Port) -> gen_tcp:listen(Port, []).
