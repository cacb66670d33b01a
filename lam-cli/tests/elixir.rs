//! An Elixir program with consolidated protocols says what `elixir` says; skipped where there is no Elixir.

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

struct Scratch(PathBuf);

impl Scratch {
    fn run(&self, program: &Path, args: &[&str]) -> Output {
        Command::new(program).args(args).current_dir(&self.0).env("LC_ALL", "C.UTF-8").output().expect("it starts")
    }

    /// What the command writes; it must end well.
    fn says(&self, program: &str, args: &[&str]) -> String {
        let output = self.run(Path::new(program), args);
        assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn protocols_are_found_whatever_is_left_out() {
    if !Command::new("elixirc").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return eprintln!("######## SKIPPED: there is no Elixir ########");
    }
    let scratch = Scratch(env::temp_dir().join(format!("lam-elixir-{}", std::process::id())));
    let _ = fs::remove_dir_all(&scratch.0);
    fs::create_dir_all(scratch.0.join("ebin")).expect("the temporary folder is writable");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/elixir");
    scratch.says("elixirc", &["-o", "ebin", &own.join("shop.ex").display().to_string()]);
    let library = scratch.says("elixir", &["-pa", "ebin", &own.join("consolidate.exs").display().to_string()]);
    let library = format!("{}/ebin", library.trim());
    let expected = scratch.says("elixir", &["-pa", "consolidated", "-pa", "ebin", "-e", "Shop.main([\"a\", \"b\"])"]);
    for shake in ["functions", "all"] {
        // Both orders: consolidated/ wins by its name, not by its place.
        let inputs = if shake == "all" { ["consolidated", "ebin", &library] } else { ["ebin", &library, "consolidated"] };
        let args = [&["build"], &inputs[..], &["-o", "shop", "--entrypoint", "Shop", "--shake", shake]].concat();
        let built = scratch.run(&lam_path(), &args);
        let text = String::from_utf8_lossy(&built.stderr);
        if text.contains("was built without") {
            return eprintln!("skipped: {}", text.lines().next().unwrap_or_default());
        }
        assert_eq!(built.status.code(), Some(0), "{text}");
        let ran = scratch.run(&scratch.0.join("shop"), &["a", "b"]);
        assert_eq!(String::from_utf8_lossy(&ran.stdout), expected, "{shake}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}
