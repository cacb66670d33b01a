//! `lam why`: the shortest path from the entry to what is kept, and what decides the boot level.

#![forbid(unsafe_code)]

mod common;

use common::{Scratch, stderr, stdout};

/// A folder with programs of `link/` in it.
fn scratch(name: &str, programs: &[&str]) -> Scratch {
    let files: Vec<String> = programs.iter().map(|program| format!("lam-cli/tests/link/{program}.beam")).collect();
    Scratch::with(&format!("why-{name}"), &files.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What is printed; the command must end well.
fn why(scratch: &Scratch, args: &[&str]) -> String {
    let output = scratch.lam(&[&["why"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    assert_eq!(stderr(&output), "");
    stdout(&output)
}

#[test]
fn each_step_stands_on_a_line() {
    let scratch = scratch("steps", &["serves"]);
    let text = why(&scratch, &["gb_sets:size/1", "serves.beam"]);
    let expected = "serves:main/0, the entry point\n  calls serves:open/0\n  names as a callback serves:handle_call/3\n  calls gb_sets:size/1\n";
    assert_eq!(text, expected);
    assert!(why(&scratch, &["gb_sets:from_list", "serves.beam"]).ends_with("serves:init/1\n  calls gb_sets:from_list/1\n"));
    // Not called from the entry: the given module stays whole.
    let text = why(&scratch, &["queue:reverse/1", "serves.beam"]);
    assert_eq!(text, "serves:idle/0, in a given module, which stays whole\n  calls queue:reverse/1\n");
    assert_eq!(why(&scratch, &["serves", "serves.beam"]), "serves:main/0, the entry point\n");
    let text = why(&scratch, &["error_handler:undefined_function/3", "serves.beam"]);
    assert!(text.starts_with("error_handler:undefined_function/3, the machine's own: called for a function"), "{text}");
}

#[test]
fn applies_names_and_keeps_are_steps() {
    let scratch = scratch("sites", &["known", "unknown", "direct"]);
    assert_eq!(why(&scratch, &["queue:new/0", "known.beam"]), "known:main/0, the entry point\n  applies queue:new/0\n");
    assert_eq!(why(&scratch, &["gb_sets:empty/0", "known.beam"]), "known:main/0, the entry point\n  names gb_sets:empty/0\n");
    let text = why(&scratch, &["gb_trees:balance/1", "unknown.beam"]);
    assert!(text.ends_with("given code names the module of gb_trees:balance/1\n"), "{text}");
    let text = why(&scratch, &["dict:fold/3", "known.beam", "--keep", "dict"]);
    assert_eq!(text, "dict:fold/3, kept by --keep\n");
    // The machine's own functions, and those of nobody.
    let text = why(&scratch, &["erlang:spawn_monitor/3", "known.beam"]);
    assert!(text.starts_with("known:main/0, the entry point\n  calls erlang:spawn_monitor/3"), "{text}");
    let text = why(&scratch, &["nobody:there/1", "direct.beam"]);
    assert_eq!(text, "direct:main/0, the entry point\n  calls nobody:there/1, which nobody has\n");
}

#[test]
fn what_is_not_kept_ends_with_1() {
    let scratch = scratch("none", &["direct"]);
    for (wanted, words) in [
        ("lists:zip3/3", "`lists:zip3/3` is not kept: nothing that is kept asks for it\n\nhint: --keep lists:zip3/3 keeps it"),
        ("lists:zip3/9", "`lists` has no such function"),
        ("nowhere", "there is no module `nowhere`"),
    ] {
        let output = scratch.lam(&["why", wanted, "direct.beam"]);
        assert_eq!(output.status.code(), Some(1), "{wanted}");
        assert_eq!(stdout(&output), "");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    for wrong in [&["why", "lists:map/x", "direct.beam"][..], &["why", "lists:map/2"], &["why"]] {
        assert_eq!(scratch.lam(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn the_boot_level_says_why() {
    let scratch = scratch("boot", &["direct", "listens"]);
    let text = why(&scratch, &["--boot", "direct.beam"]);
    assert!(text.starts_with("boot level none: nothing that the program calls"), "{text}");
    let text = why(&scratch, &["--boot", "listens.beam"]);
    assert!(text.contains("`tcp_inet`") && text.contains("  listens:listen/1\n    calls gen_tcp:listen\n"), "{text}");
}

#[test]
fn the_boot_level_rises_by_itself() {
    let files =
        ["bifs/system", "hello/hello", "behaviours/server", "behaviours/trees"].map(|name| format!("fixtures/{name}.beam"));
    let scratch = Scratch::with("why-rises", &files.each_ref().map(String::as_str));
    let first = |args: &[&str]| why(&scratch, &[&["--boot"], args].concat()).lines().next().unwrap_or_default().to_string();
    let text = first(&["system.beam"]);
    assert!(text.contains("`os:set_signal` (by way of system:") && text.contains("asks kernel's `erl_signal_server`"), "{text}");
    for quiet in ["hello.beam", "server.beam", "trees.beam"] {
        assert!(first(&[quiet]).starts_with("boot level none: nothing"), "{quiet}");
    }
    scratch.file("shop.config", b"[{shop, [{logger_level, debug}]}, {kernel, []}].");
    assert!(first(&["hello.beam", "--config", "shop.config"]).starts_with("boot level none"));
    scratch.file("kernel.config", b"[{kernel, [{logger_level, debug}]}].");
    let text = first(&["hello.beam", "--config", "kernel.config"]);
    assert_eq!(text, "boot level kernel: the configuration sets `logger_level` of `kernel`");
    scratch.file("vm.args", b"+P 2048\n-kernel logger_level debug\n");
    let text = first(&["hello.beam", "--vm-args", "vm.args"]);
    assert_eq!(text, "boot level kernel: the emulator flag `-kernel logger_level debug` is given");
}
