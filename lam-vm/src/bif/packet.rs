//! Packets in a stream of bytes: how long the first is, and what HTTP lines say. For `erlang:decode_packet/3`.

/// How packets are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Raw,
    /// A length of 1, 2 or 4 bytes first.
    Length(usize),
    Asn1,
    SunRm,
    Cdr,
    Fcgi,
    Line,
    Tpkt,
    Http,
    HttpHeader,
    SslTls,
}

/// What options ask for; 0: no limit.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub packet_bytes: usize,
    pub line_bytes: usize,
    pub delimiter: u8,
}

/// Bytes of the first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Known(usize),
    More,
    Invalid,
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |value, byte| value << 8 | usize::from(*byte))
}

/// Length of the packet that `bytes` begins with; it may be more than there is.
pub fn length(kind: Kind, bytes: &[u8], limits: Limits) -> Length {
    let header = match kind {
        Kind::Raw => return if bytes.is_empty() { Length::More } else { Length::Known(bytes.len()) },
        Kind::Line => return line_length(bytes, limits),
        Kind::Http | Kind::HttpHeader => return http_length(bytes, limits, kind == Kind::HttpHeader),
        Kind::Length(size) => size,
        Kind::SunRm | Kind::Tpkt => 4,
        Kind::Cdr => 12,
        Kind::Fcgi => 8,
        Kind::SslTls => 5,
        Kind::Asn1 => {
            return match asn1_length(bytes) {
                Ok(Some((header, body))) => limited(header, body, limits),
                Ok(None) => Length::More,
                Err(()) => Length::Invalid,
            };
        }
    };
    let Some(head) = bytes.get(..header) else { return Length::More };
    let body = match kind {
        Kind::SunRm => Some(big_endian(head) & 0x7FFF_FFFF),
        Kind::Cdr if !head.starts_with(b"GIOP") => None,
        Kind::Cdr if head[6] & 1 == 1 => Some(head[8..].iter().rev().fold(0, |value, byte| value << 8 | usize::from(*byte))),
        Kind::Cdr => Some(big_endian(&head[8..])),
        Kind::Fcgi => (head[0] == 1).then(|| big_endian(&head[4..6]) + usize::from(head[6])),
        Kind::Tpkt => big_endian(&head[2..]).checked_sub(4).filter(|_| head[0] == 3),
        Kind::SslTls if is_ssl2_hello(head) => (big_endian(&head[..2]) & 0x7FFF).checked_sub(3),
        Kind::SslTls => Some(big_endian(&head[3..])),
        _ => Some(big_endian(head)),
    };
    match body {
        Some(body) => limited(header, body, limits),
        None => Length::Invalid,
    }
}

/// The greeting of version 2, which has another header.
pub fn is_ssl2_hello(head: &[u8]) -> bool {
    head[0] & 0x80 != 0 && head[2] == 1
}

fn limited(header: usize, body: usize, limits: Limits) -> Length {
    let too_long = limits.packet_bytes != 0 && body > limits.packet_bytes;
    let whole = header.saturating_add(body);
    if too_long || whole > i32::MAX as usize { Length::Invalid } else { Length::Known(whole) }
}

fn line_length(bytes: &[u8], limits: Limits) -> Length {
    let end = memchr::memchr(limits.delimiter, bytes).map(|at| at + 1);
    let reached = end.unwrap_or(bytes.len());
    if limits.packet_bytes != 0 && reached > limits.packet_bytes {
        return Length::Invalid;
    }
    match end {
        Some(end) if limits.line_bytes == 0 || end <= limits.line_bytes => Length::Known(end),
        None if limits.line_bytes == 0 || bytes.len() < limits.line_bytes => Length::More,
        _ => Length::Known(limits.line_bytes),
    }
}

/// Header and body of a value by the basic encoding rules; `None` where more is needed.
fn asn1_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, ()> {
    if bytes.len() < 2 {
        return Ok(None);
    }
    let mut at = 1;
    if bytes[0] & 0x1F == 0x1F {
        while bytes.get(at).is_some_and(|byte| byte & 0x80 != 0) {
            at += 1;
        }
        if bytes.len() - at < 2 {
            return Ok(None);
        }
        at += 1;
    }
    let first = bytes[at];
    at += 1;
    if first & 0x80 == 0 {
        return Ok(Some((at, usize::from(first))));
    }
    let size = usize::from(first & 0x7F);
    let Some(length) = bytes.get(at..at + size) else { return Ok(None) };
    if size > 4 {
        return Err(());
    }
    Ok(Some((at + size, big_endian(length))))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A line; a header line goes on where the next begins with a blank.
fn http_length(bytes: &[u8], limits: Limits, headers: bool) -> Length {
    if bytes == b"\n" || bytes == b"\r\n" {
        return Length::Known(bytes.len());
    }
    let most = if limits.packet_bytes != 0 { limits.packet_bytes } else { limits.line_bytes };
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\n', &bytes[from..]) {
        let end = from + at + 1;
        let next = bytes.get(end).copied();
        if headers && end > 2 && next.is_some_and(is_space) {
            from = end;
            continue;
        }
        if most != 0 && end > most {
            return Length::Invalid;
        }
        return if headers && next.is_none() { Length::More } else { Length::Known(end) };
    }
    if most != 0 && bytes.len() >= most { Length::Invalid } else { Length::More }
}

/// What an HTTP line says.
#[derive(Debug, PartialEq, Eq)]
pub enum Http<'b> {
    Request {
        method: &'b [u8],
        uri: Uri<'b>,
        version: (u32, u32),
    },
    Response {
        version: (u32, u32),
        status: u32,
        reason: &'b [u8],
    },
    /// `index`: of a known name, counted from 1.
    Header {
        index: Option<usize>,
        name: Vec<u8>,
        original: &'b [u8],
        value: &'b [u8],
    },
    End,
    Error,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Uri<'b> {
    Star,
    Path(&'b [u8]),
    Absolute { scheme: &'static str, host: &'b [u8], port: Option<u32>, path: &'b [u8] },
    Scheme(&'b [u8], &'b [u8]),
    Text(&'b [u8]),
}

/// Methods that are atoms.
pub const METHODS: &[&str] = &["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE"];

/// Names of headers that are atoms, in the order of their numbers from 1.
pub const HEADERS: &[&str] = &[
    "Cache-Control",
    "Connection",
    "Date",
    "Pragma",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "From",
    "Host",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "User-Agent",
    "Age",
    "Location",
    "Proxy-Authenticate",
    "Public",
    "Retry-After",
    "Server",
    "Vary",
    "Warning",
    "Www-Authenticate",
    "Allow",
    "Content-Base",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Md5",
    "Content-Range",
    "Content-Type",
    "Etag",
    "Expires",
    "Last-Modified",
    "Accept-Ranges",
    "Set-Cookie",
    "Set-Cookie2",
    "X-Forwarded-For",
    "Cookie",
    "Keep-Alive",
    "Proxy-Connection",
];

/// Names longer than this keep their letters as they are.
const MAX_NAME_BYTES: usize = 50;

/// Ends a token.
fn is_special(byte: u8) -> bool {
    !(33..127).contains(&byte) || b"()<>@,;:\\\"/[]?={}".contains(&byte)
}

/// A reader of one line.
struct Line<'b> {
    rest: &'b [u8],
}

impl<'b> Line<'b> {
    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'b [u8] {
        let end = self.rest.iter().position(|byte| !accept(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
    fn spaces(&mut self) -> usize {
        self.take_while(is_space).len()
    }
    fn number(&mut self) -> Option<u32> {
        let digits = self.take_while(|byte| byte.is_ascii_digit());
        (!digits.is_empty())
            .then(|| digits.iter().fold(0u32, |value, digit| value.wrapping_mul(10).wrapping_add(u32::from(digit - b'0'))))
    }
    /// `HTTP/major.minor`
    fn version(&mut self) -> Option<(u32, u32)> {
        self.rest = self.rest.strip_prefix(b"HTTP/")?;
        let major = self.number()?;
        self.rest = self.rest.strip_prefix(b".")?;
        Some((major, self.number()?))
    }
}

/// Reads a line, its end included; `headers` says whether a header is expected.
pub fn http(line: &[u8], headers: bool) -> Http<'_> {
    let text = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(line);
    let read = if headers {
        header(text)
    } else if text.starts_with(b"HTTP/") {
        response(text)
    } else {
        request(text)
    };
    read.unwrap_or(Http::Error)
}

fn response(text: &[u8]) -> Option<Http<'_>> {
    let mut line = Line { rest: text };
    let version = line.version()?;
    if line.spaces() == 0 {
        return None;
    }
    let status = line.number().unwrap_or(0);
    if line.spaces() == 0 && !line.rest.is_empty() {
        return None;
    }
    Some(Http::Response { version, status, reason: line.rest })
}

fn request(text: &[u8]) -> Option<Http<'_>> {
    let mut line = Line { rest: text };
    let method = line.take_while(|byte| !is_special(byte));
    if method.is_empty() || line.spaces() == 0 {
        return None;
    }
    let target = line.take_while(|byte| !is_space(byte));
    if target.is_empty() {
        return None;
    }
    line.spaces();
    let version = if line.rest.is_empty() { (0, 9) } else { line.version()? };
    Some(Http::Request { method, uri: uri(target), version })
}

fn uri(text: &[u8]) -> Uri<'_> {
    let absolute = |scheme: &'static str, prefix: usize| {
        let rest = &text[prefix..];
        let (place, path) = match memchr::memchr(b'/', rest) {
            Some(at) => rest.split_at(at),
            None => (rest, &b"/"[..]),
        };
        let (host, port) = match memchr::memchr(b':', place) {
            Some(at) => {
                let mut digits = Line { rest: &place[at + 1..] };
                let port = digits.number().filter(|port| digits.rest.is_empty() && *port != 0);
                (&place[..at], port)
            }
            None => (place, None),
        };
        Uri::Absolute { scheme, host, port, path }
    };
    let starts = |prefix: &[u8]| text.len() >= prefix.len() && text[..prefix.len()].eq_ignore_ascii_case(prefix);
    if text == b"*" {
        Uri::Star
    } else if text.len() <= 1 || text[0] == b'/' {
        Uri::Path(text)
    } else if starts(b"http://") {
        absolute("http", 7)
    } else if starts(b"https://") {
        absolute("https", 8)
    } else if let Some(at) = memchr::memchr(b':', text) {
        Uri::Scheme(&text[..at], &text[at + 1..])
    } else {
        Uri::Text(text)
    }
}

fn header(text: &[u8]) -> Option<Http<'_>> {
    if text.is_empty() {
        return Some(Http::End);
    }
    let mut line = Line { rest: text };
    let original = line.take_while(|byte| !is_special(byte));
    line.rest = line.rest.strip_prefix(b":")?;
    line.spaces();
    let mut name = original.to_vec();
    let mut index = None;
    if name.len() <= MAX_NAME_BYTES {
        let mut upper = true;
        for byte in &mut name {
            *byte = if upper { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
            upper = *byte == b'-';
        }
        index = HEADERS.iter().position(|known| known.as_bytes() == name).map(|at| at + 1);
    }
    Some(Http::Header { index, name, original, value: line.rest })
}
