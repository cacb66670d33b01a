//! Functions of OTP that call what their arguments name: the table of known dynamic sites (facts of OTP 25 to 29).

/// How a function uses its arguments (positions from 0).
#[derive(Debug, Clone, Copy)]
pub enum Site {
    /// Module, function, list of arguments.
    Apply(usize, usize, usize),
    /// Module, function, arity.
    Fun(usize, usize, usize),
    /// A module whose functions of these names and arities are called.
    Callbacks(usize, &'static [(&'static str, u8)]),
    /// A module any of whose exports may be called.
    Whole(usize),
}

use Site::{Apply, Callbacks, Fun, Whole};

const SERVER: &[(&str, u8)] = &[
    ("init", 1),
    ("handle_call", 3),
    ("handle_cast", 2),
    ("handle_info", 2),
    ("handle_continue", 2),
    ("terminate", 2),
    ("code_change", 3),
    ("format_status", 1),
    ("format_status", 2),
];
const EVENT: &[(&str, u8)] = &[
    ("init", 1),
    ("handle_event", 2),
    ("handle_call", 2),
    ("handle_info", 2),
    ("terminate", 2),
    ("code_change", 3),
    ("format_status", 1),
    ("format_status", 2),
];
const SUPERVISOR: &[(&str, u8)] = &[("init", 1)];
const BRIDGE: &[(&str, u8)] = &[("init", 1), ("terminate", 2)];
const GENERIC: &[(&str, u8)] = &[("init_it", 6), ("init_it", 7)];
const SYSTEM: &[(&str, u8)] = &[
    ("system_continue", 3),
    ("system_terminate", 4),
    ("system_code_change", 4),
    ("system_get_state", 1),
    ("system_replace_state", 2),
    ("format_status", 2),
];
const HANDLER: &[(&str, u8)] =
    &[("log", 2), ("adding_handler", 1), ("changing_config", 3), ("removing_handler", 1), ("filter_config", 1)];
const PUBLISHER: &[(&str, u8)] = &[
    ("version", 0),
    ("init_global_view", 2),
    ("init_local_data", 1),
    ("new_subscription", 2),
    ("data_diff", 2),
    ("update_global_view_and_notify", 4),
    ("update_local_data", 2),
    ("translate_message", 2),
    ("translate_update", 3),
    ("translate_local_data", 3),
    ("stop_global_view", 1),
];
const OVERLOAD: &[(&str, u8)] = &[
    ("init", 1),
    ("handle_load", 2),
    ("handle_call", 3),
    ("handle_cast", 2),
    ("handle_info", 2),
    ("terminate", 2),
    ("reset_state", 1),
    ("notify", 2),
];

/// What a call of the function calls in turn.
pub fn site(module: &str, function: &str, arity: usize) -> Option<Site> {
    Some(match (module, function, arity) {
        ("erlang", "apply" | "spawn" | "spawn_link" | "spawn_monitor" | "spawn_request" | "hibernate", 3) => Apply(0, 1, 2),
        ("erlang", "spawn_opt" | "spawn_request", 4) => Apply(0, 1, 2),
        ("erlang", "spawn" | "spawn_link" | "spawn_monitor", 4) => Apply(1, 2, 3),
        ("erlang", "spawn_opt" | "spawn_request", 5) => Apply(1, 2, 3),
        ("erlang", "make_fun", 3) => Fun(0, 1, 2),
        ("proc_lib", "spawn" | "spawn_link" | "hibernate", 3) => Apply(0, 1, 2),
        ("proc_lib", "start" | "start_link" | "start_monitor", 3..=5) => Apply(0, 1, 2),
        ("proc_lib", "spawn_opt", 4) => Apply(0, 1, 2),
        ("proc_lib", "spawn" | "spawn_link", 4) | ("proc_lib", "spawn_opt", 5) => Apply(1, 2, 3),
        ("timer", "apply_after" | "apply_interval" | "apply_repeatedly", 4) => Apply(1, 2, 3),
        ("timer", "tc", 3 | 4) => Apply(0, 1, 2),
        ("rpc", "call" | "block_call" | "multicall", 4 | 5) => Apply(1, 2, 3),
        ("rpc", "cast" | "async_call" | "eval_everywhere", 4) => Apply(1, 2, 3),
        ("rpc", "multicall" | "eval_everywhere", 3) => Apply(0, 1, 2),
        ("erpc", "call" | "multicall", 4 | 5) | ("erpc", "cast" | "multicast" | "send_request", 4) => Apply(1, 2, 3),
        ("gen", "start", 5 | 6) => Callbacks(0, GENERIC),
        ("gen_server", "start" | "start_link" | "start_monitor", 3) => Callbacks(0, SERVER),
        ("gen_server", "start" | "start_link" | "start_monitor", 4) => Callbacks(1, SERVER),
        ("gen_server", "enter_loop", 3..=5) => Callbacks(0, SERVER),
        ("gen_statem" | "gen_fsm", "start" | "start_link" | "start_monitor", 3) => Whole(0),
        ("gen_statem" | "gen_fsm", "start" | "start_link" | "start_monitor", 4) => Whole(1),
        ("gen_statem" | "gen_fsm", "enter_loop", 4..=6) => Whole(0),
        ("gen_event", "add_handler" | "add_sup_handler", 3) => Callbacks(1, EVENT),
        ("supervisor", "start_link", 2) => Callbacks(0, SUPERVISOR),
        ("supervisor", "start_link", 3) => Callbacks(1, SUPERVISOR),
        ("supervisor_bridge", "start_link", 2) => Callbacks(0, BRIDGE),
        ("supervisor_bridge", "start_link", 3) => Callbacks(1, BRIDGE),
        ("sys", "handle_system_msg", 6 | 7) => Callbacks(3, SYSTEM),
        ("data_publisher", "start" | "start_link", 2 | 3) => Callbacks(1, PUBLISHER),
        ("logger", "add_handler", 3) => Callbacks(1, HANDLER),
        ("logger_olp", "start_link", 4) => Callbacks(1, OVERLOAD),
        _ => return None,
    })
}

/// Modules whose call from a given function means code that nobody saw when building.
pub fn runs_unseen_code(module: &str, function: &str) -> bool {
    match module {
        "code" => function.starts_with("load_"),
        "erl_eval" | "compile" => true,
        _ => false,
    }
}

/// A module that library code calls through a name it was handed: kept with what is called so (`Module:read(…)`), once `made_by` is kept.
pub struct Implementation {
    pub module: &'static str,
    pub made_by: (&'static str, &'static str, u8),
}

/// Files of every kind, as `file` calls them.
pub const IMPLEMENTATIONS: &[Implementation] = &[
    Implementation { module: "prim_file", made_by: ("prim_file", "open", 2) },
    Implementation { module: "prim_file", made_by: ("prim_file", "file_desc_to_ref", 2) },
    // Who reads terms may be asked what was wrong with them: `{Line, Module, What}`.
    Implementation { module: "erl_parse", made_by: ("erl_parse", "parse_term", 1) },
    Implementation { module: "erl_parse", made_by: ("erl_parse", "parse_exprs", 1) },
    Implementation { module: "erl_parse", made_by: ("erl_parse", "parse_form", 1) },
    Implementation { module: "erl_scan", made_by: ("erl_scan", "tokens", 3) },
    Implementation { module: "erl_scan", made_by: ("erl_scan", "string", 3) },
    Implementation { module: "epp", made_by: ("epp", "open", 1) },
    Implementation { module: "erl_lint", made_by: ("erl_lint", "module", 3) },
    Implementation { module: "ram_file", made_by: ("ram_file", "open", 2) },
    Implementation { module: "raw_file_io_compressed", made_by: ("raw_file_io", "open", 2) },
    Implementation { module: "raw_file_io_deflate", made_by: ("raw_file_io", "open", 2) },
    Implementation { module: "raw_file_io_delayed", made_by: ("raw_file_io", "open", 2) },
    Implementation { module: "raw_file_io_inflate", made_by: ("raw_file_io", "open", 2) },
    Implementation { module: "raw_file_io_list", made_by: ("raw_file_io", "open", 2) },
];

/// Module, function, arity.
type Mfa = (&'static str, &'static str, u8);

/// BIFs that go on in Erlang code: the BIF, and where.
const TRAPS: &[(Mfa, Mfa)] = &[
    (("ets", "info", 2), ("erts_internal", "ets_info_binary", 1)),
    (("re", "compile", 2), ("re", "ucompile", 2)),
    (("re", "run", 3), ("re", "grun", 3)),
    (("re", "run", 3), ("re", "urun", 3)),
    (("re", "run", 2), ("re", "urun", 3)),
    (("re", "internal_run", 4), ("re", "urun", 3)),
    (("unicode", "characters_to_binary", 2), ("unicode", "characters_to_binary_int", 2)),
    (("unicode", "characters_to_list", 2), ("unicode", "characters_to_list_int", 2)),
];

/// The functions in which a BIF may go on.
pub fn traps(module: &str, function: &str, arity: u8) -> impl Iterator<Item = Mfa> {
    TRAPS.iter().filter(move |row| row.0 == (module, function, arity)).map(|row| row.1)
}
