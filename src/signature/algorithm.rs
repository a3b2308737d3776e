//! Signature algorithms: which ones count, and what checks them with which key.

use super::Strength;
use super::key_kind::{
    Curve, Digest, KeyKind, OID_ED25519, OID_ML_DSA_44, OID_ML_DSA_65, OID_ML_DSA_87, OID_RSA_PSS, algorithm_parts,
    pss_digest,
};
#[cfg(feature = "aws-lc-rs")]
use crate::crypto::backend::digest;
use crate::crypto::backend::signature::{self, VerificationAlgorithm};

/// The algorithm of a signature on a certificate, CRL or OCSP response.
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
    /// Reads an AlgorithmIdentifier; None for what is not supported.
    pub(crate) fn of(algorithm: &[u8]) -> Option<Self> {
        let (oid, parameters) = algorithm_parts(algorithm)?;
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
    pub(crate) fn is_strong_enough(self, strength: Strength) -> bool {
        !matches!(self, Self::RsaPkcs1(Digest::Sha1) | Self::Ecdsa(Digest::Sha1)) || strength.allow_sha1
    }

    /// The digest that is signed in the place of the message; None where the algorithm signs the message itself.
    #[cfg(feature = "aws-lc-rs")]
    pub(crate) fn digest(self) -> Option<&'static digest::Algorithm> {
        match self {
            Self::RsaPkcs1(digest) | Self::RsaPss(digest) | Self::Ecdsa(digest) => Some(match digest {
                Digest::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
                Digest::Sha256 => &digest::SHA256,
                Digest::Sha384 => &digest::SHA384,
                Digest::Sha512 => &digest::SHA512,
            }),
            Self::Ed25519 | Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => None,
        }
    }

    /// What checks it with a key of this kind.
    pub(super) fn verification(self, key: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
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
