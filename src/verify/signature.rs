//! Signatures on certificates: which algorithms count, and checking them with keys that are parsed once.

use std::sync::OnceLock;

use super::key::{
    Curve, Digest, KeyKind, OID_ED25519, OID_ML_DSA_44, OID_ML_DSA_65, OID_ML_DSA_87, OID_RSA_PSS, algorithm_parts,
    pss_digest,
};
use super::rules::Rules;
use crate::certificate::Certificate;
use crate::crypto::backend::signature::{self, VerificationAlgorithm};

/// An issuer's public key, parsed at its first use and then kept with it.
#[derive(Debug)]
pub(crate) struct Key {
    kind: KeyKind,
    parsed: OnceLock<Parsed>,
}

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureFault {
    /// It is not by this key.
    Invalid,
    /// Its algorithm is not supported.
    AlgorithmUnsupported,
    /// Its algorithm is not one for this key.
    KeyUnsupported,
}

impl Key {
    pub(crate) fn of(certificate: &Certificate<'_>) -> Self {
        Self { kind: KeyKind::of(certificate), parsed: OnceLock::new() }
    }

    pub(crate) fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Checks that `issuer`, whose key this is, signed `certificate`.
    pub(crate) fn verify(&self, issuer: &Certificate<'_>, certificate: &Certificate<'_>) -> Result<(), SignatureFault> {
        let algorithm = SignatureAlgorithm::of(certificate).ok_or(SignatureFault::AlgorithmUnsupported)?;
        let verification = algorithm.verification(self.kind).ok_or(SignatureFault::KeyUnsupported)?;
        if matches!(self.kind, KeyKind::Ec(_)) && !matches!(issuer.key().first(), Some(2..=4)) {
            return Err(SignatureFault::KeyUnsupported);
        }
        let parsed = self.parsed.get_or_init(|| Parsed::new(algorithm, verification, issuer.key()));
        parsed
            .verify(algorithm, verification, issuer.key(), certificate.tbs(), certificate.signature())
            .map_err(|()| SignatureFault::Invalid)
    }
}

/// The algorithm of a certificate's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    RsaPkcs1(Digest),
    RsaPss(Digest),
    Ecdsa(Digest),
    Ed25519,
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

impl SignatureAlgorithm {
    pub(crate) fn of(certificate: &Certificate<'_>) -> Option<Self> {
        let (oid, parameters) = algorithm_parts(certificate.signature_algorithm())?;
        let bare = parameters.is_empty();
        Some(match oid {
            // RFC 4055 section 5: the parameters are NULL, and absence must be accepted too.
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, arc] if bare || parameters == [5, 0] => match arc {
                5 => Self::RsaPkcs1(Digest::Sha1),
                11 => Self::RsaPkcs1(Digest::Sha256),
                12 => Self::RsaPkcs1(Digest::Sha384),
                13 => Self::RsaPkcs1(Digest::Sha512),
                _ => return None,
            },
            OID_RSA_PSS => Self::RsaPss(pss_digest(parameters)?),
            // RFC 5758 section 3.2 omits the parameters, but some write NULL, and OpenSSL and Go take it.
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] if bare => Self::Ecdsa(Digest::Sha1),
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, arc @ 2..=4] if bare || parameters == [5, 0] && *arc < 4 => {
                Self::Ecdsa([Digest::Sha256, Digest::Sha384, Digest::Sha512][usize::from(arc - 2)])
            }
            OID_ED25519 if bare => Self::Ed25519,
            OID_ML_DSA_44 if bare => Self::MlDsa44,
            OID_ML_DSA_65 if bare => Self::MlDsa65,
            OID_ML_DSA_87 if bare => Self::MlDsa87,
            _ => return None,
        })
    }

    /// Whether its digest is strong enough to tell certificates apart.
    pub(crate) fn is_strong_enough(self, rules: &Rules) -> bool {
        !matches!(self, Self::RsaPkcs1(Digest::Sha1) | Self::Ecdsa(Digest::Sha1)) || rules.allow_sha1
    }

    /// What checks it with a key of this kind.
    fn verification(self, key: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self, key) {
            (Self::RsaPkcs1(digest), KeyKind::Rsa(bits)) => match (digest, bits < 2048) {
                (Digest::Sha1, _) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
                (Digest::Sha256, true) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                (Digest::Sha512, true) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
                (Digest::Sha256, false) => &signature::RSA_PKCS1_2048_8192_SHA256,
                (Digest::Sha384, _) => &signature::RSA_PKCS1_2048_8192_SHA384,
                (Digest::Sha512, false) => &signature::RSA_PKCS1_2048_8192_SHA512,
            },
            (Self::RsaPss(digest), KeyKind::Rsa(_)) => pss_verification(digest)?,
            (Self::RsaPss(digest), KeyKind::RsaPss(_, restriction)) if restriction.allows(digest) => {
                pss_verification(digest)?
            }
            (Self::Ecdsa(digest), KeyKind::Ec(curve)) => ecdsa_verification(curve, digest)?,
            (Self::Ed25519, KeyKind::Ed25519) => &signature::ED25519,
            #[cfg(feature = "aws-lc-rs")]
            (Self::MlDsa44, KeyKind::MlDsa44) => &signature::ML_DSA_44,
            #[cfg(feature = "aws-lc-rs")]
            (Self::MlDsa65, KeyKind::MlDsa65) => &signature::ML_DSA_65,
            #[cfg(feature = "aws-lc-rs")]
            (Self::MlDsa87, KeyKind::MlDsa87) => &signature::ML_DSA_87,
            _ => return None,
        })
    }
}

fn pss_verification(digest: Digest) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match digest {
        Digest::Sha1 => return None,
        Digest::Sha256 => &signature::RSA_PSS_2048_8192_SHA256,
        Digest::Sha384 => &signature::RSA_PSS_2048_8192_SHA384,
        Digest::Sha512 => &signature::RSA_PSS_2048_8192_SHA512,
    })
}

fn ecdsa_verification(curve: Curve, digest: Digest) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (curve, digest) {
        (Curve::P256, Digest::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Digest::Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
        (Curve::P384, Digest::Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Digest::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
        #[cfg(feature = "aws-lc-rs")]
        (Curve::P256, Digest::Sha512) => &signature::ECDSA_P256_SHA512_ASN1,
        #[cfg(feature = "aws-lc-rs")]
        (Curve::P384, Digest::Sha512) => &signature::ECDSA_P384_SHA512_ASN1,
        #[cfg(feature = "aws-lc-rs")]
        (Curve::P521, Digest::Sha256) => &signature::ECDSA_P521_SHA256_ASN1,
        #[cfg(feature = "aws-lc-rs")]
        (Curve::P521, Digest::Sha384) => &signature::ECDSA_P521_SHA384_ASN1,
        #[cfg(feature = "aws-lc-rs")]
        (Curve::P521, Digest::Sha512) => &signature::ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

/// A key in the library's own form, bound to the algorithm that it was first used with.
#[cfg(feature = "aws-lc-rs")]
#[derive(Debug)]
struct Parsed(Option<(SignatureAlgorithm, signature::ParsedPublicKey)>);

#[cfg(feature = "aws-lc-rs")]
impl Parsed {
    fn new(algorithm: SignatureAlgorithm, verification: &'static dyn VerificationAlgorithm, key: &[u8]) -> Self {
        Self(signature::ParsedPublicKey::new(verification, key).ok().map(|parsed| (algorithm, parsed)))
    }

    fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        verification: &'static dyn VerificationAlgorithm,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), ()> {
        match &self.0 {
            Some((bound, parsed)) if *bound == algorithm => parsed.verify_sig(message, signature).map_err(drop),
            Some(_) => signature::UnparsedPublicKey::new(verification, key).verify(message, signature).map_err(drop),
            None => Err(()),
        }
    }
}

/// ring has no parsed form; the key is read at each use.
#[cfg(not(feature = "aws-lc-rs"))]
#[derive(Debug)]
struct Parsed;

#[cfg(not(feature = "aws-lc-rs"))]
impl Parsed {
    fn new(_: SignatureAlgorithm, _: &'static dyn VerificationAlgorithm, _: &[u8]) -> Self {
        Self
    }

    #[allow(clippy::unused_self)] // The interface is that of the other library's keys.
    fn verify(
        &self,
        _: SignatureAlgorithm,
        verification: &'static dyn VerificationAlgorithm,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), ()> {
        signature::UnparsedPublicKey::new(verification, key).verify(message, signature).map_err(drop)
    }
}
