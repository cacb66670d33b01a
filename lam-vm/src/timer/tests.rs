//! The wheel against a model: a map from (due time, number) to payload.

use std::collections::{BTreeMap, HashMap};

use super::*;

/// SplitMix64: the same timers every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Few bits as often as many.
    fn delay(&mut self) -> u64 {
        let bits = self.below(40);
        self.next() & ((1 << bits) - 1)
    }
}

fn check(seed: u64, start: u64) {
    let mut random = Random(seed);
    let mut wheel = TimerWheel::new(start);
    let mut model: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    let mut handles: HashMap<u64, (TimerHandle, (u64, u64), u64)> = HashMap::new();
    let mut now = start;
    for number in 0..3000u64 {
        match random.below(10) {
            0..=4 => {
                let deadline = if random.below(8) == 0 { now.saturating_sub(5) } else { now.saturating_add(random.delay()) };
                let handle = wheel.insert(deadline, number).expect("few timers");
                let key = (deadline.max(now), number);
                model.insert(key, number);
                handles.insert(number, (handle, key, deadline));
            }
            5..=6 => {
                let victim = random.below(number + 1);
                if let Some((handle, key, deadline)) = handles.get(&victim).copied() {
                    let waits = model.remove(&key).is_some();
                    assert_eq!(wheel.deadline(handle), waits.then_some(deadline), "seed {seed}");
                    assert_eq!(wheel.cancel(handle), waits.then_some(victim), "seed {seed}");
                    assert_eq!(wheel.cancel(handle), None);
                }
            }
            _ => {
                now = match model.first_key_value() {
                    Some((&(due, _), _)) if random.below(2) == 0 => now.max(due),
                    _ => now.saturating_add(random.delay()),
                };
                let mut fired = Vec::new();
                wheel.expire(now, |_, payload| fired.push(payload));
                let later = model.split_off(&(now.saturating_add(1), 0));
                let expected: Vec<u64> = std::mem::replace(&mut model, later).into_values().collect();
                assert_eq!(fired, expected, "seed {seed}");
            }
        }
        assert_eq!(wheel.len(), model.len());
        let earliest = model.first_key_value().map(|(&(due, _), _)| due);
        match (wheel.next_deadline(), earliest) {
            (Some(told), Some(true_one)) => assert!(told <= true_one, "seed {seed}"),
            (told, true_one) => assert_eq!(told, true_one),
        }
    }
}

#[test]
fn agrees_with_a_sorted_map() {
    for seed in 0..30 {
        check(seed, 0);
        check(seed, 0x1234_5678_9abc);
        check(seed, (1 << 60) - 100_000);
    }
}

#[test]
fn next_deadline_is_exact_when_few_wait() {
    let mut wheel = TimerWheel::new(1000);
    assert_eq!(wheel.next_deadline(), None);
    wheel.insert(123_456_789, 'a');
    wheel.insert(98_765, 'b');
    assert_eq!(wheel.next_deadline(), Some(98_765));
    wheel.expire(98_764, |_, _| panic!("too early"));
    assert_eq!(wheel.pop_expired(98_765), Some((98_765, 'b')));
    assert_eq!(wheel.next_deadline(), Some(123_456_789));
}

#[test]
fn the_last_millisecond_can_be_reached() {
    let mut wheel = TimerWheel::new(0);
    wheel.insert(u64::MAX, ());
    assert_eq!(wheel.next_deadline(), Some(u64::MAX));
    assert_eq!(wheel.pop_expired(u64::MAX - 1), None);
    assert_eq!(wheel.pop_expired(u64::MAX), Some((u64::MAX, ())));
    assert!(wheel.is_empty());
}

#[test]
fn a_handle_outlives_its_timer_harmlessly() {
    let mut wheel = TimerWheel::new(0);
    let old = wheel.insert(5, 1).expect("room");
    assert_eq!(TimerHandle::from_bits(old.to_bits()), old);
    wheel.expire(5, |_, _| {});
    let new = wheel.insert(9, 2).expect("room");
    assert_eq!(wheel.cancel(old), None);
    assert_eq!(wheel.get(new), Some(&2));
}

#[test]
fn timers_set_while_firing_fire_in_the_same_turn() {
    let mut wheel = TimerWheel::new(0);
    wheel.insert(10, 3);
    let mut fired = 0;
    while let Some((_, left)) = wheel.pop_expired(10) {
        fired += 1;
        if left > 0 {
            wheel.insert(0, left - 1);
        }
    }
    assert_eq!(fired, 4);
}
