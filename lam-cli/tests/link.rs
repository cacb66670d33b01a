//! What the linker keeps, leaves out and misses, seen through `lam build` and `lam inspect`.
//!
//! Programs are in `link/`, compiled by OTP 25. Nothing is run but where a test says so.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

fn lam_path() -> PathBuf {
    if let Some(path) = env::var_os("LAM_BIN") {
        return path.into();
    }
    let dev = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dev-bin/lam");
    if dev.exists() { dev } else { env!("CARGO_BIN_EXE_lam").into() }
}

/// A folder of this test's own with one program in it, removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, program: &str) -> Scratch {
        let path = env::temp_dir().join(format!("lam-link-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder is writable");
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/link");
        let source = programs.join(format!("{program}.beam"));
        let source = if source.exists() { source } else { programs.join(format!("../../../fixtures/{program}/{program}.beam")) };
        fs::copy(source, path.join(format!("{program}.beam"))).expect("it is in the repository");
        Scratch(path)
    }

    fn lam(&self, args: &[&str]) -> Output {
        Command::new(lam_path()).args(args).current_dir(&self.0).output().expect("lam starts")
    }

    /// The words on stderr of a build that is done; `None` where this `lam` lacks the stub.
    fn build(&self, args: &[&str]) -> Option<String> {
        let output = self.lam(&[&["build"], args].concat());
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if text.contains("was built without") {
            eprintln!("skipped: {}", text.lines().next().unwrap_or_default());
            return None;
        }
        assert_eq!(output.status.code(), Some(0), "{args:?}: {text}");
        Some(text)
    }

    fn inspect(&self, args: &[&str]) -> String {
        let output = self.lam(&[&["inspect"], args].concat());
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn has_function(&self, program: &str, function: &str) -> bool {
        self.lam(&["inspect", program, "--function", function]).status.success()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The bytes that `inspect` gives for its line.
fn number(text: &str, line: &str) -> u64 {
    let found = text.lines().find_map(|row| row.strip_prefix(line)).unwrap_or_else(|| panic!("no `{line}` in:\n{text}"));
    found.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn hello_is_small_sound_and_lacks_nothing() {
    let scratch = Scratch::new("hello", "hello");
    let Some(text) = scratch.build(&["hello.beam", "-o", "out"]) else { return };
    assert!(!text.contains("warning"), "{text}");
    let shown = scratch.inspect(&["out", "--verify"]);
    assert!(shown.contains("verified"), "{shown}");
    assert!(number(&shown, "image ") <= 1_200_000, "{shown}");
    assert!(shown.contains("entry hello:main/0"), "{shown}");
    assert!(!shown.contains("module compile "), "{shown}");
    assert!(scratch.inspect(&["out", "--missing"]).ends_with("nothing is missing\n"));
}

#[test]
fn direct_calls_keep_functions_and_no_others() {
    let scratch = Scratch::new("direct", "direct");
    let Some(text) = scratch.build(&["direct.beam", "-o", "out"]) else { return };
    assert!(scratch.has_function("out", "string:titlecase/1"));
    assert!(!scratch.has_function("out", "lists:zip3/3"));
    assert!(text.contains("`nobody:there/1` is not in OTP 25"), "{text}");
    assert!(text.contains("called by direct:main/0"), "{text}");
    assert!(text.trim_end().ends_with("1 call will fail at run time (lam inspect out --missing)"), "{text}");
    assert!(scratch.inspect(&["out", "--missing"]).contains("nobody:there/1"));
    let strict = scratch.lam(&["build", "direct.beam", "-o", "strict", "--strict"]);
    assert_eq!(strict.status.code(), Some(1));
    assert!(!scratch.0.join("strict").exists());
}

#[test]
fn known_sites_keep_what_they_name() {
    let scratch = Scratch::new("known", "known");
    if scratch.build(&["known.beam", "-o", "out"]).is_none() {
        return;
    }
    for function in ["queue:new/0", "ordsets:from_list/1", "orddict:store/3", "gb_sets:empty/0"] {
        assert!(scratch.has_function("out", function), "{function}");
    }
    assert!(!scratch.has_function("out", "queue:filter/2"));
}

#[test]
fn an_unknown_target_keeps_what_given_code_names() {
    let scratch = Scratch::new("unknown", "unknown");
    if scratch.build(&["unknown.beam", "-o", "out"]).is_none() {
        return;
    }
    assert!(scratch.has_function("out", "gb_trees:empty/0"));
    assert!(scratch.has_function("out", "gb_trees:balance/1"));
    assert!(!scratch.has_function("out", "gb_sets:empty/0"));
}

#[test]
fn what_is_kept_by_hand_is_there() {
    let scratch = Scratch::new("keep", "hello");
    if scratch.build(&["hello.beam", "-o", "out", "--keep", "queue:filter/2", "--keep", "dict"]).is_none() {
        return;
    }
    assert!(scratch.has_function("out", "queue:filter/2") && !scratch.has_function("out", "queue:in_r/2"));
    assert!(scratch.has_function("out", "dict:fold/3"));
    let none = scratch.lam(&["build", "hello.beam", "-o", "out", "--keep", "lists:nothing/9"]);
    assert_eq!(none.status.code(), Some(1));
}

#[test]
fn whole_modules_where_asked() {
    let scratch = Scratch::new("modules", "hello");
    if scratch.build(&["hello.beam", "-o", "out", "--shake", "modules"]).is_none() {
        return;
    }
    assert!(scratch.has_function("out", "lists:zip3/3"));
}

#[test]
fn natives_that_lack_say_so() {
    let scratch = Scratch::new("lacks", "lacks");
    let Some(text) = scratch.build(&["lacks.beam", "-o", "out"]) else { return };
    assert!(text.contains("`erts_internal:open_port/2` is native code that LAM does not have yet"), "{text}");
    let output = Command::new(scratch.0.join("out")).output().expect("it starts");
    let expected = "{lam_unsupported,{erts_internal,open_port,2}} [false,true] undef\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_same_program_gives_the_same_bytes_anywhere() {
    for target in ["native", "wasm", "web"] {
        let scratches = ["one", "two/deeper"].map(|name| Scratch::new(&format!("same-{target}-{}", name.len()), "known"));
        let mut outputs = Vec::new();
        for scratch in &scratches {
            if scratch.build(&["known.beam", "-o", "js.wasm", "-t", target]).is_none() {
                return;
            }
            outputs.push(fs::read(scratch.0.join("js.wasm")).expect("it was written"));
        }
        assert!(outputs[0] == outputs[1], "{target}");
    }
}

#[test]
fn environments_of_given_applications_are_there() {
    let scratch = Scratch::new("env", "shop_env");
    let app = "{application, shop_env, [{vsn, \"1\"}, {env, [{port, 8080}, {opts, #{<<\"k\">> => [a, 'B c', 1.5]}}]}]}.";
    fs::write(scratch.0.join("shop_env.app"), app).expect("writable");
    if scratch.build(&["shop_env.beam", "shop_env.app", "-o", "out"]).is_none() {
        return;
    }
    let output = Command::new(scratch.0.join("out")).output().expect("it starts");
    let expected = "[{ok,8080},{ok,#{<<\"k\">> => [a,'B c',1.5]}},undefined,7,{ok,notice}]\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(scratch.0.join("vm.args"), "# flags\n-shop_env port 81\n+P 1000 -shop_env none '\"now\"'\n").expect("writable");
    scratch.build(&["shop_env.beam", "shop_env.app", "-o", "out", "--vm-args", "vm.args"]).expect("it was built above");
    let output = Command::new(scratch.0.join("out")).output().expect("it starts");
    let expected = "[{ok,81},{ok,#{<<\"k\">> => [a,'B c',1.5]}},{ok,\"now\"},\"now\",{ok,notice}]\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(scratch.0.join("shop_env.app"), "nonsense").expect("writable");
    let text = scratch.build(&["shop_env.beam", "shop_env.app", "-o", "out"]).expect("it was built above");
    assert!(text.contains("warning: `shop_env.app` is not an application file"), "{text}");
}

#[test]
fn code_is_shown_side_by_side() {
    let scratch = Scratch::new("show", "direct");
    let shown = scratch.inspect(&["direct.beam", "--function", "direct:main/0"]);
    assert!(shown.contains("call_ext") && shown.contains("func_info"), "{shown}");
    let whole = scratch.inspect(&["direct.beam"]);
    assert!(whole.contains("OTP 25") && whole.contains("function main/0"), "{whole}");
}
