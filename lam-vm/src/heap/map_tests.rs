//! Maps: every way to the same pairs gives the same map, and iteration is in OTP 25's order.

use std::collections::BTreeMap;

use super::{FLAT_MAX, map_get};
use crate::heap::{Alloc, Heap};
use crate::term::compare::exact_eq;
use crate::term::{Map, Term};

fn key<'c>(heap: &mut Heap<'c>, number: u32) -> Term<'c> {
    match number % 4 {
        0 => heap.integer(i64::from(number)),
        1 => heap.float(f64::from(number)),
        2 => {
            let text = number.to_string();
            heap.binary(text.as_bytes())
        }
        _ => {
            let number = heap.integer(i64::from(number));
            heap.tuple(&[number, Term::NIL])
        }
    }
}

fn pairs<'c>(map: Term<'c>) -> Vec<(u64, Term<'c>)> {
    map.as_map().expect("a map").iter().map(|(key, value)| (crate::term::hash::phash2_full(key).into(), value)).collect()
}

fn same_shape<'c>(a: Term<'c>, b: Term<'c>) {
    assert!(exact_eq(a, b));
    let (pairs_a, pairs_b) = (pairs(a), pairs(b));
    assert_eq!(pairs_a.len(), a.as_map().expect("a map").len());
    assert!(pairs_a.iter().zip(&pairs_b).all(|(a, b)| a.0 == b.0 && exact_eq(a.1, b.1)));
}

#[test]
fn puts_and_removes_agree_with_making_at_once() {
    let mut random = 88_172_645_463_325_252u64;
    let mut next = move |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    Alloc::default().with(|heap| {
        let mut model: BTreeMap<u32, i64> = BTreeMap::new();
        let mut map = heap.empty_map();
        for step in 0..6000 {
            let growing = (step / 1000) % 2 == 0;
            let number = next(400) as u32;
            let key = key(heap, number);
            let before = pairs(map).len();
            if next(4) < if growing { 3 } else { 1 } {
                let value = next(1000) as i64;
                let term = heap.integer(value);
                let old = map;
                map = heap.map_put(map, key, term);
                model.insert(number, value);
                assert_eq!(pairs(old).len(), before);
                assert!(map_get(&map.as_map().expect("a map"), key).is_some_and(|value| value.is_same(term)));
            } else {
                let expected = model.remove(&number);
                let taken = heap.map_take(map, key).map(|(value, rest)| {
                    map = rest;
                    value.as_small().expect("small")
                });
                assert_eq!(taken, expected);
            }
            let flat = matches!(map.as_map(), Some(Map::Flat { .. }));
            assert_eq!(flat, model.len() <= FLAT_MAX);
            if step % 97 == 0 {
                let mut all: Vec<_> = Vec::new();
                for (number, value) in &model {
                    let (key, value) = (self::key(heap, *number), heap.integer(*value));
                    all.push((key, value));
                }
                let again = heap.map_from_pairs(&all);
                same_shape(map, again);
                let half = heap.map_from_pairs(&all[..all.len() / 2]);
                let rest = heap.map_from_pairs(&all[all.len() / 3..]);
                let merged = heap.map_merge(half, rest);
                same_shape(map, merged);
                let merged = heap.map_merge(rest, half);
                same_shape(map, merged);
                let flattened: Vec<_> = all.iter().flat_map(|(key, value)| [*key, *value]).collect();
                let put = heap.map_put_pairs(half, &flattened);
                same_shape(map, put);
                let updated = heap.map_update_pairs(map, &flattened);
                same_shape(map, updated.unwrap_or_else(|_| panic!("all keys are there")));
            }
        }
    });
}

#[test]
fn the_last_of_equal_keys_counts() {
    Alloc::default().with(|heap| {
        let one = Term::small(1).expect("small");
        let float = heap.float(1.0);
        let map = heap.map_from_pairs(&[(one, one), (float, one), (one, float)]);
        let view = map.as_map().expect("a map");
        assert_eq!(view.len(), 2);
        assert!(map_get(&view, one).is_some_and(|value| exact_eq(value, float)));
        assert!(heap.map_from_unique_pairs(&[(one, one), (one, float)]).is_none());
        let mut many: Vec<_> = (0..100).map(|number| (Term::small(number % 50).expect("small"), one)).collect();
        many.push((one, float));
        let map = heap.map_from_pairs(&many);
        let view = map.as_map().expect("a map");
        assert_eq!(view.len(), 50);
        assert!(map_get(&view, one).is_some_and(|value| exact_eq(value, float)));
        assert!(heap.map_update(map, float, one).is_none());
        assert!(heap.map_update_pairs(map, &[float, one]).is_err());
    });
}
