//! Stores against a model.

use std::collections::BTreeMap;

use super::hash_store::Duplicates;
use super::{HashStore, Store, TreeStore, key_of};
use crate::process::OwnedTerm;
use crate::term::Term;

fn pair(key: i64, value: i64) -> OwnedTerm {
    OwnedTerm::build(|heap| {
        let (key, value) = (heap.integer(key), heap.integer(value));
        heap.tuple(&[key, value])
    })
}

fn small(value: i64) -> Term<'static> {
    Term::small(value).expect("a small")
}

fn value_of(object: &OwnedTerm) -> i64 {
    key_of(object, 1).as_small().expect("a small")
}

fn check(mut store: Store) {
    let mut model = BTreeMap::new();
    let mut seed = 7u64;
    for step in 0..30_000i64 {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let key = (seed >> 33) as i64 % if step < 15_000 { 2000 } else { 40 };
        match (seed >> 20) % 3 {
            0 => {
                store.insert(pair(key, step));
                model.insert(key, step);
            }
            1 => {
                let taken = store.take(small(key), false);
                assert_eq!(taken.first().map(value_of), model.remove(&key));
            }
            _ => assert_eq!(store.lookup(small(key)).first().map(value_of), model.get(&key).copied()),
        }
        if step == 15_000 {
            let gone = store.delete_where(false, |object| value_of(object) % 7 != 0);
            let before = model.len();
            model.retain(|_, value| *value % 7 == 0);
            assert_eq!(gone, before - model.len());
        }
        assert_eq!(store.len(), model.len());
    }
    let mut keys = Vec::new();
    let mut key = store.first(0).and_then(Term::as_small);
    while let Some(at) = key {
        keys.push(at);
        key = store.next(small(at), 0).expect("the key is there").and_then(Term::as_small);
    }
    keys.sort_unstable();
    assert_eq!(keys, model.keys().copied().collect::<Vec<_>>());
}

#[test]
fn a_set_agrees_with_a_map() {
    check(Store::Hash(HashStore::new(0, Duplicates::Replace)));
}

#[test]
fn an_ordered_set_agrees_with_a_map() {
    check(Store::Tree(TreeStore::new(0)));
}

#[test]
fn an_ordered_set_is_in_order() {
    let mut store = TreeStore::new(0);
    for key in (0..5000).map(|key| key * 7919 % 5000) {
        store.insert(pair(key, key));
    }
    assert!(store.ascending().map(value_of).eq(0..5000));
    assert!(store.descending().map(value_of).eq((0..5000).rev()));
    for key in [0, 1, 95, 96, 97, 2500, 4999] {
        assert!(store.above(small(key)).map(value_of).eq(key + 1..5000));
        assert!(store.under(small(key)).map(value_of).eq((0..key).rev()));
    }
    assert_eq!(store.nth(1234).map(value_of), Some(1234));
}

#[test]
fn a_traversal_goes_on_from_a_grave() {
    let mut store = HashStore::new(0, Duplicates::Replace);
    for key in 0..100 {
        store.insert(pair(key, key));
    }
    let mut seen = 0;
    let mut key = store.first().and_then(Term::as_small);
    while let Some(at) = key {
        seen += 1;
        store.take(small(at), true);
        store.insert(pair(1000 + at, 0));
        key = store.next(small(at)).expect("a grave").and_then(Term::as_small);
    }
    assert_eq!((seen, store.len()), (100, 100));
    store.unfixed();
    assert!(store.next(small(1)).is_none());
    assert_eq!(store.len(), 100);
}
