%% `erl_prim_loader` without its process: the file functions that other modules of OTP call, straight on `prim_file`.
%% Replaces OTP's module, which loads the boot files of an emulator and looks into code archives; an image has neither.
-module(erl_prim_loader).

-export([start/0, set_path/1, get_path/0, get_file/1, read_file/1, list_dir/1, read_file_info/1, read_link_info/1,
         get_cwd/0, get_cwd/1, prim_init/0, prim_get_file/2, prim_read_file/2, prim_list_dir/2, prim_read_file_info/3, prim_get_cwd/2,
         set_primary_archive/4, purge_archive_cache/0, get_modules/2, get_modules/3, is_basename/1]).

-include_lib("kernel/include/file.hrl").

start() -> {error, {lam_unsupported, {?MODULE, start, 0}}}.

%% As in OTP it is a path of its own, which begins as that of `code`.
set_path(Path) when is_list(Path) -> persistent_term:put({?MODULE, path}, Path).
get_path() ->
    case persistent_term:get({?MODULE, path}, undefined) of
        undefined -> {ok, code:get_path()};
        Path -> {ok, Path}
    end.

get_file(File) ->
    case prim_file:read_file(File) of
        {ok, Binary} -> {ok, Binary, File};
        {error, _} ->
            case embedded(File) of
                {ok, Binary} -> {ok, Binary, File};
                error -> error
            end
    end.

%% As OTP 26 and later ask.
read_file(File) ->
    case get_file(File) of
        {ok, Binary, _} -> {ok, Binary};
        error -> error
    end.

%% Files of the build that kernel reads: its configuration, and `.app` files.
embedded(File) when is_list(File) ->
    case [Text || {Name, Text, _} <- configuration(), Name =:= File] of
        [Text | _] -> {ok, Text};
        [] -> code:embedded_file(File)
    end;
embedded(_) -> error.

configuration() ->
    case lam_host:info(config) of
        undefined -> [];
        Files -> Files
    end.

list_dir(Dir) -> ok_or_error(prim_file:list_dir(Dir)).
%% Of an embedded file only its size is known.
read_file_info(File) ->
    case prim_file:read_file_info(File) of
        {ok, _} = Info -> Info;
        {error, _} ->
            case embedded(File) of
                {ok, Text} -> {ok, #file_info{size = byte_size(Text), type = regular, access = read}};
                error -> error
            end
    end.
read_link_info(File) -> ok_or_error(prim_file:read_link_info(File)).
get_cwd() -> ok_or_error(prim_file:get_cwd()).
get_cwd(Drive) -> ok_or_error(prim_file:get_cwd(Drive)).

ok_or_error({ok, _} = Ok) -> Ok;
ok_or_error({error, _}) -> error.

%% The forms with a state, which callers only hand on.
prim_init() -> undefined.
prim_get_file(State, File) -> {get_file(File), State}.
prim_read_file(State, File) -> {read_file(File), State}.
prim_list_dir(State, Dir) -> {list_dir(Dir), State}.
prim_get_cwd(State, []) -> {get_cwd(), State};
prim_get_cwd(State, [Drive]) -> {get_cwd(Drive), State}.
prim_read_file_info(State, File, true) -> {read_link_info(File), State};
prim_read_file_info(State, File, false) -> {read_file_info(File), State}.

set_primary_archive(_, _, _, _) -> {error, bad_name}.
purge_archive_cache() -> ok.
get_modules(_Modules, _Process) -> {error, noparallel}.
get_modules(_Modules, _Process, _Path) -> {error, noparallel}.

is_basename(Name) -> not lists:member($/, Name).
