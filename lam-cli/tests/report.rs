//! `--report` and `--strict`: what went in, what did not, and what would fail.

#![forbid(unsafe_code)]

mod common;

use common::{Scratch, lacks_stub, stderr, stdout};

/// The numbers of a row of the report, words like `of` left out.
fn row(text: &str, name: &str) -> Vec<u64> {
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("no row `{name}` in:\n{text}"));
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn bytes_are_told_by_application_and_module() {
    let scratch = Scratch::with("report", &["lam-cli/tests/link/serves.beam"]);
    let output = scratch.lam(&["build", "serves.beam", "-o", "out", "--report"]);
    if lacks_stub(&stderr(&output)) {
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let [modules, all_modules, functions, all_functions, code, literals] = row(&text, "stdlib")[..] else { panic!("{text}") };
    assert!(
        0 < modules && modules < all_modules && 0 < functions && functions < all_functions && code > 0 && literals > 0,
        "{text}"
    );
    let [own, all_own, own_code, _] = row(&text, "serves")[..] else { panic!("{text}") };
    assert!(own == all_own && own_code > 0, "{text}");
    let given: Vec<u64> = row(&text, "given");
    assert_eq!((given[0], given[1], given[2]), (1, 1, own), "{text}");
    let (_, sections) = text.split_once("\nsection").expect("sizes of sections");
    let apps: Vec<&str> =
        text.lines().skip(1).take_while(|line| !line.is_empty()).filter(|line| !line.starts_with(' ')).collect();
    let code: u64 = apps.iter().filter_map(|line| line.split_whitespace().rev().nth(1)?.parse::<u64>().ok()).sum();
    assert_eq!(vec![code], row(sections, "code"), "{text}");
    let literals: u64 = apps.iter().filter_map(|line| line.split_whitespace().next_back()?.parse::<u64>().ok()).sum();
    assert!(literals <= row(sections, "literals")[0], "{text}");
    assert!(text.contains("modules of stdlib: ") && text.contains(", dets,"), "{text}");
    assert!(scratch.join("out").exists());
}

#[test]
fn strict_refuses_what_would_fail_and_names_the_path() {
    let scratch = Scratch::with(
        "strict",
        &["lam-cli/tests/link/direct.beam", "lam-cli/tests/link/lacks_deep.beam", "fixtures/hello/hello.beam"],
    );
    for (program, what, path) in [
        ("direct.beam", "`nobody:there/1` is not in OTP", "called by direct:main/0"),
        ("lacks_deep.beam", "is native code that LAM does not have yet", "from lacks_deep:start/0"),
    ] {
        let output = scratch.lam(&["build", program, "-o", "out", "--strict"]);
        let words = stderr(&output);
        if lacks_stub(&words) {
            return;
        }
        assert_eq!(output.status.code(), Some(1), "{program}: {words}");
        assert!(words.contains(what) && words.contains(path) && words.contains("would fail at run time"), "{program}: {words}");
        assert!(!scratch.join("out").exists());
        assert_eq!(scratch.lam(&["run", program, "--strict"]).status.code(), Some(1));
    }
    let output = scratch.lam(&["build", "hello.beam", "-o", "out", "--strict"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
