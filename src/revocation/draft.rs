//! A table in the making.
//!
//! A million records that go each to a random place wait for memory a million times. So they are first dealt out to
//! regions, which is writing in order at a few hundred places, and then sorted into buckets region by region, in the
//! processor's cache.

use super::index::{Table, bucket_of};
use super::record::{Entry, Format};
use super::serial_number::Kind;

/// First every record is counted, then every one dealt out, then all are sorted.
pub(super) struct Draft {
    pub(super) kind: Kind,
    format: Format,
    width: usize,
    buckets_per_region: usize,
    /// Where the next record of each region goes; once all are dealt out, where the region ends.
    regions: Vec<u32>,
    /// The hash of each record.
    hashes: Vec<u32>,
    records: Vec<u8>,
}

impl Draft {
    /// For so many records of this kind.
    pub(super) fn new(kind: Kind, count: usize, format: Format) -> Self {
        const RECORDS_PER_BUCKET: usize = 4;
        const REGION_BYTES: usize = 64 * 1024;
        let width = format.width(kind);
        let regions = (count * width).div_ceil(REGION_BYTES);
        Self {
            kind,
            format,
            width,
            buckets_per_region: count.div_ceil(regions * RECORDS_PER_BUCKET),
            regions: vec![0; regions],
            hashes: vec![0; count],
            records: vec![0; count * width],
        }
    }

    /// Counts a record that will be dealt out.
    #[inline]
    pub(super) fn expect(&mut self, hash: u32) {
        let region = bucket_of(hash, self.regions.len());
        self.regions[region] += 1;
    }

    /// Turns the counts into positions.
    pub(super) fn measure(&mut self) {
        let mut start = 0;
        for region in &mut self.regions {
            start += std::mem::replace(region, start);
        }
    }

    /// Writes a record that was counted.
    #[inline]
    pub(super) fn deal(&mut self, hash: u32, issuer: u32, serial: &[u8], entry: Entry) {
        let region = bucket_of(hash, self.regions.len());
        let place = self.regions[region] as usize;
        self.regions[region] += 1;
        self.hashes[place] = hash;
        self.format.write(&mut self.records[place * self.width..][..self.width], issuer, serial, entry);
    }

    /// Sorts the records of each region into buckets, and leaves out all but one for the same certificate.
    pub(super) fn sort(mut self) -> Table {
        let (width, per_region) = (self.width, self.buckets_per_region);
        let total = self.regions.len() * per_region;
        let mut buckets = Vec::with_capacity(total + 1);
        let mut region = Region::default();
        let (mut start, mut end) = (0, 0);
        for (number, region_end) in self.regions.iter().map(|end| *end as usize).enumerate() {
            let local = |hash| bucket_of(hash, total) - number * per_region;
            region.sort(
                &self.format,
                per_region,
                local,
                &self.hashes[start..region_end],
                &self.records[start * width..region_end * width],
            );
            for bucket in 0..per_region {
                let records = region.bucket(bucket, width);
                buckets.push(end);
                self.records[end as usize * width..][..records.len()].copy_from_slice(records);
                end += region.filled[bucket];
            }
            start = region_end;
        }
        buckets.push(end);
        self.records.truncate(end as usize * width);
        Table { kind: self.kind, buckets: buckets.into(), records: self.records.into() }
    }
}

/// The records of one region in the order of their buckets.
#[derive(Default)]
struct Region {
    /// Where each bucket begins.
    starts: Vec<u32>,
    /// How many records it has.
    filled: Vec<u32>,
    hashes: Vec<u32>,
    records: Vec<u8>,
}

impl Region {
    /// `bucket_of` gives the bucket of a hash, less than `buckets`.
    fn sort(
        &mut self,
        format: &Format,
        buckets: usize,
        bucket_of: impl Fn(u32) -> usize,
        hashes: &[u32],
        records: &[u8],
    ) {
        self.starts.clear();
        self.starts.resize(buckets, 0);
        for hash in hashes {
            self.starts[bucket_of(*hash)] += 1;
        }
        let mut start = 0;
        for bucket in &mut self.starts {
            start += std::mem::replace(bucket, start);
        }
        self.filled.clear();
        self.filled.resize(buckets, 0);
        self.hashes.resize(hashes.len(), 0);
        self.records.resize(records.len(), 0);
        let width = records.len().checked_div(hashes.len()).unwrap_or_default();
        for (hash, record) in hashes.iter().zip(records.chunks_exact(width.max(1))) {
            let bucket = bucket_of(*hash);
            let start = self.starts[bucket] as usize;
            let end = start + self.filled[bucket] as usize;
            let same = (start..end).find(|place| {
                self.hashes[*place] == *hash && format.are_of_one(&self.records[place * width..][..width], record)
            });
            let place = match same {
                None => {
                    self.filled[bucket] += 1;
                    end
                }
                Some(place) => {
                    let present = format.entry(&self.records[place * width..][..width]);
                    if present.rank() <= format.entry(record).rank() {
                        continue;
                    }
                    place
                }
            };
            self.hashes[place] = *hash;
            self.records[place * width..][..width].copy_from_slice(record);
        }
    }

    fn bucket(&self, bucket: usize, width: usize) -> &[u8] {
        &self.records[self.starts[bucket] as usize * width..][..self.filled[bucket] as usize * width]
    }
}
