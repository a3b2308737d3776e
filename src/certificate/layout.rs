//! Where everything is in one certificate, found in a single strict pass (RFC 5280 section 4.1).
//!
//! A layout holds positions and small decoded values, no bytes, so it outlives the reading and can be kept beside
//! the certificate that it describes: nobody reads a certificate twice.

use super::der::{self, Malformed, Reader, Span};
use super::extensions::{self, BasicConstraints, ExtensionKind, KeyUsage};
use super::general_name::check_general_names;
use super::name::check_name;
use super::time::Time;

/// One extension: its criticality and the DER inside its OCTET STRING.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExtensionSpan {
    pub(crate) value: Span,
    pub(crate) critical: bool,
}

/// The positions of a certificate's fields.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) version: u8,
    pub(crate) serial: Span,
    pub(crate) tbs: Span,
    pub(crate) issuer: Span,
    pub(crate) not_before: Time,
    pub(crate) not_after: Time,
    pub(crate) subject: Span,
    pub(crate) spki: Span,
    pub(crate) key_algorithm: Span,
    pub(crate) key: Span,
    pub(crate) unique_identifiers: bool,
    pub(crate) signature_algorithm: Span,
    pub(crate) signature: Span,
    /// All extensions, as they stand in the certificate.
    pub(crate) extensions: Span,
    pub(crate) known: [Option<ExtensionSpan>; ExtensionKind::COUNT],
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) key_usage: Option<KeyUsage>,
    /// Where the object identifier of the first critical extension stands that nothing here understands.
    pub(crate) unknown_critical: Option<Span>,
}

impl Layout {
    /// Reads one certificate that fills `bytes` exactly.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(bytes);
        if u32::try_from(bytes.len()).is_err() {
            return outer.fail("Certificate", "is longer than 4 GiB");
        }
        let mut certificate = outer.enter(der::SEQUENCE, "Certificate")?;
        outer.finish("Certificate")?;

        let tbs = certificate.expect(der::SEQUENCE, "tbsCertificate")?;
        let signature_algorithm = read_algorithm(&mut certificate, "signatureAlgorithm")?;
        let at_signature = certificate;
        let (signature, unused) = certificate.bit_string("signatureValue")?;
        if unused != 0 {
            return at_signature.fail("signatureValue", "is no whole number of bytes");
        }
        certificate.finish("Certificate")?;

        let mut fields = certificate.within(&tbs);
        let version = version(&mut fields)?;
        let serial = fields.integer("serialNumber")?;
        let at_algorithm = fields;
        let inner_algorithm = read_algorithm(&mut fields, "signature")?;
        if inner_algorithm.of(bytes) != signature_algorithm.of(bytes) {
            return at_algorithm.fail("signature", "differs from signatureAlgorithm");
        }
        let issuer = read_name(&mut fields, "issuer")?;
        let mut validity = fields.enter(der::SEQUENCE, "validity")?;
        let not_before = Time::read(&mut validity, "notBefore")?;
        let not_after = Time::read(&mut validity, "notAfter")?;
        validity.finish("validity")?;
        let subject = read_name(&mut fields, "subject")?;

        let spki = fields.expect(der::SEQUENCE, "subjectPublicKeyInfo")?;
        let mut key_info = fields.within(&spki);
        let key_algorithm = read_algorithm(&mut key_info, "subjectPublicKeyInfo.algorithm")?;
        let at_key = key_info;
        let (key, unused) = key_info.bit_string("subjectPublicKey")?;
        if unused != 0 {
            return at_key.fail("subjectPublicKey", "is no whole number of bytes");
        }
        key_info.finish("subjectPublicKeyInfo")?;

        let mut layout = Self {
            version,
            serial: serial.inner(),
            tbs: tbs.whole(),
            issuer,
            not_before,
            not_after,
            subject,
            spki: spki.whole(),
            key_algorithm,
            key,
            unique_identifiers: false,
            signature_algorithm,
            signature,
            extensions: Span::default(),
            known: [None; ExtensionKind::COUNT],
            basic_constraints: None,
            key_usage: None,
            unknown_critical: None,
        };
        for (tag, field) in [(der::context(1), "issuerUniqueID"), (der::context(2), "subjectUniqueID")] {
            let at = fields;
            if fields.optional(tag, field)?.is_some() {
                if version == 1 {
                    return at.fail(field, "is not allowed in a version 1 certificate");
                }
                layout.unique_identifiers = true;
            }
        }
        let at = fields;
        if let Some(wrapper) = fields.optional(der::context_constructed(3), "extensions")? {
            if version != 3 {
                return at.fail("extensions", "need a version 3 certificate");
            }
            let mut wrapped = fields.within(&wrapper);
            let list = wrapped.expect(der::SEQUENCE, "extensions")?;
            wrapped.finish("extensions")?;
            layout.read_extensions(bytes, list.inner())?;
        }
        fields.finish("tbsCertificate")?;
        Ok(layout)
    }

    fn read_extensions(&mut self, bytes: &[u8], list: Span) -> Result<(), Malformed> {
        self.extensions = list;
        let mut reader = Reader::at(bytes, list);
        if reader.is_empty() {
            return reader.fail("extensions", "is an empty list");
        }
        let mut unknown: Vec<&[u8]> = Vec::new();
        while !reader.is_empty() {
            let at = reader;
            let extension = extensions::Extension::read(&mut reader)?;
            match ExtensionKind::from_oid(extension.oid) {
                Some(kind) => {
                    if self.known[kind as usize].is_some() {
                        return at.fail(kind.name(), "occurs twice");
                    }
                    self.known[kind as usize] =
                        Some(ExtensionSpan { value: extension.value, critical: extension.critical });
                    self.check_known(bytes, kind, extension.value)?;
                    let understood = kind.is_understood()
                        && (kind != ExtensionKind::CertificatePolicies
                            || extensions::has_known_qualifiers(extension.value.of(bytes)));
                    if extension.critical && !understood {
                        self.unknown_critical.get_or_insert(extension.oid_span);
                    }
                }
                None => {
                    if unknown.contains(&extension.oid) {
                        return at.fail("extensions", "has an extension that occurs twice");
                    }
                    // A certificate of thousands of extensions must not cost their square.
                    if unknown.len() == MAX_UNKNOWN_EXTENSIONS {
                        return at.fail("extensions", "has more than 64 extensions of unknown kinds");
                    }
                    unknown.push(extension.oid);
                    if extension.critical {
                        self.unknown_critical.get_or_insert(extension.oid_span);
                    }
                }
            }
        }
        Ok(())
    }

    /// Decodes what every verification needs, and checks the form of what some need later.
    fn check_known(&mut self, bytes: &[u8], kind: ExtensionKind, value: Span) -> Result<(), Malformed> {
        let reader = Reader::at(bytes, value);
        match kind {
            ExtensionKind::BasicConstraints => self.basic_constraints = Some(BasicConstraints::read(reader)?),
            ExtensionKind::KeyUsage => self.key_usage = Some(KeyUsage::read(reader)?),
            ExtensionKind::SubjectAltName => check_general_names(reader, "subjectAltName")?,
            ExtensionKind::IssuerAltName => check_general_names(reader, "issuerAltName")?,
            ExtensionKind::ExtendedKeyUsage => extensions::check_extended_key_usage(reader)?,
            ExtensionKind::TlsFeature => extensions::check_tls_features(reader)?,
            ExtensionKind::NameConstraints => extensions::check_name_constraints(reader)?,
            ExtensionKind::CertificatePolicies => extensions::check_certificate_policies(reader)?,
            ExtensionKind::PolicyMappings => extensions::check_policy_mappings(reader)?,
            ExtensionKind::PolicyConstraints => extensions::PolicyConstraints::read(reader).map(drop)?,
            ExtensionKind::InhibitAnyPolicy => extensions::read_inhibit_any_policy(reader).map(drop)?,
            ExtensionKind::SubjectKeyIdentifier => extensions::read_subject_key_identifier(reader).map(drop)?,
            ExtensionKind::AuthorityKeyIdentifier => extensions::AuthorityKeyIdentifier::read(reader).map(drop)?,
            ExtensionKind::CrlDistributionPoints | ExtensionKind::FreshestCrl => {
                extensions::check_distribution_points(reader, kind.name())?;
            }
            ExtensionKind::AuthorityInfoAccess | ExtensionKind::SubjectInfoAccess | ExtensionKind::NetscapeCertType => {
            }
        }
        Ok(())
    }
}

const MAX_UNKNOWN_EXTENSIONS: usize = 64;

fn version(fields: &mut Reader<'_>) -> Result<u8, Malformed> {
    let at = *fields;
    let Some(wrapper) = fields.optional(der::context_constructed(0), "version")? else {
        return Ok(1);
    };
    let mut wrapped = fields.within(&wrapper);
    let value = wrapped.small_integer(der::INTEGER, "version")?;
    wrapped.finish("version")?;
    match value {
        // An explicit v1 is not DER; OpenSSL takes it, and it changes nothing.
        0 => Ok(1),
        1 => Ok(2),
        2 => Ok(3),
        _ => at.fail("version", "is none of 1, 2 and 3"),
    }
}

/// Reads an AlgorithmIdentifier and returns it whole, tag and length included.
pub(crate) fn read_algorithm(reader: &mut Reader<'_>, field: &'static str) -> Result<Span, Malformed> {
    let sequence = reader.expect(der::SEQUENCE, field)?;
    let mut inside = reader.within(&sequence);
    inside.oid(field)?;
    if !inside.is_empty() {
        inside.any(field)?;
    }
    inside.finish(field)?;
    Ok(sequence.whole())
}

/// Reads a Name and returns it whole, tag and length included.
pub(crate) fn read_name(reader: &mut Reader<'_>, field: &'static str) -> Result<Span, Malformed> {
    let sequence = reader.expect(der::SEQUENCE, field)?;
    check_name(reader.within(&sequence), field)?;
    Ok(sequence.whole())
}
