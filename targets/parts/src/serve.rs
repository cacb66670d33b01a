//! A static file server for the demo and the browser tests: no COOP, no COEP, and the strict content security policy that a web
//! build must live with.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Serves `folder` while `command` runs, `{}` in it replaced by the URL; its exit code.
pub fn run(folder: &Path, command: &[&str]) -> ExitCode {
    let listener = match TcpListener::bind("127.0.0.1:0") {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("error: cannot serve: {error}");
            return ExitCode::FAILURE;
        }
    };
    let url = listener.local_addr().map(|address| format!("http://{address}/")).unwrap_or_default();
    let folder = folder.to_path_buf();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            std::thread::spawn(move || answer(stream, &folder));
        }
    });
    let args = command[1..].iter().map(|arg| arg.replace("{}", &url));
    match Command::new(command[0]).args(args).status() {
        Ok(status) => ExitCode::from(status.code().unwrap_or(1) as u8),
        Err(error) => {
            eprintln!("error: cannot run `{}`: {error}", command[0]);
            ExitCode::FAILURE
        }
    }
}

fn answer(mut stream: TcpStream, folder: &Path) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?).take(64 << 10);
    let mut request = String::new();
    reader.read_line(&mut request).ok()?;
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    let path = request.split(' ').nth(1)?.split('?').next()?.trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let safe = Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let found = if safe { fs::read(folder.join(path)).ok() } else { None };
    let (status, body) = match found {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\
         Content-Security-Policy: default-src 'self' data:; script-src 'self' 'wasm-unsafe-eval'\r\n\r\n",
        content_type(&PathBuf::from(path)),
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&body).ok()
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}
