%% `code` without a code server. Every module of the image is loaded before the program starts; a module found on the
%% code path at run time is loaded when it is asked for. Replaces OTP's module because its server works with boot
%% scripts, archives and folders of an installation that is not there.
%%
%% The path and the file names of modules loaded at run time are kept as persistent terms `{code, What}`.
-module(code).

-export([objfile_extension/0, set_path/1, set_path/2, get_path/0, load_file/1, ensure_loaded/1,
         ensure_modules_loaded/1, load_abs/1, load_abs/2, load_binary/3, load_native_partial/2, load_native_sticky/3,
         atomic_load/1, prepare_loading/1, finish_loading/1, delete/1, purge/1, soft_purge/1, is_loaded/1,
         all_loaded/0, all_available/0, stop/0, root_dir/0, lib_dir/0, lib_dir/1, lib_dir/2, compiler_dir/0,
         priv_dir/1, stick_dir/1, unstick_dir/1, stick_mod/1, unstick_mod/1, is_sticky/1, get_object_code/1,
         add_path/1, add_path/2, add_pathsz/1, add_pathsz/2, add_paths/1, add_paths/2, add_pathsa/1, add_pathsa/2,
         add_patha/1, add_patha/2, add_pathz/1, add_pathz/2, del_path/1, del_paths/1, replace_path/2, replace_path/3,
         rehash/0, clear_cache/0, which/1, get_doc/1, get_doc/2, where_is_file/1, where_is_file/2,
         set_primary_archive/4, clash/0, module_status/0, module_status/1, modified_modules/0, get_mode/0,
         is_module_native/1, module_md5/1, get_chunk/2]).
-export([start_link/0, server/0, embedded_file/1]).

get_chunk(Beam, Chunk) ->
    try erts_internal:beamfile_chunk(inflated(Beam), Chunk)
    catch error:Reason -> erlang:error(Reason, [Beam, Chunk])
    end.

module_md5(Beam) ->
    try erts_internal:beamfile_module_md5(inflated(Beam))
    catch error:Reason -> erlang:error(Reason, [Beam])
    end.

%% A file may be compressed as a whole.
inflated(<<"FOR1", _/bits>> = Beam) -> Beam;
inflated(Beam) ->
    try zlib:gunzip(Beam)
    catch _:_ -> Beam
    end.

is_module_native(Module) when is_atom(Module) ->
    case erlang:module_loaded(Module) of
        true -> false;
        false -> undefined
    end;
is_module_native(Module) ->
    erlang:error(badarg, [Module]).

objfile_extension() -> ".beam".
get_mode() -> interactive.

%% ---- Loading --------------------------------------------------------------------------------------------------------

ensure_loaded(Module) when is_atom(Module) ->
    case erlang:module_loaded(Module) of
        true -> {module, Module};
        false -> load_from_path(Module)
    end.

load_file(Module) when is_atom(Module) ->
    case load_from_path(Module) of
        {error, nofile} ->
            case erlang:module_loaded(Module) of
                true -> {module, Module};
                false -> {error, nofile}
            end;
        Result -> Result
    end.

load_from_path(Module) ->
    case on_path(Module) of
        {File, Binary} -> load(Module, absolute(File), Binary);
        error -> {error, nofile}
    end.

%% The file that the path has for a module.
on_path(Module) ->
    Name = atom_to_list(Module),
    case erl_prim_loader:is_basename(Name) of
        true -> first(path(), Name ++ ".beam");
        false -> error
    end.

first([Dir | Path], Name) ->
    File = join(Dir, Name),
    case erl_prim_loader:get_file(File) of
        {ok, Binary, _} -> {File, Binary};
        error -> first(Path, Name)
    end;
first([], _Name) ->
    error.

load_abs(File) when is_list(File); is_atom(File) ->
    Name = to_list(File),
    load_abs(Name, list_to_atom(lists:last(["" | split(Name)]))).

load_abs(File, Module) when (is_list(File) orelse is_atom(File)), is_atom(Module) ->
    Name = absolute(to_list(File) ++ ".beam"),
    case erl_prim_loader:get_file(Name) of
        {ok, Binary, _} -> load(Module, Name, Binary);
        error -> {error, nofile}
    end.

%% What runs an old version is killed first.
load_binary(Module, File, Binary)
  when is_atom(Module), (is_list(File) orelse is_atom(File)), is_binary(Binary) ->
    case erlang:module_loaded(Module) of
        true -> purge(Module);
        false -> false
    end,
    load(Module, File, Binary).

load(Module, File, Binary) ->
    case is_sticky(Module) of
        true ->
            tell(error, "Can't load module '~w' that resides in sticky dir\n", [Module]),
            {error, sticky_directory};
        false ->
            case erlang:load_module(Module, Binary) of
                {module, Module} ->
                    persistent_term:put({code, Module}, File),
                    {module, Module};
                {error, on_load} ->
                    on_load(Module, File);
                {error, Reason} ->
                    tell(error, "Loading of ~ts failed: ~p\n", [File, Reason]),
                    {error, Reason}
            end
    end.

%% As the code server tells the logger.
tell(Level, Format, Arguments) ->
    Tag = case Level of warning -> warning_msg; error -> error end,
    Meta = #{pid => self(), gl => group_leader(), time => os:system_time(microsecond), error_logger => #{tag => Tag}},
    catch logger ! {log, Level, Format, Arguments, Meta}.

%% The module becomes current when its `on_load` function gave `ok`.
on_load(Module, File) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({?MODULE, erlang:call_on_load_function(Module)}) end),
    receive
        {'DOWN', Ref, process, Pid, {?MODULE, ok}} ->
            erts_code_purger:finish_after_on_load(Module, true),
            persistent_term:put({code, Module}, File),
            {module, Module};
        {'DOWN', Ref, process, Pid, Reason} ->
            erts_code_purger:finish_after_on_load(Module, false),
            case Reason of
                {?MODULE, Value} -> tell_on_load(Module, Value);
                _ -> tell_on_load(Module, Reason)
            end,
            {error, on_load_failure}
    end.

tell_on_load(_Module, Value) when is_atom(Value) -> ok;
tell_on_load(Module, Value) -> tell(warning, "The on_load function for module ~s returned:~n~P\n", [Module, Value, 10]).

load_native_partial(_Module, _Binary) -> {error, on_load_failure}.
load_native_sticky(_Module, _Binary, _) -> {error, on_load_failure}.

ensure_modules_loaded(Modules) ->
    case is_list_of(fun is_atom/1, Modules) of
        true -> errors([{M, R} || M <- lists:usort(Modules), {error, R} <- [ensure_loaded(M)]]);
        false -> erlang:error(function_clause, [Modules])
    end.

atomic_load(Modules) ->
    case prepared(Modules) of
        {ok, Prepared} -> finish(Prepared);
        badarg -> erlang:error(function_clause, [Modules]);
        Error -> Error
    end.

prepare_loading(Modules) ->
    case prepared(Modules) of
        {ok, Prepared} -> {ok, {'$prepared$', Prepared}};
        badarg -> erlang:error(function_clause, [Modules]);
        Error -> Error
    end.

finish_loading({'$prepared$', Prepared}) -> finish(Prepared).

%% `{Module, File, Prepared}` of all, or what is wrong with some: equal names first, then files, then those with `on_load`.
prepared(Modules) ->
    case is_list_of(fun is_to_prepare/1, Modules) of
        true ->
            Names = [name_of(M) || M <- Modules],
            case lists:usort(Names -- lists:usort(Names)) of
                [] -> prepared_each(Modules);
                Again -> {error, [{M, duplicated} || M <- Again]}
            end;
        false ->
            badarg
    end.

prepared_each(Modules) ->
    Found = [prepare(M) || M <- Modules],
    case [E || {_, _} = E <- Found] of
        [] ->
            case [M || {M, _, Ref} <- Found, erlang:has_prepared_code_on_load(Ref)] of
                [] -> {ok, Found};
                OnLoad -> {error, [{M, on_load_not_allowed} || M <- OnLoad]}
            end;
        Errors ->
            {error, Errors}
    end.

is_to_prepare({Module, File, Binary}) -> is_atom(Module) andalso is_list(File) andalso is_binary(Binary);
is_to_prepare(Module) -> is_atom(Module).

name_of({Module, _, _}) -> Module;
name_of(Module) -> Module.

prepare({Module, File, Binary}) ->
    case erlang:prepare_loading(Module, Binary) of
        {error, Reason} -> {Module, Reason};
        Ref -> {Module, File, Ref}
    end;
prepare(Module) ->
    case on_path(Module) of
        {File, Binary} -> prepare({Module, File, Binary});
        error -> {Module, nofile}
    end.

%% All become current, or none.
finish(Prepared) ->
    case [{M, sticky_directory} || {M, _, _} <- Prepared, is_sticky(M)] of
        [] ->
            case erlang:finish_loading([Ref || {_, _, Ref} <- Prepared]) of
                ok -> lists:foreach(fun({M, File, _}) -> persistent_term:put({code, M}, File) end, Prepared);
                {Reason, Modules} -> {error, [{M, Reason} || M <- Modules]}
            end;
        Sticky ->
            {error, Sticky}
    end.

is_list_of(Is, [Item | Rest]) -> Is(Item) andalso is_list_of(Is, Rest);
is_list_of(_, End) -> End =:= [].

errors([]) -> ok;
errors(Errors) -> {error, Errors}.

delete(Module) when is_atom(Module) ->
    case erlang:check_old_code(Module) of
        true ->
            tell(error, "Module ~w must be purged before deleting\n\n", [Module]),
            false;
        false ->
            case erlang:delete_module(Module) of
                true -> persistent_term:erase({code, Module}), true;
                undefined -> false
            end
    end.

%% Processes that run old code are killed.
purge(Module) when is_atom(Module) ->
    {_, DidKill} = erts_code_purger:purge(Module),
    DidKill.

soft_purge(Module) when is_atom(Module) -> erts_code_purger:soft_purge(Module).

%% ---- The process `code_server` of kernel's tree ----------------------------------------------------------------------

%% It holds the name, and serves those who ask it by message: the functions above need no server.
start_link() ->
    Pid = spawn_link(?MODULE, server, []),
    true = register(code_server, Pid),
    {ok, Pid}.

-spec server() -> no_return().
server() ->
    receive
        {code_call, From, Request} -> From ! {code_server, answer(Request)};
        _ -> ok
    end,
    server().

answer(Request) ->
    [Function | Args] = if is_tuple(Request) -> tuple_to_list(Request); true -> [Request] end,
    try apply(?MODULE, Function, Args)
    catch _:Reason -> {error, Reason}
    end.

%% ---- What is loaded -------------------------------------------------------------------------------------------------

is_loaded(Module) when is_atom(Module) ->
    case erlang:module_loaded(Module) of
        true -> {file, file_of(Module)};
        false -> false
    end.

all_loaded() -> [{M, file_of(M)} || M <- erlang:loaded()].

all_available() ->
    Known = case lam_host:info(modules) of
                undefined -> erlang:loaded();
                Modules -> lists:usort(Modules ++ erlang:loaded())
            end,
    [{atom_to_list(M), file_of(M), erlang:module_loaded(M)} || M <- Known].

which(Module) when is_atom(Module) ->
    case erlang:module_loaded(Module) of
        true -> found(file_of(Module), Module);
        false ->
            case where_is_file(atom_to_list(Module) ++ ".beam") of
                non_existing -> non_existing;
                File -> File
            end
    end.

%% An image names no folder of the machine it was built on. Where the name alone finds no file, the one beside the source
%% that the module itself names is told, if it is there.
found([_ | _] = File, Module) ->
    case erl_prim_loader:read_file_info(File) of
        {ok, _} -> File;
        error -> beside_source(File, Module)
    end;
found(File, _Module) ->
    File.

beside_source(File, Module) ->
    case lists:keyfind(source, 1, Module:module_info(compile)) of
        {source, [_ | _] = Source} ->
            Beside = join(parent(Source), File),
            case erl_prim_loader:read_file_info(Beside) of
                {ok, _} -> Beside;
                error -> File
            end;
        _ ->
            File
    end.

%% The file of a loaded module, or `preloaded`.
file_of(Module) ->
    case persistent_term:get({code, Module}, undefined) of
        undefined ->
            case lists:member(Module, erlang:pre_loaded()) of
                true -> preloaded;
                false ->
                    case lam_host:info({file, Module}) of
                        undefined -> atom_to_list(Module) ++ ".beam";
                        File -> File
                    end
            end;
        File ->
            File
    end.

get_object_code(Module) when is_atom(Module) ->
    case lam_host:info({object, Module}) of
        Binary when is_binary(Binary) ->
            {Module, Binary, file_of(Module)};
        _ ->
            case on_path(Module) of
                {File, Binary} -> {Module, Binary, absolute(File)};
                error -> error
            end
    end.

get_doc(Module) when is_atom(Module) ->
    case which(Module) of
        non_existing -> {error, non_existing};
        _ -> {error, missing}
    end.
get_doc(Module, _Options) -> get_doc(Module).

module_status() -> module_status(erlang:loaded()).

module_status(Modules) when is_list(Modules) -> [{M, module_status(M)} || M <- Modules];
module_status(Module) ->
    case erlang:module_loaded(Module) of
        true -> loaded;
        false -> not_loaded
    end.

modified_modules() -> [].

%% ---- Folders --------------------------------------------------------------------------------------------------------

root_dir() ->
    case lam_host:info(root_dir) of
        undefined -> "";
        Dir -> Dir
    end.

lib_dir() -> root_dir() ++ "/lib".

lib_dir(App) when is_atom(App); is_list(App) ->
    Name = to_list(App),
    case lam_host:info({lib_dir, list_to_atom(Name)}) of
        undefined ->
            case [Dir || Dir <- path(), app_of(Dir) =:= Name] of
                [Dir | _] -> parent(Dir);
                [] -> {error, bad_name}
            end;
        Dir ->
            Dir
    end.

lib_dir(App, Sub) when is_atom(Sub) ->
    case lib_dir(App) of
        {error, _} = Error -> Error;
        Dir -> join(Dir, atom_to_list(Sub))
    end.

compiler_dir() -> lib_dir(compiler).
priv_dir(App) -> lib_dir(App, priv).

%% `…/shop-1.2/ebin` and `…/shop/ebin` are application `shop`.
app_of(Dir) ->
    case lists:reverse(split(Dir)) of
        ["ebin", Name | _] -> lists:takewhile(fun(C) -> C =/= $- end, Name);
        _ -> ""
    end.

parent(Dir) ->
    case lists:reverse(split(Dir)) of
        [_Last | Up] ->
            Root = case Dir of [$/ | _] -> "/"; _ -> "" end,
            Root ++ lists:append(lists:join("/", lists:reverse(Up)));
        [] ->
            Dir
    end.

%% ---- Path -----------------------------------------------------------------------------------------------------------

%% As under `erl`, modules are looked for in the current folder at first.
path() -> persistent_term:get({code, '$path'}, ["."]).
put_path(Path) -> persistent_term:put({code, '$path'}, Path).

get_path() -> path().

set_path(Path) when is_list(Path) -> set_path(Path, nocache).
set_path(Path, _Cache) when is_list(Path) ->
    case lists:all(fun is_dir/1, Path) of
        true -> put_path([plain(D) || D <- Path]), true;
        false -> {error, bad_directory}
    end.

add_path(Dir) when is_list(Dir) -> add_last(Dir).
add_path(Dir, Cache) -> add_pathz(Dir, Cache).
add_paths(Dirs) -> add_pathsz(Dirs).
add_paths(Dirs, Cache) -> add_pathsz(Dirs, Cache).
add_pathz(Dir, _Cache) -> add_pathz(Dir).
add_patha(Dir, _Cache) -> add_patha(Dir).
add_pathsz(Dirs, _Cache) -> add_pathsz(Dirs).
add_pathsa(Dirs, _Cache) -> add_pathsa(Dirs).

add_pathz(Dir) when is_list(Dir) -> add_last(Dir).
add_patha(Dir) when is_list(Dir) -> add_first(Dir).
add_pathsz(Dirs) when is_list(Dirs) -> lists:foreach(fun add_last/1, Dirs).
add_pathsa(Dirs) when is_list(Dirs) -> lists:foreach(fun add_first/1, Dirs).

add_last(Dir) -> add(Dir, fun(D, Path) -> case lists:member(D, Path) of true -> Path; false -> Path ++ [D] end end).
add_first(Dir) -> add(Dir, fun(D, Path) -> [D | lists:delete(D, Path)] end).

add(Dir, Insert) ->
    case is_dir(Dir) of
        true -> put_path(Insert(plain(Dir), path())), true;
        false -> {error, bad_directory}
    end.

is_dir(Dir) -> is_dir_name(Dir) andalso erl_prim_loader:list_dir(to_list(Dir)) =/= error.

%% Without the slash at its end.
plain(Dir) ->
    case lists:reverse(to_list(Dir)) of
        "/" -> "/";
        "/" ++ Rest -> lists:reverse(Rest);
        _ -> to_list(Dir)
    end.

del_path(Dir) when is_list(Dir); is_atom(Dir) ->
    case is_dir_name(Dir) of
        true ->
            Name = to_list(Dir),
            Path = path(),
            case [D || D <- Path, D =/= Name, app_of(D) =/= Name] of
                Path -> false;
                Rest -> put_path(Rest), true
            end;
        false ->
            {error, bad_name}
    end.

del_paths(Dirs) -> lists:foreach(fun del_path/1, Dirs).

replace_path(App, Dir) when is_list(App) orelse is_atom(App), is_list(Dir) orelse is_atom(Dir) ->
    case is_dir_name(App) andalso is_dir_name(Dir) of
        true -> _ = del_path(App), add_pathz(Dir);
        false -> {error, bad_name}
    end.
replace_path(App, Dir, _Cache) -> replace_path(App, Dir).

where_is_file(Name) when is_list(Name) -> where_is_file(path(), Name).

where_is_file([Dir | Path], Name) ->
    File = join(Dir, Name),
    case erl_prim_loader:read_file_info(File) of
        {ok, _} -> File;
        error -> where_is_file(Path, Name)
    end;
where_is_file([], Name) ->
    embedded_app(Name).

%% The place of an `.app` file that the image holds, as if it were installed.
embedded_app(Name) ->
    case lam_host:info({app_file, Name}) of
        undefined -> non_existing;
        _ -> app_place(Name)
    end.

app_place(Name) -> join(lib_dir(), lists:sublist(Name, length(Name) - 4) ++ "/ebin/" ++ Name).

%% The text of such a file.
embedded_file(File) ->
    Name = lists:last(["" | split(File)]),
    case lam_host:info({app_file, Name}) of
        undefined -> error;
        Text ->
            case app_place(Name) of
                File -> {ok, Text};
                _ -> error
            end
    end.

rehash() -> ok.
clear_cache() -> ok.
clash() -> ok.
stop() -> exit(noproc).
set_primary_archive(_, _, _, _) -> {error, bad_name}.

%% A sticky module is not replaced. Modules of the image are none, in OTP those of kernel, stdlib and compiler are.
stick_dir(Dir) when is_list(Dir) -> in_dir(Dir, fun stick_mod/1).
unstick_dir(Dir) when is_list(Dir) -> in_dir(Dir, fun unstick_mod/1).

in_dir(Dir, Each) ->
    case erl_prim_loader:list_dir(Dir) of
        {ok, Names} -> lists:foreach(Each, [list_to_atom(lists:sublist(N, length(N) - 5)) || N <- Names, lists:suffix(".beam", N)]);
        error -> error
    end.

stick_mod(Module) when is_atom(Module) -> persistent_term:put({code, '$sticky', Module}, true), true.
unstick_mod(Module) when is_atom(Module) -> persistent_term:erase({code, '$sticky', Module}), true.

is_sticky(Module) when is_atom(Module) ->
    erlang:module_loaded(Module) andalso persistent_term:get({code, '$sticky', Module}, false).


%% ---- Names ----------------------------------------------------------------------------------------------------------

is_dir_name(Name) when is_atom(Name) -> true;
is_dir_name(Name) -> is_list(Name) andalso lists:all(fun is_integer/1, Name).

to_list(Name) when is_atom(Name) -> atom_to_list(Name);
to_list(Name) -> Name.

join("", Name) -> Name;
join(Dir, Name) -> Dir ++ "/" ++ Name.

absolute([$/ | _] = File) -> File;
absolute(File) ->
    Name = case File of "./" ++ Rest -> Rest; _ -> File end,
    case erl_prim_loader:get_cwd() of
        {ok, Cwd} -> join(plain(Cwd), Name);
        error -> File
    end.

%% The parts between slashes, empty ones left out.
split(Name) -> split(Name, [], []).

split([$/ | Rest], [], Parts) -> split(Rest, [], Parts);
split([$/ | Rest], Part, Parts) -> split(Rest, [], [lists:reverse(Part) | Parts]);
split([C | Rest], Part, Parts) -> split(Rest, [C | Part], Parts);
split([], [], Parts) -> lists:reverse(Parts);
split([], Part, Parts) -> lists:reverse([lists:reverse(Part) | Parts]).
