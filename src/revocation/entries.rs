//! The entries of a CRL as they stand in it (RFC 5280 section 5.1.2.6 and 5.3).

use super::RevocationReason;
use super::issuers::Issuers;
use super::record::Entry;
use super::rows::Rows;
use super::signed::Intake;
use crate::certificate::der::{self, Malformed, Reader, Span};
use crate::certificate::{Extension, GeneralName, GeneralNames, Name, Time, check_general_name};

/// What revokedCertificates holds.
pub(super) struct Entries {
    pub(super) rows: Rows,
    /// The issuers of the certificates, where some entry says that it is about another than the CRL's.
    pub(super) issuers: Option<Issuers>,
    /// The object identifier of the first critical extension that is not understood.
    pub(super) unknown_critical: Option<Span>,
}

/// What the rest of the CRL says that entries depend on.
pub(super) struct Frame<'a> {
    pub(super) version: u8,
    pub(super) indirect: bool,
    pub(super) issuer: Name<'a>,
}

const FIELD: &str = "revokedCertificates";
const REASON_CODE: &[u8] = &[0x55, 0x1d, 21];
const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 24];
pub(super) const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 29];

impl Entries {
    pub(super) fn none() -> Self {
        Self { rows: Rows::new(0), issuers: None, unknown_critical: None }
    }

    /// Reads the content of revokedCertificates in `der`, and tells `intake` how far it is.
    pub(super) fn read(
        der: &[u8],
        mut list: Reader<'_>,
        frame: &Frame<'_>,
        intake: &mut Intake<'_>,
    ) -> Result<Self, Malformed> {
        let mut entries = Self { rows: Rows::new(expected(list)), ..Self::none() };
        let mut issuer = 0;
        while !list.is_empty() {
            let mut fields = list.enter(der::SEQUENCE, FIELD)?;
            let at_serial = fields;
            // CAs write what is no minimal INTEGER, and it must be found all the same.
            let serial = fields.expect(der::INTEGER, "userCertificate")?;
            if serial.content == serial.end {
                return at_serial.fail("userCertificate", "is an empty INTEGER");
            }
            let date = Time::read(&mut fields, "revocationDate")?.unix;
            let mut reason = None;
            if !fields.is_empty() {
                let at = fields;
                let extensions = fields.enter(der::SEQUENCE, "crlEntryExtensions")?;
                fields.finish(FIELD)?;
                if frame.version == 1 {
                    return at.fail("crlEntryExtensions", "need a version 2 CRL");
                }
                reason = match lone_reason(extensions.rest()) {
                    None => entries.read_extensions(der, extensions, frame, &mut issuer)?,
                    reason => reason,
                };
            }
            entries.rows.push(fields.content(&serial), serial.end, issuer, Entry { reason, date });
            intake.reach(list.position());
        }
        if let Some(issuers) = &mut entries.issuers {
            issuers.shrink();
        }
        Ok(entries)
    }

    /// Reads the extensions of one entry: gives its reason, and changes the issuer of this and the following entries.
    fn read_extensions(
        &mut self,
        der: &[u8],
        mut list: Reader<'_>,
        frame: &Frame<'_>,
        issuer: &mut u32,
    ) -> Result<Option<RevocationReason>, Malformed> {
        if list.is_empty() {
            return list.fail("crlEntryExtensions", "is an empty list");
        }
        let mut reason = None;
        let mut named = false;
        while !list.is_empty() {
            let at = list;
            let extension = Extension::read(&mut list)?;
            let value = Reader::at(der, extension.value);
            match extension.oid {
                REASON_CODE if reason.is_none() => reason = Some(read_reason(value)?),
                CERTIFICATE_ISSUER if !named => {
                    named = true;
                    let name = read_issuer(value)?;
                    *issuer = self.issuers.get_or_insert_with(|| Issuers::new(&frame.issuer)).insert(&name);
                    if !frame.indirect {
                        // Whatever the issuer meant, entries of others have no place in this CRL.
                        self.unknown_critical.get_or_insert(extension.oid_span);
                    }
                }
                REASON_CODE => return at.fail("reasonCode", "occurs twice"),
                CERTIFICATE_ISSUER => return at.fail("certificateIssuer", "occurs twice"),
                INVALIDITY_DATE => {}
                _ if extension.critical => {
                    self.unknown_critical.get_or_insert(extension.oid_span);
                }
                _ => {}
            }
        }
        Ok(reason)
    }
}

/// How many entries there are if all are about as long as the first.
fn expected(list: Reader<'_>) -> usize {
    let mut rest = list;
    let first = rest.any(FIELD).map_or(0, |first| first.end - first.start);
    // An entry has at least 20 bytes. Some more room than needed costs nothing that is ever touched.
    let count = list.rest().len().div_ceil(first.max(20));
    count + count / 8
}

/// The reason of crlEntryExtensions that say nothing else, as nearly all do: read in one look.
#[inline]
fn lone_reason(content: &[u8]) -> Option<RevocationReason> {
    match content {
        [0x30, 10, 0x06, 3, 0x55, 0x1d, 21, 0x04, 3, 0x0a, 1, code @ 0..=0x7f] => {
            Some(RevocationReason::from_code(*code))
        }
        _ => None,
    }
}

/// Reads a CRLReason (RFC 5280 section 5.3.1).
fn read_reason(mut reader: Reader<'_>) -> Result<RevocationReason, Malformed> {
    const FIELD: &str = "reasonCode";
    let at = reader;
    let tlv = reader.expect(der::ENUMERATED, FIELD)?;
    reader.finish(FIELD)?;
    match reader.content(&tlv) {
        [code @ 0..=0x7f] => Ok(RevocationReason::from_code(*code)),
        _ => at.fail(FIELD, "is no ENUMERATED of one byte"),
    }
}

/// Reads the one directory name of a certificateIssuer.
fn read_issuer(mut reader: Reader<'_>) -> Result<Name<'_>, Malformed> {
    const FIELD: &str = "certificateIssuer";
    let at = reader;
    let names = reader.expect(der::SEQUENCE, FIELD)?;
    reader.finish(FIELD)?;
    let mut check = reader.within(&names);
    while !check.is_empty() {
        check_general_name(&mut check, FIELD)?;
    }
    let mut directory_names = GeneralNames::checked(reader.content(&names)).filter_map(|name| match name {
        GeneralName::Directory(name) => Some(name),
        _ => None,
    });
    match (directory_names.next(), directory_names.next()) {
        (Some(name), None) => Ok(name),
        _ => at.fail(FIELD, "is not exactly one directory name"),
    }
}
