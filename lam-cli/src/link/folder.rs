//! What a given module says of the folder that it was compiled in, left out: the same source gives the same program everywhere.
//!
//! `erlc` writes the source's full path and its own options into the compile information, and a path given in full into the line
//! table. Without them the module is what `erlc +deterministic` makes of it. They stay only in a program that asks for its files.

use lam_vm::loader::BeamFile;

/// Options that name folders; others go when a path from the root stands in them.
const FOLDER_OPTIONS: &[&str] = &["i", "outdir", "cwd", "source", "source_name"];

/// The module asks where modules' files are (`code:which/1`), which is beside their sources: then the folders stay.
pub fn is_asked_for(file: &BeamFile) -> bool {
    let asks = |module: &str, function: &str| module == "code" && function == "which";
    file.tables.imports.iter().any(|import| asks(file.atom(import.module), file.atom(import.function)))
}

/// Takes the folder out of a module's compile information and line table.
pub fn forget(file: &mut BeamFile) {
    if let Some(info) = without_folders(&file.compile_info) {
        file.compile_info = info.into();
    }
    for name in &mut file.lines.files {
        if let (true, Some(base)) = (name.starts_with('/'), name.rsplit('/').next()) {
            *name = base.into();
        }
    }
}

/// `[{options, […]}, {source, …}, …]` in the external term format, without the source and with the other options only; `None`
/// when it has another form.
fn without_folders(info: &[u8]) -> Option<Vec<u8>> {
    let list = info.strip_prefix(&[131])?;
    let mut kept = Vec::new();
    for pair in elements(list)? {
        match key(pair) {
            Some("source") => {}
            Some("options") => {
                let mut rest = pair.get(2..)?;
                let name = &rest[..skip(rest)?];
                rest = &rest[name.len()..];
                let options = elements(rest)?;
                let options: Vec<&[u8]> = options.into_iter().filter(|option| !names_folder(option)).collect();
                kept.push([&pair[..2], name, &list_of(&options)].concat());
            }
            _ => kept.push(pair.to_vec()),
        }
    }
    let kept: Vec<&[u8]> = kept.iter().map(Vec::as_slice).collect();
    Some([&[131], &*list_of(&kept)].concat())
}

fn names_folder(option: &[u8]) -> bool {
    key(option).is_some_and(|key| FOLDER_OPTIONS.contains(&key)) || holds_path(option)
}

/// Whether a text in the term starts as a path from the root.
fn holds_path(term: &[u8]) -> bool {
    let mut rest = term;
    while !rest.is_empty() {
        let Some((length, _)) = step(rest) else { return false };
        let text = match rest[0] {
            107 => rest.get(3..length),
            109 => rest.get(5..length),
            _ => None,
        };
        if text.is_some_and(|text| text.starts_with(b"/")) {
            return true;
        }
        rest = &rest[length..];
    }
    false
}

/// The atom that is first in a tuple of two.
fn key(term: &[u8]) -> Option<&str> {
    let atom = term.strip_prefix(&[104, 2])?;
    let text = match atom.first()? {
        100 | 118 => atom.get(3..step(atom)?.0)?,
        115 | 119 => atom.get(2..step(atom)?.0)?,
        _ => return None,
    };
    std::str::from_utf8(text).ok()
}

/// The elements of a proper list that is all of `term`.
fn elements(term: &[u8]) -> Option<Vec<&[u8]>> {
    if term == [106] {
        return Some(Vec::new());
    }
    let mut rest = term.strip_prefix(&[108])?;
    let count = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
    rest = &rest[4..];
    let mut elements = Vec::new();
    for _ in 0..count {
        let (element, after) = rest.split_at_checked(skip(rest)?)?;
        elements.push(element);
        rest = after;
    }
    (rest == [106]).then_some(elements)
}

fn list_of(elements: &[&[u8]]) -> Vec<u8> {
    if elements.is_empty() {
        return vec![106];
    }
    let mut list = vec![108];
    list.extend((elements.len() as u32).to_be_bytes());
    elements.iter().for_each(|element| list.extend_from_slice(element));
    list.push(106);
    list
}

/// Bytes of the term at the front.
fn skip(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut pending) = (0usize, 1usize);
    while pending > 0 {
        let (length, inner) = step(bytes.get(at..)?)?;
        at += length;
        pending = (pending - 1).checked_add(inner)?;
    }
    (at <= bytes.len()).then_some(at)
}

/// Bytes of the head of the term at the front, and how many terms follow it.
fn step(bytes: &[u8]) -> Option<(usize, usize)> {
    let number = |at: usize, size: usize| Some(bytes.get(at..at + size)?.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)));
    let (length, inner) = match bytes.first()? {
        97 => (2, 0),
        98 => (5, 0),
        70 => (9, 0),
        99 => (32, 0),
        106 => (1, 0),
        100 | 118 | 107 => (3 + number(1, 2)?, 0),
        115 | 119 => (2 + number(1, 1)?, 0),
        109 => (5 + number(1, 4)?, 0),
        77 => (6 + number(1, 4)?, 0),
        110 => (3 + number(1, 1)?, 0),
        111 => (6 + number(1, 4)?, 0),
        104 => (2, number(1, 1)?),
        105 => (5, number(1, 4)?),
        108 => (5, number(1, 4)?.checked_add(1)?),
        116 => (5, number(1, 4)?.checked_mul(2)?),
        113 => (1, 3),
        _ => return None,
    };
    (length <= bytes.len()).then_some((length, inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(text: &str) -> Vec<u8> {
        [&[119, text.len() as u8], text.as_bytes()].concat()
    }

    fn string(text: &str) -> Vec<u8> {
        [&[107, 0, text.len() as u8], text.as_bytes()].concat()
    }

    fn pair(key: &str, value: &[u8]) -> Vec<u8> {
        [&[104, 2], &*atom(key), value].concat()
    }

    fn list(elements: &[Vec<u8>]) -> Vec<u8> {
        list_of(&elements.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    #[test]
    fn the_folder_goes_and_the_rest_stays() {
        let options = [
            atom("debug_info"),
            pair("i", &string("include")),
            pair("d", &atom("TEST")),
            pair("outdir", &string("ebin")),
            pair("rule", &[&[104, 1], &*string("/home/joe")].concat()),
        ];
        let info =
            list(&[pair("version", &string("8.2")), pair("options", &list(&options)), pair("source", &string("/a/b.erl"))]);
        let expected =
            list(&[pair("version", &string("8.2")), pair("options", &list(&[atom("debug_info"), pair("d", &atom("TEST"))]))]);
        assert_eq!(without_folders(&[&[131], &*info].concat()), Some([&[131], &*expected].concat()));
        let bare = list(&[pair("options", &list(&[]))]);
        assert_eq!(without_folders(&[&[131], &*bare].concat()), Some([&[131], &*bare].concat()));
    }

    #[test]
    fn broken_bytes_stay_as_they_are() {
        let whole = [&[131], &*list(&[pair("options", &list(&[atom("x")])), pair("source", &string("/a"))])].concat();
        for cut in 0..whole.len() {
            assert_eq!(without_folders(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(without_folders(&[131, 108, 255, 255, 255, 255, 106]), None);
        assert_eq!(without_folders(&[131, 105, 255, 255, 255, 255]), None);
    }
}
