//! A static file server for the demo and the browser tests: no COOP, no COEP, and the strict content security policy that a web
//! build must live with. The fixtures' tests (`lam-cli/tests/fixtures.rs`) compile this file too.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path};
use std::sync::Arc;
use std::thread;

/// The longest head of a request.
const HEAD_BYTES: u64 = 64 << 10;
/// The most that a page may put.
const PUT_BYTES: u64 = 256 << 20;

/// Serves `folder` on a free port of this machine for the rest of the process; its URL. What a page sends by PUT goes to `put`
/// with its path.
pub fn start(folder: &Path, put: impl Fn(&str, Vec<u8>) + Send + Sync + 'static) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let (folder, put) = (folder.to_path_buf(), Arc::new(put));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (folder, put) = (folder.clone(), put.clone());
            thread::spawn(move || answer(stream, &folder, &*put));
        }
    });
    Ok(url)
}

/// Answers one request and closes the connection; `None` where the browser has gone.
fn answer(mut stream: TcpStream, folder: &Path, put: &dyn Fn(&str, Vec<u8>)) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?).take(HEAD_BYTES);
    let (mut request, mut line, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut request).ok()?;
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut words = request.split(' ');
    let method = words.next()?;
    let path = words.next()?.split('?').next()?.trim_start_matches('/');
    if method == "PUT" {
        let mut body = Vec::new();
        reader.set_limit(length.min(PUT_BYTES));
        reader.read_to_end(&mut body).ok()?;
        put(path, body);
        return stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").ok();
    }
    let path = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_string() };
    let path = Path::new(&path);
    let safe = path.components().all(|part| matches!(part, Component::Normal(_)));
    let found = if safe { fs::read(folder.join(path)).ok() } else { None };
    let (status, body) = match found {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\
         Content-Security-Policy: default-src 'self' data:; script-src 'self' 'wasm-unsafe-eval'\r\n\r\n",
        content_type(path),
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
