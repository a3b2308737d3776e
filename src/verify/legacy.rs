//! Signature algorithms beyond what webpki offers: what options allow, and ECDSA with parameters that should be absent.

use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use super::rules::Rules;
use crate::crypto::backend::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

/// The algorithms that the rules allow.
pub(super) fn algorithms(rules: &Rules) -> impl Iterator<Item = &'static dyn SignatureVerificationAlgorithm> {
    let (sha1, small) = (rules.strength.allow_sha1, rules.strength.min_rsa_bits < 2048);
    ALL.iter()
        .filter(move |algorithm| match algorithm.condition {
            Condition::Sha1 => sha1,
            Condition::SmallRsa => small,
            Condition::Always => true,
        })
        .map(|algorithm| algorithm as &'static dyn SignatureVerificationAlgorithm)
}

#[derive(Debug)]
struct Legacy {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    verification: &'static dyn VerificationAlgorithm,
    condition: Condition,
}

#[derive(Clone, Copy, Debug)]
enum Condition {
    Sha1,
    SmallRsa,
    Always,
}

/// sha1WithRSAEncryption with its NULL (RFC 3279 section 2.2.1).
const RSA_PKCS1_SHA1: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0]);

const fn rsa(
    signature: AlgorithmIdentifier,
    verification: &'static dyn VerificationAlgorithm,
    condition: Condition,
) -> Legacy {
    Legacy { key: alg_id::RSA_ENCRYPTION, signature, verification, condition }
}

/// An ECDSA algorithm whose parameters are NULL.
const fn ecdsa(
    key: AlgorithmIdentifier,
    signature: &'static [u8],
    verification: &'static dyn VerificationAlgorithm,
) -> Legacy {
    Legacy { key, signature: AlgorithmIdentifier::from_slice(signature), verification, condition: Condition::Always }
}

const ECDSA_SHA256_NULL: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2, 5, 0];
const ECDSA_SHA384_NULL: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3, 5, 0];

static ALL: [Legacy; 7] = [
    rsa(RSA_PKCS1_SHA1, &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, Condition::Sha1),
    rsa(alg_id::RSA_PKCS1_SHA256, &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, Condition::SmallRsa),
    rsa(alg_id::RSA_PKCS1_SHA512, &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, Condition::SmallRsa),
    ecdsa(alg_id::ECDSA_P256, ECDSA_SHA256_NULL, &signature::ECDSA_P256_SHA256_ASN1),
    ecdsa(alg_id::ECDSA_P256, ECDSA_SHA384_NULL, &signature::ECDSA_P256_SHA384_ASN1),
    ecdsa(alg_id::ECDSA_P384, ECDSA_SHA256_NULL, &signature::ECDSA_P384_SHA256_ASN1),
    ecdsa(alg_id::ECDSA_P384, ECDSA_SHA384_NULL, &signature::ECDSA_P384_SHA384_ASN1),
];

impl SignatureVerificationAlgorithm for Legacy {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        UnparsedPublicKey::new(self.verification, public_key).verify(message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}
