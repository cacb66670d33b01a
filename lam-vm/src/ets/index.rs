//! An index of hashes: open addressing with linear probing, removal shifts back, so there are no tombstones.
//!
//! One entry is one word: hash in the upper half, slot + 1 in the lower; 0 is empty. Comparing hashes needs no look at objects.

#[derive(Default)]
pub struct Index {
    entries: Vec<u64>,
    count: usize,
}

fn hash_in(entry: u64) -> u32 {
    (entry >> 32) as u32
}

fn slot_in(entry: u64) -> usize {
    (entry as u32 - 1) as usize
}

impl Index {
    fn mask(&self) -> usize {
        self.entries.len().wrapping_sub(1)
    }
    /// The slot with this hash that `is_it` accepts.
    #[inline]
    pub fn find(&self, hash: u32, mut is_it: impl FnMut(usize) -> bool) -> Option<usize> {
        if self.entries.is_empty() {
            return None;
        }
        let mut at = hash as usize & self.mask();
        loop {
            let entry = self.entries[at];
            if entry == 0 {
                return None;
            }
            if hash_in(entry) == hash && is_it(slot_in(entry)) {
                return Some(slot_in(entry));
            }
            at = (at + 1) & self.mask();
        }
    }
    /// Adds a slot that is not there. Slots fit 32 bits.
    pub fn insert(&mut self, hash: u32, slot: usize) {
        if 4 * (self.count + 1) > 3 * self.entries.len() {
            self.grow();
        }
        self.count += 1;
        self.place(u64::from(hash) << 32 | (slot as u64 + 1));
    }
    fn place(&mut self, entry: u64) {
        let mut at = hash_in(entry) as usize & self.mask();
        while self.entries[at] != 0 {
            at = (at + 1) & self.mask();
        }
        self.entries[at] = entry;
    }
    fn grow(&mut self) {
        let size = (2 * self.entries.len()).max(8);
        let old = core::mem::replace(&mut self.entries, vec![0; size]);
        for entry in old.into_iter().filter(|entry| *entry != 0) {
            self.place(entry);
        }
    }
    /// Takes out a slot that is there.
    pub fn remove(&mut self, hash: u32, slot: usize) {
        let mask = self.mask();
        let mut at = hash as usize & mask;
        let wanted = u64::from(hash) << 32 | (slot as u64 + 1);
        while self.entries[at] != wanted {
            if self.entries[at] == 0 {
                return;
            }
            at = (at + 1) & mask;
        }
        self.count -= 1;
        let mut hole = at;
        loop {
            at = (at + 1) & mask;
            let entry = self.entries[at];
            if entry == 0 {
                break;
            }
            // An entry moves into the hole unless its home lies behind the hole.
            let home = hash_in(entry) as usize & mask;
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.entries[hole] = entry;
                hole = at;
            }
        }
        self.entries[hole] = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Index;

    #[test]
    fn it_agrees_with_a_map() {
        let mut index = Index::default();
        let mut present = std::collections::BTreeMap::new();
        let mut seed = 1u64;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let slot = (seed >> 33) as usize % 300;
            let hash = (slot as u32 % 50).wrapping_mul(0x9E37_79B9);
            if present.remove(&slot).is_some() {
                index.remove(hash, slot);
            } else {
                index.insert(hash, slot);
                present.insert(slot, hash);
            }
            let found = index.find(hash, |other| other == slot);
            assert_eq!(found.is_some(), present.contains_key(&slot));
        }
        for (slot, hash) in present {
            assert_eq!(index.find(hash, |other| other == slot), Some(slot));
        }
    }
}
