%% The natives that our Erlang modules ask of the machine. Each function below is a stub that the machine replaces by a
%% BIF of the same name when the module is loaded; a stub that is left raises `undef`.
%%
%% None of them waits: what has to wait answers with a reference, and the data comes as a message.
-module(lam_host).

-export([write/2, read/1, window_size/1, info/1]).

%% Hands bytes to the standard output (1) or the standard error (2). The machine buffers them as design.md §8 says
%% (flushed before a scheduler waits, before stdin is read, before exit, after 10 ms; by line on a terminal).
%% `Data` is iodata, already in its final bytes. A closed pipe: the machine may end the program quietly itself, or
%% answer `{error, epipe}`; then the caller ends it.
%% Errors: `badarg` when Fd is neither 1 nor 2 or Data is no iodata (Fd is blamed first).
%% Cost: one reduction for 1024 bytes. Kind: dirty_io (a full pipe may make the caller wait).
-spec write(1 | 2, iodata()) -> ok | {error, atom()}.
write(_Fd, _Data) -> erlang:nif_error(undef).

%% Reads at most Max bytes (1 or more) of the standard input. Answers at once with data, `eof` or an error when that needs
%% no waiting (a regular file, a pipe that holds bytes); else with a reference, and the same answer comes later to the
%% calling process as `{lam_stdin, Ref, {ok, Binary} | eof | {error, Posix}}`, exactly once. Never gives an empty binary.
%% Only one read is under way at a time (the process `user` asks). On the web: lines that the page supplies, or `eof`.
%% Errors: `badarg` when Max is not a small integer above 0.
-spec read(Max :: pos_integer()) -> {ok, binary()} | eof | {error, atom()} | reference().
read(_Max) -> erlang:nif_error(undef).

%% Size of the terminal behind Fd (0, 1 or 2); `error` when it is none, or has no size.
-spec window_size(0 | 1 | 2) -> {Columns :: pos_integer(), Rows :: pos_integer()} | error.
window_size(_Fd) -> erlang:nif_error(undef).

%% What the image and the host say about this program; `undefined` for what they do not say, and for any other Item.
%%
%%   arguments          [binary()]     the program's arguments, raw bytes
%%   flags              [{atom(), [string()]}]  emulator flags given when building, as `init:get_arguments/0` shows them
%%   app_env            [{App, [{Key, Value}]}] environment of `.app` files, merged with the embedded config
%%   applications       {[{application, Name, Keys}], [Name]}  what is loaded at boot level `kernel` or `app` (kernel and stdlib
%%                                     first), and what is started of it, in order
%%   {app_file, Name}   binary()       text of an `.app` file that the image holds; Name is a string, `"shop.app"`
%%   config             [{Name :: string(), binary(), boolean()}]  configuration files given when building; true for those
%%                                     named there, false for those that they name
%%   shell              true           where the program is OTP's shell
%%   hostname           binary()       what the host calls itself
%%   root_dir           string()       what `code:root_dir/0` answers
%%   {lib_dir, App}     string()       folder of an embedded application: its `priv` lies below
%%   {file, Module}     string()       what `code:which/1` answers for a module of the image
%%   {object, Module}   binary()       the module's `.beam`, where the image keeps it
%%   modules            [module()]     every module of the image, loaded or not
%%   on_load            [module()]     those of them with an `on_load` function
-spec info(Item :: term()) -> term() | undefined.
info(_Item) -> erlang:nif_error(undef).
