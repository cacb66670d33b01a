//! What build tools leave behind, as input of `lam build`. The commands of `docs/inputs.md` are run here.
//!
//! Layouts of rebar3 and Gleam are made by hand; `layouts/make.escript` made the archive and the escripts with OTP's own `zip` and
//! `escript`. mix is run where it is installed.

#![forbid(unsafe_code)]

mod common;

use std::fs;
use std::process::Command;

use common::{Scratch, lacks_stub, repository, skipped, stderr, stdout};

const SAYS: &str = "3 [a,b] x,y <<\"open\">>\n";

fn fixture(name: &str) -> Vec<u8> {
    fs::read(repository("lam-cli/tests/layouts").join(name)).expect("it is in the repository")
}

/// `FOLDER/{shop,till}/{ebin,priv}`
fn applications(scratch: &Scratch, folder: &str) {
    for (app, file, text) in [("shop", "names", "a.\nb.\n"), ("till", "deep/state", "open")] {
        scratch.file(&format!("{folder}/{app}/ebin/{app}.beam"), &fixture(&format!("{app}.beam")));
        let text_of_app = format!("{{application, {app}, [{{vsn, \"1.0\"}}, {{modules, [{app}]}}]}}.\n");
        scratch.file(&format!("{folder}/{app}/ebin/{app}.app"), text_of_app.as_bytes());
        scratch.file(&format!("{folder}/{app}/priv/{file}"), text.as_bytes());
    }
}

/// Builds with these arguments and runs the program with `x y`; what the build said.
fn says(scratch: &Scratch, args: &[&str]) -> Option<String> {
    let words = scratch.build(&[args, &["-o", "out"]].concat())?;
    let output = Command::new(scratch.join("out")).args(["x", "y"]).output().expect("it starts");
    assert_eq!(stdout(&output), SAYS, "{args:?}: {}", stderr(&output));
    Some(words)
}

#[test]
fn rebar3_builds() {
    let scratch = Scratch::new("layout-rebar3");
    applications(&scratch, "_build/default/lib");
    // rebar3 links `priv` to the source's; its own plugins and releases are no part of the program.
    fs::rename(scratch.join("_build/default/lib/shop/priv"), scratch.join("priv")).expect("it is ours");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../../../../priv", scratch.join("_build/default/lib/shop/priv")).expect("writable");
    scratch.file("_build/default/plugins/other/ebin/shop.beam", &fixture("till.beam"));
    scratch.file("_build/default/rel/shop/lib/shop-1.0/ebin/shop.beam", b"stripped, or worse");
    for input in ["_build/default/lib", "_build/default", "_build", "_build/default/lib/*/ebin"] {
        let Some(words) = says(&scratch, &[input]) else { return };
        assert!(!words.contains("is not read") && !words.contains("replaces"), "{words}");
    }
    scratch.file("config/sys.config", b"[].\n");
    let words = says(&scratch, &["_build/default/lib"]).expect("it was built above");
    assert!(words.contains("config/sys.config` is not read"), "{words}");
    applications(&scratch, "_build/test/lib");
    let output = scratch.lam(&["build", "_build", "-o", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("`_build` holds several builds: `_build/default`, `_build/test`"), "{}", stderr(&output));
}

#[test]
fn archives_and_escripts() {
    let scratch = Scratch::new("layout-archives");
    scratch.file("shop-1.0.ez", &fixture("shop-1.0.ez"));
    scratch.file("bin/packed", &fixture("packed"));
    scratch.file("plugins/shop-1.0.ez", &fixture("shop-1.0.ez"));
    for input in ["shop-1.0.ez", "bin/packed", "plugins", "*.ez"] {
        if says(&scratch, &[input]).is_none() {
            return;
        }
    }
    let shown = stdout(&scratch.lam(&["inspect", "out"]));
    assert!(shown.contains("embedded lib/till/priv/deep/state 4 bytes"), "{shown}");
    // A script begins in the module that it names, or that has its name.
    let output = scratch.lam(&["build", "bin/packed", "-o", "out"]);
    assert!(stderr(&output).contains("entry shop:main/1"), "{}", stderr(&output));
    scratch.file("till_script", &fixture("till_script"));
    let output = scratch.lam(&["build", "till_script", "-o", "out"]);
    assert!(stderr(&output).contains("`till` does not export"), "{}", stderr(&output));
    scratch.file("source", b"#!/usr/bin/env escript\nmain(_) -> ok.\n");
    let output = scratch.lam(&["build", "source", "-o", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the escript `source` holds source"), "{}", stderr(&output));
    let archive = fixture("shop-1.0.ez");
    scratch.file("cut.ez", &archive[..archive.len() - 30]);
    let output = scratch.lam(&["build", "cut.ez", "-o", "out"]);
    assert!(stderr(&output).contains("cannot read the archive `cut.ez`"), "{}", stderr(&output));
}

#[test]
fn the_commands_of_the_page() {
    let scratch = Scratch::new("layout-page");
    applications(&scratch, "_build/default/lib");
    applications(&scratch, "build/erlang-shipment");
    scratch.file("build/erlang-shipment/entrypoint.sh", b"#!/bin/sh\nPACKAGE=shop\n");
    scratch.file("shop-1.0.ez", &fixture("shop-1.0.ez"));
    scratch.file("_build/default/bin/shop", &fixture("packed"));
    for app in ["shop", "till"] {
        scratch.file(&format!("ebin/{app}.beam"), &fixture(&format!("{app}.beam")));
    }
    scratch.file("things/names", b"a.\n");
    let page = fs::read_to_string(repository("docs/inputs.md")).expect("it is in the repository");
    // The one of mix is run by `mix_builds`.
    let commands =
        page.lines().filter_map(|line| line.strip_prefix("    lam ")).filter(|command| !command.contains("_build/prod"));
    let mut count = 0;
    for command in commands {
        let args: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches('\'')).collect();
        let output = scratch.lam(&args);
        if lacks_stub(&stderr(&output)) {
            return;
        }
        assert_eq!(output.status.code(), Some(0), "{command}: {}", stderr(&output));
        count += 1;
    }
    assert_eq!(count, 10, "commands of the page");
}

#[test]
fn gleam_shipments() {
    let scratch = Scratch::new("layout-gleam");
    applications(&scratch, "build/erlang-shipment");
    // Gleam's dependencies have a `main/0` too; the shipment says which one counts.
    scratch.file("build/erlang-shipment/hello/ebin/hello.beam", &fs::read(common::hello()).expect("it is in the repository"));
    scratch.file("build/erlang-shipment/entrypoint.sh", b"#!/bin/sh\nset -eu\n\nPACKAGE=shop\nBASE=$(dirname \"$0\")\n");
    let Some(words) = scratch.build(&["build/erlang-shipment", "-o", "out"]) else { return };
    assert!(words.contains("entry shop:main/0"), "{words}");
    let output = Command::new(scratch.join("out")).output().expect("it starts");
    assert_eq!(stdout(&output), "3 [a,b] none <<\"open\">>\n", "{}", stderr(&output));
}

/// A command in the project's folder, with a home of its own.
fn tool(scratch: &Scratch, program: &str, args: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(args).current_dir(scratch.join("shop")).env("HOME", &scratch.path).env("MIX_ENV", "prod");
    command.env("LC_ALL", "C.UTF-8").env("MIX_HOME", scratch.join("mix")).env_remove("MIX_BUILD_PATH");
    let output = command.output().ok()?;
    assert!(output.status.success(), "{program} {args:?}: {}{}", stdout(&output), stderr(&output));
    Some(stdout(&output))
}

#[test]
fn mix_builds() {
    if !Command::new("mix").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return skipped("there is no mix");
    }
    let scratch = Scratch::new("layout-mix");
    let project = |name: &str, module: &str, rest: &str| {
        format!(
            "defmodule {module}.MixProject do\n  use Mix.Project\n  def project, do: [app: :{name}, version: \"0.1.0\", deps: deps(), {rest}]\n  def application, do: []\n  defp deps, do: {}\nend\n",
            if name == "shop" { "[{:till, path: \"../till\"}]" } else { "[]" }
        )
    };
    scratch.file("shop/mix.exs", project("shop", "Shop", "escript: [main_module: Shop]").as_bytes());
    scratch.file("till/mix.exs", project("till", "Till", "start_permanent: false").as_bytes());
    for (name, text) in [("shop/lib/shop.ex", "shop.ex"), ("till/lib/till.ex", "till.ex")] {
        scratch.file(name, &fixture(text));
    }
    scratch.file("shop/priv/names", b"anna\nbob\n");
    scratch.file("till/priv/state", b"open");
    tool(&scratch, "mix", &["compile"]);
    let expected = tool(&scratch, "mix", &["run", "--no-start", "-e", "Shop.main([\"x\", \"y\"])"]).expect("it ran above");
    assert!(expected.contains("Till"), "{expected}");
    for input in ["shop/_build/prod/lib", "shop/_build/prod"] {
        let Some(words) = scratch.build(&[input, "-o", "out", "--entrypoint", "Shop"]) else { return };
        assert!(words.contains("using Elixir at "), "{words}");
        let output = Command::new(scratch.join("out")).args(["x", "y"]).env("LC_ALL", "C.UTF-8").output().expect("it starts");
        assert_eq!(stdout(&output), expected, "{input}: {}", stderr(&output));
    }
    // Elixir by hand, and not at all.
    let found = Command::new("elixir").args(["-e", "IO.write(:code.lib_dir(:elixir))"]).output().expect("mix is there");
    let lib = stdout(&found);
    let lib = lib.strip_suffix("/elixir").expect("it lies in a folder of its name");
    let args = ["build", "shop/_build/prod/lib", "-o", "out", "--entrypoint", "Shop", "--otp", "nowhere"];
    let erl =
        Command::new("erl").args(["-noshell", "-eval", "io:put_chars(code:root_dir()), halt()."]).output().expect("mix needs it");
    let root = stdout(&erl);
    let without = |more: &[&str]| {
        let args = [&args[..7], &[root.as_str()], more].concat();
        Command::new(common::lam_path())
            .args(args)
            .current_dir(&scratch.path)
            .env("PATH", "/nowhere")
            .output()
            .expect("lam starts")
    };
    let output = without(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Elixir's own libraries are not there: `Elixir."), "{}", stderr(&output));
    let output = without(&["--lib", lib]);
    assert!(output.status.success() || lacks_stub(&stderr(&output)), "{}", stderr(&output));
    let output = without(&["--lib", "shop/lib"]);
    assert!(stderr(&output).contains("`shop/lib` of --lib holds no applications"), "{}", stderr(&output));
}
