//! An Elixir program with consolidated protocols says what `elixir` says; skipped where there is no Elixir.

#![forbid(unsafe_code)]

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{Scratch, lacks_stub, lam_path, repository, skipped, stderr, stdout};

fn run(scratch: &Scratch, program: &Path, args: &[&str]) -> Output {
    Command::new(program).args(args).current_dir(&scratch.path).env("LC_ALL", "C.UTF-8").output().expect("it starts")
}

/// What the command writes; it must end well.
fn says(scratch: &Scratch, program: &str, args: &[&str]) -> String {
    let output = run(scratch, Path::new(program), args);
    assert!(output.status.success(), "{program} {args:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn protocols_are_found_whatever_is_left_out() {
    if !Command::new("elixirc").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return skipped("there is no Elixir");
    }
    let scratch = Scratch::new("elixir");
    scratch.folder("ebin");
    let own = repository("lam-cli/tests/elixir");
    says(&scratch, "elixirc", &["-o", "ebin", &own.join("shop.ex").display().to_string()]);
    let library = says(&scratch, "elixir", &["-pa", "ebin", &own.join("consolidate.exs").display().to_string()]);
    let library = format!("{}/ebin", library.trim());
    let expected = says(&scratch, "elixir", &["-pa", "consolidated", "-pa", "ebin", "-e", "Shop.main([\"a\", \"b\"])"]);
    for shake in ["functions", "all"] {
        // Both orders: consolidated/ wins by its name, not by its place.
        let inputs = if shake == "all" { ["consolidated", "ebin", &library] } else { ["ebin", &library, "consolidated"] };
        let args = [&["build"], &inputs[..], &["-o", "shop", "--entrypoint", "Shop", "--shake", shake]].concat();
        let built = run(&scratch, &lam_path(), &args);
        let text = stderr(&built);
        if lacks_stub(&text) {
            return;
        }
        assert_eq!(built.status.code(), Some(0), "{text}");
        let ran = run(&scratch, &scratch.join("shop"), &["a", "b"]);
        assert_eq!(stdout(&ran), expected, "{shake}: {}", stderr(&ran));
    }
}
