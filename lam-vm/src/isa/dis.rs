//! Specific code as text, and the length of its instructions, read from any words without trusting them.
//!
//! ```text
//!     6  is_nonempty_list_x x0 #0 +12
//!     7  move_constant_x x1024 ok
//! ```

use std::fmt::Write;

use crate::isa::SCRATCH_BASE;
use crate::isa::specific::{ROWS, Row, number};

/// The row of the instruction that a word starts; `None` where there is none.
pub fn row(word: u64) -> Option<&'static Row> {
    ROWS.get(usize::from(word as u16))
}

/// Words of the instruction at the start of `words`; `None` where it is none, or reaches beyond them.
pub fn length(words: &[u64]) -> Option<usize> {
    let first = *words.first()?;
    let row = row(first)?;
    let ext = |index: usize| words.get(index).and_then(|word| usize::try_from(*word).ok());
    let length = match (usize::from(row.words), first as u16) {
        (0, number::InitYregs) => 1 + slots(first)[0].div_ceil(4) as usize,
        (0, number::SelectVal | number::SelectRange | number::SelectTupleArity) => {
            let count = ext(1)?;
            count.checked_add(count.div_ceil(2))?.checked_add(2)?
        }
        (0, number::JumpOnValue) => ext(2)?.div_ceil(2).checked_add(3)?,
        (0, number::BsMatchString) => 2 + (words.get(1)? >> 32).div_ceil(64) as usize,
        (0, number::BsPutString) => ext(1)?.div_ceil(8).checked_add(2)?,
        (0, _) => usize::from(slots(first)[2]),
        (length, _) => length,
    };
    (1..=words.len()).contains(&length).then_some(length)
}

fn slots(word: u64) -> [u16; 3] {
    [(word >> 16) as u16, (word >> 32) as u16, (word >> 48) as u16]
}

/// Distances, in words, of the jumps in an instruction's slots and fail word; those of tables are left out.
pub fn jumps(words: &[u64]) -> Vec<i64> {
    let Some(row) = words.first().and_then(|word| row(*word)) else { return Vec::new() };
    let [_, _, c] = slots(words[0]);
    let mut found = Vec::new();
    let (plain, ext) = row.operands.split_once('|').unwrap_or((row.operands, ""));
    for letter in plain.chars() {
        match letter {
            'j' => found.push(i64::from(c as i16)),
            'J' => found.push(i64::from((words[0] >> 32) as u32 as i32)),
            _ => {}
        }
    }
    if ext.starts_with('F')
        && let Some(word) = words.get(1)
        && *word as u32 != 0
    {
        found.push(i64::from(*word as u32 as i32));
    }
    found
}

/// One instruction, as long as `length` says. `name` gives the text of an extension word that holds a term or an entry, by its index.
pub fn instruction(words: &[u64], name: &dyn Fn(usize, u64) -> String) -> String {
    let Some(row) = words.first().and_then(|word| row(*word)) else { return "?".into() };
    let mut text = row.name.to_string();
    let [a, b, c] = slots(words[0]);
    let (plain, ext) = row.operands.split_once('|').unwrap_or((row.operands, ""));
    let mut left = [a, b, c].into_iter();
    // Writing to a `String` cannot fail.
    for letter in plain.chars() {
        let slot = left.next().unwrap_or(0);
        let _ = match letter {
            's' | 'd' | 'y' => write!(text, " {}", register(slot)),
            'l' => write!(text, " fr{slot}"),
            'j' => write!(text, " {:+}", c as i16),
            'J' => write!(text, " {:+}", (words[0] >> 32) as u32 as i32),
            'N' => write!(text, " #{}", (words[0] >> 32) as u32 as i32),
            _ => write!(text, " #{slot}"),
        };
    }
    let mut index = 1;
    for letter in ext.chars() {
        let Some(word) = words.get(index) else { break };
        let _ = match letter {
            'q' | 'e' | 'f' => write!(text, " {}", name(index, *word)),
            'F' => write!(text, " {:+}/#{}", *word as u32 as i32, word >> 32),
            's' => write!(text, " {}", register(*word as u16)),
            '*' => break,
            _ => write!(text, " #{word}"),
        };
        index += 1;
    }
    let rest = words.len().saturating_sub(index);
    if row.words == 0 && rest > 0 {
        let _ = write!(text, " [{rest} words]");
    }
    text
}

fn register(slot: u16) -> String {
    let index = usize::from(slot / 8);
    match (slot & 7, index) {
        (0, index) if index >= SCRATCH_BASE => format!("s{}", index - SCRATCH_BASE),
        (0, index) => format!("x{index}"),
        (1, index) => format!("y{index}"),
        _ => format!("?{slot}"),
    }
}
