//! Emulator flags given when building (`--vm-args FILE`), as `init:get_arguments/0` shows them.
//!
//! ```text
//! -name a b   ►  {name, ["a", "b"]}          -shop port 80   ►  also the environment of `shop`
//! +P 1000     ►  for an emulator's own start: left out
//! ```

use super::app_file::{self, Constant, list};

/// `-name value…`.
#[derive(Debug, PartialEq)]
pub struct Flag {
    pub name: String,
    pub values: Vec<String>,
}

impl Flag {
    /// `{Key, Value}` of `-App Key Value`.
    pub fn setting(&self) -> Option<Constant> {
        let [key, value] = &self.values[..] else { return None };
        let key = app_file::constant(key).filter(|key| matches!(key, Constant::Atom(_)))?;
        Some(Constant::Tuple(vec![key, app_file::constant(value)?]))
    }

    /// As it was written.
    pub fn text(&self) -> String {
        [std::slice::from_ref(&self.name), &self.values[..]].concat().join(" ")
    }
}

/// Reads the flags of all lines.
pub fn read(lines: &[String]) -> Vec<Flag> {
    let mut flags: Vec<Flag> = Vec::new();
    let mut is_emulators = true;
    for token in lines.iter().flat_map(|line| tokens(line)) {
        if token.starts_with('+') {
            is_emulators = true;
        } else if let Some(name) = token.strip_prefix('-').filter(|name| name.starts_with(char::is_alphabetic)) {
            is_emulators = false;
            flags.push(Flag { name: name.to_string(), values: Vec::new() });
        } else if let (false, Some(flag)) = (is_emulators, flags.last_mut()) {
            flag.values.push(token);
        }
    }
    flags
}

/// Values of `+P` that no machine takes: a count of processes is from 1,024 to 134,217,727.
pub fn refused_process_counts(lines: &[String]) -> Vec<String> {
    let mut refused = Vec::new();
    let mut words = lines.iter().flat_map(|line| tokens(line));
    while let Some(word) = words.next() {
        if word == "+P" {
            let value = words.next().unwrap_or_default();
            if !value.parse::<u64>().is_ok_and(|count| (1024..=134_217_727).contains(&count)) {
                refused.push(value);
            }
        }
    }
    refused
}

/// `[{Name, [Text]}]` in the external term format.
pub fn encode(flags: &[Flag]) -> Vec<u8> {
    let text = |text: &String| Constant::Text(text.chars().map(u32::from).collect());
    let flags = flags.iter().map(|flag| {
        let values = list(flag.values.iter().map(text).collect());
        Constant::Tuple(vec![Constant::Atom(flag.name.clone()), values])
    });
    app_file::to_external(&list(flags.collect()))
}

/// Words of a line; quotes hold words together, inside a word too.
fn tokens(line: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(first) = letters.peek() {
        if first.is_whitespace() {
            letters.next();
            continue;
        }
        let mut token = String::new();
        let mut quote = None;
        while let Some(letter) = letters.next_if(|letter| quote.is_some() || !letter.is_whitespace()) {
            match quote {
                Some(open) if letter == open => quote = None,
                None if matches!(letter, '"' | '\'') => quote = Some(letter),
                _ => token.push(letter),
            }
        }
        tokens.push(token);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_processes_have_bounds() {
        let lines = ["+P 1024 +P 1023", "-x +P 134217727 +P many", "+P"].map(str::to_string);
        assert_eq!(refused_process_counts(&lines), ["1023", "many", ""]);
    }

    #[test]
    fn flags_are_read() {
        let lines = ["-shop port 80", "+P 1000 -name a \"b c\"", "-shop greeting '\"hi\"' -bare"].map(str::to_string);
        let flags = read(&lines);
        let texts: Vec<String> = flags.iter().map(Flag::text).collect();
        assert_eq!(texts, ["shop port 80", "name a b c", "shop greeting \"hi\"", "bare"]);
        assert_eq!(flags[1].values, ["a", "b c"]);
        let pair = |key: &str, value| Some(Constant::Tuple(vec![Constant::Atom(key.into()), value]));
        assert_eq!(flags[0].setting(), pair("port", Constant::Integer(80)));
        assert_eq!(flags[2].setting(), pair("greeting", Constant::Text(vec![104, 105])));
        assert_eq!((flags[1].setting(), flags[3].setting()), (None, None));
    }
}
