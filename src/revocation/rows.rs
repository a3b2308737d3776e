//! Entries in the order of the CRL, and how they become an index.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::RevocationReason;
use super::draft::Draft;
use super::index::{Index, Table};
use super::record::{Entry, Format};
use super::serial_number::{Kind, SerialNumber};
use super::universal_hash::UniversalHash;
use crate::certificate::der::Span;

/// Entries as they are read.
pub(super) struct Rows {
    hash: UniversalHash,
    in_order: Vec<Row>,
    /// From which row on certificates have the issuer of which number; before the first it is number 0.
    issuers: Vec<(usize, u32)>,
    /// How many rows there are of each kind, but for those of the latest run.
    counts: BTreeMap<Kind, usize>,
    latest: Kind,
    run: usize,
    first_date: i64,
    last_date: i64,
}

struct Row {
    /// Where the serial number's bytes stand in the DER.
    serial: Span,
    negative: bool,
    reason: Option<RevocationReason>,
    hash: u32,
    date: i64,
}

impl Rows {
    /// `capacity` is how many are expected.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            hash: UniversalHash::new(),
            in_order: Vec::with_capacity(capacity),
            issuers: Vec::new(),
            counts: BTreeMap::new(),
            latest: SerialNumber::new(&[]).kind,
            run: 0,
            first_date: i64::MAX,
            last_date: i64::MIN,
        }
    }

    /// Adds the entry of the certificate by the issuer of this number, whose serial number is the content of the INTEGER
    /// that ends at `end` in the DER.
    #[inline]
    pub(super) fn push(&mut self, content: &[u8], end: usize, issuer: u32, entry: Entry) {
        let serial = SerialNumber::new(content);
        if self.issuers.last().map_or(0, |(_, latest)| *latest) != issuer {
            self.issuers.push((self.in_order.len(), issuer));
        }
        if self.latest != serial.kind {
            self.count_run();
            self.latest = serial.kind;
        }
        self.run += 1;
        self.first_date = self.first_date.min(entry.date);
        self.last_date = self.last_date.max(entry.date);
        self.in_order.push(Row {
            serial: Span::new(end - serial.bytes.len(), end),
            negative: serial.kind.is_negative(),
            reason: entry.reason,
            hash: self.hash.of(issuer, serial.bytes),
            date: entry.date,
        });
    }

    /// The index of all entries; `der` is where they were read from.
    pub(super) fn index(mut self, der: &[u8]) -> Index {
        self.count_run();
        let last_issuer = self.issuers.iter().map(|(_, issuer)| *issuer).max().unwrap_or_default();
        let format = Format::new(self.first_date, self.last_date, last_issuer);
        let mut drafts: Vec<Draft> =
            self.counts.iter().map(|(kind, count)| Draft::new(*kind, *count, format)).collect();
        let mut latest = 0;
        for row in &self.in_order {
            draft_of(&mut drafts, &mut latest, row.kind()).expect(row.hash);
        }
        drafts.iter_mut().for_each(Draft::measure);
        let mut issuers = self.issuers.iter().peekable();
        let mut issuer = 0;
        for (number, row) in self.in_order.iter().enumerate() {
            while let Some((_, next)) = issuers.next_if(|(from, _)| *from == number) {
                issuer = *next;
            }
            let entry = Entry { reason: row.reason, date: row.date };
            draft_of(&mut drafts, &mut latest, row.kind()).deal(row.hash, issuer, row.serial.of(der), entry);
        }
        // The drafts' own memory is enough.
        self.in_order = Vec::new();
        let mut tables: SmallVec<[Table; 1]> = drafts.into_iter().map(Draft::sort).collect();
        tables.shrink_to_fit();
        Index { hash: self.hash, format, tables }
    }

    fn count_run(&mut self) {
        if self.run > 0 {
            *self.counts.entry(self.latest).or_default() += self.run;
            self.run = 0;
        }
    }
}

impl Row {
    #[inline]
    fn kind(&self) -> Kind {
        Kind::new(self.serial.length(), self.negative)
    }
}

/// The draft of a kind, which most likely is the one asked for last.
#[inline]
fn draft_of<'d>(drafts: &'d mut [Draft], latest: &mut usize, kind: Kind) -> &'d mut Draft {
    if drafts[*latest].kind != kind {
        // Every kind that was counted has one.
        *latest = drafts.binary_search_by_key(&kind, |draft| draft.kind).unwrap_or_default();
    }
    &mut drafts[*latest]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serial numbers one after the other, each with its issuer, reason and date.
    fn index(entries: &[(u64, u32, Option<RevocationReason>, i64)]) -> Index {
        let der: Vec<u8> = entries.iter().flat_map(|(serial, ..)| serial.to_be_bytes()).collect();
        let mut rows = Rows::new(0);
        for (place, (_, issuer, reason, date)) in entries.iter().enumerate() {
            let (start, end) = (8 * place, 8 * place + 8);
            rows.push(&der[start..end], end, *issuer, Entry { reason: *reason, date: *date });
        }
        rows.index(&der)
    }

    #[test]
    fn every_row_finds_its_bucket_in_its_region() {
        const COUNT: u64 = 60_000;
        let spread = |number: u64| (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (number % 3 * 8 + 1);
        // The first third twice, the later time with an earlier date.
        let twice = (0..COUNT).chain(0..COUNT / 3).enumerate();
        let entries: Vec<_> =
            twice.map(|(place, number)| (spread(number), 0, None, 1_000_000 - i64::try_from(place).unwrap())).collect();
        let index = index(&entries);
        assert!(index.tables.len() >= 3 && index.tables.iter().any(|table| table.records.len() > 3 * 64 * 1024));
        assert_eq!(index.count() as u64, COUNT);
        for (serial, _, _, date) in &entries[usize::try_from(COUNT / 3).unwrap()..] {
            assert_eq!(index.find(0, &serial.to_be_bytes()), Some(Entry { reason: None, date: *date }));
            assert_eq!(index.find(0, &(serial ^ 1 << 40).to_be_bytes()), None);
        }
        let longest =
            index.tables.iter().flat_map(|table| table.buckets.windows(2).map(|pair| pair[1] - pair[0])).max();
        assert!(longest < Some(32), "a bucket of {longest:?}");
    }

    #[test]
    fn one_serial_number_of_several_issuers() {
        let reasons =
            [RevocationReason::KeyCompromise, RevocationReason::Superseded, RevocationReason::CertificateHold];
        let entries: Vec<_> = (0u32..3).map(|issuer| (7, issuer, Some(reasons[issuer as usize]), 5)).collect();
        let index = index(&entries);
        for (issuer, reason) in (0..).zip(reasons) {
            assert_eq!(index.find(issuer, &[7]), Some(Entry { reason: Some(reason), date: 5 }));
        }
        assert_eq!(index.find(3, &[7]), None);
        let mut issuers: Vec<u32> = index.iter().map(|(issuer, ..)| issuer).collect();
        issuers.sort_unstable();
        assert_eq!(issuers, [0, 1, 2]);
    }

    #[test]
    fn nothing_is_listed_by_no_rows() {
        let index = index(&[]);
        assert_eq!((index.count(), index.find(0, &[]), index.iter().count()), (0, None, 0));
    }
}
