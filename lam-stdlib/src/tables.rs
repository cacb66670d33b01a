//! The tables of `lib.rs`: what the machine calls by name, which servers sleep at boot level `none`, which services
//! ask for level `kernel`.
//!
//! Facts of OTP 25.2; an entry that the linked OTP does not have is passed over. A BIF that traps to Erlang code names its
//! target in its own row, not here.

use crate::{Dormant, Mfa, Rebound, Root, Server, Service};

macro_rules! roots {
    ($($why:literal => [$(($m:literal, $f:literal, $a:literal)),* $(,)?]),* $(,)?) => {
        &[$($(Root { mfa: ($m, $f, $a), why: $why }),*),*]
    };
}

/// Kept in every image.
pub const ROOTS: &[Root] = roots! {
    "the first process runs it" => [("lam_boot", "start", 5)],
    "spawned, hibernated or called by name from our modules" => [
        ("lam_boot", "load_and_main", 5), ("lam_boot", "main", 5), ("lam_user", "server", 3),
        ("lam_logger", "start", 0), ("lam_logger", "flush", 0), ("lam_logger", "server", 1), ("lam_logger", "wake", 1),
        ("lam_logger", "handler", 0), ("lam_logger", "wake_handler", 1), ("lam_logger", "enter_loop", 3),
    ],
    "`init:get_argument(home)` and arguments of `main/1`" => [("init", "to_charlist", 1)],
    "called for a function or fun that is not there" => [
        ("error_handler", "undefined_function", 3), ("error_handler", "undefined_lambda", 3),
    ],
    "the report of the main process" => [("erl_error", "format_exception", 3)],
    "`erl_error` and loggers explain a BIF's failure through the module that `error_info` names" => [
        ("erl_erts_errors", "format_error", 2), ("erl_kernel_errors", "format_error", 2),
        ("erl_stdlib_errors", "format_error", 2), ("erl_erts_errors", "format_bs_fail", 2),
    ],
    "the read of a setting by reports of OTP; its table is made at boot" => [("application_controller", "get_env", 2)],
    "the process `logger`: `{log, …}` of the machine" => [("logger_server", "handle_info", 2)],
    "the handler `default`, called through its configuration" => [
        ("logger_std_h", "log", 2), ("logger_std_h", "init", 2), ("logger_std_h", "filesync", 3), ("logger_std_h", "write", 4),
        ("logger_std_h", "handle_info", 3), ("logger_formatter", "format", 2),
        ("logger_filters", "remote_gl", 2), ("logger_filters", "domain", 2),
    ],
    "the process of that handler" => [
        ("logger_olp", "init", 1), ("logger_olp", "handle_call", 3), ("logger_olp", "handle_cast", 2),
        ("logger_olp", "handle_info", 2),
        ("logger_h_common", "init", 1), ("logger_h_common", "handle_load", 2), ("logger_h_common", "handle_call", 3),
        ("logger_h_common", "handle_info", 2), ("logger_h_common", "notify", 2),
    ],
};

/// Kept at boot levels `kernel` and `app`.
pub const KERNEL_ROOTS: &[Root] = roots! {
    "the first process runs it" => [("lam_kernel", "start", 5)],
    "spawned by it" => [("lam_kernel", "boot", 1)],
    "the loop of `logger_olp`, which is rebound" => [("gen_server", "enter_loop", 3), ("gen_server", "enter_loop", 4)],
    "`code_server` of kernel's tree" => [("code", "start_link", 0), ("code", "server", 0)],
};

/// Modules whose exports kernel's start calls by names that stand in data: `.app` files, configuration, messages.
pub const KERNEL_MODULES: &[&str] = &[
    "kernel",
    "application_starter",
    "user_sup",
    "standard_error",
    "logger_std_h",
    "logger_simple_h",
    "logger_h_common",
    "logger_olp",
    "logger_proxy",
    "logger_handler_watcher",
    "logger_formatter",
    "logger_filters",
];

/// Every request for another configuration goes through it.
const CONFIGURES: &[Mfa] = &[("logger_server", "call", 1)];
/// Who hands the logger events that no part of OTP made.
const LOGS: &[Mfa] = &[
    ("logger_server", "call", 1),
    ("logger", "macro_log", 3),
    ("logger", "macro_log", 4),
    ("logger", "macro_log", 5),
    ("logger", "log_allowed", 4),
    ("logger", "do_log", 3),
    ("error_logger", "notify", 1),
];

/// What reports of the machine reach and never run.
pub const DORMANT: &[Dormant] = &[
    Dormant {
        why: "the handler `default` writes to standard output, and is neither stopped nor overloaded, unless somebody configures it",
        woken_by: CONFIGURES,
        functions: &[
            ("file", "*"),
            ("filelib", "*"),
            ("filename", "*"),
            ("timer", "*"),
            ("zlib", "*"),
            ("logger", "add_handler"),
            ("logger", "remove_handler"),
            ("logger_h_common", "terminate"),
            ("logger_olp", "terminate"),
            ("logger_server", "handle_call"),
            ("logger_server", "remove_filter"),
            ("logger_server", "remove_handler"),
            ("logger_std_h", "check_config"),
            ("logger_std_h", "close_log_file"),
            ("logger_std_h", "ensure_open"),
            ("logger_std_h", "maybe_notify_error"),
            ("logger_std_h", "maybe_rotate_file"),
            ("logger_std_h", "open_log_file"),
            ("logger_std_h", "rotate_file"),
            ("logger_std_h", "update_rotation"),
        ],
    },
    Dormant {
        why: "the template that the handler `default` has shows no time in RFC 3339 and breaks lines; only an event that makes the formatter \
              crash is shown by another",
        woken_by: LOGS,
        functions: &[("calendar", "system_time_to_rfc3339"), ("logger_formatter", "format_time"), ("re", "*")],
    },
];

/// Calls in OTP's modules that go to ours.
pub const REBOUND: &[Rebound] = &[
    Rebound {
        module: "logger_formatter",
        call: ("string", "uppercase", 1),
        to: ("lam_logger", "uppercase"),
        why: "names of levels are ASCII; the tables of Unicode's cases would take 130 KB of each program",
    },
    Rebound {
        module: "logger_olp",
        call: ("gen_server", "enter_loop", 3),
        to: ("lam_logger", "enter_loop"),
        why: "a handler that nobody configures needs none of `gen_server`",
    },
    Rebound {
        module: "inet_config",
        call: ("inet_udp", "open", 2),
        to: ("lam_kernel", "udp_open"),
        why: "kernel's start asks a socket for the host's name; there are no sockets yet",
    },
    Rebound { module: "inet_config", call: ("inet", "gethostname", 1), to: ("lam_kernel", "hostname"), why: "as above" },
    Rebound { module: "inet_config", call: ("inet_udp", "close", 1), to: ("lam_kernel", "udp_close"), why: "as above" },
    Rebound {
        module: "inet_config",
        call: ("inet", "gethostbyname", 1),
        to: ("lam_kernel", "no_host"),
        why: "kernel's start looks for the host's domain by a port program",
    },
    Rebound {
        module: "inet",
        call: ("prim_inet", "gethostname", 1),
        to: ("lam_kernel", "hostname"),
        why: "`inet:gethostname/0` opens a socket for it",
    },
    Rebound { module: "inet", call: ("inet_udp", "open", 2), to: ("lam_kernel", "udp_open"), why: "as above" },
    Rebound { module: "inet", call: ("inet_udp", "close", 1), to: ("lam_kernel", "udp_close"), why: "as above" },
];

/// Started by their first message (`lam_boot:asleep`), or needed by what their callers ask for.
pub const SERVERS: &[Server] = &[
    Server {
        name: "logger",
        callers: CONFIGURES,
        keep: &[
            ("gen_server", "enter_loop", 3),
            ("gen_server", "enter_loop", 4),
            ("logger_server", "handle_call", 3),
            ("logger_server", "handle_cast", 2),
            ("logger_server", "terminate", 2),
            ("logger_std_h", "filter_config", 1),
            ("logger_std_h", "removing_handler", 1),
            ("logger_std_h", "changing_config", 3),
            ("logger_std_h", "check_config", 4),
            ("logger_std_h", "config_changed", 3),
            ("logger_std_h", "reset_state", 2),
            ("logger_std_h", "terminate", 3),
            ("logger_formatter", "check_config", 1),
            ("logger_olp", "terminate", 2),
            ("logger_h_common", "terminate", 2),
            ("logger_h_common", "reset_state", 1),
        ],
    },
    Server {
        name: "file_server_2",
        callers: &[("file", "call", 2), ("file", "check_and_call", 2)],
        keep: &[
            ("lam_boot", "sleep", 3),
            ("lam_boot", "wake", 3),
            ("file_server", "init", 1),
            ("file_server", "handle_call", 3),
            ("file_server", "handle_cast", 2),
            ("file_server", "handle_info", 2),
            ("file_server", "terminate", 2),
        ],
    },
    Server {
        name: "application_controller",
        callers: &[
            ("application", "start", 2),
            ("application", "start_boot", 2),
            ("application", "stop", 1),
            ("application", "load", 2),
            ("application", "unload", 1),
            ("application", "set_env", 2),
            ("application", "set_env", 4),
            ("application", "unset_env", 3),
            ("application", "which_applications", 0),
            ("application", "which_applications", 1),
            ("application", "permit", 2),
        ],
        keep: &[
            ("application_controller", "start", 1),
            ("application_controller", "handle_call", 3),
            ("application_controller", "handle_cast", 2),
            ("application_controller", "handle_info", 2),
            ("application_controller", "terminate", 2),
            ("application_controller", "code_change", 3),
            ("application", "load", 1),
            ("application", "start_boot", 2),
            ("lam_boot", "start", 2),
            ("lam_boot", "controller", 0),
            ("lam_boot", "idle", 0),
            ("ets", "tab2list", 1),
        ],
    },
    Server {
        name: "timer_server",
        callers: &[("timer", "req", 2), ("timer", "maybe_req", 2)],
        keep: &[
            ("lam_boot", "sleep", 3),
            ("lam_boot", "wake", 3),
            ("timer", "init", 1),
            ("timer", "handle_call", 3),
            ("timer", "handle_cast", 2),
            ("timer", "handle_info", 2),
            ("timer", "terminate", 2),
            ("timer", "send", 2),
        ],
    },
    Server {
        name: "logger_sup",
        callers: &[("logger_h_common", "start", 2), ("error_logger", "start", 0)],
        keep: &[
            ("lam_boot", "sleep", 3),
            ("lam_boot", "wake", 3),
            ("logger_sup", "init", 1),
            ("supervisor", "init", 1),
            ("supervisor", "handle_call", 3),
            ("supervisor", "handle_cast", 2),
            ("supervisor", "handle_info", 2),
            ("supervisor", "terminate", 2),
            ("logger_handler_watcher", "start_link", 0),
            ("logger_handler_watcher", "init", 1),
            ("logger_handler_watcher", "handle_call", 3),
            ("logger_handler_watcher", "handle_cast", 2),
            ("logger_handler_watcher", "handle_info", 2),
            ("logger_handler_watcher", "terminate", 2),
            ("logger_proxy", "start_link", 0),
            ("logger_proxy", "init", 1),
            ("logger_proxy", "handle_load", 2),
            ("logger_proxy", "handle_info", 2),
            ("logger_proxy", "terminate", 2),
            ("logger_proxy", "notify", 2),
        ],
    },
    Server {
        name: "kernel_safe_sup",
        callers: &[("disk_log_server", "ensure_started", 0), ("dets_server", "ensure_started", 0)],
        keep: &[
            ("lam_boot", "sleep", 3),
            ("lam_boot", "wake", 3),
            ("kernel", "init", 1),
            ("supervisor", "init", 1),
            ("supervisor", "handle_call", 3),
            ("supervisor", "handle_cast", 2),
            ("supervisor", "handle_info", 2),
            ("supervisor", "terminate", 2),
            ("disk_log_sup", "start_link", 0),
            ("disk_log_sup", "init", 1),
            ("disk_log_server", "start_link", 0),
            ("disk_log_server", "init", 1),
            ("disk_log_server", "handle_call", 3),
            ("disk_log_server", "handle_cast", 2),
            ("disk_log_server", "handle_info", 2),
            ("disk_log_server", "terminate", 2),
            ("disk_log", "istart_link", 1),
            ("dets_sup", "start_link", 0),
            ("dets_sup", "init", 1),
            ("dets_server", "start_link", 0),
            ("dets_server", "init", 1),
            ("dets_server", "handle_call", 3),
            ("dets_server", "handle_cast", 2),
            ("dets_server", "handle_info", 2),
            ("dets_server", "terminate", 2),
            ("dets", "istart_link", 1),
        ],
    },
    Server {
        name: "kernel_sup",
        callers: &[("timer", "do_start", 0)],
        keep: &[
            ("lam_boot", "sleep", 3),
            ("lam_boot", "wake", 3),
            ("lam_boot", "init", 1),
            ("lam_boot", "adopt", 2),
            ("supervisor", "init", 1),
            ("supervisor", "handle_call", 3),
            ("supervisor", "handle_cast", 2),
            ("supervisor", "handle_info", 2),
            ("supervisor", "terminate", 2),
        ],
    },
    Server {
        name: "global_name_server",
        callers: &[
            ("global", "register_name", 3),
            ("global", "unregister_name", 1),
            ("global", "re_register_name", 3),
            ("global", "register_name_external", 3),
            ("global", "set_lock", 3),
            ("global", "del_lock", 2),
            ("global", "trans", 4),
            ("global", "sync", 0),
        ],
        keep: &[
            ("lam_boot", "global", 0),
            ("global", "init", 1),
            ("global", "handle_call", 3),
            ("global", "handle_cast", 2),
            ("global", "handle_info", 2),
            ("global", "terminate", 2),
        ],
    },
];

/// Level `kernel` when given code reaches one of these. What works without a server (`inet:ntoa/1`, `code:purge/1`) or is served at
/// every level (`global`) is not here.
pub const SERVICES: &[Service] = &[
    Service { server: "code_server", is_there: true, functions: &[("code_server", "*")] },
    Service { server: "kernel_refc", is_there: true, functions: &[("kernel_refc", "*")] },
    Service { server: "rex", is_there: true, functions: &[("rpc", "*")] },
    Service { server: "global_group", is_there: true, functions: &[("global_group", "*")] },
    Service { server: "erl_signal_server", is_there: true, functions: &[("os", "set_signal"), ("erl_signal_handler", "*")] },
    Service {
        server: "inet_db",
        is_there: true,
        functions: &[("inet_db", "*"), ("inet", "gethostname"), ("inet", "get_rc"), ("net_adm", "localhost")],
    },
    Service {
        server: "tcp_inet",
        is_there: false,
        functions: &[
            ("inet", "getaddr"),
            ("inet", "getaddrs"),
            ("inet", "gethostbyname"),
            ("inet", "gethostbyaddr"),
            ("inet", "getifaddrs"),
            ("inet_res", "*"),
            ("gen_tcp", "*"),
            ("gen_udp", "*"),
            ("gen_sctp", "*"),
            ("socket", "*"),
            ("net", "*"),
        ],
    },
    Service {
        server: "net_kernel",
        is_there: false,
        functions: &[("net_kernel", "*"), ("erl_distribution", "*"), ("auth", "*"), ("net_adm", "*")],
    },
    Service { server: "user_drv", is_there: false, functions: &[("shell", "*"), ("user_drv", "*"), ("group", "*")] },
    Service { server: "heart", is_there: false, functions: &[("heart", "*")] },
];
