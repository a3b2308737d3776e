//! Certificate extensions, decoded from where the layout found them (RFC 5280 section 4.2).

use super::der::{self, Malformed, Reader, Span};
use super::general_name::{GeneralName, GeneralNames, check_general_name};
use super::name::Values;

/// The extensions that have a place of their own in a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum ExtensionKind {
    SubjectKeyIdentifier,
    KeyUsage,
    SubjectAltName,
    IssuerAltName,
    BasicConstraints,
    NameConstraints,
    CrlDistributionPoints,
    CertificatePolicies,
    PolicyMappings,
    AuthorityKeyIdentifier,
    PolicyConstraints,
    ExtendedKeyUsage,
    FreshestCrl,
    InhibitAnyPolicy,
    AuthorityInfoAccess,
    SubjectInfoAccess,
    NetscapeCertType,
    TlsFeature,
}

impl ExtensionKind {
    pub(crate) const COUNT: usize = Self::TlsFeature as usize + 1;

    #[inline]
    pub(crate) fn from_oid(oid: &[u8]) -> Option<Self> {
        Some(match oid {
            [0x55, 0x1d, arc] => match arc {
                14 => Self::SubjectKeyIdentifier,
                15 => Self::KeyUsage,
                17 => Self::SubjectAltName,
                18 => Self::IssuerAltName,
                19 => Self::BasicConstraints,
                30 => Self::NameConstraints,
                31 => Self::CrlDistributionPoints,
                32 => Self::CertificatePolicies,
                33 => Self::PolicyMappings,
                35 => Self::AuthorityKeyIdentifier,
                36 => Self::PolicyConstraints,
                37 => Self::ExtendedKeyUsage,
                46 => Self::FreshestCrl,
                54 => Self::InhibitAnyPolicy,
                _ => return None,
            },
            [0x2b, 6, 1, 5, 5, 7, 1, 1] => Self::AuthorityInfoAccess,
            [0x2b, 6, 1, 5, 5, 7, 1, 11] => Self::SubjectInfoAccess,
            [0x2b, 6, 1, 5, 5, 7, 1, 24] => Self::TlsFeature,
            [0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1, 1] => Self::NetscapeCertType,
            _ => return None,
        })
    }

    /// The name that RFC 5280 gives it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SubjectKeyIdentifier => "subjectKeyIdentifier",
            Self::KeyUsage => "keyUsage",
            Self::SubjectAltName => "subjectAltName",
            Self::IssuerAltName => "issuerAltName",
            Self::BasicConstraints => "basicConstraints",
            Self::NameConstraints => "nameConstraints",
            Self::CrlDistributionPoints => "cRLDistributionPoints",
            Self::CertificatePolicies => "certificatePolicies",
            Self::PolicyMappings => "policyMappings",
            Self::AuthorityKeyIdentifier => "authorityKeyIdentifier",
            Self::PolicyConstraints => "policyConstraints",
            Self::ExtendedKeyUsage => "extKeyUsage",
            Self::FreshestCrl => "freshestCRL",
            Self::InhibitAnyPolicy => "inhibitAnyPolicy",
            Self::AuthorityInfoAccess => "authorityInfoAccess",
            Self::SubjectInfoAccess => "subjectInfoAccess",
            Self::NetscapeCertType => "netscapeCertType",
            Self::TlsFeature => "tlsFeature",
        }
    }

    /// Whether a critical extension of this kind is acted on, so that it is no reason to refuse.
    pub(crate) fn is_understood(self) -> bool {
        !matches!(
            self,
            Self::SubjectKeyIdentifier
                | Self::AuthorityKeyIdentifier
                | Self::IssuerAltName
                | Self::AuthorityInfoAccess
                | Self::SubjectInfoAccess
                | Self::NetscapeCertType
                | Self::TlsFeature
                | Self::FreshestCrl
        )
    }
}

/// One extension as it stands in the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extension<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) oid_span: Span,
    pub(crate) critical: bool,
    /// The DER inside the OCTET STRING.
    pub(crate) value: Span,
}

impl<'a> Extension<'a> {
    pub(crate) fn read(list: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut fields = list.enter(der::SEQUENCE, "extensions")?;
        let at_oid = fields;
        let oid = fields.oid("extnID")?;
        let oid_span = Span::new(fields.position() - oid.len(), fields.position());
        debug_assert!(at_oid.position() < fields.position());
        let critical = fields.default_false("critical")?;
        let value = fields.expect(der::OCTET_STRING, "extnValue")?;
        fields.finish("extensions")?;
        Ok(Self { oid, oid_span, critical, value: value.inner() })
    }
}

/// basicConstraints (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// How many intermediate certificates may follow, self-issued ones not counted.
    pub path_length: Option<u32>,
}

impl BasicConstraints {
    pub(crate) fn read(mut reader: Reader<'_>) -> Result<Self, Malformed> {
        const FIELD: &str = "basicConstraints";
        let mut fields = reader.enter(der::SEQUENCE, FIELD)?;
        reader.finish(FIELD)?;
        let ca = fields.default_false(FIELD)?;
        let path_length = match fields.is_empty() {
            true => None,
            false => Some(fields.small_integer(der::INTEGER, "pathLenConstraint")?),
        };
        fields.finish(FIELD)?;
        Ok(Self { ca, path_length })
    }
}

/// keyUsage as a set of bits, numbered as in RFC 5280 section 4.2.1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// The subject's key may sign data, such as a handshake.
    pub const DIGITAL_SIGNATURE: Self = Self(1 << 0);
    /// The key may sign what its holder stands by: nonRepudiation of older texts.
    pub const CONTENT_COMMITMENT: Self = Self(1 << 1);
    /// The key may be used to agree on a key.
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// The key may sign certificates.
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// The key may sign CRLs.
    pub const CRL_SIGN: Self = Self(1 << 6);

    const NAMES: [&'static str; 9] = [
        "digitalSignature",
        "contentCommitment",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    /// Whether any bit of `bits` is set.
    pub fn allows(self, bits: Self) -> bool {
        self.0 & bits.0 != 0
    }

    /// The names of the bits that are set, as RFC 5280 spells them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| name)
    }

    pub(crate) fn read(mut reader: Reader<'_>) -> Result<Self, Malformed> {
        const FIELD: &str = "keyUsage";
        let mut at = reader;
        let tlv = reader.expect(der::BIT_STRING, FIELD)?;
        reader.finish(FIELD)?;
        let whole = reader.content(&tlv);
        // Trailing zero bits are not DER, but common, and change nothing; set bits that are not used would.
        at.bit_string(FIELD)?;
        match whole {
            [_, bytes @ ..] if bytes.len() <= 2 => {
                let bits = bytes
                    .iter()
                    .enumerate()
                    .fold(0u16, |bits, (index, byte)| bits | u16::from(byte.reverse_bits()) << (8 * index));
                Ok(Self(bits))
            }
            _ => at.fail(FIELD, "is no BIT STRING of at most nine bits"),
        }
    }
}

/// authorityKeyIdentifier (RFC 5280 section 4.2.1.1), a hint for finding the issuer.
#[derive(Clone, Copy, Debug)]
pub struct AuthorityKeyIdentifier<'a> {
    /// The issuer's subjectKeyIdentifier.
    pub key_identifier: Option<&'a [u8]>,
    /// The content bytes of the issuer's serial number.
    pub serial: Option<&'a [u8]>,
    issuer: &'a [u8],
}

impl<'a> AuthorityKeyIdentifier<'a> {
    /// The issuer's issuer, as general names.
    pub fn issuer(&self) -> GeneralNames<'a> {
        GeneralNames::checked(self.issuer)
    }

    pub(crate) fn read(mut reader: Reader<'a>) -> Result<Self, Malformed> {
        const FIELD: &str = "authorityKeyIdentifier";
        let mut fields = reader.enter(der::SEQUENCE, FIELD)?;
        reader.finish(FIELD)?;
        let key_identifier = fields.optional(der::context(0), FIELD)?.map(|tlv| fields.content(&tlv));
        let mut issuer: &[u8] = &[];
        if let Some(tlv) = fields.optional(der::context_constructed(1), FIELD)? {
            issuer = fields.content(&tlv);
            let mut names = fields.within(&tlv);
            while !names.is_empty() {
                check_general_name(&mut names, FIELD)?;
            }
        }
        let serial = fields.optional(der::context(2), FIELD)?.map(|tlv| fields.content(&tlv));
        fields.finish(FIELD)?;
        if issuer.is_empty() == serial.is_some() {
            return fields.fail(FIELD, "has only one of authorityCertIssuer and authorityCertSerialNumber");
        }
        Ok(Self { key_identifier, serial, issuer })
    }

    /// The first field of a checked authorityKeyIdentifier.
    pub(crate) fn read_key_identifier(mut reader: Reader<'a>) -> Result<Option<&'a [u8]>, Malformed> {
        const FIELD: &str = "authorityKeyIdentifier";
        let mut fields = reader.enter(der::SEQUENCE, FIELD)?;
        Ok(fields.optional(der::context(0), FIELD)?.map(|tlv| fields.content(&tlv)))
    }
}

pub(crate) fn read_subject_key_identifier(mut reader: Reader<'_>) -> Result<&[u8], Malformed> {
    const FIELD: &str = "subjectKeyIdentifier";
    let tlv = reader.expect(der::OCTET_STRING, FIELD)?;
    reader.finish(FIELD)?;
    Ok(reader.content(&tlv))
}

/// policyConstraints (RFC 5280 section 4.2.1.11).
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyConstraints {
    pub(crate) require_explicit_policy: Option<u32>,
    pub(crate) inhibit_policy_mapping: Option<u32>,
}

impl PolicyConstraints {
    pub(crate) fn read(mut reader: Reader<'_>) -> Result<Self, Malformed> {
        const FIELD: &str = "policyConstraints";
        let mut fields = reader.enter(der::SEQUENCE, FIELD)?;
        reader.finish(FIELD)?;
        if fields.is_empty() {
            return fields.fail(FIELD, "is an empty sequence");
        }
        let mut number = |n: u8| match fields.peek() == Some(der::context(n)) {
            true => fields.small_integer(der::context(n), FIELD).map(Some),
            false => Ok(None),
        };
        let (require_explicit_policy, inhibit_policy_mapping) = (number(0)?, number(1)?);
        fields.finish(FIELD)?;
        Ok(Self { require_explicit_policy, inhibit_policy_mapping })
    }
}

pub(crate) fn read_inhibit_any_policy(mut reader: Reader<'_>) -> Result<u32, Malformed> {
    let skip = reader.small_integer(der::INTEGER, "inhibitAnyPolicy")?;
    reader.finish("inhibitAnyPolicy")?;
    Ok(skip)
}

pub(crate) fn check_extended_key_usage(mut reader: Reader<'_>) -> Result<(), Malformed> {
    const FIELD: &str = "extKeyUsage";
    let mut list = reader.enter(der::SEQUENCE, FIELD)?;
    reader.finish(FIELD)?;
    if list.is_empty() {
        return list.fail(FIELD, "is an empty list");
    }
    while !list.is_empty() {
        list.oid(FIELD)?;
    }
    Ok(())
}

pub(crate) fn check_tls_features(mut reader: Reader<'_>) -> Result<(), Malformed> {
    const FIELD: &str = "tlsFeature";
    let mut list = reader.enter(der::SEQUENCE, FIELD)?;
    reader.finish(FIELD)?;
    while !list.is_empty() {
        list.integer(FIELD)?;
    }
    Ok(())
}

/// Whether all policy qualifiers are of the kinds that RFC 5280 defines, which is needed to act on a critical extension.
pub(crate) fn has_known_qualifiers(der: &[u8]) -> bool {
    const CPS_AND_USER_NOTICE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 2];
    Values { rest: inside(der) }.all(|(_, policy, _)| {
        let qualifiers = Values { rest: policy }.find(|(tag, _, _)| *tag == der::SEQUENCE);
        Values { rest: qualifiers.map_or(&[], |(_, content, _)| content) }.all(|(_, qualifier, _)| {
            let oid = Reader::new(qualifier).oid("policyQualifierId");
            oid.is_ok_and(|oid| matches!(oid.strip_prefix(CPS_AND_USER_NOTICE), Some([1 | 2])))
        })
    })
}

pub(crate) fn check_certificate_policies(mut reader: Reader<'_>) -> Result<(), Malformed> {
    const FIELD: &str = "certificatePolicies";
    let mut list = reader.enter(der::SEQUENCE, FIELD)?;
    reader.finish(FIELD)?;
    if list.is_empty() {
        return list.fail(FIELD, "is an empty list");
    }
    while !list.is_empty() {
        let mut policy = list.enter(der::SEQUENCE, FIELD)?;
        policy.oid(FIELD)?;
        if let Some(qualifiers) = policy.optional(der::SEQUENCE, FIELD)? {
            let mut qualifiers = policy.within(&qualifiers);
            while !qualifiers.is_empty() {
                let mut qualifier = qualifiers.enter(der::SEQUENCE, FIELD)?;
                qualifier.oid(FIELD)?;
                qualifier.any(FIELD)?;
                qualifier.finish(FIELD)?;
            }
        }
        policy.finish(FIELD)?;
    }
    Ok(())
}

pub(crate) fn check_policy_mappings(mut reader: Reader<'_>) -> Result<(), Malformed> {
    const FIELD: &str = "policyMappings";
    let mut list = reader.enter(der::SEQUENCE, FIELD)?;
    reader.finish(FIELD)?;
    if list.is_empty() {
        return list.fail(FIELD, "is an empty list");
    }
    while !list.is_empty() {
        let mut mapping = list.enter(der::SEQUENCE, FIELD)?;
        mapping.oid(FIELD)?;
        mapping.oid(FIELD)?;
        mapping.finish(FIELD)?;
    }
    Ok(())
}

/// Checks that cRLDistributionPoints or freshestCRL is a list of distribution points, not yet what is in them.
pub(crate) fn check_distribution_points(mut reader: Reader<'_>, field: &'static str) -> Result<(), Malformed> {
    let mut list = reader.enter(der::SEQUENCE, field)?;
    reader.finish(field)?;
    if list.is_empty() {
        return list.fail(field, "is an empty list");
    }
    while !list.is_empty() {
        list.expect(der::SEQUENCE, field)?;
    }
    Ok(())
}

pub(crate) fn check_name_constraints(mut reader: Reader<'_>) -> Result<(), Malformed> {
    const FIELD: &str = "nameConstraints";
    let mut fields = reader.enter(der::SEQUENCE, FIELD)?;
    reader.finish(FIELD)?;
    if fields.is_empty() {
        return fields.fail(FIELD, "is an empty sequence");
    }
    let mut empty = true;
    for tag in [der::context_constructed(0), der::context_constructed(1)] {
        let Some(subtrees) = fields.optional(tag, FIELD)? else { continue };
        let mut subtrees = fields.within(&subtrees);
        empty &= subtrees.is_empty();
        while !subtrees.is_empty() {
            let mut subtree = subtrees.enter(der::SEQUENCE, FIELD)?;
            check_general_name(&mut subtree, FIELD)?;
            // RFC 5280 section 4.2.1.10: minimum is 0, its default, and maximum is absent.
            let at = subtree;
            if subtree.optional(der::context(0), FIELD)?.is_some_and(|tlv| subtree.content(&tlv) != [0]) {
                return at.fail(FIELD, "has a minimum other than 0");
            }
            subtree.finish(FIELD)?;
        }
    }
    if empty {
        return fields.fail(FIELD, "constrains nothing");
    }
    fields.finish(FIELD)
}

/// The content bytes of each object identifier in a checked sequence of them.
#[derive(Clone)]
pub(crate) struct Oids<'a>(Values<'a>);

impl<'a> Oids<'a> {
    /// `der` is the whole SEQUENCE.
    pub(crate) fn checked(der: &'a [u8]) -> Self {
        Self(Values { rest: inside(der) })
    }
}

impl<'a> Iterator for Oids<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(_, oid, _)| oid)
    }
}

/// The policy identifiers of a checked certificatePolicies.
pub(crate) fn policy_identifiers(der: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    Values { rest: inside(der) }.filter_map(|(_, policy, _)| Reader::new(policy).oid("policyIdentifier").ok())
}

/// The pairs (issuerDomainPolicy, subjectDomainPolicy) of a checked policyMappings.
pub(crate) fn policy_mappings(der: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    Values { rest: inside(der) }.filter_map(|(_, mapping, _)| {
        let mut reader = Reader::new(mapping);
        Some((reader.oid("issuerDomainPolicy").ok()?, reader.oid("subjectDomainPolicy").ok()?))
    })
}

/// The subtrees of a checked nameConstraints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameConstraints<'a> {
    der: &'a [u8],
}

impl<'a> NameConstraints<'a> {
    pub(crate) fn checked(der: &'a [u8]) -> Self {
        Self { der }
    }

    pub(crate) fn permitted(&self) -> impl Iterator<Item = GeneralName<'a>> + Clone + use<'a> {
        self.subtrees(der::context_constructed(0))
    }

    pub(crate) fn excluded(&self) -> impl Iterator<Item = GeneralName<'a>> + Clone + use<'a> {
        self.subtrees(der::context_constructed(1))
    }

    fn subtrees(&self, wanted: u8) -> impl Iterator<Item = GeneralName<'a>> + Clone + use<'a> {
        let list = Values { rest: inside(self.der) }.find(|(tag, _, _)| *tag == wanted);
        Values { rest: list.map_or(&[], |(_, content, _)| content) }
            .filter_map(|(_, subtree, _)| GeneralNames::checked(subtree).next())
    }
}

/// The locations of a method in an authorityInfoAccess, empty where the extension is malformed.
pub(crate) fn access_locations<'a>(der: &'a [u8], method: &[u8]) -> Vec<GeneralName<'a>> {
    let read = || -> Result<Vec<GeneralName<'a>>, Malformed> {
        const FIELD: &str = "authorityInfoAccess";
        let mut reader = Reader::new(der);
        let mut list = reader.enter(der::SEQUENCE, FIELD)?;
        reader.finish(FIELD)?;
        let mut found = Vec::new();
        while !list.is_empty() {
            let mut description = list.enter(der::SEQUENCE, FIELD)?;
            let matches = description.oid(FIELD)? == method;
            let mut rest = description;
            check_general_name(&mut rest, FIELD)?;
            let location = description.any(FIELD)?;
            if matches {
                found.extend(GeneralNames::checked(description.whole(&location)).next());
            }
        }
        Ok(found)
    };
    read().unwrap_or_default()
}

/// The full names of all distribution points, empty where the extension is malformed.
pub(crate) fn distribution_point_names(der: &[u8]) -> Vec<GeneralName<'_>> {
    let read = || -> Result<Vec<GeneralName<'_>>, Malformed> {
        const FIELD: &str = "cRLDistributionPoints";
        let mut reader = Reader::new(der);
        let mut list = reader.enter(der::SEQUENCE, FIELD)?;
        reader.finish(FIELD)?;
        let mut found = Vec::new();
        while !list.is_empty() {
            let mut point = list.enter(der::SEQUENCE, FIELD)?;
            let Some(name) = point.optional(der::context_constructed(0), FIELD)? else { continue };
            let mut name = point.within(&name);
            if let Some(full) = name.optional(der::context_constructed(0), FIELD)? {
                let mut check = name.within(&full);
                while !check.is_empty() {
                    check_general_name(&mut check, FIELD)?;
                }
                found.extend(GeneralNames::checked(name.content(&full)));
            }
        }
        Ok(found)
    };
    read().unwrap_or_default()
}

/// The content of a checked value.
fn inside(der: &[u8]) -> &[u8] {
    let mut reader = Reader::new(der);
    reader.any("value").map_or(&[], |tlv| reader.content(&tlv))
}

/// The names inside a checked subjectAltName or issuerAltName.
pub(crate) fn alternative_names(der: &[u8]) -> GeneralNames<'_> {
    GeneralNames::checked(inside(der))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_compared_is_not_understood_where_it_is_critical() {
        for kind in [ExtensionKind::TlsFeature, ExtensionKind::AuthorityKeyIdentifier] {
            assert!(!kind.is_understood(), "{}", kind.name());
        }
        assert!(ExtensionKind::NameConstraints.is_understood());
    }

    #[test]
    fn unused_bits_of_a_key_usage_allow_nothing() {
        let read = |der: &[u8]| KeyUsage::read(Reader::new(der));
        assert!(read(&[3, 2, 7, 0x80]).is_ok_and(|usage| !usage.allows(KeyUsage::KEY_CERT_SIGN)));
        assert!(read(&[3, 2, 2, 0x04]).is_ok_and(|usage| usage.allows(KeyUsage::KEY_CERT_SIGN)));
        assert!(read(&[3, 3, 7, 0x80, 0x80]).is_ok_and(|usage| usage.allows(KeyUsage::DIGITAL_SIGNATURE)));
        assert!(read(&[3, 2, 0, 0x80]).is_ok(), "trailing zero bits");
        assert!(read(&[3, 2, 7, 0x84]).is_err(), "a bit among those that are not used");
        assert!(read(&[3, 1, 5]).is_err(), "unused bits of nothing");
        assert!(read(&[3, 4, 0, 0, 0, 1]).is_err());
    }
}
