//! A certificate revocation list, read once (RFC 5280 section 5).

use super::crl_extensions::CrlExtensions;
use super::entries::{Entries, Frame};
use super::index::Index;
use super::issuers::Issuers;
use super::issuing_distribution_point::{DistributionPointName, IssuingDistributionPoint};
use super::record::Entry;
use super::signed::{Intake, Kept};
use crate::certificate::der::{self, Malformed, Reader, Span};
use crate::certificate::{AuthorityKeyIdentifier, Certificate, Name, Time, read_algorithm, read_name};
use crate::signature::{Key, SignatureAlgorithm, SignatureFault, Signed};

/// One CRL: what its header says, and its entries as a table. It keeps neither the DER of its entries nor, where the
/// signature allows it, the bytes that were signed.
///
/// It is immutable and may be shared by threads. It was read, which proves nothing: whether its issuer signed it says
/// [`Crl::is_signed_by`].
#[derive(Debug)]
pub struct Crl {
    version: u8,
    this_update: i64,
    next_update: Option<i64>,
    scope: IssuingDistributionPoint,
    index: Index,
    issuers: Option<Issuers>,
    signed: Kept,
    signature_algorithm: Option<SignatureAlgorithm>,
    /// The bytes of the fields below, one after the other.
    bytes: Box<[u8]>,
    issuer: Span,
    algorithm: Span,
    signature: Span,
    number: Option<Span>,
    base_number: Option<Span>,
    authority_key_identifier: Option<Span>,
    unknown_critical: Option<Span>,
}

impl Crl {
    /// Reads one CRL from DER, of version 1 or 2, base, delta or indirect.
    ///
    /// Serial numbers need not be minimal INTEGERs and an empty revokedCertificates may stand where none should, because
    /// CAs write both; all else is strict. Dates need seconds and end in `Z`, as RFC 5280 section 5.1.2.4 has it.
    ///
    /// Of several entries for one certificate, one counts: a lasting revocation before a hold, both before removeFromCRL,
    /// and of equals the earliest. A reason that RFC 5280 does not define counts as unspecified.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where `der` is not exactly one CertificateList.
    pub fn from_der(der: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(der);
        if u32::try_from(der.len()).is_err() {
            return outer.fail("CertificateList", "is longer than 4 GiB");
        }
        let mut list = outer.enter(der::SEQUENCE, "CertificateList")?;
        outer.finish("CertificateList")?;
        let tbs = list.expect(der::SEQUENCE, "tbsCertList")?;
        let algorithm = read_algorithm(&mut list, "signatureAlgorithm")?.of(der);
        let at_signature = list;
        let (signature, unused) = list.bit_string("signatureValue")?;
        if unused != 0 {
            return at_signature.fail("signatureValue", "is no whole number of bytes");
        }
        list.finish("CertificateList")?;

        let mut fields = list.within(&tbs);
        let version = version(&mut fields)?;
        let at_algorithm = fields;
        if read_algorithm(&mut fields, "signature")?.of(der) != algorithm {
            return at_algorithm.fail("signature", "differs from signatureAlgorithm");
        }
        let issuer = read_name(&mut fields, "issuer")?.of(der);
        let this_update = Time::read(&mut fields, "thisUpdate")?.unix;
        let next_update = match fields.peek() {
            Some(der::UTC_TIME | der::GENERALIZED_TIME) => Some(Time::read(&mut fields, "nextUpdate")?.unix),
            _ => None,
        };
        let revoked = fields.optional(der::SEQUENCE, "revokedCertificates")?;
        let extensions = CrlExtensions::read(der, &mut fields, version)?;
        fields.finish("tbsCertList")?;

        let signature_algorithm = SignatureAlgorithm::of(algorithm);
        let mut intake = Intake::new(der, tbs.start..tbs.end, signature_algorithm);
        let entries = match revoked {
            Some(revoked) => {
                let frame = Frame { version, indirect: extensions.scope.indirect, issuer: Name::checked(issuer) };
                Entries::read(der, fields.within(&revoked), &frame, &mut intake)?
            }
            None => Entries::none(),
        };
        let signed = intake.finish();
        let unknown_critical = extensions.unknown_critical.or(entries.unknown_critical);

        let mut bytes = Vec::new();
        let mut keep = |field: &[u8]| {
            let start = bytes.len();
            bytes.extend_from_slice(field);
            Span::new(start, bytes.len())
        };
        let kept = Self {
            version,
            this_update,
            next_update,
            index: entries.rows.index(der),
            issuers: entries.issuers,
            signed,
            signature_algorithm,
            bytes: Box::default(),
            issuer: keep(issuer),
            algorithm: keep(algorithm),
            signature: keep(signature.of(der)),
            number: extensions.number.map(&mut keep),
            base_number: extensions.base_number.map(&mut keep),
            authority_key_identifier: extensions.authority_key_identifier.map(&mut keep),
            unknown_critical: unknown_critical.map(|oid| keep(oid.of(der))),
            scope: extensions.scope,
        };
        Ok(Self { bytes: bytes.into(), ..kept })
    }

    /// Who issued it.
    pub fn issuer(&self) -> Name<'_> {
        Name::checked(self.issuer.of(&self.bytes))
    }

    /// The version: 1 or 2.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// When it was issued, in Unix seconds.
    pub fn this_update(&self) -> i64 {
        self.this_update
    }

    /// When the next one will be there at the latest, in Unix seconds, if it says so. It may be before `this_update`.
    pub fn next_update(&self) -> Option<i64> {
        self.next_update
    }

    /// cRLNumber as a big-endian number without leading zeros, if present.
    pub fn number(&self) -> Option<&[u8]> {
        self.number.map(|number| number.of(&self.bytes))
    }

    /// The number of the complete CRL that this is a delta to, as [`Crl::number`] is; none where it is complete itself.
    pub fn base_number(&self) -> Option<&[u8]> {
        self.base_number.map(|number| number.of(&self.bytes))
    }

    /// authorityKeyIdentifier, if present: which of its issuer's keys signed it.
    pub fn authority_key_identifier(&self) -> Option<AuthorityKeyIdentifier<'_>> {
        AuthorityKeyIdentifier::read(Reader::at(&self.bytes, self.authority_key_identifier?)).ok()
    }

    /// What it covers; no restriction where issuingDistributionPoint is absent.
    pub fn scope(&self) -> &IssuingDistributionPoint {
        &self.scope
    }

    /// The content bytes of the object identifier of the first critical extension, of the CRL or else of an entry, that
    /// is not understood. Such a CRL must not be used (RFC 5280 sections 5.2 and 5.3).
    pub fn unknown_critical_extension(&self) -> Option<&[u8]> {
        self.unknown_critical.map(|oid| oid.of(&self.bytes))
    }

    /// How many certificates it lists, each once.
    pub fn entry_count(&self) -> usize {
        self.index.count()
    }

    /// The bytes of memory that it takes, all of it.
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + self.bytes.len()
            + self.signed.memory()
            + self.index.memory()
            + self.issuers.as_ref().map_or(0, Issuers::memory)
            + self.scope.distribution_point.as_ref().map_or(0, DistributionPointName::memory)
    }

    /// What it says of the certificate with this issuer and serial number (its content bytes; minimal or not). `None`
    /// is no proof that the certificate is good: the CRL may not be about it.
    ///
    /// The issuer matters in an indirect CRL, which lists certificates of others than its own issuer; names are compared as
    /// [`Name::matches`] does. It takes the same time however many entries there are, but for the processor's cache.
    pub fn find(&self, certificate_issuer: &Name<'_>, serial: &[u8]) -> Option<Entry> {
        let issuer = match &self.issuers {
            Some(issuers) => issuers.find(certificate_issuer)?,
            None if self.scope.indirect && !certificate_issuer.matches(&self.issuer()) => return None,
            None => 0,
        };
        self.index.find(issuer, serial)
    }

    /// Whether it lists the certificate by its own issuer with this serial number; for a list that names no other issuer.
    #[inline]
    pub(super) fn finds_own(&self, serial: &[u8]) -> bool {
        debug_assert!(self.issuers.is_none());
        self.index.find(0, serial).is_some()
    }

    /// Every entry, in no order: the certificate's issuer, its serial number as the content bytes of a minimal INTEGER,
    /// and what the CRL says of it.
    pub fn revoked(&self) -> impl Iterator<Item = (Name<'_>, Vec<u8>, Entry)> {
        self.index.iter().map(|(issuer, serial, entry)| {
            let issuer = self.issuers.as_ref().map_or_else(|| self.issuer(), |issuers| issuers.name(issuer));
            (issuer, serial.content(), entry)
        })
    }

    /// Whether the key of `issuer` signed it. Nothing else about `issuer` is looked at.
    pub fn is_signed_by(&self, issuer: &Certificate<'_>) -> bool {
        self.verify(&Key::of(issuer), issuer).is_ok()
    }

    /// Checks that `issuer`, whose key `key` is, signed it.
    pub(crate) fn verify(&self, key: &Key, issuer: &Certificate<'_>) -> Result<(), SignatureFault> {
        let algorithm = self.signature_algorithm_identifier();
        key.verify(issuer, Signed { algorithm, message: self.signed.message(), signature: self.signature() })
    }

    /// The algorithm of its signature; none where it is not supported.
    pub(crate) fn signature_algorithm(&self) -> Option<SignatureAlgorithm> {
        self.signature_algorithm
    }

    /// The AlgorithmIdentifier of its signature.
    pub(super) fn signature_algorithm_identifier(&self) -> &[u8] {
        self.algorithm.of(&self.bytes)
    }

    /// Whether both are the same: what was signed, and the signature.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.signature() == other.signature()
            && self.algorithm.of(&self.bytes) == other.algorithm.of(&other.bytes)
            && self.signed.is_same_as(&other.signed)
    }

    /// The signature's bytes.
    pub fn signature(&self) -> &[u8] {
        self.signature.of(&self.bytes)
    }
}

fn version(fields: &mut Reader<'_>) -> Result<u8, Malformed> {
    let at = *fields;
    if fields.peek() != Some(der::INTEGER) {
        return Ok(1);
    }
    match fields.small_integer(der::INTEGER, "version")? {
        // An explicit v1 is not DER; OpenSSL takes it, and it changes nothing.
        0 => Ok(1),
        1 => Ok(2),
        _ => at.fail("version", "is neither 1 nor 2"),
    }
}
