//! Fingerprints, sorted, with what each refers to: no slot is empty, and no byte is stored that the place implies.
//!
//! The leading bits of a fingerprint choose a bucket, a directory says where each bucket begins, and a bucket is sorted.
//! The bytes that all of a bucket share are not stored: 32 bytes of fingerprint take 30 among a million. The byte after
//! them, the tag, stands apart, so that one look at the tags of a bucket tells which of its entries to compare.
//!
//! Whoever makes keys whose fingerprints begin alike, which costs 2^n hashes for n bits, fills one bucket: it is then
//! searched by halves, and a lookup takes at most as many comparisons as the number of registrations has bits. A key is
//! found only if all 256 bits agree.

use std::cmp::Ordering;

use super::records::Reference;

type Digest = [u8; 32];

#[derive(Debug, Default)]
pub(super) struct Table {
    /// How many leading bits choose the bucket.
    bits: u32,
    /// How many leading bytes are implied by it.
    implied: usize,
    /// How many bytes a reference takes.
    width: usize,
    starts: Starts,
    /// The first byte that is not implied of each fingerprint, and some more so that a bucket's can be read at once.
    tags: Box<[u8]>,
    /// For each registration the rest of its fingerprint, and its reference, little-endian.
    entries: Box<[u8]>,
    len: usize,
}

/// Where each bucket begins, and where the last one ends.
#[derive(Debug)]
enum Starts {
    Few(Box<[u16]>),
    Many(Box<[u32]>),
}

#[derive(Debug, Default)]
pub(super) struct TableBuilder(Vec<(Digest, Reference)>);

/// Buckets of up to this size are looked through by their tags, larger ones by halves.
const SMALL: usize = 32;
/// The lowest bit of each byte.
const LOWEST_BITS: u64 = u64::MAX / 255;

impl TableBuilder {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    pub(super) fn add(&mut self, digest: Digest, reference: Reference) {
        self.0.push((digest, reference));
    }

    /// Makes the table, with references of `width` bytes. Fails with a fingerprint that is there twice.
    pub(super) fn finish(self, width: usize) -> Result<Table, Digest> {
        let all = self.0;
        let bits = directory_bits(all.len());
        let implied = (bits / 8) as usize;
        let (starts, mut order) = by_bucket(&all, bits);
        let mut tags = Vec::with_capacity(all.len() + 8);
        let mut entries = Vec::with_capacity(all.len() * (31 - implied + width));
        let digest = |place: &u32| &all[*place as usize].0;
        for bounds in starts.windows(2) {
            let places = &mut order[bounds[0] as usize..bounds[1] as usize];
            places.sort_unstable_by(|a, b| digest(a).cmp(digest(b)));
            if let Some(twice) = places.iter().zip(places.iter().skip(1)).find(|(a, b)| digest(a) == digest(b)) {
                return Err(*digest(twice.0));
            }
            for place in places {
                let (digest, reference) = &all[*place as usize];
                tags.push(digest[implied]);
                entries.extend_from_slice(&digest[implied + 1..]);
                entries.extend_from_slice(&reference.to_le_bytes()[..width]);
            }
        }
        tags.extend_from_slice(&[0; 8]);
        let (starts, len) = (Starts::new(starts), all.len());
        Ok(Table { bits, implied, width, starts, tags: tags.into(), entries: entries.into(), len })
    }
}

impl Table {
    /// What a fingerprint refers to.
    #[inline]
    pub(super) fn find(&self, digest: &Digest) -> Option<Reference> {
        let (from, to) = self.starts.range(bucket(self.bits, digest))?;
        if to - from > SMALL {
            return self.find_by_halves(digest, from, to);
        }
        let pattern = LOWEST_BITS * u64::from(digest[self.implied & 31]);
        let mut place = from;
        while place < to {
            let tags = u64::from_le_bytes(*self.tags.get(place..)?.first_chunk()?);
            let mut candidates = zero_bytes(tags ^ pattern);
            while candidates != 0 {
                let candidate = place + candidates.trailing_zeros() as usize / 8;
                let entry = self.entry(candidate).filter(|_| candidate < to)?;
                if self.is(entry, digest) {
                    return Some(self.reference(entry));
                }
                candidates &= candidates - 1;
            }
            place += 8;
        }
        None
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Every fingerprint, in order, with what it refers to.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Digest, Reference)> + '_ {
        (0..1_usize << self.bits).flat_map(move |bucket| {
            let (from, to) = self.starts.range(bucket).unwrap_or_default();
            let prefix = if self.bits == 0 { 0 } else { (bucket as u64) << (64 - self.bits) };
            (from..to).filter_map(move |place| {
                let entry = self.entry(place)?;
                let mut digest = [0; 32];
                digest[..8].copy_from_slice(&prefix.to_be_bytes());
                digest[self.implied] = *self.tags.get(place)?;
                digest[self.implied + 1..].copy_from_slice(&entry[..31 - self.implied]);
                Some((digest, self.reference(entry)))
            })
        })
    }

    pub(super) fn memory(&self) -> usize {
        self.tags.len() + self.entries.len() + self.starts.memory()
    }

    /// In a bucket that somebody has worked to fill.
    #[cold]
    fn find_by_halves(&self, digest: &Digest, mut from: usize, mut to: usize) -> Option<Reference> {
        let wanted = (digest[self.implied], &digest[self.implied + 1..]);
        while from < to {
            let middle = usize::midpoint(from, to);
            let entry = self.entry(middle)?;
            match (*self.tags.get(middle)?, &entry[..31 - self.implied]).cmp(&wanted) {
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
                Ordering::Equal => return Some(self.reference(entry)),
            }
        }
        None
    }

    #[inline]
    fn entry(&self, place: usize) -> Option<&[u8]> {
        let stride = 31 - self.implied + self.width;
        self.entries.get(place * stride..)?.get(..stride)
    }

    /// Whether this is the entry of a fingerprint whose tag agrees: the eight bytes after the tag, and the last 24, which
    /// overlap. Compared in words, that costs no call.
    #[inline]
    fn is(&self, entry: &[u8], digest: &Digest) -> bool {
        let rest = 31 - self.implied;
        let first = entry.first_chunk::<8>() == digest.get(self.implied + 1..).and_then(|rest| rest.first_chunk());
        let last = entry.get(rest - 24..rest).and_then(|last| last.first_chunk::<24>());
        first & (last == digest.last_chunk())
    }

    #[inline]
    fn reference(&self, entry: &[u8]) -> Reference {
        let last = entry.last_chunk().map_or(0, |bytes| Reference::from_le_bytes(*bytes));
        last >> (32 - 8 * self.width)
    }
}

impl Starts {
    fn new(starts: Vec<u32>) -> Self {
        let few: Result<_, _> = starts.iter().map(|start| u16::try_from(*start)).collect();
        few.map_or_else(|_| Self::Many(starts.into()), Self::Few)
    }

    #[inline]
    fn range(&self, bucket: usize) -> Option<(usize, usize)> {
        match self {
            Self::Few(starts) => Some((usize::from(*starts.get(bucket)?), usize::from(*starts.get(bucket + 1)?))),
            Self::Many(starts) => Some((*starts.get(bucket)? as usize, *starts.get(bucket + 1)? as usize)),
        }
    }

    fn memory(&self) -> usize {
        match self {
            Self::Few(starts) => size_of_val(&**starts),
            Self::Many(starts) => size_of_val(&**starts),
        }
    }
}

impl Default for Starts {
    fn default() -> Self {
        Self::Few(Box::new([0, 0]))
    }
}

/// Buckets of 4 to 8 on average, and at least 256 of them as soon as that saves a byte.
fn directory_bits(len: usize) -> u32 {
    let bits = len.checked_ilog2().map_or(0, |log| log.saturating_sub(2));
    if (6..8).contains(&bits) { 8 } else { bits.min(32) }
}

/// Where each bucket begins and the last one ends, and the places of all fingerprints, bucket by bucket.
fn by_bucket(all: &[(Digest, Reference)], bits: u32) -> (Vec<u32>, Vec<u32>) {
    // References are of 32 bits, so there are not more fingerprints than that.
    let mut next = vec![0_u32; (1 << bits) + 1];
    for (digest, _) in all {
        next[bucket(bits, digest) + 1] += 1;
    }
    for at in 1..next.len() {
        next[at] += next[at - 1];
    }
    let starts = next.clone();
    let mut order = vec![0_u32; all.len()];
    for (place, (digest, _)) in (0..).zip(all) {
        let at = &mut next[bucket(bits, digest)];
        order[*at as usize] = place;
        *at += 1;
    }
    (starts, order)
}

#[inline]
fn bucket(bits: u32, digest: &Digest) -> usize {
    let head = digest.first_chunk().map_or(0, |head| u64::from_be_bytes(*head));
    // A shift by all 64 bits would be none.
    #[allow(clippy::cast_possible_truncation, reason = "at most 32 bits are left")]
    let bucket = (head >> 1 >> (63 - bits)) as usize;
    bucket
}

/// The highest bit of each byte that is zero, of eight at once, and of no other: a tag is compared nowhere else.
#[inline]
fn zero_bytes(bytes: u64) -> u64 {
    const LOW: u64 = LOWEST_BITS * 127;
    // No carry leaves its byte: the sum is at most 254.
    !(((bytes & LOW) + LOW) | bytes | LOW)
}
