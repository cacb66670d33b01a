//! Atoms to and from text.

use crate::atom::{self, Atom, am};
use crate::bif::args::{self, OrBadarg};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::term::Term;

bifs! { module "erlang";
    /// The characters of an atom.
    ///
    /// `erlang:atom_to_list(abc)` => `"abc"`
    /// `erlang:atom_to_list("abc")` => `error:badarg`
    [plain] "atom_to_list"/1 = atom_to_list, "erts/emulator/beam/bif.c";
    /// The text of an atom in `utf8`, `unicode` or `latin1`; `badarg` where that cannot hold it.
    ///
    /// `erlang:atom_to_binary(abc, utf8)` => `<<"abc">>`
    /// `erlang:atom_to_binary(abc, utf16)` => `error:badarg`
    [plain] "atom_to_binary"/2 = atom_to_binary, "erts/emulator/beam/erl_unicode.c";
    /// The atom of these characters, at most 255: `system_limit` beyond.
    ///
    /// `erlang:list_to_atom("abc")` => `abc`
    /// `erlang:list_to_atom([a])` => `error:badarg`
    /// `erlang:list_to_atom([55296])` => `error:badarg`
    [plain] "list_to_atom"/1 = list_to_atom, "erts/emulator/beam/bif.c";
    /// The atom of these characters, if there is one.
    ///
    /// `erlang:list_to_existing_atom("ok")` => `ok`
    /// `erlang:list_to_existing_atom("no atom of this text")` => `error:badarg`
    [plain] "list_to_existing_atom"/1 = list_to_existing_atom, "erts/emulator/beam/bif.c";
    /// The atom of this text in `utf8`, `unicode` or `latin1`.
    ///
    /// `erlang:binary_to_atom(<<"abc">>, latin1)` => `abc`
    /// `erlang:binary_to_atom(<<255>>, utf8)` => `error:badarg`
    /// `erlang:binary_to_atom(<<"abc">>, x)` => `error:badarg`
    [plain] "binary_to_atom"/2 = binary_to_atom, "erts/emulator/beam/erl_unicode.c";
    /// The atom of this text, if there is one.
    ///
    /// `erlang:binary_to_existing_atom(<<"ok">>, utf8)` => `ok`
    [plain] "binary_to_existing_atom"/2 = binary_to_existing_atom, "erts/emulator/beam/erl_unicode.c";
}

/// Characters that an atom may have.
const MAX_CHARACTERS: usize = 255;

fn atom_to_list<'c>(call: &mut Call<'c>, [atom]: [Term<'c>; 1]) -> BifResult<'c> {
    let text = atom.as_atom().or_badarg()?.text();
    Ok(call.charlist(text))
}

fn atom_to_binary<'c>(call: &mut Call<'c>, [atom, encoding]: [Term<'c>; 2]) -> BifResult<'c> {
    let text = atom.as_atom().or_badarg()?.text();
    match is_latin1(encoding)? {
        false => Ok(call.binary(text.as_bytes())),
        true => {
            let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect();
            Ok(call.binary(&bytes.or_badarg()?))
        }
    }
}

fn is_latin1<'c>(encoding: Term<'c>) -> Result<bool, Stop<'c>> {
    match encoding.as_atom() {
        Some(am::LATIN1) => Ok(true),
        Some(am::UTF8 | am::UNICODE) => Ok(false),
        _ => Err(Stop::BADARG),
    }
}

/// Makes or finds the atom; too long a text is `system_limit` for a new one, `badarg` for one that should be there.
fn atom_of<'c>(call: &mut Call<'c>, text: &str, must_exist: bool) -> BifResult<'c> {
    let too_long = text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS;
    let atom: Option<Atom> = match (must_exist, too_long) {
        (true, _) => Some(atom::lookup(text).or_badarg()?),
        (false, true) => None,
        (false, false) => Some(atom::intern(text).map_err(|_| table_full(call))?),
    };
    atom.map(Term::atom).ok_or(Stop::SYSTEM_LIMIT)
}

/// The atom table is full: the machine ends with OTP's words.
pub fn table_full<'c>(call: &mut Call<'c>) -> Stop<'c> {
    let standard = &call.system().standard;
    standard.flush();
    let text = format!("no more index entries in atom_tab (max={})\n", atom::LIMIT);
    let _ = standard.write(crate::platform::stdio::Stream::Stderr, text.as_bytes());
    Stop::Halt(1)
}

/// Text of a flat list of characters.
fn text_of_list<'c>(list: Term<'c>) -> Result<String, Stop<'c>> {
    let characters = args::characters(list, 0x10_FFFF).or_badarg()?;
    characters.into_iter().map(char::from_u32).collect::<Option<String>>().or_badarg()
}

fn list_to_atom<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    atom_of(call, &text_of_list(list)?, false)
}
fn list_to_existing_atom<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    atom_of(call, &text_of_list(list)?, true)
}

fn atom_of_binary<'c>(call: &mut Call<'c>, binary: Term<'c>, encoding: Term<'c>, must_exist: bool) -> BifResult<'c> {
    let bytes = binary.to_bytes().or_badarg()?;
    if is_latin1(encoding)? {
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        return atom_of(call, &text, must_exist);
    }
    atom_of(call, core::str::from_utf8(&bytes).ok().or_badarg()?, must_exist)
}
fn binary_to_atom<'c>(call: &mut Call<'c>, [binary, encoding]: [Term<'c>; 2]) -> BifResult<'c> {
    atom_of_binary(call, binary, encoding, false)
}
fn binary_to_existing_atom<'c>(call: &mut Call<'c>, [binary, encoding]: [Term<'c>; 2]) -> BifResult<'c> {
    atom_of_binary(call, binary, encoding, true)
}

#[cfg(test)]
mod tests {
    use crate::bif::testing::run;

    #[test]
    fn an_atom_of_256_characters_is_too_long() {
        for (name, outcome) in [("list_to_atom", "error:system_limit"), ("list_to_existing_atom", "error:badarg")] {
            assert_eq!(run("erlang", name, |heap| vec![heap.charlist(&"a".repeat(256))]), outcome);
        }
    }
}
