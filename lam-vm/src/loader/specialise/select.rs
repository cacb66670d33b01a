//! `select_val` and `select_tuple_arity`: tables, jumps by value, comparisons.

use crate::isa::emit::{Constant, Fix};
use crate::isa::specific::number;
use crate::loader::ir::Arg;
use crate::term::word;

use super::{Transformer, label};

impl<'a> Transformer<'a> {
    pub(super) fn select(&mut self, args: &[Arg], by_arity: bool) {
        let fail = label(args[1]);
        let pairs = self.file.code.list_of(args[2]);
        let values: Vec<Arg> = pairs.chunks_exact(2).map(|pair| pair[0]).collect();
        let labels: Vec<u32> = pairs.chunks_exact(2).map(|pair| label(pair[1])).collect();
        let constants: Vec<Constant> = values.iter().filter_map(|value| self.constant(*value)).collect();
        let boxed = |constant: &Constant| matches!(constant, Constant::Fix(fix) if !matches!(fix, Fix::Atom(_)));
        if !by_arity && constants.iter().any(boxed) {
            return self.select_by_comparing(args[0], fail, &values, &labels);
        }
        let src = self.source(args[0]);
        if !by_arity && (self.jump_on_value(src, fail, &constants, &labels) || self.select_range(src, fail, &constants, &labels))
        {
            return;
        }
        let number = if by_arity { number::SelectTupleArity } else { number::SelectVal };
        self.out.op_long(number, src, fail);
        self.out.word(constants.len() as u64);
        let first = self.out.offset();
        for constant in &constants {
            self.out.constant(*constant);
        }
        self.out.table(&labels);
        self.out.code.sorts.push((first, constants.len() as u32));
    }

    /// Where a value is no immediate (bignum, float literal).
    pub(super) fn select_by_comparing(&mut self, src: Arg, fail: u32, values: &[Arg], labels: &[u32]) {
        for (value, label) in values.iter().zip(labels) {
            self.out.reset_scratch();
            let slots = [self.source(src), self.source(*value)];
            self.out.test(number::IsNeExact, slots[0], slots[1], *label, &[]);
        }
        self.out.op_long(number::Jump, 0, fail);
    }

    /// A table of ranges, where many neighbours go the same way: tables of Unicode take a fifth of the room so.
    fn select_range(&mut self, src: u16, fail: u32, constants: &[Constant], labels: &[u32]) -> bool {
        let Some(pairs) = smalls(constants, labels) else { return false };
        let mut table = vec![(word::SMALL_MIN, fail)];
        let mut next = None;
        for (value, label) in &pairs {
            if next.is_some_and(|next| next < *value) {
                table.extend(next.map(|next| (next, fail)));
            }
            if table.last().is_some_and(|(_, last)| last != label) || next.is_none_or(|next| next < *value) {
                table.push((*value, *label));
            }
            next = Some(value + 1);
        }
        let Some(end) = next.filter(|next| *next <= word::SMALL_MAX) else { return false };
        table.push((end, fail));
        // A value that stands twice counts once only in `select_val`.
        if 3 * table.len() > 2 * pairs.len() || pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return false;
        }
        self.out.op_long(number::SelectRange, src, fail);
        self.out.word(table.len() as u64);
        for (value, _) in &table {
            self.out.word(word::small(*value));
        }
        let labels: Vec<u32> = table.iter().map(|(_, label)| *label).collect();
        self.out.table(&labels);
        true
    }

    /// A table by value where the smalls have few gaps.
    pub(super) fn jump_on_value(&mut self, src: u16, fail: u32, constants: &[Constant], labels: &[u32]) -> bool {
        let Some(pairs) = smalls(constants, labels) else { return false };
        let (Some((first, _)), Some((last, _))) = (pairs.first(), pairs.last()) else { return false };
        let span = last.abs_diff(*first) as usize + 1;
        if pairs.len() < 4 || span > 2 * pairs.len() {
            return false;
        }
        let mut table = vec![fail; span];
        for (value, label) in &pairs {
            table[value.abs_diff(*first) as usize] = *label;
        }
        self.out.op_long(number::JumpOnValue, src, fail);
        self.out.word(word::small(*first));
        self.out.word(span as u64);
        self.out.table(&table);
        true
    }
}

/// Values and labels in rising order, where all values are smalls.
fn smalls(constants: &[Constant], labels: &[u32]) -> Option<Vec<(i64, u32)>> {
    let pair = |(constant, label): (&Constant, &u32)| match constant {
        Constant::Word(word) if word::is_small(*word) => Some((word::small_value(*word), *label)),
        _ => None,
    };
    let mut pairs: Vec<(i64, u32)> = constants.iter().zip(labels).map(pair).collect::<Option<_>>()?;
    pairs.sort_unstable();
    Some(pairs)
}
