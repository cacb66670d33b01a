//! `decode_packet`: the first packet of a binary.

use crate::atom::{self, am};
use crate::bif::args::OrBadarg;
use crate::bif::packet::{self, HEADERS, Http, Kind, Length, Limits, METHODS, Uri};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::term::Term;

bifs! { module "erlang";
    /// The first packet of `Binary` as `{ok, Packet, Rest}`; `{more, Length | undefined}` where it is not all there, `{error, invalid}`.
    ///
    /// `erlang:decode_packet(2, <<0, 1, 2, 3>>, [])` => `{ok, <<2>>, <<3>>}`
    /// `erlang:decode_packet(1, <<5, 1>>, [])` => `{more, 6}`
    /// `erlang:decode_packet(line, <<"abc">>, [])` => `{more, undefined}`
    /// `erlang:decode_packet(4, <<0, 0, 0, 9, 1>>, [{packet_size, 2}])` => `{error, invalid}`
    /// `erlang:decode_packet(http, <<"FOO http://a.b:80/x?y HTTP/1.0\n">>, [])` => `{ok, {http_request, "FOO", {absoluteURI, http, "a.b", 80, "/x?y"}, {1, 0}}, <<>>}`
    /// `erlang:decode_packet(http, <<"HTTP/1.1 200 OK\nx">>, [])` => `{ok, {http_response, {1, 1}, 200, "OK"}, <<"x">>}`
    /// `erlang:decode_packet(httph_bin, <<"x-foo-bar:  12\nX">>, [])` => `{ok, {http_header, 0, <<"X-Foo-Bar">>, <<"x-foo-bar">>, <<"12">>}, <<"X">>}`
    /// `erlang:decode_packet(http, <<"garbage\nx">>, [])` => `{ok, {http_error, "garbage\n"}, <<"x">>}`
    /// `erlang:decode_packet(asn1, <<48, 2, 1, 2, 3>>, [])` => `{ok, <<48, 2, 1, 2>>, <<3>>}`
    /// `erlang:decode_packet(fcgi, <<1, 1, 0, 1, 0, 1, 0, 0, 5, 6>>, [])` => `{ok, <<1, 1, 0, 1, 0, 1, 0, 0, 5>>, <<6>>}`
    /// `erlang:decode_packet(x, <<>>, [])` => `error:badarg`
    /// `erlang:decode_packet(1, <<>>, [{packet_size, x}])` => `error:badarg`
    [plain] "decode_packet"/3 = decode_packet, "erts/emulator/beam/erl_bif_port.c";
}

fn named<'c>(text: &'static str) -> Term<'c> {
    Term::atom(atom::intern_static(text))
}

/// The kind of packet, and whether its text is given as binaries.
fn kind_of(term: Term<'_>) -> Option<(Kind, bool)> {
    if let Some(size) = term.as_small() {
        return match size {
            0 => Some((Kind::Raw, false)),
            1 | 2 | 4 => Some((Kind::Length(size as usize), false)),
            _ => None,
        };
    }
    Some(match term.as_atom()?.text() {
        "raw" => (Kind::Raw, false),
        "asn1" => (Kind::Asn1, false),
        "sunrm" => (Kind::SunRm, false),
        "cdr" => (Kind::Cdr, false),
        "fcgi" => (Kind::Fcgi, false),
        "line" => (Kind::Line, false),
        "tpkt" => (Kind::Tpkt, false),
        "ssl_tls" => (Kind::SslTls, false),
        "http" => (Kind::Http, false),
        "httph" => (Kind::HttpHeader, false),
        "http_bin" => (Kind::Http, true),
        "httph_bin" => (Kind::HttpHeader, true),
        _ => return None,
    })
}

fn limits_of<'c>(options: Term<'c>, kind: Kind) -> Result<Limits, Stop<'c>> {
    let mut limits = Limits { packet_bytes: 0, line_bytes: 0, delimiter: b'\n' };
    for option in options.list_to_vec().or_badarg()? {
        let [name, value] = option.as_tuple_of().or_badarg()?;
        let value = value.as_usize().filter(|value| u32::try_from(*value).is_ok()).or_badarg()?;
        match name.as_atom().or_badarg()?.text() {
            "packet_size" => limits.packet_bytes = value,
            "line_length" => limits.line_bytes = value,
            "line_delimiter" if kind == Kind::Line => limits.delimiter = u8::try_from(value).ok().or_badarg()?,
            _ => return Err(Stop::BADARG),
        }
    }
    Ok(limits)
}

fn decode_packet<'c>(call: &mut Call<'c>, [kind, binary, options]: [Term<'c>; 3]) -> BifResult<'c> {
    let Some((kind, as_binaries)) = kind_of(kind) else {
        return Err(call.badarg_cause(atom::intern_static("badopt")));
    };
    let size = 8 * (binary.as_bits().or_badarg()?.size / 8);
    let bytes = binary.as_bits().or_badarg()?.slice(0, size).to_bytes();
    let limits = limits_of(options, kind)?;
    let length = match packet::length(kind, &bytes, limits) {
        Length::Known(length) if length <= bytes.len() => length,
        Length::Invalid => return Ok(call.tuple(&[Term::atom(am::ERROR), named("invalid")])),
        missing => {
            let length =
                if let Length::Known(length) = missing { call.unsigned(length as u64) } else { Term::atom(am::UNDEFINED) };
            return Ok(call.tuple(&[named("more"), length]));
        }
    };
    let packet = match kind {
        Kind::Http | Kind::HttpHeader => http(call, &bytes[..length], kind == Kind::HttpHeader, as_binaries),
        Kind::SslTls => ssl_tls(call, &bytes[..length]),
        _ => {
            let (from, to) = match kind {
                Kind::Length(header) => (header, length),
                Kind::Fcgi => (0, length - usize::from(bytes[6])),
                _ => (0, length),
            };
            call.sub_bits(binary, 8 * from, 8 * (to - from))
        }
    };
    let rest = call.sub_bits(binary, 8 * length, size - 8 * length);
    Ok(call.tuple(&[Term::atom(am::OK), packet, rest]))
}

/// `{ssl_tls, [], ContentType, {Major, Minor}, Data}`
fn ssl_tls<'c>(call: &mut Call<'c>, bytes: &[u8]) -> Term<'c> {
    let (kind, version, data) = if packet::is_ssl2_hello(bytes) {
        let size = (bytes.len() - 3) as u32;
        let mut data = vec![1];
        data.extend_from_slice(&size.to_be_bytes()[1..]);
        data.extend_from_slice(&bytes[3..]);
        (22, [bytes[3], bytes[4]], data)
    } else {
        (bytes[0], [bytes[1], bytes[2]], bytes[5..].to_vec())
    };
    let version = pair(call, u32::from(version[0]), u32::from(version[1]));
    let kind = call.integer(i64::from(kind));
    let data = call.binary(&data);
    call.tuple(&[named("ssl_tls"), Term::NIL, kind, version, data])
}

fn pair<'c>(call: &mut Call<'c>, a: u32, b: u32) -> Term<'c> {
    let (a, b) = (call.integer(i64::from(a)), call.integer(i64::from(b)));
    call.tuple(&[a, b])
}

fn text<'c>(call: &mut Call<'c>, bytes: &[u8], as_binary: bool) -> Term<'c> {
    if as_binary { call.binary(bytes) } else { call.byte_list(bytes, Term::NIL) }
}

fn http<'c>(call: &mut Call<'c>, line: &[u8], headers: bool, as_binaries: bool) -> Term<'c> {
    match packet::http(line, headers) {
        Http::End => named("http_eoh"),
        Http::Error => {
            let line = text(call, line, as_binaries);
            call.tuple(&[named("http_error"), line])
        }
        Http::Response { version: (major, minor), status, reason } => {
            let version = pair(call, major, minor);
            let status = call.integer(i64::from(status));
            let reason = text(call, reason, as_binaries);
            call.tuple(&[named("http_response"), version, status, reason])
        }
        Http::Request { method, uri, version: (major, minor) } => {
            let method = match METHODS.iter().find(|known| known.as_bytes() == method) {
                Some(known) => named(known),
                None => text(call, method, as_binaries),
            };
            let uri = uri_term(call, uri, as_binaries);
            let version = pair(call, major, minor);
            call.tuple(&[named("http_request"), method, uri, version])
        }
        Http::Header { index, name, original, value } => {
            let name = match index {
                Some(index) => named(HEADERS[index - 1]),
                None => text(call, &name, as_binaries),
            };
            let index = call.integer(index.unwrap_or(0) as i64);
            let original = text(call, original, as_binaries);
            let value = text(call, value, as_binaries);
            call.tuple(&[named("http_header"), index, name, original, value])
        }
    }
}

fn uri_term<'c>(call: &mut Call<'c>, uri: Uri<'_>, as_binaries: bool) -> Term<'c> {
    match uri {
        Uri::Star => named("*"),
        Uri::Text(bytes) => text(call, bytes, as_binaries),
        Uri::Path(path) => {
            let path = text(call, path, as_binaries);
            call.tuple(&[named("abs_path"), path])
        }
        Uri::Scheme(scheme, rest) => {
            let scheme = text(call, scheme, as_binaries);
            let rest = text(call, rest, as_binaries);
            call.tuple(&[named("scheme"), scheme, rest])
        }
        Uri::Absolute { scheme, host, port, path } => {
            let host = text(call, host, as_binaries);
            let port = match port {
                Some(port) => call.integer(i64::from(port)),
                None => Term::atom(am::UNDEFINED),
            };
            let path = text(call, path, as_binaries);
            call.tuple(&[named("absoluteURI"), named(scheme), host, port, path])
        }
    }
}
