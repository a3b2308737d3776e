//! The table of what is revoked: compact, immutable, and searched in the same time whatever serial numbers a CA chose.
//!
//! Serial numbers are integers and kept as such, without the bytes that only DER needs, so that 16 random bytes take 16
//! bytes whether DER puts a zero before them or not. Those of one length stand in one table, in buckets of about four
//! records of fixed width; a keyed hash says which bucket, so nobody can choose serial numbers that share one.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::RevocationReason;
use crate::certificate::der::Span;

/// What a CRL says of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Why, where it says so.
    pub reason: Option<RevocationReason>,
    /// Since when, in Unix seconds.
    pub date: i64,
}

/// All entries of a CRL.
#[derive(Debug)]
pub(super) struct Index {
    keys: RandomState,
    /// In the order of their kinds.
    tables: Box<[Table]>,
    /// Dates count from here.
    first_date: i64,
    date_width: usize,
    issuer_width: usize,
    count: usize,
}

/// The entries whose serial numbers have one length and sign.
#[derive(Debug)]
struct Table {
    kind: Kind,
    /// Where each bucket starts, and after the last one the end; counted in records.
    buckets: Box<[u32]>,
    /// Number of the issuer, serial number, reason and date, each of fixed width.
    records: Box<[u8]>,
}

/// The length of a serial number, doubled, and one more where it is negative.
type Kind = u64;

/// Entries as they are read, in order.
pub(super) struct Rows {
    keys: RandomState,
    rows: Vec<Row>,
    first_date: i64,
    last_date: i64,
    last_issuer: u32,
}

#[derive(Clone, Copy)]
struct Row {
    /// Where the serial number's content stands in the DER.
    serial: Span,
    hash: u32,
    issuer: u32,
    /// The date, and in the lowest eight bits the reason.
    date_and_reason: i64,
}

/// The reason of an entry that gives none.
const NO_REASON: u8 = 0xff;

impl Rows {
    /// `capacity` is how many are expected.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            keys: RandomState::new(),
            rows: Vec::with_capacity(capacity),
            first_date: i64::MAX,
            last_date: i64::MIN,
            last_issuer: 0,
        }
    }

    /// Adds the entry of the certificate whose serial number stands at `span` of `der`, by the issuer of this number.
    #[inline]
    pub(super) fn push(&mut self, der: &[u8], span: Span, issuer: u32, entry: Entry) {
        let (_, serial) = magnitude(span.of(der));
        self.first_date = self.first_date.min(entry.date);
        self.last_date = self.last_date.max(entry.date);
        self.last_issuer = self.last_issuer.max(issuer);
        let reason = entry.reason.map_or(NO_REASON, |reason| reason as u8);
        self.rows.push(Row {
            serial: span,
            hash: hash(&self.keys, issuer, serial),
            issuer,
            date_and_reason: entry.date << 8 | i64::from(reason),
        });
    }
}

impl Index {
    /// Builds the tables of `rows`, which were read from `der`.
    pub(super) fn new(der: &[u8], rows: Rows) -> Self {
        let range = rows.last_date.saturating_sub(rows.first_date);
        let mut index = Self {
            keys: rows.keys,
            tables: Box::default(),
            first_date: rows.first_date,
            date_width: if u32::try_from(range).is_ok() { 4 } else { 8 },
            issuer_width: if rows.last_issuer == 0 { 0 } else { 4 },
            count: 0,
        };
        let mut drafts = index.drafts(der, &rows.rows);
        let mut latest = 0;
        for row in &rows.rows {
            let (kind, serial) = magnitude(row.serial.of(der));
            if drafts[latest].kind != kind {
                // All kinds have a draft.
                latest = drafts.binary_search_by_key(&kind, |draft| draft.kind).unwrap_or_default();
            }
            index.place(&mut drafts[latest], row, serial);
        }
        index.tables = drafts.into_iter().map(|draft| draft.finish(&index)).collect();
        index.count = index.tables.iter().map(Table::count).sum();
        index
    }

    /// What the CRL says of the certificate with this serial number by the issuer of this number.
    pub(super) fn find(&self, issuer: u32, serial: &[u8]) -> Option<Entry> {
        let (kind, serial) = magnitude(serial);
        let table = &self.tables[self.tables.binary_search_by_key(&kind, |table| table.kind).ok()?];
        let hash = hash(&self.keys, issuer, serial);
        let bucket = bucket_of(hash, table.buckets.len() - 1);
        let width = self.width(kind);
        let records =
            &table.records[table.buckets[bucket] as usize * width..table.buckets[bucket + 1] as usize * width];
        records.chunks_exact(width).find(|record| self.is_of(record, issuer, serial)).map(|record| self.entry(record))
    }

    /// How many certificates it lists.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The bytes that it holds beside itself.
    pub(super) fn memory(&self) -> usize {
        let tables = self.tables.iter().map(|table| size_of_val(&*table.buckets) + table.records.len());
        size_of_val(&*self.tables) + tables.sum::<usize>()
    }

    /// Every entry, in no order: the issuer's number, the serial number as content bytes, and what is said of it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Vec<u8>, Entry)> {
        self.tables.iter().flat_map(move |table| {
            table.records.chunks_exact(self.width(table.kind)).map(move |record| {
                let (issuer, rest) = record.split_at(self.issuer_width);
                let serial = &rest[..length_of(table.kind)];
                (number(issuer), content(table.kind, serial), self.entry(record))
            })
        })
    }

    /// Empty tables for all kinds that occur, their buckets measured out.
    fn drafts(&self, der: &[u8], rows: &[Row]) -> Vec<Draft> {
        let mut counts: BTreeMap<Kind, u32> = BTreeMap::new();
        // Nearly all are of one length.
        let (mut latest, mut run) = (0, 0);
        for row in rows {
            let (kind, _) = magnitude(row.serial.of(der));
            if kind != latest && run > 0 {
                *counts.entry(latest).or_default() += run;
                run = 0;
            }
            (latest, run) = (kind, run + 1);
        }
        if run > 0 {
            *counts.entry(latest).or_default() += run;
        }
        let mut drafts: Vec<Draft> =
            counts.into_iter().map(|(kind, count)| Draft::new(kind, count as usize, self.width(kind))).collect();
        let mut latest = 0;
        for row in rows {
            let (kind, _) = magnitude(row.serial.of(der));
            if drafts[latest].kind != kind {
                latest = drafts.binary_search_by_key(&kind, |draft| draft.kind).unwrap_or_default();
            }
            drafts[latest].expect(row.hash);
        }
        drafts.iter_mut().for_each(Draft::measure);
        drafts
    }

    fn place(&self, draft: &mut Draft, row: &Row, serial: &[u8]) {
        let width = self.width(draft.kind);
        let bucket = bucket_of(row.hash, draft.filled.len());
        let start = draft.buckets[bucket] as usize * width;
        let end = start + draft.filled[bucket] as usize * width;
        let (bucket_records, rest) = draft.records[start..].split_at_mut(end - start);
        let date = row.date_and_reason >> 8;
        #[allow(clippy::cast_possible_truncation)] // The lowest eight bits are the reason.
        let reason = row.date_and_reason as u8;
        for record in bucket_records.chunks_exact_mut(width) {
            if self.is_of(record, row.issuer, serial) {
                draft.duplicates = true;
                if rank(reason, date) < self.rank(record) {
                    self.write_entry(record, reason, date);
                }
                return;
            }
        }
        let record = &mut rest[..width];
        record[..self.issuer_width].copy_from_slice(&row.issuer.to_le_bytes()[..self.issuer_width]);
        record[self.issuer_width..][..serial.len()].copy_from_slice(serial);
        self.write_entry(record, reason, date);
        draft.filled[bucket] += 1;
    }

    fn width(&self, kind: Kind) -> usize {
        self.issuer_width + length_of(kind) + 1 + self.date_width
    }

    fn is_of(&self, record: &[u8], issuer: u32, serial: &[u8]) -> bool {
        let (own, rest) = record.split_at(self.issuer_width);
        rest[..serial.len()] == *serial && number(own) == issuer
    }

    fn entry(&self, record: &[u8]) -> Entry {
        let (reason, date) = self.reason_and_date(record);
        Entry { reason: (reason != NO_REASON).then(|| RevocationReason::from_code(reason)), date }
    }

    fn rank(&self, record: &[u8]) -> (u8, i64) {
        let (reason, date) = self.reason_and_date(record);
        rank(reason, date)
    }

    fn reason_and_date(&self, record: &[u8]) -> (u8, i64) {
        let (rest, date) = record.split_at(record.len() - self.date_width);
        let mut since = [0; 8];
        since[..date.len()].copy_from_slice(date);
        // The distance of two dates with years of four digits is far below 63 bits.
        (rest[rest.len() - 1], self.first_date.wrapping_add_unsigned(u64::from_le_bytes(since)))
    }

    fn write_entry(&self, record: &mut [u8], reason: u8, date: i64) {
        let (rest, since) = record.split_at_mut(record.len() - self.date_width);
        since.copy_from_slice(&(date - self.first_date).to_le_bytes()[..self.date_width]);
        rest[rest.len() - 1] = reason;
    }
}

/// A table that is being filled.
struct Draft {
    kind: Kind,
    width: usize,
    buckets: Vec<u32>,
    /// How many records each bucket has already.
    filled: Vec<u32>,
    records: Vec<u8>,
    duplicates: bool,
}

impl Draft {
    fn new(kind: Kind, count: usize, width: usize) -> Self {
        const RECORDS_PER_BUCKET: usize = 4;
        let buckets = count.div_ceil(RECORDS_PER_BUCKET);
        Self {
            kind,
            width,
            buckets: vec![0; buckets + 1],
            filled: vec![0; buckets],
            records: vec![0; count * width],
            duplicates: false,
        }
    }

    /// Counts a record that will be placed.
    fn expect(&mut self, hash: u32) {
        self.buckets[bucket_of(hash, self.filled.len()) + 1] += 1;
    }

    /// Turns the counts into positions.
    fn measure(&mut self) {
        let mut end = 0;
        for start in &mut self.buckets {
            end += *start;
            *start = end;
        }
    }

    fn finish(mut self, index: &Index) -> Table {
        if self.duplicates {
            self.close_gaps();
        }
        debug_assert_eq!(self.width, index.width(self.kind));
        Table { kind: self.kind, buckets: self.buckets.into(), records: self.records.into() }
    }

    /// Moves the buckets together where records were left out.
    fn close_gaps(&mut self) {
        let mut end = 0;
        for (bucket, filled) in self.filled.iter().enumerate() {
            let (start, length) = (self.buckets[bucket] as usize * self.width, *filled as usize * self.width);
            self.records.copy_within(start..start + length, end as usize * self.width);
            self.buckets[bucket] = end;
            end += filled;
        }
        if let Some(last) = self.buckets.last_mut() {
            *last = end;
        }
        self.records.truncate(end as usize * self.width);
    }
}

impl Table {
    fn count(&self) -> usize {
        self.buckets.last().map_or(0, |count| *count as usize)
    }
}

/// Of two entries for one certificate the lower one counts: a lasting revocation before a hold, both before
/// removeFromCRL, and of equals the earlier.
fn rank(reason: u8, date: i64) -> (u8, i64) {
    const HOLD: u8 = RevocationReason::CertificateHold as u8;
    const REMOVE: u8 = RevocationReason::RemoveFromCrl as u8;
    let weight = match reason {
        HOLD => 1,
        REMOVE => 2,
        _ => 0,
    };
    (weight, date)
}

/// The kind of a serial number, and its bytes without those that say nothing: equal for equal integers alone.
#[inline]
fn magnitude(serial: &[u8]) -> (Kind, &[u8]) {
    let mut rest = serial;
    if rest.first().is_none_or(|first| first & 0x80 == 0) {
        while let [0, after @ ..] = rest {
            rest = after;
        }
        return ((rest.len() as Kind) << 1, rest);
    }
    while let [0xff, second, ..] = rest
        && second & 0x80 != 0
    {
        rest = &rest[1..];
    }
    ((rest.len() as Kind) << 1 | 1, rest)
}

/// The content bytes of the INTEGER that has this magnitude.
fn content(kind: Kind, magnitude: &[u8]) -> Vec<u8> {
    let zero = kind & 1 == 0 && magnitude.first().is_none_or(|first| first & 0x80 != 0);
    let mut content = Vec::with_capacity(magnitude.len() + 1);
    content.extend(zero.then_some(0));
    content.extend_from_slice(magnitude);
    content
}

#[allow(clippy::cast_possible_truncation)] // It is the length of bytes in memory.
fn length_of(kind: Kind) -> usize {
    (kind >> 1) as usize
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // 32 bits of a hash are one too.
fn hash(keys: &RandomState, issuer: u32, serial: &[u8]) -> u32 {
    let mut state = keys.build_hasher();
    if issuer != 0 {
        state.write_u32(issuer);
    }
    state.write(serial);
    state.finish() as u32
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // It is less than `buckets`.
fn bucket_of(hash: u32, buckets: usize) -> usize {
    ((u64::from(hash) * buckets as u64) >> 32) as usize
}

/// The number in at most four little-endian bytes.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}
