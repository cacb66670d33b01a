//! Literals: external terms of the `LitT` chunk as terms of a literal area (binaries of any size as heap bitstrings).

use crate::atom;
use crate::heap::Heap;
use crate::term::Term;

/// Decodes one external term, version byte included; `None` when it is not valid or holds what no literal may.
pub fn decode<'c>(heap: &mut Heap<'c>, bytes: &[u8]) -> Option<Term<'c>> {
    let mut input = bytes;
    (take::<1>(&mut input)? == [131]).then_some(())?;
    term(heap, &mut input, 0)
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = input.split_at_checked(N)?;
    *input = rest;
    head.try_into().ok()
}
fn bytes<'b>(input: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (head, rest) = input.split_at_checked(count)?;
    *input = rest;
    Some(head)
}
fn u32_of(input: &mut &[u8]) -> Option<usize> {
    Some(u32::from_be_bytes(take(input)?) as usize)
}

fn atom_of<'c>(text: &[u8], latin1: bool) -> Option<Term<'c>> {
    let text = if latin1 { text.iter().map(|byte| char::from(*byte)).collect() } else { String::from_utf8(text.to_vec()).ok()? };
    atom::intern(&text).ok().map(Term::atom)
}

fn term<'c>(heap: &mut Heap<'c>, input: &mut &[u8], depth: usize) -> Option<Term<'c>> {
    if depth > 2000 {
        return None;
    }
    let [tag] = take(input)?;
    Some(match tag {
        97 => Term::small(i64::from(take::<1>(input)?[0]))?,
        98 => Term::small(i64::from(i32::from_be_bytes(take(input)?)))?,
        110 | 111 => {
            let count = if tag == 110 { usize::from(take::<1>(input)?[0]) } else { u32_of(input)? };
            let [sign] = take(input)?;
            let limbs: Vec<u64> = bytes(input, count)?
                .chunks(8)
                .map(|bytes| bytes.iter().rev().fold(0, |limb, byte| limb << 8 | u64::from(*byte)))
                .collect();
            heap.big_integer(sign != 0, &limbs)
        }
        70 => heap.float(f64::from_be_bytes(take(input)?)),
        100 | 118 => {
            let count = usize::from(u16::from_be_bytes(take(input)?));
            atom_of(bytes(input, count)?, tag == 100)?
        }
        115 | 119 => {
            let count = usize::from(take::<1>(input)?[0]);
            atom_of(bytes(input, count)?, tag == 115)?
        }
        104 | 105 => {
            let count = if tag == 104 { usize::from(take::<1>(input)?[0]) } else { u32_of(input)? };
            let mut elements = Vec::new();
            for _ in 0..count {
                elements.push(term(heap, input, depth + 1)?);
            }
            heap.tuple(&elements)
        }
        106 => Term::NIL,
        107 => {
            let count = usize::from(u16::from_be_bytes(take(input)?));
            let text = bytes(input, count)?.to_vec();
            heap.byte_list(&text, Term::NIL)
        }
        108 => {
            let count = u32_of(input)?;
            let mut elements = Vec::new();
            for _ in 0..count {
                elements.push(term(heap, input, depth + 1)?);
            }
            let tail = term(heap, input, depth + 1)?;
            heap.list_with_tail(&elements, tail)
        }
        109 => {
            let count = u32_of(input)?;
            let data = bytes(input, count)?;
            heap.heap_bits(data, 8 * count)
        }
        77 => {
            let count = u32_of(input)?;
            let [used] = take(input)?;
            let data = bytes(input, count)?;
            heap.heap_bits(data, (8 * count).checked_sub(8 - usize::from(used))?)
        }
        116 => {
            let count = u32_of(input)?;
            let mut pairs = Vec::new();
            for _ in 0..count {
                pairs.push((term(heap, input, depth + 1)?, term(heap, input, depth + 1)?));
            }
            heap.map_from_pairs(&pairs)
        }
        _ => return None,
    })
}
