//! crlExtensions (RFC 5280 section 5.2).

use super::issuing_distribution_point::IssuingDistributionPoint;
use crate::certificate::der::{self, Malformed, Reader, Span};
use crate::certificate::{AuthorityKeyIdentifier, Extension};

/// What they say.
#[derive(Default)]
pub(super) struct CrlExtensions<'a> {
    /// Without leading zeros, as `base_number` is.
    pub(super) number: Option<&'a [u8]>,
    pub(super) base_number: Option<&'a [u8]>,
    /// The DER of the extension's value.
    pub(super) authority_key_identifier: Option<&'a [u8]>,
    pub(super) scope: IssuingDistributionPoint,
    /// Where the object identifier of the first critical extension stands that is not understood.
    pub(super) unknown_critical: Option<Span>,
}

impl<'a> CrlExtensions<'a> {
    /// Reads what may stand at the end of a tbsCertList.
    pub(super) fn read(der: &'a [u8], fields: &mut Reader<'a>, version: u8) -> Result<Self, Malformed> {
        const FIELD: &str = "crlExtensions";
        const MAX_EXTENSIONS: usize = 64;
        let mut found = Self::default();
        let at = *fields;
        let Some(wrapper) = fields.optional(der::context_constructed(0), FIELD)? else { return Ok(found) };
        if version == 1 {
            return at.fail(FIELD, "need a version 2 CRL");
        }
        let mut wrapped = fields.within(&wrapper);
        let mut list = wrapped.enter(der::SEQUENCE, FIELD)?;
        wrapped.finish(FIELD)?;
        if list.is_empty() {
            return list.fail(FIELD, "is an empty list");
        }
        let mut seen: Vec<&[u8]> = Vec::new();
        while !list.is_empty() {
            let at = list;
            let extension = Extension::read(&mut list)?;
            if seen.contains(&extension.oid) {
                return at.fail(FIELD, "has an extension that occurs twice");
            }
            // Thousands must not cost their square.
            if seen.len() == MAX_EXTENSIONS {
                return at.fail(FIELD, "has more than 64 extensions");
            }
            seen.push(extension.oid);
            let value = Reader::at(der, extension.value);
            match extension.oid {
                [0x55, 0x1d, 20] => found.number = Some(read_number(value, "cRLNumber")?),
                [0x55, 0x1d, 27] => found.base_number = Some(read_number(value, "deltaCRLIndicator")?),
                [0x55, 0x1d, 28] => found.scope = IssuingDistributionPoint::read(value)?,
                [0x55, 0x1d, 35] => {
                    AuthorityKeyIdentifier::read(value)?;
                    found.authority_key_identifier = Some(extension.value.of(der));
                }
                _ if extension.critical => {
                    found.unknown_critical.get_or_insert(extension.oid_span);
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

/// Reads a CRLNumber, and gives it without leading zeros.
fn read_number<'a>(mut reader: Reader<'a>, field: &'static str) -> Result<&'a [u8], Malformed> {
    let at = reader;
    let tlv = reader.expect(der::INTEGER, field)?;
    reader.finish(field)?;
    match reader.content(&tlv) {
        [] => at.fail(field, "is an empty INTEGER"),
        [0x80..=0xff, ..] => at.fail(field, "is negative"),
        content => {
            let zeros = content.iter().take_while(|byte| **byte == 0).count();
            Ok(&content[zeros.min(content.len() - 1)..])
        }
    }
}
