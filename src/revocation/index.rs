//! The table of what is revoked: compact, immutable, and searched in the same time whatever serial numbers a CA chose.
//!
//! Serial numbers are kept as integers, so that 16 random bytes take 16 bytes whether DER puts a zero before them or not.
//! Those of one length stand in one table, in buckets of about four records of fixed width; a hash with secret keys says
//! which bucket, so nobody can choose serial numbers that share one.

use smallvec::SmallVec;

use super::record::{Entry, Format};
use super::serial_number::{Kind, SerialNumber};
use super::universal_hash::UniversalHash;

/// All entries of a CRL. In this order, a question takes two cache lines of it where serial numbers are of one length, at most
/// 20 bytes.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Index {
    /// In the order of their kinds; most CAs make serial numbers of one length.
    pub(super) tables: SmallVec<[Table; 1]>,
    pub(super) format: Format,
    pub(super) hash: UniversalHash,
}

/// The entries whose serial numbers are of one kind.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) kind: Kind,
    /// Where each bucket starts, and after the last one the end; counted in records.
    pub(super) buckets: Box<[u32]>,
    pub(super) records: Box<[u8]>,
}

impl Index {
    /// What the CRL says of the certificate with this serial number by the issuer of this number.
    #[inline]
    pub(super) fn find(&self, issuer: u32, serial: &[u8]) -> Option<Entry> {
        let SerialNumber { kind, bytes } = SerialNumber::new(serial);
        let table = &self.tables[self.tables.binary_search_by_key(&kind, |table| table.kind).ok()?];
        let width = self.format.width(kind);
        let bucket = bucket_of(self.hash.of(issuer, bytes), table.buckets.len() - 1);
        let [start, end] = [bucket, bucket + 1].map(|bucket| table.buckets[bucket] as usize * width);
        let mut rest = &table.records[start..end];
        // Not by chunks of that width, whose number costs a division.
        while let Some((record, others)) = rest.split_at_checked(width) {
            if self.format.is_of(record, issuer, bytes) {
                return Some(self.format.entry(record));
            }
            rest = others;
        }
        None
    }

    /// How many certificates it lists.
    pub(super) fn count(&self) -> usize {
        self.tables.iter().map(|table| table.buckets.last().map_or(0, |count| *count as usize)).sum()
    }

    /// The bytes that it holds beside itself.
    pub(super) fn memory(&self) -> usize {
        let tables = self.tables.iter().map(|table| size_of_val(&*table.buckets) + table.records.len());
        let beside = if self.tables.spilled() { size_of_val(&*self.tables) } else { 0 };
        beside + tables.sum::<usize>()
    }

    /// Every entry, in no order: the issuer's number, the serial number, and what is said of it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, SerialNumber<'_>, Entry)> {
        self.tables.iter().flat_map(move |table| {
            table.records.chunks_exact(self.format.width(table.kind)).map(move |record| {
                let (issuer, serial) = self.format.subject(record, table.kind);
                (issuer, serial, self.format.entry(record))
            })
        })
    }
}

/// Which of so many buckets, or of so many groups of them, a hash belongs to; in the order of the hashes.
#[inline]
#[allow(clippy::cast_possible_truncation)] // It is less than `buckets`.
pub(super) fn bucket_of(hash: u32, buckets: usize) -> usize {
    ((u64::from(hash) * buckets as u64) >> 32) as usize
}
