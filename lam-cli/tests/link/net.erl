%% Asks for a server of kernel.
-module(net).
-export([main/0]).

main() -> listen(0).

listen(Port) -> gen_tcp:listen(Port, []).
