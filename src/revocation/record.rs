//! One entry in as few bytes as its CRL allows.

use super::RevocationReason;
use super::serial_number::{Kind, SerialNumber};

/// What a CRL says of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Why, where it says so.
    pub reason: Option<RevocationReason>,
    /// Since when, in Unix seconds.
    pub date: i64,
}

/// How the records of one CRL are written: the issuer's number, the serial number, the reason, the date.
#[derive(Clone, Copy, Debug)]
#[repr(C)] // The widths first, which fill a cache line of an index.
pub(super) struct Format {
    /// 0 where all certificates have the same issuer.
    issuer_width: u32,
    date_width: u32,
    /// Dates count from here.
    first_date: i64,
}

/// The reason of an entry that gives none.
const NO_REASON: u8 = 0xff;

impl Format {
    /// For dates from `first_date` to `last_date`, and numbers of issuers up to `last_issuer`.
    pub(super) fn new(first_date: i64, last_date: i64, last_issuer: u32) -> Self {
        let fits = u32::try_from(last_date.saturating_sub(first_date)).is_ok();
        Self { issuer_width: if last_issuer == 0 { 0 } else { 4 }, date_width: if fits { 4 } else { 8 }, first_date }
    }

    fn issuer_width(&self) -> usize {
        self.issuer_width as usize
    }

    fn date_width(&self) -> usize {
        self.date_width as usize
    }

    /// The bytes of a record of this kind.
    #[inline]
    pub(super) fn width(&self, kind: Kind) -> usize {
        self.issuer_width() + kind.length() + 1 + self.date_width()
    }

    /// Writes a record of that width.
    #[inline]
    pub(super) fn write(&self, record: &mut [u8], issuer: u32, serial: &[u8], entry: Entry) {
        let (number, rest) = record.split_at_mut(self.issuer_width());
        let (own_serial, rest) = rest.split_at_mut(serial.len());
        number.copy_from_slice(&issuer.to_le_bytes()[..self.issuer_width()]);
        own_serial.copy_from_slice(serial);
        rest[0] = entry.reason.map_or(NO_REASON, |reason| reason as u8);
        rest[1..].copy_from_slice(&(entry.date - self.first_date).to_le_bytes()[..self.date_width()]);
    }

    /// Whether the record is about this certificate.
    #[inline]
    pub(super) fn is_of(&self, record: &[u8], issuer: u32, serial: &[u8]) -> bool {
        let (number, rest) = record.split_at(self.issuer_width());
        // Most others differ in the first bytes, which are compared at once.
        serial.first_chunk::<4>().is_none_or(|head| rest.starts_with(head))
            && rest[..serial.len()] == *serial
            && (self.issuer_width() == 0 || *number == issuer.to_le_bytes())
    }

    /// Whether both records, of one kind, are about the same certificate.
    pub(super) fn are_of_one(&self, record: &[u8], other: &[u8]) -> bool {
        let about = record.len() - 1 - self.date_width();
        record[..about] == other[..about]
    }

    /// What the record says.
    pub(super) fn entry(&self, record: &[u8]) -> Entry {
        let (rest, date) = record.split_at(record.len() - self.date_width());
        let code = rest[rest.len() - 1];
        // The distance of two years with four digits each is far below 63 bits.
        let date = self.first_date.wrapping_add_unsigned(number(date));
        Entry { reason: (code != NO_REASON).then(|| RevocationReason::from_code(code)), date }
    }

    /// Whose certificate it is about: the issuer's number, and the serial number.
    pub(super) fn subject<'r>(&self, record: &'r [u8], kind: Kind) -> (u32, SerialNumber<'r>) {
        let (issuer, rest) = record.split_at(self.issuer_width());
        #[allow(clippy::cast_possible_truncation)] // It has four bytes at most.
        (number(issuer) as u32, SerialNumber { kind, bytes: &rest[..kind.length()] })
    }
}

impl Entry {
    /// Of two entries for one certificate the lower one counts: a lasting revocation before a hold, both before
    /// removeFromCRL, and of equals the earlier.
    pub(super) fn rank(&self) -> (u8, i64) {
        let weight = match self.reason {
            Some(RevocationReason::CertificateHold) => 1,
            Some(RevocationReason::RemoveFromCrl) => 2,
            _ => 0,
        };
        (weight, self.date)
    }
}

/// The number in at most eight little-endian bytes.
fn number(bytes: &[u8]) -> u64 {
    let mut all = [0; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(all)
}
