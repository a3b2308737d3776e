//! Certificates as they are: a strict view of the bytes, the names in them, and their renderings.
//!
//! Nothing here decides anything. A certificate that can be read may still be expired, forged or hostile; what is odd
//! but well-formed (an embedded NUL, two common names, broken text) is kept and shown as it is.

mod algorithm;
mod chain;
pub(crate) mod der;
pub(crate) mod encode;
mod extensions;
mod fingerprint;
mod general_name;
mod general_name_format;
mod json;
mod layout;
mod name;
mod name_format;
mod name_text;
mod object_names;
mod oid;
pub(crate) mod pem;
mod string_format;
pub(crate) mod text;
mod time;
pub(crate) mod variables;

pub use der::Malformed;
pub use extensions::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage};
pub use general_name::{GeneralName, GeneralNames};
pub use name::{Attribute, Name, RelativeName};
pub use pem::{Block as PemBlock, PemError, decode as decode_pem, looks_like_pem as is_pem};

pub(crate) use chain::{Chain, ChainFault, first_value};
pub(crate) use der::{INTEGER, OID, Reader, SEQUENCE, Tlv};
pub(crate) use extensions::{
    Extension, ExtensionKind, NameConstraints, PolicyConstraints, policy_identifiers, policy_mappings,
};
pub(crate) use general_name::{OID_SMTP_UTF8, OID_UPN, OID_XMPP, check_general_name};
pub(crate) use json::{
    algorithm as algorithm_json, authority_key_identifier as authority_key_identifier_json,
    general_name as general_name_json,
};
pub(crate) use layout::{Layout, read_algorithm, read_name};
pub(crate) use name::check_name;
pub(crate) use name_format::is_hidden;
pub(crate) use name_text::{NotAName, Order, WrittenName};
pub(crate) use oid::dotted;
pub(crate) use oid::{from_dotted as oid_from_dotted, of_attribute as oid_of_attribute};
pub(crate) use text::{base64, base64url, from_base64url, from_hex, hex};
pub(crate) use time::{Calendar, Time, from_rfc3339};

use std::sync::Arc;

use extensions::Oids;

/// A view of one certificate: its bytes and where everything is in them. Copying it copies two references.
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a> {
    der: &'a [u8],
    layout: &'a Arc<Layout>,
}

/// A certificate that owns its bytes. It was read once, every view of it is free, and a clone shares them.
#[derive(Clone, Debug)]
pub struct OwnedCertificate {
    der: Arc<[u8]>,
    layout: Arc<Layout>,
}

/// Takes DER values that stand one after another apart, such as certificates in a file, without looking into them. Ends
/// at the first that has no sound header or reaches past the end, with the offset from the start of `bytes`.
pub fn split_der(bytes: &[u8]) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    let mut reader = Reader::new(bytes);
    let mut failed = false;
    std::iter::from_fn(move || {
        if reader.is_empty() || failed {
            return None;
        }
        let whole = reader.any("Certificate").map(|tlv| reader.whole(&tlv));
        failed = whole.is_err();
        Some(whole)
    })
}

impl OwnedCertificate {
    /// Reads one certificate from DER.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where `der` is not exactly one certificate of version 1, 2 or 3 in strict DER (RFC 5280 section
    /// 4.1), or where an extension that verification relies on is not what RFC 5280 section 4.2 says.
    pub fn from_der(der: impl Into<Arc<[u8]>>) -> Result<Self, Malformed> {
        let der = der.into();
        let layout = Arc::new(Layout::read(&der)?);
        Ok(Self { der, layout })
    }

    /// The view to read from.
    pub fn view(&self) -> Certificate<'_> {
        Certificate { der: &self.der, layout: &self.layout }
    }
}

impl PartialEq for OwnedCertificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for OwnedCertificate {}

impl<'a> Certificate<'a> {
    /// `layout` must have been read from these very bytes.
    pub(crate) fn new(der: &'a [u8], layout: &'a Arc<Layout>) -> Self {
        Self { der, layout }
    }

    /// A copy that owns its bytes; they are not read again.
    pub fn to_owned(&self) -> OwnedCertificate {
        OwnedCertificate { der: self.der.into(), layout: Arc::clone(self.layout) }
    }

    /// Where everything is, for another place with the same bytes.
    pub(crate) fn layout(&self) -> &'a Arc<Layout> {
        self.layout
    }

    /// The whole certificate.
    pub fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// The X.509 version: 1, 2 or 3.
    pub fn version(&self) -> u8 {
        self.layout.version
    }

    /// The serial number's content bytes: big-endian two's complement, never empty, of any length.
    pub fn serial(&self) -> &'a [u8] {
        self.layout.serial.of(self.der)
    }

    /// The issuer's name.
    pub fn issuer(&self) -> Name<'a> {
        Name::checked(self.layout.issuer.of(self.der))
    }

    /// The subject's name, which may be empty.
    pub fn subject(&self) -> Name<'a> {
        Name::checked(self.layout.subject.of(self.der))
    }

    /// The first second of validity, in Unix time.
    pub fn not_before(&self) -> i64 {
        self.layout.not_before.unix
    }

    /// The last second of validity, in Unix time.
    pub fn not_after(&self) -> i64 {
        self.layout.not_after.unix
    }

    /// The whole SubjectPublicKeyInfo, which pins and RFC 7469 fingerprints are made of.
    pub fn subject_public_key_info(&self) -> &'a [u8] {
        self.layout.spki.of(self.der)
    }

    /// basicConstraints, if present.
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.layout.basic_constraints
    }

    /// keyUsage, if present.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.layout.key_usage
    }

    /// The object identifiers of extKeyUsage, as content bytes; none where the extension is absent.
    pub fn extended_key_usages(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        self.extension(ExtensionKind::ExtendedKeyUsage).map(Oids::checked).into_iter().flatten()
    }

    /// Whether extKeyUsage is present.
    pub fn has_extended_key_usage(&self) -> bool {
        self.layout.known[ExtensionKind::ExtendedKeyUsage as usize].is_some()
    }

    /// The names in subjectAltName, in order; none where the extension is absent.
    pub fn subject_alternative_names(&self) -> impl Iterator<Item = GeneralName<'a>> + Clone + use<'a> {
        self.extension(ExtensionKind::SubjectAltName).map(extensions::alternative_names).into_iter().flatten()
    }

    /// The policy identifiers of certificatePolicies, as content bytes.
    pub fn policies(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        self.extension(ExtensionKind::CertificatePolicies).map(policy_identifiers).into_iter().flatten()
    }

    /// subjectKeyIdentifier, if present.
    pub fn subject_key_identifier(&self) -> Option<&'a [u8]> {
        let layout = self.layout.known[ExtensionKind::SubjectKeyIdentifier as usize]?;
        extensions::read_subject_key_identifier(Reader::at(self.der, layout.value)).ok()
    }

    /// authorityKeyIdentifier, if present.
    pub fn authority_key_identifier(&self) -> Option<AuthorityKeyIdentifier<'a>> {
        let layout = self.layout.known[ExtensionKind::AuthorityKeyIdentifier as usize]?;
        AuthorityKeyIdentifier::read(Reader::at(self.der, layout.value)).ok()
    }

    /// The keyIdentifier of authorityKeyIdentifier alone, without a walk over the names beside it, which may be many.
    pub(crate) fn issuer_key_identifier(&self) -> Option<&'a [u8]> {
        let layout = self.layout.known[ExtensionKind::AuthorityKeyIdentifier as usize]?;
        AuthorityKeyIdentifier::read_key_identifier(Reader::at(self.der, layout.value)).ok()?
    }

    /// Where authorityInfoAccess says that OCSP responders are.
    pub fn ocsp_responders(&self) -> Vec<GeneralName<'a>> {
        self.access(&[0x2b, 6, 1, 5, 5, 7, 48, 1])
    }

    /// Where authorityInfoAccess says that the issuer's certificate is.
    pub fn ca_issuers(&self) -> Vec<GeneralName<'a>> {
        self.access(&[0x2b, 6, 1, 5, 5, 7, 48, 2])
    }

    /// The full names of the CRL distribution points.
    pub fn crl_distribution_points(&self) -> Vec<GeneralName<'a>> {
        self.extension(ExtensionKind::CrlDistributionPoints)
            .map(extensions::distribution_point_names)
            .unwrap_or_default()
    }

    /// Whether issuer and subject are the same name, so that it may be self-signed or a re-keyed CA.
    pub fn is_self_issued(&self) -> bool {
        self.issuer().matches(&self.subject())
    }

    /// The AlgorithmIdentifier of the signature, tag and length included.
    pub(crate) fn signature_algorithm(&self) -> &'a [u8] {
        self.layout.signature_algorithm.of(self.der)
    }

    /// The signature's bytes.
    pub(crate) fn signature(&self) -> &'a [u8] {
        self.layout.signature.of(self.der)
    }

    /// What the issuer signed.
    pub(crate) fn tbs(&self) -> &'a [u8] {
        self.layout.tbs.of(self.der)
    }

    /// The AlgorithmIdentifier of the key, tag and length included.
    pub(crate) fn key_algorithm(&self) -> &'a [u8] {
        self.layout.key_algorithm.of(self.der)
    }

    /// The bits of the subjectPublicKey.
    pub(crate) fn key(&self) -> &'a [u8] {
        self.layout.key.of(self.der)
    }

    /// The text of notBefore and notAfter as they stand there, and whether each is a GeneralizedTime.
    pub(crate) fn validity_text(&self) -> [(&'a [u8], bool); 2] {
        [self.layout.not_before, self.layout.not_after].map(|time| (time.text.of(self.der), time.generalized))
    }

    /// Whether it carries an issuerUniqueID or subjectUniqueID.
    pub(crate) fn has_unique_identifiers(&self) -> bool {
        self.layout.unique_identifiers
    }

    /// The object identifier of the first critical extension that is not understood.
    pub(crate) fn unknown_critical_extension(&self) -> Option<&'a [u8]> {
        self.layout.unknown_critical.map(|oid| oid.of(self.der))
    }

    /// The DER inside an extension.
    pub(crate) fn extension(&self, kind: ExtensionKind) -> Option<&'a [u8]> {
        self.layout.known[kind as usize].map(|extension| extension.value.of(self.der))
    }

    /// Whether an extension is present and critical.
    pub(crate) fn is_critical(&self, kind: ExtensionKind) -> bool {
        self.layout.known[kind as usize].is_some_and(|extension| extension.critical)
    }

    /// The features in tlsFeature (RFC 7633), as content bytes; none where the extension is absent.
    pub(crate) fn tls_features(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.extension(ExtensionKind::TlsFeature).map(Oids::checked).into_iter().flatten()
    }

    /// nameConstraints, if present.
    pub(crate) fn name_constraints(&self) -> Option<NameConstraints<'a>> {
        self.extension(ExtensionKind::NameConstraints).map(NameConstraints::checked)
    }

    /// policyConstraints, if present.
    pub(crate) fn policy_constraints(&self) -> Option<PolicyConstraints> {
        let span = self.layout.known[ExtensionKind::PolicyConstraints as usize]?;
        PolicyConstraints::read(Reader::at(self.der, span.value)).ok()
    }

    /// The skipCerts of inhibitAnyPolicy, if present.
    pub(crate) fn inhibit_any_policy(&self) -> Option<u32> {
        let span = self.layout.known[ExtensionKind::InhibitAnyPolicy as usize]?;
        extensions::read_inhibit_any_policy(Reader::at(self.der, span.value)).ok()
    }

    /// Every extension in order: the content bytes of its object identifier, its criticality, and the DER inside.
    pub fn extensions(&self) -> impl Iterator<Item = (&'a [u8], bool, &'a [u8])> + use<'a> {
        let (der, mut list) = (self.der, Reader::at(self.der, self.layout.extensions));
        std::iter::from_fn(move || {
            if list.is_empty() {
                return None;
            }
            let extension = Extension::read(&mut list).ok()?;
            Some((extension.oid, extension.critical, extension.value.of(der)))
        })
    }

    fn access(&self, method: &[u8]) -> Vec<GeneralName<'a>> {
        let aia = self.extension(ExtensionKind::AuthorityInfoAccess);
        aia.map(|der| extensions::access_locations(der, method)).unwrap_or_default()
    }
}
