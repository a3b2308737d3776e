//! CertID: which certificate a question or an answer is about (RFC 6960 section 4.1.1).

use crate::certificate::encode::{sequence, value};
use crate::certificate::{Certificate, Malformed, Reader, der};
use crate::crypto::{self, backend::digest};

/// The digest by which a CertID names the issuer. It tells certificates of one responder apart and proves nothing: an answer
/// counts because the issuer signed it, so SHA-1 is no weakness here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// What every responder understands, and the only one that RFC 5019 allows.
    #[default]
    Sha1,
    /// SHA-256 (RFC 9654 and newer profiles).
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    fn oid(self) -> &'static [u8] {
        match self {
            Self::Sha1 => &[0x2b, 0x0e, 3, 2, 26],
            Self::Sha256 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1],
            Self::Sha384 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2],
            Self::Sha512 => &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3],
        }
    }

    fn digest(self, bytes: &[u8]) -> impl AsRef<[u8]> {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes)
    }
}

/// A CertID as it stands in an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct CertificateId<'a> {
    /// None for a digest that is not supported.
    algorithm: Option<HashAlgorithm>,
    issuer_name_hash: &'a [u8],
    issuer_key_hash: &'a [u8],
    serial: &'a [u8],
}

impl<'a> CertificateId<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let mut fields = reader.enter(der::SEQUENCE, "certID")?;
        let mut algorithm = fields.enter(der::SEQUENCE, "hashAlgorithm")?;
        let oid = algorithm.oid("hashAlgorithm")?;
        if !algorithm.is_empty() {
            algorithm.any("hashAlgorithm")?;
        }
        algorithm.finish("hashAlgorithm")?;
        let name = fields.expect(der::OCTET_STRING, "issuerNameHash")?;
        let key = fields.expect(der::OCTET_STRING, "issuerKeyHash")?;
        let serial = fields.integer("serialNumber")?;
        fields.finish("certID")?;
        Ok(Self {
            algorithm: HashAlgorithm::ALL.into_iter().find(|known| known.oid() == oid),
            issuer_name_hash: fields.content(&name),
            issuer_key_hash: fields.content(&key),
            serial: fields.content(&serial),
        })
    }

    /// Whether it is this certificate of this issuer.
    pub(super) fn names(&self, certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> bool {
        let Some(algorithm) = self.algorithm else { return false };
        let is = |hash: &[u8], bytes: &[u8]| algorithm.digest(bytes).as_ref() == hash;
        // The serial number first: an answer may list thousands, and digests cost more.
        self.serial == certificate.serial()
            && is(self.issuer_key_hash, issuer.key())
            && is(self.issuer_name_hash, certificate.issuer().as_der())
    }
}

/// The CertID of a certificate of this issuer.
pub(super) fn encode(algorithm: HashAlgorithm, certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> Vec<u8> {
    // RFC 5019 section 2.1.1 and every known implementation write the NULL.
    let identifier = sequence(&[&value(der::OID, &[algorithm.oid()]), &[der::NULL, 0]]);
    let name = algorithm.digest(certificate.issuer().as_der());
    let key = algorithm.digest(issuer.key());
    sequence(&[
        &identifier,
        &value(der::OCTET_STRING, &[name.as_ref()]),
        &value(der::OCTET_STRING, &[key.as_ref()]),
        &value(der::INTEGER, &[certificate.serial()]),
    ])
}

/// The SHA-1 of the key's bits, which is a ResponderID by key (RFC 6960 section 4.2.1).
pub(super) fn key_hash(certificate: &Certificate<'_>) -> [u8; 20] {
    crypto::sha1(certificate.key())
}
