//! Text of pids, ports, references and funs, and back; `erlang:display/1`'s text is in `term::print`.

use crate::bif::{BifResult, Call, Stop, bifs};
use crate::term::identity::{REF_FIRST_BITS, id_of_numbers};
use crate::term::{Term, print, word};

bifs! { module "erlang";
    /// `<0.Number.Serial>`, with 0 for this node.
    [plain] "pid_to_list"/1 = pid_to_list, "erts/emulator/beam/bif.c";
    /// `#Port<0.Number>`
    [plain] "port_to_list"/1 = port_to_list, "erts/emulator/beam/bif.c";
    /// `#Ref<0.A.B.C>`
    [plain] "ref_to_list"/1 = ref_to_list, "erts/emulator/beam/bif.c";
    /// `#Fun<Module.Index.Uniq>`, or `fun Module:Function/Arity`.
    ///
    /// `erlang:fun_to_list(fun lists:map/2)` => `"fun lists:map/2"`
    [plain] "fun_to_list"/1 = fun_to_list, "erts/emulator/beam/bif.c";
    /// The pid of this text.
    ///
    /// `erlang:list_to_pid("<0.1>")` => `error:badarg`
    [plain] "list_to_pid"/1 = list_to_pid, "erts/emulator/beam/bif.c";
    /// The port of this text.
    [plain] "list_to_port"/1 = list_to_port, "erts/emulator/beam/bif.c";
    /// The reference of this text.
    [plain] "list_to_ref"/1 = list_to_ref, "erts/emulator/beam/bif.c";
}

fn text_if<'c>(call: &mut Call<'c>, term: Term<'c>, right: bool) -> BifResult<'c> {
    if !right {
        return Err(Stop::BADARG);
    }
    let text = print::display(term);
    Ok(call.byte_list(&text, Term::NIL))
}

fn pid_to_list<'c>(call: &mut Call<'c>, [pid]: [Term<'c>; 1]) -> BifResult<'c> {
    text_if(call, pid, pid.is_pid())
}

fn port_to_list<'c>(call: &mut Call<'c>, [port]: [Term<'c>; 1]) -> BifResult<'c> {
    text_if(call, port, port.is_port())
}

fn ref_to_list<'c>(call: &mut Call<'c>, [reference]: [Term<'c>; 1]) -> BifResult<'c> {
    text_if(call, reference, reference.is_ref())
}

fn fun_to_list<'c>(call: &mut Call<'c>, [fun]: [Term<'c>; 1]) -> BifResult<'c> {
    text_if(call, fun, fun.is_fun())
}

/// The numbers of `PREFIX N.N.N>` in a list of characters.
fn numbers<'c>(list: Term<'c>, prefix: &str) -> Option<Vec<u64>> {
    let mut cells = list.iter_list();
    // Longer lists are no identity; OTP's buffers are as small.
    let bytes: Option<Vec<u8>> = cells.by_ref().take(80).map(|head| head.as_small().and_then(|c| u8::try_from(c).ok())).collect();
    if !cells.rest.is_nil() {
        return None;
    }
    let text = String::from_utf8(bytes?).ok()?;
    let inner = text.strip_prefix(prefix)?.strip_suffix('>')?;
    inner
        .split('.')
        .map(|digits| if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None })
        .collect()
}

const PART_MAX: u64 = (1 << 28) - 1;

/// Pids with larger numbers are known only once a process had them, as numbers of OTP 25 have 15 bits and ours 28.
const NUMBER_MAX: u64 = 0x7FFF;

fn list_to_pid<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    match numbers(list, "<").as_deref() {
        Some([0, slot @ 0..=PART_MAX, serial @ 0..=PART_MAX])
            if *slot <= NUMBER_MAX || call.system().processes.had_slot(*slot as u32) =>
        {
            Ok(Term::local_pid(*slot as u32, *serial as u32))
        }
        _ => Err(Stop::BADARG),
    }
}

fn list_to_port<'c>(_: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    match numbers(list, "#Port<").as_deref() {
        Some([0, number]) if number >> 56 == 0 => Ok(Term::local_port((number & PART_MAX) as u32, (number >> 28) as u32)),
        _ => Err(Stop::BADARG),
    }
}

fn list_to_ref<'c>(call: &mut Call<'c>, [list]: [Term<'c>; 1]) -> BifResult<'c> {
    match numbers(list, "#Ref<").as_deref() {
        Some([0, third, second, first]) if *first < 1 << REF_FIRST_BITS => {
            let narrow = |number: &u64| u32::try_from(*number).map_err(|_| Stop::BADARG);
            Ok(call.reference(id_of_numbers([narrow(first)?, narrow(second)?, narrow(third)?])))
        }
        _ => Err(Stop::BADARG),
    }
}

const _: () = assert!(word::pid_slot(word::local_pid(PART_MAX as u32, 0)) as u64 == PART_MAX);
