//! The text of terms as `erlang:display/1`, `pid_to_list/1` and their like show it.
//!
//! It is made for debugging: strings where lists look like text, floats with six decimals, large maps with the bitmaps of their
//! nodes. A stack of its own walks the term. Text is bytes, for a list may hold Latin-1 characters beside UTF-8 atoms.
//! Source: `erts/emulator/beam/erl_printf_term.c`.

use super::identity::external_ref_numbers;
use super::integer;
use super::view::{Bits, Map, Term, View};
use super::{hash, word};
use crate::atom::Atom;

/// As `erlang:display/1` without the line's end.
pub fn display(term: Term<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    print(term, &mut out, usize::MAX);
    out
}

/// As `display`, cut once about `limit` bytes are written, and whether it was.
pub fn display_up_to(term: Term<'_>, limit: usize) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let is_cut = print(term, &mut out, limit);
    (out, is_cut)
}

/// As `display`, cut once about `limit` bytes are written, as reports do with long terms.
pub fn display_limited(term: Term<'_>, limit: usize) -> String {
    let (mut out, is_cut) = display_up_to(term, limit);
    if is_cut {
        out.extend_from_slice(b"...");
    }
    String::from_utf8(out).unwrap_or_else(|error| error.into_bytes().iter().map(|byte| char::from(*byte)).collect())
}

enum Todo<'c> {
    Text(&'static str),
    Term(Term<'c>),
    /// What follows a printed element of a list.
    Tail(Term<'c>),
    Elements(&'c [Term<'c>]),
    Pairs(&'c [Term<'c>], &'c [Term<'c>]),
    /// Names and values of a record's fields.
    Fields(&'c [Term<'c>], &'c [Term<'c>]),
}

/// Whether it stopped at the limit.
fn print(term: Term<'_>, out: &mut Vec<u8>, limit: usize) -> bool {
    let mut stack = vec![Todo::Term(term)];
    while let Some(todo) = stack.pop() {
        if out.len() >= limit {
            return true;
        }
        match todo {
            Todo::Text(text) => out.extend_from_slice(text.as_bytes()),
            Todo::Term(term) => print_one(term, out, &mut stack, limit),
            Todo::Tail(tail) => match tail.as_cons() {
                Some(cell) => {
                    out.push(b',');
                    stack.extend([Todo::Tail(cell.tail), Todo::Term(cell.head)]);
                }
                None if tail.is_nil() => out.push(b']'),
                None => {
                    out.push(b'|');
                    stack.extend([Todo::Text("]"), Todo::Term(tail)]);
                }
            },
            Todo::Elements(elements) => {
                if let [first, rest @ ..] = elements {
                    if !rest.is_empty() {
                        stack.extend([Todo::Elements(rest), Todo::Text(",")]);
                    }
                    stack.push(Todo::Term(*first));
                }
            }
            Todo::Fields(names, values) => {
                if let ([name, names @ ..], [value, values @ ..]) = (names, values) {
                    if !names.is_empty() {
                        stack.extend([Todo::Fields(names, values), Todo::Text(",")]);
                    }
                    stack.extend([Todo::Term(*value), Todo::Text("="), Todo::Term(*name)]);
                }
            }
            Todo::Pairs(keys, values) => {
                if let ([key, keys @ ..], [value, values @ ..]) = (keys, values) {
                    if !keys.is_empty() {
                        stack.extend([Todo::Pairs(keys, values), Todo::Text(",")]);
                    }
                    stack.extend([Todo::Term(*value), Todo::Text("=>"), Todo::Term(*key)]);
                }
            }
        }
    }
    false
}

fn print_one<'c>(term: Term<'c>, out: &mut Vec<u8>, stack: &mut Vec<Todo<'c>>, limit: usize) {
    let view = term.view();
    match &view {
        View::Nil => put(out, "[]"),
        View::Atom(atom) => print_atom(*atom, out),
        View::Small(value) => put(out, &value.to_string()),
        View::Big(_) => put(out, &integer::to_text(hash::integer_of(&view), 10)),
        View::Float(value) => put(out, &scientific(*value)),
        View::Cons(cell) => {
            if is_text(term) {
                out.push(b'"');
                for byte in term.iter_list().filter_map(Term::as_small) {
                    match byte as u8 {
                        b'\n' => put(out, "\\n"),
                        b'"' => put(out, "\\\""),
                        byte => out.push(byte),
                    }
                    if out.len() >= limit {
                        return;
                    }
                }
                out.push(b'"');
            } else {
                out.push(b'[');
                stack.extend([Todo::Tail(cell.tail), Todo::Term(cell.head)]);
            }
        }
        View::Tuple(tuple) => {
            out.push(b'{');
            stack.extend([Todo::Text("}"), Todo::Elements(tuple.elements)]);
        }
        View::Record(record) => {
            out.push(b'#');
            for (part, end) in [(record.module(), b':'), (record.name(), b'{')] {
                print_atom(part.as_atom().unwrap_or(crate::atom::am::UNDEFINED), out);
                out.push(end);
            }
            stack.extend([Todo::Text("}"), Todo::Fields(record.fields(), record.values())]);
        }
        View::Map(Map::Flat { keys, values }) => {
            put(out, "#{");
            stack.extend([Todo::Text("}"), Todo::Pairs(keys, values)]);
        }
        View::Map(Map::Hash { bitmap, children, .. }) => {
            put(out, &format!("#<{bitmap:x}>{{"));
            stack.push(Todo::Text("}"));
            print_children(children, stack);
        }
        View::Bits(bits) => print_bits(bits, out, limit),
        View::Fun(fun) => {
            put(out, "#Fun<");
            put(out, fun.entry.module().text());
            put(out, &format!(".{}.{}>", fun.entry.index as i64, fun.entry.old_uniq as i64));
        }
        View::Export(export) => {
            put(out, "fun ");
            print_atom(export.module(), out);
            out.push(b':');
            print_atom(export.function(), out);
            put(out, &format!("/{}", export.arity));
        }
        View::Pid(_) => {
            put(out, &format!("<0.{}.{}>", word::pid_slot(term.word()), word::pid_generation(term.word())));
        }
        View::ExternalPid(words) => {
            put(out, &format!("<{}.{}.{}>", word::atom_index(words[0]), words[1] as u32, words[2] >> 32));
        }
        View::Port(_) => put(out, &format!("#Port<0.{}>", term.word() >> 8)),
        View::ExternalPort(words) => put(out, &format!("#Port<{}.{}>", word::atom_index(words[0]), words[1])),
        View::Ref(reference) => {
            let [first, second, third] = reference.numbers();
            put(out, &format!("#Ref<0.{third}.{second}.{first}>"));
        }
        View::ExternalRef(words) => {
            let (numbers, count) = external_ref_numbers(words);
            put(out, &format!("#Ref<{}", word::atom_index(words[0])));
            for number in numbers[..count].iter().rev() {
                put(out, &format!(".{number}"));
            }
            out.push(b'>');
        }
        View::Other => match term.as_hash_node() {
            Some((bitmap, children)) => {
                put(out, &format!("<{bitmap:x}>{{"));
                stack.push(Todo::Text("}"));
                print_children(children, stack);
            }
            None => put(out, "<term>"),
        },
    }
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Children of a large map's node: leaves are improper cells, which print as `[Key|Value]`.
fn print_children<'c>(children: &'c [Term<'c>], stack: &mut Vec<Todo<'c>>) {
    stack.push(Todo::Elements(children));
}

/// C's `%e`: six decimals and an exponent of at least two digits.
fn scientific(value: f64) -> String {
    let text = format!("{value:.6e}");
    let (mantissa, exponent) = text.split_once('e').expect("an exponent is always written");
    match exponent.strip_prefix('-') {
        Some(digits) => format!("{mantissa}e-{digits:0>2}"),
        None => format!("{mantissa}e+{exponent:0>2}"),
    }
}

/// A proper list of printable Latin-1 and white space.
fn is_text(list: Term<'_>) -> bool {
    let mut cells = list.iter_list();
    cells.by_ref().all(|head| matches!(head.as_small(), Some(32..=126 | 160..=255 | 9 | 10 | 13))) && cells.rest.is_nil()
}

fn print_bits(bits: &Bits<'_>, out: &mut Vec<u8>, limit: usize) {
    let whole = bits.size / 8;
    let rest = bits.size % 8;
    let bytes = (0..whole).map(|index| bits.byte_at(index));
    if rest == 0 && whole > 0 && bytes.clone().all(|byte| (32..127).contains(&byte)) {
        put(out, "<<\"");
        for byte in bytes {
            if byte == b'"' {
                out.push(b'\\');
            }
            out.push(byte);
            if out.len() >= limit {
                return;
            }
        }
        return put(out, "\">>");
    }
    put(out, "<<");
    for (index, byte) in bytes.enumerate() {
        let comma = if index > 0 { "," } else { "" };
        put(out, &format!("{comma}{byte}"));
        if out.len() >= limit {
            return;
        }
    }
    if rest > 0 {
        let comma = if whole > 0 { "," } else { "" };
        put(out, &format!("{comma}{}:{rest}", bits.byte_at(whole) >> (8 - rest)));
    }
    put(out, ">>");
}

/// An atom, quoted where Erlang would have to read it so.
pub fn print_atom(atom: Atom, out: &mut Vec<u8>) {
    let text = atom.text();
    let mut characters = text.chars();
    let bare = characters.next().is_some_and(is_lower) && characters.all(|c| c == '_' || is_alphanumeric(c));
    if bare {
        return put(out, text);
    }
    out.push(b'\'');
    for character in text.chars() {
        match character {
            '\'' => put(out, "\\'"),
            '\\' => put(out, "\\\\"),
            '\n' => put(out, "\\n"),
            '\x0c' => put(out, "\\f"),
            '\t' => put(out, "\\t"),
            '\r' => put(out, "\\r"),
            '\x08' => put(out, "\\b"),
            '\x0b' => put(out, "\\v"),
            '\0'..='\x1f' | '\u{80}'..='\u{9f}' => put(out, &format!("\\{:03o}", character as u32)),
            _ => {
                let mut buffer = [0; 4];
                put(out, character.encode_utf8(&mut buffer));
            }
        }
    }
    out.push(b'\'');
}

fn is_lower(c: char) -> bool {
    matches!(c, 'a'..='z' | 'ß'..='ö' | 'ø'..='ÿ')
}

fn is_alphanumeric(c: char) -> bool {
    is_lower(c) || matches!(c, 'A'..='Z' | '0'..='9' | 'À'..='Ö' | 'Ø'..='Þ')
}
