//! Signature algorithms that options allow beyond what webpki offers: SHA-1, and RSA keys below 2048 bits.

use pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use super::rules::Rules;
use crate::crypto::backend::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

/// The algorithms that the rules allow.
pub(super) fn algorithms(rules: &Rules) -> impl Iterator<Item = &'static dyn SignatureVerificationAlgorithm> {
    let (sha1, small) = (rules.allow_sha1, rules.min_rsa_bits < 2048);
    ALL.iter()
        .filter(move |algorithm| if algorithm.sha1 { sha1 } else { small })
        .map(|algorithm| algorithm as &'static dyn SignatureVerificationAlgorithm)
}

#[derive(Debug)]
struct Legacy {
    signature: AlgorithmIdentifier,
    verification: &'static dyn VerificationAlgorithm,
    sha1: bool,
}

/// sha1WithRSAEncryption with its NULL (RFC 3279 section 2.2.1).
const RSA_PKCS1_SHA1: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0]);

static ALL: [Legacy; 3] = [
    Legacy {
        signature: RSA_PKCS1_SHA1,
        verification: &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        sha1: true,
    },
    Legacy {
        signature: alg_id::RSA_PKCS1_SHA256,
        verification: &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        sha1: false,
    },
    Legacy {
        signature: alg_id::RSA_PKCS1_SHA512,
        verification: &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        sha1: false,
    },
];

impl SignatureVerificationAlgorithm for Legacy {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        UnparsedPublicKey::new(self.verification, public_key).verify(message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}
