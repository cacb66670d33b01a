%% Writes terms.txt: for each term its external format, phash2 and phash over 2^32, the newest form, the MD5 of the oldest,
%% the size, and the MD5 of its displayed text; then a sorted list. Lines over some length were left out by hand.
-module(terms).
-export([main/1]).
hex(B) -> [io_lib:format("~2.16.0b", [X]) || <<X>> <= B].
main([Out]) ->
    {ok, F} = file:open(Out, [write]),
    rand:seed(exsss, {1,2,3}),
    Bits = <<1:1, 16#ABCDEF0123456789:64, 5:3>>,
    <<_:3, Sub/bitstring>> = <<5:3, "hello world, longer than twelve bytes", 3:2>>,
    <<_:5, Sub2:17/binary, _/bitstring>> = <<5:5, "abcdefghijklmnopqrstuvwx", 3:3>>,
    Fix = [[], {}, #{}, 0, 1, -1, 255, 256, 134217727, 134217728, -134217728, -134217729, 1 bsl 31, -(1 bsl 31), (1 bsl 31)-1,
      1 bsl 32, 1 bsl 58, (1 bsl 59)-1, 1 bsl 59, -(1 bsl 59), -(1 bsl 59)-1, (1 bsl 60)-1, 1 bsl 60, -(1 bsl 60), -(1 bsl 60)-1,
      1 bsl 63, 1 bsl 64, -(1 bsl 64), (1 bsl 64)-1, 1 bsl 200, -(1 bsl 2100), 1 bsl 2040,
      0.0, -0.0, 1.0, -1.0, 1.5, 3.14e100, -2.5e-300, 5.0e-324, 1.0e22, 9007199254740992.0, 9007199254740993, 1.152921504606846976e18,
      a, '', true, nil, 'hello world', 'åäö', 'ÿ', 'λx', list_to_atom(lists:duplicate(255, $z)), list_to_atom(lists:duplicate(200, 955)),
      "hello", "a", [1,2,3|4], [a|b], [1000,2,3], [1,2,3,1000,1,2,3], lists:seq(1, 255), lists:duplicate(300, 7), [[[]]], [[[1],2],3],
      <<>>, <<1>>, <<"hello world">>, Bits, Sub, Sub2, <<0:1>>, <<1:7>>, binary:copy(<<"0123456789abcdef">>, 10),
      {a, b, c}, {1, {2, {3}}}, list_to_tuple(lists:seq(1, 300)), #{a => 1}, #{1 => a, 1.0 => b}, #{"x" => #{y => [z]}, <<"k">> => 2.5},
      maps:from_list([{I, I*I} || I <- lists:seq(1, 32)]), maps:from_list([{I, I*I} || I <- lists:seq(1, 33)]),
      maps:from_list([{I, -I} || I <- lists:seq(1, 1000)]),
      maps:from_list([{integer_to_list(I), {I}} || I <- lists:seq(1, 200)]),
      maps:from_list([{integer_to_binary(I), [I]} || I <- lists:seq(1, 300)]),
      maps:from_list([{{I, I*1.5, <<I>>}, I} || I <- lists:seq(1, 100)]),
      maps:from_list([{I*1.0, I} || I <- lists:seq(-50, 50)]),
      maps:from_list([{1 bsl I, I} || I <- lists:seq(0, 130)] ++ [{-(1 bsl I), I} || I <- lists:seq(0, 130)]),
      maps:from_list([{K, 1} || K <- [[], {}, #{}, [[]], [[]|1], {[], []}, <<1:3>>, <<>>, Sub, #{1=>2}, [1|2], [300|2], [1,2,300,4,5|6] | lists:seq(1, 40)]]),
      maps:from_list([{maps:from_list([{{J,I}, J} || J <- lists:seq(1,40)]), I} || I <- lists:seq(1, 50)]),
      fun lists:map/2, fun erlang:'+'/2],
    Terms = Fix ++ [rand_term(4) || _ <- lists:seq(1, 300)],
    lists:foreach(fun(T) ->
        T1 = term_to_binary(T), T2 = term_to_binary(T, [{minor_version, 2}, deterministic]), T0 = term_to_binary(T, [{minor_version,0}]),
        io:format(F, "~s ~b ~b ~s ~s ~b ~s~n", [hex(T1), erlang:phash2(T, 1 bsl 32), erlang:phash(T, 1 bsl 32), hex(T2), hex(erlang:md5(T0)), erlang:external_size(T), hex(erlang:md5(erts_text(T)))])
      end, Terms),
    io:format(F, "SORTED~n", []),
    Shuffled = [T || {_, T} <- lists:sort([{rand:uniform(), T} || T <- Terms ++ [1, 1.0, 2, 2.0]])],
    Sorted = lists:sort(Shuffled),
    [io:format(F, "~s~n", [hex(term_to_binary(T))]) || T <- Sorted],
    file:close(F),
    halt().
erts_text(T) -> iolist_to_binary(string:trim(erts_debug:display(T), trailing, "\n")).
rand_term(0) -> leaf(rand:uniform(9));
rand_term(D) ->
    case rand:uniform(12) of
        1 -> [rand_term(D-1) || _ <- lists:seq(1, rand:uniform(6))];
        2 -> list_to_tuple([rand_term(D-1) || _ <- lists:seq(1, rand:uniform(6))]);
        3 -> maps:from_list([{rand_term(D-1), rand_term(D-1)} || _ <- lists:seq(1, rand:uniform(8))]);
        4 -> [rand_term(D-1) | rand_term(D-1)];
        5 -> [rand:uniform(256)-1 || _ <- lists:seq(1, rand:uniform(20))] ++ rand_term(D-1);
        _ -> leaf(rand:uniform(9))
    end.
leaf(1) -> rand:uniform(1 bsl 40) - (1 bsl 39);
leaf(2) -> rand:uniform(1 bsl 130) - (1 bsl 129);
leaf(3) -> rand:uniform() * math:pow(10, rand:uniform(40) - 20);
leaf(4) -> lists:nth(rand:uniform(5), [foo, bar, 'B z', [], true]);
leaf(5) -> << <<(rand:uniform(256)-1)>> || _ <- lists:seq(1, rand:uniform(30)) >>;
leaf(6) -> N = rand:uniform(90), <<(rand:uniform(1 bsl N)):N>>;
leaf(7) -> rand:uniform(300) - 100;
leaf(8) -> float(rand:uniform(10));
leaf(9) -> [].
