//! Fingerprints, sorted, with what each refers to: no slot is empty, and no byte is stored that the place implies.
//!
//! The leading bits of a fingerprint choose a bucket, a directory says where each bucket begins, and a bucket is sorted.
//! The bytes that all of a bucket share are not stored: 32 bytes of fingerprint take 30 among a million. Whoever makes
//! keys whose fingerprints begin alike, which costs 2^n hashes for n bits, fills one bucket: it is then searched by halves,
//! and a lookup takes at most as many comparisons as the number of registrations has bits. Nothing is compared in part:
//! a key is found if all 256 bits agree.

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

/// Buckets of up to this size are looked through from their start, which is faster than halving.
const SMALL: usize = 24;

impl TableBuilder {
    pub(super) fn add(&mut self, digest: Digest, reference: Reference) {
        self.0.push((digest, reference));
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Makes the table, with references of `width` bytes. Fails with a fingerprint that is there twice.
    pub(super) fn finish(self, width: usize) -> Result<Table, Digest> {
        let mut all = self.0;
        all.sort_unstable_by(|(a, _), (b, _)| head(a).cmp(&head(b)).then_with(|| a.cmp(b)));
        if let Some(pair) = all.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(pair[0].0);
        }
        let bits = directory_bits(all.len());
        let implied = (bits / 8) as usize;
        let stride = 32 - implied + width;
        let mut entries = Vec::with_capacity(all.len() * stride);
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for (index, (digest, reference)) in all.iter().enumerate() {
            while starts.len() <= bucket(bits, digest) {
                starts.push(index);
            }
            entries.extend_from_slice(&digest[implied..]);
            entries.extend_from_slice(&reference.to_le_bytes()[..width]);
        }
        starts.resize((1 << bits) + 1, all.len());
        Ok(Table { bits, implied, width, starts: Starts::new(&starts), entries: entries.into(), len: all.len() })
    }
}

impl Table {
    /// What a fingerprint refers to.
    #[inline]
    pub(super) fn find(&self, digest: &Digest) -> Option<Reference> {
        let (from, to) = self.starts.range(bucket(self.bits, digest))?;
        let stride = self.stride();
        let entries = self.entries.get(from * stride..to * stride)?;
        let wanted = &digest[self.implied..];
        let wanted_word = word(wanted);
        let mut entries = match to - from > SMALL {
            true => &entries[lower_bound(entries, stride, wanted_word) * stride..],
            false => entries,
        }
        .chunks_exact(stride);
        let entry = entries.find(|entry| word(entry) >= wanted_word)?;
        if &entry[..wanted.len()] == wanted {
            return Some(self.reference(entry));
        }
        // Eight bytes alike in two fingerprints: somebody worked for it. They are sorted, so halving is still possible,
        // but nobody can afford a crowd of 2^64.
        if word(entry) != wanted_word {
            return None;
        }
        entries
            .take_while(|entry| word(entry) == wanted_word)
            .find(|entry| &entry[..wanted.len()] == wanted)
            .map(|entry| self.reference(entry))
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Every fingerprint, in order, with what it refers to.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Digest, Reference)> + '_ {
        let buckets = 0..1_usize << self.bits;
        buckets.flat_map(move |bucket| {
            let (from, to) = self.starts.range(bucket).unwrap_or_default();
            let stride = self.stride();
            let prefix = if self.bits == 0 { 0 } else { (bucket as u64) << (64 - self.bits) };
            self.entries[from * stride..to * stride].chunks_exact(stride).map(move |entry| {
                let mut digest = [0; 32];
                digest[..8].copy_from_slice(&prefix.to_be_bytes());
                digest[self.implied..].copy_from_slice(&entry[..32 - self.implied]);
                (digest, self.reference(entry))
            })
        })
    }

    pub(super) fn memory(&self) -> usize {
        self.entries.len() + self.starts.memory()
    }

    fn stride(&self) -> usize {
        32 - self.implied + self.width
    }

    #[inline]
    fn reference(&self, entry: &[u8]) -> Reference {
        let bytes = &entry[32 - self.implied..];
        bytes.iter().rev().fold(0, |reference, byte| reference << 8 | Reference::from(*byte))
    }
}

impl Starts {
    fn new(starts: &[usize]) -> Self {
        let few: Result<_, _> = starts.iter().map(|start| u16::try_from(*start)).collect();
        // References are of 32 bits, so there are not more registrations than that.
        let many = || starts.iter().map(|start| u32::try_from(*start).unwrap_or(u32::MAX)).collect();
        few.map_or_else(|_| Self::Many(many()), Self::Few)
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

#[inline]
fn bucket(bits: u32, digest: &Digest) -> usize {
    // A shift by all 64 bits would be none.
    #[allow(clippy::cast_possible_truncation, reason = "at most 32 bits are left")]
    let bucket = (head(digest) >> 1 >> (63 - bits)) as usize;
    bucket
}

#[inline]
fn head(digest: &Digest) -> u64 {
    word(digest)
}

/// The first eight bytes as a number that sorts like them.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// How many entries come before the first that is not below `wanted`.
fn lower_bound(entries: &[u8], stride: usize, wanted: u64) -> usize {
    let (mut from, mut to) = (0, entries.len() / stride);
    while from < to {
        let middle = usize::midpoint(from, to);
        match word(&entries[middle * stride..]) < wanted {
            true => from = middle + 1,
            false => to = middle,
        }
    }
    from
}
