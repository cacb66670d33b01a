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

get_chunk(Beam, Chunk) when is_binary(Beam), is_list(Chunk) -> erts_internal:beamfile_chunk(Beam, Chunk).
module_md5(Beam) when is_binary(Beam) -> erts_internal:beamfile_module_md5(Beam).

is_module_native(Module) when is_atom(Module) ->
    case erlang:module_loaded(Module) of
        true -> false;
        false -> undefined
    end.

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
        {module, Module} -> {module, Module};
        {error, nofile} ->
            case erlang:module_loaded(Module) of
                true -> {module, Module};
                false -> {error, nofile}
            end;
        Error -> Error
    end.

load_from_path(Module) ->
    case path() of
        [] -> {error, nofile};
        Path -> first(Path, Module, atom_to_list(Module) ++ ".beam")
    end.

first([Dir | Path], Module, Name) ->
    File = join(Dir, Name),
    case erl_prim_loader:get_file(File) of
        {ok, Binary, _} -> load_binary(Module, File, Binary);
        error -> first(Path, Module, Name)
    end;
first([], _Module, _Name) ->
    {error, nofile}.

load_abs(File) when is_list(File); is_atom(File) ->
    Name = to_list(File),
    load_abs(Name, list_to_atom(lists:last(["" | split(Name)]))).

load_abs(File, Module) ->
    Name = to_list(File) ++ ".beam",
    case erl_prim_loader:get_file(Name) of
        {ok, Binary, _} -> load_binary(Module, Name, Binary);
        error -> {error, nofile}
    end.

%% What runs an old version is killed first, as the code server does it.
load_binary(Module, File, Binary)
  when is_atom(Module), (is_list(File) orelse is_atom(File)), is_binary(Binary) ->
    _ = purge(Module),
    case erlang:load_module(Module, Binary) of
        {module, Module} ->
            persistent_term:put({code, Module}, File),
            {module, Module};
        {error, on_load} ->
            on_load(Module, File);
        {error, Reason} ->
            {error, Reason}
    end.

%% The module becomes current when its `on_load` function gave `ok`.
on_load(Module, File) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({?MODULE, erlang:call_on_load_function(Module)}) end),
    receive
        {'DOWN', Ref, process, Pid, {?MODULE, ok}} ->
            erlang:finish_after_on_load(Module, true),
            persistent_term:put({code, Module}, File),
            {module, Module};
        {'DOWN', Ref, process, Pid, _} ->
            erlang:finish_after_on_load(Module, false),
            {error, on_load_failure}
    end.

load_native_partial(_Module, _Binary) -> {error, on_load_failure}.
load_native_sticky(_Module, _Binary, _) -> {error, on_load_failure}.

ensure_modules_loaded(Modules) when is_list(Modules) ->
    errors([{M, R} || M <- lists:usort(Modules), {error, R} <- [ensure_loaded(M)]]).

atomic_load(Modules) ->
    case prepare_loading(Modules) of
        {ok, Prepared} -> finish_loading(Prepared);
        Error -> Error
    end.

prepare_loading(Modules) ->
    Found = [prepare(M) || M <- Modules],
    case [E || {error, E} <- Found] of
        [] -> {ok, {'$prepared$', Found}};
        Errors -> {error, Errors}
    end.

prepare({Module, File, Binary}) -> {Module, File, Binary};
prepare(Module) when is_atom(Module) ->
    case get_object_code(Module) of
        {Module, Binary, File} -> {Module, File, Binary};
        error -> {error, {Module, nofile}}
    end.

finish_loading({'$prepared$', Modules}) ->
    errors([{M, R} || {M, File, Binary} <- Modules, {error, R} <- [load_binary(M, File, Binary)]]).

errors([]) -> ok;
errors(Errors) -> {error, Errors}.

delete(Module) when is_atom(Module) ->
    case not erlang:check_old_code(Module) andalso erlang:delete_module(Module) of
        true -> persistent_term:erase({code, Module}), true;
        _ -> false
    end.

%% Processes that run old code are killed, as the code server's purger does it.
purge(Module) when is_atom(Module) ->
    case erlang:check_old_code(Module) of
        false -> false;
        true ->
            Users = users(Module),
            Refs = [begin exit(P, kill), erlang:monitor(process, P) end || P <- Users],
            lists:foreach(fun(R) -> receive {'DOWN', R, process, _, _} -> ok end end, Refs),
            erts_internal:purge_module(Module, complete),
            Users =/= []
    end.

soft_purge(Module) when is_atom(Module) ->
    case erlang:check_old_code(Module) of
        false -> true;
        true ->
            case users(Module) of
                [] -> erts_internal:purge_module(Module, complete), true;
                _ -> false
            end
    end.

users(Module) -> [P || P <- processes(), P =/= self(), erlang:check_process_code(P, Module)].

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
            case where_is_file(atom_to_list(Module) ++ ".beam") of
                non_existing -> error;
                File ->
                    case erl_prim_loader:get_file(File) of
                        {ok, Binary, _} -> {Module, Binary, File};
                        error -> error
                    end
            end
    end.

get_doc(_Module) -> {error, missing}.
get_doc(_Module, _Options) -> {error, missing}.

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

path() -> persistent_term:get({code, '$path'}, []).
put_path(Path) -> persistent_term:put({code, '$path'}, Path).

get_path() -> path().

set_path(Path) -> set_path(Path, nocache).
set_path(Path, _Cache) when is_list(Path) ->
    case lists:all(fun is_dir_name/1, Path) of
        true -> put_path([to_list(D) || D <- Path]), true;
        false -> {error, bad_path}
    end;
set_path(_, _) -> {error, bad_path}.

add_path(Dir) -> add_pathz(Dir).
add_path(Dir, Cache) -> add_pathz(Dir, Cache).
add_paths(Dirs) -> add_pathsz(Dirs).
add_paths(Dirs, Cache) -> add_pathsz(Dirs, Cache).
add_pathz(Dir, _Cache) -> add_pathz(Dir).
add_patha(Dir, _Cache) -> add_patha(Dir).
add_pathsz(Dirs, _Cache) -> add_pathsz(Dirs).
add_pathsa(Dirs, _Cache) -> add_pathsa(Dirs).

add_pathz(Dir) -> add(Dir, fun(D, Path) -> case lists:member(D, Path) of true -> Path; false -> Path ++ [D] end end).
add_patha(Dir) -> add(Dir, fun(D, Path) -> [D | lists:delete(D, Path)] end).
add_pathsz(Dirs) -> lists:foreach(fun add_pathz/1, Dirs).
add_pathsa(Dirs) -> lists:foreach(fun add_patha/1, lists:reverse(Dirs)).

add(Dir, Insert) ->
    case is_dir_name(Dir) andalso erl_prim_loader:list_dir(to_list(Dir)) of
        {ok, _} -> put_path(Insert(to_list(Dir), path())), true;
        _ -> {error, bad_directory}
    end.

del_path(Dir) ->
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

replace_path(App, Dir) ->
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
where_is_file([], _Name) ->
    non_existing.

rehash() -> ok.
clear_cache() -> ok.
clash() -> ok.
stop() -> exit(noproc).
set_primary_archive(_, _, _, _) -> {error, bad_name}.
stick_dir(_) -> ok.
unstick_dir(_) -> ok.
stick_mod(_) -> true.
unstick_mod(_) -> true.
is_sticky(_) -> false.

%% ---- Names ----------------------------------------------------------------------------------------------------------

is_dir_name(Name) when is_atom(Name) -> true;
is_dir_name(Name) -> is_list(Name) andalso lists:all(fun is_integer/1, Name).

to_list(Name) when is_atom(Name) -> atom_to_list(Name);
to_list(Name) -> Name.

join("", Name) -> Name;
join(Dir, Name) -> Dir ++ "/" ++ Name.

%% The parts between slashes, empty ones left out.
split(Name) -> split(Name, [], []).

split([$/ | Rest], [], Parts) -> split(Rest, [], Parts);
split([$/ | Rest], Part, Parts) -> split(Rest, [], [lists:reverse(Part) | Parts]);
split([C | Rest], Part, Parts) -> split(Rest, [C | Part], Parts);
split([], [], Parts) -> lists:reverse(Parts);
split([], Part, Parts) -> lists:reverse([lists:reverse(Part) | Parts]).
