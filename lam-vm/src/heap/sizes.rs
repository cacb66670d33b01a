//! Sizes of heap blocks: the series in which heaps grow, and the limit of the virtual binary heap.
//!
//! As OTP's (`erl_gc.c`): a Fibonacci series with one more each step, and 20 % a step beyond a million words.

/// Bytes of binaries a process may hold before they ask for a collection, in words.
pub const MIN_VIRTUAL_WORDS: usize = 46422;

const STEPS: usize = 160;

const SERIES: [usize; STEPS] = {
    let mut series = [0usize; STEPS];
    series[0] = 12;
    series[1] = 38;
    let mut index = 2;
    while index < STEPS {
        series[index] = if index < 23 {
            series[index - 1] + series[index - 2] + 1
        } else {
            series[index - 1].saturating_add(series[index - 1] / 5)
        };
        index += 1;
    }
    series
};

/// The smallest size of the series with at least this many words.
pub fn next_heap_size(words: usize) -> usize {
    let index = SERIES.partition_point(|size| *size < words);
    SERIES.get(index).copied().unwrap_or(words)
}

/// The limit of a virtual binary heap after a collection left `used` words in it.
pub fn next_virtual_size(used: usize, limit: usize) -> usize {
    let mut limit = limit;
    if used / 3 > limit / 4 {
        while used / 3 > limit / 4 {
            limit = limit.saturating_add(limit / 2 + limit / 8);
        }
    } else if used < limit / 4 {
        limit /= 2;
    }
    limit.max(MIN_VIRTUAL_WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_otps() {
        for size in
            [12, 38, 233, 376, 610, 987, 1598, 2586, 4185, 6772, 10958, 17731, 28690, 46422, 75113, 121536, 196650, 318187]
        {
            assert_eq!(next_heap_size(size), size);
            assert_eq!(next_heap_size(size - 1), size);
        }
        assert_eq!(next_heap_size(234), 376);
        assert!(next_heap_size(usize::MAX / 64) >= usize::MAX / 64);
        assert_eq!(next_virtual_size(0, MIN_VIRTUAL_WORDS), MIN_VIRTUAL_WORDS);
        assert!(next_virtual_size(100_000, MIN_VIRTUAL_WORDS) > 100_000);
    }
}
