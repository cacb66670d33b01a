//! `lam build --shell`: OTP's own shell, fed by a pipe and typed to in a terminal, shows what `erl` shows.
//!
//! The terminal is one that `script` makes; what comes out is drawn on a screen of this test's own, because two programs may reach the
//! same picture by different bytes. Where an `erl` is on the path the pictures are compared; what must be seen is tested without.

#![forbid(unsafe_code)]
#![cfg(unix)]

mod common;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use common::{Scratch, skipped, stdout};

const COLUMNS: usize = 80;
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal's screen without an end at the bottom.
#[derive(Default)]
struct Screen {
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// Bytes of a sequence or character that is not whole yet.
    partial: Vec<u8>,
}

impl Screen {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.partial.push(*byte);
            if let Some(text) = self.whole() {
                self.draw(&text);
                self.partial.clear();
            }
        }
    }
    fn whole(&self) -> Option<String> {
        let text = std::str::from_utf8(&self.partial).ok()?;
        let is_begun = match text.strip_prefix('\x1b') {
            None => false,
            Some(rest) => match rest.strip_prefix('[') {
                Some(rest) => !rest.ends_with(|end: char| end.is_ascii_alphabetic() || end == '@'),
                None => rest.is_empty() || rest == "(",
            },
        };
        (!is_begun).then(|| text.to_string())
    }
    fn draw(&mut self, text: &str) {
        if let Some(sequence) = text.strip_prefix("\x1b[") {
            let (number, end) = sequence.split_at(sequence.len() - 1);
            let count = number.parse().unwrap_or(1);
            match end {
                "A" => self.row = self.row.saturating_sub(count),
                "B" => self.row += count,
                "C" => self.column = (self.column + count).min(COLUMNS - 1),
                "D" => self.column = self.column.saturating_sub(count),
                "K" => self.line().truncate_at(),
                _ => {}
            }
            return;
        }
        match text {
            "\r" => self.column = 0,
            "\n" => self.row += 1,
            "\x08" => self.column = self.column.min(COLUMNS - 1).saturating_sub(1),
            _ if text.starts_with('\x1b') || text == "\x07" => {}
            _ => {
                if self.column == COLUMNS {
                    (self.row, self.column) = (self.row + 1, 0);
                }
                let (row, column) = (self.row, self.column);
                self.rows.resize(self.rows.len().max(row + 1), Vec::new());
                let cells = &mut self.rows[row];
                cells.resize(cells.len().max(column + 1), ' ');
                cells[column] = text.chars().next().unwrap_or(' ');
                self.column += 1;
            }
        }
    }
    fn line(&mut self) -> Rest<'_> {
        self.rows.resize(self.rows.len().max(self.row + 1), Vec::new());
        Rest { cells: &mut self.rows[self.row], column: self.column }
    }
    fn text(&self) -> String {
        let rows: Vec<String> = self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_string()).collect();
        rows.join("\n").trim_end().to_string()
    }
}

struct Rest<'a> {
    cells: &'a mut Vec<char>,
    column: usize,
}

impl Rest<'_> {
    fn truncate_at(self) {
        self.cells.truncate(self.column);
    }
}

/// A program in a terminal.
struct Session {
    child: Child,
    keys: ChildStdin,
    output: Receiver<Vec<u8>>,
    screen: Screen,
}

impl Session {
    fn start(command: &str, folder: &Path) -> Session {
        let mut child = Command::new("script")
            .args(["-qfec", command, "/dev/null"])
            .current_dir(folder)
            .env("TERM", "xterm")
            // Goes on with the next command where a program took an interrupt and ended by itself; others end as well.
            .env("SHELL", "/bin/bash")
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a `script`");
        let mut out = child.stdout.take().expect("it is piped");
        let (send, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = child.stdin.take().expect("it is piped");
        Session { child, keys, output, screen: Screen::default() }
    }
    /// Waits until the last line ends so.
    fn until(&mut self, end: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.screen.text().ends_with(end) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.screen.take(&bytes),
                Err(error) => panic!("waiting for {end:?} ({error}):\n{}", self.screen.text()),
            }
        }
    }
    fn keys(&mut self, keys: &str, end: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it reads");
        self.keys.flush().expect("it reads");
        self.until(end);
    }
    /// What is to be seen at the end.
    fn end(mut self) -> String {
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.screen.take(&bytes);
        }
        self.child.wait().expect("it ends");
        self.screen.text()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The shell, built once for a test.
fn built(name: &str) -> Option<Scratch> {
    let scratch = Scratch::new(&format!("shell-{name}"));
    scratch.builds(&["--shell", "-o", "shell"]).then_some(scratch)
}

/// Whether `erl` is of the OTP that these tests speak of.
fn has_erl() -> bool {
    let release = ["-noshell", "-eval", "io:put_chars(erlang:system_info(otp_release)), halt()."];
    let found = Command::new("erl").args(release).output().is_ok_and(|output| stdout(&output) == "25");
    if !found {
        skipped("the shell is not compared with `erl`: there is none of OTP 25");
    }
    found
}

/// What follows the greeting, without the folders and versions that it names.
fn after_greeting(text: &str) -> String {
    text.lines().skip_while(|line| !line.starts_with("Eshell")).skip(1).collect::<Vec<_>>().join("\n")
}

fn piped(command: &[&str], folder: &Path, input: &str) -> String {
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut keys = child.stdin.take().expect("it is piped");
    keys.write_all(input.as_bytes()).expect("it reads");
    drop(keys);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    stdout(&output)
}

#[test]
fn a_pipe_is_evaluated() {
    let Some(scratch) = built("pipe") else { return };
    let input = "1+1.\nX = [a].\nX ++ X.\nhd([]).\nlists:nope().\nio:get_line(\"? \").\nline\n";
    let ours = piped(&["./shell"], &scratch.path, input);
    assert!(ours.contains("1> 2\n2> [a]\n3> [a,a]\n4> ** exception error: bad argument\n"), "{ours}");
    assert!(ours.ends_with("*** Terminating erlang (nonode@nohost)\n"), "{ours}");
    if has_erl() {
        assert_eq!(after_greeting(&ours), after_greeting(&piped(&["erl"], &scratch.path, input)));
    }
}

/// Expressions, bindings, records, errors, editing, history, completion, jobs; then the end, and what the terminal is like after it.
fn typed(command: &str, folder: &Path) -> String {
    let mut session =
        Session::start(&format!("{command}; stty -a | tr ' ;' '\\n' | grep -x -e '-*icanon' -e '-*echo' -e '-*opost'"), folder);
    session.until("\n1>");
    session.keys("1+1.\r", "\n2>");
    session.keys("X = {a, \"b\"}, Y = [X].\r", "\n3>");
    session.keys("rd(point, {x, y = 2}).\r", "\n4>");
    session.keys("#point{x = X}.\r", "\n5>");
    session.keys("foo:bar(Y).\r", "\n6>");
    session.keys("lists:map(fun(N) -> 1 / N end, [1, 0]).\r", "\n7>");
    session.keys("(fun(M) when M > 0 -> M end)(0).\r", "\n8>");
    session.keys("Z + 1.\r", "\n9>");
    session.keys("1 +\r", "9>");
    session.keys("2.\r", "\n10>");
    // To the beginning, to the end, a word back, a letter away.
    session.keys("2.", "2.");
    session.keys("\x01", "2.");
    session.keys("40 + ", "10> 40 + 2.");
    session.keys("\x05\x08", "10> 40 + 2");
    session.keys("3.\r", "\n11>");
    session.keys("\x10", "11> 40 + 23.");
    session.keys("\x10", "11> 2.");
    session.keys("\r", "\n12>");
    session.keys("lists:rev", "lists:rev");
    session.keys("\t", "lists:reverse(");
    session.keys("\"olleh\").\r", "\n13>");
    // Longer than a row, and edited before the wrap.
    session.keys(&format!("length(\"{}\").", "0123456789".repeat(9)), "6789\").");
    session.keys(&format!("{}x\x05\r", "\x02".repeat(90)), "\n14>");
    session.keys("\"\u{e4}\u{65e5}\".\r", "\n15>");
    session.keys("io:columns(), io:getopts().\r", "\n16>");
    // A job of its own, and back.
    session.keys("\x07", " -->");
    session.keys("s\r", "> s\n -->");
    session.keys("j\r", "]}\n -->");
    session.keys("c\r", "\n1>");
    session.keys("X.\r", "\n2>");
    session.keys("\x07", " -->");
    session.keys("c 1\r", "> c 1");
    session.keys("X.\r", "\n17>");
    session.keys("exit(why).\r", "\n18>");
    session.keys("receive after infinity -> ok end.\r", "end.");
    session.keys("\x07", " -->");
    session.keys("i\r", "> i\n -->");
    session.keys("c\r", "\n19>");
    session.keys("q().\r", "\necho");
    session.end()
}

#[test]
fn what_is_typed_is_evaluated() {
    let Some(scratch) = built("typed") else { return };
    let ours = typed("./shell", &scratch.path);
    for part in [
        "1> 1+1.\n2\n2>",
        "\n#point{x = {a,\"b\"},y = 2}\n",
        "** exception error: undefined function foo:bar/1\n",
        "** exception error: an error occurred when evaluating an arithmetic expression\n",
        "\n63\n",
        "User switch command\n",
        "opost\nicanon\necho",
    ] {
        assert!(ours.contains(part), "{part:?} is not in:\n{ours}");
    }
    if has_erl() {
        // Whether one more prompt is to be seen after `q().` is a matter of time.
        let before_end = |text: &str| after_greeting(text).split("q().").next().unwrap_or_default().to_string();
        assert_eq!(before_end(&ours), before_end(&typed("erl", &scratch.path)));
    }
}

#[test]
fn interrupts_show_a_menu() {
    let Some(scratch) = built("interrupt") else { return };
    let mut session = Session::start("./shell; stty -a | tr ' ;' '\\n' | grep -x -e '-*icanon' -e '-*echo'", &scratch.path);
    session.until("\n1>");
    session.keys("self", "1> self");
    session.keys("\x03", "(D)b-tables (d)istribution");
    session.keys("c\n", "\nc");
    session.keys("(), ok.\r", "\n2>");
    session.keys("\x03", "(D)b-tables (d)istribution");
    session.keys("a\n", "\necho");
    let text = session.end();
    assert!(text.contains("\nok\n2>") && text.ends_with("\nicanon\necho"), "{text}");
    scratch.file("in-job", b"set -m\n./shell & echo $! > pid\nfg\nstty -a | tr ' ;' '\\n' | grep -x -e '-*icanon' -e '-*echo'\n");
    // The terminal is as it was also where a signal ends the program.
    for signal in ["HUP", "TERM", "QUIT"] {
        let mut session = Session::start("bash in-job", &scratch.path);
        session.until("\n1>");
        let pid = std::fs::read_to_string(scratch.join("pid")).expect("it is written");
        let killed = Command::new("kill").args([&format!("-{signal}"), pid.trim()]).status().expect("there is a `kill`");
        assert!(killed.success());
        session.until("\nicanon\necho");
    }
}

#[test]
fn iex_is_one_too() {
    let place = ["-e", "IO.write(:code.lib_dir(:elixir))"];
    let Some(elixir) = Command::new("elixir").args(place).output().ok().filter(|_| has_erl()).map(|output| stdout(&output))
    else {
        return skipped("iex is not built: there is no `elixir` on the path");
    };
    let scratch = Scratch::new("shell-iex");
    scratch.file("iex.args", b"-noshell -user Elixir.IEx.CLI\n");
    let folders = [format!("{elixir}/ebin"), format!("{elixir}/../iex/ebin")];
    let options = ["--shell", &folders[0], &folders[1], "--boot", "app", "--vm-args", "iex.args", "-o", "iex"];
    if !scratch.builds(&options) {
        return;
    }
    let input = "1 + 1\nx = Enum.map([1, 2], fn n -> n * 2 end)\nhd(x)\nhd([])\nString.upcase(\"h\u{e9}\")\n";
    let ours = piped(&["./iex", "--no-halt"], &scratch.path, input);
    assert!(ours.contains("iex(1)> 2\niex(2)> [2, 4]\niex(3)> 2\niex(4)> ** (ArgumentError)"), "{ours}");
    let real = piped(&["iex"], &scratch.path, input);
    assert_eq!(ours, real);
}
