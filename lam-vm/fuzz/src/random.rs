//! Numbers from a seed (SplitMix64): the same seed gives the same mutant, on every machine and for ever.

pub struct Random(u64);

impl Random {
    /// The numbers of mutant `number` of a run.
    pub fn of(seed: u64, number: u64) -> Random {
        let mut random = Random(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ number);
        random.next();
        random
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to and without `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    /// True in so many of 100 cases.
    pub fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.below(from.len())])
    }

    /// A number where something may tip over, or near `around`.
    pub fn number(&mut self, around: i64) -> i64 {
        const EDGES: [i64; 24] = [
            0,
            1,
            -1,
            2,
            7,
            8,
            15,
            16,
            31,
            32,
            63,
            64,
            255,
            256,
            1023,
            1024,
            65_535,
            65_536,
            1 << 31,
            1 << 32,
            (1 << 60) - 1,
            1 << 60,
            i64::MAX,
            i64::MIN,
        ];
        match self.below(3) {
            0 => around.wrapping_add(self.below(5) as i64 - 2),
            1 => self.below(8) as i64,
            _ => EDGES[self.below(EDGES.len())],
        }
    }

    /// Bytes with some of them changed.
    pub fn damage(&mut self, bytes: &mut [u8]) {
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            bytes[at] = match self.below(4) {
                0 => bytes[at] ^ (1 << self.below(8)),
                1 => self.next() as u8,
                2 => bytes[at].wrapping_add(1),
                _ => [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
            };
        }
    }
}
