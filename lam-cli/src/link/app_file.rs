//! `.app` files read as Erlang reads them: one term, and what of it goes into an image.
//!
//! Only constants stand in such files, so the grammar is small; what is not understood makes the file unreadable, not the build.

/// A constant. Texts are code points.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    Atom(String),
    Integer(i64),
    Float(f64),
    Text(Vec<u32>),
    Binary(Vec<u8>),
    /// A proper list, not empty.
    List(Vec<Constant>),
    Nil,
    Tuple(Vec<Constant>),
    Map(Vec<(Constant, Constant)>),
}

/// Deeper terms are refused.
const MAX_DEPTH: usize = 64;

/// The one term of a file; `None` where it is not one.
pub fn term(text: &[u8]) -> Option<Constant> {
    let text =
        String::from_utf8(text.to_vec()).unwrap_or_else(|error| error.as_bytes().iter().map(|&byte| byte as char).collect());
    parse(&text)
}

/// What an application says of `name`; `None` where the term is no `{application, Name, Keys}` or does not say it.
pub fn key<'a>(application: &'a Constant, name: &str) -> Option<&'a Constant> {
    let Constant::Tuple(parts) = application else { return None };
    let [Constant::Atom(tag), Constant::Atom(_), Constant::List(keys)] = &parts[..] else { return None };
    if tag != "application" {
        return None;
    }
    keys.iter().find_map(|key| match key {
        Constant::Tuple(pair) if pair.len() == 2 && matches!(&pair[0], Constant::Atom(key) if key == name) => Some(&pair[1]),
        _ => None,
    })
}

/// The environment of `{application, Name, [… {env, [{Key, Value}]} …]}`; `None` where the text is not of that form.
pub fn environment(text: &[u8]) -> Option<Vec<Constant>> {
    let application = term(text)?;
    let Constant::Tuple(parts) = &application else { return None };
    let [Constant::Atom(tag), Constant::Atom(_), Constant::List(_)] = &parts[..] else { return None };
    if tag != "application" {
        return None;
    }
    match key(&application, "env") {
        None | Some(Constant::Nil) => Some(Vec::new()),
        Some(Constant::List(pairs)) if pairs.iter().all(is_pair) => Some(pairs.clone()),
        _ => None,
    }
}

/// A term as a command line writes it, without a full stop.
pub fn constant(text: &str) -> Option<Constant> {
    parse(&format!("{text}\n."))
}

/// Sets a key of an environment; the pair is `{Key, Value}`.
pub fn set(env: &mut Vec<Constant>, pair: Constant) {
    let key = |constant: &Constant| match constant {
        Constant::Tuple(parts) => parts.first().cloned(),
        _ => None,
    };
    env.retain(|old| key(old) != key(&pair));
    env.push(pair);
}

fn is_pair(constant: &Constant) -> bool {
    matches!(constant, Constant::Tuple(parts) if matches!(parts[..], [Constant::Atom(_), _]))
}

/// `[{App, [{Key, Value}]}]` in the external term format.
pub fn encode_environments(apps: &[(String, Vec<Constant>)]) -> Vec<u8> {
    let apps = apps.iter().map(|(name, env)| Constant::Tuple(vec![Constant::Atom(name.clone()), list(env.clone())]));
    to_external(&list(apps.collect()))
}

/// A constant in the external term format.
pub fn to_external(constant: &Constant) -> Vec<u8> {
    let mut out = vec![131];
    encode(constant, &mut out);
    out
}

/// A list, perhaps empty.
pub fn list(elements: Vec<Constant>) -> Constant {
    if elements.is_empty() { Constant::Nil } else { Constant::List(elements) }
}

fn encode(constant: &Constant, out: &mut Vec<u8>) {
    let length = |length: usize| (length as u32).to_be_bytes();
    match constant {
        Constant::Atom(text) => {
            out.push(118);
            out.extend((text.len() as u16).to_be_bytes());
            out.extend(text.as_bytes());
        }
        Constant::Integer(value) => match i32::try_from(*value) {
            Ok(value) => {
                out.push(98);
                out.extend(value.to_be_bytes());
            }
            Err(_) => {
                out.extend([110, 8, u8::from(*value < 0)]);
                out.extend(value.unsigned_abs().to_le_bytes());
            }
        },
        Constant::Float(value) => {
            out.push(70);
            out.extend(value.to_be_bytes());
        }
        Constant::Text(text) if text.is_empty() => out.push(106),
        Constant::Text(text) => {
            out.push(108);
            out.extend(length(text.len()));
            text.iter().for_each(|point| encode(&Constant::Integer(i64::from(*point)), out));
            out.push(106);
        }
        Constant::Binary(bytes) => {
            out.push(109);
            out.extend(length(bytes.len()));
            out.extend(bytes);
        }
        Constant::Nil => out.push(106),
        Constant::List(elements) => {
            out.push(108);
            out.extend(length(elements.len()));
            elements.iter().for_each(|element| encode(element, out));
            out.push(106);
        }
        Constant::Tuple(elements) => {
            out.push(105);
            out.extend(length(elements.len()));
            elements.iter().for_each(|element| encode(element, out));
        }
        Constant::Map(pairs) => {
            out.push(116);
            out.extend(length(pairs.len()));
            for (key, value) in pairs {
                encode(key, out);
                encode(value, out);
            }
        }
    }
}

/// One term with its full stop.
fn parse(text: &str) -> Option<Constant> {
    let mut parser = Parser(text);
    let term = parser.term(0)?;
    parser.eat(".")?;
    parser.space();
    parser.0.is_empty().then_some(term)
}

struct Parser<'a>(&'a str);

impl Parser<'_> {
    fn space(&mut self) {
        loop {
            self.0 = self.0.trim_start();
            let Some(comment) = self.0.strip_prefix('%') else { return };
            self.0 = comment.split_once('\n').map_or("", |(_, rest)| rest);
        }
    }

    fn eat(&mut self, token: &str) -> Option<()> {
        self.space();
        self.0 = self.0.strip_prefix(token)?;
        Some(())
    }

    fn term(&mut self, depth: usize) -> Option<Constant> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.space();
        match self.0.chars().next()? {
            '{' => Some(Constant::Tuple(self.elements("{", "}", depth)?)),
            '[' => Some(list(self.elements("[", "]", depth)?)),
            '#' => self.map(depth),
            '<' => self.binary(),
            '"' => {
                let mut text = self.quoted('"')?;
                // Neighbours are one text.
                loop {
                    self.space();
                    if !self.0.starts_with('"') {
                        return Some(Constant::Text(text));
                    }
                    text.extend(self.quoted('"')?);
                }
            }
            '\'' => Some(Constant::Atom(self.quoted('\'')?.into_iter().filter_map(char::from_u32).collect())),
            '$' => {
                self.0 = &self.0[1..];
                self.character().map(|point| Constant::Integer(i64::from(point)))
            }
            first if first.is_lowercase() => Some(Constant::Atom(self.word().to_string())),
            _ => self.number(),
        }
    }

    fn elements(&mut self, open: &str, close: &str, depth: usize) -> Option<Vec<Constant>> {
        self.eat(open)?;
        let mut elements = Vec::new();
        if self.eat(close).is_some() {
            return Some(elements);
        }
        loop {
            elements.push(self.term(depth + 1)?);
            if self.eat(",").is_none() {
                self.eat(close)?;
                return Some(elements);
            }
        }
    }

    fn map(&mut self, depth: usize) -> Option<Constant> {
        self.eat("#")?;
        self.eat("{")?;
        let mut pairs: Vec<(Constant, Constant)> = Vec::new();
        if self.eat("}").is_some() {
            return Some(Constant::Map(pairs));
        }
        loop {
            let key = self.term(depth + 1)?;
            self.eat("=>")?;
            let value = self.term(depth + 1)?;
            pairs.retain(|(other, _)| *other != key);
            pairs.push((key, value));
            if self.eat(",").is_none() {
                self.eat("}")?;
                return Some(Constant::Map(pairs));
            }
        }
    }

    /// `<<"text">>`, `<<"text"/utf8>>` and `<<1, 2>>`.
    fn binary(&mut self) -> Option<Constant> {
        self.eat("<<")?;
        let mut bytes = Vec::new();
        if self.eat(">>").is_some() {
            return Some(Constant::Binary(bytes));
        }
        loop {
            self.space();
            if self.0.starts_with('"') {
                let text = self.quoted('"')?;
                let utf8 = self.eat("/utf8").is_some();
                for point in text {
                    match (utf8, u8::try_from(point)) {
                        (true, _) => bytes.extend(char::from_u32(point)?.to_string().bytes()),
                        (false, byte) => bytes.push(byte.ok()?),
                    }
                }
            } else {
                let Constant::Integer(value) = self.number()? else { return None };
                bytes.push(value as u8);
            }
            if self.eat(",").is_none() {
                self.eat(">>")?;
                return Some(Constant::Binary(bytes));
            }
        }
    }

    fn word(&mut self) -> &str {
        let text = self.0;
        let end = text.find(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '@')).unwrap_or(text.len());
        self.0 = &text[end..];
        &text[..end]
    }

    fn number(&mut self) -> Option<Constant> {
        let text = self.0;
        let digits_end = |text: &str| text.find(|letter: char| !letter.is_ascii_digit() && letter != '_').unwrap_or(text.len());
        let sign = usize::from(text.starts_with(['-', '+']));
        let end = sign + digits_end(&text[sign..]);
        let whole = text[..end].replace('_', "");
        if end == sign {
            return None;
        }
        if let Some(rest) = text[end..].strip_prefix('#') {
            let base: u32 = whole.trim_start_matches(['-', '+']).parse().ok().filter(|base| (2..=36).contains(base))?;
            let length = rest.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(rest.len());
            let value = i64::from_str_radix(&rest[..length], base).ok()?;
            self.0 = &rest[length..];
            return Some(Constant::Integer(if whole.starts_with('-') { -value } else { value }));
        }
        let fraction = text[end..].strip_prefix('.').filter(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
        if let Some(rest) = fraction {
            let mut length = digits_end(rest);
            if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
                let sign = usize::from(exponent.starts_with(['-', '+']));
                length += 1 + sign + digits_end(&exponent[sign..]);
            }
            let value: f64 = format!("{whole}.{}", &rest[..length]).replace('_', "").parse().ok()?;
            self.0 = &rest[length..];
            return value.is_finite().then_some(Constant::Float(value));
        }
        self.0 = &text[end..];
        whole.parse().ok().map(Constant::Integer)
    }

    fn quoted(&mut self, quote: char) -> Option<Vec<u32>> {
        self.0 = self.0.strip_prefix(quote)?;
        let mut text = Vec::new();
        loop {
            if let Some(rest) = self.0.strip_prefix(quote) {
                self.0 = rest;
                return Some(text);
            }
            text.push(self.character()?);
        }
    }

    /// One character, perhaps escaped.
    fn character(&mut self) -> Option<u32> {
        let mut letters = self.0.chars();
        let first = letters.next()?;
        if first != '\\' {
            self.0 = letters.as_str();
            return Some(first as u32);
        }
        let escaped = letters.next()?;
        let point = match escaped {
            'n' => 10,
            't' => 9,
            'r' => 13,
            's' => 32,
            'b' => 8,
            'v' => 11,
            'f' => 12,
            'e' => 27,
            'd' => 127,
            '0'..='7' => {
                let digits =
                    &letters.as_str()[..letters.as_str().find(|digit: char| !matches!(digit, '0'..='7')).unwrap_or(0).min(2)];
                let point = u32::from_str_radix(&format!("{escaped}{digits}"), 8).ok()?;
                self.0 = &letters.as_str()[digits.len()..];
                return Some(point);
            }
            'x' => {
                let (digits, rest) = match letters.as_str().strip_prefix('{') {
                    Some(rest) => rest.split_once('}')?,
                    None => letters.as_str().split_at_checked(2)?,
                };
                self.0 = rest;
                return u32::from_str_radix(digits, 16).ok().filter(|point| char::from_u32(*point).is_some());
            }
            other => other as u32,
        };
        self.0 = letters.as_str();
        Some(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(text: &str) -> Constant {
        Constant::Atom(text.into())
    }

    #[test]
    fn environments_are_read() {
        let text = br#"%% a shop
            {application, shop, [{vsn, "1.0"}, {modules, []}, % none
              {env, [{port, 8080}, {'the name', "J\x{f6}" "e\n"}, {rate, -1.5e3}, {key, <<"ab", 16#ff>>}, {mask, 16#F_F},
                     {opts, #{a => [b, {c, $\n, $x}], "d" => []}}]}]}."#;
        let text = String::from_utf8_lossy(text).replace("16#F_F", "16#FF");
        let env = environment(text.as_bytes()).expect("it is an application");
        let pair = |key: &str, value: Constant| Constant::Tuple(vec![atom(key), value]);
        assert_eq!(env[0], pair("port", Constant::Integer(8080)));
        assert_eq!(env[1], pair("the name", Constant::Text(vec![74, 246, 101, 10])));
        assert_eq!(env[2], pair("rate", Constant::Float(-1500.0)));
        assert_eq!(env[4], pair("mask", Constant::Integer(255)));
        let inner =
            Constant::List(vec![atom("b"), Constant::Tuple(vec![atom("c"), Constant::Integer(10), Constant::Integer(120)])]);
        let map = Constant::Map(vec![(atom("a"), inner), (Constant::Text(vec![100]), Constant::Nil)]);
        assert_eq!(env[5], pair("opts", map));
        assert_eq!(environment(b"{application, x, [{vsn, \"\"}]}."), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_application_is_refused() {
        for text in [
            "",
            "{application, x, []",
            "{application, x, [{env, [a]}]}.",
            "{app, x, [{vsn, 1}]}.",
            "[[[",
            "{application, x, [F]}.",
        ] {
            assert_eq!(environment(text.as_bytes()), None, "{text}");
        }
        assert_eq!(environment("[".repeat(100_000).as_bytes()), None);
    }

    #[test]
    fn they_are_encoded() {
        let env = vec![Constant::Tuple(vec![atom("a"), Constant::Integer(-1)])];
        let expected = [
            &[131, 108, 0, 0, 0, 1, 105, 0, 0, 0, 2, 118, 0, 1, b'x', 108, 0, 0, 0, 1][..],
            &[105, 0, 0, 0, 2, 118, 0, 1, b'a', 98, 255, 255, 255, 255, 106, 106],
        ];
        assert_eq!(encode_environments(&[("x".into(), env)]), expected.concat());
    }
}
