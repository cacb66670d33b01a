//! What the linker keeps, leaves out and misses, seen through `lam build` and `lam inspect`.
//!
//! Programs are in `link/`, compiled by OTP 25. Nothing is run but where a test says so.

#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::process::Command;

use common::{Scratch, repository, stderr, stdout};

/// A folder with one program in it.
fn scratch(name: &str, program: &str) -> Scratch {
    let own = format!("lam-cli/tests/link/{program}.beam");
    let file = if repository(&own).exists() { own } else { format!("fixtures/{program}/{program}.beam") };
    Scratch::with(&format!("link-{name}"), &[&file])
}

fn inspect(scratch: &Scratch, args: &[&str]) -> String {
    let output = scratch.lam(&[&["inspect"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
    stdout(&output)
}

fn has_function(scratch: &Scratch, program: &str, function: &str) -> bool {
    scratch.lam(&["inspect", program, "--function", function]).status.success()
}

/// The bytes that `inspect` gives for its line.
fn number(text: &str, line: &str) -> u64 {
    let found = text.lines().find_map(|row| row.strip_prefix(line)).unwrap_or_else(|| panic!("no `{line}` in:\n{text}"));
    found.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn hello_is_small_sound_and_lacks_nothing() {
    let scratch = scratch("hello", "hello");
    let Some(text) = scratch.build(&["hello.beam", "-o", "out"]) else { return };
    assert!(!text.contains("warning"), "{text}");
    let shown = inspect(&scratch, &["out", "--verify"]);
    assert!(shown.contains("verified"), "{shown}");
    assert!(number(&shown, "image ") <= 1_200_000, "{shown}");
    assert!(shown.contains("entry hello:main/0"), "{shown}");
    assert!(!shown.contains("module compile "), "{shown}");
    assert!(inspect(&scratch, &["out", "--missing"]).ends_with("nothing is missing\n"));
}

#[test]
fn direct_calls_keep_functions_and_no_others() {
    let scratch = scratch("direct", "direct");
    let Some(text) = scratch.build(&["direct.beam", "-o", "out"]) else { return };
    assert!(has_function(&scratch, "out", "string:titlecase/1"));
    assert!(!has_function(&scratch, "out", "lists:zip3/3"));
    assert!(text.contains("`nobody:there/1` is not in OTP 25"), "{text}");
    assert!(text.contains("called by direct:main/0"), "{text}");
    assert!(text.trim_end().ends_with("1 call will fail at run time (lam inspect out --missing)"), "{text}");
    assert!(inspect(&scratch, &["out", "--missing"]).contains("nobody:there/1"));
    let strict = scratch.lam(&["build", "direct.beam", "-o", "strict", "--strict"]);
    assert_eq!(strict.status.code(), Some(1));
    assert!(!scratch.join("strict").exists());
}

#[test]
fn known_sites_keep_what_they_name() {
    let scratch = scratch("known", "known");
    if scratch.build(&["known.beam", "-o", "out"]).is_none() {
        return;
    }
    for function in ["queue:new/0", "ordsets:from_list/1", "orddict:store/3", "gb_sets:empty/0"] {
        assert!(has_function(&scratch, "out", function), "{function}");
    }
    assert!(!has_function(&scratch, "out", "queue:filter/2"));
}

#[test]
fn an_unknown_target_keeps_what_given_code_names() {
    let scratch = scratch("unknown", "unknown");
    if scratch.build(&["unknown.beam", "-o", "out"]).is_none() {
        return;
    }
    assert!(has_function(&scratch, "out", "gb_trees:empty/0"));
    assert!(has_function(&scratch, "out", "gb_trees:balance/1"));
    assert!(!has_function(&scratch, "out", "gb_sets:empty/0"));
}

#[test]
fn what_is_kept_by_hand_is_there() {
    let scratch = scratch("keep", "hello");
    if scratch.build(&["hello.beam", "-o", "out", "--keep", "queue:filter/2", "--keep", "dict"]).is_none() {
        return;
    }
    assert!(has_function(&scratch, "out", "queue:filter/2") && !has_function(&scratch, "out", "queue:in_r/2"));
    assert!(has_function(&scratch, "out", "dict:fold/3"));
    let none = scratch.lam(&["build", "hello.beam", "-o", "out", "--keep", "lists:nothing/9"]);
    assert_eq!(none.status.code(), Some(1));
}

#[test]
fn whole_modules_where_asked() {
    let scratch = scratch("modules", "hello");
    if scratch.build(&["hello.beam", "-o", "out", "--shake", "modules"]).is_none() {
        return;
    }
    assert!(has_function(&scratch, "out", "lists:zip3/3"));
}

#[test]
fn natives_that_lack_say_so() {
    let scratch = scratch("lacks", "lacks");
    let Some(text) = scratch.build(&["lacks.beam", "-o", "out"]) else { return };
    assert!(text.contains("`erl_ddll:loaded_drivers/0` is native code that LAM does not have yet"), "{text}");
    let output = Command::new(scratch.join("out")).output().expect("it starts");
    let expected = "{lam_unsupported,{erl_ddll,loaded_drivers,0}} [false,true] undef\n";
    assert_eq!(stdout(&output), expected, "{}", stderr(&output));
}

#[test]
fn the_same_program_gives_the_same_bytes_anywhere() {
    for target in ["native", "wasm", "web"] {
        let scratches = ["one", "two/deeper"].map(|name| scratch(&format!("same-{target}-{}", name.len()), "known"));
        let mut outputs = Vec::new();
        for scratch in &scratches {
            if scratch.build(&["known.beam", "-o", "js.wasm", "-t", target]).is_none() {
                return;
            }
            outputs.push(fs::read(scratch.join("js.wasm")).expect("it was written"));
        }
        assert!(outputs[0] == outputs[1], "{target}");
    }
}

#[test]
fn environments_of_given_applications_are_there() {
    let scratch = scratch("env", "shop_env");
    let app = "{application, shop_env, [{vsn, \"1\"}, {env, [{port, 8080}, {opts, #{<<\"k\">> => [a, 'B c', 1.5]}}]}]}.";
    fs::write(scratch.join("shop_env.app"), app).expect("writable");
    if scratch.build(&["shop_env.beam", "shop_env.app", "-o", "out"]).is_none() {
        return;
    }
    let output = Command::new(scratch.join("out")).output().expect("it starts");
    let expected = "[{ok,8080},{ok,#{<<\"k\">> => [a,'B c',1.5]}},undefined,7,{ok,notice}]\n";
    assert_eq!(stdout(&output), expected, "{}", stderr(&output));
    fs::write(scratch.join("vm.args"), "# flags\n-shop_env port 81\n+P 1000 -shop_env none '\"now\"'\n").expect("writable");
    scratch.build(&["shop_env.beam", "shop_env.app", "-o", "out", "--vm-args", "vm.args"]).expect("it was built above");
    let output = Command::new(scratch.join("out")).output().expect("it starts");
    let expected = "[{ok,81},{ok,#{<<\"k\">> => [a,'B c',1.5]}},{ok,\"now\"},\"now\",{ok,notice}]\n";
    assert_eq!(stdout(&output), expected, "{}", stderr(&output));
    fs::write(scratch.join("shop_env.app"), "nonsense").expect("writable");
    let text = scratch.build(&["shop_env.beam", "shop_env.app", "-o", "out"]).expect("it was built above");
    assert!(text.contains("warning: `shop_env.app` is not an application file"), "{text}");
}

#[test]
fn code_is_shown_side_by_side() {
    let scratch = scratch("show", "direct");
    let shown = inspect(&scratch, &["direct.beam", "--function", "direct:main/0"]);
    assert!(shown.contains("call_ext") && shown.contains("func_info"), "{shown}");
    let whole = inspect(&scratch, &["direct.beam"]);
    assert!(whole.contains("OTP 25") && whole.contains("function main/0"), "{whole}");
}
