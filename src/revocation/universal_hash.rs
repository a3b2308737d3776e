//! The hash that says in which bucket an entry is.
//!
//! A sum of products with secret keys (Wegman and Carter 1981, in the multilinear form of Lemire and Kaser 2014): whatever
//! two serial numbers of one length a CA chooses, their sums are equal with a probability of 2⁻³³ over the keys, which
//! nobody sees. A bijection mixes the sum (the last step of SplitMix64, Steele, Lea and Flood 2014), because sums
//! alone of serial numbers that a CA counts up would lie in a few buckets where the keys are unlucky.

use std::hash::{BuildHasher, RandomState};

/// The keys of one index.
#[derive(Debug)]
#[repr(C)] // What the usual serial number needs first, which fills a cache line of an index.
pub(super) struct UniversalHash {
    offset: u64,
    issuer: u64,
    words: [u64; MOST_WORDS],
    /// For what is longer than the words.
    others: RandomState,
}

/// Serial numbers have 20 bytes at most (RFC 5280 section 4.1.2.2), and there are CAs that do not know it.
const MOST_WORDS: usize = 8;
const WORD: usize = size_of::<u32>();

impl UniversalHash {
    /// With keys of its own.
    pub(super) fn new() -> Self {
        let others = RandomState::new();
        let key = |number: usize| others.hash_one(number);
        Self { offset: key(0), issuer: key(1), words: std::array::from_fn(|place| key(place + 2)), others }
    }

    /// The hash of a certificate; only serial numbers of the same length are told apart.
    #[inline]
    pub(super) fn of(&self, issuer: u32, serial: &[u8]) -> u32 {
        if serial.len() > MOST_WORDS * WORD {
            return self.multilinear(issuer, &self.others.hash_one(serial).to_ne_bytes());
        }
        self.multilinear(issuer, serial)
    }

    #[inline]
    fn multilinear(&self, issuer: u32, bytes: &[u8]) -> u32 {
        let (words, rest) = bytes.as_chunks::<WORD>();
        let mut sum = self.offset.wrapping_add(self.issuer.wrapping_mul(u64::from(issuer)));
        for (word, key) in words.iter().zip(&self.words) {
            sum = sum.wrapping_add(key.wrapping_mul(u64::from(u32::from_ne_bytes(*word))));
        }
        if let (Some(key), false) = (self.words.get(words.len()), rest.is_empty()) {
            let mut word = [0; WORD];
            word[..rest.len()].copy_from_slice(rest);
            sum = sum.wrapping_add(key.wrapping_mul(u64::from(u32::from_ne_bytes(word))));
        }
        mix(sum)
    }
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // The upper half has 32 bits.
fn mix(sum: u64) -> u32 {
    let half = (sum ^ sum >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let whole = (half ^ half >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (whole >> u32::BITS) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// 4,096 hashes of 32 bits that are drawn by chance share about two.
    fn assert_differ(hashes: impl Iterator<Item = u32>) {
        let all: Vec<u32> = hashes.collect();
        let different = all.iter().collect::<HashSet<_>>().len();
        assert!(different + 40 > all.len(), "{different} of {}", all.len());
    }

    #[test]
    fn every_byte_counts() {
        let hash = UniversalHash::new();
        for length in 1..80 {
            let base = vec![0x55; length];
            let one_changed = (0..length).flat_map(|place| {
                let base = &base;
                (1..=255u8).map(move |change| {
                    let mut serial = base.clone();
                    serial[place] ^= change;
                    serial
                })
            });
            let all: Vec<_> = one_changed.map(|serial| hash.of(0, &serial)).chain([hash.of(0, &base)]).collect();
            assert_differ(all.into_iter().take(4_096));
        }
    }

    #[test]
    fn issuers_are_told_apart() {
        let hash = UniversalHash::new();
        assert_differ((0..4_096).map(|issuer| hash.of(issuer, &[1; 16])));
    }

    #[test]
    fn each_index_has_keys_of_its_own() {
        assert_differ((0..4_096).map(|_| UniversalHash::new().of(0, &[1; 16])));
    }

    /// What would fill one bucket of a hash without keys: progressions of any step, in any word.
    #[test]
    fn progressions_fill_no_bucket() {
        const COUNT: u64 = 1 << 14;
        for step in [1, 3, 1 << 16, 1 << 32, 0x1_0000_0001, 0x9e37_79b9_7f4a_7c15, u64::MAX] {
            for place in [0, 4, 8] {
                let hash = UniversalHash::new();
                let mut buckets = vec![0u32; 1 << 12];
                for number in 0..COUNT {
                    let mut serial = [0x11; 16];
                    serial[place..place + 8].copy_from_slice(&number.wrapping_mul(step).to_be_bytes());
                    buckets[hash.of(0, &serial) as usize >> 20] += 1;
                }
                // A question looks through a bucket: on average over the entries, not many more than the four of chance.
                let looked_at: u64 = buckets.iter().map(|count| u64::from(*count) * u64::from(*count)).sum();
                assert!(looked_at < 8 * COUNT, "{step:#x} at {place}: {looked_at}");
            }
        }
    }
}
